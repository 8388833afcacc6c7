/* SPDX-License-Identifier: Apache-2.0 */
/* script.h - encoded scripts, in files of their own and in pages. */
#ifndef OV_FORMATS_SCRIPT_H
#define OV_FORMATS_SCRIPT_H

#include "formats/parsers.h"

/* Where the next encoded script begins. */
OV_MUST_CHECK bool ov_screnc_find(struct ov_bytes text, uint64_t from, uint64_t *at);
/* Decodes the one at `at`; *end is behind it. False: its end is missing. */
bool ov_screnc_decode(struct ov_buf *out, struct ov_bytes text, uint64_t at, uint64_t *end);

#endif
