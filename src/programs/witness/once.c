/* SPDX-License-Identifier: Apache-2.0 */
/* once.c - `overt-witness once FOLDER`, for a cron job that sees the log as files. It reads every
 * entry, hashes them into the tree, and cosigns only what it has so seen: it is a mirror's check,
 * stronger than a proof. The cosignature is left in FOLDER/cosignatures. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "programs/witness/witness.h"
#include "trust/prove.h"
#include "trust/tile.h"

#define BUNDLE_BYTES_MAX (256u * 65537u)

/* The leaf hashes of one bundle of entries, from the entries themselves. */
static bool add_bundle(struct witness *w, int folder, uint64_t n, uint64_t size,
        struct ov_hash *leaves, overt_error *err)
{
    struct ov_tile tile = {
        .is_entries = true, .number = n, .width = ov_tile_width_in(0, n, size)
    };
    struct ov_bytes *entries = calloc(OV_TILE_WIDTH, sizeof(*entries));
    struct ov_buf path, file;
    overt_status status = entries == NULL ? OVERT_E_NOMEM : OVERT_OK;

    ov_buf_init(&path, 256);
    ov_buf_init(&file, BUNDLE_BYTES_MAX + 1u);
    ov_tile_put_path(&path, &tile);
    ov_buf_put_u8(&path, 0);
    if (status == OVERT_OK) {
        status = ov_file_read(folder, (const char *)ov_bytes_raw(ov_buf_bytes(&path)),
                BUNDLE_BYTES_MAX, &file, err);
    }
    if (status == OVERT_OK) {
        status = ov_tile_read_entries(&tile, ov_buf_bytes(&file), entries, err);
    }
    for (uint32_t i = 0; status == OVERT_OK && i < tile.width; i++) {
        ov_tree_leaf(w->sha, entries[i], &leaves[n * OV_TILE_WIDTH + i]);
    }
    free(entries);
    ov_buf_done(&path);
    ov_buf_done(&file);
    return status == OVERT_OK;
}

static bool read_entries(
        struct witness *w, int folder, uint64_t size, struct ov_hash *leaves, overt_error *err)
{
    for (uint64_t n = 0; n * OV_TILE_WIDTH < size; n++) {
        if (!add_bundle(w, folder, n, size, leaves, err)) {
            return false;
        }
    }
    return true;
}

/* The submission that the folder's tree would make. */
static bool put_body(struct witness *w, const struct ov_hash *leaves,
        const struct ov_checkpoint *checkpoint, struct ov_bytes note, struct ov_buf *body)
{
    struct ov_witnessed last;
    struct ov_tree_path path = { .count = 0 };

    if (!state_last(w, checkpoint->origin, &last)) {
        return false;
    }
    if (last.size > 0 && last.size < checkpoint->size) {
        ov_tree_prove_consistency(w->sha, leaves, last.size, checkpoint->size, &path);
    }
    ov_buf_printf(body, "old %" PRIu64 "\n", last.size);
    for (uint32_t i = 0; i < path.count; i++) {
        ov_hash_put(body, &path.hashes[i]);
        ov_buf_put_u8(body, '\n');
    }
    ov_buf_put_u8(body, '\n');
    ov_buf_put(body, ov_bytes_raw(note), (size_t)ov_bytes_len(note));
    return ov_buf_ok(body);
}

static int cosign(struct witness *w, int folder, const struct ov_hash *leaves,
        const struct ov_checkpoint *checkpoint, struct ov_bytes note)
{
    overt_error err = OVERT_ERROR_INIT;
    const uint8_t *id = w->signer.key.id;
    struct ov_buf body, answer;
    char path[64];
    int code = 2;

    ov_buf_init(&body, OV_HTTP_BODY_BYTES_MAX);
    ov_buf_init(&answer, OV_NOTE_BYTES_MAX);
    if (put_body(w, leaves, checkpoint, note, &body)) {
        const unsigned status = add_checkpoint(w, ov_buf_bytes(&body), &answer);

        code = status == 200 ? 0 : 1;
        if (status != 200) {
            (void)fprintf(stderr, "overt-witness: not cosigned: %u %.*s", status,
                    (int)ov_bytes_len(ov_buf_bytes(&answer)),
                    (const char *)ov_bytes_raw(ov_buf_bytes(&answer)));
        }
    }
    if (code == 0) {
        (void)snprintf(
                path, sizeof(path), "cosignatures/%02x%02x%02x%02x", id[0], id[1], id[2], id[3]);
        if (ov_folder_make(folder, "cosignatures", 0755, &err) != OVERT_OK
                || ov_file_replace(folder, path, ov_buf_bytes(&answer), 0644, &err) != OVERT_OK) {
            complain(path, err.message);
            code = 2;
        }
    }
    ov_buf_done(&body);
    ov_buf_done(&answer);
    return code;
}

int once(struct witness *w, const char *public_folder)
{
    auto_fd int folder = open(public_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct ov_note *note = malloc(sizeof(*note));
    overt_error err = OVERT_ERROR_INIT;
    struct ov_checkpoint checkpoint = { .size = 0 };
    struct ov_hash *leaves = NULL, root;
    struct ov_tree tree = { 0 };
    struct ov_buf bytes;
    int code = 2;
    bool good;

    ov_buf_init(&bytes, OV_NOTE_BYTES_MAX + 1u);
    good = folder >= 0 && note != NULL
           && ov_file_read(folder, "checkpoint.pending", OV_NOTE_BYTES_MAX, &bytes, &err)
                      == OVERT_OK
           && ov_note_read(ov_buf_bytes(&bytes), note, &err) == OVERT_OK
           && ov_checkpoint_read(note->text, &checkpoint, &err) == OVERT_OK
           && checkpoint.size <= OV_LOG_ENTRIES_MAX;
    if (good) {
        leaves = calloc(checkpoint.size == 0 ? 1 : (size_t)checkpoint.size, sizeof(*leaves));
        good = leaves != NULL && read_entries(w, folder, checkpoint.size, leaves, &err);
    }
    for (uint64_t i = 0; good && i < checkpoint.size; i++) {
        good = ov_tree_append(w->sha, &tree, &leaves[i]);
    }
    if (good) {
        ov_tree_root(w->sha, &tree, &root);
        good = ov_hash_equal(&root, &checkpoint.root);
        code = good ? cosign(w, folder, leaves, &checkpoint, ov_buf_bytes(&bytes)) : 1;
        if (!good) {
            complain(public_folder, "its entries are not those of its checkpoint; not cosigned");
        }
    } else {
        complain(public_folder, err.message[0] != '\0' ? err.message : "cannot be read as a log");
    }
    free(leaves);
    free(note);
    ov_buf_done(&bytes);
    return code;
}
