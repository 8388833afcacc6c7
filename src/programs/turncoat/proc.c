/* SPDX-License-Identifier: Apache-2.0 */
/* proc.c - attacks by process: becoming another program, making one, reaching into one. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "programs/turncoat/turncoat.h"

static char program_name[] = "leak";
static char *const program_argv[] = { program_name, NULL };

/* --- other programs ------------------------------------------------------------------------------- */

/* Its exit status 0, without a confession, is how it is known to have run. */
ATTACK(proc_execve)
{
    return got(syscall(SYS_execve, "/bin/true", program_argv, environ));
}

ATTACK(proc_exec_memory)
{
    const long memory = syscall(SYS_memfd_create, "x", 0);
    const long from = syscall(SYS_openat, AT_FDCWD, "/bin/true", O_RDONLY);
    char block[65536];
    ssize_t n;

    if (memory < 0 || from < 0) {
        return -errno;
    }
    while ((n = read((int)from, block, sizeof(block))) > 0) {
        if (write((int)memory, block, (size_t)n) != n) {
            return -errno;
        }
    }
    return got(syscall(SYS_execveat, memory, "", program_argv, environ, AT_EMPTY_PATH));
}

ATTACK(proc_exec_file)
{
    return got(syscall(SYS_execveat, w->file, "", program_argv, environ, AT_EMPTY_PATH));
}

ATTACK(proc_exec_database)
{
    return got(
            syscall(SYS_execveat, OV_JAIL_FD_DATABASE, "", program_argv, environ, AT_EMPTY_PATH));
}

ATTACK(proc_exec_again)
{
    return got(syscall(SYS_execveat, OV_JAIL_FD_PROGRAM, "", program_argv, environ, AT_EMPTY_PATH));
}

/* The one number that may be executed, taken by another file. */
ATTACK(proc_exec_renumbered)
{
    if (syscall(SYS_dup2, w->file, OV_JAIL_FD_PROGRAM) < 0) {
        return -errno;
    }
    return got_or(
            syscall(SYS_execveat, OV_JAIL_FD_PROGRAM, "", program_argv, environ, AT_EMPTY_PATH),
            EACCES);
}

/* --- other processes ------------------------------------------------------------------------------ */

ATTACK(proc_fork)
{
    const long pid = syscall(SYS_fork);

    if (pid == 0) {
        _exit(0);
    }
    return pid < 0 ? -errno : got(waitpid((pid_t)pid, NULL, 0));
}

ATTACK(proc_vfork)
{
    const pid_t pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork): the attack */

    if (pid == 0) {
        _exit(0);
    }
    return got(pid);
}

ATTACK(proc_clone3)
{
    struct clone_args args;
    long pid;

    memset(&args, 0, sizeof(args));
    args.exit_signal = SIGCHLD;
    pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        _exit(0);
    }
    return got(pid);
}

static int end_thread(void *nothing)
{
    (void)nothing;
    return (int)syscall(SYS_exit, 0);
}

ATTACK(proc_thread)
{
    static char stack[16384] __attribute__((aligned(16)));

    return got(clone(end_thread, stack + sizeof(stack),
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM,
            NULL));
}

ATTACK(proc_ptrace)
{
    return got(syscall(SYS_ptrace, PTRACE_SEIZE, w->supervisor, 0, 0));
}

ATTACK(proc_traceme)
{
    return got(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
}

ATTACK(proc_read_memory)
{
    char bytes[8];
    const struct iovec here = { bytes, sizeof(bytes) }, there = { (void *)0x400000, sizeof(bytes) };

    return got_or(syscall(SYS_process_vm_readv, w->supervisor, &here, 1, &there, 1, 0), EFAULT);
}

ATTACK(proc_write_memory)
{
    char bytes[8] = "leak";
    const struct iovec here = { bytes, sizeof(bytes) }, there = { (void *)16, sizeof(bytes) };

    return got_or(syscall(SYS_process_vm_writev, w->supervisor, &here, 1, &there, 1, 0), EFAULT);
}

static long open_proc(const struct world *w, const char *file, int flags)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%u/%s", w->supervisor, file);
    return syscall(SYS_openat, AT_FDCWD, path, flags);
}

ATTACK(proc_memory_file)
{
    return got(open_proc(w, "mem", O_RDWR));
}

ATTACK(proc_environ_file)
{
    return read_one(open_proc(w, "environ", O_RDONLY));
}

ATTACK(proc_descriptor_file)
{
    return got(open_proc(w, "fd/0", O_RDONLY));
}

ATTACK(proc_oom_file)
{
    const long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY);

    return fd < 0 ? -errno : got(syscall(SYS_write, fd, "7", 1));
}

ATTACK(proc_pidfd_open)
{
    return got(syscall(SYS_pidfd_open, w->supervisor, 0));
}

ATTACK(proc_pidfd_getfd)
{
    const long pidfd = syscall(SYS_pidfd_open, w->supervisor, 0);

    return pidfd < 0 ? -errno : got(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

ATTACK(proc_advise)
{
    const struct iovec part = { (void *)0x400000, 4096 };
    const long pidfd = syscall(SYS_pidfd_open, w->supervisor, 0);

    if (pidfd < 0) {
        return -errno;
    }
    return got_or(syscall(SYS_process_madvise, pidfd, &part, 1, MADV_COLD, 0), ENOMEM);
}

ATTACK(proc_limit_other)
{
    char old[16];

    return got(syscall(SYS_prlimit64, w->supervisor, 7, NULL, old));
}

/* --- signals -------------------------------------------------------------------------------------- */

ATTACK(proc_kill)
{
    return got(syscall(SYS_kill, w->supervisor, SIGUSR1));
}

ATTACK(proc_kill_all)
{
    return got(syscall(SYS_kill, -1, 0));
}

ATTACK(proc_kill_parent)
{
    return got(syscall(SYS_kill, syscall(SYS_getppid), 0));
}

ATTACK(proc_tgkill)
{
    return got(syscall(SYS_tgkill, w->supervisor, w->supervisor, SIGUSR1));
}

ATTACK(proc_sigqueue)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_code = SI_QUEUE;
    info.si_value.sival_ptr = (void *)0x4142434445464748; /* 64 bits a signal */
    return got(syscall(SYS_rt_sigqueueinfo, w->supervisor, SIGUSR1, &info));
}

/* The kernel would signal the supervisor whenever something arrives here. */
ATTACK(proc_signal_owner)
{
    if (syscall(SYS_fcntl, OV_JAIL_FD_CHANNEL, F_SETOWN, w->supervisor) != 0
            || syscall(SYS_fcntl, OV_JAIL_FD_CHANNEL, F_SETSIG, SIGUSR1) != 0) {
        return -errno;
    }
    return got(syscall(SYS_fcntl, OV_JAIL_FD_CHANNEL, F_SETFL, O_ASYNC));
}

ATTACK(proc_handler)
{
    const struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } action = { NULL, 0, NULL, 0 };

    return got(syscall(SYS_rt_sigaction, SIGSEGV, &action, NULL, 8));
}

ATTACK(proc_signal_stack)
{
    static char stack[16384];
    const stack_t at = { .ss_sp = stack, .ss_size = sizeof(stack) };

    return got(syscall(SYS_sigaltstack, &at, NULL));
}

/* --- changing what it is to others ------------------------------------------------------------------ */

ATTACK(proc_session)
{
    return got_or(syscall(SYS_setsid), EPERM);
}

ATTACK(proc_let_trace)
{
    return got_or(syscall(SYS_prctl, 0x59616d61, -1L, 0, 0, 0), EINVAL); /* PR_SET_PTRACER, ANY */
}

ATTACK(proc_undumpable)
{
    return got(syscall(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0));
}

ATTACK(proc_outlive)
{
    return got(syscall(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0));
}

ATTACK(proc_adopt)
{
    return got(syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
}

/* At its end the kernel would write into memory by this list. */
ATTACK(proc_robust_list)
{
    static struct {
        void *next;
        long offset;
        void *pending;
    } list = { NULL, 0, NULL };

    list.next = &list;
    return got(syscall(SYS_set_robust_list, &list, sizeof(list)));
}

ATTACK(proc_other_robust_list)
{
    void *list;
    size_t len;

    return got(syscall(SYS_get_robust_list, w->supervisor, &list, &len));
}

ATTACK(proc_rseq)
{
    static char area[32] __attribute__((aligned(32)));

    return got_or(syscall(334, area, sizeof(area), 0, 0x53053053), EINVAL);
}
