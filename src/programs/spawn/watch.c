/* SPDX-License-Identifier: Apache-2.0 */
/* watch.c - waits for the program to end, or for the supervisor to be gone, whichever is first.
 *
 * As its tracer we are told of every signal before it acts. A signal that ends the program is
 * noted and answered with SIGKILL: that way the kernel writes nothing about the crash, and the
 * first process of a pid namespace dies of signals that it would otherwise ignore. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "programs/spawn/plan.h"

#define NO_CALL UINT32_MAX

struct end {
    int signal; /* 0: none seen yet */
    uint32_t call;
};

static bool is_harmless(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

static bool is_stop(int sig)
{
    return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

static void answer_stop(pid_t pid, int status, struct end *end)
{
    const int sig = WSTOPSIG(status);
    struct user_regs_struct regs;

    switch (status >> 16) {
    case PTRACE_EVENT_EXIT:
        /* Still has its registers: the call that seccomp refused is in orig_rax. */
        if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) == 0) {
            end->call = (uint32_t)regs.orig_rax;
        }
        (void)ptrace(PTRACE_CONT, pid, NULL, NULL);
        return;
    case PTRACE_EVENT_STOP:
        (void)ptrace(is_stop(sig) ? PTRACE_LISTEN : PTRACE_CONT, pid, NULL, NULL);
        return;
    case 0:
        if (is_stop(sig) || is_harmless(sig)) {
            (void)trace(PTRACE_CONT, pid, 0, (unsigned long)sig);
            return;
        }
        if (end->signal == 0) {
            end->signal = sig;
        }
        (void)kill(pid, SIGKILL);
        return;
    default:
        (void)ptrace(PTRACE_CONT, pid, NULL, NULL);
        return;
    }
}

static void report_end(int control, int status, const struct end *end)
{
    const int sig = end->signal != 0 ? end->signal : WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    const struct ov_spawn_report told = {
        .magic = ov_le32_of(OV_SPAWN_MAGIC),
        .kind = ov_le32_of(OV_SPAWN_ENDED),
        .signal = ov_le32_of((uint32_t)sig),
        .exit_status = ov_le32_of(sig == 0 ? (uint32_t)WEXITSTATUS(status) : 0),
        .syscall = ov_le32_of(sig == SIGSYS ? end->call : NO_CALL),
    };

    (void)send(control, &told, sizeof(told), MSG_NOSIGNAL);
}

/* Takes what waitpid has to say. True once the program ended and was reaped. */
static bool reap(pid_t pid, int flags, int control, struct end *end)
{
    for (;;) {
        int status;
        const pid_t got = waitpid(pid, &status, flags | __WALL);

        if (got == 0) {
            return false; /* nothing now */
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return true; /* not ours any more: there is nothing to watch */
        }
        if (!WIFSTOPPED(status)) {
            report_end(control, status, end);
            return true;
        }
        answer_stop(pid, status, end);
    }
}

void watch(pid_t pid, int control, int supervisor)
{
    struct end end = { .signal = 0, .call = NO_CALL };
    sigset_t chld;
    struct pollfd wait[3] = {
        { .fd = -1, .events = POLLIN },
        { .fd = control, .events = POLLIN }, /* nothing more is ever sent: an end of file */
        { .fd = supervisor, .events = POLLIN },
    };

    (void)sigemptyset(&chld);
    (void)sigaddset(&chld, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &chld, NULL);
    wait[0].fd = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
    while (!reap(pid, WNOHANG, control, &end)) {
        struct signalfd_siginfo info;
        const int n = poll(wait, 3, -1);

        while (read(wait[0].fd, &info, sizeof(info)) > 0) {
        }
        if (wait[0].fd < 0 || (n < 0 && errno != EINTR)
                || (n > 0 && (wait[1].revents != 0 || wait[2].revents != 0))) {
            (void)kill(pid, SIGKILL);
            (void)reap(pid, 0, control, &end);
            return;
        }
    }
}
