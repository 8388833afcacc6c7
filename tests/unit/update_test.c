/* SPDX-License-Identifier: Apache-2.0 */
/* The update system's threats, one test a row: each offers what an attacker would and names the
 * refusal. Logs are built here, with keys of our own, as no publisher of ours would build them. */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/pack.h"
#include "trust/update.h"

#define ORIGIN "overt.example/log"
#define RULE                                                                             \
    "language yara\n\nrule R {\n    strings:\n        $a = \"x\\x00\"\n    condition:\n" \
    "        $a\n}\n"
#define T0 1767225600u

/* A log that is being made, and the pack of all of it. */
struct world {
    struct ov_hash leaves[64];
    size_t size;
    struct ov_buf pack;
    struct ov_buf entries; /* of the segment under way */
    size_t entries_count;
    struct ov_buf note; /* of the last checkpoint */
    const char *scope;
};

static unsigned quorum = 2;
static struct ov_policy policy;
static struct ov_settings settings;
static struct ov_buf policy_text;

static const char *const signers[] = { "r1.example/release", "r2.example/release",
    "r3.example/release" };
static const char *const watchers[] = { "w1.example/overt", "w2.example/overt",
    "w3.example/overt" };

static void put_key(struct ov_buf *out, const char *name, enum ov_key_algorithm algorithm)
{
    const struct ov_signer s = signer_of(name, algorithm);

    ov_key_put(out, &s.key);
}

static void make_policy(const char *more)
{
    ov_buf_done(&policy_text);
    ov_buf_init(&policy_text, 65536);
    ov_buf_put_text(&policy_text, "log ");
    put_key(&policy_text, ORIGIN, OV_KEY_ED25519);
    for (size_t i = 0; i < 3; i++) {
        ov_buf_printf(&policy_text, "\nwitness w%zu ", i);
        put_key(&policy_text, watchers[i], OV_KEY_COSIGNATURE_V1);
    }
    ov_buf_printf(&policy_text, "\ngroup seen %u w0 w1 w2\nquorum seen\n", quorum);
    for (size_t i = 0; i < 3; i++) {
        ov_buf_put_text(&policy_text, "overt release-key ");
        put_key(&policy_text, signers[i], OV_KEY_ED25519);
        ov_buf_put_u8(&policy_text, '\n');
    }
    for (unsigned k = 0; k < OV_ENTRY_KINDS; k++) {
        ov_buf_printf(&policy_text, "overt threshold %s %u\n",
                ov_entry_kind_name((enum ov_entry_kind)k), k == OV_ENTRY_RULE ? 2u : 3u);
    }
    ov_buf_put_text(&policy_text, more);
    if (ov_policy_read(ov_buf_bytes(&policy_text), &policy, NULL) != OVERT_OK
            || ov_settings_read(ov_buf_bytes(&policy_text), &settings, NULL) != OVERT_OK) {
        abort();
    }
}

static void sign(struct ov_buf *out, struct ov_bytes text, const char *name,
        enum ov_key_algorithm algorithm, uint64_t time)
{
    const struct ov_signer s = signer_of(name, algorithm);

    if (ov_sign_note(out, text, &s, time, NULL) != OVERT_OK) {
        abort();
    }
}

static void world_begin(struct world *w)
{
    memset(w, 0, sizeof(*w));
    ov_buf_init(&w->pack, 1u << 20);
    ov_buf_init(&w->entries, 1u << 20);
    ov_buf_init(&w->note, 65536);
    w->scope = ORIGIN;
    ov_pack_put_head(&w->pack, text_of(ORIGIN), 0);
}

static void world_done(struct world *w)
{
    ov_buf_done(&w->pack);
    ov_buf_done(&w->entries);
    ov_buf_done(&w->note);
}

/* Any text as an entry, signed by the first `count` release keys (or by `other` alone). */
static void add_text(struct world *w, const char *text, size_t count, const char *other)
{
    struct ov_buf note;

    ov_buf_init(&note, 65535);
    ov_note_put_text(&note, text_of(text));
    for (size_t i = 0; i < count; i++) {
        sign(&note, text_of(text), signers[i], OV_KEY_ED25519, 0);
    }
    if (other != NULL) {
        sign(&note, text_of(text), other, OV_KEY_ED25519, 0);
    }
    ov_tree_leaf(sha, ov_buf_bytes(&note), &w->leaves[w->size++]);
    ov_pack_put_entry(&w->entries, ov_buf_bytes(&note));
    w->entries_count++;
    ov_buf_done(&note);
}

static void add(struct world *w, const char *kind, const char *name, const char *body, size_t count)
{
    char text[8192];

    (void)snprintf(text, sizeof(text), "overt-entry/v1\n%s\n%s\n%s\n0\n%zu\n\n%s", kind, name,
            w->scope, strlen(body), body);
    add_text(w, text, count, NULL);
}

/* The checkpoint of the tree as it is, seen by the witnesses of the mask. */
static void checkpoint(struct world *w, uint64_t time, unsigned seen_by)
{
    struct ov_checkpoint c = { .origin = text_of(ORIGIN), .size = w->size };
    struct ov_buf text;

    root_of(w->leaves, w->size, &c.root);
    ov_buf_init(&text, 1024);
    ov_checkpoint_put(&text, &c);
    ov_buf_clear(&w->note);
    ov_note_put_text(&w->note, ov_buf_bytes(&text));
    sign(&w->note, ov_buf_bytes(&text), ORIGIN, OV_KEY_ED25519, 0);
    for (size_t i = 0; i < 3; i++) {
        if ((seen_by >> i & 1u) != 0) {
            sign(&w->note, ov_buf_bytes(&text), watchers[i], OV_KEY_COSIGNATURE_V1, time);
        }
    }
    ov_buf_done(&text);
}

static void segment(struct world *w, uint64_t time)
{
    checkpoint(w, time, 7);
    ov_pack_put_segment(&w->pack, ov_buf_bytes(&w->note), w->entries_count);
    ov_buf_put(&w->pack, ov_bytes_raw(ov_buf_bytes(&w->entries)),
            (size_t)ov_bytes_len(ov_buf_bytes(&w->entries)));
    ov_buf_clear(&w->entries);
    w->entries_count = 0;
}

/* A client: its state and store, as files would hold them. */
struct client {
    struct ov_buf state, store;
    overt_error err;
    char rules[4096]; /* of the last replay */
    char origins[4096];
};

static void client_begin(struct client *c)
{
    memset(c, 0, sizeof(*c));
    ov_buf_init(&c->state, 1u << 20);
    ov_buf_init(&c->store, 1u << 22);
}

static void client_done(struct client *c)
{
    ov_buf_done(&c->state);
    ov_buf_done(&c->store);
}

static void keep_text(char *to, size_t room, const struct ov_buf *from)
{
    (void)snprintf(to, room, "%.*s", (int)ov_bytes_len(ov_buf_bytes(from)),
            (const char *)ov_bytes_raw(ov_buf_bytes(from)));
}

/* What `overt update` does, in its jail and with the result. The state changes only on OVERT_OK. */
static overt_status update(
        struct client *c, struct ov_bytes note, struct ov_bytes pack, struct ov_bytes approval)
{
    struct ov_update u;
    struct ov_replay replay;
    overt_status status;

    c->err = (overt_error)OVERT_ERROR_INIT;
    status = ov_update_begin(
            &u, &policy, &settings, ov_buf_bytes(&c->state), ov_buf_bytes(&c->store), &c->err);
    if (status == OVERT_OK && ov_bytes_len(note) != 0) {
        status = ov_update_checkpoint(&u, note, &c->err);
    }
    if (status == OVERT_OK && ov_bytes_len(pack) != 0) {
        status = ov_update_pack(&u, pack, &c->err);
    }
    if (status == OVERT_OK && ov_bytes_len(approval) != 0) {
        status = ov_update_approval(&u, approval, &c->err);
    }
    if (status == OVERT_OK) {
        status = ov_update_end(&u, &c->err);
    }
    if (status == OVERT_OK) {
        status = ov_update_replay(&u, &replay, &c->err);
    }
    if (status == OVERT_OK) {
        struct ov_buf state;

        ov_buf_init(&state, 1u << 20);
        ov_state_put(&state, &u.state);
        ov_buf_put(&c->store, ov_bytes_raw(ov_buf_bytes(&u.append)),
                (size_t)ov_bytes_len(ov_buf_bytes(&u.append)));
        keep_text(c->rules, sizeof(c->rules), &replay.rules);
        keep_text(c->origins, sizeof(c->origins), &replay.origins);
        ov_replay_done(&replay);
        ov_update_done(&u);
        ov_buf_done(&c->state);
        c->state = state;
        return OVERT_OK;
    }
    ov_update_done(&u);
    return status;
}

static overt_status take(struct client *c, const struct world *w)
{
    return update(c, ov_buf_bytes(&w->note), ov_buf_bytes(&w->pack), ov_bytes_of(NULL, 0));
}

#define REFUSED(c, w, why)                                          \
    do {                                                            \
        CHECK(take(&(c), &(w)) != OVERT_OK);                        \
        if (strstr((c).err.message, (why)) == NULL) {               \
            (void)printf("# not '%s': %s\n", why, (c).err.message); \
        }                                                           \
        CHECK(strstr((c).err.message, (why)) != NULL);              \
    } while (0)

static void simple_world(struct world *w, uint64_t time)
{
    world_begin(w);
    add(w, "rule", "R", RULE, 2);
    segment(w, time);
}

TEST(an_honest_update_is_taken_and_the_next_continues_it)
{
    struct world w;
    struct client c;

    make_policy("");
    client_begin(&c);
    simple_world(&w, T0);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.origins, "pending 0 rule R") != NULL); /* its hour is not over */
    checkpoint(&w, T0 + 3600, 7);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.rules, "rule 0 yara R") != NULL);
    add(&w, "rule", "R", RULE, 2);
    segment(&w, T0 + 9000);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.origins, "size 2\n") != NULL);
    CHECK(update(&c, ov_bytes_of(NULL, 0), ov_bytes_of(NULL, 0), ov_bytes_of(NULL, 0)) == OVERT_OK);
    world_done(&w);
    client_done(&c);
}

TEST(arbitrary_software_any_changed_byte_is_refused)
{
    struct world w;
    size_t len, taken = 0;

    quorum = 3; /* else one of three cosignatures may be spoilt: it is then an unknown witness's */
    make_policy("");
    simple_world(&w, T0);
    len = (size_t)ov_bytes_len(ov_buf_bytes(&w.pack));
    for (size_t i = 0; i < len; i++) {
        kept uint8_t *bytes = malloc(len);
        struct client c;

        memcpy(bytes, ov_bytes_raw(ov_buf_bytes(&w.pack)), len);
        bytes[i] ^= 1u;
        client_begin(&c);
        taken += update(&c, ov_buf_bytes(&w.note), ov_bytes_of(bytes, len), ov_bytes_of(NULL, 0))
                 == OVERT_OK;
        client_done(&c);
    }
    quorum = 2;
    CHECK_UINT(taken, 0);
    world_done(&w);
}

TEST(rollback_an_older_checkpoint_is_refused)
{
    struct world w, old;
    struct client c;

    make_policy("");
    client_begin(&c);
    simple_world(&old, T0);
    simple_world(&w, T0);
    add(&w, "rule", "R", RULE, 2);
    segment(&w, T0 + 10);
    CHECK(take(&c, &w) == OVERT_OK);
    REFUSED(c, old, "too few witnesses"); /* nobody looked since: none of their words counts */
    checkpoint(&old, T0 + 20, 7);
    REFUSED(c, old, "rollback: the checkpoint has 1 entries, 2 were accepted");
    world_done(&w);
    world_done(&old);
    client_done(&c);
}

TEST(rollback_in_time_is_refused)
{
    struct world w;
    struct client c;

    make_policy("");
    client_begin(&c);
    simple_world(&w, T0 + 100);
    CHECK(take(&c, &w) == OVERT_OK);
    checkpoint(&w, T0, 7);
    REFUSED(c, w, "too few witnesses");
    world_done(&w);
    client_done(&c);
}

TEST(split_view_another_tree_of_the_same_size_is_a_fork)
{
    struct world w, fork;
    struct client c;

    make_policy("");
    client_begin(&c);
    simple_world(&w, T0);
    CHECK(take(&c, &w) == OVERT_OK);
    world_begin(&fork);
    add(&fork, "rule", "R", RULE, 3);
    segment(&fork, T0 + 5);
    REFUSED(c, fork, "FORK");
    add(&fork, "rule", "R", RULE, 2);
    segment(&fork, T0 + 6);
    REFUSED(c, fork, "are not those of the checkpoint"); /* larger, and does not continue */
    world_done(&w);
    world_done(&fork);
    client_done(&c);
}

TEST(fast_forward_a_size_without_entries_is_refused_and_harms_nothing)
{
    struct ov_checkpoint c62 = { .origin = text_of(ORIGIN), .size = 1ull << 62 };
    struct world w;
    struct client c;
    struct ov_buf text;

    make_policy("");
    client_begin(&c);
    simple_world(&w, T0);
    CHECK(take(&c, &w) == OVERT_OK);
    ov_buf_init(&text, 1024);
    ov_checkpoint_put(&text, &c62);
    ov_buf_clear(&w.note);
    ov_note_put_text(&w.note, ov_buf_bytes(&text));
    sign(&w.note, ov_buf_bytes(&text), ORIGIN, OV_KEY_ED25519, 0);
    sign(&w.note, ov_buf_bytes(&text), watchers[0], OV_KEY_COSIGNATURE_V1, T0 + 9);
    REFUSED(c, w, "too few witnesses: 1 of the 2");
    sign(&w.note, ov_buf_bytes(&text), watchers[1], OV_KEY_COSIGNATURE_V1, T0 + 9);
    REFUSED(c, w, "the packs end at entry 1");
    ov_buf_done(&text);
    add(&w, "rule", "R", RULE, 2);
    segment(&w, T0 + 20);
    CHECK(take(&c, &w) == OVERT_OK); /* the next honest one works */
    world_done(&w);
    client_done(&c);
}

TEST(extraneous_dependencies_an_unknown_kind_refuses_the_whole_update)
{
    struct world w;
    struct client c;

    make_policy("");
    client_begin(&c);
    world_begin(&w);
    add(&w, "rule", "R", RULE, 2);
    add(&w, "plugin", "P", "x\n", 3);
    segment(&w, T0);
    REFUSED(c, w, "entry 1: an entry of an unknown kind");
    CHECK(ov_bytes_len(ov_buf_bytes(&c.state)) == 0);
    world_done(&w);
    client_done(&c);
}

TEST(mix_and_match_entries_of_another_tree_are_refused)
{
    struct world a, b;
    struct client c;

    make_policy("");
    client_begin(&c);
    simple_world(&a, T0);
    world_begin(&b);
    add(&b, "statement", "S", "another\n", 3);
    segment(&b, T0);
    CHECK(update(&c, ov_buf_bytes(&a.note), ov_buf_bytes(&b.pack), ov_bytes_of(NULL, 0))
            != OVERT_OK);
    CHECK(strstr(c.err.message, "not those of the checkpoint") != NULL);
    world_done(&a);
    world_done(&b);
    client_done(&c);
}

TEST(wrong_software_an_entry_made_for_another_log_is_refused)
{
    struct world w;
    struct client c;

    make_policy("");
    client_begin(&c);
    world_begin(&w);
    w.scope = "other.example/log"; /* the same release keys sign for it */
    add(&w, "rule", "R", RULE, 3);
    segment(&w, T0);
    REFUSED(c, w, "entry 0: it was made for another log");
    world_done(&w);
    client_done(&c);
}

TEST(key_compromise_a_stolen_log_key_alone_installs_nothing)
{
    struct world w;
    struct client c;

    make_policy("");
    client_begin(&c);
    world_begin(&w);
    {
        char text[1024];

        (void)snprintf(text, sizeof(text), "overt-entry/v1\nrule\nR\n" ORIGIN "\n0\n%zu\n\n%s",
                strlen(RULE), RULE);
        add_text(&w, text, 0, ORIGIN);
    }
    segment(&w, T0);
    REFUSED(c, w, "entry 0: signed by 0 release keys; a rule entry needs 2");
    world_done(&w);
    client_done(&c);
}

TEST(key_compromise_fewer_release_keys_than_the_kind_needs_are_refused)
{
    struct world w;
    struct client c;

    make_policy("");
    client_begin(&c);
    world_begin(&w);
    add(&w, "rule", "R", RULE, 1);
    segment(&w, T0);
    REFUSED(c, w, "signed by 1 release keys; a rule entry needs 2");
    world_done(&w);
    world_begin(&w);
    add(&w, "rule", "R", RULE, 2);
    add(&w, "revoke", "V", "entry 0\n", 2); /* enough for a rule, not for taking one away */
    segment(&w, T0);
    REFUSED(c, w, "entry 1: signed by 2 release keys; a revoke entry needs 3");
    world_done(&w);
    client_done(&c);
}

TEST(off_switch_a_pattern_cannot_be_suppressed)
{
    static const char *const bodies[] = { "sha256 *\n", "name R\n", "path /tmp\n",
        "sha256 00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n",
        "sha256 00\n" };

    make_policy("");
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct world w;
        struct client c;

        client_begin(&c);
        world_begin(&w);
        add(&w, "suppress", "S", bodies[i], 3);
        segment(&w, T0);
        REFUSED(c, w, "64 hex digits alone, no pattern");
        world_done(&w);
        client_done(&c);
    }
}

TEST(off_switch_a_revoke_waits_three_days_and_is_on_record)
{
    struct world w;
    struct client c;

    make_policy("overt delay rule 0\n");
    client_begin(&c);
    simple_world(&w, T0);
    add(&w, "revoke", "V", "entry 0\n", 3);
    segment(&w, T0 + 1);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.rules, "rule 0 yara R") != NULL);
    CHECK(strstr(c.origins, "pending 1 revoke V") != NULL);
    checkpoint(&w, T0 + 1 + 72u * 3600u, 7);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.rules, "rule 0 yara R") == NULL);
    CHECK(strstr(c.origins, "revoked 0 1\n") != NULL);
    make_policy("overt delay rule 0\novert keep-revoked\n");
    checkpoint(&w, T0 + 2 + 72u * 3600u, 7);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.rules, "rule 0 yara R") != NULL);
    CHECK(strstr(c.origins, "revoked 0 1\n") != NULL);
    world_done(&w);
    client_done(&c);
}

TEST(off_switch_with_an_own_key_nothing_is_taken_away_without_its_word)
{
    struct world w;
    struct client c;
    struct ov_buf extra, approval, text;

    ov_buf_init(&extra, 4096);
    ov_buf_put_text(&extra, "overt delay rule 0\novert delay revoke 0\novert own-key ");
    put_key(&extra, "own.example/key", OV_KEY_ED25519);
    ov_buf_put_text(&extra, "\n");
    ov_buf_put_u8(&extra, 0);
    make_policy((const char *)ov_bytes_raw(ov_buf_bytes(&extra)));
    client_begin(&c);
    simple_world(&w, T0);
    add(&w, "revoke", "V", "entry 0\n", 3);
    segment(&w, T0 + 1);
    CHECK(take(&c, &w) == OVERT_OK);
    CHECK(strstr(c.rules, "rule 0 yara R") != NULL);
    CHECK(strstr(c.origins, "unapproved 1 revoke V") != NULL);
    ov_buf_init(&text, 1024);
    ov_buf_init(&approval, 4096);
    ov_buf_put_text(&text, "overt-approval/v1\nentry 1\nleaf ");
    ov_hash_put(&text, &w.leaves[1]);
    ov_buf_put_u8(&text, '\n');
    ov_note_put_text(&approval, ov_buf_bytes(&text));
    sign(&approval, ov_buf_bytes(&text), signers[0], OV_KEY_ED25519, 0); /* not the owner */
    CHECK(update(&c, ov_buf_bytes(&w.note), ov_buf_bytes(&w.pack), ov_buf_bytes(&approval))
            != OVERT_OK);
    sign(&approval, ov_buf_bytes(&text), "own.example/key", OV_KEY_ED25519, 0);
    CHECK(update(&c, ov_buf_bytes(&w.note), ov_buf_bytes(&w.pack), ov_buf_bytes(&approval))
            == OVERT_OK);
    CHECK(strstr(c.rules, "rule 0 yara R") == NULL);
    ov_buf_done(&extra);
    ov_buf_done(&text);
    ov_buf_done(&approval);
    world_done(&w);
    client_done(&c);
}

TEST(key_rotation_needs_the_old_keys_and_the_new_and_two_weeks)
{
    struct world w;
    struct client c;
    struct ov_buf body;
    char *text;
    size_t len;

    make_policy("");
    client_begin(&c);
    world_begin(&w);
    ov_buf_init(&body, 4096);
    ov_buf_put_text(&body, "key ");
    put_key(&body, "n1.example/release", OV_KEY_ED25519);
    for (unsigned k = 0; k < OV_ENTRY_KINDS; k++) {
        ov_buf_printf(&body, "%sthreshold %s 1\n", k == 0 ? "\n" : "",
                ov_entry_kind_name((enum ov_entry_kind)k));
    }
    ov_buf_put_u8(&body, 0);
    text = (char *)ov_buf_steal(&body, &len);
    add(&w, "keyset", "K", text, 3);
    segment(&w, T0);
    REFUSED(c, w, "signed by 0 release keys; a keyset entry needs 1"); /* of the new ones */
    world_done(&w);
    world_begin(&w);
    {
        char entry[4096];

        (void)snprintf(entry, sizeof(entry), "overt-entry/v1\nkeyset\nK\n" ORIGIN "\n0\n%zu\n\n%s",
                strlen(text), text);
        add_text(&w, entry, 3, "n1.example/release");
    }
    add(&w, "rule", "R", RULE, 2); /* the old keys still hold */
    segment(&w, T0);
    CHECK(take(&c, &w) == OVERT_OK);
    add(&w, "rule", "R", RULE, 2);
    segment(&w, T0 + 15u * 86400u);
    REFUSED(c, w, "signed by 0 release keys; a rule entry needs 1");
    free(text);
    world_done(&w);
    client_done(&c);
}

TEST(a_damaged_state_or_store_is_refused_never_guessed_at)
{
    struct world w;
    struct client c;
    size_t len, taken = 0;

    make_policy("");
    client_begin(&c);
    simple_world(&w, T0);
    CHECK(take(&c, &w) == OVERT_OK);
    len = (size_t)ov_bytes_len(ov_buf_bytes(&c.store));
    for (size_t i = 0; i < len; i += 7) {
        uint8_t *at = (uint8_t *)(uintptr_t)ov_bytes_raw(ov_buf_bytes(&c.store));

        at[i] ^= 4u;
        taken += update(&c, ov_bytes_of(NULL, 0), ov_bytes_of(NULL, 0), ov_bytes_of(NULL, 0))
                         == OVERT_OK
                 && strstr(c.origins, "size 1\n") == NULL;
        at[i] ^= 4u;
    }
    CHECK_UINT(taken, 0);
    for (size_t cut = 0; cut < ov_bytes_len(ov_buf_bytes(&c.state)); cut += 11) {
        struct ov_state state;

        taken += cut != 0
                 && ov_state_read(ov_bytes_of(ov_bytes_raw(ov_buf_bytes(&c.state)), cut), &state,
                            sha, NULL)
                            == OVERT_OK;
    }
    CHECK_UINT(taken, 0);
    world_done(&w);
    client_done(&c);
}

TESTS(T(an_honest_update_is_taken_and_the_next_continues_it),
        T(arbitrary_software_any_changed_byte_is_refused),
        T(rollback_an_older_checkpoint_is_refused), T(rollback_in_time_is_refused),
        T(split_view_another_tree_of_the_same_size_is_a_fork),
        T(fast_forward_a_size_without_entries_is_refused_and_harms_nothing),
        T(extraneous_dependencies_an_unknown_kind_refuses_the_whole_update),
        T(mix_and_match_entries_of_another_tree_are_refused),
        T(wrong_software_an_entry_made_for_another_log_is_refused),
        T(key_compromise_a_stolen_log_key_alone_installs_nothing),
        T(key_compromise_fewer_release_keys_than_the_kind_needs_are_refused),
        T(off_switch_a_pattern_cannot_be_suppressed),
        T(off_switch_a_revoke_waits_three_days_and_is_on_record),
        T(off_switch_with_an_own_key_nothing_is_taken_away_without_its_word),
        T(key_rotation_needs_the_old_keys_and_the_new_and_two_weeks),
        T(a_damaged_state_or_store_is_refused_never_guessed_at));
