/* SPDX-License-Identifier: Apache-2.0 */
/* live.c - what runs on this machine, as the kernel tells it: processes and the units they belong
 * to, modules, sockets. /proc is the kernel's, but names in it are anybody's: they are compared and
 * copied, nothing is opened by them. Nothing is executed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "prohibited/looker.h"

#define PROC_BYTES_MAX (64u << 20)

/* A file of /proc, whole, NUL-terminated. False: errno. */
static bool read_proc(int folder, const char *name, struct ov_buf *out)
{
    auto_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    char piece[16384];
    ssize_t n;

    ov_buf_init(out, PROC_BYTES_MAX);
    if (fd < 0) {
        return false;
    }
    while ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0) {
            ov_buf_put(out, piece, (size_t)n);
        }
    }
    if (n < 0) {
        return false;
    }
    ov_buf_put_u8(out, 0);
    if (!ov_buf_ok(out)) {
        errno = EFBIG;
        return false;
    }
    return true;
}

/* The bytes of a buffer as a text that may be cut up: it is our own memory. */
static char *text_of(struct ov_buf *buf)
{
    size_t len;

    return (char *)ov_buf_steal(buf, &len);
}

/* --- processes ------------------------------------------------------------------------------ */

struct process {
    struct ov_looker *l;
    struct ov_sighting seen;
    const char *exe;
};

static void hit(struct process *p, const struct ov_clue_fact *fact, enum ov_state shows)
{
    const struct ov_hit found = { .fact = fact,
        .shows = shows,
        .where = p->seen.where,
        .detail = p->seen.detail,
        .version = "",
        .entity = "" };

    ov_gather_hit(p->l->gather, &found);
}

/* A program that runs from a place of the product runs the product. */
static void on_exe(void *payload, const struct ov_clue_fact *fact)
{
    if (fact->mark == OV_MARK_PATH && fact->shows != OV_STATE_MENTION) {
        hit(payload, fact, OV_STATE_RUNNING);
    }
}

/* Some names are too plain to say anything without the place. */
static void on_process_name(void *payload, const struct ov_clue_fact *fact)
{
    struct process *p = payload;
    const char **under = fact->under;

    if (strcmp(fact->platform, "linux") != 0 && fact->platform[0] != '\0') {
        return;
    }
    for (; *under != NULL; under++) {
        if (strncmp(p->exe, *under, strlen(*under)) == 0) {
            hit(p, fact, OV_STATE_RUNNING);
            return;
        }
    }
    if (fact->under[0] == NULL) {
        hit(p, fact, OV_STATE_RUNNING);
    }
}

static void on_unit(void *payload, const struct ov_clue_fact *fact)
{
    hit(payload, fact, OV_STATE_RUNNING);
}

/* "0::/system.slice/a.service": every part that is a unit. */
static void look_at_units(struct process *p, char *cgroups)
{
    char *rest = NULL;

    for (char *part = strtok_r(cgroups, "/\n", &rest); part != NULL;
            part = strtok_r(NULL, "/\n", &rest)) {
        if (strstr(part, ".service") != NULL) {
            ov_index_text(p->l->index, OV_MARK_UNIT, part, on_unit, p);
        }
    }
}

static void cut_deleted(char *exe)
{
    static const char deleted[] = " (deleted)";
    const size_t len = strlen(exe);

    if (len >= sizeof(deleted) && strcmp(exe + len - (sizeof(deleted) - 1), deleted) == 0) {
        exe[len - (sizeof(deleted) - 1)] = '\0';
    }
}

static void look_at_process(struct ov_looker *l, int proc, const char *pid)
{
    auto_fd int folder = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char exe[4096 + 16] = "", where[64], detail[4300];
    struct process p = { .l = l, .exe = exe };
    struct ov_buf buf;
    ssize_t n;

    (void)snprintf(where, sizeof(where), "process %s", pid);
    n = folder < 0 ? -1 : readlinkat(folder, "exe", exe, sizeof(exe) - 1);
    if (n < 0) {
        /* A kernel thread has no program, and one that ended is gone. */
        if (errno != ENOENT && errno != ESRCH) {
            ov_survey_unread(l->survey, "processes", where, "open", strerrordesc_np(errno));
        }
        return;
    }
    exe[n] = '\0';
    cut_deleted(exe);
    (void)snprintf(detail, sizeof(detail), "runs %s", exe);
    p.seen = (struct ov_sighting){ .where = where, .detail = detail, .most = OV_STATE_RUNNING };
    ov_index_path(l->index, exe, on_exe, &p);
    ov_index_path_above(l->index, exe, on_exe, &p);
    if (read_proc(folder, "comm", &buf)) {
        auto_free char *name = text_of(&buf);

        if (name != NULL) {
            name[strcspn(name, "\n")] = '\0';
            ov_index_text(l->index, OV_MARK_PROCESS, name, on_process_name, &p);
        }
    }
    ov_buf_done(&buf);
    if (read_proc(folder, "cgroup", &buf)) {
        auto_free char *cgroups = text_of(&buf);

        if (cgroups != NULL) {
            look_at_units(&p, cgroups);
        }
    }
    ov_buf_done(&buf);
    ov_survey_looked(l->survey, "processes");
}

static void look_at_processes(struct ov_looker *l, int proc)
{
    const int listed = openat(proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = listed < 0 ? NULL : fdopendir(listed);
    const struct dirent *entry;

    if (dir == NULL) {
        ov_survey_unread(l->survey, "processes", "/proc", "open", strerrordesc_np(errno));
        if (listed >= 0) {
            (void)close(listed);
        }
        return;
    }
    while ((entry = readdir(dir)) != NULL) {
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name)) {
            look_at_process(l, proc, entry->d_name);
        }
    }
    (void)closedir(dir);
}

/* --- tables of the kernel ------------------------------------------------------------------- */

/* Calls `fn` for each line. A table that this kernel does not have holds nothing. */
static void each_line(struct ov_looker *l, int proc, const char *name, const char *area,
        void (*fn)(struct ov_looker *l, const char *where, char *line))
{
    struct ov_buf buf;
    char where[64], *rest = NULL;

    (void)snprintf(where, sizeof(where), "/proc/%s", name);
    if (!read_proc(proc, name, &buf)) {
        if (errno != ENOENT) {
            ov_survey_unread(l->survey, area, where, "open", strerrordesc_np(errno));
        }
        ov_buf_done(&buf);
        return;
    }
    {
        auto_free char *text = text_of(&buf);
        char *line = text == NULL ? NULL : strtok_r(text, "\n", &rest);

        for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
            fn(l, where, line);
        }
    }
    ov_buf_done(&buf);
    ov_survey_looked(l->survey, area);
}

static void look_at_module(struct ov_looker *l, const char *where, char *line)
{
    const struct ov_sighting seen = { .where = where, .detail = line, .most = OV_STATE_RUNNING };

    line[strcspn(line, " ")] = '\0';
    ov_look_text(l, OV_MARK_KERNEL_MODULE, line, &seen);
}

static void look_at_socket(struct ov_looker *l, const char *where, char *line)
{
    const char *path = strchr(line, '/');
    const struct ov_sighting seen = { .where = where, .detail = path, .most = OV_STATE_RUNNING };

    if (path != NULL) {
        ov_look_text(l, OV_MARK_SOCKET, path, &seen);
    }
}

/* "  0: 00000000:32C8 00000000:0000 0A ...": listening is 0A for TCP; UDP has no such state. */
static void look_at_port(struct ov_looker *l, const char *where, char *line)
{
    const bool udp = strstr(where, "udp") != NULL;
    unsigned port, state;
    char text[32];
    const struct ov_sighting seen = {
        .where = where, .detail = "listens", .most = OV_STATE_MENTION
    };

    /* The kernel wrote it: numbers of 4 and 2 digits. NOLINTNEXTLINE(cert-err34-c) */
    if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x", &port, &state) == 2
            && (udp || state == 0x0a)) {
        (void)snprintf(text, sizeof(text), "%u/%s", port, udp ? "udp" : "tcp");
        ov_look_text(l, OV_MARK_PORT, text, &seen);
    }
}

void ov_look_live(struct ov_looker *l)
{
    auto_fd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (proc < 0) {
        ov_survey_unread(l->survey, "processes", "/proc", "open", strerrordesc_np(errno));
        return;
    }
    look_at_processes(l, proc);
    each_line(l, proc, "modules", "kernel modules", look_at_module);
    each_line(l, proc, "net/unix", "sockets", look_at_socket);
    each_line(l, proc, "net/tcp", "sockets", look_at_port);
    each_line(l, proc, "net/tcp6", "sockets", look_at_port);
    each_line(l, proc, "net/udp", "sockets", look_at_port);
    each_line(l, proc, "net/udp6", "sockets", look_at_port);
}
