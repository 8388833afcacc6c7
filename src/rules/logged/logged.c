/* SPDX-License-Identifier: Apache-2.0 */
/* logged.c - reads a rule stream. What it comes from was verified; its rules are still anyone's
 * text. A rule of a log stands alone: no global, no private, no include, one rule an entry. */
#include "rules/logged/logged.h"

#include <stdio.h>
#include <string.h>

#include "base/defence.h"
#include "base/limits.h"
#include "rules/clamav/clamav.h"
#include "rules/hashlist/hashlist.h"
#include "rules/lint/lint.h"
#include "rules/yara/yara.h"

#define MAGIC          "overt-rules/v1\n"
#define DECISIONS      "overt-decisions/v1\n"
#define LINE_BYTES_MAX 300u

struct record {
    bool accepted; /* by the owner: the lint says nothing */
    uint64_t index;
    struct ov_bytes name;
    struct ov_bytes text;
};

static bool cut(struct ov_bytes *rest, uint64_t bytes, struct ov_bytes *out)
{
    struct ov_bytes piece;

    if (!ov_bytes_slice(*rest, 0, bytes, &piece)
            || !ov_bytes_slice(*rest, bytes, ov_bytes_len(*rest) - bytes, rest)) {
        return false;
    }
    *out = piece;
    return true;
}

/* Everything up to `end`, which is dropped; at most LINE_BYTES_MAX. */
static bool cut_word(struct ov_bytes *rest, char end, struct ov_bytes *word)
{
    const uint64_t len = ov_bytes_len(*rest);

    for (uint64_t i = 0; i < len && i < LINE_BYTES_MAX; i++) {
        if (ov_bytes_raw(*rest)[i] == (uint8_t)end) {
            struct ov_bytes dropped;

            return cut(rest, i, word) && cut(rest, 1, &dropped);
        }
    }
    return false;
}

static bool cut_number(struct ov_bytes *rest, char end, uint64_t *out)
{
    struct ov_bytes word;
    uint64_t value = 0;

    if (!cut_word(rest, end, &word) || ov_bytes_len(word) == 0 || ov_bytes_len(word) > 18) {
        return false;
    }
    for (uint64_t i = 0; i < ov_bytes_len(word); i++) {
        const uint8_t c = ov_bytes_raw(word)[i];

        if (c < '0' || c > '9') {
            return false;
        }
        value = value * 10 + (uint64_t)(c - '0');
    }
    *out = value;
    return true;
}

static bool is(struct ov_bytes word, const char *text)
{
    return ov_bytes_equal(word, text, strlen(text));
}

/* --- one entry ------------------------------------------------------------------------------ */

/* Named by its entry alone: the rule's name lies in the stream, which is gone when this is told. */
static void leave_out(
        struct ov_diags *diags, struct ov_bytes space, const char *before, const char *why)
{
    ov_diag_add(diags, OV_DIAG_ERROR, space, ov_bytes_of(NULL, 0), 0, 0, "%s%s", before, why);
}

/* What a command hands over beside the file: a rule that looks at it is one for a day or a host. */
static bool asks_more_than_the_file(const struct ov_rule_set *set, struct ov_bytes space)
{
    static const char *const modules[] = { "time", "cuckoo", "magic" };

    for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
        const struct ov_bytes name = ov_bytes_of(modules[i], strlen(modules[i]));

        if (ov_names_find(&set->modules, space, name) != NULL) {
            return true;
        }
    }
    return false;
}

static bool read_yara(struct ov_rule_set *set, const struct record *record, struct ov_bytes space,
        struct ov_diags *diags)
{
    const struct ov_yara_options options = {
        .space = space,
        .strings_per_rule_max = OV_STRINGS_PER_RULE_MAX,
    };
    const size_t before = set->rule_count;
    const struct ov_rule *rule;
    const char *why = NULL;

    if (!ov_yara_read(set, space, record->text, &options, diags)) {
        set->rule_count = before;
        return false;
    }
    if (set->rule_count != before + 1) {
        why = "an entry holds exactly one rule";
    } else {
        rule = &set->rules[before];
        if (!ov_bytes_equal(
                    rule->name, ov_bytes_raw(record->name), (size_t)ov_bytes_len(record->name))) {
            why = "the rule is not called what its entry is called";
        } else if (rule->flags != 0) {
            why = "a rule of a log is neither global nor private";
        }
    }
    if (why == NULL && asks_more_than_the_file(set, space) && OV_DEFENDED(file_alone)) {
        why = "a rule of a log asks for the file alone: not for the time, nor for what a sandbox "
              "saw";
    }
    if (why != NULL) {
        leave_out(diags, space, "", why);
    } else {
        why = record->accepted || !OV_DEFENDED(lint) ? NULL : ov_lint_rule(&set->rules[before]);
        if (why != NULL) {
            leave_out(diags, space, "held: ", why);
        }
    }
    if (why != NULL) {
        set->rule_count = before;
    }
    return why == NULL;
}

/* What is in no signed container gets an end to its name, which entries go without: who signed
 * them is known. */
static struct ov_bytes without_end(struct ov_bytes name)
{
    static const char end[] = ".UNOFFICIAL";
    const size_t len = (size_t)ov_bytes_len(name), n = sizeof(end) - 1;
    const bool has = len > n && memcmp(ov_bytes_raw(name) + len - n, end, n) == 0;

    return ov_bytes_of(ov_bytes_raw(name), has ? len - n : len);
}

/* `log:INDEX:NAME`: a colon is in no name of a hash list, so nothing else can be called so. */
static bool add_named(struct ov_rule_set *set, const struct ov_hash_set *read, bool of_clamav,
        struct ov_bytes space, struct ov_diags *diags)
{
    struct ov_buf name;
    bool good = true;

    ov_buf_init(&name, SIZE_MAX);
    for (size_t i = 0; good && i < read->count; i++) {
        struct ov_hash_rule rule = ov_hash_set_get(read, i);

        ov_buf_clear(&name);
        ov_buf_put(&name, ov_bytes_raw(space), (size_t)ov_bytes_len(space));
        ov_buf_put_u8(&name, ':');
        rule.name = of_clamav ? without_end(rule.name) : rule.name;
        ov_buf_put(&name, ov_bytes_raw(rule.name), (size_t)ov_bytes_len(rule.name));
        rule.name = ov_buf_bytes(&name);
        good = ov_buf_ok(&name) && ov_hash_set_add(&set->hashes, &rule);
    }
    ov_buf_done(&name);
    diags->out_of_memory |= !good;
    return good;
}

/* All lines of an entry, or none. */
static bool read_hashes(struct ov_rule_set *set, const struct record *record, struct ov_bytes space,
        struct ov_diags *diags)
{
    struct ov_rule_set read;
    bool good;

    ov_rule_set_init(&read, set->arena);
    good = ov_hashlist_read(&read, space, record->text, diags)
           && add_named(set, &read.hashes, false, space, diags);
    ov_rule_set_done(&read);
    return good;
}

/* --- lines of ClamAV's databases --------------------------------------------------------------- */

/* The files such a line could stand in, and whether an entry holds many. */
static const struct clamav_kind {
    const char *language;
    const char *file;
    bool list;
} clamav_kinds[] = {
    { "clamav-ndb", "log.ndb", false },
    { "clamav-ldb", "log.ldb", false },
    { "clamav-mdb", "log.mdb", true },
    { "clamav-msb", "log.msb", true },
};

/* What the reader of databases has against it, or NULL. */
static const char *first_error(const struct ov_diags *diags)
{
    for (size_t i = 0; i < diags->count; i++) {
        if (diags->items[i].severity == OV_DIAG_ERROR) {
            return (const char *)ov_bytes_raw(diags->items[i].message); /* the arena ends it */
        }
    }
    return diags->errors > 0 ? "it cannot be loaded" : NULL;
}

/* Bytes that no entry's name may have are `_` in it. */
static bool is_called(struct ov_bytes signature, struct ov_bytes entry)
{
    static const char taken[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-";
    bool same = ov_bytes_len(signature) == ov_bytes_len(entry);

    for (uint64_t i = 0; same && i < ov_bytes_len(entry); i++) {
        const uint8_t c = ov_bytes_raw(signature)[i];

        same = ov_bytes_raw(entry)[i] == (memchr(taken, c, sizeof(taken) - 1) != NULL ? c : '_');
    }
    return same;
}

/* Why the signature that was read last is left out, or NULL. */
static const char *judge_signature(
        struct ov_rule *rule, const struct record *record, const char **before)
{
    const char *why;

    rule->name = without_end(rule->name);
    if (!is_called(rule->name, record->name)) {
        return "the signature is not called what its entry is called";
    }
    why = record->accepted || !OV_DEFENDED(lint) ? NULL : ov_lint_rule(rule);
    *before = why == NULL ? "" : "held: ";
    return why;
}

static bool read_clamav(struct ov_rule_set *set, const struct record *record, struct ov_bytes space,
        const struct clamav_kind *kind, struct ov_diags *diags)
{
    const size_t rules = set->rule_count;
    const bool clam_before = set->clam;
    const struct ov_hash_set outer = set->hashes;
    const char *why, *before = "";
    struct ov_hash_set hashes;
    struct ov_diags own;
    struct ov_clamav clam;
    bool good;

    ov_diags_init(&own, set->arena);
    ov_clamav_init(&clam, set, &own);
    clam.strict = true;
    clam.pua = true;
    ov_hash_set_init(&set->hashes); /* its digests apart from those of other entries */
    (void)ov_clamav_read(&clam, ov_bytes_of(kind->file, strlen(kind->file)), record->text);
    hashes = set->hashes;
    set->hashes = outer;
    why = first_error(&own);
    if (why == NULL && set->rule_count - rules != (kind->list ? 0 : 1)) {
        why = "an entry holds exactly one signature, and one for this engine";
    }
    if (why == NULL && !kind->list) {
        set->rules[rules].space = space;
        why = judge_signature(&set->rules[rules], record, &before);
    }
    diags->out_of_memory |= own.out_of_memory;
    if (why != NULL) {
        leave_out(diags, space, before, why);
        set->rule_count = rules;
        set->clam = clam_before;
    }
    good = why == NULL && add_named(set, &hashes, true, space, diags);
    ov_hash_set_done(&hashes);
    ov_clamav_done(&clam);
    ov_diags_done(&own);
    return good;
}

static bool make_space(struct ov_rule_set *set, const char *what, uint64_t index,
        struct ov_bytes *out, struct ov_diags *diags)
{
    char text[40];
    const int len = snprintf(text, sizeof(text), "%s:%llu", what, (unsigned long long)index);

    if (!ov_arena_copy(set->arena, ov_bytes_of(text, (size_t)len), out)) {
        diags->out_of_memory = true;
        return false;
    }
    return true;
}

/* A digest that somebody wants passed over: looked for like any other, told as what it is. */
static bool read_suppressed(
        struct ov_rule_set *set, uint64_t index, struct ov_bytes hex, struct ov_diags *diags)
{
    char line[96];
    struct ov_bytes space;
    struct ov_rule_set read;
    struct ov_hash_rule rule;
    bool good;
    int len;

    if (ov_bytes_len(hex) != 64 || !make_space(set, "suppress", index, &space, diags)) {
        return false;
    }
    len = snprintf(line, sizeof(line), "%.*s:x\n", 64, (const char *)ov_bytes_raw(hex));
    ov_rule_set_init(&read, set->arena);
    good = ov_hashlist_read(&read, space, ov_bytes_of(line, (size_t)len), diags)
           && read.hashes.count == 1;
    if (good) {
        rule = ov_hash_set_get(&read.hashes, 0);
        rule.name = space;
        good = ov_hash_set_add(&set->hashes, &rule);
        diags->out_of_memory |= !good;
    }
    ov_rule_set_done(&read);
    return good;
}

/* --- decisions ------------------------------------------------------------------------------ */

static bool is_among(const uint64_t *sorted, size_t count, uint64_t index)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (sorted[middle] < index) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < count && sorted[low] == index;
}

bool ov_logged_decide(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        struct ov_logged_decisions *out, struct ov_diags *diags)
{
    struct ov_bytes rest = text, word;
    const size_t room = (size_t)ov_bytes_len(text) / 7 + 1; /* "hold 1\n" is the shortest line */
    bool good = true;

    if (!cut(&rest, strlen(DECISIONS), &word) || !is(word, DECISIONS)) {
        return false;
    }
    *out = (struct ov_logged_decisions){
        .held = ov_arena_alloc(set->arena, room, sizeof(uint64_t)),
        .accepted = ov_arena_alloc(set->arena, room, sizeof(uint64_t)),
    };
    if (out->held == NULL || out->accepted == NULL) {
        diags->out_of_memory = true;
        return true;
    }
    while (good && ov_bytes_len(rest) != 0) {
        uint64_t index = 0;
        bool hold;

        good = cut_word(&rest, ' ', &word) && cut_number(&rest, '\n', &index);
        hold = good && is(word, "hold");
        good = good && (hold || is(word, "accept"));
        if (good) {
            uint64_t *list = hold ? out->held : out->accepted;
            size_t *count = hold ? &out->held_count : &out->accepted_count;

            good = *count < room && (*count == 0 || list[*count - 1] < index);
            if (good) {
                list[(*count)++] = index;
            }
        }
    }
    if (!good) {
        ov_diag_add(diags, OV_DIAG_ERROR, file, ov_bytes_of(NULL, 0), 0, 0,
                "decisions are lines of `hold` or `accept` and an index, ascending");
    }
    return true;
}

/* --- the stream ----------------------------------------------------------------------------- */

/* False: not of this form, and nothing behind it can be found. */
static bool read_record(struct ov_rule_set *set, struct ov_bytes *rest,
        const struct ov_logged_decisions *decisions, struct ov_diags *diags, bool *good)
{
    struct record record = { .index = 0 };
    struct ov_bytes word, language, space, hex;
    uint64_t bytes = 0;

    if (!cut_word(rest, ' ', &word) || !cut_number(rest, ' ', &record.index)) {
        return false;
    }
    if (is(word, "suppress")) {
        if (!cut_word(rest, '\n', &hex)) {
            return false;
        }
        *good = read_suppressed(set, record.index, hex, diags) && *good;
        return true;
    }
    if (!is(word, "rule") || !cut_word(rest, ' ', &language) || !cut_word(rest, ' ', &record.name)
            || !cut_number(rest, '\n', &bytes) || !cut(rest, bytes, &record.text)
            || !cut(rest, 1, &word) || !is(word, "\n")
            || !make_space(set, "log", record.index, &space, diags)) {
        return false;
    }
    if (is_among(decisions->held, decisions->held_count, record.index)) {
        return true; /* whoever decided it says so */
    }
    record.accepted = is_among(decisions->accepted, decisions->accepted_count, record.index);
    if (is(language, "yara")) {
        *good = read_yara(set, &record, space, diags) && *good;
        return true;
    }
    for (size_t i = 0; i < sizeof(clamav_kinds) / sizeof(clamav_kinds[0]); i++) {
        if (is(language, clamav_kinds[i].language)) {
            *good = read_clamav(set, &record, space, &clamav_kinds[i], diags) && *good;
            return true;
        }
    }
    *good = read_hashes(set, &record, space, diags) && *good;
    return is(language, "hashlist");
}

bool ov_logged_read(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        const struct ov_logged_decisions *decisions, struct ov_diags *diags)
{
    struct ov_bytes rest = text, head;
    bool good = true;

    if (!cut(&rest, strlen(MAGIC), &head) || !is(head, MAGIC)) {
        ov_diag_add(diags, OV_DIAG_ERROR, file, ov_bytes_of(NULL, 0), 1, 1,
                "not a rule stream of version 1");
        return false;
    }
    while (ov_bytes_len(rest) != 0) { /* every record takes some bytes */
        if (!read_record(set, &rest, decisions, diags, &good)) {
            ov_diag_add(diags, OV_DIAG_ERROR, file, ov_bytes_of(NULL, 0), 0, 0,
                    "the rule stream is damaged %llu bytes before its end",
                    (unsigned long long)ov_bytes_len(rest));
            return false;
        }
    }
    return good;
}
