/* SPDX-License-Identifier: Apache-2.0 */
/* Clues must not change an answer. Random rules about facts are compiled as they are meant to be,
 * and once more with a part in their conditions that is never true but cannot be known to be false:
 * then they need no waking. Over random objects both must say the same. */
#include "db/clues.h"
#include "tests/eval_build.h"
#include "tests/tap.h"

#define RULES  8u
#define OBJECT 64u

struct gen {
    uint64_t seed;
    struct ov_buf out;
};

static uint32_t roll(struct gen *g, uint32_t n)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(g->seed >> 33) % n;
}

/* --- facts that the object's bytes choose -------------------------------------------------------- */

static const char *const words[] = { "alpha", "Beta", "gamma", "DELTA", "epsilon", "zeta", "" };
#define WORDS 7u

static uint8_t byte_at(struct ov_pages *pages, uint64_t at)
{
    uint8_t v = 0;

    return ov_pages_u8(pages, at, &v) ? v : 0;
}

static const char *word_at(struct ov_pages *pages, uint64_t at)
{
    return words[byte_at(pages, at) % WORDS];
}

/* What a parser of executables might say: now and then nothing, holes in arrays, several loops deep. */
static void say_pe(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const ov_fact_node pe = ov_fact_root(tree, OV_PE);
    const uint8_t kinds = byte_at(pages, 2);
    uint64_t at = 3;

    if (byte_at(pages, 0) != 'M' || byte_at(pages, 1) != 'Z' || (kinds & 1) != 0) {
        return;
    }
    ov_fact_int(tree, pe, OV_PE_IS_PE, 1);
    ov_fact_int(tree, pe, OV_PE_NUMBER_OF_SECTIONS, byte_at(pages, at++) % 4);
    for (uint32_t i = 0; i < 3; i++) {
        const ov_fact_node section = ov_fact_item(tree, pe, OV_PE_SECTIONS, i * (1 + (kinds >> 7)));

        ov_fact_name(tree, section, OV_PE_SECTIONS_NAME, word_at(pages, at++));
    }
    for (uint32_t i = 0; (kinds & 2) != 0 && i < 2; i++) {
        const ov_fact_node signature = ov_fact_item(tree, pe, OV_PE_SIGNATURES, i);
        const ov_fact_node certificate =
                ov_fact_item(tree, signature, OV_PE_SIGNATURES_CERTIFICATES, i);

        ov_fact_name(tree, signature, OV_PE_SIGNATURES_SERIAL, word_at(pages, at++));
        ov_fact_name(tree, signature, OV_PE_SIGNATURES_SUBJECT, word_at(pages, at++));
        ov_fact_int(tree, signature, OV_PE_SIGNATURES_NOT_AFTER, byte_at(pages, at++) % 4);
        ov_fact_name(tree, certificate, OV_PE_SIGNATURES_CERTIFICATES_SERIAL, word_at(pages, at++));
    }
    ov_fact_int(tree, pe, OV_PE_NUMBER_OF_SIGNATURES, (kinds & 2) != 0 ? 2 : 0);
    for (uint32_t i = 0; (kinds & 4) != 0 && i < 2; i++) {
        const ov_fact_node export = ov_fact_item(tree, pe, OV_PE_EXPORT_DETAILS, i);
        const ov_fact_node import = ov_fact_item(tree, pe, OV_PE_IMPORT_DETAILS, i);
        const ov_fact_node function = ov_fact_item(tree, import, OV_PE_IMPORT_DETAILS_FUNCTIONS, 0);

        ov_fact_name(tree, export, OV_PE_EXPORT_DETAILS_NAME, word_at(pages, at++));
        ov_fact_name(tree, import, OV_PE_IMPORT_DETAILS_LIBRARY_NAME, word_at(pages, at++));
        ov_fact_name(tree, function, OV_PE_IMPORT_DETAILS_FUNCTIONS_NAME, word_at(pages, at++));
    }
    ov_fact_int(tree, pe, OV_PE_NUMBER_OF_EXPORTS, (kinds & 4) != 0 ? 2 : 0);
    if ((kinds & 8) != 0) {
        const char *key = word_at(pages, at++), *value = word_at(pages, at++);

        ov_fact_entry_text(tree, pe, OV_PE_VERSION_INFO, ov_bytes_of(key, strlen(key)),
                ov_bytes_of(value, strlen(value)));
    }
}

static void (*parser_of(enum ov_field module))(struct ov_fact_tree *, struct ov_pages *)
{
    return module == OV_PE ? say_pe : NULL;
}

/* --- random rules ---------------------------------------------------------------------------------- */

/* A comparison of one thing. In a loop over signatures some are about its variable. */
static void gen_atom(struct gen *g, uint32_t rule, char loop)
{
    const char *w = words[roll(g, WORDS - 1)];
    const uint32_t n = roll(g, 4);
    char at[8];

    (void)snprintf(at, sizeof(at), loop == 'i' ? "i" : "%u", roll(g, 3));
    switch (roll(g, 22)) {
    case 0:
        ov_buf_printf(&g->out, "pe.number_of_sections %s %u",
                (const char *const[]){ "==", "!=", "<", ">=" }[roll(g, 4)], n);
        break;
    case 1:
        ov_buf_printf(&g->out, "pe.sections[%s].name == \"%s\"", at, w);
        break;
    case 2:
        ov_buf_printf(&g->out, "\"%s\" == pe.signatures[%s].serial", w, at);
        break;
    case 3:
        ov_buf_printf(&g->out, "pe.signatures[%s].subject contains \"%.3s\"", at, w);
        break;
    case 4:
        ov_buf_printf(
                &g->out, "%u %s pe.signatures[%s].not_after", n, roll(g, 2) ? "<=" : "==", at);
        break;
    case 5:
        ov_buf_printf(&g->out, "pe.signatures[%s].certificates[%u].serial iequals \"%s\"", at,
                roll(g, 2), w);
        break;
    case 6:
    case 7:
        ov_buf_printf(&g->out, "pe.exports(\"%s\")", w);
        break;
    case 8:
        ov_buf_printf(&g->out, "pe.imports(\"%s\", \"%s\")", words[roll(g, WORDS - 1)], w);
        break;
    case 9:
        ov_buf_printf(&g->out, "pe.imports(\"%s\") %s %u", w, roll(g, 2) ? "==" : "<", n);
        break;
    case 10:
        ov_buf_printf(&g->out, "pe.version_info[\"%s\"] == \"%s\"", words[roll(g, WORDS - 1)], w);
        break;
    case 11:
        ov_buf_printf(
                &g->out, "pe.version_info[\"%s\"] matches /%.2s/i", words[roll(g, WORDS - 1)], w);
        break;
    case 12:
        ov_buf_put_text(&g->out, "defined pe.signatures[0].serial");
        break;
    case 13:
        ov_buf_printf(&g->out, "pe.number_of_exports + 1 == %u", n);
        break;
    case 14:
        ov_buf_printf(&g->out, "filesize %s %u", roll(g, 2) ? "<" : ">", 20 + roll(g, 40));
        break;
    case 15:
        ov_buf_printf(&g->out, "$s%u", roll(g, 2));
        break;
    case 16:
        ov_buf_printf(&g->out, "#s%u == %u", roll(g, 2), n);
        break;
    case 17:
        ov_buf_printf(&g->out, "pe.imphash() == \"%s\"",
                roll(g, 2) ? "d41d8cd98f00b204e9800998ecf8427e" : w);
        break;
    case 18:
        if (rule != 0) {
            ov_buf_printf(&g->out, "r%u", roll(g, rule));
            break;
        }
        ov_buf_put_text(&g->out, "pe.is_pe");
        break;
    default:
        if (loop == 's') {
            ov_buf_printf(&g->out, "s.%s == \"%s\"", roll(g, 2) ? "serial" : "subject", w);
        } else {
            ov_buf_printf(&g->out, "pe.sections[%u].name == \"%s\"", roll(g, 4), w);
        }
        break;
    }
}

static void gen_condition(struct gen *g, uint32_t rule, unsigned depth, char loop)
{
    static const char *const quantities[] = { "any", "any", "any", "all", "none", "2", "#s0" };
    const char *quantity = quantities[roll(g, 7)];

    switch (depth == 0 ? 0 : roll(g, 9)) {
    case 0:
    case 1:
        gen_atom(g, rule, loop);
        return;
    case 2:
        ov_buf_put_text(&g->out, "not (");
        gen_condition(g, rule, depth - 1, loop);
        break;
    case 3:
        if (loop != 0) {
            gen_atom(g, rule, loop);
            return;
        }
        ov_buf_printf(&g->out, "for %s i in (0..%s) : (", quantity,
                roll(g, 3) == 0 ? "#s1" : "pe.number_of_signatures");
        gen_condition(g, rule, depth - 1, 'i');
        break;
    case 4:
        if (loop != 0) {
            gen_atom(g, rule, loop);
            return;
        }
        ov_buf_printf(&g->out, "for %s s in pe.signatures : (", quantity);
        gen_condition(g, rule, depth - 1, 's');
        break;
    default:
        ov_buf_put_text(&g->out, "(");
        gen_condition(g, rule, depth - 1, loop);
        ov_buf_put_text(&g->out, roll(g, 3) == 0 ? " or " : " and ");
        gen_condition(g, rule, depth - 1, loop);
        break;
    }
    ov_buf_put_text(&g->out, ")");
}

/* The same rules twice; `awake`: they need no waking. */
static void gen_rules(struct gen *g, bool awake)
{
    ov_buf_clear(&g->out);
    ov_buf_put_text(&g->out, "import \"pe\"\n");
    for (uint32_t r = 0; r < RULES; r++) {
        ov_buf_printf(&g->out,
                "rule r%u { strings: $s0 = \"xyzzy\" $s1 = \"plugh\" condition: (for any i in (0): "
                "($s0 "
                "or $s1 or true)) and (",
                r);
        gen_condition(g, r, 3, 0);
        ov_buf_put_text(&g->out, awake ? " or uint8(0) == 256) }\n" : ") }\n");
    }
    ov_buf_put_u8(&g->out, 0);
    OV_ASSERT(ov_buf_ok(&g->out));
}

static size_t gen_object(struct gen *g, uint8_t *object)
{
    const size_t len = 30 + roll(g, OBJECT - 30);

    for (size_t i = 0; i < len; i++) {
        object[i] = (uint8_t)roll(g, 256);
    }
    if (roll(g, 8) != 0) {
        object[0] = 'M';
        object[1] = 'Z';
        object[2] &= roll(g, 8) == 0 ? 0xff : 0xfe;
    }
    if (roll(g, 3) == 0) {
        const char *text = roll(g, 2) ? "xyzzy" : "plugh";

        for (size_t i = 0; i < 5; i++) {
            object[len - 6 + i] = (uint8_t)text[i];
        }
    }
    return len;
}

/* --- the same answers -------------------------------------------------------------------------------- */

struct tally {
    uint32_t objects;
    uint32_t held;
    uint32_t probes;
    uint32_t differing;
    uint64_t steps;      /* of conditions, with clues */
    uint64_t steps_open; /* and without */
};

static bool make_case(struct gen *g, struct eval_bench *b, bool awake)
{
    eval_init(b);
    gen_rules(g, awake);
    if (!eval_rules(b, "default", (const char *)ov_bytes_raw(ov_buf_bytes(&g->out)))) {
        printf("# %s\n", (const char *)ov_bytes_raw(ov_buf_bytes(&g->out)));
        (void)fflush(stdout);
        OV_ASSERT(false);
    }
    if (!eval_open(b)) {
        printf("# %s\n", b->err.message);
        OV_ASSERT(false);
    }
    return true;
}

/* A database in whose clues no value is ever found: what a wrong clue would do. */
static void break_clues(struct eval_bench *b)
{
    struct ov_db_clues clues;

    if (!ov_db_clues_read(&b->view, &clues)) {
        return;
    }
    for (uint32_t i = 0; i < ov_le32_get(clues.probes.count); i++) {
        const uint8_t *from =
                ov_db_clues_item(&b->view, clues.probes, i, sizeof(struct ov_db_probe));
        struct ov_db_probe *probe = (void *)(b->file + (from - (const uint8_t *)b->file));

        probe->value_count = ov_le32_of(0);
        probe->any_count = ov_le32_of(0);
    }
}

static void compare(struct gen *g, struct eval_bench *b, struct eval_bench *open,
        struct tally *tally, bool broken)
{
    uint8_t object[OBJECT] = { 0 };
    const size_t len = gen_object(g, object);
    bool same;

    OV_ASSERT(eval_scan(b, object, len, UINT64_MAX / 16) == OV_REASON_NONE);
    OV_ASSERT(eval_scan(open, object, len, UINT64_MAX / 16) == OV_REASON_NONE);
    same = b->hit_count == open->hit_count
           && memcmp(b->hits, open->hits, b->hit_count * sizeof(b->hits[0])) == 0;
    tally->objects++;
    tally->held += open->hit_count;
    tally->steps += b->steps_used;
    tally->steps_open += open->steps_used;
    tally->differing += !same;
    if (!same && !broken) {
        printf("# %u rules hold, want %u:\n%s", b->hit_count, open->hit_count,
                (const char *)ov_bytes_raw(ov_buf_bytes(&g->out)));
    }
}

static void run_cases(uint64_t seed, uint32_t cases, bool broken, struct tally *tally)
{
    static const struct ov_eval_means means = { .parser_of = parser_of };
    static struct eval_bench b, open;
    struct gen g = { .seed = seed };

    ov_buf_init(&g.out, OV_MIB);
    for (uint32_t n = 0; n < cases && (broken || tally->differing < 3); n++) {
        struct ov_db_clues clues = { 0 };
        const uint64_t from = g.seed;

        OV_ASSERT(make_case(&g, &open, true));
        g.seed = from;
        OV_ASSERT(make_case(&g, &b, false));
        tally->probes += ov_db_clues_read(&b.view, &clues) ? ov_le32_get(clues.probes.count) : 0;
        if (broken) {
            break_clues(&b);
        }
        ov_evaluator_use(b.evaluator, &means);
        ov_evaluator_use(open.evaluator, &means);
        for (uint32_t o = 0; o < 40; o++) {
            compare(&g, &b, &open, tally, broken);
        }
        eval_done(&b);
        eval_done(&open);
    }
    ov_buf_done(&g.out);
}

TEST(clues_change_no_answer)
{
    struct tally tally = { 0 };

    run_cases(1, 250, false, &tally);
    printf("# %u objects, %u rules held, %u probes, %llu steps, %llu without\n", tally.objects,
            tally.held, tally.probes, (unsigned long long)tally.steps,
            (unsigned long long)tally.steps_open);
    CHECK_UINT(tally.differing, 0);
    CHECK(tally.held > 2000);
    CHECK(tally.probes > 400);
}

TEST(clues_that_wake_nothing_would_be_noticed)
{
    struct tally tally = { 0 };

    run_cases(1, 30, true, &tally);
    printf("# %u of %u objects\n", tally.differing, tally.objects);
    CHECK(tally.differing > 20);
}

/* --- what is looked up -------------------------------------------------------------------------------- */

/* The probes of some rules, how many values they have, and what one object costs. */
static void clues_of(struct eval_bench *b, const char *rules, uint32_t *probes, uint32_t *values)
{
    struct ov_db_clues clues = { 0 };

    eval_init(b);
    OV_ASSERT(eval_rules(b, "default", rules) && eval_open(b));
    *probes = *values = 0;
    if (ov_db_clues_read(&b->view, &clues)) {
        *probes = ov_le32_get(clues.probes.count);
        *values = ov_le32_get(clues.values.count);
    }
}

TEST(rules_that_compare_one_fact_share_a_probe)
{
    static struct eval_bench b;
    uint32_t probes, values;

    clues_of(&b,
            "import \"pe\" rule a { condition: pe.imphash() == \"x\" and filesize < 9 }"
            "rule b { condition: uint16(0) == 0x5a4d and \"y\" == pe.imphash() }"
            "rule c { condition: for any i in (0..pe.number_of_signatures): "
            "(pe.signatures[i].subject "
            "contains \"z\" and pe.signatures[i].serial == \"s\") }"
            "rule d { condition: for any s in pe.signatures: (s.serial == \"s\") }",
            &probes, &values);
    CHECK_UINT(probes, 2);
    CHECK_UINT(values, 3); /* x, y, s */
    eval_done(&b);
}

TEST(what_may_hold_without_a_fact_waits_for_none)
{
    static struct eval_bench b;
    uint32_t probes, values;

    clues_of(&b,
            "import \"pe\" rule a { condition: not pe.imphash() == \"x\" }"
            "rule b { condition: filesize < 100 or pe.imphash() == \"x\" }"
            "rule c { condition: for none i in (0..9): (pe.signatures[i].serial == \"s\") }"
            "rule d { condition: not defined pe.pdb_path }",
            &probes, &values);
    CHECK_UINT(probes, 0);
    eval_done(&b);
}

TEST(a_thousand_rules_of_one_fact_cost_as_one)
{
    static const struct ov_eval_means means = { .parser_of = parser_of };
    static const uint8_t object[OBJECT] = "MZ\2";
    static struct eval_bench b;
    struct ov_buf rules;
    uint32_t probes, values;

    ov_buf_init(&rules, OV_MIB);
    ov_buf_put_text(&rules, "import \"pe\"\n");
    for (unsigned i = 0; i < 1000; i++) {
        ov_buf_printf(&rules,
                "rule r%u { condition: for any s in pe.signatures: (s.serial == \"%u\" and "
                "s.subject == "
                "\"alpha\") }\n",
                i, i);
    }
    ov_buf_put_u8(&rules, 0);
    clues_of(&b, (const char *)ov_bytes_raw(ov_buf_bytes(&rules)), &probes, &values);
    CHECK_UINT(probes, 1);
    CHECK_UINT(values, 1000);
    ov_evaluator_use(b.evaluator, &means);
    CHECK_UINT(eval_scan(&b, object, sizeof(object), 1000), OV_REASON_NONE);
    CHECK(b.steps_used < 200);
    eval_done(&b);
    ov_buf_done(&rules);
}

TESTS(T(rules_that_compare_one_fact_share_a_probe), T(what_may_hold_without_a_fact_waits_for_none),
        T(a_thousand_rules_of_one_fact_cost_as_one), T(clues_change_no_answer),
        T(clues_that_wake_nothing_would_be_noticed));
