/* SPDX-License-Identifier: Apache-2.0 */
/* events.h - fanotify(7) events in, answers out. The kernel matches an answer to its event by the
 * number that the event's descriptor had in the process that read it, so whoever else holds the
 * group can answer for a reader that has died. */
#ifndef OV_GUARD_EVENTS_H
#define OV_GUARD_EVENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/attr.h"

#define OV_GUARD_BATCH 64u /* events taken in by one read */

struct ov_guard_event {
    int fd; /* yours */
    pid_t pid;
    bool waits; /* a permission event: somebody waits for the answer */
};

/* How many events came, 0 for none, -1 and errno. An overflow of the kernel's queue is counted in
 * *lost; the kernel has let those opens through. */
int ov_guard_read(int group, struct ov_guard_event events[OV_GUARD_BATCH], unsigned *lost);

/* False: errno; ENOENT when nobody waits for this one any more. */
bool ov_guard_answer(int group, int fd, bool allow);

/* Answers whatever a reader that is gone may have left unanswered. */
void ov_guard_answer_all(int group, int fd_max, bool allow);

#endif
