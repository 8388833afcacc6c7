/* SPDX-License-Identifier: Apache-2.0 */
/* cuckoo.h - what the module `cuckoo` asks of the report of a Cuckoo sandbox: who the program spoke to,
 * which keys, files and mutexes it touched. The owner's command hands the report over; it was
 * written by a program that watched malware, and most of its texts are the malware's. */
#ifndef OV_FACTS_CUCKOO_H
#define OV_FACTS_CUCKOO_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

enum ov_cuckoo_list {
    OV_CUCKOO_DOMAINS, /* name */
    OV_CUCKOO_DNS,     /* the same in older reports: name */
    OV_CUCKOO_HTTP,    /* name: the URI, method, agent */
    OV_CUCKOO_HOSTS,   /* name */
    OV_CUCKOO_TCP,     /* name, port */
    OV_CUCKOO_UDP,
    OV_CUCKOO_KEYS, /* name */
    OV_CUCKOO_FILES,
    OV_CUCKOO_MUTEXES,
    OV_CUCKOO_LISTS
};

struct ov_cuckoo_text {
    bool is_there; /* as a text */
    struct ov_bytes text;
};

struct ov_cuckoo_entry {
    struct ov_cuckoo_text name;
    struct ov_cuckoo_text method;
    struct ov_cuckoo_text agent;
    int32_t port;
};

struct ov_cuckoo {
    struct ov_cuckoo_entry *entries[OV_CUCKOO_LISTS]; /* owned arrays */
    size_t counts[OV_CUCKOO_LISTS];
    size_t priv_caps[OV_CUCKOO_LISTS];
    size_t priv_total;
    bool has_domains; /* the report has such a list: then the other is not asked */
    struct ov_arena priv_texts;
};

/* Texts are copied. OVERT_E_CORRUPT: no JSON, with the place. */
OV_MUST_CHECK overt_status ov_cuckoo_read(
        struct ov_cuckoo *out, struct ov_bytes report, overt_error *err);
void ov_cuckoo_done(struct ov_cuckoo *cuckoo);

#endif
