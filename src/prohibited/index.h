/* SPDX-License-Identifier: Apache-2.0 */
/* index.h - the catalogue's facts, findable: by path, by name, by what a worker told. */
#ifndef OV_PROHIBITED_INDEX_H
#define OV_PROHIBITED_INDEX_H

#include "prohibited/catalogue.h"

struct ov_index;

/* NULL: no memory. Borrows the catalogue. */
struct ov_index *ov_index_new(const struct ov_catalogue *catalogue) OV_MUST_CHECK;
void ov_index_free(struct ov_index *index);
OV_DEFINE_AUTO(struct ov_index, ov_index_free);

typedef void (*ov_hit_fn)(void *payload, const struct ov_clue_fact *fact);

/* Facts about this path itself: as a path, and by its last part. `path` begins with a slash; case
 * counts where the fact's platform says so. */
void ov_index_path(const struct ov_index *index, const char *path, ov_hit_fn fn, void *payload);
/* Facts whose path is this one or a folder above it. */
void ov_index_path_above(
        const struct ov_index *index, const char *path, ov_hit_fn fn, void *payload);

/* Facts of one kind about this text: equal, or, for kinds that are prefixes, parts or suffixes,
 * as those say. */
void ov_index_text(const struct ov_index *index, enum ov_mark mark, const char *text, ov_hit_fn fn,
        void *payload);

/* What is asked of files: keys, words and domains, NUL behind each. Lent. */
struct ov_bytes ov_index_questions(const struct ov_index *index);
/* Facts behind a question (a registry key as it was asked). */
void ov_index_answer(
        const struct ov_index *index, const char *question, ov_hit_fn fn, void *payload);

#endif
