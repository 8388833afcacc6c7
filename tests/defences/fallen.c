/* SPDX-License-Identifier: Apache-2.0 */
/* fallen.c - in programs for tests alone: the defences that are left out. A test writes their names
 * behind the colon, each followed by a space, into the program's file. */
#include <string.h>

#include "base/defence.h"

static const volatile char fallen[] =
        "overt-defences-left-out:                                                                ";

bool ov_defence_stands(const char *name)
{
    char list[sizeof(fallen)];
    const size_t len = strlen(name);

    for (size_t i = 0; i < sizeof(list); i++) {
        list[i] = fallen[i];
    }
    for (const char *at = strchr(list, ':') + 1; *at != '\0' && *at != ' ';) {
        const size_t word = strcspn(at, " ");

        if (word == len && strncmp(at, name, len) == 0) {
            return false;
        }
        at += word + (at[word] == ' ' ? 1 : 0);
    }
    return true;
}
