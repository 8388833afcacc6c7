/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - one scan: an object and everything inside it, to findings.
 *
 * Inner objects are numbered in the order they are met; 0 is the file itself. The walk is an
 * explicit stack with a depth, never recursion. What the engine finds it tells its sink, at once
 * and in an order that depends on the bytes and the rules alone.
 */
#ifndef OV_ENGINE_ENGINE_H
#define OV_ENGINE_ENGINE_H

#include "base/error.h"
#include "base/reason.h"
#include "base/source.h"
#include "db/view.h"
#include "eval/eval.h"
#include "match/match.h"

struct ov_scan_limits { /* zero in a field: the default of base/limits.h */
    uint64_t bytes_max;
    uint64_t object_bytes_max;
    uint64_t steps_max; /* 0: OV_STEPS_FLOOR + OV_STEPS_PER_BYTE_DEFAULT * size */
    uint32_t objects_max;
    uint32_t depth_max;
    uint32_t ratio_max;
};

/* How to look at one file: what a request may choose. */
struct ov_engine_look {
    bool keep_all; /* all matches of all strings */
    bool inside;   /* look inside containers */
    bool modules;  /* tell what imported modules say */
    bool costs;    /* tell what each rule cost */
    bool has_time; /* `time` was handed over by the owner's command, for time.now() */
    int64_t time;  /* seconds since 1970 */
};

struct ov_engine_options {
    uint64_t memory_max; /* for everything the engine allocates, unpacked objects included */
    bool keep_all;       /* as in ov_engine_look, until something else is said */
    bool inside;
    bool modules;
    bool costs;
    bool has_time;
    int64_t time;
};

/* What one rule cost on one object. */
struct ov_rule_cost {
    uint64_t candidates; /* of its strings, as in match/match.h */
    uint64_t confirmations;
    uint64_t string_steps;
    uint64_t matches;
    uint64_t condition_steps;
    uint32_t string; /* its number in the rule: the string that cost most */
    uint64_t string_spent;
};

struct ov_engine_object {
    uint32_t ordinal;
    uint32_t parent;      /* of ordinal 0: itself */
    uint32_t depth;       /* 0: the file */
    struct ov_bytes name; /* inside its parent, as stored there; empty for the file */
    const char *type;     /* "zip", "elf", ...; "data" */
    uint64_t size;
};

struct ov_engine_sink {
    void *payload;
    /* Before anything else is said of the object. */
    void (*object)(void *payload, const struct ov_engine_object *object);
    /* `offset` is in the object; UINT64_MAX: none. The matcher still has the object's matches:
     * an explaining sink asks it about the rule's strings, `source` for their bytes. */
    void (*detected)(void *payload, uint32_t ordinal, uint32_t rule, uint64_t offset,
            const struct ov_matcher *m, struct ov_source *source);
    /* `detail` is a sentence for people (explain only); may be empty. */
    void (*incomplete)(void *payload, uint32_t ordinal, enum ov_reason reason, const char *detail);
    /* NULL, or called once all rules of an object were told. */
    void (*examined)(
            void *payload, uint32_t ordinal, const struct ov_matcher *m, struct ov_source *source);
    /* A rule's console.log (explain only). NULL: nobody listens. */
    void (*said)(void *payload, uint32_t ordinal, uint32_t rule, struct ov_bytes message);
    /* If it was asked for: what a module that the rules import says of the object, as `yara -D`
     * prints it. `rule`: before which it is imported. NULL: nobody listens. */
    void (*module)(void *payload, uint32_t ordinal, uint32_t rule, struct ov_bytes lines);
    /* If it was asked for: a rule that cost something on this object, ascending. NULL: nobody
     * listens. */
    void (*cost)(void *payload, uint32_t ordinal, uint32_t rule, const struct ov_rule_cost *cost);
};

struct ov_engine;

OV_MUST_CHECK overt_status ov_engine_new(struct ov_engine **out, const struct ov_db_view *view,
        const struct ov_engine_options *options, overt_error *err);
void ov_engine_free(struct ov_engine *engine);
OV_DEFINE_AUTO(struct ov_engine, ov_engine_free);

/* For the scans to come. */
void ov_engine_set_look(struct ov_engine *engine, const struct ov_engine_look *look);
/* What was handed over for modules, for all scans to come: borrowed. */
struct ov_engine_modules {
    const struct ov_cuckoo *cuckoo;
    bool (*magic)(void *payload, struct ov_source *source, bool mime, struct ov_bytes *out);
    void *magic_payload;
};
void ov_engine_give_modules(struct ov_engine *engine, const struct ov_engine_modules *modules);
/* OV_USED_*: what of everything that was handed over the last scan used. */
uint32_t ov_engine_used(const struct ov_engine *engine);
/* Values of external variables for the scans to come: of every object in them. As in eval/eval.h. */
void ov_engine_forget_values(struct ov_engine *engine);
OV_MUST_CHECK bool ov_engine_give_value(
        struct ov_engine *engine, const struct ov_external_value *value);

/* Reads `size` bytes of `fd` with pread. Everything it has to say goes to `sink`. */
void ov_engine_scan_fd(struct ov_engine *engine, int fd, uint64_t size,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink);
/* The same of a part of what is behind `fd`, as a file of its own. */
void ov_engine_scan_part(struct ov_engine *engine, int fd, uint64_t from, uint64_t size,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink);
/* Parts of a process's memory behind `fd`, as one object whose offsets are addresses. Rules see
 * neither a size nor an entry point, and nothing is looked for inside. */
struct ov_engine_region {
    uint64_t address;
    uint64_t bytes; /* the parts ascend and are disjoint */
};
void ov_engine_scan_memory(struct ov_engine *engine, int fd, const struct ov_engine_region *regions,
        size_t region_count, const struct ov_scan_limits *limits,
        const struct ov_engine_sink *sink);
void ov_engine_scan_bytes(struct ov_engine *engine, struct ov_bytes bytes,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink);

#endif
