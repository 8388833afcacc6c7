/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/asked.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"

void ov_asked_begin(struct ov_asked *asked, struct ov_budget *budget)
{
    asked->budget = budget;
    asked->reason = OV_REASON_NONE;
    asked->used = 0;
    if (!asked->has_begun) {
        return; /* nobody asked about the last object: nothing to forget */
    }
    asked->has_begun = false;
    asked->parsed_count = 0;
    asked->bytes.is_known = false;
    memset(asked->results, 0, sizeof(asked->results));
    ov_arena_done(&asked->texts);
    if (asked->tree != NULL) {
        ov_fact_tree_begin(asked->tree);
    }
}

void ov_asked_done(struct ov_asked *asked)
{
    ov_arena_done(&asked->texts);
    ov_fact_tree_free(asked->tree);
    free(asked->pages);
    asked->tree = NULL;
    asked->pages = NULL;
}

static bool was_parsed(const struct ov_asked *asked, enum ov_field module)
{
    for (uint32_t i = 0; i < asked->parsed_count; i++) {
        if (asked->parsed[i] == (uint16_t)module) {
            return true;
        }
    }
    return false;
}

static bool begin(struct ov_asked *asked, struct ov_source *source)
{
    if (asked->has_begun) {
        return true;
    }
    if (asked->tree == NULL) {
        asked->tree = ov_fact_tree_new();
    }
    if (asked->pages == NULL) {
        asked->pages = malloc(sizeof(*asked->pages));
    }
    if (asked->tree == NULL || asked->pages == NULL) {
        asked->reason = OV_REASON_MEMORY;
        return false;
    }
    ov_fact_tree_begin(asked->tree);
    ov_pages_on(asked->pages, source);
    ov_arena_init(&asked->texts, OV_CALL_TEXT_BYTES_MAX);
    asked->has_begun = true;
    return true;
}

struct ov_fact_tree *ov_asked_module(
        struct ov_asked *asked, struct ov_source *source, enum ov_field module)
{
    void (*parser)(struct ov_fact_tree *, struct ov_pages *) = NULL;

    if (!begin(asked, source)) {
        return NULL;
    }
    if (was_parsed(asked, module) || asked->parsed_count == OV_ASKED_MODULES_MAX) {
        return asked->tree;
    }
    asked->parsed[asked->parsed_count++] = (uint16_t)module;
    if (asked->means != NULL && asked->means->parser_of != NULL) {
        parser = asked->means->parser_of(module);
    }
    ov_fact_tree_charge_to(asked->tree, asked->budget);
    (void)ov_fact_root(asked->tree, module);
    if (parser != NULL) {
        parser(asked->tree, asked->pages);
    }
    return asked->tree;
}

enum ov_reason ov_asked_reason(const struct ov_asked *asked)
{
    if (asked->reason != OV_REASON_NONE || !asked->has_begun) {
        return asked->reason;
    }
    return ov_fact_tree_reason(asked->tree);
}

bool ov_asked_keep(struct ov_asked *asked, struct ov_bytes text, struct ov_value *out)
{
    struct ov_bytes kept;

    if (!ov_arena_copy(&asked->texts, text, &kept)) {
        return false;
    }
    *out = ov_value_text(kept);
    return true;
}
