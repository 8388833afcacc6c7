/* SPDX-License-Identifier: Apache-2.0 */
/* embedded.c - whole files inside a program, behind a script, in what a program unpacked itself to:
 * self-extractors, droppers, resources. A magic number is a claim of few bytes; each is believed only
 * with the fields that stand around it. Windows of any size of object, from front to back. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"
#include "formats/zip_end.h"

#define WINDOW_BYTES OV_PIECE_BYTES
/* What a check wants to see behind a magic; windows overlap by so much. */
#define HEAD_BYTES 4096u
/* Some magics do not stand in front. */
#define BACK_BYTES 64u

struct embedded {
    uint64_t at;
    uint64_t limit; /* behind it lies what was given already */
    bool begun;
    bool no_zip; /* a zip that has its end is opened as one, elsewhere */
    char name[40];
    uint8_t window[WINDOW_BYTES];
};

/* Is there one at `head`'s beginning, of `left` bytes at most? Then *bytes says how long it is. */
typedef bool (*check_fn)(struct ov_bytes head, uint64_t left, uint64_t *bytes);

static bool check_pe(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t at = ov_u32le_at(h, 0x3c, UINT32_MAX);
    const uint32_t count = ov_u16le_at(h, at + 6, 0);
    const uint64_t sections = at + 24 + ov_u16le_at(h, at + 20, 0);
    const uint32_t magic = ov_u16le_at(h, at + 24, 0);
    uint64_t end = 0;

    if (at > 1024 || !ov_has(h, at, "PE\0\0", 4) || (magic != 0x10b && magic != 0x20b) || count == 0
            || count > 96) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t s = sections + 40 * (uint64_t)i;
        const uint64_t to = (uint64_t)ov_u32le_at(h, s + 16, 0) + ov_u32le_at(h, s + 20, 0);

        end = to > end ? to : end;
    }
    *bytes = end < left && end != 0 ? end : left;
    return true;
}

static bool check_zip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint32_t version = ov_u16le_at(h, 4, UINT16_MAX), method = ov_u16le_at(h, 8, UINT16_MAX);
    const uint32_t name = ov_u16le_at(h, 26, 0);

    if ((version & 0xff) > 63 || (method > 20 && (method < 93 || method > 99)) || name == 0
            || name > 1024) {
        return false;
    }
    for (uint32_t i = 0; i < name && i < 16; i++) {
        if (ov_u8_at(h, 30 + i, 0) < ' ') {
            return false;
        }
    }
    *bytes = left;
    return true;
}

static bool check_rar(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return (ov_u8_at(h, 6, 9) == 0 && ov_u8_at(h, 9, 0) == 0x73)
           || (ov_u8_at(h, 6, 9) == 1 && ov_u8_at(h, 7, 9) == 0);
}

/* 7zFormat.txt: the start header has a checksum, and says where the end is. */
static bool check_7zip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t off = ov_u64le_at(h, 12, UINT64_MAX), size = ov_u64le_at(h, 20, UINT64_MAX);
    uint64_t end;

    if (ov_crc32(ov_bytes_between(h, 12, 32)) != ov_u32le_at(h, 8, 0) || !ov_add(&end, off, size)
            || !ov_add(&end, end, (uint64_t)32)) {
        return false;
    }
    *bytes = end < left ? end : left;
    return true;
}

static bool check_cab(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint64_t size = ov_u32le_at(h, 8, 0);

    *bytes = size < left ? size : left;
    return ov_u16le_at(h, 24, 0) == 0x0103 && size > 36 && ov_u32le_at(h, 16, UINT32_MAX) < size;
}

static bool check_ole(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint32_t shift = ov_u16le_at(h, 30, 0);

    *bytes = left;
    return ov_u16le_at(h, 28, 0) == 0xfffe && (shift == 9 || shift == 12);
}

/* RFC 1952: no reserved flag, a compression that there is, a system that there is. */
static bool check_gzip(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    const uint8_t flags = ov_u8_at(h, 3, 255), level = ov_u8_at(h, 8, 255), os = ov_u8_at(h, 9, 99);

    *bytes = left;
    return (flags & 0xe0) == 0 && (level == 0 || level == 2 || level == 4)
           && (os <= 13 || os == 255);
}

static bool check_long_magic(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    (void)h;
    *bytes = left;
    return true;
}

/* AutoIt's is its own; behind it stands which version's. */
static bool check_autoit(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_has(h, 16, "AU3!EA0", 7);
}

static bool check_installshield(struct ov_bytes h, uint64_t left, uint64_t *bytes)
{
    *bytes = left;
    return ov_u16le_at(h, 14, 0) != 0 && ov_u8_at(h, 46, 0) > ' '
           && ov_u32le_at(h, 46 + 260, 99) <= 6;
}

static const struct {
    const char *magic;
    uint32_t len;
    uint32_t back; /* the file begins so many bytes in front of it */
    bool zip;
    bool text; /* looked for behind scripts, too */
    check_fn check;
    const char *name;
} kinds[] = {
    { "MZ", 2, 0, false, false, check_pe, "program" },
    { "PK\3\4", 4, 0, true, true, check_zip, "zip" },
    { "Rar!\x1a\7", 6, 0, false, true, check_rar, "rar" },
    { "7z\xbc\xaf\x27\x1c", 6, 0, false, true, check_7zip, "7z" },
    { "MSCF\0\0\0\0", 8, 0, false, false, check_cab, "cabinet" },
    { "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, false, false, check_ole, "document" },
    { "\xef\xbe\xad\xdeNullsoftInst", 16, 4, false, false, check_long_magic, "installer" },
    { "\xa3\x48\x4b\xbe\x98\x6c\x4a\xa9\x99\x4c\x53\x0a\x86\xd6\x48\x7d", 16, 0, false, false,
            check_autoit, "script" },
    { "InstallShield", 14, 0, false, false, check_installshield, "installer" },
    { "\x1f\x8b\x08", 3, 0, false, true, check_gzip, "gzip" },
    { "\xfd"
      "7zXZ\0",
            6, 0, false, true, check_long_magic, "xz" },
    { "BZh91AY&SY", 10, 0, false, true, check_long_magic, "bzip2" },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* gzip's magic is too short for programs, which hold decoders and their texts. */
static bool is_looked_for(const struct ov_parser *p, size_t kind)
{
    const struct embedded *e = p->state;

    return !(kinds[kind].zip && e->no_zip)
           && (p->type == OV_TYPE_EMBEDDED_TEXT ? kinds[kind].text
                                                : kinds[kind].len > 3 || kind == 0);
}

/* Does a file of this kind begin at `at`? Then lays it down and goes behind it. */
static bool lay_if(struct ov_parser *p, size_t kind, uint64_t at)
{
    struct embedded *e = p->state;
    uint8_t raw[HEAD_BYTES];
    const struct ov_bytes head = ov_bytes_of(raw, ov_input_read(&p->input, at, raw, sizeof(raw)));
    uint64_t bytes;

    if ((at == 0 && kind == 0) || !kinds[kind].check(head, p->input.size - at, &bytes)) {
        return false;
    }
    (void)snprintf(
            e->name, sizeof(e->name), "%s at %llu", kinds[kind].name, (unsigned long long)at);
    (void)ov_lay_part(p, ov_text_bytes(e->name), at, bytes, OV_CODEC_STORED);
    e->at = at + bytes;
    return true;
}

/* The first of all kinds in the window that begins at e->at; what is laid down stands before all
 * others, so that what lies inside it is left to it. */
static bool search_window(struct ov_parser *p, struct ov_bytes window)
{
    const struct embedded *e = p->state;
    const uint64_t base = e->at;
    uint64_t next[KINDS];

    for (size_t kind = 0; kind < KINDS; kind++) {
        next[kind] = is_looked_for(p, kind)
                             ? ov_bytes_find(window, 0, kinds[kind].magic, kinds[kind].len)
                             : UINT64_MAX;
    }
    /* Each turn goes to the next place of the kind that comes first. */
    for (;;) {
        size_t first = 0;

        for (size_t kind = 1; kind < KINDS; kind++) {
            first = next[kind] < next[first] ? kind : first;
        }
        if (next[first] == UINT64_MAX) {
            return false;
        }
        if (base + next[first] >= kinds[first].back
                && lay_if(p, first, base + next[first] - kinds[first].back)) {
            return true;
        }
        next[first] = ov_bytes_find(window, next[first] + 1, kinds[first].magic, kinds[first].len);
    }
}

/* Behind a program's last section, what has no magic of its own. */
static bool lay_appended(struct ov_parser *p)
{
    struct embedded *e = p->state;
    uint8_t raw[HEAD_BYTES];
    struct ov_bytes head = ov_bytes_of(raw, ov_input_read(&p->input, 0, raw, sizeof(raw)));
    uint64_t end;

    if (!check_pe(head, p->input.size, &end) || end >= p->input.size) {
        return false;
    }
    head = ov_bytes_of(raw, ov_input_read(&p->input, end, raw, sizeof(raw)));
    if (!ov_installshield_begins(head)) {
        return false;
    }
    e->limit = end;
    (void)snprintf(e->name, sizeof(e->name), "installer at %llu", (unsigned long long)end);
    (void)ov_lay_part(p, ov_text_bytes(e->name), end, p->input.size - end, OV_CODEC_STORED);
    return true;
}

static enum ov_give embedded_step(struct ov_parser *p)
{
    struct embedded *e = p->state;
    struct ov_zip_end end;

    if (!e->begun) {
        e->begun = true;
        e->limit = p->input.size;
        e->no_zip = ov_zip_end_find(&p->input, &end) && end.directory_bytes != 0;
        if (lay_appended(p)) {
            return OV_GIVE_PIECE;
        }
    }
    /* Each turn goes a window forward, or lays something down that is not empty. */
    while (e->at < e->limit) {
        const size_t got = ov_input_read(&p->input, e->at, e->window, sizeof(e->window));

        if (search_window(p, ov_bytes_of(e->window, got))) {
            return OV_GIVE_PIECE;
        }
        if (got < sizeof(e->window)) {
            break;
        }
        e->at += got - BACK_BYTES;
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_embedded = {
    .state_bytes = sizeof(struct embedded),
    .step = embedded_step,
};
