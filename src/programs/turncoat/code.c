/* SPDX-License-Identifier: Apache-2.0 */
/* code.c - attacks by new code: bytes that came as data, made to run. An update that carries code
 * would need one of these. */
#include <fcntl.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>

#include "programs/turncoat/turncoat.h"

static void *fresh(int protection)
{
    return mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

ATTACK(code_map_all)
{
    void *page = fresh(PROT_READ | PROT_WRITE | PROT_EXEC);

    if (page == MAP_FAILED) {
        return -errno;
    }
    memcpy(page, CODE, CODE_BYTES);
    return run_code(page);
}

ATTACK(code_protect)
{
    void *page = fresh(PROT_READ | PROT_WRITE);

    if (page == MAP_FAILED) {
        return -errno;
    }
    memcpy(page, CODE, CODE_BYTES);
    return mprotect(page, 4096, PROT_READ | PROT_EXEC) != 0 ? -errno : run_code(page);
}

ATTACK(code_protect_key)
{
    void *page = fresh(PROT_READ | PROT_WRITE);

    if (page == MAP_FAILED) {
        return -errno;
    }
    memcpy(page, CODE, CODE_BYTES);
    if (syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1) != 0) {
        return -errno;
    }
    return run_code(page);
}

ATTACK(code_map_file)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, w->file, 0);

    return map == MAP_FAILED ? -errno : 0;
}

ATTACK(code_map_database)
{
    void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    return map == MAP_FAILED ? -errno : 0;
}

ATTACK(code_protect_database)
{
    void *map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);

    if (map == MAP_FAILED) {
        return -errno;
    }
    return got(mprotect(map, 4096, PROT_READ | PROT_EXEC));
}

ATTACK(code_memory_file)
{
    const long fd = syscall(SYS_memfd_create, "x", 0);
    void *map;

    if (fd < 0 || write((int)fd, CODE, CODE_BYTES) != CODE_BYTES) {
        return -errno;
    }
    map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, (int)fd, 0);
    return map == MAP_FAILED ? -errno : run_code(map);
}

ATTACK(code_shared_memory)
{
    const long id = syscall(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0700);
    long at;

    if (id < 0) {
        return -errno;
    }
    at = syscall(SYS_shmat, id, NULL, SHM_EXEC);
    if (at == -1) {
        at = -errno;
    }
    (void)syscall(SYS_shmctl, id, IPC_RMID, 0);
    return at < 0 && at > -4096 ? (int)at : 0;
}

/* Everything readable becomes executable from here on. */
ATTACK(code_personality)
{
    return got(syscall(SYS_personality, 0x0400000)); /* READ_IMPLIES_EXEC */
}

/* Two pages of its own, so that nothing else of the program loses its right to run. */
static int victim(void) __attribute__((aligned(4096), noinline));
static int victim(void)
{
    __asm__ volatile("jmp 1f; .skip 8192; 1:");
    return 1;
}

ATTACK(code_patch_itself)
{
    int (*const start)(void) = victim;
    void *page;

    memcpy(&page, &start, sizeof(page));
    if (mprotect(page, 16, PROT_READ | PROT_WRITE) != 0) {
        return -errno;
    }
    memcpy(page, CODE, CODE_BYTES);
    return mprotect(page, 16, PROT_READ | PROT_EXEC) != 0 ? -errno : run_code(page);
}

ATTACK(code_patch_by_proc)
{
    int (*const start)(void) = victim;
    const long fd = syscall(SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR);
    void *page;

    if (fd < 0) {
        return -errno;
    }
    memcpy(&page, &start, sizeof(page));
    if (syscall(SYS_pwrite64, fd, CODE, CODE_BYTES, page) != CODE_BYTES) {
        return -errno;
    }
    return run_code(page);
}

ATTACK(code_stack)
{
    unsigned char page[8192] __attribute__((aligned(4096)));

    memcpy(page, CODE, CODE_BYTES);
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC) != 0) {
        return -errno;
    }
    return run_code(page);
}

ATTACK(code_move_over)
{
    /* Data moved onto the addresses of code keeps its protection; the call itself is the attack. */
    void *page = fresh(PROT_READ | PROT_WRITE);
    void *place = fresh(PROT_READ);

    if (page == MAP_FAILED || place == MAP_FAILED) {
        return -errno;
    }
    return mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, place) == MAP_FAILED ? -errno
                                                                                        : 0;
}

ATTACK(code_map_fixed)
{
    void *place = fresh(PROT_READ);

    if (place == MAP_FAILED) {
        return -errno;
    }
    return mmap(place, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
                           == MAP_FAILED
                   ? -errno
                   : 0;
}
