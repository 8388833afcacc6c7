/* SPDX-License-Identifier: Apache-2.0 */
/* yara_rules.c - gathers rule files and variables, has them compiled in the jail. Opens rule files
 * and what they include; reads none of it. */
#include "programs/overt/yara_rules.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/limits.h"
#include "programs/overt/out.h"

const char *const ov_yr_file_variables[OV_YARA_FILE_VARIABLES] = { "filename", "filepath",
    "extension", "filetype", "owner" };

/* --- variables -------------------------------------------------------------------------------- */

static bool is_number(const char *text, bool *has_dot)
{
    *has_dot = false;
    text += *text == '-';
    if (*text == '\0' || *text == '.') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text == '.' && !*has_dot) {
            *has_dot = true;
        } else if (!isdigit((unsigned char)*text)) {
            return false;
        }
    }
    return true;
}

static overt_value value_of(const char *name, size_t name_len, const char *text)
{
    overt_value value = { .name = { .bytes = name, .len = name_len } };
    bool has_dot;

    if (is_number(text, &has_dot)) {
        value.kind = has_dot ? OVERT_VALUE_FLOAT : OVERT_VALUE_INTEGER;
        value.real = has_dot ? strtod(text, NULL) : 0;
        /* yara takes 32 bits of it. */
        value.integer = has_dot ? 0 : (int32_t)(uint64_t)strtoll(text, NULL, 10);
    } else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        value.kind = OVERT_VALUE_BOOLEAN;
        value.integer = text[0] == 't';
    } else {
        value.kind = OVERT_VALUE_TEXT;
        value.text = (overt_text){ .bytes = text, .len = strlen(text) };
    }
    return value;
}

bool ov_yr_values_read(struct ov_yr_values *values, const struct ov_words *defines)
{
    *values = (struct ov_yr_values){ .at = calloc(defines->count + 1, sizeof(overt_value)) };
    if (values->at == NULL) {
        ov_complain("yara", "no memory for variables");
        return false;
    }
    for (size_t i = 0; i < defines->count; i++) {
        const char *word = defines->at[i];
        const char *equal = strchr(word, '=');

        if (equal == NULL) {
            (void)fprintf(stderr, "error: wrong syntax for `-d` option.\n");
            return true;
        }
        values->at[values->count++] = value_of(word, (size_t)(equal - word), equal + 1);
    }
    return true;
}

void ov_yr_values_done(struct ov_yr_values *values)
{
    free(values->at);
    *values = (struct ov_yr_values){ .count = 0 };
}

/* --- problems --------------------------------------------------------------------------------- */

struct compiling {
    const struct ov_yr_settings *settings;
    overt_compiler *compiler; /* owned */
    bool is_yarac;
    uint64_t errors, warnings;
};

static int len_of(overt_text text)
{
    return text.len > INT32_MAX ? INT32_MAX : (int)text.len;
}

static void on_problem(void *payload, const overt_problem *problem)
{
    struct compiling *c = payload;
    const char *kind = problem->is_warning ? "warning" : "error";

    if (problem->is_warning && c->settings->no_warnings) {
        return;
    }
    *(problem->is_warning ? &c->warnings : &c->errors) += 1;
    if (problem->rule.len != 0) {
        (void)fprintf(stderr, "%s: rule \"%.*s\" in %.*s(%u): %.*s\n", kind, len_of(problem->rule),
                problem->rule.bytes, len_of(problem->file), problem->file.bytes, problem->line,
                len_of(problem->message), problem->message.bytes);
    } else if (c->is_yarac) {
        (void)fprintf(stderr, "%s: %.*s(%u): %.*s\n", kind, len_of(problem->file),
                problem->file.bytes, problem->line, len_of(problem->message),
                problem->message.bytes);
    } else {
        (void)fprintf(stderr, "%.*s(%u): %s: %.*s\n", len_of(problem->file), problem->file.bytes,
                problem->line, kind, len_of(problem->message), problem->message.bytes);
    }
}

static int on_include(void *payload, const char *path, const char *from)
{
    (void)payload;
    (void)from;
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

static bool complain_error(const overt_error *err)
{
    (void)fprintf(stderr, "error: %s%s%s\n", err->source, err->source[0] != '\0' ? ": " : "",
            err->message);
    return false;
}

/* --- sources ---------------------------------------------------------------------------------- */

/* A pipe, or standard input: read to its end. */
static bool add_stream(struct compiling *c, const char *name, int fd)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;
    bool good = true, more = true;

    ov_buf_init(&text, OV_RULE_SOURCE_BYTES_MAX);
    while (good && more) {
        uint8_t part[65536];
        const ssize_t n = read(fd, part, sizeof(part));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            (void)fprintf(stderr, "error: could not read file: %s: %s\n", name, strerror(errno));
            good = false;
        }
        more = n > 0;
        ov_buf_put(&text, part, n > 0 ? (size_t)n : 0);
        if (!ov_buf_ok(&text)) {
            (void)fprintf(stderr, "error: %s: larger than a rule file may be\n", name);
            good = false;
        }
    }
    if (good
            && overt_compiler_add(c->compiler, OVERT_YARA, name, ov_bytes_raw(ov_buf_bytes(&text)),
                       (size_t)ov_bytes_len(ov_buf_bytes(&text)), &err)
                       != OVERT_OK) {
        good = complain_error(&err);
    }
    ov_buf_done(&text);
    return good;
}

static bool add_file(struct compiling *c, const char *name)
{
    auto_fd int fd = -1;
    overt_error err = OVERT_ERROR_INIT;
    struct stat st;

    if (strcmp(name, "-") == 0) {
        return add_stream(c, name, STDIN_FILENO);
    }
    fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
        (void)fprintf(stderr, "error: could not open file: %s\n", name);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        return add_stream(c, name, fd);
    }
    return overt_compiler_add_fd(c->compiler, OVERT_YARA, name, fd, &err) == OVERT_OK
           || complain_error(&err);
}

/* [NAMESPACE:]FILE. A file that is really called so goes before. */
static bool add_argument(struct compiling *c, const char *argument)
{
    const struct ov_yr_settings *s = c->settings;
    overt_yara_options options = OVERT_YARA_OPTIONS_INIT;
    overt_error err = OVERT_ERROR_INIT;
    auto_free char *space = NULL;
    const char *name = argument;
    const char *colon = access(argument, F_OK) != 0 ? strchr(argument, ':') : NULL;

    if (colon != NULL && colon[1] != '\\') {
        space = strndup(argument, (size_t)(colon - argument));
        name = colon + 1;
        if (space == NULL) {
            (void)fprintf(stderr, "not enough memory\n");
            return false;
        }
    }
    options.space = space;
    options.flags = OVERT_YARA_FIRST_ERROR | OVERT_YARA_STOP_AT_ERRORS
                    | (s->strict_escape ? OVERT_YARA_STRICT_ESCAPE : 0);
    options.strings_per_rule_max = s->strings_max > 0 && s->strings_max < UINT32_MAX
                                           ? (uint32_t)s->strings_max
                                           : UINT32_MAX;
    if (overt_compiler_set_yara(c->compiler, &options, &err) != OVERT_OK) {
        return complain_error(&err);
    }
    return add_file(c, name);
}

static bool define(struct compiling *c, const overt_value *value)
{
    overt_error err = OVERT_ERROR_INIT;

    return overt_compiler_define(c->compiler, value, &err) == OVERT_OK || complain_error(&err);
}

static bool prepare(struct compiling *c, const struct ov_yr_values *values)
{
    overt_error err = OVERT_ERROR_INIT;

    if (overt_compiler_new(&c->compiler, &err) != OVERT_OK) {
        return complain_error(&err);
    }
    overt_compiler_on_problem(c->compiler, on_problem, c);
    overt_compiler_on_include(c->compiler, on_include, c);
    for (size_t i = 0; i < c->settings->weaker.count; i++) {
        if (overt_compiler_accept_weaker(c->compiler, c->settings->weaker.at[i], &err)
                != OVERT_OK) {
            return complain_error(&err);
        }
    }
    for (size_t i = 0; c->settings->file_variables && i < OV_YARA_FILE_VARIABLES; i++) {
        const overt_value value =
                value_of(ov_yr_file_variables[i], strlen(ov_yr_file_variables[i]), "");

        if (!define(c, &value)) {
            return false;
        }
    }
    for (size_t i = 0; i < values->count; i++) {
        if (!define(c, &values->at[i])) {
            return false;
        }
    }
    return true;
}

overt_db *ov_yr_compile(const struct ov_yr_settings *settings, bool is_yarac,
        const struct ov_yr_values *values, size_t file_count)
{
    struct compiling c = { .settings = settings, .is_yarac = is_yarac };
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    bool good = prepare(&c, values);

    for (size_t i = 0; good && i < file_count; i++) {
        good = add_argument(&c, settings->args.at[i]);
    }
    if (good) {
        const overt_status status = overt_compiler_finish(c.compiler, 0, &db, &err);

        if (status != OVERT_OK && status != OVERT_E_SYNTAX) {
            (void)complain_error(&err);
        }
    }
    overt_compiler_free(c.compiler);
    if (db != NULL && settings->fail_on_warnings && c.warnings != 0) {
        overt_db_free(db);
        return NULL;
    }
    return db;
}

/* Has the database a variable for every value, of its type? */
static bool check_values(const overt_db *db, const struct ov_yr_values *values)
{
    for (size_t i = 0; i < values->count; i++) {
        const overt_value *value = &values->at[i];
        bool found = false;

        for (uint64_t k = 0; k < overt_db_external_count(db); k++) {
            overt_error err = OVERT_ERROR_INIT;
            overt_value has;

            if (overt_db_external(db, k, &has, &err) != OVERT_OK || has.name.len != value->name.len
                    || memcmp(has.name.bytes, value->name.bytes, has.name.len) != 0) {
                continue;
            }
            found = true;
            if (has.kind != value->kind) {
                (void)fprintf(stderr, "invalid type for external variable\n");
                return false;
            }
        }
        if (!found) {
            (void)fprintf(stderr, "error: the rules have no external variable \"%.*s\"\n",
                    len_of(value->name), value->name.bytes);
            return false;
        }
    }
    return true;
}

overt_db *ov_yr_load(const char *path, const struct ov_yr_values *values)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    overt_status status;

    status = overt_db_open(&db, path, &err);
    if (status != OVERT_OK) {
        (void)fprintf(stderr, "%s\n",
                status == OVERT_E_IO ? "could not open file"
                : status == OVERT_E_VERSION
                        ? "rules were compiled with a different version of overt"
                        : "invalid compiled rules file.");
        return NULL;
    }
    if (!check_values(db, values)) {
        overt_db_free(db);
        return NULL;
    }
    return db;
}
