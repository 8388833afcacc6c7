/* SPDX-License-Identifier: Apache-2.0 */
/* picture_decode.c - PNG, JPEG, GIF and BMP to points of grey. What a picture says of its size is
 * checked before memory is taken for it; the libraries are given bytes, never names. */
#include "formats/picture_decode.h"

#include <gif_lib.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <turbojpeg.h>

#include "base/attr.h"
#include "base/checked.h"
#include "base/limits.h"
#include "formats/peek.h"

/* The shares of red, green and blue in what is seen as bright (ITU-R BT.601, as observed), in 1/1000. */
static uint8_t grey_of(unsigned red, unsigned green, unsigned blue)
{
    return (uint8_t)((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

/* Sets the size and takes memory for it. */
static enum ov_picture_end make_room(struct ov_picture *out, uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0) {
        return OV_PICTURE_NONE;
    }
    if (width > OV_PICTURE_SIDE_MAX || height > OV_PICTURE_SIDE_MAX
            || width * height > OV_PICTURE_POINTS_MAX) {
        return OV_PICTURE_TOO_LARGE;
    }
    out->width = (uint32_t)width;
    out->height = (uint32_t)height;
    out->grey = calloc((size_t)width, (size_t)height);
    return out->grey == NULL ? OV_PICTURE_MEMORY : OV_PICTURE_DONE;
}

/* `colours`: red, green, blue of each point. */
static enum ov_picture_end take_colours(
        struct ov_picture *out, const uint8_t *colours, uint64_t width, uint64_t height)
{
    const enum ov_picture_end end = make_room(out, width, height);

    for (uint64_t i = 0; end == OV_PICTURE_DONE && i < width * height; i++) {
        out->grey[i] = grey_of(colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]);
    }
    return end;
}

static enum ov_picture_end check_size(uint64_t width, uint64_t height)
{
    if (width == 0 || height == 0) {
        return OV_PICTURE_NONE;
    }
    return width > OV_PICTURE_SIDE_MAX || height > OV_PICTURE_SIDE_MAX
                           || width * height > OV_PICTURE_POINTS_MAX
                   ? OV_PICTURE_TOO_LARGE
                   : OV_PICTURE_DONE;
}

/* --- PNG --------------------------------------------------------------------------------------- */

/* Four bytes a point, the last of which (how opaque it is) is dropped, not laid over anything. */
static enum ov_picture_end decode_png(struct ov_bytes file, struct ov_picture *out)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    auto_free uint8_t *points = NULL;
    enum ov_picture_end end;

    if (png_image_begin_read_from_memory(&image, ov_bytes_raw(file), (size_t)ov_bytes_len(file))
            == 0) {
        png_image_free(&image);
        return OV_PICTURE_NONE;
    }
    end = check_size(image.width, image.height);
    if (end != OV_PICTURE_DONE) {
        png_image_free(&image);
        return end;
    }
    image.format = PNG_FORMAT_RGBA;
    points = malloc(PNG_IMAGE_SIZE(image));
    if (points == NULL) {
        png_image_free(&image);
        return OV_PICTURE_MEMORY;
    }
    if (png_image_finish_read(&image, NULL, points, 0, NULL) == 0) {
        png_image_free(&image);
        return OV_PICTURE_NONE;
    }
    for (uint64_t i = 0; i < (uint64_t)image.width * image.height; i++) {
        for (unsigned c = 0; c < 3; c++) {
            points[3 * i + c] = points[4 * i + c];
        }
    }
    return take_colours(out, points, image.width, image.height);
}

/* --- JPEG -------------------------------------------------------------------------------------- */

static enum ov_picture_end decode_jpeg_with(
        tjhandle handle, struct ov_bytes file, struct ov_picture *out)
{
    const unsigned long bytes = (unsigned long)ov_bytes_len(file);
    int width, height, sampling, space;
    auto_free uint8_t *points = NULL;
    enum ov_picture_end end;

    if (tjDecompressHeader3(handle, ov_bytes_raw(file), bytes, &width, &height, &sampling, &space)
                    != 0
            || width <= 0 || height <= 0) {
        return OV_PICTURE_NONE;
    }
    end = check_size((uint64_t)width, (uint64_t)height);
    if (end != OV_PICTURE_DONE) {
        return end;
    }
    points = malloc((size_t)width * (size_t)height * 3);
    if (points == NULL) {
        return OV_PICTURE_MEMORY;
    }
    /* A warning leaves a picture, as far as it goes. */
    if (tjDecompress2(handle, ov_bytes_raw(file), bytes, points, width, 0, height, TJPF_RGB,
                TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
                    != 0
            && tjGetErrorCode(handle) != TJERR_WARNING) {
        return OV_PICTURE_NONE;
    }
    return take_colours(out, points, (uint64_t)width, (uint64_t)height);
}

static enum ov_picture_end decode_jpeg(struct ov_bytes file, struct ov_picture *out)
{
    const tjhandle handle = tjInitDecompress();
    enum ov_picture_end end;

    if (handle == NULL) {
        return OV_PICTURE_MEMORY;
    }
    end = decode_jpeg_with(handle, file, out);
    (void)tjDestroy(handle);
    return end;
}

/* --- GIF: its first frame ------------------------------------------------------------------------ */

static int gif_reads(GifFileType *gif, GifByteType *to, int want)
{
    struct ov_reader *r = gif->UserData;
    struct ov_bytes bytes;

    if (want < 0) {
        return 0;
    }
    if ((uint64_t)want > ov_reader_left(r)) {
        want = (int)ov_reader_left(r);
    }
    if (!ov_read_bytes(r, (uint64_t)want, &bytes)) {
        return 0;
    }
    memcpy(to, ov_bytes_raw(bytes), (size_t)want);
    return want;
}

static bool skip_extension(GifFileType *gif)
{
    GifByteType *bytes = NULL;
    int code;

    if (DGifGetExtension(gif, &code, &bytes) == GIF_ERROR) {
        return false;
    }
    while (bytes != NULL) { /* each turn reads a block */
        if (DGifGetExtensionNext(gif, &bytes) == GIF_ERROR) {
            return false;
        }
    }
    return true;
}

static bool find_frame(GifFileType *gif)
{
    GifRecordType record;

    while (DGifGetRecordType(gif, &record) != GIF_ERROR) { /* each turn reads a byte or more */
        if (record == IMAGE_DESC_RECORD_TYPE) {
            return DGifGetImageDesc(gif) != GIF_ERROR;
        }
        if (record != EXTENSION_RECORD_TYPE || !skip_extension(gif)) {
            return false;
        }
    }
    return false;
}

/* Row `y` of the frame, onto the picture. */
static void place_row(const GifFileType *gif, const ColorMapObject *map, const uint8_t *row, int y,
        struct ov_picture *out)
{
    const int top = gif->Image.Top + y, left = gif->Image.Left;

    for (int x = 0; x < gif->Image.Width; x++) {
        const int at = left + x;

        if (top >= 0 && (uint32_t)top < out->height && at >= 0 && (uint32_t)at < out->width
                && row[x] < map->ColorCount) {
            const GifColorType *c = &map->Colors[row[x]];

            out->grey[(size_t)top * out->width + (size_t)at] = grey_of(c->Red, c->Green, c->Blue);
        }
    }
}

static enum ov_picture_end decode_frame(GifFileType *gif, struct ov_picture *out)
{
    static const int first[] = { 0, 4, 2, 1 }, step[] = { 8, 8, 4, 2 };
    const ColorMapObject *map = gif->Image.ColorMap != NULL ? gif->Image.ColorMap : gif->SColorMap;
    auto_free uint8_t *row = NULL;
    enum ov_picture_end end;

    if (map == NULL || gif->SWidth <= 0 || gif->SHeight <= 0 || gif->Image.Width <= 0
            || gif->Image.Height <= 0) {
        return OV_PICTURE_NONE;
    }
    end = check_size((uint64_t)gif->Image.Width, (uint64_t)gif->Image.Height);
    if (end == OV_PICTURE_DONE) {
        end = make_room(out, (uint64_t)gif->SWidth, (uint64_t)gif->SHeight);
    }
    row = end == OV_PICTURE_DONE ? malloc((size_t)gif->Image.Width) : NULL;
    if (end != OV_PICTURE_DONE || row == NULL) {
        return end == OV_PICTURE_DONE ? OV_PICTURE_MEMORY : end;
    }
    for (int pass = 0; pass < (gif->Image.Interlace ? 4 : 1); pass++) {
        for (int y = gif->Image.Interlace ? first[pass] : 0; y < gif->Image.Height;
                y += gif->Image.Interlace ? step[pass] : 1) {
            if (DGifGetLine(gif, row, gif->Image.Width) == GIF_ERROR) {
                return OV_PICTURE_NONE;
            }
            place_row(gif, map, row, y, out);
        }
    }
    return OV_PICTURE_DONE;
}

static enum ov_picture_end decode_gif(struct ov_bytes file, struct ov_picture *out)
{
    struct ov_reader r = ov_reader_on(file);
    enum ov_picture_end end;
    int error;
    GifFileType *gif = DGifOpen(&r, gif_reads, &error);

    if (gif == NULL) {
        return OV_PICTURE_NONE;
    }
    end = find_frame(gif) ? decode_frame(gif, out) : OV_PICTURE_NONE;
    (void)DGifCloseFile(gif, &error);
    return end;
}

/* --- BMP: points of 24 or 32 bits, or of a palette; not packed ----------------------------------- */

struct bmp {
    struct ov_bytes file;
    uint64_t points, palette;
    uint64_t row_bytes;
    uint32_t bits, colours;
};

static uint8_t bmp_point(const struct bmp *b, uint64_t row, uint32_t x)
{
    const uint64_t at = b->points + row * b->row_bytes;
    uint64_t colour;

    if (b->bits >= 24) {
        colour = at + (uint64_t)x * (b->bits / 8);
    } else {
        const uint8_t byte = ov_u8_at(b->file, at + (uint64_t)x * b->bits / 8, 0);
        const unsigned shift = 8 - b->bits - (x * b->bits) % 8;
        const unsigned index = byte >> shift & ((1u << b->bits) - 1);

        colour = b->palette + 4 * (uint64_t)index;
    }
    return grey_of(ov_u8_at(b->file, colour + 2, 0), ov_u8_at(b->file, colour + 1, 0),
            ov_u8_at(b->file, colour, 0));
}

static enum ov_picture_end decode_bmp(struct ov_bytes file, struct ov_picture *out)
{
    const uint32_t head = ov_u32le_at(file, 14, 0);
    const int32_t height = (int32_t)ov_u32le_at(file, 22, 0);
    const bool upwards = height >= 0;
    const uint32_t rows = upwards ? (uint32_t)height : 0u - (uint32_t)height;
    const uint32_t width = ov_u32le_at(file, 18, 0);
    struct bmp b = {
        .file = file,
        .points = ov_u32le_at(file, 10, 0),
        .palette = 14 + (uint64_t)head,
        .bits = ov_u16le_at(file, 28, 0),
    };
    enum ov_picture_end end;

    if (head < 40 || ov_u32le_at(file, 30, 1) != 0
            || (b.bits != 1 && b.bits != 4 && b.bits != 8 && b.bits != 24 && b.bits != 32)) {
        return OV_PICTURE_OTHER;
    }
    end = make_room(out, width, rows);
    if (end != OV_PICTURE_DONE) {
        return end;
    }
    b.row_bytes = ((uint64_t)width * b.bits + 31) / 32 * 4;
    if (b.points > ov_bytes_len(file) || b.row_bytes * rows > ov_bytes_len(file) - b.points) {
        return OV_PICTURE_NONE;
    }
    for (uint32_t y = 0; y < rows; y++) {
        for (uint32_t x = 0; x < width; x++) {
            out->grey[(size_t)y * width + x] = bmp_point(&b, upwards ? rows - 1 - y : y, x);
        }
    }
    return OV_PICTURE_DONE;
}

/* --- which ---------------------------------------------------------------------------------------- */

enum ov_picture_end ov_picture_decode(struct ov_bytes file, struct ov_picture *out)
{
    if (ov_has(file, 0, "\x89PNG\r\n\x1a\n", 8)) {
        return decode_png(file, out);
    }
    if (ov_has(file, 0, "\xff\xd8\xff", 3)) {
        return decode_jpeg(file, out);
    }
    if (ov_has(file, 0, "GIF8", 4)) {
        return decode_gif(file, out);
    }
    if (ov_has(file, 0, "BM", 2)) {
        return decode_bmp(file, out);
    }
    return ov_has(file, 0, "II*\0", 4) || ov_has(file, 0, "MM\0*", 4) || ov_has(file, 8, "WEBP", 4)
                           || ov_has(file, 4, "jP  ", 4)
                   ? OV_PICTURE_OTHER
                   : OV_PICTURE_NONE;
}
