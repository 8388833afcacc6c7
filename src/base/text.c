/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

/* Length of the well-formed UTF-8 sequence at the start of p (RFC 3629 section 4), or 0. */
static size_t utf8_sequence(const uint8_t *p, size_t left, uint32_t *code)
{
    uint32_t c;
    size_t len;

    if (left == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        len = 2;
        c = p[0] & 0x1fu;
    } else if (p[0] >= 0xe0 && p[0] <= 0xef) {
        len = 3;
        c = p[0] & 0x0fu;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        len = 4;
        c = p[0] & 0x07u;
    } else {
        return 0;
    }
    if (left < len) {
        return 0;
    }
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0u) != 0x80) {
            return 0;
        }
        c = c << 6 | (p[i] & 0x3fu);
    }
    if ((len == 3 && c < 0x800) || (len == 4 && (c < 0x10000 || c > 0x10ffff))
            || (c >= 0xd800 && c <= 0xdfff)) {
        return 0;
    }
    *code = c;
    return len;
}

/* Characters that move the cursor, reorder text or end lines where a reader sees none. */
static bool acts_on_terminal(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x61c
           || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e)
           || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb)
           || (c >= 0xe0000 && c <= 0xe0fff);
}

static void put_hex_bytes(struct ov_buf *out, const uint8_t *p, size_t len, const char *prefix)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        ov_buf_put_text(out, prefix);
        ov_buf_put_u8(out, (uint8_t)digits[p[i] >> 4]);
        ov_buf_put_u8(out, (uint8_t)digits[p[i] & 15]);
    }
}

static void escape(struct ov_buf *out, struct ov_bytes text, bool is_source)
{
    const uint8_t *p = ov_bytes_raw(text);
    size_t left = (size_t)ov_bytes_len(text);

    while (left > 0) {
        uint32_t c = 0;
        size_t len = utf8_sequence(p, left, &c);

        if (len == 0) {
            put_hex_bytes(out, p, 1, "\\x");
            len = 1;
        } else if (is_source && (c == '\n' || c == '\t' || c == '\\')) {
            ov_buf_put_u8(out, (uint8_t)c);
        } else if (c == '\n') {
            ov_buf_put_text(out, "\\n");
        } else if (c == '\r') {
            ov_buf_put_text(out, "\\r");
        } else if (c == '\t') {
            ov_buf_put_text(out, "\\t");
        } else if (c == '\\') {
            ov_buf_put_text(out, "\\\\");
        } else if (acts_on_terminal(c)) {
            put_hex_bytes(out, p, len, "\\x");
        } else {
            ov_buf_put(out, p, len);
        }
        p += len;
        left -= len;
    }
}

void ov_text_escape(struct ov_buf *out, struct ov_bytes text)
{
    escape(out, text, false);
}

void ov_text_escape_source(struct ov_buf *out, struct ov_bytes text)
{
    escape(out, text, true);
}

void ov_text_json(struct ov_buf *out, struct ov_bytes text)
{
    const uint8_t *p = ov_bytes_raw(text);
    size_t left = (size_t)ov_bytes_len(text);

    ov_buf_put_u8(out, '"');
    while (left > 0) {
        uint32_t c = 0;
        size_t len = utf8_sequence(p, left, &c);

        if (len == 0) {
            put_hex_bytes(out, p, 1, "\\\\x");
            len = 1;
        } else if (c == '"' || c == '\\') {
            ov_buf_put_u8(out, '\\');
            ov_buf_put_u8(out, (uint8_t)c);
        } else if (c == '\n') {
            ov_buf_put_text(out, "\\n");
        } else if (c == '\t') {
            ov_buf_put_text(out, "\\t");
        } else if (c == '\r') {
            ov_buf_put_text(out, "\\r");
        } else if (acts_on_terminal(c) && c <= 0xffff) {
            ov_buf_printf(out, "\\u%04x", c);
        } else {
            ov_buf_put(out, p, len);
        }
        p += len;
        left -= len;
    }
    ov_buf_put_u8(out, '"');
}

bool ov_text_is_utf8(struct ov_bytes text)
{
    const uint8_t *p = ov_bytes_raw(text);
    size_t left = (size_t)ov_bytes_len(text);

    while (left > 0) {
        uint32_t c = 0;
        const size_t len = utf8_sequence(p, left, &c);

        if (len == 0) {
            return false;
        }
        p += len;
        left -= len;
    }
    return true;
}

void ov_text_hex(struct ov_buf *out, struct ov_bytes bytes)
{
    put_hex_bytes(out, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), "");
}

void ov_text_put_utf8(struct ov_buf *out, uint32_t c)
{
    if (c < 0x80) {
        ov_buf_put_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        ov_buf_put_u8(out, (uint8_t)(0xc0 | c >> 6));
        ov_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else if (c < 0x10000) {
        ov_buf_put_u8(out, (uint8_t)(0xe0 | c >> 12));
        ov_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        ov_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    } else {
        ov_buf_put_u8(out, (uint8_t)(0xf0 | c >> 18));
        ov_buf_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f)));
        ov_buf_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f)));
        ov_buf_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
    }
}
