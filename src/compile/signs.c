/* SPDX-License-Identifier: Apache-2.0 */
/* signs.c - all signs of a set to the two tables that the matcher reads. Many rules share one. */
#include "compile/signs.h"

#include <stdlib.h>
#include <string.h>

static int by_place(const struct ov_db_sign *a, const struct ov_db_sign *b)
{
    const uint32_t last_a = ov_le32_get(a->last), last_b = ov_le32_get(b->last);
    int c = (a->from_end > b->from_end) - (a->from_end < b->from_end);

    c = c != 0 ? c : (last_a > last_b) - (last_a < last_b);
    c = c != 0 ? c : memcmp(&a->first, &b->first, sizeof(a->first));
    c = c != 0 ? c : memcmp(a->value, b->value, sizeof(a->value));
    c = c != 0 ? c : memcmp(a->mask, b->mask, sizeof(a->mask));
    return c != 0 ? c : (a->length > b->length) - (a->length < b->length);
}

static int by_place_and_rule(const void *x, const void *y)
{
    const struct ov_sign *a = x, *b = y;
    const int c = by_place(&a->at, &b->at);

    return c != 0 ? c : (a->rule > b->rule) - (a->rule < b->rule);
}

overt_status ov_signs_write(
        struct ov_bytes signs, struct ov_db_filters *filters, struct ov_buf *out, overt_error *err)
{
    const size_t count = (size_t)ov_bytes_len(signs) / sizeof(struct ov_sign);
    auto_free struct ov_sign *sorted = malloc((count + 1) * sizeof(*sorted));
    auto_free struct ov_db_sign *records = calloc(count + 1, sizeof(*records));
    uint32_t kept = 0, rules = 0;

    if (sorted == NULL || records == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the rules' signs");
    }
    if (count != 0) {
        memcpy(sorted, ov_bytes_raw(signs), count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), by_place_and_rule);
    }
    ov_buf_align(out, 8);
    filters->sign_rules = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    for (size_t i = 0; i < count; i++) {
        if (i != 0 && by_place_and_rule(&sorted[i - 1], &sorted[i]) == 0) {
            continue;
        }
        if (kept == 0 || by_place(&records[kept - 1], &sorted[i].at) != 0) {
            records[kept] = sorted[i].at;
            records[kept++].rules = ov_le32_of(rules);
        }
        records[kept - 1].rule_count = ov_le32_of(ov_le32_get(records[kept - 1].rule_count) + 1);
        ov_buf_put_u32le(out, sorted[i].rule);
        rules++;
    }
    ov_buf_align(out, 8);
    filters->signs = ov_le64_of(ov_bytes_len(ov_buf_bytes(out)));
    ov_buf_put(out, records, kept * sizeof(*records));
    filters->sign_count = ov_le32_of(kept);
    filters->sign_rule_count = ov_le32_of(rules);
    return OVERT_OK;
}
