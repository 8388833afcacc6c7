/* SPDX-License-Identifier: Apache-2.0 */
/* ir_show.h - the intermediate form as text, for golden tests and fuzz targets: what the front end
 * understood, in a form that a person can check. Walking it also checks what the form promises. */
#ifndef OV_TESTS_IR_SHOW_H
#define OV_TESTS_IR_SHOW_H

#include "base/buf.h"
#include "base/checked.h"
#include "base/limits.h"
#include "base/text.h"
#include "facts/schema.h"
#include "rules/ir/rule.h"

static inline void ir_show_set(struct ov_buf *out, const struct ov_re_set *set)
{
    ov_buf_put_text(out, "[");
    for (unsigned b = 0; b < 256; b++) {
        unsigned to = b;

        if ((set->bits[b / 64] >> b % 64 & 1) == 0) {
            continue;
        }
        while (to < 255 && (set->bits[(to + 1) / 64] >> (to + 1) % 64 & 1) != 0) {
            to++;
        }
        ov_buf_printf(out, to == b ? "%02x" : "%02x-%02x", b, to);
        b = to;
    }
    ov_buf_put_text(out, "]");
}

static inline void ir_show_re(struct ov_buf *out, const struct ov_re *re, unsigned depth)
{
    static const char *const names[] = {
        [OV_RE_EMPTY] = "empty",
        [OV_RE_ANY] = "any",
        [OV_RE_CONCAT] = "(",
        [OV_RE_ALT] = "(alt",
        [OV_RE_BEGIN] = "begin",
        [OV_RE_END] = "end",
        [OV_RE_WORD_BOUNDARY] = "boundary",
        [OV_RE_NOT_WORD_BOUNDARY] = "not-boundary",
        [OV_RE_EDGE] = "edge",
    };

    OV_ASSERT(depth <= 3 * OV_NEST_MAX + 3);
    switch (re->kind) {
    case OV_RE_BYTE:
        OV_ASSERT((re->value & ~re->mask) == 0);
        ov_buf_printf(out, "%s%02x", re->negate ? "~" : "", re->value);
        if (re->mask != 0xff) {
            ov_buf_printf(out, "/%02x", re->mask);
        }
        return;
    case OV_RE_CLASS:
        ov_buf_put_text(out, re->negate ? "~" : "");
        ir_show_set(out, re->set);
        return;
    case OV_RE_REPEAT:
        OV_ASSERT(re->min <= re->max && re->max > 0 && re->children->next == NULL);
        ov_buf_printf(out, "(%s %u ", re->chains ? "jump" : re->lazy ? "lazy" : "repeat", re->min);
        if (re->max == OV_RE_UNBOUNDED) {
            ov_buf_put_text(out, "- ");
        } else {
            ov_buf_printf(out, "%u ", re->max);
        }
        ir_show_re(out, re->children, depth + 1);
        ov_buf_put_text(out, ")");
        return;
    case OV_RE_CONCAT:
    case OV_RE_ALT:
        ov_buf_put_text(out, names[re->kind]);
        OV_ASSERT(re->children != NULL && re->children->next != NULL);
        for (const struct ov_re *c = re->children; c != NULL; c = c->next) {
            ov_buf_put_text(out, c == re->children && re->kind == OV_RE_CONCAT ? "" : " ");
            ir_show_re(out, c, depth + 1);
        }
        ov_buf_put_text(out, ")");
        return;
    case OV_RE_EMPTY:
    case OV_RE_ANY:
    case OV_RE_BEGIN:
    case OV_RE_END:
    case OV_RE_WORD_BOUNDARY:
    case OV_RE_NOT_WORD_BOUNDARY:
    case OV_RE_EDGE:
        ov_buf_put_text(out, names[re->kind]);
        return;
    }
}

/* Modifiers, in a fixed order. */
static inline void ir_show_flags(struct ov_buf *out, const struct ov_string *s)
{
    static const struct {
        uint32_t flag;
        const char *name;
    } flags[] = {
        { OV_STRING_ASCII, "ascii" },
        { OV_STRING_WIDE, "wide" },
        { OV_STRING_NOCASE, "nocase" },
        { OV_STRING_FULLWORD, "fullword" },
        { OV_STRING_BASE64, "base64" },
        { OV_STRING_BASE64_WIDE, "base64wide" },
        { OV_STRING_PRIVATE, "private" },
        { OV_STRING_DOT_ALL, "dotall" },
        { OV_STRING_LAZY, "lazy" },
    };

    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if ((s->flags & flags[i].flag) != 0) {
            ov_buf_printf(out, " %s", flags[i].name);
        }
    }
    if ((s->flags & OV_STRING_XOR) != 0) {
        OV_ASSERT(s->xor_min <= s->xor_max);
        ov_buf_printf(out, " xor(%u-%u)", s->xor_min, s->xor_max);
    }
}

static inline void ir_show_string(struct ov_buf *out, const struct ov_string *s)
{
    ov_buf_put(out, ov_bytes_raw(s->name), (size_t)ov_bytes_len(s->name));
    ov_buf_put_text(out, s->kind == OV_STRING_TEXT  ? " text "
                         : s->kind == OV_STRING_HEX ? " hex "
                                                    : " regex ");
    if (s->kind == OV_STRING_TEXT) {
        OV_ASSERT(ov_bytes_len(s->text) > 0);
        ov_text_hex(out, s->text);
    } else {
        ir_show_re(out, s->re, 0);
    }
    OV_ASSERT(s->kind == OV_STRING_HEX || (s->flags & (OV_STRING_ASCII | OV_STRING_WIDE)) != 0);
    if ((s->flags & OV_STRING_BASE64) != 0) {
        OV_ASSERT(ov_bytes_len(s->base64_alphabet) == 64);
    }
    if ((s->flags & OV_STRING_BASE64_WIDE) != 0) {
        OV_ASSERT(ov_bytes_len(s->base64_wide_alphabet) == 64);
    }
    ir_show_flags(out, s);
}

struct ir_scope {
    const struct ov_rule_set *set;
    const struct ov_rule *rule;
    uint32_t number;       /* of the rule */
    bool asks_other_rules; /* set on the way */
};

static inline const char *ir_expr_name(enum ov_expr_kind kind)
{
    static const char *const names[] = {
        [OV_EXPR_FILESIZE] = "filesize",
        [OV_EXPR_ENTRYPOINT] = "entrypoint",
        [OV_EXPR_FOUND] = "found",
        [OV_EXPR_FOUND_AT] = "found-at",
        [OV_EXPR_FOUND_IN] = "found-in",
        [OV_EXPR_COUNT] = "count",
        [OV_EXPR_COUNT_IN] = "count-in",
        [OV_EXPR_OFFSET] = "offset",
        [OV_EXPR_LENGTH] = "length",
        [OV_EXPR_NOT] = "not",
        [OV_EXPR_DEFINED] = "defined",
        [OV_EXPR_AND] = "and",
        [OV_EXPR_OR] = "or",
        [OV_EXPR_NEGATE] = "neg",
        [OV_EXPR_BIT_NOT] = "~",
        [OV_EXPR_ADD] = "+",
        [OV_EXPR_SUB] = "-",
        [OV_EXPR_MUL] = "*",
        [OV_EXPR_DIV] = "\\",
        [OV_EXPR_MOD] = "%",
        [OV_EXPR_BIT_AND] = "&",
        [OV_EXPR_BIT_OR] = "|",
        [OV_EXPR_BIT_XOR] = "^",
        [OV_EXPR_SHIFT_LEFT] = "<<",
        [OV_EXPR_SHIFT_RIGHT] = ">>",
        [OV_EXPR_EQ] = "==",
        [OV_EXPR_NE] = "!=",
        [OV_EXPR_LT] = "<",
        [OV_EXPR_LE] = "<=",
        [OV_EXPR_GT] = ">",
        [OV_EXPR_GE] = ">=",
        [OV_EXPR_CONTAINS] = "contains",
        [OV_EXPR_ICONTAINS] = "icontains",
        [OV_EXPR_STARTSWITH] = "startswith",
        [OV_EXPR_ISTARTSWITH] = "istartswith",
        [OV_EXPR_ENDSWITH] = "endswith",
        [OV_EXPR_IENDSWITH] = "iendswith",
        [OV_EXPR_IEQUALS] = "iequals",
        [OV_EXPR_MATCHES] = "matches",
        [OV_EXPR_OF_STRINGS] = "of",
        [OV_EXPR_OF_STRINGS_AT] = "of-at",
        [OV_EXPR_OF_STRINGS_IN] = "of-in",
        [OV_EXPR_OF_RULES] = "of-rules",
        [OV_EXPR_FOR_STRINGS] = "for-strings",
        [OV_EXPR_FOR_RANGE] = "for-range",
        [OV_EXPR_FOR_LIST] = "for-list",
        [OV_EXPR_FOR_FIELD] = "for-field",
        [OV_EXPR_FIELD] = "field",
        [OV_EXPR_ITEM] = "item",
        [OV_EXPR_ENTRY] = "entry",
        [OV_EXPR_CALL] = "call",
    };

    return names[kind];
}

static inline void ir_show_expr(
        struct ov_buf *out, struct ir_scope *scope, const struct ov_expr *e, unsigned depth);

static inline void ir_show_how_many(
        struct ov_buf *out, struct ir_scope *scope, const struct ov_expr *e, unsigned depth)
{
    static const char *const names[] = { [OV_ALL] = "all", [OV_ANY] = "any", [OV_NONE] = "none" };

    if (e->how_many == OV_COUNT || e->how_many == OV_PERCENT) {
        OV_ASSERT(e->how_many_value != NULL && e->how_many_value->type == OV_TYPE_INT);
        ov_buf_put_text(out, " ");
        ir_show_expr(out, scope, e->how_many_value, depth + 1);
        ov_buf_put_text(out, e->how_many == OV_PERCENT ? "%" : "");
    } else {
        OV_ASSERT(e->how_many_value == NULL);
        ov_buf_printf(out, " %s", names[e->how_many]);
    }
    for (uint32_t i = 0; i < e->string_count; i++) {
        OV_ASSERT(e->strings[i] < scope->rule->string_count);
        ov_buf_printf(out, " $%u", e->strings[i]);
    }
    for (uint32_t i = 0; i < e->rule_count; i++) {
        OV_ASSERT(e->rules[i] < scope->number);
        ov_buf_printf(out, " rule%u", e->rules[i]);
        scope->asks_other_rules = true;
    }
}

/* Leaves. False: `e` is none. */
static inline bool ir_show_leaf(struct ov_buf *out, struct ir_scope *scope, const struct ov_expr *e)
{
    switch ((int)e->kind) {
    case OV_EXPR_BOOL:
        ov_buf_put_text(out, e->integer != 0 ? "true" : "false");
        return true;
    case OV_EXPR_INT:
        ov_buf_printf(out, "%lld", (long long)e->integer);
        return true;
    case OV_EXPR_FLOAT:
        ov_buf_printf(out, "%g", e->real);
        return true;
    case OV_EXPR_TEXT:
        ov_buf_put_text(out, "\"");
        ov_text_escape(out, e->text);
        ov_buf_put_text(out, "\"");
        return true;
    case OV_EXPR_MODULE:
        ov_buf_put_text(out, ov_field_row(e->field)->name);
        return true;
    case OV_EXPR_REGEX:
    case OV_EXPR_PATTERN:
        ir_show_re(out, e->re, 0);
        ov_buf_put_text(out, (e->re_flags & OV_STRING_NOCASE) != 0 ? "/i" : "");
        return true;
    case OV_EXPR_FILESIZE:
    case OV_EXPR_ENTRYPOINT:
        ov_buf_put_text(out, ir_expr_name(e->kind));
        return true;
    case OV_EXPR_EXTERNAL:
        OV_ASSERT(e->index < scope->set->external_count);
        ov_buf_printf(out, "external%u", e->index);
        return true;
    case OV_EXPR_LOCAL:
        OV_ASSERT(e->local < scope->rule->local_count);
        ov_buf_printf(out, "%s%u", e->is_key ? "key" : "local", e->local);
        return true;
    case OV_EXPR_RULE:
        OV_ASSERT(e->index < scope->number);
        scope->asks_other_rules = true;
        ov_buf_printf(out, "rule%u", e->index);
        return true;
    default:
        return false;
    }
}

static inline void ir_show_which_string(
        struct ov_buf *out, const struct ir_scope *scope, const struct ov_expr *e)
{
    if (e->field != OV_FIELD_NONE) {
        ov_buf_printf(out, " %s", ov_field_row(e->field)->name);
    }
    if (e->kind < OV_EXPR_FOUND || e->kind > OV_EXPR_LENGTH) {
        return;
    }
    if (e->string == OV_STRING_LOCAL) {
        OV_ASSERT(e->local < scope->rule->local_count);
        ov_buf_printf(out, " $local%u", e->local);
    } else {
        OV_ASSERT(e->string < scope->rule->string_count);
        ov_buf_printf(out, " $%u", e->string);
    }
}

static inline void ir_show_expr(
        struct ov_buf *out, struct ir_scope *scope, const struct ov_expr *e, unsigned depth)
{
    OV_ASSERT(depth <= OV_CONDITION_DEPTH_MAX);
    OV_ASSERT(e->type >= OV_TYPE_BOOL && e->type <= OV_TYPE_NODE);
    OV_ASSERT(e->line > 0 && e->column > 0);
    if (ir_show_leaf(out, scope, e)) {
        return;
    }
    ov_buf_put_text(out, "(");
    if (e->kind == OV_EXPR_READ) {
        OV_ASSERT(e->read_bytes == 1 || e->read_bytes == 2 || e->read_bytes == 4);
        ov_buf_printf(out, "%s%u%s", e->read_signed ? "int" : "uint", e->read_bytes * 8u,
                e->read_big ? "be" : "");
    } else {
        ov_buf_put_text(out, ir_expr_name(e->kind));
    }
    ir_show_which_string(out, scope, e);
    if (e->kind >= OV_EXPR_OF_STRINGS) {
        ir_show_how_many(out, scope, e, depth);
    }
    if (e->kind >= OV_EXPR_FOR_STRINGS) {
        OV_ASSERT(e->local < scope->rule->local_count);
        ov_buf_printf(out, " local%u", e->local);
    }
    for (const struct ov_expr *c = e->a; c != NULL; c = c == e->a ? e->b : NULL) {
        ov_buf_put_text(out, " ");
        ir_show_expr(out, scope, c, depth + 1);
    }
    for (const struct ov_expr *c = e->children; c != NULL; c = c->next) {
        ov_buf_put_text(out, " ");
        ir_show_expr(out, scope, c, depth + 1);
    }
    if (e->body != NULL) {
        ov_buf_put_text(out, " : ");
        ir_show_expr(out, scope, e->body, depth + 1);
    }
    ov_buf_put_text(out, ")");
}

/* A rule in a few lines, each behind `prefix`. True if it asks about other rules. */
static inline bool ir_show_rule(
        struct ov_buf *out, const char *prefix, const struct ov_rule_set *set, uint32_t number)
{
    const struct ov_rule *rule = &set->rules[number];
    struct ir_scope scope = { .set = set, .rule = rule, .number = number };

    ov_buf_printf(out, "%srule ", prefix);
    ov_buf_put(out, ov_bytes_raw(rule->name), (size_t)ov_bytes_len(rule->name));
    ov_buf_put_text(out, (rule->flags & OV_RULE_PRIVATE) != 0 ? " private" : "");
    ov_buf_put_text(out, (rule->flags & OV_RULE_GLOBAL) != 0 ? " global" : "");
    for (uint32_t i = 0; i < rule->tag_count; i++) {
        ov_buf_put_text(out, " :");
        ov_buf_put(out, ov_bytes_raw(rule->tags[i]), (size_t)ov_bytes_len(rule->tags[i]));
    }
    for (uint32_t i = 0; i < rule->meta_count; i++) {
        const struct ov_meta *meta = &rule->metas[i];

        ov_buf_put_text(out, " ");
        ov_buf_put(out, ov_bytes_raw(meta->name), (size_t)ov_bytes_len(meta->name));
        ov_buf_put_text(out, meta->type == OV_TYPE_TEXT ? "=\"" : "=");
        ov_text_escape(out, meta->text);
        ov_buf_put_text(out, meta->type == OV_TYPE_TEXT ? "\"" : "");
    }
    ov_buf_put_text(out, "\n");
    for (uint32_t i = 0; i < rule->string_count; i++) {
        ov_buf_printf(out, "%s  ", prefix);
        ir_show_string(out, &rule->strings[i]);
        ov_buf_put_text(out, "\n");
    }
    ov_buf_printf(out, "%s  ", prefix);
    ir_show_expr(out, &scope, rule->condition, 1);
    ov_buf_put_text(out, "\n");
    return scope.asks_other_rules;
}

#endif
