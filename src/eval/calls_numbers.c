/* SPDX-License-Identifier: Apache-2.0 */
/* calls_numbers.c - what math and string do with single numbers and texts. */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "eval/calls.h"

struct ov_value ov_call_in_range(struct ov_call *call)
{
    const double v = ov_call_float(call, 0);

    return ov_value_int(ov_call_float(call, 1) <= v && v <= ov_call_float(call, 2));
}

/* Both compare as unsigned: min(-1, 2) is 2. */
struct ov_value ov_call_min(struct ov_call *call)
{
    const int64_t a = ov_call_int(call, 0), b = ov_call_int(call, 1);

    return ov_value_int((uint64_t)a < (uint64_t)b ? a : b);
}

struct ov_value ov_call_max(struct ov_call *call)
{
    const int64_t a = ov_call_int(call, 0), b = ov_call_int(call, 1);

    return ov_value_int((uint64_t)a > (uint64_t)b ? a : b);
}

struct ov_value ov_call_to_number(struct ov_call *call)
{
    return ov_value_int(ov_value_is_true(call->arguments[0]));
}

struct ov_value ov_call_abs(struct ov_call *call)
{
    const int64_t v = ov_call_int(call, 0);

    return ov_value_int(v < 0 ? (int64_t)(0 - (uint64_t)v) : v);
}

struct ov_value ov_call_to_string(struct ov_call *call)
{
    const int64_t v = ov_call_int(call, 0);
    const int64_t base = call->field == OV_MATH_TO_STRING_OF_I ? 10 : ov_call_int(call, 1);
    char text[32];
    int len;

    switch (base) {
    case 10:
        len = snprintf(text, sizeof(text), "%" PRId64, v);
        break;
    case 8:
        len = snprintf(text, sizeof(text), "%" PRIo64, (uint64_t)v);
        break;
    case 16:
        len = snprintf(text, sizeof(text), "%" PRIx64, (uint64_t)v);
        break;
    default:
        return ov_value_undefined();
    }
    return ov_call_give(call, ov_bytes_of(text, (size_t)len));
}

struct ov_value ov_call_length(struct ov_call *call)
{
    return ov_value_int((int64_t)ov_bytes_len(ov_call_text(call, 0)));
}

/* --- to_int ---------------------------------------------------------------------------------- */

static unsigned digit_of(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - (unsigned)'0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'z' ? c - (unsigned)'a' + 10 : 99;
}

/* "0x" in front of a hexadecimal digit. */
static bool has_hex_prefix(struct ov_reader r)
{
    uint8_t zero, x, digit;

    return ov_read_u8(&r, &zero) && ov_read_u8(&r, &x) && ov_read_u8(&r, &digit) && zero == '0'
           && (x | 0x20) == 'x' && digit_of(digit) < 16;
}

/* As strtoll reads a whole text: white space, a sign, a prefix that goes with the base. */
static bool read_number(struct ov_bytes text, unsigned base, int64_t *out)
{
    struct ov_reader r = ov_reader_on(text), ahead = r;
    bool negative = false, any = false;
    uint64_t v = 0;
    uint8_t c;

    while (ov_read_u8(&ahead, &c) && isspace(c) != 0) {
        r = ahead;
    }
    ahead = r;
    if (ov_read_u8(&ahead, &c) && (c == '+' || c == '-')) {
        negative = c == '-';
        r = ahead;
    }
    if ((base == 0 || base == 16) && has_hex_prefix(r)) {
        base = 16;
        (void)!ov_read_skip(&r, 2);
    }
    ahead = r;
    if (base == 0) {
        base = ov_read_u8(&ahead, &c) && c == '0' ? 8 : 10;
    }
    while (ov_read_u8(&r, &c)) {
        const unsigned digit = digit_of(c);
        const uint64_t limit = (uint64_t)INT64_MAX + negative;

        if (c == '\0') {
            break; /* the end of a C string, whatever comes behind it */
        }
        if (digit >= base || v > (limit - digit) / base) {
            return false;
        }
        v = v * base + digit;
        any = true;
    }
    *out = (int64_t)(negative ? 0 - v : v);
    return any;
}

struct ov_value ov_call_to_int(struct ov_call *call)
{
    const struct ov_bytes text = ov_call_text(call, 0);
    const int64_t base = call->field == OV_STRING_TO_INT_OF_S ? 0 : ov_call_int(call, 1);
    int64_t v;

    if (!ov_machine_charge(call->m, 1 + ov_bytes_len(text) / 16)
            || !(base == 0 || (base >= 2 && base <= 36))
            || !read_number(text, (unsigned)base, &v)) {
        return ov_value_undefined();
    }
    return ov_value_int(v);
}
