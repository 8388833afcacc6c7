/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/image.h"

#include <string.h>

bool ov_image_text_len(const struct ov_image *image, uint64_t at, uint64_t end, uint64_t *len)
{
    uint64_t done = 0;

    if (end > image->size) {
        end = image->size;
    }
    while (at < end && done < end - at) {
        const struct ov_bytes some =
                ov_pages_lend_some(image->pages, image->from + at + done, end - at - done);
        const size_t got = (size_t)ov_bytes_len(some);
        const uint8_t *nul = got == 0 ? NULL : memchr(ov_bytes_raw(some), 0, got);

        if (nul != NULL) {
            *len = done + (uint64_t)(nul - ov_bytes_raw(some));
            return true;
        }
        if (got == 0) {
            break; /* the object is shorter than it said */
        }
        done += got;
    }
    return false;
}

bool ov_image_lend(const struct ov_image *image, uint64_t at, uint64_t len, struct ov_bytes *out)
{
    return ov_image_has(image, at, len) && ov_pages_lend(image->pages, image->from + at, len, out);
}

bool ov_image_copy(const struct ov_image *image, uint64_t at, void *out, size_t len)
{
    return ov_image_has(image, at, len)
           && ov_pages_read(image->pages, image->from + at, out, len) == len;
}
