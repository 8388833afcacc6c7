/* SPDX-License-Identifier: Apache-2.0 */
/* history.c - `overt history`: what was scanned, found, put away and updated on this machine, in the
 * order in which it happened. Two sources: the ledger, which is verified first, and the daemon's
 * events file. Both are read as foreign bytes, and nothing but lines is made of them. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/attr.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/now.h"
#include "programs/overt/options.h"
#include "programs/overt/out.h"
#include "programs/overt/update.h"

#define EVENTS_FILE     "/var/log/overt/events.json"
#define EVENT_BYTES_MAX (512u * 1024u) /* of one line: overtd writes at most half of that */

static const char help[] =
        "usage: overt history [OPTION...]\n"
        "\n"
        "What was scanned, found, put away and updated on this machine, oldest first:\n"
        "from the ledger, which is verified first, and from the daemon's events file.\n"
        "\n"
        "  --since TIME            2026-03-01, 2026-03-01T14:30, or back from now: 7d,\n"
        "                          12h, 30m\n"
        "  --kind KIND             only these (repeatable): scan, update, activation,\n"
        "                          policy, jail, quarantine, prohibited, daemon, and\n"
        "                          event for what the daemon found\n"
        "  --last N                only the last N\n"
        "  --ledger FOLDER         default: /var/lib/overt/ledger for root, else\n"
        "                          overt/ledger in the XDG state folder\n"
        "  --events FILE           default: " EVENTS_FILE "\n"
        "  --json                  JSON Lines\n"
        "  --help                  this text\n"
        "\n"
        "Exit status: 0, 1 the ledger is not what was written, 2 an error.\n";

struct item {
    uint64_t time;
    size_t order; /* as read: what happened in one second stays in its order */
    char *text;   /* owned; whole lines */
};

struct history {
    const char *folder, *events;
    struct ov_words kinds;
    bool events_named, json;
    uint64_t since, last;
    char place[4096];
    struct ov_ledger_files ledger;
    struct item *items; /* owned */
    size_t count, cap;
    uint64_t damaged; /* lines of the events file that are none */
};

/* --- items ----------------------------------------------------------------------------------- */

/* Takes `text`. False: no memory, said. */
static bool add(struct history *h, uint64_t when, struct ov_buf *text)
{
    char *lines;
    size_t len = 0;

    ov_buf_put_u8(text, 0);
    lines = (char *)ov_buf_steal(text, &len);
    if (lines != NULL && h->count == h->cap) {
        const size_t cap = h->cap == 0 ? 256 : h->cap * 2;
        struct item *items = reallocarray(h->items, cap, sizeof(*items));

        if (items != NULL) {
            h->items = items;
            h->cap = cap;
        }
    }
    if (lines == NULL || h->count == h->cap) {
        ov_complain("history", "no memory");
        free(lines);
        return false;
    }
    h->items[h->count] = (struct item){ .time = when, .order = h->count, .text = lines };
    h->count++;
    return true;
}

static bool is_wanted(const struct history *h, const char *kind, uint64_t when)
{
    bool wanted = h->kinds.count == 0;

    for (size_t i = 0; i < h->kinds.count; i++) {
        wanted |= strcmp(h->kinds.at[i], kind) == 0;
    }
    return wanted && when >= h->since;
}

static int in_order(const void *a, const void *b)
{
    const struct item *one = a, *other = b;

    return one->time != other->time     ? (one->time < other->time ? -1 : 1)
           : one->order != other->order ? (one->order < other->order ? -1 : 1)
                                        : 0;
}

static void begin_line(struct ov_buf *out, uint64_t when, const char *kind)
{
    ov_put_time(out, when);
    ov_buf_printf(out, "  %-10s ", kind);
}

/* --- the ledger ------------------------------------------------------------------------------ */

/* The next line of `rest`, cut into its first word and what follows. */
static bool next_field(struct ov_bytes *rest, struct ov_bytes *name, struct ov_bytes *value)
{
    const uint8_t *raw = ov_bytes_raw(*rest);
    const size_t len = (size_t)ov_bytes_len(*rest);
    const uint8_t *end = len == 0 ? NULL : memchr(raw, '\n', len);
    const size_t line = end == NULL ? len : (size_t)(end - raw);
    const uint8_t *blank = line == 0 ? NULL : memchr(raw, ' ', line);
    const size_t word = blank == NULL ? line : (size_t)(blank - raw);
    const size_t begin = blank == NULL ? line : word + 1;

    return len != 0 && ov_bytes_slice(*rest, 0, word, name)
           && ov_bytes_slice(*rest, begin, line - begin, value)
           && ov_bytes_slice(*rest, line + (end != NULL), len - line - (end != NULL), rest);
}

/* Findings are named by their verdict; everything else is a small word with a value. */
static bool is_finding(struct ov_bytes name)
{
    return ov_bytes_len(name) > 0 && ov_bytes_raw(name)[0] >= 'A' && ov_bytes_raw(name)[0] <= 'Z';
}

static void put_people(struct ov_buf *out, const struct ov_ledger_record *record)
{
    struct ov_bytes rest = record->text, name, value;
    bool first = true;

    begin_line(out, record->time, ov_ledger_kind_name(record->kind));
    while (next_field(&rest, &name, &value)) {
        if (!is_finding(name)) {
            ov_buf_put_text(out, first ? "" : ", ");
            ov_text_escape(out, name);
            ov_buf_put_u8(out, ' ');
            ov_text_escape(out, value);
            first = false;
        }
    }
    ov_buf_put_u8(out, '\n');
    rest = record->text;
    while (next_field(&rest, &name, &value)) {
        if (is_finding(name)) {
            ov_buf_put_text(out, "    ");
            ov_text_escape(out, name);
            ov_buf_put_u8(out, ' ');
            ov_text_escape(out, value);
            ov_buf_put_u8(out, '\n');
        }
    }
}

static void put_pair(struct ov_buf *out, struct ov_bytes name, struct ov_bytes value)
{
    ov_buf_put_u8(out, '[');
    ov_text_json(out, name);
    ov_buf_put_u8(out, ',');
    ov_text_json(out, value);
    ov_buf_put_u8(out, ']');
}

/* Fields as a list: a name may come more than once. */
static void put_json(struct ov_buf *out, const struct ov_ledger_record *record)
{
    struct ov_bytes rest = record->text, name, value;
    bool first = true;

    ov_buf_printf(out,
            "{\"time\":%" PRIu64 ",\"kind\":\"%s\",\"source\":\"ledger\",\"record\":%" PRIu64
            ",\"fields\":[",
            record->time, ov_ledger_kind_name(record->kind), record->number);
    while (next_field(&rest, &name, &value)) {
        ov_buf_put_text(out, first ? "" : ",");
        put_pair(out, name, value);
        first = false;
    }
    ov_buf_put_text(out, "]}\n");
}

static int read_ledger(struct history *h)
{
    struct ov_bytes rest;
    struct ov_ledger_record record;
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;
    const int code = ov_ledger_open("history", h->folder, &h->ledger);

    if (code != OV_EXIT_CLEAN) {
        return code;
    }
    rest = ov_buf_bytes(&h->ledger.records);
    for (uint64_t i = 0;
            i < h->ledger.tree.size && ov_ledger_next(&rest, i, &record, &status, &err); i++) {
        struct ov_buf text;

        if (!is_wanted(h, ov_ledger_kind_name(record.kind), record.time)) {
            continue;
        }
        ov_buf_init(&text, SIZE_MAX / 2);
        if (h->json) {
            put_json(&text, &record);
        } else {
            put_people(&text, &record);
        }
        if (!add(h, record.time, &text)) {
            return OV_EXIT_ERROR;
        }
    }
    return OV_EXIT_CLEAN;
}

/* --- events ---------------------------------------------------------------------------------- */

static void put_string(struct ov_buf *out, const json_t *event, const char *key)
{
    const char *text = json_string_value(json_object_get(event, key));

    text = text == NULL ? "" : text;
    ov_text_escape(out, ov_bytes_of(text, strlen(text)));
}

static void put_event(struct ov_buf *out, uint64_t when, const json_t *event)
{
    const json_t *hits = json_object_get(event, "hits");
    const json_t *reasons = json_object_get(event, "reasons");

    begin_line(out, when, "event");
    put_string(out, event, "verdict");
    for (size_t i = 0; i < json_array_size(hits); i++) {
        ov_buf_put_text(out, i == 0 ? " " : ", ");
        put_string(out, json_array_get(hits, i), "rule");
    }
    for (size_t i = 0; json_array_size(hits) == 0 && i < json_array_size(reasons); i++) {
        const char *reason = json_string_value(json_array_get(reasons, i));

        reason = reason == NULL ? "" : reason;
        ov_buf_put_text(out, i == 0 ? " " : ", ");
        ov_text_escape(out, ov_bytes_of(reason, strlen(reason)));
    }
    ov_buf_put_text(out, ": ");
    put_string(out, event, "name");
    ov_buf_put_text(out, " (");
    put_string(out, event, "source");
    ov_buf_put_text(out, ")\n");
}

static bool put_event_json(struct ov_buf *out, uint64_t when, const json_t *event)
{
    auto_free char *line = json_dumps(event, JSON_COMPACT);

    if (line != NULL) {
        ov_buf_printf(out,
                "{\"time\":%" PRIu64 ",\"kind\":\"event\",\"source\":\"overtd\",\"event\":%s}\n",
                when, line);
    }
    return line != NULL;
}

/* In an OCSF event overt's own fields are where that has room for them. */
static const json_t *own_fields(const json_t *event)
{
    const json_t *own = json_object_get(json_object_get(event, "unmapped"), "overt");

    return json_is_object(own) ? own : event;
}

/* False: no memory. */
static bool take_event(struct history *h, const char *line, size_t len)
{
    json_error_t bad;
    json_t *event =
            len > EVENT_BYTES_MAX ? NULL : json_loadb(line, len, JSON_REJECT_DUPLICATES, &bad);
    const json_int_t ms = json_integer_value(json_object_get(own_fields(event), "time_ms"));
    const uint64_t when = ms < 0 ? 0 : (uint64_t)ms / 1000u;
    bool good = true;

    if (!json_is_object(event)) {
        h->damaged++;
    } else if (is_wanted(h, "event", when)) {
        struct ov_buf text;

        ov_buf_init(&text, SIZE_MAX / 2);
        if (h->json) {
            good = put_event_json(&text, when, event);
        } else {
            put_event(&text, when, own_fields(event));
        }
        good = good && add(h, when, &text);
    }
    json_decref(event);
    return good;
}

static int read_events(struct history *h)
{
    FILE *file = fopen(h->events, "re");
    auto_free char *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool good = true;

    if (file == NULL) {
        if (errno == ENOENT && !h->events_named) {
            return OV_EXIT_CLEAN; /* no daemon writes one here */
        }
        ov_complain("history", "%s: %s", h->events, strerror(errno));
        return OV_EXIT_ERROR;
    }
    while (good && (len = getline(&line, &room, file)) > 0) {
        good = take_event(h, line, (size_t)len);
    }
    good = ferror(file) == 0 && good;
    (void)fclose(file);
    if (h->damaged > 0) {
        ov_complain("history", "%s: lines that are no events: %" PRIu64, h->events, h->damaged);
    }
    return good ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

/* --- the command line ------------------------------------------------------------------------ */

static bool read_since(const char *text, uint64_t *out)
{
    struct tm tm = { .tm_isdst = -1 };
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    char *rest;
    uint64_t count, unit;

    if (end != NULL && (*end == '\0' || *end == 'T' || *end == ' ')) {
        end = *end == '\0' ? end : strptime(end + 1, "%H:%M", &tm);
        *out = (uint64_t)mktime(&tm);
        if (end != NULL && (*end == '\0') && mktime(&tm) >= 0) {
            return true;
        }
    }
    errno = 0;
    count = strtoull(text, &rest, 10);
    unit = strcmp(rest, "d") == 0   ? 86400
           : strcmp(rest, "h") == 0 ? 3600
           : strcmp(rest, "m") == 0 ? 60
                                    : 0;
    if (errno != 0 || rest == text || unit == 0 || count > ov_now() / unit) {
        ov_complain("history", "--since: '%s' is neither a day nor a span (7d, 12h, 30m)", text);
        return false;
    }
    *out = ov_now() - count * unit;
    return true;
}

static bool is_kind(const char *name)
{
    for (enum ov_ledger_kind kind = OV_LEDGER_SCAN; kind < OV_LEDGER_KINDS; kind++) {
        if (strcmp(ov_ledger_kind_name(kind), name) == 0) {
            return true;
        }
    }
    return strcmp(name, "event") == 0;
}

static bool take_option(struct history *h, int option, const char *value)
{
    switch (option) {
    case 's':
        return read_since(value, &h->since);
    case 'k':
        if (!is_kind(value)) {
            ov_complain("history", "--kind: '%s' is none (overt history --help)", value);
            return false;
        }
        return ov_words_add(&h->kinds, value);
    case 'n':
        return ov_option_number("history", "last", value, 1, UINT32_MAX, &h->last);
    case 'l':
        h->folder = value;
        return true;
    case 'e':
        h->events = value;
        h->events_named = true;
        return true;
    case 'j':
        h->json = true;
        return true;
    default:
        return false; /* getopt has said what is wrong */
    }
}

static bool find_ledger(struct history *h, bool *there)
{
    const bool named = h->folder != NULL;

    if (!named && ov_ledger_place(h->place, sizeof(h->place))) {
        h->folder = h->place;
    }
    *there = h->folder != NULL && (named || access(h->folder, F_OK) == 0);
    if (!*there && access(h->events, F_OK) != 0) {
        ov_complain("history",
                "nothing is on record: overt ledger begin, and EventsFile in overtd.conf");
        return false;
    }
    return true;
}

static int show(const struct history *h)
{
    struct ov_out out;
    const size_t first = h->last != 0 && h->count > h->last ? h->count - (size_t)h->last : 0;
    bool good;

    ov_out_init(&out, STDOUT_FILENO);
    for (size_t i = first; i < h->count; i++) {
        ov_buf_put_text(&out.buf, h->items[i].text);
        ov_out_spill(&out);
    }
    good = ov_out_finish(&out);
    ov_out_done(&out);
    return good ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

static int tell(struct history *h)
{
    bool there = false;
    int code = find_ledger(h, &there) ? OV_EXIT_CLEAN : OV_EXIT_ERROR;

    if (code == OV_EXIT_CLEAN && there) {
        code = read_ledger(h);
    }
    if (code == OV_EXIT_CLEAN) {
        code = read_events(h);
    }
    if (code == OV_EXIT_CLEAN && h->count > 0) {
        qsort(h->items, h->count, sizeof(h->items[0]), in_order);
        code = show(h);
    }
    return code;
}

int cmd_history(int argc, char **argv)
{
    static const struct option options[] = { { "since", required_argument, NULL, 's' },
        { "kind", required_argument, NULL, 'k' }, { "last", required_argument, NULL, 'n' },
        { "ledger", required_argument, NULL, 'l' }, { "events", required_argument, NULL, 'e' },
        { "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 } };
    struct history h = { .events = EVENTS_FILE };
    int option, code = OV_EXIT_ERROR;
    bool good = true;

    optind = 1;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(help, stdout);
            ov_words_done(&h.kinds);
            return OV_EXIT_CLEAN;
        }
        good = take_option(&h, option, optarg);
    }
    if (good && optind != argc) {
        ov_complain("history", "'%s' is not understood", argv[optind]);
    } else if (good) {
        code = tell(&h);
    }
    for (size_t i = 0; i < h.count; i++) {
        free(h.items[i].text);
    }
    free(h.items);
    ov_ledger_done(&h.ledger);
    ov_words_done(&h.kinds);
    return code;
}
