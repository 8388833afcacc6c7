/* SPDX-License-Identifier: Apache-2.0 */
/* hashlist.c - one pass over lines. The text is hostile; docs/formats/hashlist.md is its form. */
#include "rules/hashlist/hashlist.h"

#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "base/text.h"

struct list {
    struct ov_rule_set *set;
    struct ov_diags *diags;
    struct ov_bytes file;
    uint32_t line;
    bool out_of_memory;
};

/* Tells and returns false, so that refusing a line is one line. */
static bool wrong(struct list *list, uint64_t column, const char *what)
{
    ov_diag_add(list->diags, OV_DIAG_ERROR, list->file, ov_bytes_of(NULL, 0), list->line,
            (uint32_t)column, "%s", what);
    return false;
}

/* Where `byte` is in `bytes`, or its length. */
static uint64_t find(struct ov_bytes bytes, int byte)
{
    const uint8_t *from = ov_bytes_raw(bytes);
    const uint8_t *at = memchr(from, byte, (size_t)ov_bytes_len(bytes));

    return at == NULL ? ov_bytes_len(bytes) : (uint64_t)(at - from);
}

static struct ov_bytes part(struct ov_bytes bytes, uint64_t from, uint64_t to)
{
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    const bool inside = ov_bytes_slice(bytes, from, to - from, &out);

    OV_ASSERT(inside);
    return out;
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* --- fields --------------------------------------------------------------------------------- */

static bool read_digest(struct list *list, struct ov_bytes hex, struct ov_hash_rule *out)
{
    struct ov_reader r = ov_reader_on(hex);
    unsigned kind;

    for (kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if (ov_bytes_len(hex) == 2 * ov_digest_bytes((enum ov_digest_kind)kind)) {
            break;
        }
    }
    if (kind == OV_DIGEST_KINDS) {
        return wrong(list, 1,
                "a line begins with a digest of 32 (MD5), 40 (SHA-1) or 64 (SHA-256) hexadecimal "
                "digits and a colon");
    }
    out->kind = (enum ov_digest_kind)kind;
    for (size_t i = 0; ov_reader_left(&r) > 0; i++) {
        uint8_t high = 0, low = 0;

        if (!ov_read_u8(&r, &high) || !ov_read_u8(&r, &low) || nibble(high) < 0
                || nibble(low) < 0) {
            return wrong(list, i * 2 + 1 + (nibble(high) >= 0),
                    "this is not a hexadecimal digit of a digest");
        }
        out->digest[i] = (uint8_t)(nibble(high) << 4 | nibble(low));
    }
    return true;
}

static bool read_size(
        struct list *list, uint64_t column, struct ov_bytes digits, struct ov_hash_rule *out)
{
    struct ov_reader r = ov_reader_on(digits);
    uint64_t size = 0;
    uint8_t c;

    if (ov_bytes_len(digits) == 0) {
        return wrong(list, column, "the size between the colons is missing");
    }
    while (ov_read_u8(&r, &c)) {
        if (c < '0' || c > '9') {
            return wrong(list, column,
                    "between two colons stands the size of the file, in decimal digits; names "
                    "have no colon");
        }
        if (!ov_mul(&size, size, (uint64_t)10) || !ov_add(&size, size, (uint64_t)(c - '0'))) {
            return wrong(list, column, "no file is of that size: it does not fit into 64 bits");
        }
    }
    if (size == OV_HASH_NO_SIZE) {
        return wrong(list, column, "no file is of that size");
    }
    out->has_size = true;
    out->size = size;
    return true;
}

static bool check_name(struct list *list, uint64_t column, struct ov_bytes name)
{
    struct ov_reader r = ov_reader_on(name);
    uint8_t c;

    if (ov_bytes_len(name) == 0) {
        return wrong(list, column, "the name is missing");
    }
    if (ov_bytes_len(name) > OV_HASH_NAME_BYTES_MAX) {
        return wrong(list, column, "the name is longer than 255 bytes");
    }
    if (!ov_text_is_utf8(name)) {
        return wrong(list, column, "the name is not UTF-8");
    }
    for (uint64_t i = 0; ov_read_u8(&r, &c); i++) {
        if (c < 0x20 || c == 0x7f) {
            return wrong(list, column + i, "a control character in a name");
        }
        if (c == ':') {
            return wrong(list, column + i, "a colon in a name");
        }
    }
    return true;
}

/* --- lines ---------------------------------------------------------------------------------- */

static struct ov_bytes without_end(struct ov_bytes line)
{
    uint64_t len = ov_bytes_len(line);

    while (len > 0) {
        const uint8_t c = ov_bytes_raw(line)[len - 1];

        if (c != ' ' && c != '\t' && c != '\r') {
            break;
        }
        len--;
    }
    return part(line, 0, len);
}

static bool read_fields(struct list *list, struct ov_bytes line, struct ov_hash_rule *out)
{
    const uint64_t len = ov_bytes_len(line);
    const uint64_t colon = find(line, ':');
    struct ov_bytes rest;
    uint64_t second, name_at;

    if (!read_digest(list, part(line, 0, colon), out)) {
        return false;
    }
    if (colon == len) {
        return wrong(list, len + 1, "the digest is followed by a colon and a name");
    }
    rest = part(line, colon + 1, len);
    second = find(rest, ':');
    name_at = colon + 1;
    if (second < ov_bytes_len(rest)) {
        if (!read_size(list, colon + 2, part(rest, 0, second), out)) {
            return false;
        }
        name_at += second + 1;
    }
    out->name = part(line, name_at, len);
    return check_name(list, name_at + 1, out->name);
}

static void read_line(struct list *list, struct ov_bytes line)
{
    struct ov_hash_rule rule = { .domain = OV_HASH_FILE };

    if (ov_bytes_len(line) > 0 && ov_bytes_raw(line)[0] == '#') {
        return;
    }
    line = without_end(line);
    if (ov_bytes_len(line) == 0 || !read_fields(list, line, &rule)) {
        return;
    }
    list->out_of_memory = !ov_hash_set_add(&list->set->hashes, &rule);
}

static void read_lines(struct list *list, struct ov_bytes text)
{
    const uint64_t len = ov_bytes_len(text);
    struct ov_bytes head;
    uint64_t at = 0;

    if (ov_bytes_slice(text, 0, 3, &head) && ov_bytes_equal(head, "\xef\xbb\xbf", 3)) {
        at = 3;
    }
    while (at < len && !list->out_of_memory) {
        const struct ov_bytes rest = part(text, at, len);
        const uint64_t end = find(rest, '\n');

        list->line++;
        read_line(list, part(rest, 0, end));
        at += end < ov_bytes_len(rest) ? end + 1 : end;
    }
}

bool ov_hashlist_read(
        struct ov_rule_set *set, struct ov_bytes file, struct ov_bytes text, struct ov_diags *diags)
{
    const uint64_t errors_before = diags->errors;
    struct list list = { .set = set, .diags = diags };

    if (ov_bytes_len(text) > OV_RULE_SOURCE_BYTES_MAX) {
        list.file = file;
        return wrong(&list, 0, "the file has more than 256 MiB, the most that is read");
    }
    if (!ov_arena_copy(set->arena, file, &list.file)) {
        list.out_of_memory = true;
        list.file = file;
    } else {
        read_lines(&list, text);
    }
    if (list.out_of_memory) {
        (void)wrong(&list, 0, "memory ran out while this file was read");
        diags->out_of_memory = true;
    }
    return diags->errors == errors_before && !diags->out_of_memory;
}
