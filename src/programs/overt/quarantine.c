/* SPDX-License-Identifier: Apache-2.0 */
/* quarantine.c - overt quarantine: what was put away, putting away, giving back. It copies content
 * and looks at none of it. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/out.h"
#include "quarantine/store.h"

#define COMMAND "quarantine"
#define SYSTEM  "/var/lib/overt/quarantine"

static const char help[] =
        "usage: overt quarantine list [--json]\n"
        "       overt quarantine show ID\n"
        "       overt quarantine add [--force] [--rule NAME] FILE...\n"
        "       overt quarantine restore [--to PATH] ID...\n"
        "       overt quarantine delete ID...\n"
        "       overt quarantine export [--output FILE] ID\n"
        "\n"
        "  --json          one line of JSON for each item\n"
        "  --force         also files that belong to the operating system's packages\n"
        "  --rule NAME     what was found, for the record\n"
        "  --to PATH       give it back there; where it was, without this\n"
        "  --output FILE   write the content there; to standard output, without this\n"
        "  --store DIR     another folder than root's or your own\n"
        "\n"
        "ID is the beginning of an item's number, as long as only one begins so.\n";

struct options {
    bool json, force;
    const char *rule, *to, *output, *store;
    char **words;
    int word_count;
};

/* --- where ---------------------------------------------------------------------------------- */

static bool default_folder(char *out, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");

    if (geteuid() == 0) {
        return snprintf(out, size, "%s", SYSTEM) < (int)size;
    }
    if (state != NULL && state[0] == '/') {
        return snprintf(out, size, "%s/overt/quarantine", state) < (int)size;
    }
    if (home == NULL || home[0] != '/') {
        ov_complain(COMMAND, "HOME says no folder; give one with --store");
        return false;
    }
    return snprintf(out, size, "%s/.local/state/overt/quarantine", home) < (int)size;
}

static struct ov_quarantine *open_store(const struct options *options)
{
    char folder[PATH_MAX];
    overt_error err = OVERT_ERROR_INIT;
    struct ov_quarantine *store = NULL;
    unsigned recovered = 0;

    if (options->store == NULL && !default_folder(folder, sizeof(folder))) {
        return NULL;
    }
    if (ov_quarantine_open(
                &store, options->store == NULL ? folder : options->store, &recovered, &err)
            != OVERT_OK) {
        ov_complain_error(COMMAND, &err);
        return NULL;
    }
    if (recovered > 0) {
        ov_complain(COMMAND, "%u move%s that had been interrupted %s put right", recovered,
                recovered == 1 ? "" : "s", recovered == 1 ? "was" : "were");
    }
    return store;
}

static bool find(struct ov_quarantine *store, const char *word, struct ov_quarantine_id *id)
{
    overt_error err = OVERT_ERROR_INIT;

    if (ov_quarantine_find(store, word, id, &err) != OVERT_OK) {
        ov_complain_error(COMMAND, &err);
        return false;
    }
    return true;
}

/* --- telling -------------------------------------------------------------------------------- */

static void put_time(struct ov_buf *out, int64_t seconds)
{
    const time_t t = (time_t)seconds;
    struct tm tm;
    char text[40] = "?";

    if (gmtime_r(&t, &tm) != NULL) {
        (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    ov_buf_put_text(out, text);
}

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

static void put_json(
        struct ov_buf *out, const char *id, const struct ov_item *item, const char *why)
{
    ov_buf_printf(out, "{\"id\":\"%s\"", id);
    if (item == NULL) {
        ov_buf_put_text(out, ",\"error\":");
        ov_text_json(out, text_of(why));
    } else {
        ov_buf_put_text(out, ",\"path\":");
        ov_text_json(out, text_of(item->path));
        ov_buf_put_text(out, ",\"rule\":");
        ov_text_json(out, text_of(item->rule));
        ov_buf_printf(out,
                ",\"bytes\":%llu,\"mode\":\"%04o\",\"uid\":%llu,\"gid\":%llu,\"moved\":\"",
                (unsigned long long)item->size, (unsigned)item->mode, (unsigned long long)item->uid,
                (unsigned long long)item->gid);
        put_time(out, item->moved_s);
        ov_buf_put_text(out, "\",\"sha256\":\"");
        ov_text_hex(out, ov_bytes_of(item->sha256, sizeof(item->sha256)));
        ov_buf_put_text(out, "\"");
    }
    ov_buf_put_text(out, "}\n");
}

struct listing {
    struct ov_out out;
    bool json;
    uint64_t items, damaged;
};

static bool list_one(void *payload, const struct ov_quarantine_id *id, const struct ov_item *item,
        const char *why)
{
    struct listing *l = payload;
    char hex[OV_QUARANTINE_ID_TEXT];

    ov_quarantine_id_text(id, hex);
    l->items++;
    l->damaged += item == NULL ? 1 : 0;
    if (l->json) {
        put_json(&l->out.buf, hex, item, why);
    } else if (item == NULL) {
        ov_buf_printf(&l->out.buf, "%.12s  DAMAGED %s\n", hex, why);
    } else {
        ov_buf_printf(&l->out.buf, "%.12s  ", hex);
        put_time(&l->out.buf, item->moved_s);
        ov_buf_printf(&l->out.buf, "  %10llu  ", (unsigned long long)item->size);
        ov_text_escape(&l->out.buf, text_of(item->rule[0] == '\0' ? "-" : item->rule));
        ov_buf_put_text(&l->out.buf, "  ");
        ov_text_escape(&l->out.buf, text_of(item->path));
        ov_buf_put_u8(&l->out.buf, '\n');
    }
    ov_out_spill(&l->out);
    return true;
}

static int run_list(struct ov_quarantine *store, const struct options *options)
{
    struct listing l = { .json = options->json };
    overt_error err = OVERT_ERROR_INIT;
    bool good;

    ov_out_init(&l.out, STDOUT_FILENO);
    good = ov_quarantine_each(store, list_one, &l, &err) == OVERT_OK;
    if (!good) {
        ov_complain_error(COMMAND, &err);
    }
    good = ov_out_finish(&l.out) && good && l.damaged == 0;
    ov_out_done(&l.out);
    return good ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

static void put_shown(struct ov_buf *out, const char *hex, const struct ov_item *item)
{
    ov_buf_printf(out, "item      %s\npath      ", hex);
    ov_text_escape(out, text_of(item->path));
    ov_buf_put_text(out, "\nfound     ");
    ov_text_escape(out, text_of(item->rule[0] == '\0' ? "-" : item->rule));
    ov_buf_put_text(out, "\nmoved     ");
    put_time(out, item->moved_s);
    ov_buf_printf(out, "\nbytes     %llu\nmode      %04o\nowner     %llu:%llu\nchanged   ",
            (unsigned long long)item->size, (unsigned)item->mode, (unsigned long long)item->uid,
            (unsigned long long)item->gid);
    put_time(out, item->mtime_ns / 1000000000);
    ov_buf_put_text(out, "\nsha256    ");
    ov_text_hex(out, ov_bytes_of(item->sha256, sizeof(item->sha256)));
    if (item->links > 1) {
        ov_buf_printf(out,
                "\nnote      the file had %llu names; the others were left where they are",
                (unsigned long long)item->links);
    }
    for (size_t i = 0; i < item->attr_count; i++) {
        ov_buf_put_text(out, "\nattribute ");
        ov_text_escape(out, text_of(item->attrs[i].name));
        ov_buf_printf(out, " (%zu bytes)", item->attrs[i].value_bytes);
    }
    ov_buf_put_u8(out, '\n');
}

static int run_show(struct ov_quarantine *store, const struct options *options)
{
    struct ov_out out;
    struct ov_quarantine_id id;
    struct ov_item item = { .path = NULL };
    overt_error err = OVERT_ERROR_INIT;
    char hex[OV_QUARANTINE_ID_TEXT];
    bool good;

    if (!find(store, options->words[0], &id)) {
        return OV_EXIT_ERROR;
    }
    if (ov_quarantine_read(store, &id, &item, &err) != OVERT_OK) {
        ov_complain_error(COMMAND, &err);
        return OV_EXIT_ERROR;
    }
    ov_quarantine_id_text(&id, hex);
    ov_out_init(&out, STDOUT_FILENO);
    if (options->json) {
        put_json(&out.buf, hex, &item, "");
    } else {
        put_shown(&out.buf, hex, &item);
    }
    good = ov_out_finish(&out);
    ov_out_done(&out);
    ov_item_done(&item);
    return good ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

/* --- doing ---------------------------------------------------------------------------------- */

/* `path`: where the file was or went; NULL: nowhere. */
static bool put_on_record(const char *move, const struct ov_quarantine_id *id, const char *path)
{
    char hex[OV_QUARANTINE_ID_TEXT];
    struct ov_buf text;

    ov_quarantine_id_text(id, hex);
    ov_ledger_begin(&text);
    ov_ledger_put(&text, "move", move);
    ov_ledger_put(&text, "item", hex);
    if (path != NULL) {
        ov_ledger_put(&text, "path", path);
    }
    return ov_ledger_end(COMMAND, OV_LEDGER_QUARANTINE, &text);
}

static bool may_move(const char *path, const struct options *options)
{
    char package[256];

    if (options->force) {
        return true;
    }
    if (!ov_owned_by_package(path, package, sizeof(package))) {
        ov_complain(
                COMMAND, "%s: it cannot be told whether a package owns it; --force moves it", path);
        return false;
    }
    if (package[0] != '\0') {
        ov_complain(COMMAND, "%s belongs to the package %s; --force moves it all the same", path,
                package);
        return false;
    }
    return true;
}

/* The path without links but for its last part, which is what is moved. */
static char *absolute(const char *path)
{
    auto_free char *copy = strdup(path);
    char folder[PATH_MAX];
    const char *name;
    char *slash, *out = NULL;

    if (copy == NULL) {
        return NULL;
    }
    slash = strrchr(copy, '/');
    name = slash == NULL ? path : path + (slash - copy) + 1;
    if (slash != NULL) {
        *slash = '\0';
    }
    if (realpath(slash == NULL ? "." : copy[0] == '\0' ? "/" : copy, folder) == NULL) {
        return NULL;
    }
    return asprintf(&out, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name) < 0 ? NULL : out;
}

static bool add_one(struct ov_quarantine *store, const struct options *options, const char *word)
{
    auto_free char *path = absolute(word);
    struct ov_quarantine_wanted wanted = { .path = path, .rule = options->rule, .fd = -1 };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_quarantine_id id;
    char hex[OV_QUARANTINE_ID_TEXT];

    if (path == NULL) {
        ov_complain(COMMAND, "%s: %s", word, strerror(errno));
        return false;
    }
    if (!may_move(path, options)) {
        return false;
    }
    if (ov_quarantine_add(store, &wanted, &id, &err) != OVERT_OK) {
        ov_complain(COMMAND, "%s: %s", word, err.message);
        return false;
    }
    ov_quarantine_id_text(&id, hex);
    return put_on_record("add", &id, path) && printf("%s\n", hex) > 0;
}

static bool restore_one(
        struct ov_quarantine *store, const struct options *options, const char *word)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_quarantine_id id;
    auto_free char *to = options->to == NULL ? NULL : absolute(options->to);

    if (!find(store, word, &id)) {
        return false;
    }
    if (options->to != NULL && to == NULL) {
        ov_complain(COMMAND, "%s: %s", options->to, strerror(errno));
        return false;
    }
    if (ov_quarantine_restore(store, &id, to, &err) != OVERT_OK) {
        ov_complain(COMMAND, "%s: %s", word, err.message);
        return false;
    }
    return put_on_record("restore", &id, to);
}

static bool delete_one(struct ov_quarantine *store, const struct options *options, const char *word)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_quarantine_id id;

    (void)options;
    if (!find(store, word, &id)) {
        return false;
    }
    if (ov_quarantine_delete(store, &id, &err) != OVERT_OK) {
        ov_complain(COMMAND, "%s: %s", word, err.message);
        return false;
    }
    return put_on_record("delete", &id, NULL);
}

static int for_words(struct ov_quarantine *store, const struct options *options,
        bool (*one)(struct ov_quarantine *store, const struct options *options, const char *word))
{
    bool good = true;

    for (int i = 0; i < options->word_count; i++) {
        good = one(store, options, options->words[i]) && good;
    }
    return good && fflush(stdout) == 0 ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

static int run_export(struct ov_quarantine *store, const struct options *options)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_quarantine_id id;
    auto_fd int to = options->output == NULL
                             ? dup(STDOUT_FILENO)
                             : open(options->output, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (to < 0) {
        ov_complain(COMMAND, "%s: %s", options->output == NULL ? "-" : options->output,
                strerror(errno));
        return OV_EXIT_ERROR;
    }
    if (!find(store, options->words[0], &id)) {
        return OV_EXIT_ERROR;
    }
    if (ov_quarantine_export(store, &id, to, &err) != OVERT_OK) {
        ov_complain(COMMAND, "%s: %s", options->words[0], err.message);
        return OV_EXIT_ERROR;
    }
    return put_on_record("export", &id, options->output) ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

/* --- the command line ----------------------------------------------------------------------- */

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option list[] = { { "json", no_argument, NULL, 'j' },
        { "force", no_argument, NULL, 'f' }, { "rule", required_argument, NULL, 'r' },
        { "to", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
        { "store", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 } };
    int option;

    while ((option = getopt_long(argc, argv, "o:", list, NULL)) != -1) {
        switch (option) {
        case 'j':
            options->json = true;
            break;
        case 'f':
            options->force = true;
            break;
        case 'r':
            options->rule = optarg;
            break;
        case 't':
            options->to = optarg;
            break;
        case 'o':
            options->output = optarg;
            break;
        case 's':
            options->store = optarg;
            break;
        default:
            return false; /* getopt has said why */
        }
    }
    options->words = argv + optind;
    options->word_count = argc - optind;
    return true;
}

int cmd_quarantine(int argc, char **argv)
{
    static const char *const verbs[] = { "list", "show", "add", "restore", "delete", "export" };
    struct options options = { .json = false };
    OV_CLEANUP(ov_quarantine_close_at) struct ov_quarantine *store = NULL;
    size_t verb = 0;

    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        (void)fputs(help, stdout);
        return OV_EXIT_CLEAN;
    }
    while (verb < 6 && (argc < 2 || strcmp(argv[1], verbs[verb]) != 0)) {
        verb++;
    }
    if (verb == 6) {
        ov_complain(COMMAND, "wants one of list, show, add, restore, delete, export");
        return OV_EXIT_ERROR;
    }
    if (!read_options(&options, argc - 1, argv + 1)) {
        return OV_EXIT_ERROR;
    }
    if ((verb == 0) != (options.word_count == 0)
            || ((verb == 1 || verb == 5 || options.to != NULL) && options.word_count != 1)) {
        ov_complain(COMMAND, "%s: %s", verbs[verb],
                verb == 0                 ? "takes nothing but options"
                : options.word_count == 0 ? "of what?"
                                          : "takes one at a time");
        return OV_EXIT_ERROR;
    }
    store = open_store(&options);
    if (store == NULL) {
        return OV_EXIT_ERROR;
    }
    switch (verb) {
    case 0:
        return run_list(store, &options);
    case 1:
        return run_show(store, &options);
    case 2:
        return for_words(store, &options, add_one);
    case 3:
        return for_words(store, &options, restore_one);
    case 4:
        return for_words(store, &options, delete_one);
    default:
        return run_export(store, &options);
    }
}
