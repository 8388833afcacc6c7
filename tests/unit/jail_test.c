/* SPDX-License-Identifier: Apache-2.0 */
/* jail_test.c - opens real jails with the honest test worker inside: what works, how ends are told,
 * what is refused by name, and that nothing is left behind. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "sandbox/jail.h"
#include "tests/tap.h"

#define WAIT_MS 20000

static int memory_file(const char *text)
{
    const int fd = memfd_create("test", MFD_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)
            || ftruncate(fd, 4096) != 0) {
        abort();
    }
    return fd;
}

static struct ov_jail_spec spec_for(enum ov_jail_profile profile)
{
    return (struct ov_jail_spec){
        .helper_dir = getenv("OVERT_BUILD_ROOT"),
        .program = "test-echo",
        .profile = profile,
        .database_fd = -1,
        .memory_bytes = 256u * OV_MIB,
        .cpu_seconds = 20,
    };
}

static struct ov_jail *open_jail(const struct ov_jail_spec *spec)
{
    struct ov_jail *jail = NULL;
    overt_error err = OVERT_ERROR_INIT;

    if (ov_jail_open(&jail, spec, &err) != OVERT_OK) {
        printf("# %s\n", err.message);
        return NULL;
    }
    return jail;
}

static bool send_order(struct ov_jail *jail, uint32_t seq, const char *order)
{
    auto_fd int fd = memory_file(order);
    const struct ov_request request = {
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_SCAN),
        .seq = ov_le32_of(seq),
        .size = ov_le64_of(strlen(order)),
    };

    return ov_jail_send(jail, &request, ov_bytes_of(NULL, 0), fd);
}

/* The number it answers with; 0 if it does not. */
static uint32_t answer(struct ov_jail *jail, uint32_t seq)
{
    struct pollfd ready = { .fd = ov_jail_channel(jail), .events = POLLIN };
    struct ov_verdict verdict;
    uint8_t message[64];
    ssize_t n;

    if (poll(&ready, 1, WAIT_MS) != 1) {
        return 0;
    }
    n = recv(ready.fd, message, sizeof(message), 0);
    return n > 0 && ov_verdict_decode(ov_bytes_of(message, (size_t)n), seq, 1, &verdict)
                   ? verdict.objects
                   : 0;
}

static uint32_t ask(struct ov_jail *jail, const char *order)
{
    return send_order(jail, 5, order) ? answer(jail, 5) : 0;
}

TEST(an_honest_worker_works_in_every_profile)
{
    for (int profile = OV_JAIL_VERDICT; profile <= OV_JAIL_COMPILE; profile++) {
        const struct ov_jail_spec spec = spec_for((enum ov_jail_profile)profile);
        OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = open_jail(&spec);

        CHECK(jail != NULL);
        CHECK_UINT(ov_jail_layers(jail) & OV_LAYERS_REQUIRED, OV_LAYERS_REQUIRED);
        CHECK_UINT(ask(jail, "sum"), 1 + 's' + 'u' + 'm');
        CHECK_UINT(ask(jail, "sum"), 1 + 's' + 'u' + 'm');
    }
}

TEST(libraries_work_inside)
{
    const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = open_jail(&spec);

    CHECK(jail != NULL);
    CHECK_UINT(ask(jail, "sort"), 1);
    CHECK_UINT(ask(jail, "digest"), 0x0bf4); /* sha256sum of the word "digest" */
}

TEST(many_requests_wait_in_the_channel)
{
    const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = open_jail(&spec);

    CHECK(jail != NULL);
    for (uint32_t seq = 1; seq <= 32; seq++) {
        CHECK(send_order(jail, seq, "sum"));
    }
    for (uint32_t seq = 1; seq <= 32; seq++) {
        CHECK_UINT(answer(jail, seq), 1 + 's' + 'u' + 'm');
    }
}

TEST(the_database_can_be_mapped)
{
    auto_fd int db = memory_file("abcdefghijklmnop");
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = NULL;
    uint32_t want = 1;

    spec.database_fd = db;
    spec.database_bytes = 4096;
    jail = open_jail(&spec);
    for (const char *c = "abcdefghijklmnop"; *c != '\0'; c++) {
        want += (unsigned char)*c;
    }
    CHECK(jail != NULL);
    CHECK_UINT(ask(jail, "database"), want);
}

TEST(the_compiler_alone_may_write_its_output)
{
    for (int profile = OV_JAIL_VERDICT; profile <= OV_JAIL_COMPILE; profile++) {
        auto_fd int db = memory_file("nothing");
        struct ov_jail_spec spec = spec_for((enum ov_jail_profile)profile);
        OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = NULL;
        struct ov_jail_end end;
        char text[7];

        spec.database_fd = db;
        spec.database_bytes = 4096;
        jail = open_jail(&spec);
        CHECK(jail != NULL);
        CHECK_UINT(ask(jail, "output"), profile == OV_JAIL_COMPILE ? 1 : 0);
        CHECK(pread(db, text, 7, 0) == 7);
        if (profile == OV_JAIL_COMPILE) {
            CHECK(memcmp(text, "written", 7) == 0);
        } else {
            CHECK(memcmp(text, "nothing", 7) == 0);
            ov_jail_end(jail, WAIT_MS, &end);
            CHECK(end.known);
            CHECK_UINT((uint64_t)end.signal, SIGSYS);
            CHECK_UINT((uint64_t)end.syscall, SYS_mmap);
        }
    }
}

static const struct {
    const char *order;
    int signal;
    int exit_status;
    long call;
} ends[] = {
    { "exit", 0, 7, -1 },
    { "segv", SIGSEGV, 0, -1 },
    { "getpid", SIGSYS, 0, SYS_getpid },
    { "abort", SIGSYS, 0, SYS_rt_sigprocmask },
};

TEST(ends_are_told_with_signal_status_and_call)
{
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
        OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = open_jail(&spec);
        struct ov_jail_end end;

        CHECK(jail != NULL);
        ov_jail_end(jail, 0, &end);
        CHECK(!end.known);
        CHECK_UINT(ask(jail, ends[i].order), 0);
        ov_jail_end(jail, WAIT_MS, &end);
        CHECK(end.known);
        CHECK_UINT((uint64_t)end.signal, (uint64_t)ends[i].signal);
        CHECK_UINT((uint64_t)end.exit_status, (uint64_t)ends[i].exit_status);
        CHECK_UINT((uint64_t)end.syscall, (uint64_t)ends[i].call);
        ov_jail_end(jail, 0, &end); /* and is remembered */
        CHECK(end.known);
        CHECK(!send_order(jail, 6, "sum"));
        CHECK_UINT((uint64_t)errno, EPIPE);
    }
}

TEST(without_the_tracer_ends_are_still_told)
{
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = NULL;
    struct ov_jail_end end;

    spec.without = OV_LAYER_TRACED | OV_LAYER_CLOCK;
    jail = open_jail(&spec);
    CHECK(jail != NULL);
    CHECK_UINT(ov_jail_layers(jail) & OV_LAYERS_REQUIRED, OV_LAYERS_REQUIRED & ~spec.without);
    CHECK_UINT(ask(jail, "getpid"), 0);
    ov_jail_end(jail, WAIT_MS, &end);
    CHECK(end.known);
    CHECK_UINT((uint64_t)end.signal, SIGSYS);
    CHECK(end.syscall == -1);
}

TEST(processor_time_runs_out)
{
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = NULL;
    struct ov_jail_end end;

    spec.cpu_seconds = 1;
    jail = open_jail(&spec);
    CHECK(jail != NULL);
    CHECK(send_order(jail, 5, "spin"));
    ov_jail_end(jail, WAIT_MS, &end);
    CHECK(end.known);
    CHECK_UINT((uint64_t)end.signal, SIGXCPU);
}

TEST(memory_runs_out_where_it_was_said)
{
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = NULL;
    uint32_t mib;

    spec.memory_bytes = 64u * OV_MIB;
    jail = open_jail(&spec);
    CHECK(jail != NULL);
    mib = ask(jail, "memory");
    CHECK(mib >= 64 && mib <= 64 + 32);
}

/* --- nothing is left behind ------------------------------------------------------------------- */

static int count_entries(const char *path)
{
    DIR *dir = opendir(path);
    int count = 0;

    while (dir != NULL && readdir(dir) != NULL) {
        count++;
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

/* Processes whose command line begins with one of our names. */
static int count_processes(void)
{
    DIR *dir = opendir("/proc");
    const struct dirent *entry;
    int count = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[300], line[32] = "", parent[64] = "";
        auto_fd int fd = -1;
        auto_fd int stat = -1;

        (void)snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || read(fd, line, sizeof(line) - 1) < 0) {
            continue;
        }
        (void)snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
        stat = open(path, O_RDONLY | O_CLOEXEC);
        if (stat >= 0 && read(stat, parent, sizeof(parent) - 1) > 0) {
            const char *rest = strrchr(parent, ')'); /* ") S PPID" */

            if (rest != NULL && strlen(rest) > 4 && strtol(rest + 4, NULL, 10) == getpid()) {
                count++;
            }
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return count;
}

TEST(a_hundred_jails_leave_nothing)
{
    const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    const int fds = count_entries("/proc/self/fd"), children = count_processes();
    struct ov_jail *open[10] = { NULL };

    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 10; i++) {
            open[i] = open_jail(&spec);
            CHECK(open[i] != NULL);
        }
        CHECK_UINT((uint64_t)count_processes(), (uint64_t)children + 10);
        for (int i = 0; i < 10; i++) {
            if (i % 3 != 0) {
                CHECK(ask(open[i], i % 3 == 1 ? "sum" : "segv") != 1);
            }
            ov_jail_close(open[i]);
        }
    }
    CHECK_UINT((uint64_t)count_processes(), (uint64_t)children);
    CHECK_UINT((uint64_t)count_entries("/proc/self/fd"), (uint64_t)fds);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void *open_and_ask(void *sum)
{
    const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    uint32_t *total = sum;

    for (int i = 0; i < 10; i++) {
        OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = open_jail(&spec);

        *total += jail == NULL ? 0 : ask(jail, "sum");
    }
    return NULL;
}

TEST(threads_may_open_jails_at_once)
{
    pthread_t threads[4];
    uint32_t sums[4] = { 0 };

    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, open_and_ask, &sums[i]) == 0);
    }
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK_UINT(sums[i], 10u * (1 + 's' + 'u' + 'm'));
    }
}

static void *open_only(void *jail)
{
    const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);

    *(struct ov_jail **)jail = open_jail(&spec);
    return NULL;
}

TEST(a_jail_outlives_the_thread_that_opened_it)
{
    OV_CLEANUP(ov_jail_close_at) struct ov_jail *jail = NULL;
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, open_only, &jail) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(jail != NULL);
    CHECK_UINT(ask(jail, "sum"), 1 + 's' + 'u' + 'm');
}

/* A subreaper gets every orphan, so it can see them go. */
TEST(a_jail_dies_with_its_supervisor)
{
    int told[2];
    pid_t pid;
    siginfo_t info;
    int ended = 0;

    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    CHECK(pipe2(told, O_CLOEXEC) == 0);
    pid = fork();
    if (pid == 0) {
        const struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
        struct ov_jail *jail = open_jail(&spec);

        (void)!write(told[1], jail == NULL || !send_order(jail, 5, "spin") ? "n" : "y", 1);
        for (;;) {
            (void)pause();
        }
    }
    {
        char c = 0;

        CHECK(read(told[0], &c, 1) == 1 && c == 'y');
    }
    (void)close(told[0]);
    (void)close(told[1]);
    CHECK(kill(pid, SIGKILL) == 0);
    while (waitid(P_ALL, 0, &info, WEXITED) == 0) { /* until there is nobody left: ECHILD */
        ended++;
    }
    CHECK(ended >= 2); /* the supervisor and the spawner; the worker is reaped by the spawner */
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0);
}

/* --- refusals --------------------------------------------------------------------------------- */

TEST(a_missing_program_is_named)
{
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    struct ov_jail *jail = NULL;
    overt_error err = OVERT_ERROR_INIT;

    spec.program = "no-such-program";
    CHECK_UINT(ov_jail_open(&jail, &spec, &err), OVERT_E_SANDBOX);
    CHECK(jail == NULL && strstr(err.message, "no-such-program") != NULL);
    CHECK_UINT((uint64_t)err.sys_errno, ENOENT);
    spec.program = "../test-echo";
    CHECK_UINT(ov_jail_open(&jail, &spec, &err), OVERT_E_ARGUMENT);
    spec = spec_for(OV_JAIL_VERDICT);
    spec.helper_dir = "/nonexistent";
    CHECK_UINT(ov_jail_open(&jail, &spec, &err), OVERT_E_SANDBOX);
    CHECK(strstr(err.message, "/nonexistent") != NULL);
}

TEST(what_is_no_program_is_refused)
{
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    struct ov_jail *jail = NULL;
    overt_error err = OVERT_ERROR_INIT;

    spec.program = "build.ninja";
    CHECK_UINT(ov_jail_open(&jail, &spec, &err), OVERT_E_SANDBOX);
    CHECK(jail == NULL && strstr(err.message, "execut") != NULL);
}

static bool write_file(const char *path, const char *text)
{
    auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* In a child whose own user namespace says that there may be no more of them. */
static int refused_without_user_namespaces(void)
{
    struct ov_jail_spec spec = spec_for(OV_JAIL_VERDICT);
    struct ov_jail *jail = NULL;
    overt_error err = OVERT_ERROR_INIT;
    char users[32], groups[32];

    (void)snprintf(users, sizeof(users), "0 %u 1\n", geteuid());
    (void)snprintf(groups, sizeof(groups), "0 %u 1\n", getegid());
    if (unshare(CLONE_NEWUSER) != 0 || !write_file("/proc/self/uid_map", users)
            || !write_file("/proc/self/setgroups", "deny\n")
            || !write_file("/proc/self/gid_map", groups)
            || !write_file("/proc/sys/user/max_user_namespaces", "0\n")) {
        return 10;
    }
    if (ov_jail_open(&jail, &spec, &err) != OVERT_E_SANDBOX) {
        return 11;
    }
    printf("# %s\n", err.message);
    (void)fflush(stdout);
    if (strstr(err.message, "'user'") == NULL
            || strstr(err.message, "user.max_user_namespaces is 0") == NULL) {
        return 12;
    }
    if (err.sys_errno != ENOSPC) {
        return 13;
    }
    spec.without = OV_LAYER_USER; /* accepted by name: namespaces alone, by the root we are */
    if (ov_jail_open(&jail, &spec, &err) != OVERT_OK) {
        printf("# %s\n", err.message);
        (void)fflush(stdout);
        return 14;
    }
    if ((ov_jail_layers(jail) & OV_LAYERS_REQUIRED) != (OV_LAYERS_REQUIRED & ~spec.without)
            || ask(jail, "sum") == 0) {
        return 15;
    }
    ov_jail_close(jail);
    return 0;
}

TEST(a_layer_that_cannot_be_had_is_refused_by_name)
{
    int status;
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    if (pid == 0) {
        _exit(refused_without_user_namespaces());
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK_UINT((uint64_t)WEXITSTATUS(status), 0);
}

TESTS(T(an_honest_worker_works_in_every_profile), T(libraries_work_inside),
        T(many_requests_wait_in_the_channel), T(the_database_can_be_mapped),
        T(the_compiler_alone_may_write_its_output), T(ends_are_told_with_signal_status_and_call),
        T(without_the_tracer_ends_are_still_told), T(processor_time_runs_out),
        T(memory_runs_out_where_it_was_said), T(a_hundred_jails_leave_nothing),
        T(threads_may_open_jails_at_once), T(a_jail_outlives_the_thread_that_opened_it),
        T(a_jail_dies_with_its_supervisor), T(a_missing_program_is_named),
        T(what_is_no_program_is_refused), T(a_layer_that_cannot_be_had_is_refused_by_name));
