/* SPDX-License-Identifier: Apache-2.0 */
/* embedded.c - whole files inside a program, behind a script, a picture or whatever else, in what a
 * program unpacked itself to: self-extractors, droppers, resources. A magic number is a claim of few
 * bytes; each is believed only with the fields that stand around it. Windows of any size of object,
 * from front to back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/detect_archive.h"
#include "formats/embedded_kinds.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/zip_end.h"

#define WINDOW_BYTES OV_PIECE_BYTES
/* Sections of a program that are kept: files inside end where theirs does. */
#define SECTIONS_MAX 96u
#define PAGE_BYTES   4096u
/* Unpacked bytes of streams whose ends are looked for, in one object. */
#define MEASURED_BYTES_MAX (64u * OV_MIB)

struct embedded {
    uint64_t at;
    uint64_t given;                   /* in front of it lies what was laid down */
    uint64_t limit;                   /* behind it lies what was given already */
    struct ov_embedded_search search; /* for which kinds */
    uint64_t measured;
    bool begun;
    bool no_zip; /* a zip that has its end is opened as one, elsewhere */
    char name[40];
    uint64_t section_end[SECTIONS_MAX];
    uint32_t sections;
    uint8_t *window; /* owned; NULL where the input lies in memory */
};

static bool embedded_begin(struct ov_parser *p)
{
    struct embedded *e = p->state;

    e->limit = p->input.size;
    ov_embedded_search_init(&e->search, p->type == OV_TYPE_EMBEDDED_DATA ? OV_EMBEDDED_IN_DATA
                                        : p->type == OV_TYPE_BEHIND
                                                ? OV_EMBEDDED_IN_PROGRAMS | OV_EMBEDDED_BEHIND
                                                : OV_EMBEDDED_IN_PROGRAMS);
    if (ov_input_in_memory(&p->input)) {
        return true;
    }
    e->window = ov_source_room(WINDOW_BYTES);
    return e->window != NULL;
}

static void embedded_end(struct ov_parser *p)
{
    struct embedded *e = p->state;

    free(e->window);
}

static struct ov_bytes read_head(const struct ov_parser *p, uint64_t at, uint8_t *raw)
{
    return ov_bytes_of(raw, ov_input_read(&p->input, at, raw, OV_EMBEDDED_HEAD_BYTES));
}

/* Where the section of the program that `at` lies in ends: a file in it goes no further. */
static uint64_t end_around(const struct embedded *e, uint64_t at)
{
    uint64_t end = e->limit;

    for (uint32_t i = 0; i < e->sections; i++) {
        end = e->section_end[i] > at && e->section_end[i] < end ? e->section_end[i] : end;
    }
    return end;
}

/* What fills a program up goes no further than the page it ends on, if it lies in unpacked memory. */
static uint64_t end_of_program(
        const struct embedded *e, struct ov_bytes head, uint64_t at, uint64_t bytes)
{
    const uint64_t most = end_around(e, at) - at;
    const uint64_t page = (at + bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES - at;
    uint64_t filled = ov_embedded_filled(head, bytes);

    filled = filled < page ? filled : page;
    return filled < most ? filled : most;
}

static enum ov_give lay(struct ov_parser *p, const char *what, uint64_t at, uint64_t bytes)
{
    struct embedded *e = p->state;

    (void)snprintf(e->name, sizeof(e->name), "%s at %llu", what, (unsigned long long)at);
    return ov_lay_part(p, ov_text_bytes(e->name), at, bytes, OV_CODEC_STORED);
}

/* A window from front to back. */
struct window {
    struct ov_bytes bytes;
    uint64_t at; /* its offset in the object */
};

/* What is seen of a file that may begin at `at`: of the window where it is all there, else read. */
static struct ov_bytes head_at(
        const struct ov_parser *p, const struct window *window, uint64_t at, uint8_t *raw)
{
    struct ov_bytes head;

    if (at >= window->at
            && ov_bytes_slice(window->bytes, at - window->at, OV_EMBEDDED_HEAD_BYTES, &head)) {
        return head;
    }
    return read_head(p, at, raw);
}

/* How long a packed stream is: only unpacking tells. Without its end, the next would lie inside it,
 * and a thousand of them a thousand deep. */
static uint64_t end_of_stream(struct ov_parser *p, struct ov_bytes head, uint64_t at)
{
    struct embedded *e = p->state;
    const struct ov_input part = ov_input_part(&p->input, at, p->input.size - at);
    const enum ov_type type = ov_detect_stream(head, part.size);
    struct ov_trouble trouble;
    struct ov_bytes piece;
    struct ov_stream *stream;
    uint64_t used = part.size;

    if (!ov_type_is_stream(type) || type == OV_TYPE_LZMA) {
        return used;
    }
    stream = ov_stream_new();
    if (stream == NULL) {
        return used;
    }
    ov_stream_begin(stream, ov_codec_of(type), &part, false);
    while (e->measured < MEASURED_BYTES_MAX
            && ov_stream_next(stream, &piece, &trouble) == OV_GIVE_PIECE) {
        e->measured += ov_bytes_len(piece) + 1;
    }
    if (ov_stream_ended(stream)) {
        used = ov_stream_used(stream);
    }
    ov_stream_free(stream);
    return used;
}

/* Does a file of this kind begin at `at`? Then lays it down and goes behind it. */
static bool lay_if(struct ov_parser *p, size_t kind, const struct window *window, uint64_t at)
{
    const struct ov_embedded_kind *k = &ov_embedded_kinds[kind];
    struct embedded *e = p->state;
    uint8_t raw[OV_EMBEDDED_HEAD_BYTES];
    const struct ov_bytes head = head_at(p, window, at, raw);
    uint64_t bytes;

    /* The object itself is none of those inside it. */
    if ((at == 0 && p->type != OV_TYPE_APPENDED && p->type != OV_TYPE_BEHIND)
            || !ov_has(head, k->back, k->magic, k->len)
            || !k->check(head, p->input.size - at, &bytes)) {
        return false;
    }
    if (kind == 0) {
        bytes = end_of_program(e, head, at, bytes);
    } else if (bytes == p->input.size - at) {
        bytes = end_of_stream(p, head, at);
    }
    (void)lay(p, k->name, at, bytes);
    e->at = at + (bytes > 0 ? bytes : 1);
    e->given = e->at;
    return true;
}

/* One of the kinds at this place? */
static bool lay_any(struct ov_parser *p, const struct window *window, uint64_t at)
{
    const struct embedded *e = p->state;
    const uint64_t magic_at = window->at + at;

    for (size_t kind = 0; kind < OV_EMBEDDED_KINDS; kind++) {
        const struct ov_embedded_kind *k = &ov_embedded_kinds[kind];

        if ((k->where & e->search.where) != 0 && !(k->zip && e->no_zip)
                && magic_at >= e->given + k->back && magic_at < e->limit + k->back
                && ov_has_prefix(window->bytes, at, k->magic, k->len)
                && lay_if(p, kind, window, magic_at - k->back)) {
            return true;
        }
    }
    return false;
}

/* The window that begins at e->at; false: there is none of any kind in it. */
static bool search_window(struct ov_parser *p, struct ov_bytes bytes)
{
    const struct embedded *e = p->state;
    const struct window window = { .bytes = bytes, .at = e->at };
    uint64_t at = 0;

    /* Each turn goes to the next place where one may be. */
    while ((at = ov_embedded_find(&e->search, bytes, at)) != UINT64_MAX) {
        if (lay_any(p, &window, at)) {
            return true;
        }
        at++;
    }
    return false;
}

/* --- what is appended ----------------------------------------------------------------------- */

/* Does something begin here that has its own end, or that nothing else is? */
static bool is_container(const struct ov_parser *p, struct ov_bytes head, uint64_t left)
{
    uint64_t bytes;

    if (ov_installshield_begins(head)) {
        return true;
    }
    for (size_t kind = 1; kind < OV_EMBEDDED_KINDS; kind++) {
        const struct ov_embedded_kind *k = &ov_embedded_kinds[kind];

        if (!(k->zip && ((const struct embedded *)p->state)->no_zip)
                && ov_has(head, k->back, k->magic, k->len) && k->check(head, left, &bytes)) {
            return true;
        }
    }
    /* A file system behind the program that mounts it, one of a kernel's first archives behind
     * another. */
    return ov_has(head, 0, "hsqs", 4) || ov_cpio_begins(head)
           || ov_detect_stream(head, left) != OV_TYPE_DATA;
}

/* What lies at `end`, behind a program's last section or a picture, if it is of some kind. */
static bool lay_appended(struct ov_parser *p, uint64_t end)
{
    struct embedded *e = p->state;
    uint8_t raw[OV_EMBEDDED_HEAD_BYTES];

    if (end >= p->input.size || !is_container(p, read_head(p, end, raw), p->input.size - end)) {
        return false;
    }
    e->limit = end;
    (void)lay(p, "appended", end, p->input.size - end);
    return true;
}

/* The sections of the program around, and where the last of them ends. */
static uint64_t read_sections(struct ov_parser *p)
{
    struct embedded *e = p->state;
    uint8_t raw[OV_EMBEDDED_HEAD_BYTES];
    const struct ov_bytes h = read_head(p, 0, raw);
    const uint64_t at = ov_u32le_at(h, 0x3c, UINT32_MAX);
    const uint64_t sections = at + 24 + ov_u16le_at(h, at + 20, 0);
    uint64_t last = 0;

    if (!ov_has(h, 0, "MZ", 2) || !ov_has(h, at, "PE\0\0", 4)) {
        return UINT64_MAX;
    }
    for (uint32_t i = 0; i < ov_u16le_at(h, at + 6, 0) && i < SECTIONS_MAX; i++) {
        const uint64_t s = sections + 40 * (uint64_t)i;
        const uint64_t end = (uint64_t)ov_u32le_at(h, s + 16, 0) + ov_u32le_at(h, s + 20, 0);

        e->section_end[e->sections++] = end;
        last = end > last ? end : last;
    }
    return last == 0 ? UINT64_MAX : last;
}

static bool begin_search(struct ov_parser *p)
{
    static const char png_end[] = "IEND\xae\x42\x60\x82";
    struct embedded *e = p->state;
    struct ov_zip_end end;
    struct ov_bytes all;

    e->begun = true;
    e->no_zip = p->type != OV_TYPE_BEHIND && ov_zip_end_find(&p->input, &end)
                && end.directory_bytes != 0;
    if (p->type == OV_TYPE_EMBEDDED) {
        return lay_appended(p, read_sections(p));
    }
    if (p->type == OV_TYPE_APPENDED || p->type == OV_TYPE_BEHIND) {
        return lay_appended(p, 0);
    }
    if (ov_input_lend(&p->input, 0, p->input.size, &all) && ov_has(all, 0, "\x89PNG", 4)) {
        const uint64_t at = ov_bytes_find(all, 0, png_end, 8);

        return at != UINT64_MAX && lay_appended(p, at + 8);
    }
    return false;
}

static enum ov_give embedded_step(struct ov_parser *p)
{
    struct embedded *e = p->state;

    if (!e->begun && begin_search(p)) {
        return OV_GIVE_PIECE;
    }
    /* Each turn goes a window forward, or lays something down that is not empty. */
    while (e->at < e->limit) {
        const struct ov_bytes window = ov_input_piece(&p->input, e->at, e->window);

        if (search_window(p, window)) {
            return OV_GIVE_PIECE;
        }
        if (ov_bytes_len(window) < 2 || e->at + ov_bytes_len(window) >= e->limit) {
            break;
        }
        e->at += ov_bytes_len(window) - 1; /* a magic may begin with its last byte */
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_embedded = {
    .state_bytes = sizeof(struct embedded),
    .begin = embedded_begin,
    .step = embedded_step,
    .end = embedded_end,
};
