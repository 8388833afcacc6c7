/* SPDX-License-Identifier: Apache-2.0 */
/* mail_header.c - reads a mail's headers. They are written by attackers to be read differently by
 * the scanner and the mail program: names in odd case, blanks before colons, NULs, duplicate
 * headers, parameters without separators, continued (RFC 2231) and encoded (RFC 2047) names. Where
 * programs differ, all readings are kept. */
#include "formats/mail_header.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/decode.h"
#include "formats/peek.h"

/* A header line, unfolded. Longer ones are cut: no program reads more of a parameter. */
#define LINE_BYTES_MAX (64u * OV_KIB)
/* Lines in front of a mail's headers, or between them, that are none. */
#define STRAY_MAX 5u
/* Lines of a header in front of the one that it is known by. */
#define ENTITY_LINES_MAX 60u

bool ov_mail_is_header_line(struct ov_bytes line)
{
    uint64_t i = 0;

    for (; i < 80; i++) {
        const uint8_t c = ov_u8_at(line, i, ' ');

        if (c == ':') {
            return i > 0;
        }
        if (c != 0 && (c <= ' ' || c >= 127)) {
            break;
        }
    }
    while (ov_u8_at(line, i, 'x') == ' ' || ov_u8_at(line, i, 'x') == '\t') {
        i++;
    }
    return i > 1 && ov_u8_at(line, 0, ' ') > ' ' && ov_u8_at(line, i, 0) == ':';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static bool is_empty(struct ov_bytes line)
{
    for (uint64_t i = 0; i < ov_bytes_len(line); i++) {
        if (!is_blank(ov_u8_at(line, i, 0))) {
            return false;
        }
    }
    return true;
}

/* Is this line part of the header before it? A line of blanks is, if more of a header follows. */
static bool continues(struct ov_bytes mail, struct ov_bytes line, uint64_t next)
{
    struct ov_bytes after;
    uint64_t behind;

    if (ov_bytes_len(line) == 0 || !is_blank(ov_u8_at(line, 0, 0))) {
        return false;
    }
    if (!is_empty(line)) {
        return true;
    }
    return ov_line_at(mail, next, &after, &behind)
           && (ov_mail_is_header_line(after)
                   || (!is_empty(after) && is_blank(ov_u8_at(after, 0, 0))));
}

/* The line at `at` and those that continue it, without NULs. */
static uint64_t unfold(struct ov_bytes mail, uint64_t at, struct ov_buf *out)
{
    struct ov_bytes line;
    uint64_t next;
    bool first = true;

    ov_buf_clear(out);
    while (ov_line_at(mail, at, &line, &next) && (first || continues(mail, line, next))) {
        const uint8_t *p = ov_bytes_raw(line);

        for (uint64_t i = 0; i < ov_bytes_len(line); i++) {
            if (p[i] != 0) {
                ov_buf_put_u8(out, p[i]);
            }
        }
        first = false;
        at = next;
    }
    return at;
}

/* --- values --------------------------------------------------------------------------------- */

/* RFC 2047 "=?charset?B?text?=" becomes its bytes; the character set does not matter here. */
static void put_decoded_words(struct ov_buf *out, struct ov_bytes text)
{
    uint64_t at = 0;

    while (at < ov_bytes_len(text)) {
        uint64_t kind, end;
        struct ov_bytes word;

        if (!ov_has(text, at, "=?", 2) || (kind = ov_bytes_find(text, at + 2, "?", 1)) == UINT64_MAX
                || ov_u8_at(text, kind + 2, 0) != '?'
                || (end = ov_bytes_find(text, kind + 3, "?=", 2)) == UINT64_MAX) {
            ov_buf_put_u8(out, ov_u8_at(text, at, 0));
            at++;
            continue;
        }
        word = ov_bytes_between(text, kind + 3, end);
        if ((ov_u8_at(text, kind + 1, 0) | 0x20) == 'b') {
            ov_decode_base64(out, word);
        } else {
            ov_decode_quoted(out, word);
        }
        at = end + 2;
        while (is_blank(ov_u8_at(text, at, 'x'))
                && ov_bytes_find(text, at, "=?", 2) != UINT64_MAX) {
            at++;
        }
    }
}

struct parameter {
    struct ov_bytes name;  /* as written */
    struct ov_bytes value; /* without quotes */
};

static bool ends_token(uint8_t c)
{
    return c == ';' || c == '=' || c == '"' || c == 0 || is_blank(c);
}

/* The next "name=value" at or behind *at. */
static bool next_parameter(struct ov_bytes line, uint64_t *at, struct parameter *out)
{
    const uint64_t len = ov_bytes_len(line);
    uint64_t equals = *at, from, to;

    /* Each turn goes to the next '='. */
    while (equals < len && ov_u8_at(line, equals, 0) != '=') {
        equals++;
    }
    if (equals >= len) {
        return false;
    }
    to = equals;
    while (to > *at && is_blank(ov_u8_at(line, to - 1, 0))) {
        to--;
    }
    from = to;
    while (from > *at && !ends_token(ov_u8_at(line, from - 1, 0))) {
        from--;
    }
    out->name = ov_bytes_between(line, from, to);
    from = equals + 1;
    while (is_blank(ov_u8_at(line, from, 'x'))) {
        from++;
    }
    if (ov_u8_at(line, from, 0) == '"') {
        to = ++from;
        while (to < len && ov_u8_at(line, to, 0) != '"') {
            to += ov_u8_at(line, to, 0) == '\\' ? 2 : 1;
        }
        *at = to + 1;
    } else {
        to = from;
        while (to < len && ov_u8_at(line, to, 0) != ';' && !is_blank(ov_u8_at(line, to, 0))) {
            to++;
        }
        *at = to;
    }
    out->value = ov_bytes_between(line, from, to);
    return true;
}

static void add_boundary(struct ov_mail_header *h, struct ov_bytes value)
{
    const uint64_t len = ov_bytes_len(value);

    if (len == 0 || len > OV_MAIL_BOUNDARY_BYTES || h->boundary_count == OV_MAIL_BOUNDARIES_MAX) {
        return;
    }
    memcpy(h->boundary[h->boundary_count], ov_bytes_raw(value), (size_t)len);
    h->boundary_bytes[h->boundary_count++] = (uint32_t)len;
}

/* RFC 2231: "name*0*=utf-8'en'a%20b". What follows a name is digits and stars. */
static void add_name(struct ov_mail_header *h, const struct parameter *p, uint64_t name_bytes)
{
    const bool marked = ov_bytes_len(p->name) > name_bytes;
    const bool goes_on = marked && ov_u8_at(p->name, name_bytes + 1, 0) != '0'
                         && ov_u8_at(p->name, name_bytes + 1, 0) != 0;
    const bool encoded = marked && ov_u8_at(p->name, ov_bytes_len(p->name) - 1, 0) == '*';
    struct ov_bytes value = p->value;
    uint64_t quote;

    if (!goes_on) {
        ov_buf_clear(h->name);
    }
    if (!encoded) {
        put_decoded_words(h->name, value);
        return;
    }
    quote = ov_bytes_find(value, 0, "'", 1);
    if (!goes_on && quote != UINT64_MAX
            && (quote = ov_bytes_find(value, quote + 1, "'", 1)) != UINT64_MAX) {
        value = ov_bytes_between(value, quote + 1, UINT64_MAX);
    }
    ov_decode_percent(h->name, value);
}

static void read_parameters(struct ov_mail_header *h, struct ov_bytes line)
{
    struct parameter p;
    uint64_t at = 0;

    while (next_parameter(line, &at, &p)) {
        if (ov_starts_with(p.name, 0, "boundary")) {
            add_boundary(h, p.value);
        } else if (ov_starts_with(p.name, 0, "filename")) {
            add_name(h, &p, 8);
        } else if (ov_starts_with(p.name, 0, "name")) {
            add_name(h, &p, 4);
        }
    }
}

static bool mentions(struct ov_bytes line, const char *word)
{
    for (uint64_t i = 0; i < ov_bytes_len(line); i++) {
        if (ov_starts_with(line, i, word)) {
            return true;
        }
    }
    return false;
}

static void read_type(struct ov_mail_header *h, struct ov_bytes line)
{
    /* A comment may stand before the type, and a second header may name another one. */
    h->multipart = h->multipart || mentions(line, "multipart/") || mentions(line, "multipart /");
    h->message = h->message || mentions(line, "message/rfc822") || mentions(line, "message/news");
    h->partial = h->partial || mentions(line, "message/partial");
    h->text = mentions(line, "text/");
    read_parameters(h, line);
}

static void read_encoding(struct ov_mail_header *h, struct ov_bytes line)
{
    static const struct {
        const char *word;
        unsigned bit;
    } words[] = {
        { "base64", OV_MAIL_BASE64 },
        { "quoted", OV_MAIL_QUOTED },
        { "uue", OV_MAIL_UU },
        { "x-uu", OV_MAIL_UU },
        { "yenc", OV_MAIL_UU },
        { "binhex", OV_MAIL_BINHEX },
        { "hqx", OV_MAIL_BINHEX },
        { "7bit", OV_MAIL_RAW },
        { "8bit", OV_MAIL_RAW },
        { "binary", OV_MAIL_RAW },
    };
    unsigned found = 0;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        found |= mentions(line, words[i].word) ? words[i].bit : 0;
    }
    /* A name nobody knows: some programs take it for nothing, some for what it resembles. */
    if (found == 0) {
        found = OV_MAIL_RAW;
        found |= mentions(line, "64") ? OV_MAIL_BASE64 : 0;
        found |= mentions(line, "print") ? OV_MAIL_QUOTED : 0;
    }
    h->encodings |= found;
}

/* --- lines ---------------------------------------------------------------------------------- */

static const char *const mail_headers[] = { "received", "return-path", "message-id", "mime-version",
    "delivered-to", "x-mailer", "dkim-signature", "content-type", "content-transfer-encoding",
    "content-disposition", "x-original-to", "envelope-to", "in-reply-to", "references", "from",
    "to", "subject", "date", "cc", "bcc", "reply-to", "sender", "x-originating-ip", "list-id",
    "user-agent", "x-spam-status", "authentication-results", "x-priority", "organization" };
/* Those that little but mail has. */
#define STRONG_HEADERS 14u

/* Is the header's name `name`? */
static bool is_named(struct ov_bytes line, const char *name)
{
    uint64_t i = strlen(name);

    if (!ov_starts_with(line, 0, name)) {
        return false;
    }
    while (ov_u8_at(line, i, 0) == ' ' || ov_u8_at(line, i, 0) == '\t') {
        i++;
    }
    return ov_u8_at(line, i, 0) == ':';
}

static void read_line(struct ov_mail_header *h, struct ov_bytes line)
{
    h->lines++;
    for (size_t i = 0; i < sizeof(mail_headers) / sizeof(mail_headers[0]); i++) {
        h->known += is_named(line, mail_headers[i]) ? 1 : 0;
    }
    if (is_named(line, "content-type")) {
        read_type(h, line);
    } else if (is_named(line, "content-transfer-encoding")) {
        read_encoding(h, line);
    } else if (is_named(line, "content-disposition")) {
        read_parameters(h, line);
    }
}

void ov_mail_header_read(
        struct ov_bytes mail, uint64_t at, struct ov_buf *name, struct ov_mail_header *out)
{
    struct ov_buf whole;
    struct ov_bytes line;
    uint64_t next;

    memset(out, 0, sizeof(*out));
    out->name = name;
    out->text = true;
    ov_buf_clear(name);
    ov_buf_init(&whole, LINE_BYTES_MAX);
    while (ov_line_at(mail, at, &line, &next)) {
        struct ov_bytes after;
        uint64_t behind;

        if (is_empty(line)) {
            at = next;
            break;
        }
        if (ov_mail_is_header_line(line)) {
            at = unfold(mail, at, &whole);
            read_line(out, ov_buf_bytes(&whole));
            continue;
        }
        /* A line that belongs to no header: passed over, if the header goes on behind it. */
        if (ov_has(line, 0, "--", 2) || !ov_line_at(mail, next, &after, &behind)
                || !ov_mail_is_header_line(after)) {
            break;
        }
        at = next;
    }
    ov_buf_done(&whole);
    out->body = at;
}

/* Is this line a header, and how telling a one? */
enum named {
    NOT_NAMED,
    NAMED,
    NAMED_STRONGLY
};

static enum named how_named(struct ov_bytes line)
{
    for (size_t i = 0; i < sizeof(mail_headers) / sizeof(mail_headers[0]); i++) {
        if (is_named(line, mail_headers[i])) {
            return i < STRONG_HEADERS ? NAMED_STRONGLY : NAMED;
        }
    }
    return NOT_NAMED;
}

static bool is_box_line(struct ov_bytes line)
{
    return ov_has(line, 0, "From ", 5) || ov_has(line, 0, ">From ", 6);
}

/* Mail programs open whatever begins with one header of theirs; to take a text that merely looks so
 * for mail costs little, to leave a mail closed misses what is attached. Only where something else
 * stands in front of the headers are two of them asked for, as ClamAV does. */
static bool begins_with_headers(struct ov_bytes head)
{
    uint64_t at = ov_has(head, 0, "\xef\xbb\xbf", 3) ? 3 : 0, next;
    struct ov_bytes line;
    uint32_t strong = 0, known = 0, headers = 0, stray = 0;
    bool first = false;

    while (is_blank(ov_u8_at(head, at, 'x')) && at < 64) {
        at++;
    }
    /* Each turn goes one line forward. */
    while (ov_line_at(head, at, &line, &next) && ov_bytes_len(line) != 0 && stray <= STRAY_MAX
            && (strong < 1 || known < 2)) {
        enum named named;

        at = next;
        if (is_blank(ov_u8_at(line, 0, 0)) || is_box_line(line)) {
            continue;
        }
        if (!ov_mail_is_header_line(line)) {
            stray++;
            continue;
        }
        named = how_named(line);
        first = first || (headers == 0 && stray == 0 && named != NOT_NAMED);
        headers++;
        strong += named == NAMED_STRONGLY ? 1 : 0;
        known += named != NOT_NAMED ? 1 : 0;
    }
    return first || (strong >= 1 && known >= 2) || (stray == 0 && (strong >= 1 || known >= 2));
}

/* Lines that only the header of an entity has. */
static bool is_entity_line(struct ov_bytes text, uint64_t at)
{
    return ov_starts_with(text, at, "content-type:")
           || ov_starts_with(text, at, "content-transfer-encoding:")
           || ov_starts_with(text, at, "content-disposition:");
}

typedef uint8_t v16 __attribute__((vector_size(16)));
typedef uint64_t v2 __attribute__((vector_size(16)));

/* The next line that begins with a c, large or small, at `at` or behind it; `at` is not 0. Every text
 * is asked, to its end: sixteen bytes at a time. */
static uint64_t find_line_of_c(struct ov_bytes text, uint64_t at)
{
    const uint8_t *p = ov_bytes_raw(text);
    const uint64_t len = ov_bytes_len(text);

    for (; at + 16 <= len; at += 16) {
        v16 before, here, is;
        v2 halves;

        memcpy(&before, &p[at - 1], sizeof(before));
        memcpy(&here, &p[at], sizeof(here));
        is = ((v16)(before == '\n') | (v16)(before == '\r')) & (v16)((here | 0x20) == 'c');
        memcpy(&halves, &is, sizeof(halves));
        if ((halves[0] | halves[1]) != 0) {
            break;
        }
    }
    for (; at < len; at++) {
        if ((p[at] | 0x20) == 'c' && (p[at - 1] == '\n' || p[at - 1] == '\r')) {
            return at;
        }
    }
    return UINT64_MAX;
}

/* The first such line behind the beginning of the one at `from`; UINT64_MAX: none. */
static uint64_t find_entity_line(struct ov_bytes text, uint64_t from)
{
    uint64_t at = from + 1;

    /* Each turn goes to the next line that may be one. */
    while ((at = find_line_of_c(text, at)) != UINT64_MAX) {
        if ((ov_has(text, at + 1, "ontent-", 7) || ov_has(text, at + 1, "ONTENT-", 7))
                && is_entity_line(text, at)) {
            return at;
        }
        at++;
    }
    return UINT64_MAX;
}

bool ov_mail_begins(struct ov_bytes head)
{
    uint64_t at = 0;

    if (begins_with_headers(head)) {
        return true;
    }
    /* What a bounce quotes, a form posted to a server, parts without a header of their own. */
    while ((at = find_entity_line(head, at)) != UINT64_MAX) {
        if (!ov_starts_with(head, at, "content-type:")
                || ov_starts_with(head, at, "content-type: multipart/")
                || ov_starts_with(head, at, "content-type: message/")) {
            return true;
        }
    }
    return false;
}

uint64_t ov_mail_first_header(struct ov_bytes mail)
{
    const uint64_t from = ov_has(mail, 0, "\xef\xbb\xbf", 3) ? 3 : 0;
    uint64_t at = from, next;
    struct ov_bytes line;

    for (uint32_t lines = 0; lines <= 2 * STRAY_MAX && ov_line_at(mail, at, &line, &next);
            lines++, at = next) {
        if (ov_has(line, 0, "--", 2)) {
            return from; /* a part without a mail around it */
        }
        if (!is_box_line(line) && ov_mail_is_header_line(line)) {
            return at;
        }
    }
    return from;
}

/* The line in front of the one at `at`, which begins behind `from`. */
static uint64_t line_before(struct ov_bytes text, uint64_t from, uint64_t at)
{
    const uint8_t *p = ov_bytes_raw(text);

    at -= at > from + 1 && p[at - 1] == '\n' && p[at - 2] == '\r' ? 2 : 1;
    while (at > from && p[at - 1] != '\n' && p[at - 1] != '\r') {
        at--;
    }
    return at;
}

uint64_t ov_mail_find_entity(struct ov_bytes text, uint64_t from, struct ov_bytes *delimiter)
{
    uint64_t at = find_entity_line(text, from);
    struct ov_bytes line;
    uint64_t next;

    *delimiter = ov_bytes_of(NULL, 0);
    if (at == UINT64_MAX) {
        return at;
    }
    for (uint32_t lines = 0; lines < ENTITY_LINES_MAX && at > from; lines++) {
        const uint64_t before = line_before(text, from, at);

        if (!ov_line_at(text, before, &line, &next)) {
            break;
        }
        if (ov_has(line, 0, "--", 2)) {
            *delimiter = ov_bytes_between(line, 2, UINT64_MAX);
            break;
        }
        if (!ov_mail_is_header_line(line) && !is_blank(ov_u8_at(line, 0, 'x'))) {
            break;
        }
        at = before;
    }
    return at;
}
