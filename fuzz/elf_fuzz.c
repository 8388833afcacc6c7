/* SPDX-License-Identifier: Apache-2.0 */
/* elf_fuzz.c - sections, segments, symbols. Properties: facts_fuzz.h; and the digests of names end
 * with their budget, as text of their length or none. */
#include <string.h>

#include "facts_fuzz.h"
#include "formats/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ov_pages pages;
    struct ov_source source;
    struct ov_budget budget = { .steps_left = FUZZ_STEPS };
    enum ov_reason reason;
    char text[73];

    ov_source_on_bytes(&source, ov_bytes_of(data, size));
    ov_pages_on(&pages, &source);
    if (ov_elf_import_md5(&pages, &budget, text, &reason)) {
        OV_ASSERT(strlen(text) == 32 && reason == OV_REASON_NONE);
    }
    if (ov_elf_telfhash(&pages, &budget, text, &reason)) {
        OV_ASSERT((strlen(text) == 72 || text[0] == 0) && reason == OV_REASON_NONE);
    }
    return fuzz_facts(ov_elf_facts, OV_ELF, data, size);
}
