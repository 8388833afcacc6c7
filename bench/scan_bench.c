/* SPDX-License-Identifier: Apache-2.0 */
/* scan_bench.c - the engine alone, without a jail: every file of a list under one database.
 *
 * Usage: scan_bench DATABASE LIST [--inside] [--keep-all] [--rounds N] [--hits FILE]
 * LIST holds one path a line. Prints CPU seconds of the scan, the rate, and what was found; --hits
 * writes one line for each hit (rule, path), for comparing. Not a test: it measures, and nothing
 * depends on what it says. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/checked.h"
#include "base/limits.h"
#include "db/rules.h"
#include "engine/engine.h"

struct tally {
    const struct ov_db_view *view;
    const char *path;
    FILE *hits;
    uint64_t objects;
    uint64_t detected;
    uint64_t incomplete;
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

static void on_object(void *payload, const struct ov_engine_object *object)
{
    struct tally *tally = payload;

    (void)object;
    tally->objects++;
}

static void on_detected(void *payload, uint32_t ordinal, uint32_t rule, uint64_t offset,
        const struct ov_matcher *m, struct ov_source *source)
{
    struct tally *tally = payload;
    const struct ov_db_rule *r = ov_db_record(tally->view, OV_DB_RULES, rule, sizeof(*r));

    struct ov_bytes name;

    (void)m, (void)source, (void)offset;
    tally->detected++;
    if (tally->hits != NULL && r != NULL && ov_db_span_read(tally->view, r->name, &name)) {
        (void)fprintf(tally->hits, "%.*s %s %u\n", (int)ov_bytes_len(name),
                (const char *)ov_bytes_raw(name), tally->path, ordinal);
    }
}

static void on_incomplete(
        void *payload, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    struct tally *tally = payload;

    tally->incomplete++;
    if (tally->hits != NULL) {
        (void)fprintf(
                tally->hits, "INCOMPLETE %d %s %s %u\n", (int)reason, detail, tally->path, ordinal);
    }
}

struct options {
    const char *database;
    const char *list;
    const char *hits;
    unsigned rounds;
    bool inside;
    bool keep_all;
};

static uint64_t scan_list(
        const struct options *options, struct ov_engine *engine, struct tally *tally)
{
    const struct ov_engine_sink sink = {
        .payload = tally,
        .object = on_object,
        .detected = on_detected,
        .incomplete = on_incomplete,
    };
    FILE *list = fopen(options->list, "r");
    uint64_t total = 0;
    char path[8192];

    if (list == NULL) {
        perror(options->list);
        exit(2);
    }
    while (fgets(path, sizeof(path), list) != NULL) {
        struct stat st;
        int fd;

        path[strcspn(path, "\n")] = '\0';
        tally->path = path;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) != 0) {
            perror(path);
            continue;
        }
        ov_engine_scan_fd(engine, fd, (uint64_t)st.st_size, &(struct ov_scan_limits){ 0 }, &sink);
        total += (uint64_t)st.st_size;
        (void)close(fd);
    }
    (void)fclose(list);
    return total;
}

static void measure(const struct options *options)
{
    const struct ov_engine_options engine_options = {
        .memory_max = UINT64_C(4) << 30, .keep_all = options->keep_all, .inside = options->inside
    };
    const struct ov_bytes database = map_file(options->database);
    struct tally tally = { 0 };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_engine *engine = NULL;
    struct ov_db_view view;
    struct rusage usage;
    double best = 1e9;
    uint64_t total = 0;

    if (ov_db_view_open(&view, database, &err) != OVERT_OK
            || ov_engine_new(&engine, &view, &engine_options, &err) != OVERT_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        exit(2);
    }
    for (unsigned i = 0; i < options->rounds; i++) {
        double from, spent;

        tally = (struct tally){ .view = &view };
        if (options->hits != NULL) {
            tally.hits = fopen(options->hits, "w");
        }
        from = now();
        total = scan_list(options, engine, &tally);
        spent = now() - from;
        best = spent < best ? spent : best;
        if (tally.hits != NULL) {
            (void)fclose(tally.hits);
        }
    }
    (void)getrusage(RUSAGE_SELF, &usage);
    printf("%.1f MB in %.2f s CPU: %.0f MB/s; %llu objects, %llu hits, %llu incomplete; %ld MiB\n",
            (double)total / 1e6, best, (double)total / 1e6 / best,
            (unsigned long long)tally.objects, (unsigned long long)tally.detected,
            (unsigned long long)tally.incomplete, usage.ru_maxrss / 1024);
    ov_engine_free(engine);
}

int main(int argc, char **argv)
{
    struct options options = { .rounds = 1 };

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--keep-all") == 0) {
            options.keep_all = true;
        } else if (strcmp(argv[i], "--inside") == 0) {
            options.inside = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--rounds") == 0) {
            options.rounds = (unsigned)strtoul(argv[++i], NULL, 10);
        } else if (i + 1 < argc && strcmp(argv[i], "--hits") == 0) {
            options.hits = argv[++i];
        } else if (options.database == NULL) {
            options.database = argv[i];
        } else {
            options.list = argv[i];
        }
    }
    if (options.list == NULL) {
        (void)fprintf(stderr, "usage: scan_bench DATABASE LIST [--inside] [--keep-all] "
                              "[--rounds N] [--hits FILE]\n");
        return 2;
    }
    measure(&options);
    return 0;
}
