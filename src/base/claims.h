/* SPDX-License-Identifier: Apache-2.0 */
/* claims.h - what a container says of a member before anything is unpacked. None of it need be
 * true. */
#ifndef OV_BASE_CLAIMS_H
#define OV_BASE_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

struct ov_member_claims {
    bool has_size, has_packed, has_crc;
    bool encrypted;
    uint64_t size;
    uint64_t packed;
    uint32_t crc;
};

#endif
