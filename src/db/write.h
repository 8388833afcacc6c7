/* SPDX-License-Identifier: Apache-2.0 */
/* write.h - putting sections together into one database file. */
#ifndef OV_DB_WRITE_H
#define OV_DB_WRITE_H

#include "base/buf.h"
#include "base/error.h"
#include "db/layout.h"

struct ov_db_writer {
    struct ov_buf sections[OV_DB_SECTION_LAST + 1]; /* fill these; index = ov_db_section_id */
    uint32_t counts[OV_DB_SECTION_LAST + 1];
    uint32_t must_know;
    uint32_t may_ignore;
};

void ov_db_writer_init(struct ov_db_writer *writer, size_t section_bytes_max);
void ov_db_writer_done(struct ov_db_writer *writer);

/* Appends text to OV_DB_TEXT and gives its offset there. Failure shows in ov_buf_ok. */
uint32_t ov_db_writer_text(struct ov_db_writer *writer, struct ov_bytes text);

/* Bytes the finished file will have; 0 if a section failed (out of memory or over its cap). */
uint64_t ov_db_writer_size(const struct ov_db_writer *writer);

/* Lays the file out at `to`, which holds at least ov_db_writer_size bytes. The same sections give
 * the same bytes, always. Each section is let go of as soon as it is written: a large database is
 * not there twice. */
overt_status ov_db_writer_finish(
        struct ov_db_writer *writer, uint8_t *to, size_t to_bytes, overt_error *err);

#endif
