/* SPDX-License-Identifier: Apache-2.0 */
/* system.c - one look at one system: the walk over its names, which files go to the worker, and what
 * could not be read. */
#include "prohibited/system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/limits.h"
#include "prohibited/looker.h"

/* Every file this large is asked what it is: a volume or disk image may hold a whole system. */
#define LARGE_BYTES (1u << 20)

static void stop(struct ov_looker *l, overt_status status)
{
    if (l->status == OVERT_OK) {
        l->status = status;
    }
}

/* --- what the worker tells ------------------------------------------------------------------ */

/* Members of an archive inside the tree: their names count, too. */
static void hear_member(
        struct ov_looker *l, const struct ov_asked *asked, const struct ov_trace *fact)
{
    (void)snprintf(l->member, sizeof(l->member), "%s!/%s", asked->path, ov_part_of(fact->text, 0));
    l->member_number = fact->member;
    (void)ov_look_name_of(l, &(struct ov_named){ .path = l->member + strlen(asked->path) + 1,
                                     .where = l->member,
                                     .is_folder = (fact->number & 1) != 0,
                                     .in_archive = true });
}

/* The file, or the member of it that is spoken of. */
static const char *where_of(
        const struct ov_looker *l, const struct ov_asked *asked, uint32_t member)
{
    return member != 0 && member == l->member_number ? l->member : asked->path;
}

static void on_fact(void *payload, const struct ov_asked *asked, const struct ov_trace *fact)
{
    struct ov_looker *l = payload;

    if (fact->kind == OV_TRACE_MEMBER) {
        hear_member(l, asked, fact);
    } else {
        ov_look_fact(l, where_of(l, asked, fact->member), fact);
    }
}

static void on_gap(void *payload, const struct ov_asked *asked, uint32_t member,
        enum ov_reason reason, const char *text)
{
    struct ov_looker *l = payload;

    ov_survey_unread(l->survey, ov_look_name(asked->look), where_of(l, asked, member),
            ov_reason_name(reason), text[0] != '\0' ? text : ov_reason_text(reason));
}

static void on_end(void *payload, const struct ov_asked *asked)
{
    struct ov_looker *l = payload;

    ov_survey_looked(l->survey, ov_look_name(asked->look));
}

/* --- names ---------------------------------------------------------------------------------- */

/* A hive that has logs. Large ones wait until nothing else is under way: each takes memory of its
 * own. False: it has none, and is asked for as it is. */
#define LARGE_HIVE_BYTES (16u << 20)

static bool ask_hive(struct ov_looker *l, const struct ov_tree_entry *entry, int fd, uint64_t size)
{
    overt_status status = size < LARGE_HIVE_BYTES ? OVERT_OK : ov_ask_finish(l->ask, l->err);
    uint64_t bytes;
    int bundle = -1;

    if (status == OVERT_OK) {
        bundle = ov_hive_with_logs(entry->folder_fd, entry->name, fd, size, &bytes);
        if (bundle < 0) {
            return false;
        }
        status = ov_ask_file(
                l->ask, OV_LOOK_HIVE_LOGS, l->deep, bundle, bytes, entry->path, 0, l->err);
    }
    if (status != OVERT_OK) {
        stop(l, status);
    }
    return true;
}

static void ask_file(struct ov_looker *l, const struct ov_tree_entry *entry, enum ov_look look)
{
    const int fd = ov_tree_open(entry->folder_fd, entry->name, O_NOATIME);
    const int again =
            fd >= 0 || errno != EPERM ? fd : ov_tree_open(entry->folder_fd, entry->name, 0);
    struct stat st;
    overt_status status;

    if (again < 0 || fstat(again, &st) != 0) {
        if (errno != ENOENT) {
            ov_survey_unread(
                    l->survey, ov_look_name(look), entry->path, "open", strerrordesc_np(errno));
        }
        if (again >= 0) {
            (void)close(again);
        }
        return;
    }
    if (!S_ISREG(st.st_mode)) { /* it was one when it was listed */
        (void)close(again);
        ov_survey_unread(l->survey, ov_look_name(look), entry->path, "cut",
                "it changed while it was looked at");
        return;
    }
    if (look == OV_LOOK_HIVE && ask_hive(l, entry, again, (uint64_t)st.st_size)) {
        (void)close(again);
        return;
    }
    status =
            ov_ask_file(l->ask, look, l->deep, again, (uint64_t)st.st_size, entry->path, 0, l->err);
    if (status != OVERT_OK) {
        stop(l, status);
    }
}

/* Programs that the catalogue knows by name are asked for their version. */
static bool may_be_program(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot == NULL || strcasecmp(dot, ".exe") == 0 || strcasecmp(dot, ".dll") == 0
           || strcasecmp(dot, ".sys") == 0;
}

static void look_at_file(struct ov_looker *l, const struct ov_tree_entry *entry, bool matched)
{
    enum ov_look look = ov_look_of_path(entry->inner + 1, l->deep);

    if (look == OV_LOOK_NONE && matched && may_be_program(entry->name)) {
        look = OV_LOOK_PROGRAM;
    }
    if (look == OV_LOOK_NONE && entry->st.st_size >= LARGE_BYTES) {
        look = OV_LOOK_KIND;
    }
    if (look != OV_LOOK_NONE && entry->st.st_size > 0) {
        ask_file(l, entry, look);
    }
}

/* The nodes that every system keeps in /dev, and the whiteouts of overlay file systems, hide
 * nothing; any other device is a way to content that was not looked at. */
static void look_at_device(struct ov_looker *l, const struct ov_tree_entry *entry)
{
    if (strncmp(entry->inner, "/dev/", 5) == 0
            || (S_ISCHR(entry->st.st_mode) && entry->st.st_rdev == 0)) {
        return;
    }
    ov_survey_unread(l->survey, "names", entry->path, "unsupported", "a device, not opened");
}

void ov_look_note_system(struct ov_looker *l, const char *path)
{
    l->windows = l->windows || strcasecmp(path, "/windows/system32/config") == 0;
    l->macos = l->macos || strcasecmp(path, "/system/library/coreservices") == 0
               || strcasecmp(path, "/library/launchdaemons") == 0;
    l->android = l->android || strcmp(path, "/system/build.prop") == 0
                 || strcmp(path, "/data/app") == 0 || strcmp(path, "/data/system") == 0;
}

static void on_entry(void *payload, const struct ov_tree_entry *entry)
{
    struct ov_looker *l = payload;
    struct ov_survey_host *host = &l->survey->hosts[l->survey->host_count - 1];
    const mode_t mode = entry->st.st_mode;
    struct ov_named named = { .path = entry->inner,
        .where = entry->path,
        .is_link = S_ISLNK(mode),
        .is_folder = S_ISDIR(mode) };
    bool matched;

    if (l->status != OVERT_OK) {
        return;
    }
    host->names++;
    if (entry->inner == entry->path) {
        ov_look_note_system(l, entry->path);
    }
    matched = ov_look_name_of(l, &named);
    if (entry->inner != entry->path) { /* the outer system's facts hold here as well */
        named.path = entry->path;
        matched = ov_look_name_of(l, &named) || matched;
    }
    if (S_ISREG(mode)) {
        look_at_file(l, entry, matched);
    } else if (S_ISDIR(mode)) {
        host->folders++;
    } else if (S_ISLNK(mode)) {
        host->links++;
    } else {
        host->special++;
        if (S_ISCHR(mode) || S_ISBLK(mode)) {
            look_at_device(l, entry);
        }
    }
}

static void on_unread(void *payload, const char *path, const char *reason, const char *text)
{
    struct ov_looker *l = payload;

    ov_survey_unread(l->survey, "names", path, reason, text);
}

static void walk(struct ov_looker *l)
{
    const struct ov_tree_options options = { .skip_kernel_views = l->live };
    const struct ov_tree_sink sink = { .payload = l, .entry = on_entry, .unread = on_unread };
    const overt_status status = ov_tree_walk(l->root_fd, &options, &sink, l->err);

    if (status != OVERT_OK) {
        stop(l, status);
    }
    ov_survey_looked(l->survey, "names");
}

/* --- who it is ------------------------------------------------------------------------------ */

/* A line of a small file of the system: its name, for the report. Cut at 250 bytes. */
static const char *first_line(struct ov_looker *l, const char *path, const char *prefix)
{
    auto_fd int fd = ov_tree_open_path(l->root_fd, path, 0);
    char text[4096], *line = text, *rest = NULL;
    ssize_t n;

    n = fd < 0 ? -1 : pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0) {
        return "";
    }
    text[n] = '\0';
    for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        const size_t len = strlen(prefix);

        if (strncmp(line, prefix, len) == 0) {
            line += len;
            if (*line == '"' && line[1] != '\0') {
                line[strlen(line) - 1] = '\0';
                line++;
            }
            line[strnlen(line, 250)] = '\0';
            return ov_survey_keep(l->survey, line);
        }
    }
    return "";
}

static void name_host(struct ov_looker *l, const struct ov_system_options *options)
{
    struct ov_survey_host *host = &l->survey->hosts[l->survey->host_count - 1];
    struct utsname names;

    host->root = ov_survey_keep(l->survey, options->root == NULL ? "/" : options->root);
    host->deep = options->deep;
    host->started = ov_survey_keep(l->survey, options->started);
    host->overt_version = OV_VERSION;
    if (l->root_fd >= 0) {
        host->name = first_line(l, "etc/hostname", "");
        host->id = first_line(l, "etc/machine-id", "");
        host->os = first_line(l, "etc/os-release", "PRETTY_NAME=");
        if (host->os[0] == '\0') {
            host->os = first_line(l, "usr/lib/os-release", "PRETTY_NAME=");
        }
    }
    if (l->live && uname(&names) == 0) {
        host->name = ov_survey_keep(l->survey, names.nodename);
    }
    if (host->name[0] == '\0') {
        host->name = host->root;
    }
}

static const char *platform_of(const struct ov_looker *l)
{
    return l->windows ? "windows" : l->macos ? "macos" : l->android ? "android" : "linux";
}

static void name_foreign(struct ov_looker *l)
{
    struct ov_survey_host *host = &l->survey->hosts[l->survey->host_count - 1];

    if (host->os[0] == '\0') {
        host->os = l->windows ? "Windows" : l->macos ? "macOS" : l->android ? "Android" : "";
    }
}

/* --- the whole ------------------------------------------------------------------------------ */

static void finish(struct ov_looker *l)
{
    overt_status status = OVERT_OK;

    if (l->ask != NULL) {
        status = ov_ask_finish(l->ask, l->err);
    }
    if (status != OVERT_OK) {
        stop(l, status);
    }
}

static overt_status open_root(
        struct ov_looker *l, const struct ov_system_options *options, int *file, overt_error *err)
{
    const char *path = options->root == NULL ? "/" : options->root;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    *file = -1;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err->sys_errno = errno;
        (void)snprintf(err->source, sizeof(err->source), "%s", path);
        if (fd >= 0) {
            (void)close(fd);
        }
        return ov_fail(err, OVERT_E_IO, UINT64_MAX, "it cannot be opened: %s",
                strerrordesc_np(err->sys_errno));
    }
    if (S_ISDIR(st.st_mode)) {
        l->root_fd = fd;
        return OVERT_OK;
    }
    *file = fd;
    if (S_ISREG(st.st_mode)) {
        return OVERT_OK;
    }
    (void)snprintf(err->source, sizeof(err->source), "%s", path);
    (void)close(fd);
    *file = -1;
    return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "neither a folder nor an archive");
}

static void look(struct ov_looker *l, int file, const char *path)
{
    struct ov_survey_host *host = &l->survey->hosts[l->survey->host_count - 1];
    struct stat st;

    if (file >= 0) {
        host->kind = "archive";
        if (fstat(file, &st) == 0) {
            ov_look_archive(l, file, (uint64_t)st.st_size, path);
        }
    } else if (!l->live && ov_is_image_layout(l->root_fd)) {
        host->kind = "image";
        ov_look_image_layout(l);
    } else {
        host->kind = l->live ? "live" : "root";
        walk(l);
        if (l->live && l->status == OVERT_OK) {
            ov_look_live(l);
        }
    }
}

overt_status ov_system_look(struct ov_survey *survey, const struct ov_catalogue *catalogue,
        const struct ov_system_options *options, overt_error *err)
{
    struct ov_looker l = { .survey = survey,
        .root_fd = -1,
        .live = options->root == NULL,
        .deep = options->deep,
        .most = OV_STATE_RUNNING,
        .err = err,
        .status = OVERT_OK };
    const struct ov_ask_sink sink = {
        .payload = &l, .fact = on_fact, .gap = on_gap, .end = on_end
    };
    struct ov_index *index = ov_index_new(catalogue);
    int file = -1;
    overt_status status =
            index == NULL || ov_survey_add_host(survey) == NULL
                    ? ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the catalogue's index")
                    : open_root(&l, options, &file, err);

    if (status == OVERT_OK) {
        l.index = index;
        l.gather = ov_gather_new(survey, catalogue);
        l.ask_options = (struct ov_ask_options){ .database_fd = options->database_fd,
            .database_bytes = options->database_bytes,
            .without = options->without,
            .questions = ov_index_questions(index),
            .sink = &sink };
        name_host(&l, options);
        survey->hosts[survey->host_count - 1].catalogue = catalogue->digest;
        status = ov_ask_open(&l.ask, &l.ask_options, err);
    }
    if (status == OVERT_OK && l.gather == NULL) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for findings");
    }
    if (status == OVERT_OK) {
        look(&l, file, options->root);
        finish(&l);
        status = l.status;
        name_foreign(&l);
        survey->hosts[survey->host_count - 1].layers = ov_survey_keep(survey, ov_ask_layers(l.ask));
    }
    if (status == OVERT_OK) {
        ov_gather_finish(l.gather, platform_of(&l));
    }
    if (status == OVERT_OK && survey->failed) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for what was found");
    }
    ov_ask_close(l.ask);
    ov_gather_free(l.gather);
    ov_index_free(index);
    if (l.root_fd >= 0) {
        (void)close(l.root_fd);
    }
    if (file >= 0) {
        (void)close(file);
    }
    return status;
}
