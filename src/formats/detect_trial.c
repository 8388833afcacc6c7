/* SPDX-License-Identifier: Apache-2.0 */
/* detect_trial.c - zlib's streams, whose two bytes of header stand in much that is none; bare deflate,
 * which has not even that; gzip with a header that is not gzip's. Random bytes fail within a few codes,
 * as copies reach behind their beginning: what goes well for long is what it seems. */
#include "formats/detect_trial.h"

#include "formats/peek.h"
#include "formats/unpack.h"

/* How much of a stream must go well before it ends or breaks off, to be called a damaged one and not
 * chance: of 20,000 files of random bytes behind such a header, which one in 2,000 has, 5 did. What they
 * come to says less: one copy makes 258 bytes. */
#define USED_BYTES_MIN 64u
/* Bare deflate that the object does not end with: it must go well for so long. */
#define BARE_BYTES_MIN 1024u

/* RFC 1950 2.2: deflate, a window that there is, no dictionary, and a sum that fits. */
static bool is_zlib_header(struct ov_bytes b)
{
    const uint8_t method = ov_u8_at(b, 0, 0), flags = ov_u8_at(b, 1, 0);

    return (method & 15) == 8 && method >> 4 <= 7 && (flags & 0x20) == 0
           && (method * 256u + flags) % 31 == 0;
}

static bool is_zlib(struct ov_bytes head)
{
    struct ov_deflate_trial trial;

    if (!is_zlib_header(head)) {
        return false;
    }
    trial = ov_deflate_try(head, 15);
    return trial.ended || trial.used >= USED_BYTES_MIN;
}

/* RFC 1951 3.2.3: of the three kinds of block, plain bytes are believed only as far as the end. */
static bool is_deflate(struct ov_bytes head, uint64_t size)
{
    const uint8_t kind = ov_u8_at(head, 0, 6) >> 1 & 3;
    struct ov_deflate_trial trial;

    if (kind == 3) {
        return false;
    }
    trial = ov_deflate_try(head, -15);
    if (trial.ended) {
        return trial.used == size && trial.made > 0;
    }
    return !trial.failed && kind != 0 && trial.used >= BARE_BYTES_MIN;
}

/* RFC 1952 2.3: of another method, or with flags that are reserved; the rest of the header is a
 * gzip's. */
static bool is_odd_gzip(struct ov_bytes b)
{
    const uint8_t method = ov_u8_at(b, 2, 255), flags = ov_u8_at(b, 3, 0);
    const uint8_t level = ov_u8_at(b, 8, 255), os = ov_u8_at(b, 9, 99);

    return ov_has(b, 0, "\x1f\x8b", 2) && (level == 0 || level == 2 || level == 4)
           && (os <= 13 || os == 255)
           && ((method == 8 && (flags & 0xe0) != 0) || (method < 8 && (flags & 0xe0) == 0));
}

static bool is_text(struct ov_bytes head)
{
    for (uint64_t i = 0; i < 64 && i < ov_bytes_len(head); i++) {
        const uint8_t c = ov_u8_at(head, i, 0);

        if ((c < 32 && (c < 8 || c > 13) && c != 0x1b) || c == 0x7f) {
            return false;
        }
    }
    return true;
}

void ov_detect_trial(struct ov_source *source, struct ov_bytes head, struct ov_detected *out)
{
    if (is_odd_gzip(head)) {
        out->type = OV_TYPE_GZIP;
        out->trouble = OV_REASON_UNSUPPORTED;
        out->detail = "a gzip stream with a header that is none of gzip's";
        return;
    }
    if (is_zlib(head)) {
        out->type = OV_TYPE_ZLIB;
    } else if (!is_text(head) && is_deflate(head, source->size)) {
        out->type = OV_TYPE_DEFLATE;
    } else {
        return;
    }
    ov_detected_add(out, out->type, 0, source->size);
}
