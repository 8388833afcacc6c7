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
    bool as_yara; /* of each rule the first error, on YARA's lines, and no hints */

    /* YARA says where its lexer stands, which is mostly one token further than what is wrong. */
    uint32_t next_line; /* of the token that was read last; 0: it is being read */
    uint32_t last_line; /* of the one before it */
    uint32_t held_line; /* of the string that is being read, on which all of it is told; 0: none */
    bool at_end;  /* the token read last is the end of the source, which YARA has closed then */
    bool at_last; /* what is told now YARA tells before it reads on */
    bool quiet;   /* skipping to the next rule: what was wrong has been told */
    bool failed;  /* the current rule has an error: it is read on, but not kept */
    bool out_of_memory; /* everything ends soon */
};

void ov_reading_error(struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt,
        ...) OV_PRINTF(4, 5);
void ov_reading_warning(struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt,
        ...) OV_PRINTF(4, 5);

/* Something that YARA has no warning for. */
void ov_reading_hint(struct ov_reading *reading, uint32_t line, uint32_t column, const char *fmt,
        ...) OV_PRINTF(4, 5);

/* From the arena, zeroed. NULL: out of memory, which is noted. */
void *ov_reading_alloc(struct ov_reading *reading, size_t count, size_t size) OV_MUST_CHECK;

/* Foreign bytes inside a message: printable, short, NUL-terminated. */
struct ov_excerpt {
    char text[148];
};
struct ov_excerpt ov_excerpt_of(struct ov_bytes bytes);

#endif
