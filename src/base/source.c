/* SPDX-License-Identifier: Apache-2.0 */
#include "base/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/limits.h"

_Static_assert(OV_SOURCE_WINDOW_BYTES == OV_BLOCK_BYTES + 2u * OV_CONTEXT_BYTES, "one window");

#define PAGE_BYTES 4096u

uint8_t *ov_source_room(size_t bytes)
{
    OV_ASSERT(bytes % PAGE_BYTES == 0);
    return aligned_alloc(PAGE_BYTES, bytes);
}

void ov_source_on_bytes(struct ov_source *source, struct ov_bytes bytes)
{
    *source = (struct ov_source){
        .size = ov_bytes_len(bytes),
        .priv_fd = -1,
        .priv_memory = bytes,
        .priv_cut_at = UINT64_MAX,
    };
}

/* NOLINTNEXTLINE(readability-non-const-parameter): kept, and written when a block is loaded. */
void ov_source_on_fd(struct ov_source *source, int fd, uint64_t size, uint8_t *window)
{
    OV_ASSERT(fd >= 0 && window != NULL);
    *source = (struct ov_source){
        .size = size,
        .priv_fd = fd,
        .priv_memory = ov_bytes_of(NULL, 0),
        .priv_buf = window,
        .priv_cut_at = UINT64_MAX,
    };
}

void ov_source_on_part(
        struct ov_source *source, int fd, uint64_t from, uint64_t size, uint8_t *window)
{
    OV_ASSERT(from <= INT64_MAX && size <= INT64_MAX - from);
    ov_source_on_fd(source, fd, size, window);
    source->priv_from = from;
}

void ov_source_on_memory(
        struct ov_source *source, int fd, uint64_t from, uint64_t to, uint8_t *window)
{
    ov_source_on_fd(source, fd, to, window);
    source->low = from;
    source->is_memory = true;
}

static void mark_cut(struct ov_source *source, uint64_t at, int sys_errno)
{
    if (!source->is_memory && at < source->priv_cut_at) {
        source->priv_cut_at = at;
        source->priv_errno = sys_errno;
    }
}

/* Reads [off, off + len) of the descriptor into `out`, as far as it goes. */
static size_t read_at(struct ov_source *source, uint64_t off, uint8_t *out, size_t len)
{
    size_t got = 0;

    while (got < len) {
        const ssize_t n = pread(
                source->priv_fd, out + got, len - got, (off_t)(source->priv_from + off + got));

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            mark_cut(source, off + got, n < 0 ? errno : 0);
            break;
        }
        got += (size_t)n;
    }
    return got;
}

/* Makes the window hold [from, from + len), keeping what it already has of it. */
static size_t load(struct ov_source *source, uint64_t from, size_t len)
{
    const uint64_t have_end = source->priv_at + source->priv_len;
    size_t kept = 0;

    OV_ASSERT(len <= OV_SOURCE_WINDOW_BYTES);
    if (source->priv_len != 0 && from >= source->priv_at && from < have_end) {
        kept = (size_t)(have_end - from);
        if (kept > len) {
            kept = len;
        }
        if (from != source->priv_at) {
            memmove(source->priv_buf, source->priv_buf + (from - source->priv_at), kept);
        }
    }
    source->priv_at = from;
    source->priv_len = kept;
    if (kept < len) {
        source->priv_len += read_at(source, from + kept, source->priv_buf + kept, len - kept);
    }
    return source->priv_len;
}

bool ov_source_block(struct ov_source *source, uint64_t at, struct ov_window *out)
{
    uint64_t from, end, to;
    struct ov_bytes bytes;

    OV_ASSERT(at >= source->low && (at - source->low) % OV_BLOCK_BYTES == 0);
    if (at >= source->size) {
        return false;
    }
    from = at - source->low < OV_CONTEXT_BYTES ? source->low : at - OV_CONTEXT_BYTES;
    end = source->size - at < OV_BLOCK_BYTES ? source->size : at + OV_BLOCK_BYTES;
    to = source->size - end < OV_CONTEXT_BYTES ? source->size : end + OV_CONTEXT_BYTES;
    if (source->priv_fd < 0) {
        const bool inside = ov_bytes_slice(source->priv_memory, from, to - from, &bytes);

        OV_ASSERT(inside);
    } else {
        const size_t got = load(source, from, (size_t)(to - from));

        if (from + got <= at) {
            return false;
        }
        bytes = ov_bytes_of(source->priv_buf, got);
        if (from + got < end) {
            end = from + got;
        }
    }
    *out = (struct ov_window){ .bytes = bytes, .offset = from, .first = at, .end = end };
    return true;
}

size_t ov_source_read(struct ov_source *source, uint64_t off, void *out, size_t len)
{
    if (off >= source->size || off < source->low || off > INT64_MAX) {
        return 0;
    }
    if (len > source->size - off) {
        len = (size_t)(source->size - off);
    }
    if (source->priv_fd < 0) {
        struct ov_bytes part;
        const bool inside = ov_bytes_slice(source->priv_memory, off, len, &part);

        OV_ASSERT(inside);
        memcpy(out, ov_bytes_raw(part), len);
        return len;
    }
    if (off >= source->priv_at && off - source->priv_at <= source->priv_len
            && len <= source->priv_len - (off - source->priv_at)) {
        memcpy(out, source->priv_buf + (off - source->priv_at), len);
        return len;
    }
    return read_at(source, off, out, len);
}

bool ov_source_is_cut(const struct ov_source *source, uint64_t *at, int *sys_errno)
{
    if (source->priv_cut_at == UINT64_MAX) {
        return false;
    }
    *at = source->priv_cut_at;
    *sys_errno = source->priv_errno;
    return true;
}

bool ov_source_whole(struct ov_source *source, struct ov_bytes *out)
{
    if (source->priv_fd < 0) {
        *out = source->priv_memory;
        return true;
    }
    if (source->size > OV_SOURCE_WINDOW_BYTES || source->is_memory
            || load(source, 0, (size_t)source->size) != source->size) {
        return false;
    }
    *out = ov_bytes_of(source->priv_buf, (size_t)source->size);
    return true;
}
