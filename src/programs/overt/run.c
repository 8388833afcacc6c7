/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - keeps workers fed, looks again at what is not clean, prints in the order of the feed.
 *
 * Reports come as they come; each waits in a window until everything before it is printed. The
 * window is bounded: a file that takes its two minutes holds back what comes after it, not what is
 * being looked at meanwhile. */
#include "programs/overt/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/interrupt.h"

#define WINDOW         65536u /* files between the one to be printed next and the newest */
#define RECORDED_MAX   1000u  /* findings of one run that go on record; all are counted */
#define SECOND_MAX     1000u  /* second looks of one run; the rest is told by rule alone */
#define WAITING_MAX    32u  /* files whose second look has no place yet: each holds a descriptor */
#define WAIT_MS        1000 /* overt_collect has wall limits to watch */
#define WAIT_SHOW_MS   100  /* with a progress line */
#define BUSY_TURNS_MAX 8u   /* after so many without a pause a signal is asked for: a system call */

struct slot {
    bool done;
    bool looking_again;
    bool known; /* `key` is: what the file was when it was opened */
    struct ov_guard_key key;
    overt_report *report;    /* owned */
    overt_report *explained; /* owned */
    char *path;              /* owned; of a file that reached no worker */
    const char *why;         /* static */
    const char *reason;
};

struct run {
    const struct ov_run_options *options;
    struct ov_feed *feed;
    struct ov_out *out;
    struct ov_progress *progress;
    struct ov_summary *summary;

    overt_scanner *first;
    overt_scanner *second; /* made when it is needed */
    bool second_refused;
    uint64_t second_looks;
    uint64_t waiting[WAITING_MAX]; /* tokens of files to be looked at again */
    int waiting_fds[WAITING_MAX];
    size_t waiting_count;

    struct slot *slots;  /* owned, WINDOW of them */
    uint64_t next_token; /* of the next file of the feed */
    uint64_t next_print;

    struct ov_walk_entry held; /* opened, but no worker had room; held_path is its name */
    char *held_path;           /* owned */
    bool holding;
    bool fed;   /* the feed is at its end */
    int broken; /* exit code; 0: going on */
};

static struct slot *slot_of(struct run *r, uint64_t token)
{
    OV_ASSERT(token >= r->next_print && token - r->next_print < WINDOW);
    return &r->slots[token % WINDOW];
}

/* --- printing ------------------------------------------------------------------------------- */

static void count_result(struct ov_summary *s, const struct ov_result *result)
{
    s->files++;
    s->bytes += result->size;
    switch (result->verdict) {
    case OVERT_CLEAN:
        s->clean++;
        break;
    case OVERT_DETECTED:
        s->detected++;
        break;
    case OVERT_INCOMPLETE:
        s->incomplete++;
        break;
    case OVERT_FAILED:
        s->failed++;
        break;
    }
}

/* The path, and the first rule where there is one: which bytes they are is in the next scan. */
static void put_on_record(
        struct ov_buf *record, const struct ov_summary *summary, const struct ov_result *result)
{
    const overt_hit *hit = result->report == NULL ? NULL : overt_report_hit(result->report, 0);

    if (record == NULL || (result->verdict == OVERT_CLEAN && !result->has_suppressed)
            || summary->files - summary->clean > RECORDED_MAX) {
        return;
    }
    ov_buf_printf(record, "%s ",
            result->has_suppressed && result->verdict == OVERT_CLEAN
                    ? "SUPPRESSED"
                    : overt_verdict_text(result->verdict));
    if (hit != NULL) {
        ov_text_escape(record, ov_bytes_of(hit->name.bytes, hit->name.len));
        ov_buf_put_u8(record, ' ');
    }
    ov_text_escape(record, result->path);
    ov_buf_put_u8(record, '\n');
}

static void print_slot(struct run *r, const struct slot *slot)
{
    const char *path = slot->report != NULL ? overt_report_name(slot->report) : slot->path;
    struct ov_result result = {
        .path = ov_bytes_of(path, strlen(path)),
        .verdict = slot->report != NULL ? overt_report_verdict(slot->report) : OVERT_FAILED,
        .size = slot->report != NULL ? overt_report_size(slot->report) : 0,
        .report = slot->report,
        .explained = slot->explained,
        .reason = slot->reason,
        .detail = ov_bytes_of(slot->why, slot->why == NULL ? 0 : strlen(slot->why)),
    };

    ov_provenances_settle(r->options->provenances, &result);
    count_result(r->summary, &result);
    put_on_record(r->options->record, r->summary, &result);
    if (slot->known && result.verdict == OVERT_CLEAN && !result.has_suppressed) {
        ov_seen_add(r->options->seen, &slot->key);
    }
    if (r->options->quiet) {
        return;
    }
    if (r->options->json) {
        ov_json_file(&r->out->buf, &result);
    } else if (r->options->all || result.verdict != OVERT_CLEAN || result.has_suppressed) {
        ov_progress_hide(r->progress);
        ov_lines_file(&r->out->buf, &result, r->options->colour);
    }
    ov_out_spill(r->out);
}

static void forget_slot(struct slot *slot)
{
    overt_report_free(slot->report);
    overt_report_free(slot->explained);
    free(slot->path);
    *slot = (struct slot){ .done = false };
}

static bool print_ready(struct run *r)
{
    bool any = false;

    while (r->next_print < r->next_token && r->slots[r->next_print % WINDOW].done) {
        struct slot *slot = &r->slots[r->next_print % WINDOW];

        print_slot(r, slot);
        forget_slot(slot);
        r->next_print++;
        any = true;
    }
    return any;
}

/* --- the second look ------------------------------------------------------------------------ */

static bool make_second(struct run *r)
{
    overt_options options = OVERT_OPTIONS_INIT;
    overt_error err = OVERT_ERROR_INIT;

    if (r->second != NULL || r->second_refused) {
        return r->second != NULL;
    }
    options.profile = OVERT_PROFILE_EXPLAIN;
    options.workers = 1;
    options.in_flight = 4;
    options.weaker = r->options->weaker;
    if (overt_scanner_new(&r->second, r->options->db, &r->options->limits, &options, &err)
            != OVERT_OK) {
        ov_complain_error(r->options->command, &err);
        r->second_refused = true;
    }
    return r->second != NULL;
}

static void settle(struct run *r, uint64_t token)
{
    struct slot *slot = slot_of(r, token);

    slot->done = true;
    slot->looking_again = false;
}

/* What has no place at the second scanner yet waits with its descriptor. */
static bool send_waiting(struct run *r)
{
    size_t sent = 0;

    while (sent < r->waiting_count && make_second(r)) {
        overt_error err = OVERT_ERROR_INIT;
        const struct slot *slot = slot_of(r, r->waiting[sent]);
        const overt_status status = overt_submit(r->second, r->waiting_fds[sent],
                overt_report_name(slot->report), r->waiting[sent], &err);

        if (status == OVERT_E_BUSY) {
            break;
        }
        if (status != OVERT_OK) { /* the first look stands without names */
            (void)close(r->waiting_fds[sent]);
            settle(r, r->waiting[sent]);
            r->summary->not_explained++;
        }
        sent++;
    }
    if (r->second_refused) {
        for (; sent < r->waiting_count; sent++) {
            (void)close(r->waiting_fds[sent]);
            settle(r, r->waiting[sent]);
            r->summary->not_explained++;
        }
    }
    r->waiting_count -= sent;
    memmove(r->waiting, r->waiting + sent, r->waiting_count * sizeof(r->waiting[0]));
    memmove(r->waiting_fds, r->waiting_fds + sent, r->waiting_count * sizeof(r->waiting_fds[0]));
    return sent != 0;
}

static void take_first(struct run *r, overt_report *report)
{
    const uint64_t token = overt_report_token(report);
    const overt_verdict verdict = overt_report_verdict(report);
    struct slot *slot = slot_of(r, token);
    int fd;

    slot->report = report;
    if ((verdict != OVERT_DETECTED && verdict != OVERT_INCOMPLETE) || r->options->quiet) {
        fd = overt_report_take_fd(report); /* the report may wait long for its turn */
        if (fd >= 0) {
            (void)close(fd);
        }
        slot->done = true;
        return;
    }
    fd = overt_report_take_fd(report);
    if (fd < 0 || r->second_looks >= SECOND_MAX) {
        if (fd >= 0) {
            (void)close(fd);
        }
        r->summary->not_explained++;
        slot->done = true;
        return;
    }
    OV_ASSERT(r->waiting_count < WAITING_MAX); /* collect_first stops before */
    r->second_looks++;
    slot->looking_again = true;
    r->waiting[r->waiting_count] = token;
    r->waiting_fds[r->waiting_count++] = fd;
}

/* A second look that came to something else (a worker died, the file changed) adds nothing. */
static void take_second(struct run *r, overt_report *report)
{
    struct slot *slot = slot_of(r, overt_report_token(report));

    if (overt_report_verdict(report) == overt_report_verdict(slot->report)) {
        slot->explained = report;
    } else {
        overt_report_free(report);
        r->summary->not_explained++;
    }
    settle(r, overt_report_token(slot->report));
}

/* --- collecting ----------------------------------------------------------------------------- */

static bool collect(
        struct run *r, overt_scanner *scanner, void (*take)(struct run *, overt_report *))
{
    bool any = false;

    /* A first look may come to ask for a second: only while there is a place for that. */
    while (scanner != NULL && (scanner == r->second || r->waiting_count < WAITING_MAX)) {
        overt_error err = OVERT_ERROR_INIT;
        overt_report *report = NULL;

        if (overt_collect(scanner, 0, &report, &err) != OVERT_OK) {
            if (scanner == r->first && r->broken == 0) {
                ov_progress_hide(r->progress);
                ov_complain_error(r->options->command, &err);
                r->broken = OV_EXIT_ERROR;
            }
            return any;
        }
        if (report == NULL) {
            return any;
        }
        take(r, report);
        any = true;
    }
    return any;
}

/* --- feeding -------------------------------------------------------------------------------- */

/* The next file has no worker: its place in the order says why. */
static void put_failed(
        struct run *r, const struct ov_walk_entry *entry, const char *reason, const char *why)
{
    struct slot *slot = slot_of(r, r->next_token);

    *slot = (struct slot){ .done = true, .why = why, .reason = reason };
    slot->path = strndup(entry->path, entry->path_bytes);
    if (slot->path == NULL) {
        slot->path = strdup("");
    }
    if (slot->path == NULL) {
        ov_complain(r->options->command, "no memory for a name");
        r->broken = OV_EXIT_ERROR;
        slot->done = false;
        return;
    }
    r->next_token++;
}

/* Out of workers' places: the open file waits, its name too. */
static void hold(struct run *r, const struct ov_walk_entry *entry)
{
    if (!r->holding) {
        char *path = strndup(entry->path, entry->path_bytes);

        if (path == NULL) {
            (void)close(entry->fd);
            put_failed(r, entry, "open", "no memory for its name");
            return;
        }
        r->held = *entry;
        r->held.path = r->held_path = path;
        r->holding = true;
    }
}

static void let_go(struct run *r)
{
    if (r->holding) {
        free(r->held_path);
        r->held_path = NULL;
        r->holding = false;
    }
}

/* What the file is before it is looked at: a change meanwhile shows in the key of the next scan. */
static bool find_key(const struct run *r, int fd, struct ov_guard_key *out)
{
    struct stat st;

    if (r->options->seen == NULL || fstat(fd, &st) != 0) {
        return false;
    }
    *out = ov_guard_key_of(&st);
    return true;
}

/* False: no place for it now. */
static bool submit(struct run *r, const struct ov_walk_entry *entry)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_guard_key key = { .inode = 0 };
    const bool known = find_key(r, entry->fd, &key);
    overt_status status;

    if (known && ov_seen_has(r->options->seen, &key)) {
        (void)close(entry->fd);
        r->summary->unchanged++;
        let_go(r);
        return true;
    }
    status = overt_submit(r->first, entry->fd, entry->path, r->next_token, &err);
    switch (status) {
    case OVERT_OK:
        *slot_of(r, r->next_token) = (struct slot){ .known = known, .key = key };
        r->next_token++;
        let_go(r);
        return true;
    case OVERT_E_BUSY:
        hold(r, entry);
        return false;
    case OVERT_E_ARGUMENT: /* it became something else between the look and the opening */
    case OVERT_E_IO:
        (void)close(entry->fd);
        put_failed(r, entry, "open", "it is no regular file any more, or cannot be handed on");
        let_go(r);
        return true;
    case OVERT_E_NOMEM:
    case OVERT_E_SANDBOX:
    case OVERT_E_SYNTAX:
    case OVERT_E_CORRUPT:
    case OVERT_E_VERSION:
    case OVERT_E_LIMIT:
    case OVERT_E_INTERNAL:
        break;
    }
    (void)close(entry->fd);
    let_go(r);
    ov_progress_hide(r->progress);
    ov_complain_error(r->options->command, &err);
    r->broken = OV_EXIT_ERROR;
    return false;
}

static bool is_idle(const struct run *r)
{
    return overt_pending(r->first) == 0 && (r->second == NULL || overt_pending(r->second) == 0)
           && r->waiting_count == 0;
}

/* Hands on files until there is no place, no file, or enough for one turn. *waits: the list has
 * nothing yet. */
static bool feed(struct run *r, bool *waits)
{
    bool any = false;

    *waits = false;
    while (r->broken == 0 && r->next_token - r->next_print < WINDOW
            && r->waiting_count < WAITING_MAX / 2) {
        struct ov_walk_entry entry;

        if (r->holding) {
            if (!submit(r, &r->held)) {
                return any;
            }
            any = true;
            continue;
        }
        if (r->fed) {
            return any;
        }
        switch (ov_feed_next(r->feed, &entry)) {
        case OV_FEED_END:
            r->fed = true;
            return any;
        case OV_FEED_WAIT:
            *waits = true;
            return any;
        case OV_FEED_AGAIN:
            if (is_idle(r)) { /* nobody will give a descriptor back */
                ov_feed_give_up(r->feed);
                any = true;
                continue;
            }
            return any;
        case OV_FEED_PROBLEM:
            put_failed(r, &entry, "open", entry.why);
            any = true;
            break;
        case OV_FEED_FILE:
            if (!submit(r, &entry)) {
                return any;
            }
            any = true;
            break;
        }
    }
    return any;
}

/* --- the loop ------------------------------------------------------------------------------- */

static void wait_for_something(struct run *r, bool list_too)
{
    struct pollfd fds[3];
    nfds_t count = 0;

    ov_out_flush(r->out); /* whoever reads may be waiting for this before he writes the next name */
    fds[count++] = (struct pollfd){ .fd = overt_scanner_fd(r->first), .events = POLLIN };
    if (r->second != NULL) {
        fds[count++] = (struct pollfd){ .fd = overt_scanner_fd(r->second), .events = POLLIN };
    }
    if (list_too) {
        fds[count++] = (struct pollfd){ .fd = ov_feed_fd(r->feed), .events = POLLIN };
    }
    (void)ov_interrupt_wait(fds, count, r->progress != NULL ? WAIT_SHOW_MS : WAIT_MS);
}

static void turn_until_done(struct run *r)
{
    unsigned busy = 0; /* turns since a signal could arrive */

    while (r->broken == 0 && r->out->failed == 0) {
        bool waits = false;
        bool any = feed(r, &waits);

        any |= collect(r, r->first, take_first);
        any |= send_waiting(r);
        any |= collect(r, r->second, take_second);
        any |= print_ready(r);
        ov_progress_show(r->progress, r->summary->files, r->summary->bytes, r->summary->detected);
        if (r->fed && !r->holding && r->next_print == r->next_token) {
            return;
        }
        if (!any && r->broken == 0) {
            wait_for_something(r, waits);
            busy = 0;
        } else if (++busy == BUSY_TURNS_MAX) {
            struct pollfd none = { .fd = -1 };

            (void)ov_interrupt_wait(&none, 1, 0); /* the moment at which a signal may arrive */
            busy = 0;
        }
        if (ov_interrupt_signal() != 0) {
            r->summary->interrupted = true;
            return;
        }
    }
}

static void clean_up(struct run *r)
{
    for (size_t i = 0; i < r->waiting_count; i++) {
        (void)close(r->waiting_fds[i]);
    }
    if (r->holding) {
        (void)close(r->held.fd);
        let_go(r);
    }
    for (; r->slots != NULL && r->next_print < r->next_token; r->next_print++) {
        forget_slot(&r->slots[r->next_print % WINDOW]);
    }
    free(r->slots);
    overt_scanner_free(r->second);
    overt_scanner_free(r->first);
}

int ov_run(const struct ov_run_options *options, struct ov_feed *feed_from, struct ov_out *out,
        struct ov_progress *progress, struct ov_summary *summary, char layers[256])
{
    struct run r = {
        .options = options, .feed = feed_from, .out = out, .progress = progress, .summary = summary
    };
    overt_options first = OVERT_OPTIONS_INIT;
    overt_error err = OVERT_ERROR_INIT;

    layers[0] = '\0';
    first.workers = options->jobs;
    first.in_flight = options->in_flight;
    first.weaker = options->weaker;
    first.bulk = 1;
    r.slots = calloc(WINDOW, sizeof(*r.slots));
    if (r.slots == NULL) {
        ov_complain(options->command, "no memory");
        return OV_EXIT_ERROR;
    }
    if (overt_scanner_new(&r.first, options->db, &options->limits, &first, &err) != OVERT_OK) {
        ov_complain_error(options->command, &err);
        free(r.slots);
        return OV_EXIT_ERROR;
    }
    turn_until_done(&r);
    if (r.broken != 0) { /* what is known is told, in its order */
        (void)collect(&r, r.first, take_first);
        (void)print_ready(&r);
    }
    summary->completed = r.broken == 0 && out->failed == 0 && !summary->interrupted;
    summary->deaths =
            overt_scanner_deaths(r.first) + (r.second == NULL ? 0 : overt_scanner_deaths(r.second));
    (void)snprintf(layers, 256, "%s", overt_scanner_layers(r.first));
    clean_up(&r);
    return r.broken;
}
