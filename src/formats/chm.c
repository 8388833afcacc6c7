/* SPDX-License-Identifier: Apache-2.0 */
/* chm.c - compiled help: a directory of names in chunks, files as they are, and files in one stream of
 * LZX. Offsets are claims about the stream, checked where they are used. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define CHUNKS_MAX 65536u

struct chm {
    uint64_t directory;
    uint64_t content;
    uint32_t chunk_bytes;
    uint32_t chunk_count;
    uint32_t chunk;
    uint64_t at; /* in the chunk; 0: it has to be begun */
    bool unpacked;
    bool damaged;
    struct ov_buf stream;
    struct ov_buf words;
};

struct chm_entry {
    struct ov_bytes name;
    uint64_t section;
    uint64_t from;
    uint64_t bytes;
};

static bool chm_begin(struct ov_parser *p)
{
    struct chm *c = p->state;

    ov_buf_init(&c->stream, OV_MADE_BYTES_MAX);
    ov_buf_init(&c->words, OV_MADE_BYTES_MAX);
    c->directory = ov_u64le_at(p->all, 0x48, UINT64_MAX / 4) & (UINT64_MAX >> 2);
    c->content = ov_u64le_at(p->all, 0x58, 0) & (UINT64_MAX >> 2);
    c->chunk_bytes = ov_u32le_at(p->all, c->directory + 0x10, 0);
    c->chunk_count = ov_u32le_at(p->all, c->directory + 0x2c, 0);
    c->directory += ov_u32le_at(p->all, c->directory + 8, 0);
    c->chunk_count = c->chunk_count < CHUNKS_MAX ? c->chunk_count : CHUNKS_MAX;
    return true;
}

static void chm_end(struct ov_parser *p)
{
    struct chm *c = p->state;

    ov_buf_done(&c->stream);
    ov_buf_done(&c->words);
}

/* Numbers of seven bits a byte, the highest first. */
static uint64_t number_at(struct ov_bytes b, uint64_t *at)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < 9; i++) {
        const uint8_t c = ov_u8_at(b, (*at)++, 0);

        v = v << 7 | (c & 0x7f);
        if ((c & 0x80) == 0) {
            break;
        }
    }
    return v;
}

/* The next entry of a listing chunk. False: there are no more. */
static bool next_entry(struct ov_parser *p, uint32_t *chunk, uint64_t *at, struct chm_entry *out)
{
    const struct chm *c = p->state;

    for (; *chunk < c->chunk_count; (*chunk)++, *at = 0) {
        const uint64_t from = c->directory + (uint64_t)*chunk * c->chunk_bytes;
        const struct ov_bytes b = ov_bytes_between(p->all, from, from + c->chunk_bytes);
        const uint64_t unused = ov_u32le_at(b, 4, 0);
        uint64_t name;

        if (ov_bytes_len(b) == 0) {
            return false;
        }
        if (!ov_has(b, 0, "PMGL", 4)) {
            continue;
        }
        *at = *at == 0 ? 0x14 : *at;
        if (unused > ov_bytes_len(b) || *at >= ov_bytes_len(b) - unused) {
            continue;
        }
        name = number_at(b, at);
        out->name = ov_bytes_between(b, *at, *at + name);
        *at += name;
        out->section = number_at(b, at);
        out->from = number_at(b, at);
        out->bytes = number_at(b, at);
        return true;
    }
    return false;
}

/* A file that is not packed, by the end of its name. */
static struct ov_bytes find_plain(struct ov_parser *p, const char *end)
{
    const struct chm *c = p->state;
    struct chm_entry e;
    uint32_t chunk = 0;
    uint64_t at = 0;

    while (next_entry(p, &chunk, &at, &e)) {
        const uint64_t len = strlen(end);

        if (e.section == 0 && ov_bytes_len(e.name) >= len
                && ov_has(e.name, ov_bytes_len(e.name) - len, end, len)) {
            return ov_bytes_between(p->all, c->content + e.from, c->content + e.from + e.bytes);
        }
    }
    return ov_bytes_of(NULL, 0);
}

/* LZX reads words of 16 bits. */
static void put_words(struct ov_buf *out, struct ov_bytes in)
{
    const size_t len = (size_t)ov_bytes_len(in) & ~(size_t)1;
    const uint8_t *from = ov_bytes_raw(in);
    uint8_t *to = ov_buf_extend(out, len);

    for (size_t i = 0; to != NULL && i < len; i += 2) {
        to[i] = from[i + 1];
        to[i + 1] = from[i];
    }
}

static void unpack(struct ov_parser *p)
{
    struct chm *c = p->state;
    const struct ov_bytes control = find_plain(p, "/ControlData");
    const struct ov_bytes table = find_plain(p, "/ResetTable");
    const uint64_t unit = ov_u32le_at(control, 8, 0) >= 2 ? 0x8000 : 1;
    const uint64_t reset = ov_u32le_at(control, 12, 0) * unit;
    const uint64_t window = ov_u32le_at(control, 16, 0) * unit;
    const uint64_t size = ov_u64le_at(table, 0x10, 0);

    c->unpacked = true;
    put_words(&c->words, find_plain(p, "/MSCompressed/Content"));
    if (!ov_has(control, 4, "LZXC", 4) || window > 1u << 21 || reset % 0x8000 != 0 || reset == 0) {
        c->damaged = true;
        return;
    }
    c->damaged = !ov_unpack_lzx(&c->stream, ov_buf_bytes(&c->words), size, (uint32_t)window, reset);
    ov_buf_done(&c->words);
}

static enum ov_give chm_step(struct ov_parser *p)
{
    struct chm *c = p->state;
    struct chm_entry e;

    /* Each turn goes to the next entry. */
    while (next_entry(p, &c->chunk, &c->at, &e)) {
        struct ov_bytes data;

        if (e.bytes == 0 || ov_has(e.name, 0, "::", 2) || e.section > 1) {
            continue;
        }
        if (e.section == 0) {
            data = ov_bytes_between(p->all, c->content + e.from, c->content + e.from + e.bytes);
        } else {
            if (!c->unpacked) {
                unpack(p);
            }
            data = ov_bytes_between(ov_buf_bytes(&c->stream), e.from, e.from + e.bytes);
        }
        if (ov_bytes_len(data) < e.bytes) {
            ov_lay_trouble(p, OV_REASON_DAMAGED,
                    c->damaged ? "the packed stream is damaged" : "cut short");
        }
        return ov_lay_bytes(p, e.name, data);
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_chm = {
    .state_bytes = sizeof(struct chm),
    .whole = true,
    .begin = chm_begin,
    .step = chm_step,
    .end = chm_end,
};
