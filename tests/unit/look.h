/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - scans bytes with the fake rules and remembers what the engine said. Include it in one
 * file of a test program. */
#ifndef OV_TESTS_LOOK_H
#define OV_TESTS_LOOK_H

#include "engine/engine.h"
#include "tests/tap.h"
#include "tests/unit/fake_rules.h"

#if defined(__SANITIZE_ADDRESS__)
#define LOOK_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOOK_SANITIZED 1
#endif
#endif

struct look {
    struct ov_scan_limits limits;
    struct ov_engine_options options;
    uint32_t objects;
    uint32_t hits;
    uint32_t hash_hits;
    uint32_t gaps;
    uint32_t gap_of[OV_REASON_LAST + 1];     /* how many with this reason */
    uint32_t gap_object[OV_REASON_LAST + 1]; /* the last of them */
    uint32_t depth_max;
    uint32_t hit_object; /* the last */
    uint64_t hit_offset;
    uint64_t largest;
    char name[OV_NAME_BYTES_MAX + 1]; /* of the last object that has one */
    char type[16];                    /* of the file */
    char last_type[16];
    char text[65536]; /* everything said, in order */
    size_t text_len;
};

static void look_say(struct look *look, const char *kind, uint64_t a, uint64_t b, const char *word)
{
    const size_t room = sizeof(look->text) - look->text_len;
    const int len = snprintf(
            look->text + look->text_len, room, "%s %" PRIu64 " %" PRIu64 " %s\n", kind, a, b, word);

    if (len > 0 && (size_t)len < room) {
        look->text_len += (size_t)len;
    }
}

static void look_object(void *payload, const struct ov_engine_object *object)
{
    struct look *look = payload;
    const size_t len = (size_t)ov_bytes_len(object->name);

    OV_ASSERT(object->ordinal == look->objects && object->parent <= object->ordinal);
    OV_ASSERT(len <= OV_NAME_BYTES_MAX);
    look->objects++;
    look->depth_max = object->depth > look->depth_max ? object->depth : look->depth_max;
    look->largest = object->size > look->largest ? object->size : look->largest;
    if (object->ordinal == 0) {
        (void)snprintf(look->type, sizeof(look->type), "%s", object->type);
    }
    (void)snprintf(look->last_type, sizeof(look->last_type), "%s", object->type);
    if (len != 0) {
        memcpy(look->name, ov_bytes_raw(object->name), len);
        look->name[len] = 0;
    }
    look_say(look, "object", object->ordinal, object->size, object->type);
}

static void look_detected(void *payload, uint32_t ordinal, uint32_t rule, uint64_t offset,
        const struct ov_matcher *m, struct ov_source *source)
{
    struct look *look = payload;
    char bytes[sizeof(NEEDLE)] = { 0 };

    OV_ASSERT(m != NULL && ordinal < look->objects);
    if (rule == 0) {
        OV_ASSERT(ov_source_read(source, offset, bytes, sizeof(bytes) - 1) == sizeof(bytes) - 1
                  && strcmp(bytes, NEEDLE) == 0);
        look->hits++;
        look->hit_object = ordinal;
        look->hit_offset = offset;
    } else {
        look->hash_hits++;
    }
    look_say(look, "hit", ordinal, rule, "");
}

static void look_incomplete(
        void *payload, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    struct look *look = payload;

    OV_ASSERT(ov_reason_is_workers((uint32_t)reason) && ordinal < look->objects);
    look->gaps++;
    look->gap_of[reason]++;
    look->gap_object[reason] = ordinal;
    look_say(look, ov_reason_name(reason), ordinal, 0, detail);
}

static const struct ov_engine_sink look_sink = {
    .object = look_object, .detected = look_detected, .incomplete = look_incomplete
};

static struct ov_engine *look_engine(uint64_t memory_max, bool inside)
{
    static struct ov_db_view view;
    const struct ov_engine_options options = { .memory_max = memory_max, .inside = inside };
    struct ov_engine *engine = NULL;
    overt_error err;

    for (size_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        view.sections[id] = ov_bytes_of("x", 1); /* so that digests are made */
    }
    OV_ASSERT(ov_engine_new(&engine, &view, &options, &err) == OVERT_OK);
    return engine;
}

/* Scans `bytes` into `look`, whose limits count; everything else in it is made anew. */
static void look_with(struct ov_engine *engine, struct look *look, struct ov_bytes bytes)
{
    const struct ov_scan_limits limits = look->limits;
    struct ov_engine_sink sink = look_sink;

    memset(look, 0, sizeof(*look));
    look->limits = limits;
    sink.payload = look;
    ov_engine_scan_bytes(engine, bytes, &look->limits, &sink);
}

static inline void look_at(struct look *look, struct ov_bytes bytes)
{
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_DEFAULT, true);

    look_with(engine, look, bytes);
    ov_engine_free(engine);
}

#endif
