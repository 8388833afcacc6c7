/* SPDX-License-Identifier: Apache-2.0 */
/* update.h - the parts of `overt update`. The command resolves names, starts helpers, moves files;
 * it parses nothing that came from outside. docs/formats/updates.md has the folder. */
#ifndef OV_PROGRAMS_OVERT_UPDATE_H
#define OV_PROGRAMS_OVERT_UPDATE_H

#include "base/file.h"
#include "programs/overt/now.h"
#include "programs/overt/options.h"
#include "trust/origins.h"
#include "trust/settings.h"
#include "trust/verdict.h"

#define OV_EXIT_STALE     4
#define OV_STATE_DEFAULT  "/var/lib/overt"
#define OV_POLICY_DEFAULT "/etc/overt/policy"

/* A folder with a log's state and rule sets. */
struct ov_store {
    const char *command; /* for messages */
    const char *path;
    int fd; /* owned; -1: none */
    struct ov_buf policy_text;
    struct ov_policy policy;
    struct ov_settings settings;
};

/* Makes the folder where it is missing, if `write`, and locks it. False: it was said why. */
bool ov_store_open(struct ov_store *store, const char *command, const char *path, bool write);
bool ov_store_policy(struct ov_store *store, const char *policy_path);
void ov_store_close(struct ov_store *store);

/* The origins beside the active rules. False: there are none (not said). */
bool ov_store_origins(struct ov_store *store, const char *set, struct ov_origins *out);

/* --- net.c: one download by overt-fetch ------------------------------------------------------ */

struct ov_download {
    const char *proxy;   /* NULL: none */
    uint64_t bytes_left; /* of the whole update; goes down */
    uint64_t until;      /* ov_now() at which it is over */
};

/* Appends to `body_fd`, from `offset` on. *http is the status, 0: none. */
OV_MUST_CHECK overt_status ov_fetch(struct ov_download *download, const char *url, int body_fd,
        uint64_t bytes_max, uint64_t offset, long *http, overt_error *err);

/* --- judge.c: overt-verify in its jail --------------------------------------------------------- */

struct ov_judged {     /* what it answered */
    int fd;            /* owned; of the output */
    const uint8_t *at; /* owned; mapped */
    size_t bytes;
    uint64_t old_size, size, time, store_before, active, pending;
    uint32_t witnesses;
    struct ov_bytes state, append, rules, samples, origins;
};

void ov_judged_done(struct ov_judged *judged);

/* `source` says where checkpoint and packs come from; `mirror` NULL: nowhere (a replay). */
struct ov_supply {
    const char *mirror; /* a URL; packs are fetched when the plan is known */
    int bundle;         /* -1: none; else a bundle, whose last checkpoint is the newest */
    struct ov_download *download;
};
OV_MUST_CHECK overt_status ov_judge(struct ov_store *store, const struct ov_supply *supply,
        const char *const *weaker, struct ov_judged *out, overt_error *err);

/* The new state to the disk: store first, then the state that makes it count. */
OV_MUST_CHECK overt_status ov_accept(
        struct ov_store *store, const struct ov_judged *judged, overt_error *err);

/* --- activate.c -------------------------------------------------------------------------------- */

struct ov_activation {
    bool changed;
    bool refused; /* these rules were rolled back by a person; they stay inactive */
    uint64_t rules, hashes, held;
};

/* Compiles, tries, and switches to the judged rules. The active set stays unless all of it works. */
OV_MUST_CHECK overt_status ov_activate(struct ov_store *store, const struct ov_judged *judged,
        const char *const *weaker, struct ov_activation *out, overt_error *err);
OV_MUST_CHECK overt_status ov_roll_back(struct ov_store *store, overt_error *err);

/* --- update_record.c: into the ledger beside the rules ----------------------------------------- */

/* False: it could not be written, which was said. An update that is done is not undone by that. */
bool ov_record_policy(struct ov_store *store); /* if it is another than at the last update */
bool ov_record_update(struct ov_store *store, const struct ov_judged *judged,
        const struct ov_activation *activation, const char *const *weaker);
/* What a person decided: `rollback`, or `accept` and the entries. */
bool ov_record_decision(
        struct ov_store *store, const char *decision, const char *const *words, size_t count);

/* bundle.c: entries `from` up to `to` of what was accepted, as a pack; with the newest checkpoint if
 * they go to the end. */
#define OV_BUNDLE_END UINT64_MAX
OV_MUST_CHECK overt_status ov_bundle_make(const struct ov_store *store, uint64_t from, uint64_t to,
        struct ov_buf *out, overt_error *err);

/* trial.c: rules of `db` that hit what they must not, as "log:INDEX" numbers. Adds to `held`. */
struct ov_held {
    size_t count, cap;
    struct ov_held_rule {
        uint64_t index;
        char why[160];
    } * at; /* owned; ascending by index, each once */
};
bool ov_held_add(struct ov_held *held, uint64_t index, const char *why);
OV_MUST_CHECK overt_status ov_try_samples(overt_db *db, struct ov_bytes samples,
        const char *const *weaker, struct ov_held *held, overt_error *err);
OV_MUST_CHECK overt_status ov_try_system(overt_db *db, uint64_t bytes_max,
        const char *const *weaker, struct ov_held *held, overt_error *err);

/* "2026-01-01T00:00:10Z" */
void ov_put_time(struct ov_buf *out, uint64_t seconds);

#endif
