/* SPDX-License-Identifier: Apache-2.0 */
/* finding.c - the survey's arrays and counts. */
#include "prohibited/finding.h"

#include <string.h>

#include "prohibited/grow.h"

#define ARENA_BYTES_MAX (4ull << 30)

void ov_survey_init(struct ov_survey *s)
{
    memset(s, 0, sizeof(*s));
    ov_arena_init(&s->arena, ARENA_BYTES_MAX);
}

static void free_all(struct ov_found *found, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(found[i].clues);
        free(found[i].rulings);
    }
    free(found);
}

void ov_survey_done(struct ov_survey *s)
{
    for (size_t i = 0; i < s->host_count; i++) {
        free(s->hosts[i].areas);
    }
    free_all(s->found, s->found_count);
    free_all(s->leads, s->lead_count);
    free(s->hosts);
    free(s->unread);
    ov_arena_done(&s->arena);
}

const char *ov_survey_keep(struct ov_survey *s, const char *text)
{
    struct ov_bytes out;

    if (text[0] == '\0') {
        return "";
    }
    if (!ov_arena_copy(&s->arena, ov_bytes_of(text, strlen(text)), &out)) {
        s->failed = true;
        return "";
    }
    return (const char *)ov_bytes_raw(out);
}

struct ov_survey_host *ov_survey_add_host(struct ov_survey *s)
{
    struct ov_survey_host *host;

    if (!ov_grow(&s->hosts, &s->priv_host_cap, s->host_count, sizeof(*s->hosts))) {
        s->failed = true;
        return NULL;
    }
    host = &s->hosts[s->host_count++];
    *host = (struct ov_survey_host){ .name = "",
        .id = "",
        .os = "",
        .root = "",
        .kind = "",
        .started = "",
        .overt_version = "",
        .catalogue = "",
        .layers = "" };
    return host;
}

struct ov_found *ov_survey_add_found(struct ov_survey *s, bool lead)
{
    struct ov_found **list = lead ? &s->leads : &s->found;
    size_t *count = lead ? &s->lead_count : &s->found_count;
    struct ov_found *found;

    if (!ov_grow(list, lead ? &s->priv_lead_cap : &s->priv_found_cap, *count, sizeof(**list))) {
        s->failed = true;
        return NULL;
    }
    found = &(*list)[(*count)++];
    *found = (struct ov_found){ .product = "",
        .name = "",
        .product_class = "",
        .vendor = "",
        .vendor_name = "",
        .entity = "",
        .note = "",
        .platform = "",
        .version = "" };
    return found;
}

struct ov_clue *ov_found_add_clue(struct ov_survey *s, struct ov_found *found)
{
    struct ov_clue *clue;

    if (!ov_grow(&found->clues, &found->clue_cap, found->clue_count, sizeof(*found->clues))) {
        s->failed = true;
        return NULL;
    }
    clue = &found->clues[found->clue_count++];
    *clue = (struct ov_clue){ .kind = "", .value = "", .where = "", .detail = "", .source = "" };
    return clue;
}

static struct ov_area *area_named(struct ov_survey *s, const char *name)
{
    struct ov_survey_host *host = s->host_count == 0 ? NULL : &s->hosts[s->host_count - 1];

    if (host == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < host->area_count; i++) {
        if (strcmp(host->areas[i].name, name) == 0) {
            return &host->areas[i];
        }
    }
    if (!ov_grow(&host->areas, &host->area_cap, host->area_count, sizeof(*host->areas))) {
        s->failed = true;
        return NULL;
    }
    host->areas[host->area_count] = (struct ov_area){ .name = ov_survey_keep(s, name) };
    return &host->areas[host->area_count++];
}

void ov_survey_looked(struct ov_survey *s, const char *area)
{
    struct ov_area *a = area_named(s, area);

    if (a != NULL) {
        a->looked++;
    }
}

void ov_survey_unread(struct ov_survey *s, const char *area, const char *path, const char *reason,
        const char *text)
{
    struct ov_area *a = area_named(s, area);

    if (a == NULL) {
        return;
    }
    a->unread++;
    s->hosts[s->host_count - 1].unread++;
    if (s->unread_count >= OV_UNREAD_MAX) {
        s->unread_left_out++;
        return;
    }
    if (!ov_grow(&s->unread, &s->priv_unread_cap, s->unread_count, sizeof(*s->unread))) {
        s->failed = true;
        return;
    }
    s->unread[s->unread_count++] = (struct ov_unread){ .host = s->host_count - 1,
        .area = a->name,
        .path = ov_survey_keep(s, path),
        .reason = ov_survey_keep(s, reason),
        .text = ov_survey_keep(s, text) };
}

bool ov_survey_is_complete(const struct ov_survey *s)
{
    for (size_t i = 0; i < s->host_count; i++) {
        if (s->hosts[i].unread != 0) {
            return false;
        }
    }
    return s->host_count != 0;
}

static const char *const scopes[] = { "not in scope", "to be decided", "in scope" };

const char *ov_scope_name(enum ov_scope scope)
{
    return scopes[scope];
}

bool ov_scope_of(const char *name, enum ov_scope *out)
{
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(scopes[i], name) == 0) {
            *out = (enum ov_scope)i;
            return true;
        }
    }
    return false;
}

const struct ov_ban *ov_ban_named(const struct ov_catalogue *c, const char *id)
{
    for (size_t i = 0; i < c->ban_count; i++) {
        if (strcmp(c->bans[i]->id, id) == 0) {
            return c->bans[i];
        }
    }
    return NULL;
}
