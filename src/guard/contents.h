/* SPDX-License-Identifier: Apache-2.0 */
/* contents.h - streams in which nothing was found, remembered by what they hold: the same bytes
 * under the same rules have the same answer, so nobody needs to look at them again.
 *
 * What is kept of a stream is 16 bytes, made with a key of this process that nothing ever leaves:
 * whoever does not know it cannot make two streams that fall together (contents.c). The gate reads
 * all of a stream anyway, and it is the gate that answers. */
#ifndef OV_GUARD_CONTENTS_H
#define OV_GUARD_CONTENTS_H

#include "base/bytes.h"

#define OV_GUARD_TAG_BYTES 16u

struct ov_guard_tag {
    uint8_t bytes[OV_GUARD_TAG_BYTES]; /* zeros: none */
};

struct ov_guard_contents;

/* Before the process confines itself: it asks for chance and loads what it needs. NULL: no memory, or
 * no such function. `places` is rounded up to a power of two. */
OV_MUST_CHECK struct ov_guard_contents *ov_guard_contents_new(uint64_t places);
void ov_guard_contents_free(struct ov_guard_contents *contents);

/* The tag of a stream that is there as a whole. */
struct ov_guard_tag ov_guard_contents_tag(
        struct ov_guard_contents *contents, struct ov_bytes stream);

/* The tag of one that comes in pieces. NULL: no memory; the stream then has no tag. */
struct ov_guard_tagging;
struct ov_guard_tagging *ov_guard_tagging_begin(struct ov_guard_contents *contents);
void ov_guard_tagging_put(struct ov_guard_tagging *tagging, struct ov_bytes piece);
struct ov_guard_tag ov_guard_tagging_end(struct ov_guard_tagging *tagging); /* frees it */
void ov_guard_tagging_free(struct ov_guard_tagging *tagging);

/* Which rules a tag was taken under: what was asked under older ones is not remembered. */
uint32_t ov_guard_contents_rules(const struct ov_guard_contents *contents);
void ov_guard_contents_forget(struct ov_guard_contents *contents); /* the rules are others now */

bool ov_guard_contents_knows(
        const struct ov_guard_contents *contents, const struct ov_guard_tag *tag);
void ov_guard_contents_put(
        struct ov_guard_contents *contents, const struct ov_guard_tag *tag, uint32_t rules);

#endif
