/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger is whole, or the first record that is not what was written is named: many random
 * mutations of many records, none missed. */
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/ledger.h"

#define RECORDS 60

static char folder[] = "/tmp/overt-ledger-XXXXXX";

static void read_name(const char *name, struct ov_buf *out)
{
    char path[200];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    ov_buf_init(out, 1u << 24);
    if (ov_file_read(AT_FDCWD, path, 1u << 23, out, NULL) != OVERT_OK) {
        abort();
    }
}

static void remove_all(void)
{
    static const char *const names[] = { "records", "leaves", "head", "head.new" };
    char path[200];

    for (size_t i = 0; i < 4; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

struct files {
    struct ov_buf records, leaves, head;
};

static overt_status verify(struct files *f, overt_error *err)
{
    struct ov_tree tree;

    return ov_ledger_verify(ov_buf_bytes(&f->records), ov_buf_bytes(&f->leaves),
            ov_buf_bytes(&f->head), &tree, err);
}

static void load(struct files *f)
{
    read_name("records", &f->records);
    read_name("leaves", &f->leaves);
    read_name("head", &f->head);
}

static void unload(struct files *f)
{
    ov_buf_done(&f->records);
    ov_buf_done(&f->leaves);
    ov_buf_done(&f->head);
}

TEST(what_is_appended_verifies)
{
    overt_error err = OVERT_ERROR_INIT;
    struct files f;
    char text[80];

    CHECK(mkdtemp(folder) != NULL);
    for (int i = 0; i < RECORDS; i++) {
        (void)snprintf(text, sizeof(text), "files %d\nrules abc\n", i);
        CHECK(ov_ledger_append(folder, OV_LEDGER_SCAN, 1000u + (unsigned)i, text_of(text), &err)
                == OVERT_OK);
    }
    CHECK(ov_ledger_append(folder, OV_LEDGER_SCAN, 1, text_of("a\x01"), &err) == OVERT_E_ARGUMENT);
    load(&f);
    CHECK(verify(&f, &err) == OVERT_OK);
    unload(&f);
}

TEST(any_mutation_is_found)
{
    uint64_t seed = 88172645463325252u, missed = 0;
    struct files f;

    load(&f);
    for (int i = 0; i < 3000; i++) {
        struct ov_buf *which = i % 3 == 0 ? &f.head : i % 3 == 1 ? &f.leaves : &f.records;
        const size_t len = (size_t)ov_bytes_len(ov_buf_bytes(which));
        uint8_t *at = (uint8_t *)(uintptr_t)ov_bytes_raw(ov_buf_bytes(which));
        overt_error err = OVERT_ERROR_INIT;
        size_t where;
        uint8_t was;

        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        where = (size_t)(seed % len);
        was = at[where];
        at[where] = (uint8_t)(was ^ (1u << (seed >> 60 & 7u)));
        missed += verify(&f, &err) == OVERT_OK || err.message[0] == '\0';
        at[where] = was;
    }
    CHECK_UINT(missed, 0);
    unload(&f);
}

/* Record `a` and what it is made of, by its place in the file. */
static struct ov_bytes record_at(const struct files *f, uint64_t number)
{
    struct ov_bytes rest = ov_buf_bytes(&f->records);
    struct ov_ledger_record record = { .number = 0 };
    overt_status status;

    for (uint64_t i = 0; i <= number; i++) {
        if (!ov_ledger_next(&rest, i, &record, &status, NULL)) {
            abort();
        }
    }
    return record.bytes;
}

TEST(a_dropped_or_truncated_record_is_named)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_tree tree;
    struct files f;
    struct ov_buf cut;
    struct ov_bytes gone, all;
    uint64_t from;

    load(&f);
    all = ov_buf_bytes(&f.records);
    gone = record_at(&f, 20);
    from = (uint64_t)(ov_bytes_raw(gone) - ov_bytes_raw(all));
    ov_buf_init(&cut, 1u << 20);
    ov_buf_put(&cut, ov_bytes_raw(all), (size_t)from);
    CHECK(ov_ledger_verify(
                  ov_buf_bytes(&cut), ov_buf_bytes(&f.leaves), ov_buf_bytes(&f.head), &tree, &err)
            == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "record 20 is missing: the head counts 60");
    ov_buf_put(&cut, ov_bytes_raw(gone) + ov_bytes_len(gone),
            (size_t)(ov_bytes_len(all) - from - ov_bytes_len(gone)));
    CHECK(ov_ledger_verify(
                  ov_buf_bytes(&cut), ov_buf_bytes(&f.leaves), ov_buf_bytes(&f.head), &tree, &err)
            == OVERT_E_CORRUPT);
    CHECK(strstr(err.message, "record 20 ") != NULL);
    ov_buf_done(&cut);
    unload(&f);
}

TEST(an_append_that_did_not_finish_is_cut_off_by_the_next)
{
    overt_error err = OVERT_ERROR_INIT;
    char path[200];
    struct files f;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/records", folder);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    CHECK(fd >= 0 && write(fd, "record 60 scan 1 5\nhal", 22) == 22 && close(fd) == 0);
    load(&f);
    CHECK(verify(&f, &err) == OVERT_OK); /* it never counted */
    unload(&f);
    CHECK(ov_ledger_append(folder, OV_LEDGER_UPDATE, 2000, text_of("size 1\n"), &err) == OVERT_OK);
    load(&f);
    CHECK(verify(&f, &err) == OVERT_OK);
    CHECK(ov_bytes_len(record_at(&f, 60)) > 0);
    unload(&f);
    remove_all();
}

TESTS(T(what_is_appended_verifies), T(any_mutation_is_found),
        T(a_dropped_or_truncated_record_is_named),
        T(an_append_that_did_not_finish_is_cut_off_by_the_next));
