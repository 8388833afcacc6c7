/* SPDX-License-Identifier: Apache-2.0 */
/* decode.c - text back into bytes. Everything that decoders in the field accept is accepted: what
 * one of them opens must not pass unseen. Output is never longer than its input, and every loop
 * goes forward in it. */
#include "formats/decode.h"

#include <string.h>

#include "base/checked.h"
#include "formats/peek.h"

struct ov_bytes ov_bytes_between(struct ov_bytes b, uint64_t from, uint64_t to)
{
    const uint64_t len = ov_bytes_len(b);
    struct ov_bytes part = ov_bytes_of(NULL, 0);

    to = to < len ? to : len;
    if (from >= to || !ov_bytes_slice(b, from, to - from, &part)) {
        return ov_bytes_of(NULL, 0);
    }
    return part;
}

bool ov_starts_with(struct ov_bytes b, uint64_t at, const char *lit)
{
    for (uint64_t i = 0; lit[i] != 0; i++) {
        uint8_t c = ov_u8_at(b, at + i, 0);

        if (c >= 'A' && c <= 'Z') {
            c = (uint8_t)(c | 0x20);
        }
        if (c != (uint8_t)lit[i]) {
            return false;
        }
    }
    return true;
}

uint64_t ov_bytes_find(struct ov_bytes b, uint64_t from, const void *lit, size_t len)
{
    const struct ov_bytes rest = ov_bytes_between(b, from, UINT64_MAX);
    const uint8_t *at = ov_bytes_raw(rest);
    const uint8_t *found;

    if (ov_bytes_len(rest) < len) {
        return UINT64_MAX;
    }
    found = memmem(at, (size_t)ov_bytes_len(rest), lit, len);
    return found == NULL ? UINT64_MAX : from + (uint64_t)(found - at);
}

bool ov_line_at(struct ov_bytes text, uint64_t at, struct ov_bytes *line, uint64_t *next)
{
    const uint8_t *p = ov_bytes_raw(text);
    const uint64_t len = ov_bytes_len(text);
    uint64_t end = at;

    if (at >= len) {
        return false;
    }
    while (end < len && p[end] != '\n' && p[end] != '\r') {
        end++;
    }
    *line = ov_bytes_between(text, at, end);
    *next = end;
    if (*next < len) {
        *next += p[end] == '\r' && end + 1 < len && p[end + 1] == '\n' ? 2 : 1;
    }
    return true;
}

/* --- base64 --------------------------------------------------------------------------------- */

static int base64_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    if (c == '+' || c == '-') {
        return 62;
    }
    return c == '/' || c == '_' ? 63 : -1;
}

static void put_group(uint8_t *to, size_t *made, uint32_t bits, unsigned have)
{
    /* Two letters hold a byte, three hold two; one holds none. */
    for (unsigned i = 0; i + 1 < have; i++) {
        to[(*made)++] = (uint8_t)(bits >> (16 - 8 * i));
    }
}

void ov_decode_base64(struct ov_buf *out, struct ov_bytes text)
{
    const uint8_t *p = ov_bytes_raw(text);
    const size_t len = (size_t)ov_bytes_len(text);
    uint8_t chunk[3072 + 3];
    size_t made = 0;
    uint32_t bits = 0;
    unsigned have = 0;

    for (size_t i = 0; i < len; i++) {
        const int v = base64_value(p[i]);

        if (v < 0 && p[i] != '=') {
            continue;
        }
        if (v >= 0) {
            bits |= (uint32_t)v << (18 - 6 * have);
            have++;
        }
        if (have == 4 || v < 0) {
            put_group(chunk, &made, bits, have);
            bits = 0;
            have = 0;
        }
        if (made >= 3072) {
            ov_buf_put(out, chunk, made);
            made = 0;
        }
    }
    put_group(chunk, &made, bits, have);
    ov_buf_put(out, chunk, made);
}

/* Nothing but letters of base64, blanks behind them; *padded: it has the end. Empty is none. */
static bool is_base64_line(struct ov_bytes line, bool *padded)
{
    uint64_t letters = 0, i = 0;

    *padded = false;
    while (base64_value(ov_u8_at(line, i, '!')) >= 0) {
        letters++;
        i++;
    }
    while (ov_u8_at(line, i, '!') == '=') {
        *padded = true;
        i++;
    }
    while (ov_u8_at(line, i, '!') == ' ' || ov_u8_at(line, i, '!') == '\t') {
        i++;
    }
    return letters >= 4 && i == ov_bytes_len(line);
}

bool ov_base64_core(struct ov_bytes text, struct ov_bytes *core)
{
    uint64_t at = 0, next, from = UINT64_MAX, to = 0;
    struct ov_bytes line;
    bool other = false, over = false;

    /* Each turn goes one line forward. */
    for (; ov_line_at(text, at, &line, &next); at = next) {
        bool padded;
        const bool letters = is_base64_line(line, &padded);

        if (letters && !over) {
            from = from == UINT64_MAX ? at : from;
            to = next;
            over = padded;
        } else if (ov_bytes_len(line) != 0) {
            other = true;
            over = from != UINT64_MAX;
        }
    }
    if (from == UINT64_MAX || !other) {
        return false;
    }
    *core = ov_bytes_between(text, from, to);
    return true;
}

/* --- quoted-printable, hex, percent --------------------------------------------------------- */

int ov_hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (uint8_t)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The soft line break at `at`, behind its '=': how many bytes it takes with that; 0: it is none. */
static size_t soft_break(const uint8_t *p, size_t len, size_t at)
{
    size_t i = at;

    while (i < len && (p[i] == ' ' || p[i] == '\t')) {
        i++;
    }
    if (i < len && p[i] == '\r') {
        i++;
    }
    if (i < len && p[i] == '\n') {
        i++;
    }
    /* What a part ends with has lost its line end to the boundary behind it. */
    return i == len || (i > at && (p[i - 1] == '\n' || p[i - 1] == '\r')) ? i - at + 1 : 0;
}

void ov_decode_quoted(struct ov_buf *out, struct ov_bytes text)
{
    const uint8_t *p = ov_bytes_raw(text);
    const size_t len = (size_t)ov_bytes_len(text);
    size_t from = 0, i = 0;

    while (i < len) {
        size_t skip;

        if (p[i] != '=') {
            i++;
            continue;
        }
        ov_buf_put(out, &p[from], i - from);
        skip = soft_break(p, len, i + 1);
        if (skip != 0) {
            i += skip;
        } else if (len - i > 2 && ov_hex_digit(p[i + 1]) >= 0 && ov_hex_digit(p[i + 2]) >= 0) {
            ov_buf_put_u8(out, (uint8_t)(ov_hex_digit(p[i + 1]) << 4 | ov_hex_digit(p[i + 2])));
            i += 3;
        } else {
            ov_buf_put_u8(out, '=');
            i++;
        }
        from = i;
    }
    if (from < len) {
        ov_buf_put(out, &p[from], len - from);
    }
}

void ov_decode_hex(struct ov_buf *out, struct ov_bytes text)
{
    const uint8_t *p = ov_bytes_raw(text);
    const size_t len = (size_t)ov_bytes_len(text);
    uint8_t chunk[1024];
    size_t made = 0;
    int high = -1;

    for (size_t i = 0; i < len; i++) {
        const int v = ov_hex_digit(p[i]);

        if (v < 0) {
            continue;
        }
        if (high < 0) {
            high = v;
            continue;
        }
        chunk[made++] = (uint8_t)(high << 4 | v);
        high = -1;
        if (made == sizeof(chunk)) {
            ov_buf_put(out, chunk, made);
            made = 0;
        }
    }
    ov_buf_put(out, chunk, made);
}

void ov_decode_percent(struct ov_buf *out, struct ov_bytes text)
{
    const uint8_t *p = ov_bytes_raw(text);
    const size_t len = (size_t)ov_bytes_len(text);

    for (size_t i = 0; i < len; i++) {
        if (p[i] == '%' && len - i > 2 && ov_hex_digit(p[i + 1]) >= 0
                && ov_hex_digit(p[i + 2]) >= 0) {
            ov_buf_put_u8(out, (uint8_t)(ov_hex_digit(p[i + 1]) << 4 | ov_hex_digit(p[i + 2])));
            i += 2;
        } else {
            ov_buf_put_u8(out, p[i]);
        }
    }
}

/* --- uuencode, yEnc ------------------------------------------------------------------------- */

/* "begin", a mode of octal digits, a name; or "=ybegin ... name=". */
static bool is_begin(struct ov_bytes line, struct ov_uu_block *out)
{
    const uint64_t len = ov_bytes_len(line);
    uint64_t i = 6, digits = 0;

    if (ov_has(line, 0, "=ybegin ", 8)) {
        const uint64_t name = ov_bytes_find(line, 8, "name=", 5);

        out->yenc = true;
        out->base64 = false;
        out->name = name == UINT64_MAX ? ov_bytes_of(NULL, 0)
                                       : ov_bytes_between(line, name + 5, UINT64_MAX);
        return true;
    }
    out->yenc = false;
    out->base64 = ov_starts_with(line, 0, "begin-base64 ")
                  || ov_starts_with(line, 0, "begin-base64-encoded ");
    if (out->base64) {
        i = ov_u8_at(line, 12, 0) == '-' ? 21 : 13;
    } else if (!ov_starts_with(line, 0, "begin ")) {
        return false;
    }
    while (ov_u8_at(line, i, 0) == ' ') {
        i++;
    }
    while (ov_u8_at(line, i, 0) >= '0' && ov_u8_at(line, i, 0) <= '7') {
        i++;
        digits++;
    }
    if (digits < 3 || digits > 6 || (i < len && ov_u8_at(line, i, 0) != ' ')) {
        return false;
    }
    out->name = ov_bytes_between(line, i + 1, UINT64_MAX);
    return true;
}

bool ov_uu_find(struct ov_bytes text, uint64_t from, struct ov_uu_block *out)
{
    const uint8_t *p = ov_bytes_raw(text);
    const uint64_t len = ov_bytes_len(text);
    uint64_t at = from;

    /* Each turn goes to the next "begin" of the text. */
    while ((at = ov_bytes_find(text, at, "egin", 4)) != UINT64_MAX) {
        const uint64_t first = at >= 2 && p[at - 1] == 'b' && p[at - 2] == 'y' ? 3 : 1;
        struct ov_bytes line;

        if (at >= from + first
                && (at == first || p[at - first - 1] == '\n' || p[at - first - 1] == '\r')
                && at - first < len && ov_line_at(text, at - first, &line, &out->body)
                && is_begin(line, out)) {
            out->at = at - first;
            return true;
        }
        at += 4;
    }
    return false;
}

static void uu_line(struct ov_buf *out, struct ov_bytes line)
{
    const uint8_t *p = ov_bytes_raw(line);
    const size_t len = (size_t)ov_bytes_len(line);
    uint32_t left = (uint32_t)(p[0] - 32) & 63;

    for (size_t i = 1; left > 0; i += 4) {
        uint32_t bits = 0;

        for (size_t k = 0; k < 4; k++) {
            /* Spaces at the end of a line get lost on the way: they are zeros. */
            bits = bits << 6 | (i + k < len ? (uint32_t)(p[i + k] - 32) & 63 : 0);
        }
        for (int shift = 16; shift >= 0 && left > 0; shift -= 8) {
            ov_buf_put_u8(out, (uint8_t)(bits >> shift));
            left--;
        }
    }
}

static void yenc_line(struct ov_buf *out, struct ov_bytes line)
{
    const uint8_t *p = ov_bytes_raw(line);
    const size_t len = (size_t)ov_bytes_len(line);

    /* A line may begin with two dots for one, as news are sent. */
    for (size_t i = len > 1 && p[0] == '.' && p[1] == '.' ? 1 : 0; i < len; i++) {
        if (p[i] == '=' && i + 1 < len) {
            i++;
            ov_buf_put_u8(out, (uint8_t)(p[i] - 64 - 42));
        } else {
            ov_buf_put_u8(out, (uint8_t)(p[i] - 42));
        }
    }
}

/* A line of uuencode has as many letters as its first one says, give or take. */
static bool is_uu_line(struct ov_bytes line)
{
    const uint64_t len = ov_bytes_len(line);
    const uint8_t first = ov_u8_at(line, 0, 0);

    if (first < 32 || first > 96) {
        return false;
    }
    for (uint64_t i = 1; i < len; i++) {
        const uint8_t c = ov_u8_at(line, i, 0);

        if (c < 32 || c > 96) {
            return false;
        }
    }
    return true;
}

bool ov_uu_decode(
        struct ov_buf *out, struct ov_bytes text, const struct ov_uu_block *block, uint64_t *end)
{
    uint64_t at = block->body, next;
    struct ov_bytes line;
    bool ended = false;

    *end = at;
    while (ov_line_at(text, at, &line, &next)) {
        at = next;
        if (block->yenc) {
            if (ov_has(line, 0, "=yend", 5)) {
                *end = at;
                return true;
            }
            if (!ov_has(line, 0, "=ypart", 6)) {
                yenc_line(out, line);
            }
        } else if (block->base64) {
            if (ov_has(line, 0, "====", 4)) {
                *end = at;
                return true;
            }
            ov_decode_base64(out, line);
        } else if (ov_starts_with(line, 0, "end") && ov_bytes_len(line) <= 4) {
            *end = at;
            return true;
        } else if (is_uu_line(line)) {
            if (((ov_u8_at(line, 0, 0) - 32) & 63) == 0) {
                ended = true; /* a line of nothing is the end; "end" may follow */
            } else {
                uu_line(out, line);
            }
        } else if (ov_bytes_len(line) != 0) {
            return ended; /* text again */
        }
        *end = at;
    }
    return ended;
}

bool ov_uu_begins(struct ov_bytes text)
{
    struct ov_uu_block block;
    struct ov_bytes line;
    uint64_t next, bytes;

    if (!ov_uu_find(text, 0, &block) || !ov_line_at(text, block.body, &line, &next)) {
        return false;
    }
    if (block.yenc || block.base64) {
        return ov_bytes_len(line) > 8;
    }
    bytes = (uint64_t)((ov_u8_at(line, 0, 32) - 32) & 63);
    bytes = (bytes + 2) / 3 * 4; /* letters for them */
    return bytes > 0 && ov_bytes_len(line) <= 1 + bytes + 2 && ov_bytes_len(line) + 2 >= bytes;
}
