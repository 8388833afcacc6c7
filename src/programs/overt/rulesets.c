/* SPDX-License-Identifier: Apache-2.0 */
/* rulesets.c - finds rule files, has them compiled in a jail, opens databases. Of rule text it
 * looks at no more than the first bytes, to know whom to hand it to. */
#include "programs/overt/rulesets.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/limits.h"
#include "base/text.h"
#include "db/layout.h"
#include "programs/overt/detached.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/listing.h"
#include "programs/overt/out.h"

#define ACTIVE_DATABASE "/var/lib/overt/active.ovdb"

enum kind {
    KIND_YARA,
    KIND_HASHLIST,
    KIND_CLAMAV,
    KIND_DATABASE
};

struct gathering {
    const struct ov_ruleset_options *options;
    struct ov_ruleset *out;
    overt_compiler *compiler; /* owned */
    char *database;           /* owned; the one .ovdb among the sources */
    size_t sources;
    bool want_database;    /* .ovdb files may be among them */
    bool has_certificates; /* they are with the compiler */
};

/* --- what is it? ---------------------------------------------------------------------------- */

/* A line of a hash list begins with 32, 40 or 64 hex digits and a colon; comments and empty lines
 * may stand before the first. */
static bool looks_like_hashes(const char *text, size_t len)
{
    size_t at = 0;

    while (at < len) {
        size_t digits = 0;

        while (at < len && isspace((unsigned char)text[at])) {
            at++;
        }
        if (at < len && text[at] == '#') {
            while (at < len && text[at] != '\n') {
                at++;
            }
            continue;
        }
        while (at + digits < len && isxdigit((unsigned char)text[at + digits])) {
            digits++;
        }
        return (digits == 32 || digits == 40 || digits == 64) && at + digits < len
               && text[at + digits] == ':';
    }
    return false;
}

static bool has_suffix(const char *path, const char *suffix)
{
    const size_t len = strlen(path), suffix_len = strlen(suffix);

    return len >= suffix_len && strcasecmp(path + len - suffix_len, suffix) == 0;
}

/* Databases of ClamAV's, by their names. */
static bool is_clamav_file(const char *name)
{
    static const char *const suffixes[] = { ".cvd", ".cld", ".cud", ".hdb", ".hsb", ".hdu", ".hsu",
        ".mdb", ".msb", ".mdu", ".msu", ".imp", ".ndb", ".ndu", ".sdb", ".db", ".ldb", ".ldu",
        ".cdb", ".zmd", ".rmd", ".ftm", ".crb", ".cat", ".fp", ".sfp", ".ign", ".ign2", ".pdb",
        ".gdb", ".wdb", ".idb", ".pwdb", ".cfg", ".info", ".cbc", ".ioc" };

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (has_suffix(name, suffixes[i])) {
            return true;
        }
    }
    return false;
}

static enum kind kind_of(const char *path, int fd)
{
    char head[4096];
    const ssize_t n = pread(fd, head, sizeof(head), 0);

    if (n >= 8 && memcmp(head, OV_DB_MAGIC, 8) == 0) {
        return KIND_DATABASE;
    }
    if (has_suffix(path, ".ovdb")) {
        return KIND_DATABASE; /* a damaged one: opening it says so */
    }
    if (is_clamav_file(path)) {
        return KIND_CLAMAV;
    }
    if (has_suffix(path, ".yar") || has_suffix(path, ".yara")) {
        return KIND_YARA;
    }
    if (has_suffix(path, ".hash")) {
        return KIND_HASHLIST;
    }
    return n > 0 && looks_like_hashes(head, (size_t)n) ? KIND_HASHLIST : KIND_YARA;
}

/* In a folder only what is rules by its name, so that a README is no syntax error. */
static bool is_rule_file(const char *name)
{
    static const char *const suffixes[] = { ".yar", ".yara", ".hash", ".txt", ".ovdb" };

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        if (has_suffix(name, suffixes[i])) {
            return true;
        }
    }
    return is_clamav_file(name);
}

/* --- gathering ------------------------------------------------------------------------------ */

static void on_diag(void *payload, const overt_error *diag, int is_warning)
{
    struct gathering *g = payload;
    struct ov_buf line;
    struct ov_bytes bytes;

    if (is_warning != 0) {
        g->out->warnings += is_warning == 1;
    } else {
        g->out->errors++;
    }
    if (g->options->on_diag != NULL) {
        g->options->on_diag(g->options->on_diag_payload, diag, is_warning);
    }
    ov_buf_init(&line, 4096);
    ov_text_escape(&line, ov_bytes_of(diag->source, strlen(diag->source)));
    if (diag->line != 0) {
        ov_buf_printf(&line, ":%u:%u", diag->line, diag->column);
    }
    ov_buf_printf(&line, ": %s: ",
            is_warning == 0   ? "error"
            : is_warning == 1 ? "warning"
                              : "note");
    ov_text_escape(&line, ov_bytes_of(diag->message, strlen(diag->message)));
    ov_buf_put_u8(&line, '\n');
    bytes = ov_buf_bytes(&line);
    if (ov_buf_ok(&line)) {
        (void)fwrite(ov_bytes_raw(bytes), 1, (size_t)ov_bytes_len(bytes), stderr);
    }
    ov_buf_done(&line);
}

static bool complain_path(const struct gathering *g, const char *path, const char *why)
{
    ov_complain(g->options->command, "%s: %s", path, why);
    return false;
}

static bool ensure_compiler(struct gathering *g)
{
    overt_error err = OVERT_ERROR_INIT;

    if (g->compiler != NULL) {
        return true;
    }
    if (overt_compiler_new(&g->compiler, &err) != OVERT_OK) {
        ov_complain_error(g->options->command, &err);
        return false;
    }
    overt_compiler_on_diag(g->compiler, on_diag, g);
    for (const char *const *layer = g->options->weaker; layer != NULL && *layer != NULL; layer++) {
        if (overt_compiler_accept_weaker(g->compiler, *layer, &err) != OVERT_OK) {
            ov_complain_error(g->options->command, &err);
            return false;
        }
    }
    if (g->options->strict
            && overt_compiler_add(g->compiler, OVERT_CLAMAV_OPTIONS, "options", "strict\n", 7, &err)
                       != OVERT_OK) {
        ov_complain_error(g->options->command, &err);
        return false;
    }
    return true;
}

/* What its signers are led back to goes with the first file of signatures. */
static overt_status add_certificates(struct gathering *g, overt_error *err)
{
    struct ov_buf options;
    overt_status status = OVERT_OK;

    ov_buf_init(&options, OV_MIB);
    if (!g->has_certificates) {
        g->has_certificates = true;
        status = ov_detached_certificates(NULL, &options, err);
    }
    if (status == OVERT_OK && !ov_buf_ok(&options)) {
        status = ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "more certificates than 1 MiB");
    }
    if (status == OVERT_OK && ov_bytes_len(ov_buf_bytes(&options)) != 0) {
        status = overt_compiler_add(g->compiler, OVERT_CLAMAV_OPTIONS, "options",
                ov_bytes_raw(ov_buf_bytes(&options)), (size_t)ov_bytes_len(ov_buf_bytes(&options)),
                err);
    }
    ov_buf_done(&options);
    return status;
}

/* The detached signatures of a container go before it. */
static bool add_beside(struct gathering *g, const char *path, int fd)
{
    overt_error err = OVERT_ERROR_INIT;
    auto_free char *signatures = NULL;
    auto_fd int beside = ov_detached_open(path, fd, &signatures);

    if (beside < 0) {
        return errno == ENOENT
               || complain_path(g, signatures == NULL ? path : signatures, strerror(errno));
    }
    if (add_certificates(g, &err) != OVERT_OK
            || overt_compiler_add_fd(g->compiler, OVERT_CLAMAV, signatures, beside, &err)
                       != OVERT_OK) {
        ov_complain_error(g->options->command, &err);
        return false;
    }
    return true;
}

/* A list behind a pipe or in memory has no size to hand on: read to the end, then as text. */
static bool add_stream(struct gathering *g, const char *path, int fd)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;
    bool good = false;

    ov_buf_init(&text, OV_RULE_SOURCE_BYTES_MAX);
    for (;;) {
        uint8_t part[65536];
        const ssize_t n = read(fd, part, sizeof(part));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            good = complain_path(g, path, strerror(errno));
            break;
        }
        if (n == 0) {
            good = true;
            break;
        }
        ov_buf_put(&text, part, (size_t)n);
        if (!ov_buf_ok(&text)) {
            (void)complain_path(g, path, "more than a rule source may have, or no memory for it");
            break;
        }
    }
    if (good) {
        const struct ov_bytes bytes = ov_buf_bytes(&text);
        const char *raw = (const char *)ov_bytes_raw(bytes);
        const bool hashes = looks_like_hashes(raw, (size_t)ov_bytes_len(bytes));

        good = ensure_compiler(g);
        if (good
                && overt_compiler_add(g->compiler, hashes ? OVERT_HASHLIST : OVERT_YARA, path, raw,
                           (size_t)ov_bytes_len(bytes), &err)
                           != OVERT_OK) {
            ov_complain_error(g->options->command, &err);
            good = false;
        }
        g->sources++;
    }
    ov_buf_done(&text);
    return good;
}

static overt_dialect dialect_of(enum kind kind)
{
    return kind == KIND_YARA ? OVERT_YARA : kind == KIND_CLAMAV ? OVERT_CLAMAV : OVERT_HASHLIST;
}

static bool add_file(struct gathering *g, const char *path, int fd)
{
    overt_error err = OVERT_ERROR_INIT;
    const enum kind kind = kind_of(path, fd);

    if (kind != KIND_DATABASE) {
        g->sources++;
        if (!ensure_compiler(g) || (kind == KIND_CLAMAV && !add_beside(g, path, fd))) {
            return false;
        }
        if (overt_compiler_add_fd(g->compiler, dialect_of(kind), path, fd, &err) != OVERT_OK) {
            ov_complain_error(g->options->command, &err);
            return false;
        }
        return true;
    }
    if (!g->want_database) {
        return complain_path(g, path, "already a compiled database; give the rule sources");
    }
    if (g->database != NULL) {
        return complain_path(g, path,
                "a second compiled database; a scan takes one: compile their sources together");
    }
    g->database = strdup(path);
    return g->database != NULL || complain_path(g, path, "no memory for a name");
}

/* One rule file inside a folder that was named: regular files only, nothing that could make us
 * wait or go round in circles. */
static bool add_inside(struct gathering *g, const char *path)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return complain_path(g, path, strerror(errno));
    }
    return S_ISREG(st.st_mode) ? add_file(g, path, fd)
                               : complain_path(g, path, "not a regular file");
}

static bool add_folder(struct gathering *g, const char *path, int fd)
{
    struct ov_listing listing;
    const size_t before = g->sources;
    const int bad = ov_listing_read(&listing, fd);
    bool good = bad == 0 || complain_path(g, path, strerror(bad));
    size_t files = 0;
    bool clamav = false;

    for (size_t i = 0; good && i < listing.count; i++) {
        clamav |= is_clamav_file(ov_listing_name(&listing, i));
    }
    for (size_t i = 0; good && i < listing.count; i++) {
        const char *name = ov_listing_name(&listing, i);
        char *full = NULL;

        /* Beside ClamAV's databases, a text is a licence or a list of changes. */
        if (listing.entries[i].type == DT_DIR || !is_rule_file(name)
                || (clamav && has_suffix(name, ".txt"))) {
            continue;
        }
        files++;
        if (asprintf(&full, "%s%s%s", path, has_suffix(path, "/") ? "" : "/", name) < 0) {
            good = complain_path(g, path, "no memory for a name");
            break;
        }
        good = add_inside(g, full);
        free(full);
    }
    ov_listing_done(&listing);
    if (good && files == 0 && g->sources == before) {
        return complain_path(g, path,
                "no rule files (.yar, .yara, .hash, .txt, .ovdb or a database of ClamAV's) in "
                "this folder");
    }
    return good;
}

static bool add_path(struct gathering *g, const char *path)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return complain_path(g, path, strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return add_folder(g, path, fd);
    }
    return S_ISREG(st.st_mode) ? add_file(g, path, fd) : add_stream(g, path, fd);
}

static bool name_sources(struct gathering *g)
{
    const struct ov_words *words = g->options->sources;
    const int n = words->count == 1 ? asprintf(&g->out->name, "%s", words->at[0])
                                    : asprintf(&g->out->name, "%s and %zu more", words->at[0],
                                            words->count - 1);

    if (n < 0) {
        g->out->name = NULL;
        ov_complain(g->options->command, "no memory for a name");
        return false;
    }
    return true;
}

static bool gather(struct gathering *g)
{
    for (size_t i = 0; i < g->options->sources->count; i++) {
        if (!add_path(g, g->options->sources->at[i])) {
            return false;
        }
    }
    if (g->database != NULL && g->sources != 0) {
        return complain_path(g, g->database,
                "a compiled database beside rule sources; a scan takes one database: compile the "
                "sources of both together");
    }
    return name_sources(g);
}

static bool finish(struct gathering *g)
{
    overt_error err = OVERT_ERROR_INIT;
    const char *command = g->options->command;
    overt_status status;

    if (g->database != NULL) {
        if (overt_db_open(&g->out->db, g->database, &err) != OVERT_OK) {
            ov_complain_error(command, &err);
            return false;
        }
        return true;
    }
    status = overt_compiler_finish(g->compiler, g->options->keep_good, &g->out->db, &err);
    if (status == OVERT_E_SYNTAX) { /* every error has been told where it is */
        ov_complain(command,
                "%llu error%s in the rules; --keep-good goes on without the rules "
                "that have them",
                (unsigned long long)g->out->errors, g->out->errors == 1 ? "" : "s");
    } else if (status != OVERT_OK) {
        ov_complain_error(command, &err);
    }
    return status == OVERT_OK;
}

static bool open_default(struct ov_ruleset *out, const char *command)
{
    const struct ov_bytes starter = ov_starter_database();
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    if (access(ACTIVE_DATABASE, F_OK) == 0) {
        out->name = strdup(ACTIVE_DATABASE);
        status = overt_db_open(&out->db, ACTIVE_DATABASE, &err);
    } else {
        out->name = strdup(OV_RULES_OF_STARTER);
        status = overt_db_open_bytes(
                &out->db, ov_bytes_raw(starter), (size_t)ov_bytes_len(starter), &err);
        ov_starter_put_back();
    }
    if (status != OVERT_OK || out->name == NULL) {
        ov_complain_error(command, &err);
        return false;
    }
    return true;
}

static bool open_sources(
        struct ov_ruleset *out, const struct ov_ruleset_options *options, bool want_database)
{
    struct gathering g = { .options = options, .out = out, .want_database = want_database };
    const bool good = gather(&g) && finish(&g);

    overt_compiler_free(g.compiler);
    free(g.database);
    if (!good) {
        ov_ruleset_done(out);
    }
    return good;
}

bool ov_ruleset_open(struct ov_ruleset *out, const struct ov_ruleset_options *options)
{
    *out = (struct ov_ruleset){ .db = NULL };
    (void)ov_ledger_weaker(options->command, options->weaker); /* it said what went wrong */
    if (options->sources->count != 0) {
        return open_sources(out, options, true);
    }
    if (!open_default(out, options->command)) {
        ov_ruleset_done(out);
        return false;
    }
    return true;
}

bool ov_ruleset_compile(struct ov_ruleset *out, const struct ov_ruleset_options *options)
{
    *out = (struct ov_ruleset){ .db = NULL };
    OV_ASSERT(options->sources->count != 0);
    return open_sources(out, options, false);
}

void ov_ruleset_done(struct ov_ruleset *ruleset)
{
    overt_db_free(ruleset->db);
    free(ruleset->name);
    ruleset->db = NULL;
    ruleset->name = NULL;
}
