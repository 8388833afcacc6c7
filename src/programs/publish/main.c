/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-publish: the maker's or an organisation's side of a log of rules. It holds the
 * log's key; release keys are better kept on other machines, which get files and give back
 * signatures. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "programs/publish/publish.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "init", cmd_init },
    { "key", cmd_key },
    { "add", cmd_add },
    { "import", cmd_import },
    { "revoke", cmd_entry },
    { "suppress", cmd_entry },
    { "keyset", cmd_entry },
    { "statement", cmd_entry },
    { "binary", cmd_entry },
    { "sign", cmd_sign },
    { "publish", cmd_publish },
};

static const char usage[] =
        "usage: overt-publish init FOLDER --origin NAME\n"
        "       overt-publish key new NAME FILE [--witness]\n"
        "       overt-publish add FOLDER [--holds FILE] [--spares FILE]\n"
        "                         [--not-before SECONDS] RULES...\n"
        "       overt-publish import FOLDER yara|clamav DIRECTORY\n"
        "       overt-publish revoke|suppress|keyset|statement|binary FOLDER NAME BODY\n"
        "       overt-publish sign --key FILE ENTRY...\n"
        "       overt-publish publish FOLDER\n"
        "\n"
        "A log of rules as a folder: FOLDER/public is what any web server serves. New\n"
        "entries wait in FOLDER/pending until enough release keys signed them.\n"
        "\n"
        "Exit: 0 done, 1 waits for signatures or witnesses, 2 an error.\n";

int complain_text(const char *about, const char *text)
{
    struct ov_buf out;

    ov_buf_init(&out, 8192);
    ov_buf_put_text(&out, "overt-publish: ");
    ov_text_escape(&out, ov_bytes_of(about, strlen(about)));
    ov_buf_put_text(&out, ": ");
    ov_text_escape(&out, ov_bytes_of(text, strlen(text)));
    ov_buf_put_u8(&out, '\n');
    (void)fwrite(
            ov_bytes_raw(ov_buf_bytes(&out)), 1, (size_t)ov_bytes_len(ov_buf_bytes(&out)), stderr);
    ov_buf_done(&out);
    return EXIT_ERROR;
}

int complain(const char *path, const overt_error *err)
{
    char about[4300];

    (void)snprintf(about, sizeof(about), err->line == 0 ? "%s" : "%s:%u", path, err->line);
    return complain_text(about, err->message);
}

int main(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        (void)printf("overt-publish %s\n", OV_VERSION);
        return EXIT_DONE;
    }
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            return EXIT_DONE;
        }
    }
    for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    (void)fputs(usage, stderr);
    return EXIT_ERROR;
}
