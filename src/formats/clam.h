/* SPDX-License-Identifier: Apache-2.0 */
/* clam.h - an object as ClamAV sees it: its type, and where an executable's sections lie. ClamAV's
 * signatures are written against its view, right or wrong; overt's own is in detect.h. */
#ifndef OV_FORMATS_CLAM_H
#define OV_FORMATS_CLAM_H

#include "base/clamtype.h"
#include "base/source.h"

/* `head`: the first bytes, at least 1024 of them where the object has so many. */
enum ov_clam_type ov_clam_detect(struct ov_bytes head);
#define OV_CLAM_HEAD_BYTES 1024u /* what ClamAV looks at for it */

/* Fills `out` for MSEXE, ELF and MACHO; out->known is false for anything else, and where the
 * headers lead nowhere. */
void ov_clam_executable_find(
        struct ov_source *source, enum ov_clam_type type, struct ov_clam_executable *out);

/* Do two partitions of this disk share a sector? False of what is no MBR, GPT or APM. */
bool ov_partitions_crossed(struct ov_source *source, enum ov_clam_type type);

#endif
