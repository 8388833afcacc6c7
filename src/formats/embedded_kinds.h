/* SPDX-License-Identifier: Apache-2.0 */
/* embedded_kinds.h - what is looked for inside programs, scripts, pictures and unknown data. For
 * src/formats alone. */
#ifndef OV_FORMATS_EMBEDDED_KINDS_H
#define OV_FORMATS_EMBEDDED_KINDS_H

#include "base/source.h"

#define OV_EMBEDDED_KINDS 24u

#define OV_EMBEDDED_IN_PROGRAMS 1u
#define OV_EMBEDDED_IN_DATA     2u
#define OV_EMBEDDED_BEHIND      4u /* an archive's end: what has next to no mark */

/* What a check wants to see of a file. */
#define OV_EMBEDDED_HEAD_BYTES 4096u

struct ov_embedded_kind {
    const char *magic;
    uint32_t len;
    uint32_t back;  /* the file begins so many bytes in front of it */
    unsigned where; /* OV_EMBEDDED_IN_* */
    bool zip;
    /* Is there one at `head`'s beginning, of `left` bytes at most? Then *bytes says how long it is. */
    bool (*check)(struct ov_bytes head, uint64_t left, uint64_t *bytes);
    const char *name;
};

extern const struct ov_embedded_kind ov_embedded_kinds[OV_EMBEDDED_KINDS];

/* A program's size with what fills it up to its alignment; zeros may as well be none of it. */
uint64_t ov_embedded_filled(struct ov_bytes head, uint64_t bytes);

/* How many bytes of a magic are looked for in many places at once. */
#define OV_EMBEDDED_NIBBLE_BYTES 3u

/* What is looked for, readied once for many bytes. For each nibble of the first bytes a bit for each
 * bucket of kinds that have it there: where all six agree on a bucket, one of its kinds may begin. */
struct ov_embedded_search {
    uint8_t low[OV_EMBEDDED_NIBBLE_BYTES][16];
    uint8_t high[OV_EMBEDDED_NIBBLE_BYTES][16];
    unsigned where;
    bool vectors;
};

void ov_embedded_search_init(struct ov_embedded_search *search, unsigned where);

/* The next place at or behind `from` where one of them may have its magic; UINT64_MAX: none. */
uint64_t ov_embedded_find(
        const struct ov_embedded_search *search, struct ov_bytes bytes, uint64_t from);

/* Whether none of `where`'s files begins inside an object of `size` bytes with its magic in the block
 * that the window shows. False where it cannot be told. */
bool ov_embedded_none(const struct ov_window *window, uint64_t size, unsigned where);

#endif
