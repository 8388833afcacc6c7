/* SPDX-License-Identifier: Apache-2.0 */
/* result.h - what is known about one file and about a whole run, before it is shown in any way.
 * All text in it came from outside: names of files, of rules, of members. */
#ifndef OV_REPORT_RESULT_H
#define OV_REPORT_RESULT_H

#include <stdbool.h>

#include <overt/overt.h>

#include "base/buf.h"

/* Where the rule of a hit is from, as far as it is known. */
struct ov_provenance {
    bool is_suppression; /* no rule: a digest that an entry of the log wants passed over */
    bool is_local;       /* the owner's own: no log vouches for it */
    bool is_logged;      /* entry `index` of `log`, public since `time` */
    uint64_t index;
    uint64_t time;
    uint32_t witnesses;
    overt_text log;
    overt_text name;    /* of the rule, without what only the database needs */
    bool is_suppressed; /* the object is one that entry `by` wants passed over */
    uint64_t suppressed_by;
};

/* Fills `out` for one hit of `within`. */
typedef void (*ov_provenance_fn)(const void *payload, const overt_report *within,
        const overt_hit *hit, struct ov_provenance *out);

struct ov_result {
    struct ov_bytes path;
    overt_verdict verdict;
    uint64_t size;
    const overt_report *report;    /* NULL: it could not be opened, or never reached a worker */
    const overt_report *explained; /* a second look in the explain profile; NULL: there was none */
    const char *reason;            /* report is NULL: why FAILED, a stable name */
    struct ov_bytes detail;        /* report is NULL: the same for people */
    bool has_suppressed;           /* hits that are shown and do not count */
    ov_provenance_fn provenance;   /* NULL: nothing is known of where rules are from */
    const void *provenance_payload;
};

void ov_result_provenance(const struct ov_result *result, const overt_report *within,
        const overt_hit *hit, struct ov_provenance *out);

/* A hit or a gap, with the best that is known of where. */
struct ov_finding {
    bool is_hit;
    const overt_hit *hit;       /* is_hit */
    const overt_gap *gap;       /* else */
    const overt_report *within; /* the report that numbers the objects */
    uint32_t object;
};

/* Calls `fn` for what was found: from the second look where there was one, then what only the
 * first look told. Hits first. */
typedef void (*ov_finding_fn)(void *payload, const struct ov_finding *finding);
void ov_result_findings(const struct ov_result *result, ov_finding_fn fn, void *payload);

/* Names of the containers and the object itself, outermost first; none for the file itself or
 * where names are not known. Returns how many; at most `max`, the innermost ones. */
size_t ov_result_chain(const overt_report *report, uint32_t object, overt_text *names, size_t max);
#define OV_CHAIN_MAX 128u

struct ov_summary {
    uint64_t files;
    uint64_t bytes;
    uint64_t clean, detected, incomplete, failed;
    uint64_t excluded;      /* --exclude */
    uint64_t links;         /* symbolic links, not followed */
    uint64_t special;       /* sockets, FIFOs, devices */
    uint64_t vanished;      /* gone between listing and opening */
    uint64_t other_fs;      /* folders on other file systems, --one-file-system */
    uint64_t kernel_fs;     /* /proc, /sys and the like */
    uint64_t loops;         /* folders inside themselves (bind mounts) */
    uint64_t unchanged;     /* files not looked at again: CLEAN before, under the same rules */
    const char *profile;    /* "quick", "full"; NULL: paths that were named */
    uint64_t not_explained; /* beyond the number of second looks */
    uint64_t deaths;        /* of workers */
    uint64_t ms;
    bool interrupted;
    bool completed; /* false: what was to be looked at was not looked at to its end */
    uint64_t rules, hashes;
    const char *rules_name;   /* where they come from */
    bool rules_are_local;     /* the owner's own: no log vouches for them */
    uint8_t rules_sha256[32]; /* of the database's body */
    uint64_t rules_left_out;  /* errors in rules, with --keep-good */
    const char *layers;       /* in force */
    const char *missing;      /* required layers that were done without, or "" */
    const char *bonuses;      /* layers this machine does not have and that are no must, or "" */
};

/* JSON Lines (docs/formats/scan-json.md): one object with its newline. */
void ov_json_file(struct ov_buf *out, const struct ov_result *result);
void ov_json_summary(struct ov_buf *out, const struct ov_summary *summary);

/* For people. Escaped; one line a finding. `colour`: with terminal colours. */
/* " [entry 7 of LOG, public since DAY, 3 witnesses]"; nothing for a rule of no log. */
void ov_lines_provenance(struct ov_buf *out, const struct ov_provenance *from);
void ov_lines_file(struct ov_buf *out, const struct ov_result *result, bool colour);
void ov_lines_summary(struct ov_buf *out, const struct ov_summary *summary);

/* Everything there is to say of one file, looked at in the explain profile (result->report). */
void ov_lines_explain(
        struct ov_buf *out, const struct ov_result *result, const overt_db *db, bool colour);
void ov_json_explain(struct ov_buf *out, const struct ov_result *result, const overt_db *db);

/* "1.4 GB", "312 B": decimal units. */
void ov_lines_bytes(struct ov_buf *out, uint64_t bytes);

/* What every record about a file has: path, verdict, sizes, hits and gaps, with a comma before. */
void ov_json_body(struct ov_buf *out, const struct ov_result *result);

/* "name":"..." and, where it is not UTF-8, ,"name_hex":"..." too. */
void ov_json_text(struct ov_buf *out, const char *name, struct ov_bytes text);

static inline struct ov_bytes ov_bytes_of_text(overt_text text)
{
    return ov_bytes_of(text.bytes, text.len);
}

#endif
