/* SPDX-License-Identifier: Apache-2.0 */
/* reason.h - why a look ended early or failed. The numbers cross the jail's wall and stand in
 * JSON by name; they are never reused. docs/formats/scan-json.md lists them. */
#ifndef OV_BASE_REASON_H
#define OV_BASE_REASON_H

#include <stdbool.h>
#include <stdint.h>

enum ov_reason {
    OV_REASON_NONE = 0,

    /* INCOMPLETE: the worker says so */
    OV_REASON_DEPTH = 1,        /* containers inside containers: limit reached */
    OV_REASON_OBJECTS = 2,      /* too many inner objects */
    OV_REASON_BYTES = 3,        /* too many bytes in all */
    OV_REASON_OBJECT_BYTES = 4, /* one inner object too large */
    OV_REASON_RATIO = 5,        /* unpacks to too much */
    OV_REASON_STEPS = 6,        /* confirmation and conditions took too many steps */
    OV_REASON_MEMORY = 7,       /* no memory left in the worker */
    OV_REASON_ENCRYPTED = 8,
    OV_REASON_DAMAGED = 9,      /* cut short or inconsistent */
    OV_REASON_UNSUPPORTED = 10, /* a method or variant overt does not unpack */
    OV_REASON_CUT = 11,         /* the file shrank, or could not be read to its end */
    OV_REASON_MATCHES = 12,     /* one string matched too often to keep all */
    OV_REASON_REPLIES = 13,     /* more to tell than a reply may carry */
    OV_REASON_MULTIVOLUME = 14, /* the rest is in another file */
    OV_REASON_RULES = 15,       /* the rule database contradicts itself */

    /* FAILED: the supervisor says so */
    OV_REASON_OPEN = 32,     /* could not be opened or stat'ed */
    OV_REASON_DIED = 33,     /* the worker died on it */
    OV_REASON_TIME = 34,     /* wall time ran out */
    OV_REASON_PROTOCOL = 35, /* the worker sent what it may not send */
    OV_REASON_JAIL = 36,     /* no worker could be started */

    OV_REASON_LAST = OV_REASON_JAIL
};

/* "depth", "encrypted", ...; NULL for a number that is no reason. */
const char *ov_reason_name(enum ov_reason reason);
/* A sentence without a full stop, for people. Never NULL. */
const char *ov_reason_text(enum ov_reason reason);
/* May a worker send this number in a frame? */
bool ov_reason_is_workers(uint32_t reason);

#endif
