/* SPDX-License-Identifier: Apache-2.0 */
/* Target: hash lists. Property: what was understood, written out again, is understood the same. */
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "rules/hashlist/hashlist.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
};

static bool open_and_read(struct world *w, struct ov_bytes text)
{
    ov_arena_init(&w->arena, UINT64_MAX);
    ov_rule_set_init(&w->set, &w->arena);
    ov_diags_init(&w->diags, &w->arena);
    return ov_hashlist_read(&w->set, ov_bytes_of("f", 1), text, &w->diags);
}

static void close_world(struct world *w)
{
    ov_rule_set_done(&w->set);
    ov_diags_done(&w->diags);
    ov_arena_done(&w->arena);
}

static void write_rule(struct ov_buf *out, const struct ov_hash_rule *rule)
{
    ov_text_hex(out, ov_bytes_of(rule->digest, ov_digest_bytes(rule->kind)));
    if (rule->has_size) {
        ov_buf_printf(out, ":%llu", (unsigned long long)rule->size);
    }
    ov_buf_put_text(out, ":");
    ov_buf_put(out, ov_bytes_raw(rule->name), (size_t)ov_bytes_len(rule->name));
    ov_buf_put_text(out, "\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world first, second;
    struct ov_buf text;
    const bool good = open_and_read(&first, ov_bytes_of(data, size));

    OV_ASSERT(good == (first.diags.errors == 0));
    ov_buf_init(&text, SIZE_MAX);
    for (size_t i = 0; i < first.set.hashes.count; i++) {
        const struct ov_hash_rule rule = ov_hash_set_get(&first.set.hashes, i);

        write_rule(&text, &rule);
    }
    OV_ASSERT(open_and_read(&second, ov_buf_bytes(&text)));
    OV_ASSERT(second.set.hashes.count == first.set.hashes.count);
    for (size_t i = 0; i < first.set.hashes.count; i++) {
        const struct ov_hash_rule a = ov_hash_set_get(&first.set.hashes, i);
        const struct ov_hash_rule b = ov_hash_set_get(&second.set.hashes, i);

        OV_ASSERT(a.kind == b.kind && a.has_size == b.has_size && a.size == b.size);
        OV_ASSERT(memcmp(a.digest, b.digest, sizeof(a.digest)) == 0);
        OV_ASSERT(ov_bytes_equal(a.name, ov_bytes_raw(b.name), (size_t)ov_bytes_len(b.name)));
    }
    ov_buf_done(&text);
    close_world(&first);
    close_world(&second);
    return 0;
}
