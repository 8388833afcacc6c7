/* SPDX-License-Identifier: Apache-2.0 */
/* cdb.c - what containers say of their members: .cdb for containers of any type, .zmd and .rmd (older)
 * for ZIP and RAR. Such a signature looks at no byte of the member, so it holds for encrypted
 * ones too. */
#include "base/checked.h"
#include "db/clam_layout.h"
#include "rules/clamav/reader.h"

#define PARTS_MAX 10u

/* What a line asks of a member, so far. */
struct asks {
    struct line *line;
    struct ov_expr *parts[PARTS_MAX];
    size_t count;
};

static bool ask(struct asks *asks, struct ov_expr *part)
{
    OV_ASSERT(asks->count < PARTS_MAX);
    asks->parts[asks->count++] = part;
    return part != NULL;
}

static bool is_any(struct ov_bytes text)
{
    return is_text(text, "*");
}

/* `*`, `n` or `n-m`. */
static bool ask_range(
        struct asks *asks, struct ov_bytes text, enum ov_object_fact fact, const char *what)
{
    struct line *line = asks->line;
    uint64_t min, max;

    if (is_any(text)) {
        return true;
    }
    if (read_number(text, INT64_MAX, &min)) {
        max = min;
    } else if (!read_range(text, &min, &max) || min > max) {
        return refuse(line, "%s is neither `*` nor a number nor a range", what);
    }
    return ask(asks, ex_within(line, ex_object(line, fact, 0), min, max));
}

static bool ask_number(
        struct asks *asks, struct ov_bytes text, enum ov_object_fact fact, const char *what)
{
    struct line *line = asks->line;
    uint64_t value;

    if (is_any(text)) {
        return true;
    }
    if (!read_number(text, INT64_MAX, &value)) {
        return refuse(line, "%s is neither `*` nor a number", what);
    }
    return ask(
            asks, ex_two(line, OV_EXPR_EQ, ex_object(line, fact, 0), ex_int(line, (int64_t)value)));
}

static bool ask_encrypted(struct asks *asks, struct ov_bytes text)
{
    return is_any(text) || is_text(text, "0") || is_text(text, "1")
                   ? ask_number(asks, text, OV_FACT_MEMBER_ENCRYPTED, "whether it is encrypted")
                   : refuse(asks->line, "whether it is encrypted is said by `*`, 0 or 1");
}

/* Questions are asked in the order in which they stand here, of every member of every archive. The
 * first is the one that nearly all members answer with no: hardly any is encrypted. The last, which
 * costs most, is the expression.
 *
 * POSIX writes the expression; whether it occurs in a name is the same question to PCRE2. */
static bool ask_name(struct asks *asks, struct ov_bytes text)
{
    struct line *line = asks->line;
    struct ov_expr *count;

    if (is_any(text)) {
        return true;
    }
    count = ex_pcre(line, OV_CLAM_PCRE_NAME | OV_CLAM_PCRE_ANYWHERE, 0, text, ex_int(line, 0));
    return count != NULL && ask(asks, ex_two(line, OV_EXPR_GT, count, ex_int(line, 0)));
}

static bool ask_container(struct asks *asks, struct ov_bytes text)
{
    enum ov_clam_type type;

    if (is_any(text)) {
        return true;
    }
    if (!ov_clam_type_of(text, &type)) {
        return refuse(asks->line, "there is no such type of container");
    }
    return type == OV_CLAM_ANY || ask(asks, ex_object(asks->line, OV_FACT_LAYER, (uint32_t)type));
}

/* Whatever else it asks: it is about members. */
static bool ask_member(struct asks *asks)
{
    struct line *line = asks->line;

    return ask(asks,
            ex_two(line, OV_EXPR_GE, ex_object(line, OV_FACT_MEMBER_PLACE, 0), ex_int(line, 0)));
}

static void keep(struct asks *asks, struct ov_bytes shown)
{
    struct ov_expr *condition = ex_list(asks->line, OV_EXPR_AND, asks->parts, asks->count);
    struct ov_rule *rule = condition == NULL ? NULL : rule_new(asks->line, shown, 0);

    if (rule != NULL) {
        rule->condition = condition;
    }
}

/* Name:ContainerType:ContainerSize:FileName:SizeInContainer:SizeReal:IsEncrypted:FilePos:Res1:Res2 */
void line_cdb(struct line *line)
{
    struct ov_bytes shown = ov_bytes_of(NULL, 0), *f = line->fields;
    struct asks asks = { .line = line };

    if (!split(line, ':')) {
        return;
    }
    line->name = f[0];
    if (line->field_count < 10 || line->field_count > 12) {
        (void)refuse(line, "it has %zu fields instead of 10 to 12", line->field_count);
        return;
    }
    if (check_levels(line, 10) && take_name(line, f[0], false, &shown) && ask_encrypted(&asks, f[6])
            && ask_member(&asks) && ask_container(&asks, f[1])
            && ask_range(&asks, f[2], OV_FACT_CONTAINER_SIZE, "the container's size")
            && ask_range(&asks, f[4], OV_FACT_MEMBER_PACKED, "the size in the container")
            && ask_range(&asks, f[5], OV_FACT_MEMBER_SIZE, "the real size")
            && ask_range(&asks, f[7], OV_FACT_MEMBER_PLACE, "the place") && ask_name(&asks, f[3])) {
        keep(&asks, shown);
    }
}

static bool ask_crc(struct asks *asks, struct ov_bytes text)
{
    struct line *line = asks->line;
    uint32_t crc = 0;

    if (is_any(text)) {
        return true;
    }
    for (uint64_t i = 0; i < ov_bytes_len(text) && i < 9; i++) {
        const int digit = hex_digit(ov_bytes_raw(text)[i]);

        if (digit < 0 || i == 8) {
            return refuse(line, "its checksum has 1 to 8 hexadecimal digits");
        }
        crc = crc << 4 | (uint32_t)digit;
    }
    return ask(asks,
            ex_two(line, OV_EXPR_EQ, ex_object(line, OV_FACT_MEMBER_CRC, 0), ex_int(line, crc)));
}

/* Name:Encrypted:FileName:SizeReal:SizeCompressed:CRC32:Method:FilePos:MaxDepth; the method and the
 * depth say nothing, as in ClamAV. */
static void read_older(struct line *line, enum ov_clam_type container)
{
    struct ov_bytes shown = ov_bytes_of(NULL, 0), *f = line->fields;
    struct asks asks = { .line = line };

    if (!split(line, ':')) {
        return;
    }
    line->name = f[0];
    if (line->field_count != 9) {
        (void)refuse(line, "it has %zu fields instead of 9", line->field_count);
        return;
    }
    if (take_name(line, f[0], false, &shown) && ask_encrypted(&asks, f[1]) && ask_member(&asks)
            && ask(&asks, ex_object(line, OV_FACT_LAYER, (uint32_t)container))
            && ask_number(&asks, f[3], OV_FACT_MEMBER_SIZE, "the real size")
            && ask_number(&asks, f[4], OV_FACT_MEMBER_PACKED, "the packed size")
            && ask_crc(&asks, f[5]) && ask_number(&asks, f[7], OV_FACT_MEMBER_PLACE, "the place")
            && ask_name(&asks, f[2])) {
        keep(&asks, shown);
    }
}

void line_zmd(struct line *line)
{
    read_older(line, OV_CLAM_ZIP);
}

void line_rmd(struct line *line)
{
    read_older(line, OV_CLAM_RAR);
}
