/* SPDX-License-Identifier: Apache-2.0 */
/* trust_bench.c - CPU time of a checkpoint's verification (a log's signature, 5 of 7 witnesses), and
 * of a ledger's, at three sizes; beside it SHA-256 over the same bytes, which bounds it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/digest.h"
#include "base/limits.h"
#include "trust/ledger.h"
#include "trust/policy.h"
#include "trust/sign.h"

#define WITNESSES 7u

static double cpu_now(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "trust_bench: %s\n", what);
        exit(1);
    }
}

/* --- a checkpoint --------------------------------------------------------------------------- */

static void bench_checkpoint(void)
{
    static const char text[] =
            "bench.example/log\n100000\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    static struct ov_policy policy;
    static struct ov_note note;
    static char names[WITNESSES][40];
    struct ov_signer signers[WITNESSES + 1];
    struct ov_checkpoint checkpoint;
    struct ov_judgement judgement;
    struct ov_buf policy_text, bytes;
    uint8_t seed[OV_SEED_BYTES] = { 1 };
    const unsigned rounds = 500;
    double begun;

    ov_buf_init(&policy_text, 65536);
    ov_buf_init(&bytes, 65536);
    must(ov_signer_init(
                 &signers[0], ov_bytes_of("bench.example/log", 17), OV_KEY_ED25519, seed, NULL)
                    == OVERT_OK,
            "a key");
    ov_buf_put_text(&policy_text, "log ");
    ov_key_put(&policy_text, &signers[0].key);
    for (unsigned i = 0; i < WITNESSES; i++) {
        const int len = snprintf(names[i], sizeof(names[i]), "w%u.example/witness", i);

        seed[1] = (uint8_t)(i + 1);
        must(ov_signer_init(&signers[i + 1], ov_bytes_of(names[i], (size_t)len),
                     OV_KEY_COSIGNATURE_V1, seed, NULL)
                        == OVERT_OK,
                "a key");
        ov_buf_printf(&policy_text, "\nwitness w%u ", i);
        ov_key_put(&policy_text, &signers[i + 1].key);
    }
    ov_buf_put_text(&policy_text, "\ngroup q 5 w0 w1 w2 w3 w4 w5 w6\nquorum q\n");
    ov_note_put_text(&bytes, ov_bytes_of(text, sizeof(text) - 1));
    for (unsigned i = 0; i < 6; i++) {
        must(ov_sign_note(
                     &bytes, ov_bytes_of(text, sizeof(text) - 1), &signers[i], 1767225600, NULL)
                        == OVERT_OK,
                "a signature");
    }
    must(ov_policy_read(ov_buf_bytes(&policy_text), &policy, NULL) == OVERT_OK, "the policy");
    begun = cpu_now();
    for (unsigned i = 0; i < rounds; i++) {
        must(ov_note_read(ov_buf_bytes(&bytes), &note, NULL) == OVERT_OK
                        && ov_checkpoint_read(note.text, &checkpoint, NULL) == OVERT_OK
                        && ov_policy_judge(&policy, &note, &checkpoint, 0, &judgement, NULL)
                                   == OVERT_OK
                        && judgement.counted == 5,
                "a verification");
    }
    (void)printf("trust: a checkpoint, the log's signature and 5 of 7 witnesses: %.2f ms\n",
            (cpu_now() - begun) / rounds * 1e3);
    ov_buf_done(&policy_text);
    ov_buf_done(&bytes);
}

/* --- a ledger ------------------------------------------------------------------------------- */

static void put_ledger(unsigned count, struct ov_digest *sha, struct ov_buf *records,
        struct ov_buf *leaves, struct ov_buf *head)
{
    struct ov_tree tree = { 0 };
    struct ov_hash leaf, root;

    for (unsigned i = 0; i < count; i++) {
        const uint64_t from = ov_bytes_len(ov_buf_bytes(records));
        char text[300];
        struct ov_bytes record;

        (void)snprintf(text, sizeof(text),
                "rules %064x\nfiles %u\ndetected 0\nincomplete 2\nfailed 0\nclean %u\n"
                "completed yes\nINCOMPLETE /srv/share/archive-%u.zip encrypted\n",
                i, i, i, i);
        ov_buf_printf(records, "record %u scan %u %zu\n%s", i, 1767225600u + i, strlen(text), text);
        must(ov_bytes_slice(ov_buf_bytes(records), from, ov_bytes_len(ov_buf_bytes(records)) - from,
                     &record),
                "a record");
        ov_tree_leaf(sha, record, &leaf);
        ov_buf_put(leaves, leaf.b, OV_HASH_BYTES);
        must(ov_tree_append(sha, &tree, &leaf), "a leaf");
    }
    ov_tree_root(sha, &tree, &root);
    ov_buf_printf(head, "overt-ledger/v1\nsize %u\nbytes %llu\nroot ", count,
            (unsigned long long)ov_bytes_len(ov_buf_bytes(records)));
    ov_hash_put(head, &root);
    ov_buf_put_u8(head, '\n');
    for (uint32_t i = 0; i < tree.peak_count; i++) {
        ov_hash_put(head, &tree.peaks[i]);
        ov_buf_put_u8(head, '\n');
    }
}

static void bench_ledger(unsigned count)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    struct ov_buf records, leaves, head;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_tree tree;
    const int rounds = 5;
    double begun, ours, peer, bytes;

    must(sha != NULL, "SHA-256");
    ov_buf_init(&records, SIZE_MAX);
    ov_buf_init(&leaves, SIZE_MAX);
    ov_buf_init(&head, 8192);
    put_ledger(count, sha, &records, &leaves, &head);
    begun = cpu_now();
    for (int i = 0; i < rounds; i++) {
        must(ov_ledger_verify(ov_buf_bytes(&records), ov_buf_bytes(&leaves), ov_buf_bytes(&head),
                     &tree, &err)
                        == OVERT_OK,
                "a ledger");
    }
    ours = (cpu_now() - begun) / rounds;
    begun = cpu_now();
    for (int i = 0; i < rounds; i++) {
        ov_digest_begin(sha);
        ov_digest_update(sha, ov_buf_bytes(&records));
        ov_digest_end(sha, digest);
    }
    peer = (cpu_now() - begun) / rounds;
    bytes = (double)ov_bytes_len(ov_buf_bytes(&records));
    (void)printf(
            "trust: a ledger of %u records, %.0f MB, verified in %.1f ms: %.0f MB/s, %.2f us a "
            "record; SHA-256 of the same in one piece %.1f ms: ratio %.1f\n",
            count, bytes / 1e6, ours * 1e3, bytes / 1e6 / ours, ours / count * 1e6, peer * 1e3,
            ours / peer);
    ov_digest_free(sha);
    ov_buf_done(&records);
    ov_buf_done(&leaves);
    ov_buf_done(&head);
}

int main(void)
{
    bench_checkpoint();
    bench_ledger(10000);
    bench_ledger(100000);
    bench_ledger(1000000);
    return 0;
}
