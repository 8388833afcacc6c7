/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-compile: rule text in, database out, in a jail of its own.
 *
 * Born with the channel at descriptor 3 and the output, a memory file its parent sized, at 201. It
 * trusts no rule text (any of it may be hostile) and its parent only as far as a request decodes. The
 * parent trusts nothing of what comes out either: it opens the database like anyone else's. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/checked.h"
#include "compile/compile.h"
#include "db/rules_layout.h"
#include "db/verify.h"
#include "db/view.h"
#include "rules/clamav/clamav.h"
#include "rules/hashlist/hashlist.h"
#include "rules/logged/logged.h"
#include "rules/yara/yara.h"
#include "sandbox/frame.h"

/* Blocks of this size are mappings of their own, which go back when they are freed. */
#define MAPPED_BYTES (1024 * 1024)

/* What ends the program: told to nobody but by the exit status, as the peer broke the protocol. */
#define EXIT_PROTOCOL 3
#define EXIT_CHANNEL  4

struct session {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_clamav clam;
    size_t diags_told;
    struct ov_logged_decisions decisions;
    struct ov_buf message;
    uint32_t seq;
    bool finished;    /* the rules are gone: nothing more may be asked of them */
    bool has_sources; /* no external variable may be added any more */
};

static void tell(struct session *s, const struct ov_record *record)
{
    struct ov_bytes bytes;

    ov_buf_clear(&s->message);
    ov_record_encode(&s->message, s->seq, record);
    if (!ov_buf_ok(&s->message)) {
        _exit(EXIT_CHANNEL);
    }
    bytes = ov_buf_bytes(&s->message);
    if (write(OV_JAIL_FD_CHANNEL, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes))
            != (ssize_t)ov_bytes_len(bytes)) {
        _exit(EXIT_CHANNEL);
    }
}

static void tell_failure(struct session *s, const char *why)
{
    tell(s, &(struct ov_record){
                    .kind = OV_RECORD_FAILED,
                    .text = ov_bytes_of(why, strlen(why)),
                    .name = ov_bytes_of(NULL, 0),
            });
}

static void tell_end(struct session *s)
{
    tell(s, &(struct ov_record){
                    .kind = OV_RECORD_END,
                    .text = ov_bytes_of(NULL, 0),
                    .name = ov_bytes_of(NULL, 0),
            });
}

static void tell_diags(struct session *s)
{
    for (; s->diags_told < s->diags.count; s->diags_told++) {
        const struct ov_diag *diag = &s->diags.items[s->diags_told];

        if (ov_bytes_len(diag->rule) != 0) {
            tell(s, &(struct ov_record){
                            .kind = OV_RECORD_DIAG_RULE,
                            .text = diag->rule,
                            .name = ov_bytes_of(NULL, 0),
                    });
        }
        tell(s, &(struct ov_record){
                        .kind = OV_RECORD_DIAG,
                        .reason = (uint32_t)diag->severity,
                        .object = diag->line,
                        .rule = diag->column,
                        .text = diag->message,
                        .name = diag->file,
                });
    }
}

/* The whole of a descriptor; free() it. NULL: *why says why. */
static uint8_t *read_all(int fd, uint64_t size, uint64_t size_max, const char **why)
{
    uint8_t *bytes;
    uint64_t got = 0;

    if (size > size_max) {
        *why = "larger than the limit";
        return NULL;
    }
    bytes = malloc(size == 0 ? 1 : (size_t)size);
    if (bytes == NULL) {
        *why = "no memory left in the compiler";
        return NULL;
    }
    while (got < size) {
        const ssize_t n = pread(fd, bytes + got, (size_t)(size - got), (off_t)got);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            *why = n < 0 ? "could not be read" : "shorter than it was when it was opened";
            free(bytes);
            return NULL;
        }
        got += (uint64_t)n;
    }
    return bytes;
}

/* --- includes: asked of the parent, who opens files --------------------------------------------- */

static bool receive(struct ov_request *request, struct ov_bytes *name, int *fd);

/* An ov_include_fn. What the parent says is kept for as long as the rules are. */
static bool ask_for_include(void *payload, struct ov_bytes from_file, struct ov_bytes name,
        struct ov_bytes *text, const char **why)
{
    struct session *s = payload;
    struct ov_request request;
    struct ov_bytes reason;
    uint8_t *bytes;
    bool good;
    int fd = -1;

    tell(s, &(struct ov_record){ .kind = OV_RECORD_INCLUDE, .text = name, .name = from_file });
    if (!receive(&request, &reason, &fd) || ov_le32_get(request.kind) != OV_REQUEST_INCLUDE
            || ov_le32_get(request.seq) != s->seq || ov_le32_get(request.flags) > 1) {
        _exit(EXIT_PROTOCOL);
    }
    if (ov_le32_get(request.flags) == 0) {
        struct ov_bytes kept;

        (void)close(fd);
        *why = ov_arena_copy(&s->arena, reason, &kept) ? (const char *)ov_bytes_raw(kept)
                                                       : "no memory left in the compiler";
        return false; /* the arena puts a NUL behind it */
    }
    bytes = read_all(fd, ov_le64_get(request.size), OV_RULE_SOURCE_BYTES_MAX, why);
    (void)close(fd);
    if (bytes == NULL) {
        return false;
    }
    good = ov_arena_copy(&s->arena, ov_bytes_of(bytes, (size_t)ov_le64_get(request.size)), text);
    free(bytes);
    if (!good) {
        *why = "no memory left in the compiler";
    }
    return good;
}

/* --- requests ------------------------------------------------------------------------------- */

/* The namespace and the name of a source, from what stands behind a request. */
static bool split_name(
        uint32_t flags, struct ov_bytes name, struct ov_bytes *space, struct ov_bytes *file)
{
    const uint8_t *at = ov_bytes_raw(name);
    const size_t len = (size_t)ov_bytes_len(name);
    const uint8_t *nul = len == 0 ? NULL : memchr(at, 0, len);

    *space = ov_bytes_of("default", 7);
    *file = name;
    if ((flags & OV_SOURCE_SPACE) == 0) {
        return nul == NULL;
    }
    return nul != NULL && ov_bytes_slice(name, 0, (uint64_t)(nul - at), space)
           && ov_bytes_slice(name, (uint64_t)(nul - at) + 1, len - (uint64_t)(nul - at) - 1, file);
}

static void read_yara(struct session *s, const struct ov_request *request, struct ov_bytes space,
        struct ov_bytes file, struct ov_bytes text)
{
    const uint32_t flags = ov_le32_get(request->flags);
    const uint32_t strings_max = ov_le32_get(request->objects_max);
    const struct ov_yara_options options = {
        .space = space,
        .include = (flags & OV_SOURCE_INCLUDES) != 0 ? ask_for_include : NULL,
        .include_payload = s,
        .strict_escape = (flags & OV_SOURCE_STRICT_ESCAPE) != 0,
        .first_error_only = (flags & OV_SOURCE_FIRST_ERROR) != 0,
        .strings_per_rule_max = strings_max != 0 ? strings_max : OV_STRINGS_PER_RULE_MAX,
    };

    s->diags.as_yara = s->diags.as_yara || options.first_error_only;
    (void)ov_yara_read(&s->set, file, text, &options, &s->diags); /* diags say it all */
}

static void answer_source(
        struct session *s, const struct ov_request *request, struct ov_bytes name, int fd)
{
    const uint64_t size = ov_le64_get(request->size);
    const uint32_t flags = ov_le32_get(request->flags);
    const char *why = NULL;
    struct ov_bytes space, file, text;
    uint8_t *bytes;

    if ((flags & ~OV_SOURCE_FLAGS) != 0 || !split_name(flags, name, &space, &file)) {
        _exit(EXIT_PROTOCOL);
    }
    s->has_sources = true;
    bytes = read_all(fd, size, OV_RULE_SOURCE_BYTES_MAX, &why);
    if (bytes == NULL || !ov_arena_copy(&s->arena, file, &file)
            || !ov_arena_copy(&s->arena, space, &space)) {
        tell_failure(s, bytes == NULL ? why : "no memory left in the compiler");
        free(bytes);
        return;
    }
    text = ov_bytes_of(bytes, (size_t)size);
    switch (flags & OV_SOURCE_DIALECT) {
    case OV_SOURCE_YARA:
        read_yara(s, request, space, file, text);
        break;
    case OV_SOURCE_HASHLIST:
        (void)ov_hashlist_read(&s->set, file, text, &s->diags);
        break;
    case OV_SOURCE_CLAMAV:
        (void)ov_clamav_read(&s->clam, file, text);
        break;
    case OV_SOURCE_OPTIONS:
        if (!ov_clamav_options(&s->clam, text)) {
            _exit(EXIT_PROTOCOL);
        }
        break;
    case OV_SOURCE_LOGGED:
        if (!ov_logged_decide(&s->set, file, text, &s->decisions, &s->diags)) {
            (void)ov_logged_read(&s->set, file, text, &s->decisions, &s->diags);
        }
        break;
    default:
        _exit(EXIT_PROTOCOL);
    }
    free(bytes);
    tell_diags(s);
    if (s->diags.out_of_memory) {
        tell_failure(s, "no memory left in the compiler");
        return;
    }
    tell_end(s);
}

static enum ov_type type_of_value(uint32_t type)
{
    static const enum ov_type types[] = {
        [OV_DB_DATUM_BOOL] = OV_TYPE_BOOL,
        [OV_DB_DATUM_INT] = OV_TYPE_INT,
        [OV_DB_DATUM_FLOAT] = OV_TYPE_FLOAT,
        [OV_DB_DATUM_TEXT] = OV_TYPE_TEXT,
    };

    return types[type]; /* ov_given_value_read has looked at it */
}

static void answer_external(struct session *s, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_given_value value;
    struct ov_external *external;

    if (s->has_sources || !ov_given_value_read(&r, &value) || ov_reader_left(&r) != 0) {
        _exit(EXIT_PROTOCOL);
    }
    for (size_t i = 0; i < s->set.external_count; i++) {
        if (ov_bytes_equal(s->set.externals[i].name, ov_bytes_raw(value.name),
                    (size_t)ov_bytes_len(value.name))) {
            tell_failure(s, "an external variable of this name was defined before");
            return;
        }
    }
    external = ov_rule_set_add_external(&s->set);
    if (external == NULL || !ov_arena_copy(&s->arena, value.name, &external->name)
            || !ov_arena_copy(&s->arena, value.text, &external->text)) {
        tell_failure(s, "no memory left in the compiler");
        return;
    }
    external->type = type_of_value(value.type);
    external->integer = (int64_t)value.value;
    if (external->type == OV_TYPE_FLOAT) {
        memcpy(&external->real, &value.value, sizeof(external->real));
        external->integer = 0;
    }
    tell_end(s);
}

/* Lays the database out in the parent's memory file. False: `err` says why. */
static bool write_out(struct ov_db_writer *writer, uint64_t size, uint64_t room, overt_error *err)
{
    overt_status status;
    void *out;

    if (size == 0) {
        (void)ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory left in the compiler");
        return false;
    }
    if (size > room) {
        (void)ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "the database needs %llu bytes, the limit is %llu", (unsigned long long)size,
                (unsigned long long)room);
        return false;
    }
    out = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);
    if (out == MAP_FAILED) {
        (void)ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "the output could not be mapped");
        return false;
    }
    status = ov_db_writer_finish(writer, out, (size_t)size, err);
    (void)munmap(out, (size_t)size);
    return status == OVERT_OK;
}

/* The database is in its sections: what it came from makes room for it. Diagnostics were told; how many
 * errors there were stays known. */
static void forget_rules(struct session *s)
{
    s->finished = true;
    ov_clamav_done(&s->clam);
    ov_rule_set_done(&s->set);
    ov_arena_done(&s->arena);
}

static void answer_finish(struct session *s, const struct ov_request *request)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_writer *writer = malloc(sizeof(*writer));
    uint64_t size = 0;
    bool good = false;

    if (writer == NULL) {
        tell_failure(s, "no memory left in the compiler");
        return;
    }
    ov_db_writer_init(writer, UINT32_MAX);
    (void)ov_clamav_finish(&s->clam); /* what is wrong is in the diags */
    good = ov_compile(&s->set, &s->diags, writer, &err) == OVERT_OK;
    tell_diags(s);
    forget_rules(s);
    if (good) {
        size = ov_db_writer_size(writer);
        good = write_out(writer, size, ov_le64_get(request->size), &err);
    }
    if (!good) {
        tell_failure(s, err.message);
    } else {
        tell(s, &(struct ov_record){
                        .kind = OV_RECORD_COMPILED,
                        .offset = size,
                        .rule = writer->counts[OV_DB_RULES],
                        .object = writer->counts[OV_DB_HASHES],
                        .parent = (uint32_t)(s->diags.errors > UINT32_MAX ? UINT32_MAX
                                                                          : s->diags.errors),
                        .text = ov_bytes_of(NULL, 0),
                        .name = ov_bytes_of(NULL, 0),
                });
        tell_end(s);
    }
    ov_db_writer_done(writer);
    free(writer);
}

static void answer_verify(struct session *s, const struct ov_request *request, int fd)
{
    const uint64_t size = ov_le64_get(request->size);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_view view;
    const char *why = NULL;
    uint8_t *bytes = read_all(fd, size, SIZE_MAX, &why);

    if (bytes == NULL) {
        tell_failure(s, why);
        return;
    }
    if (ov_db_view_open(&view, ov_bytes_of(bytes, (size_t)size), &err) != OVERT_OK
            || ov_db_view_check_digest(&view, &err) != OVERT_OK
            || ov_db_verify(&view, &err) != OVERT_OK) {
        tell_failure(s, err.message);
    } else {
        tell_end(s);
    }
    free(bytes);
}

/* One request and its one descriptor; `name` is good until the next. False: the parent is gone. */
static bool receive(struct ov_request *request, struct ov_bytes *name, int *fd)
{
    static uint8_t message[OV_REQUEST_BYTES_MAX];
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = message, .iov_len = sizeof(message) };
    struct msghdr msg = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    const struct cmsghdr *c;
    ssize_t n;

    do {
        n = recvmsg(OV_JAIL_FD_CHANNEL, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    c = CMSG_FIRSTHDR(&msg);
    if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || c == NULL || c->cmsg_level != SOL_SOCKET
            || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int))
            || !ov_request_decode(ov_bytes_of(message, (size_t)n), request, name)) {
        _exit(EXIT_PROTOCOL);
    }
    memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    return true;
}

int main(void)
{
    static struct session s;
    struct ov_request request;
    struct ov_bytes name;
    int fd = -1;

    (void)mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
    ov_arena_init(&s.arena, UINT64_MAX);
    ov_rule_set_init(&s.set, &s.arena);
    ov_diags_init(&s.diags, &s.arena);
    ov_clamav_init(&s.clam, &s.set, &s.diags);
    ov_buf_init(&s.message, OV_EXPLAIN_FRAME_BYTES_MAX);
    while (receive(&request, &name, &fd)) {
        s.seq = ov_le32_get(request.seq);
        if (s.finished && ov_le32_get(request.kind) != OV_REQUEST_VERIFY) {
            _exit(EXIT_PROTOCOL);
        }
        switch (ov_le32_get(request.kind)) {
        case OV_REQUEST_EXTERNAL:
            answer_external(&s, name);
            break;
        case OV_REQUEST_SOURCE:
            answer_source(&s, &request, name, fd);
            break;
        case OV_REQUEST_FINISH:
            answer_finish(&s, &request);
            break;
        case OV_REQUEST_VERIFY:
            answer_verify(&s, &request, fd);
            break;
        default:
            _exit(EXIT_PROTOCOL);
        }
        (void)close(fd);
    }
    _exit(0);
}
