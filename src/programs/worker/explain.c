/* SPDX-License-Identifier: Apache-2.0 */
/* explain.c - the answers to a person's own command: names of inner objects, strings, offsets and
 * the bytes that matched. Records go out as they come; what they may amount to is bounded. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "db/rules.h"
#include "eval/bits.h"
#include "programs/worker/worker.h"

/* Of each string's matches, when the request names no size of its own. */
#define STRING_MATCHES_DEFAULT 8u
#define RULE_MATCHES_DEFAULT   256u

/* Of what a module says, in one record. */
#define MODULE_PIECE_BYTES (OV_EXPLAIN_FRAME_BYTES_MAX - 256u)

/* Parts of one process's memory: as many as the supervisor may name. */
#define REGIONS_MAX (1024u * 1024u)

/* An object on the way from the file to where the walk is. */
struct step {
    struct ov_engine_object object;
    uint8_t name[OV_NAME_BYTES_MAX];
    bool told;
};

struct explain {
    const struct ov_db_view *view;
    struct ov_buf message;
    uint32_t seq;
    uint32_t objects;
    uint32_t depth; /* of the object met last */
    uint64_t bytes_max;
    uint64_t bytes_sent;
    bool all_matches;
    bool no_strings;
    bool all_objects;
    bool unheld; /* strings of rules that do not hold are told, too */
    size_t match_bytes;
    bool hit_told;
    bool lost;           /* something was left out */
    struct ov_bits told; /* rules of this object; there only if it was asked for */
    struct step path[OV_DEPTH_MAX + 1];
};

/* --- sending -------------------------------------------------------------------------------- */

static void send_record(struct explain *x, const struct ov_record *record)
{
    struct ov_bytes bytes;

    ov_buf_clear(&x->message);
    ov_record_encode(&x->message, x->seq, record);
    if (!ov_buf_ok(&x->message)) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    bytes = ov_buf_bytes(&x->message);
    x->bytes_sent += ov_bytes_len(bytes);
    worker_send(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
}

/* Is there room for a record that can be done without? */
static bool has_room(struct explain *x)
{
    if (x->bytes_sent < x->bytes_max) {
        return true;
    }
    x->lost = true;
    return false;
}

/* Hits have as much room again, and the first one always has. */
static bool has_room_for_hit(struct explain *x)
{
    if (!x->hit_told || x->bytes_sent / 2 < x->bytes_max) {
        return true;
    }
    x->lost = true;
    return false;
}

/* The object, and those it lies in, before anything is said of it. */
static void tell_object(struct explain *x, uint32_t ordinal)
{
    uint32_t depth = x->depth;

    while (x->path[depth].object.ordinal != ordinal) {
        OV_ASSERT(depth > 0); /* the engine speaks of objects on the way alone */
        depth--;
    }
    for (uint32_t d = 0; d <= depth; d++) {
        struct step *step = &x->path[d];

        if (step->told) {
            continue;
        }
        step->told = true;
        send_record(x, &(struct ov_record){
                               .kind = OV_RECORD_OBJECT,
                               .object = step->object.ordinal,
                               .parent = step->object.parent,
                               .size = step->object.size,
                               .text = ov_bytes_of(step->object.type, strlen(step->object.type)),
                               .name = step->object.name,
                       });
    }
}

/* --- what the engine says ------------------------------------------------------------------- */

static void on_object(void *payload, const struct ov_engine_object *object)
{
    struct explain *x = payload;
    struct step *step = &x->path[object->depth];
    const size_t len = (size_t)ov_bytes_len(object->name);

    OV_ASSERT(object->depth <= OV_DEPTH_MAX && len <= sizeof(step->name));
    step->object = *object;
    memcpy(step->name, ov_bytes_raw(object->name), len);
    step->object.name = ov_bytes_of(step->name, len);
    step->told = false;
    x->depth = object->depth;
    x->objects = object->ordinal + 1;
    if (x->all_objects && has_room(x)) {
        tell_object(x, object->ordinal);
    }
}

static void tell_match(struct explain *x, const struct ov_record *about,
        const struct ov_match *match, struct ov_source *source)
{
    uint8_t bytes[OV_EXPLAIN_RAW_MATCH_BYTES];
    const size_t want = match->length < x->match_bytes ? match->length : x->match_bytes;
    struct ov_record record = *about;

    record.offset = match->offset;
    record.size = match->length;
    record.xor_key = match->xor_key;
    record.name = ov_bytes_of(bytes, ov_source_read(source, match->offset, bytes, want));
    send_record(x, &record);
}

static void tell_strings(struct explain *x, uint32_t ordinal, uint32_t rule,
        const struct ov_matcher *m, struct ov_source *source)
{
    struct ov_rule_info info;
    uint32_t told = 0;

    if (x->no_strings || !ov_db_rule_read(x->view, rule, &info)) {
        return; /* a hash rule has no strings */
    }
    for (uint32_t i = 0; i < info.string_count; i++) {
        struct ov_record record = {
            .kind = OV_RECORD_STRING, .object = ordinal, .rule = rule, .string = i
        };
        struct ov_string_info string;
        const struct ov_match *matches;
        size_t count = 0, most;

        if (!ov_db_string_read(x->view, info.string_first + i, &string)
                || (string.flags & OV_DB_STRING_PRIVATE) != 0) {
            continue; /* private ones count, but are not shown */
        }
        record.text = string.name;
        matches = ov_matcher_matches(m, info.string_first + i, &count);
        most = x->all_matches || count < STRING_MATCHES_DEFAULT ? count : STRING_MATCHES_DEFAULT;
        for (size_t k = 0; k < most && (x->all_matches || told < RULE_MATCHES_DEFAULT); k++) {
            if ((string.flags & OV_DB_STRING_AT) != 0 && matches[k].offset != string.only_at) {
                continue;
            }
            if (!has_room(x)) {
                return;
            }
            tell_match(x, &record, &matches[k], source);
            told++;
        }
    }
}

static void on_detected(void *payload, uint32_t ordinal, uint32_t rule, uint64_t offset,
        const struct ov_matcher *m, struct ov_source *source)
{
    struct explain *x = payload;

    if (!has_room_for_hit(x)) {
        return;
    }
    tell_object(x, ordinal);
    send_record(x, &(struct ov_record){
                           .kind = OV_RECORD_HIT,
                           .object = ordinal,
                           .rule = rule,
                           .offset = offset,
                           .text = ov_bytes_of(NULL, 0),
                           .name = ov_bytes_of(NULL, 0),
                   });
    x->hit_told = true;
    if (x->unheld && rule < ov_db_rule_count(x->view)) {
        ov_bits_add(&x->told, rule);
    }
    tell_strings(x, ordinal, rule, m, source);
}

/* The strings of rules that were not told of. What was told is in ascending order. */
static void on_examined(
        void *payload, uint32_t ordinal, const struct ov_matcher *m, struct ov_source *source)
{
    struct explain *x = payload;

    if (!x->unheld) {
        return;
    }
    for (uint32_t rule = 0; rule < ov_db_rule_count(x->view); rule++) {
        if (!ov_bits_has(&x->told, rule)) {
            tell_strings(x, ordinal, rule, m, source);
        }
    }
    ov_bits_clear(&x->told);
}

static void on_said(void *payload, uint32_t ordinal, uint32_t rule, struct ov_bytes message)
{
    struct explain *x = payload;

    if (has_room(x)) {
        send_record(x, &(struct ov_record){
                               .kind = OV_RECORD_SAID,
                               .object = ordinal,
                               .rule = rule,
                               .text = message,
                               .name = ov_bytes_of(NULL, 0),
                       });
    }
}

/* Cut where it fits, not at lines: what is between two records belongs together. */
static void on_module(void *payload, uint32_t ordinal, uint32_t rule, struct ov_bytes lines)
{
    struct explain *x = payload;
    uint64_t at = 0;

    while (at < ov_bytes_len(lines) && has_room(x)) {
        const uint64_t left = ov_bytes_len(lines) - at;
        struct ov_bytes part;

        if (!ov_bytes_slice(
                    lines, at, left < MODULE_PIECE_BYTES ? left : MODULE_PIECE_BYTES, &part)) {
            OV_ASSERT(false); /* it was measured a line above */
        }
        send_record(x, &(struct ov_record){
                               .kind = OV_RECORD_MODULE,
                               .object = ordinal,
                               .rule = rule,
                               .offset = at,
                               .text = part,
                               .name = ov_bytes_of(NULL, 0),
                       });
        at += ov_bytes_len(part);
    }
}

static void on_cost(void *payload, uint32_t ordinal, uint32_t rule, const struct ov_rule_cost *cost)
{
    struct explain *x = payload;
    const struct ov_cost_told told = {
        .candidates = ov_le64_of(cost->candidates),
        .confirmations = ov_le64_of(cost->confirmations),
        .string_steps = ov_le64_of(cost->string_steps),
        .matches = ov_le64_of(cost->matches),
        .condition_steps = ov_le64_of(cost->condition_steps),
        .string_spent = ov_le64_of(cost->string_spent),
    };

    if (has_room(x)) {
        send_record(x, &(struct ov_record){
                               .kind = OV_RECORD_COST,
                               .object = ordinal,
                               .rule = rule,
                               .string = cost->string,
                               .text = ov_bytes_of(&told, sizeof(told)),
                               .name = ov_bytes_of(NULL, 0),
                       });
    }
}

static void tell_gap(struct explain *x, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    send_record(x, &(struct ov_record){
                           .kind = OV_RECORD_INCOMPLETE,
                           .object = ordinal,
                           .reason = (uint32_t)reason,
                           .text = ov_bytes_of(detail, strlen(detail)),
                           .name = ov_bytes_of(NULL, 0),
                   });
}

static void on_incomplete(
        void *payload, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    struct explain *x = payload;

    if (has_room(x)) {
        tell_object(x, ordinal);
        tell_gap(x, ordinal, reason, detail);
    }
}

static void begin(struct explain *x, const struct ov_db_view *view, uint32_t seq, uint32_t flags)
{
    const uint32_t kib = flags & OV_SCAN_KIB_MASK;

    x->view = view;
    ov_buf_init(&x->message, OV_EXPLAIN_FRAME_BYTES_MAX);
    x->seq = seq;
    x->objects = 0;
    x->bytes_max = kib != 0 ? (uint64_t)kib * OV_KIB : OV_EXPLAIN_WORKER_BYTES_DEFAULT;
    x->bytes_sent = 0;
    x->all_matches = kib != 0;
    x->all_objects = (flags & OV_SCAN_OBJECTS) != 0;
    x->no_strings = (flags & OV_SCAN_NO_STRINGS) != 0;
    x->match_bytes =
            (flags & OV_SCAN_RAW) != 0 ? OV_EXPLAIN_RAW_MATCH_BYTES : OV_EXPLAIN_MATCH_BYTES;
    x->hit_told = false;
    x->lost = false;
    if ((flags & OV_SCAN_UNHELD) != 0 && !x->unheld
            && !ov_bits_init(&x->told, ov_db_rule_count(view))) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    x->unheld |= (flags & OV_SCAN_UNHELD) != 0;
}

/* A process's memory, whose parts stand in a file of their own: `count` of them. */
static void scan_memory(struct ov_engine *engine, int fd, int list, uint64_t count,
        const struct ov_scan_limits *limits, const struct ov_engine_sink *sink)
{
    struct ov_region *told = count > REGIONS_MAX ? NULL : calloc(count + 1, sizeof(*told));
    struct ov_engine_region *regions =
            count > REGIONS_MAX ? NULL : calloc(count + 1, sizeof(*regions));
    const size_t bytes = (size_t)count * sizeof(*told);

    if (told == NULL || regions == NULL) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    if (pread(list, told, bytes, 0) != (ssize_t)bytes) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    for (size_t i = 0; i < count; i++) {
        regions[i].address = ov_le64_get(told[i].address);
        regions[i].bytes = ov_le64_get(told[i].bytes);
    }
    ov_engine_scan_memory(engine, fd, regions, (size_t)count, limits, sink);
    free(told);
    free(regions);
}

void worker_explain(struct ov_engine *engine, const struct ov_db_view *view, uint32_t seq,
        const int fds[2], uint64_t size, const struct ov_scan_limits *limits, uint32_t flags,
        const int64_t *time)
{
    static struct explain x;
    const struct ov_engine_look look = {
        .has_time = time != NULL,
        .time = time == NULL ? 0 : *time,
        .keep_all = (flags & (OV_SCAN_NO_STRINGS | OV_SCAN_FIRST)) == 0,
        .inside = (flags & OV_SCAN_RAW) == 0,
        .modules = (flags & OV_SCAN_MODULES) != 0,
        .costs = (flags & OV_SCAN_COSTS) != 0,
    };
    const struct ov_engine_sink sink = {
        .payload = &x,
        .object = on_object,
        .detected = on_detected,
        .incomplete = on_incomplete,
        .examined = on_examined,
        .said = on_said,
        .module = on_module,
        .cost = on_cost,
    };

    begin(&x, view, seq, flags);
    ov_engine_set_look(engine, &look);
    if (fds[1] >= 0) {
        scan_memory(engine, fds[0], fds[1], size, limits, &sink);
        (void)close(fds[1]);
    } else {
        ov_engine_scan_fd(engine, fds[0], size, limits, &sink);
    }
    (void)close(fds[0]);
    if (x.lost) {
        tell_gap(&x, 0, OV_REASON_REPLIES, "there is more to say than was asked for");
    }
    send_record(&x, &(struct ov_record){
                            .kind = OV_RECORD_END,
                            .object = x.objects,
                            .rule = ov_engine_used(engine),
                            .text = ov_bytes_of(NULL, 0),
                            .name = ov_bytes_of(NULL, 0),
                    });
    ov_buf_done(&x.message);
}
