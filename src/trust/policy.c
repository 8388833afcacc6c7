/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/policy.h"

#include "base/checked.h"
#include "base/defence.h"
#include "trust/line.h"

/* Members stand before their group, so one pass in order answers every group. */
static uint32_t members_signed(
        const struct ov_policy *policy, const struct ov_policy_name *group, const bool *signed_by)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < group->count; i++) {
        count += signed_by[policy->members[group->first + i]];
    }
    return count;
}

bool ov_policy_quorum_holds(const struct ov_policy *policy, bool signed_by[OV_POLICY_NAMES_MAX])
{
    for (uint32_t i = 0; i < policy->name_count; i++) {
        const struct ov_policy_name *name = &policy->names[i];

        if (name->is_group) {
            signed_by[i] = members_signed(policy, name, signed_by) >= name->need;
        }
    }
    return policy->quorum == OV_POLICY_QUORUM_NONE || signed_by[policy->quorum];
}

/* The names that the quorum asks about, at whatever depth. */
static void mark_asked(const struct ov_policy *policy, bool asked[OV_POLICY_NAMES_MAX])
{
    if (policy->quorum == OV_POLICY_QUORUM_NONE) {
        return;
    }
    asked[policy->quorum] = true;
    for (uint32_t i = policy->quorum + 1; i > 0; i--) {
        const struct ov_policy_name *name = &policy->names[i - 1];

        for (uint32_t m = 0; asked[i - 1] && name->is_group && m < name->count; m++) {
            asked[policy->members[name->first + m]] = true;
        }
    }
}

static bool is_origin(const struct ov_key *key, struct ov_bytes origin)
{
    return ov_bytes_equal(origin, ov_bytes_raw(key->name), (size_t)ov_bytes_len(key->name));
}

static overt_status check_origin(
        const struct ov_policy *policy, struct ov_bytes origin, overt_error *err)
{
    for (uint32_t i = 0; i < policy->log_count; i++) {
        if (is_origin(&policy->logs[i].key, origin)) {
            return OVERT_OK;
        }
    }
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the policy knows no log %.*s",
            (int)(ov_bytes_len(origin) > 80 ? 80 : ov_bytes_len(origin)),
            (const char *)ov_bytes_raw(origin));
}

/* The log's own signature. Every log of the policy is a known key, so its lines are checked even
 * if the checkpoint is another's. */
static overt_status check_logs(const struct ov_policy *policy, const struct ov_note *note,
        struct ov_bytes origin, overt_error *err)
{
    bool is_signed = false;

    for (uint32_t i = 0; i < policy->log_count; i++) {
        const struct ov_key *key = &policy->logs[i].key;
        struct ov_note_check check = { 0 };
        const overt_status status = ov_note_check_key(note, key, &check, err);

        if (status != OVERT_OK) {
            return status;
        }
        is_signed = is_signed || (check.is_signed && is_origin(key, origin));
    }
    return is_signed || !OV_DEFENDED(log_signature) ? OVERT_OK
                                                    : ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                                                            "the log's own signature is missing");
}

static overt_status fail_quorum(
        const struct ov_policy *policy, const bool *signed_by, overt_error *err)
{
    const struct ov_policy_name *name = &policy->names[policy->quorum];
    const int shown = (int)(ov_bytes_len(name->name) > 40 ? 40 : ov_bytes_len(name->name));

    if (!name->is_group) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "no cosignature of the witness %.*s",
                shown, (const char *)ov_bytes_raw(name->name));
    }
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
            "too few witnesses: %u of the %u that the quorum %.*s needs",
            members_signed(policy, name, signed_by), name->need, shown,
            (const char *)ov_bytes_raw(name->name));
}

/* Insertion keeps `times` sorted: there are at most OV_NOTE_SIGNATURES_MAX. */
static void insert_time(uint64_t *times, uint32_t count, uint64_t time)
{
    uint32_t at = count;

    for (; at > 0 && times[at - 1] > time; at--) {
        times[at] = times[at - 1];
    }
    times[at] = time;
}

overt_status ov_policy_judge(const struct ov_policy *policy, const struct ov_note *note,
        const struct ov_checkpoint *checkpoint, uint64_t since, struct ov_judgement *out,
        overt_error *err)
{
    bool signed_by[OV_POLICY_NAMES_MAX] = { false }, asked[OV_POLICY_NAMES_MAX] = { false };
    uint64_t times[OV_POLICY_NAMES_MAX];
    struct ov_judgement judgement = { 0 };
    overt_status status = check_origin(policy, checkpoint->origin, err);

    if (status == OVERT_OK) {
        status = check_logs(policy, note, checkpoint->origin, err);
    }
    if (status != OVERT_OK) {
        return status;
    }
    mark_asked(policy, asked);
    for (uint32_t i = 0; i < policy->name_count; i++) {
        struct ov_note_check check = { 0 };

        if (policy->names[i].is_group) {
            continue;
        }
        status = ov_note_check_key(note, &policy->names[i].key, &check, err);
        if (status != OVERT_OK) {
            return status;
        }
        signed_by[i] = check.is_signed && (check.time >= since || !OV_DEFENDED(time_ascends));
        if (signed_by[i] && asked[i]) {
            judgement.is_counted[i] = true;
            insert_time(times, judgement.counted, check.time);
            judgement.counted++;
        }
    }
    if (!ov_policy_quorum_holds(policy, signed_by) && OV_DEFENDED(quorum)) {
        return fail_quorum(policy, signed_by, err);
    }
    if (judgement.counted > 0) {
        judgement.median_time = times[(judgement.counted - 1) / 2];
    }
    *out = judgement;
    return OVERT_OK;
}
