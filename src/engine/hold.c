/* SPDX-License-Identifier: Apache-2.0 */
/* hold.c - the region behind hold.h. It holds hostile bytes and never looks at them. */
#include "engine/hold.h"

#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/limits.h"

/* Less than this is kept for the next scan: most members are smaller. */
#define KEPT_BYTES (4u * (size_t)OV_MIB)

#if defined(__SANITIZE_ADDRESS__)
#define OV_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OV_SANITIZED 1
#endif
#endif

/* The sanitizer does not know that what lies above the top is nobody's: it is told. */
#ifdef OV_SANITIZED
#include <sanitizer/asan_interface.h>
#define FORBID(at, len) __asan_poison_memory_region(at, len)
#define ALLOW(at, len)  __asan_unpoison_memory_region(at, len)
#else
#define FORBID(at, len) ((void)(at), (void)(len))
#define ALLOW(at, len)  ((void)(at), (void)(len))
#endif

bool ov_hold_init(struct ov_hold *hold, size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        return false;
    }
    FORBID(at, bytes);
    *hold = (struct ov_hold){ .priv_at = at, .priv_bytes = bytes };
    return true;
}

void ov_hold_done(struct ov_hold *hold)
{
    if (hold->priv_at != NULL) {
        ALLOW(hold->priv_at, hold->priv_bytes);
        (void)munmap(hold->priv_at, hold->priv_bytes);
    }
    *hold = (struct ov_hold){ 0 };
}

size_t ov_hold_top(const struct ov_hold *hold)
{
    return hold->priv_top;
}

size_t ov_hold_room(const struct ov_hold *hold)
{
    return hold->priv_bytes - hold->priv_top;
}

static uint8_t *extend(struct ov_hold *hold, size_t len)
{
    uint8_t *at = hold->priv_at + hold->priv_top;

    OV_ASSERT(len <= ov_hold_room(hold));
    ALLOW(at, len);
    hold->priv_top += len;
    if (hold->priv_top > hold->priv_peak) {
        hold->priv_peak = hold->priv_top;
    }
    return at;
}

void ov_hold_put(struct ov_hold *hold, uint64_t zeros, struct ov_bytes bytes)
{
    const size_t len = (size_t)ov_bytes_len(bytes);

    OV_ASSERT(zeros <= ov_hold_room(hold));
    if (zeros != 0) {
        memset(extend(hold, (size_t)zeros), 0, (size_t)zeros);
    }
    if (len != 0) {
        memcpy(extend(hold, len), ov_bytes_raw(bytes), len);
    }
}

struct ov_bytes ov_hold_since(const struct ov_hold *hold, size_t mark)
{
    OV_ASSERT(mark <= hold->priv_top);
    return ov_bytes_of(hold->priv_at + mark, hold->priv_top - mark);
}

void ov_hold_pop(struct ov_hold *hold, size_t mark)
{
    OV_ASSERT(mark <= hold->priv_top);
    FORBID(hold->priv_at + mark, hold->priv_top - mark);
    hold->priv_top = mark;
}

void ov_hold_trim(struct ov_hold *hold)
{
    if (hold->priv_peak > KEPT_BYTES && hold->priv_top <= KEPT_BYTES) {
        (void)madvise(hold->priv_at + KEPT_BYTES, hold->priv_peak - KEPT_BYTES, MADV_DONTNEED);
    }
    hold->priv_peak = hold->priv_top;
}
