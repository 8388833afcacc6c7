/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.h - SIGINT and SIGTERM arrive only while we wait, so none is missed and none is early. */
#ifndef OV_PROGRAMS_OVERT_INTERRUPT_H
#define OV_PROGRAMS_OVERT_INTERRUPT_H

#include <poll.h>
#include <stdbool.h>

void ov_interrupt_init(void);

/* poll(); false when a signal has asked us to end, now or before. */
bool ov_interrupt_wait(struct pollfd *fds, nfds_t count, int wait_ms);

/* The signal, or 0. */
int ov_interrupt_signal(void);

#endif
