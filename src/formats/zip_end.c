/* SPDX-License-Identifier: Apache-2.0 */
/* zip_end.c - finds the end record of a zip. Trusts nothing: the four magic bytes occur in every
 * program that reads zips, so a record counts only if a central directory is where it says. */
#include "formats/zip_end.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/peek.h"

#define END_BYTES       22u
#define END64_BYTES     56u
#define LOCATOR64_BYTES 20u

/* Magic bytes without a directory behind them, as programs hold them; more is an attack. */
#define CANDIDATES_MAX 64u

static bool magic_at(const struct ov_input *input, uint64_t off, const char *magic)
{
    uint8_t got[4];

    return ov_input_read(input, off, got, sizeof(got)) == sizeof(got)
           && memcmp(got, magic, sizeof(got)) == 0;
}

/* Zip64 end record (4.3.14) in front of the locator at `locator`: where it says, or, when data lies
 * before the zip, right before the locator. */
static bool read_end64(const struct ov_input *input, uint64_t locator, uint64_t *end_of_directory,
        uint64_t *bytes, uint64_t *offset)
{
    uint8_t raw[END64_BYTES];
    struct ov_bytes b = ov_bytes_of(raw, sizeof(raw));
    uint64_t places[2];

    if (ov_input_read(input, locator, raw, LOCATOR64_BYTES) != LOCATOR64_BYTES) {
        return false;
    }
    places[0] = ov_u64le_at(b, 8, 0);
    places[1] = locator < END64_BYTES ? 0 : locator - END64_BYTES;
    for (size_t i = 0; i < 2; i++) {
        if (places[i] < locator && magic_at(input, places[i], "PK\6\6")
                && ov_input_read(input, places[i], raw, sizeof(raw)) == sizeof(raw)) {
            *end_of_directory = places[i];
            *bytes = ov_u64le_at(b, 40, 0);
            *offset = ov_u64le_at(b, 48, 0);
            return true;
        }
    }
    return false;
}

/* `record`: the END_BYTES at `at`. */
static bool check_end(
        const struct ov_input *input, uint64_t at, struct ov_bytes record, struct ov_zip_end *out)
{
    const uint64_t comment = ov_u16le_at(record, 20, 0);
    const uint64_t left = input->size - at - END_BYTES;
    uint64_t bytes = ov_u32le_at(record, 12, 0);
    uint64_t offset = ov_u32le_at(record, 16, 0);
    uint64_t end_of_directory = at;
    struct ov_zip_end found = {
        .at = at,
        .after = at + END_BYTES + (comment < left ? comment : left),
        .exact = comment == left,
        .multivolume = (ov_u16le_at(record, 4, 0) != 0 && ov_u16le_at(record, 4, 0) != 0xffff)
                       || (ov_u16le_at(record, 6, 0) != 0 && ov_u16le_at(record, 6, 0) != 0xffff),
    };

    if (at >= LOCATOR64_BYTES && magic_at(input, at - LOCATOR64_BYTES, "PK\6\7")) {
        /* False leaves the 32-bit numbers, which are right in small archives. */
        (void)read_end64(input, at - LOCATOR64_BYTES, &end_of_directory, &bytes, &offset);
    }
    if (bytes == 0) {
        found.directory = end_of_directory;
        *out = found;
        return ov_u16le_at(record, 10, 1) == 0;
    }
    if (bytes <= end_of_directory && magic_at(input, end_of_directory - bytes, "PK\1\2")) {
        found.directory = end_of_directory - bytes;
        found.base = found.directory - offset;
    } else if (offset < end_of_directory && magic_at(input, offset, "PK\1\2")) {
        found.directory = offset;
    } else {
        return false;
    }
    found.directory_bytes = end_of_directory - found.directory;
    *out = found;
    return true;
}

/* Positions looked at together. Every object ends in 64 KiB of this, so it has to be quick: the two
 * rarest bytes of the magic are compared without a branch, which compilers turn into vectors. */
#define STRIDE 64u

static bool stride_may_hold(const uint8_t *p)
{
    uint8_t any = 0;

    for (size_t i = 0; i < STRIDE; i++) {
        any |= (uint8_t)((p[i + 2] == 5) & (p[i + 3] == 6));
    }
    return any != 0;
}

/* The last record among the `count` positions from `at`. */
static bool search_stride(const struct ov_input *input, struct ov_bytes tail, uint64_t tail_at,
        uint64_t at, uint64_t count, uint32_t *candidates, struct ov_zip_end *out)
{
    for (uint64_t i = at + count; i > at; i--) {
        struct ov_bytes record;

        if (ov_has(tail, i - 1, "PK\5\6", 4) && ov_bytes_slice(tail, i - 1, END_BYTES, &record)) {
            if (check_end(input, tail_at + i - 1, record, out)) {
                return true;
            }
            ++*candidates;
        }
    }
    return false;
}

/* From the back: the last record that holds counts. */
static bool search(const struct ov_input *input, struct ov_bytes tail, uint64_t tail_at,
        struct ov_zip_end *out)
{
    const uint8_t *p = ov_bytes_raw(tail);
    uint32_t candidates = 0;
    uint64_t left;

    if (ov_bytes_len(tail) < END_BYTES) {
        return false;
    }
    left = ov_bytes_len(tail) - END_BYTES + 1; /* positions 0 .. left-1; each has its 22 bytes */
    while (left >= STRIDE && candidates < CANDIDATES_MAX) {
        left -= STRIDE;
        if (stride_may_hold(p + left)
                && search_stride(input, tail, tail_at, left, STRIDE, &candidates, out)) {
            return true;
        }
    }
    return left < STRIDE && search_stride(input, tail, tail_at, 0, left, &candidates, out);
}

/* Of its own so that small files do not pay for the buffer. */
static __attribute__((noinline)) bool search_read(
        const struct ov_input *input, struct ov_zip_end *out)
{
    _Alignas(64) uint8_t buf[OV_ZIP_TAIL_BYTES]; /* where the kernel copies quickly */
    const uint64_t want = input->size < sizeof(buf) ? input->size : sizeof(buf);
    const uint64_t at = input->size - want;
    const size_t got = ov_input_read(input, at, buf, (size_t)want);

    return search(input, ov_bytes_of(buf, got), at, out);
}

bool ov_zip_end_find(const struct ov_input *input, struct ov_zip_end *out)
{
    const uint64_t size = input->size;
    const uint64_t want = size < OV_ZIP_TAIL_BYTES ? size : OV_ZIP_TAIL_BYTES;
    struct ov_bytes tail;

    if (!ov_input_lend(input, size - want, want, &tail)) {
        return search_read(input, out);
    }
    return search(input, tail, size - want, out);
}
