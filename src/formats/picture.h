/* SPDX-License-Identifier: Apache-2.0 */
/* picture.h - the perceptual hash of a picture, which ClamAV's `fuzzy_img#` asks for. */
#ifndef OV_FORMATS_PICTURE_H
#define OV_FORMATS_PICTURE_H

#include "base/source.h"

enum ov_picture_end {
    OV_PICTURE_DONE = 0,
    OV_PICTURE_NONE,      /* it is no picture, or a damaged one */
    OV_PICTURE_OTHER,     /* of a kind that is not decoded here */
    OV_PICTURE_TOO_LARGE, /* more bytes or points than are decoded */
    OV_PICTURE_MEMORY
};

enum ov_picture_end ov_picture_hash(struct ov_bytes file, uint64_t *out);

/* The same of an object, wherever its bytes are. */
enum ov_picture_end ov_clam_picture_find(struct ov_source *source, uint64_t *out);

#endif
