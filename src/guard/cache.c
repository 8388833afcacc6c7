/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c - sets of four places; in a full one the oldest gives way. */
#include "guard/cache.h"

#include <string.h>

#define WAYS 4u

/* Times of change are as coarse as the kernel's tick, 10 ms at the most; ten of these. */
#define SETTLED_NS INT64_C(100000000)

struct place {
    struct ov_guard_key key;
    uint32_t age; /* when it was put, counted in puts of its set */
    uint32_t known;
};

struct set {
    struct place places[WAYS];
    uint32_t puts;
};

struct ov_guard_cache {
    uint32_t mask;
    struct set sets[];
};

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct ov_guard_key ov_guard_key_of(const struct stat *st)
{
    return (struct ov_guard_key){ .device = st->st_dev,
        .inode = st->st_ino,
        .size = (uint64_t)st->st_size,
        .mtime_ns = nanoseconds(st->st_mtim),
        .ctime_ns = nanoseconds(st->st_ctim) };
}

bool ov_guard_key_equal(const struct ov_guard_key *a, const struct ov_guard_key *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size
           && a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns;
}

struct ov_guard_cache *ov_guard_cache_new(uint32_t places)
{
    struct ov_guard_cache *cache;
    uint32_t sets = 1;

    while (sets < (1u << 24) && sets * WAYS < places) {
        sets *= 2;
    }
    cache = calloc(1, sizeof(*cache) + sets * sizeof(struct set));
    if (cache != NULL) {
        cache->mask = sets - 1;
    }
    return cache;
}

void ov_guard_cache_free(struct ov_guard_cache *cache)
{
    free(cache);
}

static uint32_t set_of(const struct ov_guard_cache *cache, const struct ov_guard_key *key)
{
    const uint64_t mixed = (key->inode ^ key->device << 32 ^ (uint64_t)key->ctime_ns)
                           * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(mixed >> 32) & cache->mask;
}

enum ov_guard_known ov_guard_cache_find(
        const struct ov_guard_cache *cache, const struct ov_guard_key *key)
{
    const struct set *set = &cache->sets[set_of(cache, key)];

    for (unsigned i = 0; i < WAYS; i++) {
        if (set->places[i].known != OV_GUARD_UNKNOWN
                && ov_guard_key_equal(&set->places[i].key, key)) {
            return (enum ov_guard_known)set->places[i].known;
        }
    }
    return OV_GUARD_UNKNOWN;
}

void ov_guard_cache_put(struct ov_guard_cache *cache, const struct ov_guard_key *key,
        enum ov_guard_known known, int64_t now_ns)
{
    struct set *set = &cache->sets[set_of(cache, key)];
    struct place *to = &set->places[0];

    if (now_ns - key->ctime_ns < SETTLED_NS) {
        return;
    }
    for (unsigned i = 0; i < WAYS; i++) {
        struct place *at = &set->places[i];

        if (at->known == OV_GUARD_UNKNOWN || ov_guard_key_equal(&at->key, key)) {
            to = at;
            break;
        }
        if (set->puts - at->age > set->puts - to->age) {
            to = at;
        }
    }
    *to = (struct place){ .key = *key, .age = ++set->puts, .known = known };
}

void ov_guard_cache_forget(struct ov_guard_cache *cache)
{
    memset(cache->sets, 0, ((size_t)cache->mask + 1) * sizeof(struct set));
}
