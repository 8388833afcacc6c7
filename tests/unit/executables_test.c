/* SPDX-License-Identifier: Apache-2.0 */
/* What parsers of executables say: the values of small files are in executables_golden_test.py, as
 * YARA agreed to them. Here: what is cut, what is claimed, and what runs out. */
#include <stdlib.h>
#include <string.h>

#include "../tap.h"
#include "base/buf.h"
#include "base/limits.h"
#include "eval/tlsh.h"
#include "formats/certificate.h"
#include "formats/elf.h"
#include "formats/facts.h"
#include "formats/spc.h"

struct rig {
    struct ov_fact_tree *tree;
    struct ov_pages *pages;
    struct ov_source source;
    struct ov_budget budget;
};

static bool rig_begin(struct rig *rig, struct ov_bytes bytes, uint64_t steps)
{
    rig->tree = ov_fact_tree_new();
    rig->pages = malloc(sizeof(*rig->pages));
    if (rig->tree == NULL || rig->pages == NULL) {
        return false;
    }
    ov_source_on_bytes(&rig->source, bytes);
    ov_pages_on(rig->pages, &rig->source);
    rig->budget = (struct ov_budget){ .steps_left = steps };
    ov_fact_tree_charge_to(rig->tree, &rig->budget);
    return true;
}

static void rig_done(struct rig *rig)
{
    ov_fact_tree_free(rig->tree);
    free(rig->pages);
}

static bool read_sample(const char *path, uint8_t *room, size_t room_bytes, size_t *len)
{
    const char *root = getenv("OVERT_SOURCE_ROOT");
    char full[4096];
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s/fuzz/corpora/%s", root == NULL ? "." : root, path);
    file = fopen(full, "rb");
    if (file == NULL) {
        return false;
    }
    *len = fread(room, 1, room_bytes, file);
    (void)fclose(file);
    return *len > 0 && *len < room_bytes;
}

/* Every beginning of a file ends the parser without a limit, and says no more sections than it has
 * bytes for. */
static bool cuts_hold(enum ov_field module, const char *path, size_t step)
{
    static uint8_t room[65536];
    struct rig rig;
    size_t len;
    bool held = true;

    if (!read_sample(path, room, sizeof(room), &len)) {
        return false;
    }
    for (size_t cut = 0; held && cut <= len; cut += cut + step > len && cut < len ? 1 : step) {
        uint8_t *exact = malloc(cut + 1); /* so that a sanitizer sees the edge */

        held = exact != NULL;
        if (held) {
            memcpy(exact, room, cut);
            held = rig_begin(&rig, ov_bytes_of(exact, cut), 1u << 24);
        }
        if (held) {
            ov_facts_parser(module)(rig.tree, rig.pages);
            held = ov_fact_tree_reason(rig.tree) == OV_REASON_NONE;
            rig_done(&rig);
        }
        free(exact);
    }
    return held;
}

TEST(every_truncation_ends)
{
    CHECK(cuts_hold(OV_ELF, "elf/shared.so", 1));
    CHECK(cuts_hold(OV_ELF, "elf/powerpc-linux.o", 1));
    CHECK(cuts_hold(OV_MACHO, "macho/x64lemain", 1));
    CHECK(cuts_hold(OV_MACHO, "macho/fat64", 7));
    CHECK(cuts_hold(OV_DEX, "dex/g4.dex", 1));
    CHECK(cuts_hold(OV_DOTNET, "dotnet/a.exe", 5));
    CHECK(cuts_hold(OV_PE, "authenticode/s_ec.exe", 101));
}

/* Bytes of an ELF-64 file: a header, three section headers, symbols that all have one long name. */
static void put_shared_names(struct ov_buf *buf, uint32_t symbols, uint32_t name_bytes)
{
    const uint64_t table = 64 + 3 * 64, names = table + (uint64_t)symbols * 24;
    const uint64_t sections[3][3] = { { 0, 0, 0 }, { 2, table, (uint64_t)symbols * 24 },
        { 3, names, name_bytes + 2u } };

    ov_buf_put(buf, "\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\76\0\1\0\0\0", 24);
    ov_buf_put_u64le(buf, 0);
    ov_buf_put_u64le(buf, 0);
    ov_buf_put_u64le(buf, 64);
    ov_buf_put_zeros(buf, 10);
    ov_buf_put_u16le(buf, 64);
    ov_buf_put_u16le(buf, 3);
    ov_buf_put_u16le(buf, 0);
    for (unsigned i = 0; i < 3; i++) {
        ov_buf_put_u32le(buf, 0);
        ov_buf_put_u32le(buf, (uint32_t)sections[i][0]);
        ov_buf_put_zeros(buf, 16);
        ov_buf_put_u64le(buf, sections[i][1]);
        ov_buf_put_u64le(buf, sections[i][2]);
        ov_buf_put_u32le(buf, 2); /* the names are in section 2 */
        ov_buf_put_zeros(buf, 20);
    }
    for (uint32_t i = 0; i < symbols; i++) {
        ov_buf_put_u32le(buf, 1);
        ov_buf_put_zeros(buf, 20);
    }
    ov_buf_put_u8(buf, 0);
    for (uint32_t i = 0; i < name_bytes; i++) {
        ov_buf_put_u8(buf, 'n');
    }
    ov_buf_put_u8(buf, 0);
}

/* 24 bytes a row claim a name of a mebibyte each: 20 GiB of names out of 1.5 MiB. */
TEST(names_that_share_bytes_reach_a_limit_with_a_reason)
{
    struct ov_buf buf;
    struct rig rig;

    ov_buf_init(&buf, 4u * OV_MIB);
    put_shared_names(&buf, 20000, 1u << 20);
    CHECK(ov_buf_ok(&buf) && rig_begin(&rig, ov_buf_bytes(&buf), OV_STEPS_FLOOR));
    ov_elf_facts(rig.tree, rig.pages);
    CHECK_UINT(ov_fact_tree_reason(rig.tree), OV_REASON_MEMORY);
    rig_done(&rig);
    ov_buf_done(&buf);
}

TEST(a_budget_that_runs_out_is_said)
{
    static uint8_t room[65536];
    struct rig rig;
    size_t len;

    CHECK(read_sample("elf/shared.so", room, sizeof(room), &len));
    CHECK(rig_begin(&rig, ov_bytes_of(room, len), 100));
    ov_elf_facts(rig.tree, rig.pages);
    CHECK_UINT(ov_fact_tree_reason(rig.tree), OV_REASON_STEPS);
    rig_done(&rig);
}

TEST(tlsh_needs_fifty_bytes_and_variety)
{
    char out[OV_TLSH_CHARS + 1];
    uint8_t bytes[600];

    for (unsigned i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)(i * i * 7 + i / 3);
    }
    ov_tlsh_of(ov_bytes_of(bytes, 49), out);
    CHECK_STR(out, "");
    ov_tlsh_of(ov_bytes_of(bytes, sizeof(bytes)), out);
    CHECK_UINT(strlen(out), OV_TLSH_CHARS);
    memset(bytes, 'a', sizeof(bytes));
    ov_tlsh_of(ov_bytes_of(bytes, sizeof(bytes)), out);
    CHECK_STR(out, "");
}

static int64_t seconds(const char *text)
{
    ASN1_TIME *time = ASN1_TIME_new();
    int64_t v = 0;

    if (time != NULL && ASN1_TIME_set_string(time, text) == 1) {
        v = ov_certificate_time(time);
    }
    ASN1_TIME_free(time);
    return v;
}

TEST(times_are_counted_without_a_time_zone)
{
    CHECK(seconds("700101000000Z") == 0);
    CHECK(seconds("000229120000Z") == 951825600);
    CHECK(seconds("20991231235959Z") == 4102444799);
    CHECK(seconds("19000301000000Z") == -2203891200);
    CHECK(ov_certificate_time(NULL) == -2209075200);
}

TEST(elements_are_counted_before_openssl_sees_them)
{
    uint8_t nested[4096];

    CHECK_UINT(ov_spc_elements(ov_bytes_of("\x30\x06\x02\x01\x05\x02\x01\x06", 8), 100), 3);
    CHECK_UINT(ov_spc_elements(ov_bytes_of("\x30\x80\x05\x00\x00\x00", 6), 100), 3);
    CHECK_UINT(ov_spc_elements(ov_bytes_of("\x04\x84\xff\xff\xff\xff", 6), 100), 1);
    CHECK_UINT(ov_spc_elements(ov_bytes_of("\x30\x8a\xff\xff", 4), 100), 0);
    for (unsigned i = 0; i < sizeof(nested); i += 2) {
        nested[i] = 0x30;
        nested[i + 1] = 0x80;
    }
    CHECK_UINT(ov_spc_elements(ov_bytes_of(nested, sizeof(nested)), 1000), 1001);
    CHECK_UINT(ov_spc_element_bytes(ov_bytes_of("\x30\x82\x01\x00", 4)), 260);
    CHECK(ov_spc_element_bytes(ov_bytes_of("\x30\x80", 2)) == UINT64_MAX);
    CHECK_UINT(ov_spc_element_bytes(ov_bytes_of("\x30", 1)), 0);
}

/* A union is read for what it holds: these have no bytes. */
TEST(values_without_bytes_have_none)
{
    ASN1_TYPE *value = ASN1_TYPE_new();

    CHECK(value != NULL);
    ASN1_TYPE_set(value, V_ASN1_BOOLEAN, value);
    CHECK_UINT(ov_bytes_len(ov_spc_bytes(value)), 0);
    ASN1_TYPE_set(value, V_ASN1_OBJECT, OBJ_txt2obj("1.2.3", 1));
    CHECK_UINT(ov_bytes_len(ov_spc_bytes(value)), 0);
    ASN1_TYPE_set(value, V_ASN1_NULL, NULL);
    CHECK_UINT(ov_bytes_len(ov_spc_bytes(value)), 0);
    CHECK_UINT(ov_bytes_len(ov_spc_bytes(NULL)), 0);
    ASN1_TYPE_free(value);
}

TESTS(T(every_truncation_ends), T(names_that_share_bytes_reach_a_limit_with_a_reason),
        T(a_budget_that_runs_out_is_said), T(tlsh_needs_fifty_bytes_and_variety),
        T(times_are_counted_without_a_time_zone), T(elements_are_counted_before_openssl_sees_them),
        T(values_without_bytes_have_none));
