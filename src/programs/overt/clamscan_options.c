/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_options.c - every option of clamscan 1.4.6, and 1.5's about signed databases. What overt does by itself, or not at all, is
 * taken too, so that scripts run; docs/compat-clamav.md says which those are. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "programs/overt/clamscan.h"
#include "programs/overt/out.h"

enum value_kind {
    VALUE_FLAG = 1, /* [=yes/no] */
    VALUE_WORDS,    /* a list of words */
    VALUE_TEXT,     /* one word */
    VALUE_PATTERN,  /* a regular expression */
    VALUE_BYTES,    /* n, nK, nM, nG */
    VALUE_NUMBER,   /* into a uint32_t */
    VALUE_LONG,     /* into a uint64_t */
    VALUE_LINKS,    /* 0, 1 or 2 */
    VALUE_NO_FLAG,  /* taken, and nothing comes of it */
    VALUE_NO_VALUE
};

#define FIELD(name) offsetof(struct clamscan_options, name)

static const struct known {
    const char *name;
    char letter;
    enum value_kind kind;
    size_t field;
} known[] = {
    { "help", 'h', VALUE_FLAG, FIELD(help) },
    { "version", 'V', VALUE_FLAG, FIELD(version) },
    { "verbose", 'v', VALUE_FLAG, FIELD(verbose) },
    { "archive-verbose", 'a', VALUE_FLAG, FIELD(archive_verbose) },
    { "debug", 0, VALUE_FLAG, FIELD(debug) },
    { "quiet", 0, VALUE_FLAG, FIELD(quiet) },
    { "stdout", 0, VALUE_FLAG, FIELD(to_stdout) },
    { "no-summary", 0, VALUE_FLAG, FIELD(no_summary) },
    { "infected", 'i', VALUE_FLAG, FIELD(infected_only) },
    { "suppress-ok-results", 'o', VALUE_FLAG, FIELD(suppress_ok) },
    { "bell", 0, VALUE_FLAG, FIELD(bell) },
    { "gen-json", 0, VALUE_FLAG, FIELD(gen_json) },
    { "database", 'd', VALUE_WORDS, FIELD(databases) },
    { "official-db-only", 0, VALUE_FLAG, FIELD(official_only) },
    { "log", 'l', VALUE_TEXT, FIELD(log) },
    { "recursive", 'r', VALUE_FLAG, FIELD(recursive) },
    { "allmatch", 'z', VALUE_FLAG, FIELD(all_matches) },
    { "cross-fs", 0, VALUE_FLAG, FIELD(cross_fs) },
    { "follow-dir-symlinks", 0, VALUE_LINKS, FIELD(follow_directories) },
    { "follow-file-symlinks", 0, VALUE_LINKS, FIELD(follow_files) },
    { "file-list", 'f', VALUE_TEXT, FIELD(list) },
    { "exclude", 0, VALUE_PATTERN, FIELD(exclude) },
    { "exclude-dir", 0, VALUE_PATTERN, FIELD(exclude_dir) },
    { "include", 0, VALUE_PATTERN, FIELD(include) },
    { "include-dir", 0, VALUE_PATTERN, FIELD(include_dir) },
    { "detect-pua", 0, VALUE_FLAG, FIELD(pua) },
    { "exclude-pua", 0, VALUE_WORDS, FIELD(pua_exclude) },
    { "include-pua", 0, VALUE_WORDS, FIELD(pua_include) },
    { "phishing-sigs", 0, VALUE_FLAG, FIELD(phishing_sigs) },
    { "scan-archive", 0, VALUE_FLAG, FIELD(scan_archive) },
    { "alert-encrypted", 0, VALUE_FLAG, FIELD(alert_encrypted) },
    { "alert-encrypted-archive", 0, VALUE_FLAG, FIELD(alert_encrypted_archive) },
    { "alert-encrypted-doc", 0, VALUE_FLAG, FIELD(alert_encrypted_document) },
    { "alert-exceeds-max", 0, VALUE_FLAG, FIELD(alert_exceeds) },
    { "heuristic-scan-precedence", 0, VALUE_FLAG, FIELD(heuristics_first) },
    { "disable-cache", 0, VALUE_FLAG, FIELD(no_cache) },
    { "max-scantime", 0, VALUE_NUMBER, FIELD(limits.time_ms_max) },
    { "max-filesize", 0, VALUE_BYTES, FIELD(file_bytes_max) },
    { "max-scansize", 0, VALUE_BYTES, FIELD(limits.bytes_max) },
    { "max-files", 0, VALUE_NUMBER, FIELD(limits.objects_max) },
    { "max-recursion", 0, VALUE_NUMBER, FIELD(limits.depth_max) },
    { "max-dir-recursion", 0, VALUE_LONG, FIELD(directory_depth_max) },
    { "scan-pe", 0, VALUE_FLAG, FIELD(scan_pe) },
    { "scan-elf", 0, VALUE_FLAG, FIELD(scan_elf) },
    { "scan-ole2", 0, VALUE_FLAG, FIELD(scan_ole2) },
    { "scan-pdf", 0, VALUE_FLAG, FIELD(scan_pdf) },
    { "scan-swf", 0, VALUE_FLAG, FIELD(scan_swf) },
    { "scan-html", 0, VALUE_FLAG, FIELD(scan_html) },
    { "scan-mail", 0, VALUE_FLAG, FIELD(scan_mail) },
    { "scan-xmldocs", 0, VALUE_FLAG, FIELD(scan_xmldocs) },
    { "scan-hwp3", 0, VALUE_FLAG, FIELD(scan_hwp3) },
    { "scan-onenote", 0, VALUE_FLAG, FIELD(scan_onenote) },
    { "scan-image", 0, VALUE_FLAG, FIELD(scan_image) },
    { "scan-image-fuzzy-hash", 0, VALUE_FLAG, FIELD(scan_fuzzy) },
    { "normalize", 0, VALUE_FLAG, FIELD(normalize) },
    { "phishing-scan-urls", 0, VALUE_FLAG, FIELD(phishing_urls) },
    { "alert-broken", 0, VALUE_FLAG, FIELD(alert_broken) },
    { "alert-macros", 0, VALUE_FLAG, FIELD(alert_macros) },
    { "alert-partition-intersection", 0, VALUE_FLAG, FIELD(alert_crossed) },
    { "nocerts", 0, VALUE_FLAG, FIELD(no_certificates) },
    { "detect-structured", 0, VALUE_FLAG, FIELD(structured) },
    { "structured-ssn-format", 0, VALUE_LONG, FIELD(ssn_format) },
    { "structured-ssn-count", 0, VALUE_LONG, FIELD(ssn_count) },
    { "structured-cc-count", 0, VALUE_LONG, FIELD(card_count) },
    { "structured-cc-mode", 0, VALUE_LONG, FIELD(card_mode) },
    { "max-htmlnormalize", 0, VALUE_BYTES, FIELD(html_bytes) },
    { "max-htmlnotags", 0, VALUE_BYTES, FIELD(no_tags_bytes) },
    { "max-scriptnormalize", 0, VALUE_BYTES, FIELD(text_bytes) },
    { "max-partitions", 0, VALUE_LONG, FIELD(partitions) },
    { "pcre-match-limit", 0, VALUE_LONG, FIELD(pcre_matches) },
    { "pcre-recmatch-limit", 0, VALUE_LONG, FIELD(pcre_depth) },
    { "pcre-max-filesize", 0, VALUE_BYTES, FIELD(pcre_bytes) },
    { "tempdir", 0, VALUE_TEXT, FIELD(temporary_folder) },
    { "leave-temps", 0, VALUE_FLAG, FIELD(leave_temps) },
    { "fail-if-cvd-older-than", 0, VALUE_LONG, FIELD(cvd_days_max) },
    { "cvdcertsdir", 0, VALUE_TEXT, FIELD(certificates) },
    { "fips-limits", 0, VALUE_FLAG, FIELD(fips_limits) },
    /* overt does these by itself, or has no use for them */
    { "force-to-disk", 0, VALUE_NO_FLAG, 0 },
    { "bytecode", 0, VALUE_NO_FLAG, 0 },
    { "bytecode-unsigned", 0, VALUE_NO_FLAG, 0 },
    { "bytecode-timeout", 0, VALUE_NO_VALUE, 0 },
    { "statistics", 0, VALUE_NO_FLAG, 0 },
    { "heuristic-alerts", 0, VALUE_NO_FLAG, 0 },
    { "alert-broken-media", 0, VALUE_NO_FLAG, 0 },
    { "alert-phishing-ssl", 0, VALUE_NO_FLAG, 0 },
    { "alert-phishing-cloak", 0, VALUE_NO_FLAG, 0 },
    { "dumpcerts", 0, VALUE_NO_FLAG, 0 },
    { "max-embeddedpe", 0, VALUE_NO_VALUE, 0 },
    { "max-ziptypercg", 0, VALUE_NO_VALUE, 0 },
    { "max-iconspe", 0, VALUE_NO_VALUE, 0 },
    { "max-rechwp3", 0, VALUE_NO_VALUE, 0 },
};

#define KNOWN_COUNT (sizeof(known) / sizeof(known[0]))

/* These have an action and a folder, or an action alone. */
enum {
    OPTION_FIRST = 0x100,
    OPTION_REMOVE = OPTION_FIRST + (int)KNOWN_COUNT,
    OPTION_MOVE,
    OPTION_COPY
};

static bool wrong(const char *name, const char *why)
{
    (void)fprintf(stderr, "ERROR: --%s: %s\n", name, why);
    return false;
}

static bool add_pattern(struct clamscan_patterns *patterns, const char *name, const char *text)
{
    regex_t *more = reallocarray(patterns->at, patterns->count + 1, sizeof(*more));

    if (more == NULL) {
        return wrong(name, "no memory");
    }
    patterns->at = more;
    if (regcomp(&more[patterns->count], text, REG_EXTENDED | REG_NOSUB) != 0) {
        return wrong(name, "this is no regular expression");
    }
    patterns->count++;
    return true;
}

static bool read_flag(const char *name, const char *text, bool *out)
{
    if (text == NULL || strcasecmp(text, "yes") == 0 || strcasecmp(text, "true") == 0
            || strcmp(text, "1") == 0) {
        *out = true;
        return true;
    }
    *out = false;
    return strcasecmp(text, "no") == 0 || strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0
           || wrong(name, "it takes yes or no");
}

static bool take_value(struct clamscan_options *o, const struct known *k, const char *value)
{
    void *field = (char *)o + k->field;
    uint64_t number = 0;
    bool flag;

    switch (k->kind) {
    case VALUE_FLAG:
        return read_flag(k->name, value, field);
    case VALUE_WORDS:
        return ov_words_add(field, value);
    case VALUE_TEXT:
        *(const char **)field = value;
        return true;
    case VALUE_PATTERN:
        return add_pattern(field, k->name, value);
    case VALUE_BYTES: /* 0: no limit but overt's own */
        *(uint64_t *)field = 0;
        return strcmp(value, "0") == 0 || ov_option_bytes("clamscan", k->name, value, field);
    case VALUE_NUMBER:
        if (!ov_option_number("clamscan", k->name, value, 0, UINT32_MAX, &number)) {
            return false;
        }
        *(uint32_t *)field = (uint32_t)number;
        return true;
    case VALUE_LONG:
        return ov_option_number("clamscan", k->name, value, 0, UINT32_MAX, field);
    case VALUE_LINKS:
        if (!ov_option_number("clamscan", k->name, value == NULL ? "1" : value, 0, 2, &number)) {
            return false;
        }
        *(unsigned *)field = (unsigned)number;
        return true;
    case VALUE_NO_FLAG:
        return strcmp(k->name, "statistics") == 0 || read_flag(k->name, value, &flag);
    case VALUE_NO_VALUE:
        return true;
    }
    return false;
}

static int argument_of(enum value_kind kind)
{
    return kind == VALUE_FLAG || kind == VALUE_NO_FLAG || kind == VALUE_LINKS ? optional_argument
                                                                              : required_argument;
}

static bool take_action(struct clamscan_options *o, int option, const char *value)
{
    if (option == OPTION_REMOVE) {
        bool remove = false;

        if (!read_flag("remove", value, &remove)) {
            return false;
        }
        o->action = remove ? CLAMSCAN_REMOVE : o->action;
        return true;
    }
    o->action = option == OPTION_MOVE ? CLAMSCAN_MOVE : CLAMSCAN_COPY;
    o->move_to = value;
    return true;
}

static void defaults(struct clamscan_options *o)
{
    const overt_limits limits = OVERT_LIMITS_INIT;

    *o = (struct clamscan_options){
        .cross_fs = true,
        .phishing_sigs = true,
        .scan_archive = true,
        .scan_pe = true,
        .scan_elf = true,
        .scan_ole2 = true,
        .scan_pdf = true,
        .scan_swf = true,
        .scan_html = true,
        .scan_mail = true,
        .scan_xmldocs = true,
        .scan_hwp3 = true,
        .scan_onenote = true,
        .scan_image = true,
        .scan_fuzzy = true,
        .normalize = true,
        .phishing_urls = true,
        .ssn_count = 3,
        .card_count = 3,
        .partitions = UINT64_MAX,
        .follow_directories = 1,
        .follow_files = 1,
        .directory_depth_max = 15,
        .cvd_days_max = UINT64_MAX,
        .limits = limits,
    };
}

static void fill_table(struct option *table, char *letters)
{
    size_t used = 0;

    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        table[i] = (struct option){ .name = known[i].name,
            .has_arg = argument_of(known[i].kind),
            .val = OPTION_FIRST + (int)i };
        if (known[i].letter != 0) {
            letters[used++] = known[i].letter;
            if (argument_of(known[i].kind) == required_argument) {
                letters[used++] = ':';
            }
        }
    }
    letters[used] = '\0';
    table[KNOWN_COUNT] = (struct option){ "remove", optional_argument, NULL, OPTION_REMOVE };
    table[KNOWN_COUNT + 1] = (struct option){ "move", required_argument, NULL, OPTION_MOVE };
    table[KNOWN_COUNT + 2] = (struct option){ "copy", required_argument, NULL, OPTION_COPY };
    table[KNOWN_COUNT + 3] = (struct option){ NULL, 0, NULL, 0 };
}

static const struct known *by_letter(int letter)
{
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        if (known[i].letter == letter) {
            return &known[i];
        }
    }
    return NULL;
}

bool clamscan_options_read(struct clamscan_options *o, int argc, char **argv)
{
    struct option table[KNOWN_COUNT + 4];
    char letters[2 * KNOWN_COUNT + 1];
    int option;

    defaults(o);
    fill_table(table, letters);
    optind = 1;
    while ((option = getopt_long(argc, argv, letters, table, NULL)) != -1) {
        const struct known *k = option >= OPTION_FIRST && option < OPTION_REMOVE
                                        ? &known[option - OPTION_FIRST]
                                        : by_letter(option);
        const bool good = option >= OPTION_REMOVE ? take_action(o, option, optarg)
                          : k != NULL             ? take_value(o, k, optarg)
                                                  : false; /* getopt has said what is wrong */

        if (!good) {
            (void)fprintf(stderr, "ERROR: Can't parse command line options\n");
            return false;
        }
    }
    for (; optind < argc; optind++) {
        if (!ov_words_add(&o->paths, argv[optind])) {
            return false;
        }
    }
    if (o->pua_include.count != 0 && o->pua_exclude.count != 0) {
        return wrong("include-pua", "it does not go with --exclude-pua");
    }
    return true;
}

static void free_patterns(struct clamscan_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++) {
        regfree(&patterns->at[i]);
    }
    free(patterns->at);
}

void clamscan_options_done(struct clamscan_options *o)
{
    ov_words_done(&o->databases);
    ov_words_done(&o->paths);
    ov_words_done(&o->pua_include);
    ov_words_done(&o->pua_exclude);
    free_patterns(&o->exclude);
    free_patterns(&o->exclude_dir);
    free_patterns(&o->include);
    free_patterns(&o->include_dir);
}

void clamscan_help(FILE *to)
{
    (void)fprintf(to, "usage: overt clamscan [OPTION...] [FILE|FOLDER|-]...\n\n"
                      "The command line, output and exit codes of ClamAV's clamscan 1.4.6; its\n"
                      "databases (default: " CLAMSCAN_DATABASE ") in overt's engine and jail.\n\n");
    for (size_t i = 0; i < KNOWN_COUNT; i++) {
        const bool does = known[i].kind < VALUE_NO_FLAG;

        (void)fprintf(to, "  --%s%s%s\n", known[i].name,
                argument_of(known[i].kind) == optional_argument ? "[=yes/no]" : "=VALUE",
                does ? "" : "  (taken, without effect)");
    }
    (void)fprintf(to, "  --remove[=yes/no]\n  --move=FOLDER\n  --copy=FOLDER\n\n"
                      "Short: -h -V -v -a -i -o -d -l -r -z -f. overt-clamscan(1) tells more.\n"
                      "Exit: 0 nothing found, 1 found, 2 an error.\n");
}
