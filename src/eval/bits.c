/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/bits.h"

#include <stddef.h>

#define LEVELS 4u
_Static_assert(LEVELS * 6 < 32, "shifts stay below the width of a number");

bool ov_bits_init(struct ov_bits *bits, uint32_t count)
{
    size_t words = count;

    *bits = (struct ov_bits){ .priv_count = count };
    for (unsigned level = 0; level < LEVELS; level++) {
        words = words / 64 + 1;
        bits->priv_words[level] = calloc(words, sizeof(uint64_t));
        if (bits->priv_words[level] == NULL) {
            ov_bits_done(bits);
            return false;
        }
    }
    return true;
}

void ov_bits_done(struct ov_bits *bits)
{
    for (unsigned level = 0; level < LEVELS; level++) {
        free(bits->priv_words[level]);
    }
    *bits = (struct ov_bits){ 0 };
}

void ov_bits_add(struct ov_bits *bits, uint32_t n)
{
    if (n >= bits->priv_count) {
        return;
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        bits->priv_words[level][n / 64] |= (uint64_t)1 << n % 64;
        n /= 64;
    }
}

void ov_bits_remove(struct ov_bits *bits, uint32_t n)
{
    if (n >= bits->priv_count) {
        return;
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        bits->priv_words[level][n / 64] &= ~((uint64_t)1 << n % 64);
        if (bits->priv_words[level][n / 64] != 0) {
            return;
        }
        n /= 64;
    }
}

bool ov_bits_has(const struct ov_bits *bits, uint32_t n)
{
    return n < bits->priv_count && (bits->priv_words[0][n / 64] >> n % 64 & 1) != 0;
}

/* Climbs until a level shows something at or behind `from`, then descends to its first. */
bool ov_bits_next(const struct ov_bits *bits, uint32_t from, uint32_t *out)
{
    uint64_t n = from;
    unsigned level = 0;

    if (from >= bits->priv_count) {
        return false;
    }
    for (;;) {
        const uint64_t here = bits->priv_words[level][n / 64] >> n % 64;

        if (here != 0) {
            n += (unsigned)__builtin_ctzll(here);
            break;
        }
        n = n / 64 + 1; /* the next word, as a bit of the level above */
        if (level + 1 < LEVELS) {
            level++;
        } else {
            n *= 64; /* the top level is walked word by word */
        }
        if (n / 64 > (uint64_t)bits->priv_count >> 6 * (level + 1)) {
            return false;
        }
    }
    while (level > 0) {
        level--;
        n = n * 64 + (unsigned)__builtin_ctzll(bits->priv_words[level][n]);
    }
    *out = (uint32_t)n;
    return true;
}

/* Down to the words that hold something, and nothing else. */
void ov_bits_clear(struct ov_bits *bits)
{
    uint32_t n = 0;

    while (ov_bits_next(bits, n, &n)) {
        uint32_t word = n / 64;

        bits->priv_words[0][word] = 0;
        for (unsigned level = 1; level < LEVELS; level++) {
            bits->priv_words[level][word / 64] &= ~((uint64_t)1 << word % 64);
            if (bits->priv_words[level][word / 64] != 0) {
                break;
            }
            word /= 64;
        }
    }
}
