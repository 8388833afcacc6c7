/* SPDX-License-Identifier: Apache-2.0 */
/* inside.h - what the files of the machine share; private to src/eval. */
#ifndef OV_EVAL_INSIDE_H
#define OV_EVAL_INSIDE_H

#include "base/checked.h"
#include "eval/machine.h"

/* machine.c. Every stop but the good ones ends the run at the next instruction. */
struct ov_value ov_machine_stop(struct ov_machine *m, enum ov_outcome outcome);
void ov_machine_push(struct ov_machine *m, struct ov_value v);
struct ov_value ov_machine_pop(struct ov_machine *m);
bool ov_machine_charge(struct ov_machine *m, uint64_t steps);
void ov_machine_jump(struct ov_machine *m, uint32_t to);
struct ov_value ov_machine_rule_held(struct ov_machine *m, uint32_t rule);
/* The RUN at this instruction; NULL: it is none. */
const struct ov_db_insn *ov_machine_set_run(struct ov_machine *m, uint32_t at);
/* Does the regular expression at `place` of OV_DB_REGEXES match somewhere in `in`? */
struct ov_value ov_machine_search(struct ov_machine *m, uint32_t place, struct ov_bytes in);

/* strings.c */
struct ov_value ov_machine_of_string(struct ov_machine *m, const struct ov_db_insn *insn);
void ov_machine_of_set(struct ov_machine *m, const struct ov_db_insn *insn);

/* clam_count.c: matches of strings that are counted together. `record`: an ov_clam_count. */
bool ov_clam_is_count(struct ov_bytes record);
struct ov_value ov_machine_clam_count(struct ov_machine *m, struct ov_bytes record);

/* loops.c */
const struct ov_machine_loop *ov_machine_loop_at(
        struct ov_machine *m, uint32_t depth, bool strings);
struct ov_value ov_machine_local(struct ov_machine *m, const struct ov_db_insn *insn);
void ov_machine_begin_loop(struct ov_machine *m, const struct ov_db_insn *insn);
void ov_machine_next_round(struct ov_machine *m, uint32_t end);
void ov_machine_begin_item(struct ov_machine *m);
void ov_machine_end_items(struct ov_machine *m);

/* clues.c */
struct ov_value ov_machine_clue(struct ov_machine *m, unsigned how, struct ov_value value);

/* modules.c */
struct ov_value ov_machine_of_module(struct ov_machine *m, const struct ov_db_insn *insn);
struct ov_value ov_machine_fact(struct ov_fact fact);

#endif
