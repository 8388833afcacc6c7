/* SPDX-License-Identifier: Apache-2.0 */
/* detect_volume.h - images of file systems that are named and not opened. For src/formats alone. */
#ifndef OV_FORMATS_DETECT_VOLUME_H
#define OV_FORMATS_DETECT_VOLUME_H

#include "formats/detect.h"

/* False: none of them, and `out` is as it was. */
OV_MUST_CHECK bool ov_detect_volume(
        struct ov_source *source, struct ov_bytes head, struct ov_detected *out);

#endif
