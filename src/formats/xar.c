/* SPDX-License-Identifier: Apache-2.0 */
/* xar.c - xar archives (macOS packages): a table of contents in XML behind the header, then a heap with
 * each member packed as the table says. The table is text from outside: what is looked for in it is
 * looked for once, from front to back. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

struct xar {
    uint64_t heap;
    uint64_t at; /* in the table */
    bool begun;
    bool told;
    struct ov_buf table;
    struct ov_buf name;
};

static bool xar_begin(struct ov_parser *p)
{
    struct xar *x = p->state;

    ov_buf_init(&x->table, OV_MADE_BYTES_MAX);
    ov_buf_init(&x->name, OV_NAME_BYTES_MAX);
    return true;
}

static void xar_end(struct ov_parser *p)
{
    struct xar *x = p->state;

    ov_buf_done(&x->table);
    ov_buf_done(&x->name);
}

static uint64_t u64be_at(struct ov_bytes b, uint64_t at)
{
    return (uint64_t)ov_u32be_at(b, at, 0) << 32 | ov_u32be_at(b, at + 4, 0);
}

/* The number in the next element of this name, within `b`. */
static bool number_in(struct ov_bytes b, const char *element, uint64_t *out)
{
    uint64_t at = ov_bytes_find(b, 0, element, strlen(element));
    uint64_t v = 0, first;

    if (at == UINT64_MAX) {
        return false;
    }
    at += strlen(element);
    for (first = at; ov_u8_at(b, at, 0) >= '0' && ov_u8_at(b, at, 0) <= '9' && at < first + 18;
            at++) {
        v = v * 10 + ov_u8_at(b, at, 0) - '0';
    }
    *out = v;
    return at > first;
}

static bool contains(struct ov_bytes b, const char *text)
{
    return ov_bytes_find(b, 0, text, strlen(text)) != UINT64_MAX;
}

static enum ov_codec codec_in(struct ov_bytes data)
{
    if (contains(data, "x-gzip")) {
        return OV_CODEC_ZLIB; /* so it says, and so it is */
    }
    if (contains(data, "x-bzip2")) {
        return OV_CODEC_BZIP2;
    }
    if (contains(data, "x-xz")) {
        return OV_CODEC_XZ;
    }
    return contains(data, "x-lzma") ? OV_CODEC_LZMA : OV_CODEC_STORED;
}

static void open_table(struct ov_parser *p)
{
    struct xar *x = p->state;
    const uint64_t head = ov_u32be_at(p->all, 4, 0) >> 16;
    uint64_t end;

    x->begun = true;
    if (!ov_add(&end, head, u64be_at(p->all, 8))) {
        end = head;
    }
    x->heap = end;
    if (!ov_unpack_zlib(&x->table, ov_bytes_between(p->all, head, end), 15)) {
        x->told = true;
        ov_lay_trouble(p, OV_REASON_DAMAGED, "its table of contents is damaged");
    }
}

/* The text of the element that begins at `at`. */
static void put_name(struct xar *x, struct ov_bytes table, uint64_t at)
{
    const uint64_t from = ov_bytes_find(table, at, ">", 1);
    const uint64_t end = from == UINT64_MAX ? from : ov_bytes_find(table, from, "<", 1);
    const struct ov_bytes name = ov_bytes_between(table, from + 1, end);
    const struct ov_bytes cut = ov_bytes_between(name, 0, OV_NAME_BYTES_MAX);

    if (end != UINT64_MAX) {
        ov_buf_put(&x->name, ov_bytes_raw(cut), (size_t)ov_bytes_len(cut));
    }
}

/* A file's name stands behind its data or in front of it, within the same element. */
static void take_name(struct xar *x, struct ov_bytes table, uint64_t before, uint64_t behind)
{
    const struct ov_bytes front = ov_bytes_between(table, before, x->at);
    const uint64_t next = ov_bytes_find(table, behind, "<name", 5);
    const uint64_t close = ov_bytes_find(table, behind, "</file>", 7);
    const uint64_t inner = ov_bytes_find(table, behind, "<file", 5);
    uint64_t at = 0, last = UINT64_MAX;

    ov_buf_clear(&x->name);
    if (next < close && next < inner) {
        put_name(x, table, next);
        return;
    }
    while ((at = ov_bytes_find(front, at, "<name", 5)) != UINT64_MAX) {
        last = at++;
    }
    if (last != UINT64_MAX) {
        put_name(x, table, before + last);
    }
}

static enum ov_give xar_step(struct ov_parser *p)
{
    struct xar *x = p->state;

    if (!x->begun) {
        open_table(p);
        if (x->told) {
            return OV_GIVE_TROUBLE;
        }
    }
    /* Each turn goes behind the table's next <data>. */
    for (;;) {
        const struct ov_bytes table = ov_buf_bytes(&x->table);
        const uint64_t before = x->at, at = ov_bytes_find(table, x->at, "<data>", 6);
        uint64_t end, off, packed, from;
        struct ov_bytes data;

        if (at == UINT64_MAX) {
            return OV_GIVE_END;
        }
        end = ov_bytes_find(table, at, "</data>", 7);
        data = ov_bytes_between(table, at, end);
        x->at = at + 6;
        if (!number_in(data, "<offset>", &off) || !number_in(data, "<length>", &packed)
                || !ov_add(&from, x->heap, off)) {
            continue;
        }
        take_name(x, table, before, end);
        return ov_lay_part(p, ov_buf_bytes(&x->name), from, packed, codec_in(data));
    }
}

const struct ov_parser_ops ov_parser_xar = {
    .state_bytes = sizeof(struct xar),
    .whole = true,
    .begin = xar_begin,
    .step = xar_step,
    .end = xar_end,
};
