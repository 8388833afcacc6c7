/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h - the three kinds of container reader behind container.h. For src/formats alone. */
#ifndef OV_FORMATS_READER_H
#define OV_FORMATS_READER_H

#include "formats/container.h"
#include "formats/stream.h"

/* One sentence, where the fact is known. Returns OV_GIVE_TROUBLE. */
enum ov_give ov_trouble_say(struct ov_trouble *trouble, enum ov_reason reason, const char *fmt, ...)
        OV_PRINTF(3, 4);

/* zip.c */
struct ov_zip;
struct ov_zip *ov_zip_open(const struct ov_input *input); /* NULL: no memory */
void ov_zip_free(struct ov_zip *zip);
enum ov_give ov_zip_next(struct ov_zip *zip, struct ov_member *member, struct ov_trouble *trouble);
enum ov_give ov_zip_read(struct ov_zip *zip, struct ov_piece *piece, struct ov_trouble *trouble);
bool ov_zip_skips(const struct ov_zip *zip);
uint64_t ov_zip_end_of(const struct ov_zip *zip); /* behind its comment; 0: nobody can tell */

/* archive.c: everything that libarchive reads */
struct ov_archive;
bool ov_archive_reads(enum ov_type type);
bool ov_archive_is_forward(enum ov_type type);
bool ov_archive_skips(const struct ov_archive *archive);
uint64_t ov_archive_end_of(const struct ov_archive *archive); /* 0: nobody can tell */
/* `stream`: takes it, to read its unpacked bytes instead of the input's own; or NULL. */
struct ov_archive *ov_archive_open(
        enum ov_type type, const struct ov_input *input, struct ov_stream *stream);
void ov_archive_free(struct ov_archive *archive);
enum ov_give ov_archive_next(
        struct ov_archive *archive, struct ov_member *member, struct ov_trouble *trouble);
enum ov_give ov_archive_read(
        struct ov_archive *archive, struct ov_piece *piece, struct ov_trouble *trouble);

#endif
