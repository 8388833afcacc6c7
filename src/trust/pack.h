/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - stretches of the log as one file: day-packs of a server, bundles that are carried, and
 * the store of a client. All three have the same bytes, docs/formats/updates.md: a head, then
 * segments, each a cosigned checkpoint and the entries it added.
 *
 * A pack comes from anybody. This reads its form; that its entries are the log's is shown by
 * hashing them up to the checkpoints (update.h). */
#ifndef OV_TRUST_PACK_H
#define OV_TRUST_PACK_H

#include "base/buf.h"
#include "base/error.h"

struct ov_pack {
    struct ov_bytes origin;
    uint64_t first; /* index of its first entry */
    struct ov_bytes segments;
};

OV_MUST_CHECK overt_status ov_pack_read(struct ov_bytes in, struct ov_pack *out, overt_error *err);
void ov_pack_put_head(struct ov_buf *out, struct ov_bytes origin, uint64_t first);

/* One segment; borrows. */
struct ov_segment {
    struct ov_bytes note; /* a cosigned checkpoint, at least one line */
    uint64_t count;
    struct ov_bytes entries; /* `count` of them */
    struct ov_bytes whole;   /* the segment's own bytes */
};

/* Cuts the first segment off `rest`. False: `rest` is empty; a failure is in *status. Every length
 * is checked here, so that ov_segment_next cannot fail inside a segment. */
OV_MUST_CHECK bool ov_pack_next(
        struct ov_bytes *rest, struct ov_segment *out, overt_status *status, overt_error *err);

/* The next entry of a segment's entries. False: no more. */
OV_MUST_CHECK bool ov_segment_next(struct ov_bytes *entries, struct ov_bytes *entry);

/* `count` entries follow, each by ov_pack_put_entry. */
void ov_pack_put_segment(struct ov_buf *out, struct ov_bytes note, uint64_t count);
void ov_pack_put_entry(struct ov_buf *out, struct ov_bytes entry);

/* --- the list of a server's packs ------------------------------------------------------------ */

/* A line of `packs`. Nobody signs it: a wrong one costs a download, never more. */
struct ov_pack_line {
    struct ov_bytes name; /* YYYY-MM-DD or YYYY-MM-DD.N */
    uint64_t first;
    uint64_t end;
    uint64_t bytes;
};

#define OV_PACK_INDEX_HEAD "overt-packs/v1\n"

OV_MUST_CHECK bool ov_pack_name_is_good(struct ov_bytes name);

/* Cuts the next line off `rest` (at first everything behind the head). False: none is left, or
 * *status is no longer OVERT_OK. */
OV_MUST_CHECK bool ov_pack_index_next(
        struct ov_bytes *rest, struct ov_pack_line *out, overt_status *status, overt_error *err);
void ov_pack_index_put(struct ov_buf *out, const struct ov_pack_line *line);

#endif
