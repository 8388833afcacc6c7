/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a file as the worker is handed it: a tar or another archive of a system, an image in one,
 * or, with the first byte odd, any file looked at by what it is. Properties: evidence_fuzz.h. */
#include <sys/mman.h>
#include <unistd.h>

#include "evidence_fuzz.h"

static void read_file(struct ov_evidence *e, enum ov_look look, struct ov_bytes bytes)
{
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("evidence", 0);
    }
    OV_ASSERT(fd >= 0 && ftruncate(fd, 0) == 0
              && pwrite(fd, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes), 0)
                         == (ssize_t)ov_bytes_len(bytes));
    ov_evidence_read(e, look, fd, ov_bytes_len(bytes));
}

static void read_archive(struct ov_evidence *e, struct ov_bytes bytes)
{
    read_file(e, OV_LOOK_ARCHIVE, bytes);
}

static void read_deep(struct ov_evidence *e, struct ov_bytes bytes)
{
    read_file(e, OV_LOOK_DEEP, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return size < 2
                   ? 0
                   : fuzz_reader((data[0] & 1) != 0 ? read_deep : read_archive, data + 1, size - 1);
}
