/* SPDX-License-Identifier: Apache-2.0 */
/* bundle.c - `overt bundle FROM TO`: a stretch of the log out of this machine's own store, for
 * machines without a network. Those verify it like anything fetched; nothing here vouches for it. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "programs/overt/commands.h"
#include "programs/overt/out.h"
#include "programs/overt/update.h"
#include "trust/line.h"
#include "trust/pack.h"

static const char usage[] =
        "usage: overt bundle FROM TO FILE [--state FOLDER]\n"
        "\n"
        "Writes entries FROM up to TO of the log, and the newest checkpoint if TO is the\n"
        "end (\"end\"), to FILE: for `overt update --bundle FILE`, without a network.\n"
        "FROM is how many entries those machines have (0: none), or fewer.\n"
        "\n"
        "      --state FOLDER         where rules are kept (/var/lib/overt)\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0, or 2 if something is wrong.\n";

/* Whole segments, as they were cosigned: the first is the one that entry `from` is in. */
static overt_status put_segments(
        uint64_t from, uint64_t to, struct ov_bytes store, struct ov_buf *out, overt_error *err)
{
    struct ov_segment segment;
    struct ov_pack pack;
    overt_status status = ov_pack_read(store, &pack, err);
    uint64_t at = 0;
    bool begun = false;

    while (status == OVERT_OK && ov_pack_next(&pack.segments, &segment, &status, err)) {
        const uint64_t end = at + segment.count;

        if (end > from && end <= to) {
            if (!begun) {
                ov_pack_put_head(out, pack.origin, at);
                begun = true;
            }
            ov_buf_put(out, ov_bytes_raw(segment.whole), (size_t)ov_bytes_len(segment.whole));
        }
        at = end;
    }
    if (status == OVERT_OK && !begun) {
        ov_pack_put_head(out, pack.origin, from);
    }
    return status;
}

overt_status ov_bundle_make(const struct ov_store *store, uint64_t from, uint64_t to,
        struct ov_buf *out, overt_error *err)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    struct ov_buf state_bytes, store_bytes;
    struct ov_state state = { 0 };
    overt_status status =
            sha == NULL ? ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory") : OVERT_OK;

    ov_buf_init(&state_bytes, OV_GIB);
    ov_buf_init(&store_bytes, SIZE_MAX);
    if (status == OVERT_OK) {
        status = ov_file_read(store->fd, "log/state", OV_GIB - 1, &state_bytes, err);
    }
    if (status == OVERT_OK) {
        status = ov_state_read(ov_buf_bytes(&state_bytes), &state, sha, err);
    }
    if (status == OVERT_OK) {
        status = ov_file_read(store->fd, "log/store", SIZE_MAX / 2, &store_bytes, err);
    }
    if (status == OVERT_OK) {
        to = to == OV_BUNDLE_END ? state.tree.size : to;
        if (from > to || to > state.tree.size) {
            status = ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                    "this machine has entries 0 to %" PRIu64, state.tree.size);
        }
    }
    if (status == OVERT_OK) {
        struct ov_bytes counted;

        status = ov_bytes_slice(ov_buf_bytes(&store_bytes), 0, state.store_bytes, &counted)
                         ? put_segments(from, to, counted, out, err)
                         : ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the store is cut short");
    }
    if (status == OVERT_OK && to == state.tree.size) {
        ov_pack_put_segment(out, state.note, 0);
    }
    if (status == OVERT_OK && !ov_buf_ok(out)) {
        status = ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the bundle");
    }
    ov_state_done(&state);
    ov_buf_done(&state_bytes);
    ov_buf_done(&store_bytes);
    ov_digest_free(sha);
    return status;
}

static bool read_words(uint64_t *from, uint64_t *to, const char *const words[3])
{
    const char *why = ov_decimal_read(ov_bytes_of(words[0], strlen(words[0])), from);

    *to = OV_BUNDLE_END;
    if (why == NULL && strcmp(words[1], "end") != 0) {
        why = ov_decimal_read(ov_bytes_of(words[1], strlen(words[1])), to);
    }
    if (why != NULL) {
        ov_complain("bundle", "FROM and TO: %s", why);
    }
    return why == NULL;
}

int cmd_bundle(int argc, char **argv)
{
    const char *words[3] = { NULL, NULL, NULL }, *state = OV_STATE_DEFAULT;
    overt_error err = OVERT_ERROR_INIT;
    uint64_t from, to;
    struct ov_buf out;
    struct ov_store *store;
    int count = 0, code = OV_EXIT_ERROR;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return fputs(usage, stdout) >= 0 ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
        }
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc) {
            state = argv[++i];
        } else if (argv[i][0] != '-' && count < 3) {
            words[count++] = argv[i];
        } else {
            ov_complain("bundle", "'%s' is not understood", argv[i]);
            return OV_EXIT_ERROR;
        }
    }
    store = calloc(1, sizeof(*store));
    ov_buf_init(&out, SIZE_MAX);
    if (count != 3 || store == NULL) {
        (void)fputs(usage, stderr);
    } else if (read_words(&from, &to, words) && ov_store_open(store, "bundle", state, false)) {
        if (ov_bundle_make(store, from, to, &out, &err) == OVERT_OK
                && ov_file_replace(AT_FDCWD, words[2], ov_buf_bytes(&out), 0644, &err)
                           == OVERT_OK) {
            code = OV_EXIT_CLEAN;
        } else {
            ov_complain_error("bundle", &err);
        }
        ov_store_close(store);
    }
    ov_buf_done(&out);
    free(store);
    return code;
}
