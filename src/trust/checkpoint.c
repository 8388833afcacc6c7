/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/checkpoint.h"

#include <inttypes.h>

#include "base/limits.h"
#include "trust/key.h"
#include "trust/line.h"

overt_status ov_checkpoint_read_form(
        struct ov_bytes text, struct ov_checkpoint *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(text);
    struct ov_checkpoint c = { 0 };
    struct ov_bytes line;
    const char *why;

    if (!ov_lines_next(&lines, &c.origin)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "a checkpoint without an origin");
    }
    if (!ov_key_name_is_good(c.origin)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                "a log's origin is 1 to %u characters of [0-9A-Za-z._/-]", OV_KEY_NAME_BYTES_MAX);
    }
    if (!ov_lines_next(&lines, &line)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "a checkpoint without a size");
    }
    why = ov_decimal_read(line, &c.size);
    if (why != NULL) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "in the tree's size: %s", why);
    }
    if (!ov_lines_next(&lines, &line)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "a checkpoint without a root");
    }
    why = ov_hash_read(line, &c.root);
    if (why != NULL) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "in the root: %s", why);
    }
    if (ov_bytes_len(ov_lines_rest(&lines)) != 0) {
        lines.at = lines.next;
        lines.line++;
        return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "a checkpoint with an extension line");
    }
    *out = c;
    return OVERT_OK;
}

overt_status ov_checkpoint_read(struct ov_bytes text, struct ov_checkpoint *out, overt_error *err)
{
    struct ov_checkpoint c = { .size = 0 };
    const overt_status status = ov_checkpoint_read_form(text, &c, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (c.size == 0 && !ov_hash_equal(&c.root, &ov_tree_empty_root)) {
        if (err != NULL) {
            err->line = 3;
        }
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "this is not the root of an empty tree");
    }
    *out = c;
    return OVERT_OK;
}

void ov_checkpoint_put(struct ov_buf *out, const struct ov_checkpoint *checkpoint)
{
    ov_buf_put(out, ov_bytes_raw(checkpoint->origin), (size_t)ov_bytes_len(checkpoint->origin));
    ov_buf_printf(out, "\n%" PRIu64 "\n", checkpoint->size);
    ov_hash_put(out, &checkpoint->root);
    ov_buf_put_u8(out, '\n');
}
