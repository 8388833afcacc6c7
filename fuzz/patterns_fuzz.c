/* SPDX-License-Identifier: Apache-2.0 */
/* patterns_fuzz.c - any string over any text: what the matcher finds is what the plain way finds,
 * whichever way automata are confirmed. The input makes the choices. */
#include "base/limits.h"
#include "tests/match_random.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void agree(struct match_bench *b, const uint8_t *text, unsigned size)
{
    const struct ov_match *matches;
    size_t count, at = 0;

    matches = ov_matcher_matches(b->matcher, 0, &count);
    for (unsigned start = 0; start < size; start++) {
        unsigned key;
        const uint64_t lengths = plain_lengths(&b->strings[0], text, size, start, &key);

        if (lengths != 0) {
            OV_ASSERT(at < count && matches[at].offset == start && matches[at].length <= 62
                      && (lengths >> matches[at].length & 1) != 0 && matches[at].xor_key == key);
            at++;
        }
    }
    OV_ASSERT(at == count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct choices choices = { .at = data, .left = size };
    struct match_bench b;
    uint8_t text[64];

    bench_init(&b);
    random_string(&b, &choices);
    OV_ASSERT(bench_open(&b));
    for (unsigned i = 0; i < 4 && choices.left != 0; i++) {
        struct ov_budget budget = { .steps_left = UINT64_C(1) << 30 };
        const unsigned text_size = random_text(&choices, text);

        b.matcher->always_dense = i % 2 != 0;
        bench_scan(&b, text, text_size, 1 + choose(&choices, 64), OV_CONTEXT_BYTES, true, &budget);
        agree(&b, text, text_size);
    }
    bench_done(&b);
    return 0;
}
