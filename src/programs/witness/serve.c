/* SPDX-License-Identifier: Apache-2.0 */
/* serve.c - the witness over HTTP/1.1, meant for loopback behind a proxy. One thread, a bounded
 * number of connections, each with a bounded buffer and ten seconds: whoever is slower is closed.
 * One request a connection. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "programs/witness/witness.h"
#include "trust/line.h"

#define CONNECTIONS_MAX   64u
#define CONNECTION_MS     10000
#define REQUEST_BYTES_MAX (OV_HTTP_HEAD_BYTES_MAX + OV_HTTP_BODY_BYTES_MAX)

struct connection {
    int fd; /* -1: free */
    int64_t until_ms;
    struct ov_buf in, out;
    size_t sent;
    bool answering;
};

static volatile sig_atomic_t stopping;

static void on_stop(int signal)
{
    (void)signal;
    stopping = 1;
}

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void hang_up(struct connection *c)
{
    (void)close(c->fd);
    ov_buf_done(&c->in);
    ov_buf_done(&c->out);
    *c = (struct connection){ .fd = -1 };
}

static const char *phrase(unsigned status)
{
    return status == 200   ? "OK"
           : status == 409 ? "Conflict"
           : status == 404 ? "Not Found"
           : status < 500  ? "Refused"
                           : "Error";
}

static void answer(struct connection *c, unsigned status, struct ov_bytes body)
{
    ov_buf_printf(&c->out,
            "HTTP/1.1 %u %s\r\nContent-Type: %s\r\nContent-Length: %" PRIu64
            "\r\nConnection: close\r\n\r\n",
            status, phrase(status),
            status == 409 ? "text/x.tlog.size" : "text/plain; charset=utf-8", ov_bytes_len(body));
    ov_buf_put(&c->out, ov_bytes_raw(body), (size_t)ov_bytes_len(body));
    c->answering = true;
}

static void answer_text(struct connection *c, unsigned status, const char *text)
{
    struct ov_buf body;

    ov_buf_init(&body, 1024);
    ov_buf_printf(&body, "%s\n", text);
    answer(c, status, ov_buf_bytes(&body));
    ov_buf_done(&body);
}

/* GET /HEX/checkpoint: what was cosigned last. */
static void answer_get(struct witness *w, struct connection *c, struct ov_bytes path)
{
    struct ov_bytes rest, hex, name;
    char id[2 * OV_HASH_BYTES + 1];
    struct ov_buf note;

    ov_buf_init(&note, 2u * OV_NOTE_BYTES_MAX);
    if (ov_text_after(path, "/", &rest) && ov_text_split(rest, '/', &hex, &name)
            && ov_bytes_len(hex) == sizeof(id) - 1 && ov_bytes_equal(name, "checkpoint", 10)) {
        memcpy(id, ov_bytes_raw(hex), sizeof(id) - 1);
        id[sizeof(id) - 1] = '\0';
        if (state_note(w, id, &note) && ov_buf_ok(&note)) {
            answer(c, 200, ov_buf_bytes(&note));
        }
    }
    if (!c->answering) {
        answer_text(c, 404, "nothing is known of that");
    }
    ov_buf_done(&note);
}

/* Answers as soon as the whole request is there. */
static void consider(struct witness *w, struct connection *c)
{
    struct ov_http_request request;
    const struct ov_bytes in = ov_buf_bytes(&c->in);
    const char *why;
    unsigned status = ov_http_read(in, &request, &why);
    struct ov_bytes body;
    struct ov_buf text;

    if (status == 0) {
        return;
    }
    if (status != 200) {
        answer_text(c, status, why);
        return;
    }
    if (request.method == OV_HTTP_GET) {
        answer_get(w, c, request.path);
        return;
    }
    if (!ov_bytes_equal(request.path, "/add-checkpoint", 15)) {
        answer_text(c, 404, "the path is /add-checkpoint");
        return;
    }
    if (!ov_bytes_slice(in, request.head_bytes, request.body_bytes, &body)) {
        return; /* more is on its way */
    }
    ov_buf_init(&text, OV_NOTE_BYTES_MAX);
    status = add_checkpoint(w, body, &text);
    answer(c, status, ov_buf_bytes(&text));
    ov_buf_done(&text);
}

static void hear(struct witness *w, struct connection *c)
{
    uint8_t block[16384];
    const ssize_t n = recv(c->fd, block, sizeof(block), MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        hang_up(c);
        return;
    }
    ov_buf_put(&c->in, block, (size_t)n);
    if (!ov_buf_ok(&c->in)) {
        answer_text(c, 413, "the request is too long");
        return;
    }
    consider(w, c);
}

static void speak(struct connection *c)
{
    const struct ov_bytes out = ov_buf_bytes(&c->out);
    const size_t left = (size_t)ov_bytes_len(out) - c->sent;
    const ssize_t n = send(c->fd, ov_bytes_raw(out) + c->sent, left, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    c->sent += n > 0 ? (size_t)n : 0;
    if (n <= 0 || c->sent == ov_bytes_len(out)) {
        (void)shutdown(c->fd, SHUT_WR);
        hang_up(c);
    }
}

static void welcome(int listener, struct connection *all)
{
    const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    for (size_t i = 0; fd >= 0 && i < CONNECTIONS_MAX; i++) {
        if (all[i].fd < 0) {
            all[i] = (struct connection){ .fd = fd, .until_ms = now_ms() + CONNECTION_MS };
            ov_buf_init(&all[i].in, REQUEST_BYTES_MAX);
            ov_buf_init(&all[i].out, 4u * OV_NOTE_BYTES_MAX);
            return;
        }
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

/* "127.0.0.1:8080" or "[::1]:8080"; port 0: any, which is told. */
static int listen_at(const char *address)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four = { .sin_family = AF_INET };
    const char *colon = strrchr(address, ':');
    uint64_t port = 0;
    char host[64];
    const int one = 1;
    const struct sockaddr *at;
    socklen_t len;
    int fd;

    if (colon == NULL || colon == address || (size_t)(colon - address) >= sizeof(host)
            || ov_decimal_read(ov_bytes_of(colon + 1, strlen(colon + 1)), &port) != NULL
            || port > 65535) {
        complain(address, "not ADDRESS:PORT");
        return -1;
    }
    (void)snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = '\0';
        six.sin6_port = htons((uint16_t)port);
        at = (const struct sockaddr *)&six;
        len = inet_pton(AF_INET6, host + 1, &six.sin6_addr) == 1 ? sizeof(six) : 0;
    } else {
        four.sin_port = htons((uint16_t)port);
        at = (const struct sockaddr *)&four;
        len = inet_pton(AF_INET, host, &four.sin_addr) == 1 ? sizeof(four) : 0;
    }
    fd = len == 0 ? -1 : socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0
            || bind(fd, at, len) != 0 || listen(fd, 64) != 0) {
        complain(address, len == 0 ? "not an address" : strerror(errno));
        if (fd >= 0) {
            (void)close(fd);
        }
        return -1;
    }
    return fd;
}

static void tell_port(int fd)
{
    union {
        struct sockaddr any;
        struct sockaddr_in four;
        struct sockaddr_in6 six;
    } name = { .six = { .sin6_family = AF_UNSPEC } };
    socklen_t len = sizeof(name);
    unsigned port = 0;

    if (getsockname(fd, &name.any, &len) == 0) {
        port = ntohs(name.any.sa_family == AF_INET6 ? name.six.sin6_port : name.four.sin_port);
    }
    (void)printf("listening on port %u\n", port);
    (void)fflush(stdout);
}

static void turn(struct witness *w, int listener, struct connection *all)
{
    struct pollfd fds[CONNECTIONS_MAX + 1] = { { .fd = listener, .events = POLLIN } };
    const int64_t now = now_ms();
    int ready;

    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (all[i].fd >= 0 && now >= all[i].until_ms) {
            hang_up(&all[i]);
        }
        fds[i + 1] =
                (struct pollfd){ .fd = all[i].fd, .events = all[i].answering ? POLLOUT : POLLIN };
    }
    ready = poll(fds, CONNECTIONS_MAX + 1, 1000);
    if (ready <= 0) {
        return;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (all[i].fd >= 0 && fds[i + 1].revents != 0) {
            if (all[i].answering) {
                speak(&all[i]);
            } else {
                hear(w, &all[i]);
            }
        }
    }
    if (fds[0].revents != 0) {
        welcome(listener, all);
    }
}

int serve(struct witness *w, const char *address)
{
    struct connection *all = calloc(CONNECTIONS_MAX, sizeof(*all));
    const struct sigaction stop = { .sa_handler = on_stop };
    const int listener = all == NULL ? -1 : listen_at(address);

    if (listener < 0) {
        free(all);
        return 2;
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        all[i].fd = -1;
    }
    (void)sigaction(SIGTERM, &stop, NULL);
    (void)sigaction(SIGINT, &stop, NULL);
    tell_port(listener);
    while (!stopping) {
        turn(w, listener, all);
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (all[i].fd >= 0) {
            hang_up(&all[i]);
        }
    }
    free(all);
    (void)close(listener);
    return 0;
}
