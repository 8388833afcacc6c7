/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - a list of names may come slowly, through a pipe, from a program that waits for our
 * answers: it is read without blocking, name by name. */
#include "programs/overt/feed.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "programs/overt/interrupt.h"
#include "programs/overt/out.h"

#define NAME_BYTES_MAX (16u * 1024u * 1024u) /* of one line of a list */
#define READ_BYTES     65536u
#define STDIN_NAME     "(standard input)"

struct ov_feed {
    struct ov_feed_options options;
    struct ov_walk *walk;
    size_t next_path;
    bool walking;
    int list;      /* -1: none, or at its end */
    bool own_list; /* to be closed */
    bool list_ended;
    char *text; /* owned; unread bytes of the list: [at, len) */
    size_t at, len, cap, searched;
};

struct ov_feed *ov_feed_new(const struct ov_feed_options *options)
{
    struct ov_feed *f = calloc(1, sizeof(*f));

    if (f == NULL || (f->walk = ov_walk_new(&options->walk)) == NULL) {
        ov_complain("scan", "no memory");
        free(f);
        return NULL;
    }
    f->options = *options;
    f->list = -1;
    if (options->list != NULL && strcmp(options->list, "-") == 0) {
        f->list = 0;
    } else if (options->list != NULL) {
        f->list = open(options->list, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        f->own_list = true;
        if (f->list < 0) {
            ov_complain("scan", "%s: %s", options->list, strerror(errno));
            ov_feed_free(f);
            return NULL;
        }
    }
    return f;
}

void ov_feed_free(struct ov_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    ov_walk_free(feed->walk);
    if (feed->own_list && feed->list >= 0) {
        (void)close(feed->list);
    }
    free(feed->text);
    free(feed);
}

int ov_feed_fd(const struct ov_feed *feed)
{
    return feed->list;
}

const struct ov_walk_counts *ov_feed_counts(const struct ov_feed *feed)
{
    return ov_walk_counts(feed->walk);
}

void ov_feed_give_up(struct ov_feed *feed)
{
    ov_walk_give_up(feed->walk);
}

static enum ov_feed_step problem(struct ov_walk_entry *out, const char *path, const char *why)
{
    *out = (struct ov_walk_entry){ .path = path, .path_bytes = strlen(path), .fd = -1, .why = why };
    return OV_FEED_PROBLEM;
}

/* --- standard input as a file --------------------------------------------------------------- */

/* A pipe has no size and cannot be read twice: its bytes go to a file in memory. They are moved,
 * not looked at. */
static enum ov_feed_step take_stdin(struct ov_walk_entry *out)
{
    auto_fd int copy = memfd_create("overt-stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint8_t part[READ_BYTES];
    uint64_t size = 0;

    if (copy < 0) {
        return problem(out, STDIN_NAME, strerrordesc_np(errno));
    }
    for (;;) {
        struct pollfd ready = { .fd = 0, .events = POLLIN };
        ssize_t n;

        if (!ov_interrupt_wait(&ready, 1, -1)) {
            return problem(out, STDIN_NAME, "interrupted before its end");
        }
        n = read(0, part, sizeof(part));
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n < 0) {
            return problem(out, STDIN_NAME, strerrordesc_np(errno));
        }
        if (n == 0) {
            break;
        }
        for (ssize_t done = 0; done < n;) {
            const ssize_t m = write(copy, part + done, (size_t)(n - done));

            if (m < 0 && errno != EINTR) {
                return problem(out, STDIN_NAME, strerrordesc_np(errno));
            }
            done += m < 0 ? 0 : m;
        }
        size += (uint64_t)n;
    }
    if (fcntl(copy, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0) {
        return problem(out, STDIN_NAME, strerrordesc_np(errno));
    }
    *out = (struct ov_walk_entry){
        .path = STDIN_NAME, .path_bytes = strlen(STDIN_NAME), .fd = ov_steal_fd(&copy), .size = size
    };
    return OV_FEED_FILE;
}

/* --- the list ------------------------------------------------------------------------------- */

/* Reads once if something is there. OV_FEED_END: bytes came, or the end. */
static enum ov_feed_step read_list(struct ov_feed *f, struct ov_walk_entry *out)
{
    struct pollfd ready = { .fd = f->list, .events = POLLIN };
    ssize_t n;

    if (poll(&ready, 1, 0) == 0) {
        return OV_FEED_WAIT;
    }
    if (f->at > 0) {
        memmove(f->text, f->text + f->at, f->len - f->at);
        f->len -= f->at;
        f->searched -= f->at;
        f->at = 0;
    }
    if (f->cap - f->len < READ_BYTES) {
        const size_t cap = f->cap * 2 + READ_BYTES;
        char *text = cap > 2u * NAME_BYTES_MAX ? NULL : realloc(f->text, cap);

        if (text == NULL) {
            f->list_ended = true;
            f->at = f->len = f->searched = 0;
            return problem(out, f->options.list, "a name in this list is too long, or no memory");
        }
        f->text = text;
        f->cap = cap;
    }
    n = read(f->list, f->text + f->len, f->cap - f->len - 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
        return OV_FEED_WAIT;
    }
    if (n < 0) {
        f->list_ended = true;
        return problem(out, f->options.list, strerrordesc_np(errno));
    }
    f->list_ended = n == 0;
    f->len += (size_t)n;
    return OV_FEED_END;
}

/* The next name, NUL-terminated in place, or NULL: read more. */
static char *cut_name(struct ov_feed *f, size_t *len)
{
    const char separator = f->options.list_is_nul_separated ? '\0' : '\n';
    char *end = f->searched == f->len
                        ? NULL
                        : memchr(f->text + f->searched, separator, f->len - f->searched);
    char *name;

    if (end == NULL && !(f->list_ended && f->at < f->len)) {
        f->searched = f->len;
        return NULL;
    }
    name = f->text + f->at;
    if (end == NULL) {
        end = f->text + f->len; /* the last line has no newline; there is room for the NUL */
        f->at = f->len;
    } else {
        f->at = (size_t)(end - f->text) + 1;
    }
    f->searched = f->at;
    *end = '\0';
    *len = (size_t)(end - name);
    return name;
}

/* OV_FEED_END: the walk was begun at a name. */
static enum ov_feed_step next_listed(struct ov_feed *f, struct ov_walk_entry *out)
{
    for (;;) {
        size_t len = 0;
        char *name = cut_name(f, &len);

        if (name != NULL && len == 0) {
            continue; /* an empty line names nothing */
        }
        if (name != NULL) {
            if (strlen(name) != len) { /* up to the NUL it would be another name */
                return problem(out, name, "a line of the list holds a NUL byte; use -0");
            }
            ov_walk_begin(f->walk, name);
            f->walking = true;
            return OV_FEED_END;
        }
        if (f->list_ended) {
            if (f->own_list) {
                (void)close(f->list);
            }
            f->list = -1;
            return OV_FEED_END;
        }
        {
            const enum ov_feed_step step = read_list(f, out);

            if (step != OV_FEED_END) {
                return step;
            }
        }
    }
}

enum ov_feed_step ov_feed_next(struct ov_feed *feed, struct ov_walk_entry *out)
{
    for (;;) {
        if (feed->walking) {
            switch (ov_walk_next(feed->walk, out)) {
            case OV_WALK_FILE:
                return OV_FEED_FILE;
            case OV_WALK_PROBLEM:
                return OV_FEED_PROBLEM;
            case OV_WALK_AGAIN:
                return OV_FEED_AGAIN;
            case OV_WALK_END:
                feed->walking = false;
                break;
            }
        }
        if (feed->next_path < feed->options.paths->count) {
            const char *path = feed->options.paths->at[feed->next_path++];

            if (strcmp(path, "-") == 0) {
                return take_stdin(out);
            }
            ov_walk_begin(feed->walk, path);
            feed->walking = true;
            continue;
        }
        if (feed->list < 0) {
            return OV_FEED_END;
        }
        {
            const enum ov_feed_step step = next_listed(feed, out);

            if (step != OV_FEED_END) {
                return step;
            }
        }
    }
}
