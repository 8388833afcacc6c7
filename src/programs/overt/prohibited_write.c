/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_write.c - in which form the answer of `overt prohibited` goes out. */
#include <string.h>

#include "programs/overt/out.h"
#include "programs/overt/prohibited.h"
#include "prohibited/grow.h"
#include "report/prohibited.h"

static const struct {
    const char *name;
    void (*render)(struct ov_buf *out, const struct ov_prohibited_report *r);
} formats[] = {
    { "text", ov_prohibited_text },
    { "json", ov_prohibited_json },
    { "csv", ov_prohibited_csv },
    { "cyclonedx", ov_prohibited_cyclonedx },
    { "ocsf", ov_prohibited_ocsf },
    { "html", ov_prohibited_html },
};

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

static bool is_form(const struct ov_catalogue *catalogue, const char *name)
{
    for (size_t i = 0; i < catalogue->ban_count; i++) {
        for (size_t k = 0; k < catalogue->bans[i]->form_count; k++) {
            if (strcmp(catalogue->bans[i]->forms[k].form, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool prohibited_knows_format(const struct prohibited *p, const struct ov_catalogue *catalogue)
{
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, p->format) == 0) {
            return true;
        }
    }
    if (is_form(catalogue, p->format)) {
        return true;
    }
    ov_complain(
            "prohibited", "--format: '%s' is neither a format nor a form of any ban", p->format);
    return false;
}

/* --- since ---------------------------------------------------------------------------------- */

struct differences {
    struct ov_difference *at;
    size_t count, cap;
    bool failed;
};

static const struct ov_found *same_in(
        const struct ov_survey *where, const struct ov_survey *of, const struct ov_found *found)
{
    for (size_t i = 0; i < where->found_count; i++) {
        const struct ov_found *other = &where->found[i];

        if (strcmp(other->product, found->product) == 0 && strcmp(other->vendor, found->vendor) == 0
                && (where->host_count == 1 || of->host_count == 1
                        || strcmp(where->hosts[other->host].name, of->hosts[found->host].name)
                                   == 0)) {
            return other;
        }
    }
    return NULL;
}

static void add(struct differences *d, struct ov_difference one)
{
    if (!ov_grow(&d->at, &d->cap, d->count, sizeof(*d->at))) {
        d->failed = true;
        return;
    }
    d->at[d->count++] = one;
}

static void compare(
        struct differences *d, const struct ov_survey *before, const struct ov_survey *now)
{
    for (size_t i = 0; i < now->found_count; i++) {
        const struct ov_found *found = &now->found[i];
        const struct ov_found *was = same_in(before, now, found);

        add(d, (struct ov_difference){ .change = was == NULL                  ? OV_CHANGE_NEW
                                                 : was->state != found->state ? OV_CHANGE_STATE
                                                                              : OV_CHANGE_STAYED,
                       .before = was,
                       .now = found,
                       .host = now->hosts[found->host].name });
    }
    for (size_t i = 0; i < before->found_count; i++) {
        const struct ov_found *was = &before->found[i];

        if (same_in(now, before, was) == NULL) {
            add(d, (struct ov_difference){ .change = OV_CHANGE_GONE,
                           .before = was,
                           .host = before->hosts[was->host].name });
        }
    }
}

/* --- writing -------------------------------------------------------------------------------- */

static bool render(
        struct ov_buf *out, const struct prohibited *p, const struct ov_prohibited_report *report)
{
    if (p->task == PROHIBITED_PLAN) {
        ov_prohibited_plan(out, report, p->script);
        return true;
    }
    for (size_t i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].name, p->format) == 0) {
            formats[i].render(out, report);
            return true;
        }
    }
    return ov_prohibited_form(out, report, p->format);
}

bool prohibited_write(const struct prohibited *p, const struct ov_catalogue *catalogue,
        const struct ov_survey *survey, const struct ov_survey *before)
{
    struct differences d = { .count = 0 };
    struct ov_prohibited_report report = {
        .survey = survey,
        .catalogue = catalogue,
        .agency = p->agency,
        .component = p->component,
        .time = p->time,
        .time_ms = p->time_ms,
        .colour = ov_out_wants_colour(STDOUT_FILENO),
    };
    struct ov_out out;
    bool good;

    if (before != NULL) {
        compare(&d, before, survey);
        report.since = true;
        report.since_started = before->hosts[0].started;
    }
    report.differences = d.at;
    report.difference_count = d.count;
    ov_out_init(&out, STDOUT_FILENO);
    good = !d.failed && render(&out.buf, p, &report);
    good = ov_out_finish(&out) && good;
    ov_out_done(&out);
    if (d.failed) {
        ov_complain("prohibited", "no memory to compare the reports");
    }
    free(d.at);
    return good;
}
