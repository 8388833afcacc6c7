/* SPDX-License-Identifier: Apache-2.0 */
/* entry.c - the text of entries, and the bodies of each kind. One spelling each: an entry that was
 * read and is put again gives the same bytes. */
#include "trust/entry.h"

#include <inttypes.h>
#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "base/defence.h"
#include "trust/line.h"

#define MAGIC "overt-entry/v1"

static const char *const kind_names[OV_ENTRY_KINDS] = {
    [OV_ENTRY_RULE] = "rule",
    [OV_ENTRY_REVOKE] = "revoke",
    [OV_ENTRY_SUPPRESS] = "suppress",
    [OV_ENTRY_BINARY] = "binary",
    [OV_ENTRY_KEYSET] = "keyset",
    [OV_ENTRY_STATEMENT] = "statement",
};

const char *ov_entry_kind_name(enum ov_entry_kind kind)
{
    OV_ASSERT((unsigned)kind < OV_ENTRY_KINDS);
    return kind_names[kind];
}

bool ov_entry_kind_of(struct ov_bytes name, enum ov_entry_kind *out)
{
    for (unsigned i = 0; i < OV_ENTRY_KINDS; i++) {
        if (ov_bytes_equal(name, kind_names[i], strlen(kind_names[i]))) {
            *out = (enum ov_entry_kind)i;
            return true;
        }
    }
    return false;
}

bool ov_entry_name_is_good(struct ov_bytes name)
{
    const uint64_t len = ov_bytes_len(name);

    for (uint64_t i = 0; i < len; i++) {
        const uint8_t c = ov_bytes_raw(name)[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.'
                    || c == '_' || c == '-')) {
            return false;
        }
    }
    return len >= 1 && len <= OV_ENTRY_NAME_BYTES_MAX;
}

/* --- bodies --------------------------------------------------------------------------------- */

static bool is_hex(struct ov_bytes text, uint64_t digits)
{
    for (uint64_t i = 0; i < ov_bytes_len(text); i++) {
        const uint8_t c = ov_bytes_raw(text)[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            return false;
        }
    }
    return ov_bytes_len(text) == digits;
}

bool ov_rule_body_sample(struct ov_lines *lines, bool *must_hold, struct ov_bytes *base64)
{
    struct ov_bytes line;

    if (!ov_lines_next(lines, &line)) {
        return false;
    }
    *must_hold = ov_text_after(line, "holds ", base64);
    return *must_hold || ov_text_after(line, "spares ", base64);
}

static overt_status check_sample(
        const struct ov_lines *lines, struct ov_bytes base64, overt_error *err)
{
    size_t len = 0;
    const char *why = ov_base64_decode(base64, NULL, 0, &len);

    if (why == NULL && len == 0) {
        why = "it is empty";
    }
    return why == NULL ? OVERT_OK
                       : ov_line_fail(err, OVERT_E_SYNTAX, lines, "in the sample: %s", why);
}

static const char *const languages[OV_LANGUAGES] = {
    [OV_LANGUAGE_YARA] = "yara",
    [OV_LANGUAGE_HASHLIST] = "hashlist",
    [OV_LANGUAGE_CLAMAV_NDB] = "clamav-ndb",
    [OV_LANGUAGE_CLAMAV_LDB] = "clamav-ldb",
    [OV_LANGUAGE_CLAMAV_MDB] = "clamav-mdb",
    [OV_LANGUAGE_CLAMAV_MSB] = "clamav-msb",
};

const char *ov_rule_language_name(enum ov_rule_language language)
{
    return languages[language];
}

static bool language_of(struct ov_bytes line, enum ov_rule_language *out)
{
    struct ov_bytes name;

    for (unsigned i = 0; ov_text_after(line, "language ", &name) && i < OV_LANGUAGES; i++) {
        if (ov_bytes_equal(name, languages[i], strlen(languages[i]))) {
            *out = (enum ov_rule_language)i;
            return true;
        }
    }
    return false;
}

/* One signature is one line; of lists there is a most. */
static overt_status check_lines(const struct ov_rule_body *body, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body->text);
    struct ov_bytes line;
    uint32_t count = 0;

    if (body->language == OV_LANGUAGE_YARA) {
        return OVERT_OK;
    }
    while (ov_lines_next(&lines, &line)) {
        count++;
    }
    if (body->language == OV_LANGUAGE_CLAMAV_NDB || body->language == OV_LANGUAGE_CLAMAV_LDB) {
        return count == 1 ? OVERT_OK
                          : ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                                  "an entry of this language holds one line");
    }
    return count <= OV_ENTRY_HASH_LINES_MAX
                   ? OVERT_OK
                   : ov_line_fail(err, OVERT_E_LIMIT, &lines, "more than %u lines of hashes",
                           OV_ENTRY_HASH_LINES_MAX);
}

overt_status ov_rule_body_read(struct ov_bytes body, struct ov_rule_body *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body);
    struct ov_bytes line, rest;
    struct ov_rule_body read = { .language = OV_LANGUAGE_YARA };
    uint64_t from;

    if (!ov_lines_next(&lines, &line)) {
        return ov_fail(err, OVERT_E_SYNTAX, 0, "a rule's body begins with its language");
    }
    if (!language_of(line, &read.language)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                "the language is none of yara, hashlist, clamav-ndb, -ldb, -mdb, -msb");
    }
    from = lines.next;
    for (;;) {
        overt_status status = OVERT_OK;

        if (!ov_lines_next(&lines, &line)) {
            return ov_line_fail(
                    err, OVERT_E_SYNTAX, &lines, "no empty line before the text of the rule");
        }
        if (ov_bytes_len(line) == 0) {
            break;
        }
        if (!ov_text_after(line, "holds ", &rest) && !ov_text_after(line, "spares ", &rest)) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                    "before a rule's text stand lines with `holds` or `spares`, nothing else");
        }
        status = check_sample(&lines, rest, err);
        if (status != OVERT_OK) {
            return status;
        }
    }
    read.samples = ov_text_cut(body, from, lines.at - from);
    read.text = ov_lines_rest(&lines);
    if (ov_bytes_len(read.text) == 0) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "a rule without text");
    }
    *out = read;
    return check_lines(out, err);
}

bool ov_revoke_next(struct ov_lines *lines, uint64_t *index)
{
    struct ov_bytes line, number;

    return ov_lines_next(lines, &line) && ov_text_after(line, "entry ", &number)
           && ov_decimal_read(number, index) == NULL;
}

bool ov_suppress_next(struct ov_lines *lines, struct ov_bytes *sha256_hex)
{
    struct ov_bytes line;

    return ov_lines_next(lines, &line) && ov_text_after(line, "sha256 ", sha256_hex)
           && is_hex(*sha256_hex, 64);
}

/* Lines of one form and nothing else, at least one. A pattern, a name, a wildcard are other forms. */
static overt_status check_revoke(struct ov_bytes body, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body);
    uint64_t index;
    bool good = ov_bytes_len(body) != 0;

    while (good && lines.next < ov_bytes_len(body)) {
        good = ov_revoke_next(&lines, &index);
    }
    if (!good) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, &lines, "a revoke body is lines of `entry NUMBER` alone");
    }
    return OVERT_OK;
}

static overt_status check_suppress(struct ov_bytes body, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body);
    struct ov_bytes hex;
    bool good = ov_bytes_len(body) != 0;

    while (good && lines.next < ov_bytes_len(body)) {
        good = ov_suppress_next(&lines, &hex);
    }
    if (!good && OV_DEFENDED(exact_suppression)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                "a suppress body is lines of `sha256` and 64 hex digits alone, no pattern");
    }
    return OVERT_OK;
}

/* `file SHA256 NAME` of what was built, `commit ID` of what from, `recipe TEXT` how. */
static overt_status check_binary(struct ov_bytes body, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body);
    uint32_t files = 0, commits = 0, recipes = 0;
    struct ov_bytes line, rest, hex, name;

    while (ov_lines_next(&lines, &line)) {
        if (ov_text_after(line, "file ", &rest)) {
            if (!ov_text_split(rest, ' ', &hex, &name) || !is_hex(hex, 64)
                    || ov_bytes_len(name) == 0) {
                return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "`file`, a SHA-256, a name");
            }
            files++;
        } else if (ov_text_after(line, "commit ", &rest) && ov_bytes_len(rest) != 0) {
            commits++;
        } else if (ov_text_after(line, "recipe ", &rest) && ov_bytes_len(rest) != 0) {
            recipes++;
        } else {
            return ov_line_fail(
                    err, OVERT_E_SYNTAX, &lines, "a binary body has lines file, commit, recipe");
        }
    }
    if (files == 0 || commits != 1 || recipes == 0) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                "a binary body names its files, one commit and the recipe");
    }
    return OVERT_OK;
}

static overt_status read_keyset_line(
        struct ov_lines *lines, struct ov_bytes line, struct ov_keyset *keyset, overt_error *err)
{
    struct ov_bytes rest, kind_name, number;
    overt_error inner = OVERT_ERROR_INIT;
    enum ov_entry_kind kind = OV_ENTRY_KINDS;
    uint64_t need = 0;
    struct ov_key key;

    if (ov_text_after(line, "key ", &rest)) {
        if (ov_key_read(rest, &key, &inner) != OVERT_OK) {
            return ov_line_fail(err, OVERT_E_SYNTAX, lines, "%s", inner.message);
        }
        if (key.algorithm != OV_KEY_ED25519) {
            return ov_line_fail(err, OVERT_E_SYNTAX, lines, "a release key is one of 0x01");
        }
        for (uint32_t i = 0; i < keyset->key_count; i++) {
            if (ov_key_is_same(&key, &keyset->keys[i])) {
                return ov_line_fail(err, OVERT_E_SYNTAX, lines, "this key stands here already");
            }
        }
        if (keyset->key_count == OV_RELEASE_KEYS_MAX) {
            return ov_line_fail(
                    err, OVERT_E_LIMIT, lines, "more than %u release keys", OV_RELEASE_KEYS_MAX);
        }
        keyset->keys[keyset->key_count++] = key;
        return OVERT_OK;
    }
    if (!ov_text_after(line, "threshold ", &rest) || !ov_text_split(rest, ' ', &kind_name, &number)
            || !ov_entry_kind_of(kind_name, &kind) || ov_decimal_read(number, &need) != NULL
            || need == 0 || need > OV_RELEASE_KEYS_MAX || keyset->thresholds[kind] != 0) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines,
                "a keyset has lines `key VKEY` and, once a kind, `threshold KIND NUMBER`");
    }
    keyset->thresholds[kind] = (uint32_t)need;
    return OVERT_OK;
}

overt_status ov_keyset_read(struct ov_bytes body, struct ov_keyset *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body);
    struct ov_bytes line;

    *out = (struct ov_keyset){ 0 };
    while (ov_lines_next(&lines, &line)) {
        const overt_status status = read_keyset_line(&lines, line, out, err);

        if (status != OVERT_OK) {
            return status;
        }
    }
    for (unsigned i = 0; i < OV_ENTRY_KINDS; i++) {
        if (out->thresholds[i] == 0 || out->thresholds[i] > out->key_count) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                    "the threshold for %s is missing, or more than there are keys", kind_names[i]);
        }
    }
    return OVERT_OK;
}

overt_status ov_keyset_check(const struct ov_keyset *keyset, const struct ov_note *note,
        enum ov_entry_kind kind, overt_error *err)
{
    uint32_t have = 0;

    for (uint32_t i = 0; i < keyset->key_count; i++) {
        struct ov_note_check check = { 0 };
        const overt_status status = ov_note_check_key(note, &keyset->keys[i], &check, err);

        if (status != OVERT_OK) {
            return status;
        }
        have += check.is_signed;
    }
    if (have < keyset->thresholds[kind] && OV_DEFENDED(thresholds)) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "signed by %u release keys; a %s entry needs %u", have, kind_names[kind],
                keyset->thresholds[kind]);
    }
    return OVERT_OK;
}

static overt_status check_body(const struct ov_entry *entry, overt_error *err)
{
    struct ov_keyset keyset;
    struct ov_rule_body rule;

    switch (entry->kind) {
    case OV_ENTRY_RULE:
        return ov_rule_body_read(entry->body, &rule, err);
    case OV_ENTRY_REVOKE:
        return check_revoke(entry->body, err);
    case OV_ENTRY_SUPPRESS:
        return check_suppress(entry->body, err);
    case OV_ENTRY_BINARY:
        return check_binary(entry->body, err);
    case OV_ENTRY_KEYSET:
        return ov_keyset_read(entry->body, &keyset, err);
    case OV_ENTRY_STATEMENT:
    case OV_ENTRY_KINDS:
        break;
    }
    return OVERT_OK;
}

/* --- the text ------------------------------------------------------------------------------- */

overt_status ov_entry_read(struct ov_bytes text, struct ov_entry *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(text);
    struct ov_entry entry = { .kind = OV_ENTRY_KINDS };
    struct ov_bytes line[7];
    uint64_t body_bytes = 0;
    overt_status status;
    const char *why;

    for (size_t i = 0; i < 7; i++) {
        if (!ov_lines_next(&lines, &line[i])) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                    "an entry has six lines, an empty "
                    "one, and then its body");
        }
        if (i == 0 && !ov_bytes_equal(line[0], MAGIC, strlen(MAGIC))) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "not an entry of version 1");
        }
        if (i == 1 && !ov_entry_kind_of(line[1], &entry.kind)) {
            if (!OV_DEFENDED(known_kinds)) {
                entry.kind = OV_ENTRY_STATEMENT;
                continue;
            }
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "an entry of an unknown kind");
        }
        if (i == 2 && !ov_entry_name_is_good(line[2])) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                    "an entry's name is 1 to %u characters of [0-9A-Za-z._-]",
                    OV_ENTRY_NAME_BYTES_MAX);
        }
        if (i == 3 && !ov_key_name_is_good(line[3])) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "the scope is no name of a log");
        }
        why = i == 4   ? ov_decimal_read(line[4], &entry.not_before)
              : i == 5 ? ov_decimal_read(line[5], &body_bytes)
                       : NULL;
        if (why != NULL || (i == 6 && ov_bytes_len(line[6]) != 0)) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "%s",
                    why != NULL ? why : "no empty line before the body");
        }
    }
    entry.name = line[2];
    entry.scope = line[3];
    entry.body = ov_lines_rest(&lines);
    if (ov_bytes_len(entry.body) != body_bytes || body_bytes == 0
            || ov_bytes_raw(entry.body)[body_bytes - 1] != '\n') {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                "the body has as many bytes as is said before it, and ends in LF");
    }
    status = check_body(&entry, err);
    if (status != OVERT_OK) {
        ov_line_shift(err, &lines);
        return status;
    }
    *out = entry;
    return OVERT_OK;
}

static void put_line(struct ov_buf *out, struct ov_bytes text)
{
    ov_buf_put(out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    ov_buf_put_u8(out, '\n');
}

void ov_entry_put(struct ov_buf *out, const struct ov_entry *entry)
{
    ov_buf_printf(out, "%s\n%s\n", MAGIC, ov_entry_kind_name(entry->kind));
    put_line(out, entry->name);
    put_line(out, entry->scope);
    ov_buf_printf(
            out, "%" PRIu64 "\n%" PRIu64 "\n\n", entry->not_before, ov_bytes_len(entry->body));
    ov_buf_put(out, ov_bytes_raw(entry->body), (size_t)ov_bytes_len(entry->body));
}
