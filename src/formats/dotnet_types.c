/* SPDX-License-Identifier: Apache-2.0 */
/* Signatures nest (II.23.2.12), and a class in one may be a blob with a signature of its own, so a
 * few bytes can describe text without end. YARA recurses 16 deep; here the frames lie in an array
 * of that many, each type costs a step, and the text has a cap. */
#include "formats/dotnet_types.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEPTH_MAX      16u
#define ENCLOSING_MAX  10u
#define RANK_MAX       50u
#define PARAMETERS_MAX 2000u
#define ARGUMENTS_MAX  1000u
#define VISIBILITY     7u
#define NESTED_PUBLIC  2u

enum element {
    E_STRING = 0x0e,
    E_PTR = 0x0f,
    E_BYREF = 0x10,
    E_VALUETYPE = 0x11,
    E_CLASS = 0x12,
    E_VAR = 0x13,
    E_ARRAY = 0x14,
    E_GENERICINST = 0x15,
    E_FNPTR = 0x1b,
    E_SZARRAY = 0x1d,
    E_MVAR = 0x1e,
    E_CMOD_REQD = 0x1f,
    E_CMOD_OPT = 0x20,
    E_SPEC = 0xff /* none of the standard: a blob that a class leads to */
};

static const char *const simple[] = {
    [0x01] = "void",
    [0x02] = "bool",
    [0x03] = "char",
    [0x04] = "sbyte",
    [0x05] = "byte",
    [0x06] = "short",
    [0x07] = "ushort",
    [0x08] = "int",
    [0x09] = "uint",
    [0x0a] = "long",
    [0x0b] = "ulong",
    [0x0c] = "float",
    [0x0d] = "double",
    [E_STRING] = "string",
    [0x16] = "TypedReference",
    [0x18] = "IntPtr",
    [0x19] = "UIntPtr",
    [0x1c] = "object",
};

bool ov_clr_is_nested(uint32_t type_flags)
{
    return (type_flags & VISIBILITY) >= NESTED_PUBLIC;
}

uint32_t ov_clr_first_owned(const struct ov_clr_owners *owners, uint32_t owner)
{
    uint32_t low = 0, high = owners->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;

        if (owners->at[middle].owner < owner) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < owners->count && owners->at[low].owner == owner ? low : owners->count;
}

/* --- text ------------------------------------------------------------------------------------ */

void ov_clr_put(struct ov_clr_text *text, const void *at, size_t len)
{
    if (len > OV_CLR_TEXT_BYTES - text->len) {
        text->full = true;
        return;
    }
    if (len != 0) {
        memcpy(text->at + text->len, at, len);
        text->len += len;
    }
}

static void put(struct ov_clr_text *text, const char *literal)
{
    ov_clr_put(text, literal, strlen(literal));
}

bool ov_clr_put_part(const struct ov_clr *clr, struct ov_clr_text *text, struct ov_clr_part part)
{
    struct ov_bytes bytes;

    if (!ov_say_work(text->say, 1 + part.len / 16)
            || !ov_image_lend(&clr->pe.image, part.at, part.len, &bytes)) {
        return false;
    }
    ov_clr_put(text, ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
    return true;
}

void ov_clr_join(const struct ov_clr_types *types, size_t from, bool *there, uint32_t name)
{
    struct ov_clr_text *text = types->text;
    struct ov_clr_part part;
    const uint8_t *tick;

    if (!ov_clr_string(types->clr, name, &part) || part.len == 0) {
        return; /* the enclosing name alone, backticks and all */
    }
    if (*there && text->len > from) {
        put(text, ".");
    }
    *there = ov_clr_put_part(types->clr, text, part);
    tick = memchr(text->at + from, '`', text->len - from);
    if (tick != NULL) {
        text->len = (size_t)(tick - text->at);
    }
}

static bool put_namespace(const struct ov_clr_types *types, uint32_t index)
{
    struct ov_clr_part space;

    return ov_clr_string(types->clr, index, &space)
           && ov_clr_put_part(types->clr, types->text, space);
}

/* What encloses a class, by the first row of NestedClass that says so. */
static bool encloser(
        const struct ov_clr_types *types, uint32_t nested, uint32_t *row, uint64_t *row_at)
{
    const struct ov_clr *clr = types->clr;
    const uint32_t found = ov_clr_first_owned(&types->enclosing, nested);
    struct ov_clr_part name;
    struct ov_bytes bytes;
    uint64_t at;

    if (found == types->enclosing.count
            || !ov_clr_row(clr, OV_CLR_NESTED_CLASS, types->enclosing.at[found].row, &at)) {
        return false;
    }
    *row = ov_clr_cell(clr, OV_CLR_NESTED_CLASS, at, 1);
    if (!ov_clr_row(clr, OV_CLR_TYPE_DEF, *row, row_at) || !ov_say_work(types->text->say, 1)) {
        return false;
    }
    /* The pseudo class of the module does not count. */
    return !(ov_clr_string(clr, ov_clr_cell(clr, OV_CLR_TYPE_DEF, *row_at, 1), &name)
             && name.len == 8 && ov_image_lend(&clr->pe.image, name.at, name.len, &bytes)
             && ov_bytes_equal(bytes, "<Module>", 8));
}

bool ov_clr_enclosing(const struct ov_clr_types *types, uint32_t nested)
{
    const struct ov_clr *clr = types->clr;
    const size_t from = types->text->len;
    uint64_t chain[ENCLOSING_MAX];
    unsigned count = 0;
    bool there = false, whole = false;

    while (count < ENCLOSING_MAX) {
        uint32_t row;

        if (!encloser(types, nested, &row, &chain[count])) {
            break;
        }
        count++;
        whole = row == nested
                || !ov_clr_is_nested(ov_clr_cell(clr, OV_CLR_TYPE_DEF, chain[count - 1], 0));
        if (whole) {
            break;
        }
        nested = row;
    }
    for (; count > 0; count--) { /* from the outermost */
        const uint64_t at = chain[count - 1];

        /* The outermost namespace is taken as it is, backticks and all. */
        if (whole) {
            there = put_namespace(types, ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 2));
            whole = false;
        } else {
            ov_clr_join(types, from, &there, ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 2));
        }
        ov_clr_join(types, from, &there, ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 1));
    }
    return there;
}

/* --- names of rows --------------------------------------------------------------------------- */

static bool put_type_def(const struct ov_clr_types *types, uint32_t row)
{
    const struct ov_clr *clr = types->clr;
    const size_t from = types->text->len;
    uint64_t at;
    bool there;

    if (!ov_clr_row(clr, OV_CLR_TYPE_DEF, row, &at)) {
        return false;
    }
    if (ov_clr_is_nested(ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 0))) {
        there = ov_clr_enclosing(types, row);
        ov_clr_join(types, from, &there, ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 2));
    } else {
        there = put_namespace(types, ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 2));
    }
    ov_clr_join(types, from, &there, ov_clr_cell(clr, OV_CLR_TYPE_DEF, at, 1));
    return there;
}

static bool put_type_ref(const struct ov_clr_types *types, uint32_t row)
{
    const struct ov_clr *clr = types->clr;
    const size_t from = types->text->len;
    uint64_t at;
    bool there;

    if (!ov_clr_row(clr, OV_CLR_TYPE_REF, row, &at)) {
        return false;
    }
    there = put_namespace(types, ov_clr_cell(clr, OV_CLR_TYPE_REF, at, 2));
    ov_clr_join(types, from, &there, ov_clr_cell(clr, OV_CLR_TYPE_REF, at, 1));
    return there;
}

static bool spec_signature(
        const struct ov_clr *clr, uint32_t row, struct ov_clr_signature *signature)
{
    struct ov_clr_part blob;
    uint64_t at;

    if (!ov_clr_row(clr, OV_CLR_TYPE_SPEC, row, &at)
            || !ov_clr_blob(
                    clr, clr->blobs.at + ov_clr_cell(clr, OV_CLR_TYPE_SPEC, at, 0), &blob)) {
        return false;
    }
    *signature = (struct ov_clr_signature){ .at = blob.at, .left = (uint32_t)blob.len };
    return true;
}

/* --- signatures ------------------------------------------------------------------------------ */

/* A type that waits for the type inside it. */
struct frame {
    uint8_t kind;    /* enum element */
    uint32_t wanted; /* arguments or parameters; index of the one being read */
    uint32_t index;
    bool in_list;                  /* the type itself is written, what is read now is in its list */
    size_t from;                   /* where its text begins */
    size_t item;                   /* where the text of the item being read begins */
    struct ov_clr_signature outer; /* E_SPEC: what was read before */
    struct ov_clr_names outer_names;
};

struct parse {
    const struct ov_clr_types *types;
    struct ov_clr_signature now;
    struct ov_clr_names class_names;
    struct ov_clr_names method_names;
    struct frame frames[DEPTH_MAX + 1];
    unsigned depth;
};

enum outcome {
    GO_ON,
    DONE,
    FAILED
};

/* FAILED: too deep, as a type one deeper is for YARA. */
static enum outcome push(struct parse *p, uint8_t kind)
{
    if (p->depth > DEPTH_MAX) {
        return FAILED;
    }
    p->frames[p->depth++] = (struct frame){ .kind = kind, .from = p->types->text->len };
    return GO_ON;
}

static enum outcome put_name(struct parse *p, struct ov_clr_names names, uint32_t index)
{
    return index < names.count && ov_clr_put_part(p->types->clr, p->types->text, names.at[index])
                   ? DONE
                   : FAILED;
}

static enum outcome class_or_spec(struct parse *p, uint32_t coded)
{
    const uint32_t row = coded >> 2;
    struct ov_clr_signature inner;
    struct frame *frame;

    if (row == 0) {
        return FAILED;
    }
    switch (coded & 3) {
    case 0:
        return put_type_def(p->types, row) ? DONE : FAILED;
    case 1:
        return put_type_ref(p->types, row) ? DONE : FAILED;
    case 2:
        break;
    default:
        return FAILED;
    }
    if (!spec_signature(p->types->clr, row, &inner) || push(p, E_SPEC) == FAILED) {
        return FAILED;
    }
    frame = &p->frames[p->depth - 1];
    frame->outer = p->now;
    frame->outer_names = p->method_names;
    p->now = inner;
    p->method_names = (struct ov_clr_names){ .count = 0 };
    return GO_ON;
}

static enum outcome begin_function(struct parse *p)
{
    uint32_t parameters;

    if (p->now.left == 0) {
        return FAILED;
    }
    (void)ov_clr_read_byte(p->types->clr, &p->now); /* flags */
    parameters = ov_clr_read_number(p->types->clr, &p->now);
    if (parameters > PARAMETERS_MAX || push(p, E_FNPTR) == FAILED) {
        return FAILED;
    }
    p->frames[p->depth - 1].wanted = parameters;
    put(p->types->text, "FnPtr<");
    return GO_ON;
}

static enum outcome begin_prefixed(struct parse *p, uint8_t kind, const char *prefix)
{
    if (push(p, kind) == FAILED) {
        return FAILED;
    }
    put(p->types->text, prefix);
    return GO_ON;
}

/* Reads what a type begins with. GO_ON: another type follows inside it. */
static enum outcome begin_type(struct parse *p)
{
    const struct ov_clr *clr = p->types->clr;
    uint8_t kind;

    if (p->now.left < 1 || !ov_image_has(&clr->pe.image, p->now.at, 1) || p->depth > DEPTH_MAX
            || !ov_say_work(p->types->text->say, 1)) {
        return FAILED;
    }
    kind = ov_clr_read_byte(clr, &p->now);
    if (kind < sizeof(simple) / sizeof(simple[0]) && simple[kind] != NULL) {
        put(p->types->text, simple[kind]);
        return DONE;
    }
    switch (kind) {
    case E_PTR:
        return begin_prefixed(p, kind, "Ptr<");
    case E_BYREF:
        return begin_prefixed(p, kind, "ref ");
    case E_SZARRAY:
    case E_ARRAY:
    case E_GENERICINST:
        return push(p, kind);
    case E_CMOD_REQD:
    case E_CMOD_OPT:
        (void)ov_clr_read_number(clr, &p->now);
        return push(p, kind);
    case E_VALUETYPE:
    case E_CLASS:
        return class_or_spec(p, ov_clr_read_number(clr, &p->now));
    case E_VAR:
        return put_name(p, p->class_names, ov_clr_read_number(clr, &p->now));
    case E_MVAR:
        return put_name(p, p->method_names, ov_clr_read_number(clr, &p->now));
    case E_FNPTR:
        return begin_function(p);
    default:
        return FAILED;
    }
}

static void put_number(struct ov_clr_text *text, int32_t v)
{
    char digits[16];
    const int len = snprintf(digits, sizeof(digits), "%" PRId32, v);

    ov_clr_put(text, digits, (size_t)len);
}

/* II.23.2.13: rank, sizes, lower bounds. */
static bool end_array(struct parse *p)
{
    const struct ov_clr *clr = p->types->clr;
    struct ov_clr_text *text = p->types->text;
    int32_t sizes[RANK_MAX] = { 0 }, bounds[RANK_MAX] = { 0 };
    const uint32_t rank = ov_clr_read_number(clr, &p->now);
    uint32_t size_count, bound_count;

    if (rank == 0 || rank > RANK_MAX) {
        return false;
    }
    size_count = ov_clr_read_number(clr, &p->now);
    if (size_count > rank) {
        return false;
    }
    for (uint32_t i = 0; i < size_count; i++) {
        sizes[i] = (int32_t)ov_clr_read_number(clr, &p->now);
    }
    bound_count = ov_clr_read_number(clr, &p->now);
    if (bound_count > rank) {
        return false;
    }
    for (uint32_t i = 0; i < bound_count; i++) {
        bounds[i] = ov_clr_read_signed(clr, &p->now);
        if (i < size_count && bounds[i] != 0) {
            sizes[i] += bounds[i] - 1; /* both have 29 bits */
        }
    }
    put(text, "[");
    for (uint32_t i = 0; i < rank; i++) {
        if (bounds[i] != 0) {
            put_number(text, bounds[i]);
            put(text, "...");
        }
        if (i < size_count) {
            put_number(text, sizes[i]);
        }
        if (i + 1 != rank) {
            put(text, ",");
        }
    }
    put(text, "]");
    return true;
}

/* The next argument of a list, or its end. What cannot be read is left out, its comma too. */
static enum outcome next_in_list(struct parse *p, struct frame *frame, bool was_read)
{
    struct ov_clr_text *text = p->types->text;
    const bool is_function = frame->kind == E_FNPTR;

    if (!was_read) {
        text->len = frame->item;
    }
    if (frame->index == frame->wanted) {
        put(text, is_function ? ")>" : ">");
        p->depth--;
        return DONE;
    }
    frame->item = text->len;
    if (frame->index > 0) {
        put(text, is_function ? ", " : ",");
    }
    frame->index++;
    return GO_ON;
}

static enum outcome begin_list(struct parse *p, struct frame *frame)
{
    if (frame->kind == E_GENERICINST) {
        frame->wanted = ov_clr_read_number(p->types->clr, &p->now);
        if (frame->wanted > ARGUMENTS_MAX) {
            return FAILED;
        }
        put(p->types->text, "<");
    } else {
        put(p->types->text, "(");
    }
    frame->in_list = true;
    return next_in_list(p, frame, true);
}

static enum outcome drop(struct parse *p, struct frame *frame)
{
    p->types->text->len = frame->from;
    p->depth--;
    return FAILED;
}

/* The innermost frame hears of the type it waited for. */
static enum outcome end_type(struct parse *p, enum outcome inner)
{
    struct frame *frame = &p->frames[p->depth - 1];
    struct ov_clr_text *text = p->types->text;
    enum outcome outcome;

    if (frame->in_list) {
        return next_in_list(p, frame, inner == DONE);
    }
    if (frame->kind == E_SPEC) {
        p->now = frame->outer;
        p->method_names = frame->outer_names;
    }
    if (inner == FAILED || (frame->kind == E_ARRAY && !end_array(p))) {
        return drop(p, frame);
    }
    if (frame->kind == E_GENERICINST || frame->kind == E_FNPTR) {
        outcome = begin_list(p, frame);
        return outcome == FAILED ? drop(p, frame) : outcome;
    }
    if (frame->kind == E_PTR) {
        put(text, ">");
    } else if (frame->kind == E_SZARRAY) {
        put(text, "[]");
    }
    p->depth--;
    return DONE;
}

/* Ends: every turn reads a byte, takes an argument of a list, or leaves a frame; and types cost. */
static bool run(struct parse *p)
{
    const size_t from = p->types->text->len;
    enum outcome outcome = GO_ON;

    do {
        if (outcome == GO_ON) {
            const size_t here = p->types->text->len;

            outcome = begin_type(p);
            if (outcome == FAILED) {
                p->types->text->len = here;
            }
        } else {
            outcome = end_type(p, outcome);
        }
    } while (outcome == GO_ON || p->depth > 0);
    if (p->types->text->full) {
        ov_fact_give_up(p->types->text->say->tree, OV_REASON_MEMORY);
        outcome = FAILED;
    }
    if (outcome == FAILED) {
        p->types->text->len = from;
    }
    return outcome == DONE;
}

bool ov_clr_type(const struct ov_clr_types *types, struct ov_clr_signature *signature,
        struct ov_clr_names class_names, struct ov_clr_names method_names)
{
    struct parse p = {
        .types = types, .now = *signature, .class_names = class_names, .method_names = method_names
    };
    const bool read = run(&p);

    *signature = p.now;
    return read;
}

bool ov_clr_type_name(
        const struct ov_clr_types *types, uint32_t coded, struct ov_clr_names class_names)
{
    const size_t from = types->text->len;
    struct ov_clr_signature signature;
    bool there;

    if (coded >> 2 != 0 && (coded & 3) == 2) {
        return spec_signature(types->clr, coded >> 2, &signature)
               && ov_clr_type(types, &signature, class_names, (struct ov_clr_names){ .count = 0 });
    }
    there = coded >> 2 != 0
            && ((coded & 3) == 0       ? put_type_def(types, coded >> 2)
                    : (coded & 3) == 1 ? put_type_ref(types, coded >> 2)
                                       : false);
    if (!there) {
        types->text->len = from;
    }
    return there;
}
