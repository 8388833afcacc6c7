/* SPDX-License-Identifier: Apache-2.0 */
/* pages.h - reading here and there in an object that need not lie in memory: for parsers that
 * follow offsets. A few pages are kept, so that neighbours cost no system call.
 *
 * Every function says false, and leaves its output alone, when not all of what was asked for is
 * there; none of them believes an offset. */
#ifndef OV_BASE_PAGES_H
#define OV_BASE_PAGES_H

#include "base/source.h"

#define OV_PAGES_BYTES      (16u * 1024u)
#define OV_PAGES_COUNT      16u
#define OV_PAGES_LEND_BYTES (64u * 1024u) /* the most that is lent at once */

struct ov_page {
    uint64_t number; /* UINT64_MAX: empty */
    size_t len;
    uint8_t bytes[OV_PAGES_BYTES];
};

struct ov_pages {
    struct ov_source *priv_source; /* borrowed */
    struct ov_page priv_pages[OV_PAGES_COUNT];
    uint8_t priv_scratch[OV_PAGES_LEND_BYTES];
};

/* 330 KiB: allocate it. */
void ov_pages_on(struct ov_pages *pages, struct ov_source *source);
uint64_t ov_pages_size(const struct ov_pages *pages);

/* Copies up to `len` bytes; returns how many there were. */
size_t ov_pages_read(struct ov_pages *pages, uint64_t off, void *out, size_t len);

/* At most OV_PAGES_LEND_BYTES, valid until the next call on these pages. */
OV_MUST_CHECK bool ov_pages_lend(
        struct ov_pages *pages, uint64_t off, uint64_t len, struct ov_bytes *out);
/* As many as there are, at most `len` and OV_PAGES_LEND_BYTES; possibly none. */
struct ov_bytes ov_pages_lend_some(struct ov_pages *pages, uint64_t off, uint64_t len);

OV_MUST_CHECK bool ov_pages_u8(struct ov_pages *pages, uint64_t off, uint8_t *out);
OV_MUST_CHECK bool ov_pages_u16le(struct ov_pages *pages, uint64_t off, uint16_t *out);
OV_MUST_CHECK bool ov_pages_u32le(struct ov_pages *pages, uint64_t off, uint32_t *out);
OV_MUST_CHECK bool ov_pages_u64le(struct ov_pages *pages, uint64_t off, uint64_t *out);
OV_MUST_CHECK bool ov_pages_u16be(struct ov_pages *pages, uint64_t off, uint16_t *out);
OV_MUST_CHECK bool ov_pages_u32be(struct ov_pages *pages, uint64_t off, uint32_t *out);
OV_MUST_CHECK bool ov_pages_u64be(struct ov_pages *pages, uint64_t off, uint64_t *out);

/* The bytes before the first NUL, looked for within `len_max` bytes (at most
 * OV_PAGES_LEND_BYTES). False: none found before that or before the object's end. Lent as above. */
OV_MUST_CHECK bool ov_pages_text(
        struct ov_pages *pages, uint64_t off, uint64_t len_max, struct ov_bytes *out);

#endif
