/* SPDX-License-Identifier: Apache-2.0 */
/* pcre.c - Perl regular expressions on their way into the database. Each is tried here: what PCRE2
 * will not take is told when it is loaded, with its line, not when a file is scanned. */
#include <string.h>

#include "base/checked.h"
#include "db/clam_pcre.h"
#include "rules/clamav/reader.h"

static bool is_expression(struct line *line, uint32_t flags, struct ov_bytes expression)
{
    PCRE2_UCHAR why[128];
    PCRE2_SIZE where;
    pcre2_code *code;
    int error;

    code = pcre2_compile(ov_bytes_raw(expression), (PCRE2_SIZE)ov_bytes_len(expression),
            ov_clam_pcre_options(flags), &error, &where, NULL);
    if (code != NULL) {
        pcre2_code_free(code);
        return true;
    }
    if (pcre2_get_error_message(error, why, sizeof(why)) < 0) {
        why[0] = '\0';
    }
    return refuse(line, "at character %zu of a regular expression: %s", (size_t)where + 1,
            (const char *)why);
}

bool pcre_keep(struct line *line, uint32_t flags, uint64_t shift, struct ov_bytes expression,
        struct ov_bytes *out)
{
    const struct ov_clam_pcre head = {
        .flags = ov_le32_of(flags),
        .shift = ov_le32_of(shift > UINT32_MAX ? UINT32_MAX : (uint32_t)shift),
    };
    const size_t len = (size_t)ov_bytes_len(expression);
    uint8_t *room;

    if (!is_expression(line, flags, expression)) {
        return false;
    }
    room = ov_arena_alloc(line->clam->set->arena, sizeof(head) + len, 1);
    if (room == NULL) {
        return no_memory(line);
    }
    memcpy(room, &head, sizeof(head));
    memcpy(room + sizeof(head), ov_bytes_raw(expression), len);
    *out = ov_bytes_of(room, sizeof(head) + len);
    return true;
}

struct ov_expr *ex_pcre(struct line *line, uint32_t flags, uint64_t shift,
        struct ov_bytes expression, struct ov_expr *start)
{
    struct ov_expr *count;

    count = start == NULL ? NULL : ex_new(line, OV_EXPR_PCRE, OV_TYPE_INT);
    if (count == NULL || !pcre_keep(line, flags, shift, expression, &count->text)) {
        return NULL;
    }
    count->a = start;
    return count;
}
