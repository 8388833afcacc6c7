/* SPDX-License-Identifier: Apache-2.0 */
/* folder.c - opens a log's folder, and refuses to go on where it is not the log that was signed:
 * who signs two trees that do not continue each other has forked its own log. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "programs/publish/publish.h"
#include "trust/checkpoint.h"
#include "trust/line.h"

void log_close(struct log *log)
{
    if (log->fd >= 0) {
        (void)close(log->fd);
    }
    key_done(&log->key);
    ov_buf_done(&log->policy_text);
    ov_digest_free(log->sha);
    free(log->leaves);
    memset(log, 0, sizeof(*log));
    log->fd = -1;
}

bool log_add_leaf(struct log *log, struct ov_bytes entry)
{
    if (log->size == log->leaf_cap) {
        const size_t cap = log->leaf_cap == 0 ? 1024 : log->leaf_cap * 2;
        struct ov_hash *more = reallocarray(log->leaves, cap, sizeof(*more));

        if (more == NULL) {
            (void)complain_text(log->path, "no memory for its entries");
            return false;
        }
        log->leaves = more;
        log->leaf_cap = cap;
    }
    ov_tree_leaf(log->sha, entry, &log->leaves[log->size++]);
    return true;
}

static bool read_policy(struct log *log)
{
    overt_error err = OVERT_ERROR_INIT;
    char path[4096];
    overt_status status;

    (void)snprintf(path, sizeof(path), "%s/policy", log->path);
    ov_buf_init(&log->policy_text, OV_POLICY_BYTES_MAX + 1);
    status = ov_file_read(AT_FDCWD, path, OV_POLICY_BYTES_MAX, &log->policy_text, &err);
    if (status == OVERT_OK) {
        status = ov_policy_read(ov_buf_bytes(&log->policy_text), &log->policy, &err);
    }
    if (status == OVERT_OK) {
        status = ov_settings_read(ov_buf_bytes(&log->policy_text), &log->settings, &err);
    }
    if (status != OVERT_OK) {
        (void)complain(path, &err);
    }
    return status == OVERT_OK;
}

/* What was signed last. A folder whose tiles do not lead there is not the log any more. */
static bool read_state(struct log *log)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_checkpoint last = { .size = 0 };
    struct ov_tree tree = { 0 };
    struct ov_hash root;
    struct ov_buf text;
    bool good = false;

    ov_buf_init(&text, 4096);
    if (ov_file_read(log->fd, "state", 2048, &text, &err) != OVERT_OK
            || ov_checkpoint_read(ov_buf_bytes(&text), &last, &err) != OVERT_OK) {
        (void)complain("state", &err);
    } else if (!ov_bytes_equal(last.origin, ov_bytes_raw(log->key.signer.key.name),
                       (size_t)ov_bytes_len(log->key.signer.key.name))) {
        (void)complain_text(log->path, "its state is another log's");
    } else {
        log->size = last.size;
        log->root = last.root;
        good = tiles_load(log);
    }
    ov_buf_done(&text);
    for (uint64_t i = 0; good && i < log->size; i++) {
        good = ov_tree_append(log->sha, &tree, &log->leaves[i]);
    }
    if (!good) {
        return false;
    }
    ov_tree_root(log->sha, &tree, &root);
    if (!ov_hash_equal(&root, &log->root)) {
        (void)complain_text(log->path,
                "refused: the tiles are not those of the last signed checkpoint; to go on "
                "would fork the log");
        return false;
    }
    return true;
}

bool log_open(const char *path, struct log *log)
{
    overt_error err = OVERT_ERROR_INIT;
    char key[4096];

    memset(log, 0, sizeof(*log));
    log->fd = -1;
    log->sha = ov_digest_new(OV_DIGEST_SHA256);
    if (log->sha == NULL
            || snprintf(log->path, sizeof(log->path), "%s", path) >= (int)sizeof(log->path)) {
        (void)complain_text(path, "no memory, or too long a name");
        return false;
    }
    log->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (log->fd < 0) {
        ov_file_fail(&err, errno, path, "the log cannot be opened");
        (void)complain(path, &err);
        return false;
    }
    if (flock(log->fd, LOCK_EX | LOCK_NB) != 0) { /* two at once could sign two trees */
        (void)complain_text(path, "another overt-publish is at work in it");
        return false;
    }
    (void)snprintf(key, sizeof(key), "%s/log.key", path);
    return key_load(key, &log->key) && read_policy(log) && read_state(log);
}

/* FOLDER --origin NAME: a new log of no entries. Its policy has one line and wants more. */
int cmd_init(int argc, char **argv)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_checkpoint empty = { .root = ov_tree_empty_root };
    char path[4096];
    struct ov_buf text;
    struct private_key key;
    overt_status status;
    auto_fd int fd = -1;

    if (argc != 4 || strcmp(argv[2], "--origin") != 0) {
        return complain_text("init", "usage: overt-publish init FOLDER --origin NAME");
    }
    status = ov_folder_make(AT_FDCWD, argv[1], 0755, &err);
    fd = status == OVERT_OK ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return complain(argv[1], &err);
    }
    for (size_t i = 0; status == OVERT_OK && i < 3; i++) {
        static const char *const folders[] = { "pending", "public/pack", "public/tile/entries" };

        status = ov_folder_make(fd, folders[i], 0755, &err);
    }
    if (status != OVERT_OK) {
        return complain(argv[1], &err);
    }
    (void)snprintf(path, sizeof(path), "%s/log.key", argv[1]);
    {
        char word_new[] = "new", word_key[] = "key";
        char *words[] = { word_key, word_new, argv[3], path, NULL };

        if (cmd_key(4, words) != EXIT_DONE) {
            return EXIT_ERROR;
        }
    }
    if (!key_load(path, &key)) {
        return EXIT_ERROR;
    }
    ov_buf_init(&text, 8192);
    ov_buf_put_text(&text, "log ");
    ov_key_put(&text, &key.signer.key);
    ov_buf_put_text(&text, "\n# witness NAME VKEY URL, group, quorum, overt release-key, overt "
                           "threshold\n");
    status = ov_file_replace(fd, "policy", ov_buf_bytes(&text), 0644, &err);
    ov_buf_clear(&text);
    empty.origin = key.signer.key.name;
    ov_checkpoint_put(&text, &empty);
    if (status == OVERT_OK) {
        status = ov_file_replace(fd, "state", ov_buf_bytes(&text), 0644, &err);
    }
    ov_buf_done(&text);
    key_done(&key);
    return status == OVERT_OK ? EXIT_DONE : complain(argv[1], &err);
}
