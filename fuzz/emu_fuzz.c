/* SPDX-License-Identifier: Apache-2.0 */
/* emu_fuzz.c - arbitrary bytes as a program that unpacks itself. Property: it stays in its regions and
 * ends within its steps; the same program takes the same way. */
#include "base/checked.h"
#include "emu/program.h"

#define STEPS_MAX 20000u

static uint64_t run(struct ov_bytes file)
{
    struct ov_guest *guest = NULL;
    uint64_t sum = 0;

    if (!ov_guest_new(&guest, file) || guest == NULL) {
        return 0;
    }
    for (unsigned layer = 0; layer < 8; layer++) {
        const enum ov_guest_event event = ov_guest_run(guest, STEPS_MAX);
        const struct ov_bytes image = ov_guest_image(guest);

        for (uint64_t i = 0; i < ov_bytes_len(image); i += 61) {
            sum = sum * 31 + ov_bytes_raw(image)[i];
        }
        if (event != OV_GUEST_LAYER) {
            break;
        }
    }
    ov_guest_free(guest);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ov_bytes file = ov_bytes_of(data, size);

    (void)ov_guest_looks_packed(file);
    OV_ASSERT(run(file) == run(file));
    return 0;
}
