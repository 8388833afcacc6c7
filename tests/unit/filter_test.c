/* SPDX-License-Identifier: Apache-2.0 */
/* filter_test.c - asks the seccomp filters, by interpreting their BPF as the kernel does. */
#include <asm/prctl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "sandbox/filter.h"
#include "tests/tap.h"

#define KILL     SECCOMP_RET_KILL_PROCESS
#define ALLOW    SECCOMP_RET_ALLOW
#define ERRNO(e) (SECCOMP_RET_ERRNO | (e))
#define V        OV_JAIL_VERDICT
#define E        OV_JAIL_EXPLAIN
#define C        OV_JAIL_COMPILE
#define G        OV_JAIL_GATE
#define O        OV_JAIL_OPENER
#define W        OV_JAIL_GUARD
#define NO_FD    UINT64_MAX

/* Only the instructions that filter.c writes; anything else, or a jump out, is a failure. */
#define BROKEN 0xdeadbeefu

static uint32_t run(const struct ov_filter *f, const struct seccomp_data *data)
{
    uint32_t acc = 0;

    for (uint32_t pc = 0; pc < f->len; pc++) {
        const struct sock_filter *in = &f->code[pc];

        switch (in->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (in->k % 4 != 0 || in->k > sizeof(*data) - 4) {
                return BROKEN;
            }
            memcpy(&acc, (const char *)data + in->k, sizeof(acc));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            acc &= in->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            pc += acc == in->k ? in->jt : in->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            pc += acc >= in->k ? in->jt : in->jf;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            pc += acc > in->k ? in->jt : in->jf;
            break;
        case BPF_RET | BPF_K:
            return in->k;
        default:
            return BROKEN;
        }
    }
    return BROKEN;
}

static uint32_t ask(enum ov_jail_profile profile, uint32_t arch, int nr, const uint64_t args[6])
{
    struct ov_filter filter;
    struct seccomp_data data = { .nr = nr, .arch = arch, .instruction_pointer = 0x1234 };

    ov_filter_build(&filter, profile);
    memcpy(data.args, args, sizeof(data.args));
    return run(&filter, &data);
}

struct question {
    enum ov_jail_profile profile;
    int nr;
    uint64_t args[6];
    uint32_t answer;
};

static const struct question questions[] = {
    { G, SYS_recvmsg, { 5, 0x7fff, MSG_DONTWAIT }, ALLOW },
    { G, SYS_sendto, { 5, 0x7fff, 10, MSG_NOSIGNAL, 0, 0 }, ALLOW },
    { G, SYS_sendto, { 5, 0x7fff, 10, MSG_NOSIGNAL, 0x7fff, 16 }, KILL },
    { G, SYS_memfd_create, { 0x7fff, 0x3 }, ALLOW },
    { G, SYS_memfd_create, { 0x7fff, 0x4 }, KILL },
    { G, SYS_fcntl, { 5, F_ADD_SEALS, 0xf }, ALLOW },
    { G, SYS_fcntl, { 5, F_SETFL, 0 }, KILL },
    { G, SYS_socket, { 1, 1, 0 }, KILL },
    { G, SYS_connect, { 5, 0x7fff, 16 }, KILL },
    { G, SYS_openat, { 0xffffff9c, 0x7fff, O_RDONLY }, KILL },
    { G, SYS_execve, { 0x7fff }, KILL },
    { G, SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, 5, 0 }, KILL },
    { O, SYS_openat, { 0xffffff9c, 0x7fff, O_RDONLY | O_NOFOLLOW | O_NONBLOCK }, ALLOW },
    { O, SYS_openat, { 0xffffff9c, 0x7fff, O_RDWR }, KILL },
    { O, SYS_openat, { 0xffffff9c, 0x7fff, O_WRONLY | O_CREAT }, KILL },
    { O, SYS_openat, { 0xffffff9c, 0x7fff, O_RDONLY | O_TRUNC }, KILL },
    { O, SYS_read, { 5, 0x7fff, 10 }, KILL },
    { O, SYS_pread64, { 5, 0x7fff, 10, 0 }, KILL },
    { O, SYS_write, { 3, 0x7fff, 16 }, KILL },
    { O, SYS_sendfile, { 3, 5, 0, 10 }, KILL },
    { O, SYS_recvmsg, { 3, 0x7fff, 0 }, KILL },
    { O, SYS_mmap, { 0, 4096, PROT_READ, MAP_PRIVATE, 5, 0 }, KILL },
    { O, SYS_socket, { 1, 1, 0 }, KILL },
    { O, SYS_execve, { 0x7fff }, KILL },
    { W, SYS_read, { 4, 0x7fff, 4096 }, ALLOW },
    { W, SYS_read, { 5, 0x7fff, 4096 }, KILL },
    { W, SYS_pread64, { 5, 0x7fff, 10, 0 }, KILL },
    { W, SYS_write, { 4, 0x7fff, 8 }, ALLOW },
    { W, SYS_write, { 3, 0x7fff, 8 }, KILL },
    { W, SYS_sendmsg, { 3, 0x7fff, MSG_NOSIGNAL }, ALLOW },
    { W, SYS_sendmsg, { 5, 0x7fff, 0 }, KILL },
    { W, SYS_fstat, { 5, 0x7fff }, ALLOW },
    { W, SYS_newfstatat, { 0xffffff9c, 0x7fff, 0x7fff, 0 }, KILL },
    { W, SYS_openat, { 0xffffff9c, 0x7fff, O_RDONLY }, KILL },
    { W, SYS_mmap, { 0, 4096, PROT_READ, MAP_PRIVATE, 5, 0 }, KILL },
    { W, SYS_socket, { 1, 1, 0 }, KILL },

    { V, SYS_recvmsg, { 3, 0x7fff, 0 }, ALLOW },
    { V, SYS_recvmsg, { 3, 0x7fff, MSG_CMSG_CLOEXEC }, ALLOW },
    { V, SYS_recvmsg, { 3, 0x7fff, MSG_DONTWAIT }, KILL },
    { V, SYS_recvmsg, { 3, 0x7fff, MSG_PEEK }, KILL },
    { V, SYS_recvmsg, { 4, 0x7fff, 0 }, KILL },
    { V, SYS_recvmsg, { 0x100000003, 0x7fff, 0 }, KILL },
    { V, SYS_write, { 3, 0x7fff, 16 }, ALLOW },
    { V, SYS_write, { 3, 0x7fff, 15 }, KILL },
    { V, SYS_write, { 3, 0x7fff, 17 }, KILL },
    { V, SYS_write, { 3, 0x7fff, 0 }, KILL },
    { V, SYS_write, { 3, 0x7fff, 0x100000010 }, KILL },
    { V, SYS_write, { 1, 0x7fff, 16 }, KILL },
    { V, SYS_write, { 201, 0x7fff, 16 }, KILL },
    { E, SYS_write, { 3, 0x7fff, 0 }, KILL },
    { E, SYS_write, { 3, 0x7fff, 1 }, ALLOW },
    { E, SYS_write, { 3, 0x7fff, 4096 }, ALLOW },
    { E, SYS_write, { 3, 0x7fff, 4097 }, KILL },
    { E, SYS_write, { 3, 0x7fff, 0x100000001 }, KILL },
    { E, SYS_write, { 4, 0x7fff, 16 }, KILL },
    { C, SYS_write, { 3, 0x7fff, 4096 }, ALLOW },
    { C, SYS_write, { 201, 0x7fff, 4096 }, KILL },
    { V, SYS_pread64, { 4, 0x7fff, 65536, 0 }, ALLOW },
    { V, SYS_close, { 4 }, ALLOW },

    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, NO_FD, 0 },
            ALLOW },
    { V, SYS_mmap, { 0, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, 0xffffffff },
            ALLOW },
    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, NO_FD }, KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, NO_FD }, KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 4 }, KILL },
    { V, SYS_mmap,
            { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, NO_FD },
            KILL },
    { V, SYS_mmap,
            { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, NO_FD },
            KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, 201, 0 }, ALLOW },
    { E, SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, 201, 4096 }, ALLOW },
    { V, SYS_mmap, { 0, 4096, PROT_READ, MAP_PRIVATE, 201, 0 }, KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 201, 0 }, KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, 201, 0 }, KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, 201, 0 }, KILL },
    { V, SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, 4, 0 }, KILL },
    { C, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, 201, 0 }, ALLOW },
    { C, SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED, 201, 0 }, KILL },
    { C, SYS_mmap, { 0, 4096, PROT_READ, MAP_SHARED, 4, 0 }, KILL },
    { V, SYS_mprotect, { 0x1000, 4096, PROT_READ }, ALLOW },
    { V, SYS_mprotect, { 0x1000, 4096, PROT_READ | PROT_EXEC }, KILL },
    { V, SYS_mprotect, { 0x1000, 4096, 0x100000000 }, KILL },
    { V, SYS_pkey_mprotect, { 0x1000, 4096, PROT_READ, NO_FD }, KILL },
    { V, SYS_mremap, { 0x1000, 4096, 8192, MREMAP_MAYMOVE }, ALLOW },
    { V, SYS_mremap, { 0x1000, 4096, 8192, MREMAP_MAYMOVE | MREMAP_FIXED }, KILL },
    { V, SYS_mremap, { 0x1000, 4096, 8192, MREMAP_MAYMOVE | MREMAP_DONTUNMAP }, KILL },
    { V, SYS_madvise, { 0x1000, 4096, MADV_DONTNEED }, ALLOW },
    { V, SYS_madvise, { 0x1000, 4096, MADV_WILLNEED }, KILL },

    { V, SYS_futex, { 0x1000, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1 }, ALLOW },
    { V, SYS_futex, { 0x1000, FUTEX_WAKE, 1 }, KILL },
    { V, SYS_futex, { 0x1000, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 1 }, KILL },

    { V, SYS_execveat, { 200, 0x7fff, 0, 0, AT_EMPTY_PATH }, ALLOW },
    { V, SYS_execveat, { 201, 0x7fff, 0, 0, AT_EMPTY_PATH }, KILL },
    { V, SYS_execveat, { 200, 0x7fff, 0, 0, 0 }, KILL },
    { V, SYS_execve, { 0x7fff, 0, 0 }, KILL },

    { V, SYS_arch_prctl, { ARCH_SET_FS, 0x1000 }, ALLOW },
    { V, SYS_arch_prctl, { ARCH_SET_CPUID, 0 }, ERRNO(EINVAL) },
    { V, SYS_openat, { 0, 0x7fff, O_RDONLY }, ERRNO(ENOENT) },
    { V, SYS_clock_gettime, { 0, 0x7fff }, ERRNO(EPERM) },
    { V, SYS_gettimeofday, { 0x7fff }, ERRNO(EPERM) },
    { V, SYS_time, { 0 }, ERRNO(EPERM) },
    { V, SYS_getrandom, { 0x7fff, 8 }, ERRNO(ENOSYS) },
    { V, SYS_prlimit64, { 0, 3 }, ERRNO(EPERM) },
    { V, SYS_readlink, { 0x7fff }, ERRNO(ENOENT) },
    { V, SYS_rseq, { 0x7fff }, ERRNO(ENOSYS) },
    { V, SYS_sysinfo, { 0x7fff }, ERRNO(EPERM) },
};

TEST(each_question_has_its_answer)
{
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        const struct question *q = &questions[i];
        const uint32_t got = ask(q->profile, AUDIT_ARCH_X86_64, q->nr, q->args);

        if (got != q->answer) {
            printf("# question %zu: profile %d, call %d\n", i, (int)q->profile, q->nr);
        }
        CHECK_UINT(got, q->answer);
    }
}

/* Every call that a jailed program may make or ask, whatever its arguments. */
static const int known[] = { SYS_recvmsg, SYS_pread64, SYS_write, SYS_close, SYS_mmap, SYS_munmap,
    SYS_brk, SYS_mremap, SYS_madvise, SYS_mprotect, SYS_futex, SYS_exit_group, SYS_exit,
    SYS_execveat, SYS_arch_prctl, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq, SYS_prlimit64,
    SYS_readlink, SYS_getrandom, SYS_openat, SYS_clock_gettime, SYS_gettimeofday, SYS_time,
    SYS_sysinfo };

static bool is_known(int nr)
{
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (known[i] == nr) {
            return true;
        }
    }
    return false;
}

TEST(every_other_call_kills)
{
    static const uint64_t arguments[][6] = { { 0 }, { 3, 0x1000, 16, 1, 16, 0 },
        { 3, 0x1000, 1, 1, 201, 0 }, { 200, 0, 0, 0, AT_EMPTY_PATH } };

    for (int profile = V; profile <= C; profile++) {
        for (int nr = -1; nr < 1024; nr++) {
            for (size_t i = 0; !is_known(nr) && i < sizeof(arguments) / sizeof(arguments[0]); i++) {
                CHECK_UINT(ask((enum ov_jail_profile)profile, AUDIT_ARCH_X86_64, nr, arguments[i]),
                        KILL);
            }
        }
    }
}

TEST(other_architectures_kill)
{
    static const uint64_t frame[6] = { 3, 0x1000, 16 };

    CHECK_UINT(ask(V, AUDIT_ARCH_X86_64, SYS_write, frame), ALLOW);
    CHECK_UINT(ask(V, AUDIT_ARCH_I386, SYS_write, frame), KILL);
    CHECK_UINT(ask(V, AUDIT_ARCH_I386, 4, frame), KILL);
    CHECK_UINT(ask(V, AUDIT_ARCH_AARCH64, SYS_write, frame), KILL);
    CHECK_UINT(ask(V, AUDIT_ARCH_X86_64, 0x40000000 | SYS_write, frame), KILL);
    CHECK_UINT(ask(V, AUDIT_ARCH_X86_64, 0x40000000 | SYS_pread64, frame), KILL);
}

/* The arguments a row looks at, and bits of them that must not matter. */
struct looked_at {
    enum ov_jail_profile profile;
    int nr;
    uint64_t args[6];
    uint64_t free_bits[6];
};

TEST(one_flipped_bit_is_refused)
{
    const uint64_t any = UINT64_MAX, high = 0xffffffff00000000u;
    const struct looked_at all[] = {
        { V, SYS_write, { 3, 0, 16 }, { 0, any, 0, any, any, any } },
        { V, SYS_recvmsg, { 3, 0, 0 }, { 0, any, MSG_CMSG_CLOEXEC, any, any, any } },
        { V, SYS_mmap, { 0, 0, PROT_READ, MAP_SHARED, 201 }, { any, any, 0, 0, 0, any } },
        { V, SYS_mmap, { 0, 0, 0, MAP_PRIVATE | MAP_ANONYMOUS, NO_FD },
                { any, any, PROT_READ | PROT_WRITE, MAP_NORESERVE | MAP_STACK, high, any } },
        { C, SYS_mmap, { 0, 0, 0, MAP_SHARED, 201 },
                { any, any, PROT_READ | PROT_WRITE, 0, 0, any } },
        { V, SYS_mprotect, { 0, 0, 0 }, { any, any, PROT_READ | PROT_WRITE, any, any, any } },
        { V, SYS_execveat, { 200, 0, 0, 0, AT_EMPTY_PATH }, { 0, any, any, any, 0, any } },
        { V, SYS_futex, { 0, FUTEX_WAKE | FUTEX_PRIVATE_FLAG }, { any, 0, any, any, any, any } },
        { V, SYS_mremap, { 0, 0, 0, MREMAP_MAYMOVE }, { any, any, any, 0, any, any } },
        { V, SYS_madvise, { 0, 0, MADV_DONTNEED }, { any, any, 0, any, any, any } },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        CHECK_UINT(ask(all[i].profile, AUDIT_ARCH_X86_64, all[i].nr, all[i].args), ALLOW);
        for (unsigned bit = 0; bit < 6 * 64; bit++) {
            const uint64_t mask = 1ull << (bit % 64);
            uint64_t args[6];

            memcpy(args, all[i].args, sizeof(args));
            args[bit / 64] ^= mask;
            CHECK_UINT(ask(all[i].profile, AUDIT_ARCH_X86_64, all[i].nr, args),
                    (all[i].free_bits[bit / 64] & mask) != 0 ? ALLOW : KILL);
        }
    }
}

TEST(the_steady_state_comes_early)
{
    struct ov_filter f;

    ov_filter_build(&f, V);
    CHECK(f.len < OV_FILTER_CODE_MAX);
    CHECK_UINT(f.code[6].k, SYS_recvmsg); /* behind the six instructions on the architecture */
}

TESTS(T(each_question_has_its_answer), T(every_other_call_kills), T(other_architectures_kill),
        T(one_flipped_bit_is_refused), T(the_steady_state_comes_early));
