/* SPDX-License-Identifier: Apache-2.0 */
/* onrecord.c - the daemon's part of the ledger: that it began and ended, with which rules, what it
 * counted, what it put away. A few records a day, written by whoever did it; none for a file. */
#include "programs/overt/ledgers.h"
#include "programs/overtd/daemon.h"

#define COMMAND "overtd"

void ovd_record(const struct ovd *d, const char *event)
{
    const struct ovd_counts *c = &d->counts;
    struct ov_buf text;

    ov_ledger_begin(&text);
    ov_ledger_put(&text, "event", event);
    if (d->current.name != NULL) {
        ov_ledger_put(&text, "rules", d->current.digest);
        ov_ledger_put_number(&text, "signatures", d->current.rules);
    }
    ov_ledger_put_number(&text, "files", c->files);
    ov_ledger_put_number(&text, "detected", c->detected);
    ov_ledger_put_number(&text, "incomplete", c->incomplete);
    ov_ledger_put_number(&text, "failed", c->failed);
    ov_ledger_put_number(&text, "denied", c->denied);
    (void)ov_ledger_end(COMMAND, OV_LEDGER_DAEMON, &text); /* it said what went wrong */
}

void ovd_record_move(const char *path, const char *rule, const char *item)
{
    struct ov_buf text;

    ov_ledger_begin(&text);
    ov_ledger_put(&text, "move", "add");
    ov_ledger_put(&text, "item", item);
    ov_ledger_put(&text, "path", path);
    ov_ledger_put(&text, "rule", rule);
    (void)ov_ledger_end(COMMAND, OV_LEDGER_QUARANTINE, &text);
}
