/* SPDX-License-Identifier: Apache-2.0 */
/* phishing.c - links in mail that show another host than they lead to, where the shown one is on the
 * database's list of those that are often imitated. As ClamAV 1.4 judges them (observed). */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/checked.h"
#include "db/lists.h"
#include "engine/walk.h"
#include "formats/links.h"

/* An address, cut to what is judged. */
struct address {
    char text[OV_LINK_BYTES_MAX]; /* scheme://host, small letters */
    size_t len;
    size_t host_at;
    bool secure;   /* https */
    bool has_null; /* %00 or the like before the host's end */
};

struct judging {
    struct ov_walk *walk;
    enum ov_link_end found;
    unsigned links;
};

static bool is_host_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'
           || c == '@' || c == ':' || c >= 0x80;
}

static void add(struct address *a, uint8_t c)
{
    if (a->len + 1 < sizeof(a->text)) {
        a->text[a->len++] = (char)c;
        a->text[a->len] = '\0';
    }
}

/* Reads what looks like an address; false: it does not. Without a scheme it is taken for http. */
static bool read_address(struct ov_bytes in, struct address *a)
{
    const uint8_t *raw = ov_bytes_raw(in);
    size_t at = 0, len = (size_t)ov_bytes_len(in);
    bool scheme = false, dot = false;

    *a = (struct address){ .len = 0 };
    while (at < len && (raw[at] <= ' ' || raw[at] == '"')) {
        at++;
    }
    while (len > at && raw[len - 1] <= ' ') {
        len--;
    }
    if (len - at >= 8 && strncasecmp((const char *)raw + at, "https://", 8) == 0) {
        a->secure = true;
        scheme = true;
        at += 8;
    } else if (len - at >= 7 && strncasecmp((const char *)raw + at, "http://", 7) == 0) {
        scheme = true;
        at += 7;
    } else if (len - at >= 6 && strncasecmp((const char *)raw + at, "ftp://", 6) == 0) {
        scheme = true;
        at += 6;
    }
    for (const char *c = a->secure ? "https://" : "http://"; *c != '\0'; c++) {
        add(a, (uint8_t)*c);
    }
    a->host_at = a->len;
    for (; at < len && raw[at] != '/' && raw[at] != '?' && raw[at] != '#'; at++) {
        const uint8_t c = raw[at] >= 'A' && raw[at] <= 'Z' ? raw[at] | 0x20 : raw[at];

        if (c == '%' && len - at >= 3 && raw[at + 1] == '0'
                && (raw[at + 2] == '0' || raw[at + 2] == '1')) {
            a->has_null = true;
            at += 2;
            continue;
        }
        if (c <= 1) {
            a->has_null = true;
            continue;
        }
        if (!is_host_char(c)) {
            return false; /* words, not an address */
        }
        dot |= c == '.';
        add(a, c);
    }
    return a->len > a->host_at && (scheme || dot) && dot;
}

static const char *host_of(const struct address *a)
{
    return a->text + a->host_at;
}

/* `host` is `name`, or lies below it. */
static bool is_below(const char *host, struct ov_bytes name)
{
    const size_t host_len = strlen(host), len = (size_t)ov_bytes_len(name);

    return host_len >= len && len != 0
           && strncasecmp(host + (host_len - len), (const char *)ov_bytes_raw(name), len) == 0
           && (host_len == len || host[host_len - len - 1] == '.');
}

/* The last two labels, or three where the second is short (co.uk). */
static const char *domain_of(const char *host)
{
    const char *at = host + strlen(host), *last = NULL, *second = NULL, *third = NULL;

    while (at > host && third == NULL) {
        at--;
        if (*at == '.') {
            if (last == NULL) {
                last = at;
            } else if (second == NULL) {
                second = at;
            } else {
                third = at;
            }
        }
    }
    if (second == NULL) {
        return host;
    }
    if (strlen(last) == 3 && last - second <= 4) { /* .uk behind .co */
        return third == NULL ? host : third + 1;
    }
    return second + 1;
}

static bool matches(struct ov_walk *walk, struct ov_bytes record, uint32_t id, struct ov_bytes text)
{
    struct ov_engine *engine = walk->engine;
    const struct ov_clam_pcre_subject subject = { .name = text };
    uint64_t count = 0;

    if (engine->link_pcre == NULL) {
        engine->link_pcre = ov_clam_pcre_new();
    }
    if (engine->link_pcre == NULL
            || ov_clam_pcre_count(engine->link_pcre, &subject, record, id, ov_value_int(0),
                       &walk->budget, &count)
                       != OV_PCRE_DONE) {
        walk->links_trouble = OV_REASON_STEPS;
    }
    return count != 0;
}

enum listed {
    LISTED_NOT = 0,
    LISTED_BY_HOST,
    LISTED_BY_EXPRESSION
};

/* What does the list say of the pair? `allowed`: that it is in order; else that the shown one is
 * often imitated. */
static enum listed find_listed(
        struct judging *j, const struct address *real, const struct address *shown, bool allowed)
{
    const struct ov_db_view *view = j->walk->engine->view;
    char pair[2 * OV_LINK_BYTES_MAX + 4];
    enum listed found = LISTED_NOT;
    struct ov_list_item item;
    uint64_t at = 0;
    size_t len = 0;

    memcpy(pair, real->text, real->len);
    len = real->len;
    pair[len++] = ':';
    memcpy(pair + len, shown->text, shown->len);
    len += shown->len;
    pair[len++] = '/';
    for (uint64_t here = 0; ov_db_list_next(view, &at, &item); here = at) {
        struct ov_list_phishing head;
        struct ov_bytes rest, first, second;
        bool says = false;

        if (item.kind != OV_LIST_PHISHING || !ov_db_list_split(&item, &head, sizeof(head), &rest)
                || !ov_bytes_slice(rest, 0, ov_le32_get(head.first_bytes), &first)
                || !ov_bytes_slice(rest, ov_bytes_len(first),
                        ov_bytes_len(rest) - ov_bytes_len(first), &second)) {
            continue;
        }
        if (!ov_budget_steps(&j->walk->budget, 8)) {
            j->walk->links_trouble = OV_REASON_STEPS;
            return allowed ? LISTED_BY_HOST : LISTED_NOT; /* what was not judged is no find */
        }
        switch (ov_le32_get(head.what)) {
        case OV_PHISHING_HOST:
            says = !allowed && is_below(host_of(shown), first);
            break;
        case OV_PHISHING_PAIR_HOSTS:
            says = allowed && is_below(host_of(real), first)
                   && ov_bytes_equal(second, host_of(shown), strlen(host_of(shown)));
            break;
        case OV_PHISHING_REGEX:
            says = !allowed && matches(j->walk, first, (uint32_t)here, ov_bytes_of(pair, len));
            break;
        case OV_PHISHING_PAIR_REGEX:
            says = allowed && matches(j->walk, first, (uint32_t)here, ov_bytes_of(pair, len));
            break;
        default: /* PHISHING_REAL_REGEX */
            says = allowed
                   && matches(j->walk, first, (uint32_t)here, ov_bytes_of(real->text, real->len));
            break;
        }
        if (says && (allowed || ov_le32_get(head.what) == OV_PHISHING_HOST)) {
            return LISTED_BY_HOST;
        }
        found = says ? LISTED_BY_EXPRESSION : found;
    }
    return found;
}

static enum ov_link_end judge(
        struct judging *j, const struct address *real, const struct address *shown)
{
    enum listed imitated;

    if (find_listed(j, real, shown, true) != LISTED_NOT) {
        return OV_LINK_GOOD;
    }
    imitated = find_listed(j, real, shown, false);
    if (imitated == LISTED_NOT) {
        return OV_LINK_GOOD;
    }
    /* an expression says that the pair is bad, not that one of its hosts is dear to thieves */
    if (imitated == LISTED_BY_HOST && real->has_null) {
        return OV_LINK_NULL;
    }
    if (imitated == LISTED_BY_HOST && shown->secure && !real->secure) {
        return OV_LINK_NOT_SECURE;
    }
    return strcmp(domain_of(host_of(real)), domain_of(host_of(shown))) == 0 ? OV_LINK_GOOD
                                                                            : OV_LINK_SPOOFED;
}

static bool on_link(void *payload, struct ov_bytes real_text, struct ov_bytes shown_text)
{
    struct judging *j = payload;
    struct address real, shown;

    if (++j->links > OV_LINKS_MAX) {
        j->walk->links_trouble = OV_REASON_STEPS;
        return false;
    }
    if (read_address(real_text, &real) && read_address(shown_text, &shown)) {
        j->found = judge(j, &real, &shown);
    }
    return j->found == OV_LINK_GOOD;
}

/* A part of mail that is a page, or text that may have links in it. */
static bool may_have_links(const struct ov_clam_object *clam)
{
    return clam->is_member && clam->depth != 0 && clam->layers[0] == OV_CLAM_MAIL
           && (clam->type == OV_CLAM_HTML || ov_clam_is_text(clam->type));
}

enum ov_link_end ov_walk_links(struct ov_clam_object *clam, struct ov_source *source)
{
    struct judging j = { .walk = clam->find_payload };
    auto_free uint8_t *copy = NULL;
    struct ov_bytes page;

    if (!may_have_links(clam)) {
        return OV_LINK_GOOD;
    }
    if (source->size > OV_LINKS_PAGE_BYTES_MAX
            || !ov_budget_steps(&j.walk->budget, source->size / 4)) {
        j.walk->links_trouble = OV_REASON_STEPS;
        return OV_LINK_GOOD;
    }
    if (!ov_source_whole(source, &page)) {
        copy = malloc((size_t)source->size + 1);
        if (copy == NULL) {
            j.walk->links_trouble = OV_REASON_MEMORY;
            return OV_LINK_GOOD;
        }
        page = ov_bytes_of(copy, ov_source_read(source, 0, copy, (size_t)source->size));
    }
    ov_links_each(page, on_link, &j);
    return j.found;
}
