/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - the walk over foreign JSON, and the two kinds of it that evidence comes from: a Firefox
 * profile's add-ons, and the manifests of container images. Jansson stays out of the jail. */
#include "evidence/json.h"

#include <string.h>

#include "evidence/readers.h"

struct walk {
    struct ov_reader r;
    char path[OV_JSON_PATH_BYTES_MAX];
    size_t path_len;
    size_t mark[OV_JSON_WALK_DEPTH_MAX + 1]; /* path length when the container was opened */
    bool is_array[OV_JSON_WALK_DEPTH_MAX + 1];
    uint32_t depth;
    struct ov_buf text;
    ov_json_fn fn;
    void *payload;
};

static bool peek(struct walk *w, uint8_t *c)
{
    struct ov_reader ahead = w->r;

    return ov_read_u8(&ahead, c);
}

static bool take(struct walk *w)
{
    return ov_read_skip(&w->r, 1);
}

static bool skip_blank(struct walk *w, uint8_t *c)
{
    while (peek(w, c)) {
        if (*c != ' ' && *c != '\t' && *c != '\n' && *c != '\r') {
            return true;
        }
        if (!take(w)) {
            return false;
        }
    }
    return false;
}

/* --- texts ---------------------------------------------------------------------------------- */

static bool read_hex4(struct walk *w, uint16_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c;

        if (!ov_read_u8(&w->r, &c)) {
            return false;
        }
        if (c >= '0' && c <= '9') {
            c = (uint8_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            c = (uint8_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
        *unit = (uint16_t)(*unit << 4 | c);
    }
    return true;
}

static bool read_escape(struct walk *w)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at;
    uint16_t unit;
    uint8_t c, le[2];

    if (!ov_read_u8(&w->r, &c)) {
        return false;
    }
    if (c == 'u') {
        if (!read_hex4(w, &unit)) {
            return false;
        }
        le[0] = (uint8_t)unit;
        le[1] = (uint8_t)(unit >> 8);
        ov_utf16_put(&w->text, ov_bytes_of(le, 2)); /* halves of a pair become U+FFFD each */
        return true;
    }
    at = c == 0 ? NULL : strchr(from, c);
    if (at == NULL) {
        return false;
    }
    ov_buf_put_u8(&w->text, (uint8_t)to[at - from]);
    return true;
}

/* Behind the opening quote. */
static bool read_text(struct walk *w)
{
    uint8_t c;

    ov_buf_clear(&w->text);
    while (ov_read_u8(&w->r, &c)) {
        if (c == '"') {
            return true;
        }
        if (c < 0x20) {
            return false;
        }
        if (c == '\\') {
            if (!read_escape(w)) {
                return false;
            }
        } else if (ov_bytes_len(ov_buf_bytes(&w->text)) < OV_JSON_TEXT_BYTES_MAX) {
            ov_buf_put_u8(&w->text, c);
        }
    }
    return false;
}

/* --- structure ------------------------------------------------------------------------------ */

static bool append(struct walk *w, const char *bytes, size_t len)
{
    if (len >= sizeof(w->path) - w->path_len) {
        return false;
    }
    memcpy(w->path + w->path_len, bytes, len);
    w->path_len += len;
    w->path[w->path_len] = '\0';
    return true;
}

static void cut_path(struct walk *w, size_t len)
{
    w->path_len = len;
    w->path[len] = '\0';
}

static bool open_container(struct walk *w, bool is_array)
{
    if (w->depth == OV_JSON_WALK_DEPTH_MAX || !take(w)) {
        return false;
    }
    if (!is_array && w->path_len >= 2 && memcmp(w->path + w->path_len - 2, "[]", 2) == 0) {
        w->fn(w->payload, w->path, ov_bytes_of(NULL, 0), true);
    }
    w->depth++;
    w->mark[w->depth] = w->path_len;
    w->is_array[w->depth] = is_array;
    return !is_array || append(w, "[]", 2);
}

/* `true`, `12e3`: until something that ends it. */
static bool skip_word(struct walk *w)
{
    uint64_t count = 0;
    uint8_t c;

    while (peek(w, &c) && c != ',' && c != '}' && c != ']' && c > ' ') {
        if (c == '"' || c == '{' || c == '[' || !take(w)) {
            return false;
        }
        count++;
    }
    return count > 0;
}

/* A value begins with `c`. *nested: it is a container that was opened. */
static bool read_value(struct walk *w, uint8_t c, bool *nested)
{
    *nested = c == '{' || c == '[';
    if (*nested) {
        return open_container(w, c == '[');
    }
    if (c == '"') {
        if (!take(w) || !read_text(w)) {
            return false;
        }
        w->fn(w->payload, w->path, ov_buf_bytes(&w->text), false);
        return true;
    }
    return skip_word(w);
}

static bool read_name(struct walk *w)
{
    uint8_t c;
    struct ov_bytes name;

    if (!take(w) || !read_text(w)) {
        return false;
    }
    name = ov_buf_bytes(&w->text);
    if (!skip_blank(w, &c) || c != ':' || !take(w)) {
        return false;
    }
    return (w->path_len == 0 || append(w, ".", 1))
           && append(w, (const char *)ov_bytes_raw(name), (size_t)ov_bytes_len(name));
}

/* After a value: a comma, or ends of containers. *done: the outermost one has ended. */
static bool read_ends(struct walk *w, bool *done)
{
    uint8_t c;

    *done = false;
    while (w->depth > 0) {
        cut_path(w, w->mark[w->depth] + (w->is_array[w->depth] ? 2 : 0));
        if (!skip_blank(w, &c) || !take(w)) {
            return false;
        }
        if (c == ',') {
            return true;
        }
        if (c != (w->is_array[w->depth] ? ']' : '}')) {
            return false;
        }
        cut_path(w, w->mark[w->depth]);
        w->depth--;
    }
    *done = true;
    return true;
}

static bool walk(struct walk *w)
{
    bool nested = false, done = false;
    uint8_t c;

    while (!done) { /* every turn takes at least one byte */
        if (!skip_blank(w, &c)) {
            return false;
        }
        if (nested && c == (w->is_array[w->depth] ? ']' : '}')) { /* an empty container */
            nested = false;
            if (!read_ends(w, &done)) {
                return false;
            }
            continue;
        }
        if (w->depth > 0 && !w->is_array[w->depth]) {
            if (c != '"' || !read_name(w) || !skip_blank(w, &c)) {
                return false;
            }
        }
        if (!read_value(w, c, &nested) || (!nested && !read_ends(w, &done))) {
            return false;
        }
    }
    return true;
}

bool ov_json_walk(struct ov_bytes bytes, ov_json_fn fn, void *payload)
{
    struct walk w = { .r = ov_reader_on(bytes), .fn = fn, .payload = payload };
    bool ok;

    ov_buf_init(&w.text, OV_JSON_TEXT_BYTES_MAX + 16u);
    ok = walk(&w) && ov_buf_ok(&w.text);
    ov_buf_done(&w.text);
    return ok;
}

/* --- a Firefox profile's add-ons ------------------------------------------------------------ */

struct addons {
    struct ov_evidence *e;
    struct ov_buf id, version, name;
};

static void end_addon(struct addons *a)
{
    if (ov_bytes_len(ov_buf_bytes(&a->id)) != 0) {
        struct ov_buf more;

        ov_buf_init(&more, 3 * OV_JSON_TEXT_BYTES_MAX);
        ov_parts_add(&more, ov_buf_bytes(&a->version));
        ov_parts_add(&more, ov_buf_bytes(&a->name));
        ov_tell(a->e, OV_TRACE_ADDON, ov_buf_bytes(&a->id), ov_buf_bytes(&more));
        ov_buf_done(&more);
    }
    ov_buf_clear(&a->id);
    ov_buf_clear(&a->version);
    ov_buf_clear(&a->name);
}

static void on_addon(void *payload, const char *path, struct ov_bytes text, bool opened)
{
    struct addons *a = payload;
    struct ov_buf *to = strcmp(path, "addons[].id") == 0                   ? &a->id
                        : strcmp(path, "addons[].version") == 0            ? &a->version
                        : strcmp(path, "addons[].defaultLocale.name") == 0 ? &a->name
                                                                           : NULL;

    if (opened && strcmp(path, "addons[]") == 0) {
        end_addon(a);
    } else if (to != NULL && !opened) {
        ov_buf_clear(to);
        ov_buf_put(to, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    }
}

void ov_read_addons(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct addons a = { .e = e };

    ov_buf_init(&a.id, OV_JSON_TEXT_BYTES_MAX + 16u);
    ov_buf_init(&a.version, OV_JSON_TEXT_BYTES_MAX + 16u);
    ov_buf_init(&a.name, OV_JSON_TEXT_BYTES_MAX + 16u);
    if (!ov_json_walk(bytes, on_addon, &a)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the list of add-ons is not JSON to its end");
    }
    end_addon(&a);
    ov_buf_done(&a.id);
    ov_buf_done(&a.version);
    ov_buf_done(&a.name);
}

/* --- manifests of images -------------------------------------------------------------------- */

struct image {
    struct ov_evidence *e;
    struct ov_buf digest, media; /* of the descriptor that is being read */
};

static void tell_layer(
        struct ov_evidence *e, struct ov_bytes which, const char *what, const struct ov_buf *media)
{
    struct ov_buf more;

    if (ov_bytes_len(which) == 0) {
        return;
    }
    ov_buf_init(&more, 2 * OV_JSON_TEXT_BYTES_MAX);
    ov_parts_add(&more, ov_text_lit(what));
    ov_parts_add(&more, media == NULL ? ov_bytes_of(NULL, 0) : ov_buf_bytes(media));
    ov_tell(e, OV_TRACE_LAYER, which, ov_buf_bytes(&more));
    ov_buf_done(&more);
}

/* A layer's media type may come before or behind its digest. */
static void end_layer(struct image *image)
{
    tell_layer(image->e, ov_buf_bytes(&image->digest), "layer", &image->media);
    ov_buf_clear(&image->digest);
    ov_buf_clear(&image->media);
}

static void on_image(void *payload, const char *path, struct ov_bytes text, bool opened)
{
    struct image *image = payload;

    if (opened) {
        if (strcmp(path, "layers[]") == 0) {
            end_layer(image);
        } else if (strcmp(path, "[]") == 0) { /* what docker saved: each element is an image */
            tell_layer(image->e, ov_text_lit("image"), "image", NULL);
        }
    } else if (strcmp(path, "layers[].digest") == 0) {
        ov_buf_clear(&image->digest);
        ov_buf_put(&image->digest, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    } else if (strcmp(path, "layers[].mediaType") == 0) {
        ov_buf_clear(&image->media);
        ov_buf_put(&image->media, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    } else if (strcmp(path, "manifests[].digest") == 0) {
        tell_layer(image->e, text, "manifest", NULL);
    } else if (strcmp(path, "[].Layers[]") == 0 || strcmp(path, "fsLayers[].blobSum") == 0) {
        tell_layer(image->e, text, "layer", NULL); /* the latter: schema 1 */
    }
}

void ov_read_image(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct image image = { .e = e };

    ov_buf_init(&image.digest, OV_JSON_TEXT_BYTES_MAX + 16u);
    ov_buf_init(&image.media, OV_JSON_TEXT_BYTES_MAX + 16u);
    if (!ov_json_walk(bytes, on_image, &image)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the image's manifest is not JSON to its end");
    }
    end_layer(&image);
    ov_buf_done(&image.digest);
    ov_buf_done(&image.media);
}
