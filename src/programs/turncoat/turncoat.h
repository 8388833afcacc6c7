/* SPDX-License-Identifier: Apache-2.0 */
/* turncoat.h - the contract between `overt prove` and the turncoat: a worker whose maker was
 * compelled. One attempt a life.
 *
 * The turncoat gets one OV_REQUEST_SCAN with the victim's read-only descriptor. In it `flags` is
 * the number of the attempt (its row in attempts.def) and the limit fields carry the bait:
 * bytes_max the pid of the prover on the host, object_bytes_max its TCP port, steps_max its UDP
 * port. It answers with one frame, OV_VERDICT_HIT, rule 0: the capability was obtained; rule
 * 1 + errno: it was refused with that errno. Then it exits with 0.
 *
 * The bait lies in /tmp/overt-prove.PID/: `socket` (a listening UNIX socket, mode 0777), `victim`
 * (mode 0666), `expendable` (any file); the folder itself has mode 0777. The abstract socket
 * "overt-prove.PID" listens too, and the
 * prover has OVERT_PROVE_SECRET in its environment.
 */
#ifndef OV_PROGRAMS_TURNCOAT_H
#define OV_PROGRAMS_TURNCOAT_H

#include <stdbool.h>
#include <stdint.h>

#define OV_BAIT_FOLDER "/tmp/overt-prove.%u"

struct ov_bait {
    int fd; /* the victim, read-only, as a file to scan would come */
    uint32_t seq;
    uint32_t host_pid;
    uint16_t tcp_port;
    uint16_t udp_port;
};

/* How an attempt shows that it got through, and so how it is judged. */
enum ov_outcome {
    OV_OUTCOME_ANSWER, /* it says so itself; refused: any errno, or death */
    OV_OUTCOME_HANG,   /* it never ends by itself: the supervisor's deadline must end it */
    OV_OUTCOME_DEATH,  /* it dies: the supervisor must notice, and nothing but the death may show */
    OV_OUTCOME_REPLY,  /* it sends what a worker may not send: the supervisor must refuse it */
    OV_OUTCOME_HARDWARE /* no kernel can refuse it; what it gains cannot leave the jail */
};

/* The attempts return 0 or more for success, -errno for refusal. */
#define ATTEMPT(function, class, outcome, name, gives) int function(const struct ov_bait *bait);
#include "programs/turncoat/attempts.def"
#undef ATTEMPT

#endif
