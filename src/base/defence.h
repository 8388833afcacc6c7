/* SPDX-License-Identifier: Apache-2.0 */
/* defence.h - names of the defences against whoever makes or carries updates, so that a test can
 * show what each of them is for.
 *
 * In everything that is installed OV_DEFENDED(x) is 1: no code, no data, nothing that could be
 * turned (the test `threats-e2e` looks). Programs that are built a second time for tests alone
 * (tests/defences) have a text in their data that such a test writes the names of defences into,
 * to leave them out and see the attack succeed. Not the environment: a jail has none. */
#ifndef OV_BASE_DEFENCE_H
#define OV_BASE_DEFENCE_H

#ifdef OV_DEFENCES_CAN_FALL
#include <stdbool.h>

bool ov_defence_stands(const char *name);
#define OV_DEFENDED(name) ov_defence_stands(#name)
#else
#define OV_DEFENDED(name) 1
#endif

#endif
