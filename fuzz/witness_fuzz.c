/* SPDX-License-Identifier: Apache-2.0 */
/* Target: what a witness hears: an HTTP request, and the submission in its body. Properties: as long
 * as a head is not whole, more bytes are asked for, and never again once it was refused; and nothing
 * is ever cosigned that no key of a known log signed. */
#include <string.h>

#include "base/checked.h"
#include "trust/witness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool last(void *payload, struct ov_bytes origin, struct ov_witnessed *out)
{
    (void)origin;
    *out = *(struct ov_witnessed *)payload;
    return true;
}

/* The origin of the submission itself is a log that is known, with a key of made-up bytes. */
static void check_submission(struct ov_bytes body, struct ov_digest *sha)
{
    static const uint8_t made_up[32] = { 7, 1, 2, 3 };
    static struct ov_submission s;
    struct ov_witnessed before = { .size = 1 }, seen;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_key key;
    struct ov_witness_ask ask = { .logs = &key, .log_count = 1, .last = last, .payload = &before };
    unsigned status;

    if (!ov_submission_read(body, &s, &err)) {
        OV_ASSERT(err.message[0] != '\0');
        return;
    }
    OV_ASSERT(s.path_count <= OV_TREE_HEIGHT_MAX);
    if (ov_key_init(&key, s.checkpoint.origin, OV_KEY_ED25519,
                ov_bytes_of(made_up, sizeof(made_up)), &err)
            != OVERT_OK) {
        ask.log_count = 0;
    }
    status = ov_witness_decide(&ask, &s, sha, &seen, &err);
    OV_ASSERT(status == 403 || status == 404);
}

static void check_request(struct ov_bytes in, struct ov_digest *sha)
{
    const size_t size = (size_t)ov_bytes_len(in);
    struct ov_http_request request, again;
    struct ov_bytes body;
    const char *why = NULL;
    const unsigned status = ov_http_read(in, &request, &why);

    OV_ASSERT(status == 0 || status == 200 || (status >= 400 && status < 500 && why != NULL));
    if (status != 200) {
        return;
    }
    OV_ASSERT(request.head_bytes <= size && request.head_bytes <= OV_HTTP_HEAD_BYTES_MAX
              && request.body_bytes <= OV_HTTP_BODY_BYTES_MAX && ov_bytes_len(request.path) > 0);
    OV_ASSERT(ov_http_read(ov_bytes_of(ov_bytes_raw(in), (size_t)request.head_bytes), &again, &why)
              == 200);
    OV_ASSERT(again.head_bytes == request.head_bytes && again.body_bytes == request.body_bytes);
    OV_ASSERT(ov_http_read(
                      ov_bytes_of(ov_bytes_raw(in), (size_t)request.head_bytes - 1), &again, &why)
              == 0);
    if (ov_bytes_slice(in, request.head_bytes, size - request.head_bytes, &body)) {
        check_submission(body, sha);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    const struct ov_bytes in = ov_bytes_of(data, size);

    OV_ASSERT(sha != NULL);
    check_request(in, sha);
    check_submission(in, sha);
    return 0;
}
