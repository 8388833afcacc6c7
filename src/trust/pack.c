/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/pack.h"

#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "trust/key.h"
#include "trust/line.h"

#define MAGIC "overt-pack/v1"

/* Lines of the head and of segments are short: a longer one is none. */
#define LINE_BYTES_MAX 300u

/* Cuts one line off `rest`; like ov_lines_next, but bounded, for files of many megabytes. */
static bool take_line(struct ov_bytes *rest, struct ov_bytes *line)
{
    const uint64_t len = ov_bytes_len(*rest);
    const struct ov_bytes head = ov_text_cut(*rest, 0, len < LINE_BYTES_MAX ? len : LINE_BYTES_MAX);
    struct ov_bytes behind;

    if (!ov_text_split(head, '\n', line, &behind)) {
        return false;
    }
    *rest = ov_text_cut(*rest, ov_bytes_len(*line) + 1, len - ov_bytes_len(*line) - 1);
    return true;
}

overt_status ov_pack_read(struct ov_bytes in, struct ov_pack *out, overt_error *err)
{
    struct ov_bytes rest = in, line, number;
    struct ov_pack pack;

    if (!take_line(&rest, &line) || !ov_bytes_equal(line, MAGIC, strlen(MAGIC))) {
        return ov_fail(err, OVERT_E_SYNTAX, 0, "not a pack of entries of version 1");
    }
    if (!take_line(&rest, &pack.origin) || !ov_key_name_is_good(pack.origin)) {
        return ov_fail(err, OVERT_E_SYNTAX, 0, "a pack's second line is the origin of its log");
    }
    if (!take_line(&rest, &line) || !ov_text_after(line, "first ", &number)
            || ov_decimal_read(number, &pack.first) != NULL) {
        return ov_fail(err, OVERT_E_SYNTAX, 0, "a pack's third line is `first` and a number");
    }
    pack.segments = rest;
    *out = pack;
    return OVERT_OK;
}

void ov_pack_put_head(struct ov_buf *out, struct ov_bytes origin, uint64_t first)
{
    ov_buf_put_text(out, MAGIC "\n");
    ov_buf_put(out, ov_bytes_raw(origin), (size_t)ov_bytes_len(origin));
    ov_buf_printf(out, "\nfirst %" PRIu64 "\n", first);
}

/* --- segments ------------------------------------------------------------------------------- */

/* uint16 length, big-endian, then the bytes, as in the bundles of tlog-tiles. */
bool ov_segment_next(struct ov_bytes *entries, struct ov_bytes *entry)
{
    struct ov_bytes head;
    uint64_t len;

    if (!ov_bytes_slice(*entries, 0, 2, &head)) {
        return false;
    }
    len = (uint64_t)ov_bytes_raw(head)[0] << 8 | ov_bytes_raw(head)[1];
    return ov_bytes_slice(*entries, 2, len, entry)
           && ov_bytes_slice(*entries, 2 + len, ov_bytes_len(*entries) - 2 - len, entries);
}

static bool read_head(struct ov_bytes *rest, uint64_t *note_bytes, uint64_t *count)
{
    struct ov_bytes line, numbers, first, second;

    return take_line(rest, &line) && ov_text_after(line, "segment ", &numbers)
           && ov_text_split(numbers, ' ', &first, &second)
           && ov_decimal_read(first, note_bytes) == NULL && ov_decimal_read(second, count) == NULL;
}

bool ov_pack_next(
        struct ov_bytes *rest, struct ov_segment *out, overt_status *status, overt_error *err)
{
    struct ov_bytes at = *rest, entry;
    struct ov_segment segment = { .count = 0 };
    uint64_t note_bytes = 0, entries_bytes;

    *status = OVERT_OK;
    if (ov_bytes_len(at) == 0) {
        return false;
    }
    if (!read_head(&at, &note_bytes, &segment.count)) {
        *status = ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "a segment begins with `segment`, the bytes of its checkpoint, a count");
        return false;
    }
    if (note_bytes > OV_NOTE_BYTES_MAX || !ov_bytes_slice(at, 0, note_bytes, &segment.note)) {
        *status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "a checkpoint is cut short");
        return false;
    }
    at = ov_text_cut(at, note_bytes, ov_bytes_len(at) - note_bytes);
    segment.entries = at;
    for (uint64_t i = 0; i < segment.count; i++) { /* each takes two bytes at least: it ends */
        if (!ov_segment_next(&at, &entry)) {
            *status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "an entry is cut short");
            return false;
        }
    }
    entries_bytes = ov_bytes_len(segment.entries) - ov_bytes_len(at);
    segment.entries = ov_text_cut(segment.entries, 0, entries_bytes);
    segment.whole = ov_text_cut(*rest, 0, ov_bytes_len(*rest) - ov_bytes_len(at));
    *rest = at;
    *out = segment;
    return true;
}

void ov_pack_put_segment(struct ov_buf *out, struct ov_bytes note, uint64_t count)
{
    ov_buf_printf(out, "segment %" PRIu64 " %" PRIu64 "\n", ov_bytes_len(note), count);
    ov_buf_put(out, ov_bytes_raw(note), (size_t)ov_bytes_len(note));
}

void ov_pack_put_entry(struct ov_buf *out, struct ov_bytes entry)
{
    const uint64_t len = ov_bytes_len(entry);

    OV_ASSERT(len <= OV_LOG_ENTRY_BYTES_MAX);
    ov_buf_put_u8(out, (uint8_t)(len >> 8));
    ov_buf_put_u8(out, (uint8_t)len);
    ov_buf_put(out, ov_bytes_raw(entry), (size_t)len);
}

/* --- the list ------------------------------------------------------------------------------- */

static bool are_digits(struct ov_bytes text, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        if (ov_bytes_raw(text)[i] < '0' || ov_bytes_raw(text)[i] > '9') {
            return false;
        }
    }
    return true;
}

/* It becomes part of a path and of a request, so it can be nothing else. */
bool ov_pack_name_is_good(struct ov_bytes name)
{
    const uint64_t len = ov_bytes_len(name);
    const uint8_t *at = ov_bytes_raw(name);

    if (len < 10 || len > 16 || !are_digits(name, 0, 4) || at[4] != '-' || !are_digits(name, 5, 7)
            || at[7] != '-' || !are_digits(name, 8, 10)) {
        return false;
    }
    return len == 10 || (len > 11 && at[10] == '.' && at[11] != '0' && are_digits(name, 11, len));
}

bool ov_pack_index_next(
        struct ov_bytes *rest, struct ov_pack_line *out, overt_status *status, overt_error *err)
{
    struct ov_bytes line, after_name, after_first, first, end, bytes;
    struct ov_pack_line read;

    *status = OVERT_OK;
    if (ov_bytes_len(*rest) == 0) {
        return false;
    }
    if (!take_line(rest, &line) || !ov_text_split(line, ' ', &read.name, &after_name)
            || !ov_pack_name_is_good(read.name)
            || !ov_text_split(after_name, ' ', &first, &after_first)
            || !ov_text_split(after_first, ' ', &end, &bytes)
            || ov_decimal_read(first, &read.first) != NULL
            || ov_decimal_read(end, &read.end) != NULL
            || ov_decimal_read(bytes, &read.bytes) != NULL || read.first >= read.end) {
        *status = ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                "a line of the list of packs is a day, two indices and a length");
        return false;
    }
    if (read.bytes > OV_PACK_BYTES_MAX) {
        *status = ov_fail(
                err, OVERT_E_LIMIT, UINT64_MAX, "a pack has at most %u bytes", OV_PACK_BYTES_MAX);
        return false;
    }
    *out = read;
    return true;
}

void ov_pack_index_put(struct ov_buf *out, const struct ov_pack_line *line)
{
    ov_buf_put(out, ov_bytes_raw(line->name), (size_t)ov_bytes_len(line->name));
    ov_buf_printf(
            out, " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", line->first, line->end, line->bytes);
}
