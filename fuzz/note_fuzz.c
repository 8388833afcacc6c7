/* SPDX-License-Identifier: Apache-2.0 */
/* Target: signed notes and the checkpoints in them. Property: what is accepted writes again to the
 * same bytes, so a note has one spelling; and no key of ours is ever found under noise. */
#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "trust/checkpoint.h"
#include "trust/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(const struct ov_buf *again, struct ov_bytes in)
{
    OV_ASSERT(ov_buf_ok(again));
    OV_ASSERT(ov_bytes_equal(
            in, ov_bytes_raw(ov_buf_bytes(again)), (size_t)ov_bytes_len(ov_buf_bytes(again))));
}

static void write_again(const struct ov_note *note, struct ov_buf *out)
{
    static uint8_t bytes[OV_NOTE_BYTES_MAX];

    ov_note_put_text(out, note->text);
    for (uint32_t i = 0; i < note->signature_count; i++) {
        const struct ov_note_signature *s = &note->signatures[i];
        size_t len = 0;

        OV_ASSERT(ov_base64_decode(s->encoded, bytes, sizeof(bytes), &len) == NULL);
        OV_ASSERT(len == OV_KEY_ID_BYTES + s->bytes && memcmp(bytes, s->id, sizeof(s->id)) == 0);
        ov_note_put_signature(out, s->name, s->id, ov_bytes_of(bytes + OV_KEY_ID_BYTES, s->bytes));
    }
}

/* Each signer named in the note, as if it were a key of ours: made-up bytes, so never right. */
static void check_keys(const struct ov_note *note)
{
    static const uint8_t made_up[32] = { 7, 1, 2, 3 };

    for (uint32_t i = 0; i < note->signature_count && i < 4; i++) {
        const uint8_t algorithms[] = { OV_KEY_ED25519, OV_KEY_COSIGNATURE_V1 };

        for (size_t a = 0; a < 2; a++) {
            struct ov_note_check check = { 0 };
            struct ov_key key;

            OV_ASSERT(ov_key_init(&key, note->signatures[i].name, algorithms[a],
                              ov_bytes_of(made_up, sizeof(made_up)), NULL)
                      == OVERT_OK);
            memcpy(key.id, note->signatures[i].id, sizeof(key.id));
            OV_ASSERT(ov_note_check_key(note, &key, &check, NULL) != OVERT_OK);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ov_note note;
    const struct ov_bytes in = ov_bytes_of(data, size);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_checkpoint checkpoint;
    struct ov_buf again;

    if (ov_note_read(in, &note, &err) != OVERT_OK) {
        OV_ASSERT(err.status != OVERT_OK && err.message[0] != '\0');
        return 0;
    }
    ov_buf_init(&again, size + 1);
    write_again(&note, &again);
    check_same(&again, in);
    check_keys(&note);
    if (ov_checkpoint_read(note.text, &checkpoint, &err) == OVERT_OK) {
        ov_buf_clear(&again);
        ov_checkpoint_put(&again, &checkpoint);
        check_same(&again, note.text);
    }
    ov_buf_done(&again);
    return 0;
}
