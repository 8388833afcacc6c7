/* SPDX-License-Identifier: Apache-2.0 */
/* scanner.c - the public side of scanning: one file, or many under way at once. What happens to
 * the workers is pool.c. */
#include "api/scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "api/fail.h"
#include "api/memfd.h"
#include "api/modules.h"
#include "api/values.h"
#include "base/checked.h"

#define WORKERS_MAX       1024u
#define IN_FLIGHT_MAX     128u /* what fits into a socket's buffer with its descriptors */
#define IN_FLIGHT         32u
#define EXPLAIN_BYTES_MAX (4u * OV_GIB) /* of one file, at a person's wish */
#define TIME_MS_MAX       (24u * 3600u * 1000u)

#define LOOKS                                                                      \
    (OVERT_LOOK_RAW | OVERT_LOOK_NO_STRINGS | OVERT_LOOK_FIRST | OVERT_LOOK_UNHELD \
            | OVERT_LOOK_MODULES | OVERT_LOOK_OBJECTS | OVERT_LOOK_COSTS)

/* Memory of one process: 64 bits of it hold no more parts than this. */
#define REGIONS_MAX (1024u * 1024u)

static uint32_t processors(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > (long)WORKERS_MAX ? WORKERS_MAX : (uint32_t)n;
}

static overt_status check_limits(const overt_limits *limits, overt_error *err)
{
    if (limits->version != OVERT_LIMITS_VERSION || limits->reserved != 0) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "limits of version %u are unknown; begin with OVERT_LIMITS_INIT", limits->version);
    }
    if (limits->depth_max > OV_DEPTH_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a depth of %u is over the limit of %u",
                limits->depth_max, OV_DEPTH_MAX);
    }
    if (limits->time_ms_max > TIME_MS_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a time limit is at most a day");
    }
    return OVERT_OK;
}

static overt_status check_options(const overt_options *options, unsigned *without, overt_error *err)
{
    if (options->version != OVERT_OPTIONS_VERSION) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "options of version %u are unknown; begin with OVERT_OPTIONS_INIT",
                options->version);
    }
    if (options->workers > WORKERS_MAX || options->in_flight > IN_FLIGHT_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "at most %u workers with %u files waiting at each", WORKERS_MAX, IN_FLIGHT_MAX);
    }
    if (options->bulk > 1 || options->reserved != 0
            || (options->bulk != 0 && options->profile == OVERT_PROFILE_EXPLAIN)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "bulk is 0 or 1, and for the verdict profile; what is reserved is 0");
    }
    if ((options->look & ~LOOKS) != 0
            || (options->look != 0 && options->profile != OVERT_PROFILE_EXPLAIN)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "how to look (0x%x) is for the explain profile, with what it knows", options->look);
    }
    if (options->profile != (overt_profile)0 && options->profile != OVERT_PROFILE_VERDICT
            && options->profile != OVERT_PROFILE_EXPLAIN) {
        return ov_fail(
                err, OVERT_E_ARGUMENT, UINT64_MAX, "profile %d is unknown", (int)options->profile);
    }
    if (options->remember != 0 && options->profile == OVERT_PROFILE_EXPLAIN) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "contents are remembered in the verdict profile alone");
    }
    if (options->explain_bytes_max > EXPLAIN_BYTES_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "an explanation has at most %llu bytes",
                (unsigned long long)EXPLAIN_BYTES_MAX);
    }
    for (const char *const *name = options->weaker; name != NULL && *name != NULL; name++) {
        const unsigned layer = ov_jail_layer_of(*name);

        if (layer == 0) {
            return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "the jail has no layer '%s'", *name);
        }
        *without |= layer;
    }
    return OVERT_OK;
}

static uint32_t scan_flags(uint32_t look)
{
    return ((look & OVERT_LOOK_RAW) != 0 ? OV_SCAN_RAW : 0)
           | ((look & OVERT_LOOK_NO_STRINGS) != 0 ? OV_SCAN_NO_STRINGS : 0)
           | ((look & OVERT_LOOK_FIRST) != 0 ? OV_SCAN_FIRST : 0)
           | ((look & OVERT_LOOK_UNHELD) != 0 ? OV_SCAN_UNHELD : 0)
           | ((look & OVERT_LOOK_OBJECTS) != 0 ? OV_SCAN_OBJECTS : 0)
           | ((look & OVERT_LOOK_MODULES) != 0 ? OV_SCAN_MODULES : 0)
           | ((look & OVERT_LOOK_COSTS) != 0 ? OV_SCAN_COSTS : 0);
}

/* Of what is to be remembered in all. */
static uint32_t share_of(uint32_t places, size_t workers)
{
    const uint64_t share = workers == 0 ? 0 : ((uint64_t)places + workers - 1) / workers;

    return share < OV_SCAN_REMEMBER_MAX ? (uint32_t)share : OV_SCAN_REMEMBER_MAX;
}

overt_status overt_scanner_new(overt_scanner **out, overt_db *db, const overt_limits *limits,
        const overt_options *options, overt_error *err)
{
    const overt_limits limits_default = OVERT_LIMITS_INIT;
    const overt_options options_default = OVERT_OPTIONS_INIT;
    overt_scanner *s;
    overt_status status;
    unsigned without = 0;

    if (out == NULL || db == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a scanner needs a database");
    }
    limits = limits == NULL ? &limits_default : limits;
    options = options == NULL ? &options_default : options;
    status = check_limits(limits, err);
    if (status == OVERT_OK) {
        status = check_options(options, &without, err);
    }
    if (status != OVERT_OK) {
        return status;
    }
    s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return ov_fail_nomem(err, "a scanner");
    }
    s->db = ov_database_hold(db);
    s->limits = *limits;
    s->profile = options->profile == OVERT_PROFILE_EXPLAIN ? OV_JAIL_EXPLAIN : OV_JAIL_VERDICT;
    s->explain_bytes_max =
            options->explain_bytes_max == 0 ? OV_EXPLAIN_BYTES_DEFAULT : options->explain_bytes_max;
    s->wanted_kib = (uint32_t)((options->explain_bytes_max + OV_KIB - 1) / OV_KIB);
    s->scan_flags = scan_flags(options->look);
    s->without = without;
    s->in_flight_max = options->in_flight == 0 ? IN_FLIGHT : options->in_flight;
    s->bulk = options->bulk != 0 && s->in_flight_max >= 2u * OV_FILES_MAX;
    s->time_ms_max = limits->time_ms_max == 0 ? OV_TIME_MS_DEFAULT : limits->time_ms_max;
    s->cpu_seconds = 2u * ((s->time_ms_max + 999u) / 1000u);
    s->poll_fd = -1;
    status = ov_pool_init(s, options->workers == 0 ? processors() : options->workers, err);
    s->remember = share_of(options->remember, s->worker_count);
    if (status != OVERT_OK) {
        overt_scanner_free(s);
        return status;
    }
    *out = s;
    return OVERT_OK;
}

void overt_scanner_free(overt_scanner *scanner)
{
    if (scanner == NULL) {
        return;
    }
    ov_pool_done(scanner);
    ov_modules_done(scanner);
    overt_db_free(scanner->db);
    free(scanner);
}

/* A file that may cross the wall: regular, so that it has a size and can be read at any place, and
 * not to be written through, so that a worker gains nothing by it but its bytes. */
overt_status ov_scanner_check_file(
        int fd, const char *name, struct stat *st, bool *sealed, overt_error *err)
{
    overt_status status;
    const int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fstat(fd, st) != 0) {
        status = ov_fail_errno(err, errno, "the descriptor could not be examined");
        ov_error_about_text(err, name);
        return status;
    }
    if (!S_ISREG(st->st_mode)) {
        (void)ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "only regular files can be scanned");
        ov_error_about_text(err, name);
        return OVERT_E_ARGUMENT;
    }
    *sealed = false;
    if ((flags & O_ACCMODE) != O_RDONLY && (flags & O_PATH) == 0) {
        *sealed = ov_memfd_is_sealed(fd);
    }
    if (((flags & O_ACCMODE) != O_RDONLY || (flags & O_PATH) != 0) && !*sealed) {
        (void)ov_fail(
                err, OVERT_E_ARGUMENT, UINT64_MAX, "the descriptor must be open for reading only");
        ov_error_about_text(err, name);
        return OVERT_E_ARGUMENT;
    }
    return OVERT_OK;
}

/* A file goes to the worker that may remember it, if it can. */
static uint32_t home_of(const struct stat *st)
{
    const uint64_t mixed =
            ((uint64_t)st->st_ino ^ (uint64_t)st->st_dev << 32) * UINT64_C(0x9e3779b97f4a7c15);

    return (uint32_t)(mixed >> 33);
}

struct ov_job *ov_scanner_job(
        overt_scanner *s, int fd, const char *name, uint64_t token, const struct stat *st)
{
    struct ov_job *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return NULL;
    }
    job->report = ov_report_new(s->db, name, token);
    if (job->report == NULL) {
        free(job);
        return NULL;
    }
    job->report->size = (uint64_t)st->st_size;
    job->fd = fd;
    job->regions_fd = -1;
    ov_buf_init(&job->values, OV_VALUES_BYTES_MAX);
    job->mtime = st->st_mtim;
    job->seq = ++s->seq_last;
    job->report->by_name = (s->scan_flags & OV_SCAN_RAW) == 0;
    job->goes_along = s->profile == OV_JAIL_VERDICT;
    job->home = s->remember == 0 ? OV_JOB_NO_HOME : home_of(st);
    job->request = (struct ov_request){
        .magic = ov_le32_of(OV_REQUEST_MAGIC),
        .kind = ov_le32_of(OV_REQUEST_SCAN),
        .seq = ov_le32_of(job->seq),
        .flags = ov_le32_of(
                s->profile == OV_JAIL_EXPLAIN ? s->wanted_kib | s->scan_flags : s->remember),
        .size = ov_le64_of((uint64_t)st->st_size),
        .bytes_max = ov_le64_of(s->limits.bytes_max),
        .object_bytes_max = ov_le64_of(s->limits.object_bytes_max),
        .steps_max = ov_le64_of(s->limits.steps_max),
        .objects_max = ov_le32_of(s->limits.objects_max),
        .depth_max = ov_le32_of(s->limits.depth_max),
        .ratio_max = ov_le32_of(s->limits.ratio_max),
    };
    return job;
}

/* What is handed over with a file. */
struct extras {
    const overt_value *values;
    size_t value_count;
    const overt_region *regions;
    size_t region_count;
};

/* Values for variables that the database has, of the types it has them in. */
static overt_status add_values(
        overt_scanner *s, struct ov_job *job, const struct extras *extras, overt_error *err)
{
    for (size_t i = 0; i < extras->value_count; i++) {
        const overt_status status = ov_value_check(s->db, &extras->values[i], err);

        if (status != OVERT_OK) {
            return status;
        }
        ov_value_put(&job->values, &extras->values[i]);
    }
    return ov_buf_ok(&job->values)
                   ? OVERT_OK
                   : ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                           "values of external variables have at most %u bytes together",
                           OV_VALUES_BYTES_MAX);
}

static overt_status add_regions(struct ov_job *job, const struct extras *extras, overt_error *err)
{
    const uint32_t flags = ov_le32_get(job->request.flags);
    uint64_t end = 0, bytes = 0;
    struct ov_buf list;
    overt_status status;

    if (extras->regions == NULL) {
        return OVERT_OK;
    }
    if ((flags & OV_SCAN_RAW) == 0 || extras->region_count > REGIONS_MAX) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "memory is looked at raw, and has at most %u parts", REGIONS_MAX);
    }
    ov_buf_init(&list, (size_t)REGIONS_MAX * sizeof(struct ov_region));
    for (size_t i = 0; i < extras->region_count; i++) {
        const overt_region *at = &extras->regions[i];
        const struct ov_region region = { .address = ov_le64_of(at->address),
            .bytes = ov_le64_of(at->bytes) };

        if (at->bytes == 0 || at->address < end || !ov_add(&end, at->address, at->bytes)) {
            ov_buf_done(&list);
            return ov_fail(
                    err, OVERT_E_ARGUMENT, UINT64_MAX, "parts of memory ascend, and none is empty");
        }
        bytes += at->bytes; /* disjoint: no more than 64 bits */
        ov_buf_put(&list, &region, sizeof(region));
    }
    status = ov_buf_ok(&list)
                     ? ov_memfd_of(&job->regions_fd, "overt-regions", ov_buf_bytes(&list), err)
                     : ov_fail_nomem(err, "a list of parts of memory");
    ov_buf_done(&list);
    job->report->size = bytes;
    job->request.flags = ov_le32_of(flags | OV_SCAN_REGIONS);
    job->request.size = ov_le64_of(extras->region_count);
    return status;
}

static overt_status submit(overt_scanner *s, int fd, bool take, const char *name, uint64_t token,
        const struct extras *extras, overt_error *err)
{
    const char *shown = name == NULL ? "" : name;
    overt_error why = OVERT_ERROR_INIT;
    struct ov_job *job;
    overt_status status;
    struct stat st = { .st_size = 0 };
    bool sealed = false;
    size_t sent;

    if (s->waiting.first != NULL) { /* these were here first */
        return ov_fail(err, OVERT_E_BUSY, UINT64_MAX, "every place is taken; collect first");
    }
    status = ov_scanner_check_file(fd, shown, &st, &sealed, err);
    if (status != OVERT_OK) {
        return status;
    }
    job = ov_scanner_job(s, fd, shown, token, &st);
    if (job == NULL) {
        return ov_fail_nomem(err, "one more file");
    }
    job->sealed = sealed;
    if (extras != NULL) {
        status = add_values(s, job, extras, err);
        status = status == OVERT_OK ? add_regions(job, extras, err) : status;
        if (status != OVERT_OK) {
            ov_job_free(job);
            return status;
        }
    }
    status = ov_pool_send(s, &job, 1, &sent, &why);
    if (status == OVERT_OK) {
        s->under_way++;
        job->report->fd = take ? fd : -1;
        return OVERT_OK;
    }
    ov_job_free(job);
    if (status == OVERT_E_BUSY) {
        return ov_fail(err, OVERT_E_BUSY, UINT64_MAX, "every place is taken; collect first");
    }
    if (err != NULL) {
        *err = why;
    }
    return status;
}

overt_status overt_submit(
        overt_scanner *scanner, int fd, const char *name, uint64_t token, overt_error *err)
{
    if (scanner == NULL || fd < 0) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a scan needs a scanner and a file");
    }
    return submit(scanner, fd, true, name, token, NULL, err);
}

static overt_status submit_extras(overt_scanner *scanner, int fd, const char *name, uint64_t token,
        const struct extras *extras, overt_error *err)
{
    if (scanner == NULL || fd < 0 || (extras->values == NULL && extras->value_count != 0)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a scan needs a scanner and a file");
    }
    if (scanner->profile != OV_JAIL_EXPLAIN) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "a verdict is about bytes and rules alone: values and parts of memory are for the "
                "explain profile");
    }
    return submit(scanner, fd, true, name, token, extras, err);
}

overt_status overt_submit_with(overt_scanner *scanner, int fd, const char *name, uint64_t token,
        const overt_value *values, size_t value_count, overt_error *err)
{
    const struct extras extras = { .values = values, .value_count = value_count };

    return submit_extras(scanner, fd, name, token, &extras, err);
}

overt_status overt_submit_regions(overt_scanner *scanner, int fd, const char *name, uint64_t token,
        const overt_region *regions, size_t region_count, const overt_value *values,
        size_t value_count, overt_error *err)
{
    const struct extras extras = { values, value_count, regions, region_count };

    if (regions == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there are no parts of memory to scan");
    }
    return submit_extras(scanner, fd, name, token, &extras, err);
}

static overt_report *take_done(overt_scanner *s)
{
    struct ov_job *job = ov_job_take(&s->done);
    overt_report *report;

    if (job == NULL) {
        return NULL;
    }
    report = job->report;
    job->report = NULL;
    job->fd = -1;
    ov_job_free(job);
    return report;
}

overt_status overt_collect(
        overt_scanner *scanner, int wait_ms, overt_report **out, overt_error *err)
{
    uint64_t until;

    if (scanner == NULL || out == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "there is nothing to collect from");
    }
    until = wait_ms < 0 ? UINT64_MAX : ov_clock_ms() + (uint64_t)wait_ms;
    for (;;) {
        overt_report *report = take_done(scanner);
        uint64_t now;

        if (report != NULL) {
            *out = report;
            return OVERT_OK;
        }
        if (scanner->under_way == 0 && scanner->broken) {
            if (err != NULL) {
                *err = scanner->why;
            }
            return (overt_status)scanner->why.status;
        }
        now = wait_ms <= 0 ? 0 : ov_clock_ms();
        if (wait_ms > 0) {
            wait_ms = now < until ? (int)(until - now) : 0;
        }
        if (!ov_pool_is_busy(scanner)) {
            wait_ms = 0; /* only to hear of a worker that died idle */
        }
        if (!ov_pool_turn(scanner, wait_ms)
                || (scanner->done.first == NULL && (wait_ms == 0 || scanner->under_way == 0))) {
            *out = NULL;
            return OVERT_OK;
        }
    }
}

size_t overt_pending(const overt_scanner *scanner)
{
    return scanner->under_way + scanner->done.count;
}

int overt_scanner_fd(const overt_scanner *scanner)
{
    return scanner->poll_fd;
}

static overt_status scan_alone(
        overt_scanner *s, int fd, const char *name, overt_report **out, overt_error *err)
{
    overt_status status;

    if (overt_pending(s) != 0) {
        return ov_fail(err, OVERT_E_BUSY, UINT64_MAX, "this scanner is already scanning");
    }
    while ((status = submit(s, fd, false, name, 0, NULL, err)) == OVERT_E_BUSY) {
        /* The only place is at a worker that has just died or still proves that it can start. */
        (void)ov_pool_turn(s, -1);
    }
    if (status != OVERT_OK) {
        return status;
    }
    for (;;) {
        overt_report *report = NULL;

        status = overt_collect(s, -1, &report, err);
        if (status != OVERT_OK) {
            return status;
        }
        if (report != NULL) { /* NULL: a signal came, which is the caller's to look at later */
            *out = report;
            return OVERT_OK;
        }
    }
}

overt_status overt_scan_fd(
        overt_scanner *scanner, int fd, const char *name, overt_report **out, overt_error *err)
{
    if (scanner == NULL || fd < 0 || out == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a scan needs a scanner and a file");
    }
    return scan_alone(scanner, fd, name, out, err);
}

overt_status overt_scan_bytes(overt_scanner *scanner, const void *data, size_t len,
        const char *name, overt_report **out, overt_error *err)
{
    auto_fd int fd = -1;
    overt_status status;

    if (scanner == NULL || (data == NULL && len != 0) || out == NULL) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "a scan needs a scanner and bytes");
    }
    status = ov_memfd_of(&fd, "overt-scan", ov_bytes_of(data, len), err);
    return status == OVERT_OK ? scan_alone(scanner, fd, name, out, err) : status;
}

const char *overt_scanner_layers(const overt_scanner *scanner)
{
    return scanner->layer_names;
}

uint64_t overt_scanner_deaths(const overt_scanner *scanner)
{
    return scanner->deaths;
}
