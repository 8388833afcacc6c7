/* SPDX-License-Identifier: Apache-2.0 */
/* views.c - makes the views of pages and texts that ClamAV's signatures for HTML (target 3) and text
 * (target 7) are held against. What clamscan 1.4 makes of a page (its --leave-temps) was the model. One
 * pass from front to back; a view is about as long as its object. */
#include "formats/views.h"

#include <string.h>

#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

static uint8_t small(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* --- pages ---------------------------------------------------------------------------------- */

/* The character an entity at `at` stands for; *end is behind it. 0: it is none. */
static uint32_t entity_at(struct ov_bytes in, uint64_t at, uint64_t *end)
{
    static const struct {
        const char *name;
        uint8_t c;
    } names[] = { { "lt", '<' }, { "gt", '>' }, { "amp", '&' }, { "quot", '"' }, { "apos", '\'' },
        { "nbsp", 0xa0 }, { "copy", 0xa9 }, { "reg", 0xae }, { "tab", '\t' }, { "newline", '\n' },
        { "colon", ':' }, { "lpar", '(' }, { "rpar", ')' } };
    uint64_t i = at + 1;
    uint32_t v = 0;

    if (ov_u8_at(in, i, 0) == '#') {
        const bool hex = (ov_u8_at(in, ++i, 0) | 0x20) == 'x';
        const uint64_t first = i + (hex ? 1 : 0);

        for (i = first; i < first + 8; i++) {
            const int digit = ov_hex_digit(ov_u8_at(in, i, 'x'));

            if (digit < 0 || (!hex && digit > 9)) {
                break;
            }
            v = v * (hex ? 16 : 10) + (uint32_t)digit;
        }
        *end = i + (ov_u8_at(in, i, 0) == ';' ? 1 : 0);
        return i == first ? 0 : v;
    }
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        const size_t len = strlen(names[n].name);

        if (ov_starts_with(in, i, names[n].name) && ov_u8_at(in, i + len, 0) == ';') {
            *end = i + len + 1;
            return names[n].c;
        }
    }
    return 0;
}

struct page_writer {
    struct ov_buf *out;
    bool tags;
    bool after_tag; /* white space behind a tag does not count */
    bool blank;     /* there was some since the last letter */
    bool dense;     /* in a script or a style no white space counts */
};

static void put_letter(struct page_writer *w, uint8_t c)
{
    if (is_blank(c)) {
        w->blank = true;
        return;
    }
    if (w->blank && !w->dense && (!w->after_tag || !w->tags)) {
        ov_buf_put_u8(w->out, ' ');
    }
    w->blank = false;
    w->after_tag = false;
    ov_buf_put_u8(w->out, small(c));
}

/* In the text alone, what is spelled as an entity parts words, and so does a control character. */
static uint64_t put_text(struct page_writer *w, struct ov_bytes in, uint64_t at)
{
    const uint8_t c = ov_u8_at(in, at, 0);
    uint64_t end;
    uint32_t v;

    if (c != '&' || w->dense || (v = entity_at(in, at, &end)) == 0) {
        put_letter(w, c < ' ' && !w->tags ? ' ' : c);
        return at + 1;
    }
    put_letter(w, w->tags && v < 256 ? (uint8_t)v : ' ');
    return end;
}

/* An attribute's value as it stands, without what quotes it; *end is behind it. */
static struct ov_bytes value_at(struct ov_bytes in, uint64_t at, uint64_t *end, bool *quoted)
{
    const uint8_t *p = ov_bytes_raw(in);
    const uint64_t len = ov_bytes_len(in);
    const uint8_t quote = ov_u8_at(in, at, 0);
    uint64_t i = at;

    *quoted = quote == '"' || quote == '\'';
    if (*quoted) {
        for (i = at + 1; i < len && p[i] != quote; i++) {
        }
        *end = i + 1;
        return ov_bytes_between(in, at + 1, i);
    }
    while (i < len && !is_blank(p[i]) && p[i] != '>') {
        i++;
    }
    *end = i;
    return ov_bytes_between(in, at, i);
}

static void put_value(struct page_writer *w, struct ov_bytes value, bool quoted)
{
    uint64_t at = 0;

    if (quoted) {
        ov_buf_put_u8(w->out, '"');
    }
    while (at < ov_bytes_len(value)) {
        uint64_t end = at + 1;
        uint32_t v = ov_u8_at(value, at, 0) == '&' ? entity_at(value, at, &end) : 0;

        if (v == 0) {
            v = ov_u8_at(value, at, 0);
            end = at + 1;
        }
        ov_buf_put_u8(w->out, small((uint8_t)v));
        at = end;
    }
    if (quoted) {
        ov_buf_put_u8(w->out, '"');
    }
}

/* Where a link leads, as it is written. */
static void put_link(struct page_writer *w, struct ov_bytes value)
{
    uint64_t at = 0;

    ov_buf_put_u8(w->out, ' ');
    while (at < ov_bytes_len(value)) {
        uint64_t end = at + 1;
        uint32_t v = ov_u8_at(value, at, 0) == '&' ? entity_at(value, at, &end) : 0;

        ov_buf_put_u8(w->out, v == 0 ? ov_u8_at(value, at, 0) : (uint8_t)v);
        at = v == 0 ? at + 1 : end;
    }
    w->blank = true;
}

/* A tag's attributes, up to its end; returns where that is. */
static uint64_t put_attributes(struct page_writer *w, struct ov_bytes in, uint64_t at)
{
    const uint8_t *p = ov_bytes_raw(in);
    const uint64_t len = ov_bytes_len(in);

    while (at < len && p[at] != '>') {
        const uint64_t name = at;
        bool quoted = false, is_link;
        struct ov_bytes value;

        if (is_blank(p[at])) {
            at++;
            continue;
        }
        while (at < len && !is_blank(p[at]) && p[at] != '>' && p[at] != '=') {
            at++;
        }
        is_link = (at - name == 4 && ov_starts_with(in, name, "href"))
                  || (at - name == 3 && ov_starts_with(in, name, "src"));
        if (w->tags) {
            if (p[name] != '/') {
                ov_buf_put_u8(w->out, ' ');
            }
            for (uint64_t i = name; i < at; i++) {
                ov_buf_put_u8(w->out, small(p[i]));
            }
        }
        while (at < len && is_blank(p[at])) {
            at++;
        }
        if (at >= len || p[at] != '=') {
            continue;
        }
        at++;
        while (at < len && is_blank(p[at])) {
            at++;
        }
        value = value_at(in, at, &at, &quoted);
        if (w->tags) {
            ov_buf_put_u8(w->out, '=');
            put_value(w, value, quoted);
        } else if (is_link) {
            put_link(w, value);
        }
    }
    return at < len ? at + 1 : len;
}

/* What follows a '<'; returns where the text goes on. */
static uint64_t put_tag(struct page_writer *w, struct ov_bytes in, uint64_t at)
{
    uint64_t i = at + 1, end;

    if (ov_has(in, at, "<!--", 4)) {
        end = ov_bytes_find(in, at + 4, "-->", 3);
        return end == UINT64_MAX ? ov_bytes_len(in) : end + 3;
    }
    if (ov_u8_at(in, i, 0) == '!' || ov_u8_at(in, i, 0) == '?') {
        end = ov_bytes_find(in, i, ">", 1);
        return end == UINT64_MAX ? ov_bytes_len(in) : end + 1;
    }
    if (w->blank && w->tags && !w->after_tag && !w->dense) {
        ov_buf_put_u8(w->out, ' ');
    }
    w->dense = ov_starts_with(in, i, "script") || ov_starts_with(in, i, "style");
    w->blank = !w->tags;
    if (w->tags) {
        ov_buf_put_u8(w->out, '<');
    }
    while (i < ov_bytes_len(in) && !is_blank(ov_u8_at(in, i, ' ')) && ov_u8_at(in, i, '>') != '>') {
        if (w->tags) {
            ov_buf_put_u8(w->out, small(ov_u8_at(in, i, 0)));
        }
        i++;
    }
    i = put_attributes(w, in, i);
    if (w->tags) {
        ov_buf_put_u8(w->out, '>');
    }
    w->after_tag = true;
    return i;
}

static bool begins_tag(struct ov_bytes in, uint64_t at)
{
    const uint8_t c = (uint8_t)(ov_u8_at(in, at + 1, 0) | 0x20);

    return (c >= 'a' && c <= 'z') || ov_u8_at(in, at + 1, 0) == '/'
           || ov_u8_at(in, at + 1, 0) == '!' || ov_u8_at(in, at + 1, 0) == '?';
}

void ov_view_html(struct ov_buf *out, struct ov_bytes in, bool tags)
{
    struct page_writer w = { .out = out, .tags = tags, .after_tag = true, .blank = !tags };
    const uint64_t len = ov_bytes_len(in);
    uint64_t at = 0;

    while (at < len) {
        if (ov_u8_at(in, at, 0) == '<' && begins_tag(in, at)
                && (!w.dense || ov_u8_at(in, at + 1, 0) == '/')) {
            at = put_tag(&w, in, at);
        } else if (w.dense && !tags) {
            at++; /* scripts are no text */
        } else {
            at = put_text(&w, in, at);
        }
    }
    if (!tags) {
        ov_buf_put_u8(out, ' ');
    }
}

void ov_view_scripts(struct ov_buf *out, struct ov_bytes in)
{
    uint64_t at = 0;

    while ((at = ov_bytes_find(in, at, "<", 1)) != UINT64_MAX) {
        uint64_t from, to;

        at++;
        if (!ov_starts_with(in, at, "script")) {
            continue;
        }
        from = ov_bytes_find(in, at, ">", 1);
        if (from == UINT64_MAX) {
            return;
        }
        for (to = from; to < ov_bytes_len(in) && !ov_starts_with(in, to, "</script"); to++) {
            to = ov_bytes_find(in, to, "<", 1);
            if (to == UINT64_MAX || ov_starts_with(in, to, "</script")) {
                break;
            }
        }
        to = to < ov_bytes_len(in) ? to : ov_bytes_len(in);
        if (to > from + 1) {
            ov_buf_put_text(out, "<script>");
            ov_view_script(out, ov_bytes_between(in, from + 1, to));
            ov_buf_put_text(out, "</script>");
        }
        at = to;
    }
}

/* --- as a container ------------------------------------------------------------------------- */

struct views {
    uint32_t next;
    bool has_zeros;
    bool has_returns;
    struct ov_buf page; /* without what is passed over, if there is any */
    struct ov_buf made;
};

static bool views_begin(struct ov_parser *p)
{
    struct views *v = p->state;

    ov_buf_init(&v->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&v->page, OV_MADE_BYTES_MAX);
    v->next = OV_VIEW_NONE + 1;
    v->has_zeros = ov_bytes_find(p->all, 0, "\0", 1) != UINT64_MAX;
    v->has_returns = ov_bytes_find(p->all, 0, "\r", 1) != UINT64_MAX;
    return true;
}

/* Browsers pass over zero bytes, so these would hide any word of a page. With them go carriage returns,
 * but for those in scripts, as for ClamAV. */
static struct ov_bytes page_for(struct views *v, struct ov_bytes in, enum ov_view view)
{
    const bool returns = v->has_returns && view != OV_VIEW_SCRIPT;
    const uint8_t *p = ov_bytes_raw(in);
    const uint64_t len = ov_bytes_len(in);
    uint64_t from = 0;

    if (view == OV_VIEW_TEXT || (!v->has_zeros && !returns)) {
        return in;
    }
    ov_buf_clear(&v->page);
    for (uint64_t at = 0; at < len; at++) {
        if (p[at] == '\0' || (returns && p[at] == '\r')) {
            ov_buf_put(&v->page, p + from, (size_t)(at - from));
            from = at + 1;
        }
    }
    ov_buf_put(&v->page, p + from, (size_t)(len - from));
    return ov_buf_bytes(&v->page);
}

static void views_end(struct ov_parser *p)
{
    struct views *v = p->state;

    ov_buf_done(&v->page);
    ov_buf_done(&v->made);
}

static void make(struct ov_buf *out, struct ov_bytes in, enum ov_view view)
{
    switch (view) {
    case OV_VIEW_HTML_NOCOMMENT:
        ov_view_html(out, in, true);
        break;
    case OV_VIEW_HTML_NOTAGS:
        ov_view_html(out, in, false);
        break;
    case OV_VIEW_SCRIPT:
        ov_view_scripts(out, in);
        break;
    case OV_VIEW_TEXT:
        ov_view_text(out, in);
        break;
    case OV_VIEW_NONE:
    case OV_VIEWS:
        break;
    }
}

static enum ov_give views_step(struct ov_parser *p)
{
    static const char *const names[OV_VIEWS] = { "", "(without comments)", "(without tags)",
        "(scripts)", "(normalised)" };
    struct views *v = p->state;
    const bool html = p->type == OV_TYPE_HTML_VIEWS;

    while (v->next < OV_VIEWS) {
        const enum ov_view view = (enum ov_view)v->next++;

        if ((view == OV_VIEW_TEXT) == html) {
            continue;
        }
        ov_buf_clear(&v->made);
        make(&v->made, page_for(v, p->all, view), view);
        if (ov_bytes_len(ov_buf_bytes(&v->made)) == 0) {
            continue;
        }
        p->laid.view = view;
        return ov_lay_buf(p, ov_text_bytes(names[view]), &v->made);
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_views = {
    .state_bytes = sizeof(struct views),
    .whole = true,
    .begin = views_begin,
    .step = views_step,
    .end = views_end,
};
