/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c - what is handed over for modules: every worker gets it before its first file. Data that a
 * worker cannot use, or dies of, ends the scan: what rules ask of it would be answered wrongly. */
#include "api/modules.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "api/fail.h"
#include "base/checked.h"
#include "facts/schema.h"

/* A report is read into texts and lists of about its own size. */
#define MEMORY_FACTOR 3u

overt_status overt_scanner_give(
        overt_scanner *scanner, const char *module, int fd, overt_error *err)
{
    const enum ov_field field = ov_field_module(ov_bytes_of(module, strlen(module)));
    struct ov_module_data *to;
    struct stat st;

    if (field != OV_CUCKOO && field != OV_MAGIC) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "data can be handed over for the modules cuckoo and magic, not for '%s'", module);
    }
    if (scanner->profile != OV_JAIL_EXPLAIN || scanner->seq_last != 0
            || scanner->module_count == sizeof(scanner->modules) / sizeof(scanner->modules[0])) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "data for a module is handed over once, before the first file, in the explain "
                "profile");
    }
    if (fstat(fd, &st) != 0) {
        return ov_fail_errno(err, errno, "the descriptor could not be examined");
    }
    if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > OV_MODULE_DATA_BYTES_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "data for a module is a regular file of at most %u MiB",
                OV_MODULE_DATA_BYTES_MAX / OV_MIB);
    }
    to = &scanner->modules[scanner->module_count];
    *to = (struct ov_module_data){ .module = field, .size = (uint64_t)st.st_size };
    to->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (to->fd < 0) {
        return ov_fail_errno(err, errno, "the descriptor could not be kept");
    }
    scanner->module_count++;
    return OVERT_OK;
}

void ov_modules_done(overt_scanner *s)
{
    for (size_t i = 0; i < s->module_count; i++) {
        (void)close(s->modules[i].fd);
    }
    s->module_count = 0;
}

uint64_t ov_modules_memory(const overt_scanner *s)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < s->module_count; i++) {
        bytes += s->modules[i].size * MEMORY_FACTOR;
    }
    return bytes;
}

bool ov_job_is_module(const struct ov_job *job)
{
    return job != NULL && ov_le32_get(job->request.kind) == OV_REQUEST_MODULE;
}

overt_status ov_modules_send(overt_scanner *s, struct ov_worker *w, overt_error *err)
{
    for (size_t i = 0; i < s->module_count; i++) {
        const struct ov_module_data *data = &s->modules[i];
        struct ov_job *job = calloc(1, sizeof(*job));

        if (job == NULL) {
            return ov_fail_nomem(err, "a module's data");
        }
        job->regions_fd = -1;
        ov_buf_init(&job->values, OV_VALUES_BYTES_MAX);
        job->seq = ++s->seq_last;
        job->request = (struct ov_request){
            .magic = ov_le32_of(OV_REQUEST_MAGIC),
            .kind = ov_le32_of(OV_REQUEST_MODULE),
            .seq = ov_le32_of(job->seq),
            .flags = ov_le32_of(data->module),
            .size = ov_le64_of(data->size),
        };
        job->fd = fcntl(data->fd, F_DUPFD_CLOEXEC, 0); /* a job without a report owns its own */
        if (job->fd < 0 || ov_worker_send(w, &job, 1, ov_clock_ms()) != OV_SEND_DONE) {
            ov_job_free(job);
            return ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX,
                    "data for a module could not be handed to a worker");
        }
    }
    return OVERT_OK;
}

void ov_modules_why(const struct ov_job *job, const char *how, overt_error *err)
{
    (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the data for module %s is of no use: %s",
            ov_field_row(ov_le32_get(job->request.flags))->name, how);
}
