/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/overt/ledgers.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "programs/overt/out.h"
#include "programs/overt/update.h"

bool ov_ledger_place(char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int len;

    if (geteuid() == 0) {
        len = snprintf(out, size, OV_STATE_DEFAULT "/ledger");
    } else if (state != NULL && state[0] == '/') {
        len = snprintf(out, size, "%s/overt/ledger", state);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(out, size, "%s/.local/state/overt/ledger", home);
    } else {
        return false;
    }
    return len > 0 && (size_t)len < size;
}

void ov_ledger_scan(const char *command, struct ov_bytes text)
{
    overt_error err = OVERT_ERROR_INIT;
    char place[4096];

    if (ov_ledger_place(place, sizeof(place)) && access(place, F_OK) == 0
            && ov_ledger_append(place, OV_LEDGER_SCAN, ov_now(), text, &err) != OVERT_OK) {
        ov_complain(command, "not on record: %s", err.message);
    }
}
