/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_run.c - looking, merging, planning: which catalogue, which system or which reports, and
 * the exit code that follows. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/memfd.h"
#include "programs/overt/commands.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/out.h"
#include "programs/overt/prohibited.h"
#include "programs/overt/rulesets.h"
#include "prohibited/read_report.h"
#include "prohibited/system.h"

extern const uint8_t ov_catalogue_begin[] __attribute__((visibility("hidden")));
extern const uint8_t ov_catalogue_end[] __attribute__((visibility("hidden")));

static bool read_catalogue(const struct prohibited *p, struct ov_catalogue *c)
{
    const uintptr_t bytes = (uintptr_t)ov_catalogue_end - (uintptr_t)ov_catalogue_begin;
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    status = ov_catalogue_add_bundle(c, ov_bytes_of(ov_catalogue_begin, (size_t)bytes), &err);
    if (status == OVERT_OK) {
        status = ov_catalogue_add_folder(c, "/etc/overt/products.d", true, &err);
    }
    if (status == OVERT_OK) {
        status = ov_catalogue_add_folder(c, "/etc/overt/bans.d", true, &err);
    }
    for (size_t i = 0; i < p->folders.count && status == OVERT_OK; i++) {
        status = ov_catalogue_add_folder(c, p->folders.at[i], false, &err);
    }
    if (status == OVERT_OK) {
        status = ov_catalogue_finish(c, &err);
    }
    if (status != OVERT_OK) {
        ov_complain_error("prohibited", &err);
    }
    return status == OVERT_OK;
}

static void tell_time(struct prohibited *p)
{
    struct timespec now = { .tv_sec = 0 };
    struct tm utc = { .tm_sec = 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    p->time_ms = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
    if (gmtime_r(&now.tv_sec, &utc) == NULL
            || strftime(p->time, sizeof(p->time), "%Y-%m-%dT%H:%M:%SZ", &utc) == 0) {
        p->time[0] = '\0';
    }
}

static bool look(
        const struct prohibited *p, const struct ov_catalogue *catalogue, struct ov_survey *survey)
{
    const struct ov_bytes starter = ov_starter_database();
    overt_error err = OVERT_ERROR_INIT;
    auto_fd int database = -1;
    overt_status status = ov_memfd_of(&database, "overt-rules", starter, &err);

    if (status == OVERT_OK) {
        const struct ov_system_options looking = {
            .root = p->root,
            .deep = p->deep,
            .database_fd = database,
            .database_bytes = ov_bytes_len(starter),
            .without = p->without,
            .started = p->time,
        };

        status = ov_system_look(survey, catalogue, &looking, &err);
    }
    if (status != OVERT_OK) {
        ov_complain_error("prohibited", &err);
    }
    return status == OVERT_OK;
}

static bool read_reports(const struct prohibited *p, struct ov_survey *survey)
{
    for (size_t i = 0; i < p->reports.count; i++) {
        overt_error err = OVERT_ERROR_INIT;

        if (ov_survey_read_file(survey, p->reports.at[i], &err) != OVERT_OK) {
            ov_complain_error("prohibited", &err);
            return false;
        }
    }
    for (size_t i = 1; i < survey->host_count && !p->other_catalogue; i++) {
        if (strcmp(survey->hosts[i].catalogue, survey->hosts[0].catalogue) != 0) {
            ov_complain("prohibited",
                    "the reports of %s and %s were made with different catalogues: their answers "
                    "do not add up (--other-catalogue merges them all the same)",
                    survey->hosts[0].name, survey->hosts[i].name);
            return false;
        }
    }
    return true;
}

static bool read_since(const struct prohibited *p, struct ov_survey *before)
{
    overt_error err = OVERT_ERROR_INIT;

    if (p->since != NULL && ov_survey_read_file(before, p->since, &err) != OVERT_OK) {
        ov_complain_error("prohibited", &err);
        return false;
    }
    return true;
}

static int code_of(const struct ov_survey *survey)
{
    return survey->found_count != 0        ? OV_EXIT_DETECTED
           : ov_survey_is_complete(survey) ? OV_EXIT_CLEAN
                                           : OV_EXIT_INCOMPLETE;
}

/* Every run: what was looked at, with what, what was found, and how it ended. */
static void put_on_record(const struct prohibited *p, const struct ov_survey *survey, int code)
{
    static const char *const tasks[] = { "look", "merge", "plan" };
    static const char *const results[] = { [OV_EXIT_CLEAN] = "none found",
        [OV_EXIT_DETECTED] = "found",
        [OV_EXIT_ERROR] = "error",
        [OV_EXIT_INCOMPLETE] = "incomplete" };
    struct ov_buf text;

    ov_ledger_begin(&text);
    ov_ledger_put(&text, "task", tasks[p->task]);
    ov_ledger_put(&text, "result", results[code]);
    if (p->reports.count == 0) {
        ov_ledger_put(&text, "system", p->root == NULL ? "/" : p->root);
    }
    ov_ledger_put(&text, "deep", p->deep ? "yes" : "no");
    ov_ledger_put_number(&text, "hosts", survey->host_count);
    ov_ledger_put_number(&text, "findings", survey->found_count);
    ov_ledger_put(&text, "complete", ov_survey_is_complete(survey) ? "yes" : "no");
    for (size_t i = 0; i < survey->host_count; i++) {
        ov_ledger_put(&text, "host", survey->hosts[i].name);
        ov_ledger_put(&text, "catalogue", survey->hosts[i].catalogue);
    }
    for (size_t i = 0; i < survey->found_count; i++) {
        ov_ledger_put(&text, "product", survey->found[i].product);
        ov_ledger_put(&text, "state", ov_state_name(survey->found[i].state));
        ov_ledger_put(&text, "on", survey->hosts[survey->found[i].host].name);
    }
    (void)ov_ledger_end("prohibited", OV_LEDGER_PROHIBITED, &text); /* it said what went wrong */
}

int prohibited_run(struct prohibited *p)
{
    static struct ov_catalogue catalogue; /* large */
    struct ov_survey survey, before;
    const bool from_reports = p->reports.count != 0;
    int code = OV_EXIT_ERROR;

    ov_catalogue_init(&catalogue);
    ov_survey_init(&survey);
    ov_survey_init(&before);
    tell_time(p);
    if (read_catalogue(p, &catalogue) && prohibited_knows_format(p, &catalogue)
            && read_since(p, &before)
            && (from_reports ? read_reports(p, &survey) : look(p, &catalogue, &survey))
            && prohibited_write(p, &catalogue, &survey, p->since == NULL ? NULL : &before)) {
        code = code_of(&survey);
    }
    put_on_record(p, &survey, code);
    ov_survey_done(&before);
    ov_survey_done(&survey);
    ov_catalogue_done(&catalogue);
    return code;
}
