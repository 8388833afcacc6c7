/* SPDX-License-Identifier: Apache-2.0 */
/* Target: YARA source text. Properties: the answer agrees with the diagnostics; every rule that
 * was kept is whole (numbers in range, types known, no tree deeper than promised); a kept rule that
 * asks about no other rule is understood the same when its own text is read alone. */
#include "rules/yara/yara.h"
#include "tests/ir_show.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
};

static bool include(void *payload, struct ov_bytes from_file, struct ov_bytes name,
        struct ov_bytes *text, const char **why)
{
    const struct ov_bytes *whole = payload;
    const uint64_t half = ov_bytes_len(*whole) / 2;

    (void)from_file;
    *why = "not here";
    return ov_bytes_equal(name, "self", 4)
           && ov_bytes_slice(*whole, half, ov_bytes_len(*whole) - half, text);
}

static bool open_and_read(struct world *w, struct ov_bytes text)
{
    static const enum ov_type types[] = { OV_TYPE_BOOL, OV_TYPE_INT, OV_TYPE_FLOAT, OV_TYPE_TEXT };
    static const char *const names[] = { "eb", "ei", "ef", "et" };
    const struct ov_yara_options options = { .space = ov_bytes_of("default", 7),
        .include = include,
        .include_payload = &text,
        .strict_escape = true };

    ov_arena_init(&w->arena, 64u * OV_MIB);
    ov_rule_set_init(&w->set, &w->arena);
    ov_diags_init(&w->diags, &w->arena);
    for (size_t i = 0; i < 4; i++) {
        struct ov_external *external = ov_rule_set_add_external(&w->set);

        OV_ASSERT(external != NULL);
        *external = (struct ov_external){
            .name = ov_bytes_of(names[i], 2), .type = types[i], .text = ov_bytes_of("", 0)
        };
    }
    return ov_yara_read(&w->set, ov_bytes_of("f", 1), text, &options, &w->diags);
}

static void close_world(struct world *w)
{
    ov_rule_set_done(&w->set);
    ov_diags_done(&w->diags);
    ov_arena_done(&w->arena);
}

/* The rule's text behind every import it may need. */
static void put_alone(const struct world *w, uint32_t number, struct ov_buf *out)
{
    const struct ov_bytes source = w->set.rules[number].source;

    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        if (ov_field_row(field)->kind == OV_FIELD_IS_MODULE) {
            ov_buf_printf(out, "import \"%s\" ", ov_field_row(field)->name);
        }
    }
    ov_buf_put(out, ov_bytes_raw(source), (size_t)ov_bytes_len(source));
}

/* Shows the rule, reads its own text alone, shows that: the same. */
static void check_alone(const struct world *w, uint32_t number)
{
    struct ov_buf shown, again, text;
    struct world alone;

    ov_buf_init(&shown, 64u * OV_MIB);
    ov_buf_init(&again, 64u * OV_MIB);
    ov_buf_init(&text, SIZE_MAX);
    put_alone(w, number, &text);
    if (!ir_show_rule(&shown, "", &w->set, number)) {
        const bool good = ov_buf_ok(&text) && open_and_read(&alone, ov_buf_bytes(&text));

        OV_ASSERT(good || alone.diags.out_of_memory);
        if (good) {
            OV_ASSERT(alone.set.rule_count == 1);
            (void)ir_show_rule(&again, "", &alone.set, 0);
            OV_ASSERT(!ov_buf_ok(&shown) || !ov_buf_ok(&again)
                      || ov_bytes_equal(ov_buf_bytes(&shown), ov_bytes_raw(ov_buf_bytes(&again)),
                              (size_t)ov_bytes_len(ov_buf_bytes(&again))));
        }
        close_world(&alone);
    }
    ov_buf_done(&text);
    ov_buf_done(&shown);
    ov_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w;
    const bool good = open_and_read(&w, ov_bytes_of(data, size));

    OV_ASSERT(good == (w.diags.errors == 0 && !w.diags.out_of_memory));
    for (size_t i = 0; i < w.diags.count; i++) {
        OV_ASSERT(ov_bytes_len(w.diags.items[i].message) > 0);
        OV_ASSERT(w.diags.items[i].line > 0 || w.diags.items[i].column == 0);
    }
    for (uint32_t i = 0; i < w.set.rule_count; i++) {
        check_alone(&w, i);
    }
    close_world(&w);
    return 0;
}
