/* SPDX-License-Identifier: Apache-2.0 */
/* Random rules over random objects: what is compiled and run against the plain way over the tree.
 *
 * With the arguments `dump SEED COUNT` it prints its cases instead, one JSON object a line, for
 * tests/judge/conditions.py, which asks YARA the same. */
#include "tests/eval_build.h"
#include "tests/eval_reference.h"
#include "tests/tap.h"

#define RULES   5u
#define STRINGS 4u

struct gen {
    uint64_t seed;
    struct ov_buf out;
    unsigned rule;   /* refers to earlier ones */
    unsigned loops;  /* variables i0.. are bound */
    bool in_strings; /* inside for..of */
};

static uint32_t roll(struct gen *g, uint32_t n)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(g->seed >> 33) % n;
}

static void say(struct gen *g, const char *text)
{
    ov_buf_put_text(&g->out, text);
}

static const char *pick(struct gen *g, const char *const *of, uint32_t count)
{
    return of[roll(g, count)];
}
#define PICK(g, ...)                              \
    pick(g, (const char *const[]){ __VA_ARGS__ }, \
            (uint32_t)(sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *)))

static void gen_bool(struct gen *g, unsigned depth);
static void gen_int(struct gen *g, unsigned depth);

/* A string, with this sign before it; inside for..of sometimes the loop's. */
static void gen_string(struct gen *g, const char *sign)
{
    if (g->in_strings && roll(g, 2) == 0) {
        say(g, sign);
    } else {
        ov_buf_printf(&g->out, "%ss%u", sign, roll(g, STRINGS));
    }
}

static void gen_range(struct gen *g, unsigned depth)
{
    say(g, " in (");
    if (roll(g, 2) == 0) {
        ov_buf_printf(&g->out, "%u..%u", roll(g, 8), 9 + roll(g, 20));
    } else {
        gen_int(g, depth);
        say(g, "..");
        gen_int(g, depth);
    }
    say(g, ")");
}

static void gen_int_leaf(struct gen *g)
{
    switch (roll(g, 12)) {
    case 0:
        say(g, "filesize");
        break;
    case 1:
        ov_buf_printf(&g->out, "%s(%u)",
                PICK(g, "uint8", "int8", "uint16", "int16be", "uint32", "int32", "uint32be"),
                roll(g, 30));
        break;
    case 2:
        gen_string(g, "#");
        break;
    case 3:
        gen_string(g, "@");
        break;
    case 4:
        gen_string(g, "!");
        ov_buf_printf(&g->out, "[%u]", roll(g, 4));
        break;
    case 5:
        gen_string(g, "@");
        ov_buf_printf(&g->out, "[%u]", roll(g, 4));
        break;
    case 6:
        say(g, "uint8(99999)");
        break;
    case 7:
        say(g, PICK(g, "x7", "xb", "xm"));
        break;
    default:
        if (g->loops != 0 && roll(g, 2) == 0) {
            ov_buf_printf(&g->out, "i%u", roll(g, g->loops));
        } else {
            ov_buf_printf(&g->out, "%u", roll(g, 12));
        }
        break;
    }
}

static void gen_int(struct gen *g, unsigned depth)
{
    if (depth == 0 || roll(g, 3) == 0) {
        gen_int_leaf(g);
        return;
    }
    switch (roll(g, 6)) {
    case 0:
        say(g, PICK(g, "-", "~"));
        say(g, "(");
        gen_int(g, depth - 1);
        say(g, ")");
        break;
    case 1:
        gen_string(g, "#");
        gen_range(g, 0);
        break;
    case 2:
        say(g, "uint8(");
        gen_int(g, depth - 1);
        say(g, ")");
        break;
    default:
        say(g, "(");
        gen_int(g, depth - 1);
        say(g, PICK(g, " + ", " - ", " * ", " \\ ", " % ", " & ", " | ", " ^ ", " << ", " >> "));
        gen_int(g, depth - 1);
        say(g, ")");
        break;
    }
}

static void gen_float(struct gen *g, unsigned depth)
{
    switch (roll(g, 4)) {
    case 0:
        say(g, "xf");
        break;
    case 1:
        ov_buf_printf(&g->out, "%u.%u", roll(g, 5), roll(g, 10));
        break;
    default:
        say(g, "(");
        gen_int(g, depth == 0 ? 0 : depth - 1);
        say(g, PICK(g, " + ", " - ", " * ", " \\ "));
        say(g, PICK(g, "0.5", "2.0", "xf", "1.5"));
        say(g, ")");
        break;
    }
}

static void gen_text(struct gen *g)
{
    say(g, PICK(g, "xs", "\"\"", "\"ab\"", "\"AB\"", "\"abc\"", "\"b\"", "\"Bc\"", "\"cab\""));
}

static void gen_quantity(struct gen *g, unsigned depth, bool percent)
{
    switch (roll(g, percent ? 7 : 6)) {
    case 0:
        say(g, "all");
        break;
    case 1:
        say(g, "any");
        break;
    case 2:
        say(g, "none");
        break;
    case 3:
        gen_int(g, depth == 0 ? 0 : 1);
        break;
    case 6:
        ov_buf_printf(&g->out, "%u%%", 1 + roll(g, 100));
        break;
    default:
        ov_buf_printf(&g->out, "%u", roll(g, 4));
        break;
    }
    say(g, " of ");
}

static void gen_set(struct gen *g)
{
    const uint32_t count = 1 + roll(g, STRINGS);

    if (roll(g, 3) == 0) {
        say(g, "them");
        return;
    }
    say(g, "(");
    for (uint32_t i = 0; i < count; i++) {
        ov_buf_printf(&g->out, "%s$s%u", i == 0 ? "" : ", ", roll(g, STRINGS));
    }
    say(g, ")");
}

static void gen_of(struct gen *g, unsigned depth)
{
    if (g->rule != 0 && roll(g, 4) == 0) {
        gen_quantity(g, depth, true);
        ov_buf_printf(&g->out, "(r%u, r%u)", roll(g, g->rule), roll(g, g->rule));
        return;
    }
    gen_quantity(g, depth, true);
    gen_set(g);
}

static void gen_of_where(struct gen *g, unsigned depth)
{
    gen_quantity(g, depth, false);
    gen_set(g);
    if (roll(g, 2) == 0) {
        say(g, " at ");
        gen_int(g, depth == 0 ? 0 : 1);
    } else {
        gen_range(g, 0);
    }
}

static void gen_body(struct gen *g, unsigned depth)
{
    say(g, " : (");
    gen_bool(g, depth - 1);
    say(g, ")");
}

static void gen_loop(struct gen *g, unsigned depth)
{
    const bool outer = g->in_strings;

    say(g, "for ");
    if (!outer && roll(g, 2) == 0) {
        gen_quantity(g, 1, false);
        gen_set(g);
        g->in_strings = true;
        gen_body(g, depth);
        g->in_strings = outer;
        return;
    }
    say(g, PICK(g, "all", "any", "none", "0", "1", "2", "3"));
    ov_buf_printf(&g->out, " i%u in (", g->loops);
    if (roll(g, 2) == 0) {
        ov_buf_printf(&g->out, "%u..", roll(g, 3));
        say(g, PICK(g, "3", "4", "7", "#s0", "#s1 - 1", "filesize", "uint8(99999)"));
    } else {
        gen_int(g, 1);
        for (uint32_t i = roll(g, 3); i > 0; i--) {
            say(g, ", ");
            gen_int(g, 1);
        }
    }
    say(g, ")");
    g->loops++;
    gen_body(g, depth);
    g->loops--;
}

static void gen_compare(struct gen *g, unsigned depth)
{
    const char *const op = PICK(g, " == ", " != ", " < ", " <= ", " > ", " >= ");

    if (roll(g, 5) == 0) {
        gen_float(g, depth);
        say(g, op);
        gen_int(g, depth);
    } else {
        gen_int(g, depth);
        say(g, op);
        gen_int(g, depth);
    }
}

static void gen_bool(struct gen *g, unsigned depth)
{
    const uint32_t what = depth == 0 ? roll(g, 6) : roll(g, 18);

    switch (what) {
    case 0:
    case 1:
        gen_string(g, "$");
        break;
    case 2:
        gen_string(g, "$");
        say(g, " at ");
        gen_int_leaf(g);
        break;
    case 3:
        gen_string(g, "$");
        gen_range(g, 0);
        break;
    case 4:
        if (g->rule != 0) {
            ov_buf_printf(&g->out, "r%u", roll(g, g->rule));
        } else {
            say(g, PICK(g, "true", "false"));
        }
        break;
    case 5:
        gen_compare(g, 0);
        break;
    case 6:
        say(g, "(");
        gen_bool(g, depth - 1);
        for (uint32_t i = 1 + roll(g, 3); i > 0; i--) {
            say(g, " and ");
            gen_bool(g, depth - 1);
        }
        say(g, ")");
        break;
    case 7:
    case 8:
        say(g, "(");
        gen_bool(g, depth - 1);
        for (uint32_t i = 1 + roll(g, 3); i > 0; i--) {
            say(g, PICK(g, " or ", " or ", " and "));
            gen_bool(g, depth - 1);
        }
        say(g, ")");
        break;
    case 9:
        say(g, PICK(g, "not (", "defined (", "not defined ("));
        gen_bool(g, depth - 1);
        say(g, ")");
        break;
    case 10:
        gen_of(g, depth);
        break;
    case 11:
        gen_of_where(g, depth);
        break;
    case 12:
    case 13:
        if (g->loops < 2) {
            gen_loop(g, depth);
        } else {
            gen_compare(g, depth);
        }
        break;
    case 14:
        gen_text(g);
        say(g, PICK(g, " == ", " != ", " < ", " >= ", " contains ", " icontains ", " startswith ",
                       " istartswith ", " endswith ", " iendswith ", " iequals "));
        gen_text(g);
        break;
    default:
        gen_compare(g, depth - 1);
        break;
    }
}

/* Rules r0.., then for each the question whether its condition is undefined. */
static void gen_rules(struct gen *g)
{
    for (g->rule = 0; g->rule < RULES; g->rule++) {
        ov_buf_printf(&g->out, "rule r%u { strings: ", g->rule);
        for (uint32_t s = 0; s < STRINGS; s++) {
            ov_buf_printf(&g->out, "$s%u = \"", s);
            for (uint32_t n = 1 + roll(g, 2); n > 0; n--) {
                say(g, PICK(g, "a", "b", "c", "d"));
            }
            say(g, "\" ");
        }
        say(g, "condition: (");
        gen_bool(g, 3);
        say(g, roll(g, 3) == 0 ? ") and (1 of them or true) }\n" : ") or 5 of them }\n");
    }
}

static size_t gen_object(struct gen *g, uint8_t *object, size_t max)
{
    const size_t len = roll(g, (uint32_t)max + 1);

    for (size_t i = 0; i < len; i++) {
        object[i] = (uint8_t)("abcd"[roll(g, 4)]);
    }
    return len;
}

/* One random set of rules, read and compiled. False: the front end refused it (constant division
 * by zero and the like). */
static bool make_case(struct gen *g, struct eval_bench *b)
{
    bool good;

    ov_buf_clear(&g->out);
    gen_rules(g);
    ov_buf_put_u8(&g->out, 0);
    eval_init(b);
    eval_external(b, "xb", OV_TYPE_BOOL, 1, 0);
    eval_external(b, "x7", OV_TYPE_INT, 7, 0);
    eval_external(b, "xm", OV_TYPE_INT, -1, 0);
    eval_external(b, "xf", OV_TYPE_FLOAT, 0, 0.5);
    eval_external(b, "xs", OV_TYPE_TEXT, 0, 0);
    b->set.externals[4].text = ov_bytes_of("ab", 2);
    OV_ASSERT(ov_buf_ok(&g->out));
    good = eval_rules(b, "default", (const char *)ov_bytes_raw(ov_buf_bytes(&g->out)));
    if (good && !eval_open(b)) {
        printf("# %s\n%s\n", ov_bytes_raw(ov_buf_bytes(&g->out)), b->err.message);
        OV_ASSERT(false);
    }
    return good;
}

static bool agrees(struct eval_bench *b, const uint8_t *object, size_t len)
{
    bool held[RULES] = { false };
    struct ref r = { .set = &b->set, .data = object, .len = len, .held = held };
    bool same = true;

    if (eval_scan(b, object, len, UINT64_MAX) != OV_REASON_NONE) {
        return false;
    }
    for (unsigned i = 0; i < RULES; i++) {
        char name[8];

        r.rule = &b->set.rules[i];
        held[i] = ref_true(ref_eval(&r, r.rule->condition));
        (void)snprintf(name, sizeof(name), "r%u", i);
        if (eval_holds(b, name) != held[i]) {
            printf("# r%u %s, in \"%.*s\"\n", i, held[i] ? "should hold" : "should not hold",
                    (int)len, (const char *)object);
            same = false;
        }
    }
    return same;
}

TEST(what_is_compiled_does_what_the_tree_says)
{
    static struct eval_bench b;
    struct gen g = { .seed = 1 };
    uint8_t object[40];
    unsigned cases = 0, refused = 0, wrong = 0;

    ov_buf_init(&g.out, OV_MIB);
    for (unsigned n = 0; n < 3000 && wrong < 5; n += TAP_STEP) {
        const bool good = make_case(&g, &b);

        refused += !good;
        for (unsigned o = 0; good && o < 6; o++) {
            const size_t len = gen_object(&g, object, sizeof(object));

            cases++;
            if (!agrees(&b, object, len)) {
                printf("# %s", (const char *)ov_bytes_raw(ov_buf_bytes(&g.out)));
                wrong++;
            }
        }
        eval_done(&b);
    }
    printf("# %u cases, %u sets refused\n", cases, refused);
    ov_buf_done(&g.out);
    CHECK_UINT(wrong, 0);
    CHECK(cases > 5000 / TAP_STEP);
}

static void dump(uint64_t seed, unsigned count)
{
    static struct eval_bench b;
    struct gen g = { .seed = seed };
    struct ov_buf json;
    uint8_t object[40];

    ov_buf_init(&g.out, OV_MIB);
    ov_buf_init(&json, OV_MIB);
    for (unsigned n = 0; n < count;) {
        if (make_case(&g, &b)) {
            const size_t len = gen_object(&g, object, sizeof(object));
            const enum ov_reason reason = eval_scan(&b, object, len, UINT64_MAX);

            OV_ASSERT(reason == OV_REASON_NONE);
            ov_buf_clear(&json);
            ov_buf_put_text(&json, "{\"object\": \"");
            ov_buf_put(&json, object, len);
            ov_buf_put_text(&json, "\", \"held\": [");
            for (uint32_t h = 0; h < b.hit_count; h++) {
                ov_buf_printf(&json, "%s\"r%u\"", h == 0 ? "" : ", ", b.hits[h].rule);
            }
            ov_buf_put_text(&json, "], \"rules\": \"");
            for (const char *p = (const char *)ov_bytes_raw(ov_buf_bytes(&g.out)); *p != '\0';
                    p++) {
                ov_buf_printf(&json,
                        strchr("\"\\", *p) != NULL ? "\\%c"
                        : *p == '\n'               ? "\\n"
                                                   : "%c",
                        *p);
            }
            ov_buf_put_text(&json, "\"}");
            printf("%.*s\n", (int)ov_bytes_len(ov_buf_bytes(&json)),
                    (const char *)ov_bytes_raw(ov_buf_bytes(&json)));
            n++;
        }
        eval_done(&b);
    }
    ov_buf_done(&json);
    ov_buf_done(&g.out);
}

static int run_tests(void)
{
    bool failed = false;

    printf("1..1\n");
    what_is_compiled_does_what_the_tree_says(&failed);
    printf("%sok 1 - what_is_compiled_does_what_the_tree_says\n", failed ? "not " : "");
    return failed;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "dump") == 0) {
        dump(strtoull(argv[2], NULL, 10), (unsigned)strtoul(argv[3], NULL, 10));
        return 0;
    }
    return run_tests();
}
