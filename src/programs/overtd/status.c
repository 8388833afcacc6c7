/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - how the daemon does, for `overt status`: one file, replaced as a whole, so that asking
 * costs the daemon nothing and works while it is busy. docs/formats/status.md lists the fields. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "programs/overtd/daemon.h"

#define STATUS_BYTES_MAX (64u * 1024u)
#define STATUS_EVERY_MS  10000u

static void put_text(struct ov_buf *out, const char *key, const char *text)
{
    ov_buf_printf(out, ",\"%s\":", key);
    ov_text_json(out, ov_bytes_of(text, strlen(text)));
}

static void put_number(struct ov_buf *out, const char *key, uint64_t value)
{
    ov_buf_printf(out, ",\"%s\":%llu", key, (unsigned long long)value);
}

static void put_list(struct ov_buf *out, const char *key, const struct ovd_list *list)
{
    ov_buf_printf(out, ",\"%s\":[", key);
    for (size_t i = 0; i < list->count; i++) {
        ov_buf_put_text(out, i == 0 ? "" : ",");
        ov_text_json(out, ov_bytes_of(list->at[i], strlen(list->at[i])));
    }
    ov_buf_put_u8(out, ']');
}

static void put_access(const struct ovd *d, struct ov_buf *out)
{
    put_list(out, "access_modes", &d->config.access_modes);
    put_list(out, "access_paths", &d->config.access_paths);
    ov_buf_printf(out, ",\"access_prevents\":%s", d->config.access_prevent ? "true" : "false");
    put_number(out, "accesses", d->counts.accesses);
    put_number(out, "denied", d->counts.denied);
    put_number(out, "late", d->counts.late);
    put_number(out, "guard_deaths", d->counts.guard_deaths);
}

static void render(const struct ovd *d, struct ov_buf *out)
{
    const struct ovd_seen *seen = &d->seen;

    ov_buf_printf(out, "{\"version\":1,\"state\":\"%s\"", d->stopping ? "ended" : "running");
    put_number(out, "pid", (uint64_t)getpid());
    put_number(out, "written_s", (uint64_t)time(NULL));
    put_number(out, "running_s", (ovd_clock_ms() - d->started_ms) / 1000u);
    put_text(out, "program", OV_VERSION);
    put_text(out, "rules_name", d->current.name == NULL ? "" : d->current.name);
    put_text(out, "rules_digest", d->current.digest);
    put_number(out, "rules", d->current.rules);
    put_number(out, "rules_since_s", seen->rules_s);
    put_number(out, "reloads_failed", d->counts.reloads_failed);
    put_text(out, "jail",
            d->current.scanner == NULL ? "" : overt_scanner_layers(d->current.scanner));
    put_list(out, "jail_without", &d->config.weaker);
    put_access(d, out);
    put_number(out, "requests", d->counts.requests);
    put_number(out, "files", d->counts.files);
    put_number(out, "bytes", d->counts.bytes);
    put_number(out, "detected", d->counts.detected);
    put_number(out, "incomplete", d->counts.incomplete);
    put_number(out, "failed", d->counts.failed);
    put_number(out, "worker_deaths",
            d->current.scanner == NULL ? 0 : overt_scanner_deaths(d->current.scanner));
    put_number(out, "connections", d->session_count);
    put_number(out, "queue_files", d->queued);
    if (seen->found_s != 0) {
        put_number(out, "found_s", seen->found_s);
        put_text(out, "found_name", seen->found_name);
        put_text(out, "found_rule", seen->found_rule);
    }
    ov_buf_put_text(out, "}\n");
}

void ovd_status_found(struct ovd *d, const char *shown, const char *rule)
{
    d->seen.found_s = (uint64_t)time(NULL);
    (void)snprintf(d->seen.found_name, sizeof(d->seen.found_name), "%s", shown);
    (void)snprintf(d->seen.found_rule, sizeof(d->seen.found_rule), "%s", rule);
}

/* What is worth a new file at once. */
static uint64_t changes(const struct ovd *d)
{
    const struct ovd_counts *c = &d->counts;

    return c->detected + c->denied + c->late + c->incomplete + c->failed + c->reloads
           + c->reloads_failed + c->guard_deaths + (d->stopping ? 1u : 0u);
}

void ovd_status_tick(struct ovd *d, uint64_t now_ms)
{
    struct ovd_seen *seen = &d->seen;
    struct ov_buf out;

    if (memcmp(seen->digest, d->current.digest, sizeof(seen->digest)) != 0) {
        memcpy(seen->digest, d->current.digest, sizeof(seen->digest));
        seen->rules_s = (uint64_t)time(NULL);
        seen->written_ms = 0;
    }
    if (d->config.status_file == NULL
            || (seen->written_ms != 0 && seen->changes == changes(d)
                    && now_ms - seen->written_ms < STATUS_EVERY_MS)) {
        return;
    }
    seen->written_ms = now_ms;
    seen->changes = changes(d);
    ov_buf_init(&out, STATUS_BYTES_MAX);
    render(d, &out);
    if (!ov_buf_ok(&out) || !ovd_replace_file(d->config.status_file, ov_buf_bytes(&out))) {
        if (!seen->write_failed) { /* once, until it works again */
            ovd_log(&d->log, OVD_WARNING, "StatusFile %s: %s", d->config.status_file,
                    ov_buf_ok(&out) ? strerror(errno) : "there is more to tell than fits");
        }
        seen->write_failed = true;
    } else {
        seen->write_failed = false;
    }
    ov_buf_done(&out);
}
