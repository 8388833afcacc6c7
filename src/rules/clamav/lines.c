/* SPDX-License-Identifier: Apache-2.0 */
/* lines.c - one record a line, cut at its separators. The text is hostile, however it came. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "rules/clamav/reader.h"

/* --- small texts ------------------------------------------------------------------------------ */

struct ov_bytes part(struct ov_bytes b, uint64_t from, uint64_t to)
{
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    const bool inside = from <= to && ov_bytes_slice(b, from, to - from, &out);

    OV_ASSERT(inside);
    return out;
}

uint64_t find_byte(struct ov_bytes b, char c)
{
    const uint8_t *from = ov_bytes_raw(b);
    const uint8_t *at = ov_bytes_len(b) == 0 ? NULL : memchr(from, c, (size_t)ov_bytes_len(b));

    return at == NULL ? ov_bytes_len(b) : (uint64_t)(at - from);
}

bool is_text(struct ov_bytes b, const char *text)
{
    return ov_bytes_equal(b, text, strlen(text));
}

bool begins(struct ov_bytes b, const char *text)
{
    struct ov_bytes head;

    return ov_bytes_slice(b, 0, strlen(text), &head) && is_text(head, text);
}

bool ends(struct ov_bytes b, const char *text)
{
    const uint64_t len = strlen(text);
    struct ov_bytes tail;

    return ov_bytes_len(b) >= len && ov_bytes_slice(b, ov_bytes_len(b) - len, len, &tail)
           && strncasecmp((const char *)ov_bytes_raw(tail), text, (size_t)len) == 0;
}

/* What a hexadecimal digit is worth, and one; 0: it is none. Lists of hashes are little else. */
/* clang-format off */
static const uint8_t hex_values[256] = {
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ['A'] = 11, 12, 13, 14, 15, 16,
    ['a'] = 11, 12, 13, 14, 15, 16
};
/* clang-format on */

int hex_digit(uint8_t c)
{
    return hex_values[c] - 1;
}

bool read_number(struct ov_bytes b, uint64_t max, uint64_t *out)
{
    struct ov_reader r = ov_reader_on(b);
    uint64_t value = 0;
    uint8_t c;

    if (ov_bytes_len(b) == 0) {
        return false;
    }
    while (ov_read_u8(&r, &c)) {
        if (c < '0' || c > '9' || !ov_mul(&value, value, (uint64_t)10)
                || !ov_add(&value, value, (uint64_t)(c - '0'))) {
            return false;
        }
    }
    if (value > max) {
        return false;
    }
    *out = value;
    return true;
}

bool read_hex(struct ov_bytes b, uint8_t *out)
{
    const uint8_t *digits = ov_bytes_raw(b);
    const uint64_t len = ov_bytes_len(b);
    int all = 0;

    if (len % 2 != 0) {
        return false;
    }
    for (uint64_t i = 0; i < len; i += 2) {
        const int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);

        all |= high | low; /* negative once one of them was */
        out[i / 2] = (uint8_t)((unsigned)high << 4 | (unsigned)low);
    }
    return all >= 0;
}

bool read_hex_copy(struct line *line, struct ov_bytes b, struct ov_bytes *out)
{
    const size_t len = (size_t)ov_bytes_len(b) / 2;
    uint8_t *room = ov_arena_alloc(line->clam->set->arena, len, 1);

    if (room == NULL) {
        return no_memory(line);
    }
    if (!read_hex(b, room)) {
        return refuse(line, "there is something else than pairs of hexadecimal digits");
    }
    *out = ov_bytes_of(room, len);
    return true;
}

/* --- the end of a line ------------------------------------------------------------------------ */

bool refuse(struct line *line, const char *fmt, ...)
{
    char why[240];
    struct ov_bytes name;
    va_list ap;

    if (line->told) {
        return false;
    }
    line->told = true;
    line->clam->count.refused++;
    va_start(ap, fmt);
    (void)vsnprintf(why, sizeof(why), fmt, ap);
    va_end(ap);
    if (!ov_arena_copy(line->clam->set->arena, line->name, &name)) { /* the text may not be kept */
        line->clam->diags->out_of_memory = true;
        return false;
    }
    ov_diag_add(line->clam->diags, line->clam->strict ? OV_DIAG_ERROR : OV_DIAG_WARNING, line->file,
            name, line->number, 0, "%s%.*s%snot loaded: %s", "",
            (int)(ov_bytes_len(line->name) > 128 ? 128 : ov_bytes_len(line->name)),
            (const char *)ov_bytes_raw(line->name), ov_bytes_len(line->name) == 0 ? "" : ", ", why);
    return false;
}

bool skip(struct line *line)
{
    if (!line->told) {
        line->told = true;
        line->clam->count.skipped++;
    }
    return false;
}

bool no_memory(struct line *line)
{
    line->clam->diags->out_of_memory = true;
    return refuse(line, "memory ran out");
}

/* --- lines ------------------------------------------------------------------------------------ */

static struct ov_bytes without_end(struct ov_bytes line)
{
    uint64_t len = ov_bytes_len(line);

    while (len > 0 && ov_bytes_raw(line)[len - 1] == '\r') {
        len--;
    }
    return part(line, 0, len);
}

bool clam_lines(struct ov_clamav *clam, struct ov_bytes file, struct ov_bytes text, bool official,
        line_fn fn)
{
    const uint64_t len = ov_bytes_len(text);
    struct line line = { .clam = clam, .file = file, .official = official };
    uint32_t number = 0;

    for (uint64_t at = 0; at < len && !clam->diags->out_of_memory;) {
        const struct ov_bytes rest = part(text, at, len);
        const uint64_t end = find_byte(rest, '\n');

        number++;
        line.text = without_end(part(rest, 0, end));
        line.number = number;
        line.name = ov_bytes_of(NULL, 0);
        line.field_count = 0; /* its fields are not cleared: there are 80, in millions of lines */
        line.told = false;
        at += end < ov_bytes_len(rest) ? end + 1 : end;
        if (ov_bytes_len(line.text) == 0 || begins(line.text, "#")) {
            continue;
        }
        if (ov_bytes_len(line.text) > OV_CLAM_LINE_BYTES_MAX) {
            (void)refuse(&line, "the line has more than %u bytes", OV_CLAM_LINE_BYTES_MAX);
            continue;
        }
        fn(&line);
        clam->count.loaded += !line.told;
    }
    return !clam->diags->out_of_memory;
}

static bool add_field(struct line *line, struct ov_bytes field)
{
    if (line->field_count == FIELDS_MAX) {
        return refuse(line, "it has more than %u fields", FIELDS_MAX);
    }
    line->fields[line->field_count++] = field;
    return true;
}

bool split(struct line *line, char separator)
{
    struct ov_bytes rest = line->text;

    for (;;) {
        const uint64_t end = find_byte(rest, separator);

        if (!add_field(line, part(rest, 0, end))) {
            return false;
        }
        if (end == ov_bytes_len(rest)) {
            return true;
        }
        rest = part(rest, end + 1, ov_bytes_len(rest));
    }
}

bool split_logical(struct line *line, size_t plain)
{
    const uint8_t *raw = ov_bytes_raw(line->text);
    const uint64_t len = ov_bytes_len(line->text);
    uint64_t from = 0;
    bool inside = false;

    for (uint64_t i = 0; i < len; i++) {
        if (raw[i] == '/' && line->field_count >= plain && (i == 0 || raw[i - 1] != '\\')) {
            inside = !inside;
        }
        if (raw[i] == ';' && !inside) {
            if (!add_field(line, part(line->text, from, i))) {
                return false;
            }
            from = i + 1;
        }
    }
    return add_field(line, part(line->text, from, len));
}

/* --- what many lines have --------------------------------------------------------------------- */

bool check_levels(struct line *line, size_t at)
{
    uint64_t level;

    for (size_t i = at; i < at + 2 && i < line->field_count; i++) {
        /* an empty MaxFL is no bound */
        if (i == at + 1 && ov_bytes_len(line->fields[i]) == 0) {
            continue;
        }
        if (!read_number(line->fields[i], UINT32_MAX, &level)) {
            return refuse(line, "the functionality level is no number");
        }
        if (i == at ? level > OV_CLAM_LEVEL : level < OV_CLAM_LEVEL) {
            return skip(line);
        }
    }
    return true;
}

bool read_range(struct ov_bytes b, uint64_t *min, uint64_t *max)
{
    const uint64_t dash = find_byte(b, '-');

    return dash < ov_bytes_len(b) && read_number(part(b, 0, dash), UINT64_MAX, min)
           && read_number(part(b, dash + 1, ov_bytes_len(b)), UINT64_MAX, max);
}

/* PUA.Category.Name: is the category one of those that were named? */
static bool category_wanted(const struct ov_clamav *clam, struct ov_bytes name)
{
    const uint8_t *raw = ov_bytes_raw(name);
    uint64_t dot = ov_bytes_len(name);
    struct ov_bytes category;

    if (clam->pua_category_count == 0) {
        return true;
    }
    if (!begins(name, "PUA.")) {
        return false;
    }
    while (dot > 3 && raw[dot - 1] != '.') {
        dot--;
    }
    category = dot > 4 ? part(name, 4, dot - 1) : ov_bytes_of(NULL, 0);
    for (size_t i = 0; i < clam->pua_category_count; i++) {
        const struct ov_bytes wanted = clam->pua_categories[i];

        if (ov_bytes_len(category) != 0 && (begins(category, (const char *)ov_bytes_raw(wanted)))) {
            return clam->pua_only_these;
        }
    }
    return !clam->pua_only_these;
}

static bool is_ignored(const struct line *line, struct ov_bytes raw)
{
    const struct ov_bytes none = ov_bytes_of("", 0);
    const struct ov_clamav *clam = line->clam;
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    if (ov_names_find(&clam->ignored, none, raw) != NULL) {
        return true;
    }
    if (clam->ignored_lines.priv_root == NULL) {
        return false;
    }
    return ov_digest_of(OV_DIGEST_MD5, line->text, digest)
           && ov_names_find(&clam->ignored_lines, raw, ov_bytes_of(digest, 16)) != NULL;
}

/* " (Clam)" and everything behind it is no part of a name. */
static struct ov_bytes without_mark(struct ov_bytes name)
{
    static const char mark[] = " (Clam)";
    const uint8_t *at = find_byte(name, mark[0]) == ov_bytes_len(name)
                                ? NULL
                                : memmem(ov_bytes_raw(name), (size_t)ov_bytes_len(name), mark,
                                        sizeof(mark) - 1);

    return at == NULL ? name : part(name, 0, (uint64_t)(at - ov_bytes_raw(name)));
}

/* Is it wanted? *raw loses what is no part of it. */
static bool name_wanted(struct line *line, struct ov_bytes *raw, bool pua)
{
    *raw = without_mark(*raw);
    line->name = *raw;
    if (ov_bytes_len(*raw) == 0 || ov_bytes_len(*raw) > OV_HASH_NAME_BYTES_MAX) {
        return refuse(line, "a name has 1 to %u bytes", OV_HASH_NAME_BYTES_MAX);
    }
    if (line->clam->no_phishing
            && (begins(*raw, "HTML.Phishing") || begins(*raw, "Email.Phishing"))) {
        return skip(line);
    }
    if (is_ignored(line, *raw) || (pua && !category_wanted(line->clam, *raw))) {
        return skip(line);
    }
    return true;
}

bool take_name_into(struct line *line, struct ov_bytes raw, bool pua,
        uint8_t room[SHOWN_NAME_BYTES_MAX], struct ov_bytes *shown)
{
    size_t len;

    if (!name_wanted(line, &raw, pua)) {
        return false;
    }
    len = (size_t)ov_bytes_len(raw);
    *shown = raw;
    if (!line->official) {
        memcpy(room, ov_bytes_raw(raw), len);
        memcpy(room + len, NAME_SUFFIX, sizeof(NAME_SUFFIX));
        *shown = ov_bytes_of(room, len + sizeof(NAME_SUFFIX) - 1);
    }
    return true;
}

bool take_name(struct line *line, struct ov_bytes raw, bool pua, struct ov_bytes *shown)
{
    uint8_t room[SHOWN_NAME_BYTES_MAX];
    struct ov_bytes name;

    if (!take_name_into(line, raw, pua, room, &name)) {
        return false;
    }
    if (line->official) {
        *shown = name;
        return true;
    }
    return ov_arena_copy(line->clam->set->arena, name, shown) || no_memory(line);
}
