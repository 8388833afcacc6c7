/* SPDX-License-Identifier: Apache-2.0 */
#include "match/regex.h"

#include "match/simulate.h"

static enum ov_accepted stop_at_the_first(void *payload, uint64_t offset)
{
    (void)payload;
    (void)offset;
    return OV_ACCEPT_STOP;
}

bool ov_regex_search(
        struct ov_bytes program, struct ov_bytes text, struct ov_budget *budget, bool *found)
{
    const uint64_t size = ov_bytes_len(text);
    const struct ov_text bytes = { .at = ov_bytes_raw(text), .high = size, .size = size };
    const struct ov_run_options options = {
        .reach = size, .everywhere = true, .accept = stop_at_the_first
    };
    struct ov_program opened;
    struct ov_simulator sim;
    enum ov_run result;

    if (!ov_program_open(program, &opened) || (opened.flags & OV_PROGRAM_BACKWARD) != 0) {
        return false;
    }
    ov_simulator_init(&sim);
    result = ov_program_run(&opened, &bytes, &options, &sim, budget);
    ov_simulator_done(&sim);
    if (result != OV_RUN_ENDED && result != OV_RUN_STOPPED) {
        return false;
    }
    *found = result == OV_RUN_STOPPED;
    return true;
}
