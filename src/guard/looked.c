/* SPDX-License-Identifier: Apache-2.0 */
/* looked.c - sets of eight places, the youngest first; in a full one the oldest gives way. It begins
 * with a few sets and doubles, up to what it may have: a worker that sees a hundred files has room
 * for some hundred. */
#include "guard/looked.h"

#include <string.h>

#include "base/le.h"

#define WAYS       8u
#define SETS_FIRST 16u
#define SETS_MAX   (1u << 20)

/* 224 bits: two contents that fall together take 2^112 tries to make. */
#define TAG_BYTES 28u

struct place {
    uint8_t tag[TAG_BYTES];
    uint32_t number;
};
_Static_assert(sizeof(struct place) == 32, "eight are four lines of the cache");

struct set {
    struct place places[WAYS];
    uint32_t used;
};

struct ov_looked {
    uint32_t sets_max;
    uint32_t set_count; /* a power of two */
    uint32_t used;      /* places, of all sets */
    struct set *sets;   /* owned */
};

struct ov_looked *ov_looked_new(uint32_t places)
{
    struct ov_looked *l = calloc(1, sizeof(*l));

    if (l == NULL) {
        return NULL;
    }
    l->sets_max = SETS_FIRST;
    while (l->sets_max * WAYS < places && l->sets_max < SETS_MAX) {
        l->sets_max *= 2;
    }
    l->set_count = SETS_FIRST;
    l->sets = calloc(l->set_count, sizeof(struct set));
    if (l->sets == NULL) {
        free(l);
        return NULL;
    }
    return l;
}

void ov_looked_free(struct ov_looked *looked)
{
    if (looked != NULL) {
        free(looked->sets);
        free(looked);
    }
}

/* What stands in a tag chooses its set: it is as even as SHA-256. */
static struct set *set_of(struct set *sets, uint32_t count, const uint8_t *tag)
{
    struct ov_le32 first;

    memcpy(&first, tag, sizeof(first));
    return &sets[ov_le32_get(first) & (count - 1)];
}

bool ov_looked_find(
        const struct ov_looked *looked, const uint8_t sha256[OV_DIGEST_BYTES_MAX], uint32_t *number)
{
    const struct set *set = set_of(looked->sets, looked->set_count, sha256);

    for (uint32_t i = 0; i < set->used; i++) {
        if (memcmp(set->places[i].tag, sha256, TAG_BYTES) == 0) {
            *number = set->places[i].number;
            return true;
        }
    }
    return false;
}

static void put(struct ov_looked *looked, const struct place *place)
{
    struct set *set = set_of(looked->sets, looked->set_count, place->tag);
    const uint32_t kept = set->used < WAYS ? set->used : WAYS - 1;

    memmove(&set->places[1], &set->places[0], kept * sizeof(set->places[0]));
    set->places[0] = *place;
    looked->used += kept + 1 - set->used;
    set->used = kept + 1;
}

/* Some sets are full long before all are. At five in eight one of fourteen is, which costs less than
 * the memory of twice as many. */
static bool is_crowded(const struct ov_looked *looked)
{
    return looked->used >= looked->set_count * WAYS / 8u * 5u;
}

static void grow(struct ov_looked *looked)
{
    struct ov_looked twice = { .sets_max = looked->sets_max, .set_count = looked->set_count * 2 };

    twice.sets = calloc(twice.set_count, sizeof(struct set));
    if (twice.sets == NULL) {
        looked->sets_max = looked->set_count; /* this is all it can have */
        return;
    }
    for (uint32_t i = 0; i < looked->set_count; i++) {
        const struct set *from = &looked->sets[i];

        for (uint32_t k = from->used; k > 0; k--) { /* the oldest first */
            put(&twice, &from->places[k - 1]);
        }
    }
    free(looked->sets);
    *looked = twice;
}

void ov_looked_put(
        struct ov_looked *looked, const uint8_t sha256[OV_DIGEST_BYTES_MAX], uint32_t number)
{
    struct place place = { .number = number };
    uint32_t before;

    memcpy(place.tag, sha256, sizeof(place.tag));
    if (ov_looked_find(looked, sha256, &before)) {
        return;
    }
    if (looked->set_count < looked->sets_max && is_crowded(looked)) {
        grow(looked);
    }
    put(looked, &place);
}

void ov_looked_forget(struct ov_looked *looked)
{
    memset(looked->sets, 0, looked->set_count * sizeof(struct set));
    looked->used = 0;
}
