/* SPDX-License-Identifier: Apache-2.0 */
/* image.c - systems in archives, and container images: layers one over the other, each an archive.
 *
 * What a later layer removed or replaced is not there any more when the image runs, but the bytes
 * still are: it counts as a remnant, never as installed. So members and what is told of them are
 * kept until all layers are known. Nothing is unpacked to disk. */
#include "prohibited/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "prohibited/grow.h"

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

/* Each manifest is an image of its own, and so is each part of what docker saved: an image's layers
 * hide nothing of another's. */
static void note_image(struct image *g, const struct ov_asked *asked, const struct ov_trace *fact)
{
    if (strcmp(g->manifest, asked->path) != 0 || g->manifest_member != fact->member) {
        g->manifest = keep(g, ov_bytes_of(asked->path, strlen(asked->path)));
        g->manifest_member = fact->member;
        g->image_count++;
    }
}

static void keep_digest(struct image *g, const struct ov_asked *asked, const struct ov_trace *fact)
{
    const char *media = ov_part_of(fact->more, 1);

    note_image(g, asked, fact);
    if (strcmp(ov_part_of(fact->more, 0), "image") == 0) {
        g->image_count++;
        return;
    }
    if (!ov_grow(&g->digests, &g->digest_cap, g->digest_count, sizeof(*g->digests))) {
        g->failed = true;
        return;
    }
    g->digests[g->digest_count++] = (struct digest){
        .name = keep(g, fact->text),
        .media = keep(g, ov_bytes_of(media, strlen(media))),
        .image = g->image_count,
        .is_layer = strcmp(ov_part_of(fact->more, 0), "layer") == 0,
    };
}

struct layer *ov_image_add_layer(struct image *g, const char *name)
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

    if (parent == g->top_member && ov_is_image_layer(g->top_path)) {
        if (g->top_layer == SIZE_MAX) {
            g->top_layer = g->layer_count;
            (void)ov_image_add_layer(g, g->top_path);
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
        keep_digest(g, asked, fact);
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

static void report_name(struct image *g, const struct told *t, const char *where, unsigned count)
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
    g->l->survey->hosts[g->l->survey->host_count - 1].names += count;
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
static void report_layer(struct image *g, struct layer *layer, const struct path_set *removed,
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
            report_name(g, t, where, layer->reported ? 0 : 1);
        } else {
            const struct ov_trace fact = { .kind = t->kind,
                .number = t->number,
                .text = ov_bytes_of(t->text, strlen(t->text)),
                .more = ov_bytes_of(t->more, t->more_bytes) };

            ov_look_fact(g->l, where, &fact);
        }
    }
    g->l->most = OV_STATE_RUNNING;
    layer->reported = true;
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

/* "sha256:abc" is "blobs/sha256/abc" in a layout, and "abc" or "abc.tar" elsewhere. */
static bool is_digest_of(const char *digest, const char *name)
{
    const size_t prefix = strncmp(name, "blobs/sha256/", 13) == 0 ? 13 : 0;

    return strcmp(digest, name) == 0
           || (strncmp(digest, "sha256:", 7) == 0 && strncmp(digest + 7, name + prefix, 64) == 0
                   && (strlen(name + prefix) == 64 || name[prefix + 64] == '.'));
}

static struct layer *layer_named(struct image *g, const char *digest)
{
    for (size_t i = 1; i < g->layer_count; i++) {
        if (is_digest_of(digest, g->layers[i].name)) {
            return &g->layers[i];
        }
    }
    return NULL;
}

/* From the uppermost layer down, so that what hides is known before what is hidden. */
static void report_image(struct image *g, uint32_t number)
{
    struct path_set removed = { .count = 0 }, replaced = { .count = 0 };

    for (size_t i = g->digest_count; i > 0; i--) {
        const struct digest *digest = &g->digests[i - 1];
        struct layer *layer =
                digest->is_layer && digest->image == number ? layer_named(g, digest->name) : NULL;

        if (layer != NULL) {
            report_layer(g, layer, &removed, &replaced);
            hide_below(g, layer, &removed, &replaced);
        }
    }
    free(removed.at);
    free(replaced.at);
}

/* What no manifest names stands for itself. */
static void report(struct image *g)
{
    const struct path_set none = { .count = 0 };

    for (uint32_t number = 1; number <= g->image_count; number++) {
        report_image(g, number);
    }
    for (size_t i = 0; i < g->layer_count; i++) {
        if (!g->layers[i].reported) {
            report_layer(g, &g->layers[i], &none, &none);
        }
    }
}

/* --- the two ways in ------------------------------------------------------------------------ */

void ov_image_init(struct image *g, struct ov_looker *l, struct ov_ask_sink *sink)
{
    *g = (struct image){
        .l = l, .top_path = "", .last_path = "", .manifest = "", .top_layer = SIZE_MAX
    };
    ov_arena_init(&g->arena, 4ull << 30);
    *sink = (struct ov_ask_sink){ .payload = g, .fact = on_fact, .gap = on_gap, .end = on_end };
    (void)ov_image_add_layer(g, "");
}

static void image_done(struct image *g)
{
    for (size_t i = 0; i < g->layer_count; i++) {
        free(g->layers[i].told);
    }
    free(g->layers);
    free(g->digests);
    ov_arena_done(&g->arena);
}

void ov_image_end(struct image *g, struct ov_ask *ask, overt_status status)
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

    ov_image_init(&g, l, &sink);
    options.sink = &sink;
    status = own < 0 ? ov_fail(l->err, OVERT_E_IO, UINT64_MAX, "no descriptor for the archive")
                     : ov_ask_open(&ask, &options, l->err);
    if (status == OVERT_OK) {
        status = ov_ask_file(ask, OV_LOOK_ARCHIVE, l->deep, own, size, path, 0, l->err);
    }
    if (status == OVERT_OK) {
        status = ov_ask_finish(ask, l->err);
    }
    ov_image_end(&g, ask, status);
}
