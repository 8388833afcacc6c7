/* SPDX-License-Identifier: Apache-2.0 */
/* memfd.c - sealed memory files. */
#include "api/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "api/fail.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008u /* Linux 6.3 */
#endif

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* A page that the kernel still holds for a mapping just gone makes sealing fail with EBUSY; it
 * lets go by itself, within microseconds. */
#define SEAL_TRIES   100
#define SEAL_WAIT_NS 1000000

int ov_memfd_new(const char *name)
{
    const int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

    if (fd >= 0 || errno != EINVAL) {
        return fd;
    }
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

overt_status ov_memfd_seal(int fd, overt_error *err)
{
    for (int tries = 0; tries < SEAL_TRIES; tries++) {
        const struct timespec wait = { .tv_nsec = SEAL_WAIT_NS };

        if (fcntl(fd, F_ADD_SEALS, SEALS) == 0) {
            return OVERT_OK;
        }
        if (errno != EBUSY) {
            break;
        }
        (void)nanosleep(&wait, NULL);
    }
    return ov_fail_errno(err, errno, "a memory file could not be sealed");
}

overt_status ov_memfd_of(int *out, const char *name, struct ov_bytes bytes, overt_error *err)
{
    auto_fd int fd = ov_memfd_new(name);
    uint64_t done = 0;
    overt_status status;

    if (fd < 0) {
        return ov_fail_errno(err, errno, "a memory file could not be made");
    }
    while (done < ov_bytes_len(bytes)) {
        struct ov_bytes rest;
        ssize_t n;

        if (!ov_bytes_slice(bytes, done, ov_bytes_len(bytes) - done, &rest)) {
            return ov_fail(err, OVERT_E_INTERNAL, UINT64_MAX, "a slice of a buffer is outside it");
        }
        n = write(fd, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ov_fail_errno(err, n < 0 ? errno : ENOSPC, "a memory file could not be filled");
        }
        done += (uint64_t)n;
    }
    status = ov_memfd_seal(fd, err);
    if (status != OVERT_OK) {
        return status;
    }
    *out = ov_steal_fd(&fd);
    return OVERT_OK;
}

bool ov_memfd_is_sealed(int fd)
{
    const int needed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    const int seals = fcntl(fd, F_GET_SEALS);

    return seals >= 0 && (seals & needed) == needed;
}
