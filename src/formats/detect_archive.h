/* SPDX-License-Identifier: Apache-2.0 */
/* detect_archive.h - the archives among what detect.h knows: their first structures are read, not
 * only their magic. */
#ifndef OV_FORMATS_DETECT_ARCHIVE_H
#define OV_FORMATS_DETECT_ARCHIVE_H

#include "formats/detect.h"
#include "formats/peek.h"

/* False: none of them, and `out` is as it was. */
OV_MUST_CHECK bool ov_detect_archive(
        struct ov_source *source, struct ov_bytes head, struct ov_detected *out);

/* Does a cpio archive begin here? */
bool ov_cpio_begins(struct ov_bytes head);

/* Archives behind something else: adds to out->inside, changes the type of mere data. */
void ov_detect_appended(struct ov_source *source, struct ov_detected *out);

#endif
