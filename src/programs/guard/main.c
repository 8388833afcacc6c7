/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-guard: is handed a descriptor of every file that is opened, can read none of
 * them, and answers each event before its deadline, whatever becomes of everybody else.
 *
 *   overt-guard DEADLINE_MS allow|deny prevent|watch CACHE_PLACES [DEVICE:INODE]...
 *
 * Descriptor 3 is the supervisor, 4 the fanotify group. The supervisor asks for verdicts; the guard
 * keeps them, and the time. Events of the supervisor's own, and of overt's programs (by inode), are
 * let through at once: it could not answer while it waits for one itself. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "guard/events.h"
#include "guard/pending.h"
#include "sandbox/confine.h"
#include "sandbox/wire.h"

#define SUPERVISOR      3
#define GROUP           4
#define EXEMPT_MAX      16u
#define LOOK_MS         60000u      /* a look nobody waits for is forgotten then */
#define LOOK_NUMBERS    0x80000000u /* their numbers begin here */
#define LATE_REPORT_MS  1000u
#define DESCRIPTORS_MAX (2u * OV_GUARD_PENDING_MAX + 128u)

struct guard {
    uint32_t deadline_ms;
    bool allow_late, prevent;
    pid_t supervisor;
    struct ov_guard_cache *cache;
    struct ov_guard_pending waiting;        /* opens that wait for their verdict */
    struct ov_guard_pending looks;          /* files looked at while nobody waits */
    struct ov_guard_key exempt[EXEMPT_MAX]; /* device and inode only */
    size_t exempt_count;
    uint64_t now_ms;
    uint32_t late, reported_late;
    uint64_t reported_ms;
    bool alone; /* the supervisor is gone; we go on refusing what is not known */
};

static uint64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int64_t wall_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool tell(enum ovd_kind kind, uint32_t number, uint32_t value, uint32_t request, int fd)
{
    const struct ovd_frame frame = { .kind = kind,
        .client = number,
        .request = request,
        .value = value,
        .text = ov_bytes_of(NULL, 0),
        .fd = fd };

    return ovd_send(SUPERVISOR, &frame) == OVD_IO_DONE;
}

static void answer(int fd, bool allow, bool waits)
{
    if (waits) {
        (void)ov_guard_answer(GROUP, fd, allow); /* ENOENT: whoever waited was killed */
    }
    (void)close(fd);
}

/* --- events --------------------------------------------------------------------------------- */

static bool is_exempt(const struct guard *g, const struct ov_guard_key *key)
{
    for (size_t i = 0; i < g->exempt_count; i++) {
        if (g->exempt[i].device == key->device && g->exempt[i].inode == key->inode) {
            return true;
        }
    }
    return false;
}

/* Nobody waits: the verdict is for the record, and to be remembered. */
static void look_at(
        struct guard *g, const struct ov_guard_event *event, const struct ov_guard_key *key)
{
    bool first;
    uint32_t number;

    if (g->alone || ov_guard_pending_full(&g->looks)) {
        g->late++;
        (void)close(event->fd);
        return;
    }
    number = ov_guard_pending_add(&g->looks, event->fd, key, g->now_ms + LOOK_MS, &first);
    if (first && !tell(OVD_ACCESS, number, (uint32_t)event->pid, 0, event->fd)) {
        g->late++; /* its place is freed by its time */
    }
}

static void ask(struct guard *g, const struct ov_guard_event *event, const struct ov_guard_key *key)
{
    bool first;
    uint32_t number;

    if (g->alone || ov_guard_pending_full(&g->waiting)) {
        g->late++;
        answer(event->fd, g->allow_late, true);
        return;
    }
    number = ov_guard_pending_add(&g->waiting, event->fd, key, g->now_ms + g->deadline_ms, &first);
    if (first) { /* if it cannot be asked now, the deadline answers */
        (void)tell(OVD_ACCESS, number, (uint32_t)event->pid, OVD_ACCESS_WAITS, event->fd);
    }
}

static void happened(struct guard *g, const struct ov_guard_event *event)
{
    struct ov_guard_key key;
    struct stat st;

    if (event->pid == g->supervisor || syscall(SYS_fstat, event->fd, &st) != 0
            || !S_ISREG(st.st_mode) || st.st_size == 0) {
        answer(event->fd, true, event->waits);
        return;
    }
    key = ov_guard_key_of(&st);
    if (is_exempt(g, &key)) {
        answer(event->fd, true, event->waits);
        return;
    }
    switch (ov_guard_cache_find(g->cache, &key)) {
    case OV_GUARD_ALLOW:
        answer(event->fd, true, event->waits);
        return;
    case OV_GUARD_DENY:
        answer(event->fd, !g->prevent, event->waits);
        return;
    case OV_GUARD_UNKNOWN:
        break;
    }
    if (!event->waits) {
        look_at(g, event, &key);
    } else if (g->prevent) {
        ask(g, event, &key);
    } else {
        (void)ov_guard_answer(GROUP, event->fd, true);
        look_at(g, event, &key);
    }
}

static bool hear_kernel(struct guard *g)
{
    struct ov_guard_event events[OV_GUARD_BATCH];
    const int count = ov_guard_read(GROUP, events, &g->late);

    for (int i = 0; i < count; i++) {
        happened(g, &events[i]);
    }
    return count >= 0;
}

/* --- verdicts ------------------------------------------------------------------------------- */

static void verdict(struct guard *g, uint32_t number, bool allow, bool remember)
{
    const bool look = number >= LOOK_NUMBERS;
    struct ov_guard_pending *from = look ? &g->looks : &g->waiting;
    struct ov_guard_waiting one;

    while (ov_guard_pending_take(from, number, &one)) {
        if (remember) {
            ov_guard_cache_put(
                    g->cache, &one.key, allow ? OV_GUARD_ALLOW : OV_GUARD_DENY, wall_ns());
        }
        answer(one.fd, allow, !look);
    }
}

/* False: the supervisor is gone. */
static bool hear_supervisor(struct guard *g)
{
    struct ovd_inbox inbox;
    struct ovd_frame frame;

    switch (ovd_receive(SUPERVISOR, &inbox, &frame)) {
    case OVD_IO_AGAIN:
        return true;
    case OVD_IO_DONE:
        break;
    case OVD_IO_END:
    case OVD_IO_WRONG:
        return false;
    }
    if (frame.fd >= 0) {
        (void)close(frame.fd);
    }
    if (frame.kind == OVD_ALLOW || frame.kind == OVD_DENY) {
        verdict(g, frame.client, frame.kind == OVD_ALLOW, frame.value == 1);
    } else if (frame.kind == OVD_FORGET) {
        ov_guard_cache_forget(g->cache);
    } else if (frame.kind == OVD_BEAT) {
        (void)tell(OVD_ALIVE, 0, 0, 0, -1);
    }
    return true;
}

static void check_deadlines(struct guard *g)
{
    struct ov_guard_waiting one;

    while (ov_guard_pending_late(&g->waiting, g->now_ms, &one)) {
        g->late++;
        answer(one.fd, g->allow_late, true);
    }
    while (ov_guard_pending_late(&g->looks, g->now_ms, &one)) {
        (void)close(one.fd);
    }
    if (g->late != g->reported_late && g->now_ms - g->reported_ms >= LATE_REPORT_MS && !g->alone
            && tell(OVD_LATE, 0, g->late - g->reported_late, 0, -1)) {
        g->reported_late = g->late;
        g->reported_ms = g->now_ms;
    }
}

/* --- the loop ------------------------------------------------------------------------------- */

static int run(struct guard *g)
{
    for (;;) {
        struct pollfd fds[2] = { { .fd = GROUP, .events = POLLIN },
            { .fd = g->alone ? -1 : SUPERVISOR, .events = POLLIN } };
        int wait_ms;

        g->now_ms = clock_ms();
        check_deadlines(g);
        wait_ms = ov_guard_pending_wait(&g->waiting, g->now_ms);
        if (wait_ms < 0 || wait_ms > 1000) {
            wait_ms = 1000;
        }
        if (poll(fds, 2, wait_ms) < 0 && errno != EINTR) {
            return 1;
        }
        g->now_ms = clock_ms();
        if ((fds[1].revents & (POLLIN | POLLHUP)) != 0 && !hear_supervisor(g)) {
            if (g->allow_late) {
                return 0; /* the kernel lets everything through once nobody holds the group */
            }
            g->alone = true; /* refusing goes on until we are killed */
        }
        if ((fds[0].revents & POLLIN) != 0 && !hear_kernel(g)) {
            return 1;
        }
    }
}

static bool read_number(const char *text, uint64_t max, uint64_t *out)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && (*end == '\0' || *end == ':') && *out <= max;
}

static bool read_arguments(struct guard *g, int argc, char **argv)
{
    uint64_t deadline, places;

    if (argc < 5 || !read_number(argv[1], 3600000, &deadline)
            || !read_number(argv[4], 1u << 24, &places)) {
        return false;
    }
    g->deadline_ms = (uint32_t)deadline;
    g->allow_late = strcmp(argv[2], "allow") == 0;
    g->prevent = strcmp(argv[3], "prevent") == 0;
    g->cache = ov_guard_cache_new((uint32_t)places);
    for (int i = 5; i < argc && g->exempt_count < EXEMPT_MAX; i++) {
        struct ov_guard_key *key = &g->exempt[g->exempt_count++];
        const char *colon = strchr(argv[i], ':');

        if (colon == NULL || !read_number(argv[i], UINT64_MAX, &key->device)
                || !read_number(colon + 1, UINT64_MAX, &key->inode)) {
            return false;
        }
    }
    return g->cache != NULL;
}

int main(int argc, char **argv)
{
    struct guard g = { .supervisor = getppid() };
    struct ov_confine confine = { .profile = OV_JAIL_GUARD,
        .set_ids = geteuid() == 0,
        .uid = OV_GUARD_UID,
        .gid = OV_GUARD_UID,
        .descriptors_max = DESCRIPTORS_MAX };
    overt_error err = OVERT_ERROR_INIT;

    if (!read_arguments(&g, argc, argv) || !ov_guard_pending_init(&g.waiting)
            || !ov_guard_pending_init(&g.looks)) {
        return 2;
    }
    g.looks.priv_numbers = LOOK_NUMBERS;
    if (ov_confine_self(&confine, &err) != OVERT_OK) {
        (void)fprintf(stderr, "overt-guard: %s\n", err.message);
        return 1;
    }
    return run(&g);
}
