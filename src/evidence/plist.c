/* SPDX-License-Identifier: Apache-2.0 */
/* plist.c - Apple property lists, binary ("bplist00") and XML, as far as the texts of the outermost
 * dictionary go: that is where a bundle, a receipt and a launchd job say who they are. */
#include <string.h>

#include "base/checked.h"
#include "evidence/readers.h"

#define KEYS_MAX 4096u

/* What is kept of a dictionary. */
struct names {
    struct ov_buf identifier, version, name, package, label, program;
};

static struct ov_buf *wanted(struct names *n, struct ov_bytes key)
{
    const struct {
        const char *key;
        struct ov_buf *to;
    } rows[] = {
        { "CFBundleIdentifier", &n->identifier },
        { "CFBundleShortVersionString", &n->version },
        { "CFBundleName", &n->name },
        { "PackageIdentifier", &n->package },
        { "PackageVersion", &n->version },
        { "Label", &n->label },
        { "Program", &n->program },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (ov_bytes_equal(key, rows[i].key, strlen(rows[i].key))) {
            return rows[i].to;
        }
    }
    return NULL;
}

static void names_init(struct names *n)
{
    struct ov_buf *all[] = { &n->identifier, &n->version, &n->name, &n->package, &n->label,
        &n->program };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        ov_buf_init(all[i], OV_EXPLAIN_FRAME_BYTES_MAX);
    }
}

static void names_done(struct names *n)
{
    ov_buf_done(&n->identifier);
    ov_buf_done(&n->version);
    ov_buf_done(&n->name);
    ov_buf_done(&n->package);
    ov_buf_done(&n->label);
    ov_buf_done(&n->program);
}

static void tell_one(struct ov_evidence *e, enum ov_trace_kind kind, const struct ov_buf *text,
        const struct ov_buf *first, const struct ov_buf *second)
{
    struct ov_buf more;

    if (ov_bytes_len(ov_buf_bytes(text)) == 0) {
        return;
    }
    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX * 2);
    ov_parts_add(&more, ov_buf_bytes(first));
    ov_parts_add(&more, ov_buf_bytes(second));
    ov_tell(e, kind, ov_buf_bytes(text), ov_buf_bytes(&more));
    ov_buf_done(&more);
}

static void tell_names(struct ov_evidence *e, const struct names *n)
{
    tell_one(e, OV_TRACE_BUNDLE, &n->identifier, &n->version, &n->name);
    tell_one(e, OV_TRACE_RECEIPT, &n->package, &n->version, &n->name);
    tell_one(e, OV_TRACE_JOB, &n->label, &n->program, &n->name);
}

/* --- binary --------------------------------------------------------------------------------- */

#define TRAILER_BYTES 32u

struct binary {
    struct ov_bytes bytes;
    struct ov_bytes offsets; /* the table */
    uint64_t objects;
    unsigned offset_bytes, ref_bytes;
};

static bool read_be(struct ov_reader *r, unsigned bytes, uint64_t *out)
{
    uint64_t v = 0;
    uint8_t c;

    if (bytes == 0 || bytes > 8) {
        return false;
    }
    for (unsigned i = 0; i < bytes; i++) {
        if (!ov_read_u8(r, &c)) {
            return false;
        }
        v = v << 8 | c;
    }
    *out = v;
    return true;
}

/* A reader standing at an object. */
static bool object_at(const struct binary *b, uint64_t index, struct ov_reader *r)
{
    struct ov_reader table = ov_reader_on(b->offsets);
    uint64_t skip, offset;

    if (index >= b->objects || !ov_mul(&skip, index, (uint64_t)b->offset_bytes)
            || !ov_read_skip(&table, skip) || !read_be(&table, b->offset_bytes, &offset)) {
        return false;
    }
    *r = ov_reader_on(b->bytes);
    return ov_read_skip(r, offset);
}

/* The marker byte and the count that goes with it: in its low half, or an integer behind it. */
static bool read_marker(struct ov_reader *r, uint8_t *kind, uint64_t *count)
{
    uint8_t marker, number;

    if (!ov_read_u8(r, &marker)) {
        return false;
    }
    *kind = marker >> 4;
    *count = marker & 0x0f;
    if (*count != 0x0f || *kind == 0 || *kind == 1 || *kind == 2) {
        return true;
    }
    return ov_read_u8(r, &number) && number >> 4 == 1 && (number & 0x0f) <= 3
           && read_be(r, 1u << (number & 0x0f), count);
}

/* An object's text as UTF-8: kind 5 is ASCII, 6 is UTF-16BE. False: it is no text. */
static bool text_of(const struct binary *b, uint64_t index, struct ov_buf *out)
{
    struct ov_reader r;
    struct ov_bytes raw;
    uint64_t count;
    uint8_t kind;

    ov_buf_clear(out);
    if (!object_at(b, index, &r) || !read_marker(&r, &kind, &count)) {
        return false;
    }
    if (kind == 5 && ov_read_bytes(&r, count, &raw)) {
        ov_latin1_put(out, raw);
        return true;
    }
    if (kind == 6 && count <= ov_reader_left(&r) / 2) {
        for (uint64_t i = 0; i < count && i < OV_EXPLAIN_FRAME_BYTES_MAX; i++) {
            uint64_t unit = 0;
            uint8_t le[2];

            if (!read_be(&r, 2, &unit)) {
                return false;
            }
            le[0] = (uint8_t)unit;
            le[1] = (uint8_t)(unit >> 8);
            ov_utf16_put(out, ov_bytes_of(le, 2));
        }
        return true;
    }
    return false;
}

static bool open_binary(struct ov_bytes bytes, struct binary *b, uint64_t *top)
{
    const uint64_t len = ov_bytes_len(bytes);
    struct ov_bytes trailer;
    struct ov_reader r;
    uint64_t offset_bytes, ref_bytes, table_at, table_bytes;

    if (len < 8 + TRAILER_BYTES
            || !ov_bytes_slice(bytes, len - TRAILER_BYTES, TRAILER_BYTES, &trailer)) {
        return false;
    }
    r = ov_reader_on(trailer);
    if (!ov_read_skip(&r, 6) || !read_be(&r, 1, &offset_bytes) || !read_be(&r, 1, &ref_bytes)
            || !read_be(&r, 8, &b->objects) || !read_be(&r, 8, top) || !read_be(&r, 8, &table_at)
            || offset_bytes == 0 || offset_bytes > 8 || ref_bytes == 0 || ref_bytes > 8
            || !ov_mul(&table_bytes, b->objects, offset_bytes)
            || !ov_bytes_slice(bytes, table_at, table_bytes, &b->offsets)) {
        return false;
    }
    b->bytes = bytes;
    b->offset_bytes = (unsigned)offset_bytes;
    b->ref_bytes = (unsigned)ref_bytes;
    return true;
}

static bool read_binary(struct ov_evidence *e, struct ov_bytes bytes, struct names *n)
{
    struct binary b;
    struct ov_reader keys, values;
    struct ov_buf key;
    uint64_t top, count, skip;
    uint8_t kind;

    if (!open_binary(bytes, &b, &top) || !object_at(&b, top, &keys)
            || !read_marker(&keys, &kind, &count)) {
        return false;
    }
    if (kind != 0x0d) {
        return true; /* not a dictionary: it says nothing we ask for */
    }
    values = keys;
    if (count > KEYS_MAX || !ov_mul(&skip, count, (uint64_t)b.ref_bytes)
            || !ov_read_skip(&values, skip)) {
        return false;
    }
    ov_buf_init(&key, OV_EXPLAIN_FRAME_BYTES_MAX);
    for (uint64_t i = 0; i < count && ov_evidence_step(e, 1); i++) {
        uint64_t key_ref, value_ref;
        struct ov_buf *to;

        if (!read_be(&keys, b.ref_bytes, &key_ref) || !read_be(&values, b.ref_bytes, &value_ref)) {
            ov_buf_done(&key);
            return false;
        }
        to = text_of(&b, key_ref, &key) ? wanted(n, ov_buf_bytes(&key)) : NULL;
        if (to != NULL && !text_of(&b, value_ref, to)) {
            ov_buf_clear(to);
        }
    }
    ov_buf_done(&key);
    return true;
}

/* --- XML ------------------------------------------------------------------------------------ */

/* Up to the next '<': text. Then the tag up to '>'. */
struct xml {
    struct ov_bytes text, tag;
};

static bool xml_next(struct ov_bytes *rest, struct xml *out)
{
    const uint8_t *raw = ov_bytes_raw(*rest), *open, *close;
    const size_t len = (size_t)ov_bytes_len(*rest);

    open = len == 0 ? NULL : memchr(raw, '<', len);
    close = open == NULL ? NULL : memchr(open, '>', len - (size_t)(open - raw));
    if (close == NULL || !ov_bytes_slice(*rest, 0, (uint64_t)(open - raw), &out->text)
            || !ov_bytes_slice(
                    *rest, (uint64_t)(open - raw) + 1, (uint64_t)(close - open) - 1, &out->tag)) {
        return false;
    }
    *rest = ov_text_behind(*rest, (uint64_t)(close - raw) + 1);
    return true;
}

static void put_xml_text(struct ov_buf *out, struct ov_bytes text)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' },
        { "&apos;", '\'' } };
    uint64_t at = 0;

    ov_buf_clear(out);
    while (at < ov_bytes_len(text)) { /* each turn goes on by at least one byte */
        const struct ov_bytes rest = ov_text_behind(text, at);
        bool was_entity = false;

        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++) {
            if (ov_text_begins(rest, entities[i].entity)) {
                ov_buf_put_u8(out, (uint8_t)entities[i].c);
                at += strlen(entities[i].entity);
                was_entity = true;
                break;
            }
        }
        if (!was_entity) {
            ov_buf_put(out, ov_bytes_raw(rest), 1);
            at++;
        }
    }
}

static bool is_container(struct ov_bytes tag)
{
    return ov_text_is(tag, "dict") || ov_text_is(tag, "array");
}

static bool read_xml(struct ov_evidence *e, struct ov_bytes bytes, struct names *n)
{
    struct ov_bytes rest = bytes;
    struct ov_buf *to = NULL;
    struct ov_buf key;
    struct xml at;
    uint32_t depth = 0;
    bool ended = false;

    ov_buf_init(&key, OV_EXPLAIN_FRAME_BYTES_MAX);
    while (!ended && xml_next(&rest, &at) && ov_evidence_step(e, 1)) {
        if (is_container(at.tag)) {
            depth++;
            to = NULL;
        } else if (ov_text_is(at.tag, "/dict") || ov_text_is(at.tag, "/array")) {
            depth -= depth > 0;
            to = NULL;
        } else if (depth == 1 && ov_text_is(at.tag, "/key")) {
            put_xml_text(&key, at.text);
            to = wanted(n, ov_buf_bytes(&key));
        } else if (depth == 1 && ov_text_is(at.tag, "/string")) {
            if (to != NULL) {
                put_xml_text(to, at.text);
            }
            to = NULL;
        } else if (ov_text_is(at.tag, "/plist")) {
            ended = true;
        }
    }
    ov_buf_done(&key);
    return ended;
}

void ov_read_plist(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct names n;
    bool good;

    names_init(&n);
    if (ov_text_begins(bytes, "bplist00")) {
        good = read_binary(e, bytes, &n);
    } else {
        good = read_xml(e, bytes, &n);
    }
    tell_names(e, &n);
    names_done(&n);
    if (!good) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the property list is cut short or makes no sense");
    }
}
