/* SPDX-License-Identifier: Apache-2.0 */
/* match_bench.c - how fast the matcher goes over a file, with N literals.
 *
 * Usage: match_bench DATA (--generate N | --strings FILE) [--keep-all] [--exists] [--rounds N]
 * FILE holds one string a line; `hex:` before it says that it is written in hexadecimal.
 * Not a test: it measures, and nothing depends on what it says. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "base/checked.h"
#include "base/limits.h"
#include "compile/compile.h"
#include "match/match.h"

struct options {
    const char *data;
    const char *strings;
    unsigned generate;
    unsigned rounds;
    bool keep_all;
    bool exists;
};

static struct ov_bytes map_file(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *at;

    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(path);
        exit(2);
    }
    at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    (void)close(fd);
    if (at == MAP_FAILED) {
        perror(path);
        exit(2);
    }
    return ov_bytes_of(at, (size_t)st.st_size);
}

static double now(void)
{
    struct timespec ts;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t unhex(const char *from, size_t len, uint8_t *to)
{
    size_t count = 0;

    for (size_t i = 0; i + 1 < len; i += 2) {
        unsigned value = 0;

        if (sscanf((const char[3]){ from[i], from[i + 1], '\0' }, "%x", &value) != 1) {
            return 0;
        }
        to[count++] = (uint8_t)value;
    }
    return count;
}

/* The strings' texts, in `arena`. */
static uint32_t gather(const struct options *options, struct ov_arena *arena,
        struct ov_string *strings, uint32_t most)
{
    FILE *in = options->strings != NULL ? fopen(options->strings, "r") : NULL;
    uint32_t count = 0, seed = 1;
    char line[8192];

    if (options->strings != NULL && in == NULL) {
        perror(options->strings);
        exit(2);
    }
    while (count < most) {
        uint8_t text[4096];
        size_t len = 0;

        if (in != NULL) {
            if (fgets(line, sizeof(line), in) == NULL) {
                break;
            }
            line[strcspn(line, "\n")] = '\0';
            if (strncmp(line, "hex:", 4) == 0) {
                len = unhex(line + 4, strlen(line) - 4, text);
            } else {
                len = strlen(line) < sizeof(text) ? strlen(line) : sizeof(text);
                memcpy(text, line, len);
            }
        } else {
            if (count == options->generate) {
                break;
            }
            for (len = 0; len < 12; len++) {
                seed = seed * 1664525u + 1013904223u;
                text[len] = (uint8_t)('a' + (seed >> 16) % 26);
            }
        }
        if (len == 0) {
            continue;
        }
        strings[count].kind = OV_STRING_TEXT;
        strings[count].flags = OV_STRING_ASCII;
        strings[count].name = ov_bytes_of("$", 1);
        if (!ov_arena_copy(arena, ov_bytes_of(text, len), &strings[count].text)) {
            exit(2);
        }
        count++;
    }
    if (in != NULL) {
        (void)fclose(in);
    }
    return count;
}

static uint8_t *build(const struct options *options, uint64_t *size, uint32_t *count)
{
    const uint32_t most = 1u << 20;
    struct ov_string *strings = calloc(most, sizeof(*strings));
    uint8_t *uses = malloc(most), *file;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_db_writer writer;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_arena arena;
    struct ov_rule *rule;

    OV_ASSERT(strings != NULL && uses != NULL);
    ov_arena_init(&arena, UINT64_MAX);
    ov_diags_init(&diags, &arena);
    ov_rule_set_init(&set, &arena);
    ov_db_writer_init(&writer, SIZE_MAX);
    *count = gather(options, &arena, strings, most);
    memset(uses, options->exists ? OV_USE_EXISTS : OV_USE_ALL, most);
    rule = ov_rule_set_add_rule(&set);
    OV_ASSERT(rule != NULL);
    rule->strings = strings;
    rule->string_count = *count;
    rule->file = rule->name = ov_bytes_of(NULL, 0);
    if (ov_compile_patterns(&set, uses, NULL, NULL, NULL, &diags, &writer, &err) != OVERT_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(2);
    }
    *size = ov_db_writer_size(&writer);
    file = malloc((size_t)*size);
    OV_ASSERT(file != NULL && ov_db_writer_finish(&writer, file, (size_t)*size, &err) == OVERT_OK);
    ov_db_writer_done(&writer);
    ov_rule_set_done(&set);
    ov_diags_done(&diags);
    ov_arena_done(&arena);
    free(strings);
    free(uses);
    return file;
}

static void scan(struct ov_matcher *m, struct ov_bytes data, bool keep_all)
{
    struct ov_budget budget = { .steps_left = UINT64_MAX };
    struct ov_source source;
    struct ov_window window;

    ov_source_on_bytes(&source, data);
    ov_matcher_begin(m, ov_bytes_len(data), keep_all);
    for (uint64_t at = 0; ov_source_block(&source, at, &window); at += OV_BLOCK_BYTES) {
        ov_matcher_block(m, &source, &window, &budget);
    }
    ov_matcher_end(m, &source, &budget);
}

static void measure(const struct options *options)
{
    const double build_from = now();
    uint32_t count;
    uint64_t size;
    uint8_t *file = build(options, &size, &count);
    const double built = now() - build_from;
    const struct ov_bytes data = map_file(options->data);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_matcher *m = NULL;
    struct ov_db_view view;
    double best = 1e9;
    size_t found = 0, matches = 0, small_rounds = 1000000;
    double from;

    if (ov_db_view_open(&view, ov_bytes_of(file, (size_t)size), &err) != OVERT_OK
            || ov_matcher_new(&m, &view, UINT64_C(4) << 30, &err) != OVERT_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(2);
    }
    for (unsigned i = 0; i < options->rounds; i++) {
        double spent;

        from = now();
        scan(m, data, options->keep_all);
        spent = now() - from;
        best = spent < best ? spent : best;
    }
    for (uint32_t i = 0; i < count; i++) {
        size_t here;

        (void)ov_matcher_matches(m, i, &here);
        found += here != 0;
        matches += here;
    }
    printf("%u strings, database %.1f MB in %.2f s; %.0f MB at %.0f MB/s; %zu strings found, %zu "
           "matches%s\n",
            count, (double)size / 1e6, built, (double)ov_bytes_len(data) / 1e6,
            (double)ov_bytes_len(data) / 1e6 / best, found, matches,
            ov_matcher_stopped(m) != OV_REASON_NONE ? "; stopped early" : "");
    from = now();
    for (size_t i = 0; i < small_rounds; i++) {
        scan(m, ov_bytes_of("x", 1), false);
    }
    printf("an object of one byte: %.0f ns\n", (now() - from) / (double)small_rounds * 1e9);
    ov_matcher_free(m);
    free(file);
}

int main(int argc, char **argv)
{
    struct options options = { .rounds = 3, .generate = 300 };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--keep-all") == 0) {
            options.keep_all = true;
        } else if (strcmp(argv[i], "--exists") == 0) {
            options.exists = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--generate") == 0) {
            options.generate = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0) {
            options.rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--strings") == 0) {
            options.strings = argv[++i];
        } else {
            options.data = argv[i];
        }
    }
    if (options.data == NULL) {
        (void)fprintf(stderr,
                "usage: match_bench DATA (--generate N | --strings FILE) [--keep-all] "
                "[--exists] [--rounds N]\n");
        return 2;
    }
    measure(&options);
    return 0;
}
