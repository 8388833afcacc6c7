/* SPDX-License-Identifier: Apache-2.0 */
/* pdf_filter.c - undoes the filters of PDF streams. Their input is hostile; every loop goes forward
 * in it, and the output has its buffer's cap. */
#include "formats/pdf_filter.h"

#include <string.h>

#include "base/limits.h"
#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/peek.h"
#include "formats/unpack.h"

/* Bytes of a row that a predictor may look back: more is no picture. */
#define ROW_BYTES_MAX (1u * OV_MIB)

enum ov_pdf_filter ov_pdf_filter_of(struct ov_bytes name)
{
    static const struct {
        const char *name;
        enum ov_pdf_filter filter;
    } names[] = {
        { "FlateDecode", OV_PDF_FLATE },
        { "Fl", OV_PDF_FLATE },
        { "LZWDecode", OV_PDF_LZW },
        { "LZW", OV_PDF_LZW },
        { "ASCIIHexDecode", OV_PDF_HEX },
        { "AHx", OV_PDF_HEX },
        { "ASCII85Decode", OV_PDF_ASCII85 },
        { "A85", OV_PDF_ASCII85 },
        { "RunLengthDecode", OV_PDF_RUNS },
        { "RL", OV_PDF_RUNS },
        { "Crypt", OV_PDF_CRYPT },
        { "DCTDecode", OV_PDF_PICTURE },
        { "DCT", OV_PDF_PICTURE },
        { "JPXDecode", OV_PDF_PICTURE },
        { "CCITTFaxDecode", OV_PDF_PICTURE },
        { "CCF", OV_PDF_PICTURE },
        { "JBIG2Decode", OV_PDF_PICTURE },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (ov_bytes_equal(name, names[i].name, strlen(names[i].name))) {
            return names[i].filter;
        }
    }
    return OV_PDF_UNKNOWN;
}

/* --- LZW, 7.4.4 ----------------------------------------------------------------------------- */

#define LZW_CODES 4096u
#define LZW_CLEAR 256u
#define LZW_END   257u

/* Each code's string lies somewhere in what was made: where it begins, and how long it is. */
struct lzw {
    uint64_t from[LZW_CODES];
    uint32_t len[LZW_CODES];
};

static bool unlzw(struct ov_buf *out, struct ov_bytes in, bool late)
{
    struct lzw t;
    struct ov_bits b = ov_bits_on(in);
    uint32_t next = LZW_END + 1;
    bool has_last = false;
    uint64_t last_from = 0;
    uint32_t last_len = 0;
    unsigned bits = 9;

    while (!b.over && ov_buf_ok(out)) {
        const uint32_t code = ov_bits_high(&b, bits);
        const uint64_t made = ov_bytes_len(ov_buf_bytes(out));
        uint32_t len = 1;

        if (b.over || code == LZW_END) {
            break;
        }
        if (code == LZW_CLEAR) {
            next = LZW_END + 1;
            bits = 9;
            has_last = false;
            continue;
        }
        if (code < 256) {
            ov_buf_put_u8(out, (uint8_t)code);
        } else if (code < next) {
            len = t.len[code];
            if (!ov_lz_copy(out, made - t.from[code], len)) {
                return !ov_buf_ok(out);
            }
        } else if (code == next && has_last) {
            len = last_len + 1;
            if (!ov_lz_copy(out, made - last_from, last_len)
                    || !ov_lz_copy(out, ov_bytes_len(ov_buf_bytes(out)) - made, 1)) {
                return !ov_buf_ok(out);
            }
        } else {
            return false;
        }
        /* The new code is the last string and the first byte of this one: they lie side by side. */
        if (has_last && next < LZW_CODES) {
            t.from[next] = last_from;
            t.len[next++] = last_len + 1;
        }
        has_last = true;
        last_from = made;
        last_len = len;
        while (bits < 12 && next + (late ? 0 : 1) >= 1u << bits) {
            bits++;
        }
    }
    return true;
}

/* --- text and runs -------------------------------------------------------------------------- */

static bool unhex(struct ov_buf *out, struct ov_bytes in)
{
    const uint64_t end = ov_bytes_find(in, 0, ">", 1);

    ov_decode_hex(out, ov_bytes_between(in, 0, end));
    return true;
}

/* 7.4.3: five letters of 85 for four bytes; 'z' is four zeros. */
static bool unascii85(struct ov_buf *out, struct ov_bytes in)
{
    const uint8_t *p = ov_bytes_raw(in);
    const uint64_t len = ov_bytes_len(in);
    uint32_t value = 0;
    unsigned have = 0;

    uint64_t first = 0;

    while (first < len && p[first] <= ' ') {
        first++;
    }
    first += ov_has(in, first, "<~", 2) ? 2 : 0; /* as encoders outside PDF begin */
    for (uint64_t i = first; i < len && p[i] != '~'; i++) {
        if (p[i] == 'z' && have == 0) {
            ov_buf_put_zeros(out, 4);
        } else if (p[i] >= '!' && p[i] <= 'u') {
            value = value * 85 + (p[i] - '!');
            if (++have == 5) {
                for (int shift = 24; shift >= 0; shift -= 8) {
                    ov_buf_put_u8(out, (uint8_t)(value >> shift));
                }
                value = 0;
                have = 0;
            }
        }
    }
    for (unsigned i = have; have > 1 && i < 5; i++) {
        value = value * 85 + 84;
    }
    for (unsigned i = 0; i + 1 < have; i++) {
        ov_buf_put_u8(out, (uint8_t)(value >> (24 - 8 * i)));
    }
    return true;
}

static bool unruns(struct ov_buf *out, struct ov_bytes in)
{
    uint64_t at = 0;

    while (at < ov_bytes_len(in) && ov_buf_ok(out)) {
        const uint32_t n = ov_u8_at(in, at++, 128);

        if (n == 128) {
            break;
        }
        if (n < 128) {
            const struct ov_bytes raw = ov_bytes_between(in, at, at + n + 1);

            ov_buf_put(out, ov_bytes_raw(raw), (size_t)ov_bytes_len(raw));
            at += n + 1;
            continue;
        }
        for (uint32_t i = n; i < 257; i++) {
            ov_buf_put_u8(out, ov_u8_at(in, at, 0));
        }
        at++;
    }
    return true;
}

/* --- predictors, 7.4.4.4 -------------------------------------------------------------------- */

static uint8_t paeth(uint8_t left, uint8_t up, uint8_t corner)
{
    const int p = left + up - corner;
    const int dl = p > left ? p - left : left - p, du = p > up ? p - up : up - p;
    const int dc = p > corner ? p - corner : corner - p;

    if (dl <= du && dl <= dc) {
        return left;
    }
    return du <= dc ? up : corner;
}

static uint8_t predicted(unsigned kind, uint8_t left, uint8_t up, uint8_t corner)
{
    switch (kind) {
    case 1:
        return left;
    case 2:
        return up;
    case 3:
        return (uint8_t)((left + up) / 2);
    case 4:
        return paeth(left, up, corner);
    default:
        return 0;
    }
}

/* Undoes a predictor over `in`, into `out`. Rows of PNG's begin with the kind. */
static void unpredict(struct ov_buf *out, const struct ov_pdf_parameters *par, struct ov_bytes in)
{
    const uint64_t pixel = ((uint64_t)par->colors * par->bits + 7) / 8;
    const uint64_t row = ((uint64_t)par->colors * par->bits * par->columns + 7) / 8;
    const bool png = par->predictor >= 10;
    const uint64_t base = ov_bytes_len(ov_buf_bytes(out));
    uint64_t at = 0;

    if (row == 0 || row > ROW_BYTES_MAX || pixel == 0 || (!png && par->bits != 8)) {
        ov_buf_put(out, ov_bytes_raw(in), (size_t)ov_bytes_len(in));
        return;
    }
    for (uint64_t line = 0; at < ov_bytes_len(in) && ov_buf_ok(out); line++) {
        const unsigned kind = png ? ov_u8_at(in, at++, 0) : 1;

        for (uint64_t i = 0; i < row && at < ov_bytes_len(in); i++) {
            const struct ov_bytes made = ov_buf_bytes(out);
            const uint64_t here = base + line * row + i;
            const uint8_t left = i < pixel ? 0 : ov_u8_at(made, here - pixel, 0);
            const uint8_t up = line == 0 || !png ? 0 : ov_u8_at(made, here - row, 0);
            const uint8_t corner =
                    i < pixel || line == 0 || !png ? 0 : ov_u8_at(made, here - row - pixel, 0);

            ov_buf_put_u8(
                    out, (uint8_t)(ov_u8_at(in, at++, 0) + predicted(kind, left, up, corner)));
        }
    }
}

/* --- all ------------------------------------------------------------------------------------ */

static bool unpack(struct ov_buf *out, enum ov_pdf_filter filter, bool late, struct ov_bytes in)
{
    switch (filter) {
    case OV_PDF_FLATE:
        return ov_unpack_zlib(out, in, 15);
    case OV_PDF_LZW:
        return unlzw(out, in, late);
    case OV_PDF_HEX:
        return unhex(out, in);
    case OV_PDF_ASCII85:
        return unascii85(out, in);
    case OV_PDF_RUNS:
        return unruns(out, in);
    case OV_PDF_CRYPT:
    case OV_PDF_PICTURE:
    case OV_PDF_UNKNOWN:
        break;
    }
    ov_buf_put(out, ov_bytes_raw(in), (size_t)ov_bytes_len(in));
    return true;
}

bool ov_pdf_unfilter(struct ov_buf *out, enum ov_pdf_filter filter,
        const struct ov_pdf_parameters *parameters, struct ov_bytes in)
{
    struct ov_buf plain;
    bool good;

    if (parameters->predictor < 2 || (filter != OV_PDF_FLATE && filter != OV_PDF_LZW)) {
        return unpack(out, filter, parameters->late, in);
    }
    ov_buf_init(&plain, OV_MADE_BYTES_MAX);
    good = unpack(&plain, filter, parameters->late, in);
    unpredict(out, parameters, ov_buf_bytes(&plain));
    ov_buf_done(&plain);
    return good;
}
