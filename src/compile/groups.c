/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules to evaluate when: sorted, so that one failed test of the first bytes passes over
 * all rules that share it, and so that the same rules give the same bytes. */
#include <string.h>

#include "base/checked.h"
#include "compile/condition.h"
#include "compile/conditions.h"

static int by_u32(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int pair_order(const void *x, const void *y)
{
    const struct ov_pair *p = x, *q = y;
    const int c = by_u32(p->key, q->key);

    return c != 0 ? c : by_u32(p->item, q->item);
}

static int guard_order(const struct ov_always_build *p, const struct ov_always_build *q)
{
    int c = by_u32(p->offset, q->offset);

    if (c == 0) {
        c = by_u32(p->bytes, q->bytes);
    }
    return c != 0 ? c : by_u32(p->value, q->value);
}

static int always_order(const void *x, const void *y)
{
    const struct ov_always_build *p = x, *q = y;
    const int c = guard_order(p, q);

    return c != 0 ? c : by_u32(p->rule, q->rule);
}

/* A sorted copy of a buffer's records; *count of them. NULL: out of memory. */
static void *sorted(const struct ov_buf *buf, size_t size, size_t *count,
        int (*order)(const void *, const void *))
{
    const struct ov_bytes bytes = ov_buf_bytes(buf);
    void *copy;

    if (!ov_buf_ok(buf)) {
        return NULL;
    }
    *count = (size_t)ov_bytes_len(bytes) / size;
    copy = malloc(*count == 0 ? 1 : *count * size);
    if (copy != NULL) {
        memcpy(copy, ov_bytes_raw(bytes), *count * size);
        qsort(copy, *count, size, order);
    }
    return copy;
}

static struct ov_db_array array_here(const struct ov_buf *out, size_t count)
{
    return (struct ov_db_array){
        .offset = ov_le32_of((uint32_t)ov_bytes_len(ov_buf_bytes(out))),
        .count = ov_le32_of((uint32_t)count),
    };
}

/* The items of all pairs, and for each key its range in the fields `first` of `owners`. The
 * field of the count lies behind it. */
static bool write_pairs(const struct ov_buf *from, struct ov_buf *out, struct ov_db_array *array,
        struct ov_buf *owners, size_t owner_bytes, size_t first_field)
{
    size_t count = 0;
    auto_free struct ov_pair *pairs = sorted(from, sizeof(*pairs), &count, pair_order);
    uint32_t written = 0;

    if (pairs == NULL || count > UINT32_MAX || !ov_buf_ok(owners)) {
        return false;
    }
    *array = array_here(out, 0);
    for (size_t i = 0; i < count;) {
        const uint32_t key = pairs[i].key, first = written;
        const size_t field = key * owner_bytes + first_field;

        for (; i < count && pairs[i].key == key; i++) {
            if (written == first || pairs[i].item != pairs[i - 1].item) {
                ov_buf_put_u32le(out, pairs[i].item);
                written++;
            }
        }
        ov_buf_set_u32le(owners, field, first);
        ov_buf_set_u32le(owners, field + sizeof(struct ov_le32), written - first);
    }
    array->count = ov_le32_of(written);
    return true;
}

static bool write_always(const struct ov_buf *from, struct ov_buf *out, struct ov_db_groups *head)
{
    size_t count = 0;
    auto_free struct ov_always_build *all = sorted(from, sizeof(*all), &count, always_order);
    uint32_t guards = 0;
    size_t first = 0;

    if (all == NULL || count > UINT32_MAX) {
        return false;
    }
    head->guards = array_here(out, 0);
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && guard_order(&all[i], &all[i + 1]) == 0) {
            continue;
        }
        const struct ov_db_guard guard = {
            .offset = ov_le16_of((uint16_t)all[i].offset),
            .bytes = ov_le16_of((uint16_t)all[i].bytes),
            .value = ov_le32_of(all[i].value),
            .first = ov_le32_of((uint32_t)first),
            .count = ov_le32_of((uint32_t)(i + 1 - first)),
        };

        ov_buf_put(out, &guard, sizeof(guard));
        guards++;
        first = i + 1;
    }
    head->guards.count = ov_le32_of(guards);
    head->always = array_here(out, count);
    for (size_t i = 0; i < count; i++) {
        const struct ov_db_always entry = {
            .rule = ov_le32_of(all[i].rule),
            .size_min = ov_le32_of(all[i].size_min),
            .size_max = ov_le32_of(all[i].size_max),
        };

        ov_buf_put(out, &entry, sizeof(entry));
    }
    return true;
}

overt_status ov_groups_write(
        struct ov_groups_build *build, struct ov_db_writer *writer, overt_error *err)
{
    struct ov_buf *out = &writer->sections[OV_DB_GROUPS];
    struct ov_db_groups head = { 0 };
    struct ov_buf arrays;
    bool good;

    if (ov_bytes_len(ov_buf_bytes(&writer->sections[OV_DB_RULES])) == 0) {
        return OVERT_OK;
    }
    /* The arrays come first into a buffer that begins with room for the header, so that their
     * offsets are those of the section. */
    ov_buf_init(&arrays, UINT32_MAX);
    ov_buf_put_zeros(&arrays, sizeof(head));
    good = write_always(&build->always, &arrays, &head)
           && write_pairs(&build->waits, &arrays, &head.waiters, &writer->sections[OV_DB_RULES],
                   sizeof(struct ov_db_rule), offsetof(struct ov_db_rule, waiter_first))
           && write_pairs(&build->globals, &arrays, &head.globals, &writer->sections[OV_DB_SPACES],
                   sizeof(struct ov_db_space), offsetof(struct ov_db_space, global_first));
    if (good && ov_buf_ok(&arrays)) {
        struct ov_bytes rest;
        const struct ov_bytes all = ov_buf_bytes(&arrays);
        const bool inside =
                ov_bytes_slice(all, sizeof(head), ov_bytes_len(all) - sizeof(head), &rest);

        OV_ASSERT(inside);
        ov_buf_put(out, &head, sizeof(head));
        ov_buf_put(out, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
    }
    good = good && ov_buf_ok(&arrays) && ov_buf_ok(out);
    ov_buf_done(&arrays);
    return good ? OVERT_OK : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for rule groups");
}
