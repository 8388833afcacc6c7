/* SPDX-License-Identifier: Apache-2.0 */
/* detect_document.h - recognises what overt's own parsers read: mail, documents, old packers, disks. */
#ifndef OV_FORMATS_DETECT_DOCUMENT_H
#define OV_FORMATS_DETECT_DOCUMENT_H

#include "formats/detect.h"

/* Notes what it is and what is inside. False: none of these. */
bool ov_detect_document(struct ov_source *source, struct ov_bytes head, struct ov_detected *out);

#endif
