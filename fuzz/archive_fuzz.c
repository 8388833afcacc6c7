/* SPDX-License-Identifier: Apache-2.0 */
/* archive_fuzz.c - the container layer on arbitrary bytes: detection, every reader, members in
 * members. Property: it ends, stays inside its memory, and what it gives adds up. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/container.h"

#define DEPTH_MAX   4u
#define MEMBERS_MAX 64u
#define BYTES_MAX   (1u * OV_MIB)

/* What one input may still cost. */
struct left {
    uint64_t bytes;
    uint32_t members;
};

static void look_inside(struct ov_bytes bytes, uint32_t depth, struct left *left);

/* Keeps up to BYTES_MAX of the member, in exactly as much memory as it takes. */
static void look_at_member(struct ov_container *c, uint32_t depth, struct left *left)
{
    struct ov_trouble trouble;
    struct ov_piece piece;
    enum ov_give give;
    uint8_t *kept = NULL;
    size_t len = 0;

    while ((give = ov_container_read(c, &piece, &trouble)) != OV_GIVE_END) {
        uint64_t more;
        uint8_t *grown;

        if (give == OV_GIVE_TROUBLE) {
            OV_ASSERT(ov_reason_is_workers((uint32_t)trouble.reason));
            continue;
        }
        OV_ASSERT(ov_bytes_len(piece.bytes) <= SIZE_MAX);
        if (!ov_add(&more, piece.zeros, ov_bytes_len(piece.bytes)) || more > left->bytes) {
            left->bytes = 0;
            break;
        }
        left->bytes -= more;
        grown = realloc(kept, len + (size_t)more + 1);
        OV_ASSERT(grown != NULL);
        kept = grown;
        memset(kept + len, 0, (size_t)piece.zeros);
        memcpy(kept + len + piece.zeros, ov_bytes_raw(piece.bytes),
                (size_t)ov_bytes_len(piece.bytes));
        len += (size_t)more;
    }
    if (depth < DEPTH_MAX && kept != NULL) {
        look_inside(ov_bytes_of(kept, len), depth + 1, left);
    }
    free(kept);
}

static void walk(struct ov_container *c, uint32_t depth, struct left *left)
{
    struct ov_trouble trouble;
    struct ov_member member;
    enum ov_give give;
    uint32_t troubles = 0;

    while ((give = ov_container_next(c, &member, &trouble)) != OV_GIVE_END) {
        if (give == OV_GIVE_TROUBLE) {
            OV_ASSERT(ov_reason_is_workers((uint32_t)trouble.reason));
            OV_ASSERT(++troubles <= OV_TROUBLES_MAX + 1);
            continue;
        }
        OV_ASSERT(ov_bytes_len(member.name) <= OV_NAME_BYTES_MAX);
        if (left->members == 0 || left->bytes == 0) {
            return;
        }
        left->members--;
        look_at_member(c, depth, left);
    }
    /* The end is the end. */
    OV_ASSERT(ov_container_next(c, &member, &trouble) == OV_GIVE_END);
}

static void look_inside(struct ov_bytes bytes, uint32_t depth, struct left *left)
{
    struct ov_detected detected;
    struct ov_source source;

    ov_source_on_bytes(&source, bytes);
    ov_detect(&source, bytes, &detected);
    OV_ASSERT(detected.inside_count <= OV_INSIDES_MAX);
    for (uint32_t i = 0; i < detected.inside_count; i++) {
        struct ov_container *c = NULL;
        struct ov_input input;

        /* Programs that unpack themselves are emu_fuzz's, with few steps: of the many that they may
         * take, one input could take all its time. */
        if (detected.inside[i].type == OV_TYPE_PACKED) {
            continue;
        }
        ov_input_init(&input, &source, detected.inside[i].from, detected.inside[i].to);
        if (ov_container_open(&c, detected.inside[i].type, &input)) {
            walk(c, depth, left);
            ov_container_free(c);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct left left = { .bytes = BYTES_MAX, .members = MEMBERS_MAX };

    look_inside(ov_bytes_of(data, size), 0, &left);
    return 0;
}
