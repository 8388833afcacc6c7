/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - a file's SHA-256, if anybody asked for one: a question of 64 digits. Only answers that
 * were asked for are told. */
#include "base/digest.h"

#include <string.h>

#include "evidence/readers.h"

#define HEX_DIGITS 64u
#define PIECE      (64u * OV_KIB)

/* The next question; false: no more. */
static bool next_question(struct ov_bytes *rest, struct ov_bytes *question)
{
    const size_t left = (size_t)ov_bytes_len(*rest);
    const size_t len = left == 0 ? 0 : strnlen((const char *)ov_bytes_raw(*rest), left);

    if (left == 0 || !ov_bytes_slice(*rest, 0, len, question)) {
        return false;
    }
    *rest = ov_text_behind(*rest, len + 1);
    return true;
}

static bool is_digest(struct ov_bytes question)
{
    const char *raw = (const char *)ov_bytes_raw(question);

    return ov_bytes_len(question) == HEX_DIGITS
           && strspn(raw, "0123456789abcdefABCDEF") == HEX_DIGITS;
}

static bool is_asked(struct ov_evidence *e)
{
    struct ov_bytes rest = e->questions, question;

    while (next_question(&rest, &question)) {
        if (is_digest(question)) {
            return true;
        }
    }
    return false;
}

static bool digest_of(struct ov_source *source, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *digest = ov_digest_new(OV_DIGEST_SHA256);
    auto_free uint8_t *piece = malloc(PIECE);
    uint64_t at = 0;
    size_t n = 1;

    if (digest == NULL || piece == NULL) {
        return false;
    }
    ov_digest_begin(digest);
    while (n != 0) { /* each turn takes a piece; a source ends */
        n = ov_source_read(source, at, piece, PIECE);
        ov_digest_update(digest, ov_bytes_of(piece, n));
        at += n;
    }
    ov_digest_end(digest, out);
    return true;
}

void ov_tell_digest(struct ov_evidence *e, struct ov_source *source)
{
    static const char digits[] = "0123456789abcdef";
    struct ov_bytes rest = e->questions, question;
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    char hex[HEX_DIGITS + 1] = "";

    if (!is_asked(e) || !ov_evidence_step(e, 1 + source->size / 256)) {
        return;
    }
    if (!digest_of(source, digest)) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    for (size_t i = 0; i < HEX_DIGITS / 2; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    while (next_question(&rest, &question)) {
        if (is_digest(question) && ov_text_is(question, hex)) {
            ov_tell(e, OV_TRACE_DIGEST, ov_text_lit(hex), ov_bytes_of(NULL, 0));
            return;
        }
    }
}
