/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - what verdicts and this library are called. */
#include <overt/overt.h>

const char *overt_verdict_text(overt_verdict verdict)
{
    switch (verdict) {
    case OVERT_CLEAN:
        return "CLEAN";
    case OVERT_DETECTED:
        return "DETECTED";
    case OVERT_FAILED:
        return "FAILED";
    case OVERT_INCOMPLETE:
        return "INCOMPLETE";
    }
    return "UNKNOWN";
}

const char *overt_version(void)
{
    return OV_VERSION;
}
