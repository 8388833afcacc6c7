/* SPDX-License-Identifier: Apache-2.0 */
/* contents.c - tags of streams, and a table of them.
 *
 * A tag is Poly1305 under one random key. For two streams of L blocks of 16 bytes that were chosen
 * without the key it is the same with a chance of at most 8 L / 2^106: 2^-95 for 4 KiB, 2^-80 for
 * 100 MiB. That holds as long as no tag is seen, whence none is ever sent or shown, and it is four
 * times as fast as SHA-256, which whoever sends what nobody has sent before would pay for. (As an
 * authenticator a key of Poly1305 is good for one message, as its tags are seen.) */
#include "guard/contents.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/checked.h"

#define KEY_BYTES 32u
#define WAYS      8u

struct set { /* the youngest first: in a full one the oldest gives way */
    struct ov_guard_tag tags[WAYS];
};

struct ov_guard_contents {
    EVP_MAC *mac;
    EVP_MAC_CTX *whole; /* for streams that are there */
    uint8_t key[KEY_BYTES];
    uint32_t rules;
    uint64_t mask;
    struct set *sets; /* owned */
};

struct ov_guard_tagging {
    EVP_MAC_CTX *context;
};

static bool is_none(const struct ov_guard_tag *tag)
{
    static const struct ov_guard_tag none;

    return memcmp(tag, &none, sizeof(none)) == 0;
}

static bool put(EVP_MAC_CTX *context, struct ov_bytes bytes)
{
    return ov_bytes_len(bytes) == 0
           || EVP_MAC_update(context, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes)) == 1;
}

static struct ov_guard_tag end(EVP_MAC_CTX *context, bool good)
{
    struct ov_guard_tag tag = { .bytes = { 0 } };
    size_t len = 0;

    if (!good || EVP_MAC_final(context, tag.bytes, &len, sizeof(tag.bytes)) != 1
            || len != sizeof(tag.bytes)) {
        tag = (struct ov_guard_tag){ .bytes = { 0 } };
    }
    return tag;
}

struct ov_guard_contents *ov_guard_contents_new(uint64_t places)
{
    struct ov_guard_contents *m = calloc(1, sizeof(*m));
    uint64_t sets = 1;
    struct ov_guard_tag first;

    if (m == NULL) {
        return NULL;
    }
    while (sets * WAYS < places && sets < (UINT64_C(1) << 24)) {
        sets *= 2;
    }
    m->mask = sets - 1;
    m->sets = calloc((size_t)sets, sizeof(struct set));
    m->mac = EVP_MAC_fetch(NULL, "POLY1305", NULL);
    m->whole = m->mac == NULL ? NULL : EVP_MAC_CTX_new(m->mac);
    if (m->sets == NULL || m->whole == NULL
            || getrandom(m->key, sizeof(m->key), 0) != (ssize_t)sizeof(m->key)) {
        ov_guard_contents_free(m);
        return NULL;
    }
    first = ov_guard_contents_tag(m, ov_bytes_of("", 1)); /* what is loaded late is loaded now */
    if (is_none(&first)) {
        ov_guard_contents_free(m);
        return NULL;
    }
    return m;
}

void ov_guard_contents_free(struct ov_guard_contents *contents)
{
    if (contents == NULL) {
        return;
    }
    EVP_MAC_CTX_free(contents->whole);
    EVP_MAC_free(contents->mac);
    free(contents->sets);
    free(contents);
}

/* --- tags ----------------------------------------------------------------------------------- */

struct ov_guard_tag ov_guard_contents_tag(
        struct ov_guard_contents *contents, struct ov_bytes stream)
{
    const bool good = EVP_MAC_init(contents->whole, contents->key, sizeof(contents->key), NULL) == 1
                      && put(contents->whole, stream);

    return end(contents->whole, good);
}

struct ov_guard_tagging *ov_guard_tagging_begin(struct ov_guard_contents *contents)
{
    struct ov_guard_tagging *t = calloc(1, sizeof(*t));

    if (t == NULL) {
        return NULL;
    }
    t->context = EVP_MAC_CTX_new(contents->mac);
    if (t->context == NULL
            || EVP_MAC_init(t->context, contents->key, sizeof(contents->key), NULL) != 1) {
        ov_guard_tagging_free(t);
        return NULL;
    }
    return t;
}

void ov_guard_tagging_put(struct ov_guard_tagging *tagging, struct ov_bytes piece)
{
    if (tagging->context != NULL && !put(tagging->context, piece)) {
        EVP_MAC_CTX_free(tagging->context);
        tagging->context = NULL;
    }
}

struct ov_guard_tag ov_guard_tagging_end(struct ov_guard_tagging *tagging)
{
    const struct ov_guard_tag tag = end(tagging->context, tagging->context != NULL);

    ov_guard_tagging_free(tagging);
    return tag;
}

void ov_guard_tagging_free(struct ov_guard_tagging *tagging)
{
    if (tagging != NULL) {
        EVP_MAC_CTX_free(tagging->context);
        free(tagging);
    }
}

/* --- the table ------------------------------------------------------------------------------ */

static struct set *set_of(const struct ov_guard_contents *contents, const struct ov_guard_tag *tag)
{
    uint64_t at;

    memcpy(&at, tag->bytes, sizeof(at));
    return &contents->sets[at & contents->mask];
}

uint32_t ov_guard_contents_rules(const struct ov_guard_contents *contents)
{
    return contents->rules;
}

void ov_guard_contents_forget(struct ov_guard_contents *contents)
{
    struct set *fresh = calloc((size_t)contents->mask + 1, sizeof(struct set));

    contents->rules++;
    if (fresh == NULL) {
        memset(contents->sets, 0, (size_t)(contents->mask + 1) * sizeof(struct set));
        return;
    }
    free(contents->sets); /* and with it the pages that were touched */
    contents->sets = fresh;
}

bool ov_guard_contents_knows(
        const struct ov_guard_contents *contents, const struct ov_guard_tag *tag)
{
    const struct set *set = set_of(contents, tag);

    for (unsigned i = 0; i < WAYS; i++) {
        if (memcmp(&set->tags[i], tag, sizeof(*tag)) == 0) {
            return !is_none(tag);
        }
    }
    return false;
}

void ov_guard_contents_put(
        struct ov_guard_contents *contents, const struct ov_guard_tag *tag, uint32_t rules)
{
    struct set *set = set_of(contents, tag);

    if (rules != contents->rules || is_none(tag) || ov_guard_contents_knows(contents, tag)) {
        return;
    }
    memmove(&set->tags[1], &set->tags[0], (WAYS - 1) * sizeof(set->tags[0]));
    set->tags[0] = *tag;
}
