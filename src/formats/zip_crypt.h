/* SPDX-License-Identifier: Apache-2.0 */
/* zip_crypt.h - the traditional encryption of ZIP (APPNOTE 6.1), which hides little but is what most
 * encrypted attachments have. For src/formats/zip.c. */
#ifndef OV_FORMATS_ZIP_CRYPT_H
#define OV_FORMATS_ZIP_CRYPT_H

#include "base/bytes.h"

#define OV_ZIP_CRYPT_BYTES 12u /* stand before the data */

/* `bytes` begins with these 12; decrypts everything behind them in place. `check`: what the last of
 * the 12 must come to. False: the password is another one, as far as one byte can tell. */
OV_MUST_CHECK bool ov_zip_decrypt(
        uint8_t *bytes, size_t count, struct ov_bytes password, uint8_t check);

#endif
