/* SPDX-License-Identifier: Apache-2.0 */
/* The older signature is RSA over a bare MD5, the newer one RSASSA-PSS over SHA-256 with a salt of
 * 32 bytes (RFC 8017, 9.1.2). Numbers are written in digits of 6 bits, the lowest first. */
#include "rules/clamav/signature.h"

#include <string.h>

#include "base/digest.h"

/* The publisher's public keys. */
#define MD5_MODULUS                                                            \
    "118640995551645342603070001658453189751527774412027743746599405743243142" \
    "607464144767361060640655844749760788890022283424922762488917565551002467" \
    "771109669598189410434699034532232228621591089508178591428456220796841621" \
    "637175567590476666928698770143328137383952820383197532047771780196576957" \
    "695822641224262693037"
#define MD5_EXPONENT 100001027u

#define INFO_MODULUS                                                           \
    "110888949830485454736595561066271949239289417917950476205916586974135810" \
    "433227159121724968065253810558809645206184002243333205346602992339837553" \
    "417406795028668299096799557343913926683783612215242053966310901051516412" \
    "708572770803107343209516537005089417174191687239425078907029047027075874" \
    "516216910507543078503833998653464872037984641785373922114027864813598244" \
    "611972311028954150937703942166663244845939357624084685168266331921408266" \
    "679234948220458053478099328484548458869717064243605586678627758760720594" \
    "377033653802091016977385775154769350854694552799941131459779940846183284" \
    "82151013142393373316337519977244732747977"
#define INFO_EXPONENT 100002049u
#define INFO_BYTES    256u

#define HASH_BYTES 32u
#define MASK_BYTES (INFO_BYTES - HASH_BYTES - 1)

static int digit_of(uint8_t c)
{
    if (c >= 'a' && c <= 'z') {
        return c - 'a';
    }
    if (c >= 'A' && c <= 'Z') {
        return c - 'A' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* --- numbers of 2048 bits --------------------------------------------------------------------- */

/* Enough for two public keys of a fixed size. Everything here is public, so it may take as long as
 * it takes; OpenSSL's numbers would bring half a network stack into the compiler. */
#define LIMBS (INFO_BYTES / 4u)

struct number {
    uint32_t limbs[LIMBS]; /* lowest first */
};

static int order(const struct number *a, const struct number *b)
{
    for (size_t i = LIMBS; i > 0; i--) {
        if (a->limbs[i - 1] != b->limbs[i - 1]) {
            return a->limbs[i - 1] < b->limbs[i - 1] ? -1 : 1;
        }
    }
    return 0;
}

/* a = a * factor + term; false: it does not fit. */
static bool grow(struct number *a, uint32_t factor, uint32_t term)
{
    uint64_t carry = term;

    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)a->limbs[i] * factor;
        a->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    return carry == 0;
}

static void subtract(struct number *a, const struct number *b)
{
    uint64_t borrow = 0;

    for (size_t i = 0; i < LIMBS; i++) {
        const uint64_t v = (uint64_t)a->limbs[i] - b->limbs[i] - borrow;

        a->limbs[i] = (uint32_t)v;
        borrow = v >> 63;
    }
}

/* a = a + b mod n, for a, b < n. */
static void add_mod(struct number *a, const struct number *b, const struct number *n)
{
    uint64_t carry = 0;

    for (size_t i = 0; i < LIMBS; i++) {
        carry += (uint64_t)a->limbs[i] + b->limbs[i];
        a->limbs[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry != 0 || order(a, n) >= 0) {
        subtract(a, n);
    }
}

/* a = a * b mod n: a bit at a time. */
static void multiply_mod(struct number *a, const struct number *b, const struct number *n)
{
    struct number product = { { 0 } };

    for (size_t bit = LIMBS * 32; bit > 0; bit--) {
        const struct number twice = product;

        add_mod(&product, &twice, n);
        if ((a->limbs[(bit - 1) / 32] >> (bit - 1) % 32 & 1) != 0) {
            add_mod(&product, b, n);
        }
    }
    *a = product;
}

/* The number that `text` writes, raised to the key's exponent, as `bytes` big-endian bytes. */
static bool open_signature(
        struct ov_bytes text, const char *modulus, uint32_t exponent, uint8_t *out, size_t bytes)
{
    struct number n = { { 0 } }, c = { { 0 } }, p = { { 1 } };
    const uint8_t *raw = ov_bytes_raw(text);

    for (; *modulus != '\0'; modulus++) {
        if (!grow(&n, 10, (uint32_t)(*modulus - '0'))) {
            return false;
        }
    }
    for (uint64_t i = ov_bytes_len(text); i > 0; i--) {
        const int digit = digit_of(raw[i - 1]);

        if (digit < 0 || !grow(&c, 64, (uint32_t)digit)) {
            return false;
        }
    }
    if (order(&c, &n) >= 0) {
        return false;
    }
    for (unsigned bit = 32; bit > 0; bit--) {
        const struct number square = p;

        multiply_mod(&p, &square, &n);
        if ((exponent >> (bit - 1) & 1) != 0) {
            multiply_mod(&p, &c, &n);
        }
    }
    for (size_t i = 0; i < LIMBS * 4; i++) {
        const uint8_t byte = (uint8_t)(p.limbs[i / 4] >> i % 4 * 8);

        if (i < bytes) {
            out[bytes - 1 - i] = byte;
        } else if (byte != 0) {
            return false;
        }
    }
    return true;
}

bool clam_md5_is_signed(const uint8_t md5[16], struct ov_bytes text)
{
    uint8_t opened[16];

    return open_signature(text, MD5_MODULUS, MD5_EXPONENT, opened, sizeof(opened))
           && memcmp(opened, md5, sizeof(opened)) == 0;
}

/* MGF1 with SHA-256, RFC 8017, B.2.1. */
static bool mask_of(const uint8_t *seed, uint8_t mask[MASK_BYTES])
{
    uint8_t block[HASH_BYTES + 4], digest[OV_DIGEST_BYTES_MAX];

    memcpy(block, seed, HASH_BYTES);
    for (size_t at = 0; at < MASK_BYTES; at += HASH_BYTES) {
        const size_t left = MASK_BYTES - at;

        memset(block + HASH_BYTES, 0, 3);
        block[HASH_BYTES + 3] = (uint8_t)(at / HASH_BYTES);
        if (!ov_digest_of(OV_DIGEST_SHA256, ov_bytes_of(block, sizeof(block)), digest)) {
            return false;
        }
        memcpy(mask + at, digest, left < HASH_BYTES ? left : HASH_BYTES);
    }
    return true;
}

bool clam_info_is_signed(struct ov_bytes signed_bytes, struct ov_bytes text)
{
    uint8_t em[INFO_BYTES], mask[MASK_BYTES], m[8 + 2 * HASH_BYTES], digest[OV_DIGEST_BYTES_MAX];
    size_t at = 0;

    if (!open_signature(text, INFO_MODULUS, INFO_EXPONENT, em, sizeof(em))
            || em[INFO_BYTES - 1] != 0xbc || !mask_of(em + MASK_BYTES, mask)) {
        return false;
    }
    for (size_t i = 0; i < MASK_BYTES; i++) {
        em[i] ^= mask[i];
    }
    em[0] &= 0x7f;
    while (at < MASK_BYTES && em[at] == 0) {
        at++;
    }
    if (at + 1 + HASH_BYTES != MASK_BYTES || em[at] != 1) {
        return false;
    }
    memset(m, 0, 8);
    if (!ov_digest_of(OV_DIGEST_SHA256, signed_bytes, m + 8)) {
        return false;
    }
    memcpy(m + 8 + HASH_BYTES, em + at + 1, HASH_BYTES);
    return ov_digest_of(OV_DIGEST_SHA256, ov_bytes_of(m, sizeof(m)), digest)
           && memcmp(digest, em + MASK_BYTES, HASH_BYTES) == 0;
}
