/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - three files in a folder: `records`, `leaves` (their hashes, one behind the other) and
 * `head` (size, root, peaks), which is replaced as a whole and says how much of the others counts. */
#include "trust/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "trust/line.h"

#define MAGIC "overt-ledger/v1"

static const char *const kind_names[OV_LEDGER_KINDS] = { [OV_LEDGER_SCAN] = "scan",
    [OV_LEDGER_UPDATE] = "update",
    [OV_LEDGER_ACTIVATION] = "activation",
    [OV_LEDGER_POLICY] = "policy",
    [OV_LEDGER_JAIL] = "jail",
    [OV_LEDGER_QUARANTINE] = "quarantine",
    [OV_LEDGER_PROHIBITED] = "prohibited",
    [OV_LEDGER_DAEMON] = "daemon" };

const char *ov_ledger_kind_name(enum ov_ledger_kind kind)
{
    return kind > 0 && kind < OV_LEDGER_KINDS ? kind_names[kind] : "?";
}

/* --- records -------------------------------------------------------------------------------- */

static void put_record(struct ov_buf *out, uint64_t number, enum ov_ledger_kind kind, uint64_t time,
        struct ov_bytes text)
{
    ov_buf_printf(out, "record %" PRIu64 " %s %" PRIu64 " %" PRIu64 "\n", number, kind_names[kind],
            time, ov_bytes_len(text));
    ov_buf_put(out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
}

static bool read_head_line(struct ov_bytes line, struct ov_ledger_record *out, uint64_t *bytes)
{
    struct ov_bytes rest, number, after, kind, time, length;

    if (!ov_text_after(line, "record ", &rest) || !ov_text_split(rest, ' ', &number, &after)
            || !ov_text_split(after, ' ', &kind, &rest) || !ov_text_split(rest, ' ', &time, &length)
            || ov_decimal_read(number, &out->number) != NULL
            || ov_decimal_read(time, &out->time) != NULL
            || ov_decimal_read(length, bytes) != NULL) {
        return false;
    }
    for (unsigned i = OV_LEDGER_SCAN; i < OV_LEDGER_KINDS; i++) {
        if (ov_bytes_equal(kind, kind_names[i], strlen(kind_names[i]))) {
            out->kind = (enum ov_ledger_kind)i;
            return true;
        }
    }
    return false;
}

bool ov_ledger_next(struct ov_bytes *rest, uint64_t number, struct ov_ledger_record *out,
        overt_status *status, overt_error *err)
{
    const uint64_t len = ov_bytes_len(*rest);
    struct ov_ledger_record record = { .number = 0 };
    struct ov_bytes head, line, behind;
    uint64_t bytes = 0, from;

    *status = OVERT_OK;
    if (len == 0) {
        return false;
    }
    head = ov_text_cut(*rest, 0, len < 200 ? len : 200);
    if (!ov_text_split(head, '\n', &line, &behind) || !read_head_line(line, &record, &bytes)
            || record.number != number || bytes > OV_LEDGER_RECORD_BYTES_MAX
            || !ov_bytes_slice(*rest, ov_bytes_len(line) + 1, bytes, &record.text)) {
        *status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "record %" PRIu64 " is not what was written: its head is none", number);
        return false;
    }
    from = ov_bytes_len(line) + 1 + bytes;
    record.bytes = ov_text_cut(*rest, 0, from);
    *rest = ov_text_cut(*rest, from, len - from);
    *out = record;
    return true;
}

/* --- the head ------------------------------------------------------------------------------- */

struct head {
    uint64_t record_bytes; /* of `records`, as far as they count */
    struct ov_hash root;
    struct ov_tree tree;
};

static void put_head(struct ov_buf *out, const struct head *head)
{
    ov_buf_printf(out, MAGIC "\nsize %" PRIu64 "\nbytes %" PRIu64 "\nroot ", head->tree.size,
            head->record_bytes);
    ov_hash_put(out, &head->root);
    ov_buf_put_u8(out, '\n');
    for (uint32_t i = 0; i < head->tree.peak_count; i++) {
        ov_hash_put(out, &head->tree.peaks[i]);
        ov_buf_put_u8(out, '\n');
    }
}

static bool read_number(struct ov_lines *lines, const char *word, uint64_t *out)
{
    struct ov_bytes line, number;

    return ov_lines_next(lines, &line) && ov_text_after(line, word, &number)
           && ov_decimal_read(number, out) == NULL;
}

/* Empty: a ledger of no records. The peaks must come to the root. */
static overt_status read_head(
        struct ov_bytes in, struct ov_digest *sha, struct head *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(in);
    struct ov_bytes line, hash;
    struct ov_hash root;
    bool good;

    *out = (struct head){ .root = ov_tree_empty_root };
    if (ov_bytes_len(in) == 0) {
        return OVERT_OK;
    }
    good = ov_lines_next(&lines, &line) && ov_bytes_equal(line, MAGIC, strlen(MAGIC))
           && read_number(&lines, "size ", &out->tree.size)
           && read_number(&lines, "bytes ", &out->record_bytes) && ov_lines_next(&lines, &line)
           && ov_text_after(line, "root ", &hash) && ov_hash_read(hash, &out->root) == NULL;
    for (uint64_t left = out->tree.size; good && left != 0; left &= left - 1) {
        good = out->tree.peak_count < OV_TREE_HEIGHT_MAX && ov_lines_next(&lines, &line)
               && ov_hash_read(line, &out->tree.peaks[out->tree.peak_count]) == NULL;
        out->tree.peak_count++;
    }
    if (good && lines.next == ov_bytes_len(in)) {
        ov_tree_root(sha, &out->tree, &root);
        if (ov_hash_equal(&root, &out->root)) {
            return OVERT_OK;
        }
    }
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the ledger's head is not what was written");
}

/* --- verifying ------------------------------------------------------------------------------ */

/* Every leaf is its record's, and still the root is another: a record was changed and its leaf with
 * it. The head's peaks say below which of them. */
static overt_status fail_below(
        const struct ov_tree *found, const struct ov_tree *wanted, overt_error *err)
{
    uint64_t first = 0, left = wanted->size;

    for (uint32_t i = 0; i < wanted->peak_count; i++) {
        const uint64_t count = (uint64_t)1 << (63 - __builtin_clzll(left));

        if (!ov_hash_equal(&found->peaks[i], &wanted->peaks[i])) {
            return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                    "of records %" PRIu64 " to %" PRIu64
                    " at least one is not what was written, and its leaf was changed with it",
                    first, first + count - 1);
        }
        first += count;
        left -= count;
    }
    return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the head's root is not what was written");
}

static overt_status verify(struct ov_bytes records, struct ov_bytes leaves, const struct head *head,
        struct ov_digest *sha, struct ov_tree *tree, overt_error *err)
{
    struct ov_ledger_record record;
    struct ov_bytes rest = records;
    struct ov_hash root;
    overt_status status;

    while (ov_ledger_next(&rest, tree->size, &record, &status, err)) {
        struct ov_bytes kept_hash;
        struct ov_hash leaf;

        ov_tree_leaf(sha, record.bytes, &leaf);
        if (!ov_bytes_slice(leaves, record.number * OV_HASH_BYTES, OV_HASH_BYTES, &kept_hash)
                || !ov_bytes_equal(kept_hash, leaf.b, OV_HASH_BYTES)) {
            return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                    "record %" PRIu64 " is not what was written", record.number);
        }
        if (!ov_tree_append(sha, tree, &leaf)) {
            return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the ledger is too long");
        }
    }
    if (status != OVERT_OK) {
        return status;
    }
    ov_tree_root(sha, tree, &root);
    if (tree->size != head->tree.size || ov_bytes_len(leaves) != tree->size * OV_HASH_BYTES) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "record %" PRIu64 " is missing: the head counts %" PRIu64, tree->size,
                head->tree.size);
    }
    return ov_hash_equal(&root, &head->root) ? OVERT_OK : fail_below(tree, &head->tree, err);
}

overt_status ov_ledger_verify(struct ov_bytes records, struct ov_bytes leaves, struct ov_bytes head,
        struct ov_tree *tree, overt_error *err)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    struct ov_bytes counted = records, counted_leaves = leaves;
    struct head read;
    overt_status status;

    *tree = (struct ov_tree){ 0 };
    if (sha == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    status = read_head(head, sha, &read, err);
    if (status == OVERT_OK && ov_bytes_len(head) == 0 && ov_bytes_len(records) != 0) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the ledger's head is missing, and there are records");
    }
    /* Behind what counts may lie the rest of an append that did not finish, and nothing else. */
    if (status == OVERT_OK
            && (!ov_bytes_slice(records, 0, read.record_bytes, &counted)
                    || read.tree.size > OV_LOG_NUMBER_MAX / OV_HASH_BYTES
                    || !ov_bytes_slice(
                            leaves, 0, read.tree.size * OV_HASH_BYTES, &counted_leaves))) {
        counted = records;
        counted_leaves = leaves;
    }
    if (status == OVERT_OK) {
        status = verify(counted, counted_leaves, &read, sha, tree, err);
    }
    if (status == OVERT_OK && ov_bytes_len(counted) != read.record_bytes) {
        status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the head counts %" PRIu64 " bytes of records, there are %" PRIu64,
                read.record_bytes, ov_bytes_len(counted));
    }
    ov_digest_free(sha);
    return status;
}

/* --- appending ------------------------------------------------------------------------------ */

/* At `offset`, behind which nothing counts, and on the disk. */
static bool put_at(int fd, uint64_t offset, struct ov_bytes bytes)
{
    return fd >= 0 && ftruncate(fd, (off_t)offset) == 0 && lseek(fd, (off_t)offset, SEEK_SET) >= 0
           && ov_file_write_all(fd, bytes) && fdatasync(fd) == 0;
}

/* A ledger has a head before it has a record: so records without one are damage, never a crash. */
static overt_status begin_head(int folder, overt_error *err)
{
    const struct head none = { .root = ov_tree_empty_root };
    struct ov_buf bytes;
    struct stat st;
    overt_status status;

    if (fstatat(folder, "records", &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size != 0) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                "the ledger's head is missing, and there are records");
    }
    ov_buf_init(&bytes, 8192);
    put_head(&bytes, &none);
    status = ov_file_replace(folder, "head", ov_buf_bytes(&bytes), 0600, err);
    ov_buf_done(&bytes);
    return status;
}

static overt_status append(int folder, const char *path, struct ov_digest *sha,
        enum ov_ledger_kind kind, uint64_t time, struct ov_bytes text, overt_error *err)
{
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    auto_fd int records = -1, leaves = -1;
    struct ov_buf bytes, head_bytes;
    struct ov_hash leaf;
    struct head head;
    overt_status status;

    ov_buf_init(&bytes, OV_LEDGER_RECORD_BYTES_MAX + 200u);
    ov_buf_init(&head_bytes, 8192);
    status = ov_file_read(folder, "head", 8000, &head_bytes, err);
    if (status != OVERT_OK && err->sys_errno == ENOENT) {
        status = begin_head(folder, err);
    }
    if (status == OVERT_OK) {
        status = read_head(ov_buf_bytes(&head_bytes), sha, &head, err);
    }
    if (status == OVERT_OK) {
        records = openat(folder, "records", flags, 0600);
        leaves = openat(folder, "leaves", flags, 0600);
        /* Their names have to last before a head counts on them; later they are there. */
        status = head.tree.size == 0 ? ov_folder_sync(folder, ".", err) : OVERT_OK;
    }
    if (status == OVERT_OK) {
        put_record(&bytes, head.tree.size, kind, time, text);
        ov_tree_leaf(sha, ov_buf_bytes(&bytes), &leaf);
        if (!ov_buf_ok(&bytes)) {
            status = ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "a record has at most %u bytes",
                    OV_LEDGER_RECORD_BYTES_MAX);
        } else if (!put_at(records, head.record_bytes, ov_buf_bytes(&bytes))
                   || !put_at(leaves, head.tree.size * OV_HASH_BYTES,
                           ov_bytes_of(leaf.b, OV_HASH_BYTES))) {
            status = ov_file_fail(err, errno, path, "the ledger cannot be written");
        } else if (!ov_tree_append(sha, &head.tree, &leaf)) {
            status = ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "the ledger is too long");
        }
    }
    if (status == OVERT_OK) {
        head.record_bytes += ov_bytes_len(ov_buf_bytes(&bytes));
        ov_tree_root(sha, &head.tree, &head.root);
        ov_buf_clear(&head_bytes);
        put_head(&head_bytes, &head);
        status = ov_file_replace(folder, "head", ov_buf_bytes(&head_bytes), 0600, err);
    }
    ov_buf_done(&bytes);
    ov_buf_done(&head_bytes);
    return status;
}

overt_status ov_ledger_append(const char *path, enum ov_ledger_kind kind, uint64_t time,
        struct ov_bytes text, overt_error *err)
{
    overt_error inner = OVERT_ERROR_INIT;
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    overt_status status = ov_text_check_plain(text, &inner);
    auto_fd int folder = -1;

    if (sha == NULL || status != OVERT_OK || kind <= 0 || kind >= OV_LEDGER_KINDS
            || time > OV_LOG_NUMBER_MAX) {
        ov_digest_free(sha);
        return sha == NULL ? ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest")
                           : ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX, "not a record: %.80s",
                                   inner.message);
    }
    status = ov_folder_make(AT_FDCWD, path, 0700, &inner);
    if (status == OVERT_OK) {
        folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        status = folder >= 0 && flock(folder, LOCK_EX) == 0
                         ? append(folder, path, sha, kind, time, text, &inner)
                         : ov_file_fail(&inner, errno, path, "the ledger cannot be opened");
    }
    ov_digest_free(sha);
    if (status != OVERT_OK && err != NULL) {
        *err = inner;
    }
    return status;
}
