/* SPDX-License-Identifier: Apache-2.0 */
/* pe.c - places in a PE file, for the parsers of the module pe. */
#include "formats/pe.h"

#include <string.h>

bool ov_pe_file_open(struct ov_pe *pe, struct ov_pages *pages)
{
    const struct ov_image image = ov_image_on(pages);

    pe->pages = pages;
    return ov_pe_open(&image, &pe->layout);
}

bool ov_pe_directory_at(
        const struct ov_pe *pe, enum ov_pe_directory number, uint64_t *at, uint32_t *bytes)
{
    uint32_t rva;

    return ov_pe_directory(&pe->layout, number, &rva, bytes) && rva != 0
           && ov_pe_file_offset(pe, rva, at);
}

bool ov_pe_word(const struct ov_pe *pe, uint64_t at, uint64_t *out)
{
    uint32_t narrow;

    if (pe->layout.wide) {
        return ov_pages_u64le(pe->pages, at, out);
    }
    if (!ov_pages_u32le(pe->pages, at, &narrow)) {
        return false;
    }
    *out = narrow;
    return true;
}

struct ov_bytes ov_pe_text(const struct ov_pe *pe, uint64_t at, uint64_t max)
{
    const struct ov_bytes some = ov_pages_lend_some(pe->pages, at, max);
    const uint8_t *raw = ov_bytes_raw(some);
    const uint8_t *end =
            ov_bytes_len(some) == 0 ? NULL : memchr(raw, 0, (size_t)ov_bytes_len(some));
    struct ov_bytes text = some;

    if (end != NULL && !ov_bytes_slice(some, 0, (uint64_t)(end - raw), &text)) {
        return some;
    }
    return text;
}
