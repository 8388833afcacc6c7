/* SPDX-License-Identifier: Apache-2.0 */
#include "db/lists.h"

#include <string.h>

#include "base/checked.h"

bool ov_db_list_next(const struct ov_db_view *view, uint64_t *at, struct ov_list_item *out)
{
    struct ov_list_head head;
    struct ov_bytes raw;
    uint64_t bytes;

    if (!ov_bytes_slice(view->sections[OV_DB_LISTS], *at, sizeof(head), &raw)) {
        return false;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    bytes = ov_le32_get(head.bytes);
    if (ov_le32_get(head.kind) == 0 || ov_le32_get(head.kind) > OV_LIST_KIND_LAST
            || !ov_bytes_slice(
                    view->sections[OV_DB_LISTS], *at + sizeof(head), bytes, &out->bytes)) {
        return false;
    }
    out->kind = (enum ov_list_kind)ov_le32_get(head.kind);
    *at += sizeof(head) + (bytes + 3) / 4 * 4;
    return true;
}

bool ov_db_list_split(
        const struct ov_list_item *item, void *head, size_t size, struct ov_bytes *rest)
{
    struct ov_bytes first;

    if (!ov_bytes_slice(item->bytes, 0, size, &first)
            || !ov_bytes_slice(item->bytes, size, ov_bytes_len(item->bytes) - size, rest)) {
        return false;
    }
    memcpy(head, ov_bytes_raw(first), size);
    return true;
}
