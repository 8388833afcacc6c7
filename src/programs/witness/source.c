/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - a log's public files. From a web server they come through overt-fetch, in its jail, as
 * an update's do: nothing in here speaks HTTP. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "programs/overt/update.h"
#include "programs/witness/monitor.h"
#include "programs/witness/witness.h"

#define FETCH_SECONDS 120u

bool source_open(struct source *source, const char *place)
{
    *source = (struct source){ .folder = -1 };
    if (strncmp(place, "http://", 7) == 0 || strncmp(place, "https://", 8) == 0) {
        source->url = place;
        return true;
    }
    source->folder = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (source->folder < 0) {
        complain(place, strerror(errno));
    }
    return source->folder >= 0;
}

void source_close(struct source *source)
{
    if (source->folder >= 0) {
        (void)close(source->folder);
    }
    source->folder = -1;
}

static overt_status fetch(
        const char *url, size_t bytes_max, struct ov_buf *out, bool *missing, overt_error *err)
{
    auto_fd int fd = memfd_create("overt-monitor", MFD_CLOEXEC);
    struct ov_download download = { .bytes_left = bytes_max, .until = ov_now() + FETCH_SECONDS };
    long http = 0;
    char path[40];
    overt_status status;

    if (fd < 0) {
        return ov_file_fail(err, errno, url, "it cannot be kept");
    }
    status = ov_fetch(&download, url, fd, bytes_max, 0, &http, err);
    *missing = http == 404;
    if (status == OVERT_OK) {
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        status = ov_file_read(AT_FDCWD, path, bytes_max, out, err);
    }
    return status;
}

overt_status source_read(const struct source *source, const char *path, size_t bytes_max,
        struct ov_buf *out, bool *missing, overt_error *err)
{
    char url[2200];
    overt_status status;

    *missing = false;
    if (source->url == NULL) {
        status = ov_file_read(source->folder, path, bytes_max, out, err);
        *missing = status != OVERT_OK && err->sys_errno == ENOENT;
        return status;
    }
    if (snprintf(url, sizeof(url), "%s%s%s", source->url,
                source->url[strlen(source->url) - 1] == '/' ? "" : "/", path)
            >= (int)sizeof(url)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "the URL is too long");
    }
    return fetch(url, bytes_max, out, missing, err);
}
