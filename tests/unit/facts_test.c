/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "db/layout.h"
#include "facts/tree.h"
#include "tests/tap.h"

static struct ov_bytes text(const char *s)
{
    return ov_bytes_of(s, strlen(s));
}

/* --- the table ------------------------------------------------------------------------------- */

TEST(every_row_names_a_structure_that_stands_before_it)
{
    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        const struct ov_field_row *row = ov_field_row(field);

        CHECK(row->name != NULL && row->kind != 0);
        if (row->kind == OV_FIELD_IS_MODULE) {
            CHECK_UINT(row->parent, OV_FIELD_NONE);
        } else {
            CHECK(row->parent < field);
            CHECK_UINT(ov_field_row(row->parent)->type, OV_FACT_TYPE_STRUCT);
        }
    }
}

TEST(a_name_stands_for_one_thing_in_its_structure)
{
    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        const struct ov_field_row *row = ov_field_row(field);
        unsigned first;

        if (row->kind == OV_FIELD_IS_MODULE) {
            continue;
        }
        first = ov_field_find(row->parent, text(row->name));
        while (first != field && first != OV_FIELD_NONE) {
            first = ov_field_next_overload(first);
        }
        CHECK_UINT(first, field);
    }
}

TEST(modules_are_those_of_a_stock_yara)
{
    static const char *const names[] = { "pe", "elf", "macho", "dotnet", "dex", "math", "hash",
        "string", "console", "time", "magic", "cuckoo",
#ifdef OV_TESTS_MODULE
        "tests"
#endif
    };
    unsigned modules = 0;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        CHECK(ov_field_module(text(names[i])) != OV_FIELD_NONE);
    }
    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        modules += ov_field_row(field)->kind == OV_FIELD_IS_MODULE;
    }
    CHECK_UINT(modules, sizeof(names) / sizeof(names[0]));
    CHECK_UINT(ov_field_module(text("vt")), OV_FIELD_NONE);
}

TEST(overloads_are_walked_one_by_one)
{
    unsigned field = ov_field_find(OV_PE, text("imports"));
    unsigned count = 0;

    for (; field != OV_FIELD_NONE; field = ov_field_next_overload(field)) {
        CHECK_UINT(ov_field_module_of(field), OV_PE);
        count++;
    }
    CHECK_UINT(count, 8);
    CHECK_UINT(ov_field_find(OV_PE, text("major")), OV_FIELD_NONE);
    CHECK_UINT(ov_field_find(OV_PE_OS_VERSION, text("major")), OV_PE_OS_VERSION_MAJOR);
}

static uint32_t crc_of(uint32_t crc, const char *s)
{
    for (; *s != '\0'; s++) {
        crc ^= (uint8_t)*s;
        for (unsigned i = 0; i < 8; i++) {
            crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
        }
    }
    return crc;
}

TEST(databases_say_which_table_their_numbers_are_of)
{
    uint32_t crc = UINT32_MAX;

    for (unsigned field = 1; field < OV_FIELD_COUNT; field++) {
        const struct ov_field_row *row = ov_field_row(field);
        char line[256];

        (void)snprintf(line, sizeof(line), "%u %u %u %u %u %s %s %lld %g %s\n", field, row->parent,
                row->kind, row->type, row->shape, row->name,
                row->arguments == NULL ? "-" : row->arguments, (long long)row->integer, row->real,
                row->text == NULL ? "-" : row->text);
        crc = crc_of(crc, line);
    }
    CHECK_UINT(crc ^ UINT32_MAX, OV_DB_FACTS_CRC);
}

/* --- the tree -------------------------------------------------------------------------------- */

static struct ov_fact_tree *begun(struct ov_budget *budget, uint64_t steps)
{
    struct ov_fact_tree *tree = ov_fact_tree_new();

    if (tree != NULL) {
        budget->steps_left = steps;
        ov_fact_tree_begin(tree);
        ov_fact_tree_charge_to(tree, budget);
    }
    return tree;
}

#define BEGIN(steps)                                                                      \
    struct ov_budget budget = { 0 };                                                      \
    OV_CLEANUP(ov_fact_tree_free_at) struct ov_fact_tree *tree = begun(&budget, (steps)); \
    CHECK(tree != NULL)

TEST(everything_is_undefined_until_it_is_set)
{
    BEGIN(1000);
    const ov_fact_node pe = ov_fact_root(tree, OV_PE);

    CHECK_UINT(ov_fact_get(tree, pe, OV_PE_MACHINE).kind, OV_FACT_UNDEFINED);
    CHECK_UINT(ov_fact_get(tree, pe, OV_PE_C_DLL).kind, OV_FACT_INT);
    CHECK_UINT(ov_fact_count(tree, pe, OV_PE_SECTIONS), 0);
    CHECK_UINT(ov_fact_get_item(tree, pe, OV_PE_SECTIONS, 0).kind, OV_FACT_UNDEFINED);
    CHECK_UINT(ov_fact_get_entry(tree, pe, OV_PE_VERSION_INFO, text("a")).kind, OV_FACT_UNDEFINED);
    CHECK_UINT(ov_fact_get(tree, 0, OV_PE_MACHINE).kind, OV_FACT_UNDEFINED);
    CHECK_UINT(ov_fact_get_root(tree, OV_ELF), 0);
    ov_fact_int(tree, pe, OV_PE_MACHINE, 0x14c);
    CHECK(ov_fact_get(tree, pe, OV_PE_MACHINE).integer == 0x14c);
    ov_fact_tree_begin(tree);
    CHECK_UINT(ov_fact_get_root(tree, OV_PE), 0);
}

TEST(structures_arrays_and_dictionaries_keep_what_is_put_there)
{
    BEGIN(1000);
    const ov_fact_node pe = ov_fact_root(tree, OV_PE);
    const ov_fact_node version = ov_fact_struct(tree, pe, OV_PE_OS_VERSION);
    const ov_fact_node third = ov_fact_item(tree, pe, OV_PE_SECTIONS, 2);
    struct ov_bytes key, value;

    ov_fact_int(tree, version, OV_PE_OS_VERSION_MAJOR, 6);
    ov_fact_text(tree, third, OV_PE_SECTIONS_NAME, text(".text"));
    ov_fact_entry_text(tree, pe, OV_PE_VERSION_INFO, text("Name"), text("first"));
    ov_fact_entry_text(tree, pe, OV_PE_VERSION_INFO, text("Name"), text("second"));

    CHECK_UINT(ov_fact_get_node(tree, pe, OV_PE_OS_VERSION), version);
    CHECK_UINT(ov_fact_struct(tree, pe, OV_PE_OS_VERSION), version);
    CHECK(ov_fact_get(tree, version, OV_PE_OS_VERSION_MAJOR).integer == 6);
    CHECK_UINT(ov_fact_count(tree, pe, OV_PE_SECTIONS), 3);
    CHECK_UINT(ov_fact_get_item(tree, pe, OV_PE_SECTIONS, 1).kind, OV_FACT_UNDEFINED);
    CHECK_UINT(ov_fact_get_item_node(tree, pe, OV_PE_SECTIONS, 2), third);
    CHECK(ov_fact_get_text(tree, third, OV_PE_SECTIONS_NAME, &value)
            && ov_bytes_equal(value, ".text", 5));
    CHECK_UINT(ov_fact_count(tree, pe, OV_PE_VERSION_INFO), 1);
    CHECK(ov_fact_key(tree, pe, OV_PE_VERSION_INFO, 0, &key) && ov_bytes_equal(key, "Name", 4));
    CHECK(ov_bytes_equal(
            ov_fact_get_entry(tree, pe, OV_PE_VERSION_INFO, text("Name")).text, "second", 6));
    /* a field of another structure */
    CHECK_UINT(ov_fact_get(tree, third, OV_PE_MACHINE).kind, OV_FACT_UNDEFINED);
}

TEST(a_budget_that_is_spent_ends_it_and_is_told)
{
    BEGIN(20);
    const ov_fact_node elf = ov_fact_root(tree, OV_ELF);
    uint32_t i;

    for (i = 0; i < 1000 && ov_fact_goes_on(tree); i++) {
        (void)ov_fact_item(tree, elf, OV_ELF_SECTIONS, i);
    }
    CHECK(i < 1000);
    CHECK_UINT(ov_fact_tree_reason(tree), OV_REASON_STEPS);
    ov_fact_int(tree, elf, OV_ELF_TYPE, 1);
    CHECK_UINT(ov_fact_get(tree, elf, OV_ELF_TYPE).kind, OV_FACT_UNDEFINED);
}

TEST(more_facts_than_fit_are_told)
{
    BEGIN(UINT64_MAX);
    const ov_fact_node dotnet = ov_fact_root(tree, OV_DOTNET);

    ov_fact_item_int(tree, dotnet, OV_DOTNET_FIELD_OFFSETS, OV_FACT_CELLS_MAX, 1);
    CHECK_UINT(ov_fact_tree_reason(tree), OV_REASON_MEMORY);
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &budget);
    CHECK(ov_fact_goes_on(tree));
}

TESTS(T(every_row_names_a_structure_that_stands_before_it),
        T(a_name_stands_for_one_thing_in_its_structure), T(modules_are_those_of_a_stock_yara),
        T(overloads_are_walked_one_by_one), T(databases_say_which_table_their_numbers_are_of),
        T(everything_is_undefined_until_it_is_set),
        T(structures_arrays_and_dictionaries_keep_what_is_put_there),
        T(a_budget_that_is_spent_ends_it_and_is_told), T(more_facts_than_fit_are_told));
