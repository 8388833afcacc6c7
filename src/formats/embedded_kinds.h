/* SPDX-License-Identifier: Apache-2.0 */
/* embedded_kinds.h - what is looked for inside programs, scripts, pictures and unknown data. For
 * src/formats alone. */
#ifndef OV_FORMATS_EMBEDDED_KINDS_H
#define OV_FORMATS_EMBEDDED_KINDS_H

#include "base/source.h"

#define OV_EMBEDDED_KINDS 23u

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

/* The next place at or behind `from` where one of `where`'s may have its magic; UINT64_MAX: none. */
uint64_t ov_embedded_find(struct ov_bytes bytes, uint64_t from, unsigned where);

/* Whether none of `where`'s files begins inside an object of `size` bytes with its magic in the block
 * that the window shows. False where it cannot be told. */
bool ov_embedded_none(const struct ov_window *window, uint64_t size, unsigned where);

#endif
