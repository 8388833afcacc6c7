/* SPDX-License-Identifier: Apache-2.0 */
/* calls_magic.c - what libmagic says of the object. It reads it where the worker has it at hand, with
 * the database that the owner's command handed over; without one nothing is defined. */
#include "eval/calls.h"

/* For each byte that may be looked at: libmagic tries some thousand patterns near the begin, and
 * reads text through several times. */
#define STEPS_PER_16_BYTES 4u

struct ov_value ov_call_magic(struct ov_call *call)
{
    const struct ov_eval_means *means = call->asked->means;
    struct ov_source *source = call->m->facts->source;
    const bool mime = call->field == OV_MAGIC_MIME_TYPE_OF_NOTHING;
    const uint64_t bytes = source->size < OV_MAGIC_BYTES_MAX ? source->size : OV_MAGIC_BYTES_MAX;
    struct ov_value known;
    struct ov_bytes text;

    if (means == NULL || means->magic == NULL || source->is_memory) {
        return ov_value_undefined();
    }
    call->asked->used |= OV_USED_MODULES;
    if (ov_call_remembered(call, &known)) {
        return known;
    }
    if (!ov_machine_charge(call->m, 10000 + bytes / 16 * STEPS_PER_16_BYTES)) {
        return ov_value_undefined();
    }
    if (!means->magic(means->magic_payload, source, mime, &text)) {
        return ov_value_undefined();
    }
    return ov_call_remember(call, ov_call_give(call, text));
}
