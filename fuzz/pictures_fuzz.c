/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what signatures about pictures, links and numbers read of an object: the decoders' own
 * bounds, and that the same bytes say the same twice. */
#include "base/checked.h"
#include "formats/links.h"
#include "formats/picture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    uint64_t links;
    uint64_t bytes;
};

static bool on_link(void *payload, struct ov_bytes real, struct ov_bytes shown)
{
    struct seen *seen = payload;

    seen->links++;
    seen->bytes += ov_bytes_len(real) + ov_bytes_len(shown);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ov_bytes all = ov_bytes_of(data, size);
    struct seen a = { .links = 0 }, b = { .links = 0 };
    uint64_t one = 0, two = 0;
    const enum ov_picture_end end = ov_picture_hash(all, &one);

    OV_ASSERT(ov_picture_hash(all, &two) == end && one == two);
    ov_links_each(all, on_link, &a);
    ov_links_each(all, on_link, &b);
    OV_ASSERT(a.links == b.links && a.bytes == b.bytes);
    OV_ASSERT(a.links <= size / 3);
    return 0;
}
