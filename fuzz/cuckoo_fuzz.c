/* SPDX-License-Identifier: Apache-2.0 */
/* cuckoo_fuzz.c - the report of a sandbox, on arbitrary bytes: it is read or refused with a place, every
 * text of it can be looked at, and a report that was cut is refused. */
#include <stdint.h>

#include "base/checked.h"
#include "facts/cuckoo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t sum_of(const struct ov_cuckoo_text *text)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; text->is_there && i < ov_bytes_len(text->text); i++) {
        OV_ASSERT(ov_bytes_raw(text->text)[i] != 0); /* they end at their first NUL */
        sum += ov_bytes_raw(text->text)[i];
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_cuckoo cuckoo;
    uint64_t sum = 0, count = 0;

    if (ov_cuckoo_read(&cuckoo, ov_bytes_of(data, size), &err) != OVERT_OK) {
        OV_ASSERT(err.message[0] != '\0');
        return 0;
    }
    for (int list = 0; list < OV_CUCKOO_LISTS; list++) {
        for (size_t i = 0; i < cuckoo.counts[list]; i++) {
            const struct ov_cuckoo_entry *entry = &cuckoo.entries[list][i];

            sum += sum_of(&entry->name) + sum_of(&entry->method) + sum_of(&entry->agent);
            count++;
        }
    }
    OV_ASSERT(count <= size && sum <= 255u * (uint64_t)size);
    ov_cuckoo_done(&cuckoo);
    while (size > 0 && data[size - 1] != '}' && data[size - 1] != ']') {
        size--; /* blanks behind it */
    }
    if (ov_cuckoo_read(&cuckoo, ov_bytes_of(data, size - 1), &err) == OVERT_OK) {
        OV_ASSERT(false);
    }
    return 0;
}
