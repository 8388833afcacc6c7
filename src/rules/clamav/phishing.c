/* SPDX-License-Identifier: Apache-2.0 */
/* phishing.c - hosts that mail often imitates (.pdb), pairs of addresses that are in order (.wdb), and
 * digests of addresses (.gdb), which nobody publishes any more. */
#include <string.h>

#include "base/buf.h"
#include "base/checked.h"
#include "db/clam_layout.h"
#include "rules/clamav/reader.h"

/* `MinFL-[MaxFL]` at the end: no other field has a digit and then a hyphen alone. False: not for
 * this level. */
static bool check_tail(struct line *line, size_t fields)
{
    struct ov_bytes tail;
    uint64_t dash, min = 0, max = UINT32_MAX;

    if (line->field_count <= fields) {
        return true;
    }
    tail = line->fields[fields];
    dash = find_byte(tail, '-');
    if (line->field_count > fields + 1 || dash == ov_bytes_len(tail)
            || (dash != 0 && !read_number(part(tail, 0, dash), UINT32_MAX, &min))
            || (dash + 1 != ov_bytes_len(tail)
                    && !read_number(part(tail, dash + 1, ov_bytes_len(tail)), UINT32_MAX, &max))) {
        return refuse(line, "behind its %zu fields stands nothing, or levels", fields);
    }
    return (min <= OV_CLAM_LEVEL && OV_CLAM_LEVEL <= max) || skip(line);
}

/* What is found is reported under these names; once they are there, links are judged. */
static bool add_rules(struct line *line)
{
    static const struct {
        const char *name;
        enum ov_link_end end;
    } names[] = {
        { "Heuristics.Phishing.Email.SpoofedDomain", OV_LINK_SPOOFED },
        { "Heuristics.Phishing.Email.SSL-Spoof", OV_LINK_NOT_SECURE },
        { "Heuristics.Phishing.Email.Cloaked.Null", OV_LINK_NULL },
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !line->clam->has_phishing; i++) {
        struct ov_rule *rule = rule_new(line, ov_bytes_of(names[i].name, strlen(names[i].name)), 0);

        if (rule == NULL) {
            return false;
        }
        rule->condition = ex_two(line, OV_EXPR_EQ, ex_object(line, OV_FACT_LINKS, 0),
                ex_int(line, (int64_t)names[i].end));
        if (rule->condition == NULL) {
            return false;
        }
    }
    line->clam->has_phishing = true;
    return true;
}

static void keep(struct line *line, enum ov_list_phishing_what what, struct ov_bytes first,
        struct ov_bytes second)
{
    const struct ov_list_phishing head = {
        .what = ov_le32_of((uint32_t)what),
        .first_bytes = ov_le32_of((uint32_t)ov_bytes_len(first)),
    };
    const size_t a = (size_t)ov_bytes_len(first), b = (size_t)ov_bytes_len(second);
    uint8_t *room = ov_arena_alloc(line->clam->set->arena, a + b + 1, 1);

    if (room == NULL) {
        (void)no_memory(line);
        return;
    }
    memcpy(room, ov_bytes_raw(first), a);
    if (b != 0) {
        memcpy(room + a, ov_bytes_raw(second), b);
    }
    (void)list_add(line, OV_LIST_PHISHING, &head, sizeof(head), ov_bytes_of(room, a + b));
}

/* Expressions stand for all of an address, behind which a slash is thought. */
static void keep_expression(
        struct line *line, enum ov_list_phishing_what what, struct ov_bytes text, bool slash)
{
    struct ov_bytes copy, record;
    struct ov_buf expression;

    ov_buf_init(&expression, OV_CLAM_LINE_BYTES_MAX + 16);
    ov_buf_put_text(&expression, "^(?:");
    ov_buf_put(&expression, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    ov_buf_put_text(&expression, slash ? ")/$" : ")$");
    if (!ov_buf_ok(&expression)
            || !ov_arena_copy(line->clam->set->arena, ov_buf_bytes(&expression), &copy)) {
        (void)no_memory(line);
    } else if (pcre_keep(line, OV_CLAM_PCRE_NAME | OV_CLAM_PCRE_ANYWHERE, 0, copy, &record)) {
        keep(line, what, record, ov_bytes_of(NULL, 0));
    }
    ov_buf_done(&expression);
}

/* The part of the line behind its first letter and up to the levels. */
static struct ov_bytes pair_of(const struct line *line)
{
    const struct ov_bytes *f = line->fields;
    const uint64_t from = ov_bytes_len(f[0]) + 1;

    return part(line->text, from, from + ov_bytes_len(f[1]) + 1 + ov_bytes_len(f[2]));
}

void line_pdb(struct line *line)
{
    const struct ov_bytes *f = line->fields;

    if (line->clam->no_phishing_urls) {
        (void)skip(line);
        return;
    }
    if (!split(line, ':')) {
        return;
    }
    if (line->field_count >= 3 && begins(f[0], "R")) {
        if (check_tail(line, 3) && add_rules(line)) {
            keep_expression(line, OV_PHISHING_REGEX, pair_of(line), true);
        }
    } else if (line->field_count >= 2 && begins(f[0], "H")) {
        if (check_tail(line, 2) && add_rules(line)) {
            keep(line, OV_PHISHING_HOST, f[1], ov_bytes_of(NULL, 0));
        }
    } else {
        (void)refuse(line, "it is neither H:host nor R:expression:expression");
    }
}

void line_wdb(struct line *line)
{
    const struct ov_bytes *f = line->fields;

    if (line->clam->no_phishing_urls) {
        (void)skip(line);
        return;
    }
    if (!split(line, ':')) {
        return;
    }
    if (is_text(f[0], "X") && line->field_count >= 3) {
        if (check_tail(line, 3)) {
            keep_expression(line, OV_PHISHING_PAIR_REGEX, pair_of(line), true);
        }
    } else if (is_text(f[0], "M") && line->field_count >= 3) {
        if (check_tail(line, 3)) {
            keep(line, OV_PHISHING_PAIR_HOSTS, f[1], f[2]);
        }
    } else if (is_text(f[0], "Y") && line->field_count >= 2) {
        if (check_tail(line, 2)) {
            keep_expression(line, OV_PHISHING_REAL_REGEX, f[1], false);
        }
    } else {
        (void)refuse(line, "it is neither X:real:displayed nor M:real:displayed nor Y:real");
    }
}
