/* SPDX-License-Identifier: Apache-2.0 */
/* links.c - the links of a page, read without building anything: one pass over its tags. Pages are made
 * by whoever wants to be believed; what is not closed ends with the page. */
#include "formats/links.h"

#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/limits.h"

struct text {
    uint8_t bytes[OV_LINK_BYTES_MAX];
    size_t len;
};

static void put(struct text *t, uint8_t c)
{
    if (t->len < sizeof(t->bytes)) {
        t->bytes[t->len++] = c;
    }
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Does the tag whose inside begins at `at` have this name? */
static bool has_name(struct ov_bytes page, uint64_t at, const char *name)
{
    const uint64_t len = strlen(name);
    const uint8_t *raw = ov_bytes_raw(page);

    return at + len < ov_bytes_len(page) && strncasecmp((const char *)raw + at, name, len) == 0
           && (is_space(raw[at + len]) || raw[at + len] == '>' || raw[at + len] == '/');
}

/* Behind the `>` that ends the tag; quotes may hold others. */
static uint64_t behind_tag(struct ov_bytes page, uint64_t at)
{
    const uint8_t *raw = ov_bytes_raw(page);
    uint8_t quote = 0;

    for (; at < ov_bytes_len(page); at++) {
        if (quote != 0) {
            quote = raw[at] == quote ? 0 : quote;
        } else if (raw[at] == '"' || raw[at] == '\'') {
            quote = raw[at];
        } else if (raw[at] == '>') {
            return at + 1;
        }
    }
    return at;
}

/* The value of `href` in the tag [at, end). False: it has none. */
static bool take_href(struct ov_bytes page, uint64_t at, uint64_t end, struct text *out)
{
    const uint8_t *raw = ov_bytes_raw(page);
    uint8_t quote = 0;

    out->len = 0;
    for (; at + 5 < end; at++) {
        if (is_space(raw[at]) && strncasecmp((const char *)raw + at + 1, "href", 4) == 0) {
            at += 5;
            while (at < end && is_space(raw[at])) {
                at++;
            }
            if (at == end || raw[at] != '=') {
                return false;
            }
            at++;
            while (at < end && is_space(raw[at])) {
                at++;
            }
            if (at < end && (raw[at] == '"' || raw[at] == '\'')) {
                quote = raw[at++];
            }
            while (at < end
                    && (quote != 0 ? raw[at] != quote : !is_space(raw[at]) && raw[at] != '>')) {
                put(out, raw[at++]);
            }
            return true;
        }
    }
    return false;
}

/* The text up to the next link or the end of this one; returns where that is. */
static uint64_t take_shown(struct ov_bytes page, uint64_t at, struct text *out)
{
    const uint8_t *raw = ov_bytes_raw(page);

    out->len = 0;
    while (at < ov_bytes_len(page)) {
        if (raw[at] != '<') {
            put(out, raw[at++]);
        } else if (has_name(page, at + 1, "/a") || has_name(page, at + 1, "a")) {
            return at;
        } else {
            at = behind_tag(page, at + 1);
        }
    }
    return at;
}

void ov_links_each(struct ov_bytes page, ov_link_fn each, void *payload)
{
    const uint8_t *raw = ov_bytes_raw(page);
    const uint64_t len = ov_bytes_len(page);
    struct text real, shown;
    uint64_t at = 0;

    /* Each turn goes behind a `<`. */
    while (at < len) {
        const uint8_t *next = memchr(raw + at, '<', (size_t)(len - at));
        uint64_t end;

        if (next == NULL) {
            return;
        }
        at = (uint64_t)(next - raw) + 1;
        if (!has_name(page, at, "a")) {
            continue;
        }
        end = behind_tag(page, at);
        if (!take_href(page, at, end, &real)) {
            at = end;
            continue;
        }
        at = take_shown(page, end, &shown);
        if (!each(payload, ov_bytes_of(real.bytes, real.len),
                    ov_bytes_of(shown.bytes, shown.len))) {
            return;
        }
    }
}
