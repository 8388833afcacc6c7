/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - makes and unmakes an engine, and starts scans. What it is given to scan is hostile;
 * the database was verified when it became active, and is still checked wherever it is read. */
#include "engine/engine.h"

#include <stdlib.h>

#include "base/checked.h"
#include "engine/walk.h"

/* Of the memory an engine may use: half for unpacked objects, an eighth for matches; the rest is
 * what decoders need for their dictionaries. */
#define HOLD_SHARE    2u
#define MATCHER_SHARE 8u

static overt_status make_parts(struct ov_engine *engine, overt_error *err)
{
    const uint64_t memory_max = engine->options.memory_max;
    overt_status status;

    engine->window = ov_source_room(OV_SOURCE_WINDOW_BYTES);
    if (engine->window == NULL || memory_max / HOLD_SHARE > SIZE_MAX
            || !ov_hold_init(&engine->hold, (size_t)(memory_max / HOLD_SHARE))) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for unpacked objects");
    }
    if (!ov_walk_lists_init(engine)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the lists of a database");
    }
    status = ov_matcher_new(&engine->matcher, engine->view, memory_max / MATCHER_SHARE, err);
    if (status != OVERT_OK) {
        return status;
    }
    status = ov_evaluator_new(&engine->evaluator, engine->view, err);
    if (status != OVERT_OK || ov_bytes_len(engine->view->sections[OV_DB_HASHES]) == 0) {
        return status;
    }
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        engine->digests[kind] = ov_digest_new((enum ov_digest_kind)kind);
        if (engine->digests[kind] == NULL) {
            return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a %s digest",
                    ov_digest_name((enum ov_digest_kind)kind));
        }
    }
    return OVERT_OK;
}

overt_status ov_engine_new(struct ov_engine **out, const struct ov_db_view *view,
        const struct ov_engine_options *options, overt_error *err)
{
    struct ov_engine *engine;
    overt_status status;

    if (options->memory_max < OV_ENGINE_MEMORY_MIN) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "an engine needs %u MiB of memory or more", OV_ENGINE_MEMORY_MIN / OV_MIB);
    }
    engine = calloc(1, sizeof(*engine));
    if (engine == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an engine");
    }
    engine->view = view;
    engine->options = *options;
    status = make_parts(engine, err);
    if (status != OVERT_OK) {
        ov_engine_free(engine);
        return status;
    }
    *out = engine;
    return OVERT_OK;
}

void ov_engine_free(struct ov_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        ov_digest_free(engine->digests[kind]);
    }
    ov_walk_lists_done(engine);
    ov_evaluator_free(engine->evaluator);
    ov_matcher_free(engine->matcher);
    ov_hold_done(&engine->hold);
    free(engine->window);
    free(engine);
}

void ov_engine_set_look(struct ov_engine *engine, const struct ov_engine_look *look)
{
    engine->options.keep_all = look->keep_all;
    engine->options.inside = look->inside;
    engine->options.modules = look->modules;
    engine->options.costs = look->costs;
    engine->options.has_time = look->has_time;
    engine->options.time = look->time;
}

void ov_engine_give_modules(struct ov_engine *engine, const struct ov_engine_modules *modules)
{
    engine->modules = *modules;
}

uint32_t ov_engine_used(const struct ov_engine *engine)
{
    return engine->used;
}

void ov_engine_forget_values(struct ov_engine *engine)
{
    ov_evaluator_forget_values(engine->evaluator);
}

bool ov_engine_give_value(struct ov_engine *engine, const struct ov_external_value *value)
{
    return ov_evaluator_give_value(engine->evaluator, value);
}

/* The default grows with the file, as far as a number can. */
static uint64_t steps_for(uint64_t size)
{
    uint64_t steps;

    if (!ov_mul(&steps, size, (uint64_t)OV_STEPS_PER_BYTE_DEFAULT)
            || !ov_add(&steps, steps, OV_STEPS_FLOOR) || steps > UINT64_MAX / 2) {
        return UINT64_MAX / 2; /* room for what unpacked bytes add */
    }
    return steps;
}

static struct ov_scan_limits limits_or_defaults(const struct ov_scan_limits *given, uint64_t size)
{
    struct ov_scan_limits limits = *given;

    limits.bytes_max = limits.bytes_max != 0 ? limits.bytes_max : OV_SCAN_BYTES_DEFAULT;
    limits.object_bytes_max =
            limits.object_bytes_max != 0 ? limits.object_bytes_max : OV_OBJECT_BYTES_DEFAULT;
    limits.steps_max = limits.steps_max != 0 ? limits.steps_max : steps_for(size);
    limits.objects_max = limits.objects_max != 0 ? limits.objects_max : OV_OBJECTS_DEFAULT;
    limits.depth_max = limits.depth_max != 0 ? limits.depth_max : OV_DEPTH_DEFAULT;
    limits.depth_max = limits.depth_max < OV_DEPTH_MAX ? limits.depth_max : OV_DEPTH_MAX;
    limits.ratio_max = limits.ratio_max != 0 ? limits.ratio_max : OV_RATIO_DEFAULT;
    return limits;
}

static struct ov_walk walk_of(struct ov_engine *engine, uint64_t size,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    struct ov_walk walk = {
        .engine = engine,
        .sink = sink,
        .limits = limits_or_defaults(limits, size),
        .steps_grow = limits->steps_max == 0,
    };

    engine->used = 0;
    walk.budget = (struct ov_budget){
        .steps_left = walk.limits.steps_max,
        .bytes_left = walk.limits.bytes_max,
        .objects_left = walk.limits.objects_max,
    };
    return walk;
}

static void scan(struct ov_engine *engine, struct ov_source *source,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    struct ov_walk walk = walk_of(engine, source->size, limits, sink);

    ov_walk_run(&walk, source);
    ov_hold_trim(&engine->hold);
}

void ov_engine_scan_fd(struct ov_engine *engine, int fd, uint64_t size,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    ov_engine_scan_part(engine, fd, 0, size, limits, sink);
}

void ov_engine_scan_part(struct ov_engine *engine, int fd, uint64_t from, uint64_t size,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    struct ov_source source;

    ov_source_on_part(&source, fd, from, size, engine->window);
    scan(engine, &source, limits, sink);
}

void ov_engine_scan_bytes(struct ov_engine *engine, struct ov_bytes bytes,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    struct ov_source source;

    ov_source_on_bytes(&source, bytes);
    scan(engine, &source, limits, sink);
}

void ov_engine_scan_memory(struct ov_engine *engine, int fd, const struct ov_engine_region *regions,
        size_t region_count, const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    uint64_t bytes = 0;
    struct ov_walk walk;

    for (size_t i = 0; i < region_count; i++) {
        bytes += regions[i].bytes; /* disjoint: 64 bits are enough */
    }
    walk = walk_of(engine, bytes, limits, sink);
    ov_memory_examine(&walk, fd, regions, region_count);
}
