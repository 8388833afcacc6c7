/* SPDX-License-Identifier: Apache-2.0 */
/* filter.c - the table of system calls, and its translation into BPF.
 *
 * It trusts the jailed program in nothing: a row checks whole registers, and what no row names
 * kills. It is installed by overt-spawn before the program's first instruction. */
#include "sandbox/filter.h"

#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/checked.h"

#ifndef __x86_64__
/* cppcheck-suppress preprocessorErrorDirective */
#error "the jail's table of system calls is written for x86-64"
#endif

#define VERDICT (1u << OV_JAIL_VERDICT)
#define EXPLAIN (1u << OV_JAIL_EXPLAIN)
#define COMPILE (1u << OV_JAIL_COMPILE)
#define SCAN    (VERDICT | EXPLAIN)
#define ALL     (VERDICT | EXPLAIN | COMPILE)
#define GATE    (1u << OV_JAIL_GATE)
#define OPENER  (1u << OV_JAIL_OPENER)
#define GUARD   (1u << OV_JAIL_GUARD)
#define ROLES   (GATE | OPENER | GUARD)

/* The guard's descriptors. */
#define GUARD_SUPERVISOR 3
#define GUARD_GROUP      4

#define ALLOW     SECCOMP_RET_ALLOW
#define ANSWER(e) (SECCOMP_RET_ERRNO | (e))

/* Beyond these there is no reason to look. */
#define CHECKS_MAX 4

#define NOEXEC_SEAL 0x0008u /* MFD_NOEXEC_SEAL, Linux 6.3 */
#define OPEN_TO_READ \
    (O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOATIME | O_DIRECTORY | O_NOFOLLOW | O_PATH)

enum check_kind {
    NO_CHECK = 0,
    MASKED, /* (argument & a) == b, all 64 bits */
    BETWEEN /* a <= argument <= b, both below 2^32 */
};

struct check {
    enum check_kind kind;
    unsigned arg;
    uint64_t a, b;
};

/* clang-format off */
#define ANY                    { { .kind = NO_CHECK } }
#define IS(n, v)               { MASKED, (n), UINT64_MAX, (v) }
#define INT_IS(n, v)           { MASKED, (n), UINT32_MAX, (uint32_t)(v) }
#define ONLY_BITS(n, bits)     { MASKED, (n), ~(uint64_t)(bits), 0 }
#define HAS_ONLY(n, must, may) { MASKED, (n), ~(uint64_t)(may), (must) }
#define IN(n, low, high)       { BETWEEN, (n), (low), (high) }

static const struct row {
    int call;
    unsigned profiles;
    uint32_t action;
    struct check checks[CHECKS_MAX];
} rows[] = {
    /* The steady state, most frequent first. recvmsg may not be told to return at once: a worker
     * that polls could count its own loops between two requests, which would be a clock. */
    { SYS_recvmsg, ALL, ALLOW, { IS(0, OV_JAIL_FD_CHANNEL), ONLY_BITS(2, MSG_CMSG_CLOEXEC) } },
    { SYS_pread64, ALL, ALLOW, ANY },
    { SYS_write, VERDICT, ALLOW, { IS(0, OV_JAIL_FD_CHANNEL), IS(2, OV_VERDICT_FRAME_BYTES) } },
    { SYS_write, EXPLAIN | COMPILE, ALLOW,
      { IS(0, OV_JAIL_FD_CHANNEL), IN(2, 1, OV_EXPLAIN_FRAME_BYTES_MAX) } },
    { SYS_close, ALL, ALLOW, ANY },

    /* Memory: anonymous and private, never executable. Growing a big buffer is mremap. */
    { SYS_mmap, ALL, ALLOW,
      { ONLY_BITS(2, PROT_READ | PROT_WRITE),
        HAS_ONLY(3, MAP_PRIVATE | MAP_ANONYMOUS, MAP_NORESERVE | MAP_STACK), INT_IS(4, -1) } },
    { SYS_munmap, ALL, ALLOW, ANY },
    { SYS_brk, ALL, ALLOW, ANY },
    { SYS_mremap, ALL, ALLOW, { IS(3, MREMAP_MAYMOVE) } },
    { SYS_madvise, ALL, ALLOW, { IS(2, MADV_DONTNEED) } },
    { SYS_mprotect, ALL, ALLOW, { ONLY_BITS(2, PROT_READ | PROT_WRITE) } },

    /* The one file that may be mapped: read-only for a scan, the sized output for the compiler. */
    { SYS_mmap, SCAN, ALLOW, { IS(2, PROT_READ), IS(3, MAP_SHARED), IS(4, OV_JAIL_FD_DATABASE) } },
    { SYS_mmap, COMPILE, ALLOW,
      { ONLY_BITS(2, PROT_READ | PROT_WRITE), IS(3, MAP_SHARED), IS(4, OV_JAIL_FD_DATABASE) } },

    /* pthread_once in OpenSSL wakes the waiters it does not have. Nobody may wait. */
    { SYS_futex, ALL, ALLOW, { IS(1, FUTEX_WAKE | FUTEX_PRIVATE_FLAG) } },

    /* The end. */
    { SYS_exit_group, ALL, ALLOW, ANY },
    { SYS_exit, ALL, ALLOW, ANY },

    /* The beginning of a static program. Descriptor 200 is closed by the exec itself, and with
     * RLIMIT_NOFILE at 16 no later descriptor can get that number: this happens once. */
    { SYS_execveat, ALL, ALLOW, { IS(0, OV_JAIL_FD_PROGRAM), IS(4, AT_EMPTY_PATH) } },
    { SYS_arch_prctl, ALL, ALLOW, { IS(0, ARCH_SET_FS) } },
    { SYS_set_tid_address, ALL, ALLOW, ANY },

    /* Asked by the C library at its start, and done without: answered, never carried out. */
    { SYS_arch_prctl, ALL, ANSWER(EINVAL), ANY }, /* is there a shadow stack? */
    { SYS_set_robust_list, ALL, ANSWER(ENOSYS), ANY },
    { SYS_rseq, ALL, ANSWER(ENOSYS), ANY },
    { SYS_prlimit64, ALL, ANSWER(EPERM), ANY },  /* stack size */
    { SYS_readlink, ALL, ANSWER(ENOENT), ANY },  /* /proc/self/exe */
    { SYS_getrandom, ALL, ANSWER(ENOSYS), ANY }, /* malloc's tag */

    /* Asked by libraries at work, likewise. */
    { SYS_openat, ALL, ANSWER(ENOENT), ANY },       /* time zones, gconv modules */
    { SYS_clock_gettime, ALL, ANSWER(EPERM), ANY }, /* OpenSSL's X.509, malloc */
    { SYS_gettimeofday, ALL, ANSWER(EPERM), ANY },
    { SYS_time, ALL, ANSWER(EPERM), ANY },
    { SYS_sysinfo, ALL, ANSWER(EPERM), ANY }, /* qsort wants to know the memory */

    /* The gate: connected sockets that it was handed, memory files that it makes. It has no call
     * that takes a path or an address, so whatever it reads has nowhere to go but back. */
    { SYS_epoll_wait, GATE, ALLOW, ANY },
    { SYS_epoll_ctl, GATE, ALLOW, ANY },
    { SYS_recvmsg, GATE, ALLOW, ANY },
    { SYS_recvfrom, GATE, ALLOW, { IS(4, 0) } },
    { SYS_sendmsg, GATE | OPENER, ALLOW, ANY },
    { SYS_sendto, GATE, ALLOW, { IS(4, 0) } },
    { SYS_write, GATE, ALLOW, ANY },
    { SYS_memfd_create, GATE, ALLOW, { ONLY_BITS(1, MFD_CLOEXEC | MFD_ALLOW_SEALING | NOEXEC_SEAL) } },
    { SYS_fcntl, GATE, ALLOW, { IS(1, F_ADD_SEALS) } },
    { SYS_shutdown, GATE, ALLOW, ANY },
    { SYS_clock_gettime, GATE, ALLOW, ANY }, /* how long a client has been silent */
    { SYS_clock_nanosleep, GATE | OPENER, ALLOW, ANY }, /* sealing waits for a page, sending for room */

    /* The opener: names to descriptors, under the client's own rights; no call that reads. */
    { SYS_openat, OPENER, ALLOW, { ONLY_BITS(2, OPEN_TO_READ) } },
    { SYS_getdents64, OPENER, ALLOW, ANY },
    { SYS_newfstatat, OPENER, ALLOW, ANY },
    { SYS_fstat, OPENER, ALLOW, ANY },
    { SYS_fstatfs, OPENER, ALLOW, ANY },
    { SYS_readlink, OPENER, ALLOW, ANY },
    { SYS_readlinkat, OPENER, ALLOW, ANY },
    { SYS_getcwd, OPENER, ALLOW, ANY },
    { SYS_lseek, OPENER, ALLOW, ANY },

    /* The guard: events of one group and their answers, the supervisor, and the facts (not the
     * content) of what it holds. */
    { SYS_read, GUARD, ALLOW, { IS(0, GUARD_GROUP) } },
    { SYS_write, GUARD, ALLOW, { IS(0, GUARD_GROUP) } },
    { SYS_recvmsg, GUARD, ALLOW, { IS(0, GUARD_SUPERVISOR) } },
    { SYS_sendmsg, GUARD, ALLOW, { IS(0, GUARD_SUPERVISOR) } },
    { SYS_fstat, GUARD, ALLOW, ANY },
    { SYS_poll, GUARD, ALLOW, ANY },
    { SYS_clock_gettime, GUARD, ALLOW, ANY },

    { SYS_close, ROLES, ALLOW, ANY },
    { SYS_mmap, ROLES, ALLOW,
      { ONLY_BITS(2, PROT_READ | PROT_WRITE),
        HAS_ONLY(3, MAP_PRIVATE | MAP_ANONYMOUS, MAP_NORESERVE | MAP_STACK), INT_IS(4, -1) } },
    { SYS_munmap, ROLES, ALLOW, ANY },
    { SYS_brk, ROLES, ALLOW, ANY },
    { SYS_mremap, ROLES, ALLOW, { IS(3, MREMAP_MAYMOVE) } },
    { SYS_madvise, ROLES, ALLOW, { IS(2, MADV_DONTNEED) } },
    { SYS_rt_sigreturn, ROLES, ALLOW, ANY },
    { SYS_sysinfo, ROLES, ANSWER(EPERM), ANY }, /* qsort, as above */
    { SYS_exit_group, ROLES, ALLOW, ANY },
};
/* clang-format on */

/* --- translation ---------------------------------------------------------------------------- */

#define X32_CALL 0x40000000u

static uint32_t low_word(unsigned arg)
{
    return (uint32_t)(offsetof(struct seccomp_data, args) + 8u * arg);
}

static void put(
        struct ov_filter *f, uint16_t code, uint32_t k, uint8_t jump_true, uint8_t jump_false)
{
    OV_ASSERT(f->len < OV_FILTER_CODE_MAX);
    f->code[f->len++] =
            (struct sock_filter){ .code = code, .jt = jump_true, .jf = jump_false, .k = k };
}

static void load(struct ov_filter *f, uint32_t offset)
{
    put(f, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void give(struct ov_filter *f, uint32_t action)
{
    put(f, BPF_RET | BPF_K, action, 0, 0);
}

/* Jumps that leave a row are written as this and pointed at its end once that is known. */
#define LEAVE 0xff

static void expect(struct ov_filter *f, uint32_t word)
{
    put(f, BPF_JMP | BPF_JEQ | BPF_K, word, 0, LEAVE);
}

static void put_check(struct ov_filter *f, const struct check *check)
{
    const uint32_t low = low_word(check->arg);

    switch (check->kind) {
    case NO_CHECK:
        return;
    case MASKED:
        load(f, low);
        put(f, BPF_ALU | BPF_AND | BPF_K, (uint32_t)check->a, 0, 0);
        expect(f, (uint32_t)check->b);
        load(f, low + 4);
        put(f, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(check->a >> 32), 0, 0);
        expect(f, (uint32_t)(check->b >> 32));
        return;
    case BETWEEN:
        OV_ASSERT(check->a <= check->b && check->b <= UINT32_MAX);
        load(f, low + 4);
        expect(f, 0);
        load(f, low);
        put(f, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)check->a, 0, LEAVE);
        put(f, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)check->b, LEAVE, 0);
        return;
    }
    OV_ASSERT(false && "a check of no kind");
}

/* The accumulator holds the call's number before and, unless the row decided, after. */
static void put_row(struct ov_filter *f, const struct row *row)
{
    const uint16_t start = f->len;
    uint16_t end;
    bool checked = false;

    expect(f, (uint32_t)row->call);
    for (unsigned i = 0; i < CHECKS_MAX; i++) {
        checked |= row->checks[i].kind != NO_CHECK;
        put_check(f, &row->checks[i]);
    }
    give(f, row->action);
    end = f->len;
    if (checked) {
        load(f, (uint32_t)offsetof(struct seccomp_data, nr));
    }
    f->code[start].jf = (uint8_t)(end - start - 1 + (checked ? 1 : 0)); /* nothing to load again */
    for (uint16_t at = (uint16_t)(start + 1); at < end; at++) {
        const bool jump = BPF_CLASS(f->code[at].code) == BPF_JMP;

        OV_ASSERT(end - at - 1 < LEAVE);
        if (jump && f->code[at].jt == LEAVE) {
            f->code[at].jt = (uint8_t)(end - at - 1);
        }
        if (jump && f->code[at].jf == LEAVE) {
            f->code[at].jf = (uint8_t)(end - at - 1);
        }
    }
}

void ov_filter_build(struct ov_filter *filter, enum ov_jail_profile profile)
{
    filter->len = 0;
    load(filter, (uint32_t)offsetof(struct seccomp_data, arch));
    put(filter, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    give(filter, SECCOMP_RET_KILL_PROCESS); /* int 0x80 */
    load(filter, (uint32_t)offsetof(struct seccomp_data, nr));
    put(filter, BPF_JMP | BPF_JGE | BPF_K, X32_CALL, 0, 1);
    give(filter, SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if ((rows[i].profiles & 1u << profile) != 0) {
            put_row(filter, &rows[i]);
        }
    }
    give(filter, SECCOMP_RET_KILL_PROCESS);
}
