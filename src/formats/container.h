/* SPDX-License-Identifier: Apache-2.0 */
/* container.h - what is inside an object, member by member, each in pieces.
 *
 *   ov_container_open(&c, OV_TYPE_ZIP, &input, &trouble);
 *   while (ov_container_next(c, &member, &trouble) == OV_GIVE_PIECE) {
 *       while (ov_container_read(c, &piece, &trouble) == OV_GIVE_PIECE) { ... }
 *   }
 *
 * OV_GIVE_TROUBLE may come from either: from next it is about the container, from read about the
 * member. The caller says it and calls again; OV_GIVE_END comes at last, whatever the bytes.
 * A member need not be read to its end. Everything is a function of the bytes.
 */
#ifndef OV_FORMATS_CONTAINER_H
#define OV_FORMATS_CONTAINER_H

#include "base/claims.h"
#include "base/reason.h"
#include "formats/detect.h"
#include "formats/input.h"

enum ov_give {
    OV_GIVE_PIECE,
    OV_GIVE_END,
    OV_GIVE_TROUBLE
};

struct ov_trouble {
    enum ov_reason reason;
    char detail[120]; /* a sentence for people, without a full stop; "" */
};

/* A view is the same object in another spelling (an HTML page without its tags, say), for rules that
 * were written for it. It is no file that was inside, and only made where somebody wants it. */
enum ov_view {
    OV_VIEW_NONE,           /* a member */
    OV_VIEW_HTML_NOCOMMENT, /* lower case, entities and white space settled, no comments */
    OV_VIEW_HTML_NOTAGS,    /* the same without tags */
    OV_VIEW_SCRIPT,         /* its scripts, normalised */
    OV_VIEW_TEXT,           /* text: lower case, white space settled */
    OV_VIEWS
};

struct ov_member {
    struct ov_bytes name; /* as stored, at most OV_NAME_BYTES_MAX; lent until the next member */
    enum ov_view view;
    bool unpacked; /* what a program made of itself: it is not run again */
    bool macro;    /* a module of a document's macros, as source */
    bool stored;   /* it stands in its container as a file does in an archive */
    struct ov_member_claims claims;
};

/* Zeros first, then bytes: a hole in a sparse file is not carried about as bytes. */
struct ov_piece {
    uint64_t zeros;
    struct ov_bytes bytes; /* lent until the next call */
};

struct ov_container;

/* Opens `input` as `type`. `input` is copied; its source outlives the container. False: no memory. */
OV_MUST_CHECK bool ov_container_open(
        struct ov_container **out, enum ov_type type, const struct ov_input *input);
/* The same for an archive inside a packed stream, unpacked on the way and held nowhere: for a
 * tar that is too large for memory. `type` must be ov_container_reads_forward. */
OV_MUST_CHECK bool ov_container_open_packed(struct ov_container **out, enum ov_type type,
        enum ov_type stream, const struct ov_input *input);
bool ov_container_reads_forward(enum ov_type type);

/* Is there a parser of our own for this type? */
bool ov_container_opens(enum ov_type type);

void ov_container_free(struct ov_container *c);
OV_DEFINE_AUTO(struct ov_container, ov_container_free);

enum ov_give ov_container_next(
        struct ov_container *c, struct ov_member *member, struct ov_trouble *trouble);
enum ov_give ov_container_read(
        struct ov_container *c, struct ov_piece *piece, struct ov_trouble *trouble);

/* How many steps of a program were interpreted for it so far. */
uint64_t ov_container_steps(const struct ov_container *c);

/* Behind OV_GIVE_END of next: where in the input its own end was, padding left out; the input's size if
 * nothing stands behind it, or if nobody can tell. */
uint64_t ov_container_end(const struct ov_container *c);

/* Is leaving a member unread nearly free? Otherwise its rest is unpacked and thrown away by the
 * next ov_container_next: who counts the work reads it himself. */
bool ov_container_skips(const struct ov_container *c);

#endif
