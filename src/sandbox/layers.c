/* SPDX-License-Identifier: Apache-2.0 */
/* layers.c - the names of the jail's layers, as people and --accept-weaker-jail use them. */
#include <string.h>

#include "sandbox/jail.h"

static const struct {
    enum ov_jail_layer layer;
    const char *name;
} names[] = {
    { OV_LAYER_USER, "user" },
    { OV_LAYER_NAMESPACES, "namespaces" },
    { OV_LAYER_LANDLOCK, "landlock" },
    { OV_LAYER_SECCOMP, "seccomp" },
    { OV_LAYER_RLIMITS, "rlimits" },
    { OV_LAYER_CLOCK, "clock" },
    { OV_LAYER_TRACED, "traced" },
    { OV_LAYER_OWN_UID, "own-uid" },
    { OV_LAYER_LANDLOCK_NET, "landlock-net" },
    { OV_LAYER_LANDLOCK_SCOPE, "landlock-scope" },
    { OV_LAYER_MDWE, "mdwe" },
};

const char *ov_jail_layer_name(enum ov_jail_layer layer)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].layer == layer) {
            return names[i].name;
        }
    }
    return NULL;
}

unsigned ov_jail_layer_of(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].layer;
        }
    }
    return 0;
}
