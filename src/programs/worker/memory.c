/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - small files whose bytes were looked at before. What is remembered is what was read: the look
 * goes over the very bytes that the digest was made of, so that a file that changes meanwhile can
 * not lend its name to another's verdict. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/source.h"
#include "programs/worker/worker.h"

static void leave(struct worker_memory *m)
{
    ov_looked_free(m->looked);
    ov_digest_free(m->digest);
    free(m->room);
    *m = (struct worker_memory){ .places = 0 };
}

static bool are_same(const struct ov_scan_limits *a, const struct ov_scan_limits *b)
{
    return a->bytes_max == b->bytes_max && a->object_bytes_max == b->object_bytes_max
           && a->steps_max == b->steps_max && a->objects_max == b->objects_max
           && a->depth_max == b->depth_max && a->ratio_max == b->ratio_max;
}

/* Where there is no memory for it, every file is looked at. */
static void begin(struct worker_memory *m, uint32_t places, const struct ov_scan_limits *limits)
{
    m->places = places;
    m->limits = *limits;
    m->looked = ov_looked_new(places);
    m->digest = ov_digest_new(OV_DIGEST_SHA256);
    m->room = ov_source_room(WORKER_SMALL_BYTES_MAX);
    if (m->looked == NULL || m->digest == NULL || m->room == NULL) {
        ov_looked_free(m->looked);
        m->looked = NULL;
    }
}

void worker_memory_for(
        struct worker_memory *m, uint32_t places, const struct ov_scan_limits *limits)
{
    if (m->places == places && are_same(&m->limits, limits)) {
        return;
    }
    leave(m); /* other limits may have other answers */
    if (places != 0) {
        begin(m, places, limits);
    }
}

bool worker_memory_read(struct worker_memory *m, int fd, uint64_t size, struct ov_bytes *out)
{
    ssize_t n;

    if (m->looked == NULL || size == 0 || size > WORKER_SMALL_BYTES_MAX) {
        return false;
    }
    do {
        n = pread(fd, m->room, (size_t)size, 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)size) {
        return false; /* the look will say why */
    }
    *out = ov_bytes_of(m->room, (size_t)size);
    ov_digest_begin(m->digest);
    ov_digest_update(m->digest, *out);
    ov_digest_end(m->digest, m->now);
    return true;
}

bool worker_memory_knows(const struct worker_memory *m, uint32_t *objects)
{
    return ov_looked_find(m->looked, m->now, objects);
}

void worker_memory_put(struct worker_memory *m, uint32_t objects)
{
    ov_looked_put(m->looked, m->now, objects);
}
