/* SPDX-License-Identifier: Apache-2.0 */
/* log_help.h - what the tests of the log share: vector files, test keys, a tree of test leaves. */
#ifndef OV_TESTS_LOG_HELP_H
#define OV_TESTS_LOG_HELP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "trust/prove.h"
#include "trust/sign.h"

#define HELPER __attribute__((unused)) static

/* Memory behind a view: freed at the end of its scope, never named again. */
#define kept auto_free __attribute__((unused))

/* A SHA-256 for the length of the program. */
HELPER struct ov_digest *sha;

__attribute__((constructor)) static void make_sha(void)
{
    sha = ov_digest_new(OV_DIGEST_SHA256);
    if (sha == NULL) {
        abort();
    }
}

HELPER struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

/* A file of tests/vectors/log, in memory of exactly its size; free() it. */
HELPER uint8_t *vector_file(const char *name, struct ov_bytes *out)
{
    const char *root = getenv("OVERT_SOURCE_ROOT");
    char path[512];
    uint8_t *bytes = NULL;
    long size;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/tests/vectors/log/%s", root ? root : ".", name);
    f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        abort();
    }
    if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET) != 0) {
        abort();
    }
    bytes = malloc(size == 0 ? 1 : (size_t)size);
    if (bytes == NULL || fread(bytes, 1, (size_t)size, f) != (size_t)size) {
        abort();
    }
    (void)fclose(f);
    *out = ov_bytes_of(bytes, (size_t)size);
    return bytes;
}

HELPER bool from_hex(const char *hex, uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned v;

        if (sscanf(hex + 2 * i, "%2x", &v) != 1) {
            return false;
        }
        out[i] = (uint8_t)v;
    }
    return strlen(hex) == 2 * bytes;
}

/* The rows of rows.txt that begin with `kind`; fields point into the line, NULL behind the last. */
struct rows {
    uint8_t *file;
    struct ov_bytes text;
    size_t at;
    char line[8192];
    char *fields[80];
    size_t count;
};

HELPER void rows_open(struct rows *rows)
{
    memset(rows, 0, sizeof(*rows));
    rows->file = vector_file("rows.txt", &rows->text);
}

HELPER bool rows_next(struct rows *rows, const char *kind)
{
    const size_t len = (size_t)ov_bytes_len(rows->text);

    while (rows->at < len) {
        const char *from = (const char *)rows->file + rows->at;
        const size_t n = strcspn(from, "\n");
        char *save = NULL;

        if (n >= sizeof(rows->line)) {
            abort();
        }
        memcpy(rows->line, from, n);
        rows->line[n] = '\0';
        rows->at += n + 1;
        rows->count = 0;
        for (char *f = strtok_r(rows->line, " ", &save); f != NULL;
                f = strtok_r(NULL, " ", &save)) {
            rows->fields[rows->count++] = f;
        }
        if (rows->count > 0 && strcmp(rows->fields[0], kind) == 0) {
            return true;
        }
    }
    free(rows->file);
    rows->file = NULL;
    return false;
}

/* The test key of this name. */
HELPER struct ov_signer signer_of(const char *name, enum ov_key_algorithm algorithm)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_signer signer;
    uint8_t seed[OV_DIGEST_BYTES_MAX];
    char text[300];

    (void)snprintf(text, sizeof(text), "overt test key %s", name);
    if (!ov_digest_of(OV_DIGEST_SHA256, text_of(text), seed)
            || ov_signer_init(&signer, text_of(name), algorithm, seed, &err) != OVERT_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return signer;
}

/* The hashes of leaves 0 .. count, as the vectors have them; free() them. */
HELPER struct ov_hash *leaves_of(size_t count)
{
    struct ov_hash *leaves = calloc(count == 0 ? 1 : count, sizeof(*leaves));
    char text[64];

    if (leaves == NULL) {
        abort();
    }
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(text, sizeof(text), "overt-leaf-%zu\n", i);
        ov_tree_leaf(sha, text_of(text), &leaves[i]);
    }
    return leaves;
}

HELPER void root_of(const struct ov_hash *leaves, size_t count, struct ov_hash *root)
{
    struct ov_tree tree = { 0 };

    for (size_t i = 0; i < count; i++) {
        if (!ov_tree_append(sha, &tree, &leaves[i])) {
            abort();
        }
    }
    ov_tree_root(sha, &tree, root);
}

#endif
