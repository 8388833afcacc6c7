/* SPDX-License-Identifier: Apache-2.0 */
/* offset.c - where a body may begin, and conditions that say so. */
#include "base/checked.h"
#include "rules/clamav/reader.h"

#define OFFSET_BYTES_MAX 64u

static bool needs_executable(enum place_kind kind)
{
    return kind == PLACE_ENTRY || kind == PLACE_SECTION || kind == PLACE_LAST
           || kind == PLACE_WITHIN;
}

/* `+n` or `-n` at the end of `EP`, `Sx`, `SL`. */
static bool read_distance(struct ov_bytes text, bool may_be_negative, int64_t *out)
{
    uint64_t value;

    if (!(begins(text, "+") || (may_be_negative && begins(text, "-")))
            || !read_number(part(text, 1, ov_bytes_len(text)), UINT32_MAX, &value)) {
        return false;
    }
    *out = begins(text, "-") ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Without its `,MaxShift`. */
static bool read_place(struct ov_bytes text, struct place *out)
{
    const uint64_t len = ov_bytes_len(text);
    uint64_t number = 0, sign;

    if (is_text(text, "*")) {
        out->kind = PLACE_ANY;
        return true;
    }
    if (is_text(text, "VI")) {
        out->kind = PLACE_VERSION;
        return true;
    }
    if (begins(text, "EOF-")) {
        out->kind = PLACE_END;
        return read_number(part(text, 4, len), UINT32_MAX, &number)
               && (out->value = (int64_t)number, true);
    }
    if (begins(text, "EP")) {
        out->kind = PLACE_ENTRY;
        return read_distance(part(text, 2, len), true, &out->value);
    }
    if (begins(text, "SL")) {
        out->kind = PLACE_LAST;
        return read_distance(part(text, 2, len), false, &out->value);
    }
    if (begins(text, "SE")) {
        out->kind = PLACE_WITHIN;
        return read_number(part(text, 2, len), UINT16_MAX, &number)
               && (out->section = (uint32_t)number, true);
    }
    if (begins(text, "S")) {
        sign = find_byte(text, '+');
        out->kind = PLACE_SECTION;
        return sign < len && read_number(part(text, 1, sign), UINT16_MAX, &number)
               && (out->section = (uint32_t)number, true)
               && read_distance(part(text, sign, len), false, &out->value);
    }
    if (begins(text, "$")) {
        const uint64_t end = ends(text, "$") && len > 1 ? len - 1 : len;

        out->kind = PLACE_GROUP;
        return read_number(part(text, 1, end), 31, &number) && (out->value = (int64_t)number, true);
    }
    out->kind = PLACE_ABSOLUTE;
    return read_number(text, UINT32_MAX, &number) && (out->value = (int64_t)number, true);
}

bool place_read(
        struct line *line, struct ov_bytes text, enum ov_clam_target target, struct place *out)
{
    const uint64_t comma = find_byte(text, ',');

    *out = (struct place){ .kind = PLACE_ANY };
    if (ov_bytes_len(text) > OFFSET_BYTES_MAX) {
        return refuse(line, "the offset has more than %u characters", OFFSET_BYTES_MAX);
    }
    if (!read_place(part(text, 0, comma), out)
            || (comma < ov_bytes_len(text)
                    && (out->kind == PLACE_ANY || out->kind == PLACE_VERSION
                            || out->kind == PLACE_GROUP
                            || !read_number(part(text, comma + 1, ov_bytes_len(text)), UINT32_MAX,
                                    &out->shift)))) {
        return refuse(line, "its offset is none");
    }
    if (needs_executable(out->kind) && target != OV_TARGET_PE && target != OV_TARGET_ELF
            && target != OV_TARGET_MACHO) {
        return refuse(line, "only targets 1, 6 and 9 have sections and entry points");
    }
    if (out->kind == PLACE_VERSION && target != OV_TARGET_PE) {
        return refuse(line, "only target 1 has version information");
    }
    return true;
}

/* --- conditions ------------------------------------------------------------------------------ */

static struct ov_expr *plus(struct line *line, struct ov_expr *base, int64_t value)
{
    return value == 0 ? base : ex_two(line, OV_EXPR_ADD, base, ex_int(line, value));
}

static struct ov_expr *base_of(struct line *line, const struct place *place)
{
    switch (place->kind) {
    case PLACE_ABSOLUTE:
        return ex_int(line, place->value);
    case PLACE_END:
        return ex_two(
                line, OV_EXPR_SUB, ex_object(line, OV_FACT_END, 0), ex_int(line, place->value));
    case PLACE_ENTRY:
        return plus(line, ex_object(line, OV_FACT_ENTRY, 0), place->value);
    case PLACE_SECTION:
        return plus(line, ex_object(line, OV_FACT_SECTION_START, place->section), place->value);
    case PLACE_WITHIN:
        return ex_object(line, OV_FACT_SECTION_START, place->section);
    case PLACE_LAST:
        return plus(line, ex_object(line, OV_FACT_LAST_START, 0), place->value);
    case PLACE_ANY:
    case PLACE_VERSION:
    case PLACE_GROUP:
        break;
    }
    OV_ASSERT(false); /* place_read lets none of these through to here */
    return NULL;
}

struct ov_expr *place_from(struct line *line, const struct place *place)
{
    return plus(line, base_of(line, place), -(int64_t)place->back);
}

/* The last offset that counts. */
static struct ov_expr *place_to(struct line *line, const struct place *place)
{
    if (place->kind == PLACE_WITHIN) {
        return ex_two(line, OV_EXPR_ADD, place_from(line, place),
                plus(line, ex_object(line, OV_FACT_SECTION_SIZE, place->section),
                        (int64_t)place->shift));
    }
    return plus(line, place_from(line, place), (int64_t)place->shift);
}

static bool is_range(const struct place *place)
{
    return place->shift != 0 || place->kind == PLACE_WITHIN;
}

/* A place before the beginning of the file is none, whatever its shift. */
static struct ov_expr *unless_before(
        struct line *line, const struct place *place, struct ov_expr *e)
{
    return place->kind == PLACE_END ? ex_two(line, OV_EXPR_IF,
                   ex_two(line, OV_EXPR_GE, base_of(line, place), ex_int(line, 0)), e)
                                    : e;
}

static struct ov_expr *in_range(struct line *line, const struct place *place, uint32_t string,
        enum ov_expr_kind kind, enum ov_type type)
{
    struct ov_expr *e = ex_string(line, kind, type, string);

    if (e == NULL) {
        return NULL;
    }
    e->a = place_from(line, place);
    e->b = place_to(line, place);
    return e->a == NULL || e->b == NULL ? NULL : unless_before(line, place, e);
}

struct ov_expr *place_found(struct line *line, const struct place *place, uint32_t string)
{
    struct ov_expr *e;

    if (place->kind == PLACE_ANY) {
        return ex_string(line, OV_EXPR_FOUND, OV_TYPE_BOOL, string);
    }
    if (place->kind == PLACE_VERSION) {
        return ex_two(line, OV_EXPR_GT, count_at_versions(line, string), ex_int(line, 0));
    }
    if (is_range(place)) {
        return in_range(line, place, string, OV_EXPR_FOUND_IN, OV_TYPE_BOOL);
    }
    e = ex_string(line, OV_EXPR_FOUND_AT, OV_TYPE_BOOL, string);
    if (e != NULL) {
        e->a = place_from(line, place);
    }
    return e == NULL || e->a == NULL ? NULL : e;
}

struct ov_expr *place_count(struct line *line, const struct place *place, uint32_t string)
{
    if (place->kind == PLACE_ANY) {
        return ex_string(line, OV_EXPR_COUNT, OV_TYPE_INT, string);
    }
    if (place->kind == PLACE_VERSION) {
        return count_at_versions(line, string);
    }
    return in_range(line, place, string, OV_EXPR_COUNT_IN, OV_TYPE_INT);
}
