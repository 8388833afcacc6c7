/* SPDX-License-Identifier: Apache-2.0 */
/* detect_fuzz.c - detection on arbitrary bytes. Property: it answers, from the bytes alone, with
 * a type that has a name and containers that lie inside the object; and the same whether the
 * object lies in memory or behind a descriptor. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "formats/detect.h"

static void check(const struct ov_detected *d, uint64_t size)
{
    OV_ASSERT(strlen(ov_type_name(d->type)) > 0);
    OV_ASSERT(d->detail != NULL && d->inside_count <= OV_INSIDES_MAX);
    OV_ASSERT(d->trouble == OV_REASON_NONE || ov_reason_is_workers((uint32_t)d->trouble));
    for (uint32_t i = 0; i < d->inside_count; i++) {
        OV_ASSERT(d->inside[i].from <= d->inside[i].to && d->inside[i].to <= size);
        OV_ASSERT(d->inside[i].type != OV_TYPE_DATA);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t window[OV_SOURCE_WINDOW_BYTES];
    static int fd = -1;
    struct ov_source source;
    struct ov_window first = { .bytes = ov_bytes_of(NULL, 0) };
    struct ov_detected in_memory, in_file;
    bool any;

    ov_source_on_bytes(&source, ov_bytes_of(data, size));
    ov_detect(&source, ov_bytes_of(data, size), &in_memory);
    check(&in_memory, size);

    if (fd < 0) {
        fd = memfd_create("detect", 0);
    }
    OV_ASSERT(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    ov_source_on_fd(&source, fd, size, window);
    any = ov_source_block(&source, 0, &first);
    OV_ASSERT(any == (size != 0));
    ov_detect(&source, first.bytes, &in_file);
    OV_ASSERT(in_file.type == in_memory.type && in_file.inside_count == in_memory.inside_count
              && in_file.trouble == in_memory.trouble);
    return 0;
}
