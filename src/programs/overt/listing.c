/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - reading a folder. A folder may have any number of entries with any bytes as names,
 * and may change while it is read. */
#include "programs/overt/listing.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/attr.h"
#include "base/checked.h"

#define DENTS_BYTES (32u * 1024u)

static bool grow(void **items, size_t *cap, size_t need, size_t size)
{
    size_t more = *cap == 0 ? 64 : *cap, bytes;
    void *at;

    if (need <= *cap) {
        return true;
    }
    while (more < need) {
        if (!ov_mul(&more, more, (size_t)2)) {
            return false;
        }
    }
    if (!ov_mul(&bytes, more, size)) {
        return false;
    }
    at = realloc(*items, bytes);
    if (at == NULL) {
        return false;
    }
    *items = at;
    *cap = more;
    return true;
}

/* File systems that do not tell types in their listings are asked entry by entry. */
static unsigned char type_of(int fd, const char *name, unsigned char told)
{
    struct stat st;

    if (told != DT_UNKNOWN) {
        return told;
    }
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) != 0) {
        return DT_REG; /* opening it will say why it cannot be had */
    }
    return (unsigned char)IFTODT(st.st_mode);
}

static bool add(struct ov_listing *listing, int fd, const char *name, unsigned char type)
{
    const size_t bytes = strlen(name) + 1;
    void *names = listing->names, *entries = listing->entries;
    bool ok;

    ok = grow(&names, &listing->names_cap, listing->names_bytes + bytes, 1);
    listing->names = names;
    ok = ok && grow(&entries, &listing->cap, listing->count + 1, sizeof(*listing->entries));
    listing->entries = entries;
    if (!ok) {
        return false;
    }
    memcpy(listing->names + listing->names_bytes, name, bytes);
    listing->entries[listing->count++] =
            (struct ov_listed){ .name = listing->names_bytes, .type = type_of(fd, name, type) };
    listing->names_bytes += bytes;
    return true;
}

static int compare(const void *a, const void *b, void *names)
{
    const struct ov_listed *x = a, *y = b;
    const int folder_x = x->type == DT_DIR, folder_y = y->type == DT_DIR;

    return folder_x != folder_y ? folder_x - folder_y
                                : strcmp((char *)names + x->name, (char *)names + y->name);
}

int ov_listing_read(struct ov_listing *listing, int fd)
{
    _Alignas(struct dirent64) char buffer[DENTS_BYTES];
    int bad = 0;

    *listing = (struct ov_listing){ .count = 0 };
    for (;;) {
        const ssize_t n = getdents64(fd, buffer, sizeof(buffer));

        if (n <= 0) {
            bad = n < 0 ? errno : 0;
            break;
        }
        for (ssize_t at = 0; at < n && bad == 0;) {
            const struct dirent64 *d = (const struct dirent64 *)(const void *)(buffer + at);

            if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0
                    && !add(listing, fd, d->d_name, d->d_type)) {
                bad = ENOMEM;
            }
            at += d->d_reclen;
        }
        if (bad != 0) {
            break;
        }
    }
    if (listing->count > 1) {
        qsort_r(listing->entries, listing->count, sizeof(*listing->entries), compare,
                listing->names);
    }
    return bad;
}

void ov_listing_done(struct ov_listing *listing)
{
    free(listing->names);
    free(listing->entries);
    *listing = (struct ov_listing){ .count = 0 };
}

/* --- long paths ----------------------------------------------------------------------------- */

/* Splits off leading folders until the rest is short enough for one call. */
int ov_open_long(const char *path, int flags)
{
    auto_fd int at = -1;
    const char *rest = path;
    size_t left = strlen(path);

    while (left >= PATH_MAX) {
        char part[PATH_MAX];
        const char *slash = memrchr(rest, '/', PATH_MAX - 1);
        size_t bytes;
        int next;

        if (slash == NULL || slash == rest) {
            errno = ENAMETOOLONG;
            return -1;
        }
        bytes = (size_t)(slash - rest);
        memcpy(part, rest, bytes);
        part[bytes] = '\0';
        next = openat(at < 0 ? AT_FDCWD : at, part, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (next < 0) {
            return -1;
        }
        if (at >= 0) {
            (void)close(at);
        }
        at = next;
        while (*slash == '/') {
            slash++;
        }
        left -= (size_t)(slash - rest);
        rest = slash;
    }
    return openat(at < 0 ? AT_FDCWD : at, *rest == '\0' && rest != path ? "." : rest, flags);
}

int ov_open_below(const char *path, size_t root_bytes, int flags)
{
    char *copy = strdup(path);
    auto_fd int at = -1;
    char *name;

    if (copy == NULL) {
        return -1;
    }
    OV_ASSERT(root_bytes <= strlen(path));
    copy[root_bytes] = '\0';
    at = ov_open_long(copy, O_PATH | O_DIRECTORY | O_CLOEXEC);
    name = copy + root_bytes + (path[root_bytes] == '/');
    memcpy(copy, path, root_bytes);
    copy[root_bytes] = path[root_bytes];
    while (at >= 0 && *name != '\0') {
        char *slash = strchr(name, '/');
        int next;

        if (slash != NULL) {
            *slash = '\0';
        }
        next = openat(at, name,
                slash == NULL ? flags | O_NOFOLLOW : O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        (void)close(at);
        at = next;
        if (slash == NULL) {
            break;
        }
        name = slash + 1;
    }
    free(copy);
    return ov_steal_fd(&at);
}
