/* SPDX-License-Identifier: Apache-2.0 */
/* pace.c - when a worker's answers wake us. Each answer by itself would: a file of a few KiB takes less
 * than waking for it. Where the caller leaves it to us (bulk), a worker that has all the files it may
 * have waiting rests: we are woken not by what it says, but when most of what was sent to it is taken
 * out of its channel, which is when the kernel calls the channel writable again. The worker holds
 * nothing back: an answer it gave lies in the channel, whatever becomes of the worker. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "api/scanner.h"
#include "base/checked.h"

/* A channel is writable while a quarter of this is not taken up (the kernel doubles it): one message of
 * twelve files, but not two. */
#define CHANNEL_BYTES 4096

/* Said by a file that has much to say: the next so many do not make us rest, for a worker whose channel
 * is full of answers has to wait for us. */
#define TALKATIVE_FRAMES 4u
#define TALKATIVE_FILES  256u

void ov_pace_begin(const overt_scanner *s, const struct ov_worker *w)
{
    const int bytes = CHANNEL_BYTES;

    if (s->bulk) { /* refused, it is as large as usual, and we are woken in vain */
        (void)setsockopt(ov_jail_channel(w->jail), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    }
}

void ov_pace_heard(struct ov_worker *w, bool end)
{
    w->woken_in_vain = false;
    w->frames++;
    if (!end) {
        return;
    }
    if (w->frames > TALKATIVE_FRAMES) {
        w->talkative = TALKATIVE_FILES;
    } else if (w->talkative > 0) {
        w->talkative--;
    }
    w->frames = 0;
}

static bool may_rest(const overt_scanner *s, const struct ov_worker *w)
{
    return s->bulk && w->jobs.count >= s->in_flight_max && w->unsent == 0 && !w->probing
           && !w->woken_in_vain && w->talkative == 0;
}

void ov_pace_set(overt_scanner *s, uint64_t now_ms)
{
    for (size_t i = 0; i < s->worker_count; i++) {
        struct ov_worker *w = &s->workers[i];
        const bool rests = w->jail != NULL && may_rest(s, w);
        struct epoll_event event = { .events = rests ? EPOLLOUT : EPOLLIN, .data = { .u64 = i } };

        if (w->jail == NULL || rests == w->rests) {
            continue;
        }
        if (epoll_ctl(s->poll_fd, EPOLL_CTL_MOD, ov_jail_channel(w->jail), &event) != 0) {
            OV_ASSERT(errno == ENOMEM); /* as it was, then */
            continue;
        }
        w->rests = rests;
        w->rests_since_ms = now_ms;
    }
}

bool ov_pace_is_over(struct ov_worker *w, uint64_t now_ms)
{
    if (!w->rests || now_ms - w->rests_since_ms < OV_PACE_REST_MS) {
        return false;
    }
    w->rests_since_ms = now_ms;
    return true;
}
