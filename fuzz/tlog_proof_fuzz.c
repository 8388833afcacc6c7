/* SPDX-License-Identifier: Apache-2.0 */
/* Target: offline proofs, their parser and their check. Property: what is read writes again to the
 * same bytes; and as a fuzzer cannot sign, what verifies under the test policy is the checkpoint
 * of 70000 leaves that is in the corpus, and the entry we ask about. */
#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "trust/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char policy_text[] =
        "log overt.example/log+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US\n"
        "witness w1 w1.example/overt+636fa43c+BI/DJAq7YvXj8bC/WJXp8uR5gLk+BPa4qLfj6TG/aqDX\n"
        "witness w2 w2.example/overt+69f226f4+BNuFvtuekIDWewbiLVbCKCunisRwIQGqsCs/4hA+Fk9j\n"
        "witness w3 w3.example/overt+9262a6bf+BBJTRHioccSv04FHIsZoKNr5IABjnA4uRgutYGxCDcXJ\n"
        "group q 2 w1 w2 w3\n"
        "quorum q\n";

static void write_again(const struct ov_proof *proof, struct ov_buf *out)
{
    static uint8_t bytes[OV_NOTE_BYTES_MAX];

    ov_proof_put_head(out, proof);
    ov_note_put_text(out, proof->note.text);
    for (uint32_t i = 0; i < proof->note.signature_count; i++) {
        const struct ov_note_signature *s = &proof->note.signatures[i];
        size_t len = 0;

        OV_ASSERT(ov_base64_decode(s->encoded, bytes, sizeof(bytes), &len) == NULL);
        ov_note_put_signature(out, s->name, s->id, ov_bytes_of(bytes + OV_KEY_ID_BYTES, s->bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ov_policy policy;
    static struct ov_proof proof;
    const struct ov_bytes in = ov_bytes_of(data, size);
    const struct ov_bytes entry = ov_bytes_of("overt-leaf-12345\n", 17);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_judgement judgement;
    struct ov_buf again;

    if (policy.log_count == 0) {
        OV_ASSERT(ov_policy_read(ov_bytes_of(policy_text, sizeof(policy_text) - 1), &policy, NULL)
                  == OVERT_OK);
    }
    if (ov_proof_read(in, &proof, &err) != OVERT_OK) {
        OV_ASSERT(err.status != OVERT_OK && err.message[0] != '\0');
        return 0;
    }
    ov_buf_init(&again, size + 1);
    write_again(&proof, &again);
    OV_ASSERT(ov_buf_ok(&again));
    OV_ASSERT(ov_bytes_equal(
            in, ov_bytes_raw(ov_buf_bytes(&again)), (size_t)ov_bytes_len(ov_buf_bytes(&again))));
    ov_buf_done(&again);
    if (ov_proof_check(&proof, &policy, entry, &judgement, &err) == OVERT_OK) {
        OV_ASSERT(proof.index == 12345 && proof.checkpoint.size == 70000);
        OV_ASSERT(judgement.counted >= 2);
    }
    return 0;
}
