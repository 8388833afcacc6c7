/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pages.h"

#include <string.h>

#include "base/le.h"

void ov_pages_on(struct ov_pages *pages, struct ov_source *source)
{
    pages->priv_source = source;
    for (unsigned i = 0; i < OV_PAGES_COUNT; i++) {
        pages->priv_pages[i].number = UINT64_MAX;
    }
}

uint64_t ov_pages_size(const struct ov_pages *pages)
{
    return pages->priv_source->size;
}

/* The page with this number, read if need be. Neighbours lie in different places. */
static const struct ov_page *page_at(struct ov_pages *pages, uint64_t number)
{
    struct ov_page *page = &pages->priv_pages[number % OV_PAGES_COUNT];

    if (page->number != number) {
        page->len = ov_source_read(
                pages->priv_source, number * OV_PAGES_BYTES, page->bytes, OV_PAGES_BYTES);
        page->number = number;
    }
    return page;
}

size_t ov_pages_read(struct ov_pages *pages, uint64_t off, void *out, size_t len)
{
    const uint64_t size = pages->priv_source->size;
    size_t got = 0;

    if (off >= size) {
        return 0;
    }
    if (len > size - off) {
        len = (size_t)(size - off);
    }
    while (got < len) {
        const struct ov_page *page = page_at(pages, (off + got) / OV_PAGES_BYTES);
        const size_t at = (size_t)((off + got) % OV_PAGES_BYTES);
        size_t part = len - got;

        if (at >= page->len) {
            break; /* the object is shorter than it said */
        }
        if (part > page->len - at) {
            part = page->len - at;
        }
        memcpy((uint8_t *)out + got, page->bytes + at, part);
        got += part;
    }
    return got;
}

struct ov_bytes ov_pages_lend_some(struct ov_pages *pages, uint64_t off, uint64_t len)
{
    const uint64_t size = pages->priv_source->size;
    const size_t at = (size_t)(off % OV_PAGES_BYTES);
    struct ov_bytes out;

    if (off >= size) {
        return ov_bytes_of(NULL, 0);
    }
    if (len > size - off) {
        len = size - off;
    }
    if (len > OV_PAGES_LEND_BYTES) {
        len = OV_PAGES_LEND_BYTES;
    }
    if (len <= OV_PAGES_BYTES - at) {
        const struct ov_page *page = page_at(pages, off / OV_PAGES_BYTES);

        if (ov_bytes_slice(ov_bytes_of(page->bytes, page->len), at, len, &out)) {
            return out;
        }
    }
    return ov_bytes_of(
            pages->priv_scratch, ov_pages_read(pages, off, pages->priv_scratch, (size_t)len));
}

bool ov_pages_lend(struct ov_pages *pages, uint64_t off, uint64_t len, struct ov_bytes *out)
{
    const struct ov_bytes some = ov_pages_lend_some(pages, off, len);

    if (ov_bytes_len(some) != len || off > pages->priv_source->size) {
        return false;
    }
    *out = some;
    return true;
}

bool ov_pages_u8(struct ov_pages *pages, uint64_t off, uint8_t *out)
{
    return ov_pages_read(pages, off, out, 1) == 1;
}

bool ov_pages_u16le(struct ov_pages *pages, uint64_t off, uint16_t *out)
{
    struct ov_le16 v;

    if (ov_pages_read(pages, off, &v, sizeof(v)) != sizeof(v)) {
        return false;
    }
    *out = ov_le16_get(v);
    return true;
}

bool ov_pages_u32le(struct ov_pages *pages, uint64_t off, uint32_t *out)
{
    struct ov_le32 v;

    if (ov_pages_read(pages, off, &v, sizeof(v)) != sizeof(v)) {
        return false;
    }
    *out = ov_le32_get(v);
    return true;
}

bool ov_pages_u64le(struct ov_pages *pages, uint64_t off, uint64_t *out)
{
    struct ov_le64 v;

    if (ov_pages_read(pages, off, &v, sizeof(v)) != sizeof(v)) {
        return false;
    }
    *out = ov_le64_get(v);
    return true;
}

bool ov_pages_u16be(struct ov_pages *pages, uint64_t off, uint16_t *out)
{
    uint16_t v;

    if (!ov_pages_u16le(pages, off, &v)) {
        return false;
    }
    *out = __builtin_bswap16(v);
    return true;
}

bool ov_pages_u32be(struct ov_pages *pages, uint64_t off, uint32_t *out)
{
    uint32_t v;

    if (!ov_pages_u32le(pages, off, &v)) {
        return false;
    }
    *out = __builtin_bswap32(v);
    return true;
}

bool ov_pages_u64be(struct ov_pages *pages, uint64_t off, uint64_t *out)
{
    uint64_t v;

    if (!ov_pages_u64le(pages, off, &v)) {
        return false;
    }
    *out = __builtin_bswap64(v);
    return true;
}

bool ov_pages_text(struct ov_pages *pages, uint64_t off, uint64_t len_max, struct ov_bytes *out)
{
    const struct ov_bytes some = ov_pages_lend_some(pages, off, len_max);
    const uint8_t *raw = ov_bytes_raw(some);
    const uint8_t *end =
            ov_bytes_len(some) == 0 ? NULL : memchr(raw, 0, (size_t)ov_bytes_len(some));

    if (end == NULL) {
        return false;
    }
    return ov_bytes_slice(some, 0, (uint64_t)(end - raw), out);
}
