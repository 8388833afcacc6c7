/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/cosignature.h"
#include "trust/note.h"

#define LOG "overt.example/log"
#define W1  "w1.example/overt"

/* A signature line that is well-formed and means nothing. */
#define LINE "\xe2\x80\x94 n AAAAAAA=\n"

static const char *refusal(const char *text, uint32_t *line)
{
    static overt_error err;
    static struct ov_note note;

    err = (overt_error)OVERT_ERROR_INIT;
    if (ov_note_read(text_of(text), &note, &err) == OVERT_OK) {
        return "accepted";
    }
    *line = err.line;
    return err.message;
}

TEST(the_vector_verifies_and_its_text_keeps_its_empty_line)
{
    const struct ov_signer log = signer_of(LOG, OV_KEY_ED25519);
    struct ov_note_check check;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v1.note", &file);
    static const char want[] = "overt signed note vector 1\n\nan empty line above is legal\n";
    struct ov_note note;

    CHECK(ov_note_read(file, &note, &err) == OVERT_OK);
    CHECK(ov_bytes_equal(note.text, want, sizeof(want) - 1));
    CHECK_UINT(note.signature_count, 1);
    CHECK(ov_note_check_key(&note, &log.key, &check, &err) == OVERT_OK);
    CHECK(check.is_signed);
    CHECK_UINT(check.time, 0);
}

TEST(what_overt_signs_is_the_vector_byte_for_byte)
{
    const struct ov_signer log = signer_of(LOG, OV_KEY_ED25519);
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v1.note", &file);
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(file, &note, NULL) == OVERT_OK);
    ov_buf_init(&out, OV_NOTE_BYTES_MAX);
    ov_note_put_text(&out, note.text);
    CHECK(ov_sign_note(&out, note.text, &log, 0, NULL) == OVERT_OK);
    CHECK(ov_bytes_equal(
            file, ov_bytes_raw(ov_buf_bytes(&out)), (size_t)ov_bytes_len(ov_buf_bytes(&out))));
    ov_buf_done(&out);
}

/* v3: the log and three witnesses, with the times they were given. */
TEST(cosignatures_verify_with_their_times_and_come_out)
{
    static const char *const names[] = { W1, "w2.example/overt", "w3.example/overt" };
    const struct ov_signer log = signer_of(LOG, OV_KEY_ED25519);
    struct ov_note_check check;
    struct ov_bytes file;
    kept uint8_t *bytes = vector_file("v3.cosigned", &file);
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(file, &note, NULL) == OVERT_OK);
    CHECK(ov_note_check_key(&note, &log.key, &check, NULL) == OVERT_OK && check.is_signed);
    ov_buf_init(&out, OV_NOTE_BYTES_MAX);
    ov_note_put_text(&out, note.text);
    CHECK(ov_sign_note(&out, note.text, &log, 0, NULL) == OVERT_OK);
    for (unsigned i = 0; i < 3; i++) {
        const struct ov_signer w = signer_of(names[i], OV_KEY_COSIGNATURE_V1);
        const uint64_t time = 1767225610 + 10 * i;

        CHECK(ov_note_check_key(&note, &w.key, &check, NULL) == OVERT_OK && check.is_signed);
        CHECK_UINT(check.time, time);
        CHECK(ov_sign_note(&out, note.text, &w, time, NULL) == OVERT_OK);
    }
    CHECK(ov_bytes_equal(
            file, ov_bytes_raw(ov_buf_bytes(&out)), (size_t)ov_bytes_len(ov_buf_bytes(&out))));
    ov_buf_done(&out);
}

/* The whole text is signed, not its first three lines: trap 4. */
TEST(what_a_witness_signs_is_the_vector)
{
    struct ov_bytes file, want;
    kept uint8_t *note_bytes = vector_file("v3.cosigned", &file);
    kept uint8_t *want_bytes = vector_file("v3.cosig-message.w1", &want);
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(file, &note, NULL) == OVERT_OK);
    ov_buf_init(&out, OV_NOTE_BYTES_MAX);
    ov_cosignature_put_message(&out, 1767225610, note.text);
    CHECK(ov_bytes_equal(
            want, ov_bytes_raw(ov_buf_bytes(&out)), (size_t)ov_bytes_len(ov_buf_bytes(&out))));
    ov_buf_done(&out);
}

static const struct {
    const char *text;
    uint32_t line;
    const char *why;
} bad_notes[] = {
    { "", 0, "no empty line between a note's text and its signatures" },
    { "a\n", 0, "no empty line between a note's text and its signatures" },
    { "a\n" LINE, 0, "no empty line between a note's text and its signatures" },
    { "a\n\n", 2, "no signature line behind the last empty line" },
    { "a\n\n" LINE "\n", 4, "no signature line behind the last empty line" },
    { "a\n\n\xe2\x80\x94 n AAAAAAA=", 3, "the last line does not end in LF" },
    { "a\n\n" LINE "x", 4, "the last line does not end in LF" },
    { "a\n\n-- n AAAAAAA=\n", 3, "a signature line begins with an em dash (U+2014) and one space" },
    { "a\n\n\xe2\x80\x94n AAAAAAA=\n", 3,
            "a signature line begins with an em dash (U+2014) and one space" },
    { "a\n\n\xe2\x80\x93 n AAAAAAA=\n", 3,
            "a signature line begins with an em dash (U+2014) and one space" },
    { "a\n\n\xe2\x80\x94  n AAAAAAA=\n", 3,
            "a signer's name is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "a\n\n\xe2\x80\x94 n  AAAAAAA=\n", 3,
            "in the signature: base64 whose length is no multiple of four" },
    { "a\n\n\xe2\x80\x94 n   AAAAAAA\n", 3,
            "in the signature: base64 whose length is no multiple of four" },
    { "a\n\n\xe2\x80\x94 n AAAAAAA= \n", 3,
            "in the signature: base64 whose length is no multiple of four" },
    { "a\n\n\xe2\x80\x94 n\n", 3, "a signature line is a name, one space, base64" },
    { "a\n\n\xe2\x80\x94 n+m AAAAAAA=\n", 3,
            "a signer's name is 1 to 255 characters of [0-9A-Za-z._/-]" },
    { "a\n\n\xe2\x80\x94 AAAAAAA=\n", 3, "a signature line is a name, one space, base64" },
    { "a\n\n\xe2\x80\x94 n AAAAAA==\n", 3, "a signature is a key id and at least one byte" },
    { "a\n\n\xe2\x80\x94 n \n", 3, "a signature is a key id and at least one byte" },
    { "a\n\n\xe2\x80\x94 n AAAAAAB=\n", 3,
            "in the signature: base64 with bits set behind its last byte" },
    { "a\r\n\n" LINE, 1, "control character 0x0d: lines end in LF, and hold no other" },
    { "a\n\tb\n\n" LINE, 2, "control character 0x09: lines end in LF, and hold no other" },
    { "a\n\xff\n\n" LINE, 2, "not UTF-8" },
    { "a\n\n" LINE "\xe2\x80", 4, "not UTF-8" },
};

TEST(a_note_in_any_other_shape_is_refused_with_its_line)
{
    uint32_t line = 0;

    CHECK_STR(refusal("a\n\n" LINE, &line), "accepted");
    CHECK_STR(refusal("\n\n" LINE, &line), "accepted"); /* an empty line is a text */
    for (size_t i = 0; i < sizeof(bad_notes) / sizeof(bad_notes[0]); i++) {
        CHECK_STR(refusal(bad_notes[i].text, &line), bad_notes[i].why);
        CHECK_UINT(line, bad_notes[i].line);
    }
}

TEST(a_nul_is_a_control_character)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_note note;

    CHECK(ov_note_read(ov_bytes_of("a\0\n\n" LINE, sizeof("a\0\n\n" LINE) - 1), &note, &err)
            == OVERT_E_SYNTAX);
    CHECK_STR(err.message, "control character 0x00: lines end in LF, and hold no other");
}

TEST(the_text_ends_at_the_last_empty_line)
{
    struct ov_note note;

    CHECK(ov_note_read(text_of("a\n\n" LINE "\n" LINE), &note, NULL) == OVERT_OK);
    CHECK(ov_bytes_equal(note.text, "a\n\n" LINE, sizeof("a\n\n" LINE) - 1));
    CHECK_UINT(note.signature_count, 1);
    CHECK_UINT(note.signatures[0].line, 5);
    CHECK(ov_note_read(text_of("a\n\n\n" LINE), &note, NULL) == OVERT_OK);
    CHECK(ov_bytes_equal(note.text, "a\n\n", 3));
}

TEST(sixty_four_lines_are_read_and_one_more_is_refused)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_note note;
    struct ov_buf text;

    ov_buf_init(&text, OV_NOTE_BYTES_MAX);
    ov_buf_put_text(&text, "a\n\n");
    for (unsigned i = 0; i < OV_NOTE_SIGNATURES_MAX; i++) {
        ov_buf_put_text(&text, LINE);
    }
    CHECK(ov_note_read(ov_buf_bytes(&text), &note, &err) == OVERT_OK);
    CHECK_UINT(note.signature_count, OV_NOTE_SIGNATURES_MAX);
    ov_buf_put_text(&text, LINE);
    CHECK(ov_note_read(ov_buf_bytes(&text), &note, &err) == OVERT_E_LIMIT);
    CHECK_STR(err.message, "more than 64 signature lines");
    CHECK_UINT(err.line, 67);
    ov_buf_done(&text);
}

TEST(sixty_four_kibibytes_are_read_and_one_more_byte_is_refused)
{
    static char bytes[OV_NOTE_BYTES_MAX + 1];
    overt_error err = OVERT_ERROR_INIT;
    struct ov_note note;

    memset(bytes, 'a', sizeof(bytes));
    memcpy(bytes + OV_NOTE_BYTES_MAX - sizeof("\n\n" LINE) + 1, "\n\n" LINE,
            sizeof("\n\n" LINE) - 1);
    CHECK(ov_note_read(ov_bytes_of(bytes, OV_NOTE_BYTES_MAX), &note, &err) == OVERT_OK);
    CHECK(ov_note_read(ov_bytes_of(bytes, OV_NOTE_BYTES_MAX + 1), &note, &err) == OVERT_E_LIMIT);
    CHECK_STR(err.message, "a note has at most 65536 bytes");
}

/* A note by `count` of these signers, each at its time. */
static struct ov_bytes note_by(struct ov_buf *out, const struct ov_signer *const *signers,
        const uint64_t *times, size_t count)
{
    static const char text[] = LOG "\n1\nNsvGB6PJ3tsacRpTmDa1OG49ifP8tjWxyJSWC0Z0hRE=\n";

    ov_buf_init(out, OV_NOTE_BYTES_MAX);
    ov_note_put_text(out, text_of(text));
    for (size_t i = 0; i < count; i++) {
        if (ov_sign_note(out, text_of(text), signers[i], times[i], NULL) != OVERT_OK) {
            abort();
        }
    }
    return ov_buf_bytes(out);
}

TEST(a_line_of_an_unknown_key_is_ignored)
{
    const struct ov_signer log = signer_of(LOG, OV_KEY_ED25519);
    const struct ov_signer other = signer_of("other", OV_KEY_ED25519);
    const struct ov_signer *const signers[] = { &other };
    const uint64_t times[] = { 0 };
    struct ov_note_check check = { .is_signed = true };
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(note_by(&out, signers, times, 1), &note, NULL) == OVERT_OK);
    CHECK(ov_note_check_key(&note, &log.key, &check, NULL) == OVERT_OK);
    CHECK(!check.is_signed);
    ov_buf_done(&out);
}

/* Trap 6: the witness's key, name and text, but signed as algorithm 0x01. */
TEST(a_witness_key_as_a_log_key_is_another_key)
{
    const struct ov_signer w1 = signer_of(W1, OV_KEY_COSIGNATURE_V1);
    const struct ov_signer as_log = signer_of(W1, OV_KEY_ED25519);
    const struct ov_signer *const signers[] = { &as_log };
    const uint64_t times[] = { 0 };
    struct ov_note_check check = { .is_signed = true };
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(note_by(&out, signers, times, 1), &note, NULL) == OVERT_OK);
    CHECK(ov_note_check_key(&note, &w1.key, &check, NULL) == OVERT_OK);
    CHECK(!check.is_signed);
    CHECK(ov_note_check_key(&note, &as_log.key, &check, NULL) == OVERT_OK && check.is_signed);
    ov_buf_done(&out);
}

/* Trap 7, and what follows from it: repeating a cosignature never makes it younger. */
TEST(a_key_that_signs_twice_counts_once_with_its_earliest_time)
{
    const struct ov_signer w1 = signer_of(W1, OV_KEY_COSIGNATURE_V1);
    const struct ov_signer *const signers[] = { &w1, &w1, &w1 };
    const uint64_t times[] = { 500, 300, 400 };
    struct ov_note_check check;
    struct ov_note note;
    struct ov_buf out;

    CHECK(ov_note_read(note_by(&out, signers, times, 3), &note, NULL) == OVERT_OK);
    CHECK(ov_note_check_key(&note, &w1.key, &check, NULL) == OVERT_OK);
    CHECK(check.is_signed);
    CHECK_UINT(check.time, 300);
    ov_buf_done(&out);
}

/* Trap 8, and its cousin: a right line before it does not save a wrong one. */
TEST(one_wrong_line_of_a_known_key_spoils_the_note)
{
    const struct ov_signer w1 = signer_of(W1, OV_KEY_COSIGNATURE_V1);
    const struct ov_signer *const signers[] = { &w1, &w1 };
    const uint64_t times[] = { 500, 300 };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_note_check check;
    struct ov_note note;
    struct ov_buf out, changed;
    uint8_t field[72], id_and_field[76];
    size_t len;

    CHECK(ov_note_read(note_by(&out, signers, times, 2), &note, NULL) == OVERT_OK);
    CHECK(ov_base64_decode(note.signatures[1].encoded, id_and_field, sizeof(id_and_field), &len)
            == NULL);
    memcpy(field, id_and_field + 4, sizeof(field));
    field[7] ^= 1; /* one second */
    ov_buf_init(&changed, OV_NOTE_BYTES_MAX);
    ov_note_put_text(&changed, note.text);
    CHECK(ov_sign_note(&changed, note.text, &w1, 500, NULL) == OVERT_OK);
    ov_note_put_signature(&changed, w1.key.name, w1.key.id, ov_bytes_of(field, sizeof(field)));
    CHECK(ov_note_read(ov_buf_bytes(&changed), &note, NULL) == OVERT_OK);
    CHECK(ov_note_check_key(&note, &w1.key, &check, &err) == OVERT_E_CORRUPT);
    CHECK_STR(err.message, "the signature of w1.example/overt (636fa43c) is wrong");
    CHECK_UINT(err.line, 6);
    ov_buf_done(&changed);
    ov_buf_done(&out);
}

TEST(a_field_of_another_length_is_wrong)
{
    static const size_t lengths[] = { 1, 63, 64, 71, 73, 2428 };
    static const uint8_t zeros[2428];
    const struct ov_signer w1 = signer_of(W1, OV_KEY_COSIGNATURE_V1);

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct ov_note_check check;
        struct ov_note note;
        struct ov_buf out;

        ov_buf_init(&out, OV_NOTE_BYTES_MAX);
        ov_note_put_text(&out, text_of("a\n"));
        ov_note_put_signature(&out, w1.key.name, w1.key.id, ov_bytes_of(zeros, lengths[i]));
        CHECK(ov_note_read(ov_buf_bytes(&out), &note, NULL) == OVERT_OK);
        CHECK(ov_note_check_key(&note, &w1.key, &check, NULL) == OVERT_E_CORRUPT);
        ov_buf_done(&out);
    }
}

TEST(a_time_of_two_to_the_63_is_none)
{
    struct ov_bytes signature;
    uint8_t field[72] = { 0x80 };
    uint64_t time = 0;

    CHECK_STR(ov_cosignature_read(ov_bytes_of(field, 72), &time, &signature),
            "a cosignature's time is below 2^63");
    CHECK_STR(ov_cosignature_read(ov_bytes_of(field, 7), &time, &signature),
            "a cosignature without its time");
    memset(field, 0xff, 8);
    field[0] = 0x7f;
    CHECK(ov_cosignature_read(ov_bytes_of(field, 72), &time, &signature) == NULL);
    CHECK_UINT(time, INT64_MAX);
    CHECK_UINT(ov_bytes_len(signature), 64);
}

TEST(nothing_is_signed_that_could_not_be_read)
{
    const struct ov_signer log = signer_of(LOG, OV_KEY_ED25519);
    const struct ov_signer w1 = signer_of(W1, OV_KEY_COSIGNATURE_V1);
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf out;

    ov_buf_init(&out, OV_NOTE_BYTES_MAX);
    CHECK(ov_sign_note(&out, text_of(""), &log, 0, &err) == OVERT_E_ARGUMENT);
    CHECK(ov_sign_note(&out, text_of("a"), &log, 0, &err) == OVERT_E_ARGUMENT);
    CHECK(ov_sign_note(&out, text_of("a\r\n"), &log, 0, &err) == OVERT_E_ARGUMENT);
    CHECK(ov_sign_note(&out, text_of("\xff\n"), &log, 0, &err) == OVERT_E_ARGUMENT);
    CHECK(ov_sign_note(&out, text_of("a\n"), &w1, UINT64_MAX, &err) == OVERT_E_ARGUMENT);
    CHECK_UINT(ov_bytes_len(ov_buf_bytes(&out)), 0);
    ov_buf_done(&out);
}

TESTS(T(the_vector_verifies_and_its_text_keeps_its_empty_line),
        T(what_overt_signs_is_the_vector_byte_for_byte),
        T(cosignatures_verify_with_their_times_and_come_out), T(what_a_witness_signs_is_the_vector),
        T(a_note_in_any_other_shape_is_refused_with_its_line), T(a_nul_is_a_control_character),
        T(the_text_ends_at_the_last_empty_line),
        T(sixty_four_lines_are_read_and_one_more_is_refused),
        T(sixty_four_kibibytes_are_read_and_one_more_byte_is_refused),
        T(a_line_of_an_unknown_key_is_ignored), T(a_witness_key_as_a_log_key_is_another_key),
        T(a_key_that_signs_twice_counts_once_with_its_earliest_time),
        T(one_wrong_line_of_a_known_key_spoils_the_note), T(a_field_of_another_length_is_wrong),
        T(a_time_of_two_to_the_63_is_none), T(nothing_is_signed_that_could_not_be_read));
