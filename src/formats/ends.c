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
static bool rar5_has_end(const struct ov_input *input, uint64_t *end)
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
            *end = type == 5 ? next : 0;
            return true; /* behind an encryption header nothing can be told */
        }
        if (!ov_add(&next, next, data_bytes) || next <= at) {
            return false;
        }
        at = next;
    }
}

/* The record that ends a cpio is one like any other, with this name. */
static uint64_t cpio_end(const struct ov_input *input, uint64_t at)
{
    static const char mark[] = "TRAILER!!!"; /* with its NUL */
    uint8_t raw[160];
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(input, at, raw, sizeof(raw)));

    for (uint64_t i = 0; i < ov_bytes_len(b); i++) {
        if (ov_has(b, i, mark, sizeof(mark))) {
            return at + i + sizeof(mark);
        }
    }
    return 0;
}

/* 7zFormat.txt: the start header says where the other one is, and that is the last. */
static uint64_t end_of_7zip(const struct ov_input *input)
{
    uint8_t raw[32] = { 0 };
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(input, 0, raw, sizeof(raw)));
    uint64_t end;

    return ov_add(&end, ov_u64le_at(b, 12, 0), ov_u64le_at(b, 20, 0))
                           && ov_add(&end, end, (uint64_t)32) && end < input->size
                   ? end
                   : 0;
}

/* [MS-CAB] 2.1: cbCabinet. */
static uint64_t end_of_cab(const struct ov_input *input)
{
    uint8_t raw[12] = { 0 };
    const struct ov_bytes b = ov_bytes_of(raw, ov_input_read(input, 0, raw, sizeof(raw)));
    const uint64_t end = ov_u32le_at(b, 8, 0);

    return end >= 36 && end < input->size ? end : 0;
}

uint64_t ov_archive_end_at(enum ov_type type, const struct ov_input *input, uint64_t at)
{
    uint64_t end = 0;

    if (type == OV_TYPE_TAR) {
        return at;
    }
    if (type == OV_TYPE_CPIO) {
        return cpio_end(input, at);
    }
    if (type == OV_TYPE_7ZIP) {
        return end_of_7zip(input);
    }
    if (type == OV_TYPE_CAB) {
        return end_of_cab(input);
    }
    return type == OV_TYPE_RAR5 && rar5_has_end(input, &end) ? end : 0;
}

bool ov_archive_has_end(enum ov_type type, const struct ov_input *input, uint64_t at)
{
    uint64_t end;

    if (type == OV_TYPE_TAR) {
        return tar_has_end(input, at);
    }
    if (type == OV_TYPE_AR || type == OV_TYPE_DEB) {
        return ar_has_end(input, at);
    }
    return type != OV_TYPE_RAR5 || rar5_has_end(input, &end);
}
