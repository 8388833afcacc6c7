/* SPDX-License-Identifier: Apache-2.0 */
/* traces.c - the answers to OV_REQUEST_FACTS: what a file says of installed software. Records go
 * out as they come; what they may amount to is bounded, and what was left out is said. */
#include <string.h>
#include <unistd.h>

#include "evidence/evidence.h"
#include "programs/worker/worker.h"

struct facts {
    struct ov_buf message;
    uint32_t seq;
    uint64_t bytes_sent;
    bool lost;
};

static void send_record(struct facts *f, const struct ov_record *record)
{
    struct ov_bytes bytes;

    ov_buf_clear(&f->message);
    ov_record_encode(&f->message, f->seq, record);
    if (!ov_buf_ok(&f->message)) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    bytes = ov_buf_bytes(&f->message);
    f->bytes_sent += ov_bytes_len(bytes);
    worker_send(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
}

static bool has_room(struct facts *f)
{
    f->lost = f->lost || f->bytes_sent >= OV_EVIDENCE_REPLY_BYTES_MAX;
    return !f->lost;
}

static void on_fact(void *payload, const struct ov_trace *fact)
{
    struct facts *f = payload;

    if (has_room(f)) {
        send_record(f, &(struct ov_record){
                               .kind = OV_RECORD_FACT,
                               .rule = (uint32_t)fact->kind,
                               .object = fact->member,
                               .offset = fact->number,
                               .text = fact->text,
                               .name = fact->more,
                       });
    }
}

static void send_gap(struct facts *f, uint32_t member, enum ov_reason reason, const char *detail)
{
    send_record(f, &(struct ov_record){
                           .kind = OV_RECORD_INCOMPLETE,
                           .object = member,
                           .reason = (uint32_t)reason,
                           .text = ov_bytes_of(detail, strlen(detail)),
                           .name = ov_bytes_of(NULL, 0),
                   });
}

static void on_gap(void *payload, uint32_t member, enum ov_reason reason, const char *detail)
{
    struct facts *f = payload;

    if (has_room(f)) {
        send_gap(f, member, reason, detail);
    }
}

void worker_traces(uint32_t seq, int fd, uint64_t size, struct ov_bytes questions, uint32_t flags)
{
    static struct facts f;
    const struct ov_evidence_sink sink = { .payload = &f, .fact = on_fact, .gap = on_gap };
    struct ov_evidence e = {
        .sink = &sink,
        .questions = questions,
        .bytes_left = OV_EVIDENCE_BYTES_MAX,
        .steps_left = OV_EVIDENCE_STEPS_MAX,
        .members_left = OV_EVIDENCE_MEMBERS_MAX,
        .deep = (flags & OV_FACTS_DEEP) != 0,
    };

    if ((flags & OV_FACTS_LOOK) > OV_LOOK_LAST || (flags & ~(OV_FACTS_LOOK | OV_FACTS_DEEP)) != 0) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    f.seq = seq;
    f.bytes_sent = 0;
    f.lost = false;
    ov_buf_init(&f.message, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_evidence_read(&e, (enum ov_look)(flags & OV_FACTS_LOOK), fd, size);
    (void)close(fd); /* before END: the supervisor may let go of the file then */
    if (f.lost) {
        send_gap(&f, 0, OV_REASON_REPLIES, "");
    }
    send_record(&f, &(struct ov_record){
                            .kind = OV_RECORD_END,
                            .object = 1,
                            .text = ov_bytes_of(NULL, 0),
                            .name = ov_bytes_of(NULL, 0),
                    });
    ov_buf_done(&f.message);
}
