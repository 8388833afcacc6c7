/* SPDX-License-Identifier: Apache-2.0 */
/* values.h - values of external variables, from the public form to the wire. */
#ifndef OV_API_VALUES_H
#define OV_API_VALUES_H

#include "api/database.h"
#include "sandbox/frame.h"

/* Is it a value at all: a name, a known kind, lengths that fit the wire? */
OV_MUST_CHECK overt_status ov_value_check_form(const overt_value *value, overt_error *err);

/* ... for a variable that this database has, of the kind it has it in? */
OV_MUST_CHECK overt_status ov_value_check(
        const overt_db *db, const overt_value *value, overt_error *err);

void ov_value_put(struct ov_buf *out, const overt_value *value); /* checked before */

#endif
