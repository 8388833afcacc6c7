/* SPDX-License-Identifier: Apache-2.0 */
/* open_bench.c - how long an open takes: opens the regular files of a folder, one after the other,
 * and prints the half-way and the 99th percentile in microseconds. usage: open_bench FOLDER */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 100000u

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static double microseconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    static double took[FILES_MAX];
    const struct dirent *entry;
    size_t count = 0;
    DIR *dir;

    dir = argc == 2 ? opendir(argv[1]) : NULL;
    if (dir == NULL || chdir(argv[1]) != 0) {
        (void)fprintf(stderr, "usage: open_bench FOLDER\n");
        return 2;
    }
    while ((entry = readdir(dir)) != NULL && count < FILES_MAX) {
        double from;
        int fd;

        if (entry->d_type != DT_REG) {
            continue;
        }
        from = microseconds();
        fd = open(entry->d_name, O_RDONLY);
        took[count++] = microseconds() - from;
        if (fd < 0) {
            perror(entry->d_name);
            return 2;
        }
        (void)close(fd);
    }
    (void)closedir(dir);
    if (count == 0) {
        return 2;
    }
    qsort(took, count, sizeof(took[0]), ascending);
    printf("%.1f %.1f\n", took[count / 2], took[count * 99 / 100]);
    return 0;
}
