/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/note.h"

#include <string.h>

#include "base/base64.h"
#include "base/checked.h"
#include "trust/line.h"

#define SIGNATURE_PREFIX "\xe2\x80\x94 " /* U+2014 and a space */

/* Where the text ends: behind the first of the last two LFs that stand together. */
static bool find_end_of_text(struct ov_bytes in, uint64_t *end)
{
    const uint8_t *bytes = ov_bytes_raw(in);

    for (uint64_t i = ov_bytes_len(in); i >= 2; i--) {
        if (bytes[i - 1] == '\n' && bytes[i - 2] == '\n') {
            *end = i - 1;
            return true;
        }
    }
    return false;
}

static overt_status read_signature(const struct ov_lines *lines, struct ov_bytes line,
        struct ov_note_signature *out, overt_error *err)
{
    struct ov_note_signature s = { .line = lines->line };
    uint8_t head[6]; /* the id, from the first eight characters */
    struct ov_bytes rest;
    const char *why;
    size_t len = 0, head_len = 0;

    if (!ov_text_after(line, SIGNATURE_PREFIX, &rest)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines,
                "a signature line begins with an em dash (U+2014) and one space");
    }
    if (!ov_text_split(rest, ' ', &s.name, &s.encoded)) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, lines, "a signature line is a name, one space, base64");
    }
    if (!ov_key_name_is_good(s.name)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines,
                "a signer's name is 1 to %u characters of [0-9A-Za-z._/-]", OV_KEY_NAME_BYTES_MAX);
    }
    why = ov_base64_decode(s.encoded, NULL, 0, &len);
    if (why != NULL) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines, "in the signature: %s", why);
    }
    if (len <= OV_KEY_ID_BYTES) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, lines, "a signature is a key id and at least one byte");
    }
    why = ov_base64_decode(ov_text_cut(s.encoded, 0, 8), head, sizeof(head), &head_len);
    OV_ASSERT(why == NULL && head_len > OV_KEY_ID_BYTES);
    memcpy(s.id, head, sizeof(s.id));
    s.bytes = (uint32_t)(len - OV_KEY_ID_BYTES);
    *out = s;
    return OVERT_OK;
}

/* The lines behind the empty one. */
static overt_status read_signatures(struct ov_lines *lines, struct ov_note *note, overt_error *err)
{
    struct ov_bytes line;

    while (ov_lines_next(lines, &line)) {
        overt_status status;

        if (note->signature_count == OV_NOTE_SIGNATURES_MAX) {
            return ov_line_fail(err, OVERT_E_LIMIT, lines, "more than %u signature lines",
                    OV_NOTE_SIGNATURES_MAX);
        }
        status = read_signature(lines, line, &note->signatures[note->signature_count], err);
        if (status != OVERT_OK) {
            return status;
        }
        note->signature_count++;
    }
    if (ov_bytes_len(ov_lines_rest(lines)) != 0) {
        lines->at = lines->next;
        lines->line++;
        return ov_line_fail(err, OVERT_E_SYNTAX, lines, "the last line does not end in LF");
    }
    if (note->signature_count == 0) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, lines, "no signature line behind the last empty line");
    }
    return OVERT_OK;
}

overt_status ov_note_read(struct ov_bytes in, struct ov_note *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(in);
    overt_status status;
    struct ov_bytes line;
    uint64_t end = 0;

    if (ov_bytes_len(in) > OV_NOTE_BYTES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, OV_NOTE_BYTES_MAX, "a note has at most %u bytes",
                OV_NOTE_BYTES_MAX);
    }
    status = ov_text_check_plain(in, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (!find_end_of_text(in, &end)) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "no empty line between a note's text and its signatures");
    }
    *out = (struct ov_note){ .text = ov_text_cut(in, 0, end) };
    while (lines.next <= end && ov_lines_next(&lines, &line)) {
    }
    return read_signatures(&lines, out, err);
}

/* One line of a key we know. */
static overt_status check_line(const struct ov_note *note, const struct ov_note_signature *s,
        const struct ov_key *key, uint64_t *time, overt_error *err)
{
    uint8_t bytes[OV_KEY_ID_BYTES + OV_KEY_SIGNATURE_BYTES_MAX];
    struct ov_bytes signature = ov_bytes_of(NULL, 0);
    size_t len = 0;

    if (s->bytes <= OV_KEY_SIGNATURE_BYTES_MAX) {
        const char *why = ov_base64_decode(s->encoded, bytes, sizeof(bytes), &len);

        OV_ASSERT(why == NULL && len == OV_KEY_ID_BYTES + s->bytes);
        signature = ov_bytes_of(&bytes[OV_KEY_ID_BYTES], s->bytes);
    } /* a longer one is none of this key's: checked, and refused, as an empty one */
    return ov_key_check(key, note->text, signature, time, err);
}

overt_status ov_note_check_key(const struct ov_note *note, const struct ov_key *key,
        struct ov_note_check *out, overt_error *err)
{
    struct ov_note_check check = { 0 };

    for (uint32_t i = 0; i < note->signature_count; i++) {
        const struct ov_note_signature *s = &note->signatures[i];
        uint64_t time = 0;
        overt_status status;

        if (memcmp(s->id, key->id, sizeof(s->id)) != 0
                || !ov_bytes_equal(
                        s->name, ov_bytes_raw(key->name), (size_t)ov_bytes_len(key->name))) {
            continue;
        }
        status = check_line(note, s, key, &time, err);
        if (status != OVERT_OK) {
            if (err != NULL) {
                err->line = s->line;
            }
            return status;
        }
        check.time = !check.is_signed || time < check.time ? time : check.time;
        check.is_signed = true;
    }
    *out = check;
    return OVERT_OK;
}

void ov_note_put_text(struct ov_buf *out, struct ov_bytes text)
{
    ov_buf_put(out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    ov_buf_put_u8(out, '\n');
}

void ov_note_put_signature(struct ov_buf *out, struct ov_bytes name,
        const uint8_t id[OV_KEY_ID_BYTES], struct ov_bytes signature)
{
    struct ov_buf bytes;

    ov_buf_init(&bytes, OV_NOTE_BYTES_MAX);
    ov_buf_put(&bytes, id, OV_KEY_ID_BYTES);
    ov_buf_put(&bytes, ov_bytes_raw(signature), (size_t)ov_bytes_len(signature));
    ov_buf_put_text(out, SIGNATURE_PREFIX);
    ov_buf_put(out, ov_bytes_raw(name), (size_t)ov_bytes_len(name));
    ov_buf_put_u8(out, ' ');
    if (ov_buf_ok(&bytes)) {
        ov_base64_put(out, ov_buf_bytes(&bytes));
        ov_buf_put_u8(out, '\n');
    } else {
        (void)!ov_buf_extend(out, SIZE_MAX); /* no memory: the whole output has failed */
    }
    ov_buf_done(&bytes);
}
