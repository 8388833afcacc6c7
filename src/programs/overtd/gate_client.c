/* SPDX-License-Identifier: Apache-2.0 */
/* gate_client.c - one client's side of the protocol: bytes to requests, answers to bytes. The
 * client is hostile; what it can do is bounded by its buffers here and the quotas of the gate. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "programs/overtd/gate.h"
#include "sandbox/wire.h"

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

/* --- saying --------------------------------------------------------------------------------- */

void ovd_client_say(struct ovd_gate *gate, struct ovd_client *c, enum ov_clamd_style style,
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

/* `tag`: of its stream; NULL: it has none. */
bool ovd_client_request(
        struct ovd_gate *gate, struct ovd_client *c, uint64_t bytes, const struct ov_guard_tag *tag)
{
    struct ovd_request *r = calloc(1, sizeof(*r));

    if (r == NULL) {
        ovd_client_say(gate, c, c->style, c->number_last, text_of("Can't allocate memory ERROR"));
        c->state = OVD_CLIENT_CLOSES;
        return false;
    }
    r->number = c->number_last;
    r->style = c->style;
    r->bytes = bytes;
    if (tag != NULL && gate->options->memory != NULL) {
        r->tag = *tag;
        r->rules = ov_guard_contents_rules(gate->options->memory);
    }
    r->next = c->requests;
    c->requests = r;
    c->request_count++;
    return true;
}

void ovd_client_answer(struct ovd_gate *gate, struct ovd_client *c, const struct ovd_frame *frame)
{
    for (struct ovd_request **at = &c->requests; *at != NULL; at = &(*at)->next) {
        struct ovd_request *r = *at;

        if (r->number != frame->request) {
            continue;
        }
        if (ov_bytes_len(frame->text) > 0) {
            ovd_client_say(gate, c, r->style, r->number, frame->text);
        }
        if (frame->value == OVD_CLEAN && gate->options->memory != NULL) {
            ov_guard_contents_put(gate->options->memory, &r->tag, r->rules);
        }
        if (frame->kind == OVD_LAST) {
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
    if (ovd_client_request(gate, c, 0, NULL)) {
        ovd_gate_tell(gate, OVD_ASK, c, c->number_last, verb, text_of(""), -1);
    }
}

static void scan_path(
        struct ovd_gate *gate, struct ovd_client *c, enum ov_clamd_verb verb, struct ov_bytes path)
{
    if (ovd_client_request(gate, c, 0, NULL)) {
        ovd_gate_tell(gate, OVD_SCAN_PATH, c, c->number_last, verb, path, -1);
    }
}

/* --- FILDES --------------------------------------------------------------------------------- */

void ovd_client_goes_on(struct ovd_client *c)
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
        ovd_client_say(
                gate, c, c->style, c->number_last, text_of("No file descriptor received. ERROR"));
        c->state = OVD_CLIENT_CLOSES;
        return;
    }
    fd = c->fds[0];
    c->fd_count--;
    memmove(c->fds, c->fds + 1, c->fd_count * sizeof(c->fds[0]));
    gate->fds_held--;
    if (ovd_client_request(gate, c, 0, NULL)) {
        ovd_gate_tell(gate, OVD_SCAN_FD, c, c->number_last, (uint32_t)fd, text_of(""), fd);
        ovd_client_goes_on(c);
    } else {
        (void)close(fd);
    }
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
            ovd_client_say(gate, c, cmd->style, c->number_last,
                    text_of("Command invalid inside IDSESSION. ERROR"));
            said_all(c);
            return;
        }
    }
    switch (cmd->verb) {
    case OV_CLAMD_UNKNOWN:
        ovd_client_say(gate, c, cmd->style, 0, text_of("UNKNOWN COMMAND"));
        break;
    case OV_CLAMD_PING:
        ovd_client_say(gate, c, cmd->style, c->number_last, text_of("PONG"));
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
            ovd_client_say(gate, c, cmd->style, 0, text_of("UNKNOWN COMMAND"));
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
        return ovd_stream_take(gate, c, in);
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
        ovd_client_say(gate, c, c->style, c->number_last,
                text_of("PROTOCOL ERROR: ancillary data sent without FILDES. ERROR"));
        c->state = OVD_CLIENT_CLOSES;
    }
    while (c->fd_count > 0) {
        (void)close(c->fds[--c->fd_count]);
        gate->fds_held--;
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
    ovd_stream_pause(gate, c);
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
        ovd_stream_drop(gate, c); /* as clamd: closed without a word */
        c->state = OVD_CLIENT_CLOSES;
    }
    settle(c);
}
