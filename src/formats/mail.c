/* SPDX-License-Identifier: Apache-2.0 */
/* mail.c - walks the parts of a mail (RFC 2045 to 2049), from front to back, with a stack of the
 * boundaries that are open. Trusts no header: a part that claims several encodings is given in each;
 * a multipart whose boundary never comes is searched for the one that does; uuencode and yEnc are
 * looked for in every text, also before the first boundary and behind the last. */
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/mail_header.h"
#include "formats/parser.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define BOUNDARIES_MAX 64u
/* A boundary that is none: no line is that long. */
#define NO_LEVEL UINT32_MAX
/* Headers in the middle of texts that are followed: each may give the rest of the text once more. */
#define GUESSES_MAX 64u
/* How often the mail may be searched from front to back for boundaries that never come. */
#define SEARCHES_MAX 256u

struct boundary {
    uint32_t bytes;
    char text[OV_MAIL_BOUNDARY_BYTES];
};

struct mail {
    uint64_t at;
    bool in_header; /* an entity begins at `at`; else it is text between parts */
    bool begun;
    uint64_t search_left; /* bytes that may still be searched for boundaries */
    bool search_told;
    uint32_t guesses; /* entities that were found in the middle of a text */
    bool guessed;     /* the entity at hand is one */
    struct boundary stack[BOUNDARIES_MAX];
    uint32_t depth;
    struct ov_mail_header header;
    struct ov_buf name;
    struct ov_buf made;
    uint32_t part;

    /* the part at hand */
    struct ov_bytes body;
    struct ov_bytes core;    /* the lines of it that are nothing but base64 */
    unsigned encodings_left; /* readings of it that are still due */
    struct ov_bytes text;    /* where uuencode is looked for; lent from `made` or the mail */
    uint64_t text_at;
    bool text_due;
    struct ov_buf text_kept; /* the decoded text, while its blocks are given */
};

static bool mail_begin(struct ov_parser *p)
{
    struct mail *m = p->state;

    ov_buf_init(&m->name, OV_NAME_BYTES_MAX);
    ov_buf_init(&m->made, OV_MADE_BYTES_MAX);
    ov_buf_init(&m->text_kept, OV_MADE_BYTES_MAX);
    m->in_header = true;
    m->search_left = SEARCHES_MAX * (ov_bytes_len(p->all) + 1);
    return true;
}

static void mail_end(struct ov_parser *p)
{
    struct mail *m = p->state;

    ov_buf_done(&m->name);
    ov_buf_done(&m->made);
    ov_buf_done(&m->text_kept);
}

/* --- boundaries ----------------------------------------------------------------------------- */

/* The innermost boundary that this line names, or NO_LEVEL. Readers compare the beginning only. */
static uint32_t level_of(const struct mail *m, struct ov_bytes line)
{
    uint32_t best = NO_LEVEL, best_bytes = 0;

    if (!ov_has(line, 0, "--", 2)) {
        return NO_LEVEL;
    }
    for (uint32_t i = 0; i < m->depth; i++) {
        if (m->stack[i].bytes >= best_bytes
                && ov_has(line, 2, m->stack[i].text, m->stack[i].bytes)) {
            best = i;
            best_bytes = m->stack[i].bytes;
        }
    }
    return best;
}

static void push(struct mail *m, const char *text, uint32_t bytes)
{
    if (m->depth
            == BOUNDARIES_MAX) { /* the outermost has served longest; its lines end the others */
        memmove(&m->stack[0], &m->stack[1], sizeof(m->stack[0]) * (BOUNDARIES_MAX - 1));
        m->depth--;
    }
    memcpy(m->stack[m->depth].text, text, bytes);
    m->stack[m->depth++].bytes = bytes;
}

/* Where the text at `from` ends: at the next line with a boundary of ours. *behind is the next line,
 * *level whose it is, *closes whether it is the last of them. */
static uint64_t end_of_text(const struct mail *m, struct ov_bytes all, uint64_t from,
        uint64_t *behind, uint32_t *level, bool *closes)
{
    const uint8_t *raw = ov_bytes_raw(all);
    uint64_t at = from;

    *level = NO_LEVEL;
    *closes = false;
    *behind = ov_bytes_len(all);
    if (m->depth == 0) {
        return *behind;
    }
    /* Each turn goes to the next two dashes. */
    while ((at = ov_bytes_find(all, at, "--", 2)) != UINT64_MAX) {
        struct ov_bytes line;
        uint64_t next;

        if ((at == from || raw[at - 1] == '\n' || raw[at - 1] == '\r')
                && ov_line_at(all, at, &line, &next)) {
            *level = level_of(m, line);
            if (*level != NO_LEVEL) {
                *closes = ov_has(line, 2 + m->stack[*level].bytes, "--", 2);
                *behind = next;
                return at;
            }
        }
        at++;
    }
    return ov_bytes_len(all);
}

/* A multipart that names no boundary, or one that does not occur: the first line that looks like
 * one, with a header of a part behind it. */
static void guess_boundary(struct mail *m, struct ov_bytes all, uint64_t from)
{
    uint64_t at = from;

    while (m->search_left != 0 && (at = ov_bytes_find(all, at, "\n--", 3)) != UINT64_MAX) {
        struct ov_bytes line, after;
        uint64_t next, behind;

        at++;
        if (ov_line_at(all, at, &line, &next) && ov_line_at(all, next, &after, &behind)
                && ov_bytes_len(line) > 2 && ov_bytes_len(line) <= OV_MAIL_BOUNDARY_BYTES
                && ov_starts_with(after, 0, "content-")) {
            const struct ov_bytes text = ov_bytes_between(line, 2, UINT64_MAX);

            push(m, (const char *)ov_bytes_raw(text), (uint32_t)ov_bytes_len(text));
            return;
        }
        m->search_left--;
    }
    m->search_left -=
            m->search_left < ov_bytes_len(all) - from ? m->search_left : ov_bytes_len(all) - from;
}

/* Does a boundary occur as one behind `from`? Looking for those that never come, in each of many
 * parts, would take the square of the mail's size: it is bounded. */
static bool occurs(struct mail *m, struct ov_bytes all, uint32_t boundary)
{
    const char *text = m->header.boundary[boundary];
    const uint32_t bytes = m->header.boundary_bytes[boundary];
    uint64_t at = m->header.body;

    if (m->search_left == 0) {
        return false;
    }
    while ((at = ov_bytes_find(all, at, text, bytes)) != UINT64_MAX) {
        if (at >= 2 && ov_has(all, at - 2, "--", 2)) {
            break;
        }
        at++;
    }
    {
        const uint64_t seen = (at == UINT64_MAX ? ov_bytes_len(all) : at) - m->header.body;

        m->search_left -= seen < m->search_left ? seen : m->search_left;
    }
    return at != UINT64_MAX;
}

/* Pushes those that occur; says whether there are any. */
static bool push_boundaries(struct mail *m, struct ov_bytes all)
{
    bool any = false;

    for (uint32_t i = 0; i < m->header.boundary_count; i++) {
        if (occurs(m, all, i)) {
            push(m, m->header.boundary[i], m->header.boundary_bytes[i]);
            any = true;
        }
    }
    return any;
}

/* --- parts ---------------------------------------------------------------------------------- */

static void name_part(struct mail *m)
{
    m->part++;
    if (ov_bytes_len(ov_buf_bytes(&m->name)) == 0 || !ov_buf_ok(&m->name)) {
        ov_buf_clear(&m->name);
        ov_buf_printf(&m->name, "part %u", m->part);
    }
}

/* An entity begins at m->at: its header, and what its body is. */
static void open_entity(struct ov_parser *p)
{
    struct mail *m = p->state;

    if (!m->begun) {
        m->begun = true;
        m->at = ov_mail_first_header(p->all);
    }
    ov_mail_header_read(p->all, m->at, &m->name, &m->header);
    m->at = m->header.body;
    /* Some readers take whatever has a boundary for a multipart, be its type misspelt or another. */
    if (push_boundaries(m, p->all)) {
        m->in_header = false;
        return;
    }
    if (m->header.multipart) {
        guess_boundary(m, p->all, m->header.body > 0 ? m->header.body - 1 : 0);
        m->in_header = false;
        return;
    }
    if (m->header.message && (m->header.encodings & ~OV_MAIL_RAW) == 0) {
        return; /* another entity begins right here */
    }
    m->in_header = false;
    m->encodings_left = m->header.encodings == 0 ? OV_MAIL_RAW : m->header.encodings;
}

/* Text up to the next boundary: of a part, or between parts. */
static struct ov_bytes take_text(struct ov_parser *p)
{
    struct mail *m = p->state;
    const uint64_t from = m->at;
    uint64_t behind;
    uint32_t level;
    bool closes;
    uint64_t end = end_of_text(m, p->all, from, &behind, &level, &closes);
    struct ov_bytes delimiter;
    const uint64_t entity = ov_mail_find_entity(ov_bytes_between(p->all, 0, end), from, &delimiter);

    if (entity != UINT64_MAX && m->guesses < GUESSES_MAX) {
        /* What a bounce quotes, or what follows a header that was broken off: an entity of its own.
         * A part with a header is given whole nevertheless; a text without, which may be all of the
         * mail, is not: it would be its own part. */
        m->guesses++;
        if (ov_bytes_len(delimiter) != 0 && ov_bytes_len(delimiter) <= OV_MAIL_BOUNDARY_BYTES) {
            push(m, (const char *)ov_bytes_raw(delimiter), (uint32_t)ov_bytes_len(delimiter));
        }
        m->at = entity;
        m->in_header = true;
        end = m->guessed || m->header.lines == 0 ? entity : end;
        m->guessed = true;
        return ov_bytes_between(p->all, from, end);
    }
    m->guessed = false;
    m->at = behind;
    if (level != NO_LEVEL) {
        m->depth = level + (closes ? 0 : 1);
        m->in_header = !closes;
        /* The line end before a boundary belongs to it. */
        if (end > from && ov_u8_at(p->all, end - 1, 0) == '\n') {
            end--;
        }
        if (end > from && ov_u8_at(p->all, end - 1, 0) == '\r') {
            end--;
        }
    }
    return ov_bytes_between(p->all, from, end);
}

static void look_for_uu(struct mail *m, struct ov_bytes text)
{
    m->text = text;
    m->text_at = 0;
    m->text_due = true;
}

/* The same for a part, unless the part itself will be opened as uuencode. */
static void look_for_uu_in_part(struct mail *m, struct ov_bytes text)
{
    if (!ov_uu_begins(ov_bytes_between(text, 0, OV_UU_HEAD_BYTES))) {
        look_for_uu(m, text);
    }
}

/* One of the readings that are due of the part at hand. */
static enum ov_give give_reading(struct ov_parser *p)
{
    struct mail *m = p->state;
    const unsigned bit = m->encodings_left & (~m->encodings_left + 1u);
    const struct ov_bytes name = ov_buf_bytes(&m->name);

    m->encodings_left &= ~bit;
    ov_buf_clear(&m->made);
    if (bit == OV_MAIL_BASE64) {
        ov_decode_base64(&m->made, m->body);
        if (ov_base64_core(m->body, &m->core)) {
            m->encodings_left |= OV_MAIL_CORE;
        }
    } else if (bit == OV_MAIL_CORE) {
        ov_decode_base64(&m->made, m->core);
    } else if (bit == OV_MAIL_QUOTED) {
        ov_decode_quoted(&m->made, m->body);
    }
    if (bit == OV_MAIL_BASE64 || bit == OV_MAIL_CORE || bit == OV_MAIL_QUOTED) {
        if (m->header.text && bit == OV_MAIL_QUOTED) {
            ov_buf_clear(&m->text_kept);
            ov_buf_put(&m->text_kept, ov_bytes_raw(ov_buf_bytes(&m->made)),
                    (size_t)ov_bytes_len(ov_buf_bytes(&m->made)));
            look_for_uu_in_part(m, ov_buf_bytes(&m->text_kept));
        }
        return ov_lay_buf(p, name, &m->made);
    }
    look_for_uu_in_part(m, m->body);
    return ov_lay_bytes(p, name, m->body);
}

/* The next block of uuencode in the text at hand. False: there is none. */
static bool give_uu(struct ov_parser *p)
{
    struct mail *m = p->state;
    struct ov_uu_block block;
    uint64_t end;

    if (!m->text_due || !ov_uu_find(m->text, m->text_at, &block)) {
        m->text_due = false;
        return false;
    }
    ov_buf_clear(&m->made);
    if (!ov_uu_decode(&m->made, m->text, &block, &end) && end > block.body) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the encoded block has no end: cut short");
    }
    m->text_at = end;
    if (ov_bytes_len(ov_buf_bytes(&m->made)) == 0) {
        p->laid.trouble.reason = OV_REASON_NONE; /* a text about uuencode */
        ov_lay_bytes(p, ov_bytes_of(NULL, 0), ov_bytes_of(NULL, 0));
        return false;
    }
    (void)ov_lay_buf(p, block.name, &m->made);
    return true;
}

static enum ov_give mail_step(struct ov_parser *p)
{
    struct mail *m = p->state;

    /* Each turn uses up a reading, a block, or bytes of the mail. */
    for (;;) {
        if (m->encodings_left != 0) {
            return give_reading(p);
        }
        while (m->text_due) {
            if (give_uu(p)) {
                return OV_GIVE_PIECE;
            }
        }
        if (m->search_left == 0 && !m->search_told) {
            m->search_told = true;
            return ov_parser_say(p, OV_REASON_STEPS, "too many boundaries that never come");
        }
        if (m->at >= ov_bytes_len(p->all)) {
            return OV_GIVE_END;
        }
        if (!m->in_header) {
            look_for_uu(m, take_text(p));
            continue;
        }
        open_entity(p);
        if (m->encodings_left != 0) {
            const bool said = !m->guessed;

            m->body = take_text(p);
            if (ov_bytes_len(m->body) == 0 && m->guessed) {
                m->encodings_left = 0;
                continue;
            }
            name_part(m);
            if (m->header.partial && said) {
                ov_lay_trouble(p, OV_REASON_MULTIVOLUME, "a part of a message in several mails");
            }
        }
    }
}

const struct ov_parser_ops ov_parser_mail = {
    .state_bytes = sizeof(struct mail),
    .whole = true,
    .begin = mail_begin,
    .step = mail_step,
    .end = mail_end,
};
