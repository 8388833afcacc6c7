/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - an executable as its parsers see it: numbers at offsets, wherever its bytes lie.
 *
 * Offsets and sizes come from whoever made the file. What is not there reads as 0; a parser that
 * must know the difference asks ov_image_has first, as it does before it walks a table. */
#ifndef OV_FORMATS_IMAGE_H
#define OV_FORMATS_IMAGE_H

#include "base/pages.h"

struct ov_image {
    struct ov_pages *pages; /* borrowed */
    uint64_t from;          /* where it begins in the object */
    uint64_t size;
    uint64_t base;  /* the address it was mapped at, if it is a process's memory */
    bool is_memory; /* then places are addresses, else offsets */
};

static inline struct ov_image ov_image_on(struct ov_pages *pages)
{
    return (struct ov_image){ .pages = pages, .size = ov_pages_size(pages) };
}

static inline bool ov_image_has(const struct ov_image *image, uint64_t at, uint64_t len)
{
    return len <= image->size && at <= image->size - len;
}

/* The part [at, at + len). False: it is not all there. */
OV_MUST_CHECK static inline bool ov_image_part(
        const struct ov_image *image, uint64_t at, uint64_t len, struct ov_image *out)
{
    if (!ov_image_has(image, at, len)) {
        return false;
    }
    *out = *image;
    out->from += at;
    out->size = len;
    return true;
}

static inline uint8_t ov_image_u8(const struct ov_image *image, uint64_t at)
{
    uint8_t v;

    return ov_image_has(image, at, 1) && ov_pages_u8(image->pages, image->from + at, &v) ? v : 0;
}

static inline uint16_t ov_image_u16le(const struct ov_image *image, uint64_t at)
{
    uint16_t v;

    return ov_image_has(image, at, 2) && ov_pages_u16le(image->pages, image->from + at, &v) ? v : 0;
}

static inline uint32_t ov_image_u32le(const struct ov_image *image, uint64_t at)
{
    uint32_t v;

    return ov_image_has(image, at, 4) && ov_pages_u32le(image->pages, image->from + at, &v) ? v : 0;
}

static inline uint64_t ov_image_u64le(const struct ov_image *image, uint64_t at)
{
    uint64_t v;

    return ov_image_has(image, at, 8) && ov_pages_u64le(image->pages, image->from + at, &v) ? v : 0;
}

static inline uint32_t ov_image_u32be(const struct ov_image *image, uint64_t at)
{
    return __builtin_bswap32(ov_image_u32le(image, at));
}

static inline uint64_t ov_image_u64be(const struct ov_image *image, uint64_t at)
{
    return __builtin_bswap64(ov_image_u64le(image, at));
}

/* How many bytes from `at` stand before the first NUL, looked for up to `end`. False: there is no
 * NUL before that. */
OV_MUST_CHECK bool ov_image_text_len(
        const struct ov_image *image, uint64_t at, uint64_t end, uint64_t *len);

/* At most OV_PAGES_LEND_BYTES, valid until the next read. */
OV_MUST_CHECK bool ov_image_lend(
        const struct ov_image *image, uint64_t at, uint64_t len, struct ov_bytes *out);

/* Copies [at, at + len). False: not all of it is there. */
OV_MUST_CHECK bool ov_image_copy(const struct ov_image *image, uint64_t at, void *out, size_t len);

#endif
