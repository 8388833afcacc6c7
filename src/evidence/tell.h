/* SPDX-License-Identifier: Apache-2.0 */
/* tell.h - what the readers share: telling facts, lines of text, UTF-16. Not for other rooms. */
#ifndef OV_EVIDENCE_TELL_H
#define OV_EVIDENCE_TELL_H

#include "base/buf.h"
#include "base/limits.h"
#include "evidence/evidence.h"

void ov_tell(
        struct ov_evidence *e, enum ov_trace_kind kind, struct ov_bytes text, struct ov_bytes more);
void ov_tell_number(struct ov_evidence *e, enum ov_trace_kind kind, uint32_t number,
        struct ov_bytes text, struct ov_bytes more);
void ov_tell_gap(struct ov_evidence *e, enum ov_reason reason, const char *detail);

/* Charges a step. False: too many; that was told. */
OV_MUST_CHECK bool ov_evidence_step(struct ov_evidence *e, uint64_t steps);

/* Several parts as one text: NUL between them. */
void ov_parts_add(struct ov_buf *parts, struct ov_bytes part);

/* Numbers at a place; false, and nothing changed, beyond the end. */
OV_MUST_CHECK bool ov_u16_at(struct ov_bytes b, uint64_t off, uint16_t *out);
OV_MUST_CHECK bool ov_u32_at(struct ov_bytes b, uint64_t off, uint32_t *out);
OV_MUST_CHECK bool ov_u16be_at(struct ov_bytes b, uint64_t off, uint16_t *out);
OV_MUST_CHECK bool ov_u32be_at(struct ov_bytes b, uint64_t off, uint32_t *out);

/* The next line without its end. False: no more. */
OV_MUST_CHECK bool ov_line_next(struct ov_reader *r, struct ov_bytes *line);
/* Does `b` begin with / equal this text, ASCII case ignored? */
bool ov_text_begins(struct ov_bytes b, const char *with);
bool ov_text_is(struct ov_bytes b, const char *text);
struct ov_bytes ov_text_behind(struct ov_bytes b, uint64_t skip); /* empty if shorter */
struct ov_bytes ov_text_trim(struct ov_bytes b);
struct ov_bytes ov_text_lit(const char *text);

/* Appends UTF-16LE as UTF-8, up to a NUL character or `units_max`; what is no character becomes
 * U+FFFD. */
void ov_utf16_put(struct ov_buf *out, struct ov_bytes utf16);
/* Appends ISO 8859-1 as UTF-8. */
void ov_latin1_put(struct ov_buf *out, struct ov_bytes latin1);

#endif
