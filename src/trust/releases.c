/* SPDX-License-Identifier: Apache-2.0 */
/* releases.c - release entries out of an origins text: `binary INDEX NAME` or `pending INDEX binary
 * NAME TIME`, then `commit INDEX ID` and `file INDEX SHA256 NAME`; before all of them `revoked
 * INDEX BY`. */
#include "trust/releases.h"

#include <stdlib.h>
#include <string.h>

#include "trust/line.h"

/* A path below a prefix, which nothing can lead out of. */
static bool name_is_good(struct ov_bytes name)
{
    const char *at = (const char *)ov_bytes_raw(name);
    const size_t len = (size_t)ov_bytes_len(name);

    return len > 0 && len < 1024 && at[0] != '/' && memchr(at, '\0', len) == NULL
           && !(len >= 2 && memcmp(at, "..", 2) == 0) && memmem(at, len, "/..", 3) == NULL;
}

static bool digest_read(struct ov_bytes hex, struct ov_hash *out)
{
    if (ov_bytes_len(hex) != (uint64_t)2 * OV_HASH_BYTES) {
        return false;
    }
    for (size_t i = 0; i < (size_t)2 * OV_HASH_BYTES; i++) {
        const uint8_t c = ov_bytes_raw(hex)[i];
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0) {
            return false;
        }
        out->b[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : out->b[i / 2] | digit);
    }
    return true;
}

static bool split_index(struct ov_bytes text, uint64_t *index, struct ov_bytes *rest)
{
    struct ov_bytes number;

    return ov_text_split(text, ' ', &number, rest) && ov_decimal_read(number, index) == NULL;
}

static struct ov_release *add_release(struct ov_releases *r)
{
    struct ov_release *more = reallocarray(r->at, r->count + 1, sizeof(*more));

    if (more == NULL) {
        return NULL;
    }
    r->at = more;
    r->at[r->count] = (struct ov_release){ .commit = ov_bytes_of(NULL, 0) };
    return &r->at[r->count++];
}

static overt_status no_memory(overt_error *err)
{
    return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the log's releases");
}

static overt_status add_file(
        struct ov_releases *r, const struct ov_lines *lines, struct ov_bytes rest, overt_error *err)
{
    struct ov_release_file file, *more;
    struct ov_bytes hex, after;

    if (!split_index(rest, &file.index, &after) || !ov_text_split(after, ' ', &hex, &file.name)
            || !digest_read(hex, &file.sha256) || r->count == 0
            || r->at[r->count - 1].index != file.index) {
        return ov_line_fail(err, OVERT_E_CORRUPT, lines, "a release's file: index, SHA-256, name");
    }
    if (!name_is_good(file.name)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines,
                "a release names a file that is not below the installation's prefix");
    }
    more = (r->file_count & (r->file_count - 1)) != 0 /* doubles at each power of two */
                   ? r->files
                   : reallocarray(
                           r->files, r->file_count == 0 ? 1 : r->file_count * 2, sizeof(*more));
    if (more == NULL) {
        return no_memory(err);
    }
    r->files = more;
    r->files[r->file_count++] = file;
    return OVERT_OK;
}

static overt_status read_line(
        struct ov_releases *r, const struct ov_lines *lines, struct ov_bytes line, overt_error *err)
{
    struct ov_bytes rest, name, time, kind, after;
    struct ov_release *release;
    uint64_t index = 0;

    if (ov_text_after(line, "file ", &rest)) {
        return add_file(r, lines, rest, err);
    }
    if (ov_text_after(line, "commit ", &rest)) {
        if (!split_index(rest, &index, &after) || r->count == 0
                || r->at[r->count - 1].index != index) {
            return ov_line_fail(err, OVERT_E_CORRUPT, lines, "a commit without its release");
        }
        r->at[r->count - 1].commit = after;
        return OVERT_OK;
    }
    if (ov_text_after(line, "binary ", &rest) && split_index(rest, &index, &name)) {
        release = add_release(r);
        if (release == NULL) {
            return no_memory(err);
        }
        release->index = index;
        release->name = name;
    } else if (ov_text_after(line, "pending ", &rest) && split_index(rest, &index, &after)
               && ov_text_split(after, ' ', &kind, &after) && ov_bytes_equal(kind, "binary", 6)
               && ov_text_split(after, ' ', &name, &time)) {
        release = add_release(r);
        if (release == NULL) {
            return no_memory(err);
        }
        release->index = index;
        release->name = name;
        release->fate = OV_RELEASE_PENDING;
        if (ov_decimal_read(time, &release->when) != NULL) {
            return ov_line_fail(err, OVERT_E_CORRUPT, lines, "a pending release without its time");
        }
    }
    return OVERT_OK;
}

static void take_back(struct ov_releases *r, struct ov_bytes rest)
{
    struct ov_bytes by;
    uint64_t index = 0, entry = 0;

    if (!split_index(rest, &index, &by) || ov_decimal_read(by, &entry) != NULL) {
        return;
    }
    for (size_t i = 0; i < r->count; i++) {
        if (r->at[i].index == index) {
            r->at[i].fate = OV_RELEASE_REVOKED;
            r->at[i].when = entry;
        }
    }
}

overt_status ov_releases_read(struct ov_bytes text, struct ov_releases *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(text);
    struct ov_bytes line, rest;
    overt_status status = OVERT_OK;

    *out = (struct ov_releases){ .count = 0 };
    while (status == OVERT_OK && ov_lines_next(&lines, &line)) {
        status = read_line(out, &lines, line, err);
    }
    for (lines = ov_lines_on(text); status == OVERT_OK && ov_lines_next(&lines, &line);) {
        if (ov_text_after(line, "revoked ", &rest)) { /* stands before what it is about */
            take_back(out, rest);
        }
    }
    if (status != OVERT_OK) {
        ov_releases_done(out);
    }
    return status;
}

void ov_releases_done(struct ov_releases *releases)
{
    free(releases->at);
    free(releases->files);
    *releases = (struct ov_releases){ .count = 0 };
}
