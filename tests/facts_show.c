/* SPDX-License-Identifier: Apache-2.0 */
/* facts_show.c - every fact of a module about a file, a line each, for the tests that compare them
 * with another reader's. Asked on standard input, "MODULE PATH" a line; answers end in "=". */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/facts.h"

#define PATH_BYTES 512u
#define STEPS      (UINT64_C(1) << 32)

static void show_text(const char *path, struct ov_bytes text)
{
    printf("%s\ts\t", path);
    for (uint64_t i = 0; i < ov_bytes_len(text); i++) {
        printf("%02x", ov_bytes_raw(text)[i]);
    }
    putchar('\n');
}

static void show_structure(
        const struct ov_fact_tree *tree, ov_fact_node node, unsigned field, const char *path);

static void show_fact(
        const struct ov_fact_tree *tree, struct ov_fact fact, unsigned field, const char *path)
{
    switch (fact.kind) {
    case OV_FACT_INT:
        printf("%s\ti\t%" PRId64 "\n", path, fact.integer);
        break;
    case OV_FACT_TEXT:
        show_text(path, fact.text);
        break;
    case OV_FACT_NODE:
        show_structure(tree, fact.node, field, path);
        break;
    case OV_FACT_FLOAT:
    case OV_FACT_UNDEFINED:
        break;
    }
}

/* As deep as the schema, which is ours. */
static void show_structure(
        const struct ov_fact_tree *tree, ov_fact_node node, unsigned field, const char *path)
{
    char inner[PATH_BYTES];
    unsigned f = field;

    while ((f = ov_field_next_in(field, f)) != OV_FIELD_NONE) {
        const struct ov_field_row *row = ov_field_row(f);

        if (row->kind != OV_FIELD_IS_FACT || row->name[0] == ' ') {
            continue;
        }
        (void)snprintf(inner, sizeof(inner), "%s.%s", path, row->name);
        if (row->shape == OV_FACT_SHAPE_ONE) {
            show_fact(tree, ov_fact_get(tree, node, f), f, inner);
        }
        for (uint32_t i = 0; i < ov_fact_count(tree, node, f); i++) {
            const struct ov_fact fact = ov_fact_get_item(tree, node, f, i);

            (void)snprintf(inner, sizeof(inner), "%s.%s[%" PRIu32 "]", path, row->name, i);
            if (fact.kind == OV_FACT_NODE) {
                printf("%s\tc\t0\n", inner); /* there is one, even if nothing was said of it */
            }
            show_fact(tree, fact, f, inner);
        }
    }
}

static void show(struct ov_fact_tree *tree, struct ov_pages *pages, unsigned module)
{
    struct ov_budget budget = { .steps_left = STEPS };
    const ov_fact_parser parser = ov_facts_parser(module);

    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &budget);
    if (parser != NULL) {
        parser(tree, pages);
    }
    show_structure(tree, ov_fact_get_root(tree, module), module, "");
    if (ov_fact_tree_reason(tree) != OV_REASON_NONE) {
        printf("!incomplete\tf\t%s\n", ov_reason_text((uint32_t)ov_fact_tree_reason(tree)));
    }
    printf("=\n");
    (void)fflush(stdout);
}

int main(void)
{
    static uint8_t window[OV_SOURCE_WINDOW_BYTES];
    static struct ov_pages pages;
    static char line[8192];
    struct ov_fact_tree *tree = ov_fact_tree_new();

    while (tree != NULL && fgets(line, sizeof(line), stdin) != NULL) {
        char *path = strchr(line, ' ');
        struct ov_source source;
        struct stat st;
        unsigned module;
        int fd;

        line[strcspn(line, "\n")] = 0;
        if (path == NULL) {
            return 2;
        }
        module = ov_field_module(ov_bytes_of(line, (size_t)(path - line)));
        fd = open(path + 1, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) != 0 || module == OV_FIELD_NONE) {
            (void)fprintf(stderr, "facts_show: %s\n", line);
            return 2;
        }
        ov_source_on_fd(&source, fd, (uint64_t)st.st_size, window);
        ov_pages_on(&pages, &source);
        show(tree, &pages, module);
        (void)close(fd);
    }
    ov_fact_tree_free(tree);
    return 0;
}
