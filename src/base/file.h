/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole files: read with a cap, replaced in one step. Never used in a jail. */
#ifndef OV_BASE_FILE_H
#define OV_BASE_FILE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* `at` as in openat; `path` is also what the error is about. Appends to `out`, which is initialised.
 * OVERT_E_IO with sys_errno ENOENT: there is none. OVERT_E_LIMIT: more than `bytes_max`. */
OV_MUST_CHECK overt_status ov_file_read(
        int at, const char *path, size_t bytes_max, struct ov_buf *out, overt_error *err);

/* After OVERT_OK the file has these bytes, on the disk; after a crash in between, the old ones. A
 * file PATH.new beside it is overwritten on the way. */
OV_MUST_CHECK overt_status ov_file_replace(
        int at, const char *path, struct ov_bytes bytes, mode_t mode, overt_error *err);

/* All of it, whatever the number of calls it takes. False: errno. */
OV_MUST_CHECK bool ov_file_write_all(int fd, struct ov_bytes bytes);

/* Makes what is in a folder (names, renames) survive a crash. `path` names the folder. */
OV_MUST_CHECK overt_status ov_folder_sync(int at, const char *path, overt_error *err);

/* `path` and the folders above it, as far as they are missing. */
OV_MUST_CHECK overt_status ov_folder_make(int at, const char *path, mode_t mode, overt_error *err);

/* Fills *err from errno, about `path`. */
overt_status ov_file_fail(overt_error *err, int sys_errno, const char *path, const char *what);

#endif
