/* SPDX-License-Identifier: Apache-2.0 */
/* walk.c - the walk, with a stack of folders instead of recursion. A tree may be deeper than there
 * are descriptors: only the innermost folders stay open, the others are opened again on the way
 * back and must be the same ones (device and inode). */
#include "programs/overt/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/attr.h"
#include "base/checked.h"
#include "programs/overt/listing.h"

#define FOLDERS_OPEN_MAX 16u

/* Before every open: no terminal, no waiting for a FIFO's writer, no inheritance. */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

struct folder {
    int fd; /* owned; -1: closed for now */
    dev_t dev;
    ino_t ino;
    size_t path_bytes; /* of the folder's own path */
    struct ov_listing listing;
    size_t next;
};

struct ov_walk {
    struct ov_walk_options options;
    struct ov_walk_counts counts;
    struct folder *stack; /* owned; the innermost last */
    size_t depth, cap;
    char *path; /* owned */
    size_t path_bytes, path_cap;
    size_t root_bytes;
    bool at_root; /* the path that was named has not been looked at yet */
    bool giving_up;
    dev_t disk_dev; /* the last device found to hold files, not the kernel's views */
    bool disk_known;
};

struct ov_walk *ov_walk_new(const struct ov_walk_options *options)
{
    struct ov_walk *w = calloc(1, sizeof(*w));

    if (w != NULL) {
        w->options = *options;
    }
    return w;
}

static void pop(struct ov_walk *w)
{
    struct folder *f = &w->stack[--w->depth];

    if (f->fd >= 0) {
        (void)close(f->fd);
    }
    ov_listing_done(&f->listing);
}

void ov_walk_free(struct ov_walk *walk)
{
    if (walk == NULL) {
        return;
    }
    while (walk->depth > 0) {
        pop(walk);
    }
    free(walk->stack);
    free(walk->path);
    free(walk);
}

const struct ov_walk_counts *ov_walk_counts(const struct ov_walk *walk)
{
    return &walk->counts;
}

void ov_walk_give_up(struct ov_walk *walk)
{
    walk->giving_up = true;
}

/* --- the path ------------------------------------------------------------------------------- */

/* Cuts the path to `keep` bytes and appends `name` behind a slash. False: no memory. */
static bool set_path(struct ov_walk *w, size_t keep, const char *name)
{
    const bool slash = keep > 0 && w->path[keep - 1] != '/';
    const size_t name_bytes = strlen(name);
    size_t need;

    if (!ov_add(&need, keep, name_bytes) || !ov_add(&need, need, (size_t)2)) {
        return false;
    }
    if (need > w->path_cap) {
        char *path = realloc(w->path, need * 2);

        if (path == NULL) {
            return false;
        }
        w->path = path;
        w->path_cap = need * 2;
    }
    if (slash) {
        w->path[keep++] = '/';
    }
    memcpy(w->path + keep, name, name_bytes + 1);
    w->path_bytes = keep + name_bytes;
    return true;
}

static enum ov_walk_step problem(struct ov_walk *w, struct ov_walk_entry *out, const char *why)
{
    *out = (struct ov_walk_entry){
        .path = w->path == NULL ? "" : w->path, .path_bytes = w->path_bytes, .fd = -1, .why = why
    };
    return OV_WALK_PROBLEM;
}

static enum ov_walk_step problem_errno(struct ov_walk *w, struct ov_walk_entry *out, int bad)
{
    const char *why = strerrordesc_np(bad);

    return problem(w, out, why == NULL ? "unknown error" : why);
}

static bool is_excluded(const struct ov_walk *w, const char *name)
{
    for (const char *const *glob = w->options.excludes; glob != NULL && *glob != NULL; glob++) {
        if (fnmatch(*glob, w->path, 0) == 0 || fnmatch(*glob, name, 0) == 0) {
            return true;
        }
    }
    return false;
}

/* Out of descriptors is no property of the file: the caller closes some and asks again. */
static bool is_shortage(const struct ov_walk *w, int bad)
{
    return (bad == EMFILE || bad == ENFILE) && !w->giving_up;
}

/* --- file systems that are views of the kernel ---------------------------------------------- */

static bool is_kernel_view(int fd)
{
    static const long views[] = { 0x9fa0 /* proc */, 0x62656572 /* sysfs */,
        0x64626720 /* debugfs */, 0x74726163 /* tracefs */, 0x27e0eb /* cgroup */,
        0x63677270 /* cgroup2 */, (long)0xcafe4a11 /* bpf */, 0x73636673 /* securityfs */,
        (long)0xf97cff8c /* selinuxfs */, 0x62656570 /* configfs */, 0x6165676c /* pstore */,
        (long)0xde5e81e4 /* efivarfs */, 0x1cd1 /* devpts */, 0x42494e4d /* binfmt_misc */,
        0x19800202 /* mqueue */, 0x6e736673 /* nsfs */, 0x65735543 /* fusectl */ };
    struct statfs fs;

    if (fstatfs(fd, &fs) != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
        if (((unsigned long)fs.f_type & 0xffffffffu) == ((unsigned long)views[i] & 0xffffffffu)) {
            return true;
        }
    }
    return false;
}

static bool holds_files(struct ov_walk *w, int fd, dev_t dev)
{
    if (w->disk_known && w->disk_dev == dev) {
        return true;
    }
    if (is_kernel_view(fd)) {
        return false;
    }
    w->disk_known = true;
    w->disk_dev = dev;
    return true;
}

/* --- folders -------------------------------------------------------------------------------- */

/* Reading does not change the time of the last access, where we may ask for that. */
static int open_unseen(int at, const char *name, int flags)
{
    int fd = openat(at, name, flags | O_NOATIME);

    if (fd < 0 && errno == EPERM) {
        fd = openat(at, name, flags);
    }
    return fd;
}

static void close_outer(struct ov_walk *w)
{
    if (w->depth > FOLDERS_OPEN_MAX) {
        struct folder *f = &w->stack[w->depth - 1 - FOLDERS_OPEN_MAX];

        if (f->fd >= 0) {
            (void)close(f->fd);
            f->fd = -1;
        }
    }
}

static bool is_ancestor(const struct ov_walk *w, const struct stat *st)
{
    for (size_t i = 0; i < w->depth; i++) {
        if (w->stack[i].dev == st->st_dev && w->stack[i].ino == st->st_ino) {
            return true;
        }
    }
    return false;
}

/* Takes `fd`, the folder at w->path. OV_WALK_END: nothing to tell, whether entered or not. */
static enum ov_walk_step enter(struct ov_walk *w, int fd, struct ov_walk_entry *out)
{
    struct folder f = { .fd = fd, .path_bytes = w->path_bytes };
    struct stat st;
    int bad;

    if (fstat(fd, &st) != 0) {
        bad = errno;
        (void)close(fd);
        return problem_errno(w, out, bad);
    }
    if (is_ancestor(w, &st)) {
        w->counts.loops++;
        (void)close(fd);
        return OV_WALK_END;
    }
    if (w->depth > 0 && st.st_dev != w->stack[w->depth - 1].dev && w->options.one_file_system) {
        w->counts.other_fs++;
        (void)close(fd);
        return OV_WALK_END;
    }
    if (!holds_files(w, fd, st.st_dev)) {
        w->counts.kernel_fs++;
        (void)close(fd);
        return w->depth > 0 ? OV_WALK_END
                            : problem(w, out, "a view of the kernel's, with no files of its own");
    }
    if (w->depth == w->cap) {
        const size_t cap = w->cap == 0 ? 32 : w->cap * 2;
        struct folder *stack = reallocarray(w->stack, cap, sizeof(*stack));

        if (stack == NULL) {
            (void)close(fd);
            return problem_errno(w, out, ENOMEM);
        }
        w->stack = stack;
        w->cap = cap;
    }
    f.dev = st.st_dev;
    f.ino = st.st_ino;
    bad = ov_listing_read(&f.listing, fd);
    w->stack[w->depth++] = f;
    close_outer(w);
    return bad == 0 ? OV_WALK_END : problem_errno(w, out, bad); /* what was read is walked */
}

static enum ov_walk_step open_folder(
        struct ov_walk *w, int at, const char *name, struct ov_walk_entry *out)
{
    const int fd = open_unseen(at, name, OPEN_FLAGS | O_DIRECTORY | O_NOFOLLOW);

    if (fd >= 0) {
        return enter(w, fd, out);
    }
    if (is_shortage(w, errno)) {
        return OV_WALK_AGAIN;
    }
    if (errno == ENOENT) {
        w->counts.vanished++;
        return OV_WALK_END;
    }
    if (errno == ELOOP || errno == ENOTDIR) { /* replaced by a link or a file meanwhile */
        w->counts.links++;
        return OV_WALK_END;
    }
    return problem_errno(w, out, errno);
}

/* Opens the innermost folder again after its children were walked: through "..", or from the root
 * of the walk. Either must lead to the same folder. False: errno. */
static bool reopen(struct ov_walk *w, int child)
{
    struct folder *f = &w->stack[w->depth - 1];
    const int flags = OPEN_FLAGS | O_DIRECTORY | O_NOFOLLOW;
    struct stat st;

    if (f->fd >= 0) {
        return true;
    }
    f->fd = child < 0 ? -1 : open_unseen(child, "..", flags);
    if (f->fd < 0 || fstat(f->fd, &st) != 0 || st.st_dev != f->dev || st.st_ino != f->ino) {
        if (f->fd >= 0) {
            (void)close(f->fd);
        }
        w->path[f->path_bytes] = '\0';
        w->path_bytes = f->path_bytes;
        f->fd = ov_open_below(w->path, w->root_bytes, flags);
    }
    if (f->fd < 0) {
        return false;
    }
    if (fstat(f->fd, &st) != 0 || st.st_dev != f->dev || st.st_ino != f->ino) {
        (void)close(f->fd);
        f->fd = -1;
        errno = ESTALE;
        return false;
    }
    return true;
}

/* The innermost folder is done. */
static enum ov_walk_step leave(struct ov_walk *w, struct ov_walk_entry *out)
{
    struct folder *f = &w->stack[w->depth - 1];
    auto_fd int child = f->fd;

    f->fd = -1;
    pop(w);
    if (w->depth == 0) {
        return OV_WALK_END;
    }
    f = &w->stack[w->depth - 1];
    if (f->next == f->listing.count || reopen(w, child)) {
        /* Nothing left to look at there: it needs no descriptor of its own but as a step. */
        if (f->fd < 0 && f->next == f->listing.count) {
            f->fd = ov_steal_fd(&child);
        }
        return OV_WALK_END;
    }
    f->next = f->listing.count;
    w->path[f->path_bytes] = '\0';
    w->path_bytes = f->path_bytes;
    return problem(
            w, out, "the folder moved while it was walked; its remaining files were not looked at");
}

/* --- files ---------------------------------------------------------------------------------- */

static enum ov_walk_step give(struct ov_walk *w, int fd, uint64_t size, struct ov_walk_entry *out)
{
    *out = (struct ov_walk_entry){
        .path = w->path, .path_bytes = w->path_bytes, .fd = fd, .size = size
    };
    return OV_WALK_FILE;
}

static enum ov_walk_step count_file(
        struct ov_walk *w, int at, const char *name, struct ov_walk_entry *out)
{
    struct stat st;

    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
        if (errno == ENOENT) {
            w->counts.vanished++;
            return OV_WALK_END;
        }
        return problem_errno(w, out, errno);
    }
    if (!S_ISREG(st.st_mode)) {
        w->counts.special++;
        return OV_WALK_END;
    }
    return give(w, -1, (uint64_t)st.st_size, out);
}

/* The listing said that it is a regular file. What took its place since is a link, which is not
 * followed, or nothing that opening does anything to: who could make a device has no need to. What
 * is submitted is looked at once more. */
static enum ov_walk_step open_file(
        struct ov_walk *w, int at, const char *name, struct ov_walk_entry *out)
{
    const int fd = open_unseen(at, name, OPEN_FLAGS | O_NOFOLLOW);

    if (fd >= 0) {
        return give(w, fd, 0, out);
    }
    if (is_shortage(w, errno)) {
        return OV_WALK_AGAIN;
    }
    if (errno == ENOENT) {
        w->counts.vanished++;
        return OV_WALK_END;
    }
    if (errno == ELOOP || errno == ENXIO) {
        w->counts.links += errno == ELOOP;
        w->counts.special += errno == ENXIO;
        return OV_WALK_END;
    }
    return problem_errno(w, out, errno);
}

/* One entry of the innermost folder. OV_WALK_END: nothing to tell of it. */
static enum ov_walk_step visit(struct ov_walk *w, struct ov_walk_entry *out)
{
    struct folder *f = &w->stack[w->depth - 1];
    const char *name = ov_listing_name(&f->listing, f->next);
    const unsigned char type = f->listing.entries[f->next].type;
    const size_t depth = w->depth;
    enum ov_walk_step step = OV_WALK_END;

    if (!set_path(w, f->path_bytes, name)) {
        f->next++;
        return problem_errno(w, out, ENOMEM);
    }
    if (is_excluded(w, name)) {
        w->counts.excluded++;
    } else if (type == DT_REG) {
        step = w->options.count_only ? count_file(w, f->fd, name, out)
                                     : open_file(w, f->fd, name, out);
    } else if (type == DT_DIR) {
        step = open_folder(w, f->fd, name, out);
    } else if (type == DT_LNK) {
        w->counts.links++;
    } else {
        w->counts.special++;
    }
    if (step != OV_WALK_AGAIN) {
        w->stack[depth - 1].next++; /* the stack may have moved */
    }
    return step;
}

/* --- the path that was named ---------------------------------------------------------------- */

void ov_walk_begin(struct ov_walk *walk, const char *path)
{
    while (walk->depth > 0) {
        pop(walk);
    }
    walk->path_bytes = 0;
    walk->at_root = set_path(walk, 0, path);
    walk->root_bytes = walk->path_bytes;
    walk->giving_up = !walk->at_root;
}

static const char *kind_of(mode_t mode)
{
    return S_ISFIFO(mode)   ? "a FIFO, not a regular file"
           : S_ISSOCK(mode) ? "a socket, not a regular file"
           : S_ISCHR(mode)  ? "a character device, not a regular file"
           : S_ISBLK(mode)  ? "a block device, not a regular file"
                            : "not a regular file";
}

/* What the path leads to, before it is opened. */
static bool look_at_root(const struct ov_walk *w, struct stat *st)
{
    auto_fd int place = -1;

    if (w->path_bytes < PATH_MAX) {
        return fstatat(AT_FDCWD, w->path, st, 0) == 0;
    }
    place = ov_open_long(w->path, O_PATH | O_CLOEXEC);
    return place >= 0 && fstat(place, st) == 0;
}

static enum ov_walk_step open_root(struct ov_walk *w, struct ov_walk_entry *out)
{
    struct stat st;
    int fd;

    if (!look_at_root(w, &st)) {
        w->at_root = is_shortage(w, errno);
        return w->at_root ? OV_WALK_AGAIN : problem_errno(w, out, errno);
    }
    w->at_root = false;
    if (is_excluded(w, w->path)) {
        w->counts.excluded++;
        return OV_WALK_END;
    }
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
        return problem(w, out, kind_of(st.st_mode));
    }
    fd = ov_open_long(w->path, OPEN_FLAGS | O_NOATIME | (S_ISDIR(st.st_mode) ? O_DIRECTORY : 0));
    if (fd < 0 && errno == EPERM) {
        fd = ov_open_long(w->path, OPEN_FLAGS | (S_ISDIR(st.st_mode) ? O_DIRECTORY : 0));
    }
    if (fd < 0) {
        w->at_root = is_shortage(w, errno);
        return w->at_root ? OV_WALK_AGAIN : problem_errno(w, out, errno);
    }
    if (S_ISDIR(st.st_mode)) {
        return enter(w, fd, out);
    }
    if (!holds_files(w, fd, st.st_dev)) {
        (void)close(fd);
        return problem(w, out, "a view of the kernel's, with no bytes of its own");
    }
    if (w->options.count_only) {
        (void)close(fd);
        fd = -1;
    }
    return give(w, fd, (uint64_t)st.st_size, out);
}

enum ov_walk_step ov_walk_next(struct ov_walk *walk, struct ov_walk_entry *out)
{
    enum ov_walk_step step = OV_WALK_END;

    if (walk->at_root) {
        step = open_root(walk, out);
        if (step != OV_WALK_AGAIN) {
            walk->giving_up = false;
        }
    } else if (walk->giving_up && walk->depth == 0) {
        walk->giving_up = false;
        return problem_errno(walk, out, ENOMEM);
    }
    /* Ends: every turn visits one entry of a listing or leaves a folder. */
    while (step == OV_WALK_END && walk->depth > 0) {
        const struct folder *f = &walk->stack[walk->depth - 1];

        if (f->next < f->listing.count) {
            step = visit(walk, out);
            walk->giving_up = walk->giving_up && step == OV_WALK_AGAIN;
        } else {
            step = leave(walk, out);
        }
    }
    return step;
}
