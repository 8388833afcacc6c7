/* SPDX-License-Identifier: Apache-2.0 */
/* compiler.c - gathers rule sources and has them compiled in a jail. Reads no rule text itself:
 * a source is a descriptor that is handed on, and what comes back is opened like anyone's
 * database. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/compiling.h"
#include "api/database.h"
#include "api/fail.h"
#include "api/layers.h"
#include "api/memfd.h"
#include "base/checked.h"

/* Set beforehand, as nothing in a jail may make a file grow. Sparse: unused pages cost nothing. */
#define OUTPUT_BYTES_MAX (4u * OV_GIB)

struct source {
    uint32_t flags; /* OV_SOURCE_ */
    char *name;     /* owned */
    int fd;         /* owned */
    uint64_t size;
};

struct overt_compiler {
    struct source *sources; /* owned */
    size_t source_count, source_cap;
    overt_diag_fn on_diag;
    void *diag_payload;
    unsigned without;
    char layer_names[OV_LAYER_NAMES_BYTES];
};

/* What one compile has told so far. */
struct telling {
    overt_compiler *compiler;
    overt_error first; /* the first error */
    uint64_t errors;
    bool compiled;
    uint64_t bytes;
    uint64_t errors_counted; /* by the compiler itself */
};

overt_status overt_compiler_new(overt_compiler **out, overt_error *err)
{
    overt_compiler *compiler;

    if (out == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no place for a compiler");
    }
    compiler = calloc(1, sizeof(*compiler));
    if (compiler == NULL) {
        return ov_fail_nomem(err, "a compiler");
    }
    *out = compiler;
    return OVERT_OK;
}

void overt_compiler_free(overt_compiler *compiler)
{
    if (compiler == NULL) {
        return;
    }
    for (size_t i = 0; i < compiler->source_count; i++) {
        free(compiler->sources[i].name);
        (void)close(compiler->sources[i].fd);
    }
    free(compiler->sources);
    free(compiler);
}

void overt_compiler_on_diag(overt_compiler *compiler, overt_diag_fn fn, void *payload)
{
    compiler->on_diag = fn;
    compiler->diag_payload = payload;
}

overt_status overt_compiler_accept_weaker(
        overt_compiler *compiler, const char *layer, overt_error *err)
{
    const unsigned bit = layer == NULL ? 0 : ov_jail_layer_of(layer);

    if (compiler == NULL || bit == 0) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "the jail has no layer '%s'",
                layer == NULL ? "" : layer);
    }
    compiler->without |= bit;
    return OVERT_OK;
}

const char *overt_compiler_layers(const overt_compiler *compiler)
{
    return compiler->layer_names;
}

/* Takes `fd` on OVERT_OK. */
static overt_status add(overt_compiler *compiler, uint32_t flags, const char *name, int fd,
        uint64_t size, overt_error *err)
{
    struct source *sources = compiler->sources;
    char *copy;

    if (compiler->source_count == compiler->source_cap) {
        const size_t cap = compiler->source_cap == 0 ? 16 : compiler->source_cap * 2;

        sources = reallocarray(sources, cap, sizeof(*sources));
        if (sources == NULL) {
            return ov_fail_nomem(err, "one more rule source");
        }
        compiler->sources = sources;
        compiler->source_cap = cap;
    }
    copy = strdup(name);
    if (copy == NULL) {
        return ov_fail_nomem(err, "a name");
    }
    sources[compiler->source_count++] =
            (struct source){ .flags = flags, .name = copy, .fd = fd, .size = size };
    return OVERT_OK;
}

static overt_status check_source(const overt_compiler *compiler, overt_dialect dialect,
        const char *name, uint64_t size, uint32_t *flags, overt_error *err)
{
    if (compiler == NULL || name == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a rule source needs a name");
    }
    if (dialect != OVERT_YARA && dialect != OVERT_HASHLIST) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "dialect %d is unknown", (int)dialect);
    }
    if (strlen(name) > OV_NAME_BYTES_MAX || size > OV_RULE_SOURCE_BYTES_MAX) {
        (void)ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "a rule source has at most %u bytes, its name at most %u", OV_RULE_SOURCE_BYTES_MAX,
                OV_NAME_BYTES_MAX);
        ov_error_about_text(err, name);
        return OVERT_E_LIMIT;
    }
    *flags = dialect == OVERT_YARA ? OV_SOURCE_YARA : OV_SOURCE_HASHLIST;
    return OVERT_OK;
}

overt_status overt_compiler_add(overt_compiler *compiler, overt_dialect dialect, const char *name,
        const void *text, size_t len, overt_error *err)
{
    auto_fd int fd = -1;
    uint32_t flags = 0;
    overt_status status = check_source(compiler, dialect, name, len, &flags, err);

    if (status == OVERT_OK && text == NULL && len != 0) {
        status = ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a rule source needs bytes");
    }
    if (status == OVERT_OK) {
        status = ov_memfd_of(&fd, "overt-rules", ov_bytes_of(text, len), err);
    }
    if (status == OVERT_OK) {
        status = add(compiler, flags, name, fd, len, err);
    }
    if (status == OVERT_OK) {
        (void)ov_steal_fd(&fd);
    }
    return status;
}

overt_status overt_compiler_add_fd(
        overt_compiler *compiler, overt_dialect dialect, const char *name, int fd, overt_error *err)
{
    auto_fd int own = -1;
    uint32_t flags = 0;
    overt_status status;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return ov_fail_errno(err, fd < 0 ? EBADF : errno, "a rule source could not be examined");
    }
    if (!S_ISREG(st.st_mode) || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "a rule source is a regular file, open for reading only");
    }
    status = check_source(compiler, dialect, name, (uint64_t)st.st_size, &flags, err);
    if (status != OVERT_OK) {
        return status;
    }
    own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own < 0) {
        return ov_fail_errno(err, errno, "a descriptor could not be duplicated");
    }
    status = add(compiler, flags, name, own, (uint64_t)st.st_size, err);
    if (status == OVERT_OK) {
        (void)ov_steal_fd(&own);
    }
    return status;
}

/* --- compiling ------------------------------------------------------------------------------ */

#define SEVERITY_ERROR 2u

/* A message that does not fit is cut with dots, never in silence. */
static void fill_text(char *to, size_t room, struct ov_bytes text)
{
    const size_t len = (size_t)ov_bytes_len(text);
    const size_t kept = len < room ? len : room - 1;

    (void)snprintf(to, room, "%.*s%s", (int)(kept < len ? kept - 3 : kept),
            (const char *)ov_bytes_raw(text), kept < len ? "..." : "");
}

static void tell_diag(struct telling *t, const struct ov_record *record)
{
    overt_error diag = OVERT_ERROR_INIT;

    diag.status = OVERT_E_SYNTAX;
    diag.line = record->object;
    diag.column = record->rule;
    ov_error_about(&diag, record->name);
    fill_text(diag.message, sizeof(diag.message), record->text);
    if (record->reason == SEVERITY_ERROR && t->errors++ == 0) {
        t->first = diag;
    }
    if (t->compiler->on_diag != NULL) {
        t->compiler->on_diag(
                t->compiler->diag_payload, &diag, record->reason == SEVERITY_ERROR ? 0 : 1);
    }
}

static bool on_source_record(void *payload, const struct ov_record *record)
{
    if (record->kind != OV_RECORD_DIAG) {
        return false;
    }
    tell_diag(payload, record);
    return true;
}

static bool on_finish_record(void *payload, const struct ov_record *record)
{
    struct telling *t = payload;

    if (record->kind != OV_RECORD_COMPILED) {
        return on_source_record(payload, record);
    }
    if (t->compiled || record->offset > OUTPUT_BYTES_MAX) {
        return false;
    }
    t->compiled = true;
    t->bytes = record->offset;
    t->errors_counted = record->parent;
    return true;
}

/* The conversation: every source, then the order to compile. */
static overt_status converse(
        overt_compiler *compiler, int output, struct telling *t, overt_error *err)
{
    struct ov_compiling c;
    overt_status status = ov_compiling_begin(&c, output, OUTPUT_BYTES_MAX, compiler->without, err);

    if (status != OVERT_OK) {
        return status;
    }
    ov_layers_text(ov_jail_layers(c.jail), compiler->layer_names);
    for (size_t i = 0; status == OVERT_OK && i < compiler->source_count; i++) {
        const struct source *source = &compiler->sources[i];
        const struct ov_bytes name = ov_bytes_of(source->name, strlen(source->name));

        status = ov_compiling_ask(&c, OV_REQUEST_SOURCE, source->flags, source->size, name,
                source->fd, on_source_record, t, err);
        if (status != OVERT_OK) {
            ov_error_about(err, name);
        }
    }
    if (status == OVERT_OK) {
        auto_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);

        status = nothing < 0 ? ov_fail_errno(err, errno, "/dev/null")
                             : ov_compiling_ask(&c, OV_REQUEST_FINISH, 0, OUTPUT_BYTES_MAX,
                                     ov_bytes_of(NULL, 0), nothing, on_finish_record, t, err);
    }
    ov_compiling_done(&c);
    if (status == OVERT_OK && !t->compiled) {
        status = ov_fail(
                err, OVERT_E_SANDBOX, UINT64_MAX, "the rule compiler ended without a database");
    }
    return status;
}

overt_status overt_compiler_finish(
        overt_compiler *compiler, int keep_good, overt_db **out, overt_error *err)
{
    struct telling t = { .compiler = compiler, .first = OVERT_ERROR_INIT };
    auto_fd int output = -1;
    overt_status status;

    if (compiler == NULL || out == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is nothing to compile");
    }
    output = ov_memfd_new("overt-database");
    if (output < 0 || ftruncate(output, (off_t)OUTPUT_BYTES_MAX) != 0) {
        return ov_fail_errno(err, errno, "a memory file could not be made");
    }
    status = converse(compiler, output, &t, err);
    if (status != OVERT_OK) {
        return status;
    }
    if ((t.errors != 0 || t.errors_counted != 0) && !keep_good) {
        if (err != NULL) {
            *err = t.first;
            err->status = OVERT_E_SYNTAX;
        }
        return OVERT_E_SYNTAX;
    }
    if (ftruncate(output, (off_t)t.bytes) != 0) {
        return ov_fail_errno(err, errno, "the database could not be cut to its size");
    }
    status = ov_memfd_seal(output, err);
    if (status == OVERT_OK) {
        status = ov_database_on_fd(out, output, t.bytes, "", err);
    }
    if (status == OVERT_OK) {
        (void)ov_steal_fd(&output);
    }
    return status;
}

/* --- verifying ------------------------------------------------------------------------------ */

overt_status overt_db_verify(overt_db *db, overt_error *err)
{
    struct ov_compiling c;
    auto_fd int nothing = -1;
    overt_status status;

    if (db == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no database to verify");
    }
    status = ov_db_view_check_digest(&db->view, err);
    if (status != OVERT_OK) {
        return status;
    }
    /* The jail maps its output writable; here there is none. */
    nothing = ov_memfd_new("overt-nothing");
    if (nothing < 0 || ftruncate(nothing, OV_KIB) != 0) {
        return ov_fail_errno(err, errno, "a memory file could not be made");
    }
    status = ov_compiling_begin(&c, nothing, OV_KIB, 0, err);
    if (status != OVERT_OK) {
        return status;
    }
    status = ov_compiling_ask(
            &c, OV_REQUEST_VERIFY, 0, db->map_bytes, ov_bytes_of(NULL, 0), db->fd, NULL, NULL, err);
    ov_compiling_done(&c);
    return status;
}
