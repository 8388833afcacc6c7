/* SPDX-License-Identifier: Apache-2.0 */
/* code.c - attempts to run code that was not in the program, and to change the rules of others. */
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>

#include "programs/turncoat/try.h"
#include "sandbox/frame.h"

#define PAGE 4096ul

static const unsigned char returns_42[] = { 0xb8, 42, 0, 0, 0, 0xc3 }; /* mov eax, 42; ret */

/* A data address as a function, by way of an integer: what C leaves to the machine. */
static int run(uintptr_t at)
{
    int (*code)(void) = (int (*)(void))at; /* NOLINT(performance-no-int-to-ptr) */

    return code() == 42 ? 0 : -EIO;
}

static long map_page(int protection)
{
    return syscall(SYS_mmap, NULL, PAGE, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int try_map_rwx(const struct ov_bait *bait)
{
    const long at = map_page(PROT_READ | PROT_WRITE | PROT_EXEC);

    (void)bait;
    if (at < 0) {
        return -errno;
    }
    memcpy((void *)at, returns_42, sizeof(returns_42)); /* NOLINT(performance-no-int-to-ptr) */
    return run((uintptr_t)at);
}

static int write_then_run(long protect_call)
{
    const long at = map_page(PROT_READ | PROT_WRITE);

    if (at < 0) {
        return -errno;
    }
    memcpy((void *)at, returns_42, sizeof(returns_42)); /* NOLINT(performance-no-int-to-ptr) */
    if (syscall(protect_call, at, PAGE, PROT_READ | PROT_EXEC, -1) < 0) {
        return -errno;
    }
    return run((uintptr_t)at);
}

int try_protect_exec(const struct ov_bait *bait)
{
    (void)bait;
    return write_then_run(SYS_mprotect);
}

int try_pkey_exec(const struct ov_bait *bait)
{
    (void)bait;
    return write_then_run(SYS_pkey_mprotect);
}

int try_map_victim_exec(const struct ov_bait *bait)
{
    return SYS(SYS_mmap, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, bait->fd, 0);
}

int try_personality(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_personality, READ_IMPLIES_EXEC);
}

/* A function on pages of its own, so that nothing else changes with it. */
__attribute__((aligned(4096), noinline)) static int victim_function(void)
{
    __asm__ volatile("jmp 1f\n\t.skip 8192\n\t1:");
    return 1;
}

int try_patch_text(const struct ov_bait *bait)
{
    const uintptr_t page = (uintptr_t)victim_function;

    (void)bait;
    if (syscall(SYS_mprotect, page, PAGE, PROT_READ | PROT_WRITE) < 0) {
        return -errno;
    }
    memcpy((void *)page, returns_42, sizeof(returns_42)); /* NOLINT(performance-no-int-to-ptr) */
    if (syscall(SYS_mprotect, page, PAGE, PROT_READ | PROT_EXEC) < 0) {
        return -errno;
    }
    return victim_function() == 42 ? 0 : -EIO;
}

int try_remap(const struct ov_bait *bait)
{
    const uintptr_t page = (uintptr_t)victim_function;

    (void)bait;
    return SYS(SYS_mremap, page, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page + 2 * PAGE);
}

int try_map_database_exec(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_mmap, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);
}

int try_map_database_write(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_mmap, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);
}

int try_write_database(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_pwrite64, OV_JAIL_FD_DATABASE, "X", 1, 0);
}

int try_stack_exec(const struct ov_bait *bait)
{
    const unsigned char here[1] = { 0 };
    const uintptr_t page = (uintptr_t)here & ~(PAGE - 1);

    (void)bait;
    return SYS(SYS_mprotect, page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}
