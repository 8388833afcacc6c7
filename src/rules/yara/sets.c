/* SPDX-License-Identifier: Apache-2.0 */
/* sets.c - ($a, $b*), them, (rule_a, rule_b*): which strings or rules are meant.
 *
 * A wildcard looks at every name there is, so a source of many wildcards could make reading it
 * quadratic. Each look is paid from a store that is in proportion to the source. */
#include <string.h>

#include "base/checked.h"
#include "rules/yara/parser.h"

static bool pay(struct ov_parser *p, const struct ov_token *token, uint64_t work)
{
    if (p->work_left < work) {
        ov_reading_error(&p->reading, token->line, token->column,
                "this source has too many sets over too many names");
        p->work_left = 0;
        return false;
    }
    p->work_left -= work;
    return true;
}

static bool pick(struct ov_parser *p, uint32_t number)
{
    if (p->picked_count == p->picked_cap) {
        uint32_t cap = p->picked_cap == 0 ? 256 : p->picked_cap * 2;
        uint32_t *at;
        size_t bytes;

        if (cap <= p->picked_cap || !ov_mul(&bytes, (size_t)cap, sizeof(*at))
                || (at = realloc(p->picked, bytes)) == NULL) {
            p->reading.out_of_memory = true;
            p->reading.failed = true;
            return false;
        }
        p->picked = at;
        p->picked_cap = cap;
    }
    p->picked[p->picked_count++] = number;
    return true;
}

/* What was picked, as an array of the set's arena. */
static bool keep_picked(struct ov_parser *p, uint32_t **out, uint32_t *count)
{
    *out = ov_reading_alloc(&p->reading, p->picked_count, sizeof(**out));
    if (*out == NULL) {
        return false;
    }
    if (p->picked_count > 0) {
        memcpy(*out, p->picked, p->picked_count * sizeof(**out));
    }
    *count = p->picked_count;
    return true;
}

static bool begins_with(struct ov_bytes name, struct ov_bytes prefix)
{
    struct ov_bytes head;

    return ov_bytes_slice(name, 0, ov_bytes_len(prefix), &head)
           && ov_bytes_equal(head, ov_bytes_raw(prefix), (size_t)ov_bytes_len(prefix));
}

/* --- strings -------------------------------------------------------------------------------- */

/* Every string whose name begins with `prefix` ("$a"; "$": all). */
static bool pick_strings(struct ov_parser *p, const struct ov_token *token, struct ov_bytes prefix)
{
    uint32_t found = 0;

    if (!pay(p, token, p->rule.string_count)) {
        return false;
    }
    for (uint32_t i = 0; i < p->rule.string_count; i++) {
        if (begins_with(p->rule.strings[i].name, prefix)) {
            p->string_is_used[i] = true;
            ov_strings_note_at(p, (uint32_t)i, NULL);
            found++;
            if (!pick(p, i)) {
                return false;
            }
        }
    }
    if (found == 0) {
        p->reading.at_last = true;
        ov_reading_error(&p->reading, token->line, token->column, "undefined string \"%s\"",
                token->kind == OV_TOKEN_THEM ? "$*" : ov_excerpt_of(token->text).text);
        p->reading.at_last = false;
    }
    return true;
}

static bool pick_string(struct ov_parser *p, const struct ov_token *token)
{
    const struct ov_bytes name = ov_token_name(token);
    const uint32_t *number;

    number = ov_names_find(&p->strings, ov_bytes_of(NULL, 0), name);
    if (number == NULL || ov_bytes_len(name) == 0) {
        ov_reading_error(&p->reading, token->line, token->column, "undefined string \"%s\"",
                ov_excerpt_of(token->text).text);
        return true;
    }
    p->string_is_used[*number] = true;
    ov_strings_note_at(p, *number, NULL);
    return pay(p, token, 1) && pick(p, *number);
}

static bool read_string_item(struct ov_parser *p)
{
    const struct ov_token token = p->tok;
    struct ov_bytes prefix;

    if (token.kind == OV_TOKEN_STRING) {
        ov_parser_next(p);
        return pick_string(p, &token);
    }
    if (token.kind == OV_TOKEN_STRING_WILD) {
        ov_parser_next(p);
        return ov_bytes_slice(token.text, 0, ov_bytes_len(token.text) - 1, &prefix)
               && pick_strings(p, &token, prefix);
    }
    return ov_parser_unexpected(p, "string identifier or string identifier with wildcard");
}

bool ov_set_read_strings(struct ov_parser *p, struct ov_expr *expr)
{
    p->picked_count = 0;
    if (p->tok.kind == OV_TOKEN_THEM) {
        const struct ov_token token = p->tok;

        ov_parser_next(p);
        if (!pick_strings(p, &token, ov_bytes_of("$", 1))) {
            return false;
        }
    } else {
        do {
            if (!read_string_item(p)) {
                return false;
            }
        } while (ov_parser_accept(p, OV_TOKEN_COMMA));
        if (!ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "')' or ','")) {
            return false;
        }
    }
    return keep_picked(p, &expr->strings, &expr->string_count);
}

/* --- rules ---------------------------------------------------------------------------------- */

static bool pick_rule(
        struct ov_parser *p, const struct ov_token *token, uint32_t number, uint32_t *self)
{
    if (number == OV_NAME_NEW) {
        ++*self;
        return true;
    }
    if (number == OV_NAME_REFUSED && p->reading.as_yara) {
        ++*self; /* YARA knows it all the same, and nothing comes of either */
        return true;
    }
    if (number == OV_NAME_REFUSED) {
        ov_reading_error(&p->reading, token->line, token->column,
                "a rule that \"%s\" means was refused, and this one asks about it",
                ov_excerpt_of(token->text).text);
        return true;
    }
    return pay(p, token, 1) && pick(p, number);
}

/* `name*`: the rules so far that begin so, this one too; later ones may not (ov_set_is_taken). */
static bool pick_rules(struct ov_parser *p, const struct ov_token *token, uint32_t *self)
{
    const struct ov_bytes prefix = token->text;
    const uint32_t before = p->picked_count, self_before = *self;
    uint32_t *wildcard;

    if (!pay(p, token, p->set->rule_count)) {
        return false;
    }
    for (size_t i = 0; i < p->set->rule_count; i++) {
        const struct ov_rule *rule = &p->set->rules[i];

        if (begins_with(rule->name, prefix)
                && ov_bytes_equal(
                        p->space, ov_bytes_raw(rule->space), (size_t)ov_bytes_len(rule->space))
                && !pick(p, (uint32_t)i)) {
            return false;
        }
    }
    for (const struct ov_refused_rule *r = p->set->refused; r != NULL; r = r->next) {
        if (!pay(p, token, 1)) {
            return false;
        }
        if (begins_with(r->name, prefix)
                && ov_bytes_equal(
                        p->space, ov_bytes_raw(r->space), (size_t)ov_bytes_len(r->space))) {
            if (p->reading.as_yara) {
                ++*self;
                continue;
            }
            ov_reading_error(&p->reading, token->line, token->column,
                    "the rule \"%s\" is one that \"%s*\" means, and it was refused",
                    ov_excerpt_of(r->name).text, ov_excerpt_of(prefix).text);
            return true;
        }
    }
    *self += begins_with(p->rule.name, prefix);
    wildcard = ov_names_add(&p->set->wildcards, p->space, prefix);
    if (wildcard == NULL) {
        p->reading.out_of_memory = true;
        return false;
    }
    *wildcard = 1;
    if (p->picked_count == before && *self == self_before) {
        ov_reading_error(&p->reading, token->line, token->column, "undefined identifier \"%s\"",
                ov_excerpt_of(prefix).text);
    }
    return true;
}

static bool read_rule_item(struct ov_parser *p, uint32_t *self)
{
    const struct ov_token token = p->tok;
    const uint32_t *number;

    if (!ov_parser_expect(p, OV_TOKEN_NAME, "identifier")) {
        return false;
    }
    if (ov_parser_accept(p, OV_TOKEN_STAR)) {
        return pick_rules(p, &token, self);
    }
    number = ov_names_find(&p->set->names, p->space, token.text);
    if (number == NULL) {
        ov_reading_error(&p->reading, token.line, token.column, "undefined identifier \"%s\"",
                ov_excerpt_of(token.text).text);
        return true;
    }
    return pick_rule(p, &token, *number, self);
}

bool ov_set_read_rules(struct ov_parser *p, struct ov_expr *expr, uint32_t *self)
{
    p->picked_count = 0;
    do {
        if (!read_rule_item(p, self)) {
            return false;
        }
    } while (ov_parser_accept(p, OV_TOKEN_COMMA));
    return ov_parser_expect(p, OV_TOKEN_PAREN_CLOSE, "')' or ','")
           && keep_picked(p, &expr->rules, &expr->rule_count);
}

bool ov_set_is_taken(struct ov_parser *p, struct ov_bytes name, struct ov_bytes *wildcard)
{
    for (uint64_t len = 0; len <= ov_bytes_len(name); len++) {
        struct ov_bytes prefix;

        if (ov_bytes_slice(name, 0, len, &prefix)
                && ov_names_find(&p->set->wildcards, p->space, prefix) != NULL) {
            *wildcard = prefix;
            return true;
        }
    }
    return false;
}
