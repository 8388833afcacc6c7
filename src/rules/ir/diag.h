/* SPDX-License-Identifier: Apache-2.0 */
/* diag.h - what is wrong with a rule, and where. Front ends and the compiler add, nobody stops
 * at the first. */
#ifndef OV_RULES_IR_DIAG_H
#define OV_RULES_IR_DIAG_H

#include "base/arena.h"

enum ov_severity {
    OV_DIAG_NOTE = 0,
    OV_DIAG_WARNING = 1,
    OV_DIAG_ERROR = 2
};

struct ov_diag {
    enum ov_severity severity;
    struct ov_bytes file;    /* as the caller named it */
    struct ov_bytes rule;    /* may be empty */
    uint32_t line;           /* 1-based; 0: about the file as a whole */
    uint32_t column;         /* 1-based, in bytes; 0: about the line */
    struct ov_bytes message; /* one sentence: what, and why */
};

struct ov_diags {
    struct ov_arena *arena; /* where messages live; borrowed */
    struct ov_diag *items;  /* owned */
    size_t count;
    size_t priv_cap;
    uint64_t errors; /* all of them, also those beyond OV_DIAGS_MAX that were not kept */
    uint64_t warnings;
    uint64_t dropped;
    bool out_of_memory;
    bool as_yara; /* nothing that YARA has no word for: its output is what the reader expects */
};

void ov_diags_init(struct ov_diags *diags, struct ov_arena *arena);
void ov_diags_done(struct ov_diags *diags);

void ov_diag_add(struct ov_diags *diags, enum ov_severity severity, struct ov_bytes file,
        struct ov_bytes rule, uint32_t line, uint32_t column, const char *fmt, ...) OV_PRINTF(7, 8);

#endif
