/* SPDX-License-Identifier: Apache-2.0 */
/* Running out of memory, at every place where OpenSSL asks for some: a bad proof is never called
 * good, nothing stops the program, and nearly always the lack of memory is what is said. */
#include <errno.h>
#include <openssl/crypto.h>

#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/proof.h"

static unsigned long seen;
static unsigned long fail_at; /* the number of the request that fails; 0: none does */
static bool fail_on;          /* and all after it */

static bool fails_now(void)
{
    seen++;
    return fail_at != 0 && (seen == fail_at || (fail_on && seen > fail_at));
}

static void *test_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails_now() ? NULL : malloc(size);
}

static void *test_realloc(void *at, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return fails_now() ? NULL : realloc(at, size);
}

static void test_free(void *at, const char *file, int line)
{
    (void)file;
    (void)line;
    free(at);
}

/* Before log_help.h makes its digest: OpenSSL takes these only before its first request. */
__attribute__((constructor(101))) static void take_memory(void)
{
    if (CRYPTO_set_mem_functions(test_malloc, test_realloc, test_free) != 1) {
        abort();
    }
}

static overt_status judge_with_failure(
        const struct ov_policy *policy, const struct ov_proof *proof, unsigned long at, bool on)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_judgement judgement;
    overt_status status;

    seen = 0;
    fail_at = at;
    fail_on = on;
    status = ov_policy_judge(policy, &proof->note, &proof->checkpoint, 0, &judgement, &err);
    fail_at = 0;
    return status;
}

TEST(a_lack_of_memory_never_verifies_anything)
{
    static struct ov_policy policy;
    static struct ov_proof good, bad;
    struct ov_bytes policy_file, good_file, bad_file;
    kept uint8_t *a = vector_file("policy.txt", &policy_file);
    kept uint8_t *b = vector_file("v4.good.tlog-proof", &good_file);
    kept uint8_t *c = vector_file("v4.bad.timestamp-altered.tlog-proof", &bad_file);
    unsigned long requests, told = 0, untold = 0;

    CHECK(ov_policy_read(policy_file, &policy, NULL) == OVERT_OK);
    CHECK(ov_proof_read(good_file, &good, NULL) == OVERT_OK);
    CHECK(ov_proof_read(bad_file, &bad, NULL) == OVERT_OK);
    for (unsigned i = 0; i < 2; i++) { /* the first time OpenSSL also looks for its algorithms */
        CHECK(judge_with_failure(&policy, &good, 0, false) == OVERT_OK);
    }
    requests = seen;
    CHECK(requests > 10);
    for (unsigned long at = 1; at <= requests; at++) {
        for (unsigned on = 0; on < 2; on++) {
            const overt_status status = judge_with_failure(&policy, &good, at, on != 0);

            CHECK(status == OVERT_OK || status == OVERT_E_NOMEM || status == OVERT_E_CORRUPT);
            told += status == OVERT_E_NOMEM;
            untold += status == OVERT_E_CORRUPT;
            CHECK(judge_with_failure(&policy, &bad, at, on != 0) != OVERT_OK);
        }
    }
    printf("# %lu requests for memory, %lu failures told, %lu not\n", requests, told, untold);
    CHECK(told > 4 * untold);
    CHECK(judge_with_failure(&policy, &good, 0, false) == OVERT_OK);
    CHECK(judge_with_failure(&policy, &bad, 0, false) == OVERT_E_CORRUPT);
}

TESTS(T(a_lack_of_memory_never_verifies_anything));
