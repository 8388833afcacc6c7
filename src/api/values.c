/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - values of external variables. They come from the owner's command line. */
#include "api/values.h"

#include <string.h>

#include "base/checked.h"
#include "db/rules.h"

/* NOLINTNEXTLINE(misc-redundant-expression): two texts, of which somebody may change one. */
_Static_assert(sizeof(OVERT_TIME_NAME) == sizeof(OV_GIVEN_TIME), "the same name");
_Static_assert((int)OVERT_VALUE_BOOLEAN == (int)OV_DB_DATUM_BOOL
                       && (int)OVERT_VALUE_INTEGER == (int)OV_DB_DATUM_INT
                       && (int)OVERT_VALUE_FLOAT == (int)OV_DB_DATUM_FLOAT
                       && (int)OVERT_VALUE_TEXT == (int)OV_DB_DATUM_TEXT,
        "numbered alike");

overt_status ov_value_check_form(const overt_value *value, overt_error *err)
{
    if (value->name.len == 0 || value->name.len > OV_IDENTIFIER_BYTES_MAX
            || value->kind < OVERT_VALUE_BOOLEAN || value->kind > OVERT_VALUE_TEXT
            || (value->kind == OVERT_VALUE_BOOLEAN && (uint64_t)value->integer > 1)) {
        return ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                "an external variable needs a name of at most %u bytes and a value of a known kind",
                OV_IDENTIFIER_BYTES_MAX);
    }
    if (value->kind == OVERT_VALUE_TEXT
            && value->text.len > OV_VALUES_BYTES_MAX - OV_IDENTIFIER_BYTES_MAX
                                         - sizeof(struct ov_value_head)) {
        return ov_fail(err, OVERT_E_LIMIT, UINT64_MAX,
                "the value of an external variable has more than %u bytes", OV_VALUES_BYTES_MAX);
    }
    return OVERT_OK;
}

overt_status ov_value_check(const overt_db *db, const overt_value *value, overt_error *err)
{
    const overt_status status = ov_value_check_form(value, err);

    if (status == OVERT_OK && value->kind == OVERT_VALUE_INTEGER
            && value->name.len == strlen(OVERT_TIME_NAME)
            && memcmp(value->name.bytes, OVERT_TIME_NAME, value->name.len) == 0) {
        return OVERT_OK;
    }
    for (uint64_t i = 0; status == OVERT_OK && i < overt_db_external_count(db); i++) {
        struct ov_datum_info info;

        if (ov_db_external_read(&db->view, (uint32_t)i, &info)
                && ov_bytes_equal(info.name, value->name.bytes, value->name.len)) {
            return (int)info.type == (int)value->kind
                           ? OVERT_OK
                           : ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                                   "the rules have an external variable of this name, but of "
                                   "another type");
        }
    }
    return status != OVERT_OK ? status
                              : ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
                                      "the rules have no external variable of this name");
}

void ov_value_put(struct ov_buf *out, const overt_value *value)
{
    struct ov_given_value given = {
        .name = ov_bytes_of(value->name.bytes, value->name.len),
        .text = ov_bytes_of(NULL, 0),
        .type = (uint32_t)value->kind,
        .value = (uint64_t)value->integer,
    };

    if (value->kind == OVERT_VALUE_FLOAT) {
        memcpy(&given.value, &value->real, sizeof(given.value));
    } else if (value->kind == OVERT_VALUE_TEXT) {
        given.text = ov_bytes_of(value->text.bytes, value->text.len);
        given.value = 0;
    }
    ov_given_value_put(out, &given);
}
