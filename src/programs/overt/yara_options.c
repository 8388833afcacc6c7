/* SPDX-License-Identifier: Apache-2.0 */
/* yara_options.c - options as yara reads them: no permutation and no abbreviation, a short option
 * takes its argument from the next word only, a flag may be given once. */
#include "programs/overt/yara_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "programs/overt/out.h"

#define REPEAT_MAX 32u

enum kind {
    FLAG,
    NUMBER,
    LONG_NUMBER,
    TEXT,
    TEXTS
};

struct row { /* NOLINT(clang-analyzer-optin.performance.Padding): in the order people read */
    char letter;
    const char *name;
    enum kind kind;
    size_t at; /* offset in ov_yr_settings */
    const char *argument;
    const char *help;
};

#define AT(field) offsetof(struct ov_yr_settings, field)

static const struct row yara_rows[] = {
    { 0, "atom-quality-table", TEXT, AT(atom_table), "FILE",
            "path to a file with the atom quality table" },
    { 'C', "compiled-rules", FLAG, AT(compiled), NULL, "load compiled rules" },
    { 'c', "count", FLAG, AT(count), NULL, "print only number of matches" },
    { 'E', "strict-escape", FLAG, AT(strict_escape), NULL, "warn on unknown escape sequences" },
    { 'd', "define", TEXTS, AT(defines), "VAR=VALUE", "define external variable" },
    { 'q', "disable-console-logs", FLAG, AT(no_console), NULL,
            "disable printing console log messages" },
    { 0, "fail-on-warnings", FLAG, AT(fail_on_warnings), NULL, "fail on warnings" },
    { 'f', "fast-scan", FLAG, AT(fast), NULL, "fast matching mode" },
    { 0, "file-variables", FLAG, AT(file_variables), NULL,
            "define filename, filepath, extension, filetype and owner for each file" },
    { 'h', "help", FLAG, AT(help), NULL, "show this help and exit" },
    { 'i', "identifier", TEXTS, AT(identifiers), "IDENTIFIER",
            "print only rules named IDENTIFIER" },
    { 0, "max-process-memory-chunk", NUMBER, AT(process_chunk), "NUMBER",
            "set maximum chunk size while reading process memory (default=1073741824)" },
    { 'l', "max-rules", NUMBER, AT(rules_max), "NUMBER",
            "abort scanning after matching a NUMBER of rules" },
    { 0, "max-strings-per-rule", NUMBER, AT(strings_max), "NUMBER",
            "set maximum number of strings per rule (default=10000)" },
    { 'x', "module-data", TEXTS, AT(module_files), "MODULE=FILE",
            "pass FILE's content as extra data to MODULE" },
    { 'n', "negate", FLAG, AT(negate), NULL, "print only not satisfied rules (negate)" },
    { 'N', "no-follow-symlinks", FLAG, AT(no_links), NULL, "do not follow symlinks when scanning" },
    { 'w', "no-warnings", FLAG, AT(no_warnings), NULL, "disable warnings" },
    { 'm', "print-meta", FLAG, AT(meta), NULL, "print metadata" },
    { 'D', "print-module-data", FLAG, AT(module_data), NULL, "print module data" },
    { 'M', "module-names", FLAG, AT(module_names), NULL, "show module names" },
    { 'e', "print-namespace", FLAG, AT(name_space), NULL, "print rules' namespace" },
    { 'S', "print-stats", FLAG, AT(stats), NULL, "print rules' statistics" },
    { 's', "print-strings", FLAG, AT(strings), NULL, "print matching strings" },
    { 'L', "print-string-length", FLAG, AT(length), NULL, "print length of matched strings" },
    { 'X', "print-xor-key", FLAG, AT(xor_key), NULL,
            "print xor key and plaintext of matched strings" },
    { 'g', "print-tags", FLAG, AT(tags), NULL, "print tags" },
    { 'r', "recursive", FLAG, AT(recursive), NULL, "recursively search directories" },
    { 0, "scan-list", FLAG, AT(scan_list), NULL, "scan files listed in FILE, one per line" },
    { 'z', "skip-larger", LONG_NUMBER, AT(skip_larger), "NUMBER",
            "skip files larger than the given size when scanning a directory" },
    { 'k', "stack-size", NUMBER, AT(stack_slots), "SLOTS",
            "set maximum stack size (default=16384)" },
    { 't', "tag", TEXTS, AT(only_tags), "TAG", "print only rules tagged as TAG" },
    { 'p', "threads", NUMBER, AT(threads), "NUMBER",
            "use the specified NUMBER of threads to scan a directory" },
    { 'a', "timeout", NUMBER, AT(timeout_s), "SECONDS",
            "abort scanning after the given number of SECONDS" },
    { 0, "accept-weaker-jail", TEXTS, AT(weaker), "LAYER", "do without this layer of the jail" },
    { 'v', "version", FLAG, AT(version), NULL, "show version information" },
};

static const struct row yarac_rows[] = {
    { 0, "atom-quality-table", TEXT, AT(atom_table), "FILE",
            "path to a file with the atom quality table" },
    { 'd', "define", TEXTS, AT(defines), "VAR=VALUE", "define external variable" },
    { 0, "fail-on-warnings", FLAG, AT(fail_on_warnings), NULL, "fail on warnings" },
    { 0, "file-variables", FLAG, AT(file_variables), NULL,
            "define filename, filepath, extension, filetype and owner" },
    { 'h', "help", FLAG, AT(help), NULL, "show this help and exit" },
    { 'E', "strict-escape", FLAG, AT(strict_escape), NULL, "warn on unknown escape sequences" },
    { 0, "max-strings-per-rule", NUMBER, AT(strings_max), "NUMBER",
            "set maximum number of strings per rule (default=10000)" },
    { 'w', "no-warnings", FLAG, AT(no_warnings), NULL, "disable warnings" },
    { 0, "accept-weaker-jail", TEXTS, AT(weaker), "LAYER", "do without this layer of the jail" },
    { 'v', "version", FLAG, AT(version), NULL, "show version information" },
};

#define YARA_ROWS  (sizeof(yara_rows) / sizeof(yara_rows[0]))
#define YARAC_ROWS (sizeof(yarac_rows) / sizeof(yarac_rows[0]))

struct reading {
    struct ov_yr_settings *settings;
    const struct row *rows;
    size_t row_count;
    unsigned given[YARA_ROWS];
};
_Static_assert(YARAC_ROWS <= YARA_ROWS, "one count fits both");

static const struct row *find(const struct reading *r, const char *name, char letter)
{
    for (size_t i = 0; i < r->row_count; i++) {
        const struct row *row = &r->rows[i];
        const size_t len = strlen(row->name);

        if (name != NULL ? strncmp(name, row->name, len) == 0
                                   && (name[len] == '\0' || name[len] == '=')
                         : row->letter != 0 && row->letter == letter) {
            return row;
        }
    }
    return NULL;
}

static bool complain(const char *before, const char *option, const char *after)
{
    (void)fprintf(stderr, "%s`%s`%s\n", before, option, after);
    return false;
}

/* `option`: the word it stands in, for messages. `value`: what may be its argument, or NULL. */
static bool take(
        struct reading *r, const struct row *row, const char *option, const char *value, bool *used)
{
    unsigned *given = &r->given[row - r->rows];
    void *to = (char *)r->settings + row->at;
    char *end = NULL;

    *used = row->kind != FLAG && value != NULL;
    if (*given == (row->kind == TEXTS ? REPEAT_MAX : 1)) {
        return complain("too many ", option, " options");
    }
    ++*given;
    switch (row->kind) {
    case FLAG:
        *(bool *)to = true;
        return true;
    case NUMBER:
    case LONG_NUMBER: {
        const long long number = value == NULL ? 0 : strtoll(value, &end, 0);

        if (value == NULL || *end != '\0') {
            return complain("option ", option, " requires an integer argument");
        }
        if (row->kind == NUMBER) {
            *(long *)to = (long)number;
        } else {
            *(long long *)to = number;
        }
        return true;
    }
    case TEXT:
    case TEXTS:
        if (value == NULL) {
            return complain("option ", option, " requires a string argument");
        }
        if (row->kind == TEXTS) {
            return ov_words_add(to, value);
        }
        *(const char **)to = value;
        return true;
    }
    return false;
}

static bool take_long(struct reading *r, const char *word)
{
    const struct row *row = find(r, word + 2, 0);
    const char *equal = strchr(word, '=');
    bool used;

    return row == NULL ? complain("unknown option ", word, "")
                       : take(r, row, word, equal == NULL ? NULL : equal + 1, &used);
}

/* One word of short options; the last of them may take the word behind, if there is one. */
static bool take_short(struct reading *r, const char *word, const char *next, bool *next_used)
{
    for (const char *at = word + 1; *at != '\0'; at++) {
        const struct row *row = find(r, NULL, *at);

        if (row == NULL) {
            return complain("unknown option ", word, "");
        }
        if (!take(r, row, word, at[1] == '\0' ? next : NULL, next_used)) {
            return false;
        }
    }
    return true;
}

bool ov_yr_options_read(struct ov_yr_settings *s, bool is_yarac, int argc, char **argv)
{
    struct reading r = { .settings = s,
        .rows = is_yarac ? yarac_rows : yara_rows,
        .row_count = is_yarac ? YARAC_ROWS : YARA_ROWS };

    *s = (struct ov_yr_settings){
        .strings_max = 10000,
        .process_chunk = 1073741824,
        .stack_slots = 16384,
        .threads = 32,
        .timeout_s = 1000000,
    };
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool used = false;

        if (word[0] == '-' && word[1] == '-' && word[2] != '\0') {
            if (!take_long(&r, word)) {
                return false;
            }
        } else if (word[0] == '-' && word[1] != '-' && word[1] != '\0') {
            if (!take_short(&r, word, argv[i + 1], &used)) {
                return false;
            }
            i += used ? 1 : 0;
        } else if (!ov_words_add(&s->args, word)) {
            return false;
        }
    }
    for (size_t i = 0; i < r.row_count; i++) {
        s->threads_given |= r.rows[i].letter == 'p' && r.given[i] != 0;
    }
    return true;
}

void ov_yr_options_done(struct ov_yr_settings *s)
{
    ov_words_done(&s->identifiers);
    ov_words_done(&s->only_tags);
    ov_words_done(&s->defines);
    ov_words_done(&s->module_files);
    ov_words_done(&s->weaker);
    ov_words_done(&s->args);
}

void ov_yr_help(bool is_yarac)
{
    const struct row *rows = is_yarac ? yarac_rows : yara_rows;
    const size_t count = is_yarac ? YARAC_ROWS : YARA_ROWS;
    const int column = is_yarac ? 40 : 43;

    if (is_yarac) {
        printf("usage: overt yarac [OPTION]... [NAMESPACE:]SOURCE_FILE... OUTPUT_FILE\n\n");
    } else {
        printf("usage: overt yara [OPTION]... [NAMESPACE:]RULES_FILE... FILE | DIR | PID\n\n"
               "Speaks YARA %s: its rules, its options, its output.\n\n"
               "Mandatory arguments to long options are mandatory for short options too.\n\n",
                OV_YARA_VERSION);
    }
    for (size_t i = 0; i < count; i++) {
        char left[80];

        (void)snprintf(left, sizeof(left), "  %c%c%s--%s%s%s", rows[i].letter != 0 ? '-' : ' ',
                rows[i].letter != 0 ? rows[i].letter : ' ', rows[i].letter != 0 ? ",  " : "   ",
                rows[i].name, rows[i].argument != NULL ? "=" : "",
                rows[i].argument != NULL ? rows[i].argument : "");
        printf("%-*s%s\n", column, left, rows[i].help);
    }
}
