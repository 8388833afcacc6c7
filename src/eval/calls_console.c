/* SPDX-License-Identifier: Apache-2.0 */
/* calls_console.c - messages to whoever started the scan, and the time they handed over. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "eval/calls.h"

/* Texts of the object are hostile: what does not print is shown as \xHH, as YARA does. */
static void put_shown(struct ov_buf *message, struct ov_bytes text)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *raw = ov_bytes_raw(text);

    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        if (raw[i] >= 0x20 && raw[i] < 0x7f) {
            ov_buf_put(message, &raw[i], 1);
        } else {
            const char shown[4] = { '\\', 'x', digits[raw[i] >> 4], digits[raw[i] & 15] };

            ov_buf_put(message, shown, sizeof(shown));
        }
    }
}

static void put_value(struct ov_buf *message, const struct ov_value *v, bool as_hex)
{
    char number[400]; /* the largest double has 309 digits before its point */
    int len;

    if (v->kind == OV_VALUE_TEXT) {
        put_shown(message, v->text);
        return;
    }
    if (v->kind == OV_VALUE_FLOAT) {
        len = snprintf(number, sizeof(number), "%f", v->real);
    } else if (as_hex) {
        len = snprintf(number, sizeof(number), "0x%" PRIx64, (uint64_t)v->integer);
    } else {
        len = snprintf(number, sizeof(number), "%" PRId64, v->integer);
    }
    ov_buf_put(message, number, (size_t)len);
}

static struct ov_value say(struct ov_call *call, bool as_hex)
{
    const struct ov_eval_means *means = call->asked->means;
    const size_t count = strlen(ov_field_row(call->field)->arguments);
    uint64_t len = 64;
    struct ov_buf message;

    for (size_t i = 0; i < count; i++) {
        len += call->arguments[i].kind == OV_VALUE_TEXT ? ov_bytes_len(call->arguments[i].text) : 0;
    }
    if (!ov_machine_charge(call->m, len)) {
        return ov_value_undefined();
    }
    if (means == NULL || means->said == NULL) {
        return ov_value_int(1);
    }
    ov_buf_init(&message, OV_CALL_TEXT_BYTES_MAX);
    if (count == 2) { /* the label is the rule's own text */
        ov_buf_put(&message, ov_bytes_raw(ov_call_text(call, 0)),
                (size_t)ov_bytes_len(ov_call_text(call, 0)));
    }
    put_value(&message, &call->arguments[count - 1], as_hex);
    if (ov_buf_ok(&message)) {
        means->said(means->payload, call->m->priv_rule, ov_buf_bytes(&message));
    } else {
        call->asked->reason = OV_REASON_MEMORY;
    }
    ov_buf_done(&message);
    return ov_value_int(1);
}

struct ov_value ov_call_log(struct ov_call *call)
{
    return say(call, false);
}

struct ov_value ov_call_hex(struct ov_call *call)
{
    return say(call, true);
}

struct ov_value ov_call_now(struct ov_call *call)
{
    if (call->asked->means == NULL || !call->asked->means->has_time) {
        return ov_value_undefined();
    }
    call->asked->used |= OV_USED_TIME;
    return ov_value_int(call->asked->means->time);
}
