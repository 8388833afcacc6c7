/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - how an object begins and how large it is says which strings could matter in it; the
 * filters of all others are never asked. What the database says of profiles is checked when it is
 * opened, and again where it is followed. */
#include <string.h>

#include "base/checked.h"
#include "match/inside.h"

static bool table(const struct ov_matcher *m, struct ov_le64 offset, uint64_t count, size_t size,
        const void **out)
{
    struct ov_bytes part;

    if (!ov_bytes_slice(m->filters, ov_le64_get(offset), count * size, &part)) {
        return false;
    }
    *out = ov_bytes_raw(part);
    return true;
}

bool ov_profiles_open(
        struct ov_matcher *m, const struct ov_db_view *view, const struct ov_db_filters *filters)
{
    const void *classes, *sizes, *map, *profiles, *groups;

    m->filters = view->sections[OV_DB_FILTERS];
    m->class_count = ov_le32_get(filters->class_count);
    m->size_count = ov_le32_get(filters->size_count);
    m->profile_count = ov_le32_get(filters->profile_count);
    m->group_count = ov_le32_get(filters->group_count);
    if (m->class_count == 0 || m->class_count > OV_CLASSES_MAX || m->size_count == 0
            || m->size_count > OV_SIZES_MAX || m->profile_count == 0
            || m->profile_count > OV_PROFILES_MAX || m->group_count > OV_GROUPS_MAX) {
        return false;
    }
    if (!table(m, filters->classes, m->class_count, sizeof(struct ov_db_class), &classes)
            || !table(m, filters->sizes, m->size_count - 1, sizeof(struct ov_le64), &sizes)
            || !table(m, filters->map, (uint64_t)m->class_count * m->size_count, 1, &map)
            || !table(
                    m, filters->profiles, m->profile_count, sizeof(struct ov_db_profile), &profiles)
            || !table(m, filters->groups, m->group_count, sizeof(struct ov_db_group), &groups)) {
        return false;
    }
    m->classes = classes;
    m->sizes = sizes;
    m->map = map;
    m->profiles = profiles;
    m->groups = groups;
    return true;
}

/* The class of objects that are looked at so; that of all others, if there is none. */
static uint32_t class_by_stance(const struct ov_matcher *m)
{
    for (uint32_t c = 1; c < m->class_count; c++) {
        if (m->classes[c].stance == m->stance) {
            return c;
        }
    }
    return 0;
}

/* The longest class that the object begins as; what is looked at as a text or page, whatever it begins
 * with, is of that class. */
static uint32_t class_of(struct ov_matcher *m)
{
    uint8_t bytes[sizeof(m->classes[0].bytes)];
    const bool as_text = m->stance == OV_STANCE_TEXT || m->stance == OV_STANCE_PAGE;
    const size_t len = as_text ? 0 : ov_source_read(m->source, 0, bytes, sizeof(bytes));
    uint32_t best = 0;
    unsigned longest = 0;

    for (uint32_t c = 1; c < m->class_count; c++) {
        const unsigned length = m->classes[c].length;

        if (length > longest && length <= len && memcmp(m->classes[c].bytes, bytes, length) == 0) {
            best = c;
            longest = length;
        }
    }
    return best != 0 || m->stance == OV_STANCE_FILE ? best : class_by_stance(m);
}

static uint32_t size_class_of(const struct ov_matcher *m)
{
    uint32_t class = 0;

    while (class + 1 < m->size_count && m->size > ov_le64_get(m->sizes[class])) {
        class ++;
    }
    return class;
}

static void open_filter(
        const struct ov_matcher *m, const struct ov_db_filter *from, struct ov_pass *pass)
{
    const unsigned bits = from->filter_bits;
    struct ov_bytes part;

    pass->filter_bits = 0;
    if (bits < OV_FILTER_BITS_MIN || bits > OV_FILTER_BITS_MAX
            || !ov_bytes_slice(
                    m->filters, ov_le64_get(from->offset), UINT64_C(1) << (bits - 3), &part)) {
        return;
    }
    pass->filter = ov_bytes_raw(part);
    pass->filter_bits = bits;
    pass->hash_low = ov_le32_get(from->hash_low);
    pass->hash_high = ov_le32_get(from->hash_high);
    pass->mark_shift = 64;
    if (from->mark_bits != 0 && from->mark_bits <= OV_MARK_BITS_MAX && pass->kind != OV_PASS_DELTA
            && ov_bytes_slice(m->filters, ov_le64_get(from->marks),
                    (UINT64_C(1) << from->mark_bits) * sizeof(*pass->marks), &part)) {
        pass->marks = (const void *)ov_bytes_raw(part);
        pass->mark_shift = 64 - from->mark_bits;
    }
    pass->nibble_count = 0;
    if (pass->stride <= 2 && from->nibble_count <= OV_NIBBLES_MAX
            && ov_bytes_slice(m->filters, ov_le64_get(from->nibbles),
                    from->nibble_count * sizeof(*pass->nibbles), &part)) {
        pass->nibbles = (const void *)ov_bytes_raw(part);
        pass->nibble_count = from->nibble_count;
    }
}

/* Runs of these fill a tenth of ordinary files. */
static void note_barren(struct ov_pass *pass)
{
    static const uint8_t common[] = { 0x00, 0xff, ' ' };

    for (size_t i = 0; i < sizeof(common); i++) {
        uint8_t run[8];

        memset(run, common[i], sizeof(run));
        if (!ov_pass_passes(pass, ov_pass_gram(pass, run, sizeof(run)))) {
            pass->barren[common[i] >> 6] |= UINT64_C(1) << (common[i] & 63);
        }
    }
}

void ov_profile_choose(struct ov_matcher *m)
{
    const uint32_t profile = m->again ? m->profile_count - 1
                                      : m->map[class_of(m) * m->size_count + size_class_of(m)];

    m->profile = profile < m->profile_count ? profile : 0;
    m->profile_known = true;
    for (uint32_t i = 0; i < m->pass_count; i++) {
        open_filter(m, &m->profiles[m->profile].filters[i], &m->passes[i]);
    }
    if (m->again) {
        ov_awake_filters(m);
    }
    for (uint32_t i = 0; i < m->pass_count; i++) {
        if (m->passes[i].filter_bits != 0) {
            note_barren(&m->passes[i]);
        }
    }
}
