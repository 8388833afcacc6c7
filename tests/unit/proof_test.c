/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/proof.h"

#define ENTRY "overt-leaf-12345\n"
#define W2    "\xe2\x80\x94 w2.example/overt afIm9A"

static struct ov_policy *the_policy(void)
{
    static struct ov_policy policy;
    static uint8_t *bytes; /* what the policy borrows from */
    struct ov_bytes file;

    if (bytes == NULL) {
        bytes = vector_file("policy.txt", &file);
        if (ov_policy_read(file, &policy, NULL) != OVERT_OK) {
            abort();
        }
    }
    return &policy;
}

/* "verified", or why not; *line is where. */
static const char *verdict(struct ov_bytes file, const char *entry, uint32_t *line)
{
    static overt_error err;
    static struct ov_proof proof;
    struct ov_judgement judgement;

    err = (overt_error)OVERT_ERROR_INIT;
    if (ov_proof_read(file, &proof, &err) == OVERT_OK
            && ov_proof_check(&proof, the_policy(), text_of(entry), &judgement, &err) == OVERT_OK) {
        return "verified";
    }
    *line = err.line;
    return err.message;
}

TEST(the_good_proofs_of_the_vectors_verify)
{
    static struct ov_proof proof;
    struct ov_judgement j;
    struct ov_bytes good, extra;
    kept uint8_t *a = vector_file("v4.good.tlog-proof", &good);
    kept uint8_t *b = vector_file("v4.good-extra.tlog-proof", &extra);

    CHECK(ov_proof_read(good, &proof, NULL) == OVERT_OK);
    CHECK_UINT(proof.index, 12345);
    CHECK_UINT(proof.path_count, 17);
    CHECK_UINT(ov_bytes_len(proof.extra), 0);
    CHECK(ov_proof_check(&proof, the_policy(), text_of(ENTRY), &j, NULL) == OVERT_OK);
    CHECK_UINT(j.counted, 2);
    CHECK_UINT(j.median_time, 1767225610);
    CHECK(ov_proof_read(extra, &proof, NULL) == OVERT_OK);
    CHECK(ov_bytes_equal(proof.extra, "aGVsbG8=", 8));
    CHECK(ov_proof_check(&proof, the_policy(), text_of(ENTRY), &j, NULL) == OVERT_OK);
}

/* Each bad proof of the vectors, with the reason its name and vectors.json give. */
static const struct {
    const char *file;
    uint32_t line;
    const char *why;
} bad[] = {
    { "v4.bad.b64-nonzero-pad-bits.tlog-proof", 3,
            "in the inclusion proof: base64 with bits set behind its last byte" },
    { "v4.bad.index-leading-zero.tlog-proof", 2, "in the index: a number has no leading zero" },
    { "v4.bad.no-log-sig.tlog-proof", 0, "the log's own signature is missing" },
    { "v4.bad.one-witness.tlog-proof", 0, "too few witnesses: 1 of the 2 that the quorum q needs" },
    { "v4.bad.short.tlog-proof", 0,
            "16 hashes in the inclusion proof; index 12345 of size 70000 needs 17" },
    { "v4.bad.timestamp-altered.tlog-proof", 27,
            "the signature of w3.example/overt (9262a6bf) is wrong" },
};

TEST(each_bad_proof_of_the_vectors_is_refused_for_its_reason)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        uint32_t line = 0;
        struct ov_bytes file;
        kept uint8_t *bytes = vector_file(bad[i].file, &file);

        CHECK_STR(verdict(file, ENTRY, &line), bad[i].why);
        CHECK_UINT(line, bad[i].line);
    }
}

/* Lines of a proof, so that tests can change one. */
struct lines {
    char text[64][512];
    size_t count;
};

static void split(struct ov_bytes file, struct lines *out)
{
    const char *bytes = (const char *)ov_bytes_raw(file);
    size_t at = 0;

    out->count = 0;
    while (at < ov_bytes_len(file)) {
        const size_t n = strcspn(bytes + at, "\n");

        memcpy(out->text[out->count], bytes + at, n);
        out->text[out->count][n] = '\0';
        out->count++;
        at += n + 1;
    }
}

static struct lines good_lines(void)
{
    struct lines lines;
    struct ov_bytes file;
    uint8_t *bytes = vector_file("v4.good.tlog-proof", &file);
    char *with_nul = malloc((size_t)ov_bytes_len(file) + 1);

    if (with_nul == NULL) {
        abort();
    }
    memcpy(with_nul, bytes, (size_t)ov_bytes_len(file));
    with_nul[ov_bytes_len(file)] = '\0';
    split(ov_bytes_of(with_nul, (size_t)ov_bytes_len(file)), &lines);
    free(with_nul);
    free(bytes);
    return lines;
}

static const char *verdict_of_lines(const struct lines *lines, const char *end, uint32_t *line)
{
    static struct ov_buf out;
    const char *result;

    ov_buf_init(&out, OV_PROOF_BYTES_MAX);
    for (size_t i = 0; i < lines->count; i++) {
        ov_buf_put_text(&out, lines->text[i]);
        ov_buf_put_text(&out, end);
    }
    result = verdict(ov_buf_bytes(&out), ENTRY, line);
    ov_buf_done(&out);
    return result;
}

TEST(a_proof_for_another_index_is_refused)
{
    struct lines lines = good_lines();
    uint32_t line = 0;

    CHECK_STR(verdict_of_lines(&lines, "\n", &line), "verified");
    (void)strcpy(lines.text[1], "index 12346");
    CHECK_STR(verdict_of_lines(&lines, "\n", &line),
            "the inclusion proof leads to another root: this is not entry 12346 of that tree");
    (void)strcpy(lines.text[1], "index 70000");
    CHECK_STR(verdict_of_lines(&lines, "\n", &line), "index 70000 is not in a tree of size 70000");
}

TEST(a_proof_one_hash_long_is_refused)
{
    struct lines lines = good_lines();
    uint32_t line = 0;

    memmove(lines.text[20], lines.text[19], sizeof(lines.text[0]) * (lines.count - 19));
    lines.count++;
    (void)strcpy(lines.text[19], lines.text[2]);
    CHECK_STR(verdict_of_lines(&lines, "\n", &line),
            "18 hashes in the inclusion proof; index 12345 of size 70000 needs 17");
}

TEST(swapped_hashes_are_refused)
{
    struct lines lines = good_lines();
    char keep[512];
    uint32_t line = 0;

    (void)strcpy(keep, lines.text[2]);
    (void)strcpy(lines.text[2], lines.text[3]);
    (void)strcpy(lines.text[3], keep);
    CHECK_STR(verdict_of_lines(&lines, "\n", &line),
            "the inclusion proof leads to another root: this is not entry 12345 of that tree");
}

TEST(crlf_is_refused)
{
    const struct lines lines = good_lines();
    uint32_t line = 0;

    CHECK_STR(verdict_of_lines(&lines, "\r\n", &line),
            "control character 0x0d: lines end in LF, and hold no other");
    CHECK_UINT(line, 1);
}

TEST(the_same_witness_twice_is_one_witness)
{
    struct lines lines;
    uint32_t line = 0;
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v4.bad.one-witness.tlog-proof", &file);
    auto_free char *text = calloc(1, (size_t)ov_bytes_len(file) + 1);

    CHECK(text != NULL);
    memcpy(text, bytes, (size_t)ov_bytes_len(file));
    split(ov_bytes_of(text, (size_t)ov_bytes_len(file)), &lines);
    CHECK(strncmp(lines.text[lines.count - 1], W2, sizeof(W2) - 1) == 0);
    (void)strcpy(lines.text[lines.count], lines.text[lines.count - 1]);
    lines.count++;
    CHECK_STR(verdict_of_lines(&lines, "\n", &line),
            "too few witnesses: 1 of the 2 that the quorum q needs");
}

/* The witnesses' own keys and names, but algorithm 0x01 over the same text. */
TEST(witness_signatures_of_the_wrong_type_do_not_count)
{
    static const char *const names[] = { "w1.example/overt", "w3.example/overt" };
    const struct ov_signer log = signer_of("overt.example/log", OV_KEY_ED25519);
    static struct ov_proof proof;
    uint32_t line = 0;
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v4.good.tlog-proof", &file);
    struct ov_buf out;

    CHECK(ov_proof_read(file, &proof, NULL) == OVERT_OK);
    ov_buf_init(&out, OV_PROOF_BYTES_MAX);
    ov_proof_put_head(&out, &proof);
    ov_note_put_text(&out, proof.note.text);
    CHECK(ov_sign_note(&out, proof.note.text, &log, 0, NULL) == OVERT_OK);
    for (size_t i = 0; i < 2; i++) {
        const struct ov_signer w = signer_of(names[i], OV_KEY_ED25519);

        CHECK(ov_sign_note(&out, proof.note.text, &w, 0, NULL) == OVERT_OK);
    }
    CHECK_STR(verdict(ov_buf_bytes(&out), ENTRY, &line),
            "too few witnesses: 0 of the 2 that the quorum q needs");
    ov_buf_done(&out);
}

TEST(another_entry_is_refused)
{
    static char big[OV_LOG_ENTRY_BYTES_MAX + 2];
    uint32_t line = 0;
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v4.good.tlog-proof", &file);

    CHECK_STR(verdict(file, "overt-leaf-12345", &line),
            "the inclusion proof leads to another root: this is not entry 12345 of that tree");
    CHECK_STR(verdict(file, "", &line),
            "the inclusion proof leads to another root: this is not entry 12345 of that tree");
    memset(big, 'a', OV_LOG_ENTRY_BYTES_MAX + 1);
    CHECK_STR(verdict(file, big, &line), "an entry of a log has at most 65535 bytes");
}

static const struct {
    size_t at; /* line replaced, from 0 */
    const char *with;
    uint32_t line;
    const char *why;
} changes[] = {
    { 0, "c2sp.org/tlog-proof@v2", 1, "a proof begins with c2sp.org/tlog-proof@v1" },
    { 0, " c2sp.org/tlog-proof@v1", 1, "a proof begins with c2sp.org/tlog-proof@v1" },
    { 0, "c2sp.org/tlog-proof@v1 ", 1, "a proof begins with c2sp.org/tlog-proof@v1" },
    { 1, "index", 2, "here belongs \"index \" and the entry's number" },
    { 1, "index ", 2, "in the index: a number is missing" },
    { 1, "index  12345", 2, "in the index: a number is written in digits alone" },
    { 1, "index +12345", 2, "in the index: a number is written in digits alone" },
    { 1, "index 1e3", 2, "in the index: a number is written in digits alone" },
    { 1, "index 12345 ", 2, "in the index: a number is written in digits alone" },
    { 1, "index 9223372036854775808", 2, "in the index: a number is below 2^63" },
    { 1, "extra aGVsbG8=", 3, "here belongs \"index \" and the entry's number" },
    { 1, "extra ", 2, "in the extra data: nothing: then there is no such line" },
    { 1, "extra aGVsbG9=", 2, "in the extra data: base64 with bits set behind its last byte" },
    { 2, "", 4, "a log's origin is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { 3, " ", 4, "in the inclusion proof: a hash is 44 characters of base64" },
    { 19, "\n", 21, "a log's origin is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { 20, "overt.example/log2", 0, "the policy knows no log overt.example/log2" },
    { 21, "070000", 22, "in the tree's size: a number has no leading zero" },
    { 21, "70001", 25, "the signature of overt.example/log (a45cec38) is wrong" },
    { 23, "extension\n", 24, "a checkpoint with an extension line" },
    { 24, "-- overt.example/log pFzsOEeB", 25,
            "a signature line begins with an em dash (U+2014) and one space" },
};

TEST(what_is_wrong_in_a_proof_is_said_with_its_line)
{
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        struct lines lines = good_lines();
        uint32_t line = 0;

        (void)strcpy(lines.text[changes[i].at], changes[i].with);
        CHECK_STR(verdict_of_lines(&lines, "\n", &line), changes[i].why);
        CHECK_UINT(line, changes[i].line);
    }
}

TEST(sixty_three_hashes_are_read_and_one_more_is_refused)
{
    static struct ov_proof proof;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf out;

    ov_buf_init(&out, OV_PROOF_BYTES_MAX);
    ov_buf_put_text(&out, "c2sp.org/tlog-proof@v1\nindex 0\n");
    for (unsigned i = 0; i < 64; i++) {
        ov_buf_put_text(&out, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n");
    }
    CHECK(ov_proof_read(ov_buf_bytes(&out), &proof, &err) == OVERT_E_LIMIT);
    CHECK_STR(err.message, "more than 63 hashes in a proof");
    CHECK_UINT(err.line, 66);
    ov_buf_done(&out);
}

TEST(a_proof_over_128_kibibytes_is_refused)
{
    static uint8_t bytes[OV_PROOF_BYTES_MAX + 1];
    uint32_t line = 0;

    CHECK_STR(verdict(ov_bytes_of(bytes, sizeof(bytes)), ENTRY, &line),
            "a proof has at most 131072 bytes");
}

TEST(every_flipped_bit_of_a_good_proof_is_refused)
{
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v4.good.tlog-proof", &file);
    uint32_t line = 0;

    for (size_t i = 0; i < ov_bytes_len(file); i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            CHECK(strcmp(verdict(file, ENTRY, &line), "verified") != 0);
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    }
    CHECK_STR(verdict(file, ENTRY, &line), "verified");
}

TEST(every_beginning_of_a_good_proof_is_refused)
{
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v4.good.tlog-proof", &file);
    uint32_t line = 0;

    for (size_t len = 0; len < ov_bytes_len(file); len++) {
        auto_free uint8_t *cut = malloc(len == 0 ? 1 : len); /* exactly sized: no slack to read */

        CHECK(cut != NULL);
        memcpy(cut, bytes, len);
        CHECK(strcmp(verdict(ov_bytes_of(cut, len), ENTRY, &line), "verified") != 0);
    }
}

TEST(every_inserted_or_repeated_byte_is_refused)
{
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v4.good.tlog-proof", &file);
    const size_t len = (size_t)ov_bytes_len(file);
    auto_free uint8_t *longer = malloc(len + 1);
    uint32_t line = 0;

    CHECK(longer != NULL);
    for (size_t at = 0; at <= len; at++) {
        static const uint8_t tried[] = { '\n', ' ', 'A', '=' };

        for (size_t i = 0; i < sizeof(tried); i++) {
            memcpy(longer, bytes, at);
            longer[at] = tried[i];
            memcpy(longer + at + 1, bytes + at, len - at);
            CHECK(strcmp(verdict(ov_bytes_of(longer, len + 1), ENTRY, &line), "verified") != 0);
        }
    }
}

/* A whole small log, made and checked: every entry of it, under a quorum of all. */
TEST(every_entry_of_a_log_made_here_verifies)
{
    static const char *const names[] = { "w1.example/overt", "w3.example/overt" };
    const struct ov_signer log = signer_of("overt.example/log", OV_KEY_ED25519);
    auto_free struct ov_hash *leaves = leaves_of(9);
    struct ov_checkpoint c = { .origin = text_of("overt.example/log"), .size = 9 };
    struct ov_buf text;

    root_of(leaves, 9, &c.root);
    ov_buf_init(&text, 1024);
    ov_checkpoint_put(&text, &c);
    for (uint64_t index = 0; index < 9; index++) {
        struct ov_proof proof = { .index = index, .extra = ov_bytes_of(NULL, 0) };
        struct ov_tree_path path;
        struct ov_buf out;
        uint32_t line = 0;
        char entry[64];

        ov_tree_prove_inclusion(sha, leaves, 9, index, &path);
        proof.path_count = path.count;
        memcpy(proof.path, path.hashes, sizeof(proof.path));
        ov_buf_init(&out, OV_PROOF_BYTES_MAX);
        ov_proof_put_head(&out, &proof);
        ov_note_put_text(&out, ov_buf_bytes(&text));
        CHECK(ov_sign_note(&out, ov_buf_bytes(&text), &log, 0, NULL) == OVERT_OK);
        for (size_t i = 0; i < 2; i++) {
            const struct ov_signer w = signer_of(names[i], OV_KEY_COSIGNATURE_V1);

            CHECK(ov_sign_note(&out, ov_buf_bytes(&text), &w, 100 + i, NULL) == OVERT_OK);
        }
        (void)snprintf(entry, sizeof(entry), "overt-leaf-%" PRIu64 "\n", index);
        CHECK_STR(verdict(ov_buf_bytes(&out), entry, &line), "verified");
        ov_buf_done(&out);
    }
    ov_buf_done(&text);
}

TESTS(T(the_good_proofs_of_the_vectors_verify),
        T(each_bad_proof_of_the_vectors_is_refused_for_its_reason),
        T(a_proof_for_another_index_is_refused), T(a_proof_one_hash_long_is_refused),
        T(swapped_hashes_are_refused), T(crlf_is_refused), T(the_same_witness_twice_is_one_witness),
        T(witness_signatures_of_the_wrong_type_do_not_count), T(another_entry_is_refused),
        T(what_is_wrong_in_a_proof_is_said_with_its_line),
        T(sixty_three_hashes_are_read_and_one_more_is_refused),
        T(a_proof_over_128_kibibytes_is_refused), T(every_flipped_bit_of_a_good_proof_is_refused),
        T(every_beginning_of_a_good_proof_is_refused),
        T(every_inserted_or_repeated_byte_is_refused), T(every_entry_of_a_log_made_here_verifies));
