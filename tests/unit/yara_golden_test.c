/* SPDX-License-Identifier: Apache-2.0 */
/* yara_golden_test.c - tests/golden/yara/NAME.yar against NAME.txt: every diagnostic in order, then
 * every rule that was kept, as it was understood. `yara_golden_test --write` writes the texts
 * anew; read the difference before you commit it. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rules/yara/yara.h"
#include "tests/ir_show.h"

#define PATH_BYTES 4096

static bool read_file(const char *path, struct ov_buf *out)
{
    FILE *f = fopen(path, "rb");
    char block[4096];
    size_t n;

    if (f == NULL) {
        return false;
    }
    while ((n = fread(block, 1, sizeof(block), f)) > 0) {
        ov_buf_put(out, block, n);
    }
    (void)fclose(f);
    return ov_buf_ok(out);
}

static void show_diags(struct ov_buf *out, const struct ov_diags *diags)
{
    static const char *const names[] = { "note", "warning", "error" };

    for (size_t i = 0; i < diags->count; i++) {
        const struct ov_diag *d = &diags->items[i];

        ov_buf_printf(out, "%u:%u: %s: ", d->line, d->column, names[d->severity]);
        if (ov_bytes_len(d->rule) > 0) {
            ov_buf_put_text(out, "[");
            ov_text_escape(out, d->rule);
            ov_buf_put_text(out, "] ");
        }
        ov_buf_put(out, ov_bytes_raw(d->message), (size_t)ov_bytes_len(d->message));
        ov_buf_put_text(out, "\n");
    }
}

static void add_external(
        struct ov_rule_set *set, const char *name, enum ov_type type, int64_t integer)
{
    struct ov_external *external = ov_rule_set_add_external(set);

    OV_ASSERT(external != NULL);
    external->name = ov_bytes_of(name, strlen(name));
    external->type = type;
    external->integer = integer;
    external->text = ov_bytes_of("text", 4);
}

static void understand(struct ov_bytes source, struct ov_buf *out)
{
    const struct ov_yara_options options = { .space = ov_bytes_of("default", 7),
        .strict_escape = true };
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    bool ok;

    ov_arena_init(&arena, UINT64_MAX);
    ov_rule_set_init(&set, &arena);
    ov_diags_init(&diags, &arena);
    add_external(&set, "ext_int", OV_TYPE_INT, 7);
    add_external(&set, "ext_bool", OV_TYPE_BOOL, 1);
    add_external(&set, "ext_float", OV_TYPE_FLOAT, 0);
    add_external(&set, "ext_text", OV_TYPE_TEXT, 0);
    ok = ov_yara_read(&set, ov_bytes_of("x.yar", 5), source, &options, &diags);
    OV_ASSERT(ok == (diags.errors == 0));
    show_diags(out, &diags);
    for (uint32_t i = 0; i < set.rule_count; i++) {
        (void)ir_show_rule(out, "", &set, i);
    }
    ov_rule_set_done(&set);
    ov_diags_done(&diags);
    ov_arena_done(&arena);
}

/* Tells the first line in which the two differ. */
static void tell_difference(struct ov_bytes got, struct ov_bytes want)
{
    const char *g = (const char *)ov_bytes_raw(got), *w = (const char *)ov_bytes_raw(want);
    size_t g_left = (size_t)ov_bytes_len(got), w_left = (size_t)ov_bytes_len(want);

    while (g_left > 0 || w_left > 0) {
        const char *g_end = memchr(g, '\n', g_left), *w_end = memchr(w, '\n', w_left);
        const size_t g_len = g_end == NULL ? g_left : (size_t)(g_end - g) + 1;
        const size_t w_len = w_end == NULL ? w_left : (size_t)(w_end - w) + 1;

        if (g_len != w_len || memcmp(g, w, g_len) != 0) {
            printf("# got:  %.*s# want: %.*s", (int)g_len, g, (int)w_len, w);
            return;
        }
        g += g_len;
        w += w_len;
        g_left -= g_len;
        w_left -= w_len;
    }
}

/* FOLDER/NAME with another ending, NUL-terminated; lent until the buffer is done. */
static const char *path_of(
        struct ov_buf *out, const char *folder, const char *name, const char *ending)
{
    ov_buf_init(out, PATH_BYTES);
    ov_buf_printf(out, "%s/%.*s%s", folder, (int)strlen(name) - 4, name, ending);
    ov_buf_put_u8(out, 0);
    OV_ASSERT(ov_buf_ok(out));
    return (const char *)ov_bytes_raw(ov_buf_bytes(out));
}

static bool check(const char *folder, const char *name, bool write)
{
    struct ov_buf source_name, text_name, source, want, got;
    const char *source_path = path_of(&source_name, folder, name, ".yar");
    const char *text_path = path_of(&text_name, folder, name, ".txt");
    bool good = false;

    ov_buf_init(&source, 1u << 20);
    ov_buf_init(&want, 1u << 20);
    ov_buf_init(&got, 1u << 20);
    if (read_file(source_path, &source)) {
        understand(ov_buf_bytes(&source), &got);
        if (write) {
            FILE *f = fopen(text_path, "wb");
            const struct ov_bytes text = ov_buf_bytes(&got);

            good = f != NULL
                   && fwrite(ov_bytes_raw(text), 1, (size_t)ov_bytes_len(text), f)
                              == (size_t)ov_bytes_len(text)
                   && fclose(f) == 0;
        } else if (read_file(text_path, &want)) {
            const struct ov_bytes text = ov_buf_bytes(&got);

            good = ov_bytes_equal(
                    ov_buf_bytes(&want), ov_bytes_raw(text), (size_t)ov_bytes_len(text));
            if (!good) {
                tell_difference(text, ov_buf_bytes(&want));
            }
        }
    }
    ov_buf_done(&source_name);
    ov_buf_done(&text_name);
    ov_buf_done(&source);
    ov_buf_done(&want);
    ov_buf_done(&got);
    return good;
}

static int is_source(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);

    return len > 4 && strcmp(entry->d_name + len - 4, ".yar") == 0;
}

int main(int argc, char **argv)
{
    const char *root = getenv("OVERT_SOURCE_ROOT");
    const bool write = argc > 1 && strcmp(argv[1], "--write") == 0;
    char folder[PATH_BYTES];
    struct dirent **entries = NULL;
    int failures = 0, count;

    (void)snprintf(folder, sizeof(folder), "%s/tests/golden/yara", root == NULL ? "." : root);
    count = scandir(folder, &entries, is_source, alphasort);
    if (count <= 0) {
        printf("1..1\nnot ok 1 - %s has golden files (%s)\n", folder, strerror(errno));
        return 1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        const bool good = check(folder, entries[i]->d_name, write);

        printf("%sok %d - %s\n", good ? "" : "not ", i + 1, entries[i]->d_name);
        failures += !good;
        free(entries[i]);
    }
    free(entries);
    return failures != 0;
}
