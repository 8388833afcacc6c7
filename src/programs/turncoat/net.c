/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - attacks by network: anything that carries bytes off this machine, or to another process
 * on it. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "programs/turncoat/turncoat.h"

static long new_socket(int family, int type, int protocol)
{
    return syscall(SYS_socket, family, type, protocol);
}

static struct sockaddr_in loopback(struct ov_le16 port)
{
    return (struct sockaddr_in){ .sin_family = AF_INET,
        .sin_port = htons(ov_le16_get(port)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

/* Connects and says something, so that the listener has heard it. */
static int say(int s, const void *to, socklen_t len)
{
    if (connect(s, to, len) != 0) {
        return -errno;
    }
    return got(send(s, "leak", 4, MSG_NOSIGNAL));
}

ATTACK(net_tcp)
{
    const struct sockaddr_in to = loopback(w->bait->tcp_port);
    const int s = (int)new_socket(AF_INET, SOCK_STREAM, 0);

    return s < 0 ? -errno : say(s, &to, sizeof(to));
}

ATTACK(net_tcp6)
{
    const struct sockaddr_in6 to = { .sin6_family = AF_INET6,
        .sin6_port = htons(ov_le16_get(w->bait->tcp6_port)),
        .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    const int s = (int)new_socket(AF_INET6, SOCK_STREAM, 0);

    return s < 0 ? -errno : say(s, &to, sizeof(to));
}

ATTACK(net_mptcp)
{
    const struct sockaddr_in to = loopback(w->bait->tcp_port);
    const int s = (int)new_socket(AF_INET, SOCK_STREAM, 262);

    return s < 0 ? -errno : say(s, &to, sizeof(to));
}

ATTACK(net_fast_open)
{
    const struct sockaddr_in to = loopback(w->bait->tcp_port);
    const int s = (int)new_socket(AF_INET, SOCK_STREAM, 0);

    if (s < 0) {
        return -errno;
    }
    return got(sendto(
            s, "leak", 4, MSG_FASTOPEN | MSG_NOSIGNAL, (const struct sockaddr *)&to, sizeof(to)));
}

ATTACK(net_udp)
{
    const struct sockaddr_in to = loopback(w->bait->udp_port);
    const int s = (int)new_socket(AF_INET, SOCK_DGRAM, 0);

    if (s < 0) {
        return -errno;
    }
    return got(sendto(s, "leak", 4, 0, (const struct sockaddr *)&to, sizeof(to)));
}

ATTACK(net_dns)
{
    struct sockaddr_in to = loopback((struct ov_le16){ { 0, 0 } });
    const int s = (int)new_socket(AF_INET, SOCK_DGRAM, 0);
    static const char question[] = "\0\1\1\0\0\1\0\0\0\0\0\0\4leak\7invalid\0\0\1\0\1";

    if (s < 0) {
        return -errno;
    }
    to.sin_port = htons(53);
    return got(
            sendto(s, question, sizeof(question) - 1, 0, (const struct sockaddr *)&to, sizeof(to)));
}

ATTACK(net_icmp)
{
    const struct sockaddr_in to = loopback((struct ov_le16){ { 0, 0 } });
    static const unsigned char echo[8] = { 8, 0, 0xf7, 0xff };
    const int s = (int)new_socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

    if (s < 0) {
        return -errno;
    }
    return got(sendto(s, echo, sizeof(echo), 0, (const struct sockaddr *)&to, sizeof(to)));
}

ATTACK(net_ping)
{
    const struct sockaddr_in to = loopback((struct ov_le16){ { 0, 0 } });
    static const unsigned char echo[8] = { 8 };
    const int s = (int)new_socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

    if (s < 0) {
        return -errno;
    }
    return got(sendto(s, echo, sizeof(echo), 0, (const struct sockaddr *)&to, sizeof(to)));
}

ATTACK(net_listen)
{
    const struct sockaddr_in at = { .sin_family = AF_INET };
    const int s = (int)new_socket(AF_INET, SOCK_STREAM, 0);

    if (s < 0) {
        return -errno;
    }
    /* A port has to be named, or Landlock is not asked. */
    if (bind(s, (const struct sockaddr *)&at, sizeof(at)) != 0) {
        return -errno;
    }
    return got(listen(s, 1));
}

static int say_unix(int type, const struct sockaddr_un *to, socklen_t len)
{
    const int s = (int)new_socket(AF_UNIX, type, 0);

    return s < 0 ? -errno : say(s, to, len);
}

ATTACK(net_unix_path)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char path[PATH_BYTES];

    (void)strncpy(to.sun_path, bait_path(w, "socket", path), sizeof(to.sun_path) - 1);
    return say_unix(SOCK_STREAM, &to, sizeof(to));
}

ATTACK(net_unix_datagram)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    char path[PATH_BYTES];

    (void)strncpy(to.sun_path, bait_path(w, "datagrams", path), sizeof(to.sun_path) - 1);
    return say_unix(SOCK_DGRAM, &to, sizeof(to));
}

ATTACK(net_unix_abstract)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const size_t len = strlen(w->bait->abstract);

    memcpy(to.sun_path + 1, w->bait->abstract, len);
    return say_unix(
            SOCK_STREAM, &to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len));
}

ATTACK(net_syslog)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };

    return say_unix(SOCK_DGRAM, &to, sizeof(to));
}

ATTACK(net_netlink)
{
    const struct sockaddr_nl at = { .nl_family = AF_NETLINK };
    const int s = (int)new_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    return s < 0 ? -errno : got(bind(s, (const struct sockaddr *)&at, sizeof(at)));
}

ATTACK(net_audit)
{
    return got(new_socket(AF_NETLINK, SOCK_RAW, NETLINK_AUDIT));
}

ATTACK(net_vsock)
{
    const struct sockaddr_vm to = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 9999
    };
    const int s = (int)new_socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (s < 0) {
        return -errno;
    }
    if (connect(s, (const struct sockaddr *)&to, sizeof(to)) == 0 || errno == EINPROGRESS
            || errno == ECONNRESET) { /* the hypervisor was asked, or answered */
        return 0;
    }
    return -errno;
}

ATTACK(net_packet)
{
    const struct sockaddr_ll at = {
        .sll_family = AF_PACKET, .sll_ifindex = 1, .sll_protocol = htons(3)
    };
    const int s = (int)new_socket(AF_PACKET, SOCK_RAW, htons(3));

    return s < 0 ? -errno : got(bind(s, (const struct sockaddr *)&at, sizeof(at)));
}

ATTACK(net_crypto)
{
    return got(new_socket(AF_ALG, SOCK_SEQPACKET, 0));
}

ATTACK(net_bluetooth)
{
    return got(new_socket(AF_BLUETOOTH, SOCK_RAW, 1));
}

ATTACK(net_socketpair)
{
    int pair[2];

    return got(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

ATTACK(net_accept)
{
    /* The channel made to listen would be a second one. */
    if (listen(OV_JAIL_FD_CHANNEL, 1) != 0) {
        return -errno;
    }
    return got(accept4(OV_JAIL_FD_CHANNEL, NULL, NULL, SOCK_NONBLOCK));
}
