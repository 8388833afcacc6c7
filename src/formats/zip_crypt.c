/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/zip_crypt.h"

#include <zlib.h>

struct keys {
    uint32_t k[3];
};

/* One step of the table's CRC, without the inversions that crc32() adds at both ends. */
static uint32_t crc_step(const z_crc_t *table, uint32_t crc, uint8_t byte)
{
    return (uint32_t)table[(crc ^ byte) & 0xff] ^ crc >> 8;
}

static void update(const z_crc_t *table, struct keys *keys, uint8_t byte)
{
    keys->k[0] = crc_step(table, keys->k[0], byte);
    keys->k[1] = (keys->k[1] + (keys->k[0] & 0xff)) * 134775813u + 1;
    keys->k[2] = crc_step(table, keys->k[2], (uint8_t)(keys->k[1] >> 24));
}

static uint8_t decrypt(const z_crc_t *table, struct keys *keys, uint8_t byte)
{
    const uint32_t t = (keys->k[2] & 0xffff) | 2;
    const uint8_t plain = byte ^ (uint8_t)(t * (t ^ 1) >> 8);

    update(table, keys, plain);
    return plain;
}

bool ov_zip_decrypt(uint8_t *bytes, size_t count, struct ov_bytes password, uint8_t check)
{
    struct keys keys = { { 0x12345678u, 0x23456789u, 0x34567890u } };
    const z_crc_t *table = get_crc_table();
    struct ov_reader r = ov_reader_on(password);
    uint8_t c, last = 0;

    while (ov_read_u8(&r, &c)) {
        update(table, &keys, c);
    }
    if (count < OV_ZIP_CRYPT_BYTES) {
        return false;
    }
    for (size_t i = 0; i < OV_ZIP_CRYPT_BYTES; i++) {
        last = decrypt(table, &keys, bytes[i]);
    }
    if (last != check) {
        return false;
    }
    for (size_t i = OV_ZIP_CRYPT_BYTES; i < count; i++) {
        bytes[i] = decrypt(table, &keys, bytes[i]);
    }
    return true;
}
