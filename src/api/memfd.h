/* SPDX-License-Identifier: Apache-2.0 */
/* memfd.h - files in memory: what is handed to a jail and has no file of its own. */
#ifndef OV_API_MEMFD_H
#define OV_API_MEMFD_H

#include "base/bytes.h"
#include "base/error.h"

/* An empty one, sealable, close-on-exec. -1: errno. */
int ov_memfd_new(const char *name);

/* Nobody changes it any more, neither its size nor its bytes. Fails while it is mapped writable. */
OV_MUST_CHECK overt_status ov_memfd_seal(int fd, overt_error *err);

/* Gives *out a sealed one with these bytes. */
OV_MUST_CHECK overt_status ov_memfd_of(
        int *out, const char *name, struct ov_bytes bytes, overt_error *err);

/* True for a memory file nobody can write any more, whatever its descriptor was opened for. */
bool ov_memfd_is_sealed(int fd);

#endif
