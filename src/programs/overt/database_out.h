/* SPDX-License-Identifier: Apache-2.0 */
/* database_out.h - writing a compiled database. */
#ifndef OV_PROGRAMS_OVERT_DATABASE_OUT_H
#define OV_PROGRAMS_OVERT_DATABASE_OUT_H

#include <stdbool.h>

#include <overt/overt.h>

/* Replaces `path` whole or not at all. False: it was said why, in the name of `command`. */
bool ov_database_write(const char *command, const overt_db *db, const char *path);

#endif
