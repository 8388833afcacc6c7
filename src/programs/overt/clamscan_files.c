/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_files.c - what is looked at: paths that were named, a list of them, folders as far as the
 * options go. Names come from whoever may write there; only regular files are opened. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/overt/clamscan.h"

struct going {
    struct clamscan *c;
    clamscan_file_fn fn;
    void *payload;
};

static bool any_matches(const struct clamscan_patterns *patterns, const char *path)
{
    for (size_t i = 0; i < patterns->count; i++) {
        if (regexec(&patterns->at[i], path, 0, NULL, 0) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_chosen(const struct clamscan_patterns *include,
        const struct clamscan_patterns *exclude, const char *path)
{
    return !any_matches(exclude, path) && (include->count == 0 || any_matches(include, path));
}

/* A line about a file that is not scanned, as clamscan has it. */
static void say_passed(struct clamscan *c, const char *path, const char *what)
{
    if (!c->options.infected_only) {
        clamscan_say(c, "%s: %s", path, what);
    }
}

static void one_file(struct going *g, const char *path)
{
    struct clamscan *c = g->c;
    struct stat st;
    int fd;

    if (!is_chosen(&c->options.include, &c->options.exclude, path)) {
        say_passed(c, path, "Excluded");
        return;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        clamscan_say(c, "%s: %s", path, errno == EACCES ? "Access denied" : strerrordesc_np(errno));
        c->counts.errors++;
        if (fd >= 0) {
            (void)close(fd);
        }
        return;
    }
    if (!S_ISREG(st.st_mode)) {
        (void)close(fd);
        return;
    }
    if (st.st_size == 0) {
        (void)close(fd);
        say_passed(c, path, "Empty file");
        return;
    }
    g->fn(c, g->payload, path, fd);
}

/* --- folders --------------------------------------------------------------------------------- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool enters(const struct clamscan *c, const FTSENT *entry)
{
    if (entry->fts_level > 0 && !c->options.recursive) {
        return false;
    }
    return (uint64_t)entry->fts_level <= c->options.directory_depth_max
           && is_chosen(&c->options.include_dir, &c->options.exclude_dir, entry->fts_path);
}

static bool follows(const struct clamscan *c, const FTSENT *link)
{
    struct stat st;

    if (stat(link->fts_accpath, &st) != 0) {
        return false;
    }
    return S_ISDIR(st.st_mode) ? c->options.follow_directories == 2 : c->options.follow_files == 2;
}

static void one_entry(struct going *g, FTS *tree, FTSENT *entry)
{
    struct clamscan *c = g->c;

    switch (entry->fts_info) {
    case FTS_D:
        if (!enters(c, entry)) {
            if (entry->fts_level > 0 && c->options.recursive) {
                say_passed(c, entry->fts_path, "Excluded");
            }
            (void)fts_set(tree, entry, FTS_SKIP);
        } else {
            c->counts.directories++;
        }
        break;
    case FTS_F:
        one_file(g, entry->fts_path);
        break;
    case FTS_SL:
        if (follows(c, entry)) {
            (void)fts_set(tree, entry, FTS_FOLLOW);
        } else {
            say_passed(c, entry->fts_path, "Symbolic link");
        }
        break;
    case FTS_SLNONE:
        say_passed(c, entry->fts_path, "Symbolic link");
        break;
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        clamscan_say(c, "%s: %s", entry->fts_path, strerrordesc_np(entry->fts_errno));
        c->counts.errors++;
        break;
    default: /* FTS_DP: a folder is done; FTS_DC: a loop, which ends here; FTS_DEFAULT: a pipe */
        break;
    }
}

static void folder(struct going *g, const char *path)
{
    char *const paths[] = { (char *)(uintptr_t)path, NULL }; /* fts(3) does not write there */
    const int flags =
            FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | (g->c->options.cross_fs ? 0 : FTS_XDEV);
    FTS *tree = fts_open(paths, flags, by_name);
    FTSENT *entry;

    if (tree == NULL) {
        clamscan_error(g->c, "%s: %s", path, strerrordesc_np(errno));
        g->c->counts.errors++;
        return;
    }
    while ((entry = fts_read(tree)) != NULL) {
        one_entry(g, tree, entry);
    }
    (void)fts_close(tree);
}

/* --- what was named -------------------------------------------------------------------------- */

static void standard_input(struct going *g)
{
    auto_fd int copy = memfd_create("overt-stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char part[65536];
    ssize_t n = -1;

    while (copy >= 0 && (n = read(STDIN_FILENO, part, sizeof(part))) != 0) {
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0 || write(copy, part, (size_t)n) != n) {
            n = -1;
            break;
        }
    }
    if (n < 0
            || fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
                       != 0) {
        clamscan_error(g->c, "standard input: %s", strerrordesc_np(errno));
        g->c->counts.errors++;
        return;
    }
    g->fn(g->c, g->payload, "stdin", ov_steal_fd(&copy));
}

static void one_path(struct going *g, const char *path)
{
    struct stat link, st;

    if (strcmp(path, "-") == 0) {
        standard_input(g);
        return;
    }
    if (lstat(path, &link) != 0 || stat(path, &st) != 0) {
        clamscan_say(g->c, "%s: %s", path, strerrordesc_np(errno));
        clamscan_warn(g->c, "%s: Can't access file", path);
        g->c->counts.errors++;
        return;
    }
    if (S_ISLNK(link.st_mode)
            && (S_ISDIR(st.st_mode) ? g->c->options.follow_directories : g->c->options.follow_files)
                       == 0) {
        say_passed(g->c, path, "Symbolic link");
        return;
    }
    if (S_ISDIR(st.st_mode)) {
        folder(g, path);
    } else {
        one_file(g, path);
    }
}

static void listed(struct going *g)
{
    FILE *list = fopen(g->c->options.list, "re");
    char *line = NULL;
    size_t room = 0;
    ssize_t n;

    if (list == NULL) {
        clamscan_error(
                g->c, "Can't open file list %s: %s", g->c->options.list, strerrordesc_np(errno));
        g->c->counts.errors++;
        return;
    }
    while ((n = getline(&line, &room, list)) > 0) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) {
            line[--n] = '\0';
        }
        if (n > 0) {
            one_path(g, line);
        }
    }
    free(line);
    (void)fclose(list);
}

void clamscan_files(struct clamscan *c, clamscan_file_fn fn, void *payload)
{
    struct going g = { .c = c, .fn = fn, .payload = payload };

    if (c->options.list != NULL) {
        listed(&g);
        return;
    }
    for (size_t i = 0; i < c->options.paths.count; i++) {
        one_path(&g, c->options.paths.at[i]);
    }
    if (c->options.paths.count == 0) {
        auto_free char *here = getcwd(NULL, 0);

        one_path(&g, here == NULL ? "." : here);
    }
}
