/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - lines out. A log that cannot be written is no reason to stop answering; that lines were
 * lost is said with the next one that can be. */
#include "programs/overtd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/text.h"

#define LINE_BYTES_MAX  16384u
#define FACILITY_DAEMON 3

static int open_append(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0640);
}

static int open_syslog(void)
{
    const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = "/dev/log" };
    auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0) {
        return -1;
    }
    return ov_steal_fd(&fd);
}

bool ovd_log_open(struct ovd_log *log, const struct ovd_log_options *options)
{
    *log = (struct ovd_log){ .options = *options, .file_fd = -1, .events_fd = -1, .syslog_fd = -1 };
    if (gethostname(log->host, sizeof(log->host) - 1) != 0 || log->host[0] == '\0') {
        memcpy(log->host, "-", 2);
    }
    if (options->log_file != NULL && (log->file_fd = open_append(options->log_file)) < 0) {
        (void)fprintf(stderr, "overtd: LogFile %s: %s\n", options->log_file, strerror(errno));
        return false;
    }
    if (options->events_file != NULL && (log->events_fd = open_append(options->events_file)) < 0) {
        (void)fprintf(stderr, "overtd: EventsFile %s: %s\n", options->events_file, strerror(errno));
        return false;
    }
    log->syslog_fd = options->syslog ? open_syslog() : -1;
    return true;
}

void ovd_log_close(struct ovd_log *log)
{
    int *const fds[] = { &log->file_fd, &log->events_fd, &log->syslog_fd };

    for (size_t i = 0; i < 3; i++) {
        if (*fds[i] >= 0) {
            (void)close(*fds[i]);
            *fds[i] = -1;
        }
    }
}

static void reopen(struct ovd_log *log, int *fd, const char *path)
{
    const int again = path == NULL ? -1 : open_append(path);

    if (again >= 0) {
        (void)close(*fd);
        *fd = again;
    } else if (path != NULL) {
        ovd_log(log, OVD_WARNING, "%s could not be opened anew: %s", path, strerror(errno));
    }
}

void ovd_log_reopen(struct ovd_log *log)
{
    reopen(log, &log->file_fd, log->options.log_file);
    reopen(log, &log->events_fd, log->options.events_file);
}

/* --- lines ---------------------------------------------------------------------------------- */

static bool put(int fd, struct ov_bytes bytes)
{
    const ssize_t n = write(fd, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));

    return n == (ssize_t)ov_bytes_len(bytes);
}

/* RFC 5424: <PRI>1 TIME HOST APP PID - - TEXT */
static void put_syslog(struct ovd_log *log, enum ovd_level level, struct ov_bytes text)
{
    const time_t now = time(NULL);
    struct ov_buf line;
    struct tm tm;
    char stamp[40] = "-";

    if (log->syslog_fd < 0) {
        return;
    }
    if (gmtime_r(&now, &tm) != NULL) {
        (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    ov_buf_init(&line, LINE_BYTES_MAX + 256u);
    ov_buf_printf(&line, "<%d>1 %s %s overtd %d - - ", FACILITY_DAEMON * 8 + (int)level, stamp,
            log->host, (int)getpid());
    ov_buf_put(&line, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    if (ov_buf_ok(&line)
            && send(log->syslog_fd, ov_bytes_raw(ov_buf_bytes(&line)),
                       (size_t)ov_bytes_len(ov_buf_bytes(&line)), MSG_NOSIGNAL | MSG_DONTWAIT)
                       < 0) {
        (void)close(log->syslog_fd); /* the daemon behind it was restarted, say: next time anew */
        log->syslog_fd = open_syslog();
    }
    ov_buf_done(&line);
}

static void put_line(struct ovd_log *log, enum ovd_level level, struct ov_bytes text)
{
    struct ov_buf line;
    const bool to_file = log->file_fd >= 0;

    ov_buf_init(&line, LINE_BYTES_MAX + 256u);
    if (!to_file) {
        ov_buf_printf(&line, "<%d>", (int)level); /* how the journal is told a priority */
    } else if (log->options.time) {
        const time_t now = time(NULL);
        struct tm tm;
        char stamp[40] = "";

        if (localtime_r(&now, &tm) != NULL) {
            (void)strftime(stamp, sizeof(stamp), "%a %b %e %H:%M:%S %Y", &tm);
        }
        ov_buf_printf(&line, "%s -> ", stamp); /* as clamd's log */
    }
    if (log->lost > 0) {
        ov_buf_printf(&line, "(%u lines before this could not be written) ", log->lost);
    }
    ov_buf_put(&line, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    ov_buf_put_u8(&line, '\n');
    if (ov_buf_ok(&line) && put(to_file ? log->file_fd : STDERR_FILENO, ov_buf_bytes(&line))) {
        log->lost = 0;
    } else {
        log->lost++;
    }
    ov_buf_done(&line);
}

void ovd_log(struct ovd_log *log, enum ovd_level level, const char *fmt, ...)
{
    char raw[LINE_BYTES_MAX / 4];
    struct ov_buf text;
    va_list args;
    int n;

    if (level == OVD_DEBUG && !log->options.verbose) {
        return;
    }
    va_start(args, fmt);
    n = vsnprintf(raw, sizeof(raw), fmt, args);
    va_end(args);
    if (n <= 0) {
        return;
    }
    ov_buf_init(&text, LINE_BYTES_MAX);
    ov_text_escape(&text, ov_bytes_of(raw, strnlen(raw, sizeof(raw))));
    if (ov_buf_ok(&text)) {
        put_line(log, level, ov_buf_bytes(&text));
        put_syslog(log, level, ov_buf_bytes(&text));
    }
    ov_buf_done(&text);
}

/* --- events --------------------------------------------------------------------------------- */

void ovd_log_event_line(struct ovd_log *log, const struct ov_buf *line)
{
    if (!ov_buf_ok(line) || !put(log->events_fd, ov_buf_bytes(line))) {
        ovd_log(log, OVD_ERROR, "an event could not be written to %s: %s", log->options.events_file,
                strerror(errno));
    }
}
