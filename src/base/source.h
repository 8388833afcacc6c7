/* SPDX-License-Identifier: Apache-2.0 */
/* source.h - one object's bytes, wherever they lie: behind a descriptor (read with pread, in
 * blocks with context) or in memory (an unpacked member).
 *
 * The size is what we were told and does not change. A file that turns out shorter reads as far
 * as it goes and is marked cut; a scan of a cut source is never CLEAN.
 */
#ifndef OV_BASE_SOURCE_H
#define OV_BASE_SOURCE_H

#include "base/bytes.h"

struct ov_source {
    uint64_t size;      /* as announced; of memory: where it ends */
    uint64_t low;       /* of memory: where it begins; else 0 */
    bool is_memory;     /* offsets are addresses: there is no size that rules could ask for */
    int priv_fd;        /* -1: `priv_memory` */
    uint64_t priv_from; /* where in the descriptor it begins */
    struct ov_bytes priv_memory;
    uint8_t *priv_buf;    /* lent window buffer, OV_SOURCE_WINDOW_BYTES, for descriptors */
    uint64_t priv_at;     /* offset of priv_buf[0] */
    size_t priv_len;      /* valid bytes in priv_buf */
    uint64_t priv_cut_at; /* where the bytes ended early; UINT64_MAX: they did not */
    int priv_errno;       /* why, 0: end of file */
};

/* What a window shows. [first, end) is the block itself; what lies around it is context. */
struct ov_window {
    struct ov_bytes bytes;
    uint64_t offset; /* of bytes[0] in the object */
    uint64_t first;  /* offsets in the object: offset <= first <= end <= offset + len(bytes) */
    uint64_t end;
};

#define OV_SOURCE_WINDOW_BYTES (256u * 1024u + 2u * 16u * 1024u)

/* Room for what is read, on pages of its own: the kernel copies to other places at less than half the
 * speed. `bytes` is a multiple of 4096. To be freed; NULL: no memory. */
uint8_t *ov_source_room(size_t bytes);

void ov_source_on_bytes(struct ov_source *source, struct ov_bytes bytes);

/* Borrows `fd` and `window` (OV_SOURCE_WINDOW_BYTES of it) for the life of the source. */
void ov_source_on_fd(struct ov_source *source, int fd, uint64_t size, uint8_t *window);
/* The same of a part of it; `from` and `size` together are below 2^63. */
void ov_source_on_part(
        struct ov_source *source, int fd, uint64_t from, uint64_t size, uint8_t *window);

/* The part [from, to) of a process's memory. What cannot be read is not there. */
void ov_source_on_memory(
        struct ov_source *source, int fd, uint64_t from, uint64_t to, uint8_t *window);

/* The block that begins at `at` (`low` and a multiple of OV_BLOCK_BYTES), with up to OV_CONTEXT_BYTES
 * before it and after it. False: nothing there (end of the object, or cut before). Valid until
 * the next window of this source. */
OV_MUST_CHECK bool ov_source_block(struct ov_source *source, uint64_t at, struct ov_window *out);

/* Copies up to `len` bytes from `off`; returns how many there were. Leaves windows alone. */
size_t ov_source_read(struct ov_source *source, uint64_t off, void *out, size_t len);

/* True if the object was shorter than announced or could not be read to its end so far. */
bool ov_source_is_cut(const struct ov_source *source, uint64_t *at, int *sys_errno);

/* The whole object if it lies in memory or fits into the one window (then it is read there). */
OV_MUST_CHECK bool ov_source_whole(struct ov_source *source, struct ov_bytes *out);

#endif
