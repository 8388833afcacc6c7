/* SPDX-License-Identifier: Apache-2.0 */
/* image.h - what image.c and image_layout.c share: an image's layers, and what was told of them. */
#ifndef OV_PROHIBITED_IMAGE_H
#define OV_PROHIBITED_IMAGE_H

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
    bool reported;
};

/* A layer or manifest, as a manifest names it. */
struct digest {
    const char *name, *media; /* media: its type, or "" */
    uint32_t image;           /* from 1 */
    bool is_layer;
};

struct image {
    struct ov_looker *l;
    struct ov_arena arena;
    struct layer *layers; /* lowest first */
    size_t layer_count, layer_cap;
    struct digest *digests; /* told by index and manifests, in order */
    size_t digest_count, digest_cap;
    const char *manifest; /* where the last one was told, and how many images there were so far */
    uint32_t manifest_member, image_count;
    uint32_t top_member;  /* the archive's own member told last, its path, and the layer that it */
    const char *top_path; /* is, if it is one */
    size_t top_layer;
    const char *last_path; /* of the member told last, whatever it lies in */
    bool failed;
};

/* `sink` hears for it. */
void ov_image_init(struct image *g, struct ov_looker *l, struct ov_ask_sink *sink);
/* NULL: no memory, and the image has failed. */
struct layer *ov_image_add_layer(struct image *g, const char *name);
/* Reports what was told, unless `status` says that it is not all; lets go of everything. */
void ov_image_end(struct image *g, struct ov_ask *ask, overt_status status);

#endif
