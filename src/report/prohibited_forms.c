/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_forms.c - CSV, and the forms that the directives ask for, field by field as the ban's
 * file lists them. What overt knows is filled in; what it cannot know is marked, never invented. */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "report/prohibited.h"

static void put(struct ov_buf *out, const char *text)
{
    ov_text_escape(out, ov_bytes_of(text, strlen(text)));
}

/* --- CSV ------------------------------------------------------------------------------------ */

/* RFC 4180. A text that a spreadsheet would take for a formula gets an apostrophe in front. */
static void put_cell(struct ov_buf *out, const char *text, bool last)
{
    ov_buf_put_u8(out, '"');
    if (text[0] != '\0' && strchr("=+-@\t\r\n", text[0]) != NULL) {
        ov_buf_put_u8(out, '\'');
    }
    for (; *text != '\0'; text++) {
        ov_buf_put(out, text, 1);
        if (*text == '"') {
            ov_buf_put_u8(out, '"');
        }
    }
    ov_buf_put_text(out, last ? "\"\r\n" : "\",");
}

static void put_bans(struct ov_buf *out, const struct ov_found *found, enum ov_scope scope)
{
    bool some = false;

    for (size_t i = 0; i < found->ruling_count; i++) {
        if (found->rulings[i].scope == scope) {
            ov_buf_put_text(out, some ? ";" : "");
            ov_buf_put_text(out, found->rulings[i].ban);
            some = true;
        }
    }
}

static void put_kinds(struct ov_buf *out, const struct ov_found *found)
{
    for (size_t i = 0; i < found->clue_count; i++) {
        bool seen = false;

        for (size_t k = 0; k < i && !seen; k++) {
            seen = strcmp(found->clues[k].kind, found->clues[i].kind) == 0;
        }
        if (!seen) {
            ov_buf_put_text(out, i == 0 ? "" : ";");
            ov_buf_put_text(out, found->clues[i].kind);
        }
    }
}

/* Bans of one scope, or kinds of evidence, as one cell. */
static void put_made_cell(
        struct ov_buf *out, const struct ov_found *found, enum ov_scope scope, bool kinds)
{
    struct ov_buf text;

    ov_buf_init(&text, 1u << 20);
    if (kinds) {
        put_kinds(&text, found);
    } else {
        put_bans(&text, found, scope);
    }
    ov_buf_put_u8(&text, 0);
    put_cell(out, ov_buf_ok(&text) ? (const char *)ov_bytes_raw(ov_buf_bytes(&text)) : "", false);
    ov_buf_done(&text);
}

static const char *or_supplied(const char *text)
{
    return text == NULL || text[0] == '\0' ? OV_TO_BE_SUPPLIED : text;
}

static void put_method_cell(struct ov_buf *out, const struct ov_survey_host *host)
{
    struct ov_buf text;

    ov_buf_init(&text, 1u << 12);
    ov_buf_printf(&text, "overt %s, %s%s; %" PRIu64 " names, %" PRIu64 " unread",
            host->overt_version, host->kind, host->deep ? ", deep" : "", host->names, host->unread);
    ov_buf_put_u8(&text, 0);
    put_cell(out, ov_buf_ok(&text) ? (const char *)ov_bytes_raw(ov_buf_bytes(&text)) : "", false);
    ov_buf_done(&text);
}

/* A host on which nothing was found has a row as well: no row would say that it was not looked at. */
static void put_row_of_none(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_survey_host *host)
{
    const bool complete = host->unread == 0;

    put_cell(out, or_supplied(r->agency), false);
    put_cell(out, or_supplied(r->component), false);
    put_cell(out, host->name, false);
    for (int i = 0; i < 3; i++) { /* product, version, entity */
        put_cell(out, "", false);
    }
    put_cell(out, complete ? "none found" : "not known", false);
    put_cell(out, "", false);
    ov_buf_put_text(out, "0,");
    for (int i = 0; i < 4; i++) { /* bans, embedded, evidence */
        put_cell(out, "", false);
    }
    put_method_cell(out, host);
    put_cell(out, complete ? "complete" : "incomplete", false);
    put_cell(out, host->started, false);
    put_cell(out, host->catalogue, true);
}

static void put_row(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_found *found)
{
    const struct ov_survey_host *host = &r->survey->hosts[found->host];
    bool first;
    const size_t endpoints = ov_prohibited_endpoints(r->survey, found, OV_STATE_INSTALLED, &first);

    put_cell(out, or_supplied(r->agency), false);
    put_cell(out, or_supplied(r->component), false);
    put_cell(out, host->name, false);
    put_cell(out, found->name, false);
    put_cell(out, found->version, false);
    put_cell(out, found->entity, false);
    put_cell(out, ov_state_name(found->state), false);
    put_cell(out, ov_strength_name(found->confidence), false);
    ov_buf_printf(out, "%zu,", endpoints);
    put_made_cell(out, found, OV_SCOPE_IN, false);
    put_made_cell(out, found, OV_SCOPE_DECIDE, false);
    put_cell(out, found->embedded ? "yes" : "no", false);
    put_made_cell(out, found, OV_SCOPE_OUT, true);
    put_method_cell(out, host);
    put_cell(out, host->unread == 0 ? "complete" : "incomplete", false);
    put_cell(out, host->started, false);
    put_cell(out, host->catalogue, true);
}

void ov_prohibited_csv(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    ov_buf_put_text(out, "agency,component,host,product,version,vendor_entity,state,confidence,"
                         "endpoints_impacted,in_scope_of,to_be_decided_for,embedded_in_third_party,"
                         "evidence_kinds,methodology,coverage,first_seen_utc,catalogue_sha256\r\n");
    for (size_t i = 0; i < r->survey->found_count; i++) {
        put_row(out, r, &r->survey->found[i]);
    }
    for (size_t i = 0; i < r->survey->host_count; i++) {
        bool found = false;

        for (size_t k = 0; k < r->survey->found_count && !found; k++) {
            found = r->survey->found[k].host == i;
        }
        if (!found) {
            put_row_of_none(out, r, &r->survey->hosts[i]);
        }
    }
}

/* --- forms ---------------------------------------------------------------------------------- */

static const struct ov_ruling *ruling_of(const struct ov_found *found, const char *ban)
{
    for (size_t i = 0; i < found->ruling_count; i++) {
        if (strcmp(found->rulings[i].ban, ban) == 0) {
            return &found->rulings[i];
        }
    }
    return NULL;
}

/* The first finding of a product that the ban covers or may cover. */
static bool counts(const struct ov_prohibited_report *r, const struct ov_found *found,
        const struct ov_ban *ban)
{
    const struct ov_ruling *ruling = ruling_of(found, ban->id);
    bool first;

    (void)ov_prohibited_endpoints(r->survey, found, OV_STATE_REMNANT, &first);
    return first && ruling != NULL && ruling->scope != OV_SCOPE_OUT;
}

static void put_products(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_ban *ban)
{
    size_t shown = 0;

    for (size_t i = 0; i < r->survey->found_count; i++) {
        const struct ov_found *found = &r->survey->found[i];

        if (counts(r, found, ban)) {
            ov_buf_put_text(out, "  - ");
            put(out, found->name);
            ov_buf_put_u8(out, ' ');
            put(out, found->version);
            ov_buf_printf(out, " (%s; %s)\n", ov_state_name(found->state),
                    ov_scope_name(ruling_of(found, ban->id)->scope));
            shown++;
        }
    }
    if (shown == 0) {
        ov_buf_put_text(
                out, ov_survey_is_complete(r->survey)
                             ? "  none found\n"
                             : "  none found so far: the search is incomplete, see below\n");
    }
}

static void put_endpoints(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_ban *ban)
{
    size_t shown = 0;

    for (size_t i = 0; i < r->survey->found_count; i++) {
        const struct ov_found *found = &r->survey->found[i];
        bool first;

        if (counts(r, found, ban)) {
            const size_t in_use =
                    ov_prohibited_endpoints(r->survey, found, OV_STATE_INSTALLED, &first);
            const size_t all = ov_prohibited_endpoints(r->survey, found, OV_STATE_REMNANT, &first);

            ov_buf_put_text(out, "  - ");
            put(out, found->name);
            ov_buf_printf(out, ": %zu endpoint%s", in_use, in_use == 1 ? "" : "s");
            if (all != in_use) {
                ov_buf_printf(out, ", and %zu with remnants only", all - in_use);
            }
            ov_buf_put_u8(out, '\n');
            shown++;
        }
    }
    if (shown == 0) {
        ov_buf_put_text(out, "  0\n");
    }
}

static void put_methods(struct ov_buf *out, const struct ov_prohibited_report *r)
{
    const struct ov_survey *s = r->survey;
    uint64_t unread = 0;

    for (size_t i = 0; i < s->host_count; i++) {
        unread += s->hosts[i].unread;
    }
    ov_buf_printf(out,
            "  overt " OV_VERSION ", `overt prohibited`, catalogue SHA-256 %s (%zu facts); %zu "
            "host%s looked at: names of files, package databases, services, processes, registry, "
            "bundles, certificate stores%s; %s",
            s->host_count == 0 ? "" : s->hosts[0].catalogue, r->catalogue->fact_count,
            s->host_count, s->host_count == 1 ? "" : "s",
            s->host_count != 0 && s->hosts[0].deep ? ", content of programs and archives" : "",
            unread == 0 ? "everything that was to be read was read\n" : "");
    if (unread != 0) {
        ov_buf_printf(out, "INCOMPLETE: %" PRIu64 " things could not be read\n", unread);
    }
}

static void put_changes(
        struct ov_buf *out, const struct ov_prohibited_report *r, enum ov_change change)
{
    size_t shown = 0;

    if (!r->since) {
        ov_buf_put_text(out, "  " OV_TO_BE_SUPPLIED " (known with --since REPORT)\n");
        return;
    }
    for (size_t i = 0; i < r->difference_count; i++) {
        const struct ov_difference *d = &r->differences[i];

        if (d->change == change) {
            ov_buf_put_text(out, "  - ");
            put(out, d->now != NULL ? d->now->name : d->before->name);
            ov_buf_put_text(out, " on ");
            put(out, d->host);
            ov_buf_put_u8(out, '\n');
            shown++;
        }
    }
    if (shown == 0) {
        ov_buf_put_text(out, "  none\n");
    }
}

static void put_given(struct ov_buf *out, const char *text)
{
    ov_buf_put_text(out, "  ");
    put(out, or_supplied(text));
    ov_buf_put_u8(out, '\n');
}

static void put_brand(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_ban *ban)
{
    for (size_t i = 0; i < r->survey->found_count; i++) {
        if (counts(r, &r->survey->found[i], ban)) {
            put_given(out, r->survey->found[i].vendor_name);
            return;
        }
    }
    put_given(out, NULL);
}

static void put_field(struct ov_buf *out, const struct ov_prohibited_report *r,
        const struct ov_ban *ban, const struct ov_ban_field *field)
{
    put(out, field->name);
    ov_buf_put_text(out, ":\n");
    if (strcmp(field->from, "products") == 0) {
        put_products(out, r, ban);
    } else if (strcmp(field->from, "endpoints") == 0) {
        put_endpoints(out, r, ban);
    } else if (strcmp(field->from, "methodologies") == 0) {
        put_methods(out, r);
    } else if (strcmp(field->from, "agency") == 0) {
        put_given(out, r->agency);
    } else if (strcmp(field->from, "components") == 0) {
        put_given(out, r->component);
    } else if (strcmp(field->from, "brand") == 0) {
        put_brand(out, r, ban);
    } else if (strcmp(field->from, "removed") == 0) {
        put_changes(out, r, OV_CHANGE_GONE);
    } else if (strcmp(field->from, "new") == 0) {
        put_changes(out, r, OV_CHANGE_NEW);
    } else if (strcmp(field->from, "mitigation") == 0) {
        ov_buf_put_text(out,
                "  removal as `overt prohibited plan` lists it; further: " OV_TO_BE_SUPPLIED "\n");
    } else {
        put_given(out, NULL);
    }
}

static void put_form(struct ov_buf *out, const struct ov_prohibited_report *r,
        const struct ov_ban *ban, const struct ov_ban_form *form)
{
    put(out, ban->id);
    ov_buf_put_text(out, ": ");
    put(out, ban->title);
    ov_buf_put_text(out, "\nForm: ");
    put(out, form->form);
    ov_buf_put_text(out, " (due: ");
    put(out, form->due);
    ov_buf_printf(out, ")\nMade: %s\n\n", r->time);
    for (size_t i = 0; i < form->field_count; i++) {
        put_field(out, r, ban, &form->fields[i]);
    }
    if (!ov_survey_is_complete(r->survey)) {
        ov_buf_put_text(out, "\nThe search is INCOMPLETE. Not read:\n");
        for (size_t i = 0; i < r->survey->unread_count; i++) {
            ov_buf_put_text(out, "  ");
            put(out, r->survey->hosts[r->survey->unread[i].host].name);
            ov_buf_put_text(out, ": ");
            put(out, r->survey->unread[i].path);
            ov_buf_put_text(out, ": ");
            put(out, r->survey->unread[i].text);
            ov_buf_put_u8(out, '\n');
        }
        if (r->survey->unread_left_out != 0) {
            ov_buf_printf(out, "  and %" PRIu64 " more\n", r->survey->unread_left_out);
        }
    }
}

bool ov_prohibited_form(struct ov_buf *out, const struct ov_prohibited_report *r, const char *form)
{
    for (size_t i = 0; i < r->catalogue->ban_count; i++) {
        const struct ov_ban *ban = r->catalogue->bans[i];

        for (size_t k = 0; k < ban->form_count; k++) {
            if (strcmp(ban->forms[k].form, form) == 0) {
                put_form(out, r, ban, &ban->forms[k]);
                return true;
            }
        }
    }
    return false;
}
