/* SPDX-License-Identifier: Apache-2.0 */
#include "facts/pe_spell.h"

#include <string.h>
#include <strings.h>

/* What the name of a library comes to: without its ending if that is one of three. */
static struct ov_bytes stem(struct ov_bytes name, enum ov_spelling spelling)
{
    const uint8_t *raw = ov_bytes_raw(name);
    const size_t len = (size_t)ov_bytes_len(name);
    const uint8_t *dot = len == 0                           ? NULL
                         : spelling == OV_SPELLED_FROM_LAST ? memrchr(raw, '.', len)
                                                            : memchr(raw, '.', len);
    const size_t at = dot == NULL ? 0 : (size_t)(dot - raw);
    struct ov_bytes ending, out = name;

    if (dot != NULL && ov_bytes_slice(name, at, 4, &ending)
            && (strncasecmp((const char *)ov_bytes_raw(ending), ".ocx", 4) == 0
                    || strncasecmp((const char *)ov_bytes_raw(ending), ".sys", 4) == 0
                    || strncasecmp((const char *)ov_bytes_raw(ending), ".dll", 4) == 0)
            && ov_bytes_slice(name, 0, at, &out)) {
        return out;
    }
    return name;
}

static void put_lower(struct ov_buf *out, struct ov_bytes text)
{
    struct ov_reader r = ov_reader_on(text);
    uint8_t c;

    while (ov_read_u8(&r, &c)) {
        c = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
        ov_buf_put(out, &c, 1);
    }
}

static void put_library(const struct ov_fact_tree *tree, ov_fact_node library,
        enum ov_spelling spelling, struct ov_buf *out, bool *first)
{
    const uint32_t count = ov_fact_count(tree, library, OV_PE_IMPORT_DETAILS_FUNCTIONS);
    struct ov_bytes name, function_name;

    if (!ov_fact_get_text(tree, library, OV_PE_IMPORT_DETAILS_LIBRARY_NAME, &name)) {
        return;
    }
    name = stem(name, spelling);
    for (uint32_t j = 0; j < count && ov_buf_ok(out); j++) {
        const ov_fact_node function =
                ov_fact_get_item_node(tree, library, OV_PE_IMPORT_DETAILS_FUNCTIONS, j);

        if (!ov_fact_get_text(
                    tree, function, OV_PE_IMPORT_DETAILS_FUNCTIONS_NAME, &function_name)) {
            return;
        }
        ov_buf_put(out, ",", *first ? 0 : 1);
        put_lower(out, name);
        ov_buf_put(out, ".", 1);
        put_lower(out, function_name);
        *first = false;
    }
}

void ov_pe_imports_spell(
        const struct ov_fact_tree *tree, enum ov_spelling spelling, struct ov_buf *out)
{
    const ov_fact_node pe = ov_fact_get_root(tree, OV_PE);
    const uint32_t libraries = ov_fact_count(tree, pe, OV_PE_IMPORT_DETAILS);
    bool first = true;

    for (uint32_t i = 0; i < libraries && ov_buf_ok(out); i++) {
        put_library(tree, ov_fact_get_item_node(tree, pe, OV_PE_IMPORT_DETAILS, i), spelling, out,
                &first);
    }
}
