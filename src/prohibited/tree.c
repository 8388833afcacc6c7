/* SPDX-License-Identifier: Apache-2.0 */
/* tree.c - the walk. Whoever wrote the tree may have made it deep, looped by mounts, and full of
 * odd names; and may go on changing it meanwhile. One descriptor a level, a limit on levels, and
 * openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS for every step. */
#include "prohibited/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>

#include "base/limits.h"
#include "prohibited/grow.h"

struct level {
    DIR *dir; /* owns the descriptor */
    int fd;
    size_t path_len;
    size_t root_len; /* of the path of the innermost system's root */
    dev_t dev;
    ino_t ino;
};

struct walk {
    const struct ov_tree_options *options;
    const struct ov_tree_sink *sink;
    struct level levels[OV_TREE_DEPTH_MAX];
    unsigned depth; /* levels open */
    char *path;
    size_t path_len, path_cap;
};

int ov_tree_open(int folder_fd, const char *name, int flags)
{
    return ov_tree_open_path(folder_fd, name, flags);
}

int ov_tree_open_path(int root_fd, const char *path, int flags)
{
    const struct open_how how = {
        .flags = (uint64_t)(unsigned)((flags & O_PATH) != 0
                                              ? flags | O_CLOEXEC | O_NOFOLLOW
                                              : flags | O_RDONLY | O_CLOEXEC | O_NOFOLLOW
                                                        | O_NONBLOCK | O_NOCTTY),
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    long fd;

    while (*path == '/') {
        path++;
    }
    do {
        fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
    } while (fd < 0 && errno == EAGAIN); /* a rename meanwhile: ask again */
    return (int)fd;
}

/* --- the path ------------------------------------------------------------------------------- */

static bool push_name(struct walk *w, const char *name)
{
    const size_t len = strlen(name);

    while (w->path_len + len + 2 > w->path_cap) {
        char *more = realloc(w->path, w->path_cap * 2 + 512);

        if (more == NULL) {
            return false;
        }
        w->path = more;
        w->path_cap = w->path_cap * 2 + 512;
    }
    w->path[w->path_len] = '/';
    memcpy(w->path + w->path_len + 1, name, len + 1);
    w->path_len += len + 1;
    return true;
}

static void cut_path(struct walk *w, size_t len)
{
    w->path_len = len;
    w->path[len] = '\0';
}

static void tell_unread(struct walk *w, const char *reason, const char *text)
{
    w->sink->unread(w->sink->payload, w->path_len == 0 ? "/" : w->path, reason, text);
}

static void tell_errno(struct walk *w, int bad)
{
    tell_unread(w, "open", strerrordesc_np(bad));
}

/* --- folders -------------------------------------------------------------------------------- */

/* Views of the kernel hold no files of anyone's. What cannot be asked is walked. */
static bool is_kernel_view(int fd)
{
    static const unsigned long views[] = { PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
        CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC,
        PSTOREFS_MAGIC, DEVPTS_SUPER_MAGIC, 0x19800202ul /* mqueue */, 0xcafe4a11ul /* bpf */,
        0x62656570ul /* configfs */, 0x65735543ul /* fusectl */, BINFMTFS_MAGIC,
        0x6e736673ul /* nsfs */, 0xde5e81e4ul /* efivarfs */, HUGETLBFS_MAGIC };
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        if (((unsigned long)fs.f_type & 0xfffffffful) == views[i]) {
            return true;
        }
    }
    return false;
}

static bool is_above(const struct walk *w, const struct stat *st)
{
    for (unsigned i = 0; i < w->depth; i++) {
        if (w->levels[i].dev == st->st_dev && w->levels[i].ino == st->st_ino) {
            return true;
        }
    }
    return false;
}

/* Where container engines keep the layers that they lay over each other: each is a part of a system,
 * from its root. */
static bool is_layer_folder(const char *path)
{
    static const struct {
        const char *above, *below;
    } places[] = {
        { "/overlay2/", "*/diff" },
        { "/overlay/", "*/diff" },
        { "/snapshots/", "*/fs" }, /* containerd */
        { "/aufs/diff/", "*" },
        { "/vfs/dir/", "*" },
    };

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        const char *at = strstr(path, places[i].above);

        if (at != NULL
                && fnmatch(places[i].below, at + strlen(places[i].above),
                           FNM_PATHNAME | FNM_NOESCAPE)
                           == 0) {
            return true;
        }
    }
    return false;
}

/* Does a system have its root here? A container's, a chroot's, another disk's. */
static bool is_system(int fd, const char *path)
{
    static const char *const signs[] = { "etc/passwd", "var/lib/dpkg/status",
        "Windows/System32/config", "System/Library/CoreServices" };

    if (is_layer_folder(path)) {
        return true;
    }
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        auto_fd int sign = ov_tree_open_path(fd, signs[i], O_PATH);

        if (sign >= 0) {
            return true;
        }
    }
    return false;
}

/* Takes `fd`. The folder at the path becomes the deepest level. */
static void enter(struct walk *w, int fd)
{
    auto_fd int held = fd;
    struct level *level = &w->levels[w->depth];
    struct stat st;

    if (fstat(fd, &st) != 0) {
        tell_errno(w, errno);
        return;
    }
    if (is_above(w, &st)) {
        return; /* a mount of a folder into itself: everything in it is walked already */
    }
    if (w->options->skip_kernel_views && is_kernel_view(fd)) {
        return;
    }
    if (w->depth == OV_TREE_DEPTH_MAX) {
        tell_unread(w, "depth", "folders are nested deeper than the limit");
        return;
    }
    level->dir = fdopendir(fd);
    if (level->dir == NULL) {
        tell_errno(w, errno);
        return;
    }
    level->fd = ov_steal_fd(&held);
    level->path_len = w->path_len;
    level->root_len = is_system(level->fd, w->path) ? w->path_len
                      : w->depth > 0                ? w->levels[w->depth - 1].root_len
                                                    : 0;
    level->dev = st.st_dev;
    level->ino = st.st_ino;
    w->depth++;
}

static void leave(struct walk *w)
{
    struct level *level = &w->levels[--w->depth];

    (void)closedir(level->dir);
}

/* A name that was listed and is gone now was removed meanwhile: no gap. */
static void look_at(struct walk *w, struct level *level, const char *name)
{
    struct ov_tree_entry entry = { .path = w->path, .folder_fd = level->fd };
    int fd;

    entry.name = w->path + level->path_len + 1;
    entry.inner = w->path + level->root_len;
    if (fstatat(level->fd, name, &entry.st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
        if (errno != ENOENT) {
            tell_errno(w, errno);
        }
        return;
    }
    w->sink->entry(w->sink->payload, &entry);
    if (!S_ISDIR(entry.st.st_mode)) {
        return;
    }
    fd = ov_tree_open(level->fd, name, O_DIRECTORY);
    if (fd >= 0) {
        enter(w, fd);
    } else if (errno != ENOENT) {
        tell_errno(w, errno);
    }
}

static overt_status step(struct walk *w, overt_error *err)
{
    struct level *level = &w->levels[w->depth - 1];
    const struct dirent *entry;

    cut_path(w, level->path_len);
    errno = 0;
    entry = readdir(level->dir);
    if (entry == NULL) {
        if (errno != 0) {
            tell_errno(w, errno);
        }
        leave(w);
        return OVERT_OK;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
        return OVERT_OK;
    }
    if (!push_name(w, entry->d_name)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a path");
    }
    look_at(w, level, entry->d_name);
    return OVERT_OK;
}

overt_status ov_tree_walk(int root_fd, const struct ov_tree_options *options,
        const struct ov_tree_sink *sink, overt_error *err)
{
    struct walk *w = calloc(1, sizeof(*w));
    overt_status status = OVERT_OK;
    int fd = openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (w == NULL || fd < 0) {
        free(w);
        return ov_fail(
                err, fd < 0 ? OVERT_E_IO : OVERT_E_NOMEM, UINT64_MAX, "the root cannot be opened");
    }
    w->options = options;
    w->sink = sink;
    w->path_cap = 4096;
    w->path = calloc(1, w->path_cap);
    if (w->path == NULL) {
        (void)close(fd);
        free(w);
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a path");
    }
    enter(w, fd);
    while (w->depth > 0 && status == OVERT_OK) {
        status = step(w, err);
    }
    while (w->depth > 0) {
        leave(w);
    }
    free(w->path);
    free(w);
    return status;
}
