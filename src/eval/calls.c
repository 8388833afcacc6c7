/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - which function is behind which row, and what they share. */
#include "eval/calls.h"

#include <math.h>

#include "base/digest.h"
#include "eval/calls_executables.h"

static ov_call_fn const functions[OV_FIELD_COUNT] = {
    [OV_DEX_HAS_METHOD_OF_S] = ov_call_dex_has,
    [OV_DEX_HAS_METHOD_OF_SS] = ov_call_dex_has,
    [OV_DEX_HAS_METHOD_OF_R] = ov_call_dex_has,
    [OV_DEX_HAS_METHOD_OF_RR] = ov_call_dex_has,
    [OV_DEX_HAS_CLASS_OF_S] = ov_call_dex_has,
    [OV_DEX_HAS_CLASS_OF_R] = ov_call_dex_has,
    [OV_ELF_TELFHASH_OF_NOTHING] = ov_call_elf_telfhash,
    [OV_ELF_IMPORT_MD5_OF_NOTHING] = ov_call_elf_import_md5,
    [OV_MACHO_FILE_INDEX_FOR_ARCH_OF_I] = ov_call_macho_file_index,
    [OV_MACHO_FILE_INDEX_FOR_ARCH_OF_II] = ov_call_macho_file_index,
    [OV_MACHO_ENTRY_POINT_FOR_ARCH_OF_I] = ov_call_macho_entry_point,
    [OV_MACHO_ENTRY_POINT_FOR_ARCH_OF_II] = ov_call_macho_entry_point,

    [OV_HASH_MD5_OF_II] = ov_call_digest_range,
    [OV_HASH_SHA1_OF_II] = ov_call_digest_range,
    [OV_HASH_SHA256_OF_II] = ov_call_digest_range,
    [OV_HASH_CHECKSUM32_OF_II] = ov_call_sum_range,
    [OV_HASH_CRC32_OF_II] = ov_call_sum_range,
    [OV_HASH_MD5_OF_S] = ov_call_digest_text,
    [OV_HASH_SHA1_OF_S] = ov_call_digest_text,
    [OV_HASH_SHA256_OF_S] = ov_call_digest_text,
    [OV_HASH_CHECKSUM32_OF_S] = ov_call_sum_text,
    [OV_HASH_CRC32_OF_S] = ov_call_sum_text,

    [OV_MATH_ENTROPY_OF_II] = ov_call_entropy,
    [OV_MATH_ENTROPY_OF_S] = ov_call_text_entropy,
    [OV_MATH_DEVIATION_OF_IIF] = ov_call_deviation,
    [OV_MATH_DEVIATION_OF_SF] = ov_call_text_deviation,
    [OV_MATH_MEAN_OF_II] = ov_call_mean,
    [OV_MATH_MEAN_OF_S] = ov_call_text_mean,
    [OV_MATH_SERIAL_CORRELATION_OF_II] = ov_call_serial_correlation,
    [OV_MATH_SERIAL_CORRELATION_OF_S] = ov_call_text_serial_correlation,
    [OV_MATH_MONTE_CARLO_PI_OF_II] = ov_call_monte_carlo_pi,
    [OV_MATH_MONTE_CARLO_PI_OF_S] = ov_call_text_monte_carlo_pi,
    [OV_MATH_COUNT_OF_III] = ov_call_count,
    [OV_MATH_COUNT_OF_I] = ov_call_count,
    [OV_MATH_PERCENTAGE_OF_III] = ov_call_percentage,
    [OV_MATH_PERCENTAGE_OF_I] = ov_call_percentage,
    [OV_MATH_MODE_OF_II] = ov_call_mode,
    [OV_MATH_MODE_OF_NOTHING] = ov_call_mode,
    [OV_MATH_IN_RANGE_OF_FFF] = ov_call_in_range,
    [OV_MATH_MIN_OF_II] = ov_call_min,
    [OV_MATH_MAX_OF_II] = ov_call_max,
    [OV_MATH_TO_NUMBER_OF_B] = ov_call_to_number,
    [OV_MATH_ABS_OF_I] = ov_call_abs,
    [OV_MATH_TO_STRING_OF_I] = ov_call_to_string,
    [OV_MATH_TO_STRING_OF_II] = ov_call_to_string,

    [OV_STRING_TO_INT_OF_S] = ov_call_to_int,
    [OV_STRING_TO_INT_OF_SI] = ov_call_to_int,
    [OV_STRING_LENGTH_OF_S] = ov_call_length,

    [OV_CONSOLE_LOG_OF_S] = ov_call_log,
    [OV_CONSOLE_LOG_OF_SS] = ov_call_log,
    [OV_CONSOLE_LOG_OF_I] = ov_call_log,
    [OV_CONSOLE_LOG_OF_SI] = ov_call_log,
    [OV_CONSOLE_LOG_OF_F] = ov_call_log,
    [OV_CONSOLE_LOG_OF_SF] = ov_call_log,
    [OV_CONSOLE_HEX_OF_I] = ov_call_hex,
    [OV_CONSOLE_HEX_OF_SI] = ov_call_hex,
    [OV_TIME_NOW_OF_NOTHING] = ov_call_now,
    [OV_MAGIC_TYPE_OF_NOTHING] = ov_call_magic,
    [OV_MAGIC_MIME_TYPE_OF_NOTHING] = ov_call_magic,
    [OV_CUCKOO_NETWORK_DNS_LOOKUP_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_HTTP_GET_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_HTTP_POST_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_HTTP_REQUEST_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_HTTP_USER_AGENT_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_TCP_OF_RI] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_UDP_OF_RI] = ov_call_cuckoo,
    [OV_CUCKOO_NETWORK_HOST_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_REGISTRY_KEY_ACCESS_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_FILESYSTEM_FILE_ACCESS_OF_R] = ov_call_cuckoo,
    [OV_CUCKOO_SYNC_MUTEX_OF_R] = ov_call_cuckoo,
#ifdef OV_TESTS_MODULE
    [OV_TESTS_MATCH_OF_RS] = ov_call_tests_match,
    [OV_TESTS_ISUM_OF_II] = ov_call_tests_isum,
    [OV_TESTS_ISUM_OF_III] = ov_call_tests_isum,
    [OV_TESTS_FSUM_OF_FF] = ov_call_tests_fsum,
    [OV_TESTS_FSUM_OF_FFF] = ov_call_tests_fsum,
    [OV_TESTS_LENGTH_OF_S] = ov_call_tests_length,
    [OV_TESTS_EMPTY_OF_NOTHING] = ov_call_tests_empty,
    [OV_TESTS_FOOBAR_OF_I] = ov_call_tests_foobar,
#endif

    [OV_PE_CALCULATE_CHECKSUM_OF_NOTHING] = ov_call_pe_checksum,
    [OV_PE_RICH_SIGNATURE_VERSION_OF_I] = ov_call_pe_rich,
    [OV_PE_RICH_SIGNATURE_VERSION_OF_II] = ov_call_pe_rich,
    [OV_PE_RICH_SIGNATURE_TOOLID_OF_I] = ov_call_pe_rich,
    [OV_PE_RICH_SIGNATURE_TOOLID_OF_II] = ov_call_pe_rich,
    [OV_PE_IMPHASH_OF_NOTHING] = ov_call_pe_imphash,
    [OV_PE_SECTION_INDEX_OF_S] = ov_call_pe_section_index,
    [OV_PE_SECTION_INDEX_OF_I] = ov_call_pe_section_index,
    [OV_PE_EXPORTS_OF_S] = ov_call_pe_exports,
    [OV_PE_EXPORTS_OF_R] = ov_call_pe_exports,
    [OV_PE_EXPORTS_OF_I] = ov_call_pe_exports,
    [OV_PE_EXPORTS_INDEX_OF_S] = ov_call_pe_exports,
    [OV_PE_EXPORTS_INDEX_OF_I] = ov_call_pe_exports,
    [OV_PE_EXPORTS_INDEX_OF_R] = ov_call_pe_exports,
    [OV_PE_IMPORTS_OF_SS] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_SI] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_S] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_RR] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_ISS] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_ISI] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_IS] = ov_call_pe_imports,
    [OV_PE_IMPORTS_OF_IRR] = ov_call_pe_imports,
    [OV_PE_IMPORT_RVA_OF_SS] = ov_call_pe_import_rva,
    [OV_PE_IMPORT_RVA_OF_SI] = ov_call_pe_import_rva,
    [OV_PE_DELAYED_IMPORT_RVA_OF_SS] = ov_call_pe_import_rva,
    [OV_PE_DELAYED_IMPORT_RVA_OF_SI] = ov_call_pe_import_rva,
    [OV_PE_LOCALE_OF_I] = ov_call_pe_language,
    [OV_PE_LANGUAGE_OF_I] = ov_call_pe_language,
    [OV_PE_IS_DLL_OF_NOTHING] = ov_call_pe_is_dll,
    [OV_PE_IS_32BIT_OF_NOTHING] = ov_call_pe_is_32bit,
    [OV_PE_IS_64BIT_OF_NOTHING] = ov_call_pe_is_64bit,
    [OV_PE_SIGNATURES_VALID_ON_OF_I] = ov_call_pe_valid_on,
    [OV_PE_RVA_TO_OFFSET_OF_I] = ov_call_pe_rva_to_offset,
};

ov_call_fn ov_call_find(enum ov_field field)
{
    return field < OV_FIELD_COUNT ? functions[field] : NULL;
}

bool ov_call_matches(struct ov_call *call, unsigned i, struct ov_bytes text)
{
    return ov_value_is_true(ov_machine_search(call->m, call->arguments[i].place, text));
}

struct ov_value ov_call_give(struct ov_call *call, struct ov_bytes text)
{
    struct ov_value value;

    if (!ov_machine_charge(call->m, 64 + ov_bytes_len(text) / 16)) {
        return ov_value_undefined();
    }
    if (!ov_asked_keep(call->asked, text, &value)) {
        call->asked->reason = OV_REASON_MEMORY;
        return ov_value_undefined();
    }
    return value;
}

struct ov_value ov_call_give_hex(struct ov_call *call, const uint8_t *bytes, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * OV_DIGEST_BYTES_MAX];

    OV_ASSERT(count <= OV_DIGEST_BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return ov_call_give(call, ov_bytes_of(text, 2 * count));
}

struct ov_value ov_call_real(double v)
{
    return isnan(v) ? ov_value_undefined() : ov_value_float(v);
}
