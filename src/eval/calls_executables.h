/* SPDX-License-Identifier: Apache-2.0 */
/* calls_executables.h - functions of the modules elf, macho and dex; private to src/eval. They ask
 * what the parsers said, not the object. */
#ifndef OV_EVAL_CALLS_EXECUTABLES_H
#define OV_EVAL_CALLS_EXECUTABLES_H

#include "eval/calls.h"

struct ov_value ov_call_elf_import_md5(struct ov_call *call);
struct ov_value ov_call_elf_telfhash(struct ov_call *call);

struct ov_value ov_call_macho_file_index(struct ov_call *call);
struct ov_value ov_call_macho_entry_point(struct ov_call *call);

/* has_method and has_class, of texts and of regular expressions */
struct ov_value ov_call_dex_has(struct ov_call *call);

#endif
