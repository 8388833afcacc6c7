/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-rpmdb: reads an RPM database in SQLite form, in the jail, and tells its packages.
 *
 * A program of its own, because SQLite never enters a worker: a worker reads whatever comes, this
 * one reads a single kind of file and does nothing else. It is born like a worker (channel at 3,
 * argv[1] "explain") and answers OV_REQUEST_FACTS alone. The database is deserialized from memory:
 * SQLite opens no file. Its schema is the file's, so everything but plain reading is denied. */
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/attr.h"
#include "evidence/readers.h"
#include "programs/worker/worker.h"

/* Where the file format keeps "write-ahead log" (2) and "rollback journal" (1); a database from
 * memory must say the latter. */
#define WRITE_VERSION_AT 18
#define READ_VERSION_AT  19
#define HEADER_BYTES     100

#define SQLITE_STEPS_MAX  100000 /* turns of the handler, each after OPS_A_TURN operations */
#define SQLITE_OPS_A_TURN 1000

struct file {
    int fd;
    uint64_t size;
};

void worker_send(const void *message, size_t bytes)
{
    ssize_t n;

    do {
        n = write(OV_JAIL_FD_CHANNEL, message, bytes);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)bytes) {
        _exit(OV_JAILED_EXIT_CHANNEL);
    }
}

/* SQLite can load extensions and start threads. Here it cannot, and what the C library has for both
 * would bring a network into a program that must have none: these take their place. */
void *dlopen(const char *path, int flags);
void *dlsym(void *handle, const char *name);
int dlclose(void *handle);
char *dlerror(void);
/* Parameters are called as in the C library's header. */
int pthread_create(pthread_t *__newthread, const pthread_attr_t *__attr,
        void *(*__start_routine)(void *), void *__arg);
int pthread_join(pthread_t __th, void **__thread_return);

void *dlopen(const char *path, int flags)
{
    (void)path;
    (void)flags;
    return NULL;
}

void *dlsym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    static char none[] = "nothing is loaded in a jail";

    return none;
}

/* NOLINTNEXTLINE(readability-non-const-parameter) */
int pthread_create(pthread_t *__newthread, const pthread_attr_t *__attr,
        void *(*__start_routine)(void *), void *__arg)
{
    (void)__newthread;
    (void)__attr;
    (void)__start_routine;
    (void)__arg;
    return EAGAIN;
}

int pthread_join(pthread_t __th, void **__thread_return)
{
    (void)__th;
    (void)__thread_return;
    return EINVAL;
}

/* --- reading -------------------------------------------------------------------------------- */

static int only_reading(
        void *payload, int action, const char *a, const char *b, const char *c, const char *d)
{
    (void)payload;
    (void)a;
    (void)b;
    (void)c;
    (void)d;
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

static int count_turn(void *turns_left)
{
    int *left = turns_left;

    return --*left <= 0;
}

static void tell_trouble(struct ov_evidence *e, sqlite3 *db)
{
    char text[120];

    (void)sqlite3_snprintf(
            sizeof(text), text, "the RPM database: %.80s", db == NULL ? "" : sqlite3_errmsg(db));
    e->sink->gap(e->sink->payload, 0, OV_REASON_DAMAGED, text);
}

static void read_packages(struct ov_evidence *e, sqlite3 *db)
{
    sqlite3_stmt *rows = NULL;
    int step = SQLITE_ERROR;

    if (sqlite3_prepare_v2(db, "SELECT blob FROM Packages", -1, &rows, NULL) == SQLITE_OK) {
        while ((step = sqlite3_step(rows)) == SQLITE_ROW) {
            const void *blob = sqlite3_column_blob(rows, 0);
            const int bytes = sqlite3_column_bytes(rows, 0);

            ov_read_rpm_header(e, ov_bytes_of(blob, bytes > 0 ? (size_t)bytes : 0));
        }
    }
    if (step != SQLITE_DONE) {
        tell_trouble(e, db);
    }
    (void)sqlite3_finalize(rows);
}

static void read_database(struct ov_evidence *e, uint8_t *bytes, size_t size)
{
    int turns_left = SQLITE_STEPS_MAX;
    sqlite3 *db = NULL;

    if (size < HEADER_BYTES || memcmp(bytes, "SQLite format 3", 16) != 0) {
        e->sink->gap(e->sink->payload, 0, OV_REASON_DAMAGED, "not an SQLite database");
        return;
    }
    bytes[WRITE_VERSION_AT] = bytes[READ_VERSION_AT] = 1;
    if (sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL)
                    != SQLITE_OK
            || sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK
            || sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) != SQLITE_OK
            || sqlite3_deserialize(db, "main", bytes, (sqlite3_int64)size, (sqlite3_int64)size,
                       SQLITE_DESERIALIZE_READONLY)
                       != SQLITE_OK
            || sqlite3_set_authorizer(db, only_reading, NULL) != SQLITE_OK) {
        tell_trouble(e, db);
    } else {
        sqlite3_progress_handler(db, SQLITE_OPS_A_TURN, count_turn, &turns_left);
        read_packages(e, db);
    }
    (void)sqlite3_close(db);
}

static void read_file(struct ov_evidence *e, void *payload)
{
    const struct file *file = payload;
    auto_free uint8_t *bytes = NULL;
    size_t done = 0;

    if (file->size > OV_EVIDENCE_FILE_BYTES_MAX) {
        e->sink->gap(e->sink->payload, 0, OV_REASON_OBJECT_BYTES, "");
        return;
    }
    bytes = malloc((size_t)file->size + 1);
    if (bytes == NULL) {
        e->sink->gap(e->sink->payload, 0, OV_REASON_MEMORY, "");
        return;
    }
    while (done < file->size) {
        const ssize_t n = pread(file->fd, bytes + done, (size_t)file->size - done, (off_t)done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            e->sink->gap(e->sink->payload, 0, OV_REASON_CUT, "");
            return;
        }
        done += (size_t)n;
    }
    read_database(e, bytes, done);
}

/* --- the channel ---------------------------------------------------------------------------- */

/* One request and its one descriptor. False: the supervisor is gone. */
static bool receive(struct ov_request *request, int *fd)
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
    struct ov_bytes behind;
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
            || !ov_request_decode(ov_bytes_of(message, (size_t)n), request, &behind)
            || ov_le32_get(request->kind) != OV_REQUEST_FACTS
            || ov_le32_get(request->flags) != OV_LOOK_RPM_HEADER) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    return true;
}

int main(int argc, char **argv)
{
    struct ov_request request;
    struct file file = { .fd = -1 };

    if (argc != 2 || strcmp(argv[1], "explain") != 0) {
        _exit(OV_JAILED_EXIT_USAGE);
    }
    while (receive(&request, &file.fd)) {
        file.size = ov_le64_get(request.size);
        worker_traces(
                ov_le32_get(request.seq), file.fd, ov_bytes_of(NULL, 0), false, read_file, &file);
    }
    _exit(0);
}
