/* SPDX-License-Identifier: Apache-2.0 */
/* inside.c - the walk over everything inside an object: a stack of open containers, each giving
 * one member at a time. Containers are made by attackers: whatever they unpack to is charged to
 * a budget before it is kept, and every limit reached is told with its object. */
#include "base/checked.h"
#include "engine/walk.h"

/* What came of unpacking one member. */
struct unpacked {
    struct ov_trouble trouble; /* NONE: all of it is there */
    bool leave_container;      /* its ratio is passed */
    bool rest_left;            /* the member goes on behind what was kept */
};

/* How many bytes the container may still unpack to. */
static uint64_t ratio_left(const struct ov_walk *walk, const struct ov_frame *frame)
{
    uint64_t most;

    if (!ov_mul(&most, frame->packed_bytes, (uint64_t)walk->limits.ratio_max)) {
        return UINT64_MAX;
    }
    most = most > OV_RATIO_FREE_BYTES ? most : OV_RATIO_FREE_BYTES;
    return most > frame->unpacked ? most - frame->unpacked : 0;
}

/* The smallest of the limits on the next bytes, and the reason that goes with it. */
static uint64_t bytes_allowed(const struct ov_walk *walk, const struct ov_frame *frame,
        uint64_t object_bytes, enum ov_reason *reason)
{
    const struct {
        uint64_t left;
        enum ov_reason reason;
    } limits[] = {
        { walk->limits.object_bytes_max - object_bytes, OV_REASON_OBJECT_BYTES },
        { ratio_left(walk, frame), OV_REASON_RATIO },
        { walk->budget.bytes_left, OV_REASON_BYTES },
        { ov_hold_room(&walk->engine->hold), OV_REASON_MEMORY },
    };
    uint64_t allowed = UINT64_MAX;

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        if (limits[i].left < allowed) {
            allowed = limits[i].left;
            *reason = limits[i].reason;
        }
    }
    return allowed;
}

/* Charged before it is kept. The default for steps is so many for each byte, unpacked ones too. */
static void charge(struct ov_walk *walk, struct ov_frame *frame, uint64_t bytes)
{
    const bool fits = ov_budget_bytes(&walk->budget, bytes);

    OV_ASSERT(fits);
    frame->unpacked += bytes;
    if (walk->steps_grow) {
        walk->budget.steps_left += bytes * OV_STEPS_PER_BYTE_DEFAULT;
    }
}

static void keep(struct ov_hold *hold, const struct ov_piece *piece, uint64_t bytes)
{
    const uint64_t zeros = bytes < piece->zeros ? bytes : piece->zeros;
    struct ov_bytes part = piece->bytes;

    if (!ov_bytes_slice(piece->bytes, 0, bytes - zeros, &part)) {
        OV_ASSERT(false); /* `bytes` is at most what the piece has */
    }
    ov_hold_put(hold, zeros, part);
}

/* Reads the frame's current member onto the hold, as far as it may. */
static void unpack(struct ov_walk *walk, struct ov_frame *frame, struct unpacked *out)
{
    struct ov_hold *hold = &walk->engine->hold;
    uint64_t object_bytes = 0;
    enum ov_reason reason = OV_REASON_NONE;
    struct ov_trouble trouble;
    struct ov_piece piece;

    *out = (struct unpacked){ .rest_left = false };
    for (;;) {
        const enum ov_give give = ov_container_read(frame->container, &piece, &trouble);
        uint64_t bytes, allowed;

        if (give == OV_GIVE_END) {
            return;
        }
        if (give == OV_GIVE_TROUBLE) {
            if (out->trouble.reason == OV_REASON_NONE) {
                out->trouble = trouble;
            }
            continue;
        }
        if (!ov_add(&bytes, piece.zeros, ov_bytes_len(piece.bytes))) {
            bytes = UINT64_MAX;
        }
        allowed = bytes_allowed(walk, frame, object_bytes, &reason);
        if (bytes <= allowed) {
            charge(walk, frame, bytes);
            keep(hold, &piece, bytes);
            object_bytes += bytes;
            continue;
        }
        charge(walk, frame, allowed);
        keep(hold, &piece, allowed);
        out->trouble = (struct ov_trouble){ .reason = reason };
        out->leave_container = reason == OV_REASON_RATIO;
        out->rest_left = true;
        walk->exhausted = walk->exhausted || reason == OV_REASON_BYTES;
        return;
    }
}

/* Where passing over the rest of a member means unpacking it, that is work too. */
static void drain(struct ov_walk *walk, struct ov_frame *frame, struct unpacked *done)
{
    struct ov_trouble trouble;
    struct ov_piece piece;
    enum ov_give give;

    while ((give = ov_container_read(frame->container, &piece, &trouble)) != OV_GIVE_END) {
        const uint64_t bytes = give == OV_GIVE_PIECE ? ov_bytes_len(piece.bytes) : 0;

        if (bytes > walk->budget.bytes_left) {
            ov_walk_tell(walk, frame->ordinal, OV_REASON_BYTES, "");
            walk->exhausted = true;
            return;
        }
        if (bytes > ratio_left(walk, frame)) {
            done->leave_container = true;
            return;
        }
        charge(walk, frame, bytes);
    }
}

/* --- frames --------------------------------------------------------------------------------- */

static void close_container(struct ov_walk *walk, struct ov_frame *frame)
{
    if (frame->container != NULL) {
        walk->emu_steps += ov_container_steps(frame->container);
    }
    ov_container_free(frame->container);
    frame->container = NULL;
}

static void pop(struct ov_walk *walk)
{
    struct ov_frame *frame = &walk->engine->frames[--walk->frame_count];

    close_container(walk, frame);
    ov_hold_pop(&walk->engine->hold, frame->hold_mark);
}

static struct ov_frame *top(struct ov_walk *walk)
{
    return &walk->engine->frames[walk->frame_count - 1];
}

/* The frame that a member of the top would get. */
static struct ov_frame *above(struct ov_walk *walk)
{
    OV_ASSERT(walk->frame_count <= OV_DEPTH_MAX);
    return &walk->engine->frames[walk->frame_count];
}

/* After the object was looked at: may its inside be? */
static bool may_enter(struct ov_walk *walk, const struct ov_frame *frame)
{
    if (!walk->engine->options.inside || walk->exhausted) {
        return false;
    }
    if (frame->depth >= walk->limits.depth_max) {
        ov_walk_tell(walk, frame->ordinal, OV_REASON_DEPTH, "");
        return false;
    }
    return true;
}

/* Opens what is due next in the top frame. False: nothing is. */
static bool open_next(struct ov_walk *walk, struct ov_frame *frame)
{
    const struct ov_inside *inside;

    if (frame->next_inside == frame->detected.inside_count) {
        return false;
    }
    inside = &frame->detected.inside[frame->next_inside++];
    if (inside->type == OV_TYPE_PACKED && walk->emu_steps >= OV_EMU_SCAN_STEPS_MAX) {
        ov_walk_tell(
                walk, frame->ordinal, OV_REASON_STEPS, "too many programs that unpack themselves");
        return true;
    }
    ov_input_init(&frame->input, &frame->source, inside->from, inside->to);
    frame->input.passwords = &walk->engine->passwords;
    frame->packed_bytes = frame->input.size;
    frame->unpacked = 0;
    frame->member_count = 0;
    if (!ov_container_open(&frame->container, inside->type, &frame->input)) {
        frame->container = NULL;
        ov_walk_tell(walk, frame->ordinal, OV_REASON_MEMORY, "no memory to open it");
    }
    return true;
}

/* A packed stream whose unpacked bytes do not fit into memory, but are an archive that can be read
 * from front to back: its members are looked at on the way. True: `frame` is ready for that. */
static bool enter_packed(struct ov_walk *walk, struct ov_frame *parent, struct ov_frame *frame)
{
    const struct ov_inside *inside = &parent->detected.inside[parent->next_inside - 1];
    const enum ov_type type = frame->detected.type;

    if (!ov_type_is_stream(inside->type) || !ov_container_reads_forward(type)
            || !may_enter(walk, frame)) {
        return false;
    }
    frame->input = parent->input;
    frame->detected.inside_count = 0;
    frame->next_inside = 0;
    frame->packed_bytes = parent->packed_bytes;
    frame->unpacked = 0;
    frame->member_count = 0;
    if (!ov_container_open_packed(&frame->container, type, inside->type, &frame->input)) {
        frame->container = NULL;
        return false;
    }
    return true;
}

static bool too_large(const struct unpacked *unpacked)
{
    return unpacked->trouble.reason == OV_REASON_OBJECT_BYTES
           || unpacked->trouble.reason == OV_REASON_MEMORY;
}

/* Behind the look at a member: enters it, or lets it go. */
static void enter(struct ov_walk *walk, struct ov_frame *frame, struct unpacked *unpacked)
{
    struct ov_frame *parent = top(walk);
    const bool has_inside = frame->detected.inside_count != 0;

    if (unpacked->rest_left && too_large(unpacked) && enter_packed(walk, parent, frame)) {
        ov_hold_pop(&walk->engine->hold, frame->hold_mark);
        walk->frame_count++;
        return;
    }
    if (unpacked->trouble.reason != OV_REASON_NONE) {
        ov_walk_tell(walk, unpacked->leave_container ? parent->ordinal : frame->ordinal,
                unpacked->trouble.reason, unpacked->trouble.detail);
    }
    if (frame->detected.trouble != OV_REASON_NONE) {
        ov_walk_tell(walk, frame->ordinal, frame->detected.trouble, frame->detected.detail);
    }
    if (unpacked->rest_left && !unpacked->leave_container && !walk->exhausted
            && !ov_container_skips(parent->container)) {
        drain(walk, parent, unpacked);
        if (unpacked->leave_container) {
            ov_walk_tell(walk, parent->ordinal, OV_REASON_RATIO, "");
        }
    }
    if (unpacked->leave_container) {
        close_container(walk, parent);
    }
    if (has_inside && may_enter(walk, frame)) {
        walk->frame_count++;
        return;
    }
    ov_hold_pop(&walk->engine->hold, frame->hold_mark);
}

/* What a program made of itself is not run again; and as a program can be made to unpack itself, one
 * inside another, for ever, what comes out of too many is not run either. */
static void bound_programs(
        const struct ov_member *member, const struct ov_frame *parent, struct ov_frame *frame)
{
    frame->unpacked_depth = parent->unpacked_depth + (member->unpacked ? 1 : 0);
    if (member->unpacked || frame->unpacked_depth >= OV_EMU_NEST_MAX) {
        ov_detected_remove(&frame->detected, OV_TYPE_PACKED);
        ov_detected_remove(&frame->detected, OV_TYPE_UPX);
    }
    if (member->unpacked && frame->detected.inside_count == 1) {
        /* Programs are looked for in it too. */
        ov_detected_remove(&frame->detected, OV_TYPE_EMBEDDED_DATA);
    }
    if (member->unpacked && frame->detected.inside_count == 0) {
        ov_detected_add(&frame->detected, OV_TYPE_EMBEDDED, 0, frame->source.size);
    }
}

/* Are there as many partitions of this disk as the owner wants opened? Apple's map counts itself. */
static bool has_all_partitions(const struct ov_walk *walk, const struct ov_frame *frame)
{
    const enum ov_type type = frame->next_inside == 0
                                      ? OV_TYPE_DATA
                                      : frame->detected.inside[frame->next_inside - 1].type;

    return (type == OV_TYPE_MBR || type == OV_TYPE_GPT || type == OV_TYPE_APM)
           && frame->member_count + (type == OV_TYPE_APM) >= walk->engine->partitions_max;
}

static void look_at_member(struct ov_walk *walk, const struct ov_member *member)
{
    struct ov_frame *parent = top(walk);
    struct ov_frame *frame = above(walk);
    struct unpacked unpacked;
    struct ov_subject subject;

    if (has_all_partitions(walk, parent)) {
        ov_walk_tell(walk, parent->ordinal, OV_REASON_OBJECTS,
                "more partitions than the owner wants opened");
        close_container(walk, parent);
        return;
    }
    if (!ov_budget_object(&walk->budget)) {
        ov_walk_tell(walk, parent->ordinal, OV_REASON_OBJECTS, "");
        walk->exhausted = true;
        return;
    }
    frame->container = NULL;
    frame->next_inside = 0;
    frame->trust = OV_TRUST_UNKNOWN;
    frame->ordinal = walk->next_ordinal++;
    frame->depth = parent->depth + 1;
    frame->hold_mark = ov_hold_top(&walk->engine->hold);
    unpack(walk, parent, &unpacked);
    ov_source_on_bytes(&frame->source, ov_hold_since(&walk->engine->hold, frame->hold_mark));
    subject = (struct ov_subject){
        .source = &frame->source,
        .name = member->name,
        .ordinal = frame->ordinal,
        .parent = parent->ordinal,
        .depth = frame->depth,
        .view = member->view,
        .member = member,
        .place = ++parent->member_count,
        .whole = unpacked.trouble.reason == OV_REASON_NONE,
    };
    ov_object_examine(walk, &subject, frame);
    bound_programs(member, parent, frame);
    enter(walk, frame, &unpacked);
}

static bool has_zip(const struct ov_detected *detected)
{
    for (uint32_t i = 0; i < detected->inside_count; i++) {
        if (detected->inside[i].type == OV_TYPE_ZIP) {
            return true;
        }
    }
    return false;
}

/* Behind the end of what was just read: unpackers pass it over with a warning, or unpack it as well. */
static void add_behind(struct ov_walk *walk, struct ov_frame *frame)
{
    const uint64_t end = ov_container_end(frame->container);
    const struct ov_inside *inside;

    if (frame->next_inside == 0 || end >= frame->input.size) {
        return;
    }
    if (frame->detected.inside_count == OV_INSIDES_MAX) {
        ov_walk_tell(walk, frame->ordinal, OV_REASON_UNSUPPORTED,
                "more containers in one object than are opened");
        return;
    }
    inside = &frame->detected.inside[frame->next_inside - 1];
    ov_detected_add(&frame->detected, has_zip(&frame->detected) ? OV_TYPE_APPENDED : OV_TYPE_BEHIND,
            inside->from + end, inside->to);
}

/* One step of the walk: the top frame opens, gives a member, or ends. */
static void step(struct ov_walk *walk)
{
    struct ov_frame *frame = top(walk);
    struct ov_trouble trouble;
    struct ov_member member;

    if (frame->container == NULL) {
        if (!open_next(walk, frame)) {
            pop(walk);
        }
        return;
    }
    switch (ov_container_next(frame->container, &member, &trouble)) {
    case OV_GIVE_PIECE:
        look_at_member(walk, &member);
        return;
    case OV_GIVE_TROUBLE:
        ov_walk_tell(walk, frame->ordinal, trouble.reason, trouble.detail);
        return;
    case OV_GIVE_END:
        add_behind(walk, frame);
        close_container(walk, frame);
        return;
    }
}

void ov_walk_run(struct ov_walk *walk, struct ov_source *file)
{
    struct ov_frame *frame = above(walk);
    struct ov_subject subject = {
        .source = &frame->source,
        .name = ov_bytes_of(NULL, 0),
        .charge = true,
        .whole = true,
    };
    const bool counted = ov_budget_object(&walk->budget);

    OV_ASSERT(counted && walk->frame_count == 0 && ov_hold_top(&walk->engine->hold) == 0);
    *frame = (struct ov_frame){ .source = *file };
    walk->next_ordinal = 1;
    ov_object_examine(walk, &subject, frame);
    if (frame->detected.trouble != OV_REASON_NONE && walk->engine->options.inside) {
        ov_walk_tell(walk, 0, frame->detected.trouble, frame->detected.detail);
    }
    if (frame->detected.inside_count == 0 || !may_enter(walk, frame)) {
        return;
    }
    walk->frame_count = 1;
    while (walk->frame_count > 0 && !walk->exhausted) {
        step(walk);
    }
    while (walk->frame_count > 0) {
        pop(walk);
    }
}
