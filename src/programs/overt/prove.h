/* SPDX-License-Identifier: Apache-2.0 */
/* prove.h - the parts of `overt prove`: bait, runs, report. */
#ifndef OV_PROGRAMS_OVERT_PROVE_H
#define OV_PROGRAMS_OVERT_PROVE_H

#include <stdbool.h>
#include <stddef.h>

#include "programs/turncoat/attacks.h"
#include "sandbox/jail.h"

extern const struct attack_row prove_rows[];
extern const size_t prove_row_count;

/* --- prove_bait.c: what the attacks aim at, and what became of it ---------------------------------- */

enum evidence {
    EVIDENCE_TCP = 1u << 0,
    EVIDENCE_TCP6 = 1u << 1,
    EVIDENCE_UDP = 1u << 2,
    EVIDENCE_UNIX_PATH = 1u << 3,
    EVIDENCE_UNIX_DATAGRAM = 1u << 4,
    EVIDENCE_UNIX_ABSTRACT = 1u << 5,
    EVIDENCE_FILE = 1u << 6,
    EVIDENCE_OFFSET = 1u << 7,
    EVIDENCE_FLAGS = 1u << 8,
    EVIDENCE_DATABASE = 1u << 9,
    EVIDENCE_FOLDER = 1u << 10,
    EVIDENCE_SIGNAL = 1u << 11,
    EVIDENCE_REPLY = 1u << 12, /* not 16 bytes */
    EVIDENCE_KERNEL_LOG = 1u << 13
};

const char *prove_evidence_name(unsigned bit); /* NULL: no such bit */

struct bait_set;
struct bait_set *prove_bait_new(overt_error *err);
void prove_bait_free(struct bait_set *set);

void prove_bait_describe(const struct bait_set *set, struct bait *out);
int prove_bait_database(const struct bait_set *set); /* lent, open for writing */
/* The file to hand over, opened anew; -1 with errno. */
int prove_bait_file(struct bait_set *set);
/* What happened since the last call; takes the file back, and sets everything up again. */
unsigned prove_bait_inspect(struct bait_set *set, int file, const struct attack_row *row);
/* Does this kernel log crashes that no tracer mutes? Not every one shows in the log: its lines are
 * limited (10 in 5 s, shared with seccomp's own), and an ordinary user may not read it. */
bool prove_crash_is_logged(void);

/* --- prove_run.c: attacks in jails, several at once -------------------------------------------------- */

enum how {
    HOW_CONFESSED, /* result */
    HOW_SIGNAL,    /* signal, syscall */
    HOW_EXIT,      /* exit_status */
    HOW_DEADLINE,
    HOW_FRAME,   /* the supervisor refused a frame */
    HOW_ACCEPTED /* its frames passed for a verdict */
};

struct job {
    size_t row;
    unsigned without;
};

struct outcome {
    bool begun;
    bool done;
    bool no_jail; /* then `message` says why */
    char message[sizeof(((overt_error *)0)->message)];
    unsigned layers;
    enum how how;
    int result;
    int signal;
    int exit_status;
    long syscall;
    unsigned evidence;
    bool through;
};

/* Runs them all; false with a message if that could not be done. */
bool prove_run(const struct job *jobs, size_t count, struct outcome *out, overt_error *err);
/* Did both end in the same way? */
bool prove_same(const struct outcome *a, const struct outcome *b);

/* --- prove_report.c ------------------------------------------------------------------------------------ */

struct finding {
    const struct attack_row *row;
    struct outcome outcome;
    unsigned by;   /* layers whose absence changes how it ended; 0: none */
    bool several;  /* no one layer's absence does, but that of all */
    unsigned also; /* --matrix: layers that refuse it alone */
};

enum report_kind {
    REPORT_PROOF,
    REPORT_CONTROL,
    REPORT_MATRIX
};

struct report {
    enum report_kind kind;
    bool json;
    unsigned without;
    const struct finding *findings;
    size_t count;
};

void prove_report(const struct report *report);
/* One line for each attack that got through in `worse` and not in `base`. */
void prove_report_difference(
        const struct report *base, const struct report *worse, const char *title);
void prove_layer_names(unsigned layers, char *out, size_t size); /* comma-separated */

#endif
