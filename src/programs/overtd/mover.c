/* SPDX-License-Identifier: Apache-2.0 */
/* mover.c - putting away what was found, in a child of its own: it is told a path, and moves it only
 * if what lies there is the very file that was looked at. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/digest.h"
#include "programs/overtd/daemon.h"
#include "quarantine/store.h"

#define FOLDER  "/var/lib/overt/quarantine"
#define FILE_FD 3

/* The content that was looked at: what lies at the path must have it still. */
static bool digest_of(int fd, uint8_t sha256[OV_DIGEST_BYTES_MAX])
{
    static uint8_t part[1u << 16];
    struct ov_digest *digest = ov_digest_new(OV_DIGEST_SHA256);
    off_t at = 0;
    ssize_t n = -1;

    if (digest == NULL) {
        return false;
    }
    ov_digest_begin(digest);
    while ((n = pread(fd, part, sizeof(part), at)) > 0) {
        ov_digest_update(digest, ov_bytes_of(part, (size_t)n));
        at += n;
    }
    ov_digest_end(digest, sha256);
    ov_digest_free(digest);
    return n == 0;
}

static bool move(const char *folder, const char *path, const char *rule)
{
    uint8_t sha256[OV_DIGEST_BYTES_MAX];
    struct ov_quarantine_wanted wanted = {
        .path = path, .rule = rule, .known = true, .sha256 = sha256, .fd = FILE_FD
    };
    OV_CLEANUP(ov_quarantine_close_at) struct ov_quarantine *store = NULL;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_quarantine_id id;
    struct stat st;
    char package[256], hex[OV_QUARANTINE_ID_TEXT];

    if (!ov_owned_by_package(path, package, sizeof(package)) || package[0] != '\0') {
        (void)fprintf(stderr, "<4>Quarantine: %s waits for a person: %s%s\n", path,
                package[0] == '\0' ? "it cannot be told whether a package owns it"
                                   : "it belongs to the package ",
                package);
        return false;
    }
    if (fstat(FILE_FD, &st) != 0 || !digest_of(FILE_FD, sha256)) {
        (void)fprintf(stderr, "<3>Quarantine: %s: %s\n", path, strerror(errno));
        return false;
    }
    wanted.device = st.st_dev;
    wanted.inode = st.st_ino;
    if (ov_quarantine_open(&store, folder, NULL, &err) != OVERT_OK
            || ov_quarantine_add(store, &wanted, &id, &err) != OVERT_OK) {
        (void)fprintf(stderr, "<3>Quarantine: %s: %s\n", path, err.message);
        return false;
    }
    ov_quarantine_id_text(&id, hex);
    ovd_record_move(path, rule, hex);
    (void)fprintf(stderr, "<5>Quarantine: %s was put away as %.12s\n", path, hex);
    return true;
}

void ovd_quarantine(struct ovd *d, const char *path, const char *rule, int fd)
{
    const char *folder = d->config.quarantine_folder == NULL ? FOLDER : d->config.quarantine_folder;
    pid_t pid;

    if (!d->config.quarantine) {
        return;
    }
    ovd_events_reap(d);
    if (d->event_count == OVD_EVENTS_MAX) {
        ovd_log(&d->log, OVD_ERROR, "Quarantine: %s stays: %u moves and commands still run", path,
                OVD_EVENTS_MAX);
        return;
    }
    pid = fork();
    if (pid == 0) {
        sigset_t none;

        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        if (dup2(fd, FILE_FD) != FILE_FD || syscall(SYS_close_range, FILE_FD + 1, ~0u, 0) != 0) {
            _exit(1);
        }
        _exit(move(folder, path, rule) ? 0 : 1);
    }
    if (pid < 0) {
        ovd_log(&d->log, OVD_ERROR, "Quarantine: %s: %s", path, strerror(errno));
    } else {
        d->events[d->event_count++] = pid;
    }
}
