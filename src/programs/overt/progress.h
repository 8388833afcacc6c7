/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - one line on a terminal that says how far a scan is. */
#ifndef OV_PROGRAMS_OVERT_PROGRESS_H
#define OV_PROGRAMS_OVERT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "programs/overt/options.h"
#include "programs/overt/walk.h"

struct ov_progress;

/* Starts a thread that counts what there is to do, if the paths can be counted beforehand. NULL: no
 * progress is shown (no terminal, no memory), which is nobody's error. */
struct ov_progress *ov_progress_new(
        const struct ov_walk_options *walk, const struct ov_words *paths, bool countable);
void ov_progress_free(struct ov_progress *progress); /* takes the line off the terminal */

/* Redraws if a tenth of a second has passed. */
void ov_progress_show(struct ov_progress *progress, uint64_t files, uint64_t bytes, uint64_t found);
/* Takes the line away before something else is written. */
void ov_progress_hide(struct ov_progress *progress);

#endif
