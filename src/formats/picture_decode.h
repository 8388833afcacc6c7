/* SPDX-License-Identifier: Apache-2.0 */
/* picture_decode.h - pictures to points of grey. For src/formats/picture.c alone. */
#ifndef OV_FORMATS_PICTURE_DECODE_H
#define OV_FORMATS_PICTURE_DECODE_H

#include "formats/picture.h"

struct ov_picture {
    uint32_t width, height; /* neither is zero */
    uint8_t *grey;          /* owned: width * height */
};

/* On DONE, the caller frees grey. */
enum ov_picture_end ov_picture_decode(struct ov_bytes file, struct ov_picture *out);

#endif
