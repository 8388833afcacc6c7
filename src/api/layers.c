/* SPDX-License-Identifier: Apache-2.0 */
/* layers.c - the layers of a jail, by name. */
#include "api/layers.h"

#include <string.h>

#include "base/checked.h"
#include "sandbox/jail.h"

void ov_layers_text(unsigned layers, char text[OV_LAYER_NAMES_BYTES])
{
    size_t used = 0;

    text[0] = '\0';
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = (layers & 1u << bit) != 0
                                   ? ov_jail_layer_name((enum ov_jail_layer)(1u << bit))
                                   : NULL;
        const size_t len = name == NULL ? 0 : strlen(name);

        if (name == NULL) {
            continue;
        }
        OV_ASSERT(used + 1 + len < OV_LAYER_NAMES_BYTES); /* the names are ours */
        if (used != 0) {
            text[used++] = ',';
        }
        memcpy(text + used, name, len + 1);
        used += len;
    }
}
