/* SPDX-License-Identifier: Apache-2.0 */
/* calls_pe_imports.c - pe.imports, pe.exports and what is like them. Names are compared without
 * regard to case. */
#include <string.h>
#include <strings.h>

#include "base/digest.h"
#include "base/limits.h"
#include "eval/calls.h"
#include "facts/pe_spell.h"

#define WANT_STANDARD 1
#define WANT_DELAYED  2

/* Which fields: those of imports or of delayed ones. */
struct fields {
    enum ov_field details, library, functions, name, ordinal, rva;
};

static const struct fields standard = { OV_PE_IMPORT_DETAILS, OV_PE_IMPORT_DETAILS_LIBRARY_NAME,
    OV_PE_IMPORT_DETAILS_FUNCTIONS, OV_PE_IMPORT_DETAILS_FUNCTIONS_NAME,
    OV_PE_IMPORT_DETAILS_FUNCTIONS_ORDINAL, OV_PE_IMPORT_DETAILS_FUNCTIONS_RVA };
static const struct fields delayed = { OV_PE_DELAYED_IMPORT_DETAILS,
    OV_PE_DELAYED_IMPORT_DETAILS_LIBRARY_NAME, OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS,
    OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS_NAME, OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS_ORDINAL,
    OV_PE_DELAYED_IMPORT_DETAILS_FUNCTIONS_RVA };

static bool is_pe(const struct ov_call *call)
{
    int64_t is = 0;

    return ov_fact_get_int(call->tree, ov_fact_get_root(call->tree, OV_PE), OV_PE_IS_PE, &is)
           && is != 0;
}

static bool same_name(struct ov_bytes a, struct ov_bytes b)
{
    return ov_bytes_len(a) == ov_bytes_len(b)
           && strncasecmp((const char *)ov_bytes_raw(a), (const char *)ov_bytes_raw(b),
                      (size_t)ov_bytes_len(a))
                      == 0;
}

/* Does argument `i` (a text or a regular expression) mean this text? */
static bool means(struct ov_call *call, unsigned i, struct ov_bytes text)
{
    return call->arguments[i].kind == OV_VALUE_PATTERN ? ov_call_matches(call, i, text)
                                                       : same_name(ov_call_text(call, i), text);
}

/* --- imports --------------------------------------------------------------------------------- */

/* What is looked for: arguments by their place. */
struct wanted {
    unsigned library;
    unsigned function;
    bool any_function;
};

static bool is_wanted(struct ov_call *call, const struct fields *fields, ov_fact_node function,
        const struct wanted *wanted)
{
    const struct ov_value *argument = &call->arguments[wanted->function];
    struct ov_bytes name;
    int64_t ordinal;

    if (wanted->any_function) {
        return true;
    }
    if (argument->kind == OV_VALUE_INT) {
        return ov_fact_get_int(call->tree, function, fields->ordinal, &ordinal)
               && ordinal == argument->integer;
    }
    return ov_fact_get_text(call->tree, function, fields->name, &name)
           && means(call, wanted->function, name);
}

/* How many are; *first: the first of them. */
static int64_t count_wanted(struct ov_call *call, const struct fields *fields,
        const struct wanted *wanted, ov_fact_node *first)
{
    const ov_fact_node pe = ov_fact_get_root(call->tree, OV_PE);
    const uint32_t libraries = ov_fact_count(call->tree, pe, fields->details);
    int64_t found = 0;

    for (uint32_t i = 0; i < libraries && ov_machine_charge(call->m, 1); i++) {
        const ov_fact_node library = ov_fact_get_item_node(call->tree, pe, fields->details, i);
        const uint32_t count = ov_fact_count(call->tree, library, fields->functions);
        struct ov_bytes name;

        if (!ov_fact_get_text(call->tree, library, fields->library, &name)
                || !means(call, wanted->library, name)) {
            continue;
        }
        for (uint32_t j = 0; j < count && ov_machine_charge(call->m, 1); j++) {
            const ov_fact_node function =
                    ov_fact_get_item_node(call->tree, library, fields->functions, j);

            if (is_wanted(call, fields, function, wanted)) {
                *first = found == 0 ? function : *first;
                found++;
            }
        }
    }
    return found;
}

struct ov_value ov_call_pe_imports(struct ov_call *call)
{
    const char *takes = ov_field_row(call->field)->arguments;
    const unsigned at = takes[0] == 'i' ? 1 : 0;
    const int64_t which = at == 1 ? ov_call_int(call, 0) : WANT_STANDARD;
    const bool counts = takes[at] == 'r' || takes[at + 1] == '\0';
    const struct wanted wanted = {
        .library = at,
        .function = at + 1,
        .any_function = takes[at + 1] == '\0',
    };
    ov_fact_node first = 0;
    int64_t found = 0;

    if (!is_pe(call)) {
        return ov_value_undefined();
    }
    if ((which & WANT_STANDARD) != 0) {
        found += count_wanted(call, &standard, &wanted, &first);
    }
    if ((which & WANT_DELAYED) != 0) {
        found += count_wanted(call, &delayed, &wanted, &first);
    }
    return ov_value_int(counts ? found : found != 0);
}

struct ov_value ov_call_pe_import_rva(struct ov_call *call)
{
    const bool is_standard =
            call->field == OV_PE_IMPORT_RVA_OF_SS || call->field == OV_PE_IMPORT_RVA_OF_SI;
    const struct fields *fields = is_standard ? &standard : &delayed;
    const struct wanted wanted = { .library = 0, .function = 1 };
    ov_fact_node first = 0;
    int64_t rva;

    if (!is_pe(call) || count_wanted(call, fields, &wanted, &first) == 0
            || !ov_fact_get_int(call->tree, first, fields->rva, &rva)) {
        return ov_value_undefined();
    }
    return ov_value_int(rva);
}

/* --- the hash of the imports ----------------------------------------------------------------- */

struct ov_value ov_call_pe_imphash(struct ov_call *call)
{
    uint8_t out[OV_DIGEST_BYTES_MAX];
    struct ov_value value;
    struct ov_buf text;
    bool good;

    if (!is_pe(call)) {
        return ov_value_undefined();
    }
    call->arguments[0] = call->arguments[1] = ov_value_int(0); /* it is remembered as of no range */
    if (ov_call_remembered(call, &value)) {
        return value;
    }
    ov_buf_init(&text, OV_IMPORTS_TEXT_BYTES_MAX);
    ov_pe_imports_spell(call->tree, OV_SPELLED_FROM_LAST, &text);
    good = ov_buf_ok(&text) && ov_digest_of(OV_DIGEST_MD5, ov_buf_bytes(&text), out);
    if (good && !ov_machine_charge(call->m, ov_bytes_len(ov_buf_bytes(&text)) / 4)) {
        ov_buf_done(&text);
        return ov_value_undefined();
    }
    ov_buf_done(&text);
    if (!good) {
        call->asked->reason = OV_REASON_MEMORY;
        return ov_value_undefined();
    }
    return ov_call_remember(call, ov_call_give_hex(call, out, ov_digest_bytes(OV_DIGEST_MD5)));
}

/* --- exports --------------------------------------------------------------------------------- */

static bool is_export(struct ov_call *call, ov_fact_node export)
{
    struct ov_bytes name;
    int64_t ordinal;

    if (call->arguments[0].kind == OV_VALUE_INT) {
        return ov_fact_get_int(call->tree, export, OV_PE_EXPORT_DETAILS_ORDINAL, &ordinal)
               && ordinal == ov_call_int(call, 0);
    }
    return ov_fact_get_text(call->tree, export, OV_PE_EXPORT_DETAILS_NAME, &name)
           && means(call, 0, name);
}

/* exports: is it there? exports_index: where? */
struct ov_value ov_call_pe_exports(struct ov_call *call)
{
    const ov_fact_node pe = ov_fact_get_root(call->tree, OV_PE);
    const bool asks_where = call->field == OV_PE_EXPORTS_INDEX_OF_S
                            || call->field == OV_PE_EXPORTS_INDEX_OF_I
                            || call->field == OV_PE_EXPORTS_INDEX_OF_R;
    const struct ov_value none = asks_where ? ov_value_undefined() : ov_value_int(0);
    int64_t count;

    if (!is_pe(call) || !ov_fact_get_int(call->tree, pe, OV_PE_NUMBER_OF_EXPORTS, &count)) {
        return ov_value_undefined();
    }
    if (call->arguments[0].kind == OV_VALUE_INT
            && (ov_call_int(call, 0) == 0 || ov_call_int(call, 0) > count)) {
        return none; /* as YARA, which forgets that numbers may begin elsewhere */
    }
    for (int64_t i = 0; i < count && ov_machine_charge(call->m, 1); i++) {
        if (is_export(call,
                    ov_fact_get_item_node(call->tree, pe, OV_PE_EXPORT_DETAILS, (uint64_t)i))) {
            return ov_value_int(asks_where ? i : 1);
        }
    }
    return none;
}
