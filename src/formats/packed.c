/* SPDX-License-Identifier: Apache-2.0 */
/* packed.c - what a program that unpacks itself makes of itself: its image each time it begins to run
 * what it wrote, and at the end. That it would not unpack is no trouble: its bytes were looked at as
 * they are, and nobody can tell whether it would ever have come to more. */
#include <stdio.h>

#include "emu/program.h"
#include "formats/parsers.h"

struct packed {
    struct ov_guest *program;
    uint32_t layers;
    uint64_t steps_max;
    bool heap_due;
    bool over;
    char name[24];
};

static bool packed_begin(struct ov_parser *p)
{
    struct packed *s = p->state;

    s->steps_max = OV_EMU_STEPS_FLOOR + OV_EMU_STEPS_PER_BYTE * p->input.size;
    s->steps_max = s->steps_max < OV_EMU_STEPS_MAX ? s->steps_max : OV_EMU_STEPS_MAX;
    return ov_guest_new(&s->program, p->all);
}

static void packed_end(struct ov_parser *p)
{
    struct packed *s = p->state;

    ov_guest_free(s->program);
}

static enum ov_give give_image(struct ov_parser *p)
{
    struct packed *s = p->state;

    (void)snprintf(s->name, sizeof(s->name), "unpacked %u", ++s->layers);
    p->laid.unpacked = true;
    return ov_lay_bytes(p, ov_text_bytes(s->name), ov_guest_image(s->program));
}

static enum ov_give give_heap(struct ov_parser *p)
{
    struct packed *s = p->state;
    struct ov_bytes heap;

    if (!s->heap_due) {
        return OV_GIVE_END;
    }
    s->heap_due = false;
    heap = ov_guest_heap(s->program);
    if (ov_bytes_len(heap) == 0) {
        return OV_GIVE_END;
    }
    p->laid.unpacked = true;
    return ov_lay_bytes(p, ov_text_bytes("memory"), heap);
}

static enum ov_give packed_step(struct ov_parser *p)
{
    struct packed *s = p->state;
    enum ov_guest_event event;

    if (s->program == NULL || s->over) {
        return give_heap(p);
    }
    event = ov_guest_run(s->program, s->steps_max);
    p->steps = ov_guest_steps(s->program);
    if (event == OV_GUEST_LAYER && s->layers + 1 < OV_EMU_LAYERS_MAX) {
        return give_image(p);
    }
    s->over = true;
    s->heap_due = true;
    if (ov_guest_has_news(s->program)) {
        return give_image(p);
    }
    return give_heap(p);
}

const struct ov_parser_ops ov_parser_packed = {
    .state_bytes = sizeof(struct packed),
    .whole = true,
    .begin = packed_begin,
    .step = packed_step,
    .end = packed_end,
};
