/* SPDX-License-Identifier: Apache-2.0 */
/* attacks.h - the table of attacks, shared by the turncoat that runs them and by `overt prove`,
 * which sets the bait and judges from outside. The rows are in attacks.def. */
#ifndef OV_PROGRAMS_TURNCOAT_ATTACKS_H
#define OV_PROGRAMS_TURNCOAT_ATTACKS_H

#include "base/le.h"
#include "sandbox/frame.h"

enum attack_class {
    CLASS_NET,
    CLASS_FS,
    CLASS_META,
    CLASS_COVERT,
    CLASS_INFO,
    CLASS_PROC,
    CLASS_KERN,
    CLASS_CODE,
    CLASS_TIME,
    CLASS_RES,
    CLASS_PROTO
};

/* How one sees that an attack worked. Whatever the row says, evidence found outside (a listener
 * that heard something, a changed file) means that it did. */
enum attack_judge {
    JUDGE_SELF,  /* the turncoat says so */
    JUDGE_DEATH, /* it dies of it; only the kernel's log could have carried anything out */
    JUDGE_SPIN,  /* it goes on until the supervisor's deadline */
    JUDGE_WAIT,  /* it waits for ever: the deadline is the answer to that */
    JUDGE_TALK,  /* it breaks the protocol; the supervisor must notice */
    JUDGE_KNOWN  /* no layer can refuse it; docs/THREATS.md says what that is worth */
};

struct attack_row {
    const char *id; /* stable, for --json and --only */
    const char *name;
    const char *gain; /* what it would have given */
    enum attack_class class;
    enum attack_judge judge;
};

/* Where the bait lies: sent behind the request. */
#define BAIT_MAGIC 0x5449414fu

struct bait {
    struct ov_le32 magic;
    struct ov_le32 attack; /* row */
    struct ov_le32 supervisor;
    struct ov_le16 tcp_port;
    struct ov_le16 tcp6_port;
    struct ov_le16 udp_port;
    struct ov_le16 zero;
    char abstract[32]; /* name behind the NUL */
    char dir[108];     /* holds "victim", "socket", "datagrams", "decoy" */
};

_Static_assert(sizeof(struct bait) == 160, "on the wire");

/* The turncoat's confession: a frame of 16 bytes that no honest worker could send. */
#define CONFESSION_KIND 0xee
/* `rule` carries the result: 0 and more, the attack worked; else -errno. */

#define TURNCOAT_EXIT_NO_ORDER 103
#define TURNCOAT_EXIT_NO_WORD  104

#endif
