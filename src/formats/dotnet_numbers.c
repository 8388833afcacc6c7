/* SPDX-License-Identifier: Apache-2.0 */
/* dotnet_numbers.c - the numbers of signatures, compressed to 1, 2 or 4 bytes (ECMA-335 II.23.2). */
#include "formats/dotnet_types.h"

uint8_t ov_clr_read_byte(const struct ov_clr *clr, struct ov_clr_signature *signature)
{
    const uint8_t byte = ov_image_u8(&clr->pe.image, signature->at);

    signature->at++;
    signature->left--;
    return byte;
}

/* How many bytes a compressed number has; 0: too few are left, or it is none. */
static unsigned number_bytes(const struct ov_clr *clr, const struct ov_clr_signature *signature)
{
    const uint8_t first = ov_image_u8(&clr->pe.image, signature->at);
    const unsigned bytes = (first & 0x80) == 0      ? 1
                           : (first & 0xc0) == 0x80 ? 2
                           : (first & 0xe0) == 0xc0 ? 4
                                                    : 0;

    return bytes <= signature->left ? bytes : 0;
}

uint32_t ov_clr_read_number(const struct ov_clr *clr, struct ov_clr_signature *signature)
{
    const unsigned bytes = number_bytes(clr, signature);
    uint32_t v = 0;

    for (unsigned i = 0; i < bytes; i++) {
        v = v << 8 | ov_clr_read_byte(clr, signature);
    }
    return bytes == 2 ? v & 0x3fff : bytes == 4 ? v & 0x1fffffff : v;
}

int32_t ov_clr_read_signed(const struct ov_clr *clr, struct ov_clr_signature *signature)
{
    static const uint32_t high[] = { [1] = 0xffffffc0u, [2] = 0xffffe000u, [4] = 0xf0000000u };
    const unsigned bytes = number_bytes(clr, signature);
    const uint32_t v = ov_clr_read_number(clr, signature);

    return bytes == 0 ? 0 : (int32_t)(v >> 1 | ((v & 1) != 0 ? high[bytes] : 0));
}
