/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a client's own files (state, origins, the policy's lines for updates) and what an update
 * makes of a state, a store and a bundle. The input is `STATE-BYTES STORE-BYTES\n` and the three;
 * the policy is the fixed one below, whose keys the corpus was signed with. Properties: a state that
 * is accepted writes again to the same bytes; an update that is accepted never goes back in size or
 * time, and its new state and store begin an update again. */
#include <string.h>

#include "base/checked.h"
#include "fuzz/client_policy.h"
#include "trust/line.h"
#include "trust/origins.h"
#include "trust/pack.h"
#include "trust/update.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ov_policy policy;
static struct ov_settings settings;

static struct ov_bytes view(const struct ov_buf *buf)
{
    return ov_buf_bytes(buf);
}

static void check_state(struct ov_bytes in, struct ov_digest *sha)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_state state;
    struct ov_buf again;

    if (ov_state_read(in, &state, sha, &err) != OVERT_OK) {
        OV_ASSERT(err.message[0] != '\0');
        return;
    }
    if (ov_bytes_len(in) > 0) {
        ov_buf_init(&again, ov_bytes_len(in) + 1);
        ov_state_put(&again, &state);
        OV_ASSERT(ov_buf_ok(&again)
                  && ov_bytes_equal(
                          in, ov_bytes_raw(view(&again)), (size_t)ov_bytes_len(view(&again))));
        ov_buf_done(&again);
    }
    ov_state_done(&state);
}

static void check_texts(struct ov_bytes in)
{
    overt_error err = OVERT_ERROR_INIT;
    static struct ov_settings read;
    struct ov_origins origins;
    struct ov_buf text;

    (void)!ov_settings_read(in, &read, &err);
    ov_buf_init(&text, ov_bytes_len(in) + 1);
    ov_buf_put(&text, ov_bytes_raw(in), (size_t)ov_bytes_len(in));
    if (ov_origins_read(&text, &origins, &err) == OVERT_OK) {
        ov_origins_done(&origins);
    }
    ov_buf_done(&text);
}

/* The store as the disk has it afterwards. */
static void put_store(struct ov_buf *out, struct ov_bytes store, const struct ov_update *u)
{
    const struct ov_bytes append = view(&u->append);

    ov_buf_put(out, ov_bytes_raw(store), (size_t)(u->state.store_bytes - ov_bytes_len(append)));
    ov_buf_put(out, ov_bytes_raw(append), (size_t)ov_bytes_len(append));
}

static void check_again(struct ov_bytes store, const struct ov_update *u)
{
    static struct ov_update again;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf state, all;

    ov_buf_init(&state, 1u << 24);
    ov_buf_init(&all, 1u << 24);
    ov_state_put(&state, &u->state);
    put_store(&all, store, u);
    OV_ASSERT(ov_buf_ok(&state) && ov_buf_ok(&all));
    OV_ASSERT(ov_update_begin(&again, &policy, &settings, view(&state), view(&all), &err)
              == OVERT_OK);
    OV_ASSERT(again.state.tree.size == u->state.tree.size && again.state.time == u->state.time);
    ov_update_done(&again);
    ov_buf_done(&state);
    ov_buf_done(&all);
}

static bool take_bundle(struct ov_update *u, struct ov_bytes bundle, overt_error *err)
{
    struct ov_segment segment = { .note = ov_bytes_of(NULL, 0) };
    struct ov_pack pack;
    overt_status status = ov_pack_read(bundle, &pack, err);

    while (status == OVERT_OK && ov_pack_next(&pack.segments, &segment, &status, err)) {
    }
    return status == OVERT_OK && ov_update_checkpoint(u, segment.note, err) == OVERT_OK
           && ov_update_pack(u, bundle, err) == OVERT_OK && ov_update_end(u, err) == OVERT_OK;
}

static void check_update(struct ov_bytes state, struct ov_bytes store, struct ov_bytes bundle)
{
    static struct ov_update u;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_replay replay;

    if (ov_update_begin(&u, &policy, &settings, state, store, &err) == OVERT_OK) {
        const uint64_t size = u.state.tree.size, time = u.state.time;

        if (take_bundle(&u, bundle, &err)) {
            OV_ASSERT(u.state.tree.size >= size && u.state.time >= time);
            OV_ASSERT(ov_update_replay(&u, &replay, &err) == OVERT_OK);
            ov_replay_done(&replay);
            check_again(store, &u);
        } else {
            OV_ASSERT(err.message[0] != '\0');
        }
    }
    ov_update_done(&u);
}

static bool cut(struct ov_bytes *rest, uint64_t bytes, struct ov_bytes *out)
{
    return ov_bytes_slice(*rest, 0, bytes, out)
           && ov_bytes_slice(*rest, bytes, ov_bytes_len(*rest) - bytes, rest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = CLIENT_POLICY;
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    struct ov_bytes rest, line, first, second, state, store;
    const struct ov_bytes in = ov_bytes_of(data, size);
    uint64_t state_bytes = 0, store_bytes = 0;

    OV_ASSERT(sha != NULL);
    if (policy.log_count == 0) {
        const struct ov_bytes policy_text = ov_bytes_of(text, sizeof(text) - 1);

        OV_ASSERT(ov_policy_read(policy_text, &policy, NULL) == OVERT_OK);
        OV_ASSERT(ov_settings_read(policy_text, &settings, NULL) == OVERT_OK);
    }
    check_state(in, sha);
    check_texts(in);
    if (ov_text_split(in, '\n', &line, &rest) && ov_text_split(line, ' ', &first, &second)
            && ov_decimal_read(first, &state_bytes) == NULL
            && ov_decimal_read(second, &store_bytes) == NULL && cut(&rest, state_bytes, &state)
            && cut(&rest, store_bytes, &store)) {
        check_state(state, sha);
        check_update(state, store, rest);
    }
    return 0;
}
