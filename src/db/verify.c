/* SPDX-License-Identifier: Apache-2.0 */
/* Each function walks one section. Nobody is trusted; the first contradiction ends the walk. */
#include "db/verify.h"

#include "base/clamtype.h"
#include "db/lists.h"
#include "db/rules.h"

static overt_status bad(overt_error *err, const char *what, uint64_t index)
{
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the database contradicts itself: %s %llu",
            what, (unsigned long long)index);
}

/* Arrays hold exactly the records they announce. */
static overt_status verify_counts(const struct ov_db_view *view, overt_error *err)
{
    static const struct {
        enum ov_db_section_id id;
        size_t bytes;
    } arrays[] = {
        { OV_DB_RULES, sizeof(struct ov_db_rule) },
        { OV_DB_METAS, sizeof(struct ov_db_datum) },
        { OV_DB_TAGS, sizeof(struct ov_db_span) },
        { OV_DB_STRINGS, sizeof(struct ov_db_string) },
        { OV_DB_SPACES, sizeof(struct ov_db_space) },
        { OV_DB_EXTERNALS, sizeof(struct ov_db_datum) },
        { OV_DB_CODE, 8 },
        { OV_DB_IMPORTS, sizeof(struct ov_db_import) },
    };

    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++) {
        const uint64_t bytes = ov_bytes_len(view->sections[arrays[i].id]);

        if (bytes != (uint64_t)view->counts[arrays[i].id] * arrays[i].bytes) {
            return bad(err, "the count of section", arrays[i].id);
        }
    }
    return OVERT_OK;
}

/* [first, first + count) lies inside `total`. */
static bool range_fits(struct ov_le32 first, struct ov_le32 count, uint64_t total)
{
    return (uint64_t)ov_le32_get(first) + ov_le32_get(count) <= total;
}

static bool rule_is_sound(
        const struct ov_db_view *view, uint32_t rule, const struct ov_db_groups *groups)
{
    const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, rule, sizeof(*r));
    struct ov_rule_info info;
    struct ov_datum_info datum;
    struct ov_bytes tag;

    if (r == NULL || !ov_db_rule_read(view, rule, &info)
            || !range_fits(r->string_first, r->string_count, view->counts[OV_DB_STRINGS])
            || !range_fits(r->meta_first, r->meta_count, view->counts[OV_DB_METAS])
            || !range_fits(r->tag_first, r->tag_count, view->counts[OV_DB_TAGS])
            || !range_fits(r->waiter_first, r->waiter_count, ov_le32_get(groups->waiters.count))
            || (info.flags & ~(OV_DB_RULE_PRIVATE | OV_DB_RULE_GLOBAL | OV_DB_RULE_OPEN)) != 0
            || ov_le32_get(r->reserved) != 0) {
        return false;
    }
    for (uint32_t i = 0; i < info.meta_count; i++) {
        if (!ov_db_rule_meta(view, rule, i, &datum)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < info.tag_count; i++) {
        if (!ov_db_rule_tag(view, rule, i, &tag)) {
            return false;
        }
    }
    for (uint64_t i = 0; i < ov_le32_get(r->waiter_count); i++) {
        const struct ov_le32 *waiter = ov_db_group_item(
                view, groups->waiters, ov_le32_get(r->waiter_first) + i, sizeof(*waiter));

        if (waiter == NULL || ov_le32_get(*waiter) <= rule
                || ov_le32_get(*waiter) >= view->counts[OV_DB_RULES]) {
            return false;
        }
    }
    return true;
}

/* Ranges of different rules may not overlap, or a small file could ask for endless work. */
static overt_status verify_rules(
        const struct ov_db_view *view, const struct ov_db_groups *groups, overt_error *err)
{
    uint64_t strings = 0, metas = 0, tags = 0, waiters = 0;

    for (uint32_t rule = 0; rule < view->counts[OV_DB_RULES]; rule++) {
        const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, rule, sizeof(*r));

        if (r == NULL
                || (ov_le32_get(r->string_count) != 0 && ov_le32_get(r->string_first) < strings)
                || (ov_le32_get(r->meta_count) != 0 && ov_le32_get(r->meta_first) < metas)
                || (ov_le32_get(r->tag_count) != 0 && ov_le32_get(r->tag_first) < tags)
                || (ov_le32_get(r->waiter_count) != 0 && ov_le32_get(r->waiter_first) < waiters)
                || !rule_is_sound(view, rule, groups)) {
            return bad(err, "rule", rule);
        }
        if (ov_le32_get(r->string_count) != 0) {
            strings = (uint64_t)ov_le32_get(r->string_first) + ov_le32_get(r->string_count);
        }
        if (ov_le32_get(r->meta_count) != 0) {
            metas = (uint64_t)ov_le32_get(r->meta_first) + ov_le32_get(r->meta_count);
        }
        if (ov_le32_get(r->tag_count) != 0) {
            tags = (uint64_t)ov_le32_get(r->tag_first) + ov_le32_get(r->tag_count);
        }
        if (ov_le32_get(r->waiter_count) != 0) {
            waiters = (uint64_t)ov_le32_get(r->waiter_first) + ov_le32_get(r->waiter_count);
        }
    }
    return OVERT_OK;
}

static overt_status verify_strings(const struct ov_db_view *view, overt_error *err)
{
    for (uint32_t i = 0; i < view->counts[OV_DB_STRINGS]; i++) {
        struct ov_string_info info;
        const struct ov_db_rule *r;

        if (!ov_db_string_read(view, i, &info)) {
            return bad(err, "string", i);
        }
        if (info.rule == OV_DB_STRING_NO_RULE) {
            continue;
        }
        r = ov_db_record(view, OV_DB_RULES, info.rule, sizeof(*r));
        if (r == NULL || i < ov_le32_get(r->string_first)
                || i - ov_le32_get(r->string_first) >= ov_le32_get(r->string_count)) {
            return bad(err, "the rule of string", i);
        }
    }
    return OVERT_OK;
}

static overt_status verify_externals(const struct ov_db_view *view, overt_error *err)
{
    struct ov_datum_info info;

    for (uint32_t i = 0; i < view->counts[OV_DB_EXTERNALS]; i++) {
        if (!ov_db_external_read(view, i, &info)) {
            return bad(err, "external variable", i);
        }
    }
    return OVERT_OK;
}

static overt_status verify_imports(const struct ov_db_view *view, overt_error *err)
{
    uint32_t last = 0;

    for (uint32_t i = 0; i < view->counts[OV_DB_IMPORTS]; i++) {
        enum ov_field module;
        uint32_t rule;

        if (!ov_db_import_read(view, i, &module, &rule) || rule < last
                || rule > view->counts[OV_DB_RULES]) {
            return bad(err, "import", i);
        }
        last = rule;
    }
    return OVERT_OK;
}

static overt_status verify_spaces(
        const struct ov_db_view *view, const struct ov_db_groups *groups, overt_error *err)
{
    uint64_t used = 0;

    for (uint32_t i = 0; i < view->counts[OV_DB_SPACES]; i++) {
        const struct ov_db_space *s = ov_db_record(view, OV_DB_SPACES, i, sizeof(*s));
        struct ov_bytes name;

        if (s == NULL || !ov_db_span_read(view, s->name, &name)
                || !range_fits(s->global_first, s->global_count, ov_le32_get(groups->globals.count))
                || (ov_le32_get(s->global_count) != 0 && ov_le32_get(s->global_first) < used)) {
            return bad(err, "namespace", i);
        }
        if (ov_le32_get(s->global_count) != 0) {
            used = (uint64_t)ov_le32_get(s->global_first) + ov_le32_get(s->global_count);
        }
        for (uint64_t g = 0; g < ov_le32_get(s->global_count); g++) {
            const struct ov_le32 *rule = ov_db_group_item(
                    view, groups->globals, ov_le32_get(s->global_first) + g, sizeof(*rule));

            if (rule == NULL || ov_le32_get(*rule) >= view->counts[OV_DB_RULES]) {
                return bad(err, "the global rules of namespace", i);
            }
        }
    }
    return OVERT_OK;
}

static bool array_fits(const struct ov_db_view *view, struct ov_db_array array, size_t size)
{
    const uint64_t bytes = (uint64_t)ov_le32_get(array.count) * size;
    struct ov_bytes all;

    return ov_le32_get(array.offset) % 4 == 0
           && ov_bytes_slice(view->sections[OV_DB_GROUPS], ov_le32_get(array.offset), bytes, &all);
}

/* Guards partition the always rules, so one pass over them is one pass. */
static overt_status verify_always(
        const struct ov_db_view *view, const struct ov_db_groups *groups, overt_error *err)
{
    uint64_t next = 0;

    for (uint64_t i = 0; i < ov_le32_get(groups->guards.count); i++) {
        const struct ov_db_guard *g = ov_db_group_item(view, groups->guards, i, sizeof(*g));
        const uint16_t bytes = g == NULL ? UINT16_MAX : ov_le16_get(g->bytes);

        if (g == NULL || (bytes != 0 && bytes != 1 && bytes != 2 && bytes != 4)
                || (uint32_t)ov_le16_get(g->offset) + bytes > OV_DB_GUARD_BYTES_MAX
                || ov_le32_get(g->first) != next) {
            return bad(err, "guard", i);
        }
        next += ov_le32_get(g->count);
    }
    if (next != ov_le32_get(groups->always.count)) {
        return bad(err, "the number of rules behind guards,", next);
    }
    for (uint64_t i = 0; i < next; i++) {
        const struct ov_db_always *a = ov_db_group_item(view, groups->always, i, sizeof(*a));

        if (a == NULL || ov_le32_get(a->rule) >= view->counts[OV_DB_RULES]) {
            return bad(err, "guarded rule", i);
        }
    }
    return OVERT_OK;
}

/* Each item has what its kind must have; the section ends with the last. */
static bool list_item_is_sound(const struct ov_list_item *item)
{
    union {
        struct ov_list_certificate certificate;
        struct ov_list_password password;
        struct ov_list_phishing phishing;
        struct ov_list_setting setting;
        struct ov_list_magic magic;
    } head;
    struct ov_bytes rest;

    switch (item->kind) {
    case OV_LIST_CERTIFICATE:
        return ov_db_list_split(item, &head, sizeof(head.certificate), &rest)
               && ov_bytes_len(rest) != 0;
    case OV_LIST_PASSWORD:
        return ov_db_list_split(item, &head, sizeof(head.password), &rest)
               && ov_le32_get(head.password.container) < OV_CLAM_TYPE_COUNT;
    case OV_LIST_PHISHING:
        return ov_db_list_split(item, &head, sizeof(head.phishing), &rest)
               && ov_le32_get(head.phishing.what) >= OV_PHISHING_HOST
               && ov_le32_get(head.phishing.what) <= OV_PHISHING_WHAT_LAST
               && ov_le32_get(head.phishing.first_bytes) <= ov_bytes_len(rest);
    case OV_LIST_SETTING:
        return ov_db_list_split(item, &head, sizeof(head.setting), &rest)
               && ov_le32_get(head.setting.what) >= OV_SETTING_PCRE_MATCHES
               && ov_le32_get(head.setting.what) <= OV_SETTING_LAST;
    case OV_LIST_MAGIC:
        return ov_db_list_split(item, &head, sizeof(head.magic), &rest)
               && ov_le32_get(head.magic.type) < OV_CLAM_TYPE_COUNT && ov_bytes_len(rest) != 0;
    }
    return false;
}

static overt_status verify_lists(const struct ov_db_view *view, overt_error *err)
{
    struct ov_list_item item;
    uint64_t at = 0;
    uint32_t count = 0;

    while (ov_db_list_next(view, &at, &item)) {
        if (!list_item_is_sound(&item)) {
            return bad(err, "item of the lists", count);
        }
        count++;
    }
    return at != ov_bytes_len(view->sections[OV_DB_LISTS]) || count != view->counts[OV_DB_LISTS]
                   ? bad(err, "item of the lists", count)
                   : OVERT_OK;
}

static overt_status verify_groups(
        const struct ov_db_view *view, struct ov_db_groups *groups, overt_error *err)
{
    if (view->counts[OV_DB_RULES] == 0) {
        return OVERT_OK;
    }
    if (!ov_db_groups_read(view, groups)
            || !array_fits(view, groups->guards, sizeof(struct ov_db_guard))
            || !array_fits(view, groups->always, sizeof(struct ov_db_always))
            || !array_fits(view, groups->waiters, sizeof(struct ov_le32))
            || !array_fits(view, groups->globals, sizeof(struct ov_le32))) {
        return bad(err, "the tables of section", OV_DB_GROUPS);
    }
    return verify_always(view, groups, err);
}

overt_status ov_db_verify(const struct ov_db_view *view, overt_error *err)
{
    struct ov_db_groups groups = { 0 };
    overt_status status = verify_counts(view, err);

    if (status == OVERT_OK) {
        status = verify_groups(view, &groups, err);
    }
    if (status == OVERT_OK) {
        status = verify_rules(view, &groups, err);
    }
    if (status == OVERT_OK) {
        status = verify_strings(view, err);
    }
    if (status == OVERT_OK) {
        status = verify_externals(view, err);
    }
    if (status == OVERT_OK) {
        status = verify_imports(view, err);
    }
    if (status == OVERT_OK) {
        status = verify_spaces(view, &groups, err);
    }
    if (status == OVERT_OK) {
        status = verify_lists(view, err);
    }
    if (status == OVERT_OK) {
        status = ov_db_verify_clues(view, err);
    }
    if (status == OVERT_OK) {
        status = ov_db_verify_code(view, err);
    }
    if (status == OVERT_OK) {
        status = ov_db_verify_hashes(view, err);
    }
    if (status == OVERT_OK) {
        status = ov_db_verify_match(view, err);
    }
    return status;
}
