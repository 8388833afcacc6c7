/* SPDX-License-Identifier: Apache-2.0 */
/* read_report.c - JSON Lines back into a survey. A report without its summary was cut short, and a
 * cut report must not make a host look cleaner than it is. */
#include "prohibited/read_report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "prohibited/grow.h"

#define REPORT_BYTES_MAX (1u << 30)

struct reading {
    struct ov_survey *s;
    const char *name;
    uint32_t line;
    size_t host_first; /* of this report, in the survey */
    bool summary;
    overt_error *err;
    overt_status status;
};

static void fail(struct reading *g, const char *what, const char *which)
{
    if (g->status == OVERT_OK) {
        (void)snprintf(g->err->source, sizeof(g->err->source), "%s", g->name);
        g->err->line = g->line;
        g->status = ov_fail(g->err, OVERT_E_SYNTAX, UINT64_MAX, "%s \"%s\"", what, which);
    }
}

static int from_hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A text, or the bytes that its _hex says. */
static const char *text_of(struct reading *g, const json_t *object, const char *key)
{
    char hex_key[64];
    const char *text = json_string_value(json_object_get(object, key)), *hex;
    auto_free char *bytes = NULL;
    size_t len;

    (void)snprintf(hex_key, sizeof(hex_key), "%s_hex", key);
    hex = json_string_value(json_object_get(object, hex_key));
    if (text == NULL) {
        fail(g, "there is no text", key);
        return "";
    }
    if (hex == NULL) {
        return ov_survey_keep(g->s, text);
    }
    len = strlen(hex) / 2;
    bytes = calloc(1, len + 1);
    if (bytes == NULL) {
        g->s->failed = true;
        return "";
    }
    for (size_t i = 0; i < len; i++) {
        const int high = from_hex(hex[2 * i]), low = from_hex(hex[2 * i + 1]);

        if (high < 0 || low < 0 || (high | low) == 0) {
            fail(g, "not hex:", hex_key);
            return "";
        }
        bytes[i] = (char)(high << 4 | low);
    }
    return ov_survey_keep(g->s, bytes);
}

static uint64_t number_of(struct reading *g, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        fail(g, "there is no number", key);
        return 0;
    }
    return (uint64_t)json_integer_value(value);
}

static const json_t *list_of(struct reading *g, const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_array(value)) {
        fail(g, "there is no list", key);
    }
    return value;
}

static enum ov_state state_of(struct reading *g, const json_t *object, const char *key)
{
    enum ov_state state = OV_STATE_MENTION;
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL || !ov_state_of(text, &state)) {
        fail(g, "not a state:", key);
    }
    return state;
}

static enum ov_strength strength_of(struct reading *g, const json_t *object, const char *key)
{
    enum ov_strength strength = OV_STRENGTH_WEAK;
    const char *text = json_string_value(json_object_get(object, key));

    if (text == NULL || !ov_strength_of(text, &strength)) {
        fail(g, "not a strength:", key);
    }
    return strength;
}

/* The report's own number of a host, as the survey's. */
static size_t host_of(struct reading *g, const json_t *object)
{
    const uint64_t host = number_of(g, object, "host");

    if (host >= g->s->host_count - g->host_first) {
        fail(g, "there is no such", "host");
        return 0;
    }
    return g->host_first + (size_t)host;
}

static void read_host(struct reading *g, const json_t *object)
{
    struct ov_survey_host *host = ov_survey_add_host(g->s);
    const json_t *areas = list_of(g, object, "areas");

    if (host == NULL) {
        return;
    }
    host->name = text_of(g, object, "name");
    host->id = text_of(g, object, "id");
    host->os = text_of(g, object, "os");
    host->root = text_of(g, object, "root");
    host->kind = text_of(g, object, "kind");
    host->started = text_of(g, object, "started");
    host->overt_version = text_of(g, object, "version");
    host->catalogue = text_of(g, object, "catalogue");
    host->layers = text_of(g, object, "layers");
    host->deep = json_is_true(json_object_get(object, "deep"));
    host->names = number_of(g, object, "names");
    host->folders = number_of(g, object, "folders");
    host->links = number_of(g, object, "links");
    host->special = number_of(g, object, "special");
    host->unread = number_of(g, object, "unread");
    for (size_t i = 0; i < json_array_size(areas) && g->status == OVERT_OK; i++) {
        const json_t *area = json_array_get(areas, i);

        if (!ov_grow(&host->areas, &host->area_cap, host->area_count, sizeof(*host->areas))) {
            g->s->failed = true;
            return;
        }
        host->areas[host->area_count++] = (struct ov_area){ .name = text_of(g, area, "name"),
            .looked = number_of(g, area, "looked"),
            .unread = number_of(g, area, "unread") };
    }
}

static void read_clues(struct reading *g, const json_t *object, struct ov_found *found)
{
    const json_t *list = list_of(g, object, "evidence");

    for (size_t i = 0; i < json_array_size(list) && g->status == OVERT_OK; i++) {
        const json_t *one = json_array_get(list, i);
        struct ov_clue *clue = ov_found_add_clue(g->s, found);

        if (clue == NULL) {
            return;
        }
        clue->kind = text_of(g, one, "kind");
        clue->value = text_of(g, one, "value");
        clue->where = text_of(g, one, "where");
        clue->detail = text_of(g, one, "detail");
        clue->source = text_of(g, one, "source");
        clue->shows = state_of(g, one, "shows");
        clue->strength = strength_of(g, one, "strength");
    }
    found->clues_left_out = number_of(g, object, "evidence_left_out");
}

static void read_rulings(struct reading *g, const json_t *object, struct ov_found *found)
{
    const json_t *list = list_of(g, object, "bans");
    const size_t count = json_array_size(list);

    found->rulings = calloc(count + 1, sizeof(*found->rulings));
    if (found->rulings == NULL) {
        g->s->failed = true;
        return;
    }
    for (size_t i = 0; i < count && g->status == OVERT_OK; i++) {
        const json_t *one = json_array_get(list, i);
        struct ov_ruling *ruling = &found->rulings[found->ruling_count++];
        const char *scope = json_string_value(json_object_get(one, "scope"));

        *ruling = (struct ov_ruling){ .ban = text_of(g, one, "ban"),
            .title = text_of(g, one, "title"),
            .why = text_of(g, one, "why") };
        if (scope == NULL || !ov_scope_of(scope, &ruling->scope)) {
            fail(g, "not a", "scope");
        }
    }
}

static void read_found(struct reading *g, const json_t *object, bool lead)
{
    struct ov_found *found = ov_survey_add_found(g->s, lead);

    if (found == NULL) {
        return;
    }
    found->host = host_of(g, object);
    found->state = state_of(g, object, "state");
    found->confidence = strength_of(g, object, "confidence");
    found->product = text_of(g, object, "product");
    found->name = text_of(g, object, "name");
    found->product_class = text_of(g, object, "class");
    found->version = text_of(g, object, "version");
    found->vendor = text_of(g, object, "vendor");
    found->vendor_name = text_of(g, object, "vendor_name");
    found->entity = text_of(g, object, "entity");
    found->platform = text_of(g, object, "platform");
    found->note = text_of(g, object, "note");
    found->embedded = json_is_true(json_object_get(object, "embedded"));
    found->generic = json_is_true(json_object_get(object, "generic"));
    read_clues(g, object, found);
    read_rulings(g, object, found);
}

static void read_unread(struct reading *g, const json_t *object)
{
    struct ov_survey *s = g->s;

    if (s->unread_count >= OV_UNREAD_MAX) {
        s->unread_left_out++; /* the hosts' counts say how many there are */
        return;
    }
    if (!ov_grow(&s->unread, &s->priv_unread_cap, s->unread_count, sizeof(*s->unread))) {
        s->failed = true;
        return;
    }
    s->unread[s->unread_count++] = (struct ov_unread){ .host = host_of(g, object),
        .area = text_of(g, object, "area"),
        .path = text_of(g, object, "path"),
        .reason = text_of(g, object, "reason"),
        .text = text_of(g, object, "text") };
}

static void read_record(struct reading *g, const json_t *object)
{
    const char *type = json_string_value(json_object_get(object, "type"));

    if (type == NULL) {
        fail(g, "there is no", "type");
    } else if (strcmp(type, "prohibited-host") == 0) {
        read_host(g, object);
    } else if (strcmp(type, "prohibited-finding") == 0) {
        read_found(g, object, false);
    } else if (strcmp(type, "prohibited-lead") == 0) {
        read_found(g, object, true);
    } else if (strcmp(type, "prohibited-unread") == 0) {
        read_unread(g, object);
    } else if (strcmp(type, "prohibited-summary") == 0) {
        g->s->unread_left_out += number_of(g, object, "unread_left_out");
        g->summary = true;
    } else if (strcmp(type, "prohibited-change") != 0) {
        fail(g, "not a record of this report:", type);
    }
}

overt_status ov_survey_read(
        struct ov_survey *s, const char *name, struct ov_bytes text, overt_error *err)
{
    struct reading g = { .s = s, .name = name, .host_first = s->host_count, .err = err };
    const char *raw = (const char *)ov_bytes_raw(text);
    size_t left = (size_t)ov_bytes_len(text);

    while (left > 0 && g.status == OVERT_OK) { /* each turn takes a line off */
        const char *end = memchr(raw, '\n', left);
        const size_t len = end == NULL ? left : (size_t)(end - raw);
        json_error_t bad;
        json_t *object;

        g.line++;
        object = len == 0 ? NULL : json_loadb(raw, len, JSON_REJECT_DUPLICATES, &bad);
        if (object != NULL) {
            read_record(&g, object);
        } else if (len != 0) {
            fail(&g, "not JSON:", bad.text);
        }
        json_decref(object);
        left -= end == NULL ? len : len + 1;
        raw += end == NULL ? len : len + 1;
    }
    if (g.status == OVERT_OK && (!g.summary || s->host_count == g.host_first)) {
        fail(&g, "the report is cut short: there is no", g.summary ? "host" : "summary");
    }
    if (g.status == OVERT_OK && s->failed) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the report");
    }
    return g.status;
}

overt_status ov_survey_read_file(struct ov_survey *s, const char *path, overt_error *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    auto_fd int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    struct ov_buf text;
    overt_status status;
    char piece[65536];
    ssize_t n = -1;

    ov_buf_init(&text, REPORT_BYTES_MAX);
    while (fd >= 0 && ((n = read(fd, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR))) {
        if (n > 0) {
            ov_buf_put(&text, piece, (size_t)n);
        }
    }
    if (n < 0 || !ov_buf_ok(&text)) {
        err->sys_errno = n < 0 ? errno : EFBIG;
        (void)snprintf(err->source, sizeof(err->source), "%s", path);
        ov_buf_done(&text);
        return ov_fail(err, OVERT_E_IO, UINT64_MAX, "it cannot be read: %s",
                strerrordesc_np(err->sys_errno));
    }
    status = ov_survey_read(s, path, ov_buf_bytes(&text), err);
    ov_buf_done(&text);
    return status;
}
