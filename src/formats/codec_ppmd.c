/* SPDX-License-Identifier: Apache-2.0 */
/* codec_ppmd.c - PPMd of zips (APPNOTE 5.10), a whole member at a time. libarchive has the decoder and
 * shows it for members of zips alone, so it is given one: a local header and the packed bytes. */
#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/codec.h"
#include "formats/peek.h"

#define HEADER_BYTES 31u /* APPNOTE 4.3.7, with a name of one letter */
#define METHOD_PPMD  98u
/* Sizes nobody knows here: what is made is compared with what the zip says elsewhere. */
#define SIZE_UNKNOWN 0x7fffffffu

static bool ppmd_begin(struct ov_codec_state *s)
{
    static const char name = 'a';

    ov_buf_init(&s->packed, OV_MADE_BYTES_MAX);
    ov_buf_init(&s->plain, OV_MADE_BYTES_MAX);
    s->plain_at = 0;
    s->decoded = false;
    s->end = OV_CODEC_DONE;
    ov_buf_put_text(&s->packed, "PK\3\4");
    ov_buf_put_u16le(&s->packed, 63);
    ov_buf_put_u16le(&s->packed, 0);
    ov_buf_put_u16le(&s->packed, METHOD_PPMD);
    ov_buf_put_zeros(&s->packed, 4); /* time and date */
    ov_buf_put_u32le(&s->packed, 0); /* checksum */
    ov_buf_put_u32le(&s->packed, 0); /* packed bytes: set when they are all there */
    ov_buf_put_u32le(&s->packed, SIZE_UNKNOWN);
    ov_buf_put_u16le(&s->packed, sizeof(name));
    ov_buf_put_u16le(&s->packed, 0);
    ov_buf_put(&s->packed, &name, sizeof(name));
    return ov_buf_ok(&s->packed);
}

static void ppmd_end(struct ov_codec_state *s)
{
    ov_buf_done(&s->packed);
    ov_buf_done(&s->plain);
}

/* Sizes and checksums that do not agree are warnings, and of no interest. */
static bool read_all(struct archive *reader, struct ov_buf *out)
{
    struct archive_entry *entry;
    const void *at;
    size_t len;
    la_int64_t offset;
    int answer;

    if (archive_read_next_header(reader, &entry) < ARCHIVE_WARN) {
        return false;
    }
    do {
        answer = archive_read_data_block(reader, &at, &len, &offset);
        if (answer >= ARCHIVE_WARN && answer != ARCHIVE_EOF) {
            ov_buf_put(out, at, len);
        }
    } while (answer == ARCHIVE_OK && ov_buf_ok(out));
    return answer >= ARCHIVE_WARN;
}

static enum ov_codec_step decode(struct ov_codec_state *s)
{
    const struct ov_bytes packed = ov_buf_bytes(&s->packed);
    /* Four bits of order, eight of MiB, four of what happens when they are full. */
    const uint32_t memory = ((ov_u16le_at(packed, HEADER_BYTES, 0) >> 4 & 0xffu) + 1) * OV_MIB;
    struct archive *reader;
    bool good;

    if (!ov_buf_ok(&s->packed) || memory > OV_CODEC_MEMORY_MAX) {
        return OV_CODEC_MEMORY;
    }
    reader = archive_read_new();
    if (reader == NULL) {
        return OV_CODEC_MEMORY;
    }
    ov_buf_set_u32le(&s->packed, 18, (uint32_t)(ov_bytes_len(packed) - HEADER_BYTES));
    good = archive_read_support_format_zip_streamable(reader) >= ARCHIVE_WARN
           && archive_read_set_options(reader, "zip:ignorecrc32") >= ARCHIVE_WARN
           && archive_read_open_memory(reader, ov_bytes_raw(packed), (size_t)ov_bytes_len(packed))
                      >= ARCHIVE_WARN
           && read_all(reader, &s->plain);
    (void)archive_read_free(reader);
    if (!ov_buf_ok(&s->plain)) {
        return OV_CODEC_MEMORY;
    }
    return good ? OV_CODEC_DONE : OV_CODEC_DAMAGED;
}

static enum ov_codec_step ppmd_run(struct ov_codec_state *s, struct ov_codec_io *io)
{
    if (!s->decoded) {
        ov_buf_put(&s->packed, io->in, io->in_left);
        io->in += io->in_left;
        io->in_left = 0;
        if (!io->last) {
            return OV_CODEC_GOES_ON;
        }
        s->decoded = true;
        s->end = decode(s);
    }
    return ov_codec_give(s, io);
}

const struct ov_codec_ops ov_codec_ppmd = { "ppmd", ppmd_begin, NULL, ppmd_run, ppmd_end };
