/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_json.c - JSON Lines, the report that can be read back: `overt prohibited merge` and
 * `--since` read it. docs/formats/prohibited-json.md. */
#include <inttypes.h>
#include <string.h>

#include "report/prohibited.h"
#include "report/result.h"

static void put_text(struct ov_buf *out, const char *name, const char *text)
{
    ov_buf_put_u8(out, ',');
    ov_json_text(out, name, ov_bytes_of(text, strlen(text)));
}

static void put_host(struct ov_buf *out, const struct ov_survey_host *host)
{
    ov_buf_put_text(out, "{\"type\":\"prohibited-host\"");
    put_text(out, "name", host->name);
    put_text(out, "id", host->id);
    put_text(out, "os", host->os);
    put_text(out, "root", host->root);
    put_text(out, "kind", host->kind);
    put_text(out, "started", host->started);
    put_text(out, "version", host->overt_version);
    put_text(out, "catalogue", host->catalogue);
    put_text(out, "layers", host->layers);
    ov_buf_printf(out,
            ",\"deep\":%s,\"names\":%" PRIu64 ",\"folders\":%" PRIu64 ",\"links\":%" PRIu64
            ",\"special\":%" PRIu64 ",\"unread\":%" PRIu64 ",\"areas\":[",
            host->deep ? "true" : "false", host->names, host->folders, host->links, host->special,
            host->unread);
    for (size_t i = 0; i < host->area_count; i++) {
        ov_buf_printf(out, "%s{\"name\":\"%s\",\"looked\":%" PRIu64 ",\"unread\":%" PRIu64 "}",
                i == 0 ? "" : ",", host->areas[i].name, host->areas[i].looked,
                host->areas[i].unread);
    }
    ov_buf_put_text(out, "]}\n");
}

static void put_clues(struct ov_buf *out, const struct ov_found *found)
{
    ov_buf_put_text(out, ",\"evidence\":[");
    for (size_t i = 0; i < found->clue_count; i++) {
        const struct ov_clue *clue = &found->clues[i];

        ov_buf_printf(out, "%s{\"shows\":\"%s\",\"strength\":\"%s\"", i == 0 ? "" : ",",
                ov_state_name(clue->shows), ov_strength_name(clue->strength));
        put_text(out, "kind", clue->kind);
        put_text(out, "value", clue->value);
        put_text(out, "where", clue->where);
        put_text(out, "detail", clue->detail);
        put_text(out, "source", clue->source);
        ov_buf_put_u8(out, '}');
    }
    ov_buf_printf(out, "],\"evidence_left_out\":%" PRIu64, found->clues_left_out);
}

static void put_rulings(struct ov_buf *out, const struct ov_found *found)
{
    ov_buf_put_text(out, ",\"bans\":[");
    for (size_t i = 0; i < found->ruling_count; i++) {
        const struct ov_ruling *ruling = &found->rulings[i];

        ov_buf_printf(out, "%s{\"scope\":\"%s\"", i == 0 ? "" : ",", ov_scope_name(ruling->scope));
        put_text(out, "ban", ruling->ban);
        put_text(out, "title", ruling->title);
        put_text(out, "why", ruling->why);
        ov_buf_put_u8(out, '}');
    }
    ov_buf_put_u8(out, ']');
}

static void put_found(struct ov_buf *out, const struct ov_found *found, const char *type)
{
    ov_buf_printf(out, "{\"type\":\"%s\",\"host\":%zu,\"state\":\"%s\",\"confidence\":\"%s\"", type,
            found->host, ov_state_name(found->state), ov_strength_name(found->confidence));
    put_text(out, "product", found->product);
    put_text(out, "name", found->name);
    put_text(out, "class", found->product_class);
    put_text(out, "version", found->version);
    put_text(out, "vendor", found->vendor);
    put_text(out, "vendor_name", found->vendor_name);
    put_text(out, "entity", found->entity);
    put_text(out, "platform", found->platform);
    put_text(out, "note", found->note);
    ov_buf_printf(out, ",\"embedded\":%s,\"generic\":%s", found->embedded ? "true" : "false",
            found->generic ? "true" : "false");
    put_clues(out, found);
    put_rulings(out, found);
    ov_buf_put_text(out, "}\n");
}

static void put_unread(struct ov_buf *out, const struct ov_unread *unread)
{
    ov_buf_printf(out, "{\"type\":\"prohibited-unread\",\"host\":%zu", unread->host);
    put_text(out, "area", unread->area);
    put_text(out, "path", unread->path);
    put_text(out, "reason", unread->reason);
    put_text(out, "text", unread->text);
    ov_buf_put_text(out, "}\n");
}

static void put_difference(struct ov_buf *out, const struct ov_difference *d)
{
    static const char *const words[] = { "stayed", "new", "gone", "changed" };
    const struct ov_found *found = d->now != NULL ? d->now : d->before;

    ov_buf_printf(out, "{\"type\":\"prohibited-change\",\"change\":\"%s\"", words[d->change]);
    put_text(out, "product", found->product);
    put_text(out, "name", found->name);
    put_text(out, "host", d->host);
    put_text(out, "before", d->before == NULL ? "" : ov_state_name(d->before->state));
    put_text(out, "now", d->now == NULL ? "" : ov_state_name(d->now->state));
    ov_buf_put_text(out, "}\n");
}

void ov_prohibited_json(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const struct ov_survey *s = r->survey;

    for (size_t i = 0; i < s->host_count; i++) {
        put_host(out, &s->hosts[i]);
    }
    for (size_t i = 0; i < s->found_count; i++) {
        put_found(out, &s->found[i], "prohibited-finding");
    }
    for (size_t i = 0; i < s->lead_count; i++) {
        put_found(out, &s->leads[i], "prohibited-lead");
    }
    for (size_t i = 0; i < s->unread_count; i++) {
        put_unread(out, &s->unread[i]);
    }
    for (size_t i = 0; i < r->difference_count; i++) {
        put_difference(out, &r->differences[i]);
    }
    ov_buf_printf(out,
            "{\"type\":\"prohibited-summary\",\"hosts\":%zu,\"findings\":%zu,\"leads\":%zu,"
            "\"complete\":%s,\"unread_left_out\":%" PRIu64 ",\"catalogue\":\"%s\",\"facts\":%zu,"
            "\"bans\":%zu}\n",
            s->host_count, s->found_count, s->lead_count,
            ov_survey_is_complete(s) ? "true" : "false", s->unread_left_out, r->catalogue->digest,
            r->catalogue->fact_count, r->catalogue->ban_count);
}
