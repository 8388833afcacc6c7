/* SPDX-License-Identifier: Apache-2.0 */
/* match_db_fuzz.c - a hostile database: a good one with the changes the input says, and the text
 * the rest of the input is. Verifying and matching may refuse it or find nonsense, no more.
 *
 * Input: changes of five bytes (a number, three bytes of it the place, and the new value) up to a
 * zero byte or 64 changes, then text. */
#include "base/limits.h"
#include "tests/match_hostile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct match_bench base;
static uint8_t *copy;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ov_bytes file;
    size_t file_size;

    if (copy == NULL) { /* made once, it is the same for every input */
        hostile_base(&base);
        OV_ASSERT(bench_open(&base));
        copy = malloc((size_t)ov_bytes_len(base.view.file));
        OV_ASSERT(copy != NULL);
    }
    file_size = (size_t)ov_bytes_len(base.view.file);
    memcpy(copy, base.file, file_size);
    for (unsigned i = 0; i < 64 && size >= 5 && data[0] != 0; i++) {
        copy[(data[1] | (size_t)data[2] << 8 | (size_t)data[3] << 16) % file_size] = data[4];
        data += 5;
        size -= 5;
    }
    file = ov_bytes_of(copy, file_size);
    if (size > 4096) {
        size = 4096;
    }
    (void)hostile_scan(file, hostile_text, sizeof(hostile_text) - 1);
    (void)hostile_scan(file, data, size);
    return 0;
}
