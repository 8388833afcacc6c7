/* SPDX-License-Identifier: Apache-2.0 */
/* rtf.c - objects in RTF: hex digits or \bin bytes in an \objdata group, with whatever control words,
 * groups and blanks attackers strew between the digits; the object is OLE 1 ([MS-OLEDS] 2.2), which
 * holds a compound file or a package. A scan from front to back, which never looks back. */
#include <string.h>

#include "formats/decode.h"
#include "formats/ole_native.h"
#include "formats/parsers.h"
#include "formats/peek.h"

struct rtf {
    uint64_t at;
    struct ov_buf object;
    struct ov_bytes package; /* of the last object, still due */
    bool package_due;
};

struct word {
    char text[32];
    bool has_number;
    bool starred; /* behind "\*" */
    uint64_t number;
};

static bool rtf_begin(struct ov_parser *p)
{
    struct rtf *r = p->state;

    ov_buf_init(&r->object, OV_MADE_BYTES_MAX);
    return true;
}

static void rtf_end(struct ov_parser *p)
{
    struct rtf *r = p->state;

    ov_buf_done(&r->object);
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The control word or symbol behind the backslash at `at`; returns where the text goes on. */
static uint64_t read_word(struct ov_bytes all, uint64_t at, struct word *w)
{
    size_t len = 0;

    at++;
    w->text[0] = 0;
    w->has_number = false;
    w->number = 0;
    if (!is_letter(ov_u8_at(all, at, 0))) {
        if (ov_u8_at(all, at, 0) == '\'') {
            return at + 3;
        }
        w->starred = ov_u8_at(all, at, 0) == '*';
        return at + 1;
    }
    while (is_letter(ov_u8_at(all, at, 0))) {
        if (len + 1 < sizeof(w->text)) {
            w->text[len++] = (char)(ov_u8_at(all, at, 0) | 0x20);
        }
        at++;
    }
    w->text[len] = 0;
    if (ov_u8_at(all, at, 0) == '-') {
        at++;
    }
    while (ov_u8_at(all, at, 0) >= '0' && ov_u8_at(all, at, 0) <= '9') {
        w->number = (w->number * 10 + ov_u8_at(all, at, 0) - '0') & 0xffffffffu;
        w->has_number = true;
        at++;
    }
    return ov_u8_at(all, at, 0) == ' ' ? at + 1 : at;
}

/* Reads on from r->at until an object is complete. False: there is none. */
static bool next_object(struct rtf *r, struct ov_bytes all)
{
    const uint8_t *p = ov_bytes_raw(all);
    const uint64_t len = ov_bytes_len(all);
    struct word w = { .starred = false };
    uint64_t depth = 0, object_depth = 0, ignored_depth = 0;
    bool in_object = false;
    int high = -1;

    ov_buf_clear(&r->object);
    while (r->at < len) {
        const uint8_t c = p[r->at];

        if (c == '\\') {
            r->at = read_word(all, r->at, &w);
            if (strcmp(w.text, "objdata") == 0 || strcmp(w.text, "datastore") == 0) {
                in_object = true;
                object_depth = depth;
                ignored_depth = 0;
                high = -1;
                ov_buf_clear(&r->object);
            } else if (strcmp(w.text, "bin") == 0) {
                const struct ov_bytes raw = ov_bytes_between(all, r->at, r->at + w.number);

                if (in_object) {
                    ov_buf_put(&r->object, ov_bytes_raw(raw), (size_t)ov_bytes_len(raw));
                }
                r->at += ov_bytes_len(raw);
            } else if (in_object && w.text[0] != 0 && w.starred && depth > object_depth
                       && ignored_depth == 0) {
                ignored_depth = depth; /* a group that readers pass over */
            }
            w.starred = w.text[0] == 0 && w.starred;
            continue;
        }
        r->at++;
        if (c == '{') {
            depth++;
        } else if (c == '}') {
            if (in_object && depth <= object_depth) {
                return true;
            }
            ignored_depth = depth == ignored_depth ? 0 : ignored_depth;
            depth -= depth > 0 ? 1 : 0;
        } else if (in_object && ignored_depth == 0 && ov_hex_digit(c) >= 0) {
            if (high < 0) {
                high = ov_hex_digit(c);
            } else {
                ov_buf_put_u8(&r->object, (uint8_t)(high << 4 | ov_hex_digit(c)));
                high = -1;
            }
        }
    }
    return in_object;
}

/* A counted text of OLE 1. */
static struct ov_bytes counted(struct ov_bytes in, uint64_t *at)
{
    const uint64_t len = ov_u32le_at(in, *at, 0);
    const struct ov_bytes text = ov_bytes_between(in, *at + 4, *at + 4 + len);

    *at += 4 + len;
    return text;
}

static enum ov_give give_object(struct ov_parser *p)
{
    struct rtf *r = p->state;
    const struct ov_bytes object = ov_buf_bytes(&r->object);
    uint64_t at = 8;
    struct ov_bytes kind, data;

    if (!ov_buf_ok(&r->object)) {
        ov_lay_trouble(p, OV_REASON_OBJECT_BYTES, "its unpacked bytes are too many to hold");
    }
    kind = counted(object, &at);
    (void)counted(object, &at);
    (void)counted(object, &at);
    data = counted(object, &at);
    if (ov_u32le_at(object, 4, 0) != 2 || ov_bytes_len(data) == 0) {
        /* Not as it should be: readers forgive much, so what there is is given as it is. */
        const uint64_t magic = ov_bytes_find(object, 0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8);

        return ov_lay_bytes(p, ov_text_bytes("object"),
                magic == UINT64_MAX ? object : ov_bytes_between(object, magic, UINT64_MAX));
    }
    r->package = data;
    r->package_due = ov_starts_with(kind, 0, "package");
    return ov_lay_bytes(p, ov_text_bytes("object"), data);
}

static enum ov_give rtf_step(struct ov_parser *p)
{
    struct rtf *r = p->state;

    if (r->package_due) {
        struct ov_bytes name, data;
        bool cut;

        r->package_due = false;
        if (ov_ole_package(r->package, &name, &data, &cut)) {
            if (cut) {
                ov_lay_trouble(p, OV_REASON_DAMAGED, "cut short");
            }
            return ov_lay_bytes(p, name, data);
        }
    }
    while (next_object(r, p->all)) {
        if (ov_bytes_len(ov_buf_bytes(&r->object)) != 0) {
            return give_object(p);
        }
    }
    return OV_GIVE_END;
}

const struct ov_parser_ops ov_parser_rtf = {
    .state_bytes = sizeof(struct rtf),
    .whole = true,
    .begin = rtf_begin,
    .step = rtf_step,
    .end = rtf_end,
};
