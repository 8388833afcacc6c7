/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overtd: the daemon that answers clamd's protocol, from start to end.
 *
 * The supervisor accepts connections, hands out descriptors and keeps the order. It never reads a
 * file's content (jailed workers do) nor a client's bytes (the gate does). */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include "programs/overtd/daemon.h"

#define CONFIG_DEFAULT "/etc/overt/overtd.conf"
#define STRANGER_UID   64999u /* where the user `overt` does not exist */
#define EVENTS_AT_ONCE 64
#define TICK_MS        1000
#define METRICS_MS     10000u

/* Of descriptors, beside those of connections: files that wait, workers, the processes' own. */
#define DESCRIPTORS_BESIDE 4096u
#define DESCRIPTORS_LEAST  256u

uint64_t ovd_clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

bool ovd_watch(struct ovd *d, int fd, enum ovd_event what, uint32_t number)
{
    struct epoll_event event = { .events = EPOLLIN,
        .data = { .u64 = (uint64_t)what << 32 | number } };

    return epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

/* --- the configuration ---------------------------------------------------------------------- */

static bool read_whole(const char *path, struct ov_buf *out)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    uint8_t part[65536];
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, part, sizeof(part))) > 0) {
        ov_buf_put(out, part, (size_t)n);
    }
    if (n < 0 || !ov_buf_ok(out)) {
        (void)fprintf(stderr, "overtd: %s: %s\n", path,
                n < 0 ? strerror(errno) : "longer than a configuration may be");
        return false;
    }
    return true;
}

static bool read_config(struct ovd_config *config, const char *path)
{
    struct ov_buf text;
    bool good;

    ov_buf_init(&text, OVD_CONFIG_BYTES_MAX);
    good = read_whole(path, &text) && ovd_config_read(config, path, ov_buf_bytes(&text), stderr);
    ov_buf_done(&text);
    return good;
}

static int translate(const char *path)
{
    struct ov_buf text;
    bool good;

    ov_buf_init(&text, OVD_CONFIG_BYTES_MAX);
    good = read_whole(path, &text)
           && ovd_config_translate(path, ov_buf_bytes(&text), stdout, stderr);
    ov_buf_done(&text);
    return good && fflush(stdout) == 0 ? 0 : 2;
}

/* --- the loop ------------------------------------------------------------------------------- */

static void hear_signal(struct ovd *d)
{
    struct signalfd_siginfo info;

    if (read(d->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    switch ((int)info.ssi_signo) {
    case SIGHUP:
        ovd_log_reopen(&d->log);
        break;
    case SIGUSR2:
        (void)sd_notify(0, "RELOADING=1");
        ovd_rules_reload(d);
        break;
    default:
        d->stopping = true;
        break;
    }
}

static void happened(struct ovd *d, const struct epoll_event *event)
{
    const uint32_t number = (uint32_t)event->data.u64;

    switch ((enum ovd_event)(event->data.u64 >> 32)) {
    case OVD_EVENT_SIGNAL:
        hear_signal(d);
        break;
    case OVD_EVENT_LISTENER:
        ovd_accept(d, number);
        break;
    case OVD_EVENT_GATE:
        ovd_gate_hear(d, event->events);
        break;
    case OVD_EVENT_SCANNER:
        break; /* looked at after every batch */
    case OVD_EVENT_OPENER:
        ovd_work_hear_opener(d, number);
        break;
    case OVD_EVENT_RELOAD:
        if (ovd_rules_reloaded(d)) {
            (void)sd_notify(0, "READY=1");
        }
        break;
    case OVD_EVENT_GUARD:
        ovd_access_hear(d, number);
        break;
    case OVD_EVENT_FANOTIFY:
        ovd_access_stand_in(d);
        break;
    case OVD_EVENT_ACCESS:
        break; /* as the other scanners */
    }
}

static void loop(struct ovd *d)
{
    uint64_t watchdog_us = 0, ticked_ms = 0, metrics_ms = 0;
    int wait_ms = TICK_MS;

    if (sd_watchdog_enabled(0, &watchdog_us) < 0) {
        watchdog_us = 0;
    }
    while (!d->stopping) {
        struct epoll_event events[EVENTS_AT_ONCE];
        const int n = epoll_wait(d->epoll, events, EVENTS_AT_ONCE, wait_ms);
        uint64_t now;

        for (int i = 0; i < n && !d->stopping; i++) {
            happened(d, &events[i]);
        }
        if (ovd_rules_turn(d)) {
            (void)sd_notify(0, "READY=1");
        }
        ovd_work_submit(d);
        ovd_work_collect(d);
        ovd_access_collect(d);
        ovd_gate_flush(d);
        now = ovd_clock_ms();
        wait_ms = ovd_access_tick(d, now);
        wait_ms = wait_ms < TICK_MS ? wait_ms : TICK_MS;
        if (now - ticked_ms >= TICK_MS) {
            ticked_ms = now;
            ovd_rules_check(d, now);
            ovd_events_reap(d);
            ovd_status_tick(d, now);
            if (watchdog_us > 0) {
                (void)sd_notify(0, "WATCHDOG=1");
            }
        }
        if (now - metrics_ms >= METRICS_MS) {
            metrics_ms = now;
            ovd_metrics_write(d);
        }
    }
}

/* --- beginning and end ---------------------------------------------------------------------- */

/* Nobody reads it: it says that a lease is to be given back, which it already is (access_policy.c). */
static bool block_sigio(void)
{
    sigset_t set;

    return sigemptyset(&set) == 0 && sigaddset(&set, SIGIO) == 0
           && sigprocmask(SIG_BLOCK, &set, NULL) == 0;
}

static bool set_signals(struct ovd *d)
{
    sigset_t set;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigaddset(&set, SIGUSR2);
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 || !block_sigio()) {
        return false;
    }
    d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    return d->signals >= 0 && d->epoll >= 0 && ovd_watch(d, d->signals, OVD_EVENT_SIGNAL, 0);
}

/* As whom a client is served whom the kernel does not tell us, and as whom the gate runs. */
static bool find_stranger(struct ovd *d)
{
    const char *name = d->config.user == NULL ? "overt" : d->config.user;
    const struct passwd *user = getpwnam(name);

    if (user == NULL && d->config.user != NULL && d->as_root) {
        ovd_log(&d->log, OVD_ERROR, "User %s: there is no such user", name);
        return false;
    }
    d->stranger.uid = user == NULL ? STRANGER_UID : user->pw_uid;
    d->stranger.gid = user == NULL ? STRANGER_UID : user->pw_gid;
    return true;
}

static bool write_pid(struct ovd *d)
{
    FILE *file;
    bool good;

    if (d->config.pid_file == NULL) {
        return true;
    }
    file = fopen(d->config.pid_file, "we");
    good = file != NULL && fprintf(file, "%d\n", (int)getpid()) > 0;
    good = file != NULL && fclose(file) == 0 && good;
    if (!good) {
        ovd_log(&d->log, OVD_ERROR, "PidFile %s: %s", d->config.pid_file, strerror(errno));
    }
    return good;
}

/* As many descriptors as the configuration's connections may take, if we may have them; root may raise
 * the hard limit too. */
static void raise_descriptors(const struct ovd_config *config)
{
    const rlim_t wanted = config->clients_max * 2u + DESCRIPTORS_BESIDE;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return;
    }
    if (limit.rlim_max < wanted) {
        const struct rlimit raised = { wanted, wanted };

        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
            return;
        }
    }
    limit.rlim_cur = limit.rlim_max; /* below the hard limit: cannot fail */
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

/* Each connection is a descriptor in the gate. What is left there is for those of streams and files
 * that clients sent; here are the files that wait, and those at workers. */
static bool make_sessions(struct ovd *d)
{
    struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };
    uint64_t most = d->config.clients_max, room;

    d->queue_fds_max = most * 2;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        d->queue_fds_max = limit.rlim_cur / 2;
    }
    if (limit.rlim_cur < DESCRIPTORS_LEAST) {
        errno = EMFILE;
        return false;
    }
    room = limit.rlim_cur / 4 * 3;
    if (room > limit.rlim_cur - DESCRIPTORS_LEAST) { /* few: streams and files need some, too */
        room = limit.rlim_cur / 4;
    }
    if (room < most) {
        most = room;
        ovd_log(&d->log, OVD_INFO, "at most %llu connections: the limit of descriptors is %llu",
                (unsigned long long)most, (unsigned long long)limit.rlim_cur);
    }
    d->session_cap = (uint32_t)most * 2 + 1;
    d->sessions = calloc(d->session_cap, sizeof(*d->sessions));
    return d->sessions != NULL;
}

static bool begin(struct ovd *d)
{
    const struct ovd_log_options log = {
        .log_file = d->config.log_file,
        .events_file = d->config.events_file,
        .events_ocsf = d->config.events_ocsf,
        .syslog = d->config.log_syslog,
        .time = d->config.log_time,
        .verbose = d->config.log_verbose,
    };

    if (!ovd_log_open(&d->log, &log) || !ovd_memory_is_enough(d) || !find_stranger(d)) {
        return false;
    }
    if (!set_signals(d) || !make_sessions(d)) {
        ovd_log(&d->log, OVD_ERROR, "overtd cannot begin: %s", strerror(errno));
        return false;
    }
    if (!ovd_rules_first(d)) {
        return false;
    }
    if (!ovd_gate_start(d)) {
        ovd_log(&d->log, OVD_ERROR, "the gate cannot be started: %s", strerror(errno));
        return false;
    }
    if (!ovd_listen(d) || !write_pid(d)) { /* last: who can connect is answered */
        return false;
    }
    if (!ovd_access_start(d)) {
        return false;
    }
    d->started_ms = d->checked_ms = ovd_clock_ms();
    ovd_log(&d->log, OVD_INFO, "overtd %s is ready", OV_VERSION);
    ovd_status_tick(d, d->started_ms);
    ovd_record(d, "begin");
    (void)sd_notify(0, "READY=1");
    return true;
}

static void end(struct ovd *d)
{
    (void)sd_notify(0, "STOPPING=1");
    if (d->started_ms != 0) {
        ovd_status_tick(d, ovd_clock_ms());
        ovd_record(d, "end");
    }
    ovd_access_done(d);
    ovd_listen_done(d);
    ovd_gate_flush(d);
    ovd_gate_stop(d);
    ovd_work_done(d);
    ovd_rules_done(d);
    if (d->config.pid_file != NULL) {
        (void)unlink(d->config.pid_file);
    }
    for (uint32_t i = 0; i < d->session_cap; i++) {
        free(d->sessions[i].peer);
    }
    free(d->sessions);
    if (d->parked.fd >= 0) {
        (void)close(d->parked.fd);
        free(d->parked.peer);
    }
    ov_buf_done(&d->gate_queue);
    ovd_log(&d->log, OVD_INFO, "overtd has ended");
    ovd_log_close(&d->log);
}

static int run(const char *config_path)
{
    struct ovd d = { .config_path = config_path,
        .as_root = geteuid() == 0,
        .epoll = -1,
        .signals = -1,
        .gate = -1,
        .gate_pidfd = -1,
        .parked = { .fd = -1 },
        .reload_pidfd = -1,
        .reload_memory = -1 };
    int status = 2;

    ov_buf_init(&d.gate_queue, OVD_GATE_QUEUE_MAX);
    ovd_config_init(&d.config);
    if (read_config(&d.config, config_path)) {
        raise_descriptors(&d.config);
        if (begin(&d)) {
            loop(&d);
            status = 0;
        }
        end(&d);
    }
    ovd_config_done(&d.config);
    return status;
}

static void usage(FILE *to)
{
    (void)fprintf(to, "usage: overtd [-c FILE]               serve in the foreground, by FILE\n"
                      "                                      (default " CONFIG_DEFAULT ")\n"
                      "       overtd --from-clamd-conf FILE  print FILE as an overtd.conf\n"
                      "       overtd --list-options | --version | --help\n");
}

int main(int argc, char **argv)
{
    static const struct option options[] = { { "config-file", required_argument, NULL, 'c' },
        { "from-clamd-conf", required_argument, NULL, 'f' },
        { "list-options", no_argument, NULL, 'l' }, { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
    const char *config = CONFIG_DEFAULT;
    int option;

    while ((option = getopt_long(argc, argv, "c:Vh", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            config = optarg;
            break;
        case 'f':
            return translate(optarg);
        case 'l':
            ovd_config_list(stdout);
            return 0;
        case 'V':
            printf("overtd %s\n", OV_VERSION);
            return 0;
        case 'h':
            usage(stdout);
            return 0;
        default:
            usage(stderr);
            return 2;
        }
    }
    if (optind != argc) {
        (void)fprintf(stderr, "overtd: '%s' is not understood\n", argv[optind]);
        return 2;
    }
    return run(config);
}
