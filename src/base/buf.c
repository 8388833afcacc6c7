/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"

void ov_buf_init(struct ov_buf *buf, size_t bytes_max)
{
    *buf = (struct ov_buf){ .priv_max = bytes_max };
}

void ov_buf_done(struct ov_buf *buf)
{
    free(buf->priv_at);
    *buf = (struct ov_buf){ .priv_max = buf->priv_max };
}

void ov_buf_clear(struct ov_buf *buf)
{
    buf->priv_len = 0;
    buf->priv_failed = false;
}

void ov_buf_cut(struct ov_buf *buf, size_t len)
{
    OV_ASSERT(len <= buf->priv_len);
    buf->priv_len = len;
}

bool ov_buf_ok(const struct ov_buf *buf)
{
    return !buf->priv_failed;
}

struct ov_bytes ov_buf_bytes(const struct ov_buf *buf)
{
    return ov_bytes_of(buf->priv_at, buf->priv_len);
}

uint8_t *ov_buf_extend(struct ov_buf *buf, size_t len)
{
    size_t need, cap;
    uint8_t *at;

    if (buf->priv_failed || !ov_add(&need, buf->priv_len, len) || need > buf->priv_max) {
        buf->priv_failed = true;
        return NULL;
    }
    if (need > buf->priv_cap || buf->priv_at == NULL) {
        cap = buf->priv_cap < 256 ? 256 : buf->priv_cap;
        while (cap < need) {
            if (!ov_mul(&cap, cap, (size_t)2)) {
                cap = need;
            }
        }
        if (cap > buf->priv_max) {
            cap = buf->priv_max > need ? buf->priv_max : need;
        }
        at = realloc(buf->priv_at, cap == 0 ? 1 : cap);
        if (at == NULL) {
            buf->priv_failed = true;
            return NULL;
        }
        buf->priv_at = at;
        buf->priv_cap = cap;
    }
    at = buf->priv_at + buf->priv_len;
    buf->priv_len = need;
    return at;
}

void ov_buf_put(struct ov_buf *buf, const void *at, size_t len)
{
    uint8_t *to = ov_buf_extend(buf, len);

    if (to != NULL && len != 0) {
        memcpy(to, at, len);
    }
}

void ov_buf_put_u8(struct ov_buf *buf, uint8_t v)
{
    ov_buf_put(buf, &v, 1);
}

void ov_buf_put_u16le(struct ov_buf *buf, uint16_t v)
{
    const struct ov_le16 le = ov_le16_of(v);

    ov_buf_put(buf, le.b, sizeof(le.b));
}

void ov_buf_put_u32le(struct ov_buf *buf, uint32_t v)
{
    const struct ov_le32 le = ov_le32_of(v);

    ov_buf_put(buf, le.b, sizeof(le.b));
}

void ov_buf_put_u64le(struct ov_buf *buf, uint64_t v)
{
    const struct ov_le64 le = ov_le64_of(v);

    ov_buf_put(buf, le.b, sizeof(le.b));
}

void ov_buf_put_zeros(struct ov_buf *buf, size_t count)
{
    uint8_t *to = ov_buf_extend(buf, count);

    if (to != NULL && count != 0) {
        memset(to, 0, count);
    }
}

void ov_buf_align(struct ov_buf *buf, size_t to)
{
    const size_t over = buf->priv_len % to;

    if (over != 0) {
        ov_buf_put_zeros(buf, to - over);
    }
}

void ov_buf_put_text(struct ov_buf *buf, const char *text)
{
    ov_buf_put(buf, text, strlen(text));
}

void ov_buf_printf(struct ov_buf *buf, const char *fmt, ...)
{
    char small[512];
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    if (len < 0) {
        buf->priv_failed = true;
        return;
    }
    if ((size_t)len < sizeof(small)) {
        ov_buf_put(buf, small, (size_t)len);
        return;
    }
    /* vsnprintf wants room for its NUL, which is taken back at once. */
    {
        uint8_t *to = ov_buf_extend(buf, (size_t)len + 1);

        if (to == NULL) {
            return;
        }
        va_start(ap, fmt);
        (void)vsnprintf((char *)to, (size_t)len + 1, fmt, ap);
        va_end(ap);
        buf->priv_len--;
    }
}

void ov_buf_set(struct ov_buf *buf, size_t off, const void *at, size_t len)
{
    if (buf->priv_failed) {
        return;
    }
    OV_ASSERT(off <= buf->priv_len && buf->priv_len - off >= len);
    memcpy(buf->priv_at + off, at, len);
}

void ov_buf_set_u32le(struct ov_buf *buf, size_t off, uint32_t v)
{
    const struct ov_le32 le = ov_le32_of(v);

    ov_buf_set(buf, off, le.b, sizeof(le.b));
}

uint8_t *ov_buf_steal(struct ov_buf *buf, size_t *len)
{
    uint8_t *at = buf->priv_failed ? NULL : buf->priv_at;

    if (at == NULL) {
        return NULL;
    }
    *len = buf->priv_len;
    buf->priv_at = NULL;
    buf->priv_len = 0;
    buf->priv_cap = 0;
    return at;
}
