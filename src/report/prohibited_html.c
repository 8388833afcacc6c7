/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_html.c - the whole report as one file: no script, nothing loaded from anywhere, and it
 * prints. Every text from outside is escaped twice over: for terminals' sake, then for HTML. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/prohibited.h"

static const char head[] =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
        "'unsafe-inline'\">\n"
        "<title>Prohibited software</title>\n<style>\n"
        "body{font:11pt/1.4 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111}\n"
        "h1{font-size:1.5em}h2{font-size:1.2em;margin-top:1.5em}\n"
        "table{border-collapse:collapse;width:100%}\n"
        "td,th{border:1px solid #999;padding:.25em .5em;text-align:left;vertical-align:top;"
        "overflow-wrap:anywhere}\n"
        "th{background:#eee}.bad{color:#a00}.open{color:#850}.good{color:#060}\n"
        "@media print{body{margin:0;max-width:none}section{break-inside:avoid}}\n"
        "</style></head><body>\n";

static void put(struct ov_buf *out, const char *text)
{
    struct ov_buf shown;
    struct ov_reader r;
    uint8_t c;

    ov_buf_init(&shown, 1u << 24);
    ov_text_escape(&shown, ov_bytes_of(text, strlen(text)));
    r = ov_reader_on(ov_buf_bytes(&shown));
    while (ov_read_u8(&r, &c)) {
        switch (c) {
        case '<':
            ov_buf_put_text(out, "&lt;");
            break;
        case '>':
            ov_buf_put_text(out, "&gt;");
            break;
        case '&':
            ov_buf_put_text(out, "&amp;");
            break;
        case '"':
            ov_buf_put_text(out, "&quot;");
            break;
        default:
            ov_buf_put_u8(out, c);
        }
    }
    ov_buf_done(&shown);
}

static void cell(struct ov_buf *out, const char *text)
{
    ov_buf_put_text(out, "<td>");
    put(out, text);
    ov_buf_put_text(out, "</td>");
}

static void put_answer(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const bool complete = ov_survey_is_complete(r->survey);
    const size_t found = r->survey->found_count;

    ov_buf_put_text(out, "<h1>Prohibited software</h1>\n");
    if (found != 0) {
        ov_buf_printf(out,
                "<p class=\"bad\"><strong>Found: %zu product%s of prohibited vendors."
                "</strong></p>\n",
                found, found == 1 ? "" : "s");
    } else if (complete) {
        ov_buf_put_text(out,
                "<p class=\"good\"><strong>None found.</strong> Everything that was to "
                "be looked at was looked at.</p>\n");
    }
    if (!complete) {
        ov_buf_put_text(out,
                "<p class=\"open\"><strong>Incomplete:</strong> not everything could be "
                "read; see below.</p>\n");
    }
    ov_buf_printf(out, "<p>Made %s by overt " OV_VERSION "; catalogue SHA-256 %s.", r->time,
            r->catalogue->digest);
    if (r->agency != NULL) {
        ov_buf_put_text(out, " Agency: ");
        put(out, r->agency);
        ov_buf_put_text(out, ".");
    }
    ov_buf_put_text(out, "</p>\n");
}

static void put_clues(struct ov_buf *out, const struct ov_found *found)
{
    ov_buf_put_text(out, "<table><tr><th>Shows</th><th>Kind</th><th>Fact</th><th>Where</th><th>"
                         "Strength</th><th>Source of the fact</th></tr>\n");
    for (size_t i = 0; i < found->clue_count; i++) {
        const struct ov_clue *clue = &found->clues[i];

        ov_buf_put_text(out, "<tr>");
        cell(out, ov_state_name(clue->shows));
        cell(out, clue->kind);
        cell(out, clue->value);
        ov_buf_put_text(out, "<td>");
        put(out, clue->where);
        ov_buf_put_text(out, clue->detail[0] == '\0' ? "" : "<br>");
        put(out, clue->detail);
        ov_buf_put_text(out, "</td>");
        cell(out, ov_strength_name(clue->strength));
        cell(out, clue->source);
        ov_buf_put_text(out, "</tr>\n");
    }
    ov_buf_put_text(out, "</table>\n");
}

static void put_found(struct ov_buf *out, const struct ov_survey *s, const struct ov_found *found)
{
    ov_buf_put_text(out, "<section><h2>");
    put(out, found->name);
    ov_buf_put_u8(out, ' ');
    put(out, found->version);
    ov_buf_printf(out, ": %s</h2>\n<p>Host: ", ov_state_name(found->state));
    put(out, s->hosts[found->host].name);
    ov_buf_put_text(out, ". Vendor: ");
    put(out, found->vendor_name);
    ov_buf_put_text(out, " (");
    put(out, found->entity);
    ov_buf_printf(out, "). Confidence: %s.%s</p>\n", ov_strength_name(found->confidence),
            found->embedded ? " Inside another company's product." : "");
    put_clues(out, found);
    if (found->ruling_count != 0) {
        ov_buf_put_text(out, "<table><tr><th>Ban</th><th>Scope</th><th>Why</th></tr>\n");
        for (size_t i = 0; i < found->ruling_count; i++) {
            ov_buf_put_text(out, "<tr><td>");
            put(out, found->rulings[i].ban);
            ov_buf_put_text(out, "<br>");
            put(out, found->rulings[i].title);
            ov_buf_put_text(out, "</td>");
            cell(out, ov_scope_name(found->rulings[i].scope));
            cell(out, found->rulings[i].why);
            ov_buf_put_text(out, "</tr>\n");
        }
        ov_buf_put_text(out, "</table>\n");
    }
    ov_buf_put_text(out, "</section>\n");
}

static void put_hosts(struct ov_buf *out, const struct ov_survey *s)
{
    ov_buf_put_text(out, "<h2>Coverage</h2>\n<table><tr><th>Host</th><th>System</th><th>Looked at"
                         "</th><th>Names</th><th>Areas</th><th>Not read</th></tr>\n");
    for (size_t i = 0; i < s->host_count; i++) {
        const struct ov_survey_host *host = &s->hosts[i];

        ov_buf_put_text(out, "<tr>");
        cell(out, host->name);
        cell(out, host->os);
        ov_buf_put_text(out, "<td>");
        put(out, host->root);
        ov_buf_printf(out, " (%s%s), %s</td><td>%" PRIu64 "</td><td>", host->kind,
                host->deep ? ", deep" : "", host->started, host->names);
        for (size_t k = 0; k < host->area_count; k++) {
            put(out, host->areas[k].name);
            ov_buf_printf(out, ": %" PRIu64 " read, %" PRIu64 " not<br>", host->areas[k].looked,
                    host->areas[k].unread);
        }
        ov_buf_printf(out, "</td><td>%" PRIu64 "</td></tr>\n", host->unread);
    }
    ov_buf_put_text(out, "</table>\n");
}

static void put_unread(struct ov_buf *out, const struct ov_survey *s)
{
    if (s->unread_count == 0) {
        return;
    }
    ov_buf_put_text(
            out, "<h2>Not read</h2>\n<table><tr><th>Host</th><th>Path</th><th>Why</th></tr>\n");
    for (size_t i = 0; i < s->unread_count; i++) {
        ov_buf_put_text(out, "<tr>");
        cell(out, s->hosts[s->unread[i].host].name);
        cell(out, s->unread[i].path);
        cell(out, s->unread[i].text);
        ov_buf_put_text(out, "</tr>\n");
    }
    ov_buf_put_text(out, "</table>\n");
    if (s->unread_left_out != 0) {
        ov_buf_printf(out, "<p>and %" PRIu64 " more</p>\n", s->unread_left_out);
    }
}

void ov_prohibited_html(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const struct ov_survey *s = r->survey;

    ov_buf_put_text(out, head);
    put_answer(out, r);
    for (size_t i = 0; i < s->found_count; i++) {
        put_found(out, s, &s->found[i]);
    }
    if (s->lead_count != 0) {
        ov_buf_put_text(out, "<h2>Only mentioned, or too weak to say so (no findings)</h2>\n");
        for (size_t i = 0; i < s->lead_count; i++) {
            ov_buf_put_text(out, "<p>");
            put(out, s->leads[i].name);
            ov_buf_put_text(out, "</p>\n");
            put_clues(out, &s->leads[i]);
        }
    }
    put_unread(out, s);
    put_hosts(out, s);
    ov_buf_put_text(out, "</body></html>\n");
}
