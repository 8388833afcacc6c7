/* SPDX-License-Identifier: Apache-2.0 */
/* hive.h - a Windows registry hive, bounded. No cell is believed: every offset is checked against
 * the bytes that are there, every count against the cell that holds it, and steps are charged.
 *
 * There is no walk over the whole tree here: keys are asked for by path, and children of a key
 * are gone through one by one, so a key that claims to be its own child costs only its steps. */
#ifndef OV_EVIDENCE_HIVE_H
#define OV_EVIDENCE_HIVE_H

#include "evidence/tell.h"

struct ov_hive {
    struct ov_bytes priv_bins; /* cell offsets count from here */
    uint32_t root;
    bool dirty;   /* it was not closed cleanly: its log has changes that it has not */
    bool cut;     /* shorter than it says */
    bool damaged; /* some cell on the way made no sense; sticky */
};

struct ov_hive_key {
    uint32_t subkeys, subkey_list;
    uint32_t values, value_list;
    struct ov_bytes name;
    bool name_is_ascii;
};

struct ov_hive_value {
    struct ov_bytes name;
    bool name_is_ascii;
    uint32_t type;
    struct ov_bytes data; /* as far as it lies in one cell */
};

#define OV_REG_SZ        1u
#define OV_REG_EXPAND_SZ 2u
#define OV_REG_BINARY    3u
#define OV_REG_DWORD     4u

/* False: not a hive at all. */
OV_MUST_CHECK bool ov_hive_open(struct ov_bytes bytes, struct ov_hive *out);
OV_MUST_CHECK bool ov_hive_key_read(struct ov_hive *hive, uint32_t offset, struct ov_hive_key *out);

/* Goes through the children: `position` begins at zeros. False: no more (or damaged, or out of
 * steps, which is told). */
struct ov_hive_position {
    uint32_t list;  /* of an index of lists: which one */
    uint32_t index; /* in that list */
    uint32_t given;
};
OV_MUST_CHECK bool ov_hive_child(struct ov_evidence *e, struct ov_hive *hive,
        const struct ov_hive_key *key, struct ov_hive_position *position, struct ov_hive_key *out);

/* The key at a path below `from`, parts separated by backslashes, case ignored. */
OV_MUST_CHECK bool ov_hive_find(struct ov_evidence *e, struct ov_hive *hive,
        const struct ov_hive_key *from, struct ov_bytes path, struct ov_hive_key *out);

OV_MUST_CHECK bool ov_hive_value_read(struct ov_evidence *e, struct ov_hive *hive,
        const struct ov_hive_key *key, uint32_t index, struct ov_hive_value *out);
OV_MUST_CHECK bool ov_hive_value_find(struct ov_evidence *e, struct ov_hive *hive,
        const struct ov_hive_key *key, const char *name, struct ov_hive_value *out);

void ov_hive_name_put(struct ov_buf *out, struct ov_bytes name, bool is_ascii);

#endif
