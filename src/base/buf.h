/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - bytes we write: a growing buffer with a cap and a sticky failure.
 *
 * Every put returns nothing; ask ov_buf_ok once, at the end. After a failure puts do nothing.
 */
#ifndef OV_BASE_BUF_H
#define OV_BASE_BUF_H

#include "base/bytes.h"

struct ov_buf {
    uint8_t *priv_at; /* owned */
    size_t priv_len;
    size_t priv_cap;
    size_t priv_max;
    bool priv_failed;
};

void ov_buf_init(struct ov_buf *buf, size_t bytes_max);
void ov_buf_done(struct ov_buf *buf);
void ov_buf_clear(struct ov_buf *buf);

bool ov_buf_ok(const struct ov_buf *buf);
struct ov_bytes ov_buf_bytes(const struct ov_buf *buf); /* lent until the next put */

void ov_buf_put(struct ov_buf *buf, const void *at, size_t len);
void ov_buf_put_u8(struct ov_buf *buf, uint8_t v);
void ov_buf_put_u16le(struct ov_buf *buf, uint16_t v);
void ov_buf_put_u32le(struct ov_buf *buf, uint32_t v);
void ov_buf_put_u64le(struct ov_buf *buf, uint64_t v);
void ov_buf_put_zeros(struct ov_buf *buf, size_t count);
void ov_buf_align(struct ov_buf *buf, size_t to); /* zeros up to a multiple of `to` */
void ov_buf_put_text(struct ov_buf *buf, const char *text);
void ov_buf_printf(struct ov_buf *buf, const char *fmt, ...) OV_PRINTF(2, 3);

/* Leaves the first `len` bytes. */
void ov_buf_cut(struct ov_buf *buf, size_t len);

/* Overwrites bytes written before, at `off`. */
void ov_buf_set(struct ov_buf *buf, size_t off, const void *at, size_t len);
void ov_buf_set_u32le(struct ov_buf *buf, size_t off, uint32_t v);

/* Where `len` writable bytes were appended, or NULL. Lent until the next put. */
uint8_t *ov_buf_extend(struct ov_buf *buf, size_t len) OV_MUST_CHECK;

/* Takes the bytes out; free() them. NULL when empty or failed. */
uint8_t *ov_buf_steal(struct ov_buf *buf, size_t *len) OV_MUST_CHECK;

#endif
