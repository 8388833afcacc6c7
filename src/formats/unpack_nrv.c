/* SPDX-License-Identifier: Apache-2.0 */
/* unpack_nrv.c - the three codes of UCL that UPX uses (NRV2B, NRV2D, NRV2E), with bits in little-endian
 * words of 32. The packed bytes are hostile: each turn takes bits or bytes, and output has a cap. */
#include "formats/bits.h"
#include "formats/peek.h"
#include "formats/unpack.h"

struct nrv {
    struct ov_bytes in;
    uint64_t at;
    uint32_t word;
    unsigned left; /* bits of `word` */
    bool over;
};

static uint32_t bit(struct nrv *n)
{
    if (n->left == 0) {
        if (n->at + 4 > ov_bytes_len(n->in)) {
            n->over = true;
            return 1; /* numbers end at a one */
        }
        n->word = ov_u32le_at(n->in, n->at, 0);
        n->at += 4;
        n->left = 32;
    }
    n->left--;
    return n->word >> n->left & 1;
}

static uint32_t byte(struct nrv *n)
{
    n->over = n->over || n->at >= ov_bytes_len(n->in);
    return ov_u8_at(n->in, n->at++, 0);
}

/* A number whose bits stand between marks. */
static uint32_t marked(struct nrv *n, uint32_t v)
{
    do {
        v = v * 2 + bit(n);
    } while (bit(n) == 0 && !n->over && v < 1u << 30);
    return v;
}

/* How far back, in the newer two codes: the marks alternate. */
static uint32_t far_back(struct nrv *n)
{
    uint32_t v = 1;

    for (;;) {
        v = v * 2 + bit(n);
        if (bit(n) != 0 || n->over || v >= 1u << 28) {
            return v;
        }
        v = (v - 1) * 2 + bit(n);
    }
}

static uint32_t length_2b(struct nrv *n, uint32_t len)
{
    len = len * 2 + bit(n);
    return len == 0 ? marked(n, 1) + 2 : len;
}

static uint32_t length_2e(struct nrv *n, uint32_t len)
{
    if (len != 0) {
        return 1 + bit(n);
    }
    return bit(n) != 0 ? 3 + bit(n) : marked(n, 1) + 3;
}

bool ov_unpack_nrv(struct ov_buf *out, struct ov_bytes in, enum ov_nrv kind)
{
    struct nrv n = { .in = in };
    const uint32_t far = kind == OV_NRV2B ? 0xd00 : 0x500;
    uint32_t last = 1;

    while (!n.over && ov_buf_ok(out)) {
        uint32_t distance, len;

        if (bit(&n) != 0) {
            ov_buf_put_u8(out, (uint8_t)byte(&n));
            continue;
        }
        distance = kind == OV_NRV2B ? marked(&n, 1) : far_back(&n);
        if (distance == 2) {
            distance = last;
            len = bit(&n);
        } else {
            distance = (distance - 3) * 256 + byte(&n);
            if (distance == UINT32_MAX) {
                return true;
            }
            if (kind == OV_NRV2B) {
                len = bit(&n);
            } else {
                len = ~distance & 1;
                distance >>= 1;
            }
            last = ++distance;
        }
        len = kind == OV_NRV2E ? length_2e(&n, len) : length_2b(&n, len);
        len += distance > far ? 1 : 0;
        if (n.over || !ov_lz_copy(out, distance, (uint64_t)len + 1)) {
            return !ov_buf_ok(out);
        }
    }
    return !ov_buf_ok(out);
}
