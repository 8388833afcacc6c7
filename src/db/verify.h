/* SPDX-License-Identifier: Apache-2.0 */
/* verify.h - the whole database, once, when it becomes active. What passes here is well-formed:
 * every record and every instruction leads to places that exist and are of the right kind.
 * Readers still check each offset where they use it. */
#ifndef OV_DB_VERIFY_H
#define OV_DB_VERIFY_H

#include "db/view.h"

OV_MUST_CHECK overt_status ov_db_verify(const struct ov_db_view *view, overt_error *err);

/* verify_clues.c: OV_DB_CLUES, but for its code. */
OV_MUST_CHECK overt_status ov_db_verify_clues(const struct ov_db_view *view, overt_error *err);

/* verify_code.c: the conditions of all rules, and the probes of clues. */
OV_MUST_CHECK overt_status ov_db_verify_code(const struct ov_db_view *view, overt_error *err);

/* verify_hashes.c: OV_DB_HASHES. */
OV_MUST_CHECK overt_status ov_db_verify_hashes(const struct ov_db_view *view, overt_error *err);

/* verify_match.c: what the matcher reads. */
OV_MUST_CHECK overt_status ov_db_verify_match(const struct ov_db_view *view, overt_error *err);

#endif
