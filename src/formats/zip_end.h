/* SPDX-License-Identifier: Apache-2.0 */
/* zip_end.h - where a zip's central directory is: APPNOTE 4.3.14 to 4.3.16. */
#ifndef OV_FORMATS_ZIP_END_H
#define OV_FORMATS_ZIP_END_H

#include "formats/input.h"

struct ov_zip_end {
    uint64_t at;              /* of the end record */
    uint64_t after;           /* behind its comment, inside the object */
    uint64_t directory;       /* where the central directory begins */
    uint64_t directory_bytes; /* at least what the record says */
    uint64_t base; /* add (modulo 2^64) to recorded offsets: data may lie before the zip */
    bool exact;    /* the comment ends where the object ends */
    bool multivolume;
};

/* Looks in the last OV_ZIP_TAIL_BYTES for an end record whose directory is where it says; the last
 * such record counts. */
OV_MUST_CHECK bool ov_zip_end_find(const struct ov_input *input, struct ov_zip_end *out);

#endif
