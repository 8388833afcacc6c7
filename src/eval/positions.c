/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/positions.h"

/* How many matches lie before `offset`. They ascend. */
static size_t count_before(const struct ov_match *matches, size_t count, uint64_t offset)
{
    size_t low = 0, high = count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (matches[middle].offset < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Matches in [low, high]. */
static size_t count_in(const struct ov_matcher *m, uint32_t string, int64_t low, int64_t high)
{
    size_t count = 0, first;
    const struct ov_match *matches;

    if (high < 0 || low > high || !ov_matcher_found(m, string)) {
        return 0;
    }
    matches = ov_matcher_matches(m, string, &count);
    first = low <= 0 ? 0 : count_before(matches, count, (uint64_t)low);
    return count_before(matches, count, (uint64_t)high + 1) - first;
}

struct ov_value ov_string_found_at(
        const struct ov_matcher *m, uint32_t string, struct ov_value offset)
{
    int64_t at;

    if (!ov_value_as_int(offset, &at)) {
        return ov_value_undefined();
    }
    return ov_value_int(count_in(m, string, at, at) != 0);
}

struct ov_value ov_string_found_in(
        const struct ov_matcher *m, uint32_t string, struct ov_value low, struct ov_value high)
{
    int64_t from, to;

    if (!ov_value_as_int(low, &from) || !ov_value_as_int(high, &to)) {
        return ov_value_undefined();
    }
    return ov_value_int(count_in(m, string, from, to) != 0);
}

struct ov_value ov_string_count(const struct ov_matcher *m, uint32_t string)
{
    size_t count = 0;

    if (ov_matcher_found(m, string)) {
        (void)ov_matcher_matches(m, string, &count);
    }
    return ov_value_int((int64_t)count);
}

struct ov_value ov_string_count_in(
        const struct ov_matcher *m, uint32_t string, struct ov_value low, struct ov_value high)
{
    int64_t from, to;

    if (!ov_value_as_int(low, &from) || !ov_value_as_int(high, &to)) {
        return ov_value_undefined();
    }
    return ov_value_int((int64_t)count_in(m, string, from, to));
}

static const struct ov_match *match_number(
        const struct ov_matcher *m, uint32_t string, struct ov_value index)
{
    const struct ov_match *matches;
    size_t count = 0;
    int64_t i;

    if (!ov_value_as_int(index, &i) || i < 1 || !ov_matcher_found(m, string)) {
        return NULL;
    }
    matches = ov_matcher_matches(m, string, &count);
    return (uint64_t)i > count ? NULL : &matches[i - 1];
}

struct ov_value ov_string_offset(const struct ov_matcher *m, uint32_t string, struct ov_value index)
{
    const struct ov_match *match = match_number(m, string, index);

    return match == NULL ? ov_value_undefined() : ov_value_int((int64_t)match->offset);
}

struct ov_value ov_string_length(const struct ov_matcher *m, uint32_t string, struct ov_value index)
{
    const struct ov_match *match = match_number(m, string, index);

    return match == NULL ? ov_value_undefined() : ov_value_int(match->length);
}
