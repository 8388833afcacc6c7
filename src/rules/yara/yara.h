/* SPDX-License-Identifier: Apache-2.0 */
/* yara.h - YARA source text to the intermediate form. */
#ifndef OV_RULES_YARA_YARA_H
#define OV_RULES_YARA_YARA_H

#include "rules/ir/rule.h"

/* Asked for the text of an `include`. `path` is what it says, joined to the folder of `from_file`
 * if it is relative. False: there is none; `*why` is a sentence. Both live until parsing ends. */
typedef bool (*ov_include_fn)(void *payload, struct ov_bytes from_file, struct ov_bytes path,
        struct ov_bytes *text, const char **why);

struct ov_yara_options {
    struct ov_bytes space; /* namespace of every rule in this source; "default" */
    ov_include_fn include; /* NULL: includes are refused */
    void *include_payload;
    bool strict_escape;    /* warn about unknown escape sequences */
    bool first_error_only; /* of each rule, as YARA does; else all of them */
    uint32_t strings_per_rule_max;
};

/* Reads one source and appends its good rules to `set`; everything wrong goes to `diags`, and
 * reading goes on behind it. True if there was no error (warnings do not count). `text` and
 * `file` are copied where needed. The externals of `set` must be there already. */
bool ov_yara_read(struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text,
        const struct ov_yara_options *options, struct ov_diags *diags);

#endif
