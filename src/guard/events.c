/* SPDX-License-Identifier: Apache-2.0 */
/* events.c - the two sides of a fanotify group's descriptor. */
#include "guard/events.h"

#include <errno.h>
#include <string.h>
#include <sys/fanotify.h>

int ov_guard_read(int group, struct ov_guard_event events[OV_GUARD_BATCH], unsigned *lost)
{
    struct fanotify_event_metadata raw[OV_GUARD_BATCH];
    ssize_t left = read(group, raw, sizeof(raw));
    int count = 0;

    if (left < 0) {
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    for (struct fanotify_event_metadata *at = raw; FAN_EVENT_OK(at, left);
            at = FAN_EVENT_NEXT(at, left)) {
        if (at->vers != FANOTIFY_METADATA_VERSION) {
            errno = EPROTO; /* another kernel interface than this was built for */
            return -1;
        }
        if ((at->mask & FAN_Q_OVERFLOW) != 0) {
            (*lost)++;
            continue;
        }
        if (at->fd < 0) {
            continue; /* it could not be opened for us; the kernel has answered by itself */
        }
        events[count++] = (struct ov_guard_event){ .fd = at->fd,
            .pid = at->pid,
            .waits = (at->mask & (FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM | FAN_ACCESS_PERM)) != 0 };
    }
    return count;
}

bool ov_guard_answer(int group, int fd, bool allow)
{
    const struct fanotify_response answer = { .fd = fd, .response = allow ? FAN_ALLOW : FAN_DENY };
    ssize_t n;

    do {
        n = write(group, &answer, sizeof(answer));
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof(answer);
}

void ov_guard_answer_all(int group, int fd_max, bool allow)
{
    for (int fd = 0; fd <= fd_max; fd++) {
        (void)ov_guard_answer(group, fd, allow); /* ENOENT for nearly all of them */
    }
}
