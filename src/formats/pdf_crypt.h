/* SPDX-License-Identifier: Apache-2.0 */
/* pdf_crypt.h - documents that everybody may open, but that are encrypted all
 * the same: with the empty password, to forbid printing or changing. For
 * src/formats/pdf.c alone. */
#ifndef OV_FORMATS_PDF_CRYPT_H
#define OV_FORMATS_PDF_CRYPT_H

#include "base/buf.h"

enum ov_pdf_cipher {
    OV_PDF_PLAIN,
    OV_PDF_RC4,
    OV_PDF_AES,     /* 128 bits, a key for each object */
    OV_PDF_AES_256, /* one key for all */
    OV_PDF_LOCKED   /* a password is asked for, or the way of encryption is another
                   one */
};

struct ov_pdf_key {
    enum ov_pdf_cipher cipher;
    size_t bytes;
    uint8_t key[32];
};

/* From the content of the encryption dictionary, and the first string of the
 * trailer's /ID. */
void ov_pdf_key_find(struct ov_bytes dictionary, struct ov_bytes id, struct ov_pdf_key *out);

/* A string or stream of object `number`. Puts what it makes behind what `out`
 * holds. False: no memory, or not a ciphertext of this kind; what could be made
 * is there. */
OV_MUST_CHECK bool ov_pdf_decrypt(const struct ov_pdf_key *key, uint32_t number,
        uint32_t generation, struct ov_bytes data, struct ov_buf *out);

#endif
