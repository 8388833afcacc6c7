/* SPDX-License-Identifier: Apache-2.0 */
/* index.c - one hash table for everything that is looked up whole, one list for what is a pattern.
 * A stock system has 300,000 names; each costs two look-ups and a few compared prefixes. */
#include "prohibited/index.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/limits.h"
#include "prohibited/grow.h"

/* Beside the marks: last parts of paths, and registry keys as they are asked for. */
#define KEY_NAME     ((unsigned)OV_MARKS)
#define KEY_QUESTION ((unsigned)OV_MARKS + 1)

#define BUCKETS 8192u

struct entry {
    struct entry *next;
    const char *key;
    const struct ov_clue_fact *fact;
    uint32_t hash;
    unsigned mark;
    bool case_counts;
};

struct pattern {
    const char *glob;
    const struct ov_clue_fact *fact;
    unsigned mark;
    int flags;
    size_t literal; /* bytes before the first special one */
};

struct ov_index {
    struct ov_arena arena;
    struct entry *buckets[BUCKETS];
    struct pattern *patterns;
    size_t pattern_count, pattern_cap;
    struct ov_buf questions;
    bool failed;
};

/* --- building ------------------------------------------------------------------------------- */

static uint32_t hash_of(unsigned mark, const char *text, size_t len)
{
    uint32_t h = 2166136261u ^ mark;

    for (size_t i = 0; i < len; i++) {
        h = (h ^ (uint32_t)tolower((unsigned char)text[i])) * 16777619u;
    }
    return h;
}

static const char *keep(struct ov_index *x, const char *text)
{
    struct ov_bytes out;

    if (!ov_arena_copy(&x->arena, ov_bytes_of(text, strlen(text)), &out)) {
        x->failed = true;
        return "";
    }
    return (const char *)ov_bytes_raw(out);
}

static bool case_counts(const struct ov_clue_fact *fact)
{
    static const char *const exact[] = { "linux", "freebsd", "android" };

    for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++) {
        if (strcmp(fact->platform, exact[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void add_entry(
        struct ov_index *x, unsigned mark, const char *key, const struct ov_clue_fact *fact)
{
    struct entry *entry = ov_arena_alloc(&x->arena, 1, sizeof(*entry));

    if (entry == NULL) {
        x->failed = true;
        return;
    }
    entry->key = keep(x, key);
    entry->fact = fact;
    entry->mark = mark;
    entry->hash = hash_of(mark, key, strlen(key));
    entry->case_counts = mark != KEY_QUESTION && case_counts(fact);
    entry->next = x->buckets[entry->hash % BUCKETS];
    x->buckets[entry->hash % BUCKETS] = entry;
}

static void add_pattern(
        struct ov_index *x, unsigned mark, const char *glob, const struct ov_clue_fact *fact)
{
    if (!ov_grow(&x->patterns, &x->pattern_cap, x->pattern_count, sizeof(*x->patterns))) {
        x->failed = true;
        return;
    }
    x->patterns[x->pattern_count++] = (struct pattern){
        .glob = keep(x, glob),
        .fact = fact,
        .mark = mark,
        .flags = (mark == OV_MARK_PATH ? FNM_PATHNAME : 0) | (case_counts(fact) ? 0 : FNM_CASEFOLD)
                 | FNM_NOESCAPE,
        .literal = strcspn(glob, "*?["),
    };
}

static void add_glob_or_name(
        struct ov_index *x, unsigned mark, const char *text, const struct ov_clue_fact *fact)
{
    if (strpbrk(text, "*?[") != NULL) {
        add_pattern(x, mark, text, fact);
    } else {
        add_entry(x, mark, text, fact);
    }
}

/* "C:\A\B\" and "/A/B" are both /A/B. */
static void plain_path(const char *value, char *out, size_t bytes)
{
    size_t len = 0;

    if (value[0] != '\0' && value[1] == ':') {
        value += 2;
    }
    for (; *value != '\0' && len + 1 < bytes; value++) {
        out[len++] = (char)(*value == '\\' ? '/' : *value);
    }
    while (len > 1 && out[len - 1] == '/') {
        len--;
    }
    out[len] = '\0';
}

/* Links that every such system has and that are not followed: the same place by another name. */
static void add_path(struct ov_index *x, const struct ov_clue_fact *fact)
{
    static const struct {
        const char *platform, *from, *to;
    } same[] = {
        { "linux", "/var/run/", "/run/" },
        { "macos", "/var/", "/private/var/" },
        { "macos", "/etc/", "/private/etc/" },
        { "macos", "/tmp/", "/private/tmp/" },
    };
    char path[OV_NAME_BYTES_MAX], other[OV_NAME_BYTES_MAX + 16];

    plain_path(fact->value, path, sizeof(path));
    add_glob_or_name(x, OV_MARK_PATH, path, fact);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        const size_t from = strlen(same[i].from);

        if (strcmp(fact->platform, same[i].platform) == 0
                && strncmp(path, same[i].from, from) == 0) {
            (void)snprintf(other, sizeof(other), "%s%s", same[i].to, path + from);
            add_glob_or_name(x, OV_MARK_PATH, other, fact);
        }
    }
}

static void ask(struct ov_index *x, const char *question)
{
    ov_buf_put(&x->questions, question, strlen(question) + 1);
}

/* HKLM\SOFTWARE\A is A in the hive SOFTWARE; HKCU\A is A in a user's own. */
static void add_key(struct ov_index *x, const struct ov_clue_fact *fact)
{
    static const char *const hives[] = { "HKLM\\SOFTWARE\\", "HKLM\\SYSTEM\\", "HKCU\\",
        "HKEY_LOCAL_MACHINE\\SOFTWARE\\", "HKEY_LOCAL_MACHINE\\SYSTEM\\", "HKEY_CURRENT_USER\\" };
    const char *key = fact->value;

    for (size_t i = 0; i < sizeof(hives) / sizeof(hives[0]); i++) {
        if (strncasecmp(fact->value, hives[i], strlen(hives[i])) == 0) {
            key = fact->value + strlen(hives[i]);
        }
    }
    add_entry(x, KEY_QUESTION, key, fact);
    ask(x, key);
}

/* Windows Installer files products under their code with its groups turned around. */
static void add_product_code(struct ov_index *x, const struct ov_clue_fact *fact)
{
    static const unsigned char order[32] = { 8, 7, 6, 5, 4, 3, 2, 1, 13, 12, 11, 10, 18, 17, 16, 15,
        21, 20, 23, 22, 26, 25, 28, 27, 30, 29, 32, 31, 34, 33, 36, 35 };
    char question[80];
    size_t len;

    add_entry(x, OV_MARK_MSI_PRODUCT, fact->value, fact);
    if (strlen(fact->value) != 38) {
        return;
    }
    len = (size_t)snprintf(question, sizeof(question), "Classes\\Installer\\Products\\");
    for (size_t i = 0; i < 32; i++) {
        question[len++] = fact->value[order[i]];
    }
    question[len] = '\0';
    add_entry(x, KEY_QUESTION, question, fact);
    ask(x, question);
}

/* The fact's value between two texts. */
static void add_between(struct ov_index *x, unsigned mark, const char *before,
        const struct ov_clue_fact *fact, const char *behind)
{
    char text[OV_NAME_BYTES_MAX];

    (void)snprintf(text, sizeof(text), "%s%s%s", before, fact->value, behind);
    add_glob_or_name(x, mark, text, fact);
}

static void add_units(struct ov_index *x, const struct ov_clue_fact *fact)
{
    add_entry(x, OV_MARK_UNIT, fact->value, fact);
    if (strchr(fact->value, '.') == NULL) {
        char unit[OV_NAME_BYTES_MAX];

        (void)snprintf(unit, sizeof(unit), "%s.service", fact->value);
        add_entry(x, OV_MARK_UNIT, unit, fact);
    }
}

static void add_domain(struct ov_index *x, const struct ov_clue_fact *fact)
{
    char question[512];

    add_entry(x, fact->mark, fact->value, fact);
    (void)snprintf(question, sizeof(question), ".%s", fact->value);
    ask(x, question);
}

/* A host below a domain that is asked for anyway is told with it. */
static bool is_below_domain(const struct ov_catalogue *c, const char *host)
{
    const size_t len = strlen(host);

    for (size_t i = 0; i < c->fact_count; i++) {
        const char *domain = c->facts[i]->value;
        const size_t domain_len = strlen(domain);

        if (c->facts[i]->mark == OV_MARK_DOMAIN && len >= domain_len
                && strcasecmp(host + len - domain_len, domain) == 0
                && (len == domain_len || host[len - domain_len - 1] == '.')) {
            return true;
        }
    }
    return false;
}

static void add_fact(
        struct ov_index *x, const struct ov_catalogue *c, const struct ov_clue_fact *fact)
{
    switch (fact->mark) {
    case OV_MARK_PATH:
        add_path(x, fact);
        return;
    case OV_MARK_SOCKET:
        add_path(x, fact);
        add_entry(x, OV_MARK_SOCKET, fact->value, fact);
        return;
    case OV_MARK_FILE_NAME:
    case OV_MARK_DRIVER:
    case OV_MARK_INSTALLER:
    case OV_MARK_LIBRARY:
    case OV_MARK_CHROME_EXTENSION:
        add_glob_or_name(x, KEY_NAME, fact->value, fact);
        if (fact->mark == OV_MARK_CHROME_EXTENSION) {
            add_between(x, KEY_NAME, "", fact, ".json");
        }
        return;
    case OV_MARK_KERNEL_MODULE:
        add_between(x, KEY_NAME, "", fact, ".ko*");
        add_glob_or_name(x, OV_MARK_KERNEL_MODULE, fact->value, fact);
        return;
    case OV_MARK_WINGET:
        add_between(x, KEY_NAME, "", fact, "_*");
        add_entry(x, OV_MARK_WINGET, fact->value, fact);
        return;
    case OV_MARK_FIREFOX_ADDON:
        add_between(x, KEY_NAME, "", fact, ".xpi");
        add_entry(x, fact->mark, fact->value, fact);
        return;
    case OV_MARK_FIREFOX_ADDON_SUFFIX:
        add_between(x, KEY_NAME, "*", fact, ".xpi");
        add_between(x, OV_MARK_FIREFOX_ADDON, "*", fact, "");
        return;
    case OV_MARK_NATIVE_MESSAGING_HOST:
        add_between(x, KEY_NAME, "", fact, ".json");
        return;
    case OV_MARK_UNIT:
        add_units(x, fact);
        return;
    case OV_MARK_UNIT_PREFIX:
        add_between(x, OV_MARK_UNIT, "", fact, "*");
        return;
    case OV_MARK_SERVICE_PREFIX:
        add_between(x, OV_MARK_SERVICE, "", fact, "*");
        return;
    case OV_MARK_PACKAGE_PART:
        add_between(x, OV_MARK_PACKAGE, "*", fact, "*");
        return;
    case OV_MARK_REGISTRY_KEY:
        add_key(x, fact);
        return;
    case OV_MARK_MSI_PRODUCT:
        add_product_code(x, fact);
        return;
    case OV_MARK_DOMAIN:
        add_domain(x, fact);
        return;
    case OV_MARK_HOST:
        if (is_below_domain(c, fact->value)) {
            add_entry(x, OV_MARK_HOST, fact->value, fact);
        } else {
            add_domain(x, fact);
        }
        return;
    case OV_MARK_SHA256:
    case OV_MARK_WORD:
        add_entry(x, (unsigned)fact->mark, fact->value, fact);
        ask(x, fact->value);
        return;
    case OV_MARK_PRODUCT_NAME:
    case OV_MARK_ENTITY_NAME:
    case OV_MARK_SIGNER:
        add_pattern(x, (unsigned)fact->mark, fact->value, fact); /* compared in ways of their own */
        return;
    case OV_MARK_PACKAGE:
    case OV_MARK_PROCESS:
    case OV_MARK_USER:
    case OV_MARK_GROUP:
    case OV_MARK_SERVICE:
    case OV_MARK_BUNDLE:
    case OV_MARK_APPLE_TEAM:
    case OV_MARK_RECEIPT:
    case OV_MARK_CERTIFICATE_ISSUER_CN:
    case OV_MARK_CERTIFICATE_SUBJECT_O:
    case OV_MARK_SIGNER_CN:
    case OV_MARK_PORT:
        add_entry(x, (unsigned)fact->mark, fact->value, fact);
        return;
    case OV_MARKS:
        return;
    }
}

struct ov_index *ov_index_new(const struct ov_catalogue *catalogue)
{
    struct ov_index *x = calloc(1, sizeof(*x));

    if (x == NULL) {
        return NULL;
    }
    ov_arena_init(&x->arena, 256u << 20);
    ov_buf_init(&x->questions, OV_QUESTIONS_BYTES_MAX);
    for (size_t i = 0; i < catalogue->fact_count; i++) {
        add_fact(x, catalogue, catalogue->facts[i]);
    }
    if (x->failed || !ov_buf_ok(&x->questions)) {
        ov_index_free(x);
        return NULL;
    }
    return x;
}

void ov_index_free(struct ov_index *index)
{
    if (index != NULL) {
        ov_buf_done(&index->questions);
        ov_arena_done(&index->arena);
        free(index->patterns);
        free(index);
    }
}

struct ov_bytes ov_index_questions(const struct ov_index *index)
{
    return ov_buf_bytes(&index->questions);
}

/* --- asking --------------------------------------------------------------------------------- */

static void look_up(const struct ov_index *x, unsigned mark, const char *text, size_t len,
        ov_hit_fn fn, void *payload)
{
    const uint32_t hash = hash_of(mark, text, len);

    for (const struct entry *e = x->buckets[hash % BUCKETS]; e != NULL; e = e->next) {
        if (e->hash == hash && e->mark == mark && strncasecmp(e->key, text, len) == 0
                && e->key[len] == '\0' && (!e->case_counts || strncmp(e->key, text, len) == 0)) {
            fn(payload, e->fact);
        }
    }
}

static void match_patterns(
        const struct ov_index *x, unsigned mark, const char *text, ov_hit_fn fn, void *payload)
{
    for (size_t i = 0; i < x->pattern_count; i++) {
        const struct pattern *p = &x->patterns[i];

        if (p->mark == mark && strncasecmp(p->glob, text, p->literal) == 0
                && fnmatch(p->glob, text, p->flags) == 0) {
            fn(payload, p->fact);
        }
    }
}

void ov_index_path(const struct ov_index *index, const char *path, ov_hit_fn fn, void *payload)
{
    const char *name = strrchr(path, '/');

    look_up(index, OV_MARK_PATH, path, strlen(path), fn, payload);
    match_patterns(index, OV_MARK_PATH, path, fn, payload);
    if (name != NULL && name[1] != '\0') {
        look_up(index, KEY_NAME, name + 1, strlen(name + 1), fn, payload);
        match_patterns(index, KEY_NAME, name + 1, fn, payload);
    }
}

void ov_index_path_above(
        const struct ov_index *index, const char *path, ov_hit_fn fn, void *payload)
{
    for (size_t len = strlen(path); len > 1; len--) {
        if (path[len] == '\0' || path[len] == '/') {
            look_up(index, OV_MARK_PATH, path, len, fn, payload);
        }
    }
}

/* Does a text begin with these words? "Kaspersky Lab" does with "Kaspersky", "Kasperskyana" not. */
static bool begins_with_words(const char *text, const char *words)
{
    const size_t len = strlen(words);

    return strncasecmp(text, words, len) == 0 && !isalnum((unsigned char)text[len]);
}

/* Is every part of a distinguished name ("CN=A, O=B") among those of another? Their order and the
 * case of their types differ from tool to tool. */
static bool has_all_parts(const char *name, const char *parts)
{
    while (*parts != '\0') { /* each turn takes a part off */
        const size_t len = strcspn(parts, ",");
        char part[512];
        const char *at;

        (void)snprintf(part, sizeof(part), "%.*s", (int)(len < 500 ? len : 500), parts);
        at = strcasestr(name, part);
        if (at == NULL || (at[strlen(part)] != '\0' && at[strlen(part)] != ',')) {
            return false;
        }
        parts += len + strspn(parts + len, ", ");
    }
    return true;
}

void ov_index_text(const struct ov_index *index, enum ov_mark mark, const char *text, ov_hit_fn fn,
        void *payload)
{
    if (text[0] == '\0') {
        return;
    }
    if (mark == OV_MARK_PRODUCT_NAME || mark == OV_MARK_ENTITY_NAME || mark == OV_MARK_SIGNER) {
        for (size_t i = 0; i < index->pattern_count; i++) {
            const struct pattern *p = &index->patterns[i];

            if (p->mark == (unsigned)mark
                    && (mark == OV_MARK_SIGNER ? has_all_parts(text, p->glob)
                                               : begins_with_words(text, p->glob))) {
                fn(payload, p->fact);
            }
        }
        return;
    }
    look_up(index, (unsigned)mark, text, strlen(text), fn, payload);
    match_patterns(index, (unsigned)mark, text, fn, payload);
}

void ov_index_answer(
        const struct ov_index *index, const char *question, ov_hit_fn fn, void *payload)
{
    look_up(index, KEY_QUESTION, question, strlen(question), fn, payload);
}
