/* SPDX-License-Identifier: Apache-2.0 */
/* android.c - AndroidManifest.xml in its binary form (chunks of ResourceTypes.h): package name and
 * version, which the first element has as attributes. */
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "evidence/readers.h"

#define CHUNK_XML     0x0003u
#define CHUNK_STRINGS 0x0001u
#define CHUNK_START   0x0102u
#define STRINGS_UTF8  0x100u
#define TYPE_STRING   0x03u
#define TYPE_INT      0x10u
#define NONE          0xffffffffu

struct strings {
    struct ov_bytes chunk;
    uint32_t count, start;
    bool is_utf8;
};

static bool open_strings(struct ov_bytes chunk, struct strings *s)
{
    uint32_t flags;

    if (!ov_u32_at(chunk, 8, &s->count) || !ov_u32_at(chunk, 16, &flags)
            || !ov_u32_at(chunk, 20, &s->start)) {
        return false;
    }
    s->chunk = chunk;
    s->is_utf8 = (flags & STRINGS_UTF8) != 0;
    return true;
}

/* A length of one or two bytes: the high bit says two. */
static bool skip_utf8_length(struct ov_reader *r, uint32_t *len)
{
    uint8_t c, d;

    if (!ov_read_u8(r, &c)) {
        return false;
    }
    *len = c;
    if ((c & 0x80) != 0) {
        if (!ov_read_u8(r, &d)) {
            return false;
        }
        *len = ((uint32_t)c & 0x7f) << 8 | d;
    }
    return true;
}

static bool string_of(const struct strings *s, uint32_t index, struct ov_buf *out)
{
    struct ov_reader r = ov_reader_on(s->chunk);
    struct ov_bytes raw;
    uint32_t offset, characters, len;
    uint16_t units;

    ov_buf_clear(out);
    if (index >= s->count || !ov_u32_at(s->chunk, 28 + (uint64_t)index * 4, &offset)
            || !ov_read_skip(&r, (uint64_t)s->start + offset)) {
        return false;
    }
    if (s->is_utf8) {
        if (!skip_utf8_length(&r, &characters) || !skip_utf8_length(&r, &len)
                || !ov_read_bytes(&r, len, &raw)) {
            return false;
        }
        ov_buf_put(out, ov_bytes_raw(raw), (size_t)ov_bytes_len(raw));
        return true;
    }
    if (!ov_read_u16le(&r, &units)) {
        return false;
    }
    len = units;
    if ((units & 0x8000u) != 0) {
        if (!ov_read_u16le(&r, &units)) {
            return false;
        }
        len = (len & 0x7fffu) << 16 | units;
    }
    if (!ov_read_bytes(&r, (uint64_t)len * 2, &raw)) {
        return false;
    }
    ov_utf16_put(out, raw);
    return true;
}

struct manifest {
    struct ov_buf package, version, code;
};

static void take_attribute(
        const struct strings *s, struct ov_bytes attribute, struct manifest *m, struct ov_buf *name)
{
    uint32_t name_at, raw_at, data;
    uint8_t type;
    struct ov_reader r = ov_reader_on(attribute);

    if (!ov_u32_at(attribute, 4, &name_at) || !ov_u32_at(attribute, 8, &raw_at)
            || !ov_u32_at(attribute, 16, &data) || !ov_read_skip(&r, 15) || !ov_read_u8(&r, &type)
            || !string_of(s, name_at, name)) {
        return;
    }
    if (ov_text_is(ov_buf_bytes(name), "package")) {
        (void)string_of(s, raw_at != NONE ? raw_at : data, &m->package);
    } else if (ov_text_is(ov_buf_bytes(name), "versionName")) {
        if (type == TYPE_STRING || raw_at != NONE) {
            (void)string_of(s, raw_at != NONE ? raw_at : data, &m->version);
        }
    } else if (ov_text_is(ov_buf_bytes(name), "versionCode") && type == TYPE_INT) {
        ov_buf_clear(&m->code);
        ov_buf_printf(&m->code, "%u", data);
    }
}

/* False: there are bytes missing. */
static bool read_element(struct ov_evidence *e, const struct strings *s, struct ov_bytes chunk,
        struct manifest *m, bool *is_manifest)
{
    uint16_t start, size, count;
    uint32_t name_at;
    struct ov_buf name;
    bool good = true;

    if (!ov_u32_at(chunk, 20, &name_at) || !ov_u16_at(chunk, 24, &start)
            || !ov_u16_at(chunk, 26, &size) || !ov_u16_at(chunk, 28, &count) || size < 20) {
        return false;
    }
    ov_buf_init(&name, OV_EXPLAIN_FRAME_BYTES_MAX * 4);
    *is_manifest = string_of(s, name_at, &name) && ov_text_is(ov_buf_bytes(&name), "manifest");
    for (uint32_t i = 0; i < count && *is_manifest && good && ov_evidence_step(e, 1); i++) {
        struct ov_bytes attribute;

        good = ov_bytes_slice(chunk, 16 + (uint64_t)start + (uint64_t)i * size, size, &attribute);
        if (good) {
            take_attribute(s, attribute, m, &name);
        }
    }
    ov_buf_done(&name);
    return good;
}

static bool read_chunks(struct ov_evidence *e, struct ov_bytes bytes, struct manifest *m)
{
    struct strings s = { .count = 0 };
    uint64_t at = 8;
    uint16_t type;
    uint32_t size;
    bool found = false;

    if (!ov_u16_at(bytes, 0, &type) || type != CHUNK_XML) {
        return false;
    }
    while (!found && ov_evidence_step(e, 1)) {
        struct ov_bytes chunk;

        if (!ov_u16_at(bytes, at, &type) || !ov_u32_at(bytes, at + 4, &size) || size < 8
                || !ov_bytes_slice(bytes, at, size, &chunk)) {
            return false;
        }
        if (type == CHUNK_STRINGS && !open_strings(chunk, &s)) {
            return false;
        }
        if (type == CHUNK_START && !read_element(e, &s, chunk, m, &found)) {
            return false;
        }
        at += size;
    }
    return found;
}

void ov_read_manifest(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct manifest m;
    struct ov_buf more;
    bool good;

    ov_buf_init(&m.package, OV_EXPLAIN_FRAME_BYTES_MAX * 4);
    ov_buf_init(&m.version, OV_EXPLAIN_FRAME_BYTES_MAX * 4);
    ov_buf_init(&m.code, 64);
    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX * 8);
    good = read_chunks(e, bytes, &m);
    if (ov_bytes_len(ov_buf_bytes(&m.package)) != 0) {
        const bool has_name = ov_bytes_len(ov_buf_bytes(&m.version)) != 0;

        ov_parts_add(&more, ov_buf_bytes(has_name ? &m.version : &m.code));
        ov_tell(e, OV_TRACE_APP, ov_buf_bytes(&m.package), ov_buf_bytes(&more));
    } else {
        good = false;
    }
    if (!good) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the Android manifest is cut short or makes no sense");
    }
    ov_buf_done(&m.package);
    ov_buf_done(&m.version);
    ov_buf_done(&m.code);
    ov_buf_done(&more);
}

/* --- who signed a package as a whole -------------------------------------------------------- */

#define END_BYTES       22u
#define END_SEARCH      (66u * OV_KIB)
#define END_MAGIC       0x06054b50u
#define BLOCK_BYTES_MAX (4u * OV_MIB)

/* Where the zip's directory begins, as its end record says. 0: there is none. */
static uint64_t directory_of(struct ov_source *source)
{
    const uint64_t size = source->size < END_SEARCH ? source->size : END_SEARCH;
    auto_free uint8_t *tail = malloc((size_t)size + 1);
    struct ov_bytes bytes;
    uint32_t magic, at;

    if (tail == NULL || size < END_BYTES
            || ov_source_read(source, source->size - size, tail, (size_t)size) != size) {
        return 0;
    }
    bytes = ov_bytes_of(tail, (size_t)size);
    for (uint64_t from = size - END_BYTES + 1; from > 0; from--) {
        if (ov_u32_at(bytes, from - 1, &magic) && magic == END_MAGIC
                && ov_u32_at(bytes, from - 1 + 16, &at)) {
            return at;
        }
    }
    return 0;
}

/* "APK Signature Scheme v2": a block right before the directory, its size at its begin and again
 * before the magic at its end. Certificates stand in it as DER, so the scan for them is enough. */
void ov_tell_apk_signers(struct ov_evidence *e, struct ov_source *source)
{
    static const char magic[16] = "APK Sig Block 42";
    const uint64_t directory = directory_of(source);
    auto_free uint8_t *block = NULL;
    uint8_t foot[24];
    struct ov_le64 size_le;
    uint64_t size;

    if (directory < 32 || directory > source->size
            || ov_source_read(source, directory - sizeof(foot), foot, sizeof(foot)) != sizeof(foot)
            || memcmp(foot + 8, magic, sizeof(magic)) != 0) {
        return; /* signed member by member, or not at all */
    }
    memcpy(&size_le, foot, sizeof(size_le));
    size = ov_le64_get(size_le);
    if (size > directory - 8 || size > BLOCK_BYTES_MAX) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the package's signatures make no sense");
        return;
    }
    block = malloc((size_t)size + 1);
    if (block == NULL || ov_source_read(source, directory - size, block, (size_t)size) != size) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    ov_tell_certificates(e, ov_bytes_of(block, (size_t)size), OV_TRACE_SIGNER);
}
