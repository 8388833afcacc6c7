/* SPDX-License-Identifier: Apache-2.0 */
/* reading.h - what is being read, for messages, and what came of it so far. Shared by every file
 * of this room. */
#ifndef OV_RULES_YARA_READING_H
#define OV_RULES_YARA_READING_H

#include "rules/ir/rule.h"

struct ov_reading {
    struct ov_arena *arena; /* what lives as long as the rules */
    struct ov_diags *diags;
    struct ov_bytes file;
    struct ov_bytes rule; /* empty between rules */
    bool strict_escape;
    bool first_error_only;
    bool quiet;         /* skipping to the next rule: what was wrong has been told */
    bool failed;        /* the current rule has an error: it is read on, but not kept */
    bool out_of_memory; /* everything ends soon */
};

void ov_reading_error(struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt,
        ...) OV_PRINTF(4, 5);
void ov_reading_warning(struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt,
        ...) OV_PRINTF(4, 5);

/* From the arena, zeroed. NULL: out of memory, which is noted. */
void *ov_reading_alloc(struct ov_reading *reading, size_t count, size_t size) OV_MUST_CHECK;

/* Foreign bytes inside a message: printable, short, NUL-terminated. */
struct ov_excerpt {
    char text[80];
};
struct ov_excerpt ov_excerpt_of(struct ov_bytes bytes);

#endif
