/* SPDX-License-Identifier: Apache-2.0 */
/* named.c - reads the end of a name. The second part of an archive that was cut into pieces of bytes
 * has no mark, nor has Brotli: to call them clean would be a guess. */
#include "base/named.h"

#include <string.h>

static uint8_t small_at(struct ov_bytes name, uint64_t at)
{
    const uint8_t c = ov_bytes_raw(name)[at];

    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Does [0, end) of the name end with this, and not consist of it? */
static bool ends_with(struct ov_bytes name, uint64_t end, const char *what)
{
    const uint64_t len = strlen(what);

    if (end <= len) {
        return false;
    }
    for (uint64_t i = 0; i < len; i++) {
        if (small_at(name, end - len + i) != (uint8_t)what[i]) {
            return false;
        }
    }
    return true;
}

static bool ends_with_any(struct ov_bytes name, uint64_t end, const char *const *what, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ends_with(name, end, what[i])) {
            return true;
        }
    }
    return false;
}

/* "002" and on, as 7-Zip and others number; "ab" and on, as split(1) does; "z02" and on of a zip. */
static bool is_later_part(struct ov_bytes name)
{
    static const char *const archives[] = { ".7z", ".zip", ".rar", ".tar", ".gz", ".tgz", ".bz2",
        ".xz", ".zst", ".lz", ".lz4", ".lzma", ".cab", ".arj", ".iso", ".img", ".wim", ".exe" };
    const uint64_t len = ov_bytes_len(name);
    uint8_t a, b, c;

    if (len < 5) {
        return false;
    }
    a = small_at(name, len - 3);
    b = small_at(name, len - 2);
    c = small_at(name, len - 1);
    if (small_at(name, len - 4) == '.' && a == 'z' && is_digit(b) && is_digit(c)) {
        return b != '0' || c > '1';
    }
    if (small_at(name, len - 4) == '.' && is_digit(a) && is_digit(b) && is_digit(c)) {
        return (a != '0' || b != '0' || c > '1')
               && ends_with_any(name, len - 4, archives, sizeof(archives) / sizeof(archives[0]));
    }
    return a == '.' && b == 'a' && c >= 'b' && c <= 'z'
           && ends_with_any(name, len - 3, archives, sizeof(archives) / sizeof(archives[0]));
}

enum ov_reason ov_reason_by_name(struct ov_bytes name, const char **detail)
{
    static const char *const brotli[] = { ".br", ".brotli", ".tbr" };

    if (is_later_part(name)) {
        *detail = "by its name a later part of an archive that was cut into pieces";
        return OV_REASON_MULTIVOLUME;
    }
    if (ends_with_any(name, ov_bytes_len(name), brotli, sizeof(brotli) / sizeof(brotli[0]))) {
        *detail = "by its name a brotli stream, which is not unpacked";
        return OV_REASON_UNSUPPORTED;
    }
    return OV_REASON_NONE;
}
