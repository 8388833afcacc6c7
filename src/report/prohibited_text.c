/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_text.c - the report for the person who asked: first the answer, then what carries it,
 * then how far the look went. */
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "report/prohibited.h"

#define CLUES_SHOWN  8u
#define UNREAD_SHOWN 20u

static void put(struct ov_buf *out, const char *text)
{
    ov_text_escape(out, ov_bytes_of(text, strlen(text)));
}

static void colour(struct ov_buf *out, const struct ov_prohibited_report *r, const char *code)
{
    if (r->colour) {
        ov_buf_printf(out, "\033[%sm", code);
    }
}

static void put_answer(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const struct ov_survey *s = r->survey;
    uint64_t unread = 0;

    for (size_t i = 0; i < s->host_count; i++) {
        unread += s->hosts[i].unread;
    }
    if (s->found_count != 0) {
        colour(out, r, "1;31");
        ov_buf_printf(out, "FOUND: %zu product%s of prohibited vendors", s->found_count,
                s->found_count == 1 ? "" : "s");
    } else if (unread != 0) {
        colour(out, r, "1;33");
        ov_buf_put_text(out, "INCOMPLETE: nothing found in what could be read");
    } else {
        colour(out, r, "1;32");
        ov_buf_put_text(out, "NONE FOUND: everything that was to be looked at was looked at");
    }
    colour(out, r, "0");
    if (unread != 0) {
        ov_buf_printf(
                out, "; %" PRIu64 " thing%s could not be read", unread, unread == 1 ? "" : "s");
    }
    ov_buf_put_text(out, ".\n");
}

static void put_clues(struct ov_buf *out, const struct ov_found *found)
{
    for (size_t i = 0; i < found->clue_count && i < CLUES_SHOWN; i++) {
        const struct ov_clue *clue = &found->clues[i];

        ov_buf_printf(out, "    %-9s  %s ", ov_state_name(clue->shows), clue->kind);
        put(out, clue->value);
        ov_buf_printf(out, " (%s): ", ov_strength_name(clue->strength));
        put(out, clue->where);
        if (clue->detail[0] != '\0') {
            ov_buf_put_text(out, ", ");
            put(out, clue->detail);
        }
        ov_buf_put_u8(out, '\n');
    }
    if (found->clue_count > CLUES_SHOWN || found->clues_left_out != 0) {
        ov_buf_printf(out, "    and %" PRIu64 " more\n",
                (uint64_t)found->clue_count + found->clues_left_out
                        - (found->clue_count < CLUES_SHOWN ? found->clue_count : CLUES_SHOWN));
    }
}

static void put_found(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_found *found)
{
    ov_buf_put_u8(out, '\n');
    colour(out, r, "1");
    put(out, found->name);
    if (found->version[0] != '\0') {
        ov_buf_put_u8(out, ' ');
        put(out, found->version);
    }
    colour(out, r, "0");
    ov_buf_printf(out, ": %s, confidence %s\n", ov_state_name(found->state),
            found->confidence == OV_STRENGTH_STRONG   ? "high"
            : found->confidence == OV_STRENGTH_MEDIUM ? "medium"
                                                      : "low");
    ov_buf_put_text(out, "  vendor: ");
    put(out, found->vendor_name);
    ov_buf_put_text(out, " (");
    put(out, found->entity);
    ov_buf_put_u8(out, ')');
    if (r->survey->host_count > 1) {
        ov_buf_put_text(out, "; host: ");
        put(out, r->survey->hosts[found->host].name);
    }
    ov_buf_put_text(out, "\n  evidence:\n");
    put_clues(out, found);
    ov_buf_put_text(out, "  bans:\n");
    for (size_t i = 0; i < found->ruling_count; i++) {
        ov_buf_printf(out, "    %-12s  ", ov_scope_name(found->rulings[i].scope));
        put(out, found->rulings[i].ban);
        ov_buf_put_text(out, ": ");
        put(out, found->rulings[i].why);
        ov_buf_put_u8(out, '\n');
    }
}

static void put_leads(struct ov_buf *out, const struct ov_survey *s)
{
    if (s->lead_count == 0) {
        return;
    }
    ov_buf_put_text(out, "\nOnly mentioned, or too weak to say so (no findings):\n");
    for (size_t i = 0; i < s->lead_count; i++) {
        ov_buf_put_text(out, "  ");
        put(out, s->leads[i].name);
        ov_buf_put_u8(out, '\n');
        put_clues(out, &s->leads[i]);
    }
}

static void put_coverage(struct ov_buf *out, const struct ov_survey *s)
{
    for (size_t i = 0; i < s->host_count; i++) {
        const struct ov_survey_host *host = &s->hosts[i];

        ov_buf_put_text(out, "\nCoverage of ");
        put(out, host->name);
        ov_buf_printf(out, " (%s, ", host->kind);
        put(out, host->root);
        ov_buf_printf(out,
                "%s): %" PRIu64 " names in %" PRIu64 " folders, %" PRIu64 " links not followed",
                host->deep ? ", deep" : "", host->names, host->folders, host->links);
        for (size_t k = 0; k < host->area_count; k++) {
            const struct ov_area *area = &host->areas[k];

            if (strcmp(area->name, "names") == 0 && area->unread == 0) {
                continue;
            }
            ov_buf_printf(out, "; %s: %" PRIu64 " read", area->name, area->looked);
            if (area->unread != 0) {
                ov_buf_printf(out, ", %" PRIu64 " not", area->unread);
            }
        }
        ov_buf_put_text(out, ".\n");
    }
}

static void put_unread(struct ov_buf *out, const struct ov_survey *s)
{
    if (s->unread_count == 0) {
        return;
    }
    ov_buf_put_text(out, "\nNot read:\n");
    for (size_t i = 0; i < s->unread_count && i < UNREAD_SHOWN; i++) {
        ov_buf_put_text(out, "  ");
        put(out, s->unread[i].path);
        ov_buf_put_text(out, ": ");
        put(out, s->unread[i].text);
        ov_buf_put_u8(out, '\n');
    }
    if (s->unread_count + s->unread_left_out > UNREAD_SHOWN) {
        ov_buf_printf(out, "  and %" PRIu64 " more (--format json lists them)\n",
                s->unread_count + s->unread_left_out - UNREAD_SHOWN);
    }
}

static void put_differences(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    static const char *const words[] = { "stayed", "new", "gone", "changed" };

    if (!r->since) {
        return;
    }
    ov_buf_printf(out, "\nSince the report of %s:\n", r->since_started);
    if (r->difference_count == 0) {
        ov_buf_put_text(out, "  nothing was found then and nothing now\n");
    }
    for (size_t i = 0; i < r->difference_count; i++) {
        const struct ov_difference *d = &r->differences[i];
        const struct ov_found *found = d->now != NULL ? d->now : d->before;

        ov_buf_printf(out, "  %-8s ", words[d->change]);
        put(out, found->name);
        ov_buf_put_text(out, " on ");
        put(out, d->host);
        if (d->change == OV_CHANGE_STATE) {
            OV_ASSERT(d->now != NULL && d->before != NULL);
            ov_buf_printf(out, ": %s, was %s", ov_state_name(d->now->state),
                    ov_state_name(d->before->state));
        }
        ov_buf_put_u8(out, '\n');
    }
}

void ov_prohibited_text(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    put_answer(out, r);
    for (size_t i = 0; i < r->survey->found_count; i++) {
        put_found(out, r, &r->survey->found[i]);
    }
    put_differences(out, r);
    put_leads(out, r->survey);
    put_unread(out, r->survey);
    put_coverage(out, r->survey);
    ov_buf_printf(out, "Catalogue: %zu facts about %zu products, %zu bans (SHA-256 %.16s...).\n",
            r->catalogue->fact_count, r->catalogue->product_count, r->catalogue->ban_count,
            r->catalogue->digest);
}

size_t ov_prohibited_endpoints(
        const struct ov_survey *s, const struct ov_found *found, enum ov_state least, bool *first)
{
    size_t count = 0;

    *first = true;
    for (size_t i = 0; i < s->found_count; i++) {
        const struct ov_found *other = &s->found[i];

        if (strcmp(other->product, found->product) == 0
                && strcmp(other->vendor, found->vendor) == 0) {
            *first = *first && other >= found;
            count += other->state >= least;
        }
    }
    return count;
}
