/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/checkpoint.h"
#include "trust/line.h"

#define ROOT "Zod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lA=\n"

TEST(a_checkpoint_of_the_vectors_reads_and_writes_the_same)
{
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v3.checkpoint", &file);
    struct ov_checkpoint c;
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(file, &note, NULL) == OVERT_OK);
    CHECK(ov_checkpoint_read(note.text, &c, NULL) == OVERT_OK);
    CHECK(ov_bytes_equal(c.origin, "overt.example/log", 17));
    CHECK_UINT(c.size, 70000);
    ov_buf_init(&out, 1024);
    ov_checkpoint_put(&out, &c);
    CHECK(ov_bytes_equal(
            note.text, ov_bytes_raw(ov_buf_bytes(&out)), (size_t)ov_bytes_len(ov_buf_bytes(&out))));
    ov_buf_done(&out);
}

/* Traps 2 and 5, and extension lines. */
static const struct {
    const char *text;
    uint32_t line;
    const char *why;
} cases[] = {
    { "o\n70000\n" ROOT, 0, NULL },
    { "o\n9223372036854775807\n" ROOT, 0, NULL },
    { "o\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", 0, NULL },
    { "o\n0\n" ROOT, 3, "this is not the root of an empty tree" },
    { "o\n0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n", 3,
            "this is not the root of an empty tree" },
    { "o\n1e3\n" ROOT, 2, "in the tree's size: a number is written in digits alone" },
    { "o\n+5\n" ROOT, 2, "in the tree's size: a number is written in digits alone" },
    { "o\n-5\n" ROOT, 2, "in the tree's size: a number is written in digits alone" },
    { "o\n 5\n" ROOT, 2, "in the tree's size: a number is written in digits alone" },
    { "o\n5 \n" ROOT, 2, "in the tree's size: a number is written in digits alone" },
    { "o\n0x5\n" ROOT, 2, "in the tree's size: a number is written in digits alone" },
    { "o\n007\n" ROOT, 2, "in the tree's size: a number has no leading zero" },
    { "o\n00\n" ROOT, 2, "in the tree's size: a number has no leading zero" },
    { "o\n9223372036854775808\n" ROOT, 2, "in the tree's size: a number is below 2^63" },
    { "o\n18446744073709551616\n" ROOT, 2, "in the tree's size: a number is below 2^63" },
    { "o\n99999999999999999999999\n" ROOT, 2, "in the tree's size: a number is below 2^63" },
    { "o\n\n" ROOT, 2, "in the tree's size: a number is missing" },
    { "", 0, "a checkpoint without an origin" },
    { "\n5\n" ROOT, 1, "a log's origin is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "an origin\n5\n" ROOT, 1, "a log's origin is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "o\n", 1, "a checkpoint without a size" },
    { "o\n5\n", 2, "a checkpoint without a root" },
    { "o\n5\nZod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lA=", 2, "a checkpoint without a root" },
    { "o\n5\nZod31sMXdYviuN26JySta60xgfkrnf3HJxxkrqCi6lB=\n", 3,
            "in the root: base64 with bits set behind its last byte" },
    { "o\n5\nZod3\n", 3, "in the root: a hash is 44 characters of base64" },
    { "o\n5\n" ROOT "extension\n", 4, "a checkpoint with an extension line" },
    { "o\n5\n" ROOT "\n", 4, "a checkpoint with an extension line" },
    { "o\n5\n" ROOT "x", 4, "a checkpoint with an extension line" },
};

TEST(a_checkpoint_is_three_lines_in_one_spelling)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;
        struct ov_checkpoint c;
        const overt_status status = ov_checkpoint_read(text_of(cases[i].text), &c, &err);

        CHECK((status == OVERT_OK) == (cases[i].why == NULL));
        if (cases[i].why != NULL) {
            CHECK_STR(err.message, cases[i].why);
            CHECK_UINT(err.line, cases[i].line);
        }
    }
}

/* What a witness is asked (v6), with the state it has by then: the same calls it would make. */
static const struct {
    const char *file;
    uint64_t last; /* size cosigned before */
    const char *why;
} requests[] = {
    { "v6/01-first-7.req", 0, "good" },
    { "v6/02-same-again.req", 7, "good" },
    { "v6/04-old-gt-size.req", 7, "old is larger than size" },
    { "v6/06-unknown-origin.req", 7, "unknown origin" },
    { "v6/08-broken-log-sig.req", 7, "the signature of overt.example/log (a45cec38) is wrong" },
    { "v6/10-grow-257.req", 7, "good" },
    { "v6/11-rollback.req", 257, "old is not the last size" },
    { "v6/13-grow-70000.req", 257, "good" },
};

/* "old N", hashes, an empty line, a note. */
static const char *answer(struct ov_bytes request, uint64_t last, overt_error *err)
{
    const struct ov_signer log = signer_of("overt.example/log", OV_KEY_ED25519);
    auto_free struct ov_hash *leaves = leaves_of(70000);
    struct ov_lines lines = ov_lines_on(request);
    struct ov_hash path[OV_TREE_HEIGHT_MAX], last_root;
    struct ov_note_check check;
    struct ov_checkpoint c;
    struct ov_bytes line, number;
    struct ov_note note;
    uint64_t old_size = 0;
    uint32_t count = 0;

    if (!ov_lines_next(&lines, &line) || !ov_text_after(line, "old ", &number)
            || ov_decimal_read(number, &old_size) != NULL) {
        return "malformed";
    }
    while (ov_lines_next(&lines, &line) && ov_bytes_len(line) > 0) {
        if (count == OV_TREE_HEIGHT_MAX || ov_hash_read(line, &path[count++]) != NULL) {
            return "malformed";
        }
    }
    if (ov_note_read(ov_lines_rest(&lines), &note, err) != OVERT_OK
            || ov_checkpoint_read(note.text, &c, err) != OVERT_OK) {
        return err->message;
    }
    if (!ov_bytes_equal(c.origin, "overt.example/log", 17)) {
        return "unknown origin";
    }
    if (ov_note_check_key(&note, &log.key, &check, err) != OVERT_OK) {
        return err->message;
    }
    if (!check.is_signed) {
        return "unknown key";
    }
    if (old_size > c.size) {
        return "old is larger than size";
    }
    if (old_size != last) {
        return "old is not the last size";
    }
    root_of(leaves, (size_t)last, &last_root);
    return ov_tree_check_consistency(sha, old_size, &last_root, c.size, &c.root, path, count, err)
                           == OVERT_OK
                   ? "good"
                   : err->message;
}

TEST(a_witness_would_answer_the_vectors_as_it_should)
{
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;
        struct ov_bytes file;
        kept uint8_t *bytes = vector_file(requests[i].file, &file);

        CHECK_STR(answer(file, requests[i].last, &err), requests[i].why);
    }
}

TESTS(T(a_checkpoint_of_the_vectors_reads_and_writes_the_same),
        T(a_checkpoint_is_three_lines_in_one_spelling),
        T(a_witness_would_answer_the_vectors_as_it_should));
