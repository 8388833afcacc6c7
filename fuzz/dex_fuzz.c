/* SPDX-License-Identifier: Apache-2.0 */
/* dex_fuzz.c - Dalvik executables. Properties: facts_fuzz.h. */
#include "facts_fuzz.h"
#include "formats/dex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_facts(ov_dex_facts, OV_DEX, data, size);
}
