/* SPDX-License-Identifier: Apache-2.0 */
/* clamav.c - which reader a file belongs to. Names come from whoever made the folder or container;
 * nothing but their ends is looked at. */
#include "rules/clamav/clamav.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "rules/clamav/detached.h"
#include "rules/clamav/reader.h"
#include "rules/yara/yara.h"

enum file_kind {
    KIND_LINES = 1,
    KIND_CONTAINER,
    KIND_BYTECODE,
    KIND_YARA,
    KIND_INDICATORS,
    KIND_SIGNATURES, /* of a container that comes later */
    KIND_NOT_USED,   /* says nothing about what is detected */
    KIND_NOT_YET
};

/* In the order in which a row reads. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
static const struct file_type {
    const char *end;
    enum file_kind kind;
    line_fn line;
    bool pua;
    const char *why; /* of those that are not loaded */
} types[] = {
    { ".ndb", KIND_LINES, line_ndb, false, NULL },
    { ".ndu", KIND_LINES, line_ndu, true, NULL },
    { ".sdb", KIND_LINES, line_ndb, false, NULL },
    { ".ldb", KIND_LINES, line_ldb, false, NULL },
    { ".ldu", KIND_LINES, line_ldu, true, NULL },
    { ".hdb", KIND_LINES, line_hash, false, NULL },
    { ".hsb", KIND_LINES, line_hash, false, NULL },
    { ".hdu", KIND_LINES, line_hash_pua, true, NULL },
    { ".hsu", KIND_LINES, line_hash_pua, true, NULL },
    { ".mdb", KIND_LINES, line_section_hash, false, NULL },
    { ".msb", KIND_LINES, line_section_hash, false, NULL },
    { ".mdu", KIND_LINES, line_section_hash_pua, true, NULL },
    { ".msu", KIND_LINES, line_section_hash_pua, true, NULL },
    { ".imp", KIND_LINES, line_import_hash, false, NULL },
    { ".fp", KIND_LINES, line_trust, false, NULL },
    { ".sfp", KIND_LINES, line_trust, false, NULL },
    { ".ign2", KIND_LINES, line_ignore2, false, NULL },
    { ".ign", KIND_LINES, line_ignore, false, NULL },
    { ".cvd", KIND_CONTAINER, NULL, false, NULL },
    { ".cld", KIND_CONTAINER, NULL, false, NULL },
    { ".cud", KIND_CONTAINER, NULL, false, NULL },
    { ".yar", KIND_YARA, NULL, false, NULL },
    { ".yara", KIND_YARA, NULL, false, NULL },
    { ".cbc", KIND_BYTECODE, NULL, false, NULL },
    { ".info", KIND_NOT_USED, NULL, false, NULL },
    { ".cfg", KIND_LINES, line_cfg, false, NULL },
    { ".sign", KIND_SIGNATURES, NULL, false, NULL },
    { ".ftm", KIND_LINES, line_ftm, false, NULL },
    { ".cdb", KIND_LINES, line_cdb, false, NULL },
    { ".zmd", KIND_LINES, line_zmd, false, NULL },
    { ".rmd", KIND_LINES, line_rmd, false, NULL },
    { ".crb", KIND_LINES, line_crb, false, NULL },
    { ".cat", KIND_NOT_YET, NULL, false, "catalogues of signed files are not read" },
    { ".pdb", KIND_LINES, line_pdb, false, NULL },
    { ".wdb", KIND_LINES, line_wdb, false, NULL },
    { ".gdb", KIND_NOT_YET, NULL, false, "addresses are not looked up by their digests" },
    { ".idb", KIND_NOT_YET, NULL, false, "icons are not compared" },
    { ".pwdb", KIND_LINES, line_pwdb, false, NULL },
    { ".ioc", KIND_INDICATORS, NULL, false, NULL },
    /* last: the other names do not end with it */
    { ".db", KIND_LINES, line_db, false, NULL },
};

static const struct file_type *type_of(struct ov_bytes name)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (ends(name, types[i].end)) {
            return &types[i];
        }
    }
    return NULL;
}

/* Lists of hashes are large, and nothing of their text is kept: every digest and name is copied. */
static bool is_list_of_hashes(struct ov_bytes name)
{
    const struct file_type *type = type_of(name);
    const line_fn line = type == NULL ? NULL : type->line;

    return line == line_hash || line == line_hash_pua || line == line_section_hash
           || line == line_section_hash_pua || line == line_import_hash || line == line_trust;
}

bool ov_clamav_is_database(struct ov_bytes name)
{
    return type_of(name) != NULL;
}

void ov_clamav_init(struct ov_clamav *clam, struct ov_rule_set *set, struct ov_diags *diags)
{
    *clam = (struct ov_clamav){ .set = set, .diags = diags };
    ov_names_init(&clam->ignored, set->arena);
    ov_names_init(&clam->ignored_lines, set->arena);
}

void ov_clamav_done(struct ov_clamav *clam)
{
    free(clam->pua_categories);
    clam->pua_categories = NULL;
    clam->pua_category_count = 0;
}

/* --- options ---------------------------------------------------------------------------------- */

static bool add_category(struct ov_clamav *clam, struct ov_bytes category, bool only_these)
{
    struct ov_bytes *more = reallocarray(
            clam->pua_categories, clam->pua_category_count + 1, sizeof(*clam->pua_categories));

    if (more == NULL) {
        clam->diags->out_of_memory = true;
        return false;
    }
    clam->pua_categories = more;
    if (!ov_arena_copy(clam->set->arena, category, &more[clam->pua_category_count])) {
        clam->diags->out_of_memory = true;
        return false;
    }
    clam->pua_category_count++;
    clam->pua_only_these = only_these;
    return true;
}

/* Words with a number, or without an argument. */
static const struct {
    const char *word;
    enum ov_setting setting; /* 0: an alert */
} numbers[] = {
    { "pcre-matches", OV_SETTING_PCRE_MATCHES },
    { "pcre-depth", OV_SETTING_PCRE_DEPTH },
    { "pcre-bytes", OV_SETTING_PCRE_BYTES },
    { "html-bytes", OV_SETTING_HTML_BYTES },
    { "no-tags-bytes", OV_SETTING_NO_TAGS_BYTES },
    { "text-bytes", OV_SETTING_TEXT_BYTES },
    { "partitions", OV_SETTING_PARTITIONS },
    { "cards", 0 },
    { "credit-cards", 0 },
    { "people", 0 },
    { "people-plain", 0 },
};

static bool take_argument(struct ov_clamav *clam, struct ov_bytes word, struct ov_bytes argument)
{
    enum ov_clam_type type;
    uint64_t value;

    if (is_text(word, "pua-include") || is_text(word, "pua-exclude")) {
        return add_category(clam, argument, is_text(word, "pua-include"));
    }
    if (is_text(word, "certificate")) {
        return clam_detached_trust(clam, argument);
    }
    if (is_text(word, "close")) {
        return ov_clam_type_of(argument, &type)
               && clam_setting(clam, OV_SETTING_CLOSED, (uint64_t)type);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (is_text(word, numbers[i].word)) {
            return read_number(argument, UINT64_MAX, &value)
                   && (numbers[i].setting != 0 ? clam_setting(clam, numbers[i].setting, value)
                                               : clam_alert(clam, word, value));
        }
    }
    return false;
}

static bool take_option(struct ov_clamav *clam, struct ov_bytes line)
{
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        { "strict", &clam->strict },
        { "pua", &clam->pua },
        { "official-only", &clam->official_only },
        { "no-phishing", &clam->no_phishing },
        { "no-phishing-urls", &clam->no_phishing_urls },
        { "no-certificates", &clam->no_certificates },
        { "fips-limits", &clam->fips_limits },
    };
    const uint64_t space = find_byte(line, ' ');
    const struct ov_bytes word = part(line, 0, space);

    if (space < ov_bytes_len(line)) {
        return take_argument(clam, word, part(line, space + 1, ov_bytes_len(line)));
    }
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (is_text(word, flags[i].word)) {
            *flags[i].flag = true;
            return true;
        }
    }
    if (is_text(word, "no-views")) {
        return clam_setting(clam, OV_SETTING_NO_VIEWS, 1);
    }
    return ov_bytes_len(word) == 0 || clam_alert(clam, word, 1);
}

bool ov_clamav_options(struct ov_clamav *clam, struct ov_bytes text)
{
    while (ov_bytes_len(text) != 0) {
        const uint64_t end = find_byte(text, '\n');

        if (!take_option(clam, part(text, 0, end))) {
            return false;
        }
        text = part(text, end == ov_bytes_len(text) ? end : end + 1, ov_bytes_len(text));
    }
    return true;
}

/* --- files ------------------------------------------------------------------------------------ */

static bool count_lines(struct ov_clamav *clam, struct ov_bytes text, uint64_t *lines)
{
    (void)clam;
    *lines = 0;
    while (ov_bytes_len(text) != 0) {
        const uint64_t end = find_byte(text, '\n');

        *lines += end != 0;
        text = part(text, end == ov_bytes_len(text) ? end : end + 1, ov_bytes_len(text));
    }
    return *lines != 0;
}

static void not_loaded(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text,
        const struct file_type *type)
{
    uint64_t lines;

    if (count_lines(clam, text, &lines)) {
        clam->count.refused += lines;
        ov_diag_add(clam->diags, clam->strict ? OV_DIAG_ERROR : OV_DIAG_WARNING, name,
                ov_bytes_of(NULL, 0), 0, 0, "its %llu lines are not loaded: %s",
                (unsigned long long)lines, type->why);
    }
}

/* As they are reported: YARA.name.UNOFFICIAL. */
static bool rename_yara(struct ov_clamav *clam, struct ov_rule *rule)
{
    const size_t len = (size_t)ov_bytes_len(rule->name);
    char *room = ov_arena_alloc(clam->set->arena, len + sizeof("YARA..UNOFFICIAL"), 1);

    if (room == NULL) {
        clam->diags->out_of_memory = true;
        return false;
    }
    (void)snprintf(room, len + sizeof("YARA..UNOFFICIAL"), "YARA.%.*s.UNOFFICIAL", (int)len,
            (const char *)ov_bytes_raw(rule->name));
    rule->name = ov_bytes_of(room, strlen(room));
    return true;
}

static bool read_yara(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text)
{
    const struct ov_yara_options options = {
        .space = name, /* two files may have rules of one name */
        .strings_per_rule_max = OV_STRINGS_PER_RULE_MAX,
    };
    const size_t before = clam->set->rule_count;

    (void)ov_yara_read(clam->set, name, text, &options, clam->diags);
    for (size_t i = before; i < clam->set->rule_count; i++) {
        if (!rename_yara(clam, &clam->set->rules[i])) {
            return false;
        }
    }
    clam->count.loaded += clam->set->rule_count - before;
    return !clam->diags->out_of_memory;
}

/* What ClamAV does not count among its viruses. */
static bool is_counted(const struct file_type *type)
{
    return type->kind != KIND_CONTAINER && type->kind != KIND_SIGNATURES && type->line != line_wdb
           && type->line != line_ignore && type->line != line_ignore2 && type->line != line_crb
           && type->line != line_pwdb && type->line != line_cfg && type->line != line_ftm;
}

static bool read_file(struct ov_clamav *clam, const struct file_type *type, struct ov_bytes name,
        struct ov_bytes text, bool official);

bool clam_file(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text, bool official)
{
    const struct file_type *type = type_of(name);
    const uint64_t before = clam->count.loaded;
    bool good;

    if (type == NULL) {
        ov_diag_add(clam->diags, clam->strict ? OV_DIAG_ERROR : OV_DIAG_WARNING, name,
                ov_bytes_of(NULL, 0), 0, 0, "its name is not that of a database of ClamAV's");
        return true;
    }
    if (type->pua && !clam->pua) {
        return true;
    }
    good = read_file(clam, type, name, text, official);
    clam->signatures += is_counted(type) ? clam->count.loaded - before : 0;
    return good;
}

static bool read_file(struct ov_clamav *clam, const struct file_type *type, struct ov_bytes name,
        struct ov_bytes text, bool official)
{
    switch (type->kind) {
    case KIND_LINES:
        return clam_lines(clam, name, text, official, type->line);
    case KIND_CONTAINER:
        return clam_container(clam, name, text);
    case KIND_YARA:
        return read_yara(clam, name, text);
    case KIND_INDICATORS:
        return clam_indicators(clam, name, text, official);
    case KIND_SIGNATURES:
        return clam_detached_keep(clam, name, text);
    case KIND_BYTECODE:
        clam->bytecode_count++;
        ov_diag_add(clam->diags, OV_DIAG_NOTE, name, ov_bytes_of(NULL, 0), 0, 0,
                "not loaded: bytecode is a program, and no program is run that came with rules");
        return true;
    case KIND_NOT_USED:
        return true;
    case KIND_NOT_YET:
        not_loaded(clam, name, text, type);
        return true;
    }
    return true;
}

bool ov_clamav_read(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text)
{
    struct ov_bytes file, kept;
    const uint64_t errors_before = clam->diags->errors;

    if (ov_bytes_len(text) > OV_RULE_SOURCE_BYTES_MAX) {
        ov_diag_add(clam->diags, OV_DIAG_ERROR, name, ov_bytes_of(NULL, 0), 0, 0,
                "the file has more than 256 MiB, the most that is read");
        return false;
    }
    if (!ov_arena_copy(clam->set->arena, name, &file)) {
        clam->diags->out_of_memory = true;
        return false;
    }
    kept = text;
    if (!is_list_of_hashes(file) && !ov_arena_copy(clam->set->arena, text, &kept)) {
        clam->diags->out_of_memory = true;
        return false;
    }
    return clam_file(clam, file, kept, false) && clam->diags->errors == errors_before;
}
