/* SPDX-License-Identifier: Apache-2.0 */
/* gate_stream.c - INSTREAM: what a client sends becomes memory files that nobody can change any more.
 * Small streams that came with one read go on in one; what holds the same bytes as a stream in which
 * nothing was found before is answered at once. */
#include <string.h>

#include "api/memfd.h"
#include "base/checked.h"
#include "base/file.h"
#include "programs/overtd/gate.h"

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

/* A whole pack, or what of it has ended: the rest moves to its beginning. Where no memory file can
 * be made of it, its streams fail as one alone would. */
static void send_pack(struct ovd_gate *gate, struct ovd_client *c)
{
    struct ovd_pack *pack = &gate->pack;
    const size_t ended = c->packed ? c->pack_at : pack->len;
    overt_error err = OVERT_ERROR_INIT;
    int fd = -1;

    if (pack->count == 0) {
        return;
    }
    if (ov_memfd_of(&fd, "overt-stream", ov_bytes_of(pack->bytes, ended), &err) == OVERT_OK) {
        ovd_gate_tell(gate, OVD_SCAN_PARTS, c, 0, 0,
                ov_bytes_of(pack->parts, pack->count * sizeof(pack->parts[0])), fd);
    } else {
        for (uint32_t i = 0; i < pack->count; i++) {
            const struct ovd_frame failed = { .kind = OVD_LAST,
                .request = ov_le32_get(pack->parts[i].request),
                .text = text_of("Error writing to temporary file ERROR") };

            ovd_client_answer(gate, c, &failed);
        }
        c->state = OVD_CLIENT_CLOSES;
    }
    memmove(pack->bytes, pack->bytes + ended, pack->len - ended);
    pack->len -= ended;
    pack->count = 0;
    c->pack_at = 0;
}

void ovd_stream_drop(struct ovd_gate *gate, struct ovd_client *c)
{
    if (c->packed) {
        gate->pack.len = c->pack_at;
        c->packed = false;
    }
    gate->streams_bytes -= c->stream_bytes;
    c->stream_bytes = 0;
    if (c->stream_fd >= 0) {
        (void)close(c->stream_fd);
        c->stream_fd = -1;
        gate->fds_held--;
    }
    ov_guard_tagging_free(c->tagging);
    c->tagging = NULL;
}

/* Nothing was found in these bytes before, under the rules in force. */
static bool is_known(const struct ovd_gate *gate, const struct ov_guard_tag *tag)
{
    return gate->options->memory != NULL && ov_guard_contents_knows(gate->options->memory, tag);
}

static void stream_known(struct ovd_gate *gate, struct ovd_client *c)
{
    gate->known_count++;
    gate->known_bytes += c->stream_bytes;
    ovd_stream_drop(gate, c);
    ovd_client_say(gate, c, c->style, c->number_last, text_of("stream: OK"));
    ovd_client_goes_on(c);
}

static void stream_failed(struct ovd_gate *gate, struct ovd_client *c)
{
    ovd_stream_drop(gate, c);
    ovd_client_say(
            gate, c, c->style, c->number_last, text_of("Error writing to temporary file ERROR"));
    ovd_client_say(gate, c, c->style, c->number_last, text_of("Error processing command. ERROR"));
    c->state = OVD_CLIENT_CLOSES;
}

/* True: it is in the pack. */
static bool pack_put(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes data)
{
    struct ovd_pack *pack = &gate->pack;
    const size_t len = (size_t)ov_bytes_len(data);

    if (c->stream_fd >= 0) {
        return false;
    }
    if (!c->packed) {
        c->packed = true;
        c->pack_at = pack->len;
    }
    if (len > OVD_PACK_BYTES - pack->len) {
        send_pack(gate, c);
    }
    if (len > OVD_PACK_BYTES - pack->len) {
        return false;
    }
    memcpy(pack->bytes + pack->len, ov_bytes_raw(data), len);
    pack->len += len;
    return true;
}

static bool file_put(struct ovd_client *c, struct ov_bytes data)
{
    if (c->tagging != NULL) {
        ov_guard_tagging_put(c->tagging, data);
    }
    return ov_file_write_all(c->stream_fd, data);
}

/* A stream that is longer than a pack, or not all there yet, gets a memory file of its own. */
static bool leave_pack(struct ovd_gate *gate, struct ovd_client *c)
{
    struct ovd_pack *pack = &gate->pack;
    const struct ov_bytes so_far = ov_bytes_of(pack->bytes + c->pack_at, pack->len - c->pack_at);

    c->tagging =
            gate->options->memory == NULL ? NULL : ov_guard_tagging_begin(gate->options->memory);
    c->stream_fd = ovd_gate_has_room(gate, 1) ? ov_memfd_new("overt-stream") : -1;
    gate->fds_held += c->stream_fd >= 0 ? 1 : 0;
    if (c->stream_fd < 0 || !file_put(c, so_far)) {
        return false;
    }
    pack->len = c->pack_at;
    c->packed = false;
    return true;
}

static bool stream_put(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes data)
{
    if (!pack_put(gate, c, data) && ((c->packed && !leave_pack(gate, c)) || !file_put(c, data))) {
        return false;
    }
    c->stream_bytes += ov_bytes_len(data);
    gate->streams_bytes += ov_bytes_len(data);
    return true;
}

/* What it was is a request now, and counted there. */
static void stream_packed(struct ovd_gate *gate, struct ovd_client *c)
{
    const uint64_t bytes = c->stream_bytes;
    struct ovd_pack *pack = &gate->pack;
    struct ov_guard_tag tag = { .bytes = { 0 } };

    if (gate->options->memory != NULL) {
        tag = ov_guard_contents_tag(gate->options->memory,
                ov_bytes_of(pack->bytes + c->pack_at, pack->len - c->pack_at));
    }
    if (is_known(gate, &tag)) {
        stream_known(gate, c);
        return;
    }
    if (!ovd_client_request(gate, c, bytes, &tag)) {
        ovd_stream_drop(gate, c);
        return;
    }
    pack->parts[pack->count++] = (struct ovd_part){ .request = ov_le32_of(c->number_last),
        .offset = ov_le32_of((uint32_t)c->pack_at),
        .bytes = ov_le32_of((uint32_t)bytes) };
    c->stream_bytes = 0;
    c->packed = false;
    ovd_client_goes_on(c);
    if (pack->count == OV_PARTS_MAX) {
        send_pack(gate, c); /* last: it may have to close the connection */
    }
}

static void stream_end(struct ovd_gate *gate, struct ovd_client *c)
{
    const uint64_t bytes = c->stream_bytes;
    struct ov_guard_tag tag = { .bytes = { 0 } };
    overt_error err = OVERT_ERROR_INIT;

    if (c->packed) {
        stream_packed(gate, c);
        return;
    }
    if (c->tagging != NULL) {
        tag = ov_guard_tagging_end(c->tagging);
        c->tagging = NULL;
    }
    if (is_known(gate, &tag)) {
        stream_known(gate, c);
        return;
    }
    if (c->stream_fd < 0) {
        ovd_client_say(gate, c, c->style, c->number_last, text_of("stream: OK"));
        ovd_client_goes_on(c);
        return;
    }
    if (ov_memfd_seal(c->stream_fd, &err) != OVERT_OK) {
        stream_failed(gate, c);
        return;
    }
    c->stream_bytes = 0; /* counted by the request from here on */
    if (ovd_client_request(gate, c, bytes, &tag)) {
        ovd_gate_tell(gate, OVD_SCAN_FD, c, c->number_last, OVD_STREAM, text_of(""),
                ov_steal_fd(&c->stream_fd));
        gate->fds_held--;
        ovd_client_goes_on(c);
    } else {
        gate->streams_bytes -= bytes;
        ovd_stream_drop(gate, c);
    }
}

uint64_t ovd_stream_take(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes in)
{
    struct ov_bytes data;
    uint64_t used = 0;

    switch (ov_clamd_stream_take(&c->stream, in, &data, &used)) {
    case OV_CLAMD_STREAM_MORE:
        break;
    case OV_CLAMD_STREAM_DATA:
        if (!stream_put(gate, c, data)) {
            stream_failed(gate, c);
        }
        break;
    case OV_CLAMD_STREAM_END:
        stream_end(gate, c);
        break;
    case OV_CLAMD_STREAM_TOO_LONG:
        ovd_stream_drop(gate, c);
        ovd_client_say(
                gate, c, c->style, c->number_last, text_of("INSTREAM size limit exceeded. ERROR"));
        c->state = OVD_CLIENT_CLOSES;
        break;
    }
    return used;
}

void ovd_stream_pause(struct ovd_gate *gate, struct ovd_client *c)
{
    if (c->packed && !leave_pack(gate, c)) {
        stream_failed(gate, c);
    }
    send_pack(gate, c);
}
