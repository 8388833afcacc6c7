/* SPDX-License-Identifier: Apache-2.0 */
/* parts.c - several small files in one descriptor: one request and one descriptor for all of them,
 * where each by itself would cost the making, sealing, passing and closing of its own. */
#include "api/fail.h"
#include "api/memfd.h"
#include "api/scanner.h"
#include "base/checked.h"

/* A worker gets the whole of it with every part. Only what cannot change any more is known to be as
 * large as it was. */
static overt_status check_parts(
        int fd, const overt_part *parts, size_t count, struct stat *st, overt_error *err)
{
    bool sealed = false;
    overt_status status = ov_scanner_check_file(fd, "", st, &sealed, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (!sealed) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "parts are scanned of a sealed memory file only");
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i].offset > (uint64_t)st->st_size
                || parts[i].bytes > (uint64_t)st->st_size - parts[i].offset) {
            return ov_fail(err, OVERT_E_ARGUMENT, parts[i].offset,
                    "a part lies outside of what it is a part of");
        }
    }
    return OVERT_OK;
}

/* False: no memory, and no job. */
static bool make_jobs(overt_scanner *s, int fd, const struct stat *all, const overt_part *parts,
        size_t count, struct ov_job **jobs)
{
    for (size_t i = 0; i < count; i++) {
        struct stat st = *all;

        st.st_size = (off_t)parts[i].bytes;
        jobs[i] = ov_scanner_job(s, fd, "", parts[i].token, &st);
        if (jobs[i] == NULL) {
            while (i > 0) {
                ov_job_free(jobs[--i]);
            }
            return false;
        }
        jobs[i]->goes_along = false;
        jobs[i]->home = OV_JOB_NO_HOME;
        jobs[i]->request.flags = ov_le32_of(0); /* streams are remembered by who received them */
        jobs[i]->is_part = true;
        jobs[i]->sealed = true;
        jobs[i]->offset = parts[i].offset;
        jobs[i]->all_bytes = (uint64_t)all->st_size;
    }
    return true;
}

overt_status overt_submit_parts(overt_scanner *s, int fd, const overt_part *parts, size_t count,
        size_t *taken, overt_error *err)
{
    struct ov_job *jobs[OV_PARTS_MAX];
    overt_error why = OVERT_ERROR_INIT;
    overt_status status;
    size_t sent = 0;
    struct stat st;

    if (s == NULL || fd < 0 || parts == NULL || count == 0 || taken == NULL
            || s->profile != OV_JAIL_VERDICT) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "parts need a scanner of the verdict profile, a descriptor, and one part at least");
    }
    *taken = 0;
    if (s->waiting.first != NULL) { /* these were here first */
        return ov_fail(err, OVERT_E_BUSY, UINT64_MAX, "every place is taken; collect first");
    }
    count = count < OV_PARTS_MAX ? count : OV_PARTS_MAX;
    status = check_parts(fd, parts, count, &st, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (!make_jobs(s, fd, &st, parts, count, jobs)) {
        return ov_fail_nomem(err, "more files");
    }
    status = ov_pool_send(s, jobs, count, &sent, &why);
    sent = status == OVERT_OK ? sent : 0;
    for (size_t i = sent; i < count; i++) {
        ov_job_free(jobs[i]);
    }
    s->under_way += sent;
    *taken = sent;
    if (status == OVERT_E_BUSY) {
        return ov_fail(err, OVERT_E_BUSY, UINT64_MAX, "every place is taken; collect first");
    }
    if (status != OVERT_OK && err != NULL) {
        *err = why;
    }
    return status;
}
