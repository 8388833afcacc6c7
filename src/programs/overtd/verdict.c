/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.c - what is said to the client, to the log and to the owner's command of one file. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "clamd/command.h"
#include "programs/overtd/daemon.h"

static const char *source_of(const struct ovd_work *work)
{
    return work->kind == OVD_WORK_STREAM ? "stream" : work->kind == OVD_WORK_FD ? "fd" : "path";
}

const char *ovd_work_shown(const struct ovd_work *work, const char *path, char *room, size_t size)
{
    if (work->kind == OVD_WORK_STREAM) {
        return "stream";
    }
    if (work->kind == OVD_WORK_FD) {
        (void)snprintf(room, size, "fd[%u]", work->shown);
        return room;
    }
    return path == NULL ? "" : path;
}

static void line(struct ovd *d, struct ovd_work *work, const char *path, const char *what)
{
    char room[32], text[OVD_TEXT_BYTES_MAX];
    const bool last = work->kind != OVD_WORK_PATH; /* one file, one line */

    if (!work->gone) {
        (void)snprintf(
                text, sizeof(text), "%s: %s", ovd_work_shown(work, path, room, sizeof(room)), what);
        ovd_reply(d, work->client, work->request, last, text);
        work->gone = last; /* it has its answer */
    }
}

/* --- detections ----------------------------------------------------------------------------- */

void ovd_events_reap(struct ovd *d)
{
    for (size_t i = 0; i < d->event_count;) {
        if (waitpid(d->events[i], NULL, WNOHANG) != 0) { /* ended, or not to be had */
            d->events[i] = d->events[--d->event_count];
        } else {
            i++;
        }
    }
}

_Noreturn static void become_event(const struct ovd *d, const char *shown, const char *rule)
{
    char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, d->config.virus_event, NULL };
    char *file_env = NULL, *name_env = NULL;
    char *envp[] = { (char[]){
                             "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
        NULL, NULL, NULL };
    sigset_t none;

    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    if (asprintf(&file_env, "CLAM_VIRUSEVENT_FILENAME=%s", shown) >= 0
            && asprintf(&name_env, "CLAM_VIRUSEVENT_VIRUSNAME=%s", rule) >= 0) {
        envp[1] = file_env;
        envp[2] = name_env;
        (void)execve("/bin/sh", argv, envp);
    }
    _exit(127);
}

/* The owner's command, with the names in its environment and never in its text. It is started by
 * the supervisor, which has read nothing of what was scanned; with fork, as a spawn that waits for
 * the exec would wait for the guard, which waits for us. */
void ovd_event_run(struct ovd *d, const char *shown, const char *rule)
{
    pid_t pid;

    ovd_status_found(d, shown, rule);
    ovd_events_reap(d);
    ovd_notify(d, shown, rule);
    if (d->config.virus_event == NULL) {
        return;
    }
    if (d->event_count == OVD_EVENTS_MAX) {
        ovd_log(&d->log, OVD_ERROR, "VirusEvent was not run for %s: %u of them still run", shown,
                OVD_EVENTS_MAX);
        return;
    }
    pid = fork();
    if (pid == 0) {
        become_event(d, shown, rule);
    }
    if (pid < 0) {
        ovd_log(&d->log, OVD_ERROR, "VirusEvent could not be run: %s", strerror(errno));
    } else {
        d->events[d->event_count++] = pid;
    }
}

static void one_hit(struct ovd *d, struct ovd_work *work, const char *path, const char *rule)
{
    char room[32], what[OVD_TEXT_BYTES_MAX];
    const char *shown = ovd_work_shown(work, path, room, sizeof(room));

    (void)snprintf(what, sizeof(what), "%s FOUND", rule);
    line(d, work, path, what);
    ovd_log(&d->log, OVD_NOTICE, "%s: %s FOUND", shown, rule);
    ovd_event_run(d, shown, rule);
}

static bool same_name(const overt_hit *a, const overt_hit *b)
{
    return a->name.len == b->name.len && memcmp(a->name.bytes, b->name.bytes, a->name.len) == 0;
}

static void detected(
        struct ovd *d, struct ovd_work *work, const char *path, const overt_report *report)
{
    const size_t count = work->verb == OV_CLAMD_ALLMATCHSCAN ? overt_report_hit_count(report) : 1;

    d->counts.detected++;
    work->found++;
    for (size_t i = 0; i < count; i++) {
        const overt_hit *hit = overt_report_hit(report, i);
        bool told = false;
        char name[1024];

        for (size_t before = 0; before < i && !told; before++) {
            told = same_name(hit, overt_report_hit(report, before));
        }
        if (!told) {
            (void)snprintf(name, sizeof(name), "%.*s", (int)hit->name.len, hit->name.bytes);
            one_hit(d, work, path, name);
        }
    }
}

/* Only what has a path of its own: a stream is nowhere, and a descriptor's file its sender's. */
static void put_away(
        struct ovd *d, const struct ovd_work *work, const char *path, overt_report *report)
{
    auto_fd int fd = overt_report_take_fd(report);
    const overt_hit *hit = overt_report_hit(report, 0);
    char rule[1024];

    if (work->kind == OVD_WORK_PATH && path != NULL && fd >= 0) {
        (void)snprintf(rule, sizeof(rule), "%.*s", (int)hit->name.len, hit->name.bytes);
        ovd_quarantine(d, path, rule, fd);
    }
}

/* --- looks that ended early ----------------------------------------------------------------- */

const char *ovd_reason_of(const overt_report *report)
{
    const overt_gap *gap = overt_report_gap(report, 0);

    return gap == NULL ? "unknown" : gap->reason;
}

static void incomplete(
        struct ovd *d, struct ovd_work *work, const char *path, const overt_report *report)
{
    char room[32], what[512];
    const char *shown = ovd_work_shown(work, path, room, sizeof(room));
    const char *reason = ovd_reason_of(report);

    d->counts.incomplete++;
    ovd_log(&d->log, OVD_WARNING, "%s: INCOMPLETE %s", shown, reason);
    switch (d->config.incomplete) {
    case OVD_INCOMPLETE_OK:
        if (work->kind != OVD_WORK_PATH) {
            line(d, work, path, "OK");
        }
        return;
    case OVD_INCOMPLETE_FOUND:
        work->found++;
        (void)snprintf(what, sizeof(what), "Heuristics.Overt.Incomplete.%s FOUND", reason);
        break;
    case OVD_INCOMPLETE_ERROR:
        work->problems++;
        (void)snprintf(what, sizeof(what), "Not everything could be looked at: %s ERROR", reason);
        break;
    }
    line(d, work, path, what);
}

static void failed(
        struct ovd *d, struct ovd_work *work, const char *path, const overt_report *report)
{
    char room[32], what[512];
    const char *shown = ovd_work_shown(work, path, room, sizeof(room));
    const char *reason = ovd_reason_of(report);

    d->counts.failed++;
    work->problems++;
    ovd_log(&d->log, OVD_ERROR, "%s: FAILED %s", shown, reason);
    (void)snprintf(what, sizeof(what), "%s ERROR",
            strcmp(reason, "time") == 0 ? "Exceeded time limit" : reason);
    line(d, work, path, what);
}

void ovd_verdict_tell(struct ovd *d, struct ovd_work *work, const char *path, overt_report *report)
{
    char room[32];
    const overt_verdict verdict = overt_report_verdict(report);

    switch (verdict) {
    case OVERT_CLEAN:
        if (work->kind == OVD_WORK_STREAM && !work->gone) {
            ovd_reply_clean(d, work->client, work->request, "stream: OK");
            work->gone = true;
        } else if (work->kind != OVD_WORK_PATH) {
            line(d, work, path, "OK");
        }
        if (d->config.log_clean) {
            ovd_log(&d->log, OVD_INFO, "%s: OK", ovd_work_shown(work, path, room, sizeof(room)));
        }
        return;
    case OVERT_DETECTED:
        detected(d, work, path, report);
        put_away(d, work, path, report);
        break;
    case OVERT_INCOMPLETE:
        incomplete(d, work, path, report);
        break;
    case OVERT_FAILED:
        failed(d, work, path, report);
        break;
    }
    ovd_log_event(&d->log, source_of(work), ovd_work_shown(work, path, room, sizeof(room)), report,
            d->current.digest);
}

/* --- what could not be looked at ------------------------------------------------------------ */

void ovd_problem_tell(
        struct ovd *d, struct ovd_work *work, const char *path, enum ovd_problem problem, int bad)
{
    char room[32], what[256];
    const char *why = strerrordesc_np(bad);

    why = why == NULL ? "Unknown error" : why;
    switch (problem) {
    case OVD_PROBLEM_CHECK:
        (void)snprintf(what, sizeof(what), "File path check failure: %s. ERROR", why);
        work->problems++;
        break;
    case OVD_PROBLEM_ACCESS:
        (void)snprintf(what, sizeof(what), "%s ERROR",
                bad == EACCES || bad == EPERM ? "Access denied." : why);
        work->problems++;
        break;
    case OVD_PROBLEM_SPECIAL: /* as clamd: it says so, and then OK */
        (void)snprintf(what, sizeof(what), "%s ERROR",
                work->kind == OVD_WORK_PATH ? "Not supported file type" : "Not a regular file");
        break;
    }
    ovd_log(&d->log, OVD_WARNING, "%s: %s", ovd_work_shown(work, path, room, sizeof(room)), what);
    line(d, work, path, what);
}

void ovd_error_tell(struct ovd *d, struct ovd_work *work, const char *path, const overt_error *err)
{
    char room[32], what[256];

    work->problems++;
    (void)snprintf(what, sizeof(what), "%s ERROR", err->message);
    ovd_log(&d->log, OVD_ERROR, "%s: %s", ovd_work_shown(work, path, room, sizeof(room)), what);
    line(d, work, path, what);
}
