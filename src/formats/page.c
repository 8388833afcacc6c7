/* SPDX-License-Identifier: Apache-2.0 */
/* page.c - what is inside pages and XML documents: data: URLs (RFC 2397), encoded scripts, and the
 * base64 that Word, Flat OPC, OpenDocument and XDP keep their parts in. One scan from front to back. */
#include <string.h>

#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"
#include "formats/script.h"

/* Between "data:" and its comma stand a type and parameters. */
#define URL_HEAD_BYTES_MAX 512u

/* What comes next of each kind, so that no kind is looked for twice over the same bytes. */
struct page {
    uint64_t at;
    uint64_t url; /* UINT64_MAX: there are no more */
    uint64_t comma;
    uint64_t script;
    uint64_t binary;
    uint64_t content;
    bool begun;
    struct ov_buf text; /* a URL without its percent signs */
    struct ov_buf made;
};

static bool page_begin(struct ov_parser *p)
{
    struct page *s = p->state;

    ov_buf_init(&s->text, OV_MADE_BYTES_MAX);
    ov_buf_init(&s->made, OV_MADE_BYTES_MAX);
    return true;
}

static void page_end(struct ov_parser *p)
{
    struct page *s = p->state;

    ov_buf_done(&s->text);
    ov_buf_done(&s->made);
}

/* What ends a URL depends on what stood before it. */
static uint64_t end_of_url(struct ov_bytes all, uint64_t before, uint64_t from)
{
    const uint8_t *p = ov_bytes_raw(all);
    const uint64_t len = ov_bytes_len(all);
    const uint8_t quote = ov_u8_at(all, before, 0);
    uint64_t at = from;

    if (quote == '"' || quote == '\'' || quote == '`') {
        while (at < len && p[at] != quote) {
            at++;
        }
        return at;
    }
    while (at < len && p[at] > ' ' && p[at] != '"' && p[at] != '\'' && p[at] != '>' && p[at] != ')'
            && p[at] != '<') {
        at++;
    }
    return at;
}

/* The next "data:", in any case, that has a comma soon after. */
static bool find_url(struct ov_bytes all, uint64_t from, uint64_t *at, uint64_t *comma)
{
    uint64_t found = from;

    while ((found = ov_bytes_find(all, found, ":", 1)) != UINT64_MAX) {
        if (found >= from + 4 && ov_starts_with(all, found - 4, "data")) {
            const struct ov_bytes head = ov_bytes_between(all, found, found + URL_HEAD_BYTES_MAX);
            const uint64_t behind = ov_bytes_find(head, 0, ",", 1);
            const uint64_t line = ov_bytes_find(head, 0, "\n", 1);

            if (behind != UINT64_MAX && behind < line) {
                *at = found - 4;
                *comma = found + behind;
                return true;
            }
        }
        found++;
    }
    return false;
}

static enum ov_give give_url(struct ov_parser *p, uint64_t at, uint64_t comma)
{
    struct page *s = p->state;
    const struct ov_bytes head = ov_bytes_between(p->all, at + 5, comma);
    const uint64_t end = end_of_url(p->all, at == 0 ? UINT64_MAX : at - 1, comma + 1);
    const struct ov_bytes url = ov_bytes_between(p->all, comma + 1, end);
    bool base64 = false;

    for (uint64_t i = 0; i < ov_bytes_len(head); i++) {
        base64 = base64 || ov_starts_with(head, i, "base64");
    }
    s->at = end;
    ov_buf_clear(&s->text);
    ov_decode_percent(&s->text, url);
    if (!base64) {
        return ov_lay_buf(p, ov_text_bytes("data"), &s->text);
    }
    ov_buf_clear(&s->made);
    ov_decode_base64(&s->made, ov_buf_bytes(&s->text));
    return ov_lay_buf(p, ov_text_bytes("data"), &s->made);
}

/* The content of the next element that holds base64 by its name. */
static bool find_binary(struct ov_bytes all, uint64_t from, uint64_t *at, uint64_t *content)
{
    static const char *const names[] = { "bindata", "binarydata", "binary-data", "base64",
        "chunk" };
    uint64_t found = from;

    while ((found = ov_bytes_find(all, found, "<", 1)) != UINT64_MAX) {
        uint64_t name = found + 1;

        for (uint64_t i = name; i < name + 16 && ov_u8_at(all, i, 0) > ' '; i++) {
            if (ov_u8_at(all, i, 0) == ':') {
                name = i + 1; /* behind the prefix */
            }
        }
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            if (ov_starts_with(all, name, names[i])) {
                const uint64_t close = ov_bytes_find(all, name, ">", 1);

                if (close != UINT64_MAX && ov_u8_at(all, close - 1, 0) != '/') {
                    *at = found;
                    *content = close + 1;
                    return true;
                }
            }
        }
        found++;
    }
    return false;
}

static enum ov_give give_binary(struct ov_parser *p, uint64_t content)
{
    struct page *s = p->state;
    uint64_t end = ov_bytes_find(p->all, content, "<", 1);

    end = end == UINT64_MAX ? ov_bytes_len(p->all) : end;
    s->at = end;
    ov_buf_clear(&s->made);
    ov_decode_base64(&s->made, ov_bytes_between(p->all, content, end));
    return ov_lay_buf(p, ov_text_bytes("part"), &s->made);
}

static void look_ahead(struct ov_parser *p)
{
    struct page *s = p->state;

    if ((!s->begun || s->url < s->at) && !find_url(p->all, s->at, &s->url, &s->comma)) {
        s->url = UINT64_MAX;
    }
    if ((!s->begun || s->script < s->at) && !ov_screnc_find(p->all, s->at, &s->script)) {
        s->script = UINT64_MAX;
    }
    if ((!s->begun || s->binary < s->at)
            && (p->type != OV_TYPE_XML || !find_binary(p->all, s->at, &s->binary, &s->content))) {
        s->binary = UINT64_MAX;
    }
    s->begun = true;
}

static enum ov_give page_step(struct ov_parser *p)
{
    struct page *s = p->state;

    look_ahead(p);
    if (s->script < s->url && s->script < s->binary) {
        ov_buf_clear(&s->made);
        if (!ov_screnc_decode(&s->made, p->all, s->script, &s->at)) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "the encoded script ends before its end");
        }
        return ov_lay_buf(p, ov_text_bytes("script"), &s->made);
    }
    if (s->url < s->binary) {
        return give_url(p, s->url, s->comma);
    }
    return s->binary == UINT64_MAX ? OV_GIVE_END : give_binary(p, s->content);
}

const struct ov_parser_ops ov_parser_page = {
    .state_bytes = sizeof(struct page),
    .whole = true,
    .begin = page_begin,
    .step = page_step,
    .end = page_end,
};
