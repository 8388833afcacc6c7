/* SPDX-License-Identifier: Apache-2.0 */
/* pdf_words.c - the letters, names, numbers and strings that a PDF is written
 * in (ISO 32000-2 7.2, 7.3). */
#include "formats/pdf_words.h"

#include <string.h>

#include "formats/decode.h"
#include "formats/peek.h"

bool ov_pdf_is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == 0;
}

bool ov_pdf_is_regular(uint8_t c)
{
    return !ov_pdf_is_blank(c) && strchr("()<>[]{}/%", c) == NULL;
}

uint64_t ov_pdf_skip_blanks(struct ov_bytes b, uint64_t at)
{
    while (at < ov_bytes_len(b) && ov_pdf_is_blank(ov_u8_at(b, at, 0))) {
        at++;
    }
    return at;
}

uint64_t ov_pdf_skip_space(struct ov_bytes b, uint64_t at)
{
    at = ov_pdf_skip_blanks(b, at);
    while (ov_u8_at(b, at, 0) == '%') {
        while (at < ov_bytes_len(b) && ov_u8_at(b, at, 0) != '\n' && ov_u8_at(b, at, 0) != '\r') {
            at++;
        }
        at = ov_pdf_skip_blanks(b, at);
    }
    return at;
}

uint64_t ov_pdf_value_of(struct ov_bytes b, uint64_t from, const char *key)
{
    const size_t len = strlen(key);
    uint64_t at = from;

    while ((at = ov_bytes_find(b, at, key, len)) != UINT64_MAX) {
        at += len;
        if (!ov_pdf_is_regular(ov_u8_at(b, at, ' '))) {
            return ov_pdf_skip_space(b, at);
        }
    }
    return UINT64_MAX;
}

bool ov_pdf_number_at(struct ov_bytes b, uint64_t at, uint64_t *out)
{
    uint64_t v = 0, i = at;

    while (i < at + 12 && ov_u8_at(b, i, 0) >= '0' && ov_u8_at(b, i, 0) <= '9') {
        v = v * 10 + ov_u8_at(b, i++, 0) - '0';
    }
    *out = v;
    return i > at;
}

bool ov_pdf_number_of(struct ov_bytes b, const char *key, uint64_t *out)
{
    const uint64_t at = ov_pdf_value_of(b, 0, key);
    const bool negative = ov_u8_at(b, at, 0) == '-';

    if (at == UINT64_MAX || !ov_pdf_number_at(b, at + (negative ? 1 : 0), out)) {
        return false;
    }
    *out = negative ? 0 - *out : *out;
    return true;
}

uint64_t ov_pdf_put_string(struct ov_buf *out, struct ov_bytes b, uint64_t at)
{
    static const char from[] = "nrtbf", to[] = "\n\r\t\b\f";
    uint32_t depth = 0;

    for (; at < ov_bytes_len(b); at++) {
        uint8_t c = ov_u8_at(b, at, 0);

        if (c == '(') {
            depth++;
            if (depth == 1) {
                continue;
            }
        } else if (c == ')' && --depth == 0) {
            return at + 1;
        } else if (c == '\\') {
            uint32_t v = 0;
            unsigned digits = 0;
            const char *found;

            c = ov_u8_at(b, ++at, 0);
            while (digits < 3 && ov_u8_at(b, at + digits, 0) >= '0'
                    && ov_u8_at(b, at + digits, 0) <= '7') {
                v = v * 8 + ov_u8_at(b, at + digits++, 0) - '0';
            }
            found = c == 0 ? NULL : strchr(from, c);
            if (digits > 0) {
                at += digits - 1;
                c = (uint8_t)v;
            } else if (found != NULL) {
                c = (uint8_t)to[found - from];
            } else if (c == '\r' || c == '\n') {
                at += c == '\r' && ov_u8_at(b, at + 1, 0) == '\n' ? 1 : 0;
                continue;
            }
        }
        ov_buf_put_u8(out, c);
    }
    return at;
}

uint64_t ov_pdf_take_string(struct ov_bytes b, uint64_t at, struct ov_buf *out)
{
    uint64_t end;

    if (ov_u8_at(b, at, 0) == '(') {
        return ov_pdf_put_string(out, b, at);
    }
    if (ov_u8_at(b, at, 0) != '<' || ov_u8_at(b, at + 1, 0) == '<') {
        return UINT64_MAX;
    }
    end = ov_bytes_find(b, at, ">", 1);
    ov_decode_hex(out, ov_bytes_between(b, at, end));
    return end == UINT64_MAX ? ov_bytes_len(b) : end;
}

bool ov_pdf_string_of(struct ov_bytes b, const char *key, struct ov_buf *out)
{
    const uint64_t at = ov_pdf_value_of(b, 0, key);

    return at != UINT64_MAX && ov_pdf_take_string(b, at, out) != UINT64_MAX && ov_buf_ok(out);
}
