/* SPDX-License-Identifier: Apache-2.0 */
/* log_writer.c - writes with overt's code what another implementation then checks: a small log,
 * its notes, checkpoints, cosignatures and proofs.
 *
 *   log_writer FOLDER SIZE   leaves and keys are those of tests/vectors/log/README.md */
#include <inttypes.h>

#include "tests/unit/log_help.h"
#include "trust/proof.h"
#include "trust/tile.h"

static const char origin[] = "overt.example/log";
static const char *const witnesses[] = { "w1.example/overt", "w2.example/overt",
    "w3.example/overt" };

#define WITNESSES (sizeof(witnesses) / sizeof(witnesses[0]))

static const char *folder;

static void write_file(const char *name, struct ov_buf *bytes)
{
    char path[512];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "wb");
    if (!ov_buf_ok(bytes) || f == NULL
            || fwrite(ov_bytes_raw(ov_buf_bytes(bytes)), 1,
                       (size_t)ov_bytes_len(ov_buf_bytes(bytes)), f)
                       != ov_bytes_len(ov_buf_bytes(bytes))
            || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
    ov_buf_clear(bytes);
}

static void sign(struct ov_buf *out, struct ov_bytes text, const char *name,
        enum ov_key_algorithm algorithm, uint64_t time)
{
    const struct ov_signer signer = signer_of(name, algorithm);
    overt_error err = OVERT_ERROR_INIT;

    if (ov_sign_note(out, text, &signer, time, &err) != OVERT_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(1);
    }
}

/* A checkpoint of the first `size` leaves, by the log and every witness. */
static void put_checkpoint(struct ov_buf *out, const struct ov_hash *leaves, uint64_t size)
{
    struct ov_checkpoint c = { .origin = text_of(origin), .size = size };
    struct ov_buf text;

    root_of(leaves, size, &c.root);
    ov_buf_init(&text, 1024);
    ov_checkpoint_put(&text, &c);
    ov_note_put_text(out, ov_buf_bytes(&text));
    sign(out, ov_buf_bytes(&text), origin, OV_KEY_ED25519, 0);
    for (size_t i = 0; i < WITNESSES; i++) {
        sign(out, ov_buf_bytes(&text), witnesses[i], OV_KEY_COSIGNATURE_V1, 1767225600 + size + i);
    }
    ov_buf_done(&text);
}

static void write_keys(struct ov_buf *out)
{
    for (size_t i = 0; i <= WITNESSES; i++) {
        const struct ov_signer s = i == 0 ? signer_of(origin, OV_KEY_ED25519)
                                          : signer_of(witnesses[i - 1], OV_KEY_COSIGNATURE_V1);

        ov_key_put(out, &s.key);
        ov_buf_put_u8(out, '\n');
    }
    write_file("keys", out);
}

static void write_note(struct ov_buf *out)
{
    static const char text[] = "\n\nblank lines before, \xc3\xa4 inside,\n\n\nand after\n\n";

    ov_note_put_text(out, text_of(text));
    sign(out, text_of(text), origin, OV_KEY_ED25519, 0);
    write_file("text.note", out);
}

static void write_proofs(struct ov_buf *out, const struct ov_hash *leaves, uint64_t size)
{
    const uint64_t step = size / 40 + 1;

    for (uint64_t index = 0; index < size; index += step) {
        struct ov_proof proof = { .index = index, .extra = ov_bytes_of(NULL, 0) };
        struct ov_tree_path path;
        char name[64];

        ov_tree_prove_inclusion(sha, leaves, size, index, &path);
        proof.path_count = path.count;
        memcpy(proof.path, path.hashes, sizeof(proof.path));
        ov_proof_put_head(out, &proof);
        put_checkpoint(out, leaves, size);
        (void)snprintf(name, sizeof(name), "%" PRIu64 ".tlog-proof", index);
        write_file(name, out);
    }
}

static void write_consistency(struct ov_buf *out, const struct ov_hash *leaves, uint64_t size)
{
    for (uint64_t old_size = 1; old_size <= size; old_size += old_size / 3 + 1) {
        struct ov_tree_path path;
        char name[64];

        ov_tree_prove_consistency(sha, leaves, old_size, size, &path);
        for (uint32_t i = 0; i < path.count; i++) {
            ov_hash_put(out, &path.hashes[i]);
            ov_buf_put_u8(out, '\n');
        }
        (void)snprintf(name, sizeof(name), "%" PRIu64 ".consistency", old_size);
        write_file(name, out);
    }
}

static void write_paths(struct ov_buf *out)
{
    for (uint64_t number = 0; number < INT64_MAX / 1024; number = number * 3 + number / 7 + 1) {
        const struct ov_tile tile = {
            .level = (uint32_t)(number % 8), .number = number, .width = (uint32_t)(number % 256) + 1
        };

        ov_buf_printf(out, "%u %" PRIu64 " %u ", tile.level, tile.number, tile.width);
        ov_tile_put_path(out, &tile);
        ov_buf_put_u8(out, '\n');
    }
    write_file("paths", out);
}

int main(int argc, char **argv)
{
    const uint64_t size = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    struct ov_hash *leaves;
    struct ov_buf out;

    if (size == 0) {
        (void)fprintf(stderr, "usage: log_writer FOLDER SIZE\n");
        return 2;
    }
    folder = argv[1];
    leaves = leaves_of(size);
    ov_buf_init(&out, SIZE_MAX);
    write_keys(&out);
    write_note(&out);
    put_checkpoint(&out, leaves, size);
    write_file("checkpoint", &out);
    write_proofs(&out, leaves, size);
    write_consistency(&out, leaves, size);
    write_paths(&out);
    ov_buf_done(&out);
    free(leaves);
    return 0;
}
