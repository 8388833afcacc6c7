/* SPDX-License-Identifier: Apache-2.0 */
/* dotnet_fuzz.c - metadata in PE files. Properties: facts_fuzz.h. */
#include "facts_fuzz.h"
#include "formats/dotnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_facts(ov_dotnet_facts, OV_DOTNET, data, size);
}
