/* SPDX-License-Identifier: Apache-2.0 */
/* confirm.c - an atom was found: is the whole pattern there? Fixed patterns are compared, automata
 * run both ways from the cut. What is read lies in the window, or is fetched from the source. */
#include <string.h>

#include "base/limits.h"
#include "match/inside.h"

#define CHUNK_BYTES 1024u

/* --- bytes ----------------------------------------------------------------------------------- */

static bool byte_at(struct ov_matcher *m, uint64_t offset, uint8_t *out)
{
    if (offset >= m->text.low && offset < m->text.high) {
        *out = ov_text_byte(&m->text, offset);
        return true;
    }
    return ov_source_read(m->source, offset, out, 1) == 1;
}

/* [offset, offset + len) in the window, or copied to `chunk`; NULL: not all there. */
static const uint8_t *bytes_at(
        struct ov_matcher *m, uint64_t offset, size_t len, uint8_t chunk[CHUNK_BYTES])
{
    if (offset >= m->text.low && offset <= m->text.high && len <= m->text.high - offset) {
        return m->text.at + (offset - m->text.low);
    }
    return ov_source_read(m->source, offset, chunk, len) == len ? chunk : NULL;
}

static bool is_alnum(uint8_t b)
{
    return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z');
}

bool ov_fullword_left(struct ov_matcher *m, uint64_t start, bool wide)
{
    uint8_t near, far;

    if (!wide) {
        return start < 1 || !byte_at(m, start - 1, &near) || !is_alnum(near);
    }
    return start < 2 || !byte_at(m, start - 1, &near) || near != 0 || !byte_at(m, start - 2, &far)
           || !is_alnum(far);
}

bool ov_fullword_right(struct ov_matcher *m, uint64_t end, bool wide)
{
    uint8_t near, far;

    if (!byte_at(m, end, &near) || !is_alnum(near)) {
        return true;
    }
    return wide && (!byte_at(m, end + 1, &far) || far != 0);
}

/* --- fixed patterns -------------------------------------------------------------------------- */

/* The parts of a fixed pattern in the database. */
struct fixed {
    const uint8_t *values;
    const uint8_t *masks; /* NULL: all bits count */
    const struct ov_db_extra *extras;
    uint32_t length;
    uint32_t extra_count;
};

static bool open_fixed(
        const struct ov_matcher *m, const struct ov_db_pattern *pattern, struct fixed *out)
{
    const bool masked = (ov_le16_get(pattern->flags) & OV_PATTERN_MASKED) != 0;
    const uint64_t length = ov_le32_get(pattern->length), at = ov_le32_get(pattern->code);
    const uint64_t extras = ov_le32_get(pattern->extras);
    struct ov_bytes part;

    if (length == 0 || !ov_bytes_slice(m->code, at, length, &part)) {
        return false;
    }
    *out = (struct fixed){ .values = ov_bytes_raw(part), .length = (uint32_t)length };
    if (!masked) {
        return true;
    }
    if (!ov_bytes_slice(m->code, at + length, length, &part)) {
        return false;
    }
    out->masks = ov_bytes_raw(part);
    if (!ov_bytes_slice(m->code, at + 2 * length, extras * sizeof(struct ov_db_extra), &part)) {
        return false;
    }
    out->extras = (const void *)ov_bytes_raw(part);
    out->extra_count = (uint32_t)extras;
    return true;
}

static bool masked_equal(
        const uint8_t *bytes, const uint8_t *values, const uint8_t *masks, size_t len)
{
    size_t i = 0;

    for (; i + 8 <= len; i += 8) {
        uint64_t a, b, mask;

        memcpy(&a, bytes + i, 8);
        memcpy(&b, values + i, 8);
        memcpy(&mask, masks + i, 8);
        if (((a ^ b) & mask) != 0) {
            return false;
        }
    }
    for (; i < len; i++) {
        if (((bytes[i] ^ values[i]) & masks[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool keyed_equal(const uint8_t *bytes, const uint8_t *values, size_t len, uint8_t key)
{
    for (size_t i = 0; i < len; i++) {
        if ((bytes[i] ^ key) != values[i]) {
            return false;
        }
    }
    return true;
}

static bool chunk_fits(const struct fixed *fixed, const uint8_t *bytes, uint32_t from, size_t len,
        bool keyed, uint8_t key)
{
    if (keyed) {
        return keyed_equal(bytes, fixed->values + from, len, key);
    }
    if (fixed->masks == NULL) {
        return memcmp(bytes, fixed->values + from, len) == 0;
    }
    return masked_equal(bytes, fixed->values + from, fixed->masks + from, len);
}

static bool extras_fit(struct ov_matcher *m, const struct fixed *fixed, uint64_t start)
{
    for (uint32_t i = 0; i < fixed->extra_count; i++) {
        const struct ov_db_extra *extra = &fixed->extras[i];
        uint8_t b;

        if (!byte_at(m, start + ov_le32_get(extra->at), &b)
                || (extra->set.bits[b >> 3] >> (b & 7) & 1) == 0) {
            return false;
        }
    }
    return true;
}

static bool fixed_fits(
        struct ov_matcher *m, const struct fixed *fixed, uint64_t start, bool keyed, uint8_t key)
{
    uint8_t chunk[CHUNK_BYTES];
    uint32_t done = 0;

    if (start >= m->text.low && start <= m->text.high
            && fixed->length <= m->text.high - start) { /* nearly always */
        return chunk_fits(fixed, m->text.at + (start - m->text.low), 0, fixed->length, keyed, key)
               && extras_fit(m, fixed, start);
    }
    while (done < fixed->length) {
        const uint32_t left = fixed->length - done;
        const uint32_t len = left < CHUNK_BYTES ? left : CHUNK_BYTES;
        const uint8_t *bytes = bytes_at(m, start + done, len, chunk);

        if (bytes == NULL || !chunk_fits(fixed, bytes, done, len, keyed, key)) {
            return false;
        }
        done += len;
    }
    return extras_fit(m, fixed, start);
}

static void confirm_fixed(struct ov_matcher *m, const struct ov_db_pattern *pattern,
        const struct fixed *fixed, uint64_t start)
{
    const unsigned flags = ov_le16_get(pattern->flags);
    const bool wide = (flags & OV_PATTERN_WIDE) != 0, keyed = (flags & OV_PATTERN_XOR) != 0;
    uint8_t key = 0, first;

    if (start > m->size || fixed->length > m->size - start) {
        return;
    }
    if (!ov_budget_steps(m->budget, 1 + (fixed->length + 8 * fixed->extra_count) / 32)) {
        ov_matcher_stop(m, OV_REASON_STEPS);
        return;
    }
    if (keyed) {
        if (!byte_at(m, start, &first)) {
            return;
        }
        key = first ^ fixed->values[0];
        if (key < pattern->xor_min || key > pattern->xor_max) {
            return;
        }
    }
    if (!fixed_fits(m, fixed, start, keyed, key)) {
        return;
    }
    if ((flags & OV_PATTERN_FULLWORD) != 0
            && (!ov_fullword_left(m, start, wide)
                    || !ov_fullword_right(m, start + fixed->length, wide))) {
        return;
    }
    ov_matches_add(m, pattern, start, fixed->length, key);
}

/* --- automata -------------------------------------------------------------------------------- */

/* Looks for the end that counts, right of the cut. */
struct ends {
    struct ov_matcher *m;
    unsigned flags;
    bool in_order; /* the preferred one, else the nearest or the farthest */
    uint64_t best; /* UINT64_MAX: none yet */
};

static enum ov_accepted on_end(void *payload, uint64_t offset)
{
    struct ends *ends = payload;

    if ((ends->flags & OV_PATTERN_FULLWORD) != 0 && (ends->flags & OV_PATTERN_ANY_END) != 0
            && !ov_fullword_right(ends->m, offset, (ends->flags & OV_PATTERN_WIDE) != 0)) {
        return OV_ACCEPT_ALL;
    }
    ends->best = offset;
    if (ends->in_order) {
        return OV_ACCEPT_BEST;
    }
    return (ends->flags & OV_PATTERN_SHORTEST) != 0 ? OV_ACCEPT_STOP : OV_ACCEPT_ALL;
}

/* Keeps a match for each beginning, left of the cut. */
struct starts {
    struct ov_matcher *m;
    const struct ov_db_pattern *pattern;
    unsigned flags;
    uint64_t end;
};

static enum ov_accepted on_start(void *payload, uint64_t offset)
{
    struct starts *starts = payload;
    struct ov_matcher *m = starts->m;

    if ((starts->flags & OV_PATTERN_FULLWORD) == 0
            || ov_fullword_left(m, offset, (starts->flags & OV_PATTERN_WIDE) != 0)) {
        ov_matches_add(m, starts->pattern, offset, starts->end - offset, 0);
    }
    return ov_pattern_wanted(m, starts->pattern->use, ov_le32_get(starts->pattern->string))
                   ? OV_ACCEPT_ALL
                   : OV_ACCEPT_STOP;
}

static bool open_program(const struct ov_matcher *m, struct ov_le32 at, struct ov_program *out)
{
    const uint64_t from = ov_le32_get(at), size = ov_bytes_len(m->code);
    struct ov_bytes rest;

    return from <= size && ov_bytes_slice(m->code, from, size - from, &rest)
           && ov_program_open(rest, out);
}

/* False: the run did not come to its end, and the matcher has been told why. */
static bool run(struct ov_matcher *m, const struct ov_program *program, uint64_t from,
        ov_accept_fn accept, void *payload)
{
    const struct ov_run_options options = {
        .from = from,
        .reach = OV_REGEX_REACH_BYTES,
        .accept = accept,
        .payload = payload,
    };

    switch (ov_program_run(program, &m->text, &options, &m->simulator, m->budget)) {
    case OV_RUN_ENDED:
    case OV_RUN_STOPPED:
        return true;
    case OV_RUN_STEPS:
        ov_matcher_stop(m, OV_REASON_STEPS);
        return false;
    case OV_RUN_MEMORY:
        ov_matcher_stop(m, OV_REASON_MEMORY);
        return false;
    case OV_RUN_MALFORMED:
        break;
    }
    return false;
}

static void run_both_ways(struct ov_matcher *m, const struct ov_db_pattern *pattern,
        const struct ov_program *right, const struct ov_program *left, uint64_t cut)
{
    const unsigned flags = ov_le16_get(pattern->flags);
    struct ends ends = {
        .m = m,
        .flags = flags,
        .in_order = ov_program_in_order(right),
        .best = UINT64_MAX,
    };
    struct starts starts = { .m = m, .pattern = pattern, .flags = flags };

    if (!run(m, right, cut, on_end, &ends) || ends.best == UINT64_MAX) {
        return;
    }
    if ((flags & OV_PATTERN_FULLWORD) != 0
            && !ov_fullword_right(m, ends.best, (flags & OV_PATTERN_WIDE) != 0)) {
        return;
    }
    starts.end = ends.best;
    if (left == NULL) {
        (void)on_start(&starts, cut);
    } else {
        (void)!run(m, left, cut, on_start, &starts);
    }
}

static void confirm_automaton(
        struct ov_matcher *m, uint32_t number, const struct ov_db_pattern *pattern, uint64_t cut)
{
    const uint64_t before = m->budget->steps_left;
    const bool has_left = ov_le32_get(pattern->left) != OV_PATTERN_NOTHING;
    struct ov_program right, left = { 0 };

    if (m->spent[number] == UINT64_MAX || cut < m->text.low || cut > m->text.high) {
        return;
    }
    if (!open_program(m, pattern->code, &right) || (right.flags & OV_PROGRAM_BACKWARD) != 0) {
        return;
    }
    if (has_left
            && (!open_program(m, pattern->left, &left)
                    || (left.flags & OV_PROGRAM_BACKWARD) == 0)) {
        return;
    }
    if (m->spent[number] == 0) {
        m->spent_on[m->spent_count++] = number;
        m->spent[number] = 1;
    }
    if ((m->always_dense
                || m->spent[number] > ov_dense_steps(&right, &left) * (m->end - m->first + OV_KIB))
            && ov_dense_run(m, pattern)) {
        m->spent[number] = UINT64_MAX; /* the whole block is done */
        return;
    }
    run_both_ways(m, pattern, &right, has_left ? &left : NULL, cut);
    m->spent[number] += before - m->budget->steps_left;
}

void ov_confirm(struct ov_matcher *m, uint32_t number, uint64_t at)
{
    const struct ov_db_pattern *pattern = ov_pattern_at(m, number);
    const uint64_t before = m->budget->steps_left;
    struct fixed fixed;

    if (pattern == NULL || m->stopped == OV_REASON_STEPS) {
        return;
    }
    if (pattern->kind == OV_PATTERN_AUTOMATON) {
        confirm_automaton(m, number, pattern, at);
    } else if (open_fixed(m, pattern, &fixed)) {
        confirm_fixed(m, pattern, &fixed, at);
    }
    if (m->costs != NULL) {
        ov_count_confirmation(m, ov_le32_get(pattern->string), before);
    }
}

/* Whether a pattern could be looked for in the block as a whole. */
static bool dense(struct ov_matcher *m, const struct ov_db_pattern *pattern)
{
    const uint64_t before = m->budget->steps_left;

    if (pattern->kind != OV_PATTERN_AUTOMATON || !ov_dense_run(m, pattern)) {
        return false;
    }
    if (m->costs != NULL) {
        ov_count_confirmation(m, ov_le32_get(pattern->string), before);
    }
    return true;
}

void ov_confirm_everywhere(struct ov_matcher *m, uint32_t number)
{
    const struct ov_db_pattern *pattern = ov_pattern_at(m, number);

    if (pattern == NULL || dense(m, pattern)) {
        return;
    }
    for (uint64_t at = m->first; at < m->end; at++) {
        if (m->stopped == OV_REASON_STEPS
                || !ov_pattern_wanted(m, pattern->use, ov_le32_get(pattern->string))) {
            return;
        }
        ov_confirm(m, number, at);
    }
}
