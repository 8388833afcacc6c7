/* SPDX-License-Identifier: Apache-2.0 */
/* calls.h - functions of modules; private to src/eval. Arguments are defined and of the types that
 * the function's row says: modules.c saw to it. What a function does with a lot of bytes it
 * charges first. */
#ifndef OV_EVAL_CALLS_H
#define OV_EVAL_CALLS_H

#include "eval/inside.h"

#define OV_ARGUMENTS_MAX 3u

struct ov_call {
    struct ov_machine *m;
    struct ov_asked *asked;
    const struct ov_fact_tree *tree;
    enum ov_field field; /* the row that is called */
    ov_fact_node node;   /* the structure it belongs to; 0: nothing was said of it */
    struct ov_value arguments[OV_ARGUMENTS_MAX];
};

typedef struct ov_value (*ov_call_fn)(struct ov_call *call);

/* NULL: the row is no function. */
ov_call_fn ov_call_find(enum ov_field field);

static inline int64_t ov_call_int(const struct ov_call *call, unsigned i)
{
    return call->arguments[i].integer;
}

static inline double ov_call_float(const struct ov_call *call, unsigned i)
{
    return call->arguments[i].real;
}

static inline struct ov_bytes ov_call_text(const struct ov_call *call, unsigned i)
{
    return call->arguments[i].text;
}

/* Does argument `i`, a regular expression, match somewhere in `text`? False as well when the
 * machine was stopped. */
bool ov_call_matches(struct ov_call *call, unsigned i, struct ov_bytes text);

/* A text that outlives the call; stops the machine when there is no room for it. */
struct ov_value ov_call_give(struct ov_call *call, struct ov_bytes text);
struct ov_value ov_call_give_hex(struct ov_call *call, const uint8_t *bytes, size_t count);

/* A float; what is no number is undefined, as YARA has it. */
struct ov_value ov_call_real(double v);

/* --- ranges (calls_ranges.c) ----------------------------------------------------------------- */

/* [*offset, *offset + *len) of the object as YARA takes it from a function's two arguments: cut at
 * the object's end, but it has to begin inside. False: undefined. */
bool ov_call_range(const struct ov_call *call, unsigned first, uint64_t *offset, uint64_t *len);

/* Feeds the bytes of a range to `feed`, in pieces. False: the machine was stopped, or the object
 * is shorter than it said. */
typedef void (*ov_feed_fn)(void *payload, struct ov_bytes piece);
bool ov_call_read(
        struct ov_call *call, uint64_t offset, uint64_t len, ov_feed_fn feed, void *payload);

/* How often each byte value occurs there; NULL as ov_call_read. */
const uint64_t *ov_call_counts(struct ov_call *call, uint64_t offset, uint64_t len);

/* What this function came to before on the same range; false: not known. */
bool ov_call_remembered(const struct ov_call *call, struct ov_value *out);
struct ov_value ov_call_remember(struct ov_call *call, struct ov_value value);

/* --- the functions --------------------------------------------------------------------------- */

/* calls_hash.c */
struct ov_value ov_call_digest_range(struct ov_call *call);
struct ov_value ov_call_digest_text(struct ov_call *call);
struct ov_value ov_call_sum_range(struct ov_call *call);
struct ov_value ov_call_sum_text(struct ov_call *call);

/* calls_math.c: of ranges */
struct ov_value ov_call_entropy(struct ov_call *call);
struct ov_value ov_call_deviation(struct ov_call *call);
struct ov_value ov_call_mean(struct ov_call *call);
struct ov_value ov_call_serial_correlation(struct ov_call *call);
struct ov_value ov_call_monte_carlo_pi(struct ov_call *call);
struct ov_value ov_call_count(struct ov_call *call);
struct ov_value ov_call_percentage(struct ov_call *call);
struct ov_value ov_call_mode(struct ov_call *call);
/* of texts */
struct ov_value ov_call_text_entropy(struct ov_call *call);
struct ov_value ov_call_text_deviation(struct ov_call *call);
struct ov_value ov_call_text_mean(struct ov_call *call);
struct ov_value ov_call_text_serial_correlation(struct ov_call *call);
struct ov_value ov_call_text_monte_carlo_pi(struct ov_call *call);
/* of numbers: calls_numbers.c */
struct ov_value ov_call_in_range(struct ov_call *call);
struct ov_value ov_call_min(struct ov_call *call);
struct ov_value ov_call_max(struct ov_call *call);
struct ov_value ov_call_to_number(struct ov_call *call);
struct ov_value ov_call_abs(struct ov_call *call);
struct ov_value ov_call_to_string(struct ov_call *call);
struct ov_value ov_call_to_int(struct ov_call *call);
struct ov_value ov_call_length(struct ov_call *call);

/* calls_console.c */
struct ov_value ov_call_log(struct ov_call *call);
struct ov_value ov_call_hex(struct ov_call *call);
struct ov_value ov_call_now(struct ov_call *call);

/* calls_cuckoo.c, calls_magic.c */
struct ov_value ov_call_cuckoo(struct ov_call *call);
struct ov_value ov_call_magic(struct ov_call *call);

/* calls_tests.c, in builds with -Dtests_module=true */
struct ov_value ov_call_tests_match(struct ov_call *call);
struct ov_value ov_call_tests_isum(struct ov_call *call);
struct ov_value ov_call_tests_fsum(struct ov_call *call);
struct ov_value ov_call_tests_length(struct ov_call *call);
struct ov_value ov_call_tests_empty(struct ov_call *call);
struct ov_value ov_call_tests_foobar(struct ov_call *call);

/* calls_pe.c */
struct ov_value ov_call_pe_checksum(struct ov_call *call);
struct ov_value ov_call_pe_rich(struct ov_call *call);
struct ov_value ov_call_pe_section_index(struct ov_call *call);
struct ov_value ov_call_pe_language(struct ov_call *call);
struct ov_value ov_call_pe_is_dll(struct ov_call *call);
struct ov_value ov_call_pe_is_32bit(struct ov_call *call);
struct ov_value ov_call_pe_is_64bit(struct ov_call *call);
struct ov_value ov_call_pe_valid_on(struct ov_call *call);
struct ov_value ov_call_pe_rva_to_offset(struct ov_call *call);
/* calls_pe_imports.c */
struct ov_value ov_call_pe_imphash(struct ov_call *call);
struct ov_value ov_call_pe_exports(struct ov_call *call);
struct ov_value ov_call_pe_imports(struct ov_call *call);
struct ov_value ov_call_pe_import_rva(struct ov_call *call);

#endif
