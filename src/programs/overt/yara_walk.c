/* SPDX-License-Identifier: Apache-2.0 */
/* yara_walk.c - a walk without recursion: one open folder per level. Links may lead in circles; as
 * in yara what ends them is the kernel's limit on links (40), or the length of a path. */
#include "programs/overt/yara_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/checked.h"

#define PATH_BYTES 4096u /* as yara's: what is longer is not looked at there; here it is told */

struct level {
    DIR *folder;       /* owned */
    size_t path_bytes; /* of the folder's own path */
};

struct ov_yr_walk {
    struct ov_yr_walk_options options;
    struct level *levels; /* owned */
    size_t level_count, level_cap;
    uint64_t problems;
    char path[PATH_BYTES];
};

struct ov_yr_walk *ov_yr_walk_new(const struct ov_yr_walk_options *options)
{
    struct ov_yr_walk *walk = calloc(1, sizeof(*walk));

    if (walk != NULL) {
        walk->options = *options;
    }
    return walk;
}

static void leave(struct ov_yr_walk *walk)
{
    (void)closedir(walk->levels[--walk->level_count].folder);
}

void ov_yr_walk_free(struct ov_yr_walk *walk)
{
    if (walk == NULL) {
        return;
    }
    while (walk->level_count > 0) {
        leave(walk);
    }
    free(walk->levels);
    free(walk);
}

uint64_t ov_yr_walk_problems(const struct ov_yr_walk *walk)
{
    return walk->problems;
}

/* yara says nothing of these; but what was not looked at is not "clean". */
static void complain(struct ov_yr_walk *walk, const char *path, const char *why)
{
    (void)fprintf(stderr, "error scanning %s: %s\n", path, why);
    walk->problems++;
}

/* Goes into walk->path. */
static void enter(struct ov_yr_walk *walk)
{
    DIR *folder;

    if (walk->level_count == walk->level_cap) {
        const size_t cap = walk->level_cap == 0 ? 16 : walk->level_cap * 2;
        struct level *levels = reallocarray(walk->levels, cap, sizeof(*levels));

        if (levels == NULL) {
            complain(walk, walk->path, "not enough memory");
            return;
        }
        walk->levels = levels;
        walk->level_cap = cap;
    }
    folder = opendir(walk->path);
    if (folder == NULL) {
        complain(walk, walk->path, strerror(errno));
        return;
    }
    walk->levels[walk->level_count++] =
            (struct level){ .folder = folder, .path_bytes = strlen(walk->path) };
}

void ov_yr_walk_begin(struct ov_yr_walk *walk, const char *folder)
{
    while (walk->level_count > 0) {
        leave(walk);
    }
    if (strlen(folder) >= sizeof(walk->path)) {
        complain(walk, folder, "the path is too long");
        return;
    }
    (void)snprintf(walk->path, sizeof(walk->path), "%s", folder);
    enter(walk);
}

/* Links that only lead to where they lie, or above it, are never followed. */
static bool leads_nowhere(const char *path)
{
    char target[3];
    const ssize_t n = readlink(path, target, sizeof(target));

    return (n == 1 && target[0] == '.') || (n == 2 && target[0] == '.' && target[1] == '.');
}

/* What to do with walk->path: true for a file to be scanned. Folders are entered. */
static bool look_at(struct ov_yr_walk *walk, const char *name)
{
    const bool is_dots = strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
    struct stat st;

    if (is_dots || lstat(walk->path, &st) != 0) {
        return false; /* gone since it was listed */
    }
    if (S_ISLNK(st.st_mode)
            && (walk->options.no_links || leads_nowhere(walk->path)
                    || stat(walk->path, &st) != 0)) {
        return false;
    }
    if (S_ISDIR(st.st_mode) && walk->options.recursive) {
        enter(walk);
        return false;
    }
    if (!S_ISREG(st.st_mode)) {
        return false;
    }
    if (walk->options.skip_larger > 0 && st.st_size >= walk->options.skip_larger) {
        (void)fprintf(stderr, "skipping %s (%lld bytes) because it's larger than %lld bytes.\n",
                walk->path, (long long)st.st_size, walk->options.skip_larger);
        return false;
    }
    return true;
}

const char *ov_yr_walk_next(struct ov_yr_walk *walk)
{
    while (walk->level_count > 0) {
        const struct level *level = &walk->levels[walk->level_count - 1];
        const struct dirent *entry;
        int len;

        walk->path[level->path_bytes] = '\0';
        errno = 0;
        entry = readdir(level->folder);
        if (entry == NULL) {
            if (errno != 0) {
                complain(walk, walk->path, strerror(errno));
            }
            leave(walk);
            continue;
        }
        len = snprintf(walk->path + level->path_bytes, sizeof(walk->path) - level->path_bytes,
                "/%s", entry->d_name);
        if (len < 0 || (size_t)len >= sizeof(walk->path) - level->path_bytes) {
            complain(walk, walk->path, "the path is too long");
            continue;
        }
        if (look_at(walk, entry->d_name)) {
            return walk->path;
        }
    }
    return NULL;
}

int ov_yr_open(const char *path, const char **why)
{
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    auto_fd int fd = -1;
    struct stat st;

    *why = "could not open file";
    if (stat(path, &st) != 0) {
        return -1;
    }
    if (!S_ISREG(st.st_mode)) { /* nothing else is opened: a FIFO, a device might act on it */
        *why = "not a regular file";
        return -1;
    }
    fd = open(path, flags | O_NOATIME);
    if (fd < 0 && errno == EPERM) {
        fd = open(path, flags); /* somebody else's file */
    }
    if (fd < 0 || fstat(fd, &st) != 0) {
        return -1;
    }
    if (!S_ISREG(st.st_mode)) {
        *why = "not a regular file";
        return -1;
    }
    return ov_steal_fd(&fd);
}
