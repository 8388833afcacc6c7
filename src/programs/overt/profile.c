/* SPDX-License-Identifier: Apache-2.0 */
/* profile.c - lists of places. Names come from /proc, from the list of users and from a mount table;
 * nothing here opens a file to be scanned, and a place that is not there is left out. */
#include "programs/overt/profile.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/ioprio.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/overt/out.h"

#define PEOPLE_BEGIN 1000u /* user numbers of persons: login.defs of every distribution */
#define PEOPLE_END   60000u

enum ov_profile ov_profile_of(const char *name)
{
    return strcmp(name, "quick") == 0  ? OV_PROFILE_QUICK
           : strcmp(name, "full") == 0 ? OV_PROFILE_FULL
                                       : OV_PROFILE_NONE;
}

const char *ov_profile_name(enum ov_profile profile)
{
    return profile == OV_PROFILE_QUICK ? "quick" : profile == OV_PROFILE_FULL ? "full" : "";
}

/* --- the list -------------------------------------------------------------------------------- */

static bool have(const struct ov_profile_places *keep, const char *path)
{
    for (size_t i = 0; i < keep->count; i++) {
        if (strcmp(keep->at[i], path) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes `path`. False: no memory. */
static bool keep_path(struct ov_profile_places *keep, char *path)
{
    if (path == NULL) {
        return false;
    }
    if (have(keep, path)) {
        free(path);
        return true;
    }
    if (keep->count == keep->cap) {
        const size_t cap = keep->cap == 0 ? 64 : keep->cap * 2;
        char **at = reallocarray(keep->at, cap, sizeof(*at));

        if (at == NULL) {
            free(path);
            return false;
        }
        keep->at = at;
        keep->cap = cap;
    }
    keep->at[keep->count++] = path;
    return true;
}

static bool OV_PRINTF(2, 3) add(struct ov_profile_places *keep, const char *fmt, ...)
{
    char *path = NULL;
    struct stat st;
    va_list args;
    int len;

    va_start(args, fmt);
    len = vasprintf(&path, fmt, args);
    va_end(args);
    if (len < 0) {
        return false;
    }
    if (lstat(path, &st) != 0) { /* not on this machine */
        free(path);
        return true;
    }
    return keep_path(keep, path);
}

/* --- quick ----------------------------------------------------------------------------------- */

/* What begins by itself: with the machine, at set times, with a login, with a device, with a
 * package's install, with every program. */
static const char *const starting[] = { "etc/crontab", "etc/anacrontab", "etc/cron.d",
    "etc/cron.hourly", "etc/cron.daily", "etc/cron.weekly", "etc/cron.monthly", "var/spool/cron",
    "var/spool/at", "etc/systemd/system", "etc/systemd/user", "usr/local/lib/systemd",
    "run/systemd/system", "etc/init.d", "etc/rc.local", "etc/inittab", "etc/profile",
    "etc/profile.d", "etc/bash.bashrc", "etc/environment", "etc/xdg/autostart", "etc/update-motd.d",
    "etc/udev/rules.d", "etc/apt/apt.conf.d", "etc/modules-load.d", "etc/ld.so.preload",
    "etc/pam.d", "etc/sudoers.d", "usr/local/bin", "usr/local/sbin" };

static const char *const temporary[] = { "tmp", "var/tmp", "dev/shm" };

static const char *const at_home[] = { ".config/autostart", ".config/systemd/user",
    ".local/share/systemd/user", ".local/share/applications", ".local/bin", "bin", ".profile",
    ".bashrc", ".bash_profile", ".bash_login", ".zshrc", ".zprofile", ".xsession", ".xprofile",
    ".ssh/rc", "Downloads", "Desktop" };

/* `XDG_DOWNLOAD_DIR="$HOME/..."`: where the folder is called otherwise. The file is the user's, so
 * what it says is only taken below that user's home. */
static bool add_downloads(struct ov_profile_places *keep, const char *home)
{
    char path[PATH_MAX + 32], line[PATH_MAX];
    bool good = true;
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/.config/user-dirs.dirs", home);
    file = fopen(path, "re");
    while (file != NULL && good && fgets(line, sizeof(line), file) != NULL) {
        static const char begin[] = "XDG_DOWNLOAD_DIR=\"$HOME/";
        char *end = strrchr(line, '"');

        if (strncmp(line, begin, sizeof(begin) - 1) == 0 && end != NULL
                && strstr(line, "..") == NULL) {
            *end = '\0';
            if (strlen(line) >= sizeof(begin) - 1) {
                good = add(keep, "%s/%s", home, line + sizeof(begin) - 1);
            }
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return good;
}

static bool add_home(struct ov_profile_places *keep, const char *root, const char *home)
{
    char whole[PATH_MAX];
    bool good = true;

    if (home[0] != '/' || snprintf(whole, sizeof(whole), "%s%s", root, home) >= PATH_MAX) {
        return true;
    }
    for (size_t i = 0; good && i < sizeof(at_home) / sizeof(at_home[0]); i++) {
        good = add(keep, "%s/%s", whole, at_home[i]);
    }
    return good && add_downloads(keep, whole);
}

static bool add_homes(struct ov_profile_places *keep, const char *root)
{
    const struct passwd *user;
    bool good = true;

    if (geteuid() != 0) {
        const char *home = getenv("HOME");

        return home == NULL || add_home(keep, root, home);
    }
    setpwent();
    while (good && (user = getpwent()) != NULL) {
        if (user->pw_uid == 0 || (user->pw_uid >= PEOPLE_BEGIN && user->pw_uid < PEOPLE_END)) {
            good = add_home(keep, root, user->pw_dir);
        }
    }
    endpwent();
    return good;
}

/* The file itself where it has a name; what was deleted while it runs has none but the kernel's. */
static bool add_program(struct ov_profile_places *keep, const char *link)
{
    char target[PATH_MAX];
    const ssize_t len = readlink(link, target, sizeof(target) - 1);
    struct stat named, running;

    if (len <= 0 || stat(link, &running) != 0) {
        return true; /* a thread of the kernel's, somebody else's process, or just gone */
    }
    target[len] = '\0';
    if (stat(target, &named) == 0 && named.st_dev == running.st_dev
            && named.st_ino == running.st_ino) {
        return add(keep, "%s", target);
    }
    return add(keep, "%s", link);
}

static bool add_programs(struct ov_profile_places *keep, const char *root)
{
    char path[PATH_MAX + 32];
    const struct dirent *entry;
    bool good = true;
    DIR *dir;

    (void)snprintf(path, sizeof(path), "%s/proc", root);
    dir = opendir(path);
    if (dir == NULL) {
        ov_complain("scan", "%s: %s: programs that run are not known", path, strerror(errno));
        return false;
    }
    while (good && (entry = readdir(dir)) != NULL) {
        if (isdigit((unsigned char)entry->d_name[0])) {
            (void)snprintf(path, sizeof(path), "%s/proc/%.20s/exe", root, entry->d_name);
            good = add_program(keep, path);
        }
    }
    (void)closedir(dir);
    return good;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_quick(struct ov_profile_places *keep, const char *root)
{
    bool good = add_programs(keep, root);

    if (good && keep->count > 0) { /* the kernel lists them by age */
        qsort(keep->at, keep->count, sizeof(keep->at[0]), by_name);
    }
    for (size_t i = 0; good && i < sizeof(starting) / sizeof(starting[0]); i++) {
        good = add(keep, "%s/%s", root, starting[i]);
    }
    for (size_t i = 0; good && i < sizeof(temporary) / sizeof(temporary[0]); i++) {
        good = add(keep, "%s/%s", root, temporary[i]);
    }
    return good && add_homes(keep, root);
}

/* --- full ------------------------------------------------------------------------------------ */

/* Somebody else's disks, and views of the kernel's that have no files. */
static bool is_local(const char *type)
{
    static const char *const others[] = { "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "ceph",
        "glusterfs", "afs", "coda", "lustre", "gfs2", "ocfs2", "beegfs", "davfs", "fuse.sshfs",
        "fuse.rclone", "fuse.s3fs", "fuse.davfs2", "fuse.glusterfs", "fuse.gvfsd-fuse",
        "fuse.portal", "virtiofs", "autofs", "proc", "sysfs", "devpts", "devtmpfs", "cgroup",
        "cgroup2", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "configfs", "efivarfs",
        "binfmt_misc", "mqueue", "hugetlbfs", "fusectl", "nsfs", "selinuxfs", "rpc_pipefs",
        "nfsd" };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(type, others[i]) == 0) {
            return false;
        }
    }
    return true;
}

/* In place: \040 and the like, as mountinfo writes blanks. */
static void unescape(char *text)
{
    char *to = text;

    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '\\' && at[1] >= '0' && at[1] <= '3' && at[2] >= '0' && at[2] <= '7'
                && at[3] >= '0' && at[3] <= '7') {
            *to++ = (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0'));
            at += 3;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

struct mount {
    char device[32], inside[PATH_MAX], point[PATH_MAX], type[64];
};

/* One line of mountinfo, proc_pid_mountinfo(5). */
static bool read_mount(const char *line, struct mount *out)
{
    const char *rest = strstr(line, " - ");

    if (rest == NULL
            || sscanf(line, "%*d %*d %31s %4095s %4095s", out->device, out->inside, out->point) != 3
            || sscanf(rest, " - %63s", out->type) != 1) {
        return false;
    }
    unescape(out->inside);
    unescape(out->point);
    return true;
}

/* Each file system once: `roots` where its own root is mounted; else wherever a part of it is. */
static bool add_mounts(struct ov_profile_places *keep, struct ov_profile_places *devices,
        const char *root, bool roots)
{
    char table[PATH_MAX + 32];
    auto_free char *line = NULL;
    size_t room = 0;
    bool good = true;
    FILE *file;

    (void)snprintf(table, sizeof(table), "%s/proc/self/mountinfo", root);
    file = fopen(table, "re");
    if (file == NULL) {
        ov_complain("scan", "%s: %s", table, strerror(errno));
        return false;
    }
    while (good && getline(&line, &room, file) > 0) {
        static struct mount m;

        if (read_mount(line, &m) && is_local(m.type) && (strcmp(m.inside, "/") == 0) == roots
                && !have(devices, m.device)) {
            good = keep_path(devices, strdup(m.device))
                   && add(keep, "%s%s", root, root[0] != '\0' && m.point[1] == '\0' ? "" : m.point);
        }
    }
    (void)fclose(file);
    return good;
}

static bool add_full(struct ov_profile_places *keep, const char *root)
{
    struct ov_profile_places devices = { .count = 0 };
    const bool good =
            add_mounts(keep, &devices, root, true) && add_mounts(keep, &devices, root, false);

    ov_profile_done(&devices);
    return good;
}

bool ov_profile_places(struct ov_profile_places *keep, enum ov_profile profile, const char *root,
        struct ov_words *paths)
{
    bool good = profile == OV_PROFILE_QUICK ? add_quick(keep, root) : add_full(keep, root);

    for (size_t i = 0; good && i < keep->count; i++) {
        good = ov_words_add(paths, keep->at[i]);
    }
    return good;
}

void ov_profile_done(struct ov_profile_places *keep)
{
    for (size_t i = 0; i < keep->count; i++) {
        free(keep->at[i]);
    }
    free(keep->at);
    *keep = (struct ov_profile_places){ .count = 0 };
}

/* --- out of the way -------------------------------------------------------------------------- */

/* None of these can do harm by failing: the scan is as good, and less polite. */
void ov_profile_step_aside(void)
{
    const struct sched_param none = { .sched_priority = 0 };

    (void)setpriority(PRIO_PROCESS, 0, 19);
    (void)sched_setscheduler(0, SCHED_IDLE, &none);
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}
