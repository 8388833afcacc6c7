/* SPDX-License-Identifier: Apache-2.0 */
/* database.h - an open database inside libovert: mapped, shared, counted. What is in it is a
 * claim of whoever made it; every access is bounded. */
#ifndef OV_API_DATABASE_H
#define OV_API_DATABASE_H

#include <stdatomic.h>

#include "db/view.h"

struct overt_db {
    atomic_uint holders; /* the caller, scanners and reports; immutable otherwise */
    int fd;              /* owned: a worker maps it */
    void *map;           /* owned */
    size_t map_bytes;
    struct ov_db_view view;
};

overt_db *ov_database_hold(overt_db *db);

/* Takes `fd` on OVERT_OK: maps `bytes` of it. `name` is for the message. */
OV_MUST_CHECK overt_status ov_database_on_fd(
        overt_db **out, int fd, uint64_t bytes, const char *name, overt_error *err);

/* Rules and hash rules together: what a worker may name. */
uint64_t ov_database_rules(const overt_db *db);
/* Never fails: a database that lies about a name gets the name "?". */
struct ov_bytes ov_database_rule_name(const overt_db *db, uint64_t number);

#endif
