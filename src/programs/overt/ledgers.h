/* SPDX-License-Identifier: Apache-2.0 */
/* ledgers.h - where this user's ledger is, and records into it. */
#ifndef OV_PROGRAMS_OVERT_LEDGERS_H
#define OV_PROGRAMS_OVERT_LEDGERS_H

#include <stdbool.h>

#include "trust/ledger.h"

/* /var/lib/overt/ledger for root, else overt/ledger in the XDG state folder. False: no such place
 * (neither XDG_STATE_HOME nor HOME), or too long. */
bool ov_ledger_place(char *out, size_t size);

/* A record of a scan, where the user has begun a ledger (`overt ledger begin`); elsewhere nothing.
 * What goes wrong is said on standard error. */
void ov_ledger_scan(const char *command, struct ov_bytes text);

#endif
