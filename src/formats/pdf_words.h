/* SPDX-License-Identifier: Apache-2.0 */
/* pdf_words.h - the words of a PDF. For src/formats alone. */
#ifndef OV_FORMATS_PDF_WORDS_H
#define OV_FORMATS_PDF_WORDS_H

#include "base/buf.h"

bool ov_pdf_is_blank(uint8_t c);
bool ov_pdf_is_regular(uint8_t c);
uint64_t ov_pdf_skip_blanks(struct ov_bytes b, uint64_t at);
uint64_t ov_pdf_skip_space(struct ov_bytes b, uint64_t at); /* comments too */

/* Where the value of "/key" begins, or UINT64_MAX. */
uint64_t ov_pdf_value_of(struct ov_bytes b, uint64_t from, const char *key);
bool ov_pdf_number_at(struct ov_bytes b, uint64_t at, uint64_t *out);
/* The number that "/key" has; a negative one as its complement. */
OV_MUST_CHECK bool ov_pdf_number_of(struct ov_bytes b, const char *key, uint64_t *out);

/* The string that begins with a parenthesis at `at`: escapes, octal digits,
 * balanced parentheses. Returns what is behind it. */
uint64_t ov_pdf_put_string(struct ov_buf *out, struct ov_bytes b, uint64_t at);
/* The same, or one of hex digits; UINT64_MAX: neither. */
uint64_t ov_pdf_take_string(struct ov_bytes b, uint64_t at, struct ov_buf *out);
OV_MUST_CHECK bool ov_pdf_string_of(struct ov_bytes b, const char *key, struct ov_buf *out);

#endif
