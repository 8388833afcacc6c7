/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.c - the tables of names, and the catalogue as a whole: its files and its digest. */
#include "prohibited/catalogue.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "prohibited/catalogue_read.h"

#define FILE_BYTES_MAX (32u << 20)

static const char *const states[] = { "mention", "remnant", "installed", "running" };
static const char *const strengths[] = { "weak", "medium", "strong" };

static const char *const marks[OV_MARKS] = {
    [OV_MARK_PATH] = "path",
    [OV_MARK_SOCKET] = "socket",
    [OV_MARK_FILE_NAME] = "file-name",
    [OV_MARK_DRIVER] = "driver",
    [OV_MARK_INSTALLER] = "installer",
    [OV_MARK_LIBRARY] = "library",
    [OV_MARK_KERNEL_MODULE] = "kernel-module",
    [OV_MARK_PACKAGE] = "package",
    [OV_MARK_PACKAGE_PART] = "package-part",
    [OV_MARK_PROCESS] = "process",
    [OV_MARK_UNIT] = "unit",
    [OV_MARK_UNIT_PREFIX] = "unit-prefix",
    [OV_MARK_USER] = "user",
    [OV_MARK_GROUP] = "group",
    [OV_MARK_REGISTRY_KEY] = "registry-key",
    [OV_MARK_SERVICE] = "service",
    [OV_MARK_SERVICE_PREFIX] = "service-prefix",
    [OV_MARK_MSI_PRODUCT] = "msi-product",
    [OV_MARK_WINGET] = "winget",
    [OV_MARK_BUNDLE] = "bundle",
    [OV_MARK_APPLE_TEAM] = "apple-team",
    [OV_MARK_RECEIPT] = "receipt",
    [OV_MARK_CERTIFICATE_ISSUER_CN] = "certificate-issuer-cn",
    [OV_MARK_CERTIFICATE_SUBJECT_O] = "certificate-subject-o",
    [OV_MARK_SIGNER_CN] = "signer-cn",
    [OV_MARK_SIGNER] = "signer",
    [OV_MARK_CHROME_EXTENSION] = "chrome-extension",
    [OV_MARK_FIREFOX_ADDON] = "firefox-addon",
    [OV_MARK_FIREFOX_ADDON_SUFFIX] = "firefox-addon-suffix",
    [OV_MARK_NATIVE_MESSAGING_HOST] = "native-messaging-host",
    [OV_MARK_HOST] = "host",
    [OV_MARK_DOMAIN] = "domain",
    [OV_MARK_PORT] = "port",
    [OV_MARK_WORD] = "word",
    [OV_MARK_SHA256] = "sha256",
    [OV_MARK_PRODUCT_NAME] = "product-name",
    [OV_MARK_ENTITY_NAME] = "entity-name",
};

/* The place of a name in a table, or `count`. */
static size_t place_of(const char *const *table, size_t count, const char *name)
{
    size_t i = 0;

    while (i < count && strcmp(table[i], name) != 0) {
        i++;
    }
    return i;
}

const char *ov_state_name(enum ov_state state)
{
    return states[state];
}

bool ov_state_of(const char *name, enum ov_state *out)
{
    const size_t i = place_of(states, 4, name);

    *out = i < 4 ? (enum ov_state)i : *out;
    return i < 4;
}

const char *ov_strength_name(enum ov_strength strength)
{
    return strengths[strength];
}

bool ov_strength_of(const char *name, enum ov_strength *out)
{
    const size_t i = place_of(strengths, 3, name);

    *out = i < 3 ? (enum ov_strength)i : *out;
    return i < 3;
}

const char *ov_mark_name(enum ov_mark mark)
{
    return marks[mark];
}

bool ov_mark_of(const char *name, enum ov_mark *out)
{
    const size_t i = place_of(marks, OV_MARKS, name);

    *out = i < OV_MARKS ? (enum ov_mark)i : *out;
    return i < OV_MARKS;
}

/* --- files ---------------------------------------------------------------------------------- */

void ov_catalogue_init(struct ov_catalogue *c)
{
    memset(c, 0, sizeof(*c));
    ov_arena_init(&c->arena, 256u << 20);
}

void ov_catalogue_done(struct ov_catalogue *c)
{
    free(c->vendors);
    free(c->products);
    free(c->facts);
    free(c->bans);
    ov_arena_done(&c->arena);
}

overt_status ov_catalogue_note_file(struct ov_catalogue *c, struct ov_bytes text, overt_error *err)
{
    const size_t max = sizeof(c->priv_digests) / sizeof(c->priv_digests[0]);

    if (c->file_count == max) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "more than %zu catalogue files", max);
    }
    if (!ov_digest_of(OV_DIGEST_SHA256, text, c->priv_digests[c->file_count])) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    c->file_count++;
    return OVERT_OK;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

overt_status ov_catalogue_finish(struct ov_catalogue *c, overt_error *err)
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    /* Sorted, so that where a file lies and in which order it was read makes no difference. */
    qsort(c->priv_digests, c->file_count, sizeof(c->priv_digests[0]), by_bytes);
    if (!ov_digest_of(OV_DIGEST_SHA256,
                ov_bytes_of(c->priv_digests, c->file_count * sizeof(c->priv_digests[0])), digest)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(c->digest + 2 * i, 3, "%02x", digest[i]);
    }
    return OVERT_OK;
}

static overt_status fail_file(overt_error *err, const char *folder, const char *name, int bad)
{
    (void)snprintf(err->source, sizeof(err->source), "%s/%s", folder, name);
    err->sys_errno = bad;
    return ov_fail(err, OVERT_E_IO, UINT64_MAX, "it cannot be read: %s", strerrordesc_np(bad));
}

static overt_status add_file(struct ov_catalogue *c, int folder_fd, const char *folder,
        const char *name, overt_error *err)
{
    auto_fd int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    auto_free char *text = NULL;
    char path[4096 + 256];
    struct stat st;
    size_t done = 0;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return fail_file(err, folder, name, errno);
    }
    if (!S_ISREG(st.st_mode) || st.st_size > (off_t)FILE_BYTES_MAX) {
        return fail_file(err, folder, name, S_ISREG(st.st_mode) ? EFBIG : EINVAL);
    }
    text = malloc((size_t)st.st_size + 1);
    if (text == NULL) {
        return fail_file(err, folder, name, ENOMEM);
    }
    while (done < (size_t)st.st_size) {
        const ssize_t n = read(fd, text + done, (size_t)st.st_size - done);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return fail_file(err, folder, name, n < 0 ? errno : EIO);
        }
        done += (size_t)n;
    }
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return ov_catalogue_add(c, path, ov_bytes_of(text, done), err);
}

static int only_json(const struct dirent *entry)
{
    const size_t len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".json") == 0;
}

overt_status ov_catalogue_add_folder(
        struct ov_catalogue *c, const char *folder, bool may_lack, overt_error *err)
{
    auto_fd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct dirent **entries = NULL;
    overt_status status = OVERT_OK;
    int count;

    if (fd < 0 && errno == ENOENT && may_lack) {
        return OVERT_OK;
    }
    if (fd < 0) {
        return fail_file(err, folder, "", errno);
    }
    count = scandirat(fd, ".", &entries, only_json, alphasort);
    if (count < 0) {
        return fail_file(err, folder, "", errno);
    }
    for (int i = 0; i < count; i++) {
        if (status == OVERT_OK) {
            status = add_file(c, fd, folder, entries[i]->d_name, err);
        }
        free(entries[i]);
    }
    free(entries);
    return status;
}
