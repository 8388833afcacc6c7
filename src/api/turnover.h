/* SPDX-License-Identifier: Apache-2.0 */
/* turnover.h - a scanner takes the place of another without anybody waiting: its workers are there before
 * it is asked anything, and those of the old one end by themselves. For overtd, which has one thread. */
#ifndef OV_API_TURNOVER_H
#define OV_API_TURNOVER_H

#include <stdbool.h>

#include <overt/overt.h>

#include "base/attr.h"

/* Starts all its workers. To be called, before anything is submitted, until *ready or an error: whenever
 * overt_scanner_fd is readable, and at least each second. Waits for nothing. */
OV_MUST_CHECK overt_status ov_scanner_prepare(overt_scanner *s, bool *ready, overt_error *err);

/* Ends them; nothing may be under way. To be called until it is true, likewise. Then overt_scanner_free
 * does not wait. Nothing may be submitted any more. */
OV_MUST_CHECK bool ov_scanner_leave(overt_scanner *s);

size_t ov_scanner_workers(const overt_scanner *s); /* how many it tries to have */

#endif
