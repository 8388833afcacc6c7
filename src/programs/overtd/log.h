/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - what overtd tells its owner: lines for people (journal or file, and syslog), and events
 * as JSON Lines (docs/formats/events.md). Text from clients and files is escaped. */
#ifndef OV_PROGRAMS_OVERTD_LOG_H
#define OV_PROGRAMS_OVERTD_LOG_H

#include <stdbool.h>

#include <overt/overt.h>

#include "base/buf.h"

enum ovd_level { /* as syslog counts */
    OVD_ERROR = 3,
    OVD_WARNING = 4,
    OVD_NOTICE = 5,
    OVD_INFO = 6,
    OVD_DEBUG = 7
};

struct ovd_log_options {
    const char *log_file;    /* NULL: standard error, as the journal reads it */
    const char *events_file; /* NULL: none */
    bool events_ocsf;        /* else overt's own form */
    bool syslog;             /* RFC 5424 to /dev/log */
    bool time;
    bool verbose;
};

struct ovd_log {
    struct ovd_log_options options;
    int file_fd, events_fd, syslog_fd;
    char host[65];
    unsigned lost; /* lines that could not be written since the last one that could */
};

/* False: a file cannot be opened; said on standard error. */
OV_MUST_CHECK bool ovd_log_open(struct ovd_log *log, const struct ovd_log_options *options);
void ovd_log_close(struct ovd_log *log);
/* After logrotate. What cannot be opened again stays with the old file, and is said there. */
void ovd_log_reopen(struct ovd_log *log);

void ovd_log(struct ovd_log *log, enum ovd_level level, const char *fmt, ...) OV_PRINTF(3, 4);

/* event.c: one verdict that was not CLEAN. `source` says who asked: "path", "stream", "fd",
 * "access". */
void ovd_log_event(struct ovd_log *log, const char *source, const char *shown,
        const overt_report *report, const char *rules);
/* A whole line, with its newline. */
void ovd_log_event_line(struct ovd_log *log, const struct ov_buf *line);

#endif
