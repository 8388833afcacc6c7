/* SPDX-License-Identifier: Apache-2.0 */
/* cuckoo.c - picks a few lists out of a report as its JSON goes by. Of a key that stands twice the
 * last counts, as in any JSON library. The report is hostile: lists have a limit together, and
 * what is not asked about is passed over unkept. */
#include "facts/cuckoo.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/json.h"
#include "base/limits.h"

enum where {
    IN_OTHER = 0, /* nothing in it is asked about */
    IN_ROOT,
    IN_NETWORK,
    IN_BEHAVIOR,
    IN_SUMMARY,
    IN_LIST,
    IN_ENTRY
};

/* Lists by the keys they stand behind. */
static const struct place {
    const char *key;
    enum where where;
    bool has_entries; /* objects; else texts */
} places[OV_CUCKOO_LISTS] = {
    [OV_CUCKOO_DOMAINS] = { "domains", IN_NETWORK, true },
    [OV_CUCKOO_DNS] = { "dns", IN_NETWORK, true },
    [OV_CUCKOO_HTTP] = { "http", IN_NETWORK, true },
    [OV_CUCKOO_HOSTS] = { "hosts", IN_NETWORK, false },
    [OV_CUCKOO_TCP] = { "tcp", IN_NETWORK, true },
    [OV_CUCKOO_UDP] = { "udp", IN_NETWORK, true },
    [OV_CUCKOO_KEYS] = { "keys", IN_SUMMARY, false },
    [OV_CUCKOO_FILES] = { "files", IN_SUMMARY, false },
    [OV_CUCKOO_MUTEXES] = { "mutexes", IN_SUMMARY, false },
};

/* Fields of entries. */
enum field {
    FIELD_NONE = 0,
    FIELD_IP,
    FIELD_NAME, /* domain, hostname, uri, dst */
    FIELD_METHOD,
    FIELD_AGENT,
    FIELD_PORT
};

struct reading {
    struct ov_cuckoo *out;
    struct ov_json json;
    /* Where the objects and arrays that are open lead; deeper than this nothing is asked about. */
    enum where open[6];
    uint32_t depth;  /* of all that are open */
    enum where next; /* what the value behind the last key would be */
    enum ov_cuckoo_list list;
    enum field field;
    bool has_ip, has_port;
    struct ov_cuckoo_entry entry;
};

#define OPEN_MAX (sizeof(((struct reading *)NULL)->open) / sizeof(enum where))

static bool is(struct ov_bytes key, const char *text)
{
    return ov_bytes_equal(key, text, strlen(text));
}

static enum where here(const struct reading *r)
{
    return r->depth == 0 || r->depth > OPEN_MAX ? IN_OTHER : r->open[r->depth - 1];
}

static void forget(struct ov_cuckoo *out, enum where where)
{
    for (int i = 0; i < OV_CUCKOO_LISTS; i++) {
        if (places[i].where == where) {
            out->priv_total -= out->counts[i];
            out->counts[i] = 0;
        }
    }
    out->has_domains = out->has_domains && where != IN_NETWORK;
}

/* --- keys ----------------------------------------------------------------------------------- */

static enum field field_of(enum ov_cuckoo_list list, struct ov_bytes key)
{
    const bool dns = list == OV_CUCKOO_DOMAINS || list == OV_CUCKOO_DNS;

    if (dns && is(key, "ip")) {
        return FIELD_IP;
    }
    if (list == OV_CUCKOO_HTTP) {
        return is(key, "uri")          ? FIELD_NAME
               : is(key, "method")     ? FIELD_METHOD
               : is(key, "user-agent") ? FIELD_AGENT
                                       : FIELD_NONE;
    }
    if (list == OV_CUCKOO_TCP || list == OV_CUCKOO_UDP) {
        return is(key, "dst") ? FIELD_NAME : is(key, "dport") ? FIELD_PORT : FIELD_NONE;
    }
    return is(key, list == OV_CUCKOO_DOMAINS ? "domain" : "hostname") ? FIELD_NAME : FIELD_NONE;
}

static void on_key(struct reading *r)
{
    const struct ov_bytes key = r->json.text;
    const enum where where = here(r);

    r->next = IN_OTHER;
    r->field = FIELD_NONE;
    if (where == IN_ROOT && is(key, "network")) {
        forget(r->out, IN_NETWORK);
        r->next = IN_NETWORK;
    } else if (where == IN_ROOT && is(key, "behavior")) {
        forget(r->out, IN_SUMMARY);
        r->next = IN_BEHAVIOR;
    } else if (where == IN_BEHAVIOR && is(key, "summary")) {
        forget(r->out, IN_SUMMARY);
        r->next = IN_SUMMARY;
    } else if (where == IN_ENTRY) {
        r->field = field_of(r->list, key);
    }
    for (int i = 0; i < OV_CUCKOO_LISTS; i++) {
        if (where == places[i].where && is(key, places[i].key)) {
            r->next = IN_LIST;
            r->list = (enum ov_cuckoo_list)i;
            r->out->priv_total -= r->out->counts[i];
            r->out->counts[i] = 0;
            r->out->has_domains |= i == OV_CUCKOO_DOMAINS;
        }
    }
}

/* --- values --------------------------------------------------------------------------------- */

/* As far as the first NUL: texts are C strings for YARA. */
static bool keep(struct reading *r, struct ov_cuckoo_text *out)
{
    const size_t len =
            strnlen((const char *)ov_bytes_raw(r->json.text), (size_t)ov_bytes_len(r->json.text));

    out->is_there = true;
    return ov_arena_copy(
            &r->out->priv_texts, ov_bytes_of(ov_bytes_raw(r->json.text), len), &out->text);
}

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the report");
}

static overt_status append(struct reading *r, const struct ov_cuckoo_entry *entry, overt_error *err)
{
    struct ov_cuckoo *out = r->out;
    const enum ov_cuckoo_list list = r->list;

    if (out->priv_total == OV_CUCKOO_ENTRIES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, r->json.at, "the report has more than %u entries",
                OV_CUCKOO_ENTRIES_MAX);
    }
    if (out->counts[list] == out->priv_caps[list]) {
        const size_t cap = out->priv_caps[list] == 0 ? 64 : out->priv_caps[list] * 2;
        struct ov_cuckoo_entry *more =
                reallocarray(out->entries[list], cap, sizeof(*out->entries[list]));

        if (more == NULL) {
            return no_memory(err);
        }
        out->entries[list] = more;
        out->priv_caps[list] = cap;
    }
    out->entries[list][out->counts[list]++] = *entry;
    out->priv_total++;
    return OVERT_OK;
}

static struct ov_cuckoo_text *text_of(struct reading *r)
{
    return r->field == FIELD_NAME     ? &r->entry.name
           : r->field == FIELD_METHOD ? &r->entry.method
           : r->field == FIELD_AGENT  ? &r->entry.agent
                                      : NULL;
}

/* A value that is neither object nor array, or the begin of one: whatever stood there before is
 * replaced. */
static overt_status on_value(struct reading *r, enum ov_json_event event, overt_error *err)
{
    const enum where where = here(r);
    struct ov_cuckoo_text *text = where == IN_ENTRY ? text_of(r) : NULL;

    if (where == IN_LIST && event == OV_JSON_TEXT && !places[r->list].has_entries) {
        struct ov_cuckoo_entry entry = { .port = 0 };

        return keep(r, &entry.name) ? append(r, &entry, err) : no_memory(err);
    }
    if (where != IN_ENTRY) {
        return OVERT_OK;
    }
    if (text != NULL) {
        text->is_there = false;
        return event != OV_JSON_TEXT || keep(r, text) ? OVERT_OK : no_memory(err);
    }
    if (r->field == FIELD_IP) {
        r->has_ip = event == OV_JSON_TEXT;
    } else if (r->field == FIELD_PORT) {
        r->has_port = event == OV_JSON_INTEGER;
        r->entry.port = r->has_port ? (int32_t)(uint32_t)(uint64_t)r->json.integer : 0;
    }
    return OVERT_OK;
}

/* What the object or array that begins is. */
static enum where where_leads(struct reading *r, enum ov_json_event event)
{
    const enum where where = here(r);
    const bool is_array = event == OV_JSON_ARRAY;

    if (r->depth == 0) {
        return is_array ? IN_OTHER : IN_ROOT;
    }
    if (where == IN_LIST) { /* the list's own number stays */
        return !is_array && places[r->list].has_entries ? IN_ENTRY : IN_OTHER;
    }
    if (where == IN_ENTRY || where == IN_OTHER) {
        return IN_OTHER;
    }
    return is_array == (r->next == IN_LIST) ? r->next : IN_OTHER;
}

static overt_status on_begin(struct reading *r, enum ov_json_event event, overt_error *err)
{
    const overt_status status = on_value(r, event, err);
    const enum where leads = where_leads(r, event);

    if (leads == IN_ENTRY) {
        r->entry = (struct ov_cuckoo_entry){ .port = 0 };
        r->has_ip = r->has_port = false;
    }
    if (r->depth < OPEN_MAX) {
        r->open[r->depth] = leads;
    }
    r->depth++;
    r->next = IN_OTHER;
    r->field = FIELD_NONE;
    return status;
}

static bool is_whole(const struct reading *r)
{
    const bool named = r->entry.name.is_there;

    switch ((unsigned)r->list) {
    case OV_CUCKOO_DOMAINS:
    case OV_CUCKOO_DNS:
        return named && r->has_ip;
    case OV_CUCKOO_TCP:
    case OV_CUCKOO_UDP:
        return named && r->has_port;
    default:
        return true;
    }
}

static overt_status on_end(struct reading *r, overt_error *err)
{
    const bool entry = here(r) == IN_ENTRY;

    r->depth--;
    return entry && is_whole(r) ? append(r, &r->entry, err) : OVERT_OK;
}

/* --- the report ------------------------------------------------------------------------------ */

static overt_status read_all(struct reading *r, overt_error *err)
{
    overt_status status = OVERT_OK;

    while (status == OVERT_OK) {
        const enum ov_json_event event = ov_json_next(&r->json);

        switch (event) {
        case OV_JSON_OBJECT:
        case OV_JSON_ARRAY:
            status = on_begin(r, event, err);
            break;
        case OV_JSON_END:
            status = on_end(r, err);
            break;
        case OV_JSON_KEY:
            on_key(r);
            break;
        case OV_JSON_TEXT:
        case OV_JSON_INTEGER:
        case OV_JSON_OTHER:
            status = on_value(r, event, err);
            break;
        case OV_JSON_DONE:
            return OVERT_OK;
        case OV_JSON_BAD:
            return ov_fail(err, OVERT_E_CORRUPT, r->json.at, "no report: %s, at byte %llu",
                    r->json.why, (unsigned long long)r->json.at);
        }
    }
    return status;
}

overt_status ov_cuckoo_read(struct ov_cuckoo *out, struct ov_bytes report, overt_error *err)
{
    struct reading r = { .out = out };
    overt_status status;

    memset(out, 0, sizeof(*out));
    ov_arena_init(&out->priv_texts, UINT64_MAX);
    ov_json_init(&r.json, report);
    status = read_all(&r, err);
    ov_json_done(&r.json);
    if (status != OVERT_OK) {
        ov_cuckoo_done(out);
    }
    return status;
}

void ov_cuckoo_done(struct ov_cuckoo *cuckoo)
{
    for (int i = 0; i < OV_CUCKOO_LISTS; i++) {
        free(cuckoo->entries[i]);
    }
    ov_arena_done(&cuckoo->priv_texts);
    memset(cuckoo, 0, sizeof(*cuckoo));
}
