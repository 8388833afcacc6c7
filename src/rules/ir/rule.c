/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ir/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"

/* Room for one more in an owned array; the new place is zeroed. */
static void *grow(void **items, size_t *count, size_t *cap, size_t size, size_t count_max)
{
    uint8_t *place;

    if (*count >= count_max) {
        return NULL;
    }
    if (*count == *cap) {
        size_t new_cap = *cap == 0 ? 64 : *cap * 2;
        size_t bytes;
        void *at;

        if (!ov_mul(&bytes, new_cap, size)) {
            return NULL;
        }
        at = realloc(*items, bytes);
        if (at == NULL) {
            return NULL;
        }
        *items = at;
        *cap = new_cap;
    }
    place = (uint8_t *)*items + *count * size;
    memset(place, 0, size);
    ++*count;
    return place;
}

void ov_rule_set_init(struct ov_rule_set *set, struct ov_arena *arena)
{
    *set = (struct ov_rule_set){ .arena = arena };
    ov_hash_set_init(&set->hashes);
    ov_names_init(&set->names, arena);
    ov_names_init(&set->wildcards, arena);
    ov_names_init(&set->modules, arena);
}

void ov_rule_set_done(struct ov_rule_set *set)
{
    free(set->rules);
    ov_hash_set_done(&set->hashes);
    free(set->externals);
    ov_rule_set_init(set, set->arena);
}

struct ov_rule *ov_rule_set_add_rule(struct ov_rule_set *set)
{
    return grow((void **)&set->rules, &set->rule_count, &set->priv_rule_cap, sizeof(*set->rules),
            OV_RULES_MAX);
}

struct ov_external *ov_rule_set_add_external(struct ov_rule_set *set)
{
    return grow((void **)&set->externals, &set->external_count, &set->priv_external_cap,
            sizeof(*set->externals), 65536);
}

bool ov_rule_set_add_list(struct ov_rule_set *set, uint32_t kind, struct ov_bytes bytes)
{
    struct ov_list_entry *entry = ov_arena_alloc(set->arena, 1, sizeof(*entry));

    if (entry == NULL) {
        return false;
    }
    *entry = (struct ov_list_entry){ .kind = kind, .bytes = bytes };
    if (set->priv_lists_end == NULL) {
        set->lists = entry;
    } else {
        set->priv_lists_end->next = entry;
    }
    set->priv_lists_end = entry;
    return true;
}

void ov_rule_set_import(struct ov_rule_set *set, uint32_t module)
{
    for (size_t i = 0; i < set->import_count; i++) {
        if (set->imports[i].module == module) {
            return;
        }
    }
    OV_ASSERT(set->import_count < OV_IMPORTS_MAX); /* there are not that many modules */
    set->imports[set->import_count++] =
            (struct ov_import){ .module = module, .rule = set->rule_count };
}

void ov_diags_init(struct ov_diags *diags, struct ov_arena *arena)
{
    *diags = (struct ov_diags){ .arena = arena };
}

void ov_diags_done(struct ov_diags *diags)
{
    free(diags->items);
    *diags = (struct ov_diags){ .arena = diags->arena };
}

void ov_diag_add(struct ov_diags *diags, enum ov_severity severity, struct ov_bytes file,
        struct ov_bytes rule, uint32_t line, uint32_t column, const char *fmt, ...)
{
    char text[1024];
    struct ov_diag *diag;
    struct ov_bytes message;
    va_list ap;

    diags->errors += severity == OV_DIAG_ERROR;
    diags->warnings += severity == OV_DIAG_WARNING;
    if (diags->count >= OV_DIAGS_MAX) {
        diags->dropped++;
        return;
    }
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (!ov_arena_copy(diags->arena, ov_bytes_of(text, strlen(text)), &message)) {
        diags->out_of_memory = true;
        return;
    }
    diag = grow((void **)&diags->items, &diags->count, &diags->priv_cap, sizeof(*diags->items),
            OV_DIAGS_MAX);
    if (diag == NULL) {
        diags->out_of_memory = true;
        return;
    }
    *diag = (struct ov_diag){
        .severity = severity,
        .file = file,
        .rule = rule,
        .line = line,
        .column = column,
        .message = message,
    };
}
