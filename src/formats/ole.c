/* SPDX-License-Identifier: Apache-2.0 */
/* ole.c - what is inside a compound file: every stream, and what streams hold in their own ways:
 * packages, Visual Basic sources, the packed objects of presentations. Documents that are encrypted
 * are called that. Nothing in the file is believed beyond its bytes. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/ole_file.h"
#include "formats/ole_native.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/unpack.h"

#define PATH_LEVELS_MAX 8u

/* What is still due of the stream at hand. */
enum due {
    DUE_NOTHING,
    DUE_PACKAGE,
    DUE_SOURCE,
    DUE_DEFLATED, /* a stream of Hangul's */
    DUE_SLIDES    /* records of a presentation, from `slides_at` on */
};

struct ole {
    struct ov_ole file;
    uint32_t index;
    enum due due;
    uint64_t slides_at;
    struct ov_buf stream;
    struct ov_buf extra;
    struct ov_buf dir; /* of the Visual Basic project, unpacked */
    struct ov_buf name;
    struct ov_buf extra_name;
    bool deflated; /* as Hangul's word processor packs its streams */
    bool told_damaged;
    bool told_encrypted;
};

static bool is_called(struct ov_bytes name, const char *text)
{
    uint64_t i = 0;

    for (; text[i] != 0; i++) {
        const uint32_t c = ov_u16le_at(name, 2 * i, 0);

        if (c > 127 || (c | 0x20) != ((uint32_t)(uint8_t)text[i] | 0x20)) {
            return false;
        }
    }
    return ov_bytes_len(name) == 2 * i;
}

/* The project's directory, wherever in the file: the sources' places stand in it. */
static void find_dir(struct ole *o)
{
    struct ov_ole_entry e;

    for (uint32_t i = 0; ov_ole_entry(&o->file, i, &e); i++) {
        if (e.kind == OV_OLE_STREAM && is_called(e.name, "dir")) {
            ov_buf_clear(&o->stream);
            (void)ov_ole_stream(&o->file, &e, &o->stream);
            (void)ov_vba_unpack(&o->dir, ov_buf_bytes(&o->stream));
        }
    }
}

/* Hangul's word processor says in one stream how it packed the others. */
static void find_hangul(struct ole *o)
{
    struct ov_ole_entry e;

    for (uint32_t i = 0; ov_ole_entry(&o->file, i, &e); i++) {
        if (e.kind == OV_OLE_STREAM && is_called(e.name, "FileHeader")) {
            ov_buf_clear(&o->stream);
            (void)ov_ole_stream(&o->file, &e, &o->stream);
            if (ov_has(ov_buf_bytes(&o->stream), 0, "HWP Document File", 17)) {
                o->deflated = (ov_u32le_at(ov_buf_bytes(&o->stream), 36, 0) & 1) != 0;
            }
        }
    }
}

static bool ole_begin(struct ov_parser *p)
{
    struct ole *o = p->state;

    ov_buf_init(&o->stream, OV_MADE_BYTES_MAX);
    ov_buf_init(&o->extra, OV_MADE_BYTES_MAX);
    ov_buf_init(&o->dir, OV_MADE_BYTES_MAX);
    ov_buf_init(&o->name, OV_NAME_BYTES_MAX);
    ov_buf_init(&o->extra_name, OV_NAME_BYTES_MAX);
    if (!ov_ole_open(&o->file, p->all)) {
        return false;
    }
    find_dir(o);
    find_hangul(o);
    return true;
}

static void ole_end(struct ov_parser *p)
{
    struct ole *o = p->state;

    ov_ole_done(&o->file);
    ov_buf_done(&o->stream);
    ov_buf_done(&o->extra);
    ov_buf_done(&o->dir);
    ov_buf_done(&o->name);
    ov_buf_done(&o->extra_name);
}

static void name_entry(struct ole *o, const struct ov_ole_entry *entry)
{
    struct ov_ole_entry path[PATH_LEVELS_MAX];
    uint32_t levels = 0, parent = entry->parent;

    path[levels++] = *entry;
    while (levels < PATH_LEVELS_MAX && parent != OV_OLE_NONE
            && ov_ole_entry(&o->file, parent, &path[levels])
            && path[levels].kind == OV_OLE_STORAGE) {
        parent = path[levels++].parent;
    }
    ov_buf_clear(&o->name);
    while (levels > 0) {
        ov_ole_name(&o->name, path[--levels].name);
        if (levels > 0) {
            ov_buf_put_u8(&o->name, '/');
        }
    }
}

/* --- encryption ----------------------------------------------------------------------------- */

/* [MS-DOC] 2.5.1 fEncrypted; [MS-XLS] 2.4.117 FilePass, among the first records; [MS-OFFCRYPTO]. */
static bool tells_encryption(struct ov_bytes name, struct ov_bytes stream)
{
    if (is_called(name, "EncryptedPackage")) {
        return true;
    }
    if (is_called(name, "FileHeader") && ov_has(stream, 0, "HWP Document File", 17)) {
        return (ov_u32le_at(stream, 36, 0) & 2) != 0;
    }
    if (is_called(name, "WordDocument")) {
        return ov_u16le_at(stream, 0, 0) == 0xa5ec && (ov_u16le_at(stream, 10, 0) & 0x0100) != 0;
    }
    if (is_called(name, "Workbook") || is_called(name, "Book")) {
        uint64_t at = 0;

        for (unsigned i = 0; i < 16 && at < ov_bytes_len(stream); i++) {
            if (ov_u16le_at(stream, at, 0) == 0x2f) {
                return true;
            }
            at += 4 + (uint64_t)ov_u16le_at(stream, at + 2, 0);
        }
    }
    return false;
}

/* --- what streams hold ---------------------------------------------------------------------- */

static enum ov_give give_package(struct ov_parser *p)
{
    struct ole *o = p->state;
    struct ov_bytes name, data;
    bool cut;

    if (!ov_ole_package(
                ov_bytes_between(ov_buf_bytes(&o->stream), 4, UINT64_MAX), &name, &data, &cut)) {
        return OV_GIVE_END;
    }
    if (cut) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    return ov_lay_bytes(p, name, data);
}

static enum ov_give give_source(struct ov_parser *p, uint64_t at)
{
    struct ole *o = p->state;

    ov_buf_clear(&o->extra);
    ov_buf_clear(&o->extra_name);
    if (!ov_vba_unpack(&o->extra, ov_bytes_between(ov_buf_bytes(&o->stream), at, UINT64_MAX))) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed Visual Basic is damaged");
    }
    ov_buf_put(&o->extra_name, ov_bytes_raw(ov_buf_bytes(&o->name)),
            (size_t)ov_bytes_len(ov_buf_bytes(&o->name)));
    ov_buf_put_text(&o->extra_name, ".bas");
    p->laid.macro = true;
    return ov_lay_buf(p, ov_buf_bytes(&o->extra_name), &o->extra);
}

/* Where the stream at hand has the source of a module; UINT64_MAX: nowhere. */
static uint64_t source_at(struct ole *o, struct ov_bytes name)
{
    const struct ov_bytes stream = ov_buf_bytes(&o->stream);
    uint64_t at;

    ov_buf_clear(&o->extra_name);
    ov_ole_name(&o->extra_name, name);
    at = ov_vba_source_at(ov_buf_bytes(&o->dir), ov_buf_bytes(&o->extra_name));
    if (at != UINT64_MAX && ov_u8_at(stream, at, 0) == 1) {
        return at;
    }
    return ov_vba_source_guess(stream);
}

/* [MS-PPT] 2.10.34: objects in a presentation are compound files, mostly packed. */
static enum ov_give give_slide_object(struct ov_parser *p)
{
    struct ole *o = p->state;
    const struct ov_bytes stream = ov_buf_bytes(&o->stream);

    /* Each turn goes behind a record's header, or behind the record. */
    while (o->slides_at + 8 <= ov_bytes_len(stream)) {
        const uint32_t head = ov_u16le_at(stream, o->slides_at, 0);
        const uint32_t type = ov_u16le_at(stream, o->slides_at + 2, 0);
        const uint64_t bytes = ov_u32le_at(stream, o->slides_at + 4, 0);
        const uint64_t from = o->slides_at + 8;
        struct ov_bytes data;

        o->slides_at = from;
        if ((head & 15) == 15) {
            continue; /* holds other records */
        }
        o->slides_at += bytes;
        if (type != 0x1011) {
            continue;
        }
        data = ov_bytes_between(stream, from, from + bytes);
        if (head >> 4 == 0) {
            return ov_lay_bytes(p, ov_text_bytes("object"), data);
        }
        ov_buf_clear(&o->extra);
        if (!ov_unpack_zlib(&o->extra, ov_bytes_between(data, 4, UINT64_MAX), 15)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed object is damaged");
        }
        return ov_lay_buf(p, ov_text_bytes("object"), &o->extra);
    }
    o->due = DUE_NOTHING;
    return OV_GIVE_END;
}

/* Some of its streams are not packed, whatever it says. */
static enum ov_give give_deflated(struct ov_parser *p)
{
    struct ole *o = p->state;

    ov_buf_clear(&o->extra);
    if (!ov_unpack_zlib(&o->extra, ov_buf_bytes(&o->stream), -15)) {
        return OV_GIVE_END;
    }
    return ov_lay_buf(p, ov_buf_bytes(&o->name), &o->extra);
}

static enum ov_give give_due(struct ov_parser *p)
{
    struct ole *o = p->state;
    const enum due due = o->due;
    struct ov_ole_entry e;

    if (due == DUE_SLIDES) {
        return give_slide_object(p);
    }
    o->due = DUE_NOTHING;
    if (due == DUE_PACKAGE) {
        return give_package(p);
    }
    if (due == DUE_DEFLATED) {
        return give_deflated(p);
    }
    if (!ov_ole_entry(&o->file, o->index - 1, &e)) {
        return OV_GIVE_END;
    }
    return give_source(p, source_at(o, e.name));
}

static void note_due(struct ole *o, const struct ov_ole_entry *e)
{
    o->due = DUE_NOTHING;
    if (is_called(e->name, "\1Ole10Native")) {
        o->due = DUE_PACKAGE;
    } else if (is_called(e->name, "PowerPoint Document")) {
        o->due = DUE_SLIDES;
        o->slides_at = 0;
    } else if (o->deflated && !is_called(e->name, "FileHeader")) {
        o->due = DUE_DEFLATED;
    } else if (source_at(o, e->name) != UINT64_MAX) {
        o->due = DUE_SOURCE;
    }
}

static enum ov_give ole_step(struct ov_parser *p)
{
    struct ole *o = p->state;
    struct ov_ole_entry e;

    /* Each turn uses up what is due of a stream, or a stream. */
    for (;;) {
        if (o->due != DUE_NOTHING) {
            if (give_due(p) == OV_GIVE_PIECE) {
                return OV_GIVE_PIECE;
            }
            continue;
        }
        if (!ov_ole_entry(&o->file, o->index, &e)) {
            break;
        }
        o->index++;
        if (e.kind != OV_OLE_STREAM || e.size == 0) {
            continue;
        }
        ov_buf_clear(&o->stream);
        if (!ov_ole_stream(&o->file, &e, &o->stream)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "a stream that is shorter than it should be");
        }
        if (!o->told_encrypted && tells_encryption(e.name, ov_buf_bytes(&o->stream))) {
            o->told_encrypted = true;
            p->laid.trouble.reason = OV_REASON_NONE;
            ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted document");
        }
        name_entry(o, &e);
        note_due(o, &e);
        return ov_lay_buf(p, ov_buf_bytes(&o->name), &o->stream);
    }
    if (o->file.damaged && !o->told_damaged) {
        o->told_damaged = true;
        return ov_parser_say(p, OV_REASON_DAMAGED, "the compound file has no directory");
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_ole = {
    .state_bytes = sizeof(struct ole),
    .whole = true,
    .begin = ole_begin,
    .step = ole_step,
    .end = ole_end,
};
