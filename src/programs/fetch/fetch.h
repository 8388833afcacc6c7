/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OV_PROGRAMS_FETCH_FETCH_H
#define OV_PROGRAMS_FETCH_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include <overt/overt.h>

/* shut.c: nothing may be opened, run or connected to any more but TCP `port`. False: the jail could
 * not be had, and nothing may be fetched. */
bool shut_in(uint16_t port, overt_error *err);

#endif
