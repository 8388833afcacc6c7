/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - archives: what look.c and archive.c share. Not for other rooms. */
#ifndef OV_EVIDENCE_INSIDE_H
#define OV_EVIDENCE_INSIDE_H

#include "evidence/tell.h"
#include "formats/detect.h"

/* What a source is, and what in it may hold installed software. False: no memory, which is told. */
OV_MUST_CHECK bool ov_detect_source(
        struct ov_evidence *e, struct ov_source *source, struct ov_detected *out);

void ov_detect_bytes(struct ov_bytes bytes, struct ov_detected *out);

/* The members of an archive, each told and, where its path asks for it, read. `depth` counts from 0:
 * there, what is no archive is told as a gap. */
void ov_look_inside_archive(struct ov_evidence *e, struct ov_source *source, uint32_t depth);

#endif
