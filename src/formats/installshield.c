/* SPDX-License-Identifier: Apache-2.0 */
/* installshield.c - what InstallShield appends to its programs. Two kinds: a list of files in the clear
 * (name, path, version, size as texts, then the bytes), among them InstallShield's own cabinets; and a
 * list of records with names, whose bytes are exchanged by a key made of the name, and packed. Names,
 * sizes, offsets are claims, and each turn of a walk goes forward. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define RECORD_BYTES 312u
#define NAME_BYTES   260u
#define VOLUMES_MAX  32u

struct installshield {
    uint64_t at;
    bool in_clear;
    uint32_t records_left;
    struct ov_bytes header;            /* data1.hdr */
    struct ov_bytes cabs[VOLUMES_MAX]; /* data1.cab and so on */
    uint32_t file;                     /* of the header, the next */
    struct ov_buf plain;
    struct ov_buf made;
};

static bool is_begin(struct ov_parser *p)
{
    struct installshield *s = p->state;

    ov_buf_init(&s->plain, OV_MADE_BYTES_MAX);
    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    s->in_clear = !ov_has(p->all, 0, "InstallShield", 14);
    s->records_left = ov_u16le_at(p->all, 14, 0);
    s->at = s->in_clear ? 0 : 46;
    return true;
}

static void is_end(struct ov_parser *p)
{
    struct installshield *s = p->state;

    ov_buf_done(&s->plain);
    ov_buf_done(&s->made);
}

/* --- in the clear --------------------------------------------------------------------------- */

static bool take_text(struct ov_bytes all, uint64_t *at, struct ov_bytes *out)
{
    const uint64_t end = ov_bytes_find(ov_bytes_between(all, *at, *at + 1024), 0, "\0", 1);

    if (end == UINT64_MAX) {
        return false;
    }
    *out = ov_bytes_between(all, *at, *at + end);
    *at += end + 1;
    return true;
}

static bool number_of(struct ov_bytes text, uint64_t *out)
{
    const uint64_t len = ov_bytes_len(text);
    uint64_t v = 0;

    for (uint64_t i = 0; i < len; i++) {
        const uint8_t c = ov_u8_at(text, i, 0);

        if (c < '0' || c > '9' || v > UINT32_MAX) {
            return false;
        }
        v = v * 10 + c - '0';
    }
    *out = v;
    return len != 0;
}

bool ov_installshield_begins(struct ov_bytes head)
{
    struct ov_bytes name, path, version, size;
    uint64_t at = 0, v;

    if (ov_has(head, 0, "InstallShield", 14)) {
        return ov_u16le_at(head, 14, 0) != 0;
    }
    return take_text(head, &at, &name) && take_text(head, &at, &path)
           && take_text(head, &at, &version) && take_text(head, &at, &size) && number_of(size, &v)
           && ov_bytes_len(name) != 0 && ov_bytes_find(version, 0, ".", 1) != UINT64_MAX
           && ov_bytes_find(path, 0, "\\", 1) != UINT64_MAX;
}

/* Keeps what the header and the volumes of a cabinet are, by their names' ends: data2.cab is 2. */
static void note_cabinet(struct installshield *s, struct ov_bytes name, struct ov_bytes data)
{
    const uint64_t len = ov_bytes_len(name);

    if (!ov_has(data, 0, "ISc(", 4) || len < 5) {
        return;
    }
    if (ov_starts_with(name, len - 4, ".hdr")) {
        s->header = data;
    } else if (ov_starts_with(name, len - 4, ".cab")) {
        const uint32_t number = (uint32_t)ov_u8_at(name, len - 5, '0') - '0';

        s->cabs[number < VOLUMES_MAX ? number : 0] = data;
    }
}

static bool give_clear(struct ov_parser *p)
{
    struct installshield *s = p->state;
    struct ov_bytes name, path, version, size, data;
    uint64_t at = s->at, bytes;

    if (!take_text(p->all, &at, &name) || !take_text(p->all, &at, &path)
            || !take_text(p->all, &at, &version) || !take_text(p->all, &at, &size)
            || !number_of(size, &bytes)) {
        return false;
    }
    data = ov_bytes_between(p->all, at, at + bytes);
    if (ov_bytes_len(data) < bytes) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    s->at = at + bytes;
    note_cabinet(s, name, data);
    (void)ov_lay_bytes(p, name, data);
    return true;
}

/* Pieces of a file: 16 bits of length, then so much bare deflate. */
static bool unpack_pieces(struct ov_buf *out, struct ov_bytes in)
{
    uint64_t at = 0;

    while (at + 2 < ov_bytes_len(in) && ov_buf_ok(out)) {
        const uint64_t len = ov_u16le_at(in, at, 0);

        if (len == 0 || !ov_unpack_zlib(out, ov_bytes_between(in, at + 2, at + 2 + len), -15)) {
            return false;
        }
        at += 2 + len;
    }
    return true;
}

/* The next file that the cabinets' header tells of, of releases 6 and newer: 87 bytes each. */
static bool give_packed(struct ov_parser *p)
{
    struct installshield *s = p->state;
    const uint64_t tables = ov_u32le_at(s->header, 12, 0);
    const uint64_t base = tables + ov_u32le_at(s->header, tables + 12, 0);
    const uint64_t first = base + ov_u32le_at(s->header, tables + 0x2c, 0);
    const uint32_t count = ov_u32le_at(s->header, tables + 0x28, 0);

    while (s->file < count) {
        const uint64_t at = first + 87 * (uint64_t)s->file++;
        const uint32_t flags = ov_u16le_at(s->header, at, 0);
        const uint64_t packed = ov_u64le_at(s->header, at + 10, 0);
        const uint64_t from = ov_u64le_at(s->header, at + 18, 0);
        const uint32_t volume = ov_u16le_at(s->header, at + 85, 0);
        uint64_t name_at = base + ov_u32le_at(s->header, at + 58, 0), end;
        struct ov_bytes data, name = ov_bytes_of(NULL, 0);

        if (at >= ov_bytes_len(s->header)) {
            break;
        }
        if ((flags & 8) != 0 || packed == 0 || from == 0 || volume >= VOLUMES_MAX
                || !ov_add(&end, from, packed)) {
            continue;
        }
        data = ov_bytes_between(s->cabs[volume], from, end);
        if (!take_text(s->header, &name_at, &name) || ov_bytes_len(data) == 0) {
            continue;
        }
        if ((flags & 2) != 0) {
            ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted member");
            (void)ov_lay_bytes(p, name, data);
            return true;
        }
        if ((flags & 4) == 0) {
            (void)ov_lay_bytes(p, name, data);
            return true;
        }
        ov_buf_clear(&s->made);
        if (!unpack_pieces(&s->made, data) || ov_bytes_len(data) < packed) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed data is damaged");
        }
        (void)ov_lay_buf(p, name, &s->made);
        return true;
    }
    return false;
}

/* --- records -------------------------------------------------------------------------------- */

/* Half bytes exchanged, and a key of the name: in blocks of 1024 bytes, or all along. */
static void decode(struct ov_buf *out, struct ov_bytes name, uint32_t flags, struct ov_bytes data)
{
    static const uint8_t magic[4] = { 0xec, 0xca, 0x79, 0xf8 };
    const uint8_t *in = ov_bytes_raw(data), *key = ov_bytes_raw(name);
    const uint64_t len = ov_bytes_len(data), period = ov_bytes_len(name);
    uint8_t *to;

    if (period == 0) { /* no name, no key */
        ov_buf_put(out, in, (size_t)len);
        return;
    }
    to = ov_buf_extend(out, (size_t)len);
    if (to == NULL) {
        return;
    }
    for (uint64_t i = 0; i < len; i++) {
        const uint64_t k = ((flags & 4) != 0 ? i % 1024 : i) % period;

        to[i] = (uint8_t)((in[i] << 4 | in[i] >> 4) ^ key[k] ^ magic[k % 4]);
    }
}

static bool give_record(struct ov_parser *p)
{
    struct installshield *s = p->state;
    const uint64_t at = s->at;
    uint64_t name_at = at;
    const uint32_t flags = ov_u32le_at(p->all, at + NAME_BYTES, 0);
    const uint64_t bytes = ov_u32le_at(p->all, at + NAME_BYTES + 8, 0);
    struct ov_bytes name, data;

    if (s->records_left == 0 || at + RECORD_BYTES > ov_bytes_len(p->all)
            || !take_text(p->all, &name_at, &name)) {
        return false;
    }
    s->records_left--;
    data = ov_bytes_between(p->all, at + RECORD_BYTES, at + RECORD_BYTES + bytes);
    s->at = at + RECORD_BYTES + bytes;
    ov_buf_clear(&s->plain);
    ov_buf_clear(&s->made);
    decode(&s->plain, name, flags, data);
    if (ov_bytes_len(data) < bytes) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    if (!ov_has(ov_buf_bytes(&s->plain), 0, "\x78", 1)) {
        (void)ov_lay_buf(p, name, &s->plain);
        return true;
    }
    if (!ov_unpack_zlib(&s->made, ov_buf_bytes(&s->plain), 15)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed data is damaged");
    }
    (void)ov_lay_buf(p, name, &s->made);
    return true;
}

static enum ov_give is_step(struct ov_parser *p)
{
    const struct installshield *s = p->state;

    if (!s->in_clear) {
        return give_record(p) ? OV_GIVE_PIECE : OV_GIVE_END;
    }
    return give_clear(p) || give_packed(p) ? OV_GIVE_PIECE : OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_installshield = {
    .state_bytes = sizeof(struct installshield),
    .whole = true,
    .begin = is_begin,
    .step = is_step,
    .end = is_end,
};
