/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/proof.h"

#include <inttypes.h>

#include "base/base64.h"
#include "base/checked.h"
#include "trust/line.h"

#define FIRST_LINE   "c2sp.org/tlog-proof@v1"
#define EXTRA_PREFIX "extra "
#define INDEX_PREFIX "index "

/* The next line, or a sentence about the file that ended. */
static overt_status take_line(struct ov_lines *lines, struct ov_bytes *line, overt_error *err)
{
    if (ov_lines_next(lines, line)) {
        return OVERT_OK;
    }
    lines->at = lines->next;
    lines->line++;
    return ov_line_fail(err, OVERT_E_SYNTAX, lines,
            "the proof ends before its checkpoint, or a line does not end in LF");
}

static overt_status read_extra(
        const struct ov_lines *lines, struct ov_bytes extra, overt_error *err)
{
    size_t len = 0;
    const char *why = ov_base64_decode(extra, NULL, 0, &len);

    if (why == NULL && len == 0) {
        why = "nothing: then there is no such line";
    }
    return why == NULL ? OVERT_OK
                       : ov_line_fail(err, OVERT_E_SYNTAX, lines, "in the extra data: %s", why);
}

/* First line, extra data, index. */
static overt_status read_head(struct ov_lines *lines, struct ov_proof *proof, overt_error *err)
{
    struct ov_bytes line, number;
    overt_status status = take_line(lines, &line, err);
    const char *why;

    if (status != OVERT_OK) {
        return status;
    }
    if (!ov_bytes_equal(line, FIRST_LINE, sizeof(FIRST_LINE) - 1)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines, "a proof begins with " FIRST_LINE);
    }
    status = take_line(lines, &line, err);
    if (status == OVERT_OK && ov_text_after(line, EXTRA_PREFIX, &proof->extra)) {
        status = read_extra(lines, proof->extra, err);
        if (status == OVERT_OK) {
            status = take_line(lines, &line, err);
        }
    }
    if (status != OVERT_OK) {
        return status;
    }
    if (!ov_text_after(line, INDEX_PREFIX, &number)) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, lines, "here belongs \"index \" and the entry's number");
    }
    why = ov_decimal_read(number, &proof->index);
    if (why != NULL) {
        return ov_line_fail(err, OVERT_E_SYNTAX, lines, "in the index: %s", why);
    }
    return OVERT_OK;
}

/* Hashes up to the empty line. */
static overt_status read_path(struct ov_lines *lines, struct ov_proof *proof, overt_error *err)
{
    for (;;) { /* ends with the lines, at the latest with one too many */
        struct ov_bytes line;
        const overt_status status = take_line(lines, &line, err);
        const char *why;

        if (status != OVERT_OK) {
            return status;
        }
        if (ov_bytes_len(line) == 0) {
            return OVERT_OK;
        }
        if (proof->path_count == OV_TREE_HEIGHT_MAX) {
            return ov_line_fail(err, OVERT_E_LIMIT, lines, "more than %u hashes in a proof",
                    OV_TREE_HEIGHT_MAX);
        }
        why = ov_hash_read(line, &proof->path[proof->path_count]);
        if (why != NULL) {
            return ov_line_fail(err, OVERT_E_SYNTAX, lines, "in the inclusion proof: %s", why);
        }
        proof->path_count++;
    }
}

overt_status ov_proof_read(struct ov_bytes in, struct ov_proof *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(in);
    overt_status status;

    if (ov_bytes_len(in) > OV_PROOF_BYTES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, OV_PROOF_BYTES_MAX, "a proof has at most %u bytes",
                OV_PROOF_BYTES_MAX);
    }
    *out = (struct ov_proof){ .extra = ov_bytes_of(NULL, 0) };
    status = ov_text_check_plain(in, err);
    if (status == OVERT_OK) {
        status = read_head(&lines, out, err);
    }
    if (status == OVERT_OK) {
        status = read_path(&lines, out, err);
    }
    if (status != OVERT_OK) {
        return status;
    }
    out->note_line = lines.line;
    status = ov_note_read(ov_lines_rest(&lines), &out->note, err);
    if (status == OVERT_OK) {
        status = ov_checkpoint_read(out->note.text, &out->checkpoint, err);
    }
    if (status != OVERT_OK) {
        ov_line_shift(err, &lines);
    }
    return status;
}

overt_status ov_proof_check(const struct ov_proof *proof, const struct ov_policy *policy,
        struct ov_bytes entry, struct ov_judgement *out, overt_error *err)
{
    struct ov_judgement judgement;
    struct ov_digest *sha = NULL;
    struct ov_hash leaf;
    overt_status status;

    if (ov_bytes_len(entry) > OV_LOG_ENTRY_BYTES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX, "an entry of a log has at most %u bytes",
                OV_LOG_ENTRY_BYTES_MAX);
    }
    status = ov_policy_judge(policy, &proof->note, &proof->checkpoint, 0, &judgement, err);
    if (status != OVERT_OK) {
        if (err != NULL && err->line != 0) {
            err->line += proof->note_line;
        }
        return status;
    }
    sha = ov_digest_new(OV_DIGEST_SHA256);
    if (sha == NULL) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for SHA-256");
    }
    ov_tree_leaf(sha, entry, &leaf);
    status = ov_tree_check_inclusion(sha, &leaf, proof->index, proof->checkpoint.size, proof->path,
            proof->path_count, &proof->checkpoint.root, err);
    ov_digest_free(sha);
    if (status == OVERT_OK) {
        *out = judgement;
    }
    return status;
}

void ov_proof_put_head(struct ov_buf *out, const struct ov_proof *proof)
{
    ov_buf_put_text(out, FIRST_LINE "\n");
    if (ov_bytes_len(proof->extra) != 0) {
        ov_buf_put_text(out, EXTRA_PREFIX);
        ov_buf_put(out, ov_bytes_raw(proof->extra), (size_t)ov_bytes_len(proof->extra));
        ov_buf_put_u8(out, '\n');
    }
    ov_buf_printf(out, INDEX_PREFIX "%" PRIu64 "\n", proof->index);
    for (uint32_t i = 0; i < proof->path_count; i++) {
        ov_hash_put(out, &proof->path[i]);
        ov_buf_put_u8(out, '\n');
    }
    ov_buf_put_u8(out, '\n');
}
