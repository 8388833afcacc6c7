/* SPDX-License-Identifier: Apache-2.0 */
/* facts.c - what a worker told, and what a name says, looked up in the catalogue. The texts are a
 * stranger's: they are compared, copied and escaped, and never decide which file is opened. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "prohibited/looker.h"

struct context {
    struct ov_looker *l;
    struct ov_sighting seen;
    const char *platform; /* only facts of this platform; NULL: any */
    const char *not_platform;
    bool is_name; /* of a file: kinds with rules of their own below */
    bool is_link;
    const char *path;
};

/* A sentence for people; what is too long for one is cut. */
OV_PRINTF(3, 4) static void say(char *out, size_t bytes, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(out, bytes, fmt, ap);
    va_end(ap);
}

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

static enum ov_state at_most(enum ov_state state, enum ov_state most)
{
    return state < most ? state : most;
}

/* A driver's or program's file elsewhere than where it would run is a remnant. */
static bool is_in_use_place(const char *path)
{
    static const char *const places[] = { "/drivers/", "/program files", "/programdata/",
        "/windows/", "/applications/", "/library/", "/opt/", "/usr/", "/bin/", "/sbin/", "/system/",
        "/data/app", "/lib/", "/vendor/", "/product/" };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (strcasestr(path, places[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum ov_state state_of_name(const struct context *x, const struct ov_clue_fact *fact)
{
    enum ov_state state = at_most(fact->shows, OV_STATE_INSTALLED); /* a file does not run */

    if (x->is_link) {
        state = at_most(state, OV_STATE_REMNANT); /* where it leads has a name of its own */
    }
    if ((fact->mark == OV_MARK_DRIVER || fact->mark == OV_MARK_FILE_NAME)
            && !is_in_use_place(x->path)) {
        state = at_most(state, OV_STATE_REMNANT);
    }
    if (fact->mark == OV_MARK_SOCKET) {
        state = at_most(state, OV_STATE_REMNANT); /* who listens is told by the kernel */
    }
    return state;
}

static void on_hit(void *payload, const struct ov_clue_fact *fact)
{
    const struct context *x = payload;
    struct ov_hit hit = {
        .fact = fact,
        .shows = at_most(at_most(fact->shows, x->seen.most), x->l->most),
        .where = x->seen.where,
        .detail = or_empty(x->seen.detail),
        .version = or_empty(x->seen.version),
        .version_rank = x->seen.version_rank,
        .entity = or_empty(x->seen.entity),
    };

    if ((x->platform != NULL && strcmp(fact->platform, x->platform) != 0)
            || (x->not_platform != NULL && strcmp(fact->platform, x->not_platform) == 0)) {
        return;
    }
    if (x->is_name) {
        hit.shows = at_most(state_of_name(x, fact), x->l->most);
    }
    ov_gather_hit(x->l->gather, &hit);
}

void ov_look_text(
        struct ov_looker *l, enum ov_mark mark, const char *text, const struct ov_sighting *seen)
{
    struct context x = { .l = l, .seen = *seen };

    ov_index_text(l->index, mark, text, on_hit, &x);
}

/* --- names ---------------------------------------------------------------------------------- */

struct name_context {
    struct context x;
    bool matched;
};

static void on_name_hit(void *payload, const struct ov_clue_fact *fact)
{
    struct name_context *n = payload;

    n->matched = true;
    on_hit(&n->x, fact);
}

/* A folder above, by the name that the catalogue has for it: once, not once a member. */
static void on_folder_hit(void *payload, const struct ov_clue_fact *fact)
{
    struct name_context *n = payload;
    struct context x = n->x;

    if (fact->mark == OV_MARK_PATH) {
        x.seen.where = fact->value;
        on_hit(&x, fact);
    }
}

/* Android keeps one folder of data a package. */
static void look_at_android_data(struct ov_looker *l, const struct ov_named *named)
{
    static const char *const folders[] = { "/data/data/", "/data/user/0/" };
    struct context x = { .l = l, .platform = "android" };

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const size_t len = strlen(folders[i]);

        if (strncmp(named->path, folders[i], len) == 0 && strchr(named->path + len, '/') == NULL) {
            x.seen = (struct ov_sighting){ .where = named->where, .most = OV_STATE_REMNANT };
            ov_index_text(l->index, OV_MARK_PACKAGE, named->path + len, on_hit, &x);
        }
    }
}

bool ov_look_name_of(struct ov_looker *l, const struct ov_named *named)
{
    const char *name = strrchr(named->path, '/');
    struct name_context n = {
        .x = { .l = l,
                .seen = { .where = named->where, .most = OV_STATE_RUNNING },
                .is_name = true,
                .is_link = named->is_link,
                .path = named->path },
    };

    ov_index_path(l->index, named->path, on_name_hit, &n);
    if (name != NULL && strstr(named->path, "/systemd/") != NULL) {
        ov_index_text(l->index, OV_MARK_UNIT, name + 1, on_name_hit, &n);
    }
    if (named->in_archive) {
        ov_index_path_above(l->index, named->path, on_folder_hit, &n);
    }
    if (named->is_folder) {
        look_at_android_data(l, named);
    }
    ov_look_package_place(l, named);
    return n.matched;
}

/* --- facts ---------------------------------------------------------------------------------- */

const char *ov_part_of(struct ov_bytes text, unsigned number)
{
    static char part[4][OV_EXPLAIN_FRAME_BYTES_MAX + 1];
    static unsigned turn;
    const char *raw = (const char *)ov_bytes_raw(text);
    size_t left = (size_t)ov_bytes_len(text);
    char *out = part[turn++ % 4];

    while (left > 0) { /* each turn takes a part off */
        const size_t len = strnlen(raw, left);

        if (number-- == 0) {
            memcpy(out, raw, len);
            out[len] = '\0';
            return out;
        }
        if (len == left) {
            break;
        }
        raw += len + 1;
        left -= len + 1;
    }
    return "";
}

void ov_look_package(struct ov_looker *l, const char *name, const struct ov_sighting *seen)
{
    struct context x = { .l = l, .not_platform = "android", .seen = *seen };

    ov_index_text(l->index, OV_MARK_PACKAGE, name, on_hit, &x);
}

static void look_at_package(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    static const char *const managers[OV_MANAGERS] = { "dpkg", "rpm", "apk", "pacman", "pkg" };
    static const char *const states[] = { "installed", "removed, configuration left",
        "neither installed nor removed" };
    const uint32_t manager = fact->number >> 8, state = fact->number & 0xff;
    char name[1024], version[512], vendor[512], detail[2200];
    struct ov_sighting seen;

    if (manager >= OV_MANAGERS || state > 2) {
        return;
    }
    (void)snprintf(name, sizeof(name), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(version, sizeof(version), "%s", ov_part_of(fact->more, 0));
    (void)snprintf(vendor, sizeof(vendor), "%s", ov_part_of(fact->more, 2));
    say(detail, sizeof(detail), "%s package %s %s %s, %s", managers[manager], name, version,
            ov_part_of(fact->more, 1), states[state]);
    seen = (struct ov_sighting){
        .where = where,
        .detail = detail,
        .version = version,
        .version_rank = 9,
        .most = state == OV_PACKAGE_CONFIG ? OV_STATE_REMNANT : OV_STATE_INSTALLED,
    };
    ov_look_package(l, name, &seen);
    seen.entity = vendor;
    ov_look_text(l, OV_MARK_ENTITY_NAME, vendor, &seen);
}

static void look_at_program(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char code[256], name[600], version[300], publisher[600], winget[300], detail[1600];
    struct ov_sighting seen = { .where = where,
        .detail = detail,
        .version = version,
        .version_rank = 8,
        .most = fact->number == OV_TRACE_LEFT ? OV_STATE_REMNANT : OV_STATE_INSTALLED };

    (void)snprintf(code, sizeof(code), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(name, sizeof(name), "%s", ov_part_of(fact->more, 0));
    (void)snprintf(version, sizeof(version), "%s", ov_part_of(fact->more, 1));
    (void)snprintf(publisher, sizeof(publisher), "%s", ov_part_of(fact->more, 2));
    (void)snprintf(winget, sizeof(winget), "%s", ov_part_of(fact->more, 4));
    say(detail, sizeof(detail), "%s %s: %s %s (%s)",
            fact->number == OV_TRACE_LEFT ? "installer package" : "uninstall entry", code, name,
            version, publisher);
    ov_look_text(l, OV_MARK_MSI_PRODUCT, code, &seen);
    ov_look_text(l, OV_MARK_PRODUCT_NAME, name, &seen);
    ov_look_text(l, OV_MARK_WINGET, winget, &seen);
    seen.entity = publisher;
    ov_look_text(l, OV_MARK_ENTITY_NAME, publisher, &seen);
}

static void look_at_service(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char detail[2048];
    const struct ov_sighting seen = {
        .where = where, .detail = detail, .most = OV_STATE_INSTALLED
    };

    say(detail, sizeof(detail), "service %.256s, %.512s", ov_part_of(fact->text, 0),
            ov_part_of(fact->more, 0));
    ov_look_text(l, OV_MARK_SERVICE, ov_part_of(fact->text, 0), &seen);
}

static void look_at_key(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char question[1024], detail[1600];
    struct context x = { .l = l };

    (void)snprintf(question, sizeof(question), "%s", ov_part_of(fact->text, 0));
    say(detail, sizeof(detail), "registry key %s", question);
    x.seen = (struct ov_sighting){ .where = where, .detail = detail, .most = OV_STATE_INSTALLED };
    ov_index_answer(l->index, question, on_hit, &x);
}

static void look_at_bundle(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char id[1024], version[512], name[1024], detail[2700];
    struct ov_sighting seen = { .where = where,
        .detail = detail,
        .version = version,
        .version_rank = 7,
        .most = fact->number == OV_TRACE_LEFT ? OV_STATE_REMNANT : OV_STATE_INSTALLED };

    (void)snprintf(id, sizeof(id), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(version, sizeof(version), "%s",
            fact->kind == OV_TRACE_JOB ? "" : ov_part_of(fact->more, 0));
    (void)snprintf(name, sizeof(name), "%s", ov_part_of(fact->more, 1));
    say(detail, sizeof(detail), "%s %s %s",
            fact->kind == OV_TRACE_JOB       ? "launchd job"
            : fact->kind == OV_TRACE_RECEIPT ? "installer receipt"
                                             : "bundle",
            id, version);
    if (fact->kind == OV_TRACE_RECEIPT) {
        ov_look_text(l, OV_MARK_RECEIPT, id, &seen);
        return;
    }
    ov_look_text(l, OV_MARK_BUNDLE, id, &seen);
    if (fact->kind == OV_TRACE_BUNDLE) {
        ov_look_text(l, OV_MARK_PRODUCT_NAME, name, &seen);
    }
}

/* An APK that lies where Android runs it from, or that Android lists, is installed. */
static void look_at_app(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    static const char *const places[] = { "/data/app", "/system/", "/vendor/", "/product/", "/app/",
        "/priv-app/" };
    char id[1024], version[512], detail[1700];
    struct context x = { .l = l, .platform = "android" };
    bool placed = strstr(where, "packages.list") != NULL;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        placed = placed || strstr(where, places[i]) != NULL;
    }
    (void)snprintf(id, sizeof(id), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(version, sizeof(version), "%s", ov_part_of(fact->more, 0));
    say(detail, sizeof(detail), "Android package %s %s%s", id, version,
            placed ? "" : ", not installed here");
    x.seen = (struct ov_sighting){ .where = where,
        .detail = detail,
        .version = version,
        .version_rank = 7,
        .most = placed ? OV_STATE_INSTALLED : OV_STATE_REMNANT };
    ov_index_text(l->index, OV_MARK_PACKAGE, id, on_hit, &x);
}

static void look_at_certificate(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char subject[2048], cn[512], organisation[512], issuer_cn[512], detail[2100];
    struct ov_sighting seen = { .where = where, .detail = detail, .most = OV_STATE_INSTALLED };
    const bool signer = fact->kind == OV_TRACE_SIGNER;

    (void)snprintf(subject, sizeof(subject), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(cn, sizeof(cn), "%s", ov_part_of(fact->more, 0));
    (void)snprintf(organisation, sizeof(organisation), "%s", ov_part_of(fact->more, 1));
    (void)snprintf(issuer_cn, sizeof(issuer_cn), "%s", ov_part_of(fact->more, 2));
    if (!signer) {
        say(detail, sizeof(detail), "certificate of %s", subject);
        seen.most = OV_STATE_REMNANT;
        ov_look_text(l, OV_MARK_CERTIFICATE_ISSUER_CN, issuer_cn, &seen);
        ov_look_text(l, OV_MARK_CERTIFICATE_SUBJECT_O, organisation, &seen);
        return;
    }
    say(detail, sizeof(detail), "names %s in its signature (which was not verified)", subject);
    seen.entity = organisation;
    seen.most = is_in_use_place(where) ? OV_STATE_INSTALLED : OV_STATE_REMNANT;
    ov_look_text(l, OV_MARK_SIGNER_CN, cn, &seen);
    ov_look_text(l, OV_MARK_SIGNER, subject, &seen);
    ov_look_text(l, OV_MARK_ENTITY_NAME, organisation, &seen);
}

static void look_at_version(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char company[600], product[600], version[300], detail[1600];
    struct ov_sighting seen = { .where = where,
        .detail = detail,
        .version = version,
        .version_rank = 5,
        .most = is_in_use_place(where) ? OV_STATE_INSTALLED : OV_STATE_REMNANT };

    (void)snprintf(company, sizeof(company), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(product, sizeof(product), "%s", ov_part_of(fact->more, 0));
    (void)snprintf(version, sizeof(version), "%s", ov_part_of(fact->more, 1));
    say(detail, sizeof(detail), "version resource: %s, %s %s", company, product, version);
    ov_look_text(l, OV_MARK_PRODUCT_NAME, product, &seen);
    seen.entity = company;
    ov_look_text(l, OV_MARK_ENTITY_NAME, company, &seen);
}

static void look_at_word(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    char word[600], asked[600], detail[700];
    const struct ov_sighting seen = { .where = where, .detail = detail, .most = OV_STATE_MENTION };

    (void)snprintf(word, sizeof(word), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(asked, sizeof(asked), "%s", ov_part_of(fact->more, 0));
    say(detail, sizeof(detail), "names %s", word);
    if (asked[0] == '.') {
        ov_look_text(l, OV_MARK_DOMAIN, asked + 1, &seen);
        ov_look_text(l, OV_MARK_HOST, word, &seen);
        if (strcasecmp(word, asked + 1) != 0) {
            ov_look_text(l, OV_MARK_HOST, asked + 1, &seen);
        }
        return;
    }
    ov_look_text(l, OV_MARK_WORD, asked, &seen);
}

static void look_at_simple(
        struct ov_looker *l, enum ov_mark mark, const char *where, const struct ov_trace *fact)
{
    char text[1024], detail[1100], version[512];
    const struct ov_sighting seen = { .where = where,
        .detail = detail,
        .version = version,
        .version_rank = 3,
        .most = fact->kind == OV_TRACE_TEAM && fact->number == OV_TRACE_LEFT ? OV_STATE_REMNANT
                                                                             : OV_STATE_INSTALLED };

    (void)snprintf(text, sizeof(text), "%s", ov_part_of(fact->text, 0));
    (void)snprintf(version, sizeof(version), "%s",
            fact->kind == OV_TRACE_ADDON ? ov_part_of(fact->more, 0) : "");
    say(detail, sizeof(detail), "%s", text);
    ov_look_text(l, mark, text, &seen);
}

static bool is_group_file(const char *where)
{
    const size_t len = strlen(where);

    return len >= 5 && strcmp(where + len - 5, "group") == 0;
}

void ov_look_fact(struct ov_looker *l, const char *where, const struct ov_trace *fact)
{
    switch (fact->kind) {
    case OV_TRACE_PACKAGE:
        look_at_package(l, where, fact);
        return;
    case OV_TRACE_KEY:
        look_at_key(l, where, fact);
        return;
    case OV_TRACE_PROGRAM:
        look_at_program(l, where, fact);
        return;
    case OV_TRACE_SERVICE:
        look_at_service(l, where, fact);
        return;
    case OV_TRACE_BUNDLE:
    case OV_TRACE_RECEIPT:
    case OV_TRACE_JOB:
        look_at_bundle(l, where, fact);
        return;
    case OV_TRACE_APP:
        look_at_app(l, where, fact);
        return;
    case OV_TRACE_CERTIFICATE:
    case OV_TRACE_SIGNER:
        look_at_certificate(l, where, fact);
        return;
    case OV_TRACE_VERSION:
        look_at_version(l, where, fact);
        return;
    case OV_TRACE_WORD:
        look_at_word(l, where, fact);
        return;
    case OV_TRACE_NAME:
        look_at_simple(l, is_group_file(where) ? OV_MARK_GROUP : OV_MARK_USER, where, fact);
        return;
    case OV_TRACE_ADDON:
        look_at_simple(l, OV_MARK_FIREFOX_ADDON, where, fact);
        return;
    case OV_TRACE_TEAM:
        look_at_simple(l, OV_MARK_APPLE_TEAM, where, fact);
        return;
    case OV_TRACE_DIGEST:
        look_at_simple(l, OV_MARK_SHA256, where, fact);
        return;
    case OV_TRACE_MEMBER:
    case OV_TRACE_LAYER:
        return; /* image.c */
    }
}
