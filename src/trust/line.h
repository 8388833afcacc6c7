/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - what the log's text formats have in common: lines that end in LF, decimal numbers in
 * one spelling, and refusals that name their line.
 *
 * Everything read here was fetched or carried in by someone; nobody is trusted yet.
 */
#ifndef OV_TRUST_LINE_H
#define OV_TRUST_LINE_H

#include "base/bytes.h"
#include "base/error.h"

/* Sizes, indices and times of a log are below this: 2^63 is out of range for all of them. */
#define OV_LOG_NUMBER_MAX INT64_MAX

struct ov_lines {
    struct ov_bytes in;
    uint64_t next; /* offset of the line not yet read */
    uint64_t at;   /* offset of the current line */
    uint32_t line; /* the current line's number, from 1; 0 before the first */
};

struct ov_lines ov_lines_on(struct ov_bytes in);

/* The next line, without its LF. False: no line that ends in LF is left; what is left, if
 * anything, is ov_lines_rest. */
OV_MUST_CHECK bool ov_lines_next(struct ov_lines *lines, struct ov_bytes *out);

/* Everything behind the current line. */
struct ov_bytes ov_lines_rest(const struct ov_lines *lines);

/* Fails with the current line's number and offset. */
overt_status ov_line_fail(overt_error *err, overt_status status, const struct ov_lines *lines,
        const char *fmt, ...) OV_PRINTF(4, 5);

/* A part of a document was parsed on its own: moves the place of its failure to where the part
 * begins, right behind the current line of `lines`. */
void ov_line_shift(overt_error *err, const struct ov_lines *lines);

/* Refuses what no line of a log may hold: a control character other than LF, or broken UTF-8. */
OV_MUST_CHECK overt_status ov_text_check_plain(struct ov_bytes text, overt_error *err);

/* NULL, or why `text` is no number of a log: digits alone, no leading zero, below 2^63. */
OV_MUST_CHECK const char *ov_decimal_read(struct ov_bytes text, uint64_t *out);

/* What follows `prefix`. False: `line` begins otherwise. */
OV_MUST_CHECK bool ov_text_after(struct ov_bytes line, const char *prefix, struct ov_bytes *rest);

/* Splits at the first `separator`, which belongs to neither part. False: there is none. */
OV_MUST_CHECK bool ov_text_split(
        struct ov_bytes text, char separator, struct ov_bytes *before, struct ov_bytes *after);

/* A slice whose bounds we computed ourselves: asserted, not reported. */
struct ov_bytes ov_text_cut(struct ov_bytes text, uint64_t off, uint64_t len);

/* For "%.*s". */
#define OV_TEXT_ARG(b) (int)ov_bytes_len(b), (const char *)ov_bytes_raw(b)

#endif
