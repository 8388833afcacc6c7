/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what a role of overtd that was taken over may send its supervisor. Properties: a message is
 * refused whole, or every frame in it is well formed, borrows from the message alone, and the frames
 * written anew are the message again; a message of one frame is the same to both readers. */
#include <string.h>
#include <sys/socket.h>

#include "base/checked.h"
#include "sandbox/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct ovd_frame *a, const struct ovd_frame *b)
{
    return a->kind == b->kind && a->client == b->client && a->request == b->request
           && a->value == b->value
           && ov_bytes_equal(a->text, ov_bytes_raw(b->text), (size_t)ov_bytes_len(b->text));
}

static unsigned take_all(struct ovd_batch *batch, struct ov_buf *again, struct ovd_frame *last)
{
    struct ovd_frame frame;
    unsigned count = 0;

    while (ovd_batch_next(batch, &frame)) {
        OV_ASSERT(frame.kind >= 1 && frame.kind <= OVD_KIND_LAST);
        OV_ASSERT(frame.fd < 0); /* none was sent */
        OV_ASSERT(ov_bytes_len(frame.text) <= OVD_TEXT_BYTES_MAX);
        ovd_frames_put(again, &frame);
        *last = frame;
        count++;
    }
    return count;
}

static void as_batch(int from, int to, const uint8_t *data, size_t size)
{
    static struct ovd_batch batch;
    static struct ovd_inbox inbox;
    struct ovd_frame last = { .fd = -1 }, one = { .fd = -1 };
    struct ov_buf again;
    unsigned count;

    ov_buf_init(&again, OVD_BATCH_BYTES_MAX);
    if (send(from, data, size, 0) != (ssize_t)size) {
        return;
    }
    if (ovd_batch_receive(to, &batch) == OVD_IO_DONE) {
        count = take_all(&batch, &again, &last);
        OV_ASSERT(count > 0 && ov_bytes_equal(ov_buf_bytes(&again), data, size));
        OV_ASSERT(batch.len == 0 && batch.fd_count == 0);
        if (count == 1 && size <= sizeof(inbox.bytes)
                && send(from, data, size, 0) == (ssize_t)size) {
            OV_ASSERT(ovd_receive(to, &inbox, &one) == OVD_IO_DONE && same(&one, &last));
        }
    }
    ov_buf_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int ends[2];
    static bool made;

    if (!made) {
        OV_ASSERT(ovd_pair(ends));
        made = true;
    }
    if (size > 0 && size <= OVD_BATCH_BYTES_MAX) {
        as_batch(ends[0], ends[1], data, size);
    }
    return 0;
}
