/* SPDX-License-Identifier: Apache-2.0 */
/* evidence_fuzz.h - what holds of every reader of evidence, on arbitrary bytes: it ends within its
 * budget; what it tells is inside the bounds of the protocol; and the same bytes tell the same
 * again. */
#ifndef OV_FUZZ_EVIDENCE_FUZZ_H
#define OV_FUZZ_EVIDENCE_FUZZ_H

#include <string.h>

#include "base/checked.h"
#include "evidence/readers.h"

struct told {
    uint64_t count, hash;
};

static inline void mix(struct told *told, struct ov_bytes b)
{
    const uint8_t *raw = ov_bytes_raw(b);

    for (uint64_t i = 0; i < ov_bytes_len(b); i++) {
        told->hash = (told->hash ^ raw[i]) * 1099511628211u;
    }
}

static inline void on_fact(void *payload, const struct ov_trace *fact)
{
    struct told *told = payload;

    OV_ASSERT(fact->kind >= OV_TRACE_MEMBER && fact->kind <= OV_TRACE_LAST);
    told->count++;
    mix(told, fact->text);
    mix(told, fact->more);
}

static inline void on_gap(void *payload, uint32_t member, enum ov_reason reason, const char *detail)
{
    struct told *told = payload;

    (void)member;
    OV_ASSERT(ov_reason_is_workers((uint32_t)reason) && strlen(detail) < 256);
    told->count++;
    mix(told, ov_bytes_of(detail, strlen(detail)));
}

typedef void (*evidence_reader)(struct ov_evidence *e, struct ov_bytes bytes);

static inline struct told look(evidence_reader read, struct ov_bytes bytes)
{
    static const char questions[] =
            "KasperskyLab\0Software\\X\0CurrentControlSet\\Services\\a\0.example.com\0word";
    struct told told = { .count = 0, .hash = 14695981039346656037u };
    const struct ov_evidence_sink sink = { .payload = &told, .fact = on_fact, .gap = on_gap };
    struct ov_evidence e = {
        .sink = &sink,
        .questions = ov_bytes_of(questions, sizeof(questions)),
        .bytes_left = OV_MIB,
        .steps_left = 20000,
        .members_left = 100,
        .next_member = 1,
        .deep = true,
    };

    read(&e, bytes);
    return told;
}

static inline int fuzz_reader(evidence_reader read, const uint8_t *data, size_t size)
{
    const struct ov_bytes bytes = ov_bytes_of(data, size);
    const struct told first = look(read, bytes), second = look(read, bytes);

    OV_ASSERT(first.count == second.count && first.hash == second.hash);
    return 0;
}

/* A target that is one reader. */
#define FUZZ_READER(read)                                         \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size); \
    int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)  \
    {                                                             \
        return fuzz_reader(read, data, size);                     \
    }

#endif
