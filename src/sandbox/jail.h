/* SPDX-License-Identifier: Apache-2.0 */
/* jail.h - a program in a jail, as its supervisor sees it.
 *
 * ov_jail_open starts `overt-spawn`, which builds every layer before the first instruction of the
 * jailed program runs, stays its tracer, and reports how it died. The supervisor needs no signal
 * handler: everything is a descriptor to poll. docs/decisions/ tells why a process of its own.
 */
#ifndef OV_SANDBOX_JAIL_H
#define OV_SANDBOX_JAIL_H

#include <sys/types.h>

#include "base/error.h"
#include "sandbox/frame.h"

enum ov_jail_profile {
    OV_JAIL_VERDICT = 1, /* writes of exactly 16 bytes; maps descriptor 201 read-only */
    OV_JAIL_EXPLAIN = 2, /* writes of 1..OV_EXPLAIN_FRAME_BYTES_MAX; maps 201 read-only */
    OV_JAIL_COMPILE = 3, /* as EXPLAIN, but maps 201 shared and writable */

    /* Roles of overtd, which confine themselves (confine.h). */
    OV_JAIL_GATE = 8,   /* serves sockets it is handed, fills memory files; opens nothing */
    OV_JAIL_OPENER = 9, /* opens for reading and hands over; reads nothing */
    OV_JAIL_GUARD = 10  /* holds descriptors of what is opened; reads only events about them */
};

/* Layers by the names people and --accept-weaker-jail use. */
enum ov_jail_layer {
    OV_LAYER_USER = 1u << 0, /* "user": user namespace, no capabilities, locked securebits */
    OV_LAYER_NAMESPACES =
            1u << 1,             /* "namespaces": pid, net, ipc, uts, cgroup, mount + empty root */
    OV_LAYER_LANDLOCK = 1u << 2, /* "landlock" */
    OV_LAYER_SECCOMP = 1u << 3,  /* "seccomp": allow list, kill otherwise */
    OV_LAYER_RLIMITS = 1u << 4,  /* "rlimits" */
    OV_LAYER_CLOCK = 1u << 5,    /* "clock": no TSC, no vDSO */
    OV_LAYER_TRACED = 1u << 6,   /* "traced": a crash is not logged by the kernel */
    OV_LAYERS_REQUIRED = (1u << 7) - 1,

    /* Bonuses: used where present, printed where absent, never a reason to refuse. */
    OV_LAYER_OWN_UID = 1u << 16,        /* "own-uid": needs root */
    OV_LAYER_LANDLOCK_NET = 1u << 17,   /* "landlock-net": ABI 4 */
    OV_LAYER_LANDLOCK_SCOPE = 1u << 18, /* "landlock-scope": ABI 6 */
    OV_LAYER_MDWE = 1u << 19            /* "mdwe": PR_SET_MDWE, Linux 6.3 */
};

/* NULL for a bit that is no layer; 0 for a name that is none. */
const char *ov_jail_layer_name(enum ov_jail_layer layer);
unsigned ov_jail_layer_of(const char *name);

/* The path of one of our programs, in the folder where helpers lie. False: too long. */
OV_MUST_CHECK bool ov_jail_helper(const char *program, char *out, size_t size);

struct ov_jail_spec {
    const char *helper_dir; /* NULL: where this build or installation keeps its programs */
    const char *program;    /* "overt-worker", "overt-compile", "overt-turncoat" */
    enum ov_jail_profile profile;
    int database_fd;       /* becomes 201; borrowed */
    uint64_t memory_bytes; /* RLIMIT_AS without the database's own size, which is added */
    uint64_t database_bytes;
    uint32_t cpu_seconds; /* RLIMIT_CPU */
    unsigned without;     /* layers left out on purpose: --accept-weaker-jail, prove --without */
};

struct ov_jail;

/* OVERT_E_SANDBOX if a required layer cannot be had and is not in `without`; the message names
 * it, and what on this machine is in the way. */
OV_MUST_CHECK overt_status ov_jail_open(
        struct ov_jail **out, const struct ov_jail_spec *spec, overt_error *err);

/* The same without waiting: begin starts it, and finish is asked, with time to wait or none, until
 * *ready or an error, whenever ov_jail_control is readable. Only then may it be sent anything. */
OV_MUST_CHECK overt_status ov_jail_begin(
        struct ov_jail **out, const struct ov_jail_spec *spec, overt_error *err);
OV_MUST_CHECK overt_status ov_jail_finish(
        struct ov_jail *jail, int wait_ms, bool *ready, overt_error *err);
int ov_jail_control(const struct ov_jail *jail); /* lent */

/* Kills and reaps whatever is left. */
void ov_jail_close(struct ov_jail *jail);
/* The same without waiting: lets go of it, which ends it; then ov_jail_is_over is asked until it is
 * true, whenever the descriptor is readable, and at least each second; ov_jail_close does not wait
 * after that. */
int ov_jail_leave(struct ov_jail *jail); /* lent; -1: it is over */
bool ov_jail_is_over(struct ov_jail *jail);
OV_DEFINE_AUTO(struct ov_jail, ov_jail_close);

unsigned ov_jail_layers(const struct ov_jail *jail); /* what is really in force */
int ov_jail_channel(const struct ov_jail *jail);     /* lent; SEQPACKET, non-blocking */

/* Sends one request with its descriptor (borrowed). False: the channel is full (errno EAGAIN) or
 * the worker is gone (EPIPE). */
OV_MUST_CHECK bool ov_jail_send(
        struct ov_jail *jail, const struct ov_request *request, struct ov_bytes name, int fd);

/* The same with several, for a request that says so (OV_SCAN_REGIONS, OV_REQUEST_FILES). */
OV_MUST_CHECK bool ov_jail_send_many(struct ov_jail *jail, const struct ov_request *request,
        struct ov_bytes name, const int *fds, size_t count);

/* How it ended. Waits up to `wait_ms` for the spawner's report. */
struct ov_jail_end {
    bool known; /* false: still running, or the spawner itself is gone */
    int signal; /* 0: it exited */
    int exit_status;
    long syscall; /* for SIGSYS: which call it tried; else -1 */
};
void ov_jail_end(struct ov_jail *jail, int wait_ms, struct ov_jail_end *out);

#endif
