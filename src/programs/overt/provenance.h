/* SPDX-License-Identifier: Apache-2.0 */
/* provenance.h - where the rules of the database in use are from, and what of its hits counts. */
#ifndef OV_PROGRAMS_OVERT_PROVENANCE_H
#define OV_PROGRAMS_OVERT_PROVENANCE_H

#include "report/result.h"
#include "trust/origins.h"

struct ov_provenances {
    const overt_db *db;
    struct ov_origins origins;
    bool has_origins;
    bool is_local; /* neither of a log nor those that ship: the owner's own */
};

/* `path` of the database, or NULL: origins lie beside it, if there are any. */
void ov_provenances_init(struct ov_provenances *p, const overt_db *db, const char *path);
void ov_provenances_done(struct ov_provenances *p);

/* Sets the result's provenance, and its verdict: hits on objects that the log suppresses are shown
 * and recorded, and do not count. */
void ov_provenances_settle(const struct ov_provenances *p, struct ov_result *result);

#endif
