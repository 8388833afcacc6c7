/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/policy.h"

#define LOG  "log overt.example/log+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US"
#define KEY1 "w1.example/overt+636fa43c+BI/DJAq7YvXj8bC/WJXp8uR5gLk+BPa4qLfj6TG/aqDX"
#define KEY2 "w2.example/overt+69f226f4+BNuFvtuekIDWewbiLVbCKCunisRwIQGqsCs/4hA+Fk9j"
#define KEY3 "w3.example/overt+9262a6bf+BBJTRHioccSv04FHIsZoKNr5IABjnA4uRgutYGxCDcXJ"
#define W1   "witness w1 " KEY1 "\n"
#define W2   "witness w2 " KEY2 "\n"
#define W3   "witness w3 " KEY3 "\n"

TEST(the_policy_of_the_vectors_reads)
{
    static struct ov_policy p;
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("policy.txt", &file);

    CHECK(ov_policy_read(file, &p, NULL) == OVERT_OK);
    CHECK_UINT(p.log_count, 1);
    CHECK_UINT(p.name_count, 4);
    CHECK_UINT(p.quorum, 3);
    CHECK(p.names[3].is_group);
    CHECK_UINT(p.names[3].need, 2);
    CHECK_UINT(p.names[3].count, 3);
}

TEST(blanks_comments_urls_and_foreign_names_are_allowed)
{
    static struct ov_policy p;

    CHECK(ov_policy_read(text_of("# a comment, \xc3\xa4\n\n \t\n  " LOG "\thttps://log.example/ \n"
                                 "witness\tJ\xc3\xbcrgen  " KEY1 " https://w1.example/\n"
                                 "  # another\nquorum J\xc3\xbcrgen\n"),
                  &p, NULL)
            == OVERT_OK);
    CHECK(ov_bytes_equal(p.logs[0].url, "https://log.example/", 20));
    CHECK(ov_bytes_equal(p.names[0].name, "J\xc3\xbcrgen", 7));
    CHECK(ov_bytes_equal(p.names[0].url, "https://w1.example/", 19));
    CHECK_UINT(p.quorum, 0);
}

static const struct {
    const char *text;
    uint32_t line;
    const char *why;
} cases[] = {
    { LOG "\nquorum none\n", 0, NULL },
    { LOG "\n" W1 "quorum w1\n", 0, NULL },
    { LOG "\n" W1 W2 "group a all w1\ngroup b any w2 a\nquorum b\n", 0, NULL },
    { "quorum w1\n" LOG "\n" W1, 1, "w1 is no witness or group of a line above" },
    { LOG "\n", 0, "a policy without a quorum line" },
    { "", 0, "a policy without a quorum line" },
    { "quorum none\n", 0, "a policy without a log accepts nothing" },
    { LOG "\nquorum none", 2, "the last line does not end in LF" },
    { LOG "\nquorum none\r\n", 2, "control character 0x0d" },
    { LOG "\nquorum none\n\x7f\n", 3, "control character 0x7f" },
    { LOG "\nquorum none\nquorum none\n", 3, "a second quorum line" },
    { LOG "\nquorum\n", 2, "a quorum line has one name: of a witness, of a group, or none" },
    { LOG "\n" W1 W2 "quorum w1 w2\n", 4,
            "a quorum line has one name: of a witness, of a group, or none" },
    { "Log x\n", 1, "Log is none of log, witness, group, quorum, overt" },
    { "log\n", 1, "the key is missing" },
    { "log x\n", 1, "a key is written NAME+ID+BASE64" },
    { LOG " u v\n", 1, "nothing may follow the key but one URL" },
    { "log " KEY1 "\n", 1, "a key of algorithm 0x04; here belongs one of 0x01" },
    { "witness w overt.example/log+a45cec38+AX0syT4T8/8XJ/qRWSAN4s2WbD3NNwxvHkJutaFbw2US\n", 1,
            "a key of algorithm 0x01; here belongs one of 0x04" },
    { LOG "\n" LOG "\n", 2, "this public key stands here already, as overt.example/log" },
    { W1 "witness w2 " KEY1 "\n", 2, "this public key stands here already, as w1.example/overt" },
    { W1 "witness w1 " KEY2 "\n", 2, "the name w1 is taken" },
    { W1 "group w1 any w1\n", 2, "the name w1 is taken" },
    { "witness none " KEY1 "\n", 1, "the name none is taken" },
    { "witness\n", 1, "the name is missing" },
    { "witness w1\n", 1, "the key is missing" },
    { W1 "group g\n", 2, "how many members: all, any or a number" },
    { W1 "group g 1\n", 2, "a group without members" },
    { W1 "group g 0 w1\n", 2, "how many members: all, any or a number from 1 to 1" },
    { W1 W2 "group g 3 w1 w2\n", 3, "how many members: all, any or a number from 1 to 2" },
    { W1 W2 "group g 02 w1 w2\n", 3, "how many members: all, any or a number from 1 to 2" },
    { W1 W2 "group g most w1 w2\n", 3, "how many members: all, any or a number from 1 to 2" },
    { W1 W2 "group g 18446744073709551617 w1 w2\n", 3,
            "how many members: all, any or a number from 1 to 2" },
    { W1 "group g any w2\n" W2, 2, "w2 is no witness or group of a line above" },
    { W1 "group g any g\n", 2, "g is no witness or group of a line above" },
    { W1 "group g any none\n", 2, "none is no witness or group of a line above" },
    { W1 "group g any w1 w1\n", 2, "w1 is a member already, and may be one only once" },
    { W1 W2 "group g any w1\ngroup h all w1 w2\n", 4,
            "w1 is a member already, and may be one only once" },
};

TEST(what_is_wrong_in_a_policy_is_said_with_its_line)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static struct ov_policy p;
        overt_error err = OVERT_ERROR_INIT;
        const overt_status status = ov_policy_read(text_of(cases[i].text), &p, &err);

        CHECK_STR(status == OVERT_OK ? "accepted" : err.message,
                cases[i].why == NULL ? "accepted" : cases[i].why);
        CHECK_UINT(err.line, cases[i].line);
    }
}

/* A log that is its own witness would vouch for itself. */
TEST(a_logs_key_is_no_witness)
{
    const struct ov_signer same = signer_of("overt.example/log", OV_KEY_COSIGNATURE_V1);
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;

    ov_buf_init(&text, 4096);
    ov_buf_put_text(&text, LOG "\nwitness w ");
    ov_key_put(&text, &same.key);
    ov_buf_put_text(&text, "\nquorum w\n");
    CHECK(ov_policy_read(ov_buf_bytes(&text), &p, &err) == OVERT_E_SYNTAX);
    CHECK_STR(err.message, "this public key stands here already, as overt.example/log");
    ov_buf_done(&text);
}

static struct ov_signer witness_of(unsigned i, char name[64])
{
    (void)snprintf(name, 64, "witness-%u.example", i);
    return signer_of(name, OV_KEY_COSIGNATURE_V1);
}

static void put_witness(struct ov_buf *text, unsigned i)
{
    char name[64];
    const struct ov_signer w = witness_of(i, name);

    ov_buf_printf(text, "witness w%u ", i);
    ov_key_put(text, &w.key);
    ov_buf_put_u8(text, '\n');
}

/* k of n witnesses, in a group that is the quorum. */
static void make_policy(struct ov_buf *text, unsigned n, unsigned k, struct ov_policy *out)
{
    overt_error err = OVERT_ERROR_INIT;

    ov_buf_init(text, OV_POLICY_BYTES_MAX);
    ov_buf_put_text(text, LOG "\n");
    for (unsigned i = 0; i < n; i++) {
        put_witness(text, i);
    }
    ov_buf_printf(text, "group q %u", k);
    for (unsigned i = 0; i < n; i++) {
        ov_buf_printf(text, " w%u", i);
    }
    ov_buf_put_text(text, "\nquorum q\n");
    if (ov_policy_read(ov_buf_bytes(text), out, &err) != OVERT_OK) {
        (void)fprintf(stderr, "%s\n", err.message);
        abort();
    }
}

TEST(as_many_names_as_the_limit_are_read_and_one_more_is_refused)
{
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;

    make_policy(&text, OV_POLICY_NAMES_MAX - 1, OV_POLICY_NAMES_MAX - 1, &p);
    CHECK_UINT(p.name_count, OV_POLICY_NAMES_MAX);
    ov_buf_put_text(&text, "group r any q\n");
    CHECK(ov_policy_read(ov_buf_bytes(&text), &p, &err) == OVERT_E_LIMIT);
    CHECK_STR(err.message, "more than 128 witnesses and groups");
    ov_buf_done(&text);
}

TEST(as_many_logs_as_the_limit_are_read_and_one_more_is_refused)
{
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text;

    ov_buf_init(&text, OV_POLICY_BYTES_MAX);
    ov_buf_put_text(&text, "quorum none\n");
    for (unsigned i = 0; i <= OV_POLICY_LOGS_MAX; i++) {
        const overt_status want = i == OV_POLICY_LOGS_MAX ? OVERT_E_LIMIT : OVERT_OK;
        struct ov_signer log;
        char name[64];

        (void)snprintf(name, sizeof(name), "log-%u.example", i);
        log = signer_of(name, OV_KEY_ED25519);
        ov_buf_put_text(&text, "log ");
        ov_key_put(&text, &log.key);
        ov_buf_put_u8(&text, '\n');
        CHECK(ov_policy_read(ov_buf_bytes(&text), &p, &err) == want);
    }
    CHECK_STR(err.message, "more than 32 logs");
    ov_buf_done(&text);
}

TEST(a_policy_over_64_kibibytes_is_refused)
{
    static char bytes[OV_POLICY_BYTES_MAX + 1];
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    static const char text[] = LOG "\nquorum none\n";

    memset(bytes, '\n', sizeof(bytes));
    memcpy(bytes, text, sizeof(text) - 1);
    CHECK(ov_policy_read(ov_bytes_of(bytes, OV_POLICY_BYTES_MAX), &p, &err) == OVERT_OK);
    CHECK(ov_policy_read(ov_bytes_of(bytes, sizeof(bytes)), &p, &err) == OVERT_E_LIMIT);
    CHECK_STR(err.message, "a policy has at most 65536 bytes");
}

/* The arithmetic a policy stands on. The log shows one half of the world tree A and the other
 * half tree B; f witnesses sign both, the others only what they saw first. The log may choose
 * who sees what. It gets a quorum for both trees if and only if f >= 2k - n. */
TEST(a_split_view_needs_2k_minus_n_dishonest_witnesses)
{
    unsigned tried = 0;

    for (unsigned n = 1; n <= 7; n++) {
        for (unsigned k = 1; k <= n; k++) {
            static struct ov_policy p;
            struct ov_buf text;

            make_policy(&text, n, k, &p);
            for (unsigned f = 0; f <= n; f++) {
                bool split = false;

                for (unsigned sees_a = 0; sees_a < 1u << (n - f); sees_a++) {
                    bool a[OV_POLICY_NAMES_MAX] = { false }, b[OV_POLICY_NAMES_MAX] = { false };

                    for (unsigned i = 0; i < n; i++) {
                        const bool dishonest = i < f;
                        const bool in_a = !dishonest && (sees_a >> (i - f) & 1) != 0;

                        a[i] = dishonest || in_a;
                        b[i] = dishonest || !in_a;
                    }
                    split = split
                            || (ov_policy_quorum_holds(&p, a) && ov_policy_quorum_holds(&p, b));
                    tried++;
                }
                CHECK(split == ((int)f >= 2 * (int)k - (int)n));
            }
            ov_buf_done(&text);
        }
    }
    CHECK(tried > 2000);
}

/* An own witness under `all` has to be in both views, so nobody else's dishonesty is enough. */
TEST(an_own_witness_under_all_cannot_be_gone_around)
{
    static struct ov_policy p;
    struct ov_buf text;

    ov_buf_init(&text, OV_POLICY_BYTES_MAX);
    ov_buf_put_text(&text, LOG "\n");
    for (unsigned i = 0; i < 4; i++) {
        put_witness(&text, i);
    }
    ov_buf_put_text(&text, "group others 2 w0 w1 w2\ngroup final all others w3\nquorum final\n");
    CHECK(ov_policy_read(ov_buf_bytes(&text), &p, NULL) == OVERT_OK);
    for (unsigned set = 0; set < 16; set++) {
        bool by[OV_POLICY_NAMES_MAX] = { false };
        const bool want = __builtin_popcount(set & 7) >= 2 && (set & 8) != 0;

        for (unsigned i = 0; i < 4; i++) {
            by[i] = (set >> i & 1) != 0;
        }
        CHECK(ov_policy_quorum_holds(&p, by) == want);
    }
    ov_buf_done(&text);
}

/* A checkpoint of the log, cosigned by those in `set`, witness i at time 1000 - 10 * i. */
static overt_status judge(const struct ov_policy *p, unsigned n, unsigned set, bool by_log,
        struct ov_judgement *out, overt_error *err)
{
    static const char text[] = "overt.example/log\n1\n"
                               "NsvGB6PJ3tsacRpTmDa1OG49ifP8tjWxyJSWC0Z0hRE=\n";
    const struct ov_signer log =
            signer_of(by_log ? "overt.example/log" : "another.example/log", OV_KEY_ED25519);
    struct ov_checkpoint c;
    struct ov_note note;
    struct ov_buf bytes;
    overt_status status;

    ov_buf_init(&bytes, OV_NOTE_BYTES_MAX);
    ov_note_put_text(&bytes, text_of(text));
    if (ov_sign_note(&bytes, text_of(text), &log, 0, NULL) != OVERT_OK) {
        abort();
    }
    for (unsigned i = 0; i < n; i++) {
        char name[64];
        const struct ov_signer w = witness_of(i, name);

        if ((set >> i & 1) != 0
                && ov_sign_note(&bytes, text_of(text), &w, 1000 - 10 * i, NULL) != OVERT_OK) {
            abort();
        }
    }
    if (ov_note_read(ov_buf_bytes(&bytes), &note, NULL) != OVERT_OK
            || ov_checkpoint_read(note.text, &c, NULL) != OVERT_OK) {
        abort();
    }
    status = ov_policy_judge(p, &note, &c, 0, out, err);
    ov_buf_done(&bytes);
    return status;
}

/* The same arithmetic once more, with signatures: 3 of 4. */
TEST(a_checkpoint_is_accepted_by_a_quorum_of_signatures)
{
    static struct ov_policy p;
    struct ov_judgement j = { 0 };
    struct ov_buf text;

    make_policy(&text, 4, 3, &p);
    for (unsigned set = 0; set < 16; set++) {
        const unsigned count = (unsigned)__builtin_popcount(set);
        overt_error err = OVERT_ERROR_INIT;
        char want[64];

        if (count >= 3) {
            CHECK(judge(&p, 4, set, true, &j, &err) == OVERT_OK);
            CHECK_UINT(j.counted, count);
            continue;
        }
        CHECK(judge(&p, 4, set, true, &j, &err) == OVERT_E_CORRUPT);
        (void)snprintf(want, sizeof(want), "too few witnesses: %u of the 3 that the quorum q needs",
                count);
        CHECK_STR(err.message, want);
    }
    ov_buf_done(&text);
}

TEST(witnesses_do_not_stand_in_for_the_log)
{
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_judgement j;
    struct ov_buf text;

    make_policy(&text, 3, 2, &p);
    CHECK(judge(&p, 3, 7, false, &j, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "the log's own signature is missing");
    ov_buf_done(&text);
}

/* Two logs of one policy are not one log with two keys, unless they have one name. */
TEST(one_accepted_log_does_not_sign_for_another)
{
    static const char *const names[] = { "another.example/log", "overt.example/log" };
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_judgement j;
    struct ov_buf text;

    ov_buf_init(&text, 1024);
    for (size_t i = 0; i < 2; i++) {
        const struct ov_signer log = signer_of(names[i], OV_KEY_ED25519);

        ov_buf_put_text(&text, "log ");
        ov_key_put(&text, &log.key);
        ov_buf_put_u8(&text, '\n');
    }
    ov_buf_put_text(&text, "quorum none\n");
    CHECK(ov_policy_read(ov_buf_bytes(&text), &p, NULL) == OVERT_OK);
    CHECK(judge(&p, 0, 0, true, &j, &err) == OVERT_OK);
    CHECK(judge(&p, 0, 0, false, &j, &err) == OVERT_E_CORRUPT); /* another's, under this name */
    CHECK_STR(err.message, "the log's own signature is missing");
    ov_buf_done(&text);
}

TEST(the_median_is_of_counted_cosignatures_and_the_earlier_of_two)
{
    static struct ov_policy p;
    struct ov_judgement j;
    struct ov_buf text;

    make_policy(&text, 5, 2, &p);
    CHECK(judge(&p, 5, 0x1f, true, &j, NULL) == OVERT_OK);
    CHECK_UINT(j.median_time, 980);
    CHECK(judge(&p, 5, 0x0f, true, &j, NULL) == OVERT_OK); /* 1000 990 980 970 */
    CHECK_UINT(j.median_time, 980);
    CHECK(judge(&p, 5, 0x11, true, &j, NULL) == OVERT_OK); /* 1000 960 */
    CHECK_UINT(j.median_time, 960);
    CHECK(j.is_counted[0] && !j.is_counted[1] && j.is_counted[4]);
    ov_buf_done(&text);
}

/* A witness that the quorum does not ask about must not shift the time either. */
TEST(a_witness_outside_the_quorum_is_not_counted)
{
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_judgement j;
    struct ov_buf text;

    ov_buf_init(&text, OV_POLICY_BYTES_MAX);
    ov_buf_put_text(&text, LOG "\n");
    put_witness(&text, 0);
    put_witness(&text, 1);
    ov_buf_put_text(&text, "quorum w1\n");
    CHECK(ov_policy_read(ov_buf_bytes(&text), &p, NULL) == OVERT_OK);
    CHECK(judge(&p, 2, 3, true, &j, &err) == OVERT_OK);
    CHECK_UINT(j.counted, 1);
    CHECK_UINT(j.median_time, 990);
    CHECK(judge(&p, 2, 1, true, &j, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "no cosignature of the witness w1");
    ov_buf_done(&text);
}

TEST(a_policy_without_a_quorum_asks_for_the_log_alone)
{
    static struct ov_policy p;
    struct ov_judgement j;

    CHECK(ov_policy_read(text_of(LOG "\nquorum none\n"), &p, NULL) == OVERT_OK);
    CHECK(judge(&p, 3, 7, true, &j, NULL) == OVERT_OK);
    CHECK_UINT(j.counted, 0);
    CHECK_UINT(j.median_time, 0);
}

TEST(a_log_that_the_policy_does_not_know_is_refused)
{
    static struct ov_policy p;
    overt_error err = OVERT_ERROR_INIT;
    const struct ov_signer other = signer_of("other.example/log", OV_KEY_ED25519);
    struct ov_judgement j;
    struct ov_buf text;

    ov_buf_init(&text, 1024);
    ov_buf_put_text(&text, "log ");
    ov_key_put(&text, &other.key);
    ov_buf_put_text(&text, "\nquorum none\n");
    CHECK(ov_policy_read(ov_buf_bytes(&text), &p, NULL) == OVERT_OK);
    CHECK(judge(&p, 0, 0, true, &j, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "the policy knows no log overt.example/log");
    ov_buf_done(&text);
}

TESTS(T(the_policy_of_the_vectors_reads), T(blanks_comments_urls_and_foreign_names_are_allowed),
        T(what_is_wrong_in_a_policy_is_said_with_its_line), T(a_logs_key_is_no_witness),
        T(as_many_names_as_the_limit_are_read_and_one_more_is_refused),
        T(as_many_logs_as_the_limit_are_read_and_one_more_is_refused),
        T(a_policy_over_64_kibibytes_is_refused),
        T(a_split_view_needs_2k_minus_n_dishonest_witnesses),
        T(an_own_witness_under_all_cannot_be_gone_around),
        T(a_checkpoint_is_accepted_by_a_quorum_of_signatures),
        T(witnesses_do_not_stand_in_for_the_log), T(one_accepted_log_does_not_sign_for_another),
        T(the_median_is_of_counted_cosignatures_and_the_earlier_of_two),
        T(a_witness_outside_the_quorum_is_not_counted),
        T(a_policy_without_a_quorum_asks_for_the_log_alone),
        T(a_log_that_the_policy_does_not_know_is_refused));
