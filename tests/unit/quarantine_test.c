/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/checked.h"
#include "quarantine/store.h"
#include "tests/tap.h"

static char root[64], folder[96], file[96];

static void begin(const char *content, size_t len)
{
    FILE *out;

    (void)snprintf(root, sizeof(root), "/tmp/overt-quarantine-XXXXXX");
    OV_ASSERT(mkdtemp(root) != NULL);
    (void)snprintf(folder, sizeof(folder), "%s/store", root);
    (void)snprintf(file, sizeof(file), "%s/bad", root);
    out = fopen(file, "w");
    OV_ASSERT(out != NULL && fwrite(content, 1, len, out) == len && fclose(out) == 0);
}

static void end(void)
{
    char command[128];

    (void)snprintf(command, sizeof(command), "rm -rf %s", root);
    OV_ASSERT(system(command) == 0);
}

static struct ov_quarantine *store_open(void)
{
    struct ov_quarantine *store = NULL;
    overt_error err = OVERT_ERROR_INIT;

    OV_ASSERT(ov_quarantine_open(&store, folder, NULL, &err) == OVERT_OK);
    return store;
}

static size_t read_file(const char *path, char *to, size_t size)
{
    FILE *in = fopen(path, "r");
    size_t n = in == NULL ? 0 : fread(to, 1, size, in);

    if (in != NULL) {
        (void)fclose(in);
    }
    return n;
}

TEST(what_goes_in_comes_out_with_all_that_it_was)
{
    static char big[200000], got[200001];
    const struct timespec times[2] = { { 1000, 123456789 }, { -5, 987654321 } };
    struct ov_quarantine_wanted wanted = { .path = file, .rule = "Rule", .fd = -1 };
    struct ov_quarantine_id id;
    struct ov_quarantine *store;
    overt_error err = OVERT_ERROR_INIT;
    struct stat before, after;

    memset(big, 'x', sizeof(big));
    begin(big, sizeof(big));
    CHECK(chmod(file, 04751) == 0);
    (void)setxattr(file, "user.colour", "blue", 4, 0); /* where the file system has them */
    CHECK(utimensat(AT_FDCWD, file, times, 0) == 0 && stat(file, &before) == 0);
    store = store_open();
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_OK);
    CHECK(access(file, F_OK) != 0);
    CHECK(ov_quarantine_restore(store, &id, NULL, &err) == OVERT_OK);
    CHECK(stat(file, &after) == 0 && read_file(file, got, sizeof(got)) == sizeof(big));
    CHECK(memcmp(big, got, sizeof(big)) == 0);
    CHECK(before.st_mode == after.st_mode && before.st_uid == after.st_uid);
    CHECK(before.st_mtim.tv_sec == after.st_mtim.tv_sec
            && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec);
    if (getxattr(file, "user.colour", got, 4) == 4) {
        CHECK(memcmp(got, "blue", 4) == 0);
    }
    CHECK(ov_quarantine_restore(store, &id, NULL, &err) != OVERT_OK); /* it has left */
    ov_quarantine_close(store);
    end();
}

TEST(nothing_lies_in_the_store_that_could_be_found_or_run)
{
    static char item[65536];
    struct ov_quarantine_wanted wanted = { .path = file, .fd = -1 };
    struct ov_quarantine_id id;
    struct ov_quarantine *store;
    overt_error err = OVERT_ERROR_INIT;
    char hex[OV_QUARANTINE_ID_TEXT], path[256];
    size_t n;

    begin("a needle in here", 16);
    store = store_open();
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_OK);
    ov_quarantine_id_text(&id, hex);
    (void)snprintf(path, sizeof(path), "%s/%s.ovq", folder, hex);
    n = read_file(path, item, sizeof(item));
    CHECK(n > 16 && memmem(item, n, "needle", 6) == NULL && memmem(item, n, "/bad", 4) == NULL);
    ov_quarantine_close(store);
    end();
}

TEST(another_file_is_not_moved_in_its_place)
{
    struct ov_quarantine_wanted wanted = {
        .path = file, .known = true, .device = 1, .inode = 1, .fd = -1
    };
    const uint8_t other[32] = { 1 };
    struct ov_quarantine_id id;
    struct ov_quarantine *store;
    overt_error err = OVERT_ERROR_INIT;
    struct stat st;

    begin("content", 7);
    store = store_open();
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_E_IO);
    CHECK(stat(file, &st) == 0);
    wanted.device = st.st_dev;
    wanted.inode = st.st_ino;
    wanted.sha256 = other;
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_E_IO);
    wanted.sha256 = NULL;
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_OK);
    CHECK(symlink("/etc/passwd", file) == 0);
    wanted.known = false;
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_E_IO);
    ov_quarantine_close(store);
    end();
}

TEST(giving_back_replaces_nothing)
{
    struct ov_quarantine_wanted wanted = { .path = file, .fd = -1 };
    struct ov_quarantine_id id;
    struct ov_quarantine *store;
    overt_error err = OVERT_ERROR_INIT;
    char got[16];
    FILE *out;

    begin("old", 3);
    store = store_open();
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_OK);
    out = fopen(file, "w");
    CHECK(out != NULL && fwrite("new", 1, 3, out) == 3 && fclose(out) == 0);
    CHECK(ov_quarantine_restore(store, &id, NULL, &err) == OVERT_E_IO);
    CHECK(read_file(file, got, sizeof(got)) == 3 && memcmp(got, "new", 3) == 0);
    CHECK(unlink(file) == 0 && ov_quarantine_restore(store, &id, NULL, &err) == OVERT_OK);
    CHECK(read_file(file, got, sizeof(got)) == 3 && memcmp(got, "old", 3) == 0);
    ov_quarantine_close(store);
    end();
}

TEST(any_changed_byte_of_an_item_is_noticed)
{
    struct ov_quarantine_wanted wanted = { .path = file, .fd = -1 };
    struct ov_quarantine_id id;
    struct ov_quarantine *store;
    overt_error err = OVERT_ERROR_INIT;
    char hex[OV_QUARANTINE_ID_TEXT], path[256];
    struct stat st;
    int fd;

    begin("content of some length", 22);
    store = store_open();
    CHECK(ov_quarantine_add(store, &wanted, &id, &err) == OVERT_OK);
    ov_quarantine_id_text(&id, hex);
    (void)snprintf(path, sizeof(path), "%s/%s.ovq", folder, hex);
    fd = open(path, O_RDWR);
    CHECK(fd >= 0 && fstat(fd, &st) == 0);
    for (off_t at = 0; at < st.st_size; at++) {
        uint8_t byte = 0, other;

        CHECK(pread(fd, &byte, 1, at) == 1);
        other = byte ^ 0x10;
        CHECK(pwrite(fd, &other, 1, at) == 1);
        CHECK(ov_quarantine_export(store, &id, -1, &err) == OVERT_E_CORRUPT);
        CHECK(pwrite(fd, &byte, 1, at) == 1);
    }
    CHECK(ov_quarantine_export(store, &id, -1, &err) == OVERT_OK);
    for (off_t cut = 0; cut < st.st_size; cut++) {
        CHECK(ftruncate(fd, st.st_size - 1 - cut) == 0);
        CHECK(ov_quarantine_export(store, &id, -1, &err) == OVERT_E_CORRUPT);
    }
    (void)close(fd);
    ov_quarantine_close(store);
    end();
}

TEST(the_file_of_a_package_is_known)
{
    char name[128];

    CHECK(ov_owned_by_package("/usr/bin/env", name, sizeof(name)));
    CHECK(strcmp(name, "coreutils") == 0 || access("/var/lib/dpkg/info", F_OK) != 0);
    CHECK(ov_owned_by_package("/nowhere/at/all", name, sizeof(name)) && name[0] == '\0');
}

TESTS(T(what_goes_in_comes_out_with_all_that_it_was),
        T(nothing_lies_in_the_store_that_could_be_found_or_run),
        T(another_file_is_not_moved_in_its_place), T(giving_back_replaces_nothing),
        T(any_changed_byte_of_an_item_is_noticed), T(the_file_of_a_package_is_known));
