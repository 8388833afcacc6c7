/* SPDX-License-Identifier: Apache-2.0 */
/* cache.h - verdicts remembered by what a file is: device, inode, size, times. A fixed number of
 * places; one rule set at a time (a new one forgets all). Writing to a file changes its time of
 * change, and so its key. */
#ifndef OV_GUARD_CACHE_H
#define OV_GUARD_CACHE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/attr.h"

struct ov_guard_key {
    uint64_t device, inode, size;
    int64_t mtime_ns, ctime_ns;
};

struct ov_guard_key ov_guard_key_of(const struct stat *st);
bool ov_guard_key_equal(const struct ov_guard_key *a, const struct ov_guard_key *b);

enum ov_guard_known {
    OV_GUARD_UNKNOWN = 0,
    OV_GUARD_ALLOW,
    OV_GUARD_DENY
};

struct ov_guard_cache;

/* NULL: no memory. `places` is rounded up to a power of two. */
OV_MUST_CHECK struct ov_guard_cache *ov_guard_cache_new(uint32_t places);
void ov_guard_cache_free(struct ov_guard_cache *cache);
OV_DEFINE_AUTO(struct ov_guard_cache, ov_guard_cache_free);

enum ov_guard_known ov_guard_cache_find(
        const struct ov_guard_cache *cache, const struct ov_guard_key *key);

/* `now_ns` is the wall clock: a file that was changed within the last moments could be changed
 * again without its time showing it, and is not remembered. */
void ov_guard_cache_put(struct ov_guard_cache *cache, const struct ov_guard_key *key,
        enum ov_guard_known known, int64_t now_ns);
void ov_guard_cache_forget(struct ov_guard_cache *cache);

#endif
