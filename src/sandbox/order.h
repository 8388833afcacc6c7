/* SPDX-License-Identifier: Apache-2.0 */
/* order.h - what the library and `overt-spawn` say to each other, over the control socket.
 *
 * One order goes in, with the descriptors; one READY or REFUSED comes back, later one ENDED. Both
 * ends are of the same build and on the same machine; neither has read a byte of content. When
 * the socket closes, or the process that started the spawner is gone, the jail is torn down.
 */
#ifndef OV_SANDBOX_ORDER_H
#define OV_SANDBOX_ORDER_H

#include "base/le.h"

#define OV_SPAWN_FD_CONTROL 3 /* in the spawner, at birth */
#define OV_SPAWN_MAGIC      0x5354564fu

/* With it: the program's end of the channel, the program, and the database if there is one. */
struct ov_spawn_order {
    struct ov_le32 magic;
    struct ov_le32 profile; /* ov_jail_profile */
    struct ov_le32 without; /* ov_jail_layer bits */
    struct ov_le32 cpu_seconds;
    struct ov_le64 memory_bytes;
    struct ov_le64 database_bytes;
};

_Static_assert(sizeof(struct ov_spawn_order) == 32, "on the wire");

#define OV_SPAWN_FDS_MAX 3

enum ov_spawn_report_kind {
    OV_SPAWN_READY = 1,   /* layers */
    OV_SPAWN_REFUSED = 2, /* layer (0: none in particular), sys_errno, text */
    OV_SPAWN_ENDED = 3    /* signal, exit_status, syscall */
};

struct ov_spawn_report {
    struct ov_le32 magic;
    struct ov_le32 kind;
    struct ov_le32 layers;
    struct ov_le32 layer;
    struct ov_le32 sys_errno;
    struct ov_le32 signal;
    struct ov_le32 exit_status;
    struct ov_le32 syscall; /* 0xffffffff: none */
    char text[96];          /* NUL-terminated */
};

_Static_assert(sizeof(struct ov_spawn_report) == 128, "on the wire");

#endif
