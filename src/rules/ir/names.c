/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - a four-way tree, walked by two bits of the hash at a time. The names are hostile; the
 * hash is SipHash-1-3, whose full 64-bit collisions nobody can make in number, so that depth stays
 * near log4 of the count. Its key is fixed: reading the same rules must do the same everywhere. */
#include "rules/ir/names.h"

#include <string.h>

#include "base/le.h"

struct ov_name {
    struct ov_name *child[4];
    struct ov_bytes space;
    struct ov_bytes name;
    uint32_t value;
};

struct sip {
    uint64_t v[4];
};

static uint64_t rotate(uint64_t x, unsigned by)
{
    return x << by | x >> (64u - by);
}

static void sip_round(struct sip *s)
{
    s->v[0] += s->v[1];
    s->v[1] = rotate(s->v[1], 13) ^ s->v[0];
    s->v[0] = rotate(s->v[0], 32);
    s->v[2] += s->v[3];
    s->v[3] = rotate(s->v[3], 16) ^ s->v[2];
    s->v[0] += s->v[3];
    s->v[3] = rotate(s->v[3], 21) ^ s->v[0];
    s->v[2] += s->v[1];
    s->v[1] = rotate(s->v[1], 17) ^ s->v[2];
    s->v[2] = rotate(s->v[2], 32);
}

static void sip_word(struct sip *s, uint64_t word)
{
    s->v[3] ^= word;
    sip_round(s);
    s->v[0] ^= word;
}

static void sip_bytes(struct sip *s, struct ov_bytes bytes)
{
    const size_t len = (size_t)ov_bytes_len(bytes);
    size_t off;

    for (off = 0; len - off >= 8; off += 8) {
        struct ov_le64 word;

        memcpy(word.b, ov_bytes_raw(bytes) + off, 8);
        sip_word(s, ov_le64_get(word));
    }
    if (off < len) {
        struct ov_le64 word = { { 0 } };

        memcpy(word.b, ov_bytes_raw(bytes) + off, len - off);
        sip_word(s, ov_le64_get(word));
    }
    sip_word(s, len); /* keeps ("ab", "c") and ("a", "bc") apart */
}

static uint64_t hash_of(struct ov_bytes space, struct ov_bytes name)
{
    struct sip s = { { 0x736f6d6570736575u ^ 0x6f76657274000001u, 0x646f72616e646f6du,
            0x6c7967656e657261u ^ 0x6f76657274000001u, 0x7465646279746573u } };

    sip_bytes(&s, space);
    sip_bytes(&s, name);
    s.v[2] ^= 0xff;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.v[0] ^ s.v[1] ^ s.v[2] ^ s.v[3];
}

static bool same(struct ov_bytes a, struct ov_bytes b)
{
    return ov_bytes_equal(a, ov_bytes_raw(b), (size_t)ov_bytes_len(b));
}

void ov_names_init(struct ov_names *names, struct ov_arena *arena)
{
    *names = (struct ov_names){ .arena = arena };
}

uint32_t *ov_names_find(const struct ov_names *names, struct ov_bytes space, struct ov_bytes name)
{
    struct ov_name *at = names->priv_root;

    for (uint64_t hash = hash_of(space, name); at != NULL; hash <<= 2) {
        if (same(at->name, name) && same(at->space, space)) {
            return &at->value;
        }
        at = at->child[hash >> 62];
    }
    return NULL;
}

uint32_t *ov_names_add(struct ov_names *names, struct ov_bytes space, struct ov_bytes name)
{
    struct ov_name **at = &names->priv_root;

    for (uint64_t hash = hash_of(space, name); *at != NULL; hash <<= 2) {
        if (same((*at)->name, name) && same((*at)->space, space)) {
            return &(*at)->value;
        }
        at = &(*at)->child[hash >> 62];
    }
    *at = ov_arena_alloc(names->arena, 1, sizeof(**at));
    if (*at == NULL) {
        return NULL;
    }
    (*at)->space = space;
    (*at)->name = name;
    (*at)->value = OV_NAME_NEW;
    return &(*at)->value;
}
