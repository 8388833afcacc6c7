/* SPDX-License-Identifier: Apache-2.0 */
/* decode.h - bytes spelled as text, and back, as leniently as the programs that people open them
 * with: base64, quoted-printable, uuencode, yEnc, hex digits, percent signs. */
#ifndef OV_FORMATS_DECODE_H
#define OV_FORMATS_DECODE_H

#include "base/buf.h"

/* RFC 4648 4 and 5; bytes outside the alphabet are passed over, padding begins a new group. */
void ov_decode_base64(struct ov_buf *out, struct ov_bytes text);
/* The lines of a text that are nothing but base64, up to the first padding or other line: what is read
 * by those who stop there. False: there is nothing else in it, or none. */
OV_MUST_CHECK bool ov_base64_core(struct ov_bytes text, struct ov_bytes *core);
/* RFC 2045 6.7; what is no escape stands for itself. */
void ov_decode_quoted(struct ov_buf *out, struct ov_bytes text);
/* Pairs of digits; everything else is passed over. */
void ov_decode_hex(struct ov_buf *out, struct ov_bytes text);
/* RFC 3986 2.1. */
void ov_decode_percent(struct ov_buf *out, struct ov_bytes text);

/* A block of uuencode ("begin 644 name") or yEnc ("=ybegin") behind `from`. */
struct ov_uu_block {
    struct ov_bytes name;
    uint64_t at;   /* of its first line */
    uint64_t body; /* of the line behind that */
    bool yenc;
    bool base64; /* "begin-base64" */
};

OV_MUST_CHECK bool ov_uu_find(struct ov_bytes text, uint64_t from, struct ov_uu_block *out);
/* Decodes it; *end is behind its last line. False: it has no end mark. */
bool ov_uu_decode(
        struct ov_buf *out, struct ov_bytes text, const struct ov_uu_block *block, uint64_t *end);

/* Does a block begin in this text, with a line behind it that is as long as it says? */
bool ov_uu_begins(struct ov_bytes text);
/* How far into a text its first block may begin for the text to be called uuencode. */
#define OV_UU_HEAD_BYTES 4096u

/* One line at `at`, without its end (CR LF, LF or CR); *next is behind that. False: no more. */
OV_MUST_CHECK bool ov_line_at(
        struct ov_bytes text, uint64_t at, struct ov_bytes *line, uint64_t *next);

/* 0..15, or -1. */
int ov_hex_digit(uint8_t c);
/* [from, to), cut to what is there. */
struct ov_bytes ov_bytes_between(struct ov_bytes b, uint64_t from, uint64_t to);
/* Case of ASCII letters does not count. `lit` is in lower case. */
bool ov_starts_with(struct ov_bytes b, uint64_t at, const char *lit);
/* The next `lit` (`len` bytes, exactly) at or behind `from`; UINT64_MAX: none. */
uint64_t ov_bytes_find(struct ov_bytes b, uint64_t from, const void *lit, size_t len);

#endif
