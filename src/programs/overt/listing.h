/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h - one folder's names, sorted; and opening paths of any length. */
#ifndef OV_PROGRAMS_OVERT_LISTING_H
#define OV_PROGRAMS_OVERT_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ov_listed {
    size_t name;        /* offset into names */
    unsigned char type; /* DT_REG, DT_DIR, ...; never DT_UNKNOWN unless it vanished */
};

struct ov_listing {
    char *names; /* owned; NUL after each */
    size_t names_bytes, names_cap;
    struct ov_listed *entries; /* owned; folders last, else by name */
    size_t count, cap;
};

/* Reads the open folder `fd`. 0, or errno; what was read so far stays in `listing`. */
int ov_listing_read(struct ov_listing *listing, int fd);
void ov_listing_done(struct ov_listing *listing);

static inline const char *ov_listing_name(const struct ov_listing *listing, size_t index)
{
    return listing->names + listing->entries[index].name;
}

/* open() for a path of any length, or -1 and errno. The second one follows no link behind the
 * first `root_bytes` bytes of the path. */
int ov_open_long(const char *path, int flags);
int ov_open_below(const char *path, size_t root_bytes, int flags);

#endif
