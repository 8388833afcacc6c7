/* SPDX-License-Identifier: Apache-2.0 */
/* yara_public_test.c - every file of the public rule sets beside the project, if they are there:
 * the decision on each must be the recorded one. tests/golden/yara-public-refused.txt names the
 * files that are refused (they need modules or other files); all others must be read without
 * an error. */
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "rules/yara/yara.h"
#include "tests/ir_show.h"

struct totals {
    unsigned files;
    unsigned wrong;
    size_t rules;
};

static bool is_rules(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot != NULL
           && (strcasecmp(dot, ".yar") == 0 || strcasecmp(dot, ".yara") == 0
                   || strcasecmp(dot, ".rule") == 0);
}

static bool read_file(const char *path, struct ov_buf *out)
{
    FILE *f = fopen(path, "rb");
    char block[16384];
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

/* Is `path` a line of the record? */
static bool is_recorded(const struct ov_buf *record, const char *path)
{
    const struct ov_bytes text = ov_buf_bytes(record);
    const char *at = (const char *)ov_bytes_raw(text);
    size_t left = (size_t)ov_bytes_len(text);

    while (left > 0) {
        const char *end = memchr(at, '\n', left);
        const size_t len = end == NULL ? left : (size_t)(end - at);

        if (len == strlen(path) && memcmp(at, path, len) == 0) {
            return true;
        }
        at += end == NULL ? len : len + 1;
        left -= end == NULL ? len : len + 1;
    }
    return false;
}

static void add_text_external(struct ov_rule_set *set, const char *name)
{
    struct ov_external *external = ov_rule_set_add_external(set);

    OV_ASSERT(external != NULL);
    *external = (struct ov_external){
        .name = ov_bytes_of(name, strlen(name)), .type = OV_TYPE_TEXT, .text = ov_bytes_of("", 0)
    };
}

/* Good? Walks every rule too, which checks what the form promises. */
static bool understand(const char *path, struct totals *totals)
{
    static const char *const externals[] = { "filename", "filepath", "extension", "filetype",
        "owner" };
    const struct ov_yara_options options = { .space = ov_bytes_of("default", 7) };
    struct ov_buf source, shown;
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    bool good;

    ov_buf_init(&source, 64u << 20);
    ov_buf_init(&shown, 64u << 20);
    ov_arena_init(&arena, UINT64_MAX);
    ov_rule_set_init(&set, &arena);
    ov_diags_init(&diags, &arena);
    for (size_t i = 0; i < sizeof(externals) / sizeof(externals[0]); i++) {
        add_text_external(&set, externals[i]);
    }
    good = read_file(path, &source)
           && ov_yara_read(
                   &set, ov_bytes_of(path, strlen(path)), ov_buf_bytes(&source), &options, &diags);
    for (uint32_t i = 0; i < set.rule_count; i++) {
        (void)ir_show_rule(&shown, "", &set, i);
    }
    totals->rules += set.rule_count;
    ov_rule_set_done(&set);
    ov_diags_done(&diags);
    ov_arena_done(&arena);
    ov_buf_done(&shown);
    ov_buf_done(&source);
    return good;
}

static void walk(const char *folder, const struct ov_buf *record, bool write, struct totals *totals)
{
    char start[4096];
    char *roots[] = { start, NULL };
    FTS *fts;
    FTSENT *entry;

    (void)snprintf(start, sizeof(start), "%s", folder);
    fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (fts == NULL) {
        return;
    }
    while ((entry = fts_read(fts)) != NULL) {
        const char *relative = entry->fts_path + strlen(folder) + 1;
        bool good;

        if (entry->fts_info != FTS_F || !is_rules(entry->fts_name)) {
            continue;
        }
        totals->files++;
        good = understand(entry->fts_path, totals);
        if (write && !good) {
            printf("%s\n", relative);
        }
        if (!write && good == is_recorded(record, relative)) {
            printf("# %s: %s, the record says otherwise\n", relative, good ? "read" : "refused");
            totals->wrong++;
        }
    }
    (void)fts_close(fts);
}

int main(int argc, char **argv)
{
    const char *root = getenv("OVERT_SOURCE_ROOT");
    const bool write = argc > 1 && strcmp(argv[1], "--write") == 0;
    char folder[4096], record_path[4096];
    struct totals totals = { 0 };
    struct ov_buf record;

    root = root == NULL ? "." : root;
    (void)snprintf(folder, sizeof(folder), "%s/../shared/rules/yara", root);
    (void)snprintf(
            record_path, sizeof(record_path), "%s/tests/golden/yara-public-refused.txt", root);
    ov_buf_init(&record, 1u << 20);
    if (!write) {
        printf("1..1\n");
        if (!read_file(record_path, &record)) {
            printf("not ok 1 - the record can be read\n");
            return 1;
        }
    }
    walk(folder, &record, write, &totals);
    ov_buf_done(&record);
    if (write) {
        return 0;
    }
    if (totals.files == 0) {
        printf("ok 1 - public rule sets # SKIP they are not beside the project\n");
        return 0;
    }
    printf("# %u files, %zu rules kept\n", totals.files, totals.rules);
    printf("%sok 1 - public rule sets\n", totals.wrong == 0 ? "" : "not ");
    return totals.wrong != 0;
}
