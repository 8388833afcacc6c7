/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan.h - `overt clamscan`: the command line, the lines and the exit codes of ClamAV 1.4.6's
 * clamscan, over overt's engine. What its files share. */
#ifndef OV_PROGRAMS_OVERT_CLAMSCAN_H
#define OV_PROGRAMS_OVERT_CLAMSCAN_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/buf.h"
#include "programs/overt/options.h"

#define CLAMSCAN_VERSION  "1.4.6"
#define CLAMSCAN_DATABASE "/var/lib/clamav"

#define CLAMSCAN_EXIT_CLEAN 0
#define CLAMSCAN_EXIT_FOUND 1
#define CLAMSCAN_EXIT_ERROR 2

enum clamscan_action {
    CLAMSCAN_LEAVE = 0,
    CLAMSCAN_COPY,
    CLAMSCAN_MOVE,
    CLAMSCAN_REMOVE
};

struct clamscan_patterns {
    regex_t *at; /* owned */
    size_t count;
};

struct clamscan_options {
    bool help, version;
    bool verbose, quiet, to_stdout, no_summary, infected_only, suppress_ok, bell, debug;
    bool archive_verbose, recursive, all_matches, cross_fs, gen_json, official_only;
    bool pua, phishing_sigs;
    bool scan_archive; /* look inside at all */
    bool scan_pe, scan_elf, scan_ole2, scan_pdf, scan_swf, scan_html, scan_mail, scan_xmldocs;
    bool scan_hwp3, scan_onenote, scan_image, scan_fuzzy;
    bool normalize, phishing_urls, alert_broken, alert_macros, alert_crossed, no_certificates,
            structured;
    uint64_t ssn_format, ssn_count, card_count, card_mode;
    uint64_t html_bytes, no_tags_bytes, text_bytes; /* 0: as given by nobody */
    uint64_t partitions;                            /* UINT64_MAX: as given by nobody */
    uint64_t pcre_matches, pcre_depth, pcre_bytes;  /* 0: as given by nobody */
    bool alert_encrypted, alert_encrypted_archive, alert_encrypted_document, alert_exceeds;
    bool heuristics_first;
    bool no_cache;                             /* of the compiled database */
    unsigned follow_directories, follow_files; /* 0 never, 1 as named, 2 always */
    uint64_t directory_depth_max;
    uint64_t file_bytes_max;  /* 0: as given by nobody */
    bool fips_limits;         /* nothing is trusted by MD5 or SHA-1 */
    const char *certificates; /* a folder; NULL: the usual one */
    const char *log;
    const char *list;
    const char *move_to;          /* a folder, for COPY and MOVE */
    const char *temporary_folder; /* NULL: /tmp */
    bool leave_temps;
    uint64_t cvd_days_max;
    enum clamscan_action action;
    struct ov_words databases;
    struct ov_words paths;
    struct ov_words pua_include, pua_exclude;
    struct clamscan_patterns exclude, exclude_dir, include, include_dir;
    overt_limits limits;
};

/* What was counted. */
struct clamscan_counts {
    uint64_t directories, files, infected, errors, bytes, incomplete;
    uint64_t refused; /* signatures that were not loaded */
};

struct clamscan {
    struct clamscan_options options;
    struct clamscan_counts counts;
    FILE *log; /* owned; NULL: none */
    overt_db *db;
};

/* clamscan_options.c. False: it was said what is wrong. */
bool clamscan_options_read(struct clamscan_options *o, int argc, char **argv);
void clamscan_options_done(struct clamscan_options *o);
void clamscan_help(FILE *to);

/* clamscan_rules.c: opens the compiled databases, compiling them if no cache has them. */
bool clamscan_rules_open(struct clamscan *c);

/* clamscan_cache.c: the database at this path was used just now; the folder keeps those used last, as
 * many and as large as it may. */
void clamscan_cache_used(const char *path);
void clamscan_cache_prune(const char *path);

/* clamscan_cvd.c: of containers. */
bool clamscan_cvd_is(const char *path);
/* Is there a newer one beside it, .cld beside .cvd? */
bool clamscan_cvd_is_outdated(const char *path);
uint64_t clamscan_cvd_age_days(int fd);

/* clamscan_json.c: `!ZIP:a.zip!(2)ZIP:name`, where an object lies in its file. */
void clamscan_put_inside(struct ov_buf *out, const overt_report *report, uint32_t ordinal);
void clamscan_json(struct clamscan *c, const char *path, overt_report *report);

/* clamscan_files.c: everything that is to be looked at, one after the other. `fd` is the callee's. */
typedef void (*clamscan_file_fn)(struct clamscan *c, void *payload, const char *path, int fd);
void clamscan_files(struct clamscan *c, clamscan_file_fn fn, void *payload);

/* clamscan_tell.c */
void clamscan_say(struct clamscan *c, const char *fmt, ...) OV_PRINTF(2, 3);   /* a result */
void clamscan_warn(struct clamscan *c, const char *fmt, ...) OV_PRINTF(2, 3);  /* WARNING: */
void clamscan_error(struct clamscan *c, const char *fmt, ...) OV_PRINTF(2, 3); /* ERROR: */
/* What a report says of its file, and what is done with it. */
void clamscan_tell(struct clamscan *c, const char *path, overt_report *report);
void clamscan_summary(struct clamscan *c, int64_t begun, uint64_t ms);

#endif
