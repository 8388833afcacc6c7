/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - systems in archives, and container images: layers one over the other, each an archive.
 *
 * What a later layer removed or replaced is not there any more when the image runs, but the bytes
 * still are: it counts as a remnant, never as installed. So members and what is told of them are
 * kept until all layers are known. Nothing is unpacked to disk. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "prohibited/grow.h"
#include "prohibited/looker.h"

/* One thing told of a layer or an archive. */
struct told {
    enum ov_trace_kind kind;
    uint32_t number;
    const char *text, *more; /* copies; `more` may hold NUL. Of a member: its whole path */
    size_t more_bytes;
};

struct layer {
    const char *name; /* digest or path in the archive; "" for an archive that is the tree itself */
    struct told *told;
    size_t count, cap;
};

struct image {
    struct ov_looker *l;
    struct ov_arena arena;
    struct layer *layers; /* lowest first */
    size_t layer_count, layer_cap;
    const char **digests; /* told by index and manifests, in order */
    bool *is_layer;
    size_t digest_count, digest_cap, flag_cap;
    uint32_t top_member;  /* the archive's own member told last, its path, and the layer that it */
    const char *top_path; /* is, if it is one */
    size_t top_layer;
    const char *last_path; /* of the member told last, whatever it lies in */
    bool failed;
};

static const char *keep(struct image *g, struct ov_bytes b)
{
    struct ov_bytes out;

    if (!ov_arena_copy(&g->arena, b, &out)) {
        g->failed = true;
        return "";
    }
    return (const char *)ov_bytes_raw(out);
}

/* --- what was told, kept -------------------------------------------------------------------- */

static void keep_digest(struct image *g, const struct ov_trace *fact)
{
    if (!ov_grow(&g->digests, &g->digest_cap, g->digest_count, sizeof(*g->digests))
            || !ov_grow(&g->is_layer, &g->flag_cap, g->digest_count, sizeof(*g->is_layer))) {
        g->failed = true;
        return;
    }
    g->digests[g->digest_count] = keep(g, fact->text);
    g->is_layer[g->digest_count++] = strcmp(ov_part_of(fact->more, 0), "layer") == 0;
}

static struct layer *add_layer(struct image *g, const char *name)
{
    if (!ov_grow(&g->layers, &g->layer_cap, g->layer_count, sizeof(*g->layers))) {
        g->failed = true;
        return NULL;
    }
    g->layers[g->layer_count] = (struct layer){ .name = keep(g, ov_bytes_of(name, strlen(name))) };
    return &g->layers[g->layer_count++];
}

static void put_told(struct image *g, struct layer *layer, const struct ov_trace *fact)
{
    if (layer == NULL || !ov_grow(&layer->told, &layer->cap, layer->count, sizeof(*layer->told))) {
        g->failed = true;
        return;
    }
    layer->told[layer->count++] = (struct told){ .kind = fact->kind,
        .number = fact->number,
        .text = keep(g, fact->text),
        .more = keep(g, fact->more),
        .more_bytes = (size_t)ov_bytes_len(fact->more) };
}

static bool is_layer_path(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strncmp(path, "blobs/sha256/", 13) == 0
           || (slash != NULL && strcmp(slash, "/layer.tar") == 0);
}

/* A member of the archive itself. */
static void hear_top_member(struct image *g, const struct ov_trace *fact)
{
    g->top_member = fact->member;
    g->top_path = keep(g, fact->text);
    g->top_layer = SIZE_MAX;
    g->last_path = g->top_path;
    put_told(g, &g->layers[0], fact);
}

/* A member of something in the archive: of a layer, or of a package in a layer or tree. */
static void hear_inner_member(struct image *g, const struct ov_trace *fact, uint32_t parent)
{
    struct ov_trace whole = *fact;
    char path[2 * OV_EXPLAIN_FRAME_BYTES_MAX];

    if (parent == g->top_member && is_layer_path(g->top_path)) {
        if (g->top_layer == SIZE_MAX) {
            g->top_layer = g->layer_count;
            (void)add_layer(g, g->top_path);
        }
        g->last_path = keep(g, fact->text);
    } else {
        const char *end = strstr(g->last_path, "!/");
        const size_t len = end == NULL ? strlen(g->last_path) : (size_t)(end - g->last_path);

        (void)snprintf(
                path, sizeof(path), "%.*s!/%s", (int)len, g->last_path, ov_part_of(fact->text, 0));
        whole.text = ov_bytes_of(path, strlen(path));
        g->last_path = keep(g, whole.text);
    }
    if (!g->failed) {
        put_told(g, &g->layers[g->top_layer == SIZE_MAX ? 0 : g->top_layer], &whole);
    }
}

static void on_fact(void *payload, const struct ov_asked *asked, const struct ov_trace *fact)
{
    struct image *g = payload;

    if (fact->kind == OV_TRACE_LAYER) {
        keep_digest(g, fact);
        return;
    }
    if (asked->look == OV_LOOK_IMAGE || g->failed) {
        return;
    }
    if (asked->user != 0) { /* a layer of its own file */
        if (fact->kind == OV_TRACE_MEMBER && (fact->number >> 1) != 0) {
            g->top_layer = asked->user;
            g->top_member = 0;
            hear_inner_member(g, fact, fact->number >> 1);
            return;
        }
        g->last_path = fact->kind == OV_TRACE_MEMBER ? keep(g, fact->text) : g->last_path;
        put_told(g, &g->layers[asked->user], fact);
    } else if (fact->kind != OV_TRACE_MEMBER) {
        put_told(g, &g->layers[g->top_layer == SIZE_MAX ? 0 : g->top_layer], fact);
    } else if ((fact->number >> 1) == 0) {
        hear_top_member(g, fact);
    } else {
        hear_inner_member(g, fact, fact->number >> 1);
    }
}

static void on_gap(void *payload, const struct ov_asked *asked, uint32_t member,
        enum ov_reason reason, const char *text)
{
    struct image *g = payload;
    char path[3 * OV_EXPLAIN_FRAME_BYTES_MAX];

    if (member != 0) {
        (void)snprintf(path, sizeof(path), "%s!/%s", asked->path, g->last_path);
    } else {
        (void)snprintf(path, sizeof(path), "%s", asked->path);
    }
    ov_survey_unread(g->l->survey, ov_look_name(asked->look), path, ov_reason_name(reason),
            text[0] != '\0' ? text : ov_reason_text(reason));
}

static void on_end(void *payload, const struct ov_asked *asked)
{
    struct image *g = payload;

    ov_survey_looked(g->l->survey, ov_look_name(asked->look));
}

/* --- layers, one over the other ------------------------------------------------------------- */

struct path_set {
    const char **at; /* sorted */
    size_t count, cap;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has(const struct path_set *set, const char *path)
{
    return set->count != 0
           && bsearch(&path, set->at, set->count, sizeof(*set->at), by_text) != NULL;
}

static void add(struct image *g, struct path_set *set, const char *path)
{
    if (!ov_grow(&set->at, &set->cap, set->count, sizeof(*set->at))) {
        g->failed = true;
        return;
    }
    set->at[set->count++] = path;
}

/* Is the path, or a folder above it, among those that later layers removed? */
static bool is_removed(const struct path_set *removed, const char *path)
{
    char part[OV_EXPLAIN_FRAME_BYTES_MAX + 1];

    if (has(removed, path)) {
        return true;
    }
    (void)snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strrchr(part, '/'); slash != NULL; slash = strrchr(part, '/')) {
        *slash = '\0';
        if (has(removed, part)) {
            return true;
        }
    }
    return false;
}

/* "a/.wh.b" removes a/b; "a/.wh..wh..opq" empties a. NULL: not a whiteout. */
static const char *whiteout_of(struct image *g, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    char target[OV_EXPLAIN_FRAME_BYTES_MAX + 1];

    if (strncmp(name, ".wh.", 4) != 0) {
        return NULL;
    }
    if (strcmp(name, ".wh..wh..opq") == 0) {
        (void)snprintf(
                target, sizeof(target), "%.*s", slash == NULL ? 0 : (int)(slash - path), path);
    } else {
        (void)snprintf(target, sizeof(target), "%.*s%s", (int)(name - path), path, name + 4);
    }
    return keep(g, ov_bytes_of(target, strlen(target)));
}

static const char *without_slash(struct image *g, const char *path)
{
    const size_t len = strlen(path);

    return len > 0 && path[len - 1] == '/' ? keep(g, ov_bytes_of(path, len - 1)) : path;
}

static void report_name(struct image *g, const struct told *t, const char *where)
{
    char path[2 * OV_EXPLAIN_FRAME_BYTES_MAX];
    const char *inner = strstr(t->text, "!/");

    (void)snprintf(
            path, sizeof(path), "/%s", without_slash(g, inner == NULL ? t->text : inner + 2));
    (void)ov_look_name_of(g->l, &(struct ov_named){ .path = path,
                                        .where = where,
                                        .is_folder = (t->number & 1) != 0,
                                        .in_archive = true });
    if (inner == NULL) {
        ov_look_note_system(g->l, path);
        for (char *slash = strrchr(path, '/'); slash != path; slash = strrchr(path, '/')) {
            *slash = '\0'; /* archives need no entries for folders */
            ov_look_note_system(g->l, path);
        }
    }
    g->l->survey->hosts[g->l->survey->host_count - 1].names++;
}

static bool is_hidden(struct image *g, const char *path, const struct path_set *removed,
        const struct path_set *replaced)
{
    const char *inner = strstr(path, "!/");
    const char *own = inner == NULL ? without_slash(g, path)
                                    : keep(g, ov_bytes_of(path, (size_t)(inner - path)));

    return is_removed(removed, own) || has(replaced, own);
}

/* What is told of one layer, as remnants where later ones hide it. */
static void report_layer(struct image *g, const struct layer *layer, const struct path_set *removed,
        const struct path_set *replaced)
{
    const char *path = "";

    for (size_t i = 0; i < layer->count && !g->failed; i++) {
        const struct told *t = &layer->told[i];
        char where[3 * OV_EXPLAIN_FRAME_BYTES_MAX];

        if (t->kind == OV_TRACE_MEMBER) {
            path = t->text;
            g->l->most =
                    is_hidden(g, path, removed, replaced) ? OV_STATE_REMNANT : OV_STATE_INSTALLED;
        }
        (void)snprintf(where, sizeof(where), "%s%s/%s", layer->name,
                layer->name[0] == '\0' ? "" : "!", path);
        if (t->kind == OV_TRACE_MEMBER) {
            report_name(g, t, where);
        } else {
            const struct ov_trace fact = { .kind = t->kind,
                .number = t->number,
                .text = ov_bytes_of(t->text, strlen(t->text)),
                .more = ov_bytes_of(t->more, t->more_bytes) };

            ov_look_fact(g->l, where, &fact);
        }
    }
    g->l->most = OV_STATE_RUNNING;
}

/* What this layer hides of those below it. */
static void hide_below(struct image *g, const struct layer *layer, struct path_set *removed,
        struct path_set *replaced)
{
    for (size_t i = 0; i < layer->count && !g->failed; i++) {
        const struct told *t = &layer->told[i];

        if (t->kind == OV_TRACE_MEMBER && strstr(t->text, "!/") == NULL) {
            const char *gone = whiteout_of(g, t->text);

            if (gone != NULL) {
                add(g, removed, gone);
            } else if ((t->number & 1) == 0) {
                add(g, replaced, t->text);
            }
        }
    }
    if (removed->count > 1) {
        qsort(removed->at, removed->count, sizeof(*removed->at), by_text);
    }
    if (replaced->count > 1) {
        qsort(replaced->at, replaced->count, sizeof(*replaced->at), by_text);
    }
}

/* "sha256:abc" is "blobs/sha256/abc". */
static bool is_digest_of(const char *digest, const char *name)
{
    return strcmp(digest, name) == 0
           || (strncmp(digest, "sha256:", 7) == 0 && strncmp(name, "blobs/sha256/", 13) == 0
                   && strcmp(digest + 7, name + 13) == 0);
}

/* Where the manifests put it; one that none names is below all. */
static size_t place_of(const struct image *g, const struct layer *layer)
{
    for (size_t i = g->digest_count; i > 0; i--) {
        if (g->is_layer[i - 1] && is_digest_of(g->digests[i - 1], layer->name)) {
            return i;
        }
    }
    return 0;
}

/* From the uppermost layer down, so that what hides is known before what is hidden. */
static void report(struct image *g)
{
    struct path_set removed = { .count = 0 }, replaced = { .count = 0 };

    for (size_t place = g->digest_count + 1; place > 0; place--) {
        for (size_t i = 0; i < g->layer_count; i++) {
            if (place_of(g, &g->layers[i]) == place - 1) {
                report_layer(g, &g->layers[i], &removed, &replaced);
                if (place > 1) {
                    hide_below(g, &g->layers[i], &removed, &replaced);
                }
            }
        }
    }
    free(removed.at);
    free(replaced.at);
}

/* --- the two ways in ------------------------------------------------------------------------ */

static void image_init(struct image *g, struct ov_looker *l, struct ov_ask_sink *sink)
{
    *g = (struct image){ .l = l, .top_path = "", .last_path = "", .top_layer = SIZE_MAX };
    ov_arena_init(&g->arena, 4ull << 30);
    *sink = (struct ov_ask_sink){ .payload = g, .fact = on_fact, .gap = on_gap, .end = on_end };
    (void)add_layer(g, "");
}

static void image_done(struct image *g)
{
    for (size_t i = 0; i < g->layer_count; i++) {
        free(g->layers[i].told);
    }
    free(g->layers);
    free(g->digests);
    free(g->is_layer);
    ov_arena_done(&g->arena);
}

static void end_image(struct image *g, struct ov_ask *ask, overt_status status)
{
    if (status == OVERT_OK && g->failed) {
        status = ov_fail(g->l->err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the image's names");
    }
    if (status == OVERT_OK) {
        report(g);
    } else {
        g->l->status = status;
    }
    ov_ask_close(ask);
    image_done(g);
}

void ov_look_archive(struct ov_looker *l, int fd, uint64_t size, const char *path)
{
    struct ov_ask_options options = l->ask_options;
    struct ov_ask_sink sink;
    struct ov_ask *ask = NULL;
    struct image g;
    const int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    overt_status status;

    image_init(&g, l, &sink);
    options.sink = &sink;
    status = own < 0 ? ov_fail(l->err, OVERT_E_IO, UINT64_MAX, "no descriptor for the archive")
                     : ov_ask_open(&ask, &options, l->err);
    if (status == OVERT_OK) {
        status = ov_ask_file(ask, OV_LOOK_ARCHIVE, l->deep, own, size, path, 0, l->err);
    }
    if (status == OVERT_OK) {
        status = ov_ask_finish(ask, l->err);
    }
    end_image(&g, ask, status);
}

bool ov_is_image_layout(int root_fd)
{
    auto_fd int layout = ov_tree_open_path(root_fd, "oci-layout", 0);
    auto_fd int index = ov_tree_open_path(root_fd, "index.json", 0);

    return layout >= 0 && index >= 0;
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

static bool blob_path(const char *digest, char *path, size_t bytes)
{
    const size_t hex = strspn(digest + strcspn(digest, ":") + 1, "0123456789abcdef");

    if (strncmp(digest, "sha256:", 7) != 0 || hex != 64 || strlen(digest) != 71) {
        return false; /* a digest is put into a path: nothing else gets there */
    }
    (void)snprintf(path, bytes, "blobs/sha256/%s", digest + 7);
    return true;
}

/* Manifests may name manifests (an index of indexes): each is read once, in the order of telling. */
static overt_status read_manifests(struct image *g, struct ov_ask *ask)
{
    overt_status status = ask_path(g, ask, "index.json", OV_LOOK_IMAGE, 0);

    status = status == OVERT_OK ? ov_ask_finish(ask, g->l->err) : status;
    for (size_t i = 0; i < g->digest_count && i < 4096 && status == OVERT_OK; i++) {
        char path[128];

        if (g->is_layer[i]) {
            continue;
        }
        if (!blob_path(g->digests[i], path, sizeof(path))) {
            ov_survey_unread(g->l->survey, ov_look_name(OV_LOOK_IMAGE), g->digests[i],
                    "unsupported", "a digest of another kind");
            continue;
        }
        status = ask_path(g, ask, path, OV_LOOK_IMAGE, 0);
        status = status == OVERT_OK ? ov_ask_finish(ask, g->l->err) : status;
    }
    return status;
}

static overt_status read_layers(struct image *g, struct ov_ask *ask)
{
    overt_status status = OVERT_OK;

    for (size_t i = 0; i < g->digest_count && status == OVERT_OK; i++) {
        char path[128];

        if (!g->is_layer[i]) {
            continue;
        }
        if (!blob_path(g->digests[i], path, sizeof(path))) {
            ov_survey_unread(g->l->survey, ov_look_name(OV_LOOK_ARCHIVE), g->digests[i],
                    "unsupported", "a digest of another kind");
            continue;
        }
        if (add_layer(g, g->digests[i]) == NULL) {
            return OVERT_OK; /* g->failed says it */
        }
        status = ask_path(g, ask, path, OV_LOOK_ARCHIVE, g->layer_count - 1);
        status = status == OVERT_OK ? ov_ask_finish(ask, g->l->err) : status;
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

    image_init(&g, l, &sink);
    options.sink = &sink;
    status = ov_ask_open(&ask, &options, l->err);
    if (status == OVERT_OK) {
        status = read_manifests(&g, ask);
    }
    if (status == OVERT_OK) {
        if (g.digest_count == 0) {
            ov_survey_unread(l->survey, ov_look_name(OV_LOOK_IMAGE), "index.json", "damaged",
                    "the index names no image");
        }
        status = read_layers(&g, ask);
    }
    end_image(&g, ask, status);
}
