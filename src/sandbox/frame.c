/* SPDX-License-Identifier: Apache-2.0 */
/* frame.c - encoding and strict decoding of what crosses the jail's wall. Trusts neither side:
 * the supervisor may be talking to a turncoat, the worker to a broken supervisor. */
#include "sandbox/frame.h"

#include <string.h>

#include "base/checked.h"

/* --- verdict profile ------------------------------------------------------------------------ */

#define OBJECT_OR_MORE 65535u

void ov_verdict_encode(struct ov_verdict_frame *frame, uint32_t seq, const struct ov_verdict *v)
{
    const uint32_t object = v->object < OBJECT_OR_MORE ? v->object : OBJECT_OR_MORE;

    memset(frame, 0, sizeof(*frame));
    frame->seq = ov_le32_of(seq);
    frame->kind = (uint8_t)v->kind;
    switch (v->kind) {
    case OV_VERDICT_HIT:
        frame->object = ov_le16_of((uint16_t)object);
        frame->rule = ov_le32_of(v->rule);
        frame->offset = ov_le32_of(v->offset);
        return;
    case OV_VERDICT_INCOMPLETE:
        OV_ASSERT(ov_reason_is_workers((uint32_t)v->reason));
        frame->object = ov_le16_of((uint16_t)object);
        frame->reason = (uint8_t)v->reason;
        return;
    case OV_VERDICT_END:
        frame->rule = ov_le32_of(v->objects);
        return;
    }
    OV_ASSERT(v->kind == OV_VERDICT_END); /* there is no fourth kind */
}

bool ov_verdict_decode(
        struct ov_bytes message, uint32_t seq, uint64_t rule_count, struct ov_verdict *out)
{
    struct ov_verdict_frame frame;
    uint32_t rule, offset, object;

    if (ov_bytes_len(message) != sizeof(frame)) {
        return false;
    }
    memcpy(&frame, ov_bytes_raw(message), sizeof(frame));
    rule = ov_le32_get(frame.rule);
    offset = ov_le32_get(frame.offset);
    object = ov_le16_get(frame.object);
    if (ov_le32_get(frame.seq) != seq) {
        return false;
    }
    switch (frame.kind) {
    case OV_VERDICT_HIT:
        if (frame.reason != 0 || rule >= rule_count) {
            return false;
        }
        *out = (struct ov_verdict){
            .kind = OV_VERDICT_HIT, .object = object, .rule = rule, .offset = offset
        };
        return true;
    case OV_VERDICT_INCOMPLETE:
        if (!ov_reason_is_workers(frame.reason) || rule != 0 || offset != 0) {
            return false;
        }
        *out = (struct ov_verdict){
            .kind = OV_VERDICT_INCOMPLETE, .reason = (enum ov_reason)frame.reason, .object = object
        };
        return true;
    case OV_VERDICT_END:
        if (frame.reason != 0 || object != 0 || offset != 0 || rule == 0) {
            return false;
        }
        *out = (struct ov_verdict){ .kind = OV_VERDICT_END, .objects = rule };
        return true;
    default:
        return false;
    }
}

/* --- explain and compile profiles ----------------------------------------------------------- */

#define RECORD_CUT 1u

/* Types of given values, numbered as in OV_DB_EXTERNALS. */
#define VALUE_BOOLEAN 1u
#define VALUE_TEXT    4u

struct record_head {
    struct ov_le32 seq;
    struct ov_le16 kind;
    struct ov_le16 flags; /* RECORD_CUT */
    struct ov_le32 reason;
    struct ov_le32 object;
    struct ov_le32 parent;
    struct ov_le32 rule;
    struct ov_le32 string;
    struct ov_le32 xor_key;
    struct ov_le64 offset;
    struct ov_le64 size;
    struct ov_le16 text_bytes;
    struct ov_le16 name_bytes;
    struct ov_le32 zero;
};

_Static_assert(sizeof(struct record_head) == 56, "on the wire");

#define TEXTS_BYTES_MAX (OV_EXPLAIN_FRAME_BYTES_MAX - sizeof(struct record_head))

static struct ov_bytes at_most(struct ov_bytes text, size_t bytes_max, bool *cut)
{
    struct ov_bytes part = text;

    if (ov_bytes_len(text) > bytes_max) {
        const bool inside = ov_bytes_slice(text, 0, bytes_max, &part);

        OV_ASSERT(inside);
        *cut = true;
    }
    return part;
}

void ov_record_encode(struct ov_buf *out, uint32_t seq, const struct ov_record *record)
{
    bool cut = false;
    /* Either text may have half; what the one leaves free the other may use. */
    const size_t half = TEXTS_BYTES_MAX / 2;
    const size_t name_wants = (size_t)ov_bytes_len(record->name);
    const size_t text_max = TEXTS_BYTES_MAX - (name_wants < half ? name_wants : half);
    const struct ov_bytes text = at_most(record->text, text_max, &cut);
    const struct ov_bytes name =
            at_most(record->name, TEXTS_BYTES_MAX - (size_t)ov_bytes_len(text), &cut);
    const struct record_head head = {
        .seq = ov_le32_of(seq),
        .kind = ov_le16_of((uint16_t)record->kind),
        .flags = ov_le16_of(cut ? RECORD_CUT : 0),
        .reason = ov_le32_of(record->reason),
        .object = ov_le32_of(record->object),
        .parent = ov_le32_of(record->parent),
        .rule = ov_le32_of(record->rule),
        .string = ov_le32_of(record->string),
        .xor_key = ov_le32_of(record->xor_key),
        .offset = ov_le64_of(record->offset),
        .size = ov_le64_of(record->size),
        .text_bytes = ov_le16_of((uint16_t)ov_bytes_len(text)),
        .name_bytes = ov_le16_of((uint16_t)ov_bytes_len(name)),
    };

    ov_buf_put(out, &head, sizeof(head));
    ov_buf_put(out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    ov_buf_put(out, ov_bytes_raw(name), (size_t)ov_bytes_len(name));
}

bool ov_record_decode(struct ov_bytes message, uint32_t seq, struct ov_record *out, bool *cut)
{
    struct ov_reader r = ov_reader_on(message);
    struct ov_bytes raw, text, name;
    struct record_head head;

    if (ov_bytes_len(message) > OV_EXPLAIN_FRAME_BYTES_MAX
            || !ov_read_bytes(&r, sizeof(head), &raw)) {
        return false;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    if (!ov_read_bytes(&r, ov_le16_get(head.text_bytes), &text)
            || !ov_read_bytes(&r, ov_le16_get(head.name_bytes), &name) || ov_reader_left(&r) != 0) {
        return false;
    }
    if (ov_le32_get(head.seq) != seq || ov_le32_get(head.zero) != 0
            || (ov_le16_get(head.flags) & ~RECORD_CUT) != 0
            || ov_le16_get(head.kind) < OV_RECORD_OBJECT
            || ov_le16_get(head.kind) > OV_RECORD_COST) {
        return false;
    }
    *out = (struct ov_record){
        .kind = (enum ov_record_kind)ov_le16_get(head.kind),
        .reason = ov_le32_get(head.reason),
        .object = ov_le32_get(head.object),
        .parent = ov_le32_get(head.parent),
        .rule = ov_le32_get(head.rule),
        .string = ov_le32_get(head.string),
        .xor_key = ov_le32_get(head.xor_key),
        .offset = ov_le64_get(head.offset),
        .size = ov_le64_get(head.size),
        .text = text,
        .name = name,
    };
    *cut = (ov_le16_get(head.flags) & RECORD_CUT) != 0;
    return true;
}

/* --- requests ------------------------------------------------------------------------------- */

void ov_given_value_put(struct ov_buf *out, const struct ov_given_value *value)
{
    const struct ov_value_head head = {
        .name_bytes = ov_le16_of((uint16_t)ov_bytes_len(value->name)),
        .text_bytes = ov_le16_of((uint16_t)ov_bytes_len(value->text)),
        .type = ov_le32_of(value->type),
        .value = ov_le64_of(value->value),
    };

    OV_ASSERT(ov_bytes_len(value->name) <= UINT16_MAX && ov_bytes_len(value->text) <= UINT16_MAX);
    ov_buf_put(out, &head, sizeof(head));
    ov_buf_put(out, ov_bytes_raw(value->name), (size_t)ov_bytes_len(value->name));
    ov_buf_put(out, ov_bytes_raw(value->text), (size_t)ov_bytes_len(value->text));
}

bool ov_given_value_read(struct ov_reader *r, struct ov_given_value *out)
{
    struct ov_reader at = *r;
    struct ov_value_head head;
    struct ov_given_value value;
    struct ov_bytes raw;

    if (!ov_read_bytes(&at, sizeof(head), &raw)) {
        return false;
    }
    memcpy(&head, ov_bytes_raw(raw), sizeof(head));
    value.type = ov_le32_get(head.type);
    value.value = ov_le64_get(head.value);
    if (value.type < VALUE_BOOLEAN || value.type > VALUE_TEXT
            || (value.type != VALUE_TEXT && ov_le16_get(head.text_bytes) != 0)
            || (value.type == VALUE_BOOLEAN && value.value > 1)
            || !ov_read_bytes(&at, ov_le16_get(head.name_bytes), &value.name)
            || !ov_read_bytes(&at, ov_le16_get(head.text_bytes), &value.text)) {
        return false;
    }
    *r = at;
    *out = value;
    return true;
}

/* How many bytes may stand behind a request of this kind. */
static uint32_t name_bytes_max(uint32_t kind)
{
    switch (kind) {
    case OV_REQUEST_SOURCE:
    case OV_REQUEST_INCLUDE:
        return OV_NAME_BYTES_MAX;
    case OV_REQUEST_FACTS:
        return OV_QUESTIONS_BYTES_MAX;
    case OV_REQUEST_EXTERNAL:
    case OV_REQUEST_SCAN:
        return OV_VALUES_BYTES_MAX;
    case OV_REQUEST_PARTS:
        return OV_PARTS_MAX * sizeof(struct ov_part);
    case OV_REQUEST_FILES:
        return OV_FILES_MAX * sizeof(struct ov_file);
    default:
        return 0;
    }
}

static bool parts_lie_inside(struct ov_bytes parts, uint64_t size)
{
    struct ov_reader r = ov_reader_on(parts);
    struct ov_bytes raw;
    struct ov_part part;

    if (ov_reader_left(&r) == 0 || size > INT64_MAX) {
        return false;
    }
    while (ov_reader_left(&r) != 0) {
        if (!ov_read_bytes(&r, sizeof(part), &raw)) {
            return false;
        }
        memcpy(&part, ov_bytes_raw(raw), sizeof(part));
        if (ov_le64_get(part.offset) > size
                || ov_le64_get(part.bytes) > size - ov_le64_get(part.offset)) {
            return false;
        }
    }
    return true;
}

static bool files_are_sound(struct ov_bytes files)
{
    struct ov_reader r = ov_reader_on(files);
    struct ov_bytes raw;
    struct ov_file file;

    while (ov_read_bytes(&r, sizeof(file), &raw)) {
        memcpy(&file, ov_bytes_raw(raw), sizeof(file));
        if (ov_le64_get(file.size) > INT64_MAX || ov_le32_get(file.zero) != 0) {
            return false;
        }
    }
    return ov_bytes_len(files) != 0 && ov_reader_left(&r) == 0;
}

bool ov_request_decode(struct ov_bytes message, struct ov_request *out, struct ov_bytes *name)
{
    struct ov_reader r = ov_reader_on(message);
    struct ov_request request;
    struct ov_bytes raw, text;
    uint32_t kind, name_bytes;

    if (!ov_read_bytes(&r, sizeof(request), &raw)) {
        return false;
    }
    memcpy(&request, ov_bytes_raw(raw), sizeof(request));
    kind = ov_le32_get(request.kind);
    name_bytes = ov_le32_get(request.name_bytes);
    if (ov_le32_get(request.magic) != OV_REQUEST_MAGIC || kind < OV_REQUEST_SCAN
            || kind > OV_REQUEST_FILES || name_bytes > name_bytes_max(kind)
            || !ov_read_bytes(&r, name_bytes, &text) || ov_reader_left(&r) != 0) {
        return false;
    }
    if ((kind == OV_REQUEST_PARTS && !parts_lie_inside(text, ov_le64_get(request.size)))
            || (kind == OV_REQUEST_FILES && !files_are_sound(text))) {
        return false;
    }
    *out = request;
    *name = text;
    return true;
}
