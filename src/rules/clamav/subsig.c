/* SPDX-License-Identifier: Apache-2.0 */
/* subsig.c - one subsignature of a logical signature: a body with a place and modifiers, a Perl
 * regular expression with its trigger, or a comparison of a number near another's match. */
#include <string.h>

#include "base/checked.h"
#include "db/clam_layout.h"
#include "rules/clamav/reader.h"

/* --- bodies ---------------------------------------------------------------------------------- */

static bool add_string(
        struct logical *logical, struct ov_bytes body, unsigned flags, uint32_t *index)
{
    const struct ov_re *re = body_read(logical->line, body, flags);

    if (re == NULL) {
        return false;
    }
    if (logical->string_count == LOGICAL_STRINGS_MAX) {
        return refuse(logical->line, "it has more than %u bodies", LOGICAL_STRINGS_MAX);
    }
    logical->strings[logical->string_count].re = re;
    *index = logical->string_count++;
    return true;
}

static bool read_modifiers(struct line *line, struct ov_bytes text, unsigned *flags, bool *ascii)
{
    struct ov_reader r = ov_reader_on(text);
    bool wide = false, plain = false;
    uint8_t c;

    *flags = 0;
    while (ov_read_u8(&r, &c)) {
        switch (c) {
        case 'i':
            *flags |= BODY_NOCASE;
            break;
        case 'f':
            *flags |= BODY_FULLWORD;
            break;
        case 'w':
            wide = true;
            break;
        case 'a':
            plain = true;
            break;
        default:
            return refuse(line, "behind `::` stand i, f, w and a only");
        }
    }
    *flags |= wide ? BODY_WIDE : 0;
    *ascii = plain || !wide;
    return true;
}

/* The two forms of one subsignature count together. */
static bool add_body(struct logical *logical, struct ov_bytes body, const struct place *place,
        unsigned flags, bool ascii, struct subsig *sub)
{
    struct line *line = logical->line;
    struct ov_expr *found[2], *count[2];
    uint32_t string = 0;
    size_t forms = 0;

    for (unsigned wide = 0; wide < 2; wide++) {
        const unsigned with = wide ? flags : flags & ~BODY_WIDE;

        if (wide ? (flags & BODY_WIDE) == 0 : !ascii) {
            continue;
        }
        if (!add_string(logical, body, with, &string)) {
            return false;
        }
        found[forms] = place_found(line, place, string);
        count[forms] = place_count(line, place, string);
        sub->bodies[forms++] = string;
    }
    sub->found = ex_list(line, OV_EXPR_OR, found, forms);
    sub->count = ex_sum(line, count, forms);
    sub->body_count = place->kind == PLACE_ANY ? (uint32_t)forms : 0;
    sub->last = ex_string(line, OV_EXPR_OFFSET, OV_TYPE_INT, string);
    if (sub->last != NULL) {
        sub->last->a = ex_string(line, OV_EXPR_COUNT, OV_TYPE_INT, string);
    }
    return sub->found != NULL && sub->count != NULL && sub->last != NULL;
}

static bool read_body(struct logical *logical, struct ov_bytes text, struct subsig *sub)
{
    struct line *line = logical->line;
    struct place place = { .kind = PLACE_ANY };
    struct ov_bytes modifiers = ov_bytes_of(NULL, 0);
    uint64_t colon, end = ov_bytes_len(text);
    unsigned flags = 0;
    bool ascii = true;

    for (uint64_t i = 0; i + 1 < end; i++) {
        if (ov_bytes_raw(text)[i] == ':' && ov_bytes_raw(text)[i + 1] == ':') {
            modifiers = part(text, i + 2, end);
            text = part(text, 0, i);
            break;
        }
    }
    if (!read_modifiers(line, modifiers, &flags, &ascii)) {
        return false;
    }
    colon = find_byte(text, ':');
    if (colon < ov_bytes_len(text)) {
        if (!place_read(line, part(text, 0, colon), logical->target, &place)) {
            return false;
        }
        text = part(text, colon + 1, ov_bytes_len(text));
    }
    if (place.kind == PLACE_GROUP) {
        return refuse(line, "only a line of an .ndb can be a member of a group");
    }
    return add_body(logical, text, &place, flags, ascii, sub);
}

/* --- Perl regular expressions ----------------------------------------------------------------- */

static bool read_flags(struct line *line, struct ov_bytes text, uint32_t *out)
{
    static const struct {
        char letter;
        uint32_t flag;
    } letters[] = {
        { 'g', OV_CLAM_PCRE_GLOBAL },
        { 'r', OV_CLAM_PCRE_ROLLING },
        { 'e', OV_CLAM_PCRE_ENCOMPASS },
        { 'i', OV_CLAM_PCRE_CASELESS },
        { 's', OV_CLAM_PCRE_DOTALL },
        { 'm', OV_CLAM_PCRE_MULTILINE },
        { 'x', OV_CLAM_PCRE_EXTENDED },
        { 'A', OV_CLAM_PCRE_ANCHORED },
        { 'E', OV_CLAM_PCRE_DOLLAR_END },
        { 'U', OV_CLAM_PCRE_UNGREEDY },
    };
    struct ov_reader r = ov_reader_on(text);
    uint8_t c;

    *out = 0;
    while (ov_read_u8(&r, &c)) {
        uint32_t flag = 0;

        for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
            flag |= letters[i].letter == (char)c ? letters[i].flag : 0;
        }
        if (flag == 0) {
            return refuse(line, "`%c` is no flag of a regular expression", c);
        }
        *out |= flag;
    }
    return true;
}

/* `\/` is how a slash is written between slashes. */
static bool without_escapes(struct line *line, struct ov_bytes text, struct ov_bytes *out)
{
    const uint64_t len = ov_bytes_len(text);
    const uint8_t *raw = ov_bytes_raw(text);
    uint8_t *room = ov_arena_alloc(line->clam->set->arena, (size_t)len, 1);
    size_t used = 0;

    if (room == NULL) {
        return no_memory(line);
    }
    for (uint64_t i = 0; i < len; i++) {
        if (raw[i] == '\\' && i + 1 < len && raw[i + 1] == '/') {
            i++;
        }
        room[used++] = raw[i];
    }
    *out = ov_bytes_of(room, used);
    return true;
}

/* The trigger is an expression about earlier subsignatures. */
static struct ov_expr *read_trigger(struct logical *logical, struct ov_bytes text, uint32_t index)
{
    uint32_t highest;

    if (!logic_highest(logical->line, text, &highest)) {
        return NULL;
    }
    if (highest >= index) {
        (void)refuse(logical->line, "the trigger of a regular expression names a later part");
        return NULL;
    }
    return logic_read(logical, text);
}

static bool read_pcre(
        struct logical *logical, struct ov_bytes text, uint32_t index, struct subsig *sub)
{
    struct line *line = logical->line;
    const uint64_t first = find_byte(text, '/');
    struct ov_bytes before = part(text, 0, first), expression = ov_bytes_of(NULL, 0);
    struct place place = { .kind = PLACE_ANY };
    uint64_t last = ov_bytes_len(text) - 1, colon = find_byte(before, ':');
    struct ov_expr *trigger, *count;
    uint32_t flags;

    while (last > first && ov_bytes_raw(text)[last] != '/') {
        last--;
    }
    if (last == first) {
        return refuse(line, "a regular expression ends with a slash");
    }
    if (!read_flags(line, part(text, last + 1, ov_bytes_len(text)), &flags)
            || !without_escapes(line, part(text, first + 1, last), &expression)) {
        return false;
    }
    if (colon < ov_bytes_len(before)) {
        if (!place_read(line, part(before, 0, colon), logical->target, &place)) {
            return false;
        }
        before = part(before, colon + 1, ov_bytes_len(before));
    }
    if (place.kind == PLACE_GROUP || place.kind == PLACE_WITHIN || place.kind == PLACE_VERSION) {
        return refuse(line, "a regular expression cannot have this offset");
    }
    flags |= place.kind == PLACE_ANY ? OV_CLAM_PCRE_ANYWHERE : 0;
    trigger = read_trigger(logical, before, index);
    count = trigger == NULL
                    ? NULL
                    : ex_pcre(line, flags, place.shift, expression,
                            place.kind == PLACE_ANY ? ex_int(line, 0) : place_from(line, &place));
    if (count == NULL) {
        return false;
    }
    sub->count = ex_two(line, OV_EXPR_IF, trigger, count);
    sub->found = sub->count == NULL ? NULL : ex_two(line, OV_EXPR_GT, sub->count, ex_int(line, 0));
    return sub->found != NULL;
}

/* --- comparisons ------------------------------------------------------------------------------ */

/* Decimal, or hexadecimal behind 0x; a sign where it may have one. */
static bool read_signed(struct ov_bytes text, int64_t *out)
{
    const bool negative = begins(text, "-");
    uint64_t value = 0;

    if (negative || begins(text, "+")) {
        text = part(text, 1, ov_bytes_len(text));
    }
    if (begins(text, "0x") || begins(text, "0X")) {
        struct ov_reader r = ov_reader_on(part(text, 2, ov_bytes_len(text)));
        uint8_t c;

        if (ov_reader_left(&r) == 0 || ov_reader_left(&r) > 16) {
            return false;
        }
        while (ov_read_u8(&r, &c)) {
            if (hex_digit(c) < 0) {
                return false;
            }
            value = value << 4 | (uint64_t)hex_digit(c);
        }
    } else if (!read_number(text, INT64_MAX, &value)) {
        return false;
    }
    *out = (int64_t)(negative ? 0 - value : value);
    return true;
}

/* `>>n`, `<<n`, `0` or nothing. */
static bool read_near(struct ov_bytes text, int64_t *out)
{
    *out = 0;
    if (ov_bytes_len(text) == 0 || is_text(text, "0")) {
        return true;
    }
    if (!(begins(text, ">>") || begins(text, "<<"))
            || !read_signed(part(text, 2, ov_bytes_len(text)), out) || *out > UINT32_MAX) {
        return false;
    }
    *out = begins(text, "<<") ? -*out : *out;
    return true;
}

/* [hdai][lb][e]N */
static bool read_form(struct line *line, struct ov_bytes text, struct ov_clam_compare *out)
{
    const uint8_t *raw = ov_bytes_raw(text);
    uint64_t at = 0, bytes;
    bool little = false, big = false;

    for (; at < ov_bytes_len(text) && (raw[at] < '0' || raw[at] > '9'); at++) {
        switch (raw[at]) {
        case 'h':
            out->form = OV_CLAM_COMPARE_HEX;
            break;
        case 'd':
            out->form = OV_CLAM_COMPARE_DECIMAL;
            break;
        case 'a':
            out->form = OV_CLAM_COMPARE_AUTO;
            break;
        case 'i':
            out->form = OV_CLAM_COMPARE_BINARY;
            break;
        case 'l':
            little = true;
            break;
        case 'b':
            big = true;
            break;
        case 'e':
            out->flags |= OV_CLAM_COMPARE_EXACT;
            break;
        default:
            return refuse(line, "`%c` says nothing about a number to compare", raw[at]);
        }
    }
    if (out->form == 0 || !read_number(part(text, at, ov_bytes_len(text)), 255, &bytes)
            || bytes == 0 || (out->form == OV_CLAM_COMPARE_HEX && bytes > 18)
            || (out->form == OV_CLAM_COMPARE_BINARY && bytes != 1 && bytes != 2 && bytes != 4
                    && bytes != 8)
            || (little && (big || out->form == OV_CLAM_COMPARE_DECIMAL))) {
        return refuse(line, "it does not say what number to compare");
    }
    /* As observed: digits in hexadecimal and bytes need an order, or nothing comes of it. */
    if (!big && !little
            && (out->form == OV_CLAM_COMPARE_HEX || out->form == OV_CLAM_COMPARE_BINARY)) {
        return refuse(line, "without l or b its comparison never holds");
    }
    out->flags |= big || (out->form == OV_CLAM_COMPARE_DECIMAL) ? OV_CLAM_COMPARE_BIG : 0;
    out->bytes = (uint8_t)bytes;
    return true;
}

static bool read_comparisons(struct ov_bytes text, struct ov_clam_compare *out)
{
    while (ov_bytes_len(text) != 0) {
        const uint64_t comma = find_byte(text, ',');
        const struct ov_bytes one = part(text, 0, comma);
        int64_t value;

        if (out->count == 2 || ov_bytes_len(one) < 2
                || !(begins(one, "<") || begins(one, ">") || begins(one, "="))
                || !read_signed(part(one, 1, ov_bytes_len(one)), &value)) {
            return false;
        }
        out->op[out->count] = ov_bytes_raw(one)[0];
        out->value[out->count++] = ov_le64_of((uint64_t)value);
        text = part(text, comma == ov_bytes_len(text) ? comma : comma + 1, ov_bytes_len(text));
    }
    return out->count != 0;
}

/* Ref(Off#Form#Cmp[,Cmp]) */
static bool read_compare(
        struct logical *logical, struct ov_bytes text, uint32_t index, struct subsig *sub)
{
    struct line *line = logical->line;
    const uint64_t open = find_byte(text, '(');
    struct ov_bytes inside = part(text, open + 1, ov_bytes_len(text) - 1);
    const uint64_t first = find_byte(inside, '#');
    struct ov_clam_compare how = { .form = 0 };
    struct ov_bytes rest, copy;
    uint64_t ref, second;
    int64_t near;

    if (!read_number(part(text, 0, open), SUBSIGS_MAX - 1, &ref) || first == ov_bytes_len(inside)) {
        return refuse(line, "its comparison is none");
    }
    rest = part(inside, first + 1, ov_bytes_len(inside));
    second = find_byte(rest, '#');
    if (second == ov_bytes_len(rest) || !read_near(part(inside, 0, first), &near)
            || !read_form(line, part(rest, 0, second), &how)
            || !read_comparisons(part(rest, second + 1, ov_bytes_len(rest)), &how)) {
        return refuse(line, "its comparison is none");
    }
    if (ref >= index || logical->subs[ref].last == NULL) {
        return refuse(line, "a comparison refers to an earlier body");
    }
    how.offset = ov_le64_of((uint64_t)near);
    if (!ov_arena_copy(line->clam->set->arena, ov_bytes_of(&how, sizeof(how)), &copy)) {
        return no_memory(line);
    }
    sub->count = ex_new(line, OV_EXPR_COMPARE, OV_TYPE_INT);
    if (sub->count == NULL) {
        return false;
    }
    sub->count->a = logical->subs[ref].last;
    sub->count->text = copy;
    sub->count = ex_two(line, OV_EXPR_IF, logical->subs[ref].found, sub->count);
    sub->found = sub->count == NULL ? NULL : ex_two(line, OV_EXPR_GT, sub->count, ex_int(line, 0));
    return sub->found != NULL;
}

/* --- pictures --------------------------------------------------------------------------------- */

/* fuzzy_img#HHHHHHHHHHHHHHHH[#0] */
static bool read_picture(struct logical *logical, struct ov_bytes text, struct subsig *sub)
{
    struct line *line = logical->line;
    const struct ov_bytes rest = part(text, sizeof("fuzzy_img#") - 1, ov_bytes_len(text));
    const uint64_t end = find_byte(rest, '#');
    uint8_t digits[8];
    uint64_t hash = 0, distance = 0;

    if (end != 2 * sizeof(digits) || !read_hex(part(rest, 0, end), digits)) {
        return refuse(line, "the hash of a picture has 16 hexadecimal digits");
    }
    if (end < ov_bytes_len(rest)
            && (!read_number(part(rest, end + 1, ov_bytes_len(rest)), UINT32_MAX, &distance)
                    || distance != 0)) {
        return refuse(line, "the distance between hashes of pictures can only be 0");
    }
    for (size_t i = 0; i < sizeof(digits); i++) {
        hash = hash << 8 | digits[i];
    }
    sub->found = ex_two(
            line, OV_EXPR_EQ, ex_object(line, OV_FACT_PICTURE, 0), ex_int(line, (int64_t)hash));
    sub->count = sub->found == NULL ? NULL : ex_two(line, OV_EXPR_IF, sub->found, ex_int(line, 1));
    return sub->count != NULL;
}

static bool is_compare(struct ov_bytes text)
{
    const uint64_t open = find_byte(text, '(');
    uint64_t number;

    return ends(text, ")") && open < ov_bytes_len(text) && find_byte(text, '#') < ov_bytes_len(text)
           && read_number(part(text, 0, open), UINT32_MAX, &number);
}

bool subsig_read(struct logical *logical, struct ov_bytes text, uint32_t index)
{
    struct subsig *sub = &logical->subs[index];

    if (begins(text, "${")) {
        return macro_read(logical, text, index, sub);
    }
    if (begins(text, "fuzzy_img#")) {
        return read_picture(logical, text, sub);
    }
    if (find_byte(text, '/') < ov_bytes_len(text)) {
        return read_pcre(logical, text, index, sub);
    }
    if (is_compare(text)) {
        return read_compare(logical, text, index, sub);
    }
    return read_body(logical, text, sub);
}
