/* SPDX-License-Identifier: Apache-2.0 */
/* import.c - a folder of YARA files or of ClamAV's databases into pending/: every rule that a log can
 * hold, as an entry of its own, digests in chunks. What it cannot hold is named, file by file. Lines
 * that hide detections never go in. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "programs/publish/publish.h"
#include "trust/entry.h"

/* What is told of a file that a log cannot hold. */
static const struct left_out {
    const char *end;
    const char *why;
} left_out[] = {
    { ".fp", "left out: it hides detections" },
    { ".sfp", "left out: it hides detections" },
    { ".ign", "left out: it hides detections" },
    { ".ign2", "left out: it hides detections" },
    { ".cbc", "left out: programs do not come with rules" },
    { ".cvd", "left out: a container, which has to be unpacked first" },
    { ".cld", "left out: a container, which has to be unpacked first" },
    { ".cud", "left out: a container, which has to be unpacked first" },
};

/* A line `MD5:SIZE:NAME[:LEVEL]` as one of a hash list: `MD5[:SIZE]:NAME`. */
static void put_whole_file(struct ov_buf *out, struct ov_bytes line)
{
    struct ov_bytes digest, size, name, rest;

    if (!ov_text_split(line, ':', &digest, &rest) || !ov_text_split(rest, ':', &size, &name)) {
        return;
    }
    if (ov_text_split(name, ':', &rest, &line)) { /* behind it stand levels, for engines */
        name = rest;
    }
    ov_buf_put(out, ov_bytes_raw(digest), (size_t)ov_bytes_len(digest));
    ov_buf_put_u8(out, ':');
    if (!ov_bytes_equal(size, "*", 1)) {
        ov_buf_put(out, ov_bytes_raw(size), (size_t)ov_bytes_len(size));
        ov_buf_put_u8(out, ':');
    }
    ov_buf_put(out, ov_bytes_raw(name), (size_t)ov_bytes_len(name));
    ov_buf_put_u8(out, '\n');
}

static bool import_whole_files(
        struct adding *a, enum ov_rule_language language, struct ov_bytes text)
{
    struct ov_lines from = ov_lines_on(text);
    struct ov_bytes line;
    struct ov_buf lines;
    bool good;

    ov_buf_init(&lines, OV_RULE_SOURCE_BYTES_MAX + 1u);
    while (ov_lines_next(&from, &line)) {
        put_whole_file(&lines, line);
    }
    good = ov_buf_ok(&lines) ? add_hashes(a, language, ov_buf_bytes(&lines))
                             : complain_text(a->path, "no memory for its lines") == EXIT_DONE;
    ov_buf_done(&lines);
    return good;
}

/* What its entry is called: the name without the end that unsigned databases' names get, with `_` for
 * what no entry's name may have. */
static struct ov_bytes entry_name(const overt_rule *rule, char name[OV_ENTRY_NAME_BYTES_MAX + 1])
{
    static const char suffix[] = ".UNOFFICIAL";
    const size_t end = sizeof(suffix) - 1;
    const bool has = rule->name.len > end
                     && memcmp(rule->name.bytes + rule->name.len - end, suffix, end) == 0;
    const size_t len = has ? rule->name.len - end : rule->name.len;

    for (size_t i = 0; i < len && i <= OV_ENTRY_NAME_BYTES_MAX; i++) {
        const char c = rule->name.bytes[i];

        name[i] = '_';
        if (ov_entry_name_is_good(ov_bytes_of(&c, 1))) {
            name[i] = c;
        }
    }
    return ov_bytes_of(name, len <= OV_ENTRY_NAME_BYTES_MAX ? len : 0);
}

static bool import_signature(
        struct adding *a, enum ov_rule_language language, const overt_rule *rule)
{
    char name[OV_ENTRY_NAME_BYTES_MAX + 1];
    struct ov_entry entry = { .kind = OV_ENTRY_RULE,
        .name = entry_name(rule, name),
        .scope = a->log->key.signer.key.name,
        .not_before = a->not_before };
    struct ov_buf body;
    bool good;

    if (!ov_entry_name_is_good(entry.name)) {
        return add_refuse(a, rule, "its name is longer than an entry's may be");
    }
    if (memchr(rule->source.bytes, '\r', rule->source.len) != NULL) {
        return add_refuse(a, rule, "it has a carriage return, which no text of a log has");
    }
    ov_buf_init(&body, OV_LOG_ENTRY_BYTES_MAX);
    ov_buf_printf(&body, "language %s\n\n", ov_rule_language_name(language));
    ov_buf_put(&body, rule->source.bytes, rule->source.len);
    ov_buf_put_u8(&body, '\n');
    entry.body = ov_buf_bytes(&body);
    good = ov_buf_ok(&body) ? pending_put(a->log, &entry)
                            : add_refuse(a, rule, "it is longer than an entry may be");
    a->added += good;
    ov_buf_done(&body);
    return good;
}

/* Bodies and logical signatures: the compiler says where each begins, and what cannot be loaded. */
static bool import_signatures(
        struct adding *a, enum ov_rule_language language, struct ov_bytes text)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    overt_rule rule;
    bool good;

    a->warns = true;
    good = add_compile(a, OVERT_CLAMAV, text, &db, &err) == OVERT_OK;
    a->warns = false;
    if (!good) {
        (void)complain(a->path, &err);
    }
    for (uint64_t i = 0; good && i < overt_db_rule_count(db); i++) {
        if (overt_db_rule(db, i, &rule, &err) != OVERT_OK) {
            good = complain(a->path, &err) == EXIT_DONE;
        } else {
            (void)import_signature(a, language, &rule); /* what does not fit is named */
        }
    }
    overt_db_free(db);
    return good;
}

static const struct kind {
    const char *end;
    enum ov_rule_language language;
    bool (*import)(struct adding *a, enum ov_rule_language language, struct ov_bytes text);
} kinds[] = {
    { ".ndb", OV_LANGUAGE_CLAMAV_NDB, import_signatures },
    { ".ldb", OV_LANGUAGE_CLAMAV_LDB, import_signatures },
    { ".mdb", OV_LANGUAGE_CLAMAV_MDB, add_hashes },
    { ".msb", OV_LANGUAGE_CLAMAV_MSB, add_hashes },
    { ".hdb", OV_LANGUAGE_HASHLIST, import_whole_files },
    { ".hsb", OV_LANGUAGE_HASHLIST, import_whole_files },
};

static bool import_kind(struct adding *a, const char *path, const struct kind *kind)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;
    bool good;

    a->path = path;
    ov_buf_init(&text, OV_RULE_SOURCE_BYTES_MAX + 1u);
    good = ov_file_read(AT_FDCWD, path, OV_RULE_SOURCE_BYTES_MAX, &text, &err) == OVERT_OK;
    good = good ? kind->import(a, kind->language, ov_buf_bytes(&text))
                : complain(path, &err) == EXIT_DONE;
    ov_buf_done(&text);
    return good;
}

static bool import_clamav(struct adding *a, const char *path)
{
    const char *why = "left out: a log holds bodies (.ndb), logical signatures (.ldb) and digests "
                      "(.hdb, .hsb, .mdb, .msb)";

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (ends_in(path, kinds[i].end)) {
            return import_kind(a, path, &kinds[i]);
        }
    }
    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
        why = ends_in(path, left_out[i].end) ? left_out[i].why : why;
    }
    (void)complain_text(path, why);
    return true;
}

static bool import_one(struct adding *a, const char *kind, const char *path)
{
    if (strcmp(kind, "clamav") == 0) {
        return import_clamav(a, path);
    }
    return (!ends_in(path, ".yar") && !ends_in(path, ".yara")) || add_file(a, path);
}

/* FOLDER yara|clamav DIR */
int cmd_import(int argc, char **argv)
{
    struct log log;
    struct adding a = { .log = &log };
    struct dirent **names = NULL;
    int count;
    bool good;

    if (argc != 4 || (strcmp(argv[2], "yara") != 0 && strcmp(argv[2], "clamav") != 0)) {
        return complain_text("import", "usage: overt-publish import FOLDER yara|clamav DIRECTORY");
    }
    ov_buf_init(&a.samples, OV_LOG_ENTRY_BYTES_MAX);
    ov_buf_init(&a.imports, 64u * OV_KIB);
    good = log_open(argv[1], &log);
    count = good ? scandir(argv[3], &names, NULL, alphasort) : 0;
    if (count < 0) {
        good = complain_text(argv[3], strerror(errno)) == EXIT_DONE;
    }
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%s", argv[3], names[i]->d_name);
        if (stat(path, &st) == 0 && S_ISREG(st.st_mode)) {
            good = import_one(&a, argv[2], path) && good;
        }
        free(names[i]);
    }
    free((void *)names);
    log_close(&log);
    ov_buf_done(&a.samples);
    ov_buf_done(&a.imports);
    (void)fprintf(stderr,
            "overt-publish: %" PRIu64 " entries to be signed, %" PRIu64 " rules refused\n", a.added,
            a.refused);
    return good ? EXIT_DONE : EXIT_ERROR;
}
