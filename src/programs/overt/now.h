/* SPDX-License-Identifier: Apache-2.0 */
/* now.h - the one clock of the programs outside a jail; tests put faketime before it. */
#ifndef OV_PROGRAMS_OVERT_NOW_H
#define OV_PROGRAMS_OVERT_NOW_H

#include <stdint.h>

/* Seconds since 1970; 0 where the clock is before that. */
uint64_t ov_now(void);

#endif
