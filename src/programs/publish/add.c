/* SPDX-License-Identifier: Apache-2.0 */
/* add.c - rules and other entries into pending/. Rule files are compiled in a jail by libovert,
 * which also says where each rule begins and ends; nothing of them is parsed here. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "facts/schema.h"
#include "programs/publish/publish.h"
#include "trust/line.h"

#define RULE_FILE_BYTES_MAX OV_RULE_SOURCE_BYTES_MAX

/* The next free number in pending/: entries come into the log in the order they were added. Looked up
 * once: the folder is locked, and may hold a hundred thousand. */
static uint64_t first_number(struct log *log)
{
    const int fd = openat(log->fd, "pending", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    uint64_t next = 1;

    if (folder == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return next;
    }
    for (const struct dirent *d = readdir(folder); d != NULL; d = readdir(folder)) {
        const uint64_t n = strtoull(d->d_name, NULL, 10);

        next = n >= next ? n + 1 : next;
    }
    (void)closedir(folder);
    return next;
}

static uint64_t next_number(struct log *log)
{
    if (log->pending_next == 0) {
        log->pending_next = first_number(log);
    }
    return log->pending_next++;
}

bool pending_put(struct log *log, const struct ov_entry *entry)
{
    overt_error err = OVERT_ERROR_INIT;
    char name[256];
    struct ov_buf text;
    struct ov_entry again;
    overt_status status;

    ov_buf_init(&text, OV_LOG_ENTRY_BYTES_MAX - 8192u); /* room for the signatures */
    ov_entry_put(&text, entry);
    status = ov_buf_ok(&text)
                     ? ov_entry_read(ov_buf_bytes(&text), &again, &err)
                     : ov_fail(&err, OVERT_E_LIMIT, UINT64_MAX, "longer than an entry may be");
    if (status == OVERT_OK) {
        status = ov_text_check_plain(ov_buf_bytes(&text), &err);
    }
    if (status == OVERT_OK) {
        (void)snprintf(name, sizeof(name), "pending/%08" PRIu64 "-%.*s.entry", next_number(log),
                (int)ov_bytes_len(entry->name), (const char *)ov_bytes_raw(entry->name));
        status = ov_file_replace(log->fd, name, ov_buf_bytes(&text), 0644, &err);
    }
    ov_buf_done(&text);
    if (status != OVERT_OK) {
        char about[200];

        (void)snprintf(about, sizeof(about), "%.*s", (int)ov_bytes_len(entry->name),
                (const char *)ov_bytes_raw(entry->name));
        (void)complain(about, &err);
        return false;
    }
    (void)printf("%s/%s\n", log->path, name);
    return true;
}

/* --- YARA ----------------------------------------------------------------------------------- */

static void on_diag(void *payload, const overt_error *diag, int is_warning)
{
    struct adding *a = payload;

    if (!is_warning || a->warns) {
        (void)complain(a->path, diag);
    }
}

/* The import lines of a rule file; each rule gets those whose module it names. */
static void find_imports(struct adding *a, struct ov_bytes text)
{
    struct ov_lines lines = ov_lines_on(text);
    struct ov_bytes line, rest, name, after;

    ov_buf_clear(&a->imports);
    while (ov_lines_next(&lines, &line)) {
        if (ov_text_after(line, "import \"", &rest) && ov_text_split(rest, '"', &name, &after)
                && ov_bytes_len(name) <= 64) {
            ov_buf_put(&a->imports, ov_bytes_raw(name), (size_t)ov_bytes_len(name));
            ov_buf_put_u8(&a->imports, '\n');
        }
    }
}

/* False: it imports what only the owner's command could say. */
static bool put_imports(struct adding *a, struct ov_bytes source, struct ov_buf *out)
{
    struct ov_lines lines = ov_lines_on(ov_buf_bytes(&a->imports));
    struct ov_bytes name;
    bool good = true;

    while (ov_lines_next(&lines, &name)) {
        char dotted[80];
        const int len = snprintf(dotted, sizeof(dotted), "%.*s.", (int)ov_bytes_len(name),
                (const char *)ov_bytes_raw(name));

        if (memmem(ov_bytes_raw(source), (size_t)ov_bytes_len(source), dotted, (size_t)len)
                != NULL) {
            ov_buf_printf(out, "import \"%.*s\"\n\n", len - 1, dotted);
            good &= !ov_field_module_is_given(ov_field_module(name));
        }
    }
    return good;
}

bool add_refuse(struct adding *a, const overt_rule *rule, const char *why)
{
    char about[200];

    (void)snprintf(
            about, sizeof(about), "%s: rule %.*s", a->path, (int)rule->name.len, rule->name.bytes);
    (void)complain_text(about, why);
    a->refused++;
    return false;
}

static bool add_rule(struct adding *a, const overt_rule *rule)
{
    const struct ov_bytes source = ov_bytes_of(rule->source.bytes, rule->source.len);
    struct ov_entry entry = { .kind = OV_ENTRY_RULE,
        .name = ov_bytes_of(rule->name.bytes, rule->name.len),
        .scope = a->log->key.signer.key.name,
        .not_before = a->not_before };
    const char *why = NULL;
    struct ov_buf body;
    bool good;

    if (rule->is_global || rule->is_private) {
        return add_refuse(a, rule, "a rule of a log is neither global nor private");
    }
    ov_buf_init(&body, OV_LOG_ENTRY_BYTES_MAX);
    ov_buf_put_text(&body, "language yara\n");
    ov_buf_put(&body, ov_bytes_raw(ov_buf_bytes(&a->samples)),
            (size_t)ov_bytes_len(ov_buf_bytes(&a->samples)));
    ov_buf_put_u8(&body, '\n');
    if (put_imports(a, source, &body)) {
        good = canon_rule(source, &body, &why);
    } else {
        good = false;
        why = "a rule of a log does not ask for the time, for a report or for libmagic";
    }
    entry.body = ov_buf_bytes(&body);
    good = good ? pending_put(a->log, &entry) : add_refuse(a, rule, why);
    a->added += good;
    ov_buf_done(&body);
    return good;
}

overt_status add_compile(struct adding *a, overt_dialect dialect, struct ov_bytes text,
        overt_db **db, overt_error *err)
{
    overt_compiler *compiler = NULL;
    overt_status status = overt_compiler_new(&compiler, err);

    if (status != OVERT_OK) {
        return status;
    }
    overt_compiler_on_diag(compiler, on_diag, a);
    status = overt_compiler_add(
            compiler, dialect, a->path, ov_bytes_raw(text), (size_t)ov_bytes_len(text), err);
    if (status == OVERT_OK) {
        status = overt_compiler_finish(compiler, 1, db, err);
    }
    overt_compiler_free(compiler);
    return status;
}

static bool add_yara(struct adding *a, struct ov_bytes text)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    overt_rule rule;
    bool good = add_compile(a, OVERT_YARA, text, &db, &err) == OVERT_OK;

    if (!good) {
        (void)complain(a->path, &err);
    }
    find_imports(a, text);
    for (uint64_t i = 0; good && i < overt_db_rule_count(db); i++) {
        if (overt_db_rule(db, i, &rule, &err) != OVERT_OK) {
            good = complain(a->path, &err) == EXIT_DONE;
        } else {
            (void)add_rule(a, &rule); /* one that does not fit is named; the others go in */
        }
    }
    overt_db_free(db);
    return good;
}

/* --- hash lists ----------------------------------------------------------------------------- */

static void begin_chunk(struct ov_buf *body, enum ov_rule_language language)
{
    ov_buf_clear(body);
    ov_buf_printf(body, "language %s\n\n", ov_rule_language_name(language));
}

static bool put_chunk(struct adding *a, struct ov_buf *body, const char *name, uint64_t number)
{
    char full[OV_ENTRY_NAME_BYTES_MAX + 1];
    struct ov_entry entry = { .kind = OV_ENTRY_RULE,
        .scope = a->log->key.signer.key.name,
        .not_before = a->not_before,
        .body = ov_buf_bytes(body) };
    bool good;

    (void)snprintf(full, sizeof(full), "%.100s-%04" PRIu64, name, number);
    entry.name = ov_bytes_of(full, strlen(full));
    good = ov_buf_ok(body) && pending_put(a->log, &entry);
    a->added += good;
    return good;
}

/* A line of a hash list without what it may have around: blanks, CR, comments, capital digits. */
static void put_hash_line(struct ov_buf *body, struct ov_bytes line)
{
    const uint8_t *at = ov_bytes_raw(line);
    uint64_t len = ov_bytes_len(line);
    bool digest = true;

    while (len > 0 && (at[len - 1] == ' ' || at[len - 1] == '\t' || at[len - 1] == '\r')) {
        len--;
    }
    for (uint64_t i = 0; i < len; i++) {
        digest = digest && at[i] != ':';
        ov_buf_put_u8(body, digest ? (uint8_t)tolower(at[i]) : at[i]);
    }
    ov_buf_put_u8(body, '\n');
}

static void name_of(const char *path, char name[101])
{
    const char *slash = strrchr(path, '/');
    size_t n = 0;

    for (const char *c = slash == NULL ? path : slash + 1; *c != '\0' && n < 100; c++) {
        name[n++] = (char)(isalnum((unsigned char)*c) || *c == '.' || *c == '-' ? *c : '_');
    }
    name[n] = '\0';
}

bool add_hashes(struct adding *a, enum ov_rule_language language, struct ov_bytes text)
{
    struct ov_lines lines = ov_lines_on(text);
    struct ov_bytes line;
    struct ov_buf body;
    uint64_t count = 0, number = 0;
    char name[101];
    bool good = true;

    name_of(a->path, name);
    ov_buf_init(&body, OV_LOG_ENTRY_BYTES_MAX);
    begin_chunk(&body, language);
    while (good && ov_lines_next(&lines, &line)) {
        struct ov_bytes digest, rest;

        if (ov_bytes_len(line) == 0 || ov_bytes_raw(line)[0] == '#') {
            continue;
        }
        if (!ov_text_split(line, ':', &digest, &rest)) {
            good = complain_text(a->path, "a line that is no DIGEST:NAME or DIGEST:SIZE:NAME") == 0;
            break;
        }
        if (ov_bytes_len(ov_buf_bytes(&body)) + ov_bytes_len(line) + 9000u > OV_LOG_ENTRY_BYTES_MAX
                || count == OV_ENTRY_HASH_LINES_MAX) {
            good = put_chunk(a, &body, name, ++number);
            begin_chunk(&body, language);
            count = 0;
        }
        put_hash_line(&body, line);
        count++;
    }
    if (good && count > 0) {
        good = put_chunk(a, &body, name, ++number);
    }
    ov_buf_done(&body);
    return good;
}

/* --- files ---------------------------------------------------------------------------------- */

bool ends_in(const char *path, const char *suffix)
{
    const size_t len = strlen(path), n = strlen(suffix);

    return len > n && strcasecmp(path + len - n, suffix) == 0;
}

static bool is_hash_list(const char *path)
{
    return ends_in(path, ".hash") || ends_in(path, ".txt");
}

bool add_file(struct adding *a, const char *path)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;
    bool good;

    a->path = path;
    ov_buf_init(&text, RULE_FILE_BYTES_MAX + 1u);
    good = ov_file_read(AT_FDCWD, path, RULE_FILE_BYTES_MAX, &text, &err) == OVERT_OK;
    if (!good) {
        (void)complain(path, &err);
    } else if (is_hash_list(path)) {
        good = add_hashes(a, OV_LANGUAGE_HASHLIST, ov_buf_bytes(&text));
    } else {
        good = add_yara(a, ov_buf_bytes(&text));
    }
    ov_buf_done(&text);
    return good;
}

static void put_base64_line(struct ov_buf *out, const char *word, struct ov_bytes bytes)
{
    ov_buf_printf(out, "%s ", word);
    ov_base64_put(out, bytes);
    ov_buf_put_u8(out, '\n');
}

static bool add_sample(struct adding *a, const char *word, const char *path)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf bytes;
    bool good;

    ov_buf_init(&bytes, OV_LOG_ENTRY_BYTES_MAX);
    good = ov_file_read(AT_FDCWD, path, 24u * OV_KIB, &bytes, &err) == OVERT_OK;
    if (good) {
        put_base64_line(&a->samples, word, ov_buf_bytes(&bytes));
    } else {
        (void)complain(path, &err);
    }
    ov_buf_done(&bytes);
    return good;
}

/* FOLDER [--holds FILE] [--spares FILE] [--not-before SECONDS] RULES... */
int cmd_add(int argc, char **argv)
{
    struct log log;
    struct adding a = { .log = &log };
    bool good;

    if (argc < 3) {
        return complain_text("add",
                "usage: overt-publish add FOLDER [--holds FILE] [--spares FILE] "
                "[--not-before SECONDS] RULES...");
    }
    ov_buf_init(&a.samples, OV_LOG_ENTRY_BYTES_MAX);
    ov_buf_init(&a.imports, 64u * OV_KIB);
    good = log_open(argv[1], &log);
    for (int i = 2; good && i < argc; i++) {
        const bool takes = strncmp(argv[i], "--", 2) == 0 && i + 1 < argc;

        if (takes && strcmp(argv[i], "--not-before") == 0) {
            good = ov_decimal_read(ov_bytes_of(argv[i + 1], strlen(argv[i + 1])), &a.not_before)
                           == NULL
                   || complain_text(argv[i + 1], "no time") == EXIT_DONE;
            i++;
        } else if (takes && (strcmp(argv[i], "--holds") == 0 || strcmp(argv[i], "--spares") == 0)) {
            good = add_sample(&a, argv[i] + 2, argv[i + 1]);
            i++;
        } else {
            good = add_file(&a, argv[i]);
        }
    }
    log_close(&log);
    ov_buf_done(&a.samples);
    ov_buf_done(&a.imports);
    (void)fprintf(stderr,
            "overt-publish: %" PRIu64 " entries to be signed, %" PRIu64 " rules refused\n", a.added,
            a.refused);
    return good && a.refused == 0 ? EXIT_DONE : EXIT_ERROR;
}

/* KIND FOLDER NAME BODY-FILE ("-": standard input): entries whose body is written by hand. */
int cmd_entry(int argc, char **argv)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_entry entry = { .kind = OV_ENTRY_KINDS };
    struct ov_buf body;
    struct log log;
    bool good;

    if (argc != 4 || !ov_entry_kind_of(ov_bytes_of(argv[0], strlen(argv[0])), &entry.kind)) {
        return complain_text(argv[0],
                "usage: overt-publish revoke|suppress|keyset|statement|binary "
                "FOLDER NAME BODY-FILE");
    }
    ov_buf_init(&body, OV_LOG_ENTRY_BYTES_MAX);
    good = log_open(argv[1], &log);
    if (good
            && ov_file_read(AT_FDCWD, strcmp(argv[3], "-") == 0 ? "/dev/stdin" : argv[3],
                       OV_LOG_ENTRY_BYTES_MAX - 1u, &body, &err)
                       != OVERT_OK) {
        good = complain(argv[3], &err) == EXIT_DONE;
    }
    if (good) {
        entry.name = ov_bytes_of(argv[2], strlen(argv[2]));
        entry.scope = log.key.signer.key.name;
        entry.body = ov_buf_bytes(&body);
        good = pending_put(&log, &entry);
    }
    log_close(&log);
    ov_buf_done(&body);
    return good ? EXIT_DONE : EXIT_ERROR;
}
