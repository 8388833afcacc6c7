/* SPDX-License-Identifier: Apache-2.0 */
#include "formats/detect.h"
#include "tests/tap.h"
#include "tests/unit/made.h"

static struct ov_detected detected;

static void detect(const void *bytes, size_t len)
{
    struct ov_source source;

    ov_source_on_bytes(&source, ov_bytes_of(bytes, len));
    ov_detect(&source, ov_bytes_of(bytes, len), &detected);
}

#define DETECT(literal) detect(literal, sizeof(literal) - 1)

TEST(types_are_told_by_content)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *type;
    } samples[] = {
#define S(literal, name) { literal, sizeof(literal) - 1, name }
        S("\x7f"
          "ELF\2\1\1",
                "elf"),
        S("#!/bin/sh\n", "script"),
        S("%PDF-1.7\n", "pdf"),
        S("{\\rtf1", "rtf"),
        S("<?xml version", "xml"),
        S(" \r\n<!DocType HTML>", "html"),
        S("MZ\x90\0", "dos"),
        S("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole2"),
        S("\xca\xfe\xba\xbe\0\0\0\x34\0\x10", "class"),
        S("\xca\xfe\xba\xbe\0\0\0\2\1\0\0\7", "macho"),
        S("dex\n035\0", "dex"),
        S("\x89PNG\r\n\x1a\n", "png"),
        S("", "data"),
        S("x", "data"),
        S("words", "data"),
#undef S
    };

    for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
        detect(samples[i].bytes, samples[i].len);
        CHECK_STR(ov_type_name(detected.type), samples[i].type);
        CHECK(detected.trouble == OV_REASON_NONE);
    }
}

TEST(a_pe_is_told_from_an_old_program)
{
    char bytes[512] = "MZ";

    bytes[0x3c] = 0x40;
    memcpy(bytes + 0x40, "PE\0\0", 4);
    detect(bytes, sizeof(bytes));
    CHECK_STR(ov_type_name(detected.type), "pe");
    bytes[0x3d] = 0x7f; /* beyond the end */
    detect(bytes, sizeof(bytes));
    CHECK_STR(ov_type_name(detected.type), "dos");
}

/* A few bytes of magic in front of anything else are a coincidence. */
TEST(words_that_begin_like_containers_are_data)
{
    static const char *const words[] = { "PK\3\4 is how zip files start\n", "BZh is short",
        "BZh9 is longer, and still nothing", "\x1f\x8b is two bytes", "\x1f\x8b\x08\xff reserved",
        "Rar! is a word", "MSCF and more text that is no cabinet", "7z is a program",
        "070701 is a number", "070707 too", "!<arch> is a tag", "ustar is a format",
        "\xfd\x37zXZ without its zero", "LZIP\2 is unknown", "\x28\xb5\x2f\xfd\x08 is reserved",
        "\x04\x22\x4d\x18 lz4", "-lh5- is a method", "xx-lh5-xxxxxxxxxxxxx\1 has no sum",
        "\xc7\x71 old cpio, or not", "hsqs", "\x1f\x9d\x90\xff\xff", "\x60\xea is arj's" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        detect(words[i], strlen(words[i]));
        if (detected.inside_count != 0 || detected.trouble != OV_REASON_NONE) {
            printf("# %zu: %s\n", i, ov_type_name(detected.type));
        }
        CHECK_UINT(detected.inside_count, 0);
        CHECK(detected.trouble == OV_REASON_NONE);
    }
}

/* They go into messages whose texts have no blanks. */
TEST(names_of_types_are_words)
{
    for (unsigned type = 0; type < OV_TYPE_COUNT; type++) {
        const char *name = ov_type_name((enum ov_type)type);

        CHECK(name != NULL && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789") == strlen(name));
    }
}

TEST(containers_that_are_not_unpacked_are_said)
{
    DETECT("1234567**ACE**1234");
    CHECK_STR(ov_type_name(detected.type), "ace");
    CHECK(detected.trouble == OV_REASON_UNSUPPORTED);
}

TEST(old_packers_are_opened)
{
    DETECT("\x1f\x9d\x90\x61\x00");
    CHECK_STR(ov_type_name(detected.type), "compress");
    CHECK_UINT(detected.inside_count, 1);
    DETECT("SZDD\x88\xf0\x27\x33"
           "A");
    CHECK_STR(ov_type_name(detected.type), "szdd");
    CHECK_UINT(detected.inside_count, 1);
}

TEST(a_tar_is_told_by_its_checksum)
{
    struct ov_buf file;
    uint8_t *raw;
    size_t len = 0;

    made_init(&file);
    made_archive(&file, "v7tar", "none", "x", ov_bytes_of("y", 1));
    raw = ov_buf_steal(&file, &len);
    OV_ASSERT(raw != NULL);
    detect(raw, len);
    CHECK_STR(ov_type_name(detected.type), "tar");
    raw[0] ^= 1;
    detect(raw, len);
    CHECK_STR(ov_type_name(detected.type), "data");
    free(raw);
    /* All zeros have a checksum of sorts, and are no tar. */
    raw = calloc(1, 10240);
    OV_ASSERT(raw != NULL);
    detect(raw, 10240);
    CHECK_STR(ov_type_name(detected.type), "data");
    free(raw);
}

TEST(a_deb_is_an_ar_of_its_own_name)
{
    struct ov_buf file;
    struct ov_bytes bytes;

    made_init(&file);
    made_archive(&file, "arbsd", "none", "debian-binary", ov_bytes_of("2.0\n", 4));
    bytes = ov_buf_bytes(&file);
    detect(ov_bytes_raw(bytes), (size_t)ov_bytes_len(bytes));
    ov_buf_done(&file);
    CHECK_STR(ov_type_name(detected.type), "deb");
    CHECK_UINT(detected.inside_count, 1);
}

/* What programs that read zips have in them: the magic, in their last bytes, without a zip. */
TEST(the_magic_of_a_zip_alone_is_no_zip)
{
    static char program[100000];

    memcpy(program,
            "\x7f"
            "ELF",
            4);
    for (size_t at = 40000; at + 30 < sizeof(program); at += 300) {
        memcpy(program + at, "PK\5\6", 4);
        memcpy(program + at + 100, "PK\1\2", 4);
        memcpy(program + at + 150, "PK\3\4", 4);
    }
    detect(program, sizeof(program));
    CHECK_STR(ov_type_name(detected.type), "elf");
    CHECK_UINT(detected.inside_count, 0);
}

TEST(packed_streams_without_a_mark_are_told_by_what_they_unpack_to)
{
    static const uint8_t zlib_stream[] = { 0x78, 0xda, 0x4b, 0x54, 0x48, 0xcb, 0xcc, 0x49, 0x55,
        0xc8, 0x4f, 0x53, 0x48, 0x54, 0x48, 0x4b, 0x2d, 0x57, 0x28, 0xcf, 0x2f, 0x4a, 0x29, 0xd6,
        0x01, 0x71, 0xe8, 0x2d, 0x0c, 0x00, 0x5b, 0xbc, 0x2d, 0x79 };
    uint8_t bytes[sizeof(zlib_stream)];

    detect(zlib_stream, sizeof(zlib_stream));
    CHECK_STR(ov_type_name(detected.type), "zlib");
    CHECK_UINT(detected.inside_count, 1);
    detect(zlib_stream + 2, sizeof(zlib_stream) - 6);
    CHECK_STR(ov_type_name(detected.type), "deflate");
    /* Bare deflate that does not end with the object is chance, and so is a header alone. */
    detect(zlib_stream + 2, sizeof(zlib_stream) - 5);
    CHECK_STR(ov_type_name(detected.type), "data");
    detect(zlib_stream + 2, sizeof(zlib_stream) - 12);
    CHECK_STR(ov_type_name(detected.type), "data");
    memcpy(bytes, zlib_stream, sizeof(bytes));
    bytes[2] ^= 0x07;
    detect(bytes, sizeof(bytes));
    CHECK_STR(ov_type_name(detected.type), "data");
    DETECT("x\x9c words that begin like one");
    CHECK_STR(ov_type_name(detected.type), "data");
    DETECT("\x1f\x8b\7\0\0\0\0\0\0\3 of no method that there is");
    CHECK_STR(ov_type_name(detected.type), "gzip");
    CHECK(detected.trouble == OV_REASON_UNSUPPORTED);
}

TEST(a_pdf_without_its_mark_is_one_by_its_first_object)
{
    DETECT("1 0 obj\n<</Type/Catalog>>\nendobj\n");
    CHECK_STR(ov_type_name(detected.type), "pdf");
    DETECT("%PDF.1.7\n1 0 obj\n");
    CHECK_STR(ov_type_name(detected.type), "pdf");
    DETECT("1 0 object\n");
    CHECK_STR(ov_type_name(detected.type), "pdf");
    DETECT("1 obj\n");
    CHECK_STR(ov_type_name(detected.type), "data");
}

TEST(texts_that_speak_of_base64_are_looked_through_for_it)
{
    DETECT("#!/bin/sh\n");
    CHECK_UINT(detected.inside[0].type, OV_TYPE_BASE64);
    DETECT("$x = [Convert]::FromBase64String('')\r\n");
    CHECK_UINT(detected.inside[0].type, OV_TYPE_BASE64);
    DETECT("x = base64.b64decode(y)\n");
    CHECK_UINT(detected.inside[0].type, OV_TYPE_BASE64);
    DETECT("words of 64 bits\n");
    CHECK_UINT(detected.inside_count, 0);
}

TESTS(T(types_are_told_by_content), T(a_pe_is_told_from_an_old_program),
        T(words_that_begin_like_containers_are_data), T(names_of_types_are_words),
        T(containers_that_are_not_unpacked_are_said), T(old_packers_are_opened),
        T(a_tar_is_told_by_its_checksum), T(a_deb_is_an_ar_of_its_own_name),
        T(the_magic_of_a_zip_alone_is_no_zip),
        T(packed_streams_without_a_mark_are_told_by_what_they_unpack_to),
        T(a_pdf_without_its_mark_is_one_by_its_first_object),
        T(texts_that_speak_of_base64_are_looked_through_for_it));
