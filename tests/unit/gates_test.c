/* SPDX-License-Identifier: Apache-2.0 */
/* What lets the matcher look for less - gates, profiles, guards - must not change an answer. Random
 * rules are compiled as they are meant to be and once more with everything looked for everywhere;
 * over random objects, most of them made to come close to a rule, both must say the same. */
#include "compile/condition.h"
#include "compile/conditions.h"
#include "compile/profiles.h"
#include "db/match_layout.h"
#include "match/inside.h"
#include "tests/eval_build.h"
#include "tests/tap.h"

#define RULES   6u
#define STRINGS 5u
#define TEXT    32u
#define OBJECT  6000u

struct gen {
    uint64_t seed;
    struct ov_buf out;
    char texts[RULES][STRINGS][TEXT];
};

static uint32_t roll(struct gen *g, uint32_t n)
{
    g->seed = g->seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(g->seed >> 33) % n;
}

/* --- compiled without any of it ------------------------------------------------------------------- */

static overt_status compile_open(struct eval_bench *b)
{
    OV_CLEANUP(ov_demands_done) struct ov_demands demands = { 0 };
    overt_status status = ov_demands_init(&demands, &b->set, &b->err);

    if (status == OVERT_OK) {
        status = ov_conditions_plan(&b->set, &demands, &b->diags, &b->err);
    }
    if (status == OVERT_OK) {
        status = ov_compile_patterns(
                &b->set, demands.uses, NULL, NULL, NULL, &b->diags, &b->writer, &b->err);
    }
    if (status == OVERT_OK) {
        status = ov_conditions_write(&b->set, &demands, &b->diags, &b->writer, &b->err);
    }
    return status;
}

static bool open_view(struct eval_bench *b)
{
    b->file_bytes = (size_t)ov_db_writer_size(&b->writer);
    b->file = malloc(b->file_bytes + 1);
    OV_ASSERT(b->file != NULL);
    return ov_db_writer_finish(&b->writer, b->file, b->file_bytes, &b->err) == OVERT_OK
           && ov_db_view_open(&b->view, ov_bytes_of(b->file, b->file_bytes), &b->err) == OVERT_OK
           && ov_db_verify(&b->view, &b->err) == OVERT_OK
           && ov_matcher_new(&b->matcher, &b->view, 64u * OV_MIB, &b->err) == OVERT_OK
           && ov_evaluator_new(&b->evaluator, &b->view, &b->err) == OVERT_OK;
}

/* --- random rules --------------------------------------------------------------------------------- */

static const char *const beginnings[] = { "MZ\220", "\177ELF", "%PDF-", "PK\3\4", "<?php", "{\\rt",
    "" };

/* Some texts are rare, some so common or short that they make no gate, some shared. */
static void gen_text(struct gen *g, char *text)
{
    static const char *const common[] = { "Content-Transfer-Encoding", "GetProcAddress", "http://",
        "abc", "/usr/lib/", "error" };
    const uint32_t kind = roll(g, 10);
    uint32_t len = 5 + roll(g, 20);

    if (kind < 2) {
        (void)snprintf(text, TEXT, "%s", common[roll(g, sizeof(common) / sizeof(common[0]))]);
        return;
    }
    if (kind == 2) {
        len = 2 + roll(g, 4);
    }
    for (uint32_t i = 0; i < len; i++) {
        text[i] = "qzxjkvwyQZ01"[roll(g, 12)];
    }
    text[len] = '\0';
}

static void gen_string(struct gen *g, uint32_t rule, uint32_t s)
{
    static const char *const modifiers[] = { "", "", "", " nocase", " wide ascii", " fullword",
        " xor", " base64" };
    char *text = g->texts[rule][s];
    const uint32_t shape = roll(g, 8);

    gen_text(g, text);
    if (s != 0 && roll(g, 6) == 0) {
        memcpy(text, g->texts[roll(g, rule + 1)][roll(g, s)], TEXT);
    }
    ov_buf_printf(&g->out, "$s%u = ", s);
    if (shape == 0) {
        ov_buf_printf(&g->out, "/%.3s[a-z0-9]{0,3}", text);
        for (const char *p = text; *p != '\0'; p++) {
            ov_buf_printf(&g->out, "\\x%02x", (unsigned)(uint8_t)*p);
        }
        ov_buf_put_text(&g->out, roll(g, 2) == 0 ? "/ " : "/i ");
    } else if (shape == 1) {
        ov_buf_put_text(&g->out, "{ ");
        for (const char *p = text; *p != '\0'; p++) {
            ov_buf_printf(&g->out, p[1] != '\0' && p != text && roll(g, 9) == 0 ? "?? " : "%02x ",
                    (unsigned)(uint8_t)*p);
        }
        ov_buf_put_text(&g->out, "} ");
    } else {
        const uint32_t m = strlen(text) < 3 ? 0 : roll(g, 8);

        ov_buf_printf(&g->out, "\"%s\"%s ", text, modifiers[m]);
    }
}

static void gen_set(struct gen *g)
{
    const uint32_t from = roll(g, STRINGS - 1);

    if (roll(g, 2) == 0) {
        ov_buf_put_text(&g->out, "them");
        return;
    }
    ov_buf_printf(&g->out, "($s%u", from);
    for (uint32_t s = from + 1; s < STRINGS; s++) {
        if (roll(g, 2) == 0) {
            ov_buf_printf(&g->out, ", $s%u", s);
        }
    }
    ov_buf_put_text(&g->out, ")");
}

static void gen_test(struct gen *g, uint32_t rule, unsigned depth)
{
    static const char *const heads[] = { "uint16(0) == 0x5a4d", "uint32(0) == 0x464c457f",
        "uint32be(0) == 0x25504446", "uint16be(0) == 0x504b", "uint16(0) != 0x5a4d",
        "uint8(0) == 0x3c", "uint32be(0) == 0x7b5c7274", "uint16(1) == 0x726c",
        "not uint16(0) == 0x5a4d", "not (uint32(0) == 0x464c457f)" };
    static const char *const sizes[] = { "filesize < 500", "filesize > 300", "filesize <= 2000",
        "filesize < 1MB", "filesize == 700", "not filesize > 900", "1000 > filesize" };
    static const char *const places[] = { "at 0", "at 3", "in (0..600)", "in (7..90)",
        "in (filesize-300..filesize)", "in (filesize-900..filesize-20)", "at filesize" };
    static const char *const quantities[] = { "all", "any", "1", "2", "3", "none", "50%" };
    const uint32_t s = roll(g, STRINGS);

    switch (roll(g, depth == 0 ? 9 : 12)) {
    case 0:
    case 1:
        ov_buf_put_text(&g->out, heads[roll(g, sizeof(heads) / sizeof(heads[0]))]);
        break;
    case 2:
        ov_buf_put_text(&g->out, sizes[roll(g, sizeof(sizes) / sizeof(sizes[0]))]);
        break;
    case 3:
        ov_buf_printf(&g->out, "#s%u > %u", s, roll(g, 3));
        break;
    case 4:
        ov_buf_printf(&g->out, "@s%u < %u", s, roll(g, 1000));
        break;
    case 5:
        ov_buf_printf(&g->out, roll(g, 4) == 0 ? "any of ($s%u, $s0) %s" : "$s%u %s", s,
                places[roll(g, sizeof(places) / sizeof(places[0]))]);
        break;
    case 6:
        ov_buf_printf(&g->out, "$s%u", s);
        break;
    case 7:
    case 8:
        ov_buf_printf(
                &g->out, "%s of ", quantities[roll(g, sizeof(quantities) / sizeof(quantities[0]))]);
        gen_set(g);
        break;
    case 9:
        if (rule != 0) {
            ov_buf_printf(&g->out, "r%u", roll(g, rule));
            break;
        }
        ov_buf_printf(&g->out, "not $s%u", s);
        break;
    default:
        ov_buf_put_text(&g->out, "(");
        gen_test(g, rule, depth - 1);
        ov_buf_put_text(&g->out, roll(g, 3) == 0 ? " or " : " and ");
        gen_test(g, rule, depth - 1);
        ov_buf_put_text(&g->out, ")");
        break;
    }
}

static void gen_rules(struct gen *g)
{
    ov_buf_clear(&g->out);
    for (uint32_t r = 0; r < RULES; r++) {
        ov_buf_printf(&g->out, "rule r%u { strings: ", r);
        for (uint32_t s = 0; s < STRINGS; s++) {
            gen_string(g, r, s);
        }
        ov_buf_put_text(&g->out, "condition: (");
        gen_test(g, r, 3);
        ov_buf_put_text(&g->out, ") and (");
        gen_test(g, r, 2);
        ov_buf_put_text(&g->out, roll(g, 4) == 0 ? ") or (all of them and #s0 > 7) }\n"
                                                 : ") and not (all of them and #s0 > 7) }\n");
    }
    ov_buf_put_u8(&g->out, 0);
    OV_ASSERT(ov_buf_ok(&g->out));
}

/* --- random objects --------------------------------------------------------------------------------- */

static void put(uint8_t *to, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        to[i] = (uint8_t)text[i];
    }
}

/* Most or all strings of one or two rules among noise, behind a beginning that some rule asks for. */
static size_t gen_object(struct gen *g, uint8_t *object)
{
    static const uint32_t lens[] = { 299, 301, 499, 500, 700, 899, 901, 999, 1000, 2000, 2001 };
    const char *const beginning = beginnings[roll(g, sizeof(beginnings) / sizeof(beginnings[0]))];
    size_t len = roll(g, 2) == 0 ? lens[roll(g, sizeof(lens) / sizeof(lens[0]))]
                                 : 1 + roll(g, OBJECT - 1);
    const uint32_t rules = roll(g, 3), leave_out = roll(g, 4);

    memset(object, "\0 a\xff"[roll(g, 4)], len);
    for (size_t i = 0; i < len; i += 1 + roll(g, 30)) {
        object[i] = (uint8_t)roll(g, 256);
    }
    for (uint32_t n = 0; n < rules; n++) {
        const uint32_t rule = roll(g, RULES);

        for (uint32_t s = 0; s < STRINGS; s++) {
            const char *text = g->texts[rule][s];
            const size_t text_len = strlen(text);

            for (uint32_t times = roll(g, 10) == 0 ? 9 : 1; times > 0; times--) {
                if (text_len < len && roll(g, 5) >= leave_out) {
                    put(object + roll(g, (uint32_t)(len - text_len)), text, text_len);
                }
            }
        }
    }
    put(object, beginning, strlen(beginning) < len ? strlen(beginning) : len);
    return len;
}

/* --- the same answers --------------------------------------------------------------------------------- */

static uint32_t holding(struct eval_bench *b, const uint8_t *object, size_t len)
{
    uint32_t held = 0;

    OV_ASSERT(eval_scan(b, object, len, UINT64_MAX) == OV_REASON_NONE);
    for (uint32_t r = 0; r < RULES; r++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "r%u", r);
        held |= (uint32_t)eval_holds(b, name) << r;
    }
    return held;
}

static uint32_t gates_of(const struct eval_bench *b)
{
    uint32_t gates = 0;

    for (uint32_t i = 0; i < b->writer.counts[OV_DB_PATTERNS]; i++) {
        const struct ov_db_pattern *pattern =
                ov_db_record(&b->view, OV_DB_PATTERNS, i, sizeof(*pattern));

        gates += pattern != NULL && (ov_le16_get(pattern->flags) & OV_PATTERN_GATE) != 0;
    }
    return gates;
}

/* Rules that wait for two of their gates. */
static uint32_t pairs_of(const struct eval_bench *b)
{
    uint32_t pairs = 0;

    for (uint32_t r = 0; r < b->matcher->rule_count; r++) {
        pairs += b->matcher->rules[r].gates > 1;
    }
    return pairs;
}

/* A database whose gates, or whose signs, wake nothing: what a wrong one would do. */
static void break_signs(struct eval_bench *b)
{
    b->matcher->sign_count = 0;
}

static void break_gates(struct eval_bench *b)
{
    const uint8_t *from = ov_bytes_raw(b->view.sections[OV_DB_PATTERNS]);
    uint8_t *at = b->file + (from - (const uint8_t *)b->file);

    for (uint32_t i = 0; i < b->writer.counts[OV_DB_PATTERNS]; i++) {
        struct ov_db_pattern *pattern = (void *)(at + i * sizeof(*pattern));

        pattern->flags = ov_le16_of((uint16_t)(ov_le16_get(pattern->flags) & ~OV_PATTERN_GATE));
    }
}

struct tally {
    uint32_t objects;
    uint32_t held;
    uint32_t gates;
    uint32_t pairs;
    uint32_t signs;
    uint32_t profiled;
    uint32_t differing;
};

/* Reads one random set into both benches. False: the front end refused it. */
static bool make_case(struct gen *g, struct eval_bench *b, struct eval_bench *open)
{
    const char *text;

    gen_rules(g);
    text = (const char *)ov_bytes_raw(ov_buf_bytes(&g->out));
    eval_init(b);
    eval_init(open);
    if (!eval_rules(b, "default", text) || !eval_rules(open, "default", text)) {
        return false;
    }
    if (!eval_open(b) || compile_open(open) != OVERT_OK || !open_view(open)) {
        printf("# %s %s\n", b->err.message, open->err.message);
        OV_ASSERT(false);
    }
    return true;
}

static uint32_t profiles_of(const struct eval_bench *b)
{
    const struct ov_db_filters *filters =
            (const void *)ov_bytes_raw(b->view.sections[OV_DB_FILTERS]);

    return ov_le32_get(filters->profile_count);
}

static void run_cases(
        uint64_t seed, uint32_t cases, void (*break_it)(struct eval_bench *b), struct tally *tally)
{
    const bool broken = break_it != NULL;
    static struct eval_bench b, open;
    static uint8_t object[OBJECT];
    struct gen g = { .seed = seed };

    ov_buf_init(&g.out, OV_MIB);
    for (uint32_t n = 0; n < cases && (broken || tally->differing < 5); n++) {
        const bool good = make_case(&g, &b, &open);

        if (good) {
            tally->gates += gates_of(&b);
            tally->pairs += pairs_of(&b);
            tally->signs += b.matcher->sign_count;
            tally->profiled +=
                    profiles_of(&b) > 2; /* else: of all objects, and the second sweep's */
        }
        if (good && broken) {
            break_it(&b);
        }
        for (uint32_t o = 0; good && o < 24; o++) {
            const size_t len = gen_object(&g, object);
            const uint32_t got = holding(&b, object, len), want = holding(&open, object, len);

            tally->objects++;
            tally->held += (uint32_t)__builtin_popcount(want);
            if (got != want) {
                tally->differing++;
                if (!broken) {
                    printf("# seed %" PRIu64 ", set %u, object %u of %zu bytes: %#x, want %#x\n%s",
                            seed, n, o, len, got, want,
                            (const char *)ov_bytes_raw(ov_buf_bytes(&g.out)));
                }
            }
        }
        eval_done(&b);
        eval_done(&open);
    }
    ov_buf_done(&g.out);
}

TEST(gates_and_profiles_change_no_answer)
{
    struct tally tally = { 0 };

    run_cases(1, 400 / TAP_STEP, NULL, &tally);
    printf("# %u objects, %u rules held, %u gates, %u signs, %u rules wait for two, %u sets with "
           "profiles\n",
            tally.objects, tally.held, tally.gates, tally.signs, tally.pairs, tally.profiled);
    CHECK_UINT(tally.differing, 0);
    CHECK(tally.objects > 3000 / TAP_STEP);
    CHECK(tally.held > 1000 / TAP_STEP);
    CHECK(tally.gates > 500 / TAP_STEP);
    CHECK(tally.pairs > 10 / TAP_STEP);
    CHECK(tally.signs > 100 / TAP_STEP);
    CHECK(tally.profiled > 100 / TAP_STEP);
}

TEST(gates_that_wake_nothing_would_be_noticed)
{
    struct tally tally = { 0 };

    run_cases(1, 60, break_gates, &tally);
    printf("# %u of %u objects\n", tally.differing, tally.objects);
    CHECK(tally.differing > 20);
}

TEST(signs_that_wake_nothing_would_be_noticed)
{
    struct tally tally = { 0 };

    run_cases(1, 120, break_signs, &tally);
    printf("# %u of %u objects\n", tally.differing, tally.objects);
    CHECK(tally.differing > 5);
}

/* --- which strings are gates ------------------------------------------------------------------------ */

/* The phases of the strings of one rule, a letter each: Always, Gate, Later. */
static void phases_of(const char *rule, char out[8])
{
    static struct eval_bench b;
    struct ov_demands demands = { 0 };

    eval_init(&b);
    OV_ASSERT(eval_rules(&b, "default", rule));
    OV_ASSERT(ov_demands_init(&demands, &b.set, &b.err) == OVERT_OK);
    OV_ASSERT(ov_conditions_plan(&b.set, &demands, &b.diags, &b.err) == OVERT_OK);
    memset(out, 0, 8);
    for (uint32_t s = 0; s < b.set.rules[0].string_count && s < 7; s++) {
        out[s] = "AGL"[demands.phases[s]];
    }
    ov_demands_done(&demands);
    eval_done(&b);
}

#define STRINGS_AB "strings: $a = \"GetProcAddress\" $b = \"qZxJkvqZxJkv\" condition: "

TEST(of_two_strings_the_rare_one_is_the_gate)
{
    char phases[8];

    phases_of("rule r { " STRINGS_AB "$a and $b }", phases);
    CHECK_STR(phases, "LG");
    phases_of("rule r { " STRINGS_AB "$b and #a > 2 }", phases);
    CHECK_STR(phases, "LG");
    phases_of("rule r { " STRINGS_AB "all of them }", phases);
    CHECK_STR(phases, "LG");
}

TEST(without_a_rare_string_that_must_occur_all_are_looked_for)
{
    char phases[8];

    phases_of("rule r { " STRINGS_AB "$a or $b }", phases);
    CHECK_STR(phases, "AA");
    phases_of("rule r { " STRINGS_AB "$a and not $b }", phases);
    CHECK_STR(phases, "AA");
    phases_of("rule r { " STRINGS_AB "none of them }", phases);
    CHECK_STR(phases, "AA");
    phases_of("rule r { " STRINGS_AB "1 of them }", phases);
    CHECK_STR(phases, "AA");
    phases_of("rule r { strings: $a = \"http\" $b = \"GetProcAddress\" condition: all of them }",
            phases);
    CHECK_STR(phases, "AA");
    phases_of("rule q { strings: $a = \"qZxJkvqZxJkv\" $b = \"abcd\" condition: filesize > 3 and "
              "(uint8(0) == 7 or $a) and ($b or true) }",
            phases);
    CHECK_STR(phases, "AA");
}

TEST(a_negated_gate_is_none)
{
    char phases[8];

    phases_of("rule r { " STRINGS_AB "not $b and $a }", phases);
    CHECK_STR(phases, "AA");
    phases_of("rule r { " STRINGS_AB "$a and (#b == 0 or $b) }", phases);
    CHECK_STR(phases, "AA");
    phases_of("rule r { " STRINGS_AB "$a and not not $b }", phases);
    CHECK(strcmp(phases, "LG") == 0 || strcmp(phases, "AA") == 0);
}

TEST(a_sign_is_as_good_as_a_gate)
{
    char phases[8];

    phases_of("rule r { " STRINGS_AB "uint32be(0) == 0x7b5c7274 and any of them }", phases);
    CHECK_STR(phases, "LL");
    phases_of("rule r { strings: $a = \"<?\" $b = /[a-z]\\(\\$/ condition: $a in (0..100) and $b }",
            phases);
    CHECK_STR(phases, "LL");
    phases_of("rule r { strings: $a = \"<?\" $b = /[a-z]\\(\\$/ condition: $a in (0..1MB) and $b }",
            phases);
    CHECK_STR(phases, "AA");
    phases_of(
            "rule r { strings: $b = /[a-z]\\(\\$/ condition: uint16(0) == 0x5a4d and $b }", phases);
    CHECK_STR(phases, "A"); /* programs have a profile */
    phases_of("rule r { strings: $b = /[a-z]\\(\\$/ condition: not (uint32(0) == 0x12345678) and "
              "$b }",
            phases);
    CHECK_STR(phases, "A");
    phases_of("rule r { strings: $b = /[a-z]\\(\\$/ condition: (uint32(0) == 0x12345678 or "
              "uint32(4) == 0x9abcdef0) and $b }",
            phases);
    CHECK_STR(phases, "L");
    phases_of("rule r { strings: $b = /[a-z]\\(\\$/ condition: (uint32(0) == 0x12345678 or "
              "filesize > 7) and $b }",
            phases);
    CHECK_STR(phases, "A");
}

TEST(of_strings_that_are_often_there_two_must_be_found)
{
    static const char *const ones[] = { "-- atan2 --", "-- _hypot --", "-- _nextafter --" };
    static const char all[] = "-- _nextafter _hypot atan2 --";
    static struct eval_bench b;

    eval_init(&b);
    OV_ASSERT(eval_rules(&b, "default",
                      "rule r { strings: $a = \"atan2\" $b = \"_hypot\" $c = \"_nextafter\" "
                      "condition: all of them }")
              && eval_open(&b));
    CHECK_UINT(pairs_of(&b), 1);
    for (unsigned i = 0; i < 3; i++) { /* and what the last one had counts for nothing */
        CHECK_UINT(eval_scan(&b, ones[i], strlen(ones[i]), UINT64_MAX), OV_REASON_NONE);
        CHECK(!b.matcher->again);
        CHECK_UINT(b.hit_count, 0);
    }
    CHECK_UINT(eval_scan(&b, all, strlen(all), UINT64_MAX), OV_REASON_NONE);
    CHECK(b.matcher->again);
    CHECK_UINT(b.hit_count, 1);
    eval_done(&b);
}

TESTS(T(of_two_strings_the_rare_one_is_the_gate),
        T(without_a_rare_string_that_must_occur_all_are_looked_for), T(a_negated_gate_is_none),
        T(of_strings_that_are_often_there_two_must_be_found),
        T(gates_and_profiles_change_no_answer), T(gates_that_wake_nothing_would_be_noticed),
        T(signs_that_wake_nothing_would_be_noticed), T(a_sign_is_as_good_as_a_gate));
