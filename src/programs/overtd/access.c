/* SPDX-License-Identifier: Apache-2.0 */
/* access.c - the supervisor's side of on-access: it makes the fanotify group, starts the guard that
 * reads it, has files looked at, and keeps the policy when the guard cannot.
 *
 * The supervisor holds the group too. While a guard lives it does not touch it; when the guard dies,
 * or is stopped and misses its beat, it answers what was left, stands in by the policy, and starts
 * another. Nothing here waits for a file that the group watches, but under the supervisor's own
 * pid, which the guard lets through. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "api/turnover.h"
#include "base/checked.h"
#include "guard/events.h"
#include "guard/pending.h"
#include "programs/overtd/daemon.h"
#include "sandbox/jail.h"

#define IN_FLIGHT        8u /* at one worker: the last of them waits for the seven before it */
#define QUEUE_MAX        4096u
#define FRAMES_AT_ONCE   256u
#define RESTART_MS       1000u /* a guard that dies at once is not started in circles */
#define GUARD_FDS_MAX    (2 * (int)OV_GUARD_PENDING_MAX + 128)
#define GUARD_SUPERVISOR 3
#define GUARD_GROUP      4

struct access_job {
    struct access_job *next;
    uint32_t number; /* the guard's, 0: its guard is gone */
    uint32_t guard;  /* which guard asked, counted */
    bool waits;
    bool written; /* somebody may write to it while it is looked at */
    int fd;       /* -1: at the scanner */
    char *path;   /* owned */
};

struct ovd_access {
    int group; /* fanotify */
    int channel, pidfd;
    uint32_t guard; /* how many were started */
    struct ovd_access_policy *policy;
    overt_scanner *scanner, *retiring;
    overt_scanner *next; /* on rules that are not in force yet */
    struct access_job *first, *last;
    uint32_t queued;
    char exempt[8][48];
    size_t exempt_count;
    uint64_t beat_ms, alive_ms, started_ms;
    bool beat_due; /* one was sent and not answered */
    bool standing_in;
};

/* --- the guard's process -------------------------------------------------------------------- */

static void program_path(const char *name, char *out, size_t size)
{
    if (!ov_jail_helper(name, out, size)) {
        out[0] = '\0'; /* a path that long is none; starting it fails and says so */
    }
}

/* Programs that the supervisor starts while it might wait for their start. */
static void find_exempt(struct ovd_access *a)
{
    static const char *const names[] = { "overt-guard", "overt-spawn", "overt-worker",
        "overt-compile" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[PATH_MAX + 64];
        struct stat st;

        program_path(names[i], path, sizeof(path));
        if (stat(path, &st) == 0) {
            (void)snprintf(a->exempt[a->exempt_count++], sizeof(a->exempt[0]), "%llu:%llu",
                    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
        }
    }
}

_Noreturn static void become_guard(struct ovd *d, int channel)
{
    struct ovd_access *a = d->access;
    char program[PATH_MAX + 64], deadline[24], cache[24];
    char allow[] = "allow", deny[] = "deny", prevent[] = "prevent", watch[] = "watch";
    char *argv[5 + 8 + 1] = { (char[]){ "overt-guard" }, deadline, allow, watch, cache };
    char *envp[] = { NULL };
    sigset_t none;

    if (d->config.access_deny_late) {
        argv[2] = deny;
    }
    if (d->config.access_prevent) {
        argv[3] = prevent;
    }
    (void)snprintf(
            deadline, sizeof(deadline), "%llu", (unsigned long long)d->config.access_deadline_ms);
    (void)snprintf(cache, sizeof(cache), "%llu", (unsigned long long)d->config.access_cache);
    for (size_t i = 0; i < a->exempt_count; i++) {
        argv[5 + i] = a->exempt[i];
    }
    program_path("overt-guard", program, sizeof(program));
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(channel, 100) != 100 || dup2(a->group, 101) != 101
            || dup2(100, GUARD_SUPERVISOR) != GUARD_SUPERVISOR
            || dup2(101, GUARD_GROUP) != GUARD_GROUP
            || syscall(SYS_close_range, GUARD_GROUP + 1, ~0u, 0) != 0) {
        _exit(1);
    }
    (void)execve(program, argv, envp);
    _exit(127);
}

/* fork, not a spawn that waits for the exec: that exec is an event which nobody may read yet. */
static bool start_guard(struct ovd *d)
{
    struct ovd_access *a = d->access;
    int ends[2];
    pid_t pid;

    if (!ovd_pair(ends)) {
        return false;
    }
    pid = fork();
    if (pid == 0) {
        become_guard(d, ends[1]);
    }
    (void)close(ends[1]);
    a->channel = ends[0];
    a->pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    a->guard++;
    a->started_ms = a->alive_ms = a->beat_ms = ovd_clock_ms();
    a->beat_due = false;
    return a->pidfd >= 0 && fcntl(a->channel, F_SETFL, O_NONBLOCK) == 0
           && ovd_watch(d, a->channel, OVD_EVENT_GUARD, 0)
           && ovd_watch(d, a->pidfd, OVD_EVENT_GUARD, 1);
}

static void close_guard(struct ovd_access *a)
{
    siginfo_t end;

    if (a->channel >= 0) {
        (void)close(a->channel);
        a->channel = -1;
    }
    if (a->pidfd >= 0) {
        (void)syscall(SYS_pidfd_send_signal, a->pidfd, SIGKILL, NULL, 0);
        (void)waitid(P_PIDFD, (id_t)a->pidfd, &end, WEXITED);
        (void)close(a->pidfd);
        a->pidfd = -1;
    }
}

/* From here until a guard lives again the supervisor reads the group itself. */
static void stand_in(struct ovd *d, const char *why)
{
    struct ovd_access *a = d->access;

    ovd_log(&d->log, OVD_ERROR, "the guard is replaced (%s); meanwhile what is opened is %s", why,
            d->config.access_deny_late ? "refused" : "let through");
    d->counts.guard_deaths++;
    close_guard(a);
    ov_guard_answer_all(a->group, GUARD_FDS_MAX, !d->config.access_deny_late);
    a->standing_in = ovd_watch(d, a->group, OVD_EVENT_FANOTIFY, 0);
}

static bool is_own(const struct ovd_access *a, const struct ov_guard_event *event)
{
    char id[48];
    struct stat st;

    if (event->pid == getpid() || fstat(event->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return true;
    }
    (void)snprintf(id, sizeof(id), "%llu:%llu", (unsigned long long)st.st_dev,
            (unsigned long long)st.st_ino);
    for (size_t i = 0; i < a->exempt_count; i++) {
        if (strcmp(id, a->exempt[i]) == 0) {
            return true;
        }
    }
    return false;
}

void ovd_access_stand_in(struct ovd *d)
{
    struct ovd_access *a = d->access;
    struct ov_guard_event events[OV_GUARD_BATCH];
    unsigned lost = 0;
    int count;

    if (!a->standing_in) {
        return;
    }
    count = ov_guard_read(a->group, events, &lost);
    for (int i = 0; i < count; i++) {
        if (events[i].waits) {
            const bool own = is_own(a, &events[i]);

            d->counts.late += own ? 0 : 1;
            (void)ov_guard_answer(a->group, events[i].fd, own || !d->config.access_deny_late);
        }
        (void)close(events[i].fd);
    }
    d->counts.late += lost;
}

/* --- files ---------------------------------------------------------------------------------- */

static void free_job(struct access_job *job)
{
    if (job->fd >= 0) {
        (void)close(job->fd);
    }
    free(job->path);
    free(job);
}

static void answer(struct ovd *d, const struct access_job *job, bool allow, bool remember)
{
    struct ovd_access *a = d->access;
    const struct ovd_frame frame = { .kind = allow ? OVD_ALLOW : OVD_DENY,
        .client = job->number,
        .value = remember ? 1 : 0,
        .text = ov_bytes_of(NULL, 0),
        .fd = -1 };

    if (job->guard == a->guard && a->channel >= 0) {
        (void)ovd_send(a->channel, &frame); /* full: the guard's deadline answers */
    }
}

static void submit(struct ovd *d)
{
    struct ovd_access *a = d->access;

    while (a->first != NULL) {
        struct access_job *job = a->first;
        overt_error err = OVERT_ERROR_INIT;
        uint64_t token;
        overt_status status;

        memcpy(&token, &job, sizeof(token));
        status = overt_submit(a->scanner, job->fd, job->path, token, &err);
        if (status == OVERT_E_BUSY) {
            return;
        }
        a->first = job->next;
        a->last = job->next == NULL ? NULL : a->last;
        a->queued--;
        if (status == OVERT_OK) {
            job->fd = -1;
            continue;
        }
        ovd_log(&d->log, OVD_WARNING, "%s: not looked at: %s", job->path, err.message);
        answer(d, job, !d->config.access_deny_late, false);
        free_job(job);
    }
}

static void asked(struct ovd *d, struct ovd_frame *frame)
{
    struct ovd_access *a = d->access;
    char room[PATH_MAX];
    const char *path = ovd_access_path(frame->fd, room, sizeof(room));
    struct access_job *job = calloc(1, sizeof(*job));
    struct access_job spare = { .number = frame->client, .guard = a->guard };
    struct stat st;
    const bool spared = ovd_access_spares(a->policy, path, (pid_t)frame->value)
                        || (d->config.access_bytes_max > 0 && fstat(frame->fd, &st) == 0
                                && (uint64_t)st.st_size > d->config.access_bytes_max);

    d->counts.accesses++;
    if (spared || job == NULL || a->queued >= QUEUE_MAX || (job->path = strdup(path)) == NULL) {
        /* Spared for this process or this path: the file itself is not known to be good. */
        answer(d, &spare, spared || !d->config.access_deny_late, false);
        free(job);
        (void)close(frame->fd);
        return;
    }
    job->number = frame->client;
    job->guard = a->guard;
    job->waits = frame->request == OVD_ACCESS_WAITS;
    job->written = ovd_access_has_writers(frame->fd);
    job->fd = frame->fd;
    if (a->last == NULL) {
        a->first = job;
    } else {
        a->last->next = job;
    }
    a->last = job;
    a->queued++;
}

static void detected(
        struct ovd *d, const struct access_job *job, const overt_hit *hit, int fd, bool refused)
{
    char rule[1024];

    (void)snprintf(rule, sizeof(rule), "%.*s", (int)hit->name.len, hit->name.bytes);
    d->counts.detected++;
    d->counts.denied += refused ? 1 : 0;
    ovd_log(&d->log, OVD_NOTICE, "ScanOnAccess: %s: %s FOUND%s", job->path, rule,
            refused ? " (refused)" : "");
    ovd_event_run(d, job->path, rule);
    if (fd >= 0) {
        ovd_quarantine(d, job->path, rule, fd);
    }
}

/* `current`: under the rules in force. What older ones say answers who waits, and no more. */
static void reported(struct ovd *d, overt_report *report, bool current)
{
    auto_fd int fd = overt_report_take_fd(report);
    const uint64_t token = overt_report_token(report);
    struct access_job *job;
    bool allow = true, remember = current;

    if (token == 0) {
        return;
    }
    memcpy(&job, &token, sizeof(job));
    remember = remember && !job->written;
    d->counts.files++;
    d->counts.bytes += overt_report_size(report);
    switch (overt_report_verdict(report)) {
    case OVERT_CLEAN:
        break;
    case OVERT_DETECTED:
        allow = !d->config.access_prevent;
        detected(d, job, overt_report_hit(report, 0), fd, !allow && job->waits);
        break;
    case OVERT_INCOMPLETE:
        allow = !d->config.access_deny_incomplete;
        d->counts.incomplete++;
        ovd_log(&d->log, OVD_INFO, "ScanOnAccess: %s: INCOMPLETE %s", job->path,
                ovd_reason_of(report));
        break;
    case OVERT_FAILED:
        allow = !d->config.access_deny_late;
        remember = false;
        d->counts.failed++;
        ovd_log(&d->log, OVD_WARNING, "ScanOnAccess: %s: FAILED %s", job->path,
                ovd_reason_of(report));
        break;
    }
    if (overt_report_verdict(report) != OVERT_CLEAN) {
        ovd_log_event(&d->log, "access", job->path, report, d->current.digest);
    }
    answer(d, job, allow, remember);
    free_job(job);
}

static bool collect(struct ovd *d, overt_scanner *scanner)
{
    const bool current = scanner == d->access->scanner;

    for (;;) {
        overt_error err = OVERT_ERROR_INIT;
        overt_report *report = NULL;

        if (overt_collect(scanner, 0, &report, &err) != OVERT_OK) {
            ovd_log(&d->log, OVD_ERROR, "nothing can be scanned any more: %s", err.message);
            d->stopping = true;
            return false;
        }
        if (report == NULL) {
            return true;
        }
        reported(d, report, current);
        overt_report_free(report);
    }
}

void ovd_access_collect(struct ovd *d)
{
    struct ovd_access *a = d->access;

    if (a == NULL) {
        return;
    }
    (void)collect(d, a->scanner);
    if (a->retiring != NULL && collect(d, a->retiring) && overt_pending(a->retiring) == 0
            && ov_scanner_leave(a->retiring)) {
        overt_scanner_free(a->retiring);
        a->retiring = NULL;
    }
    submit(d);
}

/* --- hearing the guard ---------------------------------------------------------------------- */

static void heard(struct ovd *d, struct ovd_frame *frame)
{
    struct ovd_access *a = d->access;

    if (frame->kind == OVD_ACCESS && frame->fd >= 0) {
        asked(d, frame);
        return;
    }
    if (frame->fd >= 0) {
        (void)close(frame->fd);
    }
    if (frame->kind == OVD_ALIVE) {
        a->alive_ms = ovd_clock_ms();
        a->beat_due = false;
    } else if (frame->kind == OVD_LATE) {
        d->counts.late += frame->value;
        ovd_log(&d->log, OVD_WARNING, "%u opens were %s without a verdict: none came in time",
                frame->value, d->config.access_deny_late ? "refused" : "let through");
    } else {
        stand_in(d, "it said what it may not say");
    }
}

void ovd_access_hear(struct ovd *d, uint32_t number)
{
    struct ovd_access *a = d->access;

    if (number == 1 && a->pidfd >= 0) {
        stand_in(d, "it ended");
        return;
    }
    for (unsigned i = 0; i < FRAMES_AT_ONCE && a->channel >= 0; i++) {
        struct ovd_inbox inbox;
        struct ovd_frame frame;

        switch (ovd_receive(a->channel, &inbox, &frame)) {
        case OVD_IO_AGAIN:
            return;
        case OVD_IO_DONE:
            heard(d, &frame);
            break;
        case OVD_IO_END:
        case OVD_IO_WRONG:
            stand_in(d, "its channel broke");
            return;
        }
    }
}

/* --- time ----------------------------------------------------------------------------------- */

int ovd_access_tick(struct ovd *d, uint64_t now_ms)
{
    struct ovd_access *a = d->access;
    /* Two beats fit into a deadline, so that a stopped guard is replaced before opens are late. */
    const uint64_t every_ms = d->config.access_deadline_ms / 4 + 1;
    const struct ovd_frame beat = { .kind = OVD_BEAT, .text = ov_bytes_of(NULL, 0), .fd = -1 };

    if (a == NULL) {
        return INT_MAX;
    }
    if (a->pidfd < 0) {
        if (now_ms - a->started_ms >= RESTART_MS && start_guard(d)) {
            (void)epoll_ctl(d->epoll, EPOLL_CTL_DEL, a->group, NULL);
            a->standing_in = false;
        }
    } else if (a->beat_due && now_ms - a->beat_ms >= 2 * every_ms) {
        stand_in(d, "it does not answer");
    } else if (!a->beat_due && now_ms - a->beat_ms >= every_ms) {
        a->beat_ms = now_ms;
        a->beat_due = ovd_send(a->channel, &beat) != OVD_IO_END;
    }
    return (int)every_ms;
}

/* --- beginning and end ---------------------------------------------------------------------- */

static overt_scanner *new_scanner(struct ovd *d, overt_db *db)
{
    overt_scanner *scanner = NULL;
    overt_error err = OVERT_ERROR_INIT;

    if (ovd_rules_scanner(d, db, IN_FLIGHT, &scanner, &err) != OVERT_OK) {
        ovd_log(&d->log, OVD_ERROR, "on-access has no workers: %s", err.message);
        return NULL;
    }
    if (!ovd_watch(d, overt_scanner_fd(scanner), OVD_EVENT_ACCESS, 0)) {
        overt_scanner_free(scanner);
        return NULL;
    }
    return scanner;
}

/* Workers that cannot be had now are asked for again with the first open. */
bool ovd_access_prepare(struct ovd *d, overt_db *db)
{
    struct ovd_access *a = d->access;
    overt_error err = OVERT_ERROR_INIT;
    bool ready = false;

    if (a == NULL) {
        return true;
    }
    a->next = a->next == NULL ? new_scanner(d, db) : a->next;
    if (a->next != NULL && ov_scanner_prepare(a->next, &ready, &err) != OVERT_OK) {
        ovd_log(&d->log, OVD_ERROR, "on-access has no workers yet: %s", err.message);
        ready = true;
    }
    return ready || a->next == NULL;
}

bool ovd_access_is_changing(const struct ovd *d)
{
    return d->access != NULL && d->access->retiring != NULL;
}

void ovd_access_not_used(struct ovd *d)
{
    if (d->access != NULL) {
        overt_scanner_free(d->access->next);
        d->access->next = NULL;
    }
}

void ovd_access_new_rules(struct ovd *d)
{
    struct ovd_access *a = d->access;
    const struct ovd_frame forget = { .kind = OVD_FORGET, .text = ov_bytes_of(NULL, 0), .fd = -1 };

    if (a == NULL) {
        return;
    }
    OV_ASSERT(a->retiring == NULL); /* a reload waits for that */
    if (a->next == NULL) {
        return; /* it was said why */
    }
    a->retiring = a->scanner;
    a->scanner = a->next;
    a->next = NULL;
    (void)ovd_send(a->channel, &forget);
}

bool ovd_access_start(struct ovd *d)
{
    struct ovd_access *a;

    if (d->config.access_modes.count == 0) {
        return true;
    }
    a = d->access = calloc(1, sizeof(*a));
    if (a == NULL || !ovd_access_modes_are_known(d)) {
        return false;
    }
    a->channel = a->pidfd = -1;
    a->policy = ovd_access_policy_new(d);
    a->group = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE,
            O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (a->group < 0) {
        ovd_log(&d->log, OVD_ERROR, "OnAccess: fanotify cannot be had: %s", strerror(errno));
    }
    if (a->group < 0 || a->policy == NULL || (a->scanner = new_scanner(d, d->current.db)) == NULL) {
        return false;
    }
    find_exempt(a);
    if (!start_guard(d)) {
        ovd_log(&d->log, OVD_ERROR, "overt-guard cannot be started: %s", strerror(errno));
        return false;
    }
    return ovd_access_mark(d, a->group);
}

void ovd_access_done(struct ovd *d)
{
    struct ovd_access *a = d->access;

    if (a == NULL) {
        return;
    }
    if (a->group >= 0) {
        /* In this order: whoever still waits is let through by the kernel once both have let go. */
        close_guard(a);
        (void)close(a->group);
    }
    while (a->first != NULL) {
        struct access_job *job = a->first;

        a->first = job->next;
        free_job(job);
    }
    overt_scanner_free(a->next);
    overt_scanner_free(a->scanner);
    overt_scanner_free(a->retiring);
    ovd_access_policy_free(a->policy);
    free(a);
    d->access = NULL;
}
