/* SPDX-License-Identifier: Apache-2.0 */
/* tests_facts.c - the module tests, in builds that have it: the same for every object. */
#include "formats/facts.h"

#ifdef OV_TESTS_MODULE

void ov_tests_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    const struct ov_bytes foo = ov_bytes_of("foo", 3), bar = ov_bytes_of("bar", 3);
    const ov_fact_node root = ov_fact_root(tree, OV_TESTS);
    const ov_fact_node constants = ov_fact_struct(tree, root, OV_TESTS_CONSTANTS);
    const ov_fact_node item = ov_fact_item(tree, root, OV_TESTS_STRUCT_ARRAY, 1);
    const ov_fact_node entry = ov_fact_entry(tree, root, OV_TESTS_STRUCT_DICT, foo);
    static const int64_t integers[] = { 0, 1, 2, 256 };

    (void)pages;
    ov_fact_int(tree, constants, OV_TESTS_CONSTANTS_ONE, 1);
    ov_fact_int(tree, constants, OV_TESTS_CONSTANTS_TWO, 2);
    ov_fact_text(tree, constants, OV_TESTS_CONSTANTS_FOO, foo);
    ov_fact_name(tree, constants, OV_TESTS_CONSTANTS_EMPTY, "");
    ov_fact_int(tree, item, OV_TESTS_STRUCT_ARRAY_I, 1);
    for (unsigned i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        ov_fact_item_int(tree, root, OV_TESTS_INTEGER_ARRAY, (uint32_t)integers[i], integers[i]);
    }
    ov_fact_item_text(tree, root, OV_TESTS_STRING_ARRAY, 0, foo);
    ov_fact_item_text(tree, root, OV_TESTS_STRING_ARRAY, 1, bar);
    ov_fact_item_text(tree, root, OV_TESTS_STRING_ARRAY, 2, ov_bytes_of("baz", 3));
    ov_fact_item_text(tree, root, OV_TESTS_STRING_ARRAY, 3, ov_bytes_of("foo\0bar", 7));
    ov_fact_entry_text(tree, root, OV_TESTS_STRING_DICT, foo, foo);
    ov_fact_entry_text(tree, root, OV_TESTS_STRING_DICT, bar, bar);
    ov_fact_text(tree, entry, OV_TESTS_STRUCT_DICT_S, foo);
    ov_fact_int(tree, entry, OV_TESTS_STRUCT_DICT_I, 1);
}

#else

/* A file of C holds something. */
typedef int ov_no_tests_module;

#endif
