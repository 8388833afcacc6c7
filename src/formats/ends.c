/* SPDX-License-Identifier: Apache-2.0 */
/* ends.c - looks for the ends that archives have by their formats. Trusts no length: each step of
 * a walk over blocks goes forward by seven bytes or more. */
#include "formats/ends.h"

#include <string.h>

#include "base/checked.h"
#include "formats/peek.h"

/* POSIX ustar: two blocks of zeros; one is enough for us. */
static bool tar_has_end(const struct ov_input *input, uint64_t at)
{
    static const uint8_t zeros[512];
    uint8_t block[512];

    return ov_input_read(input, at, block, sizeof(block)) == sizeof(block)
           && memcmp(block, zeros, sizeof(block)) == 0;
}

/* An ar has no end of its own; but half a header is no header. */
static bool ar_has_end(const struct ov_input *input, uint64_t at)
{
    return at + 1 >= input->size; /* a byte of padding may follow */
}

/* RAR 5.0 archive format, "General archive block format": checksum, size, type, flags, size of
 * the extra area, size of the data area. Type 5 is the end. */
static bool rar5_has_end(const struct ov_input *input)
{
    uint64_t at = 8;

    for (;;) {
        uint8_t raw[48] = { 0 };
        const size_t got = ov_input_read(input, at, raw, sizeof(raw));
        const struct ov_bytes b = ov_bytes_of(raw, got);
        uint64_t in = 4, head_bytes, type, flags, data_bytes = 0, next;

        if (got < 7) {
            return false;
        }
        head_bytes = ov_rar5_number_at(b, &in);
        if (!ov_add(&next, at + in, head_bytes)) {
            return false;
        }
        type = ov_rar5_number_at(b, &in);
        flags = ov_rar5_number_at(b, &in);
        if ((flags & 1) != 0) {
            (void)ov_rar5_number_at(b, &in);
        }
        if ((flags & 2) != 0) {
            data_bytes = ov_rar5_number_at(b, &in);
        }
        if (type == 5 || type == 4) {
            return true; /* behind an encryption header nothing can be told */
        }
        if (!ov_add(&next, next, data_bytes) || next <= at) {
            return false;
        }
        at = next;
    }
}

bool ov_archive_has_end(enum ov_type type, const struct ov_input *input, uint64_t at)
{
    if (type == OV_TYPE_TAR) {
        return tar_has_end(input, at);
    }
    if (type == OV_TYPE_AR || type == OV_TYPE_DEB) {
        return ar_has_end(input, at);
    }
    return type != OV_TYPE_RAR5 || rar5_has_end(input);
}
