/* SPDX-License-Identifier: Apache-2.0 */
/* calls_macho.c - which file of a fat one is for a processor. */
#include "eval/calls_executables.h"

/* What YARA's own "undefined" is as a number: one of its functions adds to it. */
#define YARA_UNDEFINED UINT64_C(0xfffabadafabadaff)

/* The first element whose processor, and subtype if that is asked for, are the arguments. */
static bool find(struct ov_call *call, bool by_subtype, enum ov_field array, enum ov_field type,
        enum ov_field subtype, uint32_t *index)
{
    const uint32_t count = ov_fact_count(call->tree, call->node, array);
    int64_t claimed, v;

    if (!ov_fact_get_int(call->tree, call->node, OV_MACHO_NFAT_ARCH, &claimed)) {
        return false;
    }
    for (uint32_t i = 0; i < count && ov_machine_charge(call->m, 1); i++) {
        const ov_fact_node node = ov_fact_get_item_node(call->tree, call->node, array, i);

        if (ov_fact_get_int(call->tree, node, type, &v) && v == ov_call_int(call, 0)
                && (!by_subtype
                        || (ov_fact_get_int(call->tree, node, subtype, &v)
                                && v == ov_call_int(call, 1)))) {
            *index = i;
            return true;
        }
    }
    return false;
}

struct ov_value ov_call_macho_file_index(struct ov_call *call)
{
    uint32_t index;

    return find(call, call->field == OV_MACHO_FILE_INDEX_FOR_ARCH_OF_II, OV_MACHO_FILE,
                   OV_MACHO_FILE_CPUTYPE, OV_MACHO_FILE_CPUSUBTYPE, &index)
                   ? ov_value_int(index)
                   : ov_value_undefined();
}

struct ov_value ov_call_macho_entry_point(struct ov_call *call)
{
    const bool by_subtype = call->field == OV_MACHO_ENTRY_POINT_FOR_ARCH_OF_II;
    int64_t offset, entry;
    uint32_t index;

    if (!find(call, by_subtype, OV_MACHO_FAT_ARCH, OV_MACHO_FAT_ARCH_CPUTYPE,
                OV_MACHO_FAT_ARCH_CPUSUBTYPE, &index)
            || !ov_fact_get_int(call->tree,
                    ov_fact_get_item_node(call->tree, call->node, OV_MACHO_FAT_ARCH, index),
                    OV_MACHO_FAT_ARCH_OFFSET, &offset)) {
        return ov_value_undefined();
    }
    if (!ov_fact_get_int(call->tree,
                ov_fact_get_item_node(call->tree, call->node, OV_MACHO_FILE, index),
                OV_MACHO_FILE_ENTRY_POINT, &entry)) {
        if (by_subtype || offset == 0) {
            return ov_value_undefined();
        }
        entry = (int64_t)YARA_UNDEFINED; /* by processor alone, YARA 4.5 does not look */
    }
    return ov_value_int((int64_t)((uint64_t)offset + (uint64_t)entry));
}
