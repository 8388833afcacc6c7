/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.h - the parts of `overt-witness monitor`: where a log is read from, and what was seen. */
#ifndef OV_PROGRAMS_WITNESS_MONITOR_H
#define OV_PROGRAMS_WITNESS_MONITOR_H

#include <sqlite3.h>

#include "base/error.h"
#include "trust/checkpoint.h"
#include "trust/key.h"

/* --- source.c: a log's public files, below a URL or in a folder --------------------------------- */

struct source {
    const char *url; /* NULL: `folder` */
    int folder;      /* owned; -1: none */
};

bool source_open(struct source *source, const char *place); /* false: it was said why */
void source_close(struct source *source);

/* Appends the file to `out`. *missing: the server says that there is none. */
OV_MUST_CHECK overt_status source_read(const struct source *source, const char *path,
        size_t bytes_max, struct ov_buf *out, bool *missing, overt_error *err);

/* --- seen.c: the last checkpoint of each log, and the hash of every entry up to it -------------- */

struct seen {
    sqlite3 *db;            /* owned */
    struct ov_buf note;     /* the last checkpoint that was accepted; empty: none yet */
    struct ov_hash *leaves; /* owned; `size` of them, room for more */
    uint64_t size;
};

/* False: it was said why. A state that does not hash to its own checkpoint is refused. */
bool seen_open(
        struct seen *seen, const char *path, const struct ov_key *log, struct ov_digest *sha);
void seen_close(struct seen *seen);
bool seen_room(struct seen *seen, uint64_t size); /* for so many leaves; false: no memory */

/* leaves[0..size) and the checkpoint, on the disk before it returns. */
bool seen_put(struct seen *seen, const struct ov_key *log, uint64_t old_size, uint64_t size,
        struct ov_bytes note);

/* --- monitor.c ---------------------------------------------------------------------------------- */

int monitor(int argc, char **argv);

#endif
