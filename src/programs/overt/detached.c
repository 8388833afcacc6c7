/* SPDX-License-Identifier: Apache-2.0 */
/* detached.c - finds files; what is in them is judged in the compiler's jail. Of certificates the frame
 * of text is taken off here, since the owner put them there; what is in the frame is not looked at. */
#include "programs/overt/detached.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/file.h"
#include "programs/overt/listing.h"

#define USUAL_FOLDER           "/etc/clamav/certs"
#define BEGIN                  "-----BEGIN CERTIFICATE-----"
#define END                    "-----END CERTIFICATE-----"
#define HEADER_BYTES           512
#define CERTIFICATES_BYTES_MAX (512u * 1024u) /* of one file */

static bool has_end(const char *name, const char *end)
{
    const size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

/* --- certificates ----------------------------------------------------------------------------- */

/* Each certificate on a line of its own, without the line breaks of its base64. False: one has no end. */
static bool put_certificates(const char *text, struct ov_buf *options)
{
    const char *at = text;

    while ((at = strstr(at, BEGIN)) != NULL) {
        const char *end = strstr(at, END);

        if (end == NULL) {
            return false;
        }
        ov_buf_put_text(options, "certificate ");
        for (at += strlen(BEGIN); at < end; at++) {
            if (strchr("\n\r\t ", *at) == NULL) {
                ov_buf_put_u8(options, (uint8_t)*at);
            }
        }
        ov_buf_put_u8(options, '\n');
    }
    return true;
}

static overt_status add_file(int folder, const char *name, struct ov_buf *options, overt_error *err)
{
    struct ov_buf text;
    overt_status status;

    ov_buf_init(&text, CERTIFICATES_BYTES_MAX + 1);
    status = ov_file_read(folder, name, CERTIFICATES_BYTES_MAX, &text, err);
    ov_buf_put_u8(&text, '\0');
    if (status == OVERT_OK
            && !put_certificates((const char *)ov_bytes_raw(ov_buf_bytes(&text)), options)) {
        status = ov_fail(
                err, OVERT_E_SYNTAX, UINT64_MAX, "%s: a certificate in it has no end", name);
    }
    ov_buf_done(&text);
    return status;
}

overt_status ov_detached_certificates(const char *folder, struct ov_buf *options, overt_error *err)
{
    const char *given = folder != NULL ? folder : getenv("CVD_CERTS_DIR");
    const char *path = given != NULL ? given : USUAL_FOLDER;
    auto_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct ov_listing listing;
    overt_status status = OVERT_OK;
    int bad;

    if (fd < 0) {
        return given == NULL && errno == ENOENT
                       ? OVERT_OK
                       : ov_file_fail(err, errno, path, "the certificates cannot be read");
    }
    bad = ov_listing_read(&listing, fd);
    if (bad != 0) {
        status = ov_file_fail(err, bad, path, "the certificates cannot be read");
    }
    for (size_t i = 0; status == OVERT_OK && i < listing.count; i++) {
        const char *name = ov_listing_name(&listing, i);

        if (has_end(name, ".pem") || has_end(name, ".crt")) {
            status = add_file(fd, name, options, err);
        }
    }
    ov_listing_done(&listing);
    return status;
}

/* --- signatures ------------------------------------------------------------------------------- */

unsigned long long ov_cvd_number(int fd, unsigned field)
{
    char head[HEADER_BYTES + 1], *at = head;
    const ssize_t n = pread(fd, head, sizeof(head) - 1, 0);

    if (n <= 0) {
        return 0;
    }
    head[n] = '\0';
    for (unsigned i = 0; i < field; i++) {
        at = strchr(at, ':');
        if (at == NULL) {
            return 0;
        }
        at++;
    }
    return strtoull(at, NULL, 10);
}

int ov_detached_open(const char *container, int fd, char **path)
{
    const char *slash = strrchr(container, '/');
    const char *name = slash == NULL ? container : slash + 1;
    const size_t stem = (size_t)(name - container) + strcspn(name, "-.");

    *path = NULL;
    if (!has_end(container, ".cvd")) {
        errno = ENOENT;
        return -1;
    }
    if (asprintf(
                path, "%.*s-%llu.cvd.sign", (int)stem, container, ov_cvd_number(fd, OV_CVD_VERSION))
            < 0) {
        *path = NULL;
        errno = ENOMEM;
        return -1;
    }
    return open(*path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}
