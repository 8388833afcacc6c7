/* SPDX-License-Identifier: Apache-2.0 */
/* config.h - overtd.conf: one option a line, `Name value`, `#` comments; clamd.conf's names and
 * forms where clamd has the option, so that a file written for clamd can be read.
 * docs/formats/overtd-conf.md and overtd.conf(5) list them. */
#ifndef OV_PROGRAMS_OVERTD_CONFIG_H
#define OV_PROGRAMS_OVERTD_CONFIG_H

#include <stdio.h>

#include <overt/overt.h>

#include "base/buf.h"

#define OVD_CONFIG_BYTES_MAX (1024u * 1024u)
#define OVD_LIST_MAX         256u

struct ovd_list {
    char *at[OVD_LIST_MAX + 1]; /* owned; NULL-terminated */
    size_t count;
};

enum ovd_incomplete {
    OVD_INCOMPLETE_ERROR = 0, /* answered as an error */
    OVD_INCOMPLETE_OK,        /* as clamd would */
    OVD_INCOMPLETE_FOUND
};

/* In the order of the manual, which is worth a few bytes of padding once. */
/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
struct ovd_config {
    /* sockets */
    char *local_socket, *local_socket_group;
    uint64_t local_socket_mode; /* octal in the file */
    bool fix_stale_socket;
    uint64_t tcp_port; /* 0: none */
    struct ovd_list tcp_addrs;
    uint64_t backlog;
    uint64_t clients_max;
    /* the protocol */
    uint64_t stream_bytes_max, streams_memory_max;
    uint64_t command_s, read_s;
    bool allmatch;
    enum ovd_incomplete incomplete;
    struct ovd_list excludes;
    bool cross_file_systems;
    /* scanning */
    struct ovd_list rules;
    uint64_t workers, queue_max;
    uint64_t scan_ms_max, scan_bytes_max, file_bytes_max, depth_max, files_max;
    uint64_t self_check_s;
    bool cache_off;
    uint64_t cache_places;
    struct ovd_list weaker;
    /* on-access */
    struct ovd_list access_modes; /* exec, open, close */
    struct ovd_list access_paths, access_excludes, access_processes, access_users, access_uids;
    bool access_prevent, access_deny_late, access_deny_incomplete, access_spare_root;
    uint64_t access_deadline_ms, access_cache, access_bytes_max;
    /* the process */
    char *user, *pid_file;
    /* telling */
    char *log_file, *events_file, *metrics_file, *status_file;
    bool events_ocsf; /* else overt's own form */
    bool log_clean, log_syslog, log_time, log_verbose;
    char *virus_event;
    bool notify_desktop;
    bool quarantine;
    char *quarantine_folder;
};

void ovd_config_init(struct ovd_config *config); /* the defaults */
void ovd_config_done(struct ovd_config *config);

/* Reads `text`. False: something is wrong, and every mistake was told to `told` as
 * FILE:LINE: sentence. Options that overt takes and does nothing with are told as warnings. */
OV_MUST_CHECK bool ovd_config_read(
        struct ovd_config *config, const char *file, struct ov_bytes text, FILE *told);

/* A clamd.conf as an overtd.conf: lines that mean the same stay; the others become comments that
 * say why. False: something is wrong, and was told. */
OV_MUST_CHECK bool ovd_config_translate(
        const char *file, struct ov_bytes text, FILE *out, FILE *told);

/* Every option of overtd.conf with its default, for the manual's test. */
void ovd_config_list(FILE *out);

#endif
