/* SPDX-License-Identifier: Apache-2.0 */
/* calls_tests.c - functions of the module tests, in builds that have it. */
#include "eval/calls.h"

#ifdef OV_TESTS_MODULE

/* Where the expression matches the whole text or nothing, this is what YARA says. */
struct ov_value ov_call_tests_match(struct ov_call *call)
{
    const struct ov_bytes text = ov_call_text(call, 1);

    return ov_value_int(ov_call_matches(call, 0, text) ? (int64_t)ov_bytes_len(text) : -1);
}

struct ov_value ov_call_tests_isum(struct ov_call *call)
{
    const bool three = call->field == OV_TESTS_ISUM_OF_III;
    const uint64_t sum = (uint64_t)ov_call_int(call, 0) + (uint64_t)ov_call_int(call, 1);

    return ov_value_int((int64_t)(sum + (three ? (uint64_t)ov_call_int(call, 2) : 0)));
}

struct ov_value ov_call_tests_fsum(struct ov_call *call)
{
    const bool three = call->field == OV_TESTS_FSUM_OF_FFF;

    return ov_call_real(
            ov_call_float(call, 0) + ov_call_float(call, 1) + (three ? ov_call_float(call, 2) : 0));
}

struct ov_value ov_call_tests_length(struct ov_call *call)
{
    return ov_value_int((int64_t)ov_bytes_len(ov_call_text(call, 0)));
}

struct ov_value ov_call_tests_empty(struct ov_call *call)
{
    return ov_call_give(call, ov_bytes_of("", 0));
}

struct ov_value ov_call_tests_foobar(struct ov_call *call)
{
    switch (ov_call_int(call, 0)) {
    case 1:
        return ov_call_give(call, ov_bytes_of("foo", 3));
    case 2:
        return ov_call_give(call, ov_bytes_of("bar", 3));
    default:
        return ov_call_give(call, ov_bytes_of("oops", 4));
    }
}

#else

/* A file of C holds something. */
typedef int ov_no_tests_module;

#endif
