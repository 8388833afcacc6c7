/* SPDX-License-Identifier: Apache-2.0 */
/* time.c - attacks by clock. A worker that knows the time, or can measure some, can wait for a day,
 * and listen to the other half of a timing channel. */
#include <cpuid.h>
#include <elf.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

#include "programs/turncoat/turncoat.h"

/* --- the time of day ----------------------------------------------------------------------------- */

ATTACK(time_clock_gettime)
{
    struct timespec t;

    return got(syscall(SYS_clock_gettime, CLOCK_REALTIME, &t));
}

ATTACK(time_gettimeofday)
{
    struct timeval t;

    return got(syscall(SYS_gettimeofday, &t, NULL));
}

ATTACK(time_time)
{
    return got(syscall(SYS_time, NULL));
}

ATTACK(time_adjtimex)
{
    struct timex t;

    memset(&t, 0, sizeof(t));
    return got(syscall(SYS_adjtimex, &t));
}

ATTACK(time_clock_adjtime)
{
    struct timex t;

    memset(&t, 0, sizeof(t));
    return got(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &t));
}

/* --- time that passes ------------------------------------------------------------------------------ */

ATTACK(time_times)
{
    struct tms t;

    return got(syscall(SYS_times, &t));
}

ATTACK(time_getrusage)
{
    struct rusage usage;

    return got(syscall(SYS_getrusage, RUSAGE_SELF, &usage));
}

ATTACK(time_processor_clock)
{
    struct timespec t;

    return got(syscall(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, &t));
}

ATTACK(time_timer)
{
    int timer;
    struct sigevent event;

    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_NONE;
    return got(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
}

ATTACK(time_timerfd)
{
    return got(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
}

ATTACK(time_itimer)
{
    const struct itimerval soon = { .it_value = { .tv_sec = 1000 } };

    return got(syscall(SYS_setitimer, ITIMER_VIRTUAL, &soon, NULL));
}

ATTACK(time_alarm)
{
    return got(syscall(SYS_alarm, 1000));
}

ATTACK(time_clock_nanosleep)
{
    const struct timespec t = { .tv_nsec = 1000 };

    return got(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL));
}

ATTACK(time_poll)
{
    struct pollfd channel = { .fd = OV_JAIL_FD_CHANNEL, .events = POLLIN };

    return got(syscall(SYS_poll, &channel, 1, 1));
}

ATTACK(time_select)
{
    struct timeval t = { .tv_usec = 1000 };

    return got(syscall(SYS_select, 0, NULL, NULL, NULL, &t));
}

ATTACK(time_futex)
{
    static int word;
    const struct timespec t = { .tv_nsec = 1000 };

    return got_or(
            syscall(SYS_futex, &word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &t, NULL, 0), ETIMEDOUT);
}

/* Loops counted between two requests are a clock that the requests tick. */
ATTACK(time_count_loops)
{
    char byte;
    struct iovec part = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

    return got_or(syscall(SYS_recvmsg, OV_JAIL_FD_CHANNEL, &msg, MSG_DONTWAIT), EAGAIN);
}

ATTACK(time_recvmmsg)
{
    char byte;
    struct iovec part = { .iov_base = &byte, .iov_len = 1 };
    struct mmsghdr msg = { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } };
    struct timespec t = { .tv_nsec = 1000 };

    return got_or(syscall(SYS_recvmmsg, OV_JAIL_FD_CHANNEL, &msg, 1, MSG_DONTWAIT, &t), EAGAIN);
}

ATTACK(time_quantum)
{
    struct timespec t;

    return got(syscall(SYS_sched_rr_get_interval, 0, &t));
}

ATTACK(time_resolution)
{
    struct timespec t;

    return got(syscall(SYS_clock_getres, CLOCK_MONOTONIC, &t));
}

/* --- clocks that need no call ------------------------------------------------------------------------ */

ATTACK(time_rdtsc)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (low | high) != 0 ? 0 : -EIO;
}

ATTACK(time_rdtscp)
{
    uint32_t low, high, cpu;

    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(cpu));
    return (low | high) != 0 ? 0 : -EIO;
}

ATTACK(time_rdpmc)
{
    uint32_t low, high;

    __asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(0));
    return 0;
}

/* Whether it waits tells whether the TSC has passed a number: a search finds it. */
ATTACK(time_tpause)
{
    unsigned a, b, c, d;

    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (c & 1u << 5) == 0) {
        return -ENOSYS;
    }
    __asm__ volatile(".byte 0x66, 0x0f, 0xae, 0xf1" : : "a"(1), "d"(0), "c"(0) : "cc");
    return 0;
}

ATTACK(time_allow_tsc)
{
    uint32_t low, high;

    if (syscall(SYS_prctl, PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0) != 0) {
        return -errno;
    }
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (low | high) != 0 ? 0 : -EIO;
}

/* Where a symbol of the vDSO at `base` lies, by its dynamic section; NULL: not there. */
static const char *vdso_symbol(const char *base, const char *name)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)base;
    const Elf64_Phdr *parts = (const Elf64_Phdr *)(base + head->e_phoff);
    const Elf64_Dyn *dynamic = NULL;
    const Elf64_Sym *symbols = NULL;
    const char *names = NULL;

    for (unsigned i = 0; i < head->e_phnum; i++) {
        if (parts[i].p_type == PT_DYNAMIC) {
            dynamic = (const Elf64_Dyn *)(base + parts[i].p_offset);
        }
    }
    for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
        if (dynamic->d_tag == DT_STRTAB) {
            names = base + dynamic->d_un.d_ptr;
        }
        if (dynamic->d_tag == DT_SYMTAB) {
            symbols = (const Elf64_Sym *)(base + dynamic->d_un.d_ptr);
        }
    }
    for (unsigned i = 1; names != NULL && symbols != NULL && (const char *)&symbols[i] < names;
            i++) {
        if (strcmp(names + symbols[i].st_name, name) == 0) {
            return base + symbols[i].st_value;
        }
    }
    return NULL;
}

ATTACK(time_vdso)
{
    const uintptr_t address = getauxval(AT_SYSINFO_EHDR);
    const char *base, *at = NULL;
    int (*get)(int clock, struct timespec *t);
    struct timespec t = { 0 };

    memcpy(&base, &address, sizeof(base));
    if (base != NULL) {
        at = vdso_symbol(base, "__vdso_clock_gettime");
    }
    if (at == NULL) {
        return -ENOENT;
    }
    memcpy(&get, &at, sizeof(at));
    return get(CLOCK_REALTIME_COARSE, &t) == 0 && t.tv_sec > 1600000000 ? 0 : -EIO;
}

/* The page that every process had before there was a vDSO. */
ATTACK(time_vsyscall)
{
    const uintptr_t at = 0xffffffffff600400u;
    long (*get)(long *out);
    long t;

    memcpy(&get, &at, sizeof(at));
    t = get(NULL);
    return t > 1600000000 ? 0 : t < 0 ? (int)t : -EIO;
}
