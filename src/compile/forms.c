/* SPDX-License-Identifier: Apache-2.0 */
/* forms.c - see forms.h. The semantics are YARA 4.5's, asked of the program itself. */
#include "compile/forms.h"

#include <string.h>

#include "base/buf.h"
#include "base/checked.h"
#include "compile/byteset.h"

/* Alternatives at the top of an expression become forms of their own, if there are not more. */
#define ALTERNATIVES_MAX 64u

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the forms of a string");
}

static overt_status add_form(struct ov_forms *forms, struct ov_arena *arena,
        const struct ov_form *form, overt_error *err)
{
    if (forms->count == forms->priv_cap) {
        const size_t cap = forms->priv_cap == 0 ? 4 : forms->priv_cap * 2;
        struct ov_form *at = ov_arena_alloc(arena, cap, sizeof(*at));

        if (at == NULL) {
            return no_memory(err);
        }
        if (forms->count != 0) {
            memcpy(at, forms->items, forms->count * sizeof(*at));
        }
        forms->items = at;
        forms->priv_cap = cap;
    }
    forms->items[forms->count++] = *form;
    return OVERT_OK;
}

/* --- text ------------------------------------------------------------------------------------ */

static overt_status add_text(struct ov_forms *forms, struct ov_arena *arena, struct ov_bytes text,
        const struct ov_form *like, overt_error *err)
{
    const size_t len = (size_t)ov_bytes_len(text);
    const size_t step = like->wide ? 2 : 1;
    const uint8_t *bytes = ov_bytes_raw(text);
    struct ov_form form = *like;
    struct ov_re_set *elements;

    if (len == 0) {
        return OVERT_OK; /* the empty match never counts */
    }
    if (len * step > OV_FIXED_BYTES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "the string is %zu bytes long; more than %u are not looked for", len * step,
                OV_FIXED_BYTES_MAX);
    }
    elements = ov_arena_alloc(arena, len * step, sizeof(*elements));
    if (elements == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < len; i++) {
        ov_set_add(&elements[i * step], bytes[i]);
        if (like->nocase) {
            ov_set_fold(&elements[i * step]);
        }
        if (like->wide) {
            ov_set_add(&elements[i * step + 1], 0);
        }
    }
    form.fixed = true;
    form.elements = elements;
    form.count = len * step;
    return add_form(forms, arena, &form, err);
}

static const char base64_alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What is certain of the base64 text of `text` behind `lead` unknown bytes: the characters all of
 * whose six bits come from `text`. */
static bool base64_of(struct ov_bytes text, unsigned lead, struct ov_bytes alphabet,
        struct ov_arena *arena, struct ov_bytes *out)
{
    const uint64_t len = ov_bytes_len(text) + lead;
    const uint64_t first = lead == 0 ? 0 : lead + 1, end = len * 8 / 6;
    const uint8_t *letters = ov_bytes_len(alphabet) == 64 ? ov_bytes_raw(alphabet)
                                                          : (const uint8_t *)base64_alphabet;
    const uint8_t *bytes = ov_bytes_raw(text);
    uint8_t *at;

    if (first >= end) {
        *out = ov_bytes_of(NULL, 0);
        return true;
    }
    at = ov_arena_alloc(arena, (size_t)(end - first), 1);
    if (at == NULL) {
        return false;
    }
    for (uint64_t i = first; i < end; i++) {
        const uint64_t byte = i * 6 / 8, shift = i * 6 % 8;
        const unsigned high = byte < lead ? 0 : bytes[byte - lead];
        const unsigned low = byte + 1 < len && byte + 1 >= lead ? bytes[byte + 1 - lead] : 0;

        at[i - first] = letters[(high << 8 | low) >> (10 - shift) & 63];
    }
    *out = ov_bytes_of(at, (size_t)(end - first));
    return true;
}

static overt_status add_base64(struct ov_forms *forms, struct ov_arena *arena,
        const struct ov_string *string, struct ov_bytes text, const struct ov_form *like,
        overt_error *err)
{
    for (unsigned lead = 0; lead < 3; lead++) {
        for (unsigned wide = 0; wide < 2; wide++) {
            struct ov_form form = *like;
            struct ov_bytes encoded;
            overt_status status;

            if ((string->flags & (wide ? OV_STRING_BASE64_WIDE : OV_STRING_BASE64)) == 0) {
                continue;
            }
            form.wide = wide != 0;
            if (!base64_of(text, lead,
                        wide ? string->base64_wide_alphabet : string->base64_alphabet, arena,
                        &encoded)) {
                return no_memory(err);
            }
            status = add_text(forms, arena, encoded, &form, err);
            if (status != OVERT_OK) {
                return status;
            }
        }
    }
    return OVERT_OK;
}

static bool widen(struct ov_bytes text, struct ov_arena *arena, struct ov_bytes *out)
{
    const size_t len = (size_t)ov_bytes_len(text);
    uint8_t *at = ov_arena_alloc(arena, len, 2);

    if (at == NULL) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        at[i * 2] = ov_bytes_raw(text)[i];
    }
    *out = ov_bytes_of(at, len * 2);
    return true;
}

static overt_status text_forms(const struct ov_string *string, struct ov_arena *arena,
        struct ov_forms *forms, overt_error *err)
{
    const bool base64 = (string->flags & (OV_STRING_BASE64 | OV_STRING_BASE64_WIDE)) != 0;
    const struct ov_form like = {
        .nocase = (string->flags & OV_STRING_NOCASE) != 0,
        .fullword = (string->flags & OV_STRING_FULLWORD) != 0,
        .is_xor = (string->flags & OV_STRING_XOR) != 0,
        .xor_min = string->xor_min,
        .xor_max = string->xor_max,
        .shortest = true,
        .any_end = true,
        .part = OV_FORM_UNCHAINED,
    };

    for (unsigned wide = 0; wide < 2; wide++) {
        struct ov_form form = like;
        struct ov_bytes text = string->text;
        overt_status status;

        if ((string->flags & (wide ? OV_STRING_WIDE : OV_STRING_ASCII)) == 0) {
            continue;
        }
        form.wide = wide != 0;
        if (!base64) {
            status = add_text(forms, arena, text, &form, err);
        } else {
            if (wide && !widen(string->text, arena, &text)) {
                return no_memory(err);
            }
            status = add_base64(forms, arena, string, text, &like, err);
        }
        if (status != OVERT_OK) {
            return status;
        }
    }
    return OVERT_OK;
}

/* --- trees ----------------------------------------------------------------------------------- */

/* Appends the sets of a tree in which every match has the same sets at the same places. */
static bool expand(const struct ov_re *re, bool nocase, bool wide, struct ov_buf *out)
{
    const struct ov_re_set zero = { { 1 } };
    struct ov_re_set set, all = { { 0 } };

    if (ov_bytes_len(ov_buf_bytes(out)) > OV_FIXED_BYTES_MAX * sizeof(set)) {
        return false;
    }
    switch (re->kind) {
    case OV_RE_EMPTY:
        return true;
    case OV_RE_BYTE:
    case OV_RE_CLASS:
    case OV_RE_ANY:
        (void)ov_re_one_byte(re, nocase, &all);
        break;
    case OV_RE_CONCAT:
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            if (!expand(child, nocase, wide, out)) {
                return false;
            }
        }
        return true;
    case OV_RE_ALT: /* of single bytes: a class in other words */
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            if (!ov_re_one_byte(child, nocase, &set)) {
                return false;
            }
            for (size_t i = 0; i < 4; i++) {
                all.bits[i] |= set.bits[i];
            }
        }
        break;
    case OV_RE_REPEAT:
        if (re->min != re->max || re->min > OV_FIXED_BYTES_MAX) {
            return false;
        }
        for (uint32_t i = 0; i < re->min; i++) {
            const uint64_t before = ov_bytes_len(ov_buf_bytes(out));

            if (!expand(re->children, nocase, wide, out)) {
                return false;
            }
            if (ov_bytes_len(ov_buf_bytes(out)) == before) {
                break; /* nothing, however often */
            }
        }
        return true;
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        return false;
    }
    ov_buf_put(out, &all, sizeof(all));
    if (wide) {
        ov_buf_put(out, &zero, sizeof(zero));
    }
    return true;
}

/* The form of `items`, fixed if they allow it. */
static overt_status add_items(struct ov_forms *forms, struct ov_arena *arena,
        const struct ov_re *const *items, size_t count, const struct ov_form *like,
        overt_error *err)
{
    struct ov_form form = *like;
    overt_status status = OVERT_OK;
    struct ov_buf sets;
    struct ov_bytes copy;

    ov_buf_init(&sets, (OV_FIXED_BYTES_MAX + 3u) * sizeof(struct ov_re_set));
    form.fixed = true;
    for (size_t i = 0; i < count && form.fixed; i++) {
        form.fixed = expand(items[i], like->nocase, like->wide, &sets);
    }
    form.count = (size_t)ov_bytes_len(ov_buf_bytes(&sets)) / sizeof(struct ov_re_set);
    form.fixed =
            form.fixed && form.count != 0 && form.count <= OV_FIXED_BYTES_MAX && ov_buf_ok(&sets);
    if (form.fixed) {
        if (!ov_arena_copy(arena, ov_buf_bytes(&sets), &copy)) {
            status = no_memory(err);
        } else {
            form.elements = (const void *)ov_bytes_raw(copy); /* the arena aligns to 16 */
        }
    } else {
        form.items = items;
        form.item_count = count;
    }
    ov_buf_done(&sets);
    if (status == OVERT_OK) {
        status = add_form(forms, arena, &form, err);
    }
    return status;
}

/* Counts the nodes that stand one after another, and collects them where `items` is not NULL.
 * Parentheses around a concatenation make no difference. */
static size_t collect(const struct ov_re *re, const struct ov_re **items, size_t count)
{
    if (re->kind != OV_RE_CONCAT) {
        if (items != NULL) {
            items[count] = re;
        }
        return count + 1;
    }
    for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
        count = collect(child, items, count);
    }
    return count;
}

static overt_status items_of(const struct ov_re *re, struct ov_arena *arena,
        const struct ov_re ***items, size_t *count, overt_error *err)
{
    *count = collect(re, NULL, 0);
    *items = ov_arena_alloc(arena, *count, sizeof(struct ov_re *));
    if (*items == NULL) {
        return no_memory(err);
    }
    (void)collect(re, *items, 0);
    return OVERT_OK;
}

/* One form of the items for each width that is asked for. */
static overt_status both_widths(const struct ov_string *string, const struct ov_re *const *items,
        size_t count, const struct ov_form *like, struct ov_arena *arena, struct ov_forms *forms,
        overt_error *err)
{
    const bool ascii = string->kind == OV_STRING_HEX || (string->flags & OV_STRING_ASCII) != 0;
    overt_status status = OVERT_OK;

    for (unsigned wide = 0; wide < 2 && status == OVERT_OK; wide++) {
        struct ov_form form = *like;

        form.wide = wide != 0;
        if (wide ? (string->flags & OV_STRING_WIDE) != 0 : ascii) {
            status = add_items(forms, arena, items, count, &form, err);
        }
    }
    return status;
}

static overt_status alternative_forms(const struct ov_string *string, const struct ov_re *re,
        const struct ov_form *like, struct ov_arena *arena, struct ov_forms *forms,
        overt_error *err)
{
    const struct ov_re **items;
    size_t count;
    const overt_status status = items_of(re, arena, &items, &count, err);

    return status != OVERT_OK ? status : both_widths(string, items, count, like, arena, forms, err);
}

static overt_status regex_forms(const struct ov_string *string, struct ov_arena *arena,
        struct ov_forms *forms, overt_error *err)
{
    const struct ov_re *re = string->re;
    const struct ov_form like = {
        .nocase = (string->flags & OV_STRING_NOCASE) != 0,
        .fullword = (string->flags & OV_STRING_FULLWORD) != 0,
        .shortest = string->kind == OV_STRING_HEX || (string->flags & OV_STRING_LAZY) != 0
                    || !ov_re_is_greedy(re),
        .any_end = !ov_re_is_variable(re),
        .part = OV_FORM_UNCHAINED,
    };
    size_t alternatives = 0;
    overt_status status = OVERT_OK;

    /* What may be empty matches at every offset: its alternatives are not worth looking for. */
    if (re->kind == OV_RE_ALT && ov_re_length_min(re) != 0) {
        for (const struct ov_re *child = re->children; child != NULL; child = child->next) {
            alternatives++;
        }
    }
    if (alternatives == 0 || alternatives > ALTERNATIVES_MAX) {
        return alternative_forms(string, re, &like, arena, forms, err);
    }
    for (const struct ov_re *child = re->children; child != NULL && status == OVERT_OK;
            child = child->next) {
        status = alternative_forms(string, child, &like, arena, forms, err);
    }
    return status;
}

/* --- chains ---------------------------------------------------------------------------------- */

static bool is_chain_jump(const struct ov_string *string, const struct ov_re *re)
{
    return string->kind == OV_STRING_HEX
                   ? re->kind == OV_RE_REPEAT && re->children->kind == OV_RE_ANY
                             && re->max > OV_CHAIN_JUMP_MIN
                   : re->chains;
}

static uint32_t add_gaps(uint32_t a, uint32_t b)
{
    uint32_t sum;

    return a != OV_RE_UNBOUNDED && b != OV_RE_UNBOUNDED && ov_add(&sum, a, b) ? sum
                                                                              : OV_RE_UNBOUNDED;
}

/* The part of a chain that these items are, in every form. */
static overt_status part_forms(const struct ov_string *string, const struct ov_re *const *items,
        size_t count, struct ov_arena *arena, struct ov_forms *forms, overt_error *err)
{
    const bool hex = string->kind == OV_STRING_HEX;
    struct ov_form like = {
        .nocase = !hex && (string->flags & OV_STRING_NOCASE) != 0,
        .fullword = !hex && (string->flags & OV_STRING_FULLWORD) != 0,
        .shortest = true,
        .any_end = true,
        .part = forms->part_count++,
    };

    for (size_t i = 0; !hex && i < count; i++) {
        like.any_end = like.any_end && !ov_re_is_variable(items[i]);
    }
    return both_widths(string, items, count, &like, arena, forms, err);
}

static overt_status chain_forms(const struct ov_string *string, const struct ov_re *const *items,
        size_t count, struct ov_arena *arena, struct ov_forms *forms, overt_error *err)
{
    size_t from = 0;

    forms->gaps = ov_arena_alloc(arena, count, sizeof(*forms->gaps));
    if (forms->gaps == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i <= count; i++) {
        overt_status status;

        if (i < count && !is_chain_jump(string, items[i])) {
            continue;
        }
        if (i > from) {
            const size_t before = forms->count;

            status = part_forms(string, items + from, i - from, arena, forms, err);
            if (status != OVERT_OK) {
                return status;
            }
            if (forms->count == before) {
                return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "nothing stands between two jumps");
            }
        } else if (i == 0 || i == count) {
            return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                    "a hex string neither begins nor ends with a jump");
        }
        if (i < count) {
            struct ov_gap *gap = &forms->gaps[forms->part_count - 1];
            const bool joins = i == from; /* a jump right behind a jump */

            gap->min = joins ? add_gaps(gap->min, items[i]->min) : items[i]->min;
            gap->max = joins ? add_gaps(gap->max, items[i]->max) : items[i]->max;
        }
        from = i + 1;
    }
    return OVERT_OK;
}

overt_status ov_forms_of(const struct ov_string *string, struct ov_arena *arena,
        struct ov_forms *out, overt_error *err)
{
    *out = (struct ov_forms){ 0 };
    if (string->kind == OV_STRING_TEXT) {
        return text_forms(string, arena, out, err);
    }
    if (!ov_re_depth_ok(string->re)) {
        return ov_fail(
                err, OVERT_E_LIMIT, UINT64_MAX, "the string nests deeper than %u", OV_RE_DEPTH_MAX);
    }
    if (string->re->kind == OV_RE_CONCAT) {
        for (const struct ov_re *child = string->re->children; child != NULL; child = child->next) {
            if (is_chain_jump(string, child)) {
                const struct ov_re **items;
                size_t count;
                const overt_status status = items_of(string->re, arena, &items, &count, err);

                return status != OVERT_OK ? status
                                          : chain_forms(string, items, count, arena, out, err);
            }
        }
    }
    return regex_forms(string, arena, out, err);
}
