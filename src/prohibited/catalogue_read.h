/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue_read.h - what the two files of the catalogue share. Not for other rooms. */
#ifndef OV_PROHIBITED_CATALOGUE_READ_H
#define OV_PROHIBITED_CATALOGUE_READ_H

#include "prohibited/catalogue.h"

bool ov_mark_of(const char *name, enum ov_mark *out);
/* Takes a file's digest into the catalogue's. */
OV_MUST_CHECK overt_status ov_catalogue_note_file(
        struct ov_catalogue *c, struct ov_bytes text, overt_error *err);

#endif
