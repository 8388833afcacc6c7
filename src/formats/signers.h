/* SPDX-License-Identifier: Apache-2.0 */
/* signers.h - which certificates of a list a PE file is signed with, and whether one that is trusted
 * stands above its signature. Without a clock: whether a certificate was still valid is not
 * asked. */
#ifndef OV_FORMATS_SIGNERS_H
#define OV_FORMATS_SIGNERS_H

#include "base/budget.h"
#include "base/reason.h"
#include "base/source.h"

struct ov_signer {           /* one of the list */
    const uint8_t *subject;  /* SHA-1, 20 bytes */
    const uint8_t *serial;   /* SHA-1, 20 bytes; NULL: any */
    struct ov_bytes modulus; /* of its RSA key */
    bool trusted;            /* and it may sign programs, or certificates that do */
    bool found;              /* set: it lies in the file's signatures */
};

struct ov_signers {
    struct ov_signer *list;
    size_t count;
    bool trusted;          /* set: the file is what its signature says, under one of the trusted */
    enum ov_reason reason; /* why not all of it was looked at; NONE: it was */
};

void ov_signers_find(
        struct ov_signers *signers, struct ov_source *source, struct ov_budget *budget);

#endif
