/* SPDX-License-Identifier: Apache-2.0 */
/* tree.h - every name below a root, and nothing outside it. Each folder is opened as one part below
 * its parent, never through a link; what cannot be listed is told, never passed over. */
#ifndef OV_PROHIBITED_TREE_H
#define OV_PROHIBITED_TREE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

struct ov_tree_entry {
    const char *path;  /* below the root, with a slash in front; lent for the call */
    const char *inner; /* the same below the innermost system that it lies in: a container's or
                          another disk's root inside this one; else the path */
    const char *name;  /* its last part */
    int folder_fd;     /* where it lies */
    struct stat st;    /* of itself, links not followed */
};

struct ov_tree_sink {
    void *payload;
    void (*entry)(void *payload, const struct ov_tree_entry *entry);
    /* A folder, or the rest of one, that was not looked at. */
    void (*unread)(void *payload, const char *path, const char *reason, const char *text);
};

struct ov_tree_options {
    bool skip_kernel_views; /* /proc, /sys and the like: a live system */
};

/* Fails only without memory, or when the root itself cannot be opened. */
OV_MUST_CHECK overt_status ov_tree_walk(int root_fd, const struct ov_tree_options *options,
        const struct ov_tree_sink *sink, overt_error *err);

/* Opens one part below a folder, not through a link and not out of it. -1: errno. `flags`: more for
 * open. */
int ov_tree_open(int folder_fd, const char *name, int flags);
/* The same for a path of several parts below a root. */
int ov_tree_open_path(int root_fd, const char *path, int flags);

#endif
