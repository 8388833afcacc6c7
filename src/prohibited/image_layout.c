/* SPDX-License-Identifier: Apache-2.0 */
/* image_layout.c - container images that are folders: OCI layouts, what `skopeo copy dir:` makes, what
 * docker saved, unpacked. Which layers there are, their manifests say; each is asked for by itself. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "prohibited/image.h"

/* Which file of a folder names an image's layers; NULL: it is no image. `skopeo copy dir:` and what
 * docker saved, unpacked, have a manifest only. */
static const char *top_manifest(int root_fd)
{
    auto_fd int layout = ov_tree_open_path(root_fd, "oci-layout", 0);
    auto_fd int index = ov_tree_open_path(root_fd, "index.json", 0);
    auto_fd int manifest = ov_tree_open_path(root_fd, "manifest.json", 0);
    char head[4096];
    ssize_t n;

    if (layout >= 0 && index >= 0) {
        return "index.json";
    }
    n = manifest < 0 ? -1 : pread(manifest, head, sizeof(head) - 1, 0);
    if (n <= 0) {
        return NULL;
    }
    head[n] = '\0'; /* compared with what every such file has near its beginning, no more */
    return strstr(head, "\"layers\"") != NULL || strstr(head, "\"Layers\"") != NULL
                           || strstr(head, "\"schemaVersion\"") != NULL
                   ? "manifest.json"
                   : NULL;
}

bool ov_is_image_layout(int root_fd)
{
    return top_manifest(root_fd) != NULL;
}

static overt_status ask_path(
        struct image *g, struct ov_ask *ask, const char *path, enum ov_look look, uint64_t layer)
{
    auto_fd int fd = ov_tree_open_path(g->l->root_fd, path, 0);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        ov_survey_unread(g->l->survey, ov_look_name(look), path, "open",
                fd < 0 ? strerrordesc_np(errno) : "not a file");
        return OVERT_OK;
    }
    return ov_ask_file(
            ask, look, g->l->deep, ov_steal_fd(&fd), (uint64_t)st.st_size, path, layer, g->l->err);
}

static bool is_there(struct image *g, const char *path)
{
    auto_fd int fd = ov_tree_open_path(g->l->root_fd, path, O_PATH);

    return fd >= 0;
}

/* Where a layer or manifest lies. False: it is named as nothing that could lie here. */
static bool blob_path(struct image *g, const char *digest, char *path, size_t bytes)
{
    static const char *const forms[] = { "blobs/sha256/%s", "%s", "%s.tar" };
    const size_t hex = strspn(digest + strcspn(digest, ":") + 1, "0123456789abcdef");

    if (strchr(digest, ':') == NULL) { /* a path: nothing outside the root is opened by it */
        (void)snprintf(path, bytes, "%s", digest);
        return digest[0] != '\0' && strlen(digest) < bytes;
    }
    if (strncmp(digest, "sha256:", 7) != 0 || hex != 64 || strlen(digest) != 71) {
        return false; /* a digest is put into a path: nothing else gets there */
    }
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        size_t len = strcspn(forms[i], "%");

        memcpy(path, forms[i], len);
        memcpy(path + len, digest + 7, 64);
        (void)snprintf(path + len + 64, bytes - len - 64, "%s", forms[i] + len + 2);
        if (is_there(g, path)) {
            return true;
        }
    }
    (void)snprintf(path, bytes, "blobs/sha256/%s", digest + 7);
    return true; /* that it is missing, opening says */
}

/* Manifests may name manifests (an index of indexes): each is read once, in the order of telling. */
static overt_status read_manifests(struct image *g, struct ov_ask *ask)
{
    overt_status status = ask_path(g, ask, top_manifest(g->l->root_fd), OV_LOOK_IMAGE, 0);

    status = status == OVERT_OK ? ov_ask_finish(ask, g->l->err) : status;
    for (size_t i = 0; i < g->digest_count && i < 4096 && status == OVERT_OK; i++) {
        char path[4096];

        if (g->digests[i].is_layer) {
            continue;
        }
        if (!blob_path(g, g->digests[i].name, path, sizeof(path))) {
            ov_survey_unread(g->l->survey, ov_look_name(OV_LOOK_IMAGE), g->digests[i].name,
                    "unsupported", "a digest of another kind");
            continue;
        }
        status = ask_path(g, ask, path, OV_LOOK_IMAGE, 0);
        status = status == OVERT_OK ? ov_ask_finish(ask, g->l->err) : status;
    }
    return status;
}

/* Statements about an image stand among its layers, and are no part of its tree. */
static bool is_statement(const char *media)
{
    const size_t len = strlen(media);

    return len >= 5 && strcmp(media + len - 5, "+json") == 0;
}

static bool is_encrypted(const char *media)
{
    return strstr(media, "+encrypted") != NULL;
}

static bool was_before(const struct image *g, size_t which)
{
    for (size_t i = 0; i < which; i++) {
        if (g->digests[i].is_layer && strcmp(g->digests[i].name, g->digests[which].name) == 0) {
            return true;
        }
    }
    return false;
}

static overt_status read_layer(struct image *g, struct ov_ask *ask, size_t which)
{
    const char *area = ov_look_name(OV_LOOK_ARCHIVE);
    char path[4096];
    overt_status status;

    if (!blob_path(g, g->digests[which].name, path, sizeof(path))) {
        ov_survey_unread(g->l->survey, area, g->digests[which].name, "unsupported",
                "a digest of another kind");
        return OVERT_OK;
    }
    if (is_encrypted(g->digests[which].media)) {
        ov_survey_unread(g->l->survey, area, path, "encrypted", "an encrypted layer");
        return OVERT_OK;
    }
    if (ov_image_add_layer(g, g->digests[which].name) == NULL) {
        return OVERT_OK; /* g->failed says it */
    }
    status = ask_path(g, ask, path, OV_LOOK_ARCHIVE, g->layer_count - 1);
    return status == OVERT_OK ? ov_ask_finish(ask, g->l->err) : status;
}

static overt_status read_layers(struct image *g, struct ov_ask *ask)
{
    overt_status status = OVERT_OK;

    for (size_t i = 0; i < g->digest_count && status == OVERT_OK; i++) {
        if (g->digests[i].is_layer && !is_statement(g->digests[i].media) && !was_before(g, i)) {
            status = read_layer(g, ask, i);
        }
    }
    return status;
}

void ov_look_image_layout(struct ov_looker *l)
{
    struct ov_ask_options options = l->ask_options;
    struct ov_ask_sink sink;
    struct ov_ask *ask = NULL;
    struct image g;
    overt_status status;

    ov_image_init(&g, l, &sink);
    options.sink = &sink;
    status = ov_ask_open(&ask, &options, l->err);
    if (status == OVERT_OK) {
        status = read_manifests(&g, ask);
    }
    if (status == OVERT_OK) {
        if (g.digest_count == 0) {
            ov_survey_unread(l->survey, ov_look_name(OV_LOOK_IMAGE), top_manifest(l->root_fd),
                    "damaged", "it names no image");
        }
        status = read_layers(&g, ask);
    }
    ov_image_end(&g, ask, status);
}
