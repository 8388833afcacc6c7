/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/yara/reading.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_BYTES 512
#define EXCERPT_BYTES 136u /* shown of foreign bytes: any name, but no text without end */

OV_PRINTF(5, 0)
static void tell(struct ov_reading *reading, enum ov_severity severity, uint32_t line,
        uint32_t column, const char *fmt, va_list ap)
{
    char message[MESSAGE_BYTES];

    if (reading->as_yara && line != 0 && (reading->next_line != 0 || reading->held_line != 0)) {
        line = reading->held_line != 0 ? reading->held_line
               : reading->at_last      ? reading->last_line
               : reading->at_end       ? 0
                                       : reading->next_line;
    }
    (void)vsnprintf(message, sizeof(message), fmt, ap);
    ov_diag_add(
            reading->diags, severity, reading->file, reading->rule, line, column, "%s", message);
}

void ov_reading_error(
        struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt, ...)
{
    const bool told = reading->failed && reading->as_yara;
    va_list ap;

    reading->failed = true;
    if (reading->quiet || told) {
        return;
    }
    va_start(ap, fmt);
    tell(reading, OV_DIAG_ERROR, line, column, fmt, ap);
    va_end(ap);
}

void ov_reading_warning(
        struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt, ...)
{
    va_list ap;

    if (reading->quiet || (reading->failed && reading->as_yara)) {
        return;
    }
    va_start(ap, fmt);
    tell(reading, OV_DIAG_WARNING, line, column, fmt, ap);
    va_end(ap);
}

void ov_reading_hint(
        struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt, ...)
{
    va_list ap;

    if (reading->quiet || reading->as_yara) {
        return;
    }
    va_start(ap, fmt);
    tell(reading, OV_DIAG_WARNING, line, column, fmt, ap);
    va_end(ap);
}

void *ov_reading_alloc(struct ov_reading *reading, size_t count, size_t size)
{
    void *at = ov_arena_alloc(reading->arena, count, size);

    if (at == NULL) {
        reading->out_of_memory = true;
        reading->failed = true;
    }
    return at;
}

struct ov_excerpt ov_excerpt_of(struct ov_bytes bytes)
{
    static const char hex[] = "0123456789abcdef";
    struct ov_excerpt out = { { 0 } };
    struct ov_reader r = ov_reader_on(bytes);
    size_t len = 0;
    uint8_t b;

    while (len < EXCERPT_BYTES && ov_read_u8(&r, &b)) {
        if (b >= 0x20 && b < 0x7f) {
            out.text[len++] = (char)b;
            continue;
        }
        out.text[len++] = '\\';
        out.text[len++] = 'x';
        out.text[len++] = hex[b >> 4];
        out.text[len++] = hex[b & 15];
    }
    if (ov_reader_left(&r) > 0) {
        memcpy(out.text + len, "...", 3);
    }
    return out;
}
