/* SPDX-License-Identifier: Apache-2.0 */
/* res.c - attacks by appetite: taking so much that the machine, or the scan, comes to harm. */
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "programs/turncoat/turncoat.h"

#define MIB 1048576u

ATTACK(res_memory)
{
    for (int i = 0; i < 400; i++) {
        char *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (block == MAP_FAILED) {
            return -errno;
        }
        memset(block, 1, MIB);
    }
    return 0;
}

ATTACK(res_address_space)
{
    /* Never touched, still page tables and a map to look after. */
    return mmap(NULL, 64ull * 1024 * MIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0) == MAP_FAILED
                   ? -errno
                   : 0;
}

ATTACK(res_heap)
{
    const uintptr_t now = (uintptr_t)syscall(SYS_brk, 0);
    const uintptr_t then = now + 400u * MIB;

    return (uintptr_t)syscall(SYS_brk, then) == then ? 0 : -ENOMEM;
}

ATTACK(res_grow)
{
    void *block = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (block == MAP_FAILED) {
        return -errno;
    }
    return mremap(block, MIB, 400u * MIB, MREMAP_MAYMOVE) == MAP_FAILED ? -errno : 0;
}

ATTACK(res_huge_pages)
{
    return mmap(NULL, 2 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
                   -1, 0) == MAP_FAILED
                   ? -errno
                   : 0;
}

ATTACK(res_locked_memory)
{
    return mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0)
                           == MAP_FAILED
                   ? -errno
                   : 0;
}

ATTACK(res_stack)
{
    volatile char deep[3 * MIB];

    for (size_t i = 0; i < sizeof(deep); i += 4096) {
        deep[sizeof(deep) - 1 - i] = 1;
    }
    return deep[0] == 0 ? 0 : 1;
}

ATTACK(res_descriptors)
{
    for (int i = 0; i < 64; i++) {
        if (syscall(SYS_dup, w->file) < 0) {
            return -errno;
        }
    }
    return 0;
}

ATTACK(res_processor)
{
    for (;;) {
        __asm__ volatile("");
    }
    return 0;
}

ATTACK(res_silence)
{
    char byte;
    struct iovec part = { .iov_base = &byte, .iov_len = 1 };

    for (;;) {
        struct msghdr msg = { .msg_iov = &part, .msg_iovlen = 1 };

        if (syscall(SYS_recvmsg, OV_JAIL_FD_CHANNEL, &msg, 0) == 0) {
            return -ENODATA; /* the supervisor closed it */
        }
    }
    return 0;
}
