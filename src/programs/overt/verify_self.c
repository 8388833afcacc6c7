/* SPDX-License-Identifier: Apache-2.0 */
/* verify_self.c - `overt verify-self`: is what is installed and running what the log's release entry
 * says? The log that this machine keeps is verified anew, from its first entry, in overt-verify's
 * jail; then files and running programs are hashed and compared.
 *
 * An overt that lies can lie here, too: --list hands the digests to another tool. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/out.h"
#include "programs/overt/rules_log.h"
#include "programs/overt/running.h"
#include "programs/overt/update.h"
#include "trust/line.h"

#define HELPERS "libexec/overt" /* nothing but a release's programs lies there */

static const char usage[] =
        "usage: overt verify-self [OPTION...]\n"
        "\n"
        "Compares every installed file, and every program of overt that runs, with the\n"
        "release entry of the log that fits best. The log is verified from its first\n"
        "entry. Root sees everybody's processes, others only their own.\n"
        "\n"
        "      --prefix FOLDER        where overt is installed (where this one is)\n"
        "      --list                 the release's files for `sha256sum -c`, no more\n"
        "      --policy FILE          logs, witnesses, keys (/etc/overt/policy)\n"
        "      --state FOLDER         where the log is kept (/var/lib/overt)\n"
        "      --accept-weaker-jail LAYER\n"
        "                             do without this layer of the jail\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0 all of it is the release's; 1 something is not; 2 an error; 3 nothing\n"
        "wrong was found, and not everything could be looked at.\n";

struct verifying {
    const char *policy, *state, *prefix;
    bool list, help;
    struct ov_words weaker;
    char own_prefix[PATH_MAX];
    struct ov_judged judged;
    struct ov_origins origins;
    struct ov_releases releases;
    struct ov_hash *installed; /* owned; beside releases.files: what is there */
    uint8_t *found;            /* owned; enum found */
    struct ov_out out;
    uint64_t wrong, unread;
};

enum found {
    FOUND = 0,
    MISSING,
    UNREAD
};

static bool read_options(struct verifying *v, int argc, char **argv)
{
    static const struct option options[] = {
        { "prefix", required_argument, NULL, 'x' },
        { "list", no_argument, NULL, 'l' },
        { "policy", required_argument, NULL, 'p' },
        { "state", required_argument, NULL, 's' },
        { "accept-weaker-jail", required_argument, NULL, 'w' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == '?' || (option == 'w' && !ov_words_add(&v->weaker, optarg))) {
            return false; /* it was said why */
        }
        v->prefix = option == 'x' ? optarg : v->prefix;
        v->policy = option == 'p' ? optarg : v->policy;
        v->state = option == 's' ? optarg : v->state;
        v->list = v->list || option == 'l';
        v->help = v->help || option == 'h';
    }
    if (optind < argc) {
        ov_complain("verify-self", "'%s' is one word too many", argv[optind]);
    }
    return optind == argc;
}

/* FOLDER of FOLDER/bin/overt, which is this program. */
static bool find_prefix(struct verifying *v)
{
    static const char tail[] = "/bin/overt";
    const ssize_t len = readlink("/proc/self/exe", v->own_prefix, sizeof(v->own_prefix) - 1);
    size_t keep;

    if (v->prefix != NULL) {
        return true;
    }
    v->own_prefix[len < 0 ? 0 : len] = '\0';
    if (len < (ssize_t)sizeof(tail) - 1
            || strcmp(v->own_prefix + len - (sizeof(tail) - 1), tail) != 0) {
        ov_complain("verify-self",
                "%s is not installed (it is no FOLDER/bin/overt); name the "
                "installation with --prefix",
                v->own_prefix);
        return false;
    }
    keep = (size_t)len - (sizeof(tail) - 1);
    v->own_prefix[keep] = '\0';
    v->prefix = keep == 0 ? "/" : v->own_prefix;
    return true;
}

/* --- the log -------------------------------------------------------------------------------- */

/* A folder that is gone already: a verifier that is shown it has accepted nothing before. */
static int empty_folder(void)
{
    char path[] = "/tmp/overt-verify-self.XXXXXX";
    int fd;

    if (mkdtemp(path) == NULL) {
        return -1;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)rmdir(path);
    return fd;
}

/* What this machine accepted, judged again as if it came from anybody, from entry 0 on. */
static overt_status judge_anew(struct verifying *v, struct ov_store *store, overt_error *err)
{
    auto_fd int bundle = memfd_create("overt-bundle", MFD_CLOEXEC);
    const int kept = store->fd;
    struct ov_supply supply = { .bundle = bundle };
    struct ov_buf log;
    overt_status status;

    ov_buf_init(&log, SIZE_MAX);
    status = ov_bundle_make(store, 0, OV_BUNDLE_END, &log, err);
    if (status == OVERT_OK && (bundle < 0 || !ov_file_write_all(bundle, ov_buf_bytes(&log)))) {
        status = ov_file_fail(err, errno, "bundle", "the log cannot be handed over");
    }
    ov_buf_done(&log);
    if (status == OVERT_OK) {
        store->fd = empty_folder();
        status = store->fd < 0 ? ov_file_fail(err, errno, "/tmp", "no folder can be made")
                               : ov_judge(store, &supply, v->weaker.at, &v->judged, err);
        if (store->fd >= 0) {
            (void)close(store->fd);
        }
        store->fd = kept;
    }
    return status;
}

static overt_status read_releases(struct verifying *v, overt_error *err)
{
    struct ov_buf text;
    struct ov_bytes all;
    overt_status status;

    ov_buf_init(&text, SIZE_MAX);
    ov_buf_put(&text, ov_bytes_raw(v->judged.origins), (size_t)ov_bytes_len(v->judged.origins));
    status = ov_buf_ok(&text) ? ov_origins_read(&text, &v->origins, err)
                              : ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the log");
    ov_buf_done(&text);
    if (status == OVERT_OK) {
        all = ov_buf_bytes(&v->origins.text);
        status = ov_releases_read(
                ov_text_cut(all, v->origins.rest, ov_bytes_len(all) - v->origins.rest),
                &v->releases, err);
    }
    if (status == OVERT_OK && v->releases.file_count == 0) {
        status = ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "the log has no release entry: what is installed cannot be compared with it");
    }
    return status;
}

static bool read_log(struct verifying *v)
{
    struct ov_store *store = calloc(1, sizeof(*store));
    overt_error err = OVERT_ERROR_INIT;
    bool good = false;

    if (store == NULL) {
        ov_complain("verify-self", "no memory");
        return false;
    }
    if (ov_store_open(store, "verify-self", v->state, false) && ov_store_policy(store, v->policy)) {
        good = judge_anew(v, store, &err) == OVERT_OK && read_releases(v, &err) == OVERT_OK;
        if (!good) {
            ov_complain_error("verify-self", &err);
        }
    }
    if (good && !v->list) {
        ov_buf_put_text(&v->out.buf, "log: ");
        ov_text_escape(&v->out.buf, v->origins.origin);
        ov_buf_printf(&v->out.buf, ", %" PRIu64 " entries, %u witnesses, ", v->judged.size,
                v->judged.witnesses);
        ov_put_time(&v->out.buf, v->judged.time);
        ov_buf_put_u8(&v->out.buf, '\n');
        (void)ov_put_freshness(&v->out.buf, &store->settings, v->judged.time);
    }
    ov_store_close(store);
    free(store);
    return good;
}

/* --- what is installed ---------------------------------------------------------------------- */

static enum found look(int prefix, const struct ov_release_file *file, struct ov_hash *out)
{
    char path[1100];
    auto_fd int fd = -1;

    (void)snprintf(path, sizeof(path), "%.*s", OV_TEXT_ARG(file->name));
    fd = openat(prefix, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? MISSING : UNREAD;
    }
    return ov_sha256_fd(fd, out) ? FOUND : UNREAD;
}

static bool is_same(const struct verifying *v, size_t i)
{
    return v->found[i] == FOUND && ov_hash_equal(&v->installed[i], &v->releases.files[i].sha256);
}

/* The release with the most files that are installed as they are in it; of equals the newest. */
static const struct ov_release *choose(const struct verifying *v)
{
    const struct ov_release *best = NULL;
    uint64_t best_count = 0;

    for (size_t k = 0; k < v->releases.count; k++) {
        uint64_t count = 0;

        for (size_t i = 0; i < v->releases.file_count; i++) {
            count += v->releases.files[i].index == v->releases.at[k].index && is_same(v, i);
        }
        if (best == NULL || count >= best_count) {
            best = &v->releases.at[k];
            best_count = count;
        }
    }
    return best;
}

static void put_file(struct verifying *v, const char *state, size_t i)
{
    ov_buf_printf(&v->out.buf, "%s ", state);
    ov_text_escape(&v->out.buf, v->releases.files[i].name);
}

static void tell_file(struct verifying *v, size_t i)
{
    struct ov_buf *out = &v->out.buf;

    if (v->found[i] == MISSING) {
        put_file(v, "MISSING", i);
        v->wrong++;
    } else if (v->found[i] == UNREAD) {
        put_file(v, "UNREAD ", i);
        v->unread++;
    } else {
        put_file(v, "DIFFERS", i);
        ov_buf_put_text(out, ": ");
        ov_text_hex(out, ov_bytes_of(v->installed[i].b, OV_HASH_BYTES));
        ov_buf_put_text(out, " is installed, the release has ");
        ov_text_hex(out, ov_bytes_of(v->releases.files[i].sha256.b, OV_HASH_BYTES));
        v->wrong++;
    }
    ov_buf_put_u8(out, '\n');
}

/* A program among ours that the release does not have could be started as one of ours. */
static void tell_strangers(struct verifying *v, int prefix, const struct ov_release *release)
{
    const int fd = openat(prefix, HELPERS, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (folder == NULL) {
        if (fd >= 0) {
            (void)close(fd);
        }
        return; /* its files are MISSING, each by its name */
    }
    for (const struct dirent *d = readdir(folder); d != NULL; d = readdir(folder)) {
        if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0
                && ov_release_file_called(&v->releases, release->index, d->d_name) == NULL) {
            ov_buf_put_text(&v->out.buf, "STRANGE " HELPERS "/");
            ov_text_escape(&v->out.buf, ov_bytes_of(d->d_name, strlen(d->d_name)));
            ov_buf_put_text(&v->out.buf, ": the release does not have it\n");
            v->wrong++;
        }
    }
    (void)closedir(folder);
}

static void tell_release(struct verifying *v, const struct ov_release *release)
{
    struct ov_buf *out = &v->out.buf;
    const struct ov_state_segment *since =
            ov_state_segment_of(&v->origins.segments, release->index);

    ov_buf_put_text(out, "release: ");
    ov_text_escape(out, release->name);
    ov_buf_printf(out, ", entry %" PRIu64 ", public since ", release->index);
    ov_put_time(out, since == NULL ? 0 : since->time);
    ov_buf_put_text(out, ", commit ");
    ov_text_escape(out, release->commit);
    ov_buf_put_u8(out, '\n');
    if (release->fate == OV_RELEASE_PENDING) {
        ov_buf_put_text(out, "PENDING the policy lets this release come into force at ");
        ov_put_time(out, release->when);
        ov_buf_put_u8(out, '\n');
        v->wrong++;
    } else if (release->fate == OV_RELEASE_REVOKED) {
        ov_buf_printf(out, "REVOKED by entry %" PRIu64 "\n", release->when);
        v->wrong++;
    }
}

static void tell_running(struct verifying *v, const struct ov_release *release)
{
    struct ov_running counts;

    if (!ov_running_check(&v->releases, release, &v->out.buf, &counts)) {
        ov_buf_printf(&v->out.buf, "UNREAD  /proc: %s\n", strerror(errno));
        v->unread++;
        return;
    }
    ov_buf_printf(&v->out.buf,
            "running: %" PRIu64 " processes of this release, %" PRIu64 " others, %" PRIu64
            " not to be read\n",
            counts.same, counts.other, counts.unread);
    v->wrong += counts.other;
    v->unread += counts.unread;
}

static void put_list(struct verifying *v, const struct ov_release *release)
{
    for (size_t i = 0; i < v->releases.file_count; i++) {
        const struct ov_release_file *file = &v->releases.files[i];

        if (file->index == release->index) {
            ov_text_hex(&v->out.buf, ov_bytes_of(file->sha256.b, OV_HASH_BYTES));
            ov_buf_put_text(&v->out.buf, "  ");
            ov_text_escape(&v->out.buf, file->name);
            ov_buf_put_u8(&v->out.buf, '\n');
        }
    }
}

static int compare(struct verifying *v)
{
    auto_fd int prefix = open(v->prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct ov_release *release;
    uint64_t same = 0;

    v->installed = calloc(v->releases.file_count, sizeof(*v->installed));
    v->found = calloc(v->releases.file_count, sizeof(*v->found));
    if (prefix < 0 || v->installed == NULL || v->found == NULL) {
        ov_complain("verify-self", "%s: %s", v->prefix, strerror(errno));
        return OV_EXIT_ERROR;
    }
    for (size_t i = 0; i < v->releases.file_count; i++) {
        v->found[i] = (uint8_t)look(prefix, &v->releases.files[i], &v->installed[i]);
    }
    release = choose(v);
    if (v->list) {
        put_list(v, release);
        return OV_EXIT_CLEAN;
    }
    tell_release(v, release);
    for (size_t i = 0; i < v->releases.file_count; i++) {
        if (v->releases.files[i].index == release->index) {
            if (is_same(v, i)) {
                same++;
            } else {
                tell_file(v, i);
            }
        }
    }
    ov_buf_printf(&v->out.buf, "installed: %" PRIu64 " files below %s are the release's\n", same,
            v->prefix);
    tell_strangers(v, prefix, release);
    tell_running(v, release);
    return v->wrong != 0 ? OV_EXIT_DETECTED : v->unread != 0 ? OV_EXIT_INCOMPLETE : OV_EXIT_CLEAN;
}

int cmd_verify_self(int argc, char **argv)
{
    struct verifying v = {
        .policy = OV_POLICY_DEFAULT, .state = OV_STATE_DEFAULT, .judged = { .fd = -1 }
    };
    int code = OV_EXIT_ERROR;

    ov_out_init(&v.out, STDOUT_FILENO);
    if (read_options(&v, argc, argv)) {
        if (v.help) {
            ov_buf_put_text(&v.out.buf, usage);
            code = OV_EXIT_CLEAN;
        } else if (find_prefix(&v) && read_log(&v)) {
            code = compare(&v);
        }
    }
    if (!ov_out_finish(&v.out)) {
        code = OV_EXIT_ERROR;
    }
    ov_releases_done(&v.releases);
    ov_origins_done(&v.origins);
    ov_judged_done(&v.judged);
    ov_out_done(&v.out);
    ov_words_done(&v.weaker);
    free(v.installed);
    free(v.found);
    return code;
}
