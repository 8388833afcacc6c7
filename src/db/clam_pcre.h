/* SPDX-License-Identifier: Apache-2.0 */
/* clam_pcre.h - what the flags of an ov_clam_pcre are to PCRE2: the reader of signatures, who tries
 * an expression, and the scanner, who runs it, must mean the same. */
#ifndef OV_DB_CLAM_PCRE_H
#define OV_DB_CLAM_PCRE_H

#ifndef PCRE2_CODE_UNIT_WIDTH
#define PCRE2_CODE_UNIT_WIDTH 8
#endif
#include <pcre2.h>
#include <stddef.h>

#include "db/clam_layout.h"

static inline uint32_t ov_clam_pcre_options(uint32_t flags)
{
    static const struct {
        uint32_t flag;
        uint32_t option;
    } table[] = {
        { OV_CLAM_PCRE_CASELESS, PCRE2_CASELESS },
        { OV_CLAM_PCRE_DOTALL, PCRE2_DOTALL },
        { OV_CLAM_PCRE_MULTILINE, PCRE2_MULTILINE },
        { OV_CLAM_PCRE_EXTENDED, PCRE2_EXTENDED },
        { OV_CLAM_PCRE_ANCHORED, PCRE2_ANCHORED },
        { OV_CLAM_PCRE_DOLLAR_END, PCRE2_DOLLAR_ENDONLY },
        { OV_CLAM_PCRE_UNGREEDY, PCRE2_UNGREEDY },
    };
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C;

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        options |= (flags & table[i].flag) != 0 ? table[i].option : 0;
    }
    return options;
}

#endif
