/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/facts.h"

#include "formats/authenticode.h"
#include "formats/dex.h"
#include "formats/dotnet.h"
#include "formats/elf.h"
#include "formats/macho.h"
#include "formats/pe.h"

/* One module, two parsers: what is in the file, and who signed it. */
static void pe_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    ov_pe_facts(tree, pages);
    ov_authenticode_facts(tree, pages);
}

ov_fact_parser ov_facts_parser(enum ov_field module)
{
    switch ((unsigned)module) {
    case OV_DEX:
        return ov_dex_facts;
    case OV_DOTNET:
        return ov_dotnet_facts;
    case OV_ELF:
        return ov_elf_facts;
    case OV_MACHO:
        return ov_macho_facts;
    case OV_PE:
        return pe_facts;
#ifdef OV_TESTS_MODULE
    case OV_TESTS:
        return ov_tests_facts;
#endif
    default:
        return NULL;
    }
}
