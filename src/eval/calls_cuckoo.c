/* SPDX-License-Identifier: Apache-2.0 */
/* calls_cuckoo.c - does a regular expression match something in the report that the owner's command
 * handed over? Without a report nothing does. */
#include <string.h>
#include <strings.h>

#include "eval/calls.h"
#include "facts/cuckoo.h"

struct question {
    enum ov_cuckoo_list list;
    bool get, post; /* HTTP: which methods count; none: the agent is asked about */
};

static struct question question_of(const struct ov_cuckoo *cuckoo, enum ov_field field)
{
    switch ((unsigned)field) {
    case OV_CUCKOO_NETWORK_DNS_LOOKUP_OF_R:
        return (struct question){ .list = cuckoo->has_domains ? OV_CUCKOO_DOMAINS : OV_CUCKOO_DNS };
    case OV_CUCKOO_NETWORK_HTTP_GET_OF_R:
        return (struct question){ .list = OV_CUCKOO_HTTP, .get = true };
    case OV_CUCKOO_NETWORK_HTTP_POST_OF_R:
        return (struct question){ .list = OV_CUCKOO_HTTP, .post = true };
    case OV_CUCKOO_NETWORK_HTTP_REQUEST_OF_R:
        return (struct question){ .list = OV_CUCKOO_HTTP, .get = true, .post = true };
    case OV_CUCKOO_NETWORK_HTTP_USER_AGENT_OF_R:
        return (struct question){ .list = OV_CUCKOO_HTTP };
    case OV_CUCKOO_NETWORK_TCP_OF_RI:
        return (struct question){ .list = OV_CUCKOO_TCP };
    case OV_CUCKOO_NETWORK_UDP_OF_RI:
        return (struct question){ .list = OV_CUCKOO_UDP };
    case OV_CUCKOO_NETWORK_HOST_OF_R:
        return (struct question){ .list = OV_CUCKOO_HOSTS };
    case OV_CUCKOO_REGISTRY_KEY_ACCESS_OF_R:
        return (struct question){ .list = OV_CUCKOO_KEYS };
    case OV_CUCKOO_FILESYSTEM_FILE_ACCESS_OF_R:
        return (struct question){ .list = OV_CUCKOO_FILES };
    default:
        return (struct question){ .list = OV_CUCKOO_MUTEXES };
    }
}

static bool is_method(const struct ov_cuckoo_text *method, const char *name)
{
    return method->is_there && ov_bytes_len(method->text) == strlen(name)
           && strncasecmp((const char *)ov_bytes_raw(method->text), name, strlen(name)) == 0;
}

/* The text that is asked about, or NULL: this entry has no answer. */
static const struct ov_cuckoo_text *text_of(
        struct ov_call *call, const struct question *q, const struct ov_cuckoo_entry *entry)
{
    if (q->list == OV_CUCKOO_HTTP) {
        if (!q->get && !q->post) {
            return &entry->agent;
        }
        return (q->get && is_method(&entry->method, "get"))
                               || (q->post && is_method(&entry->method, "post"))
                       ? &entry->name
                       : NULL;
    }
    if ((q->list == OV_CUCKOO_TCP || q->list == OV_CUCKOO_UDP)
            && entry->port != ov_call_int(call, 1)) {
        return NULL;
    }
    return &entry->name;
}

struct ov_value ov_call_cuckoo(struct ov_call *call)
{
    const struct ov_cuckoo *cuckoo = call->asked->means == NULL ? NULL : call->asked->means->cuckoo;
    struct question q;

    if (cuckoo == NULL) {
        return ov_value_int(0);
    }
    call->asked->used |= OV_USED_MODULES;
    q = question_of(cuckoo, call->field);
    for (size_t i = 0; i < cuckoo->counts[q.list] && ov_machine_charge(call->m, 4); i++) {
        const struct ov_cuckoo_text *text = text_of(call, &q, &cuckoo->entries[q.list][i]);

        if (text != NULL && text->is_there && ov_call_matches(call, 0, text->text)) {
            return ov_value_int(1);
        }
    }
    return ov_value_int(0);
}
