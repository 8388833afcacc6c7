/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - JSON (RFC 8259) read from front to back, one event at a time: nothing is built that could
 * grow beyond what the reader of the events keeps.
 *
 * As strict as Jansson: well-formed UTF-8, no control characters in texts, whole surrogate pairs,
 * integers of 64 bits, an object or array outside, nothing behind it. Whoever wrote the text may
 * be hostile: nesting has a limit, and no event costs more than its own bytes. */
#ifndef OV_BASE_JSON_H
#define OV_BASE_JSON_H

#include "base/buf.h"
#include "base/limits.h"

enum ov_json_event {
    OV_JSON_OBJECT = 1, /* begins */
    OV_JSON_ARRAY,
    OV_JSON_END, /* of the object or array begun last */
    OV_JSON_KEY, /* `text`; its value follows */
    OV_JSON_TEXT,
    OV_JSON_INTEGER,
    OV_JSON_OTHER, /* a fraction, true, false or null */
    OV_JSON_DONE,  /* that was all, and all of it was well-formed */
    OV_JSON_BAD    /* `why`, at `at`; there is nothing more */
};

struct ov_json {
    struct ov_bytes text; /* KEY, TEXT: without escapes, possibly with NULs; lent until the next */
    int64_t integer;
    const char *why;
    uint64_t at;

    struct ov_bytes priv_in;
    struct ov_buf priv_text;
    uint32_t priv_depth;
    uint8_t priv_wants;
    bool priv_is_object[OV_JSON_DEPTH_MAX];
};

/* `in` outlives the reader. */
void ov_json_init(struct ov_json *json, struct ov_bytes in);
void ov_json_done(struct ov_json *json);

enum ov_json_event ov_json_next(struct ov_json *json);

#endif
