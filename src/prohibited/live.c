/* SPDX-License-Identifier: Apache-2.0 */
/* live.c - what runs on this machine, as the kernel tells it: processes and the units they belong
 * to, modules, sockets. /proc is the kernel's, but names in it are anybody's: they are compared and
 * copied, nothing is opened by them. Nothing is executed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "prohibited/looker.h"

#define PROC_BYTES_MAX (64u << 20)
#define COMM_BYTES     15u /* that the kernel keeps of a program's name */

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
    char *comm, *arguments, *arguments_end; /* owned; may be NULL. Arguments end in NUL each */
    char exe[4096 + 16];
    char detail[4096 + 80];
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

/* Does a path end in the name that the kernel keeps of a process? */
static bool is_named(const char *path, const char *comm)
{
    const char *name = strrchr(path, '/');
    const size_t len = strcspn(comm, "\n");

    return path[0] == '/' && len > 0 && strncmp(name + 1, comm, len) == 0
           && (len == COMM_BYTES || name[1 + len] == '\0');
}

/* Where its program lies, when the kernel does not say it: the first argument of its command line.
 * The process may have written that, so it counts only where it agrees with the kernel's name. */
static bool exe_by_words(struct process *p)
{
    const char *first = p->arguments == NULL ? "" : p->arguments;

    if (p->comm == NULL || strlen(first) >= sizeof(p->exe) || !is_named(first, p->comm)) {
        return false;
    }
    (void)snprintf(p->exe, sizeof(p->exe), "%s", first);
    return true;
}

/* False: it has no program (a kernel thread, or it ended), or its place is not to be known, which
 * is told. */
static bool find_exe(struct process *p, int folder, bool *by_words)
{
    const ssize_t n = readlinkat(folder, "exe", p->exe, sizeof(p->exe) - 1);
    const int bad = errno;

    *by_words = n < 0;
    if (n >= 0) {
        p->exe[n] = '\0';
        cut_deleted(p->exe);
        return true;
    }
    if (bad == ENOENT || bad == ESRCH) {
        return false;
    }
    if (exe_by_words(p)) {
        return true;
    }
    ov_survey_unread(p->l->survey, "processes", p->seen.where, "open", strerrordesc_np(bad));
    return false;
}

static bool is_interpreter(const char *exe)
{
    static const char *const names[] = { "*/sh", "*/bash", "*/dash", "*/zsh", "*/busybox",
        "*/python*", "*/perl*", "*/ruby*", "*/node", "*/nodejs", "*/java", "*/mono*", "*/php*" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (fnmatch(names[i], exe, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* A script runs by another program: it is the first argument that is no option. NULL: none. */
static const char *script_of(const struct process *p)
{
    const char *at = p->arguments;

    if (at == NULL || !is_interpreter(p->exe)) {
        return NULL;
    }
    for (at += strlen(at) + 1; at < p->arguments_end; at += strlen(at) + 1) {
        if (at[0] != '-') {
            return at[0] == '/' ? at : NULL;
        }
    }
    return NULL;
}

static void look_at_path(struct process *p, const char *path, const char *says)
{
    (void)snprintf(p->detail, sizeof(p->detail), "runs %.4100s%s", path, says);
    ov_index_path(p->l->index, path, on_exe, p);
    ov_index_path_above(p->l->index, path, on_exe, p);
}

/* The kernel's name has 15 bytes; the program's own may have more. */
static void look_at_names(struct process *p, int folder)
{
    const char *name = strrchr(p->exe, '/');
    struct ov_buf buf;

    (void)snprintf(p->detail, sizeof(p->detail), "runs %.4100s", p->exe);
    if (p->comm != NULL) {
        p->comm[strcspn(p->comm, "\n")] = '\0';
        ov_index_text(p->l->index, OV_MARK_PROCESS, p->comm, on_process_name, p);
    }
    if (name != NULL && (p->comm == NULL || strcmp(name + 1, p->comm) != 0)) {
        ov_index_text(p->l->index, OV_MARK_PROCESS, name + 1, on_process_name, p);
    }
    if (read_proc(folder, "cgroup", &buf)) {
        auto_free char *cgroups = text_of(&buf);

        if (cgroups != NULL) {
            look_at_units(p, cgroups);
        }
    }
    ov_buf_done(&buf);
    p->seen.detail = "";
}

/* A small file of the process; NULL: it cannot be read, or the process ended. */
static char *take_text(int folder, const char *name, size_t *bytes)
{
    struct ov_buf buf;
    char *text = NULL;

    if (read_proc(folder, name, &buf)) {
        text = (char *)ov_buf_steal(&buf, bytes);
    }
    ov_buf_done(&buf);
    return text;
}

static void look_at_process(struct ov_looker *l, int proc, const char *pid)
{
    auto_fd int folder = openat(proc, pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct process p = { .l = l };
    size_t bytes = 0, comm_bytes;
    const char *script;
    char where[64];
    bool by_words;

    if (folder < 0) {
        return; /* it ended */
    }
    (void)snprintf(where, sizeof(where), "process %s", pid);
    p.seen = (struct ov_sighting){ .where = where, .detail = p.detail, .most = OV_STATE_RUNNING };
    p.comm = take_text(folder, "comm", &comm_bytes);
    p.arguments = take_text(folder, "cmdline", &bytes);
    p.arguments_end = p.arguments == NULL ? NULL : p.arguments + bytes - 1;
    if (find_exe(&p, folder, &by_words)) {
        look_at_path(&p, p.exe, by_words ? ", says its command line" : "");
        script = script_of(&p);
        if (script != NULL) {
            look_at_path(&p, script, ", as a script");
        }
        look_at_names(&p, folder);
        ov_survey_looked(l->survey, "processes");
    }
    free(p.comm);
    free(p.arguments);
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
