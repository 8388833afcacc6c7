/* SPDX-License-Identifier: Apache-2.0 */
/* Target: the owner's policy. Property: what is accepted, written in the plainest way and read
 * again, writes to the same bytes; every group can hold; and more witnesses never hold less. */
#include "base/checked.h"
#include "trust/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put(struct ov_buf *out, const char *before, struct ov_bytes text)
{
    ov_buf_put_text(out, before);
    ov_buf_put(out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
}

static void put_url(struct ov_buf *out, struct ov_bytes url)
{
    if (ov_bytes_len(url) != 0) {
        put(out, " ", url);
    }
    ov_buf_put_u8(out, '\n');
}

static void write_plainly(const struct ov_policy *p, struct ov_buf *out)
{
    for (uint32_t i = 0; i < p->log_count; i++) {
        ov_buf_put_text(out, "log ");
        ov_key_put(out, &p->logs[i].key);
        put_url(out, p->logs[i].url);
    }
    for (uint32_t i = 0; i < p->name_count; i++) {
        const struct ov_policy_name *name = &p->names[i];

        put(out, name->is_group ? "group " : "witness ", name->name);
        if (!name->is_group) {
            ov_buf_put_u8(out, ' ');
            ov_key_put(out, &name->key);
            put_url(out, name->url);
            continue;
        }
        OV_ASSERT(name->need >= 1 && name->need <= name->count);
        ov_buf_printf(out, " %u", name->need);
        for (uint32_t m = 0; m < name->count; m++) {
            OV_ASSERT(p->members[name->first + m] < i);
            put(out, " ", p->names[p->members[name->first + m]].name);
        }
        ov_buf_put_u8(out, '\n');
    }
    if (p->quorum == OV_POLICY_QUORUM_NONE) {
        ov_buf_put_text(out, "quorum none\n");
    } else {
        put(out, "quorum ", p->names[p->quorum].name);
        ov_buf_put_u8(out, '\n');
    }
}

/* Witnesses are added one after the other: once held, the quorum holds on; with all it holds. */
static void check_quorum(const struct ov_policy *p)
{
    bool signed_by[OV_POLICY_NAMES_MAX] = { false };
    bool held = ov_policy_quorum_holds(p, signed_by);

    OV_ASSERT(held == (p->quorum == OV_POLICY_QUORUM_NONE));
    for (uint32_t i = 0; i < p->name_count; i++) {
        bool holds;

        if (p->names[i].is_group) {
            continue;
        }
        signed_by[i] = true;
        holds = ov_policy_quorum_holds(p, signed_by);
        OV_ASSERT(holds || !held);
        held = holds;
    }
    OV_ASSERT(held);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ov_policy first, second;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf a, b;

    if (ov_policy_read(ov_bytes_of(data, size), &first, &err) != OVERT_OK) {
        OV_ASSERT(err.status != OVERT_OK && err.message[0] != '\0');
        return 0;
    }
    check_quorum(&first);
    ov_buf_init(&a, 2 * OV_POLICY_BYTES_MAX);
    ov_buf_init(&b, 2 * OV_POLICY_BYTES_MAX);
    write_plainly(&first, &a);
    OV_ASSERT(ov_buf_ok(&a));
    /* Never longer than what was read: "all" is three characters, as is the largest number. */
    OV_ASSERT(ov_bytes_len(ov_buf_bytes(&a)) <= size);
    OV_ASSERT(ov_policy_read(ov_buf_bytes(&a), &second, &err) == OVERT_OK);
    write_plainly(&second, &b);
    OV_ASSERT(ov_buf_ok(&b));
    OV_ASSERT(ov_bytes_equal(ov_buf_bytes(&a), ov_bytes_raw(ov_buf_bytes(&b)),
            (size_t)ov_bytes_len(ov_buf_bytes(&b))));
    ov_buf_done(&a);
    ov_buf_done(&b);
    return 0;
}
