/* SPDX-License-Identifier: Apache-2.0 */
/* database_out.c - a database is written beside its destination and moved there whole. */
#include "programs/overt/database_out.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/attr.h"
#include "programs/overt/out.h"

/* Writes FILE.XXXXXX, then renames. False: said. */
bool ov_database_write(const char *command, const overt_db *db, const char *path)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf name;
    const mode_t mask = umask(0);
    bool good = false;
    char *temporary;
    int fd;

    (void)umask(mask);
    ov_buf_init(&name, 65536);
    ov_buf_printf(&name, "%s.XXXXXX", path);
    ov_buf_put_u8(&name, 0);
    if (!ov_buf_ok(&name)) {
        ov_complain(command, "%s: the name is too long", path);
        ov_buf_done(&name);
        return false;
    }
    {
        size_t len;

        temporary = (char *)ov_buf_steal(&name, &len);
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        ov_complain(command, "%s: %s", path, strerror(errno));
        free(temporary);
        return false;
    }
    if (overt_db_write(db, fd, &err) != OVERT_OK) {
        ov_complain_error(command, &err);
    } else if (fchmod(fd, 0666 & ~mask) != 0 || fsync(fd) != 0 || rename(temporary, path) != 0) {
        ov_complain(command, "%s: %s", path, strerror(errno));
    } else {
        good = true;
    }
    if (!good) {
        (void)unlink(temporary);
    }
    (void)close(fd);
    free(temporary);
    return good;
}
