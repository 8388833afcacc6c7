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
#include "api/values.h"
#include "base/checked.h"

/* Set beforehand, as nothing in a jail may make a file grow. Sparse: unused pages cost nothing. */
#define OUTPUT_BYTES_MAX (4u * OV_GIB)

struct source {
    struct ov_source_form form;
    char *name;         /* owned; what is told of it to people */
    struct ov_buf sent; /* owned; the namespace where there is one, and the name */
    int fd;             /* owned */
    uint64_t size;
};

/* One variable, as it is sent. */
struct external {
    struct ov_buf value; /* owned */
    char *name;          /* owned */
};

_Static_assert((uint32_t)OVERT_YARA == OV_SOURCE_YARA
                       && (uint32_t)OVERT_HASHLIST == OV_SOURCE_HASHLIST
                       && (uint32_t)OVERT_CLAMAV == OV_SOURCE_CLAMAV
                       && (uint32_t)OVERT_CLAMAV_OPTIONS == OV_SOURCE_OPTIONS,
        "the same numbers on the wire");

struct overt_compiler {
    struct source *sources; /* owned */
    size_t source_count, source_cap;
    struct external *externals; /* owned */
    size_t external_count;
    overt_diag_fn on_diag;
    void *diag_payload;
    overt_problem_fn on_problem;
    void *problem_payload;
    overt_include_fn on_include;
    void *include_payload;
    struct ov_source_form yara; /* of YARA sources to come */
    char *space;                /* owned; the same; NULL: the default */
    bool stop_at_errors;
    unsigned without;
    char layer_names[OV_LAYER_NAMES_BYTES];
};

/* What one compile has told so far. */
struct telling {
    overt_compiler *compiler;
    struct ov_compiling *talk;              /* while sources are sent */
    char rule[OV_IDENTIFIER_BYTES_MAX + 1]; /* what the next problem is about; "": none */
    overt_error first;                      /* the first error */
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
        ov_buf_done(&compiler->sources[i].sent);
        (void)close(compiler->sources[i].fd);
    }
    for (size_t i = 0; i < compiler->external_count; i++) {
        free(compiler->externals[i].name);
        ov_buf_done(&compiler->externals[i].value);
    }
    free(compiler->sources);
    free(compiler->externals);
    free(compiler->space);
    free(compiler);
}

void overt_compiler_on_diag(overt_compiler *compiler, overt_diag_fn fn, void *payload)
{
    compiler->on_diag = fn;
    compiler->diag_payload = payload;
}

void overt_compiler_on_problem(overt_compiler *compiler, overt_problem_fn fn, void *payload)
{
    compiler->on_problem = fn;
    compiler->problem_payload = payload;
}

void overt_compiler_on_include(overt_compiler *compiler, overt_include_fn fn, void *payload)
{
    compiler->on_include = fn;
    compiler->include_payload = payload;
}

overt_status overt_compiler_set_yara(
        overt_compiler *compiler, const overt_yara_options *options, overt_error *err)
{
    char *space = NULL;

    if (compiler == NULL || options == NULL || options->version != OVERT_YARA_OPTIONS_VERSION
            || options->reserved != 0 || (options->flags & ~7u) != 0) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "options for YARA sources begin with OVERT_YARA_OPTIONS_INIT");
    }
    if (options->space != NULL && strlen(options->space) > OV_IDENTIFIER_BYTES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "a namespace has at most %u bytes",
                OV_IDENTIFIER_BYTES_MAX);
    }
    if (options->space != NULL && (space = strdup(options->space)) == NULL) {
        return ov_fail_nomem(err, "a namespace");
    }
    free(compiler->space);
    compiler->space = space;
    compiler->yara = (struct ov_source_form){
        .flags = ((options->flags & OVERT_YARA_STRICT_ESCAPE) != 0 ? OV_SOURCE_STRICT_ESCAPE : 0)
                 | ((options->flags & OVERT_YARA_FIRST_ERROR) != 0 ? OV_SOURCE_FIRST_ERROR : 0),
        .strings_max = options->strings_per_rule_max,
    };
    compiler->stop_at_errors = (options->flags & OVERT_YARA_STOP_AT_ERRORS) != 0;
    return OVERT_OK;
}

/* The place for a variable of this name: an old one, or a new one. NULL: no memory. */
static struct external *external_place(overt_compiler *compiler, const overt_value *value)
{
    struct external *externals;
    char *name;

    for (size_t i = 0; i < compiler->external_count; i++) {
        struct external *old = &compiler->externals[i];

        if (strlen(old->name) == value->name.len
                && memcmp(old->name, value->name.bytes, value->name.len) == 0) {
            ov_buf_clear(&old->value);
            return old;
        }
    }
    externals = reallocarray(compiler->externals, compiler->external_count + 1, sizeof(*externals));
    if (externals == NULL) {
        return NULL;
    }
    compiler->externals = externals;
    name = strndup(value->name.bytes, value->name.len);
    if (name == NULL) {
        return NULL;
    }
    externals[compiler->external_count].name = name;
    ov_buf_init(&externals[compiler->external_count].value, OV_VALUES_BYTES_MAX);
    return &externals[compiler->external_count++];
}

overt_status overt_compiler_define(
        overt_compiler *compiler, const overt_value *value, overt_error *err)
{
    struct external *external;
    overt_status status;

    if (compiler == NULL || value == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is no variable to define");
    }
    status = ov_value_check_form(value, err);
    if (status != OVERT_OK) {
        return status;
    }
    external = external_place(compiler, value);
    if (external != NULL) {
        ov_value_put(&external->value, value);
    }
    return external != NULL && ov_buf_ok(&external->value)
                   ? OVERT_OK
                   : ov_fail_nomem(err, "an external variable");
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
    struct source source = { .form = { .flags = flags }, .fd = fd, .size = size };

    if (compiler->source_count == compiler->source_cap) {
        const size_t cap = compiler->source_cap == 0 ? 16 : compiler->source_cap * 2;

        sources = reallocarray(sources, cap, sizeof(*sources));
        if (sources == NULL) {
            return ov_fail_nomem(err, "one more rule source");
        }
        compiler->sources = sources;
        compiler->source_cap = cap;
    }
    ov_buf_init(&source.sent, OV_NAME_BYTES_MAX);
    if (flags == OV_SOURCE_YARA) {
        source.form = compiler->yara;
        source.form.flags |= flags | (compiler->space != NULL ? OV_SOURCE_SPACE : 0)
                             | (compiler->on_include != NULL ? OV_SOURCE_INCLUDES : 0);
    }
    if ((source.form.flags & OV_SOURCE_SPACE) != 0) {
        ov_buf_put_text(&source.sent, compiler->space);
        ov_buf_put_u8(&source.sent, 0);
    }
    ov_buf_put_text(&source.sent, name);
    source.name = strdup(name);
    if (source.name == NULL || !ov_buf_ok(&source.sent)) {
        free(source.name);
        ov_buf_done(&source.sent);
        return ov_fail_nomem(err, "a name");
    }
    sources[compiler->source_count++] = source;
    return OVERT_OK;
}

static overt_status check_source(const overt_compiler *compiler, overt_dialect dialect,
        const char *name, uint64_t size, uint32_t *flags, overt_error *err)
{
    if (compiler == NULL || name == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a rule source needs a name");
    }
    if (dialect < OVERT_YARA || (dialect > OVERT_CLAMAV_OPTIONS && dialect != OVERT_LOGGED)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "dialect %d is unknown", (int)dialect);
    }
    if (strlen(name) > OV_NAME_BYTES_MAX - OV_IDENTIFIER_BYTES_MAX - 1
            || size > OV_RULE_SOURCE_BYTES_MAX) {
        (void)ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "a rule source has at most %u bytes, its name at most %u", OV_RULE_SOURCE_BYTES_MAX,
                OV_NAME_BYTES_MAX - OV_IDENTIFIER_BYTES_MAX - 1);
        ov_error_about_text(err, name);
        return OVERT_E_LIMIT;
    }
    *flags = (uint32_t)dialect;
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

#define SEVERITY_NOTE  0u
#define SEVERITY_ERROR 2u

/* A message that does not fit is cut with dots, never in silence. */
static void fill_text(char *to, size_t room, struct ov_bytes text)
{
    const size_t len = (size_t)ov_bytes_len(text);
    const size_t kept = len < room ? len : room - 1;

    (void)snprintf(to, room, "%.*s%s", (int)(kept < len ? kept - 3 : kept),
            (const char *)ov_bytes_raw(text), kept < len ? "..." : "");
}

static overt_text lent(struct ov_bytes bytes)
{
    return (overt_text){ .bytes = (const char *)ov_bytes_raw(bytes),
        .len = (size_t)ov_bytes_len(bytes) };
}

static void tell_problem(struct telling *t, const struct ov_record *record)
{
    const overt_problem problem = {
        .file = lent(record->name),
        .rule = { .bytes = t->rule, .len = strlen(t->rule) },
        .message = lent(record->text),
        .line = record->object,
        .column = record->rule,
        .is_warning = record->reason != SEVERITY_ERROR,
    };

    if (t->compiler->on_problem != NULL) {
        t->compiler->on_problem(t->compiler->problem_payload, &problem);
    }
    t->rule[0] = '\0';
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
        t->compiler->on_diag(t->compiler->diag_payload, &diag,
                record->reason == SEVERITY_ERROR  ? 0
                : record->reason == SEVERITY_NOTE ? 2
                                                  : 1);
    }
    tell_problem(t, record);
}

/* The file is opened here, by whoever owns the rules; the jail only learns what is in it. */
static bool include(struct telling *t, const struct ov_record *record)
{
    auto_free char *path = NULL;
    auto_free char *from = NULL;
    auto_fd int fd = -1;
    struct stat st;

    if (t->talk == NULL || t->compiler->on_include == NULL) {
        return false;
    }
    path = strndup((const char *)ov_bytes_raw(record->text), (size_t)ov_bytes_len(record->text));
    from = strndup((const char *)ov_bytes_raw(record->name), (size_t)ov_bytes_len(record->name));
    if (path == NULL || from == NULL || strlen(path) != ov_bytes_len(record->text)) {
        return ov_compiling_answer_include(t->talk, -1, 0, "no such name");
    }
    fd = t->compiler->on_include(t->compiler->include_payload, path, from);
    if (fd < 0) {
        return ov_compiling_answer_include(t->talk, -1, 0, "");
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)
            || (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY) {
        return ov_compiling_answer_include(t->talk, -1, 0, "not a regular file");
    }
    return ov_compiling_answer_include(t->talk, fd, (uint64_t)st.st_size, "");
}

static bool keep_rule_name(struct telling *t, const struct ov_record *record)
{
    if (ov_bytes_len(record->text) >= sizeof(t->rule)) {
        return false;
    }
    memcpy(t->rule, ov_bytes_raw(record->text), (size_t)ov_bytes_len(record->text));
    t->rule[ov_bytes_len(record->text)] = '\0';
    return true;
}

static bool on_source_record(void *payload, const struct ov_record *record)
{
    switch ((unsigned)record->kind) {
    case OV_RECORD_DIAG:
        tell_diag(payload, record);
        return true;
    case OV_RECORD_DIAG_RULE:
        return keep_rule_name(payload, record);
    case OV_RECORD_INCLUDE:
        return include(payload, record);
    default:
        return false;
    }
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

static overt_status send_externals(struct ov_compiling *c, const overt_compiler *compiler,
        int nothing, struct telling *t, overt_error *err)
{
    overt_status status = OVERT_OK;

    for (size_t i = 0; status == OVERT_OK && i < compiler->external_count; i++) {
        status = ov_compiling_ask(c, OV_REQUEST_EXTERNAL, 0, 0,
                ov_buf_bytes(&compiler->externals[i].value), nothing, on_source_record, t, err);
    }
    return status;
}

static overt_status send_sources(
        struct ov_compiling *c, const overt_compiler *compiler, struct telling *t, overt_error *err)
{
    t->talk = c;
    for (size_t i = 0; i < compiler->source_count; i++) {
        const struct source *source = &compiler->sources[i];
        const overt_status status = ov_compiling_ask_source(c, &source->form, source->size,
                ov_buf_bytes(&source->sent), source->fd, on_source_record, t, err);

        if (status != OVERT_OK) {
            ov_error_about_text(err, source->name);
            return status;
        }
        if (t->errors != 0 && compiler->stop_at_errors) {
            break;
        }
    }
    t->talk = NULL;
    return OVERT_OK;
}

/* The conversation: variables, every source, then the order to compile. */
static overt_status converse(
        overt_compiler *compiler, int output, struct telling *t, overt_error *err)
{
    auto_fd int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct ov_compiling c;
    overt_status status;
    bool stop;

    if (nothing < 0) {
        return ov_fail_errno(err, errno, "/dev/null");
    }
    status = ov_compiling_begin(&c, output, OUTPUT_BYTES_MAX, compiler->without, err);
    if (status != OVERT_OK) {
        return status;
    }
    ov_layers_text(ov_jail_layers(c.jail), compiler->layer_names);
    status = send_externals(&c, compiler, nothing, t, err);
    if (status == OVERT_OK) {
        status = send_sources(&c, compiler, t, err);
    }
    stop = t->errors != 0 && compiler->stop_at_errors;
    if (status == OVERT_OK && !stop) {
        status = ov_compiling_ask(&c, OV_REQUEST_FINISH, 0, OUTPUT_BYTES_MAX, ov_bytes_of(NULL, 0),
                nothing, on_finish_record, t, err);
    }
    ov_compiling_done(&c);
    if (status == OVERT_OK && !stop && !t->compiled) {
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
    if ((t.errors != 0 || t.errors_counted != 0) && (!keep_good || !t.compiled)) {
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
