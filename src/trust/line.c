/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/line.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/defence.h"
#include "base/text.h"

struct ov_bytes ov_text_cut(struct ov_bytes text, uint64_t off, uint64_t len)
{
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    const bool fits = ov_bytes_slice(text, off, len, &out);

    OV_ASSERT(fits);
    return out;
}

struct ov_lines ov_lines_on(struct ov_bytes in)
{
    return (struct ov_lines){ .in = in };
}

struct ov_bytes ov_lines_rest(const struct ov_lines *lines)
{
    return ov_text_cut(lines->in, lines->next, ov_bytes_len(lines->in) - lines->next);
}

bool ov_lines_next(struct ov_lines *lines, struct ov_bytes *out)
{
    struct ov_bytes line, rest;

    if (!ov_text_split(ov_lines_rest(lines), '\n', &line, &rest)) {
        return false;
    }
    lines->at = lines->next;
    lines->next += ov_bytes_len(line) + 1;
    lines->line++;
    *out = line;
    return true;
}

overt_status ov_line_fail(
        overt_error *err, overt_status status, const struct ov_lines *lines, const char *fmt, ...)
{
    char message[sizeof(err->message)];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    if (err != NULL) {
        err->line = lines->line;
    }
    return ov_fail(err, status, lines->at, "%s", message);
}

void ov_line_shift(overt_error *err, const struct ov_lines *lines)
{
    if (err == NULL) {
        return;
    }
    if (err->line != 0) {
        err->line += lines->line;
    }
    if (err->offset != UINT64_MAX) {
        err->offset += lines->next;
    }
}

overt_status ov_text_check_plain(struct ov_bytes text, overt_error *err)
{
    if (!OV_DEFENDED(plain_text)) {
        return OVERT_OK;
    }
    struct ov_lines lines = ov_lines_on(text);
    struct ov_bytes line;
    bool more = true;

    while (more) {
        more = ov_lines_next(&lines, &line);
        if (!more) { /* what is behind the last LF */
            line = ov_lines_rest(&lines);
            lines.at = lines.next;
            lines.line++;
        }
        for (uint64_t i = 0; i < ov_bytes_len(line); i++) {
            const uint8_t c = ov_bytes_raw(line)[i];

            if (c < 0x20) {
                return ov_line_fail(err, OVERT_E_SYNTAX, &lines,
                        "control character 0x%02x: lines end in LF, and hold no other", c);
            }
        }
        /* LF is no part of any longer sequence, so whole lines are enough. */
        if (!ov_text_is_utf8(line)) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "not UTF-8");
        }
    }
    return OVERT_OK;
}

const char *ov_decimal_read(struct ov_bytes text, uint64_t *out)
{
    const uint64_t len = ov_bytes_len(text);
    uint64_t value = 0;

    if (len == 0) {
        return "a number is missing";
    }
    for (uint64_t i = 0; i < len; i++) {
        const uint8_t c = ov_bytes_raw(text)[i];

        if (c < '0' || c > '9') {
            return "a number is written in digits alone";
        }
        if (i == 1 && value == 0) {
            return "a number has no leading zero";
        }
        if (!ov_mul(&value, value, (uint64_t)10) || !ov_add(&value, value, (uint64_t)(c - '0'))
                || value > OV_LOG_NUMBER_MAX) {
            return "a number is below 2^63";
        }
    }
    *out = value;
    return NULL;
}

bool ov_text_after(struct ov_bytes line, const char *prefix, struct ov_bytes *rest)
{
    const size_t len = strlen(prefix);
    struct ov_bytes head;

    return ov_bytes_slice(line, 0, len, &head) && ov_bytes_equal(head, prefix, len)
           && ov_bytes_slice(line, len, ov_bytes_len(line) - len, rest);
}

bool ov_text_split(
        struct ov_bytes text, char separator, struct ov_bytes *before, struct ov_bytes *after)
{
    const uint64_t len = ov_bytes_len(text);
    const uint8_t *bytes = ov_bytes_raw(text);
    const uint8_t *found = memchr(bytes, separator, (size_t)len);
    uint64_t at;

    if (found == NULL) {
        return false;
    }
    at = (uint64_t)(found - bytes);
    *before = ov_text_cut(text, 0, at);
    *after = ov_text_cut(text, at + 1, len - at - 1);
    return true;
}
