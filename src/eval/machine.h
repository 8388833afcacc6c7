/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - runs the code of one condition (db/code.h).
 *
 * The code is not trusted: every index, jump, height and type is checked where it is used, and
 * each instruction is charged before it is run. */
#ifndef OV_EVAL_MACHINE_H
#define OV_EVAL_MACHINE_H

#include "base/limits.h"
#include "db/clues.h"
#include "db/rules_layout.h"
#include "db/value.h"
#include "eval/asked.h"
#include "eval/bits.h"
#include "eval/clam.h"
#include "match/match.h"

#define OV_PAGE_BYTES 4096u

/* The object as conditions read it: two pages, so that loops over bytes cost no system calls. */
struct ov_facts {
    struct ov_source *source;
    size_t head_len; /* OV_PAGE_BYTES or less; known once head_read */
    bool head_read;
    uint64_t page_at; /* UINT64_MAX: none */
    size_t page_len;
    bool entry_read;
    bool entry_defined;
    uint64_t entry;
    struct ov_asked asked; /* of modules */
    uint8_t head[OV_PAGE_BYTES];
    uint8_t page[OV_PAGE_BYTES];
};

void ov_facts_begin(struct ov_facts *facts, struct ov_source *source);
/* `len` is 1, 2 or 4; the bytes as a little-endian number. False: not all there. */
OV_MUST_CHECK bool ov_facts_read(
        struct ov_facts *facts, uint64_t offset, unsigned len, uint32_t *out);
OV_MUST_CHECK bool ov_facts_entry(struct ov_facts *facts, uint64_t *out);

struct ov_machine_loop {
    enum ov_op op; /* FOR_RANGE, FOR_STRINGS, FOR_LIST, FOR_FIELD */
    int64_t wanted;
    uint64_t total;
    uint64_t true_count;
    uint32_t body;         /* first instruction of the body */
    struct ov_value value; /* of the variable; FOR_STRINGS: unused */
    struct ov_value key;   /* FOR_FIELD over a dictionary */
    int64_t last;          /* FOR_RANGE */
    uint32_t string;       /* FOR_STRINGS: of the rule */
    uint32_t run;          /* its run: an instruction */
    uint32_t runs_end;
    uint32_t in_run;
    uint32_t back;    /* FOR_LIST: behind the ITEM under way */
    bool in_body;     /* FOR_LIST */
    uint32_t field;   /* FOR_FIELD: enum ov_field */
    uint32_t element; /* the next one */
    ov_fact_node node;
};

/* An external variable whose value was given for this object. */
struct ov_given {
    uint32_t number;
    struct ov_value value;
};

enum ov_outcome {
    OV_OUTCOME_FALSE = 0,
    OV_OUTCOME_HOLDS,
    OV_OUTCOME_WAITS,    /* for a rule that is in `open` */
    OV_OUTCOME_NO_STEPS, /* the budget is used up */
    OV_OUTCOME_DAMAGED   /* the code is none */
};

struct ov_machine {
    const struct ov_db_view *view;
    const struct ov_matcher *matcher;
    struct ov_facts *facts;
    struct ov_budget *budget;
    const struct ov_bits *held;   /* rules known to hold */
    const struct ov_bits *open;   /* rules not yet known */
    const struct ov_given *given; /* ascending by number */
    uint32_t given_count;
    struct ov_clam_object *object;   /* NULL: nothing is known of it as ClamAV sees it */
    struct ov_clam_pcre_state *pcre; /* NULL until one is needed; the evaluator's */
    enum ov_reason unfinished;       /* a regular expression had to be given up */
    const struct ov_db_clues *clues; /* while a probe is run */
    const struct ov_db_probe *probe; /* NULL: none is */
    const struct ov_db_probe *told;  /* the last that found a value at all */
    struct ov_bits *woken;           /* gets the rules whose clues were found */

    uint32_t priv_rule;
    uint32_t priv_string_first;
    uint32_t priv_string_count;
    const struct ov_db_insn *priv_code; /* priv_code_count of them lie in the database */
    uint32_t priv_code_count;
    uint32_t priv_at;
    uint32_t priv_height;
    uint32_t priv_loop_count;
    enum ov_outcome priv_stop;
    struct ov_value priv_values[OV_CONDITION_STACK_MAX];
    struct ov_machine_loop priv_loops[OV_LOOP_NEST_MAX];
};

enum ov_outcome ov_machine_run(struct ov_machine *m, uint32_t rule);
/* The probe whose clues are looked up: m->probe. It never holds. */
enum ov_outcome ov_machine_run_probe(struct ov_machine *m);

#endif
