/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of base64 in a text are found wherever they lie: behind an equals sign, over lines, across the
 * pieces that the text is read in; and words are none. */
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/container.h"
#include "tests/tap.h"

#define TEXT_MAX  (4u * (size_t)OV_PIECE_BYTES)
#define PLAIN_MIN 66u /* 88 digits */
#define PLAIN_MAX 600u
#define RUNS_MAX  2000u

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint64_t seed;

static uint32_t roll(uint32_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

struct text {
    char at[TEXT_MAX];
    size_t len;
    uint8_t plain[RUNS_MAX][PLAIN_MAX];
    size_t plain_len[RUNS_MAX];
    size_t runs;
};

static void put(struct text *t, const char *what)
{
    while (*what != '\0') {
        t->at[t->len++] = *what++;
    }
}

/* Words of at most 47 digits each. */
static void put_words(struct text *t)
{
    for (uint32_t words = roll(12); words > 0; words--) {
        for (uint32_t left = roll(48); left > 0; left--) {
            t->at[t->len++] = digits[roll(64)];
        }
        put(t, roll(5) == 0 ? "\n" : roll(20) == 0 ? "\r\n" : " ");
    }
}

static void put_run(struct text *t)
{
    static const char *const before[] = { "\"", " ", "key=", "(", "x==" };
    const char *line_end = roll(2) == 0 ? "\n" : "\r\n";
    const size_t line = roll(3) == 0 ? 76 : SIZE_MAX;
    const size_t len = (PLAIN_MIN + roll(PLAIN_MAX - PLAIN_MIN)) / 3 * 3;
    uint8_t *plain = t->plain[t->runs];
    size_t in_line = 0;

    put(t, before[roll(5)]);
    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = 0;

        for (size_t k = 0; k < 3; k++) {
            plain[i + k] = (uint8_t)roll(256);
            bits = bits << 8 | plain[i + k];
        }
        for (unsigned k = 0; k < 4; k++) {
            t->at[t->len++] = digits[bits >> (18 - 6 * k) & 63];
        }
        in_line += 4;
        if (in_line >= line && i + 3 < len) {
            put(t, line_end);
            in_line = 0;
        }
    }
    put(t, "\" ");
    t->plain_len[t->runs++] = len;
}

TEST(every_run_is_given_and_no_word)
{
    static struct text t;

    for (seed = 1; seed <= 20; seed += 1) {
        const uint64_t round = seed;
        struct ov_container *c = NULL;
        struct ov_source source;
        struct ov_input input;
        struct ov_member member;
        struct ov_trouble trouble;
        struct ov_piece piece;
        size_t got = 0;

        t.len = t.runs = 0;
        while (t.len + 4000 < TEXT_MAX && t.runs < RUNS_MAX) {
            put_words(&t);
            put_run(&t);
        }
        ov_source_on_bytes(&source, ov_bytes_of(t.at, t.len));
        ov_input_init(&input, &source, 0, t.len);
        OV_ASSERT(ov_container_open(&c, OV_TYPE_BASE64, &input));
        while (ov_container_next(c, &member, &trouble) == OV_GIVE_PIECE) {
            size_t at = 0;

            CHECK(got < t.runs);
            while (ov_container_read(c, &piece, &trouble) == OV_GIVE_PIECE) {
                const size_t len = (size_t)ov_bytes_len(piece.bytes);

                CHECK(len <= t.plain_len[got] - at
                        && memcmp(ov_bytes_raw(piece.bytes), t.plain[got] + at, len) == 0);
                at += len;
            }
            CHECK_UINT(at, t.plain_len[got]);
            got++;
        }
        CHECK_UINT(got, t.runs);
        CHECK(t.runs > 200);
        ov_container_free(c);
        seed = round;
    }
}

TESTS(T(every_run_is_given_and_no_word));
