/* SPDX-License-Identifier: Apache-2.0 */
/* finding.h - what is known after looking: hosts, products found on them, rulings under each ban,
 * and how far the look went. One run has one host; a merged report has many. Whoever renders it
 * needs nothing else.
 *
 * Names of files, packages and the like came from the system looked at: they may hold anything
 * but NUL. All texts live in the survey's arena. */
#ifndef OV_PROHIBITED_FINDING_H
#define OV_PROHIBITED_FINDING_H

#include "prohibited/catalogue.h"

struct ov_clue {
    const char *kind, *value, *where, *detail, *source; /* detail: may be "" */
    enum ov_state shows;
    enum ov_strength strength;
};

enum ov_scope {
    OV_SCOPE_OUT = 0,
    OV_SCOPE_DECIDE = 1,
    OV_SCOPE_IN = 2
};

struct ov_ruling {
    const char *ban, *title, *why;
    enum ov_scope scope;
};

struct ov_found {
    size_t host;
    const char *product, *name, *product_class, *vendor, *vendor_name, *entity, *note;
    const char *platform, *version; /* version: "" when nothing told it */
    bool embedded, generic;
    enum ov_state state;
    enum ov_strength confidence;
    struct ov_clue *clues; /* the most telling first */
    size_t clue_count, clue_cap;
    uint64_t clues_left_out;
    struct ov_ruling *rulings;
    size_t ruling_count;
};

struct ov_area {
    const char *name;
    uint64_t looked, unread;
};

struct ov_unread {
    size_t host;
    const char *area, *path, *reason, *text;
};

struct ov_survey_host {
    const char *name, *id, *os, *root, *kind; /* kind: "live", "root", "archive", "image" */
    const char *started;                      /* RFC 3339, UTC */
    const char *overt_version, *catalogue, *layers;
    bool deep;
    struct ov_area *areas;
    size_t area_count, area_cap;
    uint64_t names, folders, links, special, unread;
};

struct ov_survey {
    struct ov_arena arena;
    struct ov_survey_host *hosts;
    struct ov_found *found; /* products: findings */
    struct ov_found *leads; /* mentions and weak signs: never findings */
    struct ov_unread *unread;
    size_t host_count, found_count, lead_count, unread_count;
    size_t priv_host_cap, priv_found_cap, priv_lead_cap, priv_unread_cap;
    uint64_t unread_left_out; /* beyond OV_UNREAD_MAX; counted in the hosts all the same */
    bool failed;              /* no memory: the survey is not to be used */
};

#define OV_UNREAD_MAX 10000u /* named; more are counted */
#define OV_CLUES_MAX  500u   /* of one product on one host; more are counted */

void ov_survey_init(struct ov_survey *s);
void ov_survey_done(struct ov_survey *s);

/* A text that lives as long as the survey; "" (and `failed`) without memory. */
const char *ov_survey_keep(struct ov_survey *s, const char *text);
/* Room for one more, zeroed; NULL: no memory, and the survey has failed. */
struct ov_survey_host *ov_survey_add_host(struct ov_survey *s);
struct ov_found *ov_survey_add_found(struct ov_survey *s, bool lead);
struct ov_clue *ov_found_add_clue(struct ov_survey *s, struct ov_found *found);

/* Counts one look in an area of the last host. */
void ov_survey_looked(struct ov_survey *s, const char *area);
/* Something that could not be read: the answer is "incomplete" from here on. */
void ov_survey_unread(struct ov_survey *s, const char *area, const char *path, const char *reason,
        const char *text);

bool ov_survey_is_complete(const struct ov_survey *s);
const char *ov_scope_name(enum ov_scope scope);
bool ov_scope_of(const char *name, enum ov_scope *out);

/* The forms, deadlines and scope texts that a report under a ban needs. */
const struct ov_ban *ov_ban_named(const struct ov_catalogue *c, const char *id);

#endif
