/* SPDX-License-Identifier: Apache-2.0 */
/* calls_hash.c - the module hash: digests and checksums over ranges and texts. */
#include <string.h>

#include "base/digest.h"
#include "eval/calls.h"

static enum ov_digest_kind kind_of(enum ov_field field)
{
    switch ((unsigned)field) {
    case OV_HASH_SHA1_OF_II:
    case OV_HASH_SHA1_OF_S:
        return OV_DIGEST_SHA1;
    case OV_HASH_SHA256_OF_II:
    case OV_HASH_SHA256_OF_S:
        return OV_DIGEST_SHA256;
    default:
        return OV_DIGEST_MD5;
    }
}

static void feed_digest(void *payload, struct ov_bytes piece)
{
    ov_digest_update(payload, piece);
}

struct ov_value ov_call_digest_range(struct ov_call *call)
{
    const enum ov_digest_kind kind = kind_of(call->field);
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *digest = NULL;
    uint8_t out[OV_DIGEST_BYTES_MAX];
    uint64_t offset, len;
    struct ov_value value;

    if (!ov_call_range(call, 0, &offset, &len)) {
        return ov_value_undefined();
    }
    if (ov_call_remembered(call, &value)) {
        return value;
    }
    digest = ov_digest_new(kind);
    if (digest == NULL) {
        call->asked->reason = OV_REASON_MEMORY;
        return ov_value_undefined();
    }
    ov_digest_begin(digest);
    if (!ov_call_read(call, offset, len, feed_digest, digest)) {
        return ov_value_undefined();
    }
    ov_digest_end(digest, out);
    return ov_call_remember(call, ov_call_give_hex(call, out, ov_digest_bytes(kind)));
}

struct ov_value ov_call_digest_text(struct ov_call *call)
{
    const enum ov_digest_kind kind = kind_of(call->field);
    const struct ov_bytes text = ov_call_text(call, 0);
    uint8_t out[OV_DIGEST_BYTES_MAX];

    if (!ov_machine_charge(call->m, 64 + ov_bytes_len(text) / 16)) {
        return ov_value_undefined();
    }
    if (!ov_digest_of(kind, text, out)) {
        call->asked->reason = OV_REASON_MEMORY;
        return ov_value_undefined();
    }
    return ov_call_give_hex(call, out, ov_digest_bytes(kind));
}

/* --- sums ------------------------------------------------------------------------------------ */

struct sum {
    bool is_crc;
    uint32_t value;
};

/* CRC-32 as in ISO 3309 (reflected, 0xedb88320), four bits at a time. */
static uint32_t crc_of(uint32_t crc, const uint8_t *at, size_t len)
{
    static const uint32_t table[16] = {
        0x00000000,
        0x1db71064,
        0x3b6e20c8,
        0x26d930ac,
        0x76dc4190,
        0x6b6b51f4,
        0x4db26158,
        0x5005713c,
        0xedb88320,
        0xf00f9344,
        0xd6d6a3e8,
        0xcb61b38c,
        0x9b64c2b0,
        0x86d3d2d4,
        0xa00ae278,
        0xbdbdf21c,
    };

    for (size_t i = 0; i < len; i++) {
        crc ^= at[i];
        crc = table[crc & 15] ^ crc >> 4;
        crc = table[crc & 15] ^ crc >> 4;
    }
    return crc;
}

static void feed_sum(void *payload, struct ov_bytes piece)
{
    struct sum *sum = payload;
    const uint8_t *raw = ov_bytes_raw(piece);

    if (sum->is_crc) {
        sum->value = crc_of(sum->value, raw, (size_t)ov_bytes_len(piece));
        return;
    }
    for (size_t i = 0; i < ov_bytes_len(piece); i++) {
        sum->value += raw[i];
    }
}

static struct sum begun(const struct ov_call *call)
{
    const bool is_crc = call->field == OV_HASH_CRC32_OF_II || call->field == OV_HASH_CRC32_OF_S;

    return (struct sum){ .is_crc = is_crc, .value = is_crc ? UINT32_MAX : 0 };
}

static struct ov_value ended(const struct sum *sum)
{
    return ov_value_int(sum->is_crc ? sum->value ^ UINT32_MAX : sum->value);
}

struct ov_value ov_call_sum_range(struct ov_call *call)
{
    struct sum sum = begun(call);
    uint64_t offset, len;
    struct ov_value value;

    if (!ov_call_range(call, 0, &offset, &len)) {
        return ov_value_undefined();
    }
    if (ov_call_remembered(call, &value)) {
        return value;
    }
    if (!ov_call_read(call, offset, len, feed_sum, &sum)) {
        return ov_value_undefined();
    }
    return ov_call_remember(call, ended(&sum));
}

struct ov_value ov_call_sum_text(struct ov_call *call)
{
    const struct ov_bytes text = ov_call_text(call, 0);
    struct sum sum = begun(call);

    if (!ov_machine_charge(call->m, 1 + ov_bytes_len(text) / 16)) {
        return ov_value_undefined();
    }
    feed_sum(&sum, text);
    return ended(&sum);
}
