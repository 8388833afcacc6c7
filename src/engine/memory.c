/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - a process's memory, as YARA looks at it: each part by itself, matches at their
 * addresses, conditions over all of it. It changes while it is read; a part that cannot be read is
 * passed over, as nobody could say what was in it. */
#include "engine/walk.h"

/* Addresses are no more than this on any machine that has pread. */
#define ADDRESS_END ((uint64_t)INT64_MAX)

/* False: the bytes of this scan ran out. They are charged once. */
static bool match_part(
        struct ov_walk *walk, int fd, const struct ov_engine_region *region, bool charge)
{
    struct ov_engine *engine = walk->engine;
    struct ov_source source;
    struct ov_window window;

    if (region->address > ADDRESS_END || region->bytes > ADDRESS_END - region->address) {
        return true; /* the kernel's own, or a lie */
    }
    ov_source_on_memory(
            &source, fd, region->address, region->address + region->bytes, engine->window);
    ov_matcher_part(engine->matcher, source.size);
    for (uint64_t at = region->address; ov_source_block(&source, at, &window);
            at += OV_BLOCK_BYTES) {
        if (charge && !ov_budget_bytes(&walk->budget, window.end - window.first)) {
            return false;
        }
        ov_matcher_block(engine->matcher, &source, &window, &walk->budget);
    }
    return true;
}

void ov_memory_examine(
        struct ov_walk *walk, int fd, const struct ov_engine_region *regions, size_t region_count)
{
    struct ov_engine *engine = walk->engine;
    const struct ov_engine_object object = {
        .name = ov_bytes_of(NULL, 0), .type = "memory", .size = 0
    };
    struct ov_subject subject = { .name = ov_bytes_of(NULL, 0) };
    enum ov_reason matching, evaluating;
    struct ov_source space;
    bool finished = true, again = false;

    walk->sink->object(walk->sink->payload, &object);
    ov_matcher_begin(engine->matcher, UINT64_MAX, engine->options.keep_all);
    do {
        for (size_t i = 0; i < region_count && finished; i++) {
            finished = match_part(walk, fd, &regions[i], !again);
        }
        ov_source_on_memory(&space, fd, 0, ADDRESS_END, engine->window);
        ov_matcher_end(engine->matcher, &space, &walk->budget);
        again = finished && ov_matcher_again(engine->matcher);
    } while (again);
    matching = ov_matcher_stopped(engine->matcher);
    subject.source = &space;
    evaluating = ov_object_evaluate(walk, &subject);
    if (walk->sink->examined != NULL) {
        walk->sink->examined(walk->sink->payload, 0, engine->matcher, &space);
    }
    if (!finished) {
        ov_walk_tell(walk, 0, OV_REASON_BYTES, "");
    }
    if (matching != OV_REASON_NONE) {
        ov_walk_tell(walk, 0, matching, "while strings were looked for");
    }
    if (evaluating != OV_REASON_NONE && evaluating != matching) {
        ov_walk_tell(walk, 0, evaluating, "while conditions were evaluated");
    }
}
