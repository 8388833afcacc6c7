/* SPDX-License-Identifier: Apache-2.0 */
/* fail.c - filling in an overt_error. Names come from outside and may be of any length. */
#include "api/fail.h"

#include <errno.h>
#include <string.h>

void ov_error_about(overt_error *err, struct ov_bytes source)
{
    const size_t room = sizeof(err->source) - 1;
    const uint64_t len = ov_bytes_len(source);
    struct ov_bytes tail = source;

    if (err == NULL) {
        return;
    }
    memset(err->source, 0, sizeof(err->source));
    if (len <= room) {
        if (len != 0) {
            memcpy(err->source, ov_bytes_raw(source), (size_t)len);
        }
        return;
    }
    if (ov_bytes_slice(source, len - (room - 3), room - 3, &tail)) {
        memcpy(err->source, "...", 3);
        memcpy(err->source + 3, ov_bytes_raw(tail), room - 3);
    }
}

void ov_error_about_text(overt_error *err, const char *source)
{
    ov_error_about(err, ov_bytes_of(source, strlen(source)));
}

overt_status ov_fail_errno(overt_error *err, int sys_errno, const char *what)
{
    const char *why = strerrordesc_np(sys_errno); /* strerror is not safe among threads */
    const overt_status status = sys_errno == ENOMEM ? OVERT_E_NOMEM : OVERT_E_IO;

    (void)ov_fail(err, status, UINT64_MAX, "%s: %s", what, why == NULL ? "unknown error" : why);
    if (err != NULL) {
        err->sys_errno = sys_errno;
    }
    return status;
}

overt_status ov_fail_nomem(overt_error *err, const char *what)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for %s", what);
}
