/* SPDX-License-Identifier: Apache-2.0 */
/* pdf.c - what is inside a PDF: every stream, unfiltered, and the JavaScript in its strings, those of
 * object streams too. The cross-reference table is not asked: readers rebuild it from the objects
 * when it is wrong, and attackers leave objects out of it. One scan from front to back. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/pdf_crypt.h"
#include "formats/pdf_filter.h"
#include "formats/pdf_words.h"
#include "formats/peek.h"

#define FILTERS_MAX 8u
/* A stream's dictionary is looked for this far in front of it. */
#define DICTIONARY_BYTES_MAX (64u * OV_KIB)
/* Filters that stand in another object: so many are looked up. */
#define LOOKUPS_MAX  256u
#define LOOKUP_BYTES 4096u
/* A trailer names the encryption and the document's id this close together. */
#define TRAILER_BYTES 8192u

struct pdf {
    uint64_t at;
    uint32_t count; /* of streams */
    uint32_t lookups;
    bool told_encrypted;
    bool encrypted; /* with a key that is known */
    struct ov_pdf_key key;
    struct ov_buf plain;    /* a stream, decrypted */
    struct ov_bytes script; /* text that may hold scripts: of the file, or unpacked */
    uint64_t script_at;
    bool script_due;
    struct ov_buf dictionary; /* without #xx */
    struct ov_buf made[2];    /* one filter's output is the next one's input */
    struct ov_buf objects;    /* an object stream, while its scripts are looked for */
    struct ov_buf text;
    char name[32];
};

static bool pdf_begin(struct ov_parser *p)
{
    struct pdf *d = p->state;

    ov_buf_init(&d->dictionary, DICTIONARY_BYTES_MAX);
    ov_buf_init(&d->made[0], OV_MADE_BYTES_MAX);
    ov_buf_init(&d->made[1], OV_MADE_BYTES_MAX);
    ov_buf_init(&d->objects, OV_MADE_BYTES_MAX);
    ov_buf_init(&d->text, OV_MADE_BYTES_MAX);
    ov_buf_init(&d->plain, OV_MADE_BYTES_MAX);
    return true;
}

static void pdf_end(struct ov_parser *p)
{
    struct pdf *d = p->state;

    ov_buf_done(&d->dictionary);
    ov_buf_done(&d->made[0]);
    ov_buf_done(&d->made[1]);
    ov_buf_done(&d->objects);
    ov_buf_done(&d->text);
    ov_buf_done(&d->plain);
}

static uint32_t parameter(struct ov_bytes dictionary, const char *key, uint32_t otherwise)
{
    const uint64_t at = ov_pdf_value_of(dictionary, 0, key);
    uint64_t v;

    return at != UINT64_MAX && ov_pdf_number_at(dictionary, at, &v) && v <= 1u << 20 ? (uint32_t)v
                                                                                     : otherwise;
}

/* Names may be written with #xx for any letter (7.3.5). */
static void take_dictionary(struct pdf *d, struct ov_bytes raw)
{
    const uint8_t *p = ov_bytes_raw(raw);
    const uint64_t len = ov_bytes_len(raw);

    ov_buf_clear(&d->dictionary);
    for (uint64_t i = 0; i < len; i++) {
        if (p[i] == '#' && len - i > 2 && ov_hex_digit(p[i + 1]) >= 0
                && ov_hex_digit(p[i + 2]) >= 0) {
            ov_buf_put_u8(&d->dictionary,
                    (uint8_t)(ov_hex_digit(p[i + 1]) << 4 | ov_hex_digit(p[i + 2])));
            i += 2;
        } else {
            ov_buf_put_u8(&d->dictionary, p[i]);
        }
    }
}

/* --- encryption
 * -----------------------------------------------------------------------------
 */

/* The content of object `number`, somewhere in the file; empty: not found. */
static struct ov_bytes look_up(struct ov_parser *p, uint64_t number)
{
    struct pdf *d = p->state;
    char mark[32];
    uint64_t at = 0;

    (void)snprintf(mark, sizeof(mark), "%llu 0 obj", (unsigned long long)number);
    while (d->lookups++ < LOOKUPS_MAX
            && (at = ov_bytes_find(p->all, at, mark, strlen(mark))) != UINT64_MAX) {
        if (at == 0 || ov_pdf_is_blank(ov_u8_at(p->all, at - 1, 'x'))) {
            return ov_bytes_between(p->all, at + strlen(mark), at + strlen(mark) + LOOKUP_BYTES);
        }
        at++;
    }
    return ov_bytes_of(NULL, 0);
}

/* What the trailer says of it, wherever that is. True: there is encryption. */
static bool find_key(struct ov_parser *p)
{
    struct pdf *d = p->state;
    const uint64_t at = ov_pdf_value_of(p->all, 0, "/Encrypt");
    const uint64_t from = at != UINT64_MAX && at > TRAILER_BYTES ? at - TRAILER_BYTES : 0;
    struct ov_bytes dictionary, trailer;
    struct ov_buf id;
    uint64_t number, next = 0;

    if (at == UINT64_MAX) {
        return false;
    }
    dictionary = ov_pdf_number_at(p->all, at, &number)
                         ? look_up(p, number)
                         : ov_bytes_between(p->all, at, at + LOOKUP_BYTES);
    trailer = ov_bytes_between(p->all, from, at + TRAILER_BYTES);
    ov_buf_init(&id, 256);
    while ((next = ov_pdf_value_of(trailer, next, "/ID")) != UINT64_MAX) {
        if (ov_u8_at(trailer, next, 0) == '[') {
            (void)ov_pdf_take_string(trailer, ov_pdf_skip_blanks(trailer, next + 1), &id);
            break;
        }
    }
    ov_pdf_key_find(dictionary, ov_buf_bytes(&id), &d->key);
    ov_buf_done(&id);
    return true;
}

/* "12 0 obj" ends at `end`: which object is it? False: that does not stand
 * there. */
static bool object_at(struct ov_bytes b, uint64_t end, uint32_t *number, uint32_t *generation)
{
    uint64_t at = end, v[2] = { 0 };

    for (unsigned i = 0; i < 2; i++) {
        uint64_t from;

        while (at > 0 && ov_pdf_is_blank(ov_u8_at(b, at - 1, 'x'))) {
            at--;
        }
        from = at;
        while (from > 0 && ov_u8_at(b, from - 1, 0) >= '0' && ov_u8_at(b, from - 1, 0) <= '9') {
            from--;
        }
        if (from == at || !ov_pdf_number_at(b, from, &v[i])) {
            return false;
        }
        at = from;
    }
    *generation = (uint32_t)v[0];
    *number = (uint32_t)v[1];
    return true;
}

/* --- scripts in strings --------------------------------------------------------------------- */

/* UTF-16 with its mark: what is ASCII in it. */
static void narrow(struct ov_buf *text)
{
    const struct ov_bytes b = ov_buf_bytes(text);
    struct ov_buf out;

    if (!ov_has(b, 0, "\xfe\xff", 2)) {
        return;
    }
    ov_buf_init(&out, OV_MADE_BYTES_MAX);
    for (uint64_t i = 2; i + 1 < ov_bytes_len(b); i += 2) {
        ov_buf_put_u8(&out, ov_u8_at(b, i, 0) == 0 ? ov_u8_at(b, i + 1, 0) : '?');
    }
    ov_buf_done(text);
    *text = out;
}

/* Strings are encrypted where they stand in the file itself, not in object
 * streams. */
static void decrypt_script(struct ov_parser *p, uint64_t at)
{
    struct pdf *d = p->state;
    const uint64_t from = at > DICTIONARY_BYTES_MAX ? at - DICTIONARY_BYTES_MAX : 0;
    const struct ov_bytes before = ov_bytes_between(p->all, from, at);
    uint64_t object = UINT64_MAX, next = 0;
    uint32_t number, generation;

    if (!d->encrypted || ov_bytes_raw(d->script) != ov_bytes_raw(p->all)) {
        return;
    }
    while ((next = ov_bytes_find(before, next, "obj", 3)) != UINT64_MAX) {
        object = next++;
    }
    ov_buf_clear(&d->plain);
    if (object == UINT64_MAX || !object_at(before, object, &number, &generation)
            || !ov_pdf_decrypt(&d->key, number, generation, ov_buf_bytes(&d->text), &d->plain)) {
        return;
    }
    ov_buf_clear(&d->text);
    ov_buf_put(&d->text, ov_bytes_raw(ov_buf_bytes(&d->plain)),
            (size_t)ov_bytes_len(ov_buf_bytes(&d->plain)));
}

/* The next script of the text at hand. False: there is none. */
static bool give_script(struct ov_parser *p)
{
    struct pdf *d = p->state;

    while (d->script_due) {
        const uint64_t at = ov_pdf_value_of(d->script, d->script_at, "/JS");
        const uint8_t first = ov_u8_at(d->script, at, 0);

        if (at == UINT64_MAX) {
            break;
        }
        ov_buf_clear(&d->text);
        if (first == '(') {
            d->script_at = ov_pdf_put_string(&d->text, d->script, at);
        } else if (first == '<' && ov_u8_at(d->script, at + 1, 0) != '<') {
            const uint64_t end = ov_bytes_find(d->script, at, ">", 1);

            ov_decode_hex(&d->text, ov_bytes_between(d->script, at, end));
            d->script_at = end == UINT64_MAX ? ov_bytes_len(d->script) : end;
        } else {
            d->script_at = at; /* in a stream, which is given anyway */
            continue;
        }
        decrypt_script(p, at);
        narrow(&d->text);
        (void)ov_lay_buf(p, ov_text_bytes("javascript"), &d->text);
        return true;
    }
    d->script_due = false;
    return false;
}

static void look_for_scripts(struct pdf *d, struct ov_bytes text)
{
    d->script = text;
    d->script_at = 0;
    d->script_due = true;
}

/* --- streams -------------------------------------------------------------------------------- */

/* The names of the filters, in the order in which they are undone. */
static uint32_t list_filters(struct ov_parser *p, enum ov_pdf_filter *filters)
{
    struct pdf *d = p->state;
    struct ov_bytes b = ov_buf_bytes(&d->dictionary);
    uint64_t at = ov_pdf_value_of(b, 0, "/Filter"), number;
    uint32_t count = 0;
    bool list;

    if (at == UINT64_MAX) {
        return 0;
    }
    if (ov_pdf_number_at(b, at, &number)) {
        b = look_up(p, number);
        at = ov_pdf_skip_space(b, 0);
        if (d->lookups > LOOKUPS_MAX) {
            ov_lay_trouble(p, OV_REASON_STEPS, "filters in more other objects than are looked up");
        }
    }
    list = ov_u8_at(b, at, 0) == '[';
    at += list ? 1 : 0;
    while (count < FILTERS_MAX) {
        uint64_t end;

        at = ov_pdf_skip_space(b, at);
        if (ov_u8_at(b, at, 0) != '/') {
            break;
        }
        end = at + 1;
        while (end < ov_bytes_len(b) && ov_pdf_is_regular(ov_u8_at(b, end, 0))) {
            end++;
        }
        filters[count++] = ov_pdf_filter_of(ov_bytes_between(b, at + 1, end));
        at = end;
        if (!list) {
            break;
        }
    }
    return count;
}

/* The next "stream" that follows a dictionary, and not "end". */
static uint64_t find_stream(struct ov_bytes all, uint64_t from)
{
    uint64_t at = from;

    while ((at = ov_bytes_find(all, at, "stream", 6)) != UINT64_MAX) {
        uint64_t before = at;

        while (before > from && ov_pdf_is_blank(ov_u8_at(all, before - 1, 0))) {
            before--;
        }
        if (before >= 2 && ov_has(all, before - 2, ">>", 2)) {
            return at;
        }
        at += 6;
    }
    return UINT64_MAX;
}

/* The end of the line in front of the mark is not the stream's (7.3.8.1). CR LF may as well be the last
 * of packed bytes and an LF, which are damaged by a byte too few, and not by one too many. */
static uint64_t without_line_end(struct ov_bytes all, uint64_t from, uint64_t end, bool plain)
{
    const bool feed = end > from && ov_u8_at(all, end - 1, 0) == '\n';

    end -= feed ? 1 : 0;
    end -= end > from && ov_u8_at(all, end - 1, 0) == '\r' && (plain || !feed) ? 1 : 0;
    return end;
}

/* Where the data at `from` ends: where its length says, if that is so, or at the next mark. */
static uint64_t end_of_data(struct pdf *d, struct ov_bytes all, uint64_t from, bool *cut)
{
    const uint64_t at = ov_pdf_value_of(ov_buf_bytes(&d->dictionary), 0, "/Length");
    uint64_t len, end;

    *cut = false;
    if (at != UINT64_MAX && ov_pdf_number_at(ov_buf_bytes(&d->dictionary), at, &len)
            && ov_add(&end, from, len)) {
        const uint64_t mark = ov_pdf_skip_blanks(all, end);

        if (mark < ov_bytes_len(all) && mark - end <= 4 && ov_has(all, mark, "endstream", 9)) {
            return end;
        }
    }
    end = ov_bytes_find(all, from, "endstream", 9);
    if (end == UINT64_MAX) {
        *cut = true;
        return ov_bytes_len(all);
    }
    return without_line_end(all, from, end,
            ov_pdf_value_of(ov_buf_bytes(&d->dictionary), 0, "/Filter") == UINT64_MAX);
}

static struct ov_bytes unfilter(struct ov_parser *p, struct ov_bytes data)
{
    struct pdf *d = p->state;
    const struct ov_bytes dictionary = ov_buf_bytes(&d->dictionary);
    const struct ov_pdf_parameters par = {
        .predictor = parameter(dictionary, "/Predictor", 1),
        .columns = parameter(dictionary, "/Columns", 1),
        .colors = parameter(dictionary, "/Colors", 1),
        .bits = parameter(dictionary, "/BitsPerComponent", 8),
        .late = parameter(dictionary, "/EarlyChange", 1) == 0,
    };
    enum ov_pdf_filter filters[FILTERS_MAX];
    const uint32_t count = list_filters(p, filters);

    for (uint32_t i = 0; i < count && filters[i] != OV_PDF_PICTURE; i++) {
        struct ov_buf *out = &d->made[i % 2];

        if (filters[i] == OV_PDF_UNKNOWN) {
            ov_lay_trouble(p, OV_REASON_UNSUPPORTED, "a filter that is not undone");
            break;
        }
        if (filters[i] == OV_PDF_CRYPT && d->encrypted) {
            continue; /* decrypted, or by its own word not encrypted */
        }
        if (filters[i] == OV_PDF_CRYPT) {
            ov_lay_trouble(p, OV_REASON_ENCRYPTED, "an encrypted stream");
            break;
        }
        ov_buf_clear(out);
        if (!ov_pdf_unfilter(out, filters[i], &par, data) && !d->told_encrypted) {
            ov_lay_trouble(p, OV_REASON_DAMAGED, "a stream is damaged");
        }
        if (!ov_buf_ok(out)) {
            ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its unpacked bytes are too many to hold");
        }
        data = ov_buf_bytes(out);
    }
    return data;
}

/* The stream as it was before it was encrypted, if it was. Cross-references
 * never are. */
static struct ov_bytes decrypted(
        struct ov_parser *p, struct ov_bytes before, uint64_t object, struct ov_bytes data)
{
    struct pdf *d = p->state;
    const struct ov_bytes dictionary = ov_buf_bytes(&d->dictionary);
    const uint64_t type = ov_pdf_value_of(dictionary, 0, "/Type");
    uint32_t number = 0, generation = 0;

    if (!d->encrypted || (type != UINT64_MAX && ov_has(dictionary, type, "/XRef", 5))) {
        return data;
    }
    ov_buf_clear(&d->plain);
    if (!object_at(before, object, &number, &generation)
            || !ov_pdf_decrypt(&d->key, number, generation, data, &d->plain)) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "an encrypted stream is damaged");
    }
    if (!ov_buf_ok(&d->plain)) {
        ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its decrypted bytes are too many to hold");
    }
    return ov_buf_bytes(&d->plain);
}

static enum ov_give give_stream(struct ov_parser *p, uint64_t mark)
{
    struct pdf *d = p->state;
    const uint64_t back = mark > DICTIONARY_BYTES_MAX ? mark - DICTIONARY_BYTES_MAX : 0;
    struct ov_bytes before = ov_bytes_between(p->all, d->at > back ? d->at : back, mark), data;
    uint64_t from = mark + 6, object = 0, next = 0;
    bool cut;

    while ((next = ov_bytes_find(before, next, "obj", 3)) != UINT64_MAX) {
        object = next;
        next++;
    }
    take_dictionary(d, ov_bytes_between(before, object, UINT64_MAX));
    from += ov_u8_at(p->all, from, 0) == '\r' ? 1 : 0;
    from += ov_u8_at(p->all, from, 0) == '\n' ? 1 : 0;
    d->at = end_of_data(d, p->all, from, &cut);
    data = decrypted(p, before, object, ov_bytes_between(p->all, from, d->at));
    data = unfilter(p, data);
    if (cut) {
        ov_lay_trouble(p, OV_REASON_DAMAGED, "a stream has no end: cut short");
    }
    if (ov_pdf_value_of(ov_buf_bytes(&d->dictionary), 0, "/ObjStm") != UINT64_MAX) {
        ov_buf_clear(&d->objects);
        ov_buf_put(&d->objects, ov_bytes_raw(data), (size_t)ov_bytes_len(data));
        look_for_scripts(d, ov_buf_bytes(&d->objects));
    }
    (void)snprintf(d->name, sizeof(d->name), "stream %u", ++d->count);
    return ov_lay_bytes(p, ov_text_bytes(d->name), data);
}

static enum ov_give pdf_step(struct ov_parser *p)
{
    struct pdf *d = p->state;

    /* Each turn uses up scripts, the text in front of a stream, or a stream. */
    for (;;) {
        uint64_t mark;

        if (give_script(p)) {
            return OV_GIVE_PIECE;
        }
        if (d->at == 0) {
            const bool encrypted = find_key(p);

            d->at = 1; /* behind the percent sign: once */
            look_for_scripts(d, p->all);
            d->encrypted = encrypted && d->key.cipher != OV_PDF_LOCKED;
            d->told_encrypted = encrypted && !d->encrypted;
            if (d->told_encrypted) {
                return ov_parser_say(p, OV_REASON_ENCRYPTED, "an encrypted document");
            }
            continue;
        }
        if (d->at >= ov_bytes_len(p->all)) {
            return OV_GIVE_END;
        }
        mark = find_stream(p->all, d->at);
        if (mark == UINT64_MAX) {
            return OV_GIVE_END;
        }
        return give_stream(p, mark);
    }
}

const struct ov_parser_ops ov_parser_pdf = {
    .state_bytes = sizeof(struct pdf),
    .whole = true,
    .begin = pdf_begin,
    .step = pdf_step,
    .end = pdf_end,
};
