/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c - lines that are no signatures: certificates (.crb), passwords (.pwdb), types (.ftm), switches
 * (.cfg), and digests in XML (.ioc). What the scanner does with the first two is in db/lists.h. */
#include "db/lists.h"

#include <string.h>

#include "base/checked.h"
#include "rules/clamav/reader.h"

bool list_add(struct line *line, enum ov_list_kind kind, const void *head, size_t head_bytes,
        struct ov_bytes rest)
{
    const size_t rest_bytes = (size_t)ov_bytes_len(rest);
    uint8_t *room = ov_arena_alloc(line->clam->set->arena, head_bytes + rest_bytes, 1);

    if (room == NULL) {
        return no_memory(line);
    }
    memcpy(room, head, head_bytes);
    memcpy(room + head_bytes, ov_bytes_raw(rest), rest_bytes);
    line->clam->set->clam = true;
    return ov_rule_set_add_list(
                   line->clam->set, (uint32_t)kind, ov_bytes_of(room, head_bytes + rest_bytes))
           || no_memory(line);
}

/* --- types -------------------------------------------------------------------------------------- */

/* MagicType:Offset:Hex:Name:RequiredType:Type[:MinFL[:MaxFL]]; the required type says nothing of bytes
 * at a place (observed). */
void line_ftm(struct line *line)
{
    const struct ov_bytes *f = line->fields;
    struct ov_list_magic head;
    struct ov_bytes bytes;
    enum ov_clam_type type, required;
    uint64_t offset;

    if (!split(line, ':')) {
        return;
    }
    line->name = line->field_count > 3 ? f[3] : line->name;
    if (line->field_count < 6 || line->field_count > 8) {
        (void)refuse(line, "it has %zu fields instead of 6 to 8", line->field_count);
        return;
    }
    if (!check_levels(line, 6)) {
        return;
    }
    if (!ov_clam_type_of(f[4], &required) || !ov_clam_type_of(f[5], &type)) {
        (void)refuse(line, "it names a type that is none");
        return;
    }
    if (is_text(f[0], "1") || is_text(f[0], "4")) {
        (void)refuse(line, "%s, overt tells by itself",
                is_text(f[0], "1") ? "what lies somewhere in an object" : "what is in a partition");
        return;
    }
    if (!is_text(f[0], "0") || !read_number(f[1], UINT32_MAX, &offset) || ov_bytes_len(f[2]) == 0) {
        (void)refuse(line, "it says no bytes at a place");
        return;
    }
    if (!read_hex_copy(line, f[2], &bytes)) {
        return;
    }
    head.type = ov_le32_of((uint32_t)type);
    head.offset = ov_le32_of((uint32_t)offset);
    (void)list_add(line, OV_LIST_MAGIC, &head, sizeof(head), bytes);
}

/* --- switches of parsers ------------------------------------------------------------------------ */

/* CATEGORY:0xFLAGS:MinFL:MaxFL. Lines that were made for other levels, which are all that were ever
 * published for long, say nothing to this one. */
void line_cfg(struct line *line)
{
    if (!split(line, ':')) {
        return;
    }
    line->name = line->fields[0];
    if (line->field_count != 4) {
        (void)refuse(line, "it has %zu fields instead of 4", line->field_count);
        return;
    }
    if (check_levels(line, 2)) {
        (void)refuse(line, "which parsers its bits switch off is not known");
    }
}

/* --- certificates ----------------------------------------------------------------------------- */

static bool read_sha1(struct line *line, struct ov_bytes text, uint8_t out[20], const char *what)
{
    return (ov_bytes_len(text) == 40 && read_hex(text, out))
           || refuse(line, "%s is no SHA-1 in hexadecimal", what);
}

static bool read_flag(
        struct line *line, struct ov_bytes text, uint32_t flag, uint32_t *flags, const char *what)
{
    if (!is_text(text, "0") && !is_text(text, "1")) {
        return refuse(line, "%s is said by 0 or 1", what);
    }
    *flags |= is_text(text, "1") ? flag : 0;
    return true;
}

/* Whoever is signed by it is detected under this name. */
static bool block(struct line *line, uint32_t number)
{
    struct ov_expr *parts[2];
    struct ov_bytes shown;
    struct ov_rule *rule;

    line->official = true; /* as ClamAV, which appends nothing to these */
    if (!take_name(line, line->fields[0], false, &shown)) {
        return false;
    }
    parts[0] = ex_object(line, OV_FACT_TARGET, OV_TARGET_PE);
    parts[1] = ex_object(line, OV_FACT_CERTIFICATE, number);
    rule = rule_new(line, shown, 0);
    if (rule == NULL) {
        return false;
    }
    rule->flags = OV_RULE_OPEN;
    rule->condition = ex_list(line, OV_EXPR_AND, parts, 2);
    return rule->condition != NULL;
}

/* Name;Trusted;Subject;Serial;Pubkey;Exponent;CodeSign;TimeSign;CertSign;NotBefore;Comment */
void line_crb(struct line *line)
{
    const struct ov_bytes *f = line->fields;
    struct ov_list_certificate head = { .flags = ov_le32_of(0) };
    struct ov_bytes modulus;
    uint32_t flags = 0;

    if (!split(line, ';')) {
        return;
    }
    line->name = f[0];
    if (line->field_count < 11 || line->field_count > 13) {
        (void)refuse(line, "it has %zu fields instead of 11 to 13", line->field_count);
        return;
    }
    if (line->clam->no_certificates) {
        (void)skip(line);
        return;
    }
    if (!check_levels(line, 11)
            || !read_flag(line, f[1], OV_LIST_CERTIFICATE_TRUSTED, &flags, "whether it is trusted")
            || !read_sha1(line, f[2], head.subject, "the subject")
            || (ov_bytes_len(f[3]) != 0 && !read_sha1(line, f[3], head.serial, "the number"))
            || !read_flag(line, f[6], OV_LIST_CERTIFICATE_CODE, &flags, "whether it signs programs")
            || !read_flag(line, f[7], OV_LIST_CERTIFICATE_TIME, &flags, "whether it signs times")
            || !read_flag(line, f[8], OV_LIST_CERTIFICATE_ISSUES, &flags,
                    "whether it signs certificates")) {
        return;
    }
    if (ov_bytes_len(f[4]) == 0) {
        (void)refuse(line, "it has no key");
        return;
    }
    if (!read_hex_copy(line, f[4], &modulus)) {
        return;
    }
    flags |= ov_bytes_len(f[3]) != 0 ? OV_LIST_CERTIFICATE_HAS_SERIAL : 0;
    head.flags = ov_le32_of(flags);
    if (list_add(line, OV_LIST_CERTIFICATE, &head, sizeof(head), modulus)) {
        const uint32_t number = line->clam->certificate_count++;

        if ((flags & OV_LIST_CERTIFICATE_TRUSTED) == 0) {
            (void)block(line, number);
        }
    }
}

/* --- passwords -------------------------------------------------------------------------------- */

static bool read_container(struct line *line, struct ov_bytes tdb, enum ov_clam_type *out)
{
    *out = OV_CLAM_ANY;
    while (ov_bytes_len(tdb) != 0) {
        const uint64_t comma = find_byte(tdb, ',');
        const struct ov_bytes pair = part(tdb, 0, comma);
        const struct ov_bytes value = part(pair,
                find_byte(pair, ':') + 1 > ov_bytes_len(pair) ? ov_bytes_len(pair)
                                                              : find_byte(pair, ':') + 1,
                ov_bytes_len(pair));
        uint64_t min, max;

        if (begins(pair, "Engine:")) {
            if (!read_range(value, &min, &max)) {
                return refuse(line, "Engine wants two numbers");
            }
            if (min > OV_CLAM_LEVEL || max < OV_CLAM_LEVEL) {
                return skip(line);
            }
        } else if (begins(pair, "Container:")) {
            if (!ov_clam_type_of(value, out)) {
                return skip(line);
            }
        } else {
            return refuse(line, "passwords know the keys Engine and Container");
        }
        tdb = part(tdb, comma == ov_bytes_len(tdb) ? comma : comma + 1, ov_bytes_len(tdb));
    }
    return true;
}

/* Name;TDB;Type;Password */
void line_pwdb(struct line *line)
{
    const struct ov_bytes *f = line->fields;
    struct ov_list_password head;
    struct ov_bytes password = ov_bytes_of(NULL, 0);
    enum ov_clam_type container;

    if (!split(line, ';')) {
        return;
    }
    line->name = f[0];
    if (line->field_count != 4) {
        (void)refuse(line, "it has %zu fields instead of 4", line->field_count);
        return;
    }
    if (!read_container(line, f[1], &container)) {
        return;
    }
    if (is_text(f[2], "0")) {
        password = f[3];
    } else if (!is_text(f[2], "1")) {
        (void)refuse(line, "a password is plain (0) or hexadecimal (1)");
        return;
    } else if (!read_hex_copy(line, f[3], &password)) {
        return;
    }
    if (ov_bytes_len(password) == 0 || ov_bytes_len(password) > OV_PASSWORD_BYTES_MAX) {
        (void)refuse(line, "a password has 1 to %u bytes", OV_PASSWORD_BYTES_MAX);
        return;
    }
    head.container = ov_le32_of((uint32_t)container);
    (void)list_add(line, OV_LIST_PASSWORD, &head, sizeof(head), password);
}

/* --- indicators ------------------------------------------------------------------------------- */

/* Of OpenIOC only what ClamAV takes: digests of files, found by their elements. Nothing else of XML
 * is understood, so nothing else of it can do harm. */

/* The text between `open` and `close` from *at on, which goes behind it. */
static bool next_between(struct ov_bytes xml, uint64_t *at, const char *open, const char *close,
        struct ov_bytes *out)
{
    const struct ov_bytes rest = part(xml, *at, ov_bytes_len(xml));
    const uint8_t *raw = ov_bytes_raw(rest), *from, *to;
    const size_t left = (size_t)ov_bytes_len(rest);

    from = memmem(raw, left, open, strlen(open));
    if (from == NULL) {
        return false;
    }
    from += strlen(open);
    to = memmem(from, left - (size_t)(from - raw), close, strlen(close));
    if (to == NULL) {
        return false;
    }
    *out = part(rest, (uint64_t)(from - raw), (uint64_t)(to - raw));
    *at += (uint64_t)(to - raw) + strlen(close);
    return true;
}

static struct ov_bytes trimmed(struct ov_bytes text)
{
    uint64_t from = 0, to = ov_bytes_len(text);
    const uint8_t *raw = ov_bytes_raw(text);

    while (from < to && raw[from] <= ' ') {
        from++;
    }
    while (to > from && raw[to - 1] <= ' ') {
        to--;
    }
    return part(text, from, to);
}

/* One <IndicatorItem>: the text of its <Content>, if it is a digest of a file. */
static bool digest_of_item(struct ov_bytes item, struct ov_bytes *out)
{
    const uint8_t *raw = ov_bytes_raw(item);
    const size_t len = (size_t)ov_bytes_len(item);
    struct ov_bytes type = ov_bytes_of(NULL, 0), content;
    uint64_t at = 0, again = 0;

    if (!next_between(item, &at, "<Content", "</Content>", &content)) {
        return false;
    }
    (void)next_between(content, &again, "type=\"", "\"", &type);
    if (memmem(raw, len, "FileItem/Md5sum", 15) == NULL
            && memmem(raw, len, "FileItem/Sha1sum", 16) == NULL
            && memmem(raw, len, "FileItem/Sha256sum", 18) == NULL && !is_text(type, "md5")
            && !is_text(type, "sha1") && !is_text(type, "sha256")) {
        return false;
    }
    again = find_byte(content, '>');
    if (again == ov_bytes_len(content)) {
        return false;
    }
    *out = trimmed(part(content, again + 1, ov_bytes_len(content)));
    return true;
}

/* FILE.DIGEST, as ClamAV calls them. */
static struct ov_bytes name_of_item(struct line *line, struct ov_bytes digest)
{
    const uint8_t *raw = ov_bytes_raw(line->file);
    uint64_t from = ov_bytes_len(line->file);
    struct ov_bytes file;
    uint8_t *room;

    while (from > 0 && raw[from - 1] != '/') {
        from--;
    }
    file = part(line->file, from, ov_bytes_len(line->file));
    room = ov_arena_alloc(
            line->clam->set->arena, (size_t)(ov_bytes_len(file) + 1 + ov_bytes_len(digest)), 1);
    if (room == NULL) {
        (void)no_memory(line);
        return ov_bytes_of(NULL, 0);
    }
    memcpy(room, ov_bytes_raw(file), (size_t)ov_bytes_len(file));
    room[ov_bytes_len(file)] = '.';
    memcpy(room + ov_bytes_len(file) + 1, ov_bytes_raw(digest), (size_t)ov_bytes_len(digest));
    return ov_bytes_of(room, (size_t)(ov_bytes_len(file) + 1 + ov_bytes_len(digest)));
}

bool clam_indicators(
        struct ov_clamav *clam, struct ov_bytes file, struct ov_bytes text, bool official)
{
    struct ov_bytes item;
    uint64_t at = 0, counted = 0;
    uint32_t number = 1;

    while (next_between(text, &at, "<IndicatorItem", "</IndicatorItem>", &item)) {
        struct line line = { .clam = clam, .file = file, .official = official, .text = item };
        struct ov_bytes digest;

        line.number = number;
        for (; counted < at; counted++) {
            number += ov_bytes_raw(text)[counted] == '\n';
        }
        if (digest_of_item(item, &digest)) {
            hash_of_any_size(&line, digest, name_of_item(&line, digest));
            clam->count.loaded += !line.told;
        }
    }
    return !clam->diags->out_of_memory;
}
