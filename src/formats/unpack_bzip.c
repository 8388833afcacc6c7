/* SPDX-License-Identifier: Apache-2.0 */
/* unpack_bzip.c - bzip2's blocks as Nullsoft's installers have them: a byte in front of each, no
 * checksums, nothing randomised. Every count is checked against what a block may hold; loops end as
 * each turn takes bits or makes bytes. */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "formats/bits.h"
#include "formats/unpack.h"

#define BLOCK_MAX   900000u
#define TABLES_MAX  6u
#define GROUP       50u /* symbols that are read with one table */
#define SELECTORS   18002u
#define SYMBOLS_MAX 258u
#define BITS_MAX    20u
#define BLOCK_MARK  0x31u
#define END_MARK    0x17u

struct block {
    uint32_t origin;
    uint8_t used[256]; /* the bytes that occur */
    uint32_t used_count;
    struct ov_huff tables[TABLES_MAX];
    uint32_t table_count;
    uint8_t selectors[SELECTORS];
    uint32_t selector_count;
    uint32_t next[BLOCK_MAX]; /* of each place: the one behind it, and its byte in the low bits */
    uint32_t length;
};

/* Moves the entry at `i` to the front. */
static uint8_t to_front(uint8_t *list, uint32_t i)
{
    const uint8_t v = list[i];

    memmove(&list[1], &list[0], i);
    list[0] = v;
    return v;
}

static void read_used(struct block *k, struct ov_bits *b)
{
    const uint32_t groups = ov_bits_high(b, 16);

    k->used_count = 0;
    for (uint32_t i = 0; i < 16; i++) {
        const uint32_t bits = (groups >> (15 - i) & 1) != 0 ? ov_bits_high(b, 16) : 0;

        for (uint32_t j = 0; j < 16; j++) {
            if ((bits >> (15 - j) & 1) != 0) {
                k->used[k->used_count++] = (uint8_t)(16 * i + j);
            }
        }
    }
}

static bool read_selectors(struct block *k, struct ov_bits *b)
{
    uint8_t list[TABLES_MAX] = { 0, 1, 2, 3, 4, 5 };
    uint32_t count;

    k->table_count = ov_bits_high(b, 3);
    count = ov_bits_high(b, 15);
    if (k->table_count < 2 || k->table_count > TABLES_MAX || count == 0) {
        return false;
    }
    k->selector_count = 0;
    for (uint32_t i = 0; i < count && !b->over; i++) {
        uint32_t at = 0;

        while (ov_bits_high(b, 1) == 1) {
            if (++at >= k->table_count) {
                return false;
            }
        }
        if (k->selector_count < SELECTORS) { /* more than can be used are passed over */
            k->selectors[k->selector_count++] = to_front(list, at);
        } else {
            (void)to_front(list, at);
        }
    }
    return !b->over;
}

static bool read_tables(struct block *k, struct ov_bits *b)
{
    const uint32_t symbols = k->used_count + 2;
    uint8_t lengths[SYMBOLS_MAX];

    for (uint32_t t = 0; t < k->table_count; t++) {
        uint32_t bits = ov_bits_high(b, 5);

        for (uint32_t i = 0; i < symbols; i++) {
            while (ov_bits_high(b, 1) == 1 && !b->over) {
                bits += ov_bits_high(b, 1) == 0 ? 1 : UINT32_MAX; /* one up, or one down */
                if (bits < 1 || bits > BITS_MAX) {
                    return false;
                }
            }
            lengths[i] = (uint8_t)bits;
        }
        if (bits < 1 || bits > BITS_MAX || !ov_huff_make(&k->tables[t], lengths, symbols)) {
            return false;
        }
    }
    return !b->over;
}

static bool put_run(struct block *k, uint8_t byte, uint32_t run)
{
    if (run > BLOCK_MAX - k->length) {
        return false;
    }
    while (run-- > 0) {
        k->next[k->length++] = byte;
    }
    return true;
}

/* The symbols: places in a list of bytes, and runs of its first, written in two digits. */
static bool read_symbols(struct block *k, struct ov_bits *b)
{
    const int end = (int)k->used_count + 1;
    uint8_t list[256];
    uint32_t run = 0, weight = 1;

    memcpy(list, k->used, sizeof(list));
    k->length = 0;
    for (uint32_t group = 0; group < k->selector_count; group++) {
        const struct ov_huff *table = &k->tables[k->selectors[group]];

        for (uint32_t i = 0; i < GROUP; i++) {
            const int symbol = ov_huff_high(table, b);

            if (symbol < 0 || b->over) {
                return false;
            }
            if (symbol <= 1) {
                if (weight > BLOCK_MAX) {
                    return false;
                }
                run += weight << symbol;
                weight <<= 1;
                continue;
            }
            if (!put_run(k, list[0], run)) {
                return false;
            }
            run = 0;
            weight = 1;
            if (symbol == end) {
                return true;
            }
            if (!put_run(k, to_front(list, (uint32_t)symbol - 1), 1)) {
                return false;
            }
        }
    }
    return false;
}

/* Undoes the sorting, then the runs that were written before it: four of one byte, and how many more. */
static bool put_block(struct block *k, struct ov_buf *out)
{
    uint32_t first[256] = { 0 }, sum = 0, at, same = 0;
    int last = -1;

    if (k->origin >= k->length) {
        return false;
    }
    for (uint32_t i = 0; i < k->length; i++) {
        first[k->next[i] & 0xff]++;
    }
    for (uint32_t c = 0; c < 256; c++) {
        const uint32_t count = first[c];

        first[c] = sum;
        sum += count;
    }
    for (uint32_t i = 0; i < k->length; i++) {
        k->next[first[k->next[i] & 0xff]++] |= i << 8;
    }
    at = k->next[k->origin] >> 8;
    for (uint32_t i = 0; i < k->length && ov_buf_ok(out); i++) {
        const uint8_t c = (uint8_t)k->next[at];

        at = k->next[at] >> 8;
        if (same == 4) {
            for (uint32_t more = 0; more < c; more++) {
                ov_buf_put_u8(out, (uint8_t)last);
            }
            same = 0;
            last = -1;
            continue;
        }
        same = c == last ? same + 1 : 1;
        last = c;
        ov_buf_put_u8(out, c);
    }
    return true;
}

bool ov_unpack_bzip(struct ov_buf *out, struct ov_bytes in)
{
    struct block *k = malloc(sizeof(*k));
    struct ov_bits b = ov_bits_on(in);
    bool good = false;

    while (k != NULL && ov_buf_ok(out)) {
        const uint32_t mark = ov_bits_high(&b, 8);

        good = mark == END_MARK;
        if (mark != BLOCK_MARK) {
            break;
        }
        k->origin = ov_bits_high(&b, 24);
        read_used(k, &b);
        if (k->used_count == 0 || !read_selectors(k, &b) || !read_tables(k, &b)
                || !read_symbols(k, &b) || !put_block(k, out)) {
            break;
        }
    }
    free(k);
    return good && !b.over;
}
