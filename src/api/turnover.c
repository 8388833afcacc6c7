/* SPDX-License-Identifier: Apache-2.0 */
/* turnover.c - beginnings and ends of workers that nobody waits for. Until a jail is finished, its
 * control socket is in the scanner's epoll instead of its channel; once it is left, its process. */
#include "api/turnover.h"

#include <errno.h>
#include <sys/epoll.h>

#include "api/fail.h"
#include "api/scanner.h"
#include "base/checked.h"

/* --- beginning ------------------------------------------------------------------------------ */

static bool watch(const overt_scanner *s, int fd)
{
    struct epoll_event event = { .events = EPOLLIN, .data = { .u64 = OV_POOL_NO_WORKER } };

    return epoll_ctl(s->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void unwatch(const overt_scanner *s, int fd)
{
    (void)epoll_ctl(s->poll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static overt_status begin_worker(overt_scanner *s, struct ov_worker *w, overt_error *err)
{
    const struct ov_jail_spec spec = ov_pool_jail_spec(s);
    const overt_status status = ov_jail_begin(&w->opening, &spec, err);

    if (status != OVERT_OK) {
        w->opening = NULL;
        return status;
    }
    return watch(s, ov_jail_control(w->opening))
                   ? OVERT_OK
                   : ov_fail_errno(err, errno, "a worker could not be waited for");
}

static overt_status finish_worker(overt_scanner *s, struct ov_worker *w, overt_error *err)
{
    bool ready = false;
    overt_status status = ov_jail_finish(w->opening, 0, &ready, err);

    if (status == OVERT_OK && !ready) {
        return OVERT_OK;
    }
    unwatch(s, ov_jail_control(w->opening));
    if (status == OVERT_OK) {
        w->jail = w->opening;
        w->opening = NULL;
        return ov_pool_adopt(s, w, err);
    }
    ov_jail_close(w->opening); /* it ended already */
    w->opening = NULL;
    return status;
}

/* As when they are started one by one: with one at least, the scanner goes on with those it has. */
overt_status ov_scanner_prepare(overt_scanner *s, bool *ready, overt_error *err)
{
    size_t running = 0, opening = 0;
    overt_status status = OVERT_OK;
    overt_error why = OVERT_ERROR_INIT;

    OV_ASSERT(s->under_way == 0);
    for (size_t i = 0; i < s->worker_count; i++) {
        struct ov_worker *w = &s->workers[i];
        overt_status one = OVERT_OK;

        if (w->opening != NULL) {
            one = finish_worker(s, w, &why);
        } else if (!s->prepared) {
            one = begin_worker(s, w, &why);
        }
        status = one != OVERT_OK ? one : status;
        running += w->jail != NULL ? 1 : 0;
        opening += w->opening != NULL ? 1 : 0;
    }
    s->prepared = true;
    *ready = running > 0 && opening == 0;
    if (running == 0 && opening == 0) {
        *err = why;
        return status != OVERT_OK ? status : OVERT_E_SANDBOX;
    }
    s->worker_places = *ready ? running : s->worker_places;
    return OVERT_OK;
}

size_t ov_scanner_workers(const overt_scanner *s)
{
    return s->worker_places;
}

/* --- end ------------------------------------------------------------------------------------ */

/* True: it is over. */
static bool leave_worker(overt_scanner *s, struct ov_worker *w)
{
    if (w->jail == NULL) {
        return true;
    }
    if (!w->left) {
        unwatch(s, ov_jail_channel(w->jail));
        w->process = ov_jail_leave(w->jail);
        w->left = true;
    } else {
        unwatch(s, w->process);
    }
    if (!ov_jail_is_over(w->jail)) {
        (void)watch(s, w->process); /* if not, it is looked at each second */
        return false;
    }
    ov_jail_close(w->jail);
    w->jail = NULL;
    return true;
}

bool ov_scanner_leave(overt_scanner *s)
{
    bool over = true;

    OV_ASSERT(s->under_way == 0);
    for (size_t i = 0; i < s->worker_count; i++) {
        over = leave_worker(s, &s->workers[i]) && over;
    }
    return over;
}
