/* SPDX-License-Identifier: Apache-2.0 */
/* witness.h - the parts of overt-witness: its state, its service, and a look at a folder. */
#ifndef OV_PROGRAMS_WITNESS_WITNESS_H
#define OV_PROGRAMS_WITNESS_WITNESS_H

#include <sqlite3.h>

#include "trust/sign.h"
#include "trust/witness.h"

#define LOGS_MAX 64u

struct witness {
    struct ov_buf key_text;
    struct ov_signer signer; /* borrows from key_text */
    struct ov_key logs[LOGS_MAX];
    size_t log_count;
    sqlite3 *state; /* owned */
    struct ov_digest *sha;
};

void complain(const char *about, const char *text);

/* state.c: what was cosigned last, of each log. */
bool state_open(struct witness *w, const char *path);
bool state_last(void *witness, struct ov_bytes origin, struct ov_witnessed *out);
/* The note that was cosigned last, with this witness's line. False: there is none. */
bool state_note(struct witness *w, const char *origin_sha256_hex, struct ov_buf *out);
/* One step from `last` to the submission, on the disk before it returns. False: something else was
 * cosigned in between (*lost), or the disk refused. */
bool state_advance(struct witness *w, const struct ov_submission *s,
        const struct ov_witnessed *last, struct ov_bytes line, bool *lost);

/* main.c: the whole decision. The answer's body goes into `answer`. */
unsigned add_checkpoint(struct witness *w, struct ov_bytes body, struct ov_buf *answer);

int serve(struct witness *w, const char *address);      /* serve.c */
int once(struct witness *w, const char *public_folder); /* once.c */

#endif
