/* SPDX-License-Identifier: Apache-2.0 */
/* layers.h - the layers of a jail as a list of their names. */
#ifndef OV_API_LAYERS_H
#define OV_API_LAYERS_H

#include <stddef.h>

#define OV_LAYER_NAMES_BYTES 256u

/* "user,namespaces,seccomp". Never longer than the whole list of layers, which fits. */
void ov_layers_text(unsigned layers, char text[OV_LAYER_NAMES_BYTES]);

#endif
