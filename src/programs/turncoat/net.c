/* SPDX-License-Identifier: Apache-2.0 */
/* net.c - attempts to reach a network, or another process on this machine, by a socket. */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "programs/turncoat/try.h"
#include "sandbox/frame.h"

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return to;
}

int try_tcp(const struct ov_bait *bait)
{
    const struct sockaddr_in to = loopback(bait->tcp_port);
    const int s = socket(AF_INET, SOCK_STREAM, 0);

    if (s < 0) {
        return -errno;
    }
    return outcome(connect(s, (const struct sockaddr *)&to, sizeof(to)));
}

static int send_datagram(uint16_t port)
{
    const struct sockaddr_in to = loopback(port);
    const int s = socket(AF_INET, SOCK_DGRAM, 0);

    if (s < 0) {
        return -errno;
    }
    return outcome(sendto(s, "leak", 4, 0, (const struct sockaddr *)&to, sizeof(to)));
}

int try_udp(const struct ov_bait *bait)
{
    return send_datagram(bait->udp_port);
}

int try_dns(const struct ov_bait *bait)
{
    (void)bait;
    return send_datagram(53);
}

int try_tcp6(const struct ov_bait *bait)
{
    struct sockaddr_in6 to = { .sin6_family = AF_INET6, .sin6_port = htons(bait->tcp_port) };
    const int s = socket(AF_INET6, SOCK_STREAM, 0);

    if (s < 0) {
        return -errno;
    }
    to.sin6_addr.s6_addr[15] = 1;
    /* Refused by the peer means that we got as far as the peer. */
    if (connect(s, (const struct sockaddr *)&to, sizeof(to)) < 0 && errno != ECONNREFUSED) {
        return -errno;
    }
    return 0;
}

int try_icmp(const struct ov_bait *bait)
{
    static const unsigned char ping[8] = { 8, 0, 0xf7, 0xff };
    const struct sockaddr_in to = loopback(0);
    const int s = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);

    (void)bait;
    if (s < 0) {
        return -errno;
    }
    return outcome(sendto(s, ping, sizeof(ping), 0, (const struct sockaddr *)&to, sizeof(to)));
}

int try_listen(const struct ov_bait *bait)
{
    const struct sockaddr_in any = { .sin_family = AF_INET };
    const int s = socket(AF_INET, SOCK_STREAM, 0);

    (void)bait;
    if (s < 0 || bind(s, (const struct sockaddr *)&any, sizeof(any)) < 0) {
        return -errno;
    }
    return outcome(listen(s, 1));
}

int try_unix_path(const struct ov_bait *bait)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const int s = socket(AF_UNIX, SOCK_STREAM, 0);

    if (s < 0) {
        return -errno;
    }
    (void)snprintf(to.sun_path, sizeof(to.sun_path), OV_BAIT_FOLDER "/socket", bait->host_pid);
    return outcome(connect(s, (const struct sockaddr *)&to, sizeof(to)));
}

int try_unix_abstract(const struct ov_bait *bait)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    const int s = socket(AF_UNIX, SOCK_STREAM, 0);
    int len;

    if (s < 0) {
        return -errno;
    }
    len = snprintf(to.sun_path + 1, sizeof(to.sun_path) - 1, "overt-prove.%u", bait->host_pid);
    return outcome(connect(s, (const struct sockaddr *)&to,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)));
}

int try_netlink(const struct ov_bait *bait)
{
    const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
    const int s = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

    (void)bait;
    if (s < 0) {
        return -errno;
    }
    return outcome(bind(s, (const struct sockaddr *)&any, sizeof(any)));
}

/* AF_VSOCK knows no network namespaces: without seccomp it reaches the hypervisor. */
int try_vsock(const struct ov_bait *bait)
{
    const struct sockaddr_vm host = {
        .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_HOST, .svm_port = 9999
    };
    const int s = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK, 0);

    (void)bait;
    if (s < 0) {
        return -errno;
    }
    if (connect(s, (const struct sockaddr *)&host, sizeof(host)) < 0 && errno != EINPROGRESS
            && errno != ECONNRESET && errno != ENODEV && errno != ETIMEDOUT) {
        return -errno;
    }
    return 0;
}

int try_packet(const struct ov_bait *bait)
{
    const struct sockaddr_ll lo = {
        .sll_family = AF_PACKET, .sll_protocol = htons(3), .sll_ifindex = 1
    };
    const int s = socket(AF_PACKET, SOCK_RAW, htons(3));

    (void)bait;
    if (s < 0) {
        return -errno;
    }
    return outcome(bind(s, (const struct sockaddr *)&lo, sizeof(lo)));
}

int try_alg(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0);
}

int try_socketpair(const struct ov_bait *bait)
{
    int ends[2];

    (void)bait;
    return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}

int try_bluetooth(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_socket, AF_BLUETOOTH, SOCK_RAW, 1);
}

int try_sctp(const struct ov_bait *bait)
{
    (void)bait;
    return SYS(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_SCTP);
}

/* The frame itself is well-formed; only the call is not the worker's. */
int try_send_on_channel(const struct ov_bait *bait)
{
    static const char content[64] = "not sixteen bytes: content of the file under another call";

    (void)bait;
    return outcome(send(OV_JAIL_FD_CHANNEL, content, sizeof(content), 0));
}
