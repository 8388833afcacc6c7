/* SPDX-License-Identifier: Apache-2.0 */
/* A ledger of 100,000 records: whatever is changed, dropped, swapped, moved or cut off is found, and
 * the record is named that it was done to. A sample of mutations; 10,000 with OVERT_LONG=1. */
#include "tests/tap.h"
#include "tests/unit/log_help.h"
#include "trust/ledger.h"

#define RECORDS 100000u
#define SAMPLE  48u
#define ALL     10000u

struct files {
    uint8_t *records, *leaves; /* owned; room for one record more */
    size_t record_bytes, leaf_bytes;
    struct ov_buf head;
    size_t *at; /* owned; where record i begins; one more for the end */
};

static struct files good;
static struct files bad; /* the same, mutated */
static uint64_t seed = 88172645463325252u;

static uint64_t random_below(uint64_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % limit;
}

/* As docs/formats/ledger.md has it, by hand. */
static void make_ledger(void)
{
    struct ov_tree tree = { 0 };
    struct ov_hash leaf, root;
    struct ov_buf records;
    size_t len;

    ov_buf_init(&records, 64u * OV_MIB);
    good.at = calloc(RECORDS + 1, sizeof(*good.at));
    good.leaves = malloc((RECORDS + 1) * OV_HASH_BYTES);
    for (unsigned i = 0; i < RECORDS; i++) {
        const struct ov_bytes before = ov_buf_bytes(&records);
        char text[200];
        struct ov_bytes record;

        good.at[i] = (size_t)ov_bytes_len(before);
        (void)snprintf(text, sizeof(text), "rules %064x\nfiles %u\ndetected %u\n%s", i * 7u,
                i % 977u, i % 3u, i % 5u == 0 ? "found /tmp/a\n" : "");
        ov_buf_printf(
                &records, "record %u scan %u %zu\n%s", i, 1767225600u + i, strlen(text), text);
        if (!ov_bytes_slice(ov_buf_bytes(&records), good.at[i],
                    ov_bytes_len(ov_buf_bytes(&records)) - good.at[i], &record)) {
            abort();
        }
        ov_tree_leaf(sha, record, &leaf);
        memcpy(good.leaves + (size_t)i * OV_HASH_BYTES, leaf.b, OV_HASH_BYTES);
        if (!ov_tree_append(sha, &tree, &leaf)) {
            abort();
        }
    }
    good.records = ov_buf_steal(&records, &len);
    good.record_bytes = good.at[RECORDS] = len;
    good.leaf_bytes = (size_t)RECORDS * OV_HASH_BYTES;
    ov_tree_root(sha, &tree, &root);
    ov_buf_init(&good.head, 8192);
    ov_buf_printf(&good.head, "overt-ledger/v1\nsize %u\nbytes %zu\nroot ", RECORDS, len);
    ov_hash_put(&good.head, &root);
    for (uint32_t i = 0; i < tree.peak_count; i++) {
        ov_buf_put_u8(&good.head, '\n');
        ov_hash_put(&good.head, &tree.peaks[i]);
    }
    ov_buf_put_u8(&good.head, '\n');
    bad.records = malloc(len + 4096);
    bad.leaves = malloc(good.leaf_bytes + OV_HASH_BYTES);
    ov_buf_init(&bad.head, 8192);
}

static void copy_good(void)
{
    const struct ov_bytes head = ov_buf_bytes(&good.head);

    memcpy(bad.records, good.records, good.record_bytes);
    memcpy(bad.leaves, good.leaves, good.leaf_bytes);
    bad.record_bytes = good.record_bytes;
    bad.leaf_bytes = good.leaf_bytes;
    ov_buf_clear(&bad.head);
    ov_buf_put(&bad.head, ov_bytes_raw(head), (size_t)ov_bytes_len(head));
}

static overt_status verify(const struct files *f, overt_error *err)
{
    struct ov_tree tree;

    return ov_ledger_verify(ov_bytes_of(f->records, f->record_bytes),
            ov_bytes_of(f->leaves, f->leaf_bytes), ov_buf_bytes(&f->head), &tree, err);
}

TEST(a_large_ledger_verifies)
{
    overt_error err = OVERT_ERROR_INIT;

    make_ledger();
    CHECK(verify(&good, &err) == OVERT_OK);
}

static void free_all(void)
{
    free(good.records);
    free(good.leaves);
    free(good.at);
    free(bad.records);
    free(bad.leaves);
    ov_buf_done(&good.head);
    ov_buf_done(&bad.head);
}

/* --- mutations ------------------------------------------------------------------------------ */

static void set_leaf(uint64_t record)
{
    struct ov_hash leaf;

    ov_tree_leaf(sha,
            ov_bytes_of(bad.records + good.at[record], good.at[record + 1] - good.at[record]),
            &leaf);
    memcpy(bad.leaves + record * OV_HASH_BYTES, leaf.b, OV_HASH_BYTES);
}

static void flip(uint8_t *bytes, uint64_t at)
{
    bytes[at] = (uint8_t)(bytes[at] ^ (1u << random_below(8)));
}

static uint64_t flip_in_record(uint64_t record)
{
    flip(bad.records, good.at[record] + random_below(good.at[record + 1] - good.at[record]));
    return record;
}

static uint64_t flip_in_leaf(uint64_t record)
{
    flip(bad.leaves, record * OV_HASH_BYTES + random_below(OV_HASH_BYTES));
    return record;
}

/* A digit of a count, and the leaf made to fit: the head alone can tell. */
static uint64_t flip_with_leaf(uint64_t record)
{
    uint8_t *at = bad.records + good.at[record + 1] - 2;

    *at = (uint8_t)(*at ^ 1u);
    set_leaf(record);
    return record;
}

static uint64_t drop(uint64_t record)
{
    const size_t from = good.at[record], to = good.at[record + 1];

    memmove(bad.records + from, bad.records + to, good.record_bytes - to);
    bad.record_bytes -= to - from;
    return record;
}

static uint64_t drop_with_leaf(uint64_t record)
{
    uint8_t *leaf = bad.leaves + record * OV_HASH_BYTES;

    memmove(leaf, leaf + OV_HASH_BYTES, (RECORDS - 1 - record) * OV_HASH_BYTES);
    bad.leaf_bytes -= OV_HASH_BYTES;
    return drop(record);
}

/* Two neighbours, whatever their lengths. */
static uint64_t swap_neighbours(uint64_t record)
{
    const uint64_t first = record == RECORDS - 1 ? record - 1 : record;
    const size_t from = good.at[first], middle = good.at[first + 1], to = good.at[first + 2];

    memcpy(bad.records + from, good.records + middle, to - middle);
    memcpy(bad.records + from + (to - middle), good.records + from, middle - from);
    return first;
}

static uint64_t swap_with_leaves(uint64_t record)
{
    const uint64_t first = swap_neighbours(record);

    memcpy(bad.leaves + first * OV_HASH_BYTES, good.leaves + (first + 1) * OV_HASH_BYTES,
            OV_HASH_BYTES);
    memcpy(bad.leaves + (first + 1) * OV_HASH_BYTES, good.leaves + first * OV_HASH_BYTES,
            OV_HASH_BYTES);
    return first;
}

static uint64_t truncate_in(uint64_t record)
{
    bad.record_bytes = good.at[record] + random_below(good.at[record + 1] - good.at[record]);
    return record;
}

static uint64_t truncate_with_leaves(uint64_t record)
{
    bad.record_bytes = good.at[record];
    bad.leaf_bytes = record * OV_HASH_BYTES;
    return record;
}

static uint64_t double_record(uint64_t record)
{
    const size_t from = good.at[record], to = good.at[record + 1];

    memmove(bad.records + to + (to - from), bad.records + to, good.record_bytes - to);
    memcpy(bad.records + to, good.records + from, to - from);
    bad.record_bytes += to - from;
    return record == RECORDS - 1 ? UINT64_MAX : record + 1; /* behind the end nothing counts */
}

static uint64_t flip_in_head(uint64_t record)
{
    const struct ov_bytes head = ov_buf_bytes(&bad.head);

    (void)record;
    flip((uint8_t *)(uintptr_t)ov_bytes_raw(head), random_below(ov_bytes_len(head)));
    return UINT64_MAX;
}

static uint64_t (*const mutations[])(uint64_t record) = { flip_in_record, flip_in_leaf,
    flip_with_leaf, drop, drop_with_leaf, swap_neighbours, swap_with_leaves, truncate_in,
    truncate_with_leaves, double_record, flip_in_head, flip_in_record };

/* The number behind `word`; UINT64_MAX: there is none. */
static uint64_t number_behind(const char *message, const char *word)
{
    const char *at = strstr(message, word);
    char *end = NULL;
    unsigned long long value = 0;

    if (at == NULL) {
        return UINT64_MAX;
    }
    at += strlen(word);
    value = strtoull(at, &end, 10);
    return end == at ? UINT64_MAX : value;
}

/* "record N ..." of this one, "of records A to B ..." around it, or a word about the head. */
static bool is_named(const char *message, uint64_t record)
{
    const uint64_t last = number_behind(message, " to ");

    if (record == UINT64_MAX) {
        return strstr(message, "head") != NULL || number_behind(message, "record ") != UINT64_MAX;
    }
    if (last != UINT64_MAX) {
        return record >= number_behind(message, "of records ") && record <= last;
    }
    return record == number_behind(message, "record ");
}

TEST(no_mutation_is_missed_and_each_is_named)
{
    const unsigned count = getenv("OVERT_LONG") != NULL ? ALL : SAMPLE;
    const size_t kinds = sizeof(mutations) / sizeof(mutations[0]);
    uint64_t missed = 0, unnamed = 0;

    for (unsigned i = 0; i < count; i++) {
        overt_error err = OVERT_ERROR_INIT;
        uint64_t record;

        copy_good();
        record = mutations[i % kinds](random_below(RECORDS));
        if (i % kinds == 9 && record == UINT64_MAX) {
            continue; /* a record behind the end is the rest of an append that did not finish */
        }
        if (verify(&bad, &err) == OVERT_OK) {
            missed++;
            printf("# mutation %u of record %llu was missed\n", i, (unsigned long long)record);
        } else if (!is_named(err.message, record)) {
            unnamed++;
            printf("# mutation %u of record %llu is told as: %s\n", i, (unsigned long long)record,
                    err.message);
        }
    }
    printf("# %u mutations\n", count);
    free_all();
    CHECK_UINT(missed, 0);
    CHECK_UINT(unnamed, 0);
}

TESTS(T(a_large_ledger_verifies), T(no_mutation_is_missed_and_each_is_named));
