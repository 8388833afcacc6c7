/* SPDX-License-Identifier: Apache-2.0 */
/* picture.c - the perceptual hash of a picture, as ClamAV computes it for `fuzzy_img#`: grey, 32 by 32,
 * a cosine transform, and which of its 64 lowest frequencies lie above their median. Decoding is done
 * by libpng, libjpeg-turbo and giflib, which many programs feed with strangers' pictures; here they
 * run in the worker's jail, and only where some signature asks. */
#include "formats/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/checked.h"
#include "base/limits.h"
#include "formats/peek.h"
#include "formats/picture_decode.h"

#define SIDE  32u /* what pictures are made to */
#define LOW   8u  /* how many frequencies count, in each direction */
#define REACH 3.0 /* of the filter that makes them smaller */
#define PI    3.14159265358979323846

/* --- smaller --------------------------------------------------------------------------------- */

static double sinc(double x)
{
    return x == 0.0 ? 1.0 : sin(PI * x) / (PI * x);
}

static double lanczos(double x)
{
    return fabs(x) < REACH ? sinc(x) * sinc(x / REACH) : 0.0;
}

/* One line of `count` numbers, `stride` apart, to SIDE numbers, `to_stride` apart. */
static void shrink_line(
        const float *from, uint32_t count, size_t stride, float *to, size_t to_stride)
{
    const double ratio = (double)count / SIDE;
    const double scale = ratio < 1.0 ? 1.0 : ratio;

    for (uint32_t i = 0; i < SIDE; i++) {
        const double middle = (i + 0.5) * ratio;
        double left = floor(middle - REACH * scale), right = ceil(middle + REACH * scale);
        double sum = 0.0, weights = 0.0;

        left = left < 0.0 ? 0.0 : left > count - 1.0 ? count - 1.0 : left;
        right = right < left + 1.0 ? left + 1.0 : right > count ? count : right;
        for (uint32_t k = (uint32_t)left; k < (uint32_t)right; k++) {
            const double weight = lanczos((k - (middle - 0.5)) / scale);

            sum += weight * (double)from[k * stride];
            weights += weight;
        }
        to[i * to_stride] = (float)(sum / weights);
    }
}

/* Rows first put together from top to bottom, then from left to right. False: no memory. */
static bool shrink(const struct ov_picture *picture, double out[SIDE][SIDE])
{
    const uint32_t width = picture->width, height = picture->height;
    auto_free float *column = calloc(height, sizeof(*column));
    auto_free float *tall = calloc((size_t)width * SIDE, sizeof(*tall));
    float row[SIDE];

    if (column == NULL || tall == NULL) {
        return false;
    }
    for (uint32_t x = 0; x < width; x++) {
        for (uint32_t y = 0; y < height; y++) {
            column[y] = picture->grey[(size_t)y * width + x];
        }
        shrink_line(column, height, 1, tall + x, width);
    }
    for (uint32_t y = 0; y < SIDE; y++) {
        shrink_line(tall + (size_t)y * width, width, 1, row, 1);
        for (uint32_t x = 0; x < SIDE; x++) {
            const double v = round((double)row[x]);

            out[y][x] = v < 0.0 ? 0.0 : v > 255.0 ? 255.0 : v;
        }
    }
    return true;
}

/* --- frequencies ------------------------------------------------------------------------------ */

static void transform(double in[SIDE][SIDE], double out[LOW][LOW])
{
    double wave[LOW][SIDE], rows[SIDE][LOW];

    for (uint32_t k = 0; k < LOW; k++) {
        for (uint32_t n = 0; n < SIDE; n++) {
            wave[k][n] = 2.0 * cos(PI * k * (2.0 * n + 1.0) / (2.0 * SIDE));
        }
    }
    for (uint32_t y = 0; y < SIDE; y++) {
        for (uint32_t k = 0; k < LOW; k++) {
            rows[y][k] = 0.0;
            for (uint32_t n = 0; n < SIDE; n++) {
                rows[y][k] += in[y][n] * wave[k][n];
            }
        }
    }
    for (uint32_t k = 0; k < LOW; k++) {
        for (uint32_t x = 0; x < LOW; x++) {
            out[k][x] = 0.0;
            for (uint32_t n = 0; n < SIDE; n++) {
                out[k][x] += rows[n][x] * wave[k][n];
            }
        }
    }
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static uint64_t hash_of(double low[LOW][LOW])
{
    double sorted[LOW * LOW];
    uint64_t hash = 0;
    double median;

    memcpy(sorted, low, sizeof(sorted));
    qsort(sorted, LOW * LOW, sizeof(sorted[0]), by_value);
    median = (sorted[31] + sorted[32]) / 2.0;
    for (uint32_t y = 0; y < LOW; y++) {
        for (uint32_t x = 0; x < LOW; x++) {
            hash = hash << 1 | (low[y][x] > median ? 1u : 0u);
        }
    }
    return hash;
}

/* --- all of it -------------------------------------------------------------------------------- */

enum ov_picture_end ov_picture_hash(struct ov_bytes file, uint64_t *out)
{
    struct ov_picture picture = { .grey = NULL };
    double small[SIDE][SIDE], low[LOW][LOW];
    enum ov_picture_end end = ov_picture_decode(file, &picture);

    if (end == OV_PICTURE_DONE && !shrink(&picture, small)) {
        end = OV_PICTURE_MEMORY;
    }
    if (end == OV_PICTURE_DONE) {
        transform(small, low);
        *out = hash_of(low);
    }
    free(picture.grey);
    return end;
}

enum ov_picture_end ov_clam_picture_find(struct ov_source *source, uint64_t *out)
{
    auto_free uint8_t *copy = NULL;
    struct ov_bytes whole;
    size_t got;

    if (source->size > OV_PICTURE_BYTES_MAX) {
        return OV_PICTURE_TOO_LARGE;
    }
    if (source->priv_fd < 0) {
        return ov_source_whole(source, &whole) ? ov_picture_hash(whole, out) : OV_PICTURE_MEMORY;
    }
    copy = malloc((size_t)source->size + 1);
    if (copy == NULL) {
        return OV_PICTURE_MEMORY;
    }
    got = ov_source_read(source, 0, copy, (size_t)source->size);
    return ov_picture_hash(ov_bytes_of(copy, got), out);
}
