/* SPDX-License-Identifier: Apache-2.0 */
/* facts_fuzz.h - what holds of every parser of facts, on arbitrary bytes: it ends within its
 * budget; what it said can be walked; it says the same whether the object lies in memory or behind
 * a descriptor; and out of budget, it has a reason. */
#ifndef OV_FUZZ_FACTS_FUZZ_H
#define OV_FUZZ_FACTS_FUZZ_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/digest.h"
#include "facts/tree.h"

typedef void (*facts_parser)(struct ov_fact_tree *tree, struct ov_pages *pages);

#define FUZZ_STEPS (256u * 1024u)

static inline void hash_structure(const struct ov_fact_tree *tree, ov_fact_node node,
        unsigned field, struct ov_digest *digest);

static inline void hash_fact(const struct ov_fact_tree *tree, struct ov_fact fact, unsigned field,
        struct ov_digest *digest)
{
    const uint32_t head[2] = { field, (uint32_t)fact.kind };

    ov_digest_update(digest, ov_bytes_of(head, sizeof(head)));
    switch (fact.kind) {
    case OV_FACT_INT:
        ov_digest_update(digest, ov_bytes_of(&fact.integer, sizeof(fact.integer)));
        break;
    case OV_FACT_TEXT:
        ov_digest_update(digest, fact.text);
        break;
    case OV_FACT_NODE:
        hash_structure(tree, fact.node, field, digest);
        break;
    case OV_FACT_FLOAT:
    case OV_FACT_UNDEFINED:
        break;
    }
}

/* As deep as the schema. */
static inline void hash_structure(const struct ov_fact_tree *tree, ov_fact_node node,
        unsigned field, struct ov_digest *digest)
{
    unsigned f = field;

    while ((f = ov_field_next_in(field, f)) != OV_FIELD_NONE) {
        if (ov_field_row(f)->kind != OV_FIELD_IS_FACT) {
            continue;
        }
        if (ov_field_row(f)->shape == OV_FACT_SHAPE_ONE) {
            hash_fact(tree, ov_fact_get(tree, node, f), f, digest);
        }
        for (uint32_t i = 0; i < ov_fact_count(tree, node, f); i++) {
            hash_fact(tree, ov_fact_get_item(tree, node, f, i), f, digest);
        }
    }
}

/* Parses with so many steps, and takes the digest of all that was said. */
static inline enum ov_reason facts_of(facts_parser parser, enum ov_field module,
        struct ov_source *source, uint64_t steps, uint8_t out[OV_DIGEST_BYTES_MAX])
{
    static struct ov_fact_tree *tree;
    static struct ov_pages *pages;
    static struct ov_digest *digest;
    struct ov_budget budget = { .steps_left = steps };
    enum ov_reason reason;

    if (tree == NULL) {
        tree = ov_fact_tree_new();
        pages = malloc(sizeof(*pages));
        digest = ov_digest_new(OV_DIGEST_SHA1);
    }
    OV_ASSERT(tree != NULL && pages != NULL && digest != NULL);
    ov_pages_on(pages, source);
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &budget);
    parser(tree, pages);
    reason = ov_fact_tree_reason(tree);
    ov_digest_begin(digest);
    hash_structure(tree, ov_fact_get_root(tree, module), module, digest);
    ov_digest_end(digest, out);
    return reason;
}

static inline int fuzz_facts(
        facts_parser parser, enum ov_field module, const uint8_t *data, size_t size)
{
    static uint8_t window[OV_SOURCE_WINDOW_BYTES];
    static int fd = -1;
    uint8_t in_memory[OV_DIGEST_BYTES_MAX], in_file[OV_DIGEST_BYTES_MAX];
    struct ov_source source;
    enum ov_reason reason;

    ov_source_on_bytes(&source, ov_bytes_of(data, size));
    reason = facts_of(parser, module, &source, FUZZ_STEPS, in_memory);
    OV_ASSERT(reason == OV_REASON_NONE || ov_reason_is_workers((uint32_t)reason));
    if (fd < 0) {
        fd = memfd_create("facts", 0);
    }
    OV_ASSERT(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    ov_source_on_fd(&source, fd, size, window);
    OV_ASSERT(facts_of(parser, module, &source, FUZZ_STEPS, in_file) == reason);
    OV_ASSERT(memcmp(in_memory, in_file, ov_digest_bytes(OV_DIGEST_SHA1)) == 0);
    /* Stopped anywhere, it has a reason or was done. */
    ov_source_on_bytes(&source, ov_bytes_of(data, size));
    reason = facts_of(parser, module, &source, size % 997, in_file);
    OV_ASSERT(reason != OV_REASON_NONE
              || memcmp(in_memory, in_file, ov_digest_bytes(OV_DIGEST_SHA1)) == 0);
    return 0;
}

#endif
