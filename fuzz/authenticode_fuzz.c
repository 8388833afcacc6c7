/* SPDX-License-Identifier: Apache-2.0 */
/* authenticode_fuzz.c - signatures in PE files. Properties: facts_fuzz.h. */
#include "facts_fuzz.h"
#include "formats/authenticode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_facts(ov_authenticode_facts, OV_PE, data, size);
}
