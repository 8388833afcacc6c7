/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/witness.h"

#include <string.h>
#include <strings.h>

#include "base/defence.h"
#include "trust/line.h"

/* --- HTTP/1.1, as much of it as two requests need --------------------------------------------- */

static const char *const methods[] = { [OV_HTTP_GET] = "GET ", [OV_HTTP_POST] = "POST " };

/* Where the head ends: behind the first CR LF CR LF. 0: it has not come yet. */
static uint64_t end_of_head(struct ov_bytes in)
{
    const uint8_t *at = ov_bytes_raw(in);
    const uint8_t *found =
            ov_bytes_len(in) < 4 ? NULL : memmem(at, (size_t)ov_bytes_len(in), "\r\n\r\n", 4);

    return found == NULL ? 0 : (uint64_t)(found - at) + 4;
}

/* The next line of a head, without its CR LF. A bare CR or LF is no end of a line. */
static bool take_line(struct ov_bytes *head, struct ov_bytes *line)
{
    struct ov_bytes before, after;
    uint64_t len;

    if (!ov_text_split(*head, '\n', &before, &after)) {
        return false;
    }
    len = ov_bytes_len(before);
    if (len == 0 || ov_bytes_raw(before)[len - 1] != '\r'
            || memchr(ov_bytes_raw(before), '\r', (size_t)len - 1) != NULL) {
        return false;
    }
    *line = ov_text_cut(before, 0, len - 1);
    *head = after;
    return true;
}

static bool read_request_line(struct ov_bytes line, struct ov_http_request *out)
{
    struct ov_bytes rest, version;

    for (unsigned m = OV_HTTP_GET; m <= OV_HTTP_POST; m++) {
        if (ov_text_after(line, methods[m], &rest) && ov_text_split(rest, ' ', &out->path, &version)
                && (ov_bytes_equal(version, "HTTP/1.1", 8)
                        || ov_bytes_equal(version, "HTTP/1.0", 8))
                && ov_bytes_len(out->path) > 0 && ov_bytes_raw(out->path)[0] == '/') {
            out->method = (enum ov_http_method)m;
            return true;
        }
    }
    return false;
}

static bool has_name(struct ov_bytes name, const char *want)
{
    return ov_bytes_len(name) == strlen(want)
           && strncasecmp((const char *)ov_bytes_raw(name), want, strlen(want)) == 0;
}

/* One header. 200, or what to refuse with. */
static unsigned read_header(
        struct ov_bytes line, struct ov_http_request *out, bool *has_length, const char **why)
{
    struct ov_bytes name, value;

    if (!ov_text_split(line, ':', &name, &value) || ov_bytes_len(name) == 0) {
        *why = "a header is a name, a colon, a value";
        return 400;
    }
    while (ov_bytes_len(value) > 0 && ov_bytes_raw(value)[0] == ' ') {
        value = ov_text_cut(value, 1, ov_bytes_len(value) - 1);
    }
    if (has_name(name, "Transfer-Encoding")) {
        *why = "bodies are sent with Content-Length here";
        return 411;
    }
    if (has_name(name, "Expect")) {
        *why = "nothing is answered before the body";
        return 417;
    }
    if (has_name(name, "Content-Length")) {
        if (*has_length || ov_decimal_read(value, &out->body_bytes) != NULL) {
            *why = "Content-Length is one number, once";
            return 400;
        }
        *has_length = true;
    }
    return 200;
}

unsigned ov_http_read(struct ov_bytes in, struct ov_http_request *out, const char **why)
{
    struct ov_http_request request = { .method = OV_HTTP_GET, .head_bytes = end_of_head(in) };
    struct ov_bytes head, line;
    bool has_length = false;

    *why = "the headers are too long";
    if (request.head_bytes > OV_HTTP_HEAD_BYTES_MAX
            || (request.head_bytes == 0 && ov_bytes_len(in) >= OV_HTTP_HEAD_BYTES_MAX)) {
        return 431;
    }
    if (request.head_bytes == 0) {
        return 0;
    }
    head = ov_text_cut(in, 0, request.head_bytes - 2);
    *why = "neither GET nor POST of a path";
    if (!take_line(&head, &line) || !read_request_line(line, &request)) {
        return 400;
    }
    while (ov_bytes_len(head) > 0) {
        unsigned status = 400;

        *why = "a line that does not end in CR LF";
        if (take_line(&head, &line)) {
            status = read_header(line, &request, &has_length, why);
        }
        if (status != 200) {
            return status;
        }
    }
    if (request.method == OV_HTTP_POST && !has_length) {
        *why = "a body needs a Content-Length";
        return 411;
    }
    if (request.body_bytes > OV_HTTP_BODY_BYTES_MAX) {
        *why = "the body is too long";
        return 413;
    }
    *out = request;
    return 200;
}

/* --- add-checkpoint ------------------------------------------------------------------------- */

bool ov_submission_read(struct ov_bytes body, struct ov_submission *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(body);
    struct ov_bytes line, number;

    if (!ov_lines_next(&lines, &line) || !ov_text_after(line, "old ", &number)
            || ov_decimal_read(number, &out->old_size) != NULL) {
        (void)ov_line_fail(err, OVERT_E_SYNTAX, &lines, "the first line is `old` and a size");
        return false;
    }
    for (out->path_count = 0;; out->path_count++) {
        const char *why;

        if (!ov_lines_next(&lines, &line)) {
            (void)ov_line_fail(err, OVERT_E_SYNTAX, &lines, "no empty line before the checkpoint");
            return false;
        }
        if (ov_bytes_len(line) == 0) {
            break;
        }
        if (out->path_count == OV_TREE_HEIGHT_MAX) {
            (void)ov_line_fail(err, OVERT_E_SYNTAX, &lines, "more than 63 hashes");
            return false;
        }
        why = ov_hash_read(line, &out->path[out->path_count]);
        if (why != NULL) {
            (void)ov_line_fail(err, OVERT_E_SYNTAX, &lines, "%s", why);
            return false;
        }
    }
    out->note_bytes = ov_lines_rest(&lines);
    return ov_note_read(out->note_bytes, &out->note, err) == OVERT_OK
           && ov_checkpoint_read_form(out->note.text, &out->checkpoint, err) == OVERT_OK;
}

static unsigned check_log(
        const struct ov_witness_ask *ask, const struct ov_submission *s, overt_error *err)
{
    const struct ov_bytes origin = s->checkpoint.origin;
    bool known = false, is_signed = false;

    for (size_t i = 0; i < ask->log_count; i++) {
        const struct ov_key *key = &ask->logs[i];
        struct ov_note_check check = { 0 };

        if (!ov_bytes_equal(origin, ov_bytes_raw(key->name), (size_t)ov_bytes_len(key->name))) {
            continue;
        }
        known = true;
        if (ov_note_check_key(&s->note, key, &check, err) != OVERT_OK) {
            return 403;
        }
        is_signed = is_signed || check.is_signed;
    }
    if (!known) {
        (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "this log is not watched here");
        return 404;
    }
    if (!is_signed) {
        (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the log's own signature is missing");
        return 403;
    }
    return 200;
}

unsigned ov_witness_decide(const struct ov_witness_ask *ask, const struct ov_submission *s,
        struct ov_digest *sha, struct ov_witnessed *last, overt_error *err)
{
    const struct ov_checkpoint *c = &s->checkpoint;
    unsigned status = check_log(ask, s, err);

    if (status != 200) {
        return status;
    }
    if (s->old_size > c->size) {
        (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the old size is above the new one");
        return 400;
    }
    if (!ask->last(ask->payload, c->origin, last)) {
        (void)ov_fail(err, OVERT_E_IO, UINT64_MAX, "the state cannot be read");
        return 500;
    }
    if (!OV_DEFENDED(witness_memory)) {
        return 200;
    }
    if (s->old_size != last->size) {
        (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "another size was cosigned last");
        return 409;
    }
    if (c->size == 0 && !ov_hash_equal(&c->root, &ov_tree_empty_root)) {
        (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "an empty tree with a wrong root");
        return 422;
    }
    if (s->old_size == 0 && s->path_count == 0) {
        return 200;
    }
    if (s->old_size == 0
            || ov_tree_check_consistency(
                       sha, last->size, &last->root, c->size, &c->root, s->path, s->path_count, err)
                       != OVERT_OK) {
        if (s->old_size == 0) {
            (void)ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "a proof from a tree of no entries");
        }
        return 422;
    }
    return 200;
}
