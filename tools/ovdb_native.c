/* SPDX-License-Identifier: Apache-2.0 */
/* ovdb_native.c - a build tool: compiles rule files of this source tree to a database without a
 * jail. For our own starter rules at build time and for tests; never installed.
 *
 *   ovdb_native OUT.ovdb RULES... */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "compile/compile.h"
#include "db/verify.h"
#include "rules/hashlist/hashlist.h"
#include "rules/yara/yara.h"

static uint8_t *read_file(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long size;

    if (f == NULL) {
        return NULL;
    }
    if (fseek(f, 0, SEEK_END) == 0 && (size = ftell(f)) >= 0 && fseek(f, 0, SEEK_SET) == 0) {
        bytes = malloc((size_t)size + 1);
        if (bytes != NULL && fread(bytes, 1, (size_t)size, f) != (size_t)size) {
            free(bytes);
            bytes = NULL;
        }
        *len = (size_t)size;
    }
    (void)fclose(f);
    return bytes;
}

static bool is_hashlist(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot != NULL && strcmp(dot, ".hash") == 0;
}

static void show(const struct ov_diags *diags)
{
    static const char *const severities[] = { "note", "warning", "error" };

    for (size_t i = 0; i < diags->count; i++) {
        const struct ov_diag *d = &diags->items[i];

        (void)fprintf(stderr, "%.*s:%u:%u: %s: %.*s\n", (int)ov_bytes_len(d->file),
                (const char *)ov_bytes_raw(d->file), d->line, d->column, severities[d->severity],
                (int)ov_bytes_len(d->message), (const char *)ov_bytes_raw(d->message));
    }
}

/* Compiles, lays out, verifies what was laid out, writes. */
static int finish(struct ov_rule_set *set, struct ov_diags *diags, const char *out_path)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_writer writer;
    struct ov_db_view view;
    uint8_t *out = NULL;
    size_t size = 0;
    FILE *f = NULL;
    int bad = 1;

    ov_db_writer_init(&writer, UINT32_MAX);
    if (ov_compile(set, diags, &writer, &err) != OVERT_OK || diags->errors != 0) {
        goto done;
    }
    size = (size_t)ov_db_writer_size(&writer);
    out = malloc(size == 0 ? 1 : size);
    if (out == NULL || ov_db_writer_finish(&writer, out, size, &err) != OVERT_OK
            || ov_db_view_open(&view, ov_bytes_of(out, size), &err) != OVERT_OK
            || ov_db_verify(&view, &err) != OVERT_OK) {
        goto done;
    }
    f = fopen(out_path, "wb");
    bad = f == NULL || fwrite(out, 1, size, f) != size;
    if (f != NULL && fclose(f) != 0) {
        bad = 1;
    }
    if (bad) {
        perror(out_path);
    }
done:
    show(diags);
    if (err.status != OVERT_OK) {
        (void)fprintf(stderr, "ovdb_native: %s\n", err.message);
    }
    free(out);
    ov_db_writer_done(&writer);
    return bad;
}

int main(int argc, char **argv)
{
    const struct ov_yara_options options = { .space = ov_bytes_of("default", 7),
        .strings_per_rule_max = OV_STRINGS_PER_RULE_MAX };
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    int bad = 0;

    if (argc < 3) {
        (void)fprintf(stderr, "usage: ovdb_native OUT.ovdb RULES...\n");
        return 2;
    }
    ov_arena_init(&arena, UINT64_MAX);
    ov_rule_set_init(&set, &arena);
    ov_diags_init(&diags, &arena);
    for (int i = 2; i < argc; i++) {
        size_t len = 0;
        uint8_t *bytes = read_file(argv[i], &len);
        const struct ov_bytes file = ov_bytes_of(argv[i], strlen(argv[i]));

        if (bytes == NULL) {
            perror(argv[i]);
            bad = 1;
            continue;
        }
        if (is_hashlist(argv[i])) {
            bad |= !ov_hashlist_read(&set, file, ov_bytes_of(bytes, len), &diags);
        } else {
            bad |= !ov_yara_read(&set, file, ov_bytes_of(bytes, len), &options, &diags);
        }
        free(bytes);
    }
    bad |= finish(&set, &diags, argv[1]);
    ov_diags_done(&diags);
    ov_rule_set_done(&set);
    ov_arena_done(&arena);
    return bad;
}
