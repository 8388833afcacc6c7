/* SPDX-License-Identifier: Apache-2.0 */
/* pyinstaller.c - what PyInstaller appends to its loader: a table of members, most of them packed with
 * zlib; and PYZ, one of those members, in which modules stand one behind the other, each in a zlib stream
 * of its own. The table's numbers are claims; every turn goes an entry or a stream forward. */
#include <stdio.h>
#include <string.h>

#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

/* The cookie: magic, length of the package, place and length of the table, a version; since 2.1 the name
 * of a library behind that. */
#define MAGIC           "MEI\014\013\012\013\016"
#define COOKIE_OLD      24u
#define COOKIE_BYTES    88u
#define TAIL_BYTES      8192u /* where the loader itself looks for it */
#define ENTRY_BYTES     18u
#define ENTRY_BYTES_MAX 4096u

struct pyinstaller {
    bool begun;
    uint64_t package;
    uint64_t at;
    uint64_t end;
    uint8_t entry[ENTRY_BYTES_MAX];
};

static bool find_cookie(
        const struct ov_input *input, uint64_t *at, struct ov_bytes *cookie, uint8_t *raw)
{
    const uint64_t from = input->size > TAIL_BYTES ? input->size - TAIL_BYTES : 0;
    const struct ov_bytes tail = ov_bytes_of(raw, ov_input_read(input, from, raw, TAIL_BYTES));
    uint64_t found = UINT64_MAX, next = 0;

    while ((next = ov_bytes_find(tail, next, MAGIC, 8)) != UINT64_MAX) {
        found = next++;
    }
    if (found == UINT64_MAX) {
        return false;
    }
    *at = from + found;
    *cookie = ov_bytes_between(tail, found, found + COOKIE_BYTES);
    return true;
}

/* Where the package begins, if the cookie's numbers lead to a table. */
static bool read_cookie(
        const struct ov_input *input, uint64_t *package, uint64_t *from, uint64_t *to)
{
    static const uint32_t sizes[] = { COOKIE_BYTES, COOKIE_OLD };
    uint8_t raw[TAIL_BYTES];
    struct ov_bytes cookie;
    uint64_t at, length, table, bytes;

    if (!find_cookie(input, &at, &cookie, raw)) {
        return false;
    }
    length = ov_u32be_at(cookie, 8, 0);
    table = ov_u32be_at(cookie, 12, 0);
    bytes = ov_u32be_at(cookie, 16, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t first[4];
        const uint64_t end = at + sizes[i];

        if (length > end || length < sizes[i] || table > length || bytes > length - table) {
            continue;
        }
        *package = end - length;
        *from = *package + table;
        *to = *from + bytes;
        if (ov_input_read(input, *from, first, sizeof(first)) == sizeof(first)) {
            const uint32_t entry = ov_u32be_at(ov_bytes_of(first, sizeof(first)), 0, 0);

            if (entry > ENTRY_BYTES && entry <= ENTRY_BYTES_MAX && entry <= bytes) {
                return true;
            }
        }
    }
    return false;
}

bool ov_pyinstaller_is_in(struct ov_source *source)
{
    struct ov_input input;
    uint64_t package, from, to;

    ov_input_init(&input, source, 0, source->size);
    return read_cookie(&input, &package, &from, &to);
}

static enum ov_give pyinstaller_step(struct ov_parser *p)
{
    struct pyinstaller *s = p->state;
    struct ov_bytes entry;
    uint64_t bytes, name;

    if (!s->begun) {
        s->begun = true;
        if (!read_cookie(&p->input, &s->package, &s->at, &s->end)) {
            return OV_GIVE_END;
        }
    }
    if (s->at + ENTRY_BYTES > s->end) {
        return OV_GIVE_END;
    }
    entry = ov_bytes_of(s->entry, ov_input_read(&p->input, s->at, s->entry, sizeof(s->entry)));
    bytes = ov_u32be_at(entry, 0, 0);
    if (bytes < ENTRY_BYTES || bytes > ENTRY_BYTES_MAX) {
        s->at = s->end;
        return ov_parser_say(p, OV_REASON_DAMAGED, "its table of members is damaged");
    }
    s->at += bytes;
    name = ov_bytes_find(entry, ENTRY_BYTES, "", 1);
    return ov_lay_part(p, ov_bytes_between(entry, ENTRY_BYTES, name < bytes ? name : bytes),
            s->package + ov_u32be_at(entry, 4, 0), ov_u32be_at(entry, 8, 0),
            ov_u8_at(entry, 16, 0) == 1 ? OV_CODEC_ZLIB : OV_CODEC_STORED);
}

const struct ov_parser_ops ov_parser_pyinstaller = {
    .state_bytes = sizeof(struct pyinstaller),
    .step = pyinstaller_step,
};

/* --- PYZ ------------------------------------------------------------------------------------ */

struct pyz {
    uint64_t at;
    uint32_t count;
    char name[24];
    struct ov_buf made;
};

static bool pyz_begin(struct ov_parser *p)
{
    struct pyz *s = p->state;

    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    s->at = 12;
    return true;
}

static void pyz_end(struct ov_parser *p)
{
    struct pyz *s = p->state;

    ov_buf_done(&s->made);
}

/* Up to the table, which is one of Python's own objects and names them. */
static enum ov_give pyz_step(struct ov_parser *p)
{
    struct pyz *s = p->state;
    uint64_t table = ov_u32be_at(p->all, 8, 0), used;

    table = table < ov_bytes_len(p->all) ? table : ov_bytes_len(p->all);

    while (s->count == 0 && s->at < table && ov_u8_at(p->all, s->at, 0) != 0x78) {
        s->at++; /* the header's length differs between versions */
    }
    if (s->at >= table) {
        return OV_GIVE_END;
    }
    (void)snprintf(s->name, sizeof(s->name), "module %u", ++s->count);
    ov_buf_clear(&s->made);
    if (!ov_unpack_zlib_first(&s->made, ov_bytes_between(p->all, s->at, table), &used)) {
        s->at = table;
        ov_lay_trouble(p, OV_REASON_DAMAGED, "its modules are damaged or encrypted");
    } else {
        s->at += used;
    }
    return ov_lay_buf(p, ov_text_bytes(s->name), &s->made);
}

const struct ov_parser_ops ov_parser_pyz = {
    .state_bytes = sizeof(struct pyz),
    .whole = true,
    .begin = pyz_begin,
    .step = pyz_step,
    .end = pyz_end,
};
