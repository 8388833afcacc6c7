/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - attempts to learn the time or chance: what a verdict must not depend on. */
#include <cpuid.h>
#include <elf.h>
#include <immintrin.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/timex.h>
#include <time.h>

#include "programs/turncoat/try.h"

#define SOME_DAY 1600000000 /* any date after this is the real clock */

int try_clock_gettime(const struct ov_bait *bait)
{
    struct timespec now;

    (void)bait;
    return SYS(SYS_clock_gettime, CLOCK_REALTIME, &now);
}

int try_rdtsc(const struct ov_bait *bait)
{
    (void)bait;
    return __rdtsc() != 0 ? 0 : -EIO;
}

int try_rdtscp(const struct ov_bait *bait)
{
    unsigned low, high, processor;

    (void)bait;
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(processor));
    return low != 0 || high != 0 ? 0 : -EIO;
}

/* The vDSO is a small ELF library that the kernel maps; the time is read from a page behind it
 * without any system call. Its dynamic section gives its symbols. */
struct vdso {
    uintptr_t slide;
    const char *names;
    const Elf64_Sym *symbols;
};

static bool vdso_open(uintptr_t base, struct vdso *out)
{
    const Elf64_Ehdr *head = (const Elf64_Ehdr *)base; /* NOLINT(performance-no-int-to-ptr) */
    const Elf64_Phdr *row =
            (const Elf64_Phdr *)(base + head->e_phoff); /* NOLINT(performance-no-int-to-ptr) */
    const Elf64_Dyn *dynamic = NULL;
    uintptr_t dynamic_at = 0;

    for (int i = 0; i < head->e_phnum; i++) {
        if (row[i].p_type == PT_LOAD && out->slide == 0) {
            out->slide = base - (row[i].p_vaddr - row[i].p_offset);
        }
        if (row[i].p_type == PT_DYNAMIC) {
            dynamic_at = row[i].p_vaddr;
        }
    }
    dynamic = (const Elf64_Dyn *)(out->slide + dynamic_at); /* NOLINT(performance-no-int-to-ptr) */
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        uintptr_t at = dynamic->d_un.d_ptr;

        at = at < base ? at + out->slide : at;
        if (dynamic->d_tag == DT_STRTAB) {
            out->names = (const char *)at; /* NOLINT(performance-no-int-to-ptr) */
        }
        if (dynamic->d_tag == DT_SYMTAB) {
            out->symbols = (const Elf64_Sym *)at; /* NOLINT(performance-no-int-to-ptr) */
        }
    }
    return out->names != NULL && out->symbols != NULL;
}

int try_vdso(const struct ov_bait *bait)
{
    const uintptr_t base = getauxval(AT_SYSINFO_EHDR);
    struct vdso vdso = { 0 };

    (void)bait;
    if (base == 0 || !vdso_open(base, &vdso)) {
        return -ENOENT;
    }
    for (int i = 1; i < 64; i++) {
        const Elf64_Sym *symbol = &vdso.symbols[i];

        if (strcmp(vdso.names + symbol->st_name, "__vdso_clock_gettime") == 0) {
            struct timespec now = { 0 };
            int (*get)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))(
                    vdso.slide + symbol->st_value); /* NOLINT */

            return get(CLOCK_REALTIME_COARSE, &now) == 0 && now.tv_sec > SOME_DAY ? 0 : -EIO;
        }
    }
    return -ENOSYS;
}

int try_vsyscall(const struct ov_bait *bait)
{
    long (*vsyscall_time)(long *) = (long (*)(long *))0xffffffffff600400ul; /* NOLINT */

    (void)bait;
    return vsyscall_time(NULL) > SOME_DAY ? 0 : -EIO;
}

int try_gettimeofday(const struct ov_bait *bait)
{
    struct timeval now;

    (void)bait;
    return SYS(SYS_gettimeofday, &now, NULL);
}

int try_time(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_time, NULL);
}

int try_rusage(const struct ov_bait *bait)
{
    struct rusage usage;

    (void)bait;
    return SYS(SYS_getrusage, RUSAGE_SELF, &usage);
}

int try_times(const struct ov_bait *bait)
{
    struct tms usage;

    (void)bait;
    return SYS(SYS_times, &usage);
}

int try_timer(const struct ov_bait *bait)
{
    struct sigevent event;
    int id;

    (void)bait;
    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_NONE;
    return SYS(SYS_timer_create, CLOCK_MONOTONIC, &event, &id);
}

int try_itimer(const struct ov_bait *bait)
{
    const struct itimerval never = { 0 };

    (void)bait;
    return SYS(SYS_setitimer, ITIMER_REAL, &never, NULL);
}

int try_timerfd(const struct ov_bait *bait)
{
    (void)bait;
    return opened(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
}

int try_adjtimex(const struct ov_bait *bait)
{
    struct timex clock;

    (void)bait;
    memset(&clock, 0, sizeof(clock));
    return SYS(SYS_adjtimex, &clock);
}

/* "Timed out" means that a millisecond was measured. */
int try_futex_wait(const struct ov_bait *bait)
{
    const struct timespec moment = { .tv_nsec = 1000000 };
    const uint32_t word = 0;
    const int got = SYS(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &moment, NULL, 0);

    (void)bait;
    return got == -ETIMEDOUT ? 0 : got;
}

int try_auxv_random(const struct ov_bait *bait)
{
    (void)bait;
    return getauxval(AT_RANDOM) != 0 ? 0 : -ENOENT;
}

int try_rdrand(const struct ov_bait *bait)
{
    unsigned char ok;
    unsigned long chance;

    (void)bait;
    __asm__ volatile("rdrand %0; setc %1" : "=r"(chance), "=qm"(ok)::"cc");
    return ok ? 0 : -EIO;
}

int try_cpuid(const struct ov_bait *bait)
{
    unsigned a = 0, b = 0, c = 0, d = 0;

    (void)bait;
    return __get_cpuid(1, &a, &b, &c, &d) ? 0 : -EIO;
}
