/* SPDX-License-Identifier: Apache-2.0 */
/* macho_fuzz.c - load commands, segments, and fat files. Properties: facts_fuzz.h. */
#include "facts_fuzz.h"
#include "formats/macho.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_facts(ov_macho_facts, OV_MACHO, data, size);
}
