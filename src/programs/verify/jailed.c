/* SPDX-License-Identifier: Apache-2.0 */
/* jailed.c - overt-verify in its jail: judges what was fetched or carried in.
 *
 * Born with the channel at descriptor 3 and the output, a memory file its parent sized, at 201. It
 * has no clock, no network and no file but those it is handed. It trusts the policy, and its parent
 * as far as a request decodes. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/checked.h"
#include "programs/verify/verify.h"
#include "sandbox/frame.h"
#include "trust/pack.h"
#include "trust/update.h"
#include "trust/verdict.h"

#define INPUTS_MAX (OV_PACKS_MAX + 4096u)

/* Everything that was read stays until the end: the parsed forms borrow from it. */
struct session {
    uint8_t **inputs; /* owned */
    size_t input_count;
    struct ov_bytes state, store;
    struct ov_policy policy;
    struct ov_settings settings;
    struct ov_update update;
    enum ov_verify_input last;
    bool begun;
    struct ov_buf message;
    uint32_t seq;
};

static void tell(struct session *s, const struct ov_record *record)
{
    struct ov_bytes bytes;

    ov_buf_clear(&s->message);
    ov_record_encode(&s->message, s->seq, record);
    bytes = ov_buf_bytes(&s->message);
    if (!ov_buf_ok(&s->message)
            || write(OV_JAIL_FD_CHANNEL, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes))
                       != (ssize_t)ov_bytes_len(bytes)) {
        _exit(OV_JAILED_EXIT_CHANNEL);
    }
}

static void tell_text(struct session *s, enum ov_record_kind kind, struct ov_bytes text)
{
    tell(s, &(struct ov_record){ .kind = kind, .text = text, .name = ov_bytes_of(NULL, 0) });
}

static void answer(struct session *s, overt_status status, const overt_error *err)
{
    if (status == OVERT_OK) {
        tell_text(s, OV_RECORD_END, ov_bytes_of(NULL, 0));
        return;
    }
    tell_text(s, OV_RECORD_FAILED, ov_bytes_of(err->message, strlen(err->message)));
}

static overt_status read_whole(
        struct session *s, int fd, uint64_t size, struct ov_bytes *out, overt_error *err)
{
    uint8_t **inputs;
    uint8_t *bytes;
    uint64_t got = 0;

    if (s->input_count == INPUTS_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "more than %u inputs", INPUTS_MAX);
    }
    inputs = reallocarray(s->inputs, s->input_count + 1, sizeof(*inputs));
    if (inputs == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory in the jail");
    }
    s->inputs = inputs;
    bytes = malloc(size == 0 ? 1 : (size_t)size);
    if (bytes == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX,
                "no memory in the jail for %" PRIu64 " bytes", size);
    }
    s->inputs[s->input_count++] = bytes;
    while (got < size) {
        const ssize_t n = pread(fd, bytes + got, (size_t)(size - got), (off_t)got);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return ov_fail(err, OVERT_E_IO, UINT64_MAX, "an input is shorter than it was");
        }
        got += (uint64_t)n;
    }
    *out = ov_bytes_of(bytes, (size_t)size);
    return OVERT_OK;
}

/* Which packs the way from here to the checkpoint needs. */
static overt_status plan(struct session *s, struct ov_bytes index, overt_error *err)
{
    struct ov_update *u = &s->update;
    struct ov_pack_line line;
    struct ov_bytes rest, head;
    overt_status status = OVERT_OK;
    const size_t head_len = strlen(OV_PACK_INDEX_HEAD);
    uint64_t at = 0;

    if (!ov_bytes_slice(index, 0, head_len, &head)
            || !ov_bytes_equal(head, OV_PACK_INDEX_HEAD, head_len)
            || !ov_bytes_slice(index, head_len, ov_bytes_len(index) - head_len, &rest)) {
        return ov_fail(err, OVERT_E_SYNTAX, 0, "not a list of packs of version 1");
    }
    while (ov_pack_index_next(&rest, &line, &status, err)) {
        if (line.first != at) {
            return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "the list of packs has a hole");
        }
        at = line.end;
        if (line.end > u->state.tree.size && line.first < u->wanted.size) {
            tell(s, &(struct ov_record){ .kind = OV_RECORD_DIAG,
                            .size = line.bytes,
                            .text = line.name,
                            .name = ov_bytes_of(NULL, 0) });
        }
    }
    if (status == OVERT_OK && at < u->wanted.size) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the list of packs ends at entry %" PRIu64 " of the checkpoint's %" PRIu64, at,
                u->wanted.size);
    }
    return status;
}

/* A bundle brings its own newest checkpoint, behind everything else. */
static overt_status take_bundle(struct session *s, struct ov_bytes bytes, overt_error *err)
{
    struct ov_segment segment = { .note = ov_bytes_of(NULL, 0) };
    struct ov_pack pack;
    overt_status status = ov_pack_read(bytes, &pack, err);

    while (status == OVERT_OK && ov_pack_next(&pack.segments, &segment, &status, err)) {
    }
    if (status == OVERT_OK) {
        status = ov_update_checkpoint(&s->update, segment.note, err);
    }
    return status == OVERT_OK ? ov_update_pack(&s->update, bytes, err) : status;
}

static overt_status read_policy(struct session *s, struct ov_bytes bytes, overt_error *err)
{
    overt_status status = ov_policy_read(bytes, &s->policy, err);

    return status == OVERT_OK ? ov_settings_read(bytes, &s->settings, err) : status;
}

/* Policy, state and store, once each and in this order; then the rest. */
static overt_status take_input(
        struct session *s, enum ov_verify_input input, struct ov_bytes bytes, overt_error *err)
{
    if (input <= OV_INPUT_STORE ? (unsigned)input != (unsigned)s->last + 1 : !s->begun) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    s->last = input > OV_INPUT_STORE ? s->last : input;
    switch (input) {
    case OV_INPUT_POLICY:
        return read_policy(s, bytes, err);
    case OV_INPUT_STATE:
        s->state = bytes;
        return OVERT_OK;
    case OV_INPUT_STORE:
        s->begun = true;
        return ov_update_begin(&s->update, &s->policy, &s->settings, s->state, bytes, err);
    case OV_INPUT_CHECKPOINT:
        return ov_update_checkpoint(&s->update, bytes, err);
    case OV_INPUT_INDEX:
        return plan(s, bytes, err);
    case OV_INPUT_PACK:
        return ov_update_pack(&s->update, bytes, err);
    case OV_INPUT_BUNDLE:
        return take_bundle(s, bytes, err);
    case OV_INPUT_APPROVAL:
        return ov_update_approval(&s->update, bytes, err);
    }
    _exit(OV_JAILED_EXIT_PROTOCOL);
}

/* A state that is behind its checkpoint is a damaged one; after a failure nothing may follow but
 * the end, which the parent holds to. */
static void answer_input(struct session *s, const struct ov_request *request, int fd)
{
    const uint32_t input = ov_le32_get(request->flags);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_bytes bytes = ov_bytes_of(NULL, 0);
    overt_status status;

    if (input < OV_INPUT_POLICY || input > OV_INPUT_HIGHEST) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    status = read_whole(s, fd, ov_le64_get(request->size), &bytes, &err);
    if (status == OVERT_OK) {
        status = take_input(s, (enum ov_verify_input)input, bytes, &err);
    }
    answer(s, status, &err);
}

static overt_status lay_out(struct session *s, struct ov_bytes state,
        const struct ov_replay *replay, uint64_t room, uint64_t *bytes, overt_error *err)
{
    const struct ov_update *u = &s->update;
    const struct ov_bytes parts[] = { state, ov_buf_bytes(&u->append), ov_buf_bytes(&replay->rules),
        ov_buf_bytes(&replay->samples), ov_buf_bytes(&replay->origins) };
    const struct ov_update_head head = {
        .magic = ov_le32_of(OV_UPDATE_MAGIC),
        .witnesses = ov_le32_of(u->state.witnesses),
        .old_size = ov_le64_of(u->old_size),
        .size = ov_le64_of(u->state.tree.size),
        .time = ov_le64_of(u->state.time),
        .store_before = ov_le64_of(u->state.store_bytes - ov_bytes_len(parts[1])),
        .active = ov_le64_of(replay->active),
        .pending = ov_le64_of(replay->pending),
        .state_bytes = ov_le64_of(ov_bytes_len(parts[0])),
        .append_bytes = ov_le64_of(ov_bytes_len(parts[1])),
        .rules_bytes = ov_le64_of(ov_bytes_len(parts[2])),
        .samples_bytes = ov_le64_of(ov_bytes_len(parts[3])),
        .origins_bytes = ov_le64_of(ov_bytes_len(parts[4])),
    };
    uint64_t size = sizeof(head);
    uint8_t *out;

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size += ov_bytes_len(parts[i]); /* all of them are in memory: no overflow */
    }
    if (size > room) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the rules need %" PRIu64 " bytes", size);
    }
    out = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, OV_JAIL_FD_DATABASE, 0);
    if (out == MAP_FAILED) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "the output could not be mapped");
    }
    memcpy(out, &head, sizeof(head));
    *bytes = size;
    size = sizeof(head);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (ov_bytes_len(parts[i]) != 0) {
            memcpy(out + size, ov_bytes_raw(parts[i]), (size_t)ov_bytes_len(parts[i]));
            size += ov_bytes_len(parts[i]);
        }
    }
    return munmap(out, (size_t)size) == 0
                   ? OVERT_OK
                   : ov_fail(err, OVERT_E_INTERNAL, UINT64_MAX, "the output could not be unmapped");
}

static void answer_finish(struct session *s, const struct ov_request *request)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_replay replay;
    struct ov_buf state;
    uint64_t bytes = 0;
    overt_status status;

    if (!s->begun) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    status = ov_update_end(&s->update, &err);
    if (status == OVERT_OK && ov_bytes_len(s->update.state.note) == 0) {
        status = ov_fail(&err, OVERT_E_CORRUPT, UINT64_MAX, "no checkpoint was ever accepted");
    }
    if (status == OVERT_OK) {
        status = ov_update_replay(&s->update, &replay, &err);
    }
    if (status != OVERT_OK) {
        answer(s, status, &err);
        return;
    }
    ov_buf_init(&state, SIZE_MAX);
    ov_state_put(&state, &s->update.state);
    status = ov_buf_ok(&state)
                     ? lay_out(s, ov_buf_bytes(&state), &replay, ov_le64_get(request->size), &bytes,
                             &err)
                     : ov_fail(&err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the state");
    if (status == OVERT_OK) {
        tell(s, &(struct ov_record){ .kind = OV_RECORD_COMPILED,
                        .offset = bytes,
                        .text = ov_bytes_of(NULL, 0),
                        .name = ov_bytes_of(NULL, 0) });
    }
    answer(s, status, &err);
    ov_buf_done(&state);
    ov_replay_done(&replay);
}

/* One request and its one descriptor. False: the parent is gone. */
static bool receive(uint8_t *message, size_t bytes_max, struct ov_bytes *out, int *fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { .iov_base = message, .iov_len = bytes_max };
    struct msghdr msg = { .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes) };
    const struct cmsghdr *c;
    ssize_t n;

    do {
        n = recvmsg(OV_JAIL_FD_CHANNEL, &msg, MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n <= 0) {
        return false;
    }
    c = CMSG_FIRSTHDR(&msg);
    if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || c == NULL || c->cmsg_level != SOL_SOCKET
            || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(sizeof(int))) {
        _exit(OV_JAILED_EXIT_PROTOCOL);
    }
    memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    *out = ov_bytes_of(message, (size_t)n);
    return true;
}

_Noreturn void verify_in_jail(void)
{
    static uint8_t message[OV_REQUEST_BYTES_MAX];
    struct session *s = calloc(1, sizeof(*s));
    struct ov_bytes received, name;
    struct ov_request request;
    int fd = -1;

    if (s == NULL) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    ov_buf_init(&s->message, OV_EXPLAIN_FRAME_BYTES_MAX);
    while (receive(message, sizeof(message), &received, &fd)) {
        if (!ov_request_decode(received, &request, &name)) {
            _exit(OV_JAILED_EXIT_PROTOCOL);
        }
        s->seq = ov_le32_get(request.seq);
        switch (ov_le32_get(request.kind)) {
        case OV_REQUEST_SOURCE:
            answer_input(s, &request, fd);
            break;
        case OV_REQUEST_FINISH:
            answer_finish(s, &request);
            break;
        default:
            _exit(OV_JAILED_EXIT_PROTOCOL);
        }
        (void)close(fd);
    }
    _exit(0);
}
