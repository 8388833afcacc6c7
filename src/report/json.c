/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - results as JSON Lines. Every field is in docs/formats/scan-json.md; fields are added,
 * never renamed. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/result.h"

void ov_json_text(struct ov_buf *out, const char *name, struct ov_bytes text)
{
    ov_buf_printf(out, "\"%s\":", name);
    ov_text_json(out, text);
    if (!ov_text_is_utf8(text)) {
        ov_buf_printf(out, ",\"%s_hex\":\"", name);
        ov_text_hex(out, text);
        ov_buf_put_u8(out, '"');
    }
}

static void put_words(struct ov_buf *out, const char *name, const char *words)
{
    ov_json_text(out, name, ov_bytes_of(words, strlen(words)));
}

/* The containers around the object and it itself; absent where there is no name to tell. */
static void put_chain(struct ov_buf *out, const struct ov_finding *finding)
{
    overt_text names[OV_CHAIN_MAX];
    const size_t count = ov_result_chain(finding->within, finding->object, names, OV_CHAIN_MAX);

    if (count == 0) {
        return;
    }
    ov_buf_put_text(out, ",\"inside\":[");
    for (size_t i = 0; i < count; i++) {
        ov_buf_put_text(out, i == 0 ? "{" : ",{");
        ov_json_text(out, "name", ov_bytes_of_text(names[i]));
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_u8(out, ']');
}

struct list {
    struct ov_buf *out;
    const struct ov_result *result;
    bool hits; /* which kind is being written */
    size_t count;
};

static void put_provenance(struct ov_buf *out, const struct ov_provenance *from)
{
    if (from->is_local) {
        ov_buf_put_text(out, ",\"local\":true");
    }
    if (from->is_logged) {
        ov_buf_put_text(out, ",\"log\":{");
        ov_json_text(out, "origin", ov_bytes_of_text(from->log));
        ov_buf_printf(out, ",\"index\":%" PRIu64 ",\"time\":%" PRIu64 ",\"witnesses\":%" PRIu32 "}",
                from->index, from->time, from->witnesses);
    }
    if (from->is_suppressed) {
        ov_buf_printf(out, ",\"suppressed_by\":%" PRIu64, from->suppressed_by);
    }
}

static void put_finding(void *payload, const struct ov_finding *finding)
{
    struct list *list = payload;
    struct ov_provenance from = { .is_logged = false };

    if (finding->is_hit != list->hits) {
        return;
    }
    if (finding->is_hit) {
        ov_result_provenance(list->result, finding->within, finding->hit, &from);
        if (from.is_suppression) {
            return; /* told with the hits that it is about */
        }
    }
    ov_buf_put_text(list->out, list->count++ == 0 ? "{" : ",{");
    if (finding->is_hit) {
        ov_json_text(list->out, "rule", ov_bytes_of_text(from.name));
        put_provenance(list->out, &from);
        ov_buf_printf(list->out, ",\"number\":%" PRIu32 ",\"object\":%" PRIu32, finding->hit->rule,
                finding->object);
        if (finding->hit->offset != UINT64_MAX) {
            ov_buf_printf(list->out, ",\"offset\":%" PRIu64, finding->hit->offset);
        }
    } else {
        put_words(list->out, "reason", finding->gap->reason);
        ov_buf_put_u8(list->out, ',');
        put_words(list->out, "text", finding->gap->text);
        if (finding->gap->detail.len != 0) {
            ov_buf_put_u8(list->out, ',');
            ov_json_text(list->out, "detail", ov_bytes_of_text(finding->gap->detail));
        }
        ov_buf_printf(list->out, ",\"object\":%" PRIu32, finding->object);
    }
    put_chain(list->out, finding);
    ov_buf_put_u8(list->out, '}');
}

static void put_list(
        struct ov_buf *out, const char *name, bool hits, const struct ov_result *result)
{
    struct list list = { .out = out, .result = result, .hits = hits };

    ov_buf_printf(out, ",\"%s\":[", name);
    ov_result_findings(result, put_finding, &list);
    if (!hits && result->report == NULL && result->reason != NULL) {
        ov_buf_put_u8(out, '{');
        put_words(out, "reason", result->reason);
        ov_buf_put_u8(out, ',');
        ov_json_text(out, "text", result->detail);
        ov_buf_put_text(out, ",\"object\":0}");
    }
    ov_buf_put_u8(out, ']');
}

void ov_json_body(struct ov_buf *out, const struct ov_result *result)
{
    ov_buf_put_u8(out, ',');
    ov_json_text(out, "path", result->path);
    ov_buf_put_u8(out, ',');
    put_words(out, "verdict", overt_verdict_text(result->verdict));
    if (result->report != NULL) {
        ov_buf_printf(out, ",\"size\":%" PRIu64 ",\"objects\":%" PRIu32, result->size,
                overt_report_objects(result->report));
    }
    put_list(out, "hits", true, result);
    put_list(out, "gaps", false, result);
}

void ov_json_file(struct ov_buf *out, const struct ov_result *result)
{
    ov_buf_put_text(out, "{\"type\":\"file\"");
    ov_json_body(out, result);
    ov_buf_printf(out, ",\"explained\":%s}\n", result->explained != NULL ? "true" : "false");
}

/* "a,b" as ["a","b"]; the names are ours. */
static void put_names(struct ov_buf *out, const char *name, const char *list)
{
    ov_buf_printf(out, ",\"%s\":[", name);
    for (const char *at = list; at != NULL && *at != '\0';) {
        const size_t len = strcspn(at, ",");

        ov_buf_put_text(out, at == list ? "" : ",");
        ov_text_json(out, ov_bytes_of(at, len));
        at += len + (at[len] == ',');
    }
    ov_buf_put_u8(out, ']');
}

void ov_json_summary(struct ov_buf *out, const struct ov_summary *s)
{
    ov_buf_printf(out,
            "{\"type\":\"summary\",\"version\":\"%s\",\"files\":%" PRIu64 ",\"bytes\":%" PRIu64
            ",\"clean\":%" PRIu64 ",\"detected\":%" PRIu64 ",\"incomplete\":%" PRIu64
            ",\"failed\":%" PRIu64,
            overt_version(), s->files, s->bytes, s->clean, s->detected, s->incomplete, s->failed);
    ov_buf_printf(out,
            ",\"skipped\":{\"excluded\":%" PRIu64 ",\"links\":%" PRIu64 ",\"special\":%" PRIu64
            ",\"vanished\":%" PRIu64 ",\"other_file_systems\":%" PRIu64
            ",\"kernel_file_systems\":%" PRIu64 ",\"loops\":%" PRIu64 ",\"unchanged\":%" PRIu64 "}",
            s->excluded, s->links, s->special, s->vanished, s->other_fs, s->kernel_fs, s->loops,
            s->unchanged);
    if (s->profile != NULL) {
        ov_buf_put_u8(out, ',');
        put_words(out, "profile", s->profile);
    }
    ov_buf_printf(out,
            ",\"not_explained\":%" PRIu64 ",\"worker_deaths\":%" PRIu64 ",\"ms\":%" PRIu64
            ",\"interrupted\":%s,\"completed\":%s,\"rules\":{",
            s->not_explained, s->deaths, s->ms, s->interrupted ? "true" : "false",
            s->completed ? "true" : "false");
    put_words(out, "from", s->rules_name);
    ov_buf_printf(out, ",\"local\":%s", s->rules_are_local ? "true" : "false");
    ov_buf_printf(out,
            ",\"rules\":%" PRIu64 ",\"hashes\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"sha256\":\"",
            s->rules, s->hashes, s->rules_left_out);
    ov_text_hex(out, ov_bytes_of(s->rules_sha256, sizeof(s->rules_sha256)));
    ov_buf_put_text(out, "\"},\"jail\":{\"worker_started\":");
    ov_buf_put_text(out, s->layers[0] != '\0' ? "true" : "false");
    put_names(out, "layers", s->layers);
    put_names(out, "accepted_missing", s->missing);
    put_names(out, "bonuses_missing", s->bonuses);
    ov_buf_put_text(out, "}}\n");
}
