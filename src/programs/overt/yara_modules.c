/* SPDX-License-Identifier: Apache-2.0 */
#include "programs/overt/yara_modules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where libmagic itself looks for its compiled database, as distributions place it. */
static const char *const magic_places[] = {
    "/usr/share/misc/magic.mgc",
    "/usr/lib/file/magic.mgc",
    "/usr/share/file/magic.mgc",
    "/usr/share/file/misc/magic.mgc",
};

static int open_file(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

bool ov_yr_modules_open(struct ov_yr_module_files *files, const struct ov_words *words)
{
    *files = (struct ov_yr_module_files){ .count = 0 };
    for (size_t i = 0; i < words->count && i < OV_YR_MODULE_FILES_MAX; i++) {
        const char *word = words->at[i];
        const char *equal = strchr(word, '=');
        int fd;

        if (equal == NULL) {
            (void)fprintf(stderr, "error: wrong syntax for `-x` option.\n");
            return false;
        }
        fd = open_file(equal + 1);
        if (fd < 0) {
            (void)fprintf(stderr, "error: could not open file \"%s\".\n", equal + 1);
            return false;
        }
        files->at[files->count].fd = fd;
        files->names[files->count] = strndup(word, (size_t)(equal - word));
        files->at[files->count].module = files->names[files->count];
        files->count++;
        if (files->names[files->count - 1] == NULL) {
            (void)fprintf(stderr, "not enough memory\n");
            return false;
        }
    }
    return true;
}

void ov_yr_modules_done(struct ov_yr_module_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        (void)close(files->at[i].fd);
        free(files->names[i]);
    }
    files->count = 0;
}

static bool imports(const overt_db *db, const char *module)
{
    const char *name;

    for (uint32_t i = 0; (name = overt_db_import(db, i)) != NULL; i++) {
        if (strcmp(name, module) == 0) {
            return true;
        }
    }
    return false;
}

static bool give(overt_scanner *scanner, const char *module, int fd)
{
    overt_error err = OVERT_ERROR_INIT;

    if (overt_scanner_give(scanner, module, fd, &err) != OVERT_OK) {
        (void)fprintf(stderr, "error: %s\n", err.message);
        return false;
    }
    return true;
}

/* The last file given for it; -1: none, or an empty one, which is none to yara. */
static int find(const struct ov_yr_module_files *files, const char *module)
{
    struct stat st;

    for (size_t i = files->count; i > 0; i--) {
        if (strcmp(files->at[i - 1].module, module) == 0) {
            return fstat(files->at[i - 1].fd, &st) == 0 && st.st_size != 0 ? files->at[i - 1].fd
                                                                           : -1;
        }
    }
    return -1;
}

static bool give_magic(const struct ov_yr_module_files *files, overt_scanner *scanner)
{
    int fd = find(files, "magic");
    bool good;

    if (fd >= 0) {
        return give(scanner, "magic", fd);
    }
    for (size_t i = 0; fd < 0 && i < sizeof(magic_places) / sizeof(magic_places[0]); i++) {
        fd = open_file(magic_places[i]);
    }
    if (fd < 0) {
        (void)fprintf(stderr,
                "error: the rules ask libmagic, whose database is not at %s; name it with -x "
                "magic=FILE\n",
                magic_places[0]);
        return false;
    }
    good = give(scanner, "magic", fd);
    (void)close(fd);
    return good;
}

bool ov_yr_modules_give(
        const struct ov_yr_module_files *files, const overt_db *db, overt_scanner *scanner)
{
    const int report = find(files, "cuckoo");

    if (report >= 0 && imports(db, "cuckoo") && !give(scanner, "cuckoo", report)) {
        return false;
    }
    return !imports(db, "magic") || give_magic(files, scanner);
}
