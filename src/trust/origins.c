/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/origins.h"

#include <string.h>

#include "trust/line.h"

static bool read_number(struct ov_bytes line, const char *word, uint64_t *out)
{
    struct ov_bytes number;

    return ov_text_after(line, word, &number) && ov_decimal_read(number, out) == NULL;
}

static bool read_segment(struct ov_origins *o, struct ov_bytes rest)
{
    struct ov_state_segment segment = { .end = 0 };
    struct ov_bytes end, after, time, witnesses;
    uint64_t number = 0;

    if (!ov_text_split(rest, ' ', &end, &after) || !ov_text_split(after, ' ', &time, &witnesses)
            || ov_decimal_read(end, &segment.end) != NULL
            || ov_decimal_read(time, &segment.time) != NULL
            || ov_decimal_read(witnesses, &number) != NULL || number > UINT32_MAX) {
        return false;
    }
    segment.witnesses = (uint32_t)number;
    return ov_state_add_segment(&o->segments, &segment);
}

static bool read_text(struct ov_origins *o, struct ov_lines *lines)
{
    struct ov_bytes line, rest;
    uint64_t witnesses = 0;

    if (!ov_lines_next(lines, &line) || !ov_bytes_equal(line, "overt-origins/v1", 16)
            || !ov_lines_next(lines, &line) || !ov_text_after(line, "origin ", &o->origin)
            || !ov_lines_next(lines, &line) || !read_number(line, "size ", &o->size)
            || !ov_lines_next(lines, &line) || !ov_text_after(line, "root ", &rest)
            || !ov_lines_next(lines, &line) || !read_number(line, "time ", &o->time)
            || !ov_lines_next(lines, &line) || !read_number(line, "witnesses ", &witnesses)
            || witnesses > UINT32_MAX) {
        return false;
    }
    o->witnesses = (uint32_t)witnesses;
    o->rest = lines->next;
    while (ov_lines_next(lines, &line) && ov_text_after(line, "segment ", &rest)) {
        if (!read_segment(o, rest)) {
            return false;
        }
        o->rest = lines->next;
    }
    return true;
}

overt_status ov_origins_read(struct ov_buf *text, struct ov_origins *out, overt_error *err)
{
    struct ov_lines lines;

    *out = (struct ov_origins){ .text = *text };
    ov_buf_init(text, 0); /* taken */
    lines = ov_lines_on(ov_buf_bytes(&out->text));
    if (!read_text(out, &lines)) {
        ov_origins_done(out);
        return ov_line_fail(err, OVERT_E_CORRUPT, &lines, "the list of origins is damaged");
    }
    return OVERT_OK;
}

void ov_origins_done(struct ov_origins *origins)
{
    ov_state_done(&origins->segments);
    ov_buf_done(&origins->text);
}

bool ov_origins_find(const struct ov_origins *origins, struct ov_bytes space, struct ov_origin *out,
        struct ov_bytes *name)
{
    const struct ov_state_segment *segment;
    struct ov_bytes rest, number;
    uint64_t index = 0;

    if (!ov_text_after(space, "log:", &rest)) {
        return false;
    }
    if (!ov_text_split(rest, ':', &number, name)) {
        number = rest;
        *name = ov_bytes_of(NULL, 0);
    }
    if (ov_decimal_read(number, &index) != NULL) {
        return false;
    }
    segment = ov_state_segment_of(&origins->segments, index);
    if (segment == NULL) {
        return false;
    }
    *out = (struct ov_origin){
        .index = index, .time = segment->time, .witnesses = segment->witnesses
    };
    return true;
}
