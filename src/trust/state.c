/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trust/line.h"
#include "trust/note.h"

#define MAGIC "overt-state/v1"

void ov_state_done(struct ov_state *state)
{
    free(state->segments);
    *state = (struct ov_state){ 0 };
}

bool ov_state_add_segment(struct ov_state *state, const struct ov_state_segment *segment)
{
    if (state->segment_count == state->priv_segment_cap) {
        const size_t cap = state->priv_segment_cap == 0 ? 64 : state->priv_segment_cap * 2;
        struct ov_state_segment *more = reallocarray(state->segments, cap, sizeof(*more));

        if (more == NULL) {
            return false;
        }
        state->segments = more;
        state->priv_segment_cap = cap;
    }
    state->segments[state->segment_count++] = *segment;
    return true;
}

const struct ov_state_segment *ov_state_segment_of(const struct ov_state *state, uint64_t index)
{
    size_t low = 0, high = state->segment_count;

    while (low < high) { /* the first whose end is above */
        const size_t middle = low + (high - low) / 2;

        if (state->segments[middle].end > index) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < state->segment_count ? &state->segments[low] : NULL;
}

/* `WORD NUMBER`, the next line. */
static bool read_number(struct ov_lines *lines, const char *word, uint64_t *out)
{
    struct ov_bytes line, number;

    return ov_lines_next(lines, &line) && ov_text_after(line, word, &number)
           && ov_decimal_read(number, out) == NULL;
}

static bool read_peaks(struct ov_lines *lines, struct ov_tree *tree)
{
    uint64_t count = 0;
    struct ov_bytes line;

    if (!read_number(lines, "peaks ", &count) || count > OV_TREE_HEIGHT_MAX) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (!ov_lines_next(lines, &line) || ov_hash_read(line, &tree->peaks[i]) != NULL) {
            return false;
        }
    }
    tree->peak_count = (uint32_t)count;
    return true;
}

static bool read_segments(struct ov_lines *lines, struct ov_state *state)
{
    uint64_t count = 0;

    if (!read_number(lines, "segments ", &count)) {
        return false;
    }
    for (uint64_t i = 0; i < count; i++) { /* each needs a line: it ends */
        struct ov_state_segment segment = { .end = 0 };
        struct ov_bytes line, end, rest, time, witnesses;
        uint64_t number = 0;

        if (!ov_lines_next(lines, &line) || !ov_text_split(line, ' ', &end, &rest)
                || !ov_text_split(rest, ' ', &time, &witnesses)
                || ov_decimal_read(end, &segment.end) != NULL
                || ov_decimal_read(time, &segment.time) != NULL
                || ov_decimal_read(witnesses, &number) != NULL || number > UINT32_MAX) {
            return false;
        }
        segment.witnesses = (uint32_t)number;
        if (state->segment_count > 0
                && (segment.end <= state->segments[state->segment_count - 1].end
                        || segment.time < state->segments[state->segment_count - 1].time)) {
            return false;
        }
        if (!ov_state_add_segment(state, &segment)) {
            return false;
        }
    }
    return true;
}

static bool read_text(struct ov_lines *lines, struct ov_state *state)
{
    uint64_t note_bytes = 0, witnesses = 0;
    struct ov_bytes line;

    if (!ov_lines_next(lines, &line) || !ov_bytes_equal(line, MAGIC, strlen(MAGIC))
            || !read_number(lines, "store ", &state->store_bytes)
            || !read_number(lines, "time ", &state->time)
            || !read_number(lines, "witnesses ", &witnesses) || witnesses > UINT32_MAX
            || !read_peaks(lines, &state->tree) || !read_segments(lines, state)
            || !read_number(lines, "note ", &note_bytes)) {
        return false;
    }
    state->witnesses = (uint32_t)witnesses;
    state->note = ov_lines_rest(lines);
    return ov_bytes_len(state->note) == note_bytes;
}

overt_status ov_state_read(
        struct ov_bytes in, struct ov_state *out, struct ov_digest *sha, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(in);
    struct ov_note *note;
    struct ov_hash root;
    overt_status status;
    uint32_t peaks = 0;

    *out = (struct ov_state){ 0 };
    if (ov_bytes_len(in) == 0) {
        return OVERT_OK;
    }
    if (!read_text(&lines, out)) {
        ov_state_done(out);
        return ov_line_fail(err, OVERT_E_CORRUPT, &lines, "the state of the log is damaged");
    }
    note = malloc(sizeof(*note));
    status = note == NULL ? ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a checkpoint")
                          : ov_note_read(out->note, note, err);
    if (status == OVERT_OK) {
        status = ov_checkpoint_read(note->text, &out->checkpoint, err);
    }
    free(note);
    if (status == OVERT_OK) {
        out->tree.size = out->checkpoint.size;
        for (uint64_t left = out->tree.size; left != 0; left &= left - 1) {
            peaks++;
        }
        if (peaks == out->tree.peak_count) {
            ov_tree_root(sha, &out->tree, &root);
        }
        if (peaks != out->tree.peak_count || !ov_hash_equal(&root, &out->checkpoint.root)) {
            status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX,
                    "the state of the log is damaged: its tree is not that of its checkpoint");
        }
    }
    if (status != OVERT_OK) {
        ov_state_done(out);
    }
    return status;
}

void ov_state_put(struct ov_buf *out, const struct ov_state *state)
{
    ov_buf_printf(out,
            MAGIC "\nstore %" PRIu64 "\ntime %" PRIu64 "\nwitnesses %" PRIu32 "\npeaks %" PRIu32
                  "\n",
            state->store_bytes, state->time, state->witnesses, state->tree.peak_count);
    for (uint32_t i = 0; i < state->tree.peak_count; i++) {
        ov_hash_put(out, &state->tree.peaks[i]);
        ov_buf_put_u8(out, '\n');
    }
    ov_buf_printf(out, "segments %zu\n", state->segment_count);
    for (size_t i = 0; i < state->segment_count; i++) {
        ov_buf_printf(out, "%" PRIu64 " %" PRIu64 " %" PRIu32 "\n", state->segments[i].end,
                state->segments[i].time, state->segments[i].witnesses);
    }
    ov_buf_printf(out, "note %" PRIu64 "\n", ov_bytes_len(state->note));
    ov_buf_put(out, ov_bytes_raw(state->note), (size_t)ov_bytes_len(state->note));
}
