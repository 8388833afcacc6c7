/* SPDX-License-Identifier: Apache-2.0 */
/* signs.c - bytes whose place makes them telling: `<?` says nothing of a file, but a rule that asks for
 * it in the first hundred bytes can do without all its other strings until it stands there. What is
 * looked for is short, and so is the stretch it may stand in. */
#include <string.h>

#include "match/inside.h"

bool ov_signs_open(
        struct ov_matcher *m, const struct ov_db_view *view, const struct ov_db_filters *filters)
{
    const struct ov_bytes section = view->sections[OV_DB_FILTERS];
    const uint64_t count = ov_le32_get(filters->sign_count);
    const uint64_t rules = ov_le32_get(filters->sign_rule_count);
    struct ov_bytes part;

    if (count > OV_SIGNS_MAX
            || !ov_bytes_slice(
                    section, ov_le64_get(filters->signs), count * sizeof(*m->signs), &part)) {
        return false;
    }
    m->signs = (const void *)ov_bytes_raw(part);
    m->sign_count = (uint32_t)count;
    if (!ov_bytes_slice(
                section, ov_le64_get(filters->sign_rules), rules * sizeof(*m->sign_rules), &part)) {
        return false;
    }
    m->sign_rules = (const void *)ov_bytes_raw(part);
    m->sign_rule_count = (uint32_t)rules;
    for (uint32_t i = 0; i < m->sign_count; i++) {
        const bool from_end = m->signs[i].from_end != 0;
        const uint64_t reach = ov_le32_get(from_end ? m->signs[i].first : m->signs[i].last);
        uint64_t *most = from_end ? &m->signs_tail : &m->signs_head;

        *most = reach + 1 > *most ? reach + 1 : *most;
    }
    return true;
}

void ov_signs_forget(struct ov_matcher *m)
{
    memset(m->signs_found, 0, (m->sign_count / 64 + 1) * sizeof(*m->signs_found));
}

/* Offsets at which the sign may begin, in an object of this size: [*from, *to). */
static void stretch_of(const struct ov_db_sign *sign, uint64_t size, uint64_t *from, uint64_t *to)
{
    const uint64_t first = ov_le32_get(sign->first), last = ov_le32_get(sign->last);

    *from = first;
    *to = last + 1;
    if (sign->from_end != 0) {
        *from = first < size ? size - first : 0;
        *to = last < size ? size - last + 1 : 1;
    }
}

/* Whether it stands somewhere in [from, to), of which everything lies in the window. */
static bool stands(const struct ov_db_sign *sign, const uint8_t *from, const uint8_t *to)
{
    const unsigned length = sign->length;

    for (const uint8_t *at = from; at < to; at++) {
        unsigned i = 0;

        if (sign->mask[0] == 0xff) {
            at = memchr(at, sign->value[0], (size_t)(to - at));
            if (at == NULL) {
                return false;
            }
        }
        while (i < length && (at[i] & sign->mask[i]) == sign->value[i]) {
            i++;
        }
        if (i == length) {
            return true;
        }
    }
    return false;
}

static void look_for(struct ov_matcher *m, uint32_t number)
{
    const struct ov_db_sign *sign = &m->signs[number];
    const uint32_t rules = ov_le32_get(sign->rules), count = ov_le32_get(sign->rule_count);
    uint64_t from, to;

    stretch_of(sign, m->size, &from, &to);
    from = from < m->first ? m->first : from;
    to = to > m->end ? m->end : to;
    if (sign->length > sizeof(sign->value) || m->text.high - m->text.low < sign->length) {
        return; /* a database that lies; or an object that is shorter */
    }
    if (to > m->text.high - sign->length + 1) {
        to = m->text.high - sign->length + 1; /* behind a block there is context, or nothing */
    }
    if (from >= to) {
        return;
    }
    /* A database made to be slow may have many, each with many rules. */
    if (!ov_budget_steps(m->budget, 1 + (to - from) / 64 + count / 64)) {
        ov_matcher_stop(m, OV_REASON_STEPS);
        return;
    }
    if (!stands(sign, m->text.at + (from - m->text.low), m->text.at + (to - m->text.low))) {
        return;
    }
    m->signs_found[number >> 6] |= UINT64_C(1) << (number & 63);
    for (uint32_t i = 0; i < count && rules + (uint64_t)i < m->sign_rule_count; i++) {
        ov_matches_wake(m, ov_le32_get(m->sign_rules[rules + i]));
    }
}

void ov_signs_block(struct ov_matcher *m)
{
    const bool near_end = m->size <= m->end || m->size - m->end < m->signs_tail;

    if (m->again || (m->first >= m->signs_head && !near_end)) {
        return;
    }
    for (uint32_t i = 0; i < m->sign_count; i++) {
        if ((m->signs_found[i >> 6] >> (i & 63) & 1) == 0) {
            look_for(m, i);
        }
    }
}
