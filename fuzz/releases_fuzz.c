/* SPDX-License-Identifier: Apache-2.0 */
/* Target: release entries in an origins text. Property: every file belongs to a release that was
 * read, those of one release stand together, and no name leads out of the prefix. */
#include <string.h>

#include "base/checked.h"
#include "trust/releases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct ov_bytes name)
{
    const char *at = (const char *)ov_bytes_raw(name);
    const size_t len = (size_t)ov_bytes_len(name);

    OV_ASSERT(len > 0 && at[0] != '/' && memchr(at, '\0', len) == NULL);
    for (size_t from = 0, i = 0; i <= len; i++) { /* part by part */
        if (i == len || at[i] == '/') {
            OV_ASSERT(!(i - from == 2 && at[from] == '.' && at[from + 1] == '.'));
            from = i + 1;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_releases r;
    size_t at = 0;

    if (ov_releases_read(ov_bytes_of(data, size), &r, &err) != OVERT_OK) {
        OV_ASSERT(err.message[0] != '\0' && r.at == NULL && r.files == NULL);
        return 0;
    }
    for (size_t i = 0; i < r.file_count; i++) {
        while (at < r.count && r.at[at].index != r.files[i].index) {
            at++;
        }
        OV_ASSERT(at < r.count);
        check_name(r.files[i].name);
    }
    ov_releases_done(&r);
    return 0;
}
