/* SPDX-License-Identifier: Apache-2.0 */
/* build.c - the parent's half: makes the child in its namespaces, gives it its user, becomes its
 * tracer, and follows it to the exec of the program. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "programs/spawn/plan.h"

static const struct {
    uint64_t flag;
    const char *name;
} spaces[] = {
    { CLONE_NEWPID, "pid" },
    { CLONE_NEWNET, "network" },
    { CLONE_NEWIPC, "ipc" },
    { CLONE_NEWNS, "mount" },
    { CLONE_NEWUTS, "host name" },
    { CLONE_NEWCGROUP, "cgroup" },
};

static pid_t clone_with(uint64_t flags)
{
    struct clone_args args;

    memset(&args, 0, sizeof(args));
    args.flags = flags;
    args.exit_signal = SIGCHLD;
    return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

/* Could a child be made with these flags? errno says why not. */
static bool can_clone(uint64_t flags)
{
    const pid_t pid = clone_with(flags);

    if (pid == 0) {
        _exit(0);
    }
    if (pid > 0) {
        (void)waitpid(pid, NULL, __WALL);
    }
    return pid > 0;
}

/* Without root, namespaces come with a user namespace only; `user` then still decides whether the
 * capabilities inside it are given up. */
static bool wants_user_namespace(const struct plan *plan)
{
    return plan_wants(plan, OV_LAYER_USER)
           || (plan_wants(plan, OV_LAYER_NAMESPACES) && geteuid() != 0);
}

static uint64_t clone_flags(const struct plan *plan)
{
    uint64_t flags = wants_user_namespace(plan) ? CLONE_NEWUSER : 0;

    for (size_t i = 0;
            plan_wants(plan, OV_LAYER_NAMESPACES) && i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        flags |= spaces[i].flag;
    }
    return flags;
}

/* Which of the flags it was, and what stands in the way. */
static bool refuse_clone(const struct plan *plan, int bad, struct refusal *why)
{
    const uint64_t user = wants_user_namespace(plan) ? CLONE_NEWUSER : 0;

    if (user != 0 && !can_clone(user)) {
        const int sys_errno = errno;

        return refuse(why, plan_wants(plan, OV_LAYER_USER) ? OV_LAYER_USER : OV_LAYER_NAMESPACES,
                sys_errno, "user namespace: %s%s", strerror(sys_errno),
                namespace_obstacle(sys_errno, false));
    }
    for (size_t i = 0;
            plan_wants(plan, OV_LAYER_NAMESPACES) && i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        if (!can_clone(user | spaces[i].flag)) {
            const int sys_errno = errno;

            return refuse(why, OV_LAYER_NAMESPACES, sys_errno, "%s namespace: %s%s", spaces[i].name,
                    strerror(sys_errno), namespace_obstacle(sys_errno, false));
        }
    }
    return refuse(why, 0, bad, "clone3: %s", strerror(bad));
}

/* --- the user ------------------------------------------------------------------------------- */

static bool write_proc(pid_t pid, const char *file, const char *text)
{
    char path[48];
    auto_fd int fd = -1;

    (void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool map_to(pid_t pid, const char *file, unsigned id)
{
    char line[32];

    (void)snprintf(line, sizeof(line), "0 %u 1\n", id);
    return write_proc(pid, file, line);
}

/* Root inside is the worker's user outside if we may say so, else it is whoever we are. */
static bool map_user(const struct plan *plan, pid_t pid, struct progress *progress, int *sys_errno)
{
    uid_t uid;
    gid_t gid;

    (void)worker_ids(&uid, &gid);
    if (geteuid() == 0 && plan_wants(plan, OV_LAYER_OWN_UID) && map_to(pid, "uid_map", uid)
            && map_to(pid, "gid_map", gid)) {
        progress->own_uid = true;
        progress->bonuses |= OV_LAYER_OWN_UID;
        return true;
    }
    /* A uid map that was taken while the gid map was not stays: then the next write fails. */
    if (map_to(pid, "uid_map", geteuid()) && write_proc(pid, "setgroups", "deny")
            && map_to(pid, "gid_map", getegid())) {
        return true;
    }
    *sys_errno = errno;
    return false;
}

/* --- following the child -------------------------------------------------------------------- */

static bool refuse_step(const struct progress *progress, struct refusal *why)
{
    const int bad = progress->sys_errno;
    const bool maybe_namespace =
            progress->layer == OV_LAYER_NAMESPACES || progress->layer == OV_LAYER_USER;

    if (progress->layer == 0 && strncmp(progress->what, "executing", 9) == 0 && bad == EACCES) {
        return refuse(why, 0, bad, "the program may not be executed by every user");
    }
    return refuse(why, progress->layer, bad, "%s: %s%s", progress->what, strerror(bad),
            maybe_namespace && (bad == EPERM || bad == EACCES) ? namespace_obstacle(bad, true)
                                                               : "");
}

/* Until the exec, when the tracee stops by itself. */
static bool follow_traced(
        const struct plan *plan, pid_t pid, const struct progress *progress, struct refusal *why)
{
    const bool stay = plan_wants(plan, OV_LAYER_TRACED);
    const char *what;
    int status;

    if (waitpid(pid, &status, __WALL) != pid) {
        return refuse(why, 0, errno, "waiting for the child: %s", strerror(errno));
    }
    if (progress->failed) {
        return refuse_step(progress, why);
    }
    if (!WIFSTOPPED(status) || status >> 8 != (SIGTRAP | (PTRACE_EVENT_EXEC << 8))) {
        return refuse(why, 0, 0, "the child ended before its program began (status %#x)",
                (unsigned)status);
    }
    if (plan_wants(plan, OV_LAYER_CLOCK) && !remove_clock(pid, &what)) {
        return refuse(why, OV_LAYER_CLOCK, errno, "%s", what);
    }
    if (!stay) {
        return trace(PTRACE_DETACH, pid, 0, 0) == 0
               || refuse(why, 0, errno, "letting go of the program: %s", strerror(errno));
    }
    if (trace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXIT) != 0
            || trace(PTRACE_CONT, pid, 0, 0) != 0) {
        return refuse(why, OV_LAYER_TRACED, errno, "ptrace: %s", strerror(errno));
    }
    return true;
}

/* Until the end of the pipe that the exec closes. */
static bool follow_untraced(int alive, const struct progress *progress, struct refusal *why)
{
    char c;

    while (read(alive, &c, 1) < 0 && errno == EINTR) {
    }
    return progress->failed ? refuse_step(progress, why) : true;
}

static bool follow(const struct plan *plan, pid_t pid, int go, int alive, struct progress *progress,
        struct refusal *why)
{
    const bool traced = plan_wants(plan, OV_LAYER_TRACED | OV_LAYER_CLOCK);
    int bad;

    if (wants_user_namespace(plan) && !map_user(plan, pid, progress, &bad)) {
        return refuse(why, OV_LAYER_USER, bad, "writing the user map: %s%s", strerror(bad),
                namespace_obstacle(bad, true));
    }
    if (traced && trace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC) != 0) {
        bad = errno;
        return refuse(why, plan_wants(plan, OV_LAYER_TRACED) ? OV_LAYER_TRACED : OV_LAYER_CLOCK,
                bad, "ptrace: %s (kernel.yama.ptrace_scope is 3, or another tracer?)",
                strerror(bad));
    }
    if (write(go, "", 1) != 1) {
        return refuse(why, 0, errno, "the child is gone: %s", strerror(errno));
    }
    return traced ? follow_traced(plan, pid, progress, why) : follow_untraced(alive, progress, why);
}

/* --- all of it ------------------------------------------------------------------------------ */

static bool refuse_errno(struct refusal *why, const char *what)
{
    return refuse(why, 0, errno, "%s: %s", what, strerror(errno));
}

bool build_jail(const struct plan *plan, pid_t *pid_out, unsigned *layers, struct refusal *why)
{
    struct progress *progress = mmap(
            NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int go[2], alive[2];
    pid_t pid;
    bool built;

    if (progress == MAP_FAILED) {
        return refuse_errno(why, "a page to share");
    }
    if (pipe2(go, O_CLOEXEC) != 0) {
        return refuse_errno(why, "pipe");
    }
    if (pipe2(alive, O_CLOEXEC) != 0) {
        (void)close(go[0]);
        (void)close(go[1]);
        return refuse_errno(why, "pipe");
    }
    pid = clone_with(clone_flags(plan));
    if (pid == 0) {
        (void)close(go[1]);
        shut_in(plan, progress, go[0], alive[1]);
    }
    (void)close(go[0]);
    (void)close(alive[1]);
    built = pid > 0 ? follow(plan, pid, go[1], alive[0], progress, why)
                    : refuse_clone(plan, errno, why);
    (void)close(go[1]);
    (void)close(alive[0]);
    *layers = (plan->layers & OV_LAYERS_REQUIRED) | progress->bonuses;
    (void)munmap(progress, sizeof(*progress));
    if (pid > 0 && !built) {
        int status;

        (void)kill(pid, SIGKILL);
        while (waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status)) {
            (void)trace(PTRACE_CONT, pid, 0, 0);
        }
    }
    *pid_out = pid;
    return built;
}
