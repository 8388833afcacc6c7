/* SPDX-License-Identifier: Apache-2.0 */
/* covert.c - attacks by signal: marks that another process of this machine could read. */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <time.h>

#include "programs/turncoat/turncoat.h"

/* --- on the file's open description, which the supervisor shares -------------------------------- */

ATTACK(covert_flock)
{
    return got(syscall(SYS_flock, w->file, LOCK_SH | LOCK_NB));
}

ATTACK(covert_ofd_lock)
{
    const struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0x41424344, .l_len = 1
    };

    return got(syscall(SYS_fcntl, w->file, F_OFD_SETLK, &lock));
}

ATTACK(covert_posix_lock)
{
    const struct flock lock = {
        .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 0x41424344, .l_len = 1
    };

    return got(syscall(SYS_fcntl, w->file, F_SETLK, &lock));
}

ATTACK(covert_lease)
{
    return got(syscall(SYS_fcntl, w->file, F_SETLEASE, F_RDLCK));
}

ATTACK(covert_status_flags)
{
    return got(syscall(SYS_fcntl, w->file, F_SETFL, O_NONBLOCK | O_APPEND));
}

ATTACK(covert_offset)
{
    return got(syscall(SYS_lseek, w->file, 0x1234, SEEK_SET));
}

ATTACK(covert_read_offset)
{
    char byte; /* read, not pread: it moves the shared offset */

    return got(syscall(SYS_read, w->file, &byte, 1));
}

ATTACK(covert_write_hint)
{
    const uint64_t hint = 3;

    return got(syscall(SYS_fcntl, w->file, 1036, &hint)); /* F_SET_RW_HINT, on the inode */
}

/* --- in the page cache ------------------------------------------------------------------------- */

ATTACK(covert_fadvise)
{
    return got(syscall(SYS_fadvise64, w->file, 0, 0, POSIX_FADV_DONTNEED));
}

ATTACK(covert_readahead)
{
    return got(syscall(SYS_readahead, w->file, 0, 4096));
}

ATTACK(covert_map_file)
{
    return mmap(NULL, 4096, PROT_READ, MAP_SHARED, w->file, 0) == MAP_FAILED ? -errno : 0;
}

ATTACK(covert_mincore)
{
    unsigned char there;
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, w->file, 0);

    return map == MAP_FAILED ? -errno : got(syscall(SYS_mincore, map, 4096, &there));
}

ATTACK(covert_mincore_database)
{
    unsigned char there;
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    return map == MAP_FAILED ? -errno : got(syscall(SYS_mincore, map, 4096, &there));
}

ATTACK(covert_cachestat)
{
    const uint64_t range[2] = { 0, 4096 };
    uint64_t counts[5];

    return got(syscall(451, w->file, range, counts, 0));
}

ATTACK(covert_readv_cached)
{
    char byte; /* RWF_NOWAIT: is it in the cache? */
    const struct {
        void *base;
        size_t len;
    } part = { &byte, 1 };

    return got(syscall(SYS_preadv2, w->file, &part, 1, 0, 0, 8));
}

ATTACK(covert_evict_database)
{
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    return map == MAP_FAILED ? -errno : got(syscall(SYS_madvise, map, 4096, MADV_PAGEOUT));
}

ATTACK(covert_prefetch_database)
{
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    return map == MAP_FAILED ? -errno : got(syscall(SYS_madvise, map, 4096, MADV_WILLNEED));
}

/* --- in what ps and the like show --------------------------------------------------------------- */

ATTACK(covert_name)
{
    return got(syscall(SYS_prctl, PR_SET_NAME, "leak:12345", 0, 0, 0));
}

ATTACK(covert_command_line)
{
    return got(syscall(SYS_prctl, PR_SET_MM, PR_SET_MM_ARG_START, &w, 0, 0));
}

ATTACK(covert_nice)
{
    return got(syscall(SYS_setpriority, PRIO_PROCESS, 0, 5));
}

ATTACK(covert_io_priority)
{
    return got(syscall(SYS_ioprio_set, 1, 0, 3 << 13 | 4));
}

ATTACK(covert_affinity)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(0, &one);
    return got(syscall(SYS_sched_setaffinity, 0, sizeof(one), &one));
}

ATTACK(covert_scheduler)
{
    const struct sched_param param = { 0 };

    return got(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &param));
}

ATTACK(covert_process_group)
{
    return got_or(syscall(SYS_setpgid, 0, 0), EPERM);
}

ATTACK(covert_limits)
{
    const struct rlimit64 {
        uint64_t soft, hard;
    } limit = { 5, 5 };

    return got(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL));
}

ATTACK(covert_setrlimit)
{
    const struct rlimit limit = { 0, 0 };

    return got(syscall(SYS_setrlimit, RLIMIT_NICE, &limit));
}

ATTACK(covert_timer_slack)
{
    return got(syscall(SYS_prctl, PR_SET_TIMERSLACK, 12345, 0, 0, 0));
}

ATTACK(covert_signal_mask)
{
    const uint64_t mask = 0x4142;

    return got(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask)));
}

ATTACK(covert_sleep)
{
    const struct timespec t = { .tv_nsec = 1000 };

    return got(syscall(SYS_nanosleep, &t, NULL));
}

ATTACK(covert_yield)
{
    return got(syscall(SYS_sched_yield));
}

ATTACK(covert_pause)
{
    const struct timespec t = { .tv_nsec = 1000 };

    return got(syscall(SYS_ppoll, NULL, 0, &t, NULL, 0));
}

ATTACK(covert_memory_policy)
{
    return got(syscall(SYS_set_mempolicy, 0, NULL, 0));
}

ATTACK(covert_barrier)
{
    return got(syscall(SYS_membarrier, 0, 0, 0));
}

ATTACK(covert_lock_memory)
{
    static char page[4096];

    return got(syscall(SYS_mlock, page, sizeof(page)));
}

/* --- in the kernel's own stores ------------------------------------------------------------------ */

ATTACK(covert_key)
{
    const long key =
            syscall(SYS_add_key, "user", "overt-leak", "contents", 8, KEY_SPEC_USER_KEYRING);

    return key < 0 ? -errno : got(syscall(SYS_keyctl, KEYCTL_REVOKE, key));
}

ATTACK(covert_keyring)
{
    return got(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

ATTACK(covert_shared_memory)
{
    const long id = syscall(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0666);

    return id < 0 ? -errno : got(syscall(SYS_shmctl, id, IPC_RMID, 0));
}

ATTACK(covert_message_queue)
{
    const long id = syscall(SYS_msgget, IPC_PRIVATE, IPC_CREAT | 0666);

    return id < 0 ? -errno : got(syscall(SYS_msgctl, id, IPC_RMID, 0));
}

ATTACK(covert_semaphore)
{
    const long id = syscall(SYS_semget, IPC_PRIVATE, 1, IPC_CREAT | 0666);

    return id < 0 ? -errno : got(syscall(SYS_semctl, id, 0, IPC_RMID, 0));
}

ATTACK(covert_posix_queue)
{
    const struct mq_attr attr = { .mq_maxmsg = 1, .mq_msgsize = 8 };
    const long q = syscall(SYS_mq_open, "overtleak", O_CREAT | O_RDWR, 0666, &attr);

    if (q < 0) {
        return -errno;
    }
    (void)syscall(SYS_mq_unlink, "overtleak");
    return 0;
}

ATTACK(covert_dnotify)
{
    return got(syscall(SYS_fcntl, w->file, F_NOTIFY, DN_ACCESS));
}

/* --- in how it dies ------------------------------------------------------------------------------ */

ATTACK(covert_exit_status)
{
    (void)syscall(SYS_exit_group, 42);
    return -errno;
}

/* Writes to an address that is not mapped. */
static void touch(uintptr_t at)
{
    volatile int *there;

    __asm__("" : "+r"(at)); /* the compiler need not know */
    memcpy(&there, &at, sizeof(at));
    *there = 1;
}

ATTACK(covert_core)
{
    touch(16);
    return 0;
}

/* "LEAK" would stand in the kernel's log as the address of the fault. */
ATTACK(covert_fault_address)
{
    touch(0x4c45414b0000u);
    return 0;
}

/* The kernel logs 64 bytes around the instruction that faulted: here, of the file. */
ATTACK(covert_fault_code)
{
    static const char mark[13] = "FILE-CONTENT:";
    static unsigned char page[4096] __attribute__((aligned(4096)));

    (void)syscall(SYS_pread64, w->file, page, sizeof(page), 0);
    memcpy(page + 64, mark, sizeof(mark));
    return run_code(page + 82);
}

ATTACK(covert_illegal_instruction)
{
    __asm__ volatile("ud2");
    return 0;
}

/* seccomp's audit record names the call: 32 bits a death. */
ATTACK(covert_call_number)
{
    return got(syscall(0x0badc0de & 0x3fffffff));
}

ATTACK(covert_signal_group)
{
    return got(syscall(SYS_kill, 0, SIGCONT));
}
