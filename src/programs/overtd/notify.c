/* SPDX-License-Identifier: Apache-2.0 */
/* notify.c - a detection on the screen of who is logged in. A child of the supervisor becomes each of
 * these users in turn, speaks to that user's own session bus, and ends: what a bus answers is read by
 * that user's rights alone, for a second at most. */
#include <dirent.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>

#include "base/text.h"
#include "programs/overtd/daemon.h"

#define RUNTIME_FOLDER "/run/user"
#define SESSIONS_MAX   16u
#define BODY_BYTES_MAX 512u
#define SECONDS_MAX    2u
#define URGENT         2

/* Notifications may be shown as markup; names are not ours. */
static void put_plain(struct ov_buf *out, const char *text)
{
    struct ov_bytes escaped;
    struct ov_buf safe;

    ov_buf_init(&safe, 65536);
    ov_text_escape(&safe, ov_bytes_of(text, strnlen(text, BODY_BYTES_MAX)));
    escaped = ov_buf_bytes(&safe);
    for (uint64_t i = 0; i < ov_bytes_len(escaped); i++) {
        const uint8_t c = ov_bytes_raw(escaped)[i];

        if (c == '<' || c == '>' || c == '&') {
            ov_buf_put_text(out, c == '<' ? "&lt;" : c == '>' ? "&gt;" : "&amp;");
        } else {
            ov_buf_put_u8(out, c);
        }
    }
    ov_buf_done(&safe);
}

static int say(const char *address, const char *body)
{
    sd_bus *bus = NULL;
    int bad = sd_bus_new(&bus);

    bad = bad < 0 ? bad : sd_bus_set_address(bus, address);
    bad = bad < 0 ? bad : sd_bus_set_bus_client(bus, 1);
    bad = bad < 0 ? bad : sd_bus_start(bus);
    bad = bad < 0 ? bad
                  : sd_bus_call_method(bus, "org.freedesktop.Notifications",
                          "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
                          "Notify", NULL, NULL, "susssasa{sv}i", "overt", 0u, "security-high",
                          "overt found something", body, 0u, 1u, "urgency", "y", URGENT, -1);
    sd_bus_flush_close_unref(bus);
    return bad;
}

/* The folder's owner and name are the user's number: nobody else's bus is spoken to. */
_Noreturn static void speak_as(uid_t uid, const char *body)
{
    const struct passwd *user = getpwuid(uid);
    char address[96];

    (void)snprintf(address, sizeof(address), "unix:path=" RUNTIME_FOLDER "/%u/bus", (unsigned)uid);
    if (geteuid() != uid
            && (user == NULL || setgroups(0, NULL) != 0
                    || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0
                    || setresuid(uid, uid, uid) != 0)) {
        _exit(1);
    }
    (void)alarm(SECONDS_MAX);
    _exit(say(address, body) < 0 ? 1 : 0);
}

static bool is_session(const char *name, uid_t *uid)
{
    char path[64];
    struct stat st;
    char *end;
    const unsigned long number = strtoul(name, &end, 10);

    if (name[0] < '0' || name[0] > '9' || *end != '\0' || number > UINT32_MAX) {
        return false;
    }
    *uid = (uid_t)number;
    (void)snprintf(path, sizeof(path), RUNTIME_FOLDER "/%lu/bus", number);
    return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == *uid
           && (geteuid() == 0 || geteuid() == *uid);
}

_Noreturn static void notify_all(const char *body)
{
    DIR *dir = opendir(RUNTIME_FOLDER);
    const struct dirent *entry;
    unsigned told = 0;

    while (dir != NULL && told < SESSIONS_MAX && (entry = readdir(dir)) != NULL) {
        uid_t uid;

        if (is_session(entry->d_name, &uid)) {
            const pid_t pid = fork();

            if (pid == 0) {
                speak_as(uid, body);
            }
            if (pid > 0) {
                (void)waitpid(pid, NULL, 0);
            }
            told++;
        }
    }
    _exit(0);
}

void ovd_notify(struct ovd *d, const char *shown, const char *rule)
{
    struct ov_buf body;
    pid_t pid;

    if (!d->config.notify_desktop || d->event_count == OVD_EVENTS_MAX) {
        return; /* beyond so many at once the screen is full; the log has them all */
    }
    pid = fork();
    if (pid == 0) {
        sigset_t none;

        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)close_range(STDERR_FILENO + 1, ~0u, 0);
        ov_buf_init(&body, 65536);
        put_plain(&body, rule);
        ov_buf_put_u8(&body, '\n');
        put_plain(&body, shown);
        ov_buf_put_u8(&body, 0);
        notify_all(ov_buf_ok(&body) ? (const char *)ov_bytes_raw(ov_buf_bytes(&body)) : rule);
    }
    if (pid < 0) {
        ovd_log(&d->log, OVD_ERROR, "NotifyDesktop: %s", strerror(errno));
    } else {
        d->events[d->event_count++] = pid;
    }
}
