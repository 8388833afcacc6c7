/* SPDX-License-Identifier: Apache-2.0 */
/* processes.c - attempts to become, make, touch or signal other processes, and to show them
 * something. */
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "programs/turncoat/try.h"
#include "sandbox/frame.h"

static char *const no_environment[] = { NULL };
static char *const one_argument[] = { (char[]){ "x" }, NULL };

int try_execve(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_execve, "/bin/true", one_argument, no_environment);
}

/* #!/bin/true is a program of eleven bytes: any exec that works ends this process with 0. */
int try_exec_memfd(const struct ov_bait *bait)
{
    static const char script[] = "#!/bin/true\n";
    const long fd = syscall(SYS_memfd_create, "x", 0);

    (void)bait;
    if (fd < 0 || syscall(SYS_write, fd, script, sizeof(script) - 1) < 0) {
        return -errno;
    }
    return SYS(SYS_execveat, fd, "", one_argument, no_environment, AT_EMPTY_PATH);
}

int try_exec_victim(const struct ov_bait *bait)
{
    return SYS(SYS_execveat, bait->fd, "", one_argument, no_environment, AT_EMPTY_PATH);
}

int try_exec_again(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_execveat, OV_JAIL_FD_PROGRAM, "", one_argument, no_environment, AT_EMPTY_PATH);
}

static int child_or_refusal(long pid)
{
    if (pid == 0) {
        (void)syscall(SYS_exit_group, 0);
    }
    return pid < 0 ? -errno : 0;
}

int try_fork(const struct ov_bait *bait)
{
    (void)bait;
    return child_or_refusal(syscall(SYS_fork));
}

/* The child of a real vfork shares our stack: so does a clone with its flags, minus that risk. */
int try_vfork(const struct ov_bait *bait)
{
    (void)bait;
    return child_or_refusal(syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0));
}

int try_clone3(const struct ov_bait *bait)
{
    struct clone_args args = { .exit_signal = SIGCHLD };

    (void)bait;
    return child_or_refusal(syscall(SYS_clone3, &args, sizeof(args)));
}

/* The new thread returns from the call on its own stack and leaves at once. Written out, because
 * a C function cannot return on two stacks. */
int try_thread(const struct ov_bait *bait)
{
    static char stack[16384] __attribute__((aligned(16)));
    const long flags =
            CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
    register long child_tid __asm__("r10") = 0;
    register long tls __asm__("r8") = 0;
    long got;

    (void)bait;
    __asm__ volatile("syscall\n\t"
                     "test %%rax, %%rax\n\t"
                     "jnz 1f\n\t"
                     "mov %[exit], %%eax\n\t"
                     "xor %%edi, %%edi\n\t"
                     "syscall\n\t"
                     "1:"
                     : "=a"(got)
                     : "a"((long)SYS_clone), "D"(flags), "S"(stack + sizeof(stack)), "d"(0L),
                     "r"(child_tid), "r"(tls), [exit] "i"(SYS_exit)
                     : "rcx", "r11", "memory");
    return got < 0 ? (int)got : 0;
}

int try_ptrace(const struct ov_bait *bait)
{
    return SYS(SYS_ptrace, PTRACE_SEIZE, bait->host_pid, 0, 0);
}

int try_ptrace_me(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0);
}

/* An unmapped address means that we were let in and merely guessed wrong. */
static int vm_outcome(int got)
{
    return got == -EFAULT ? 0 : got;
}

int try_vm_read(const struct ov_bait *bait)
{
    char here[8];
    const struct iovec local = { here, sizeof(here) };
    const struct iovec remote = { (void *)(uintptr_t)0x400000, sizeof(here) }; /* NOLINT */

    return vm_outcome(SYS(SYS_process_vm_readv, bait->host_pid, &local, 1, &remote, 1, 0));
}

int try_vm_write(const struct ov_bait *bait)
{
    char here[8] = "leak";
    const struct iovec local = { here, sizeof(here) };
    const struct iovec remote = { (void *)(uintptr_t)0x400000, sizeof(here) }; /* NOLINT */

    return vm_outcome(SYS(SYS_process_vm_writev, bait->host_pid, &local, 1, &remote, 1, 0));
}

static long open_proc(const struct ov_bait *bait, const char *name, int flags)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/%u/%s", bait->host_pid, name);
    return syscall(SYS_open, path, flags);
}

int try_proc_mem(const struct ov_bait *bait)
{
    return opened(open_proc(bait, "mem", O_RDWR));
}

int try_proc_environ(const struct ov_bait *bait)
{
    return gave_a_byte(open_proc(bait, "environ", O_RDONLY));
}

int try_pidfd_getfd(const struct ov_bait *bait)
{
    const long pidfd = syscall(SYS_pidfd_open, bait->host_pid, 0);

    if (pidfd < 0) {
        return -errno;
    }
    return opened(syscall(SYS_pidfd_getfd, pidfd, 1, 0));
}

int try_kill(const struct ov_bait *bait)
{
    return SYS(SYS_kill, bait->host_pid, 0);
}

int try_kill_all(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_kill, -1, 0);
}

int try_tgkill(const struct ov_bait *bait)
{
    return SYS(SYS_tgkill, bait->host_pid, bait->host_pid, 0);
}

int try_sigqueue(const struct ov_bait *bait)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_code = SI_QUEUE;
    info.si_value.sival_int = 0x41424344;
    return SYS(SYS_rt_sigqueueinfo, bait->host_pid, 0, &info);
}

int try_set_owner(const struct ov_bait *bait)
{
    return SYS(SYS_fcntl, OV_JAIL_FD_CHANNEL, F_SETOWN, (int)bait->host_pid);
}

/* Without a child there is nothing to wait for: that answer, too, is one a worker need not get. */
int try_wait(const struct ov_bait *bait)
{
    const int got = SYS(SYS_wait4, -1, NULL, WNOHANG, NULL);

    (void)bait;
    return got == -ECHILD ? 0 : got;
}

int try_set_name(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_prctl, PR_SET_NAME, "leak:12345", 0, 0, 0);
}

int try_priority(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_setpriority, PRIO_PROCESS, 0, 5);
}

int try_affinity(const struct ov_bait *bait)
{
    cpu_set_t one;

    (void)bait;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    return SYS(SYS_sched_setaffinity, 0, sizeof(one), &one);
}

int try_ioprio(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_ioprio_set, 1, 0, 2 << 13 | 5);
}

int try_nanosleep(const struct ov_bait *bait)
{
    const struct timespec moment = { .tv_nsec = 1000 };

    (void)bait;
    return SYS(SYS_nanosleep, &moment, NULL);
}

int try_yield(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_sched_yield);
}

int try_pause(const struct ov_bait *bait)
{
    const struct timespec moment = { .tv_nsec = 1000 };

    (void)bait;
    return SYS(SYS_ppoll, NULL, 0, &moment, NULL, 0);
}

int try_getpid(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_getpid);
}

int try_getuid(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_getuid);
}

int try_uname(const struct ov_bait *bait)
{
    struct utsname name;

    (void)bait;
    return SYS(SYS_uname, &name);
}

int try_sysinfo(const struct ov_bait *bait)
{
    struct sysinfo info;

    (void)bait;
    return SYS(SYS_sysinfo, &info);
}

int try_getrandom(const struct ov_bait *bait)
{
    char bytes[8];

    (void)bait;
    return SYS(SYS_getrandom, bytes, sizeof(bytes), 0);
}

int try_getcpu(const struct ov_bait *bait)
{
    unsigned cpu, node;

    (void)bait;
    return SYS(SYS_getcpu, &cpu, &node, NULL);
}

/* The prover puts OVERT_PROVE_SECRET into its own environment. */
int try_environment(const struct ov_bait *bait)
{
    (void)bait;
    return getenv("OVERT_PROVE_SECRET") != NULL || environ[0] != NULL ? 0 : -ENOENT;
}
