/* SPDX-License-Identifier: Apache-2.0 */
/* view.h - a mapped database. Opening checks header and section bounds, whatever the size of the
 * file; everything inside a section is checked by who reads it, where it is read. */
#ifndef OV_DB_VIEW_H
#define OV_DB_VIEW_H

#include "base/bytes.h"
#include "base/error.h"
#include "db/layout.h"

struct ov_db_view {
    struct ov_bytes file;                             /* borrowed: the mapping outlives the view */
    struct ov_bytes sections[OV_DB_SECTION_LAST + 1]; /* empty where absent */
    uint32_t counts[OV_DB_SECTION_LAST + 1];
    bool clam; /* OV_DB_MUST_CLAM */
};

OV_MUST_CHECK overt_status ov_db_view_open(
        struct ov_db_view *view, struct ov_bytes file, overt_error *err);

/* A record of an array section, or NULL if `index` or the record is not all there. */
const void *ov_db_record(
        const struct ov_db_view *view, enum ov_db_section_id id, uint64_t index, size_t size);

/* [off, off+len) of OV_DB_TEXT; false if not inside. */
OV_MUST_CHECK bool ov_db_text(
        const struct ov_db_view *view, uint64_t off, uint64_t len, struct ov_bytes *out);

/* Compares body_sha256 with the body: reads the whole file. For activation, not for opening. */
OV_MUST_CHECK overt_status ov_db_view_check_digest(const struct ov_db_view *view, overt_error *err);

#endif
