/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_cache.c - keeps the folder of compiled databases small. Others may be using what is removed:
 * a mapping outlives its name, and who finds a key without its database compiles again. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/overt/clamscan.h"
#include "programs/overt/listing.h"

#define DIGEST_CHARS 64u

/* As many databases and bytes stay: a handful of sets of options, each of millions of signatures. */
#define KEPT_MAX       8u
#define KEPT_BYTES_MAX (4ull << 30)

/* Left behind by somebody who was stopped while writing; nobody writes for so long. */
#define STALE_SECONDS 86400

struct kept {
    const char *name; /* lent by the listing */
    uint64_t bytes;
    struct timespec used;
};

static bool is_ours(const char *name, const char *end)
{
    return strspn(name, "0123456789abcdef") == DIGEST_CHARS
           && strcmp(name + DIGEST_CHARS, end) == 0;
}

/* The one used last comes first. */
static int by_use(const void *a, const void *b)
{
    const struct kept *x = a, *y = b;

    if (x->used.tv_sec != y->used.tv_sec) {
        return x->used.tv_sec > y->used.tv_sec ? -1 : 1;
    }
    if (x->used.tv_nsec != y->used.tv_nsec) {
        return x->used.tv_nsec > y->used.tv_nsec ? -1 : 1;
    }
    return strcmp(x->name, y->name);
}

static size_t list_databases(int folder, const struct ov_listing *listing, struct kept *out)
{
    size_t count = 0;

    for (size_t i = 0; i < listing->count; i++) {
        const char *name = ov_listing_name(listing, i);
        struct stat st;

        if (is_ours(name, ".ovdb") && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0
                && S_ISREG(st.st_mode)) {
            out[count++] = (struct kept){
                .name = name, .bytes = (uint64_t)st.st_size, .used = st.st_mtim
            };
        }
    }
    qsort(out, count, sizeof(*out), by_use);
    return count;
}

/* Does the key lead to a database that is there? */
static bool leads_somewhere(int folder, const char *name)
{
    char target[DIGEST_CHARS + sizeof(".ovdb")];
    auto_fd int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || read(fd, target, DIGEST_CHARS) != (ssize_t)DIGEST_CHARS) {
        return false;
    }
    memcpy(target + DIGEST_CHARS, ".ovdb", sizeof(".ovdb"));
    return is_ours(target, ".ovdb") && faccessat(folder, target, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_stale(int folder, const char *name)
{
    struct stat st;
    struct timespec now = { .tv_sec = 0 };

    /* what remember() and ov_database_write() write to before they rename it */
    const bool temporary = strncmp(name, "key.", 4) == 0
                           || (strspn(name, "0123456789abcdef") == DIGEST_CHARS
                                   && strncmp(name + DIGEST_CHARS, ".ovdb.", 6) == 0);

    return temporary && clock_gettime(CLOCK_REALTIME, &now) == 0
           && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
           && now.tv_sec - st.st_mtim.tv_sec > STALE_SECONDS;
}

void clamscan_cache_used(const char *path)
{
    (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

void clamscan_cache_prune(const char *path)
{
    auto_fd int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct ov_listing listing;
    auto_free struct kept *kept = NULL;
    uint64_t bytes = 0;
    size_t count;

    if (folder < 0 || ov_listing_read(&listing, folder) != 0) {
        return;
    }
    kept = calloc(listing.count + 1, sizeof(*kept));
    count = kept == NULL ? 0 : list_databases(folder, &listing, kept);
    for (size_t i = 0; i < count; i++) {
        bytes += kept[i].bytes;
        if (i >= KEPT_MAX || (i > 0 && bytes > KEPT_BYTES_MAX)) {
            (void)unlinkat(folder, kept[i].name, 0);
        }
    }
    for (size_t i = 0; kept != NULL && i < listing.count; i++) {
        const char *name = ov_listing_name(&listing, i);

        if ((is_ours(name, ".key") && !leads_somewhere(folder, name)) || is_stale(folder, name)) {
            (void)unlinkat(folder, name, 0);
        }
    }
    ov_listing_done(&listing);
}
