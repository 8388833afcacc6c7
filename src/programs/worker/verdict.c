/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c - the answers that leave a worker by themselves: frames of 16 bytes, a few per file.
 * Nothing in them can carry content: a rule's number, an offset, a reason, an object's number. */
#include <string.h>
#include <unistd.h>

#include "programs/worker/worker.h"

/* END has its own place. */
#define FRAMES_MAX (OV_VERDICT_FRAMES_MAX - 1u)

struct verdict {
    struct ov_verdict hits[FRAMES_MAX];
    struct ov_verdict gaps[FRAMES_MAX];
    uint32_t hit_count;
    uint32_t gap_count;
    uint32_t objects;
    bool lost; /* there was more than fits */
};

static void on_object(void *payload, const struct ov_engine_object *object)
{
    struct verdict *v = payload;

    v->objects = object->ordinal + 1;
}

static void on_detected(void *payload, uint32_t ordinal, uint32_t rule, uint64_t offset,
        const struct ov_matcher *m, struct ov_source *source)
{
    struct verdict *v = payload;

    (void)m;
    (void)source;
    if (v->hit_count == FRAMES_MAX) {
        v->lost = true;
        return;
    }
    v->hits[v->hit_count++] = (struct ov_verdict){
        .kind = OV_VERDICT_HIT,
        .object = ordinal,
        .rule = rule,
        .offset = offset < UINT32_MAX ? (uint32_t)offset : UINT32_MAX,
    };
}

static void on_incomplete(
        void *payload, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    struct verdict *v = payload;

    (void)detail;
    if (v->gap_count == FRAMES_MAX) {
        v->lost = true;
        return;
    }
    v->gaps[v->gap_count++] = (struct ov_verdict){
        .kind = OV_VERDICT_INCOMPLETE, .object = ordinal, .reason = reason
    };
}

static void send_frame(uint32_t seq, const struct ov_verdict *v)
{
    struct ov_verdict_frame frame;

    ov_verdict_encode(&frame, seq, v);
    worker_send(&frame, sizeof(frame));
}

/* Hits first, then gaps, then END. If not all of it fits, the last place before END says so. */
static void send_all(const struct verdict *v, uint32_t seq)
{
    const struct ov_verdict more = { .kind = OV_VERDICT_INCOMPLETE, .reason = OV_REASON_REPLIES };
    const struct ov_verdict end = { .kind = OV_VERDICT_END, .objects = v->objects };
    const bool lost = v->lost || v->hit_count + v->gap_count > FRAMES_MAX;
    uint32_t left = lost ? FRAMES_MAX - 1 : FRAMES_MAX;

    for (uint32_t i = 0; i < v->hit_count && left > 0; i++, left--) {
        send_frame(seq, &v->hits[i]);
    }
    for (uint32_t i = 0; i < v->gap_count && left > 0; i++, left--) {
        send_frame(seq, &v->gaps[i]);
    }
    if (lost) {
        send_frame(seq, &more);
    }
    send_frame(seq, &end);
}

static void empty(struct verdict *v)
{
    v->hit_count = 0;
    v->gap_count = 0;
    v->objects = 0;
    v->lost = false;
}

static struct ov_engine_sink sink_of(struct verdict *v)
{
    return (struct ov_engine_sink){
        .payload = v,
        .object = on_object,
        .detected = on_detected,
        .incomplete = on_incomplete,
    };
}

/* A whole file. What it says is the same whether its bytes were seen before or not. */
static void look_at_file(struct ov_engine *engine, struct worker_memory *memory, int fd,
        uint64_t size, const struct ov_scan_limits *limits, struct verdict *v)
{
    const struct ov_engine_sink sink = sink_of(v);
    struct ov_bytes bytes;

    empty(v);
    if (!worker_memory_read(memory, fd, size, &bytes)) {
        ov_engine_scan_fd(engine, fd, size, limits, &sink);
        return;
    }
    if (worker_memory_knows(memory, &v->objects)) {
        return;
    }
    ov_engine_scan_bytes(engine, bytes, limits, &sink);
    if (v->hit_count == 0 && v->gap_count == 0 && !v->lost) {
        worker_memory_put(memory, v->objects);
    }
}

void worker_verdict(struct ov_engine *engine, struct worker_memory *memory, uint32_t seq, int fd,
        uint64_t size, const struct ov_scan_limits *limits)
{
    static struct verdict v;

    look_at_file(engine, memory, fd, size, limits, &v);
    (void)close(fd); /* before END: the supervisor may let go of the file then */
    send_all(&v, seq);
}

void worker_files(struct ov_engine *engine, struct worker_memory *memory, const int *fds,
        struct ov_bytes files, const struct ov_scan_limits *limits)
{
    struct ov_reader r = ov_reader_on(files);
    struct ov_bytes raw;

    while (ov_read_bytes(&r, sizeof(struct ov_file), &raw)) {
        struct ov_file file;

        memcpy(&file, ov_bytes_raw(raw), sizeof(file));
        worker_verdict(
                engine, memory, ov_le32_get(file.seq), *fds++, ov_le64_get(file.size), limits);
    }
}

void worker_verdicts(struct ov_engine *engine, uint32_t seq, int fd, struct ov_bytes parts,
        const struct ov_scan_limits *limits)
{
    static struct verdict v;
    const struct ov_engine_sink sink = sink_of(&v);
    struct ov_reader r = ov_reader_on(parts);
    struct ov_bytes raw;

    while (ov_read_bytes(&r, sizeof(struct ov_part), &raw)) {
        struct ov_part part;

        memcpy(&part, ov_bytes_raw(raw), sizeof(part));
        empty(&v);
        ov_engine_scan_part(
                engine, fd, ov_le64_get(part.offset), ov_le64_get(part.bytes), limits, &sink);
        if (ov_reader_left(&r) == 0) {
            (void)close(fd);
        }
        send_all(&v, seq++);
    }
}
