/* SPDX-License-Identifier: Apache-2.0 */
/* detect_trial.h - packed streams that have no mark, or next to none: what they are is seen only by
 * unpacking the beginning. */
#ifndef OV_FORMATS_DETECT_TRIAL_H
#define OV_FORMATS_DETECT_TRIAL_H

#include "formats/detect.h"

/* For data that is of no other kind. */
void ov_detect_trial(struct ov_source *source, struct ov_bytes head, struct ov_detected *out);

#endif
