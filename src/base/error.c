/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/checked.h"

_Static_assert(sizeof(overt_error) == 256, "overt_error is ABI; it does not grow");

overt_status(ov_fail)(overt_error *err, overt_status status, uint64_t offset, const char *fmt, ...)
{
    va_list ap;

    OV_ASSERT(status != OVERT_OK);
    if (err == NULL) {
        return status;
    }
    err->status = (int32_t)status;
    err->offset = offset;
    va_start(ap, fmt);
    (void)vsnprintf(err->message, sizeof(err->message), fmt, ap);
    va_end(ap);
    return status;
}

const char *overt_status_text(overt_status status)
{
    switch (status) {
    case OVERT_OK:
        return "ok";
    case OVERT_E_ARGUMENT:
        return "invalid argument";
    case OVERT_E_BUSY:
        return "scanner already in use";
    case OVERT_E_NOMEM:
        return "out of memory";
    case OVERT_E_IO:
        return "input/output error";
    case OVERT_E_SANDBOX:
        return "sandbox unavailable";
    case OVERT_E_SYNTAX:
        return "syntax error";
    case OVERT_E_CORRUPT:
        return "corrupt data";
    case OVERT_E_VERSION:
        return "unsupported version";
    case OVERT_E_LIMIT:
        return "over a limit";
    case OVERT_E_INTERNAL:
        return "internal error";
    }
    return "unknown status";
}
