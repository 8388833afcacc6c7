/* SPDX-License-Identifier: Apache-2.0 */
/* canon.c - a rule's text in the one form that a log holds: LF, no tabs but \t inside texts, no
 * blanks at line ends, UTF-8 without control characters. A note can hold nothing else, and two
 * people who publish the same rule get the same bytes. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/publish/publish.h"

enum place {
    PLAIN,
    TEXT,        /* "..." */
    REGEX,       /* /.../ */
    COMMENT,     /* to the end of the line */
    LONG_COMMENT /* to star, slash */
};

struct canon {
    const uint8_t *at;
    size_t len, i;
    enum place place;
    struct ov_buf *out;
    size_t blanks; /* not yet put: perhaps the line ends here */
    const char *why;
};

static void put(struct canon *c, char byte)
{
    for (; c->blanks > 0; c->blanks--) {
        ov_buf_put_u8(c->out, ' ');
    }
    ov_buf_put_u8(c->out, (uint8_t)byte);
}

static uint8_t peek(const struct canon *c, size_t ahead)
{
    return c->i + ahead < c->len ? c->at[c->i + ahead] : 0;
}

/* How many bytes of well-formed UTF-8 begin here, beyond ASCII; 0: none. */
static size_t utf8_here(const struct canon *c)
{
    for (size_t n = 2; n <= 4; n++) {
        if (c->i + n <= c->len && ov_text_is_utf8(ov_bytes_of(c->at + c->i, n))
                && c->at[c->i] >= 0xc0) {
            return n;
        }
    }
    return 0;
}

static void put_high(struct canon *c)
{
    const size_t n = utf8_here(c);

    if (n != 0) {
        for (size_t k = 0; k < n; k++) {
            put(c, (char)c->at[c->i + k]);
        }
        c->i += n - 1;
    } else if (c->place == TEXT || c->place == REGEX) {
        for (; c->blanks > 0; c->blanks--) {
            ov_buf_put_u8(c->out, ' ');
        }
        ov_buf_printf(c->out, "\\x%02X", c->at[c->i]);
    } else {
        put(c, '?'); /* in a comment; elsewhere the compiler would refuse it */
    }
}

/* Where the next byte will stand. */
static void turn(struct canon *c, uint8_t b)
{
    switch (c->place) {
    case PLAIN:
        if (b == '"') {
            c->place = TEXT;
        } else if (b == '/' && peek(c, 1) == '/') {
            c->place = COMMENT;
        } else if (b == '/' && peek(c, 1) == '*') {
            c->place = LONG_COMMENT;
            put(c, '/'); /* the star is put by the caller, and cannot end what it began */
            c->i++;
        } else if (b == '/') {
            c->place = REGEX;
        }
        return;
    case TEXT:
        c->place = b == '"' ? PLAIN : TEXT;
        return;
    case REGEX:
        c->place = b == '/' ? PLAIN : REGEX; /* in a class, too, as YARA has it */
        return;
    case LONG_COMMENT:
        c->place = b == '/' && c->i > 0 && c->at[c->i - 1] == '*' ? PLAIN : LONG_COMMENT;
        return;
    case COMMENT:
        return;
    }
}

static bool step(struct canon *c)
{
    const uint8_t b = c->at[c->i];
    const bool quoted = c->place == TEXT || c->place == REGEX;

    if (b == '\r' && peek(c, 1) == '\n') {
        return true;
    }
    if (b == '\n') {
        if (quoted) {
            c->why = "a text or regular expression goes over the end of its line";
            return false;
        }
        c->blanks = 0;
        ov_buf_put_u8(c->out, '\n');
        c->place = c->place == COMMENT ? PLAIN : c->place;
        return true;
    }
    if (b == '\t' && quoted) {
        put(c, '\\');
        put(c, 't');
        return true;
    }
    if (b == ' ' || b == '\t') {
        c->blanks += b == ' ' ? 1 : 4;
        return true;
    }
    if (b < 0x20 || b == 0x7f) {
        c->why = "a control character";
        return false;
    }
    if (b >= 0x80) {
        put_high(c);
        return true;
    }
    if (quoted && b == '\\' && peek(c, 1) >= 0x20 && peek(c, 1) < 0x7f) {
        put(c, '\\');
        put(c, (char)c->at[++c->i]);
        return true;
    }
    turn(c, b);
    put(c, (char)c->at[c->i]);
    return true;
}

bool canon_rule(struct ov_bytes source, struct ov_buf *out, const char **why)
{
    struct canon c = {
        .at = ov_bytes_raw(source), .len = (size_t)ov_bytes_len(source), .out = out
    };

    for (; c.i < c.len; c.i++) {
        if (!step(&c)) {
            *why = c.why;
            return false;
        }
    }
    ov_buf_put_u8(out, '\n');
    if (!ov_buf_ok(out)) {
        *why = "longer than an entry may be, or no memory";
        return false;
    }
    return true;
}
