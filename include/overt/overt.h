/* SPDX-License-Identifier: Apache-2.0
 *
 * overt.h - the public interface of libovert.
 *
 * Life of a scan: open a database, make a scanner on it, scan files, read the reports. Whatever
 * reads file content or rule text does so in a jailed process of its own; there is no other mode.
 *
 *   overt_error err = OVERT_ERROR_INIT;
 *   overt_db *db = NULL;
 *   if (overt_db_open(&db, "/var/lib/overt/active.ovdb", &err) != OVERT_OK)
 *       die("%s", err.message);
 *
 * Ownership, everywhere in this header:
 *   - an object handed back through a pointer-to-pointer is yours; free it with its own _free;
 *   - a pointer returned directly is borrowed and lives as long as the object it came from;
 *   - every _free accepts NULL;
 *   - on failure output pointers are left as they were and *err says why.
 *
 * Threads: an overt_db is immutable and may be shared. An overt_scanner belongs to one thread at
 * a time. Nothing is kept in thread-local or global state; there is no init call.
 */
#ifndef OVERT_OVERT_H
#define OVERT_OVERT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OVERT_API        __attribute__((visibility("default")))
#define OVERT_MUST_CHECK __attribute__((warn_unused_result))
#else
#define OVERT_API
#define OVERT_MUST_CHECK
#endif

typedef struct overt_db overt_db;             /* a compiled, verified, read-only rule database */
typedef struct overt_compiler overt_compiler; /* gathers rule sources, writes a database */
typedef struct overt_scanner overt_scanner;   /* jailed workers on one database */
typedef struct overt_report overt_report;     /* what one scan found and how complete it was */

/* Grouped by who can act on it: 1xx caller, 2xx the machine, 3xx the input, 9xx overt itself. */
typedef enum overt_status {
    OVERT_OK = 0,
    OVERT_E_ARGUMENT = 101, /* the call itself is wrong */
    OVERT_E_BUSY = 102,     /* this scanner is already scanning */
    OVERT_E_NOMEM = 201,    /* allocation failed */
    OVERT_E_IO = 202,       /* see overt_error.sys_errno */
    OVERT_E_SANDBOX = 203,  /* the sandbox could not be set up; nothing was scanned */
    OVERT_E_SYNTAX = 301,   /* rule source; see line and column */
    OVERT_E_CORRUPT = 302,  /* database damaged; see offset */
    OVERT_E_VERSION = 303,  /* database from another version of overt */
    OVERT_E_LIMIT = 304,    /* larger than a limit allows */
    OVERT_E_INTERNAL = 901  /* a bug in overt */
} overt_status;

/* Caller-owned, fixed size for ever, filled only on failure. No allocation, nothing to free. */
typedef struct overt_error {
    int32_t status;    /* an overt_status */
    int32_t sys_errno; /* 0 if no system call was involved */
    uint32_t line;     /* 1-based; 0 if not about text */
    uint32_t column;   /* 1-based; 0 if not about text */
    uint64_t offset;   /* byte offset; UINT64_MAX if not about bytes */
    char source[104];  /* file or rule the error is about, NUL-terminated */
    char message[128]; /* one sentence, no newline, NUL-terminated */
} overt_error;

#define OVERT_ERROR_INIT               \
    {                                  \
        0, 0, 0, 0, UINT64_MAX, "", "" \
    }

/* A scan that stopped early is never CLEAN. */
typedef enum overt_verdict {
    OVERT_CLEAN = 0,     /* everything reachable was scanned; no rule held */
    OVERT_DETECTED = 1,  /* at least one rule held */
    OVERT_FAILED = 2,    /* the worker died or the input could not be read */
    OVERT_INCOMPLETE = 3 /* nothing held, but a limit or a damaged part was hit */
} overt_verdict;

/* Bounds on the work one scan may do. Zero in a field means the documented default. */
typedef struct overt_limits {
    uint32_t version;          /* OVERT_LIMITS_VERSION */
    uint32_t depth_max;        /* containers inside containers; default 20 */
    uint32_t objects_max;      /* objects in one scan, the file included; default 100,000 */
    uint32_t ratio_max;        /* unpacked bytes per packed byte; default 1,000 */
    uint32_t time_ms_max;      /* wall clock; default 120,000 */
    uint32_t reserved;         /* zero */
    uint64_t bytes_max;        /* bytes examined, all levels together; default 4 GiB */
    uint64_t object_bytes_max; /* bytes of any one inner object; default 100 MiB */
    uint64_t steps_max;        /* steps of confirming and evaluating rules; default by size */
} overt_limits;

#define OVERT_LIMITS_VERSION 1u
#define OVERT_LIMITS_INIT                            \
    {                                                \
        OVERT_LIMITS_VERSION, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/* --- databases ------------------------------------------------------------------------------ */

/* Maps the file and checks its header and section bounds; offsets are checked where they are
 * used. The cost does not depend on the size. */
OVERT_API OVERT_MUST_CHECK overt_status overt_db_open(
        overt_db **out, const char *path, overt_error *err);
/* The same from bytes that stay yours and unchanged for the life of the database: copied into a
 * sealed memory file for the workers. */
OVERT_API OVERT_MUST_CHECK overt_status overt_db_open_bytes(
        overt_db **out, const void *data, size_t len, overt_error *err);
OVERT_API void overt_db_free(overt_db *db);

/* Checks the digest and, in a jail, every offset of the whole file: what is done once, when a
 * database becomes active. */
OVERT_API OVERT_MUST_CHECK overt_status overt_db_verify(overt_db *db, overt_error *err);
/* Writes the file to `fd`, byte for byte. */
OVERT_API OVERT_MUST_CHECK overt_status overt_db_write(
        const overt_db *db, int fd, overt_error *err);

OVERT_API uint64_t overt_db_bytes(const overt_db *db);
OVERT_API uint64_t overt_db_rule_count(const overt_db *db); /* without hash rules */
OVERT_API uint64_t overt_db_hash_count(const overt_db *db);
/* Signatures as ClamAV counts those of its databases; of others, rules and hashes. */
OVERT_API uint64_t overt_db_signature_count(const overt_db *db);
OVERT_API void overt_db_digest(const overt_db *db, uint8_t sha256[32]); /* of the body */

typedef struct overt_text {
    const char *bytes; /* not NUL-terminated; may hold anything */
    size_t len;
} overt_text;

typedef enum overt_value_kind {
    OVERT_VALUE_BOOLEAN = 1, /* integer: 0 or 1 */
    OVERT_VALUE_INTEGER,
    OVERT_VALUE_FLOAT,
    OVERT_VALUE_TEXT
} overt_value_kind;

/* An external variable of rules and its value. */
typedef struct overt_value {
    overt_text name;
    overt_value_kind kind;
    int64_t integer;
    double real;
    overt_text text;
} overt_value;
OVERT_API uint64_t overt_db_external_count(const overt_db *db);
/* An external variable of the rules, with the value given when they were compiled. */
OVERT_API OVERT_MUST_CHECK overt_status overt_db_external(
        const overt_db *db, uint64_t number, overt_value *out, overt_error *err);

enum overt_meta_kind {
    OVERT_META_BOOLEAN = 1, /* integer: 0 or 1 */
    OVERT_META_INTEGER,
    OVERT_META_TEXT
};

typedef struct overt_meta {
    overt_text name;
    enum overt_meta_kind kind;
    int64_t integer;
    overt_text text;
} overt_meta;

/* What a rule says of itself. Hash rules are numbered behind the others and have only a name. */
typedef struct overt_rule {
    uint32_t number;
    overt_text name;
    overt_text space; /* namespace */
    overt_text source;
    overt_text file; /* as the compiler was told */
    uint32_t line;   /* where the rule begins in it */
    uint32_t meta_count;
    uint32_t tag_count;
    uint32_t string_count;
    int is_private;
    int is_global;
    int is_hash;
} overt_rule;

/* OVERT_E_ARGUMENT for a number that is none; OVERT_E_CORRUPT if the database lies about it. */
OVERT_API OVERT_MUST_CHECK overt_status overt_db_rule(
        const overt_db *db, uint64_t number, overt_rule *out, overt_error *err);
OVERT_API OVERT_MUST_CHECK overt_status overt_db_rule_meta(
        const overt_db *db, uint64_t number, uint32_t index, overt_meta *out, overt_error *err);
OVERT_API OVERT_MUST_CHECK overt_status overt_db_rule_tag(
        const overt_db *db, uint64_t number, uint32_t index, overt_text *out, overt_error *err);

OVERT_API OVERT_MUST_CHECK overt_status overt_db_rule_string(const overt_db *db, uint64_t number,
        uint32_t index, overt_text *out, overt_error *err); /* its name, "$a" */

/* --- compiling ------------------------------------------------------------------------------ */

typedef enum overt_dialect {
    OVERT_YARA = 1,
    OVERT_HASHLIST = 2,       /* DIGEST[:SIZE]:NAME lines */
    OVERT_CLAMAV = 3,         /* a database of ClamAV's; what it is, the end of its name says */
    OVERT_CLAMAV_OPTIONS = 4, /* lines: strict, pua, pua-include CATEGORY, pua-exclude CATEGORY,
                                official-only; for the ClamAV sources added behind it */
    OVERT_LOGGED = 16         /* a rule stream: what a log of rules comes to */
} overt_dialect;

/* Called once per problem, in source order. `diag` is borrowed for the length of the call.
 * is_warning: 0 an error, 1 a warning, 2 a note. */
typedef void (*overt_diag_fn)(void *payload, const overt_error *diag, int is_warning);

OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_new(overt_compiler **out, overt_error *err);
OVERT_API void overt_compiler_free(overt_compiler *compiler);
OVERT_API void overt_compiler_on_diag(overt_compiler *compiler, overt_diag_fn fn, void *payload);
/* Lets the compiler's jail do without a layer, by name ("landlock"); said in
 * overt_compiler_layers. */
OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_accept_weaker(
        overt_compiler *compiler, const char *layer, overt_error *err);
/* The whole of a problem, where overt_error cuts long names and sentences. */
typedef struct overt_problem {
    overt_text file;
    overt_text rule; /* empty: about none */
    overt_text message;
    uint32_t line;   /* 0: about the file as a whole */
    uint32_t column; /* 0: about the line */
    int is_warning;
} overt_problem;
typedef void (*overt_problem_fn)(void *payload, const overt_problem *problem);
OVERT_API void overt_compiler_on_problem(
        overt_compiler *compiler, overt_problem_fn fn, void *payload);

/* How the YARA sources added from now on are read. `space`: their namespace; NULL: "default". */
typedef struct overt_yara_options {
    uint32_t version; /* OVERT_YARA_OPTIONS_VERSION */
    uint32_t flags;
    const char *space;
    uint32_t strings_per_rule_max; /* 0: 10,000 */
    uint32_t reserved;             /* zero */
} overt_yara_options;
#define OVERT_YARA_STRICT_ESCAPE  1u /* warn about unknown escape sequences */
#define OVERT_YARA_FIRST_ERROR    2u /* of each rule only the first error is told */
#define OVERT_YARA_STOP_AT_ERRORS 4u /* sources behind one with errors are not read */

#define OVERT_YARA_OPTIONS_VERSION 1u
#define OVERT_YARA_OPTIONS_INIT                   \
    {                                             \
        OVERT_YARA_OPTIONS_VERSION, 0, NULL, 0, 0 \
    }
OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_set_yara(
        overt_compiler *compiler, const overt_yara_options *options, overt_error *err);

/* Asked to open what a rule file includes, for local rules. `path` is as written, joined to the
 * folder of `from` if it is relative; both come out of a jail that read the rules. Gives a
 * descriptor of a regular file, open for reading only; or -1, and the include is an error. */
typedef int (*overt_include_fn)(void *payload, const char *path, const char *from);
OVERT_API void overt_compiler_on_include(
        overt_compiler *compiler, overt_include_fn fn, void *payload);

/* Before overt_compiler_finish; of one name the last counts. Copied. */
OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_define(
        overt_compiler *compiler, const overt_value *value, overt_error *err);

/* `name` is for messages. The text is copied; the descriptor stays yours. */
OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_add(overt_compiler *compiler,
        overt_dialect dialect, const char *name, const void *text, size_t len, overt_error *err);
OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_add_fd(overt_compiler *compiler,
        overt_dialect dialect, const char *name, int fd, overt_error *err);
/* Compiles in a jail. OVERT_E_SYNTAX if any rule had an error (all were told to the diag
 * function); with `keep_good`, the good rules are compiled all the same. */
OVERT_API OVERT_MUST_CHECK overt_status overt_compiler_finish(
        overt_compiler *compiler, int keep_good, overt_db **out, overt_error *err);
/* The jail layers that were in force, comma-separated; "" before overt_compiler_finish. */
OVERT_API const char *overt_compiler_layers(const overt_compiler *compiler);

/* --- scanning ------------------------------------------------------------------------------- */

typedef enum overt_profile {
    OVERT_PROFILE_VERDICT = 1, /* rules, numbers and reasons: 16-byte answers */
    OVERT_PROFILE_EXPLAIN = 2  /* names of inner objects, strings and their offsets too */
} overt_profile;

typedef struct overt_options {
    uint32_t version;           /* OVERT_OPTIONS_VERSION */
    uint32_t workers;           /* processes; 0: one per processor */
    uint32_t in_flight;         /* files a worker has waiting; 0: 32 */
    overt_profile profile;      /* 0: verdict */
    uint64_t explain_bytes_max; /* per file; 0: 64 KiB. Beyond: an error, never a silent cut */
    const char *const *weaker;  /* names of jail layers to do without; NULL-terminated, or NULL */
    uint32_t look;              /* OVERT_LOOK_*: explain profile only */
    uint32_t remember;          /* contents of small files in which nothing was found that workers
                                   know again, in all; verdict profile only; 0: none */
    uint32_t bulk;              /* 1: reports may come some 100 ms late, many at a time, which
                                   costs less; verdict profile only */
    uint32_t reserved;          /* zero */
} overt_options;

#define OVERT_LOOK_RAW        1u /* the bytes of the file alone, not what is inside it */
#define OVERT_LOOK_NO_STRINGS 2u /* no string matches in the reports: faster */
#define OVERT_LOOK_FIRST      4u /* of strings that rules only ask for, the first match is enough */
#define OVERT_LOOK_UNHELD     8u /* string matches of rules that do not hold, too */
#define OVERT_LOOK_OBJECTS    32u /* every object is told of, not those alone in which something is */
#define OVERT_LOOK_MODULES    16u /* what the modules that the rules import say of the file */
#define OVERT_LOOK_COSTS      64u /* what was spent on each rule */

#define OVERT_OPTIONS_VERSION 1u
#define OVERT_OPTIONS_INIT                                                      \
    {                                                                           \
        OVERT_OPTIONS_VERSION, 0, 0, OVERT_PROFILE_VERDICT, 0, NULL, 0, 0, 0, 0 \
    }

/* The scanner keeps `db` alive: yours may be freed first. `limits` and `options` are copied;
 * NULL: defaults. No worker is started before the first file. */
OVERT_API OVERT_MUST_CHECK overt_status overt_scanner_new(overt_scanner **out, overt_db *db,
        const overt_limits *limits, const overt_options *options, overt_error *err);
OVERT_API void overt_scanner_free(overt_scanner *scanner);

/* Hands `fd`, a regular file, to every worker for a module: the report of a sandbox for "cuckoo", the
 * compiled database of libmagic for "magic". Before the first file, explain profile only; the
 * descriptor stays yours. If a worker cannot use it, nothing is scanned and the error says why. */
OVERT_API OVERT_MUST_CHECK overt_status overt_scanner_give(
        overt_scanner *scanner, const char *module, int fd, overt_error *err);

/* One file, start to end. OVERT_OK means the scan was carried out; ask the report what it found.
 * `name` is for people and is not opened. The descriptor is read with pread and stays yours. */
OVERT_API OVERT_MUST_CHECK overt_status overt_scan_fd(
        overt_scanner *scanner, int fd, const char *name, overt_report **out, overt_error *err);
OVERT_API OVERT_MUST_CHECK overt_status overt_scan_bytes(overt_scanner *scanner, const void *data,
        size_t len, const char *name, overt_report **out, overt_error *err);

/* Many files: submit while there is room, collect reports in the order they come.
 * overt_submit takes `fd` (on OVERT_OK only); `token` is given back by overt_report_token.
 * OVERT_E_BUSY: every place is taken; collect first. */
OVERT_API OVERT_MUST_CHECK overt_status overt_submit(
        overt_scanner *scanner, int fd, const char *name, uint64_t token, overt_error *err);
/* Several small files in one memory file that is sealed against writing, growing and shrinking, verdict
 * profile only: each part is scanned as a file of its own, under no name. *taken: how many of the first
 * were submitted; at most 32 at once, and as many as there is room for. The descriptor stays yours, and
 * open until their reports were collected. */
typedef struct overt_part {
    uint64_t offset;
    uint64_t bytes;
    uint64_t token;
} overt_part;
OVERT_API OVERT_MUST_CHECK overt_status overt_submit_parts(overt_scanner *scanner, int fd,
        const overt_part *parts, size_t count, size_t *taken, overt_error *err);
/* overt_submit, explain profile only, with values for external variables that the rules of this
 * database have; they take the place of those given when it was compiled. An integer by the name
 * of OVERT_TIME_NAME is what time.now() gives. */
#define OVERT_TIME_NAME "time.now"
OVERT_API OVERT_MUST_CHECK overt_status overt_submit_with(overt_scanner *scanner, int fd,
        const char *name, uint64_t token, const overt_value *values, size_t value_count,
        overt_error *err);
/* Parts of the memory behind `fd` (/proc/PID/mem, opened by you), each scanned by itself; offsets
 * in the report are addresses. Explain profile with OVERT_LOOK_RAW only. */
typedef struct overt_region {
    uint64_t address;
    uint64_t bytes;
} overt_region;
OVERT_API OVERT_MUST_CHECK overt_status overt_submit_regions(overt_scanner *scanner, int fd,
        const char *name, uint64_t token, const overt_region *regions, size_t region_count,
        const overt_value *values, size_t value_count, overt_error *err);
/* Waits up to `wait_ms` (-1: for ever) for a report. *out is NULL if none came in time, or
 * nothing is under way. A worker that dies or hangs costs its file, not the scan. */
OVERT_API OVERT_MUST_CHECK overt_status overt_collect(
        overt_scanner *scanner, int wait_ms, overt_report **out, overt_error *err);
/* Files submitted whose reports were not collected yet. */
OVERT_API size_t overt_pending(const overt_scanner *scanner);
/* For an event loop of your own: a descriptor to poll, readable when overt_collect has something
 * to do. It stays the scanner's. Call overt_collect once a second too: wall limits need it. */
OVERT_API int overt_scanner_fd(const overt_scanner *scanner);

/* The jail layers in force for this scanner's workers, comma-separated; "" before the first. */
OVERT_API const char *overt_scanner_layers(const overt_scanner *scanner);
/* Workers that died or were killed so far. */
OVERT_API uint64_t overt_scanner_deaths(const overt_scanner *scanner);

/* --- reports -------------------------------------------------------------------------------- */

typedef struct overt_object {
    uint32_t ordinal;
    uint32_t parent;
    uint64_t size;
    const char *type; /* "zip"; "" in the verdict profile */
    overt_text name;  /* inside its parent; empty in the verdict profile */
} overt_object;

typedef struct overt_hit {
    uint32_t rule;   /* number in the database */
    uint32_t object; /* ordinal; 0 is the file itself */
    uint64_t offset; /* first match in that object; UINT64_MAX if not positional */
    overt_text name; /* of the rule */
} overt_hit;

/* How a string is written. */
enum overt_string_kind {
    OVERT_STRING_TEXT = 1,
    OVERT_STRING_HEX,
    OVERT_STRING_REGEX
};

typedef struct overt_string_match {
    uint32_t rule;
    uint32_t object;
    uint64_t offset;
    uint64_t length;
    uint32_t xor_key;
    overt_text name;  /* "$a" */
    overt_text bytes; /* the first bytes that matched */
    uint32_t string;  /* its number in the rule */
    enum overt_string_kind kind;
} overt_string_match;

typedef struct overt_gap {
    uint32_t object;
    const char *reason; /* stable name: "encrypted", "depth", ... */
    const char *text;   /* the same for people */
    overt_text detail;  /* explain profile; may be empty */
} overt_gap;

OVERT_API overt_verdict overt_report_verdict(const overt_report *report);
OVERT_API const char *overt_report_name(const overt_report *report); /* as submitted */
OVERT_API uint64_t overt_report_token(const overt_report *report);
/* Gives the descriptor that was submitted, for a second look at the same file; -1 if overt_submit
 * did not take one, or at the second call. A report that is freed closes what was not asked for. */
OVERT_API int overt_report_take_fd(overt_report *report);
OVERT_API uint64_t overt_report_size(const overt_report *report);
OVERT_API uint32_t overt_report_objects(const overt_report *report); /* seen, the file included */
OVERT_API size_t overt_report_hit_count(const overt_report *report);
OVERT_API const overt_hit *overt_report_hit(const overt_report *report, size_t index); /* or NULL */
/* Why the look is incomplete or failed; more than one is possible. */
OVERT_API size_t overt_report_gap_count(const overt_report *report);
OVERT_API const overt_gap *overt_report_gap(const overt_report *report, size_t index); /* or NULL */
/* Explain profile only. */
OVERT_API const overt_object *overt_report_object(const overt_report *report, uint32_t ordinal);
/* Those that were told of, ascending by ordinal: not all that were seen. */
OVERT_API size_t overt_report_told_count(const overt_report *report);
OVERT_API const overt_object *overt_report_told(const overt_report *report, size_t index);
OVERT_API size_t overt_report_string_count(const overt_report *report);
OVERT_API const overt_string_match *overt_report_string(const overt_report *report, size_t index);
/* Messages of rules (console.log), in the order in which they were said. */
OVERT_API size_t overt_report_said_count(const overt_report *report);
OVERT_API const overt_text *overt_report_said(const overt_report *report, size_t index);
/* The rule that said it: its number in the database. */
OVERT_API uint32_t overt_report_said_rule(const overt_report *report, size_t index);

/* OVERT_USED_*: what was handed over beside the file and rules asked for. The verdict depends on it. */
#define OVERT_USED_TIME    1u /* OVERT_TIME_NAME */
#define OVERT_USED_VALUES  2u /* of external variables, given with the file */
#define OVERT_USED_MODULES 4u /* overt_scanner_give */
OVERT_API uint32_t overt_report_used(const overt_report *report);

/* With OVERT_LOOK_MODULES: a module's facts about the file, as `yara -D` prints them, its name
 * first. What does not print was made to. */
typedef struct overt_module {
    uint32_t rule; /* before which rule of the database it is imported */
    overt_text lines;
} overt_module;
OVERT_API size_t overt_report_module_count(const overt_report *report);
/* A module that the rules import, in the order of their sources; NULL: that was all. */
OVERT_API const char *overt_db_import(const overt_db *db, uint32_t index);
/* False (0): there is no such module. */
OVERT_API int overt_report_module(const overt_report *report, size_t index, overt_module *out);

/* With OVERT_LOOK_COSTS: what one rule cost on one object. All of it is counted: the same bytes and
 * rules give the same numbers, on every machine. */
typedef struct overt_cost {
    uint32_t rule;          /* its number in the database */
    uint32_t object;        /* ordinal; 0: the file */
    uint64_t candidates;    /* places where a few bytes of one of its strings were found */
    uint64_t confirmations; /* of them, compared whole */
    uint64_t string_steps;  /* spent on comparing */
    uint64_t matches;       /* of its strings, as far as they were kept */
    uint64_t condition_steps;
    uint32_t string;       /* number in its rule: the string that cost most */
    uint64_t string_spent; /* its candidates and steps */
} overt_cost;
OVERT_API size_t overt_report_cost_count(const overt_report *report);
/* NULL: there is no such cost. Borrowed. Rules that cost nothing are not told. */
OVERT_API const overt_cost *overt_report_cost(const overt_report *report, size_t index);
OVERT_API void overt_report_free(overt_report *report);

/* --- odds and ends -------------------------------------------------------------------------- */

OVERT_API const char *overt_verdict_text(overt_verdict verdict); /* "CLEAN"; static */
OVERT_API const char *overt_status_text(overt_status status);    /* static, never NULL */
OVERT_API const char *overt_version(void);

#ifdef __cplusplus
}
#endif

#endif
