/* SPDX-License-Identifier: Apache-2.0 */
/* ruleset.c - the rule set in force, and its change without a pause: a child has the new one
 * compiled and verified, then files go to workers on the new one while those on the old one finish
 * theirs. Databases are mapped, so the new one costs its own pages and no more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "api/memfd.h"
#include "api/turnover.h"
#include "programs/overt/rulesets.h"
#include "programs/overtd/daemon.h"

/* What the child says: which file the database is in. */
enum {
    CHILD_WRITTEN = 0, /* into the memory file */
    CHILD_FAILED = 1,
    CHILD_AS_IT_IS = 2 /* the one named file is a database, or the default is used */
};

static bool is_one_database(const struct ovd *d, const char **path)
{
    const size_t count = d->config.rules.count;
    const size_t len = count == 1 ? strlen(d->config.rules.at[0]) : 0;

    *path = count == 1 ? d->config.rules.at[0] : NULL;
    return len > 5 && strcmp(*path + len - 5, ".ovdb") == 0;
}

/* The configuration's list as a command's words; `room` holds the pointers. */
struct room {
    const char *at[OVD_LIST_MAX + 1];
};

static struct ov_words words_of(const struct ovd *d, struct room *room)
{
    for (size_t i = 0; i < d->config.rules.count; i++) {
        room->at[i] = d->config.rules.at[i];
    }
    room->at[d->config.rules.count] = NULL;
    return (struct ov_words){ .at = room->at, .count = d->config.rules.count };
}

/* --- the child ------------------------------------------------------------------------------ */

_Noreturn static void prepare(struct ovd *d, int memory)
{
    struct room room;
    const struct ov_words words = words_of(d, &room);
    const struct ov_ruleset_options options = { .command = "overtd",
        .sources = &words,
        .weaker = (const char *const *)d->config.weaker.at,
        .keep_good = true };
    struct ov_ruleset ruleset;
    overt_error err = OVERT_ERROR_INIT;
    const char *path;
    const bool as_it_is = words.count == 0 || is_one_database(d, &path);

    if (!ov_ruleset_open(&ruleset, &options)) {
        _exit(CHILD_FAILED);
    }
    if (overt_db_verify(ruleset.db, &err) != OVERT_OK
            || (!as_it_is && overt_db_write(ruleset.db, memory, &err) != OVERT_OK)) {
        (void)fprintf(stderr, "overtd: %s: %s\n", ruleset.name, err.message);
        _exit(CHILD_FAILED);
    }
    _exit(as_it_is ? CHILD_AS_IT_IS : CHILD_WRITTEN);
}

static bool start_child(struct ovd *d)
{
    pid_t pid;

    d->reload_memory = ov_memfd_new("overt-rules");
    if (d->reload_memory < 0) {
        return false;
    }
    pid = fork();
    if (pid == 0) {
        const int memory = d->reload_memory;
        sigset_t none;

        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        if (dup2(memory, 3) != 3 || syscall(SYS_close_range, 4, ~0u, 0) != 0) {
            _exit(CHILD_FAILED);
        }
        prepare(d, 3);
    }
    d->reload_pidfd = pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, pid, 0);
    if (d->reload_pidfd < 0) {
        (void)close(d->reload_memory);
        d->reload_memory = -1;
        return false;
    }
    return true;
}

/* Waits for the child's end. CHILD_FAILED for every other end than the three. */
static int end_child(struct ovd *d)
{
    siginfo_t end = { .si_code = 0 };

    (void)waitid(P_PIDFD, (id_t)d->reload_pidfd, &end, WEXITED);
    (void)close(d->reload_pidfd);
    d->reload_pidfd = -1;
    return end.si_code == CLD_EXITED
                           && (end.si_status == CHILD_WRITTEN || end.si_status == CHILD_AS_IT_IS)
                   ? end.si_status
                   : CHILD_FAILED;
}

/* --- the set -------------------------------------------------------------------------------- */

static overt_status open_database(
        struct ovd *d, int how, overt_db **out, char **name, overt_error *err)
{
    struct room room;
    const struct ov_words words = words_of(d, &room);
    const struct ov_ruleset_options options = { .command = "overtd", .sources = &words };
    char self[48];

    if (how == CHILD_AS_IT_IS) {
        struct ov_ruleset ruleset;

        if (!ov_ruleset_open(&ruleset, &options)) {
            return ov_fail(err, OVERT_E_IO, UINT64_MAX, "it cannot be opened");
        }
        *out = ruleset.db;
        *name = ruleset.name;
        return OVERT_OK;
    }
    (void)snprintf(self, sizeof(self), "/proc/self/fd/%d", d->reload_memory);
    if (ov_memfd_seal(d->reload_memory, err) != OVERT_OK) {
        return (overt_status)err->status;
    }
    *name = strdup(d->config.rules.at[0]);
    return *name == NULL ? ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory")
                         : overt_db_open(out, self, err);
}

static overt_status new_scanner(const struct ovd *d, overt_db *db, uint32_t in_flight,
        uint64_t remember, overt_scanner **out, overt_error *err)
{
    overt_limits limits = OVERT_LIMITS_INIT;
    overt_options options = OVERT_OPTIONS_INIT;

    limits.time_ms_max = (uint32_t)d->config.scan_ms_max;
    limits.bytes_max = d->config.scan_bytes_max;
    limits.object_bytes_max = d->config.file_bytes_max;
    limits.depth_max = (uint32_t)d->config.depth_max;
    limits.objects_max = (uint32_t)d->config.files_max;
    options.workers = (uint32_t)d->config.workers;
    options.weaker = (const char *const *)d->config.weaker.at;
    options.in_flight = in_flight;
    options.remember = (uint32_t)remember;
    return overt_scanner_new(out, db, &limits, &options, err);
}

overt_status ovd_rules_scanner(
        struct ovd *d, overt_db *db, uint32_t in_flight, overt_scanner **out, overt_error *err)
{
    return new_scanner(d, db, in_flight, 0, out, err); /* the guard remembers */
}

static overt_status open_set(struct ovd *d, int how, struct ovd_scanner *out, overt_error *err)
{
    uint8_t digest[32];
    overt_status status = open_database(d, how, &out->db, &out->name, err);

    if (status == OVERT_OK) {
        /* Streams, which the gate remembers, take half the memory and come more often. */
        status = new_scanner(d, out->db, 0, d->config.cache_off ? 0 : d->config.cache_places / 4,
                &out->scanner, err);
    }
    if (status != OVERT_OK) {
        return status;
    }
    overt_db_digest(out->db, digest);
    for (size_t i = 0; i < 8; i++) {
        (void)snprintf(out->digest + 2 * i, 3, "%02x", digest[i]);
    }
    out->rules = overt_db_rule_count(out->db) + overt_db_hash_count(out->db);
    return OVERT_OK;
}

static void close_set(struct ovd *d, struct ovd_scanner *s)
{
    if (s->watched) {
        (void)epoll_ctl(d->epoll, EPOLL_CTL_DEL, overt_scanner_fd(s->scanner), NULL);
    }
    overt_scanner_free(s->scanner);
    overt_db_free(s->db);
    free(s->name);
    *s = (struct ovd_scanner){ .db = NULL };
}

/* --- from one to the next ------------------------------------------------------------------- */

/* An empty file for each worker: one that has answered has mapped its rules and is quick from then on. */
static overt_status warm(struct ovd_scanner *s, overt_error *err)
{
    overt_status status = OVERT_OK;

    for (size_t i = 0; i < ov_scanner_workers(s->scanner) && status == OVERT_OK; i++) {
        int fd = -1;

        status = ov_memfd_of(&fd, "overt-empty", ov_bytes_of("", 0), err);
        if (status == OVERT_OK) {
            status = overt_submit(s->scanner, fd, "", 0, err);
        }
        if (status != OVERT_OK && fd >= 0) {
            (void)close(fd);
        }
    }
    return status;
}

/* Takes in what workers say to their empty files. */
static overt_status hear_warm(struct ovd_scanner *s, overt_error *err)
{
    for (;;) {
        overt_report *report = NULL;
        const overt_status status = overt_collect(s->scanner, 0, &report, err);

        if (status != OVERT_OK || report == NULL) {
            return status;
        }
        overt_report_free(report);
    }
}

/* *ready: all workers of the next set wait for files. Waits for nothing. */
static overt_status prepare_next(struct ovd *d, bool *ready, overt_error *err)
{
    struct ovd_scanner *next = &d->next;
    overt_status status = OVERT_OK;

    *ready = false;
    if (!d->next_warm) {
        status = ov_scanner_prepare(next->scanner, ready, err);
        if (status != OVERT_OK || !*ready) {
            return status;
        }
        status = warm(next, err);
        d->next_warm = true;
    }
    status = status == OVERT_OK ? hear_warm(next, err) : status;
    *ready = status == OVERT_OK && overt_pending(next->scanner) == 0
             && ovd_access_prepare(d, next->db);
    return status;
}

static void switch_over(struct ovd *d)
{
    d->retiring = d->current;
    d->current = d->next;
    d->next = (struct ovd_scanner){ .db = NULL };
    d->next_warm = false;
    ovd_gate_forget(d);
    ovd_rules_retire(d);
    ovd_access_new_rules(d);
}

enum step {
    STEP_WAITS,
    STEP_DONE,
    STEP_FAILED
};

static enum step step(struct ovd *d)
{
    overt_error err = OVERT_ERROR_INIT;
    bool ready = false;

    if (prepare_next(d, &ready, &err) != OVERT_OK) {
        ovd_log(&d->log, OVD_ERROR, "the rules cannot be used: %s", err.message);
        close_set(d, &d->next);
        d->next_warm = false;
        ovd_access_not_used(d);
        return STEP_FAILED;
    }
    if (!ready) {
        return STEP_WAITS;
    }
    switch_over(d);
    return STEP_DONE;
}

/* The database that the child looked at becomes the next set; its workers are begun. */
static bool begin_next(struct ovd *d, int how)
{
    overt_error err = OVERT_ERROR_INIT;
    const overt_status status = how == CHILD_FAILED ? OVERT_E_IO : open_set(d, how, &d->next, &err);

    (void)close(d->reload_memory);
    d->reload_memory = -1;
    if (status == OVERT_OK) {
        d->next.watched = ovd_watch(d, overt_scanner_fd(d->next.scanner), OVD_EVENT_SCANNER, 0);
        return true;
    }
    if (how != CHILD_FAILED) {
        ovd_log(&d->log, OVD_ERROR, "the rules cannot be used: %s", err.message);
    }
    close_set(d, &d->next);
    return false;
}

/* What nothing is under way in any more ends, without anybody waiting for it. */
void ovd_rules_retire(struct ovd *d)
{
    if (d->retiring.scanner != NULL && overt_pending(d->retiring.scanner) == 0
            && ov_scanner_leave(d->retiring.scanner)) {
        close_set(d, &d->retiring);
    }
}

/* --- when they change ----------------------------------------------------------------------- */

/* A number that changes when a source does: names, sizes and times of what was named. */
static uint64_t mix(uint64_t stamp, const struct stat *st, const char *name)
{
    const uint64_t facts[] = { (uint64_t)st->st_size, (uint64_t)st->st_mtim.tv_sec,
        (uint64_t)st->st_mtim.tv_nsec, (uint64_t)st->st_ino };

    for (size_t i = 0; i < 4; i++) {
        stamp = (stamp ^ facts[i]) * UINT64_C(0x100000001b3);
    }
    for (; *name != '\0'; name++) {
        stamp = (stamp ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    }
    return stamp;
}

static uint64_t stamp_folder(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    uint64_t stamp = 0; /* added up: the order of a folder means nothing */
    struct stat st;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode)) {
            stamp += mix(0, &st, entry->d_name);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return stamp;
}

static uint64_t stamp_sources(const struct ovd *d)
{
    static const char active[] = "/var/lib/overt/active.ovdb";
    uint64_t stamp = 1;
    struct stat st;

    if (d->config.rules.count == 0) {
        return stat(active, &st) == 0 ? mix(stamp, &st, active) : stamp;
    }
    for (size_t i = 0; i < d->config.rules.count; i++) {
        const char *path = d->config.rules.at[i];

        if (stat(path, &st) == 0) {
            stamp = S_ISDIR(st.st_mode) ? stamp + stamp_folder(path) : mix(stamp, &st, path);
        }
    }
    return stamp;
}

bool ovd_rules_first(struct ovd *d)
{
    enum step how;

    d->sources_stamp = stamp_sources(d);
    if (!start_child(d)) {
        ovd_log(&d->log, OVD_ERROR, "rules cannot be read: %s", strerror(errno));
        return false;
    }
    if (!begin_next(d, end_child(d))) {
        return false;
    }
    while ((how = step(d)) == STEP_WAITS) {
        struct pollfd some = { .fd = overt_scanner_fd(d->next.scanner), .events = POLLIN };

        (void)poll(&some, 1, 1000);
    }
    if (how == STEP_FAILED) {
        return false;
    }
    ovd_log(&d->log, OVD_INFO, "Loaded %llu signatures from %s (%s)",
            (unsigned long long)d->current.rules, d->current.name, d->current.digest);
    return true;
}

/* There are never three rule sets at once. */
static bool is_changing(const struct ovd *d)
{
    return d->reload_pidfd >= 0 || d->next.scanner != NULL || d->retiring.scanner != NULL
           || ovd_access_is_changing(d);
}

void ovd_rules_reload(struct ovd *d)
{
    if (is_changing(d)) {
        d->reload_again = true; /* once the one under way is through */
        return;
    }
    d->reload_again = false;
    d->sources_stamp = stamp_sources(d);
    if (!start_child(d) || !ovd_watch(d, d->reload_pidfd, OVD_EVENT_RELOAD, 0)) {
        ovd_log(&d->log, OVD_ERROR, "a reload could not be begun: %s", strerror(errno));
        d->counts.reloads_failed++;
    }
}

static void not_used(struct ovd *d)
{
    d->counts.reloads_failed++;
    ovd_log(&d->log, OVD_ERROR, "the new rules are not used; %s stays in force", d->current.digest);
}

bool ovd_rules_reloaded(struct ovd *d)
{
    if (begin_next(d, end_child(d))) {
        return false;
    }
    not_used(d);
    return true;
}

bool ovd_rules_turn(struct ovd *d)
{
    if (d->next.scanner == NULL) {
        return false;
    }
    switch (step(d)) {
    case STEP_WAITS:
        return false;
    case STEP_FAILED:
        not_used(d);
        break;
    case STEP_DONE:
        d->counts.reloads++;
        ovd_log(&d->log, OVD_NOTICE, "Database correctly reloaded (%llu signatures)",
                (unsigned long long)d->current.rules);
        ovd_record(d, "rules");
        break;
    }
    return true;
}

void ovd_rules_check(struct ovd *d, uint64_t now_ms)
{
    if (d->reload_again && !is_changing(d)) {
        ovd_rules_reload(d);
    }
    if (d->config.self_check_s == 0 || now_ms - d->checked_ms < d->config.self_check_s * 1000) {
        return;
    }
    d->checked_ms = now_ms;
    if (stamp_sources(d) != d->sources_stamp) {
        ovd_log(&d->log, OVD_INFO, "SelfCheck: Database modification detected. Forcing reload.");
        ovd_rules_reload(d);
    } else {
        ovd_log(&d->log, OVD_DEBUG, "SelfCheck: Database status OK.");
    }
}

void ovd_rules_done(struct ovd *d)
{
    if (d->reload_pidfd >= 0) {
        (void)syscall(SYS_pidfd_send_signal, d->reload_pidfd, SIGKILL, NULL, 0);
        (void)end_child(d);
    }
    if (d->reload_memory >= 0) {
        (void)close(d->reload_memory);
    }
    close_set(d, &d->next);
    close_set(d, &d->retiring);
    close_set(d, &d->current);
}
