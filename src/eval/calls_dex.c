/* SPDX-License-Identifier: Apache-2.0 */
/* calls_dex.c - does a DEX file define a method or a class? */
#include <string.h>

#include "eval/calls_executables.h"

/* As far as the first NUL: names are C strings for YARA. */
static struct ov_bytes c_string(struct ov_bytes text)
{
    const size_t len = (size_t)ov_bytes_len(text);
    const uint8_t *end = len == 0 ? NULL : memchr(ov_bytes_raw(text), 0, len);

    return ov_bytes_of(ov_bytes_raw(text), end == NULL ? len : (size_t)(end - ov_bytes_raw(text)));
}

static bool is_argument(struct ov_call *call, unsigned i, bool by_regex, struct ov_bytes name)
{
    const struct ov_bytes text = c_string(name);
    struct ov_bytes wanted;

    if (by_regex) {
        return ov_call_matches(call, i, text);
    }
    wanted = c_string(ov_call_text(call, i));
    return ov_bytes_equal(text, ov_bytes_raw(wanted), (size_t)ov_bytes_len(wanted));
}

/* What the function asks of a method: argument numbers, or none. */
struct question {
    bool by_regex;
    int class;
    int name;
};

static struct question question_of(enum ov_field field)
{
    struct question q = { .by_regex = false, .class = -1, .name = -1 };

    q.by_regex = field == OV_DEX_HAS_METHOD_OF_R || field == OV_DEX_HAS_METHOD_OF_RR
                 || field == OV_DEX_HAS_CLASS_OF_R;
    if (field == OV_DEX_HAS_METHOD_OF_S || field == OV_DEX_HAS_METHOD_OF_R) {
        q.name = 0;
    } else if (field == OV_DEX_HAS_CLASS_OF_S || field == OV_DEX_HAS_CLASS_OF_R) {
        q.class = 0;
    } else {
        q.class = 0;
        q.name = 1;
    }
    return q;
}

static bool answers(struct ov_call *call, struct question q, ov_fact_node method)
{
    struct ov_bytes text;

    if (q.class >= 0) {
        const bool known = ov_fact_get_text(call->tree, method, OV_DEX_METHOD_CLASS_NAME, &text);

        /* A class without a name is no answer, but does not rule out a method. */
        if (known ? !is_argument(call, (unsigned)q.class, q.by_regex, text) : q.name < 0) {
            return false;
        }
    }
    return q.name < 0
           || (ov_fact_get_text(call->tree, method, OV_DEX_METHOD_NAME, &text)
                   && is_argument(call, (unsigned)q.name, q.by_regex, text));
}

struct ov_value ov_call_dex_has(struct ov_call *call)
{
    const struct question q = question_of(call->field);
    int64_t count;

    if (!ov_fact_get_int(call->tree, call->node, OV_DEX_NUMBER_OF_METHODS, &count)) {
        return ov_value_undefined();
    }
    for (int64_t i = 0; i < count && ov_machine_charge(call->m, 4); i++) {
        if (answers(call, q,
                    ov_fact_get_item_node(call->tree, call->node, OV_DEX_METHOD, (uint64_t)i))) {
            return ov_value_int(1);
        }
    }
    return ov_value_int(0);
}
