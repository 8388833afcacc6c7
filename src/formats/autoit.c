/* SPDX-License-Identifier: Apache-2.0 */
/* autoit.c - compiled AutoIt scripts, of the formats EA05 and EA06: entries whose names and bytes are
 * mixed with a generator's numbers and packed with a kind of LZ77. The keys are the format's own and
 * known to everybody. Lengths are claims; every entry is longer than its head. */
#include <string.h>

#include "base/checked.h"
#include "formats/bits.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define HEAD_BYTES 24u /* the magic and "AU3!EA05" */

struct autoit {
    bool newer; /* EA06 */
    uint64_t at;
    uint32_t sum; /* EA05: of sixteen bytes behind the head, part of the key */
    struct ov_buf name;
    struct ov_buf mixed;
    struct ov_buf made;
};

static bool autoit_begin(struct ov_parser *p)
{
    struct autoit *a = p->state;

    ov_buf_init(&a->name, OV_NAME_BYTES_MAX * 2);
    ov_buf_init(&a->mixed, OV_MADE_BYTES_MAX);
    ov_buf_init(&a->made, OV_MADE_BYTES_MAX);
    a->newer = ov_has(p->all, HEAD_BYTES - 4, "EA06", 4);
    for (uint64_t i = 0; i < 16; i++) {
        a->sum += ov_u8_at(p->all, HEAD_BYTES + i, 0);
    }
    a->at = HEAD_BYTES + 16;
    return true;
}

static void autoit_end(struct ov_parser *p)
{
    struct autoit *a = p->state;

    ov_buf_done(&a->name);
    ov_buf_done(&a->mixed);
    ov_buf_done(&a->made);
}

/* --- the generators ------------------------------------------------------------------------- */

/* The Mersenne Twister of 1998; a byte of a number, each shifted by one. */
struct twister {
    uint32_t state[624];
    uint32_t at;
};

static void twister_seed(struct twister *t, uint32_t seed)
{
    t->state[0] = seed;
    for (uint32_t i = 1; i < 624; i++) {
        t->state[i] = 0x6c078965u * (t->state[i - 1] ^ t->state[i - 1] >> 30) + i;
    }
    t->at = 624;
}

static uint8_t twister_next(struct twister *t)
{
    uint32_t y;

    if (t->at == 624) {
        for (uint32_t i = 0; i < 624; i++) {
            y = (t->state[i] & 0x80000000u) | (t->state[(i + 1) % 624] & 0x7fffffffu);
            t->state[i] = t->state[(i + 397) % 624] ^ y >> 1 ^ ((y & 1) != 0 ? 0x9908b0dfu : 0);
        }
        t->at = 0;
    }
    y = t->state[t->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    y ^= y >> 18;
    return (uint8_t)(y >> 1);
}

/* A lagged generator of seventeen numbers (Agner Fog's RANROT). */
struct lagged {
    uint32_t ring[17];
    uint32_t first;
    uint32_t second;
};

static uint32_t rotated(uint32_t v, unsigned by)
{
    return v << by | v >> (32 - by);
}

static uint32_t lagged_number(struct lagged *l)
{
    const uint32_t v = rotated(l->ring[l->first], 9) + rotated(l->ring[l->second], 13);

    l->ring[l->first] = v;
    l->first = l->first == 0 ? 16 : l->first - 1;
    l->second = l->second == 0 ? 16 : l->second - 1;
    return v;
}

static void lagged_seed(struct lagged *l, uint32_t seed)
{
    for (uint32_t i = 0; i < 17; i++) {
        seed = 1 - seed * 0x53a9b4fbu;
        l->ring[i] = seed;
    }
    l->first = 0;
    l->second = 10;
    for (uint32_t i = 0; i < 9; i++) {
        (void)lagged_number(l);
    }
}

static uint8_t lagged_next(struct lagged *l)
{
    (void)lagged_number(l);
    return (uint8_t)(lagged_number(l) >> 24);
}

/* Puts `in` without what `key` mixed into it. */
static void unmix(const struct autoit *a, struct ov_buf *out, struct ov_bytes in, uint32_t key)
{
    const uint8_t *from = ov_bytes_raw(in);
    const size_t len = (size_t)ov_bytes_len(in);
    uint8_t *to = ov_buf_extend(out, len);
    struct twister t;
    struct lagged l;

    if (to == NULL) {
        return;
    }
    if (a->newer) {
        lagged_seed(&l, key);
    } else {
        twister_seed(&t, key);
    }
    for (size_t i = 0; i < len; i++) {
        to[i] = from[i] ^ (a->newer ? lagged_next(&l) : twister_next(&t));
    }
}

/* --- entries -------------------------------------------------------------------------------- */

/* The numbers that each format mixes into its fields. */
struct keys {
    uint32_t mark; /* an entry begins */
    uint32_t kind_len, kind;
    uint32_t path_len, path;
    uint32_t size;
    uint32_t data;
};

static const struct keys keys_of[2] = {
    { 0xceb06dffu, 0x29bc, 0xa25e, 0x29ac, 0xf25e, 0x45aa, 0x22af },
    { 0x52ca436bu, 0xadbc, 0xb33f, 0xf820, 0xf479, 0x87bc, 0x2477 },
};

/* How long a copy is: two bits, and more where they are all ones. */
static uint32_t copy_length(struct ov_bits *b)
{
    static const struct {
        unsigned bits;
        uint32_t full;
    } more[] = { { 2, 3 }, { 3, 7 }, { 5, 31 }, { 8, 255 } };
    uint32_t sum = 3;

    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        const uint32_t v = ov_bits_high(b, more[i].bits);

        sum += v;
        if (v != more[i].full) {
            return sum;
        }
    }
    for (;;) {
        const uint32_t v = ov_bits_high(b, 8);

        sum += v;
        if (v != 255 || b->over) {
            return sum;
        }
    }
}

/* "EA05" or "EA06", the size (the highest byte first), then bits: a letter, or a copy. */
static bool unpack(const struct autoit *a, struct ov_buf *out, struct ov_bytes in)
{
    const uint32_t size = ov_u32be_at(in, 4, 0);
    struct ov_bits b = ov_bits_on(ov_bytes_between(in, 8, UINT64_MAX));

    while (ov_bytes_len(ov_buf_bytes(out)) < size && !b.over && ov_buf_ok(out)) {
        uint32_t distance;

        if ((ov_bits_high(&b, 1) != 0) == a->newer) {
            ov_buf_put_u8(out, (uint8_t)ov_bits_high(&b, 8));
            continue;
        }
        distance = ov_bits_high(&b, 15);
        if (!ov_lz_copy(out, distance, copy_length(&b))) {
            return !ov_buf_ok(out);
        }
    }
    return !b.over;
}

/* UTF-16 to what is ASCII in it, for names. */
static void narrow(struct ov_buf *name)
{
    struct ov_buf out;
    const struct ov_bytes b = ov_buf_bytes(name);

    ov_buf_init(&out, OV_NAME_BYTES_MAX * 2);
    for (uint64_t i = 0; i < ov_bytes_len(b); i += 2) {
        ov_buf_put_u8(&out, ov_u8_at(b, i + 1, 0) == 0 ? ov_u8_at(b, i, 0) : '?');
    }
    ov_buf_done(name);
    *name = out;
}

/* A text with its length in front, into a->name. */
static void take_text(struct ov_parser *p, uint32_t len_key, uint32_t key)
{
    struct autoit *a = p->state;
    const uint32_t len = ov_u32le_at(p->all, a->at, len_key) ^ len_key;
    const uint64_t bytes = (uint64_t)len * (a->newer ? 2 : 1);
    const uint64_t from = a->at + 4;

    a->at = from + bytes;
    ov_buf_clear(&a->name);
    unmix(a, &a->name, ov_bytes_between(p->all, from, from + (bytes < 4096 ? bytes : 4096)),
            key + len);
    if (a->newer) {
        narrow(&a->name);
    }
}

static enum ov_give autoit_step(struct ov_parser *p)
{
    struct autoit *a = p->state;
    const struct keys *k = &keys_of[a->newer ? 1 : 0];
    uint64_t bytes;
    bool packed;
    struct ov_bytes data;

    if (ov_u32le_at(p->all, a->at, 0) != k->mark) {
        return OV_GIVE_END;
    }
    a->at += 4;
    take_text(p, k->kind_len, k->kind);
    take_text(p, k->path_len, k->path);
    packed = ov_u8_at(p->all, a->at, 0) != 0;
    bytes = ov_u32le_at(p->all, a->at + 1, k->size) ^ k->size;
    a->at += 1 + 4 + 4 + 4 + 16; /* two sizes, a checksum, two times */
    data = ov_bytes_between(p->all, a->at, a->at + bytes);
    a->at += bytes;
    if (ov_bytes_len(data) < bytes) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
    }
    ov_buf_clear(&a->mixed);
    ov_buf_clear(&a->made);
    unmix(a, &a->mixed, data, k->data + (a->newer ? 0 : a->sum));
    if (!packed) {
        return ov_lay_buf(p, ov_buf_bytes(&a->name), &a->mixed);
    }
    if (!unpack(a, &a->made, ov_buf_bytes(&a->mixed))) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "the packed data is damaged");
    }
    return ov_lay_buf(p, ov_buf_bytes(&a->name), &a->made);
}

const struct ov_parser_ops ov_parser_autoit = {
    .state_bytes = sizeof(struct autoit),
    .whole = true,
    .begin = autoit_begin,
    .step = autoit_step,
    .end = autoit_end,
};
