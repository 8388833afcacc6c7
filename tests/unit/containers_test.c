/* SPDX-License-Identifier: Apache-2.0 */
/* Every kind of container that overt opens: what is inside is found, and what is cut, encrypted or
 * damaged is said. */
#include "tests/unit/look.h"
#include "tests/unit/made.h"

/* What lies in each sample. Not compressible, so that cutting a packed sample cuts the content. */
static struct ov_bytes content(void)
{
    static uint8_t bytes[700];

    if (bytes[0] == 0) {
        uint32_t x = 1;

        for (size_t i = 0; i < sizeof(bytes); i++) {
            x = x * 1664525 + 1013904223;
            bytes[i] = (uint8_t)(x >> 24 | 1);
        }
        memcpy(bytes + 650, NEEDLE, sizeof(NEEDLE) - 1);
    }
    return ov_bytes_of(bytes, sizeof(bytes));
}

enum hand {
    BY_LIBARCHIVE,
    ZIP_STORED,
    ZIP_DEFLATED,
    RAR4,
    RAR5,
    CAB,
    LHA,
    RPM
};

static const struct sample {
    const char *type;
    enum hand hand;
    const char *format; /* libarchive's name */
    const char *filter;
    uint32_t objects;    /* the file, what is inside, and so on */
    uint32_t known_from; /* cut to this many bytes or more, it is still called by its name */
} samples[] = {
    { "zip", ZIP_STORED, NULL, NULL, 2, 3 },
    { "zip", ZIP_DEFLATED, NULL, NULL, 2, 3 },
    { "zip", BY_LIBARCHIVE, "zip", "none", 2, 3 },
    { "tar", BY_LIBARCHIVE, "ustar", "none", 2, 264 },
    { "tar", BY_LIBARCHIVE, "pax", "none", 2, 264 },
    { "tar", BY_LIBARCHIVE, "gnutar", "none", 2, 264 },
    { "tar", BY_LIBARCHIVE, "v7tar", "none", 2, 512 },
    { "gzip", BY_LIBARCHIVE, "raw", "gzip", 2, 3 },
    { "bzip2", BY_LIBARCHIVE, "raw", "bzip2", 2, 4 },
    { "xz", BY_LIBARCHIVE, "raw", "xz", 2, 6 },
    { "lzma", BY_LIBARCHIVE, "raw", "lzma", 2, 18 },
    { "lzip", BY_LIBARCHIVE, "raw", "lzip", 2, 5 },
    { "zstd", BY_LIBARCHIVE, "raw", "zstd", 2, 5 },
    { "lz4", BY_LIBARCHIVE, "raw", "lz4", 2, 6 },
    { "gzip", BY_LIBARCHIVE, "ustar", "gzip", 3, 3 },
    { "xz", BY_LIBARCHIVE, "ustar", "xz", 3, 6 },
    { "cpio", BY_LIBARCHIVE, "newc", "none", 2, 16 },
    { "cpio", BY_LIBARCHIVE, "odc", "none", 2, 16 },
    { "cpio", BY_LIBARCHIVE, "bin", "none", 2, 34 },
    { "ar", BY_LIBARCHIVE, "arbsd", "none", 2, 9 },
    { "ar", BY_LIBARCHIVE, "argnu", "none", 2, 9 },
    { "7z", BY_LIBARCHIVE, "7zip", "none", 2, 6 },
    { "iso9660", BY_LIBARCHIVE, "iso9660", "none", 2, 32775 },
    { "rar", RAR4, NULL, NULL, 2, 7 },
    { "rar5", RAR5, NULL, NULL, 2, 8 },
    { "cab", CAB, NULL, NULL, 2, 8 },
    { "lha", LHA, NULL, NULL, 2, 40 },
    { "rpm", RPM, NULL, "none", 2, 5 },
    { "rpm", RPM, NULL, "gzip", 3, 5 },
    { "rpm", RPM, NULL, "lzma", 3, 5 },
    { "rpm", RPM, NULL, "zstd", 3, 5 },
};

#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void make(
        const struct sample *s, const char *name, struct ov_bytes inside, struct ov_buf *out)
{
    made_init(out);
    switch (s->hand) {
    case BY_LIBARCHIVE:
        made_archive(out, s->format, s->filter, name, inside);
        break;
    case ZIP_STORED:
        made_zip(out, 0, name, inside);
        break;
    case ZIP_DEFLATED:
        made_zip(out, 8, name, inside);
        break;
    case RAR4:
        made_rar(out, name, inside, 0, 0);
        break;
    case RAR5:
        made_rar5(out, name, inside, 0);
        break;
    case CAB:
        made_cab(out, name, inside, 0);
        break;
    case LHA:
        made_lha(out, name, inside);
        break;
    case RPM:
        made_rpm(out, s->filter, name, inside);
        break;
    }
    OV_ASSERT(ov_buf_ok(out));
}

static bool is_raw(const struct sample *s)
{
    return s->format != NULL && strcmp(s->format, "raw") == 0;
}

TEST(what_is_inside_is_found)
{
    static struct look look;

    for (size_t i = 0; i < SAMPLES; i++) {
        struct ov_buf file;

        make(&samples[i], "inner", content(), &file);
        look_at(&look, ov_buf_bytes(&file));
        ov_buf_done(&file);
        if (look.hits == 0 || look.gaps != 0) {
            printf("# sample %zu (%s): %s\n", i, samples[i].type, look.text);
        }
        CHECK_STR(look.type, samples[i].type);
        CHECK_UINT(look.gaps, 0);
        CHECK_UINT(look.objects, samples[i].objects);
        CHECK_UINT(look.hit_object, samples[i].objects - 1);
        CHECK_UINT(look.hit_offset, 650);
        if (!is_raw(&samples[i])) {
            CHECK_STR(look.name, "inner");
        }
    }
}

TEST(an_empty_member_is_an_object)
{
    static struct look look;

    for (size_t i = 0; i < SAMPLES; i++) {
        struct ov_buf file;

        /* The writer drops an empty raw stream, and what it makes of one by filter differs. */
        if (is_raw(&samples[i]) || samples[i].hand == RAR4 || samples[i].hand == RAR5
                || samples[i].hand == CAB) {
            continue;
        }
        make(&samples[i], "empty", ov_bytes_of(NULL, 0), &file);
        look_at(&look, ov_buf_bytes(&file));
        ov_buf_done(&file);
        if (look.objects != samples[i].objects || look.gaps != 0) {
            printf("# sample %zu (%s): %s\n", i, samples[i].type, look.text);
        }
        CHECK_UINT(look.objects, samples[i].objects);
        CHECK_UINT(look.gaps, 0);
    }
}

/* Small samples are cut everywhere; of large ones (tar has blocks, iso9660 sectors) every edge of a
 * block is, and now and then the middle. */
static bool worth_cutting(size_t cut, size_t len)
{
    const size_t edge = len < 100000 ? 512 : 32768;

    return len < 4096 || cut % edge <= 1 || cut % edge == edge - 1 || cut % 977 == 0;
}

/* Cut at every length: either everything inside was seen all the same (padding was cut), or the
 * answer is INCOMPLETE. Never silence. */
TEST(no_cut_is_silent)
{
    static struct look look;
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_DEFAULT, true);

    for (size_t i = 0; i < SAMPLES; i++) {
        struct ov_buf file;
        size_t len;
        make(&samples[i], "inner", content(), &file);
        len = (size_t)ov_bytes_len(ov_buf_bytes(&file));
        for (size_t cut = samples[i].known_from; cut < len; cut++) {
            /* Exactly as much memory: reading behind it is the sanitizer's business. */
            uint8_t *exact;
            struct ov_bytes bytes;

            if (!worth_cutting(cut, len)) {
                continue;
            }
            exact = malloc(cut);
            OV_ASSERT(exact != NULL);
            memcpy(exact, ov_bytes_raw(ov_buf_bytes(&file)), cut);
            bytes = ov_bytes_of(exact, cut);
            memset(&look, 0, sizeof(look));
            look_with(engine, &look, bytes);
            free(exact);
            if (look.gaps == 0 && look.hit_object != samples[i].objects - 1) {
                printf("# sample %zu (%s) cut at %zu of %zu: %s\n", i, samples[i].type, cut, len,
                        look.text);
                *tap_failed = true;
                break;
            }
        }
        ov_buf_done(&file);
    }
    ov_engine_free(engine);
}

TEST(names_come_out_as_stored)
{
    static const char *const odd[] = { "new\nline", "\xc3\xa9t\xc3\xa9", "\x1b[31mred",
        "../../../etc/passwd", " ", "a/b//c", "\xff\xfe" };
    static struct look look;
    struct ov_buf file;

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        made_init(&file);
        made_zip(&file, 8, odd[i], content());
        look_at(&look, ov_buf_bytes(&file));
        ov_buf_done(&file);
        CHECK_STR(look.name, odd[i]);
        made_init(&file);
        made_archive(&file, "ustar", "none", odd[i], content());
        look_at(&look, ov_buf_bytes(&file));
        ov_buf_done(&file);
        CHECK_STR(look.name, odd[i]);
    }
    /* 7z stores UTF-16: the letters must survive without a locale. */
    made_init(&file);
    made_archive(&file, "7zip", "none", "\xc3\xa9t\xc3\xa9 \xe6\xbc\xa2", content());
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_STR(look.name, "\xc3\xa9t\xc3\xa9 \xe6\xbc\xa2");
}

TEST(a_name_longer_than_any_path_is_cut)
{
    static struct look look;
    static char name[OV_NAME_BYTES_MAX + 100];
    struct ov_buf file;

    memset(name, 'n', sizeof(name) - 1);
    made_init(&file);
    made_zip(&file, 8, name, content());
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_UINT(strlen(look.name), OV_NAME_BYTES_MAX);
    CHECK_UINT(look.hit_object, 1);
    made_init(&file);
    made_archive(&file, "pax", "none", name, content());
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_UINT(strlen(look.name), OV_NAME_BYTES_MAX);
    CHECK_UINT(look.hit_object, 1);
}

TEST(one_of_several_volumes_is_said)
{
    static struct look look;
    struct ov_buf file;

    made_init(&file);
    made_rar(&file, "inner", content(), 1, 0);
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_UINT(look.gap_of[OV_REASON_MULTIVOLUME], 1);
    made_init(&file);
    made_rar5(&file, "inner", content(), 1);
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK(look.gap_of[OV_REASON_MULTIVOLUME] > 0);
    made_init(&file);
    made_cab(&file, "inner", content(), 2);
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK(look.gap_of[OV_REASON_MULTIVOLUME] > 0);
}

TEST(an_encrypted_rar_member_is_said)
{
    static struct look look;
    struct ov_buf file;

    made_init(&file);
    made_rar(&file, "inner", content(), 0, 4);
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK(look.gap_of[OV_REASON_ENCRYPTED] > 0);
}

TEST(streams_that_follow_each_other_are_one)
{
    static const char *const filters[] = { "gzip", "bzip2", "xz", "zstd", "lz4", "lzip" };
    static struct look look;

    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct ov_buf file;

        made_init(&file);
        made_archive(&file, "raw", filters[i], "x", ov_bytes_of("first part, ", 12));
        if (strcmp(filters[i], "zstd") != 0 && strcmp(filters[i], "lz4") != 0) {
            ov_buf_put_zeros(&file, 8); /* padding, as tapes and xz have */
        }
        made_archive(&file, "raw", filters[i], "x", content());
        ov_buf_put_text(&file, "trailing words that belong to nobody");
        look_at(&look, ov_buf_bytes(&file));
        ov_buf_done(&file);
        CHECK_UINT(look.gaps, 0);
        CHECK_UINT(look.hit_object, 1);
        CHECK_UINT(look.hit_offset, 12 + 650);
    }
}

TEST(a_flipped_byte_in_a_checked_stream_is_damage)
{
    static const char *const filters[] = { "gzip", "bzip2", "xz", "lzip" };
    static struct look look;

    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        struct ov_buf file;
        struct ov_bytes bytes;
        uint8_t *raw;
        size_t len = 0;

        made_init(&file);
        made_archive(&file, "raw", filters[i], "x", content());
        bytes = ov_buf_bytes(&file);
        raw = ov_buf_steal(&file, &len);
        OV_ASSERT(raw != NULL);
        for (size_t at = len / 2; at < len / 2 + 40; at++) {
            raw[at] ^= 0x10;
            look_at(&look, ov_bytes_of(raw, len));
            raw[at] ^= 0x10;
            if (look.gap_of[OV_REASON_DAMAGED] != 1) {
                printf("# %s, byte %zu: %s\n", filters[i], at, look.text);
                *tap_failed = true;
            }
        }
        free(raw);
        (void)bytes;
    }
}

/* Kotlin's metadata files pass every check that .lzma allows. They are whole, and clean. */
TEST(what_only_looks_like_lzma_is_no_damage)
{
    static uint8_t metadata[204] = "\0\0\0\3\0\0\0\1\0\0\0\0\0\0\0\7\x0a\x5b\x0a\6";
    static struct look look;

    for (size_t i = 20; i < sizeof(metadata); i++) {
        metadata[i] = (uint8_t)(i * 37);
    }
    look_at(&look, ov_bytes_of(metadata, sizeof(metadata)));
    CHECK_UINT(look.gaps, 0);
}

TESTS(T(what_only_looks_like_lzma_is_no_damage), T(what_is_inside_is_found),
        T(an_empty_member_is_an_object), T(no_cut_is_silent), T(names_come_out_as_stored),
        T(a_name_longer_than_any_path_is_cut), T(one_of_several_volumes_is_said),
        T(an_encrypted_rar_member_is_said), T(streams_that_follow_each_other_are_one),
        T(a_flipped_byte_in_a_checked_stream_is_damage));
