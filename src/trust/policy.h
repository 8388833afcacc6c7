/* SPDX-License-Identifier: Apache-2.0 */
/* policy.h - the owner's policy: which logs are accepted, which witnesses are known, and how many
 * of which have to have seen a checkpoint. The C2SP tlog-policy format, docs/formats/log.md.
 *
 * The file is the owner's and is believed; still it is read strictly, as a slip in it would be a
 * hole. The notes judged under it are not trusted.
 */
#ifndef OV_TRUST_POLICY_H
#define OV_TRUST_POLICY_H

#include "trust/checkpoint.h"
#include "trust/note.h"

#define OV_POLICY_QUORUM_NONE UINT32_MAX

struct ov_policy_log {
    struct ov_key key;   /* its name is the log's origin */
    struct ov_bytes url; /* may be empty */
};

/* A witness, or a group of what was named before it. */
struct ov_policy_name {
    struct ov_bytes name; /* means something inside the policy only */
    bool is_group;
    struct ov_key key;   /* of a witness */
    struct ov_bytes url; /* of a witness; may be empty */
    uint32_t need;       /* of a group: as many members */
    uint32_t first;      /* of a group: where its members begin in `members` */
    uint32_t count;      /* of a group */
};

/* Borrows from the text it was read from. After a failed read it holds nothing of use. */
struct ov_policy {
    uint32_t log_count;
    uint32_t name_count;
    uint32_t member_count;
    uint32_t quorum; /* index of a name, or OV_POLICY_QUORUM_NONE */
    struct ov_policy_log logs[OV_POLICY_LOGS_MAX];
    struct ov_policy_name names[OV_POLICY_NAMES_MAX];
    uint32_t members[OV_POLICY_NAMES_MAX]; /* indices of names; each name occurs at most once */
};

/* OVERT_E_SYNTAX, OVERT_E_VERSION, OVERT_E_LIMIT: with the line that is wrong. */
OV_MUST_CHECK overt_status ov_policy_read(
        struct ov_bytes in, struct ov_policy *out, overt_error *err);

/* Would these witnesses do? `signed_by` has a place for each name and is filled in for groups. */
OV_MUST_CHECK bool ov_policy_quorum_holds(
        const struct ov_policy *policy, bool signed_by[OV_POLICY_NAMES_MAX]);

struct ov_judgement {
    uint64_t median_time; /* of the counted cosignatures, the earlier of two; 0: there are none */
    uint32_t counted;     /* cosignatures by witnesses that the quorum asks about */
    bool is_counted[OV_POLICY_NAMES_MAX];
};

/* The whole decision on a checkpoint: its log is accepted and signed it, no known key's line is
 * wrong, enough witnesses cosigned. `checkpoint` was read from `note`. Cosignatures older than
 * `since` are checked and do not count: a witness that has not looked since the last accepted
 * checkpoint says nothing new. */
OV_MUST_CHECK overt_status ov_policy_judge(const struct ov_policy *policy,
        const struct ov_note *note, const struct ov_checkpoint *checkpoint, uint64_t since,
        struct ov_judgement *out, overt_error *err);

#endif
