/* SPDX-License-Identifier: Apache-2.0 */
/* out.h - standard output that notices when it fails, and terminals. */
#ifndef OV_PROGRAMS_OVERT_OUT_H
#define OV_PROGRAMS_OVERT_OUT_H

#include <overt/overt.h>

#include "base/buf.h"

struct ov_out {
    struct ov_buf buf; /* put into it, then ov_out_spill or ov_out_flush */
    int fd;
    int failed; /* errno of the first failure; 0: none */
};

void ov_out_init(struct ov_out *out, int fd);
void ov_out_done(struct ov_out *out);

/* Writes what has gathered: all of it, or once there is enough to be worth a call. */
void ov_out_flush(struct ov_out *out);
void ov_out_spill(struct ov_out *out);

/* Flushes. False: something could not be written, and (unless the reader only went away) a
 * sentence on standard error has said so. */
bool ov_out_finish(struct ov_out *out);

/* Colours: a terminal, a TERM that is not dumb, and no NO_COLOR (no-color.org). */
bool ov_out_wants_colour(int fd);

/* "overt NAME: SENTENCE" on standard error, escaped. */
void ov_complain(const char *command, const char *fmt, ...) OV_PRINTF(2, 3);
/* "overt NAME: SOURCE:LINE:COLUMN: MESSAGE" as far as the error knows. */
void ov_complain_error(const char *command, const overt_error *err);

#endif
