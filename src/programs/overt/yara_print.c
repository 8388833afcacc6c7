/* SPDX-License-Identifier: Apache-2.0 */
/* yara_print.c - rules and strings as yara prints them. Content and names are printed escaped as
 * yara escapes them: what is in a file cannot act on a terminal, but a file's own name can. */
#include "programs/overt/yara_print.h"

#include <inttypes.h>
#include <string.h>

#define HEX_BYTES_SHOWN 64u

/* What is being printed. */
struct page {
    struct ov_buf *buf;
    const struct ov_yr_settings *settings;
    const overt_db *db;
    const overt_report *report;
    size_t next_string; /* of the report */
};

static void put(struct ov_buf *buf, overt_text text)
{
    ov_buf_put(buf, text.bytes, text.len);
}

/* --- the line of a rule ------------------------------------------------------------------------ */

static void put_tags(struct page *p, uint64_t number, const overt_rule *rule)
{
    overt_error err = OVERT_ERROR_INIT;

    ov_buf_put_u8(p->buf, '[');
    for (uint32_t i = 0; i < rule->tag_count; i++) {
        overt_text tag;

        if (overt_db_rule_tag(p->db, number, i, &tag, &err) == OVERT_OK) {
            ov_buf_put_text(p->buf, i == 0 ? "" : ",");
            put(p->buf, tag);
        }
    }
    ov_buf_put_text(p->buf, "] ");
}

/* As in C, but with octal for everything that has no letter. */
static void put_meta_text(struct ov_buf *buf, overt_text text)
{
    static const char letters[] = {
        [7] = 'a', [8] = 'b', [9] = 't', [10] = 'n', [11] = 'v', [12] = 'f', [13] = 'r'
    };

    /* yara keeps it as a C string: it ends at its first NUL. */
    for (size_t i = 0; i < text.len && text.bytes[i] != '\0'; i++) {
        const uint8_t c = (uint8_t)text.bytes[i];

        if (c == '"' || c == '\'' || c == '\\') {
            ov_buf_put_u8(buf, '\\');
            ov_buf_put_u8(buf, c);
        } else if (c >= 32 && c < 127) {
            ov_buf_put_u8(buf, c);
        } else if (c < sizeof(letters) && letters[c] != 0) {
            ov_buf_put_u8(buf, '\\');
            ov_buf_put_u8(buf, (uint8_t)letters[c]);
        } else {
            ov_buf_printf(buf, "\\%03o", (unsigned)c);
        }
    }
}

static void put_metas(struct page *p, uint64_t number, const overt_rule *rule)
{
    overt_error err = OVERT_ERROR_INIT;

    ov_buf_put_u8(p->buf, '[');
    for (uint32_t i = 0; i < rule->meta_count; i++) {
        overt_meta meta;

        if (overt_db_rule_meta(p->db, number, i, &meta, &err) != OVERT_OK) {
            continue;
        }
        ov_buf_put_text(p->buf, i == 0 ? "" : ",");
        put(p->buf, meta.name);
        switch (meta.kind) {
        case OVERT_META_INTEGER: /* with a blank, as yara 4.2 to 4.5 print it */
            ov_buf_printf(p->buf, " =%" PRId64, meta.integer);
            break;
        case OVERT_META_BOOLEAN:
            ov_buf_printf(p->buf, "=%s", meta.integer != 0 ? "true" : "false");
            break;
        case OVERT_META_TEXT:
            ov_buf_put_text(p->buf, "=\"");
            put_meta_text(p->buf, meta.text);
            ov_buf_put_u8(p->buf, '"');
            break;
        }
    }
    ov_buf_put_text(p->buf, "] ");
}

/* --- strings ----------------------------------------------------------------------------------- */

static void put_content(struct ov_buf *buf, overt_text bytes, uint32_t key)
{
    for (size_t i = 0; i < bytes.len; i++) {
        const uint8_t c = (uint8_t)((uint8_t)bytes.bytes[i] ^ key);

        if (c >= 32 && c <= 126) {
            ov_buf_put_u8(buf, c);
        } else {
            ov_buf_printf(buf, "\\x%02X", (unsigned)c);
        }
    }
}

static void put_hex(struct ov_buf *buf, overt_text bytes)
{
    for (size_t i = 0; i < bytes.len && i < HEX_BYTES_SHOWN; i++) {
        ov_buf_printf(buf, "%s%02X", i == 0 ? "" : " ", (unsigned)(uint8_t)bytes.bytes[i]);
    }
    if (bytes.len > HEX_BYTES_SHOWN) {
        ov_buf_put_text(buf, " ...");
    }
}

static void put_match(struct page *p, const overt_string_match *match)
{
    ov_buf_printf(p->buf, "0x%" PRIx64 ":", match->offset);
    if (p->settings->length) {
        ov_buf_printf(p->buf, "%zu:", match->bytes.len); /* as much as is kept, as yara does */
    }
    put(p->buf, match->name);
    if (p->settings->xor_key) {
        ov_buf_printf(p->buf, ":xor(0x%02x,", (unsigned)match->xor_key);
        put_content(p->buf, match->bytes, match->xor_key);
        ov_buf_put_u8(p->buf, ')');
    }
    if (p->settings->strings) {
        ov_buf_put_text(p->buf, ": ");
        if (match->kind == OVERT_STRING_HEX) {
            put_hex(p->buf, match->bytes);
        } else {
            put_content(p->buf, match->bytes, 0);
        }
    }
    ov_buf_put_u8(p->buf, '\n');
}

/* Matches are told rule by rule in ascending order. */
static void put_matches(struct page *p, uint64_t number)
{
    const overt_string_match *match;

    while ((match = overt_report_string(p->report, p->next_string)) != NULL
            && match->rule <= number) {
        if (match->rule == number) {
            put_match(p, match);
        }
        p->next_string++;
    }
}

/* ... first those of rules that hold, then, again in ascending order, the others. Where? */
static size_t first_of_unheld(const overt_report *report)
{
    const overt_string_match *match;
    size_t at = 0, hit = 0;

    while ((match = overt_report_string(report, at)) != NULL) {
        while (hit < overt_report_hit_count(report)
                && overt_report_hit(report, hit)->rule < match->rule) {
            hit++;
        }
        if (hit == overt_report_hit_count(report)
                || overt_report_hit(report, hit)->rule != match->rule) {
            break;
        }
        at++;
    }
    return at;
}

/* --- a report ---------------------------------------------------------------------------------- */

static bool is_among(const struct ov_words *words, overt_text text)
{
    for (size_t i = 0; i < words->count; i++) {
        if (strlen(words->at[i]) == text.len && memcmp(words->at[i], text.bytes, text.len) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct page *p, uint64_t number, const overt_rule *rule)
{
    overt_error err = OVERT_ERROR_INIT;

    if (p->settings->identifiers.count != 0) { /* yara lets it take the place of -t */
        return is_among(&p->settings->identifiers, rule->name);
    }
    if (p->settings->only_tags.count == 0) {
        return true;
    }
    for (uint32_t i = 0; i < rule->tag_count; i++) {
        overt_text tag;

        if (overt_db_rule_tag(p->db, number, i, &tag, &err) == OVERT_OK
                && is_among(&p->settings->only_tags, tag)) {
            return true;
        }
    }
    return false;
}

static void put_rule(struct page *p, uint64_t number, const overt_rule *rule)
{
    const struct ov_yr_settings *s = p->settings;

    if (s->name_space) {
        put(p->buf, rule->space);
        ov_buf_put_u8(p->buf, ':');
    }
    put(p->buf, rule->name);
    ov_buf_put_u8(p->buf, ' ');
    if (s->tags) {
        put_tags(p, number, rule);
    }
    if (s->meta) {
        put_metas(p, number, rule);
    }
    ov_buf_put_text(p->buf, overt_report_name(p->report));
    ov_buf_put_u8(p->buf, '\n');
    if (s->strings || s->length || s->xor_key) {
        put_matches(p, number);
    }
}

/* False: that was the last one that --max-rules allows. */
static bool tell_rule(struct page *p, uint64_t number, bool held, uint64_t *count, uint64_t *total)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_rule rule;

    if (overt_db_rule(p->db, number, &rule, &err) != OVERT_OK || rule.is_private != 0) {
        return true;
    }
    if (held != p->settings->negate && !p->settings->count && is_wanted(p, number, &rule)) {
        put_rule(p, number, &rule);
    }
    if (held) {
        ++*count;
        ++*total;
    }
    return p->settings->rules_max == 0 || *total < (uint64_t)p->settings->rules_max;
}

/* What was said while conditions were evaluated. yara loads a module where it is imported: between
 * the rules before it and those behind it. */
static void put_said(struct page *p)
{
    const size_t count = p->settings->no_console ? 0 : overt_report_said_count(p->report);
    size_t next = 0;
    overt_module module;

    for (size_t i = 0; i <= count; i++) {
        const uint32_t rule = i == count ? UINT32_MAX : overt_report_said_rule(p->report, i);

        while (overt_report_module(p->report, next, &module) != 0 && module.rule <= rule) {
            put(p->buf, module.lines);
            next++;
        }
        if (i < count) {
            put(p->buf, *overt_report_said(p->report, i));
            ov_buf_put_u8(p->buf, '\n');
        }
    }
}

/* Only what holds is asked for, unless --negate or a limit of yara's counts the others, too. */
uint64_t ov_yr_print(struct ov_out *out, const struct ov_yr_settings *settings, const overt_db *db,
        const overt_report *report, uint64_t *total)
{
    struct page page = { .buf = &out->buf, .settings = settings, .db = db, .report = report };
    const size_t hits = overt_report_hit_count(report);
    uint64_t count = 0;

    put_said(&page);
    if (!settings->negate && settings->rules_max == 0) {
        for (size_t i = 0; i < hits; i++) {
            (void)tell_rule(&page, overt_report_hit(report, i)->rule, true, &count, total);
        }
        return count;
    }
    if (settings->negate) {
        page.next_string = first_of_unheld(report);
    }
    for (uint64_t number = 0, hit = 0; number < overt_db_rule_count(db); number++) {
        const bool held = hit < hits && overt_report_hit(report, hit)->rule == number;

        hit += held ? 1 : 0;
        if (!tell_rule(&page, number, held, &count, total)) {
            break;
        }
    }
    return count;
}

void ov_yr_print_stats(struct ov_out *out, const overt_db *db)
{
    uint64_t strings = 0;

    for (uint64_t i = 0; i < overt_db_rule_count(db); i++) {
        overt_error err = OVERT_ERROR_INIT;
        overt_rule rule;

        if (overt_db_rule(db, i, &rule, &err) == OVERT_OK) {
            strings += rule.string_count;
        }
    }
    ov_buf_printf(&out->buf,
            "size of the database               : %" PRIu64 "\n"
            "number of rules                    : %" PRIu64 "\n"
            "number of strings                  : %" PRIu64 "\n",
            overt_db_bytes(db), overt_db_rule_count(db), strings);
}
