/* SPDX-License-Identifier: Apache-2.0 */
/* event.c - verdicts that were not CLEAN, for other programs: overt's own JSON Lines
 * (docs/formats/events.md), or OCSF 1.3 detection findings (class 2004), which carry the same. */
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "programs/overtd/log.h"

#define EVENT_BYTES_MAX (256u * 1024u)

#define OCSF_FINDING       2004u /* detection finding */
#define OCSF_CREATE        1u
#define OCSF_INFORMATIONAL 1u
#define OCSF_LOW           2u
#define OCSF_HIGH          4u
#define OCSF_FILE_UNKNOWN  0u
#define OCSF_FILE_REGULAR  1u
#define OCSF_ANALYTIC_RULE 1u

struct event {
    uint64_t time_ms;
    const char *source, *shown, *rules;
    const overt_report *report;
};

static void put_text(struct ov_buf *out, const char *key, const char *text)
{
    ov_buf_printf(out, ",\"%s\":", key);
    ov_text_json(out, ov_bytes_of(text, strlen(text)));
}

static void put_hits(struct ov_buf *out, const overt_report *report)
{
    ov_buf_put_text(out, "\"hits\":[");
    for (size_t i = 0; i < overt_report_hit_count(report); i++) {
        const overt_hit *hit = overt_report_hit(report, i);

        ov_buf_put_text(out, i == 0 ? "{\"rule\":" : ",{\"rule\":");
        ov_text_json(out, ov_bytes_of(hit->name.bytes, hit->name.len));
        ov_buf_printf(out, ",\"object\":%u}", hit->object);
    }
    ov_buf_put_text(out, "],\"reasons\":[");
    for (size_t i = 0; i < overt_report_gap_count(report); i++) {
        const char *reason = overt_report_gap(report, i)->reason;

        ov_buf_put_text(out, i == 0 ? "" : ",");
        ov_text_json(out, ov_bytes_of(reason, strlen(reason)));
    }
    ov_buf_put_u8(out, ']');
}

/* The fields that are overt's own, without a comma before them. */
static void put_own(struct ov_buf *out, const struct event *event)
{
    ov_buf_printf(out, "\"time_ms\":%llu", (unsigned long long)event->time_ms);
    put_text(out, "source", event->source);
    put_text(out, "name", event->shown);
    put_text(out, "verdict", overt_verdict_text(overt_report_verdict(event->report)));
    ov_buf_printf(out, ",\"bytes\":%llu", (unsigned long long)overt_report_size(event->report));
    put_text(out, "rules", event->rules);
    ov_buf_put_u8(out, ',');
    put_hits(out, event->report);
}

/* --- OCSF ------------------------------------------------------------------------------------ */

static unsigned severity_of(overt_verdict verdict)
{
    switch (verdict) {
    case OVERT_DETECTED:
        return OCSF_HIGH;
    case OVERT_INCOMPLETE:
    case OVERT_FAILED:
        return OCSF_LOW;
    case OVERT_CLEAN:
        break;
    }
    return OCSF_INFORMATIONAL;
}

static void put_title(struct ov_buf *out, const struct event *event)
{
    const overt_hit *hit = overt_report_hit(event->report, 0);
    const overt_gap *gap = overt_report_gap(event->report, 0);
    struct ov_buf title;

    ov_buf_init(&title, 65536);
    if (hit != NULL) {
        ov_buf_put(&title, hit->name.bytes, hit->name.len);
    } else {
        ov_buf_printf(&title, "Not wholly looked at: %s", gap == NULL ? "unknown" : gap->reason);
    }
    ov_text_json(out, ov_buf_bytes(&title));
    ov_buf_done(&title);
}

static void put_analytic(struct ov_buf *out, const overt_hit *hit)
{
    ov_buf_printf(out, "{\"type_id\":%u,\"name\":", OCSF_ANALYTIC_RULE);
    ov_text_json(out, ov_bytes_of(hit->name.bytes, hit->name.len));
    ov_buf_put_u8(out, '}');
}

/* The rules: the first, and the others. */
static void put_analytics(struct ov_buf *out, const overt_report *report)
{
    const size_t count = overt_report_hit_count(report);

    if (count > 0) {
        ov_buf_put_text(out, ",\"analytic\":");
        put_analytic(out, overt_report_hit(report, 0));
    }
    for (size_t i = 1; i < count; i++) {
        ov_buf_put_text(out, i == 1 ? ",\"related_analytics\":[" : ",");
        put_analytic(out, overt_report_hit(report, i));
    }
    ov_buf_put_text(out, count > 1 ? "]" : "");
}

static void put_evidence(struct ov_buf *out, const struct event *event)
{
    const bool path = event->shown[0] == '/';
    const char *slash = strrchr(event->shown, '/');
    const char *name = slash == NULL || slash[1] == '\0' ? event->shown : slash + 1;

    ov_buf_printf(out, ",\"evidences\":[{\"file\":{\"type_id\":%u",
            path ? OCSF_FILE_REGULAR : OCSF_FILE_UNKNOWN);
    put_text(out, "name", name);
    if (path) {
        put_text(out, "path", event->shown);
    }
    ov_buf_printf(out, ",\"size\":%llu}}]", (unsigned long long)overt_report_size(event->report));
}

static void put_ocsf(struct ov_buf *out, const struct event *event)
{
    ov_buf_printf(out,
            "{\"class_uid\":%u,\"category_uid\":%u,\"activity_id\":%u,\"type_uid\":%u,\"time\":%"
            "llu,"
            "\"severity_id\":%u,\"status_id\":1,\"metadata\":{\"version\":\"1.3.0\",\"log_name\":"
            "\"overtd\",\"product\":{\"name\":\"overt\",\"vendor_name\":\"overt\",\"version\":"
            "\"" OV_VERSION "\"}}",
            OCSF_FINDING, OCSF_FINDING / 1000u, OCSF_CREATE, OCSF_FINDING * 100u + OCSF_CREATE,
            (unsigned long long)event->time_ms, severity_of(overt_report_verdict(event->report)));
    ov_buf_printf(out, ",\"finding_info\":{\"uid\":\"overt:%llu:%u\",\"title\":",
            (unsigned long long)event->time_ms, (unsigned)overt_report_size(event->report));
    put_title(out, event);
    put_analytics(out, event->report);
    ov_buf_put_u8(out, '}');
    put_evidence(out, event);
    ov_buf_put_text(out, ",\"unmapped\":{\"overt\":{");
    put_own(out, event);
    ov_buf_put_text(out, "}}}\n");
}

void ovd_log_event(struct ovd_log *log, const char *source, const char *shown,
        const overt_report *report, const char *rules)
{
    struct event event = { .source = source, .shown = shown, .rules = rules, .report = report };
    struct timespec now;
    struct ov_buf line;

    if (log->events_fd < 0) {
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    event.time_ms = (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
    ov_buf_init(&line, EVENT_BYTES_MAX);
    if (log->options.events_ocsf) {
        put_ocsf(&line, &event);
    } else {
        ov_buf_put_u8(&line, '{');
        put_own(&line, &event);
        ov_buf_put_text(&line, "}\n");
    }
    ovd_log_event_line(log, &line);
    ov_buf_done(&line);
}
