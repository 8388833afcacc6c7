/* SPDX-License-Identifier: Apache-2.0 */
/* update_record.c - what an update and what a person decided about rules, on record beside them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/out.h"
#include "programs/overt/update.h"

#define HEX_BYTES 64u

static bool end(struct ov_store *store, enum ov_ledger_kind kind, struct ov_buf *text)
{
    char folder[4200];

    (void)snprintf(folder, sizeof(folder), "%s/ledger", store->path);
    return ov_ledger_end_at(store->command, folder, kind, text);
}

/* --- the policy ----------------------------------------------------------------------------- */

/* SHA-256 as text. False: no memory, which was said. */
static bool name_policy(struct ov_store *store, struct ov_buf *out)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    if (sha == NULL) {
        ov_complain(store->command, "no memory for a digest");
        return false;
    }
    ov_digest_begin(sha);
    ov_digest_update(sha, ov_buf_bytes(&store->policy_text));
    ov_digest_end(sha, digest);
    ov_digest_free(sha);
    ov_text_hex(out, ov_bytes_of(digest, HEX_BYTES / 2));
    return ov_buf_ok(out);
}

/* The record comes first: a crash in between makes it twice, never not at all. */
bool ov_record_policy(struct ov_store *store)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf now, before, text;
    bool good;

    ov_buf_init(&now, HEX_BYTES);
    ov_buf_init(&before, HEX_BYTES + 1u);
    good = name_policy(store, &now);
    if (good && ov_file_read(store->fd, "log/policy", HEX_BYTES, &before, &err) != OVERT_OK
            && err.sys_errno != ENOENT) {
        ov_complain_error(store->command, &err);
        good = false;
    }
    if (good
            && !ov_bytes_equal(
                    ov_buf_bytes(&before), ov_bytes_raw(ov_buf_bytes(&now)), HEX_BYTES)) {
        ov_ledger_begin(&text);
        ov_ledger_put_bytes(&text, "policy", ov_buf_bytes(&now));
        if (ov_bytes_len(ov_buf_bytes(&before)) != 0) {
            ov_ledger_put_bytes(&text, "before", ov_buf_bytes(&before));
        }
        good = end(store, OV_LEDGER_POLICY, &text);
        if (good
                && ov_file_replace(store->fd, "log/policy", ov_buf_bytes(&now), 0644, &err)
                           != OVERT_OK) {
            ov_complain_error(store->command, &err);
            good = false;
        }
    }
    ov_buf_done(&now);
    ov_buf_done(&before);
    return good;
}

/* --- updates and decisions -------------------------------------------------------------------- */

static void put_log(struct ov_buf *out, const struct ov_judged *j)
{
    ov_ledger_put_number(out, "entries", j->size);
    ov_ledger_put_number(out, "new", j->size - j->old_size);
    ov_ledger_put_number(out, "log-time", j->time);
    ov_ledger_put_number(out, "witnesses", j->witnesses);
}

bool ov_record_update(struct ov_store *store, const struct ov_judged *judged,
        const struct ov_activation *activation, const char *const *weaker)
{
    struct ov_buf text;
    bool good;

    ov_ledger_begin(&text);
    put_log(&text, judged);
    good = end(store, OV_LEDGER_UPDATE, &text);
    if (activation->changed) {
        ov_ledger_begin(&text);
        put_log(&text, judged);
        ov_ledger_put_number(&text, "rules", activation->rules);
        ov_ledger_put_number(&text, "hashes", activation->hashes);
        ov_ledger_put_number(&text, "held", activation->held);
        good = end(store, OV_LEDGER_ACTIVATION, &text) && good;
    }
    if (weaker != NULL && *weaker != NULL) {
        ov_ledger_begin(&text);
        ov_ledger_put(&text, "command", store->command);
        for (; *weaker != NULL; weaker++) {
            ov_ledger_put(&text, "without", *weaker);
        }
        good = end(store, OV_LEDGER_JAIL, &text) && good;
    }
    return good;
}

bool ov_record_decision(
        struct ov_store *store, const char *decision, const char *const *words, size_t count)
{
    struct ov_buf text;

    ov_ledger_begin(&text);
    ov_ledger_put(&text, "decision", decision);
    for (size_t i = 0; i < count; i++) {
        ov_ledger_put(&text, "entry", words[i]);
    }
    return end(store, OV_LEDGER_ACTIVATION, &text);
}
