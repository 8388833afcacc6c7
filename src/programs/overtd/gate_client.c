/* SPDX-License-Identifier: Apache-2.0 */
/* gate_client.c - one client's side of the protocol: bytes to requests, answers to bytes. The
 * client is hostile; what it can do is bounded by its buffers here and the quotas of the gate. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api/memfd.h"
#include "base/checked.h"
#include "programs/overtd/gate.h"
#include "sandbox/wire.h"

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

/* --- saying --------------------------------------------------------------------------------- */

static void say(struct ovd_gate *gate, struct ovd_client *c, enum ov_clamd_style style,
        uint32_t number, struct ov_bytes text)
{
    if (ov_bytes_len(ov_buf_bytes(&c->out)) == c->out_at) {
        c->sent_ms = gate->now_ms; /* from now on it has something to take */
    }
    if (c->session) {
        ov_buf_printf(&c->out, "%u: ", number);
    }
    if (ov_bytes_len(text) > 0) {
        ov_buf_put(&c->out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    }
    ov_buf_put_u8(&c->out, style == OV_CLAMD_Z ? 0 : '\n');
}

/* Nothing under way any more, and nothing further will come: only what is said is still sent. */
static void settle(struct ovd_client *c)
{
    if (c->request_count == 0
            && (c->state == OVD_CLIENT_SAID_ALL
                    || (c->at_end && c->state == OVD_CLIENT_COMMANDS))) {
        c->state = OVD_CLIENT_CLOSES;
    }
}

static void said_all(struct ovd_client *c)
{
    c->state = OVD_CLIENT_SAID_ALL;
    settle(c);
}

void ovd_client_timed_out(struct ovd_client *c)
{
    /* As clamd: a line feed, whatever the style, and no number. */
    ov_buf_put_text(&c->out, "COMMAND READ TIMED OUT\n");
    c->state = OVD_CLIENT_CLOSES;
}

/* --- requests ------------------------------------------------------------------------------- */

static bool add_request(struct ovd_gate *gate, struct ovd_client *c, uint64_t bytes)
{
    struct ovd_request *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        say(gate, c, c->style, c->number_last, text_of("Can't allocate memory ERROR"));
        c->state = OVD_CLIENT_CLOSES;
        return false;
    }
    r->number = c->number_last;
    r->style = c->style;
    r->bytes = bytes;
    r->next = c->requests;
    c->requests = r;
    c->request_count++;
    return true;
}

void ovd_client_answer(struct ovd_gate *gate, struct ovd_client *c, uint32_t number,
        struct ov_bytes text, bool last)
{
    for (struct ovd_request **at = &c->requests; *at != NULL; at = &(*at)->next) {
        struct ovd_request *r = *at;

        if (r->number != number) {
            continue;
        }
        if (ov_bytes_len(text) > 0) {
            say(gate, c, r->style, number, text);
        }
        if (last) {
            gate->streams_bytes -= r->bytes;
            *at = r->next;
            free(r);
            c->request_count--;
            c->heard_ms = gate->now_ms; /* it may have waited for this before it went on */
            settle(c);
        }
        return;
    }
}

static void ask(struct ovd_gate *gate, struct ovd_client *c, enum ov_clamd_verb verb)
{
    if (add_request(gate, c, 0)) {
        ovd_gate_tell(gate, OVD_ASK, c, c->number_last, verb, text_of(""), -1);
    }
}

static void scan_path(
        struct ovd_gate *gate, struct ovd_client *c, enum ov_clamd_verb verb, struct ov_bytes path)
{
    if (add_request(gate, c, 0)) {
        ovd_gate_tell(gate, OVD_SCAN_PATH, c, c->number_last, verb, path, -1);
    }
}

/* --- FILDES --------------------------------------------------------------------------------- */

static void back_to_commands(struct ovd_client *c)
{
    if (c->session) {
        c->state = OVD_CLIENT_COMMANDS;
        settle(c);
    } else {
        said_all(c);
    }
}

static void claim_fd(struct ovd_gate *gate, struct ovd_client *c)
{
    int fd;

    if (c->fd_count == 0) {
        say(gate, c, c->style, c->number_last, text_of("No file descriptor received. ERROR"));
        c->state = OVD_CLIENT_CLOSES;
        return;
    }
    fd = c->fds[0];
    c->fd_count--;
    memmove(c->fds, c->fds + 1, c->fd_count * sizeof(c->fds[0]));
    if (add_request(gate, c, 0)) {
        ovd_gate_tell(gate, OVD_SCAN_FD, c, c->number_last, (uint32_t)fd, text_of(""), fd);
        back_to_commands(c);
    } else {
        (void)close(fd);
    }
}

/* --- INSTREAM ------------------------------------------------------------------------------- */

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
            ovd_client_answer(gate, c, ov_le32_get(pack->parts[i].request),
                    text_of("Error writing to temporary file ERROR"), true);
        }
        c->state = OVD_CLIENT_CLOSES;
    }
    memmove(pack->bytes, pack->bytes + ended, pack->len - ended);
    pack->len -= ended;
    pack->count = 0;
    c->pack_at = 0;
}

static void drop_stream(struct ovd_gate *gate, struct ovd_client *c)
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
    }
}

static void stream_failed(struct ovd_gate *gate, struct ovd_client *c)
{
    drop_stream(gate, c);
    say(gate, c, c->style, c->number_last, text_of("Error writing to temporary file ERROR"));
    say(gate, c, c->style, c->number_last, text_of("Error processing command. ERROR"));
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
    for (uint64_t done = 0; done < ov_bytes_len(data);) {
        struct ov_bytes rest;
        ssize_t n;

        if (!ov_bytes_slice(data, done, ov_bytes_len(data) - done, &rest)) {
            return false;
        }
        n = write(c->stream_fd, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        done += (uint64_t)n;
    }
    return true;
}

/* A stream that is longer than a pack, or not all there yet, gets a memory file of its own. */
static bool leave_pack(struct ovd_gate *gate, struct ovd_client *c)
{
    struct ovd_pack *pack = &gate->pack;
    const struct ov_bytes so_far = ov_bytes_of(pack->bytes + c->pack_at, pack->len - c->pack_at);

    c->stream_fd = ov_memfd_new("overt-stream");
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

    if (!add_request(gate, c, bytes)) {
        drop_stream(gate, c);
        return;
    }
    pack->parts[pack->count++] = (struct ovd_part){ .request = ov_le32_of(c->number_last),
        .offset = ov_le32_of((uint32_t)c->pack_at),
        .bytes = ov_le32_of((uint32_t)bytes) };
    c->stream_bytes = 0;
    c->packed = false;
    back_to_commands(c);
    if (pack->count == OV_PARTS_MAX) {
        send_pack(gate, c); /* last: it may have to close the connection */
    }
}

static void stream_end(struct ovd_gate *gate, struct ovd_client *c)
{
    const uint64_t bytes = c->stream_bytes;
    overt_error err = OVERT_ERROR_INIT;

    if (c->packed) {
        stream_packed(gate, c);
        return;
    }
    if (c->stream_fd < 0) {
        say(gate, c, c->style, c->number_last, text_of("stream: OK"));
        back_to_commands(c);
        return;
    }
    if (ov_memfd_seal(c->stream_fd, &err) != OVERT_OK) {
        stream_failed(gate, c);
        return;
    }
    c->stream_bytes = 0; /* counted by the request from here on */
    if (add_request(gate, c, bytes)) {
        ovd_gate_tell(gate, OVD_SCAN_FD, c, c->number_last, OVD_STREAM, text_of(""),
                ov_steal_fd(&c->stream_fd));
        back_to_commands(c);
    } else {
        gate->streams_bytes -= bytes;
        drop_stream(gate, c);
    }
}

/* Returns how many bytes were used. */
static uint64_t take_stream(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes in)
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
        drop_stream(gate, c);
        say(gate, c, c->style, c->number_last, text_of("INSTREAM size limit exceeded. ERROR"));
        c->state = OVD_CLIENT_CLOSES;
        break;
    }
    return used;
}

/* --- commands ------------------------------------------------------------------------------- */

static void begin_session(struct ovd_client *c)
{
    c->session = true;
    c->number_last = 0;
}

static void run_command(
        struct ovd_gate *gate, struct ovd_client *c, const struct ov_clamd_command *cmd)
{
    c->style = cmd->style;
    c->spoke = true;
    if (c->session) {
        c->number_last++;
        if (!ov_clamd_in_session(cmd->verb)) {
            say(gate, c, cmd->style, c->number_last,
                    text_of("Command invalid inside IDSESSION. ERROR"));
            said_all(c);
            return;
        }
    }
    switch (cmd->verb) {
    case OV_CLAMD_UNKNOWN:
        say(gate, c, cmd->style, 0, text_of("UNKNOWN COMMAND"));
        break;
    case OV_CLAMD_PING:
        say(gate, c, cmd->style, c->number_last, text_of("PONG"));
        break;
    case OV_CLAMD_VERSION:
    case OV_CLAMD_VERSIONCOMMANDS:
    case OV_CLAMD_RELOAD:
    case OV_CLAMD_SHUTDOWN:
    case OV_CLAMD_STATS:
        ask(gate, c, cmd->verb);
        break;
    case OV_CLAMD_SCAN:
    case OV_CLAMD_CONTSCAN:
    case OV_CLAMD_MULTISCAN:
    case OV_CLAMD_ALLMATCHSCAN:
        scan_path(gate, c, cmd->verb, cmd->argument);
        break;
    case OV_CLAMD_FILDES:
        c->state = OVD_CLIENT_WAITS_FD;
        return;
    case OV_CLAMD_INSTREAM:
        ov_clamd_stream_begin(&c->stream, gate->options->stream_bytes_max);
        c->stream_order = ++gate->stream_orders;
        c->state = OVD_CLIENT_STREAM;
        return;
    case OV_CLAMD_IDSESSION:
        begin_session(c);
        return;
    case OV_CLAMD_END:
        if (!c->session) {
            say(gate, c, cmd->style, 0, text_of("UNKNOWN COMMAND"));
        }
        said_all(c);
        return;
    case OV_CLAMD_DETSTATS:
        break;
    }
    if (c->state == OVD_CLIENT_COMMANDS && !c->session) {
        said_all(c);
    }
}

/* Returns how many bytes were used; 0: it needs more of them. */
static uint64_t take_command(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes in)
{
    struct ov_clamd_command cmd;
    uint64_t used = 0;

    switch (ov_clamd_command_take(in, c->session, &cmd, &used)) {
    case OV_CLAMD_MORE:
        return 0;
    case OV_CLAMD_TAKEN:
        /* A path longer than any: it cannot be looked up, and does not fit a frame. */
        if (ov_bytes_len(cmd.argument) > OV_CLAMD_COMMAND_BYTES_MAX) {
            cmd.verb = OV_CLAMD_UNKNOWN;
        }
        run_command(gate, c, &cmd);
        return used;
    case OV_CLAMD_TOO_LONG:
        break;
    }
    c->at_end = true; /* nothing more is read; as at clamd, the time-out ends it */
    return ov_bytes_len(in);
}

bool ovd_client_takes_bytes(const struct ovd_client *c)
{
    return c->state == OVD_CLIENT_STREAM
           || ((c->state == OVD_CLIENT_COMMANDS || c->state == OVD_CLIENT_WAITS_FD)
                   && c->request_count < OVD_REQUESTS_MAX);
}

bool ovd_client_may_read(const struct ovd_gate *gate, const struct ovd_client *c)
{
    if (c->at_end || !ovd_client_takes_bytes(c)) {
        return false;
    }
    if (c->state != OVD_CLIENT_STREAM || gate->streams_bytes < gate->options->streams_memory_max) {
        return true;
    }
    /* Memory is full: the oldest stream is read to its end, so that there is always one that can
     * finish and give its memory back. Those that wait for their answer will, too. */
    for (uint32_t i = 0; i < gate->client_cap; i++) {
        const struct ovd_client *other = gate->clients[i];

        if (other != NULL && other->state == OVD_CLIENT_STREAM
                && other->stream_order < c->stream_order) {
            return false;
        }
    }
    return true;
}

static uint64_t step(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes in)
{
    switch (c->state) {
    case OVD_CLIENT_COMMANDS:
        return take_command(gate, c, in);
    case OVD_CLIENT_STREAM:
        return take_stream(gate, c, in);
    case OVD_CLIENT_WAITS_FD: /* the byte that carries the descriptor */
        claim_fd(gate, c);
        return 1;
    case OVD_CLIENT_SAID_ALL:
    case OVD_CLIENT_CLOSES:
        break;
    }
    return ov_bytes_len(in); /* ignored */
}

/* Takes commands from `in` while it may; *used: how many bytes. */
static void take_all(
        struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes in, struct ov_bytes *rest)
{
    uint64_t used = 1;

    *rest = in;
    while (ov_bytes_len(*rest) > 0 && used > 0
            && (ovd_client_takes_bytes(c) || c->state >= OVD_CLIENT_SAID_ALL)) {
        used = step(gate, c, *rest);
        if (!ov_bytes_slice(*rest, used, ov_bytes_len(*rest) - used, rest)) {
            OV_ASSERT(false); /* a step uses no more than it was given */
        }
    }
}

/* A descriptor that no FILDES asks for: outside a session it is let go, as clamd does. */
static void stray_fds(struct ovd_gate *gate, struct ovd_client *c)
{
    if (c->fd_count == 0 || c->state == OVD_CLIENT_WAITS_FD
            || ov_bytes_len(ov_buf_bytes(&c->in)) != 0) {
        return;
    }
    if (c->session && c->state == OVD_CLIENT_COMMANDS) {
        say(gate, c, c->style, c->number_last,
                text_of("PROTOCOL ERROR: ancillary data sent without FILDES. ERROR"));
        c->state = OVD_CLIENT_CLOSES;
    }
    while (c->fd_count > 0) {
        (void)close(c->fds[--c->fd_count]);
    }
}

void ovd_client_bytes(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes bytes)
{
    struct ov_bytes rest;
    auto_free uint8_t *before = NULL;
    size_t before_len = 0;

    if (ov_bytes_len(ov_buf_bytes(&c->in)) > 0) {
        if (ov_bytes_len(bytes) > 0) {
            ov_buf_put(&c->in, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
        }
        before = ov_buf_steal(&c->in, &before_len);
        if (before == NULL) {
            c->state = OVD_CLIENT_CLOSES; /* no memory for its bytes */
            return;
        }
        bytes = ov_bytes_of(before, before_len);
    }
    take_all(gate, c, bytes, &rest);
    if (c->packed && !leave_pack(gate, c)) {
        stream_failed(gate, c);
    }
    send_pack(gate, c);
    if (ov_bytes_len(rest) > 0) {
        ov_buf_put(&c->in, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
        if (!ov_buf_ok(&c->in)) {
            c->state = OVD_CLIENT_CLOSES;
        }
    }
    stray_fds(gate, c);
}

void ovd_client_end(struct ovd_gate *gate, struct ovd_client *c)
{
    c->at_end = true;
    if (c->state == OVD_CLIENT_WAITS_FD) {
        claim_fd(gate, c);
    } else if (c->state == OVD_CLIENT_STREAM) {
        drop_stream(gate, c); /* as clamd: closed without a word */
        c->state = OVD_CLIENT_CLOSES;
    }
    settle(c);
}
