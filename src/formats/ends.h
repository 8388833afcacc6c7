/* SPDX-License-Identifier: Apache-2.0 */
/* ends.h - has an archive its own end? libarchive takes the end of the bytes for the end of a tar,
 * an ar or a rar5, and an archive that was cut between two members would pass for whole. */
#ifndef OV_FORMATS_ENDS_H
#define OV_FORMATS_ENDS_H

#include "formats/detect.h"
#include "formats/input.h"

/* `at`: where the reader looked for a header last. True for types that the library checks. */
bool ov_archive_has_end(enum ov_type type, const struct ov_input *input, uint64_t at);

/* Behind that end: where something else may begin, or padding; 0: the format does not say. What is
 * packed or numbered there is no part of the archive, but programs find it. */
uint64_t ov_archive_end_at(enum ov_type type, const struct ov_input *input, uint64_t at);

#endif
