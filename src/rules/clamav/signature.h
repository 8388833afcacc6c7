/* SPDX-License-Identifier: Apache-2.0 */
/* signature.h - who made a container: ClamAV's two signatures, with the keys of its publisher. */
#ifndef OV_RULES_CLAMAV_SIGNATURE_H
#define OV_RULES_CLAMAV_SIGNATURE_H

#include "base/bytes.h"

/* `text`, 6 bits a character, is a signature over this MD5 (of everything behind the header). */
OV_MUST_CHECK bool clam_md5_is_signed(const uint8_t md5[16], struct ov_bytes text);

/* `text` is a signature (RSASSA-PSS, SHA-256) over `signed_bytes`. */
OV_MUST_CHECK bool clam_info_is_signed(struct ov_bytes signed_bytes, struct ov_bytes text);

#endif
