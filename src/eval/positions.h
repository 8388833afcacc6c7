/* SPDX-License-Identifier: Apache-2.0 */
/* positions.h - what conditions ask about one string's matches. `string` is the number through the
 * whole database; offsets and indexes are values, possibly undefined. */
#ifndef OV_EVAL_POSITIONS_H
#define OV_EVAL_POSITIONS_H

#include "db/value.h"
#include "match/match.h"

struct ov_value ov_string_found_at(
        const struct ov_matcher *m, uint32_t string, struct ov_value offset);
struct ov_value ov_string_found_in(
        const struct ov_matcher *m, uint32_t string, struct ov_value low, struct ov_value high);
struct ov_value ov_string_count(const struct ov_matcher *m, uint32_t string);
struct ov_value ov_string_count_in(
        const struct ov_matcher *m, uint32_t string, struct ov_value low, struct ov_value high);

/* Of match number `index`, counted from 1; undefined if there is no such match. */
struct ov_value ov_string_offset(
        const struct ov_matcher *m, uint32_t string, struct ov_value index);
struct ov_value ov_string_length(
        const struct ov_matcher *m, uint32_t string, struct ov_value index);

#endif
