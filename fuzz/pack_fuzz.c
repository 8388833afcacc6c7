/* SPDX-License-Identifier: Apache-2.0 */
/* Target: packs (of a day, carried in a bundle, in the store), their list, and the entries in them.
 * Property: what is accepted writes again to the same bytes. */
#include <string.h>

#include "base/checked.h"
#include "trust/entry.h"
#include "trust/pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct ov_buf *again, struct ov_bytes in)
{
    OV_ASSERT(ov_buf_ok(again));
    OV_ASSERT(ov_bytes_equal(
            in, ov_bytes_raw(ov_buf_bytes(again)), (size_t)ov_bytes_len(ov_buf_bytes(again))));
    ov_buf_done(again);
}

static void check_entry(struct ov_bytes bytes)
{
    static struct ov_note note;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_entry entry;
    struct ov_buf again;

    if (ov_note_read(bytes, &note, &err) != OVERT_OK
            || ov_entry_read(note.text, &entry, &err) != OVERT_OK) {
        OV_ASSERT(err.message[0] != '\0');
        return;
    }
    ov_buf_init(&again, OV_LOG_ENTRY_BYTES_MAX + 1u);
    ov_entry_put(&again, &entry);
    check_same(&again, note.text);
}

static void check_pack(struct ov_bytes in)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_segment segment;
    struct ov_bytes entry;
    overt_status status;
    struct ov_pack pack;
    struct ov_buf again;

    if (ov_pack_read(in, &pack, &err) != OVERT_OK) {
        OV_ASSERT(err.message[0] != '\0');
        return;
    }
    ov_buf_init(&again, ov_bytes_len(in) + 1);
    ov_pack_put_head(&again, pack.origin, pack.first);
    while (ov_pack_next(&pack.segments, &segment, &status, &err)) {
        uint64_t count = 0;

        ov_pack_put_segment(&again, segment.note, segment.count);
        while (ov_segment_next(&segment.entries, &entry)) {
            check_entry(entry);
            ov_pack_put_entry(&again, entry);
            count++;
        }
        OV_ASSERT(count == segment.count);
    }
    if (status == OVERT_OK) {
        check_same(&again, in);
    } else {
        OV_ASSERT(err.message[0] != '\0');
        ov_buf_done(&again);
    }
}

static void check_list(struct ov_bytes in)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_bytes rest = in;
    struct ov_pack_line line;
    struct ov_buf again;
    overt_status status;

    ov_buf_init(&again, ov_bytes_len(in) + 1);
    while (ov_pack_index_next(&rest, &line, &status, &err)) {
        ov_pack_index_put(&again, &line);
    }
    if (status == OVERT_OK) {
        check_same(&again, in);
    } else {
        ov_buf_done(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ov_bytes in = ov_bytes_of(data, size);

    check_pack(in);
    check_list(in);
    check_entry(in);
    return 0;
}
