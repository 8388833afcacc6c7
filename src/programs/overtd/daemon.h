/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.h - the supervisor's state, shared by its files. One thread, one event loop; it reads no
 * content and no client's bytes. */
#ifndef OV_PROGRAMS_OVERTD_DAEMON_H
#define OV_PROGRAMS_OVERTD_DAEMON_H

#include "programs/overtd/config.h"
#include "programs/overtd/log.h"
#include "programs/overtd/opener.h"
#include "sandbox/wire.h"

/* What an event is about: the upper half of epoll's data; the lower half is a number. */
enum ovd_event {
    OVD_EVENT_SIGNAL = 1,
    OVD_EVENT_LISTENER, /* number: index */
    OVD_EVENT_GATE,
    OVD_EVENT_SCANNER, /* the current one, the next, or the one that is retiring */
    OVD_EVENT_OPENER,  /* number: of the work */
    OVD_EVENT_RELOAD,
    OVD_EVENT_GUARD,    /* number: 0 its frames, 1 its end */
    OVD_EVENT_FANOTIFY, /* while no guard reads the group */
    OVD_EVENT_ACCESS    /* the scanner of on-access */
};

#define OVD_LISTENERS_MAX  32u
#define OVD_EVENTS_MAX     64u /* commands at once; beyond, it is said that one was not run */
#define OVD_GATE_QUEUE_MAX (64u * 1024u * 1024u) /* of answers that the gate has not taken */
#define OVD_OPENERS_MAX    64u /* processes at once; further paths wait for one of them */

/* One connection. Its bytes are the gate's; here is only on whose behalf it speaks. */
struct ovd_session {
    uint32_t id; /* 0: this slot is free */
    bool local;
    struct ovd_peer *peer; /* owned; NULL for TCP */
};

/* A connection that was accepted, and the gate has no room for yet. */
struct ovd_parked {
    int fd; /* owned; -1: none */
    bool local;
    struct ovd_peer *peer; /* owned */
};

struct ovd_scanner {
    overt_db *db;
    overt_scanner *scanner;
    char *name;      /* of the rules, for people */
    char digest[17]; /* of the database, its first 8 bytes */
    uint64_t rules;
    bool watched; /* its descriptor is in the epoll */
};

/* One request of one client: a stream, a descriptor, or a path with all that is below it. */
struct ovd_work {
    uint32_t number; /* 0: this place is free */
    uint32_t client, request;
    bool gone; /* the client is: nothing is to be said any more */
    enum {
        OVD_WORK_STREAM = 1,
        OVD_WORK_FD,
        OVD_WORK_PATH
    } kind;
    uint32_t verb;            /* enum ov_clamd_verb of a path */
    uint32_t shown;           /* the number of a FILDES */
    char *path;               /* owned; as the client said it */
    int opener, opener_pidfd; /* -1: none */
    bool opening;             /* there may be more to come from the opener */
    bool waits;               /* for one of the openers to end */
    uint32_t window;          /* files under way at once */
    uint32_t under_way;
    uint64_t told, problems, found;
    bool enough; /* SCAN has found something */
    uint64_t since_ms;
};

/* Small streams of one client, in one memory file. */
struct ovd_streams {
    int fd; /* owned by all that are among them, together */
    uint32_t users;
};

/* One file of a work, in the queue or at a worker. */
struct ovd_job {
    struct ovd_job *next;
    struct ovd_work *work;
    char *path;                /* owned; NULL: the work's own */
    int fd;                    /* -1: at the scanner, or a part */
    struct ovd_streams *among; /* NULL: it has a descriptor of its own */
    uint32_t offset, bytes;    /* of a part */
    bool opened_again;
};

struct ovd_counts {
    uint64_t requests, files, bytes, detected, incomplete, failed, reloads, reloads_failed;
    uint64_t accesses, denied, late, guard_deaths;
};

/* What the status file remembers between two writings. */
struct ovd_seen {
    uint64_t written_ms, changes;
    uint64_t rules_s; /* when the rules in force took over, by the calendar */
    uint64_t found_s; /* the last detection; 0: none yet */
    char digest[17];  /* of the rules of rules_s */
    bool write_failed;
    char found_name[1024]; /* cut if longer */
    char found_rule[256];
};

struct ovd {
    struct ovd_config config;
    const char *config_path;
    struct ovd_log log;
    bool as_root;
    struct ovd_peer stranger; /* who a TCP client is */
    int epoll, signals;
    int listeners[OVD_LISTENERS_MAX];
    bool listener_local[OVD_LISTENERS_MAX];
    size_t listener_count;
    char *bound_path; /* owned; the socket file that we made and take away */

    int gate, gate_pidfd;
    struct ov_buf gate_queue; /* frames for the gate: of this turn, or it has no room for them */
    uint64_t gate_queue_at;
    uint32_t gate_events;
    struct ovd_parked parked;
    struct ovd_session *sessions; /* owned */
    uint32_t session_cap, session_count, session_generation;

    struct ovd_scanner current, retiring;
    struct ovd_scanner next; /* its workers are not all there yet, or have not answered yet */
    struct ovd_work **works; /* owned; by slot */
    uint32_t work_cap, work_count, work_serial, openers;
    struct ovd_job *queue_first, *queue_last;
    uint64_t queued, queue_fds_max;
    struct ovd_counts counts;
    struct ovd_access *access; /* owned; NULL: not watched */
    uint64_t started_ms;
    struct ovd_seen seen;

    int reload_pidfd, reload_memory; /* -1: none under way */
    bool reload_again;
    bool next_warm; /* its workers are there, and were sent an empty file each */
    uint64_t sources_stamp, checked_ms;

    pid_t events[OVD_EVENTS_MAX]; /* VirusEvent commands, notices and movers that run */
    size_t event_count;

    bool stopping;
};

uint64_t ovd_clock_ms(void);
bool ovd_watch(struct ovd *d, int fd, enum ovd_event event, uint32_t number);

/* onrecord.c: into the ledger, where one was begun */
void ovd_record(const struct ovd *d, const char *event);
void ovd_record_move(const char *path, const char *rule, const char *item);

/* memory.c: false: the control group has less than it takes, and that was logged */
bool ovd_memory_is_enough(struct ovd *d);

/* listen.c */
bool ovd_listen(struct ovd *d);
void ovd_listen_done(struct ovd *d);
void ovd_accept(struct ovd *d, size_t index);
void ovd_listen_pause(struct ovd *d, bool pause); /* who connects meanwhile waits in the kernel */

/* clients.c: the gate's process, and what it asks for */
bool ovd_gate_start(struct ovd *d);
void ovd_gate_hear(struct ovd *d, uint32_t events);
void ovd_gate_stop(struct ovd *d);
void ovd_gate_add(struct ovd *d, int fd, bool local, struct ovd_peer *peer);
/* Answers wait until the end of the loop's turn, and then go in as few messages as hold them. */
void ovd_gate_flush(struct ovd *d);
void ovd_reply(struct ovd *d, uint32_t client, uint32_t request, bool last, const char *text);
/* Of a stream in which nothing was found: the gate may remember it, until it is to forget. */
void ovd_reply_clean(struct ovd *d, uint32_t client, uint32_t request, const char *text);
void ovd_gate_forget(struct ovd *d);

/* work.c */
void ovd_work_fd(struct ovd *d, const struct ovd_frame *frame);
bool ovd_work_parts(struct ovd *d, const struct ovd_frame *frame); /* false: they are none */
void ovd_work_path(struct ovd *d, const struct ovd_frame *frame);
void ovd_work_gone(struct ovd *d, uint32_t client);
void ovd_work_hear_opener(struct ovd *d, uint32_t number);
void ovd_work_submit(struct ovd *d);
void ovd_work_collect(struct ovd *d);
void ovd_work_done(struct ovd *d);

/* verdict.c: what a report is called on the wire, and in the log */
void ovd_verdict_tell(struct ovd *d, struct ovd_work *work, const char *path, overt_report *report);
void ovd_problem_tell(
        struct ovd *d, struct ovd_work *work, const char *path, enum ovd_problem problem, int bad);
void ovd_error_tell(struct ovd *d, struct ovd_work *work, const char *path, const overt_error *err);
void ovd_events_reap(struct ovd *d);
void ovd_event_run(struct ovd *d, const char *shown, const char *rule);
/* notify.c: a detection on the screens of who is logged in, if the owner turned that on */
void ovd_notify(struct ovd *d, const char *shown, const char *rule);
/* mover.c: a child that puts the file away, if the owner turned that on. `fd` is what was looked at,
 * borrowed. */
void ovd_quarantine(struct ovd *d, const char *path, const char *rule, int fd);
const char *ovd_reason_of(const overt_report *report); /* static */
const char *ovd_work_shown(const struct ovd_work *work, const char *path, char *room, size_t size);

/* rules.c: the rule set, and its change */
bool ovd_rules_first(struct ovd *d);
void ovd_rules_reload(struct ovd *d);
/* The child has ended; each turn of the loop: is the next set ready? True: the reload is over. */
bool ovd_rules_reloaded(struct ovd *d);
bool ovd_rules_turn(struct ovd *d);
void ovd_rules_check(struct ovd *d, uint64_t now_ms);
void ovd_rules_retire(struct ovd *d);
void ovd_rules_done(struct ovd *d);

/* access.c: the guard, and what it asks for */
bool ovd_access_start(struct ovd *d);
void ovd_access_hear(struct ovd *d, uint32_t number);
void ovd_access_stand_in(struct ovd *d);
void ovd_access_collect(struct ovd *d);
bool ovd_access_is_changing(
        const struct ovd *d); /* some opens still wait for older rules' verdict */
bool ovd_access_prepare(
        struct ovd *d, overt_db *db);    /* true: ready for new_rules, or as it can be */
void ovd_access_not_used(struct ovd *d); /* what was prepared */
void ovd_access_new_rules(struct ovd *d);
int ovd_access_tick(struct ovd *d, uint64_t now_ms); /* milliseconds until it wants the next one */
void ovd_access_done(struct ovd *d);

/* access_marks.c: what is watched; errors are logged */
bool ovd_access_modes_are_known(struct ovd *d);
bool ovd_access_mark(struct ovd *d, int group);

/* access_policy.c: which opens are none of ours */
struct ovd_access_policy;
struct ovd_access_policy *ovd_access_policy_new(struct ovd *d);
void ovd_access_policy_free(struct ovd_access_policy *policy);
/* The file's path as far as it is known, for the log; `room` of PATH_MAX. */
const char *ovd_access_path(int fd, char *room, size_t size);
bool ovd_access_spares(const struct ovd_access_policy *policy, const char *path, pid_t pid);
/* May the file be changed without its times showing it? Then its verdict is not to be remembered. */
bool ovd_access_has_writers(int fd);

/* ruleset.c too: a second scanner on the same rules */
OV_MUST_CHECK overt_status ovd_rules_scanner(
        struct ovd *d, overt_db *db, uint32_t in_flight, overt_scanner **out, overt_error *err);

/* stats.c */
void ovd_stats_text(struct ovd *d, struct ov_buf *out);
void ovd_metrics_write(struct ovd *d);
/* Readers see the old file or the new one. False: neither more nor less than the old one, errno. */
bool ovd_replace_file(const char *path, struct ov_bytes text);

/* status.c */
void ovd_status_found(struct ovd *d, const char *shown, const char *rule);
void ovd_status_tick(struct ovd *d, uint64_t now_ms); /* writes when due, or something changed */

#endif
