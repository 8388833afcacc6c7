/* SPDX-License-Identifier: Apache-2.0 */
/* facts_dump.c - for tests: what the parser of MODULE says of each FILE, as `yara -D` prints it,
 * each behind a line `FILE BYTES`. No jail: it is for files that a test made. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts/show.h"
#include "formats/facts.h"

static int dump(enum ov_field module, const char *name, struct ov_fact_tree *tree,
        struct ov_pages *pages, uint8_t *window)
{
    struct ov_budget budget = { .steps_left = UINT64_C(1) << 32 };
    const int fd = open(name, O_RDONLY | O_CLOEXEC);
    const ov_fact_parser parser = ov_facts_parser(module);
    struct ov_source source;
    struct ov_buf out;
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || parser == NULL) {
        (void)fprintf(stderr, "facts_dump: %s\n", name);
        return 1;
    }
    ov_source_on_fd(&source, fd, (uint64_t)st.st_size, window);
    ov_pages_on(pages, &source);
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &budget);
    parser(tree, pages);
    ov_buf_init(&out, SIZE_MAX);
    ov_fact_show(tree, module, &out);
    (void)printf("%s %zu %s\n", name, (size_t)ov_bytes_len(ov_buf_bytes(&out)),
            ov_fact_tree_reason(tree) == OV_REASON_NONE ? "whole" : "cut");
    (void)fwrite(
            ov_bytes_raw(ov_buf_bytes(&out)), 1, (size_t)ov_bytes_len(ov_buf_bytes(&out)), stdout);
    ov_buf_done(&out);
    (void)close(fd);
    return 0;
}

int main(int argc, char **argv)
{
    struct ov_fact_tree *tree = ov_fact_tree_new();
    struct ov_pages *pages = malloc(sizeof(*pages));
    uint8_t *window = malloc(OV_SOURCE_WINDOW_BYTES);
    enum ov_field module;
    int bad = 0;

    if (argc < 3 || tree == NULL || pages == NULL || window == NULL) {
        return 2;
    }
    module = ov_field_module(ov_bytes_of(argv[1], strlen(argv[1])));
    for (int i = 2; i < argc; i++) {
        bad |= dump(module, argv[i], tree, pages, window);
    }
    ov_fact_tree_free(tree);
    free(pages);
    free(window);
    return bad;
}
