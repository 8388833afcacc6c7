/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what a client of overtd may send. Properties: a step uses bytes or waits for more, what
 * it gives lies in what it was given, and a stream cut anywhere gives the same bytes. */
#include "base/checked.h"
#include "clamd/command.h"
#include "clamd/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void commands(struct ov_bytes in, bool session)
{
    while (ov_bytes_len(in) > 0) {
        struct ov_clamd_command cmd;
        uint64_t used = 0;

        if (ov_clamd_command_take(in, session, &cmd, &used) != OV_CLAMD_TAKEN) {
            return;
        }
        OV_ASSERT(used > 0 && used <= ov_bytes_len(in));
        OV_ASSERT(ov_bytes_len(cmd.argument) < used);
        if (!ov_bytes_slice(in, used, ov_bytes_len(in) - used, &in)) {
            OV_ASSERT(false);
        }
    }
}

/* Bytes of the stream given in pieces of `piece`; where it ended, in *end. */
static uint64_t stream(struct ov_bytes in, uint64_t piece, enum ov_clamd_stream_step *end)
{
    struct ov_clamd_stream s;
    uint64_t at = 0, got = 0;

    ov_clamd_stream_begin(&s, 4096);
    *end = OV_CLAMD_STREAM_MORE;
    while (at < ov_bytes_len(in)) {
        const uint64_t left = ov_bytes_len(in) - at;
        struct ov_bytes part, found;
        uint64_t used = 0;

        if (!ov_bytes_slice(in, at, left < piece ? left : piece, &part)) {
            OV_ASSERT(false);
        }
        *end = ov_clamd_stream_take(&s, part, &found, &used);
        OV_ASSERT(used > 0 && used <= ov_bytes_len(part));
        at += used;
        if (*end == OV_CLAMD_STREAM_DATA) {
            got += ov_bytes_len(found);
        }
        if (*end == OV_CLAMD_STREAM_END || *end == OV_CLAMD_STREAM_TOO_LONG) {
            break;
        }
    }
    return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ov_bytes in = ov_bytes_of(data, size);
    enum ov_clamd_stream_step whole_end, parts_end;
    uint64_t whole, parts;

    commands(in, false);
    commands(in, true);
    whole = stream(in, UINT64_MAX, &whole_end);
    parts = stream(in, 1, &parts_end);
    OV_ASSERT(whole == parts && whole <= 4096);
    OV_ASSERT((whole_end == OV_CLAMD_STREAM_END) == (parts_end == OV_CLAMD_STREAM_END));
    OV_ASSERT((whole_end == OV_CLAMD_STREAM_TOO_LONG) == (parts_end == OV_CLAMD_STREAM_TOO_LONG));
    return 0;
}
