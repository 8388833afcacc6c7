/* SPDX-License-Identifier: Apache-2.0 */
/* shut.c - `overt-verify proof` gives up everything before it looks at what it has read: from then
 * on the kernel lets it read, write to what is open (the answer) and end, and kills it for any other
 * call. docs/decisions/0014 says why this and not the jail of a worker. */
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/digest.h"
#include "programs/verify/verify.h"
#include "trust/key.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0 /* their runtime needs more than three calls */
#endif

/* Parsed forms and OpenSSL's: some 300 KiB were measured. */
#define HEAP_BYTES (8u * 1024u * 1024u)

/* All the memory there will be: no call for more is allowed later. */
static bool take_memory(void)
{
    void *room;

    if (mallopt(M_MMAP_THRESHOLD, (int)(2u * HEAP_BYTES)) != 1
            || mallopt(M_TRIM_THRESHOLD, (int)(4u * HEAP_BYTES)) != 1) {
        return false;
    }
    room = malloc(HEAP_BYTES);
    free(room);
    return room != NULL;
}

/* OpenSSL prepares itself at the first use, with calls of its own: a digest and a wrong signature,
 * both of our own making. */
static bool warm_up(void)
{
    static const uint8_t base_point[32] = { 0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
        0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66 };
    static const uint8_t zeros[64];
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    overt_error err = OVERT_ERROR_INIT;
    struct ov_key key;
    uint64_t time = 0;

    return ov_digest_of(OV_DIGEST_SHA256, ov_bytes_of("", 0), digest)
           && ov_key_init(&key, ov_bytes_of("warm", 4), OV_KEY_ED25519,
                      ov_bytes_of(base_point, sizeof(base_point)), &err)
                      == OVERT_OK
           && ov_key_check(&key, ov_bytes_of("", 0), ov_bytes_of(zeros, sizeof(zeros)), &time, &err)
                      == OVERT_E_CORRUPT;
}

bool shut_prepare(void)
{
    return take_memory() && warm_up();
}

bool shut_in(void)
{
    return syscall(SYS_close_range, 3, ~0u, 0) == 0
           && (SANITIZED || prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0) == 0);
}

/* exit_group is a call too many. */
_Noreturn void leave(int code)
{
    if (SANITIZED) {
        exit(code);
    }
    for (;;) {
        (void)syscall(SYS_exit, code);
    }
}
