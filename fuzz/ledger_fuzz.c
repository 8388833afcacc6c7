/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a ledger's three files. The input is `HEAD-BYTES LEAF-BYTES\n`, the head, the leaves, the
 * records. Properties: a ledger that verifies reads record by record to its counted end, each with
 * its number and its leaf; and one byte of any counted record changed, it verifies no more. */
#include <string.h>

#include "base/checked.h"
#include "trust/ledger.h"
#include "trust/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool cut(struct ov_bytes *rest, uint64_t bytes, struct ov_bytes *out)
{
    if (!ov_bytes_slice(*rest, 0, bytes, out)) {
        return false;
    }
    return ov_bytes_slice(*rest, bytes, ov_bytes_len(*rest) - bytes, rest);
}

static void check_records(struct ov_bytes records, struct ov_bytes leaves, uint64_t size,
        struct ov_digest *sha, uint64_t *counted)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_bytes rest = records, kept;
    struct ov_ledger_record record;
    struct ov_hash leaf;
    overt_status status;

    *counted = 0;
    for (uint64_t i = 0; i < size; i++) {
        OV_ASSERT(ov_ledger_next(&rest, i, &record, &status, &err));
        OV_ASSERT(record.number == i && strcmp(ov_ledger_kind_name(record.kind), "?") != 0);
        ov_tree_leaf(sha, record.bytes, &leaf);
        OV_ASSERT(ov_bytes_slice(leaves, i * OV_HASH_BYTES, OV_HASH_BYTES, &kept)
                  && ov_bytes_equal(kept, leaf.b, OV_HASH_BYTES));
        *counted += ov_bytes_len(record.bytes);
    }
}

static void check_change(struct ov_bytes records, struct ov_bytes leaves, struct ov_bytes head,
        uint64_t counted, struct ov_digest *sha)
{
    auto_free uint8_t *changed = malloc((size_t)ov_bytes_len(records) + 1);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_tree tree;
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    size_t at;

    OV_ASSERT(changed != NULL);
    memcpy(changed, ov_bytes_raw(records), (size_t)ov_bytes_len(records));
    ov_digest_begin(sha);
    ov_digest_update(sha, records);
    ov_digest_end(sha, digest);
    at = (size_t)((digest[0] | (uint64_t)digest[1] << 8) % counted);
    changed[at] = (uint8_t)(changed[at] ^ (1u << (digest[2] & 7u)));
    OV_ASSERT(ov_ledger_verify(ov_bytes_of(changed, (size_t)ov_bytes_len(records)), leaves, head,
                      &tree, &err)
                      == OVERT_E_CORRUPT
              && err.message[0] != '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_bytes rest = ov_bytes_of(data, size), line, after, first, second, head, leaves;
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    overt_error err = OVERT_ERROR_INIT;
    uint64_t head_bytes = 0, leaf_bytes = 0, counted = 0;
    struct ov_tree tree;

    OV_ASSERT(sha != NULL);
    if (!ov_text_split(rest, '\n', &line, &after) || !ov_text_split(line, ' ', &first, &second)
            || ov_decimal_read(first, &head_bytes) != NULL
            || ov_decimal_read(second, &leaf_bytes) != NULL) {
        return 0;
    }
    rest = after;
    if (!cut(&rest, head_bytes, &head) || !cut(&rest, leaf_bytes, &leaves)) {
        return 0;
    }
    if (ov_ledger_verify(rest, leaves, head, &tree, &err) != OVERT_OK) {
        OV_ASSERT(err.message[0] != '\0');
        return 0;
    }
    check_records(rest, leaves, tree.size, sha, &counted);
    if (counted > 0) {
        check_change(rest, leaves, head, counted, sha);
    }
    return 0;
}
