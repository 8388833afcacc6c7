/* SPDX-License-Identifier: Apache-2.0 */
/* prove_run.c - runs attacks, each in a jail of its own, in a few processes that each have their own
 * bait; a process of `overt prove` that an attack kills is itself a result. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "base/error.h"
#include "programs/overt/prove.h"

#define RUNNERS 2

#define SEQ          5u
#define RULES        1u /* what the database pretends to hold */
#define MEMORY_BYTES (256u * (uint64_t)OV_MIB)

/* An attack takes milliseconds; this is for a machine that is very busy. */
#define DEADLINE_MS 10000
/* A worker that waits is told from a slow one by this. */
#define SILENCE_MS 300
/* One second of processor time may take much longer; without the limit there is nothing to wait for. */
#define SPIN_LIMITED_MS 60000
#define SPIN_FREE_MS    1500

/* Zeroed by the kernel, shared with the runners. */
struct board {
    uint32_t next;
    struct outcome outcomes[];
};

static int64_t now_ms(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int deadline_of(const struct attack_row *row, unsigned layers)
{
    switch (row->judge) {
    case JUDGE_WAIT:
        return SILENCE_MS;
    case JUDGE_SPIN:
        return (layers & OV_LAYER_RLIMITS) != 0 ? SPIN_LIMITED_MS : SPIN_FREE_MS;
    case JUDGE_SELF:
    case JUDGE_DEATH:
    case JUDGE_TALK:
    case JUDGE_KNOWN:
        break;
    }
    return DEADLINE_MS;
}

/* --- one attack ----------------------------------------------------------------------------------------- */

/* What a supervisor keeps while it hears a reply. */
struct listening {
    unsigned frames;
    bool ended;
    bool refused;
    bool confessed;
};

static void hear_frame(struct listening *l, struct ov_bytes message, struct outcome *out)
{
    const uint8_t *raw = ov_bytes_raw(message);
    struct ov_verdict_frame frame;
    struct ov_verdict verdict;

    if (ov_bytes_len(message) != sizeof(frame)) {
        out->evidence |= EVIDENCE_REPLY;
        return;
    }
    memcpy(&frame, raw, sizeof(frame));
    if (frame.kind == CONFESSION_KIND) {
        l->confessed = true;
        out->result = (int)ov_le32_get(frame.rule);
        return;
    }
    l->frames++;
    if (l->ended || l->frames > OV_VERDICT_FRAMES_MAX
            || !ov_verdict_decode(message, SEQ, RULES, &verdict)) {
        l->refused = true;
        return;
    }
    l->ended = verdict.kind == OV_VERDICT_END;
}

/* Until it is gone, a frame is refused, or time is up; false: time is up. */
static bool hear_out(
        struct ov_jail *jail, int deadline_ms, struct listening *l, struct outcome *out)
{
    const int64_t until = now_ms() + deadline_ms;
    int empty = 0;

    while (!l->refused) {
        struct pollfd ready = { .fd = ov_jail_channel(jail), .events = POLLIN };
        const int64_t left = until - now_ms();
        uint8_t message[8192];
        ssize_t n;

        if (left <= 0) {
            return false;
        }
        if (poll(&ready, 1, (int)left) <= 0) {
            continue; /* time, or a signal */
        }
        n = recv(ready.fd, message, sizeof(message), 0);
        if (n > 0) {
            empty = 0;
            hear_frame(l, ov_bytes_of(message, (size_t)n), out);
            continue;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        /* An empty message looks like the end of the channel, but only once. */
        if (n < 0 || ++empty > 1) {
            return true;
        }
        {
            const ssize_t more = recv(ready.fd, message, sizeof(message), 0);

            if (more == 0 || (more < 0 && errno != EAGAIN)) {
                return true;
            }
            out->evidence |= EVIDENCE_REPLY;
            if (more > 0) {
                empty = 0;
                hear_frame(l, ov_bytes_of(message, (size_t)more), out);
            }
        }
    }
    return true;
}

static bool judge(const struct attack_row *row, const struct outcome *out)
{
    switch (row->judge) {
    case JUDGE_SELF:
        /* It left without a word of failure: it became another program, or broke its channel. */
        return out->evidence != 0 || (out->how == HOW_CONFESSED && out->result >= 0)
               || out->how == HOW_EXIT || out->how == HOW_DEADLINE;
    case JUDGE_DEATH:
    case JUDGE_WAIT:
        return out->evidence != 0;
    case JUDGE_SPIN:
        return out->evidence != 0 || out->how == HOW_DEADLINE;
    case JUDGE_TALK:
        return (out->evidence != 0 && out->how != HOW_SIGNAL) || out->how == HOW_ACCEPTED;
    case JUDGE_KNOWN:
        return false;
    }
    return true;
}

static bool no_jail(struct outcome *out, const char *message)
{
    out->no_jail = true;
    (void)snprintf(out->message, sizeof(out->message), "%s", message);
    return false;
}

static bool start(struct bait_set *set, const struct job *job, int file, struct ov_jail **jail,
        struct outcome *out)
{
    const struct ov_jail_spec spec = {
        .program = "overt-turncoat",
        .profile = OV_JAIL_VERDICT,
        .database_fd = prove_bait_database(set),
        .memory_bytes = MEMORY_BYTES,
        .database_bytes = 4096,
        .cpu_seconds = 1,
        .without = job->without,
    };
    const struct ov_request request = {
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_SCAN),
        .seq = ov_le32_of(SEQ),
        .size = ov_le64_of(4096),
    };
    overt_error err = OVERT_ERROR_INIT;
    struct bait bait;

    if (ov_jail_open(jail, &spec, &err) != OVERT_OK) {
        return no_jail(out, err.message);
    }
    out->layers = ov_jail_layers(*jail);
    prove_bait_describe(set, &bait);
    bait.attack = ov_le32_of((uint32_t)job->row);
    if (!ov_jail_send(*jail, &request, ov_bytes_of(&bait, sizeof(bait)), file)) {
        return no_jail(out, "the turncoat did not take its order");
    }
    return true;
}

static void find_end(
        struct ov_jail *jail, const struct listening *l, bool in_time, struct outcome *out)
{
    struct ov_jail_end end = { .syscall = -1 };

    if (in_time && !l->refused) {
        ov_jail_end(jail, DEADLINE_MS, &end);
    }
    out->signal = end.signal;
    out->exit_status = end.exit_status;
    out->syscall = end.syscall;
    if (l->refused) {
        out->how = HOW_FRAME;
    } else if (l->confessed) {
        out->how = HOW_CONFESSED;
    } else if (!in_time) {
        out->how = HOW_DEADLINE;
    } else if (end.known && end.signal != 0) {
        out->how = HOW_SIGNAL;
    } else if (l->frames > 0) {
        out->how = HOW_ACCEPTED;
    } else {
        out->how = HOW_EXIT;
        if (end.exit_status == TURNCOAT_EXIT_NO_ORDER) {
            (void)no_jail(out, "the turncoat did not understand its order");
        }
    }
}

static void run_one(struct bait_set *set, const struct job *job, struct outcome *out)
{
    const struct attack_row *row = &prove_rows[job->row];
    const int file = prove_bait_file(set);
    struct listening l = { 0 };
    struct ov_jail *jail = NULL;

    out->syscall = -1;
    if (file < 0) {
        (void)no_jail(out, "the bait cannot be opened");
        return;
    }
    if (start(set, job, file, &jail, out)) {
        const bool in_time = hear_out(jail, deadline_of(row, out->layers), &l, out);

        find_end(jail, &l, in_time, out);
    }
    ov_jail_close(jail);
    out->evidence |= prove_bait_inspect(set, file, row);
    if (row->judge == JUDGE_DEATH && out->how == HOW_SIGNAL && (out->layers & OV_LAYER_TRACED) == 0
            && prove_crash_is_logged()) {
        out->evidence |= EVIDENCE_KERNEL_LOG;
    }
    out->through = judge(row, out);
}

/* --- all of them ---------------------------------------------------------------------------------------- */

/* Interrupted: finish the attack, put the bait away, go. */
static bool told_to_stop(void)
{
    sigset_t pending;

    return sigpending(&pending) == 0
           && (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1
                   || sigismember(&pending, SIGHUP) == 1);
}

static _Noreturn void run_share(struct board *board, const struct job *jobs, size_t count)
{
    overt_error err = OVERT_ERROR_INIT;
    struct bait_set *set;
    sigset_t stops;
    bool stopped = false;

    (void)sigemptyset(&stops);
    (void)sigaddset(&stops, SIGINT);
    (void)sigaddset(&stops, SIGTERM);
    (void)sigaddset(&stops, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &stops, NULL);
    set = prove_bait_new(&err);
    if (set == NULL) {
        (void)fprintf(stderr, "overt prove: %s\n", err.message);
        _exit(2);
    }
    while (!(stopped = told_to_stop())) {
        const uint32_t i = __atomic_fetch_add(&board->next, 1, __ATOMIC_RELAXED);

        if (i >= count) {
            break;
        }
        board->outcomes[i].begun = true;
        run_one(set, &jobs[i], &board->outcomes[i]);
        board->outcomes[i].done = true;
    }
    prove_bait_free(set);
    _exit(stopped ? 2 : 0);
}

/* Where a runner was killed, its attack reached the supervisor; the others go on. */
static void note_lost(struct outcome *outcomes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (outcomes[i].begun && !outcomes[i].done) {
            outcomes[i].evidence |= EVIDENCE_SIGNAL;
            outcomes[i].through = true;
            outcomes[i].done = true;
        }
    }
}

bool prove_run(const struct job *jobs, size_t count, struct outcome *out, overt_error *err)
{
    const size_t bytes = sizeof(struct board) + count * sizeof(struct outcome);
    struct board *board =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t runners[RUNNERS];
    bool ok = true;

    if (board == MAP_FAILED) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for %zu results", count)
               == OVERT_OK;
    }
    (void)fflush(stdout);
    for (size_t i = 0; i < RUNNERS; i++) {
        runners[i] = fork();
        if (runners[i] == 0) {
            run_share(board, jobs, count);
        }
        ok = ok && runners[i] > 0;
    }
    for (size_t i = 0; i < RUNNERS; i++) {
        int status = 0;

        while (runners[i] > 0 && waitpid(runners[i], &status, 0) < 0 && errno == EINTR) {
        }
        ok = ok && !(WIFEXITED(status) && WEXITSTATUS(status) != 0);
    }
    note_lost(board->outcomes, count);
    if (!ok) {
        (void)ov_fail(err, OVERT_E_IO, UINT64_MAX, "the attacks could not be run");
    }
    for (size_t i = 0; i < count && ok; i++) {
        if (!board->outcomes[i].done || board->outcomes[i].no_jail) {
            (void)ov_fail(err, OVERT_E_SANDBOX, UINT64_MAX, "%s",
                    board->outcomes[i].no_jail ? board->outcomes[i].message
                                               : "an attack was not run");
            ok = false;
        }
    }
    memcpy(out, board->outcomes, count * sizeof(*out));
    (void)munmap(board, bytes);
    return ok;
}

bool prove_same(const struct outcome *a, const struct outcome *b)
{
    return a->how == b->how && a->result == b->result && a->signal == b->signal
           && a->exit_status == b->exit_status && a->syscall == b->syscall
           && a->through == b->through;
}
