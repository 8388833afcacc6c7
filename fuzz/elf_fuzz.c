/* SPDX-License-Identifier: Apache-2.0 */
/* elf_fuzz.c - sections, segments, symbols. Properties: facts_fuzz.h. */
#include "facts_fuzz.h"
#include "formats/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_facts(ov_elf_facts, OV_ELF, data, size);
}
