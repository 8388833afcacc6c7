/* SPDX-License-Identifier: Apache-2.0 */
/* fail.h - failures of libovert that name what they are about. */
#ifndef OV_API_FAIL_H
#define OV_API_FAIL_H

#include "base/bytes.h"
#include "base/error.h"

/* Names the file, source or rule an error is about; a long name keeps its end. */
void ov_error_about(overt_error *err, struct ov_bytes source);
void ov_error_about_text(overt_error *err, const char *source);

/* "what: why", with errno kept in err->sys_errno. OVERT_E_NOMEM for ENOMEM, else OVERT_E_IO. */
overt_status ov_fail_errno(overt_error *err, int sys_errno, const char *what);
/* The same where the allocation itself failed. */
overt_status ov_fail_nomem(overt_error *err, const char *what);

#endif
