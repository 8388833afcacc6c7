/* SPDX-License-Identifier: Apache-2.0 */
/* try.h - what the attempts share: raw system calls, so that no library stands between an attempt
 * and the kernel's answer. */
#ifndef OV_PROGRAMS_TURNCOAT_TRY_H
#define OV_PROGRAMS_TURNCOAT_TRY_H

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "programs/turncoat/turncoat.h"

/* 0 for success, -errno for refusal. */
static inline int outcome(long result)
{
    return result < 0 ? -errno : 0;
}

#define SYS(...) outcome(syscall(__VA_ARGS__))

/* "/tmp/overt-prove.PID" + name */
static inline const char *bait_path(const struct ov_bait *bait, const char *name)
{
    static char path[128];

    (void)snprintf(path, sizeof(path), OV_BAIT_FOLDER "%s", bait->host_pid, name);
    return path;
}

/* Closes what was opened. */
static inline int opened(long fd)
{
    if (fd < 0) {
        return -errno;
    }
    (void)syscall(SYS_close, fd);
    return 0;
}

/* Did this descriptor give a byte? */
static inline int gave_a_byte(long fd)
{
    char c;
    long n;
    int why;

    if (fd < 0) {
        return -errno;
    }
    n = syscall(SYS_read, fd, &c, 1);
    why = errno;
    (void)syscall(SYS_close, fd);
    if (n == 1) {
        return 0;
    }
    return n < 0 ? -why : -ENODATA;
}

#endif
