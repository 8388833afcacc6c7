/* SPDX-License-Identifier: Apache-2.0 */
/* regex.c - recursive descent over the parentheses, at most OV_NEST_MAX of them deep.
 *
 *   alternatives = concat { "|" [ concat ] }      an alternative may be empty, the first may not
 *   concat       = item { item }
 *   item         = assertion | atom [ quantifier [ "?" ] ]
 *   atom         = "(" alternatives ")" | "[" class "]" | "." | escape | any other byte
 */
#include "rules/yara/regex.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "rules/yara/tree.h"

/* As YARA, whose lexer keeps no more of one; it also bounds what is made of the tree. */
#define REGEX_BYTES_MAX 8192u
/* As YARA: what {n,m} may say; {n,} and {n,32767} are without end. */
#define REPEAT_MAX 32767u
#define JUMP_MIN   200u /* a lazy dot that takes more of them is a jump */

struct regex {
    struct ov_reading *reading;
    const struct ov_token *token;
    struct ov_bytes name; /* of the string, for messages */
    size_t pos;           /* <= length of the text */
    uint32_t depth;
    bool has_greedy;
    bool has_lazy;
    bool is_unending;
    bool in_string;
    bool has_alternatives; /* outside of all parentheses */
    bool is_jump;          /* the item read last, if nothing forbids it */
};

static struct ov_re *read_alternatives(struct regex *x);

static int peek(const struct regex *x, size_t ahead)
{
    const size_t len = (size_t)ov_bytes_len(x->token->text);

    OV_ASSERT(x->pos <= len);
    return ahead < len - x->pos ? ov_bytes_raw(x->token->text)[x->pos + ahead] : -1;
}

/* A regular expression never leaves its line. */
static uint32_t column(const struct regex *x)
{
    return x->token->column + 1 + (uint32_t)x->pos;
}

static void *wrong(struct regex *x, const char *what)
{
    if (ov_bytes_len(x->name) == 0) {
        ov_reading_error(x->reading, x->token->line, column(x), "%s", what);
    } else {
        ov_reading_error(x->reading, x->token->line, column(x),
                "invalid regular expression \"%s\": %s", ov_excerpt_of(x->name).text, what);
    }
    return NULL;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static int nibble(int c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* --- escapes and classes -------------------------------------------------------------------- */

/* \w \W \s \S \d \D. False: `letter` is none of them. */
static bool named_set(int letter, struct ov_re_set *out)
{
    struct ov_re_set set = { { 0 } };

    switch (letter | 0x20) {
    case 'w':
        ov_re_set_add(&set, 'a', 'z');
        ov_re_set_add(&set, 'A', 'Z');
        ov_re_set_add(&set, '_', '_');
        ov_re_set_add(&set, '0', '9');
        break;
    case 'd':
        ov_re_set_add(&set, '0', '9');
        break;
    case 's':
        ov_re_set_add(&set, '\t', '\r');
        ov_re_set_add(&set, ' ', ' ');
        break;
    default:
        return false;
    }
    if ((letter & 0x20) == 0) {
        ov_re_set_invert(&set);
    }
    *out = set;
    return true;
}

/* Escapes that mean something, or that people write for safety. Others stand for the byte itself
 * and are most often a path whose backslashes nobody doubled. */
static bool is_known_escape(int c, bool in_class)
{
    return c > 0
           && (strchr("!\"#$%&'()*+,-./:<=>?@[\\]^_{|}~adfnrstwxDSW", c) != NULL
                   || (!in_class && (c == 'b' || c == 'B')));
}

/* The byte that an escape stands for, the backslash being the next byte; -1: told. */
static int read_escape(struct regex *x, bool in_class)
{
    const int c = peek(x, 1), high = nibble(peek(x, 2)), low = nibble(peek(x, 3));

    if (c < 0) {
        (void)wrong(x, "illegal escape sequence");
        return -1;
    }
    if (x->reading->strict_escape && !is_known_escape(c, in_class)) {
        ov_reading_warning(x->reading, x->token->line, column(x), "unknown escape sequence");
    }
    if (c == 'x') {
        if (high < 0 || low < 0) {
            (void)wrong(x, "illegal escape sequence");
            return -1;
        }
        x->pos += 4;
        return high << 4 | low;
    }
    x->pos += 2;
    switch (c) {
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'f':
        return '\f';
    case 'a':
        return '\a';
    default:
        return c;
    }
}

/* One byte of a class, or the begin or end of a range in it; -1: told. */
static int read_class_byte(struct regex *x)
{
    const int c = peek(x, 0);

    if (c < 0) {
        (void)wrong(x, "missing terminating ] for character class");
        return -1;
    }
    if (c >= 0x80) {
        (void)wrong(x, "non-ascii character");
        return -1;
    }
    if (c == '\\') {
        return read_escape(x, true);
    }
    x->pos++;
    return c;
}

/* One item of a class: a named set, a range or a byte. As in YARA, a named set that a dash
 * follows is no set but its letter: [\d-z] begins at "d". */
static bool read_class_item(struct regex *x, struct ov_re_set *set)
{
    struct ov_re_set named;
    int from, to;

    if (peek(x, 0) == '\\' && named_set(peek(x, 1), &named)
            && (peek(x, 2) != '-' || peek(x, 3) == ']' || peek(x, 3) < 0)) {
        x->pos += 2;
        ov_re_set_join(set, &named);
        return true;
    }
    from = read_class_byte(x);
    if (from < 0) {
        return false;
    }
    to = from;
    if (peek(x, 0) == '-' && peek(x, 1) != ']' && peek(x, 1) >= 0) {
        x->pos++;
        to = read_class_byte(x);
        if (to < 0) {
            return false;
        }
        if (to < from) {
            return wrong(x, "bad character range") != NULL;
        }
    }
    ov_re_set_add(set, (uint8_t)from, (uint8_t)to);
    return true;
}

static bool has_letters(const struct ov_re_set *set)
{
    return (set->bits[1] & UINT64_C(0x07fffffe07fffffe)) != 0;
}

static struct ov_re *read_class(struct regex *x)
{
    struct ov_re_set set = { { 0 } };
    struct ov_re *node;
    bool negate, first = true;

    x->pos++;
    negate = peek(x, 0) == '^';
    x->pos += negate;
    while (first || peek(x, 0) != ']') {
        if (!read_class_item(x, &set)) {
            return NULL;
        }
        first = false; /* []a]: a bracket that comes first is a byte */
    }
    x->pos++;
    /* Letters are folded before a class is negated, and whether they are is not known here. */
    if (negate && !has_letters(&set)) {
        ov_re_set_invert(&set);
        negate = false;
    }
    node = ov_re_class(x->reading, &set);
    if (node != NULL) {
        node->negate = negate;
    }
    return node;
}

/* --- atoms and quantifiers ------------------------------------------------------------------ */

struct repeat {
    uint32_t min;
    uint32_t max;
};

/* The digits at *at; 0 if there are none. Stays past REPEAT_MAX once past it. */
static uint32_t range_number(const struct regex *x, size_t *at)
{
    uint32_t value = 0;

    for (; is_digit(peek(x, *at)); ++*at) {
        if (value <= REPEAT_MAX) {
            value = value * 10 + (uint32_t)(peek(x, *at) - '0');
        }
    }
    return value;
}

/* {n}, {n,}, {,m}, {,} and {n,m}, blanks around the comma allowed. Gives its length, or 0: then
 * the brace is an ordinary byte, as in YARA. */
static size_t range_here(const struct regex *x, struct repeat *out)
{
    size_t at = 1, digits;

    if (peek(x, 0) != '{') {
        return 0;
    }
    out->min = range_number(x, &at);
    if (peek(x, at) == '}') {
        out->max = out->min;
        return at > 1 ? at + 1 : 0;
    }
    while (peek(x, at) == ' ') {
        at++;
    }
    if (peek(x, at) != ',') {
        return 0;
    }
    at++;
    while (peek(x, at) == ' ') {
        at++;
    }
    digits = at;
    out->max = range_number(x, &at);
    if (at == digits) {
        out->max = OV_RE_UNBOUNDED;
    }
    return peek(x, at) == '}' ? at + 1 : 0;
}

static bool is_quantifier(const struct regex *x)
{
    struct repeat ignored;
    const int c = peek(x, 0);

    return c == '*' || c == '+' || c == '?' || range_here(x, &ignored) > 0;
}

static bool read_quantifier(struct regex *x, struct repeat *out)
{
    const int c = peek(x, 0);
    size_t length;

    if (c == '*' || c == '+' || c == '?') {
        out->min = c == '+';
        out->max = c == '?' ? 1 : OV_RE_UNBOUNDED;
        x->pos++;
        return true;
    }
    length = range_here(x, out);
    OV_ASSERT(length > 0);
    if (out->min > REPEAT_MAX || (out->max > REPEAT_MAX && out->max != OV_RE_UNBOUNDED)) {
        return wrong(x, "repeat interval too large") != NULL;
    }
    if (out->max < out->min) {
        return wrong(x, "bad repeat interval") != NULL;
    }
    x->pos += length;
    return true;
}

/* What stands behind `atom`: a quantifier, or nothing. */
static struct ov_re *repeated(struct regex *x, struct ov_re *atom, bool is_dot)
{
    struct repeat repeat = { 1, 1 };
    const bool in_braces = peek(x, 0) == '{';
    struct ov_re *node;
    bool lazy;

    if (!is_quantifier(x)) {
        return atom;
    }
    if (!read_quantifier(x, &repeat)) {
        return NULL;
    }
    lazy = peek(x, 0) == '?';
    x->is_jump = is_dot && lazy && in_braces && repeat.max > JUMP_MIN;
    x->pos += lazy;
    if (is_quantifier(x)) {
        return wrong(x, "syntax error");
    }
    x->has_lazy = x->has_lazy || lazy;
    x->has_greedy = x->has_greedy || !lazy;
    x->is_unending = x->is_unending || (is_dot && repeat.max >= REPEAT_MAX);
    if (repeat.max == 0) {
        return ov_re_new(x->reading, OV_RE_EMPTY);
    }
    node = ov_re_new(x->reading, OV_RE_REPEAT);
    if (node == NULL) {
        return NULL;
    }
    node->children = atom;
    node->min = repeat.min;
    node->max = repeat.max;
    node->lazy = lazy;
    return node;
}

static struct ov_re *read_parentheses(struct regex *x)
{
    struct ov_re *node;

    if (x->depth >= OV_NEST_MAX) {
        return wrong(x, "parentheses are nested too deep");
    }
    x->pos++;
    x->depth++;
    node = read_alternatives(x);
    x->depth--;
    if (node == NULL) {
        return NULL;
    }
    if (peek(x, 0) != ')') {
        return wrong(x, "syntax error");
    }
    x->pos++;
    return node;
}

static struct ov_re *read_dot(struct regex *x)
{
    struct ov_re_set set = { { 0 } };

    x->pos++;
    if ((x->token->re_flags & OV_STRING_DOT_ALL) != 0) {
        return ov_re_new(x->reading, OV_RE_ANY);
    }
    ov_re_set_add(&set, '\n', '\n');
    ov_re_set_invert(&set);
    return ov_re_class(x->reading, &set);
}

static struct ov_re *read_atom(struct regex *x)
{
    const int c = peek(x, 0);
    struct ov_re_set set;
    int byte;

    switch (c) {
    case '(':
        return read_parentheses(x);
    case '[':
        return read_class(x);
    case '.':
        return read_dot(x);
    case '\\':
        if (named_set(peek(x, 1), &set)) {
            x->pos += 2;
            return ov_re_class(x->reading, &set);
        }
        if (is_digit(peek(x, 1))) {
            return wrong(x, "backreferences are not allowed");
        }
        byte = read_escape(x, false);
        return byte < 0 ? NULL : ov_re_byte(x->reading, (uint8_t)byte);
    default:
        if (is_quantifier(x)) {
            return wrong(x, "syntax error");
        }
        x->pos++;
        return ov_re_byte(x->reading, (uint8_t)c);
    }
}

static struct ov_re *read_item(struct regex *x)
{
    const int c = peek(x, 0), escaped = c == '\\' ? peek(x, 1) : -1;
    enum ov_re_kind assertion;

    if (c == '^') {
        assertion = OV_RE_BEGIN;
    } else if (c == '$') {
        assertion = OV_RE_END;
    } else if (escaped == 'b') {
        assertion = OV_RE_WORD_BOUNDARY;
    } else if (escaped == 'B') {
        assertion = OV_RE_NOT_WORD_BOUNDARY;
    } else {
        struct ov_re *atom = read_atom(x);

        x->is_jump = false; /* of what may stand in parentheses */
        return atom == NULL ? NULL : repeated(x, atom, c == '.');
    }
    x->pos += escaped >= 0 ? 2 : 1;
    if (is_quantifier(x)) {
        return wrong(x, "syntax error");
    }
    return ov_re_new(x->reading, assertion);
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool is_concat_end(const struct regex *x)
{
    return peek(x, 0) < 0 || peek(x, 0) == '|' || peek(x, 0) == ')';
}

/* As YARA: a lazy dot with braces, over 200 bytes and with something on either side, is a jump as
 * in a hex string, and like it takes line feeds, too. False: no memory. */
static bool make_jumps(struct regex *x, struct ov_re *first)
{
    struct ov_re *before = NULL; /* in the same part */

    for (struct ov_re *node = first; node != NULL; node = node->next) {
        if (!node->chains || before == NULL || node->next == NULL) {
            node->chains = false;
            before = node;
            continue;
        }
        node->children = ov_re_new(x->reading, OV_RE_ANY);
        if (node->children == NULL) {
            return false;
        }
        node->max = node->max < REPEAT_MAX ? node->max : REPEAT_MAX;
        before = NULL;
    }
    return true;
}

static struct ov_re *read_concat(struct regex *x)
{
    const bool outermost = x->depth == 0;
    struct ov_re_list list = { 0 };

    while (!is_concat_end(x)) {
        struct ov_re *node;

        x->is_jump = false; /* nor is an assertion one */
        node = read_item(x);
        if (node == NULL) {
            return NULL;
        }
        node->chains = x->is_jump && outermost && x->in_string && !x->has_alternatives;
        ov_re_list_add(&list, node);
    }
    if (outermost) {
        x->has_alternatives = x->has_alternatives || peek(x, 0) == '|';
        if (x->has_alternatives) {
            for (struct ov_re *node = list.first; node != NULL; node = node->next) {
                node->chains = false;
            }
        }
        if (!make_jumps(x, list.first)) {
            return NULL;
        }
    }
    return ov_re_list_close(x->reading, &list, OV_RE_CONCAT);
}

static struct ov_re *read_alternatives(struct regex *x)
{
    struct ov_re_list list = { 0 };

    if (is_concat_end(x)) {
        return wrong(x, "syntax error");
    }
    for (;;) {
        struct ov_re *node = read_concat(x);

        if (node == NULL) {
            return NULL;
        }
        ov_re_list_add(&list, node);
        if (peek(x, 0) != '|') {
            return ov_re_list_close(x->reading, &list, OV_RE_ALT);
        }
        x->pos++;
    }
}

bool ov_regex_read(struct ov_reading *reading, const struct ov_token *token, struct ov_bytes name,
        bool in_string, struct ov_regex *out)
{
    struct regex x = { .reading = reading, .token = token, .name = name, .in_string = in_string };
    struct ov_re *re;

    OV_ASSERT(token->kind == OV_TOKEN_REGEX);
    if (ov_bytes_len(token->text) > REGEX_BYTES_MAX) {
        return wrong(&x, "regular expression is too large") != NULL;
    }
    re = read_alternatives(&x);
    if (re == NULL) {
        return false;
    }
    if (peek(&x, 0) == ')') {
        return wrong(&x, "syntax error") != NULL;
    }
    if (in_string && x.has_greedy && x.has_lazy) {
        ov_reading_error(reading, token->line, token->column,
                "greedy and ungreedy quantifiers can't be mixed in a regular expression");
        return false;
    }
    *out = (struct ov_regex){ .re = re, .is_greedy = x.has_greedy, .is_unending = x.is_unending };
    return true;
}
