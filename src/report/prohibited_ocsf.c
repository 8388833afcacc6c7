/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_ocsf.c - OCSF 1.3 events, one a line: a compliance finding (2003) for each product found,
 * or for a host where none was, and a software inventory event (5020) for each product. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/prohibited.h"

static void put_json(struct ov_buf *out, const char *text)
{
    ov_text_json(out, ov_bytes_of(text, strlen(text)));
}

static void put_member(struct ov_buf *out, const char *name, const char *text)
{
    ov_buf_printf(out, ",\"%s\":", name);
    put_json(out, text);
}

static void put_head(struct ov_buf *out, const struct ov_prohibited_report *r, unsigned class_uid,
        unsigned activity, unsigned severity)
{
    ov_buf_printf(out,
            "{\"class_uid\":%u,\"category_uid\":%u,\"activity_id\":%u,\"type_uid\":%u,\"time\":"
            "%" PRIu64
            ",\"severity_id\":%u,\"metadata\":{\"version\":\"1.3.0\",\"log_name\":\"prohibited\","
            "\"profiles\":[\"host\"],\"product\":{\"name\":\"overt\",\"vendor_name\":\"overt\","
            "\"version\":\"" OV_VERSION "\"}}",
            class_uid, class_uid / 1000u, activity, class_uid * 100u + activity, r->time_ms,
            severity);
}

/* Where a version begins in an operating system's name; NULL: nowhere. */
static const char *version_of(const char *os)
{
    const char *at = strpbrk(os, "0123456789");

    return at != NULL && at != os && at[-1] == ' ' ? at : NULL;
}

static void put_device(struct ov_buf *out, const struct ov_survey_host *host, const char *platform)
{
    const unsigned os = strcmp(platform, "windows") == 0   ? 100u
                        : strcmp(platform, "macos") == 0   ? 300u
                        : strcmp(platform, "android") == 0 ? 201u
                        : strcmp(platform, "linux") == 0   ? 200u
                                                           : 0u;
    const char *version;

    ov_buf_put_text(out, ",\"device\":{\"type_id\":0");
    put_member(out, "hostname", host->name);
    put_member(out, "uid", host->id[0] != '\0' ? host->id : host->name);
    ov_buf_put_text(out, ",\"os\":{\"name\":");
    put_json(out, host->os[0] != '\0' ? host->os : "unknown");
    version = version_of(host->os);
    if (version != NULL) {
        char text[64];

        (void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(version, " "), version);
        put_member(out, "version", text);
    }
    ov_buf_printf(out, ",\"type_id\":%u}}", os);
}

/* What each ban that covers it, or may, wants by when. */
static void put_requirements(
        struct ov_buf *out, const struct ov_catalogue *catalogue, const struct ov_found *found)
{
    bool some = false;

    for (size_t i = 0; i < found->ruling_count; i++) {
        const struct ov_ban *ban = found->rulings[i].scope == OV_SCOPE_OUT
                                           ? NULL
                                           : ov_ban_named(catalogue, found->rulings[i].ban);

        for (size_t k = 0; ban != NULL && k < ban->deadline_count; k++) {
            struct ov_buf text;

            ov_buf_init(&text, 1u << 16);
            ov_buf_printf(&text, "%s: %s: %s", ban->id, ban->deadlines[k].first,
                    ban->deadlines[k].second);
            ov_buf_put_text(out, some ? "," : ",\"requirements\":[");
            ov_text_json(out, ov_buf_bytes(&text));
            ov_buf_done(&text);
            some = true;
        }
    }
    ov_buf_put_text(out, some ? "]" : "");
}

static void put_standards(
        struct ov_buf *out, const struct ov_catalogue *catalogue, const struct ov_found *found)
{
    bool some = false;

    ov_buf_put_text(out, ",\"compliance\":{\"standards\":[");
    for (size_t i = 0; i < found->ruling_count; i++) {
        if (found->rulings[i].scope != OV_SCOPE_OUT) {
            ov_buf_put_text(out, some ? "," : "");
            put_json(out, found->rulings[i].ban);
            some = true;
        }
    }
    if (!some) {
        ov_buf_put_text(out, "\"none\"");
    }
    ov_buf_put_u8(out, ']');
    put_requirements(out, catalogue, found);
    ov_buf_printf(out, ",\"status_id\":%d", some ? (found->state == OV_STATE_REMNANT ? 2 : 3) : 1);
    ov_buf_put_text(out, ",\"control\":");
    {
        struct ov_buf control;

        ov_buf_init(&control, 1u << 16);
        ov_buf_put_text(&control, "Prohibited vendor: ");
        ov_buf_put_text(&control, found->vendor_name);
        ov_text_json(out, ov_buf_bytes(&control));
        ov_buf_done(&control);
    }
    ov_buf_printf(out, ",\"status_detail\":\"state=%s, evidence=%zu\"}",
            ov_state_name(found->state), found->clue_count);
}

static void put_title(struct ov_buf *out, const struct ov_found *found)
{
    struct ov_buf title;

    ov_buf_init(&title, 1u << 16);
    ov_buf_put_text(&title, "Prohibited software: ");
    ov_buf_put_text(&title, found->name);
    ov_buf_put_text(&title, found->version[0] != '\0' ? " " : "");
    ov_buf_put_text(&title, found->version);
    ov_text_json(out, ov_buf_bytes(&title));
    ov_buf_done(&title);
}

static void put_resource(struct ov_buf *out, const struct ov_survey_host *host)
{
    ov_buf_put_text(out, ",\"resources\":[{\"type\":\"Host\"");
    put_member(out, "name", host->name);
    put_member(out, "uid", host->id[0] != '\0' ? host->id : host->name);
    ov_buf_put_text(out, "}]");
}

static void put_finding(struct ov_buf *out, const struct ov_prohibited_report *r, size_t index)
{
    const struct ov_found *found = &r->survey->found[index];
    const struct ov_survey_host *host = &r->survey->hosts[found->host];

    put_head(out, r, 2003, 1, found->state == OV_STATE_REMNANT ? 2 : 4);
    put_device(out, host, found->platform);
    ov_buf_printf(out, ",\"status_id\":1,\"finding_info\":{\"uid\":\"overt:2003:%" PRIu64 ":%zu\"",
            r->time_ms, index);
    ov_buf_put_text(out, ",\"title\":");
    put_title(out, found);
    ov_buf_put_text(out, ",\"types\":[\"prohibited_software\"]}");
    put_standards(out, r->catalogue, found);
    put_resource(out, host);
    ov_buf_put_text(out, ",\"remediation\":{\"desc\":\"see `overt prohibited plan`\"}");
    ov_buf_put_text(out, ",\"unmapped\":{\"overt\":{\"product\":");
    put_json(out, found->product);
    ov_buf_printf(out, ",\"embedded\":%s,\"state\":\"%s\",\"facts\":[",
            found->embedded ? "true" : "false", ov_state_name(found->state));
    for (size_t i = 0; i < found->clue_count; i++) {
        struct ov_buf fact;

        ov_buf_init(&fact, 1u << 20);
        ov_buf_printf(&fact, "%s:%s", found->clues[i].kind, found->clues[i].value);
        ov_buf_put_text(out, i == 0 ? "" : ",");
        ov_text_json(out, ov_buf_bytes(&fact));
        ov_buf_done(&fact);
    }
    ov_buf_put_text(out, "]}}}\n");
}

static void put_inventory(struct ov_buf *out, const struct ov_prohibited_report *r, size_t index)
{
    const struct ov_found *found = &r->survey->found[index];
    struct ov_buf purl;

    put_head(out, r, 5020, 2, 1);
    put_device(out, &r->survey->hosts[found->host], found->platform);
    ov_buf_put_text(out, ",\"package\":{\"name\":");
    put_json(out, found->name);
    put_member(out, "version", found->version[0] != '\0' ? found->version : "unknown");
    put_member(out, "vendor_name", found->entity);
    ov_buf_init(&purl, 1u << 14);
    if (ov_prohibited_purl(&purl, r, found)) {
        ov_buf_put_text(out, ",\"purl\":");
        ov_text_json(out, ov_buf_bytes(&purl));
    }
    ov_buf_done(&purl);
    ov_buf_put_text(out, ",\"type_id\":1}}\n");
}

/* A host without findings: passed, or a warning when not everything was read. */
static void put_none(struct ov_buf *out, const struct ov_prohibited_report *r, size_t index)
{
    const struct ov_survey_host *host = &r->survey->hosts[index];

    put_head(out, r, 2003, 1, host->unread == 0 ? 1 : 2);
    put_device(out, host, "linux");
    ov_buf_printf(out,
            ",\"status_id\":1,\"finding_info\":{\"uid\":\"overt:2003:%" PRIu64
            ":host-%zu\",\"title\":\"%s\",\"types\":[\"prohibited_software\"]}",
            r->time_ms, index,
            host->unread == 0 ? "No prohibited software found"
                              : "No prohibited software found so far: the search is incomplete");
    ov_buf_put_text(out, ",\"compliance\":{\"standards\":[");
    for (size_t i = 0; i < r->catalogue->ban_count; i++) {
        ov_buf_put_text(out, i == 0 ? "" : ",");
        put_json(out, r->catalogue->bans[i]->id);
    }
    ov_buf_printf(out,
            "],\"control\":\"Prohibited "
            "vendors\",\"status_id\":%d,\"status_detail\":\"unread=%" PRIu64 "\"}",
            host->unread == 0 ? 1 : 2, host->unread);
    put_resource(out, host);
    ov_buf_put_text(out, "}\n");
}

void ov_prohibited_ocsf(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const struct ov_survey *s = r->survey;

    for (size_t i = 0; i < s->found_count; i++) {
        put_finding(out, r, i);
        put_inventory(out, r, i);
    }
    for (size_t i = 0; i < s->host_count; i++) {
        bool found = false;

        for (size_t k = 0; k < s->found_count && !found; k++) {
            found = s->found[k].host == i;
        }
        if (!found) {
            put_none(out, r, i);
        }
    }
}
