/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.c - the mutable globals of the command: which signal came. */
#include "programs/overt/interrupt.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t caught;
static sigset_t while_waiting;

static void on_signal(int number)
{
    caught = number;
}

void ov_interrupt_init(void)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t ours;

    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&ours);
    (void)sigaddset(&ours, SIGINT);
    (void)sigaddset(&ours, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &ours, &while_waiting);
    (void)sigdelset(&while_waiting, SIGINT);
    (void)sigdelset(&while_waiting, SIGTERM);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool ov_interrupt_wait(struct pollfd *fds, nfds_t count, int wait_ms)
{
    const struct timespec wait = { .tv_sec = wait_ms / 1000,
        .tv_nsec = (long)(wait_ms % 1000) * 1000000 };

    if (caught == 0) {
        (void)ppoll(fds, count, wait_ms < 0 ? NULL : &wait, &while_waiting);
    }
    return caught == 0;
}

int ov_interrupt_signal(void)
{
    return caught;
}
