/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/overt/ledgers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/now.h"
#include "programs/overt/out.h"

bool ov_ledger_place(char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int len;

    if (geteuid() == 0) {
        len = snprintf(out, size, "/var/lib/overt/ledger");
    } else if (state != NULL && state[0] == '/') {
        len = snprintf(out, size, "%s/overt/ledger", state);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(out, size, "%s/.local/state/overt/ledger", home);
    } else {
        return false;
    }
    return len > 0 && (size_t)len < size;
}

void ov_ledger_begin(struct ov_buf *text)
{
    ov_buf_init(text, OV_LEDGER_RECORD_BYTES_MAX);
}

void ov_ledger_put_bytes(struct ov_buf *text, const char *name, struct ov_bytes value)
{
    ov_buf_put_text(text, name);
    ov_buf_put_u8(text, ' ');
    ov_text_escape(text, value);
    ov_buf_put_u8(text, '\n');
}

void ov_ledger_put(struct ov_buf *text, const char *name, const char *value)
{
    ov_ledger_put_bytes(text, name, ov_bytes_of(value, strlen(value)));
}

void ov_ledger_put_number(struct ov_buf *text, const char *name, uint64_t value)
{
    ov_buf_printf(text, "%s %" PRIu64 "\n", name, value);
}

bool ov_ledger_end_at(
        const char *command, const char *folder, enum ov_ledger_kind kind, struct ov_buf *text)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    if (!ov_buf_ok(text)) {
        ov_buf_done(text);
        ov_ledger_begin(text);
        ov_ledger_put(text, "command", command);
        ov_ledger_put(text, "text", "too long to be kept");
    }
    status = ov_ledger_append(folder, kind, ov_now(), ov_buf_bytes(text), &err);
    if (status != OVERT_OK) {
        ov_complain(command, "not on record: %s", err.message);
    }
    ov_buf_done(text);
    return status == OVERT_OK;
}

bool ov_ledger_end(const char *command, enum ov_ledger_kind kind, struct ov_buf *text)
{
    char place[4096];

    if (ov_ledger_place(place, sizeof(place)) && access(place, F_OK) == 0) {
        return ov_ledger_end_at(command, place, kind, text);
    }
    ov_buf_done(text);
    return true;
}

bool ov_ledger_weaker(const char *command, const char *const *weaker)
{
    struct ov_buf text;

    if (weaker == NULL || *weaker == NULL) {
        return true;
    }
    ov_ledger_begin(&text);
    ov_ledger_put(&text, "command", command);
    for (; *weaker != NULL; weaker++) {
        ov_ledger_put(&text, "without", *weaker);
    }
    return ov_ledger_end(command, OV_LEDGER_JAIL, &text);
}

/* A file that is not there yet is an empty one: a ledger was begun, and nothing has happened. */
static bool load_file(const char *command, int folder, const char *name, struct ov_buf *out)
{
    overt_error err = OVERT_ERROR_INIT;

    if (ov_file_read(folder, name, SIZE_MAX / 2, out, &err) != OVERT_OK
            && err.sys_errno != ENOENT) {
        ov_complain_error(command, &err);
        return false;
    }
    return true;
}

/* All three as they are at one moment: who appends waits meanwhile. */
static bool load_files(const char *command, const char *path, struct ov_ledger_files *files)
{
    auto_fd int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (folder < 0 || flock(folder, LOCK_SH) != 0) {
        ov_complain(command, "%s: %s", path, strerror(errno));
        return false;
    }
    return load_file(command, folder, "records", &files->records)
           && load_file(command, folder, "leaves", &files->leaves)
           && load_file(command, folder, "head", &files->head);
}

int ov_ledger_open(const char *command, const char *folder, struct ov_ledger_files *files)
{
    overt_error err = OVERT_ERROR_INIT;

    ov_buf_init(&files->records, SIZE_MAX);
    ov_buf_init(&files->leaves, SIZE_MAX);
    ov_buf_init(&files->head, 8192);
    if (!load_files(command, folder, files)) {
        return OV_EXIT_ERROR;
    }
    if (ov_ledger_verify(ov_buf_bytes(&files->records), ov_buf_bytes(&files->leaves),
                ov_buf_bytes(&files->head), &files->tree, &err)
            != OVERT_OK) {
        ov_complain_error(command, &err);
        return OV_EXIT_DETECTED;
    }
    return OV_EXIT_CLEAN;
}

void ov_ledger_done(struct ov_ledger_files *files)
{
    ov_buf_done(&files->records);
    ov_buf_done(&files->leaves);
    ov_buf_done(&files->head);
}
