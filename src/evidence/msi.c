/* SPDX-License-Identifier: Apache-2.0 */
/* msi.c - an installer package of Windows: a compound file whose streams are tables. Texts lie in
 * one pool; the table Property names the product. That a package lies about is not that its product
 * is installed: it is told as something left. */
#include <string.h>

#include "evidence/readers.h"
#include "formats/ole_file.h"

#define STREAM_BYTES_MAX (64u * OV_MIB)
#define PART_BYTES_MAX   512u

struct msi {
    struct ov_evidence *e;
    struct ov_buf pool, data, properties;
    unsigned reference_bytes; /* of a text's number: 2, or 3 in large packages */
};

/* --- streams -------------------------------------------------------------------------------- */

/* Tables have a mark in front of their names. */
static bool is_table(const struct ov_ole_entry *entry, const char *name)
{
    struct ov_buf text;
    struct ov_bytes bytes;
    bool is;

    ov_buf_init(&text, 4096);
    ov_ole_name(&text, entry->name);
    bytes = ov_buf_bytes(&text);
    if (ov_bytes_len(bytes) != 0 && ov_bytes_raw(bytes)[0] == '!') {
        bytes = ov_text_behind(bytes, 1);
    }
    is = ov_bytes_equal(bytes, name, strlen(name));
    ov_buf_done(&text);
    return is;
}

static bool take_stream(struct msi *m, struct ov_ole *ole, const struct ov_ole_entry *entry)
{
    struct ov_buf *to = is_table(entry, "_StringPool")   ? &m->pool
                        : is_table(entry, "_StringData") ? &m->data
                        : is_table(entry, "Property")    ? &m->properties
                                                         : NULL;

    return to == NULL || ov_bytes_len(ov_buf_bytes(to)) != 0
           || (entry->size <= STREAM_BYTES_MAX && ov_ole_stream(ole, entry, to) && ov_buf_ok(to));
}

static bool take_streams(struct msi *m, struct ov_ole *ole)
{
    bool good = true;

    for (uint32_t i = 0; i < ole->entry_count && ov_evidence_step(m->e, 1); i++) {
        struct ov_ole_entry entry;

        if (ov_ole_entry(ole, i, &entry) && entry.kind == OV_OLE_STREAM) {
            good = take_stream(m, ole, &entry) && good;
        }
    }
    return good;
}

/* --- texts ---------------------------------------------------------------------------------- */

/* The pool has a length and a count of uses for each text; the texts themselves lie one behind the
 * other. A text of over 64 KiB has the high half of its length in an entry of its own. */
struct texts {
    uint64_t at, data_at, bytes; /* `bytes`: of the text that was given last */
    uint32_t number;
};

static bool next_text(struct msi *m, struct texts *t, struct ov_bytes *out)
{
    const struct ov_bytes pool = ov_buf_bytes(&m->pool), data = ov_buf_bytes(&m->data);
    uint16_t low, uses;

    t->data_at += t->bytes;
    if (!ov_u16_at(pool, t->at, &low) || !ov_u16_at(pool, t->at + 2, &uses)
            || !ov_evidence_step(m->e, 1)) {
        return false;
    }
    t->bytes = low;
    t->at += 4;
    if (low == 0 && uses != 0) {
        if (!ov_u16_at(pool, t->at, &low)) {
            return false;
        }
        t->bytes = (uint64_t)uses << 16 | low;
        t->at += 4;
    }
    t->number++;
    return ov_bytes_slice(data, t->data_at, t->bytes, out);
}

static struct ov_bytes text_of(struct msi *m, uint32_t number)
{
    struct texts t = { .at = 4 };
    struct ov_bytes text;

    while (next_text(m, &t, &text)) {
        if (t.number == number) {
            return text;
        }
    }
    return ov_bytes_of(NULL, 0);
}

/* 0: no such text. */
static uint32_t number_of(struct msi *m, const char *name)
{
    struct texts t = { .at = 4 };
    struct ov_bytes text;

    while (next_text(m, &t, &text)) {
        if (ov_bytes_equal(text, name, strlen(name))) {
            return t.number;
        }
    }
    return 0;
}

static uint32_t reference_at(const struct msi *m, uint64_t index)
{
    const uint64_t at = index * m->reference_bytes;
    const struct ov_bytes all = ov_buf_bytes(&m->properties);
    struct ov_reader r = ov_reader_on(all);
    uint8_t high = 0;
    uint16_t low;

    if (!ov_read_skip(&r, at) || !ov_read_u16le(&r, &low)
            || (m->reference_bytes == 3 && !ov_read_u8(&r, &high))) {
        return 0;
    }
    return (uint32_t)high << 16 | low;
}

/* Columns lie one behind the other: all names, then all values. */
static struct ov_bytes property(struct msi *m, const char *name)
{
    const uint64_t rows = ov_bytes_len(ov_buf_bytes(&m->properties)) / (2u * m->reference_bytes);
    const uint32_t number = number_of(m, name);
    struct ov_bytes out = ov_bytes_of(NULL, 0);

    for (uint64_t i = 0; i < rows && number != 0 && ov_evidence_step(m->e, 1); i++) {
        if (reference_at(m, i) == number) {
            out = text_of(m, reference_at(m, rows + i));
            if (ov_bytes_len(out) > PART_BYTES_MAX
                    && !ov_bytes_slice(out, 0, PART_BYTES_MAX, &out)) {
                out = ov_bytes_of(NULL, 0);
            }
            break;
        }
    }
    return out;
}

static void tell_product(struct msi *m)
{
    const struct ov_bytes code = property(m, "ProductCode");
    struct ov_buf more;

    if (ov_bytes_len(code) == 0) {
        ov_tell_gap(m->e, OV_REASON_DAMAGED, "the installer package names no product");
        return;
    }
    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_parts_add(&more, property(m, "ProductName"));
    ov_parts_add(&more, property(m, "ProductVersion"));
    ov_parts_add(&more, property(m, "Manufacturer"));
    ov_parts_add(&more, ov_bytes_of(NULL, 0));
    ov_parts_add(&more, ov_bytes_of(NULL, 0));
    ov_tell_number(m->e, OV_TRACE_PROGRAM, OV_TRACE_LEFT, code, ov_buf_bytes(&more));
    ov_buf_done(&more);
}

void ov_read_msi(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct msi m = { .e = e };
    struct ov_ole ole;
    uint32_t magic, pool_head;

    if (!ov_u32_at(bytes, 0, &magic) || magic != 0xe011cfd0u) {
        return; /* another kind of file with the same ending */
    }
    ov_buf_init(&m.pool, STREAM_BYTES_MAX);
    ov_buf_init(&m.data, STREAM_BYTES_MAX);
    ov_buf_init(&m.properties, STREAM_BYTES_MAX);
    if (!ov_ole_open(&ole, bytes)) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
    } else {
        if (!take_streams(&m, &ole) || ole.damaged
                || !ov_u32_at(ov_buf_bytes(&m.pool), 0, &pool_head)) {
            ov_tell_gap(e, OV_REASON_DAMAGED, "the installer package is damaged or cut short");
        } else {
            m.reference_bytes = (pool_head & 0x80000000u) != 0 ? 3 : 2;
            tell_product(&m);
        }
        ov_ole_done(&ole);
    }
    ov_buf_done(&m.pool);
    ov_buf_done(&m.data);
    ov_buf_done(&m.properties);
}
