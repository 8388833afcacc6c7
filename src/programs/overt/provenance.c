/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/overt/provenance.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "programs/overt/rulesets.h"
#include "trust/line.h"

#define ORIGINS_BYTES_MAX (256u * OV_MIB)

void ov_provenances_init(struct ov_provenances *p, const overt_db *db, const char *path)
{
    char *real = path == NULL ? NULL : realpath(path, NULL);
    char *slash = real == NULL ? NULL : strrchr(real, '/');
    char *beside = NULL;
    struct ov_buf text;

    *p = (struct ov_provenances){ .db = db };
    if (slash != NULL && asprintf(&beside, "%.*s/origins", (int)(slash - real), real) > 0) {
        ov_buf_init(&text, ORIGINS_BYTES_MAX);
        p->has_origins =
                ov_file_read(AT_FDCWD, beside, ORIGINS_BYTES_MAX - 1u, &text, NULL) == OVERT_OK
                && ov_origins_read(&text, &p->origins, NULL) == OVERT_OK;
        ov_buf_done(&text);
        free(beside);
    }
    p->is_local = !p->has_origins && path != NULL && strcmp(path, OV_RULES_OF_STARTER) != 0;
    free(real);
}

void ov_provenances_done(struct ov_provenances *p)
{
    if (p->has_origins) {
        ov_origins_done(&p->origins);
    }
    p->has_origins = false;
}

/* "suppress:INDEX" as the name of a hash rule: the rule compiler made it, from the log. */
static bool is_suppression(const overt_hit *hit, uint64_t *by)
{
    struct ov_bytes number;

    return ov_text_after(ov_bytes_of_text(hit->name), "suppress:", &number)
           && ov_decimal_read(number, by) == NULL;
}

static bool is_suppressed(const overt_report *within, uint32_t object, uint64_t *by)
{
    for (size_t i = 0; i < overt_report_hit_count(within); i++) {
        const overt_hit *other = overt_report_hit(within, i);

        if (other->object == object && is_suppression(other, by)) {
            return true;
        }
    }
    return false;
}

static void tell(const void *payload, const overt_report *within, const overt_hit *hit,
        struct ov_provenance *out)
{
    const struct ov_provenances *p = payload;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_origin origin;
    struct ov_bytes space, name;
    overt_rule rule;
    uint64_t by = 0;

    if (!p->has_origins) {
        out->is_local = p->is_local;
        return;
    }
    if (is_suppression(hit, &by)) {
        out->is_suppression = true;
        return;
    }
    if (overt_db_rule(p->db, hit->rule, &rule, &err) != OVERT_OK) {
        return;
    }
    space = ov_bytes_of_text(rule.is_hash ? rule.name : rule.space);
    if (!ov_origins_find(&p->origins, space, &origin, &name)) {
        return;
    }
    out->is_logged = true;
    out->index = origin.index;
    out->time = origin.time;
    out->witnesses = origin.witnesses;
    out->log = (overt_text){ (const char *)ov_bytes_raw(p->origins.origin),
        (size_t)ov_bytes_len(p->origins.origin) };
    if (rule.is_hash) {
        out->name = (overt_text){ (const char *)ov_bytes_raw(name), (size_t)ov_bytes_len(name) };
    }
    if (is_suppressed(within, hit->object, &by)) {
        out->is_suppressed = true;
        out->suppressed_by = by;
    }
}

void ov_provenances_settle(const struct ov_provenances *p, struct ov_result *result)
{
    bool counts = false;

    result->provenance = tell;
    result->provenance_payload = p;
    if (!p->has_origins) {
        return;
    }
    if (result->report == NULL || result->verdict != OVERT_DETECTED) {
        return;
    }
    for (size_t i = 0; i < overt_report_hit_count(result->report); i++) {
        struct ov_provenance from;

        ov_result_provenance(result, result->report, overt_report_hit(result->report, i), &from);
        counts = counts || (!from.is_suppression && !from.is_suppressed);
        result->has_suppressed = result->has_suppressed || from.is_suppressed;
    }
    /* A report that detected and kept no hit counts: its gaps say why. */
    if (!counts && overt_report_hit_count(result->report) != 0) {
        result->verdict =
                overt_report_gap_count(result->report) == 0 ? OVERT_CLEAN : OVERT_INCOMPLETE;
    }
}
