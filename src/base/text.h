/* SPDX-License-Identifier: Apache-2.0 */
/* text.h - showing text that came from outside, without letting it act on the terminal. */
#ifndef OV_BASE_TEXT_H
#define OV_BASE_TEXT_H

#include "base/buf.h"

/* For people: valid printable UTF-8 stays; control characters (C0, C1, DEL, bidirectional
 * overrides, line separators), invalid bytes and the backslash become \n, \t, \r, \\ or \xHH. */
void ov_text_escape(struct ov_buf *out, struct ov_bytes text);

/* The same for program text that people may copy: backslashes, line feeds and tabs stay. */
void ov_text_escape_source(struct ov_buf *out, struct ov_bytes text);

/* As a JSON string, quotes included. Bytes that are not UTF-8 become the text \xHH, and a
 * backslash stays one backslash, so read it together with ov_json's "name_hex" (see docs). */
void ov_text_json(struct ov_buf *out, struct ov_bytes text);

/* True if every byte belongs to a well-formed UTF-8 sequence (RFC 3629, no surrogates). */
bool ov_text_is_utf8(struct ov_bytes text);

/* One character, RFC 3629. */
void ov_text_put_utf8(struct ov_buf *out, uint32_t c);

void ov_text_hex(struct ov_buf *out, struct ov_bytes bytes);

#endif
