/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - runs a decoder over an input. The packed bytes may be anything: a stream that stops
 * making progress is damaged, and one that its input does not finish is cut short. */
#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/codec.h"
#include "formats/inflate_whole.h"
#include "formats/reader.h"

struct ov_stream {
    struct ov_input input;
    uint64_t pos; /* in the input: of io.in[0] */
    struct ov_codec_io io;
    struct ov_codec_state state;
    enum ov_codec codec;
    bool begun; /* `state` has to be ended */
    bool alone;
    bool over;
    bool ended;             /* by its own mark */
    uint64_t produced;      /* bytes of output so far */
    enum ov_codec_step bad; /* to be told after the last good piece */
    struct ov_inflate_whole whole;
    bool is_whole;    /* `whole` has the member */
    uint8_t *in_room; /* OV_PIECE_BYTES, if the input is not in memory */
    uint8_t out[OV_PIECE_BYTES];
};

struct ov_stream *ov_stream_new(void)
{
    struct ov_stream *s = malloc(sizeof(*s)); /* zeroing 64 KiB for each would be waste */

    if (s != NULL) {
        s->begun = false;
        s->over = true;
        s->in_room = NULL;
        ov_inflate_whole_init(&s->whole);
    }
    return s;
}

static void end_codec(struct ov_stream *s)
{
    if (s->begun) {
        ov_codec_ops(s->codec)->end(&s->state);
        s->begun = false;
    }
}

void ov_stream_free(struct ov_stream *s)
{
    if (s == NULL) {
        return;
    }
    end_codec(s);
    ov_inflate_whole_done(&s->whole);
    free(s->in_room);
    free(s);
}

/* Readies the decoder for a new stream, with the old one's memory where that is possible. */
static bool begin_codec(struct ov_stream *s, enum ov_codec codec)
{
    const struct ov_codec_ops *ops = ov_codec_ops(codec);

    if (s->begun && s->codec == codec && ops->again != NULL) {
        return ops->again(&s->state);
    }
    end_codec(s);
    s->codec = codec;
    s->begun = ops->begin != NULL && ops->begin(&s->state);
    return s->begun || ops->begin == NULL;
}

void ov_stream_begin(
        struct ov_stream *s, enum ov_codec codec, const struct ov_input *input, bool alone)
{
    s->input = *input;
    s->pos = 0;
    s->io = (struct ov_codec_io){ .in = s->out };
    s->alone = alone;
    s->over = false;
    s->ended = false;
    s->produced = 0;
    s->is_whole = false;
    s->bad = OV_CODEC_GOES_ON;
    if (!ov_input_in_memory(input) && s->in_room == NULL) {
        s->in_room = ov_source_room(OV_PIECE_BYTES);
        if (s->in_room == NULL) {
            s->bad = OV_CODEC_MEMORY;
            return;
        }
    }
    if (codec == OV_CODEC_GZIP && ov_inflate_whole_gzip(&s->whole, input)) {
        end_codec(s);
        s->codec = codec;
        s->is_whole = true;
        return;
    }
    if (!begin_codec(s, codec)) {
        s->bad = OV_CODEC_MEMORY;
    }
}

void ov_stream_expect(struct ov_stream *s, uint64_t plain_bytes)
{
    if (s->codec == OV_CODEC_DEFLATE && s->alone && s->bad == OV_CODEC_GOES_ON) {
        s->is_whole = ov_inflate_whole_run(&s->whole, &s->input, plain_bytes);
    }
}

uint64_t ov_stream_used(const struct ov_stream *s)
{
    return s->pos;
}

bool ov_stream_ended(const struct ov_stream *s)
{
    return s->ended;
}

static void refill(struct ov_stream *s)
{
    const struct ov_bytes piece = ov_input_piece(&s->input, s->pos, s->in_room);

    s->io.in = ov_bytes_raw(piece);
    s->io.in_left = (size_t)ov_bytes_len(piece);
    s->io.last = s->io.in_left == 0 || s->input.size - s->pos <= s->io.in_left;
}

/* Behind one stream: zeros are padding, another stream of the same kind goes on, anything else
 * belongs to nobody. False: nothing goes on. */
static bool go_on_behind(struct ov_stream *s)
{
    uint8_t head[18];

    if (s->alone) {
        return false;
    }
    for (;;) {
        if (s->io.in_left == 0) {
            refill(s);
        }
        if (s->io.in_left == 0) {
            return false;
        }
        if (*s->io.in != 0) {
            break;
        }
        s->io.in++;
        s->io.in_left--;
        s->pos++;
    }
    {
        const size_t got = ov_input_read(&s->input, s->pos, head, sizeof(head));
        const enum ov_type type = ov_detect_stream(ov_bytes_of(head, got), s->input.size - s->pos);

        if (type == OV_TYPE_DATA || ov_codec_of(type) != s->codec || s->codec == OV_CODEC_LZMA) {
            return false;
        }
    }
    if (!begin_codec(s, s->codec)) {
        s->bad = OV_CODEC_MEMORY;
    }
    return true;
}

static enum ov_give say(struct ov_stream *s, struct ov_trouble *trouble)
{
    const char *name = ov_codec_ops(s->codec)->name;

    s->over = true;
    switch (s->bad) {
    case OV_CODEC_MEMORY:
        return ov_trouble_say(trouble, OV_REASON_MEMORY, "the %s decoder needs more memory", name);
    case OV_CODEC_UNSUPPORTED:
        return ov_trouble_say(
                trouble, OV_REASON_UNSUPPORTED, "a variant of %s that is not unpacked", name);
    case OV_CODEC_DAMAGED:
        return ov_trouble_say(trouble, OV_REASON_DAMAGED, "the %s data is damaged", name);
    case OV_CODEC_GOES_ON:
    case OV_CODEC_DONE:
        break;
    }
    return ov_trouble_say(trouble, OV_REASON_DAMAGED, "the %s data ends before its end", name);
}

static enum ov_give stored_next(struct ov_stream *s, struct ov_bytes *bytes)
{
    *bytes = ov_input_piece(&s->input, s->pos, s->in_room);
    s->pos += ov_bytes_len(*bytes);
    if (ov_bytes_len(*bytes) == 0) {
        s->over = true;
        return OV_GIVE_END;
    }
    return OV_GIVE_PIECE;
}

/* One turn of the decoder. True: it has come to something, `*give` says what. */
static bool turn(struct ov_stream *s, struct ov_bytes *bytes, enum ov_give *give)
{
    size_t had, made;

    if (s->io.in_left == 0) {
        refill(s);
    }
    had = s->io.in_left;
    s->io.out = s->out;
    s->io.out_left = sizeof(s->out);
    s->bad = ov_codec_ops(s->codec)->run(&s->state, &s->io);
    s->pos += had - s->io.in_left;
    made = sizeof(s->out) - s->io.out_left;
    s->produced += made;
    if (s->bad == OV_CODEC_DONE) {
        s->bad = OV_CODEC_GOES_ON;
        s->over = !go_on_behind(s);
        s->ended = s->over;
    } else if (s->bad == OV_CODEC_GOES_ON && made == 0 && s->io.in_left == had) {
        /* No progress. With all the input in sight it is cut short; otherwise a decoder that wants
         * neither bytes nor room is beyond help. */
        s->bad = s->io.last ? OV_CODEC_DONE : OV_CODEC_DAMAGED;
    }
    if (made != 0) {
        *bytes = ov_bytes_of(s->out, made);
        *give = OV_GIVE_PIECE;
        return true;
    }
    *give = OV_GIVE_END;
    return s->over;
}

/* .lzma has no magic: what fails at once was taken for it wrongly. Every packer begins with 5d;
 * other first bytes are legal and get less benefit of the doubt. */
static bool never_was_lzma(const struct ov_stream *s)
{
    uint8_t first = 0x5d;

    if (s->codec != OV_CODEC_LZMA || s->alone) {
        return false;
    }
    (void)ov_input_read(&s->input, 0, &first, 1);
    return s->produced == 0 || (first != 0x5d && s->produced < 4096);
}

enum ov_give ov_stream_next(struct ov_stream *s, struct ov_bytes *bytes, struct ov_trouble *trouble)
{
    enum ov_give give = OV_GIVE_END;

    if (s->over) {
        return OV_GIVE_END;
    }
    if (s->is_whole) {
        s->pos = s->whole.packed;
        s->over = !ov_inflate_whole_next(&s->whole, bytes);
        return s->over ? OV_GIVE_END : OV_GIVE_PIECE;
    }
    if (s->codec == OV_CODEC_STORED && s->bad == OV_CODEC_GOES_ON) {
        return stored_next(s, bytes);
    }
    /* Each turn uses up input, makes output, or ends the stream. */
    while (s->bad == OV_CODEC_GOES_ON) {
        if (turn(s, bytes, &give)) {
            return give;
        }
    }
    if (s->bad == OV_CODEC_DAMAGED && never_was_lzma(s)) {
        s->over = true;
        return OV_GIVE_END;
    }
    return say(s, trouble);
}
