/* SPDX-License-Identifier: Apache-2.0 */
/* store.c - the folder that keeps what was accepted of a log, and its policy. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "programs/overt/out.h"
#include "programs/overt/update.h"

void ov_put_time(struct ov_buf *out, uint64_t seconds)
{
    const time_t when = (time_t)seconds;
    struct tm tm;
    char text[40];

    if (seconds < 253402300800u && gmtime_r(&when, &tm) != NULL
            && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) != 0) {
        ov_buf_put_text(out, text);
    } else {
        ov_buf_printf(out, "%" PRIu64 " s after 1970", seconds);
    }
}

bool ov_store_open(struct ov_store *store, const char *command, const char *path, bool write)
{
    overt_error err = OVERT_ERROR_INIT;

    *store = (struct ov_store){ .command = command, .path = path, .fd = -1 };
    ov_buf_init(&store->policy_text, OV_POLICY_BYTES_MAX + 1u);
    if (write && ov_folder_make(AT_FDCWD, path, 0755, &err) != OVERT_OK) {
        ov_complain_error(command, &err);
        return false;
    }
    store->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (store->fd < 0 || (write && flock(store->fd, LOCK_EX | LOCK_NB) != 0)) {
        ov_complain(command, "%s: %s", path,
                errno == EWOULDBLOCK ? "another update is under way" : strerror(errno));
        return false;
    }
    if (write && ov_folder_make(store->fd, "log", 0755, &err) != OVERT_OK) {
        ov_complain_error(command, &err);
        return false;
    }
    return true;
}

bool ov_store_policy(struct ov_store *store, const char *policy_path)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_status status =
            ov_file_read(AT_FDCWD, policy_path, OV_POLICY_BYTES_MAX, &store->policy_text, &err);

    if (status == OVERT_OK) {
        status = ov_policy_read(ov_buf_bytes(&store->policy_text), &store->policy, &err);
    }
    if (status == OVERT_OK) {
        status = ov_settings_read(ov_buf_bytes(&store->policy_text), &store->settings, &err);
    }
    if (status != OVERT_OK) {
        (void)snprintf(
                err.source, sizeof(err.source), "%.*s", (int)sizeof(err.source) - 1, policy_path);
        ov_complain_error(store->command, &err);
    }
    return status == OVERT_OK;
}

void ov_store_close(struct ov_store *store)
{
    if (store->fd >= 0) {
        (void)close(store->fd);
    }
    ov_buf_done(&store->policy_text);
    store->fd = -1;
}

bool ov_store_origins(struct ov_store *store, const char *set, struct ov_origins *out)
{
    struct ov_buf text;
    char path[64];
    bool good;

    (void)snprintf(path, sizeof(path), "%s/origins", set);
    ov_buf_init(&text, 256u * OV_MIB);
    good = ov_file_read(store->fd, path, 256u * OV_MIB - 1u, &text, NULL) == OVERT_OK
           && ov_origins_read(&text, out, NULL) == OVERT_OK;
    ov_buf_done(&text);
    return good;
}
