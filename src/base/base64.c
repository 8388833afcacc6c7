/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#define NO_VALUE 64u

static unsigned value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - (unsigned)'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - (unsigned)'a' + 26u;
    }
    if (c >= '0' && c <= '9') {
        return c - (unsigned)'0' + 52u;
    }
    return c == '+' ? 62u : c == '/' ? 63u : NO_VALUE;
}

const char *ov_base64_decode(struct ov_bytes text, uint8_t *out, size_t cap, size_t *len)
{
    const uint8_t *in = ov_bytes_raw(text);
    const size_t in_len = (size_t)ov_bytes_len(text);
    size_t chars = in_len, bytes = 0;
    uint32_t bits = 0;

    if (in_len % 4 != 0) {
        return "base64 whose length is no multiple of four";
    }
    while (chars > 0 && in_len - chars < 2 && in[chars - 1] == '=') {
        chars--;
    }
    for (size_t i = 0; i < chars; i++) {
        const unsigned v = value_of(in[i]);

        if (v == NO_VALUE) {
            return "a character that is none of base64";
        }
        bits = bits << 6 | v; /* older bits fall off the top */
        if (i % 4 == 0) {
            continue;
        }
        if (out != NULL) {
            if (bytes == cap) {
                return "more base64 than fits here";
            }
            out[bytes] = (uint8_t)(bits >> (6 - i % 4 * 2));
        }
        bytes++;
    }
    /* Four bits are left over behind one byte, two behind two. */
    if ((chars % 4 == 2 && (bits & 15u) != 0) || (chars % 4 == 3 && (bits & 3u) != 0)) {
        return "base64 with bits set behind its last byte";
    }
    *len = bytes;
    return NULL;
}

void ov_base64_put(struct ov_buf *out, struct ov_bytes bytes)
{
    const uint8_t *in = ov_bytes_raw(bytes);
    const size_t len = (size_t)ov_bytes_len(bytes);

    for (size_t i = 0; i < len; i += 3) {
        const size_t left = len - i;
        const uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0)
                              | (left > 2 ? in[i + 2] : 0);

        ov_buf_put_u8(out, (uint8_t)alphabet[bits >> 18]);
        ov_buf_put_u8(out, (uint8_t)alphabet[bits >> 12 & 63]);
        ov_buf_put_u8(out, (uint8_t)(left > 1 ? alphabet[bits >> 6 & 63] : '='));
        ov_buf_put_u8(out, (uint8_t)(left > 2 ? alphabet[bits & 63] : '='));
    }
}
