/* SPDX-License-Identifier: Apache-2.0 */
/* listen.c - sockets: those that systemd hands over, or our own; and taking connections. */
#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "programs/overtd/daemon.h"

#define ACCEPTS_AT_ONCE 64u

static bool add(struct ovd *d, int fd, bool local)
{
    const size_t index = d->listener_count;

    if (index == OVD_LISTENERS_MAX || !ovd_watch(d, fd, OVD_EVENT_LISTENER, (uint32_t)index)) {
        ovd_log(&d->log, OVD_ERROR, "a socket cannot be listened at: %s",
                index == OVD_LISTENERS_MAX ? "too many" : strerror(errno));
        (void)close(fd);
        return false;
    }
    d->listeners[index] = fd;
    d->listener_local[index] = local;
    d->listener_count++;
    return true;
}

/* A socket file whose daemon is gone: nobody answers there. */
static bool remove_stale(struct ovd *d, const struct sockaddr_un *at)
{
    auto_fd int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct stat st;

    if (lstat(at->sun_path, &st) != 0) {
        return errno == ENOENT;
    }
    if (!S_ISSOCK(st.st_mode) || !d->config.fix_stale_socket || probe < 0) {
        return true; /* bind will say what is there */
    }
    if (connect(probe, (const struct sockaddr *)at, sizeof(*at)) == 0 || errno != ECONNREFUSED) {
        ovd_log(&d->log, OVD_ERROR, "LocalSocket %s: another daemon answers there", at->sun_path);
        return false;
    }
    return unlink(at->sun_path) == 0;
}

static bool set_owner(struct ovd *d, const char *path)
{
    const struct group *group;

    if (chmod(path, (mode_t)d->config.local_socket_mode) != 0) {
        return false;
    }
    if (d->config.local_socket_group == NULL) {
        return true;
    }
    group = getgrnam(d->config.local_socket_group);
    if (group == NULL) {
        errno = ENOENT;
        return false;
    }
    return chown(path, (uid_t)-1, group->gr_gid) == 0;
}

static bool listen_local(struct ovd *d)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const char *path = d->config.local_socket;
    auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (strlen(path) >= sizeof(at.sun_path)) {
        ovd_log(&d->log, OVD_ERROR, "LocalSocket %s: longer than a socket's name may be", path);
        return false;
    }
    memcpy(at.sun_path, path, strlen(path) + 1);
    if (fd < 0 || !remove_stale(d, &at)
            || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        ovd_log(&d->log, OVD_ERROR, "LocalSocket %s: %s", path, strerror(errno));
        return false;
    }
    d->bound_path = strdup(path);
    if (d->bound_path == NULL || !set_owner(d, path) || listen(fd, (int)d->config.backlog) != 0) {
        ovd_log(&d->log, OVD_ERROR, "LocalSocket %s: %s", path, strerror(errno));
        return false;
    }
    return add(d, ov_steal_fd(&fd), true);
}

static bool listen_tcp(struct ovd *d, const char *host)
{
    const struct addrinfo hints = {
        .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE
    };
    struct addrinfo *found = NULL;
    char port[8];
    bool good = true;
    int bad;

    (void)snprintf(port, sizeof(port), "%u", (unsigned)d->config.tcp_port);
    bad = getaddrinfo(host, port, &hints, &found);
    if (bad != 0) {
        ovd_log(&d->log, OVD_ERROR, "TCPAddr %s: %s", host, gai_strerror(bad));
        return false;
    }
    for (const struct addrinfo *at = found; at != NULL && good; at = at->ai_next) {
        auto_fd int fd =
                socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
        const int on = 1;

        good = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0
               && (at->ai_family != AF_INET6
                       || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0)
               && bind(fd, at->ai_addr, at->ai_addrlen) == 0
               && listen(fd, (int)d->config.backlog) == 0;
        if (!good) {
            ovd_log(&d->log, OVD_ERROR, "TCPAddr %s, TCPSocket %s: %s", host, port,
                    strerror(errno));
        } else {
            good = add(d, ov_steal_fd(&fd), false);
        }
    }
    freeaddrinfo(found);
    return good;
}

/* From systemd: whatever it is, it is theirs to configure. */
static int listen_inherited(struct ovd *d)
{
    const int count = sd_listen_fds(1);

    for (int i = 0; i < count; i++) {
        const int fd = SD_LISTEN_FDS_START + i;
        const bool local = sd_is_socket(fd, AF_UNIX, SOCK_STREAM, 1) > 0;

        if (!local && sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, 1) <= 0) {
            ovd_log(&d->log, OVD_ERROR, "descriptor %d from systemd is no listening socket", fd);
            return -1;
        }
        if (!add(d, fd, local)) {
            return -1;
        }
    }
    return count;
}

bool ovd_listen(struct ovd *d)
{
    const int inherited = listen_inherited(d);

    if (inherited != 0) {
        return inherited > 0;
    }
    if (d->config.local_socket != NULL && !listen_local(d)) {
        return false;
    }
    if (d->config.tcp_port != 0) {
        if (d->config.tcp_addrs.count == 0 && !listen_tcp(d, "localhost")) {
            return false;
        }
        for (size_t i = 0; i < d->config.tcp_addrs.count; i++) {
            if (!listen_tcp(d, d->config.tcp_addrs.at[i])) {
                return false;
            }
        }
    }
    if (d->listener_count == 0) {
        ovd_log(&d->log, OVD_ERROR, "nothing to listen at: set LocalSocket or TCPSocket");
    }
    return d->listener_count > 0;
}

void ovd_listen_done(struct ovd *d)
{
    for (size_t i = 0; i < d->listener_count; i++) {
        (void)close(d->listeners[i]);
    }
    d->listener_count = 0;
    if (d->bound_path != NULL) {
        (void)unlink(d->bound_path);
        free(d->bound_path);
        d->bound_path = NULL;
    }
}

/* Who is at the other end, as the kernel knows it. */
static struct ovd_peer *peer_of(int fd)
{
    struct ovd_peer *peer = calloc(1, sizeof(*peer));
    struct ucred cred;
    socklen_t len = sizeof(cred), groups_len;

    if (peer == NULL) {
        return NULL;
    }
    groups_len = sizeof(peer->groups);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0
            || getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &groups_len) != 0) {
        free(peer); /* more groups than OVD_GROUPS_MAX, say: nobody's rights are better than some */
        return NULL;
    }
    peer->known = true;
    peer->uid = cred.uid;
    peer->gid = cred.gid;
    peer->group_count = groups_len / sizeof(gid_t);
    return peer;
}

void ovd_accept(struct ovd *d, size_t index)
{
    for (unsigned i = 0;
            i < ACCEPTS_AT_ONCE && d->session_count < d->session_cap / 2 && d->parked.fd < 0; i++) {
        const int fd = accept4(d->listeners[index], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR
                    && errno != ECONNABORTED) {
                ovd_log(&d->log, OVD_WARNING, "a connection could not be taken: %s",
                        strerror(errno));
            }
            return;
        }
        ovd_gate_add(
                d, fd, d->listener_local[index], d->listener_local[index] ? peer_of(fd) : NULL);
    }
}

void ovd_listen_pause(struct ovd *d, bool pause)
{
    for (size_t i = 0; i < d->listener_count; i++) {
        struct epoll_event event = { .events = pause ? 0 : EPOLLIN,
            .data = { .u64 = (uint64_t)OVD_EVENT_LISTENER << 32 | i } };

        (void)epoll_ctl(d->epoll, EPOLL_CTL_MOD, d->listeners[i], &event);
    }
}
