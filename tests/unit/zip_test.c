/* SPDX-License-Identifier: Apache-2.0 */
/* Zips as attackers make them: two descriptions that differ, members that one of them leaves out,
 * data in front, behind and between. */
#include "tests/unit/look.h"
#include "tests/unit/made.h"

static struct look look;

static struct ov_bytes needle(void)
{
    return ov_bytes_of("..." NEEDLE "...", sizeof(NEEDLE) + 5);
}

static struct ov_bytes harmless(void)
{
    return ov_bytes_of("harmless", 8);
}

static void look_and_free(struct ov_buf *file)
{
    look_at(&look, ov_buf_bytes(file));
    ov_buf_done(file);
}

TEST(data_in_front_and_behind_does_not_hide_a_zip)
{
    struct ov_buf file;
    struct made_zip z;

    made_init(&file);
    ov_buf_put(&file, "MZ", 2);
    ov_buf_put_zeros(&file, 5000);
    made_zip(&file, 8, "inner", needle());
    look_and_free(&file);
    CHECK_STR(look.type, "dos");
    CHECK_UINT(look.hit_object, 1);
    CHECK_UINT(look.gaps, 0);

    made_init(&file);
    ov_buf_put_text(&file, "just words");
    made_zip(&file, 8, "inner", needle());
    look_and_free(&file);
    CHECK_STR(look.type, "zip");
    CHECK_UINT(look.hit_object, 1);

    made_init(&file);
    made_zip(&file, 8, "inner", needle());
    ov_buf_put_zeros(&file, 60000);
    look_and_free(&file);
    CHECK_UINT(look.hit_object, 1);
    CHECK_UINT(look.gaps, 0);

    /* A comment of the greatest length, which holds another end record's magic. */
    {
        static char comment[65536];

        memset(comment, 'c', 65535);
        memcpy(comment + 100, "PK\5\6", 4);
        made_init(&file);
        made_zip_begin(&z, &file);
        made_zip_add(&z, "inner", needle());
        made_zip_end(&z, comment);
        look_and_free(&file);
        CHECK_UINT(look.hit_object, 1);
        CHECK_UINT(look.gaps, 0);
    }
}

TEST(the_first_of_two_zips_in_a_row_is_looked_at)
{
    struct ov_buf file;

    made_init(&file);
    made_zip(&file, 8, "first", needle());
    made_zip(&file, 8, "middle", needle());
    made_zip(&file, 8, "last", harmless());
    look_and_free(&file);
    CHECK_UINT(look.objects, 4);
    CHECK_UINT(look.hits, 2);
}

TEST(a_zip_behind_a_gzip_is_looked_at)
{
    struct ov_buf file;

    made_init(&file);
    made_archive(&file, "raw", "gzip", "x", harmless());
    made_zip(&file, 8, "inner", needle());
    look_and_free(&file);
    CHECK_STR(look.type, "gzip");
    CHECK_UINT(look.objects, 3);
    CHECK_UINT(look.hit_object, 2);
}

TEST(members_that_the_directory_leaves_out_are_looked_at)
{
    struct ov_buf file;
    struct made_zip z;

    for (int later = 0; later < 2; later++) {
        made_init(&file);
        made_zip_begin(&z, &file);
        z.unlisted = true;
        z.sizes_later = later != 0;
        made_zip_add(&z, "hidden first", needle());
        z.unlisted = false;
        made_zip_add(&z, "listed", harmless());
        z.unlisted = true;
        made_zip_add(&z, "hidden last", needle());
        made_zip_end(&z, "");
        look_and_free(&file);
        CHECK_UINT(look.objects, 4);
        CHECK_UINT(look.hits, 2);
    }
}

TEST(attributes_make_no_folder_of_a_file)
{
    struct ov_buf file;
    struct made_zip z;

    made_init(&file);
    made_zip_begin(&z, &file);
    z.attributes = 0x10 | 0040755u << 16; /* a folder, for DOS and for Unix */
    made_zip_add(&z, "folder/", needle());
    made_zip_end(&z, "");
    look_and_free(&file);
    CHECK_UINT(look.hit_object, 1);

    made_init(&file);
    made_zip_begin(&z, &file);
    z.method = 0;
    made_zip_add(&z, "folder/", ov_bytes_of(NULL, 0));
    made_zip_end(&z, "");
    look_and_free(&file);
    CHECK_UINT(look.objects, 1);
    CHECK_UINT(look.gaps, 0);
}

TEST(sizes_behind_the_data_are_no_obstacle)
{
    static const uint16_t methods[] = { 0, 8 };

    for (size_t i = 0; i < 2; i++) {
        struct ov_buf file;
        struct made_zip z;
        struct ov_bytes whole, part;

        made_init(&file);
        made_zip_begin(&z, &file);
        z.sizes_later = true;
        z.method = methods[i];
        made_zip_add(&z, "one", harmless());
        made_zip_add(&z, "two", needle());
        made_zip_end(&z, "");
        whole = ov_buf_bytes(&file);
        look_at(&look, whole);
        CHECK_UINT(look.gaps, 0);
        CHECK_UINT(look.hit_object, 2);
        /* And without the directory, where only the data itself tells where it ends. */
        CHECK(ov_bytes_slice(whole, 0, ov_bytes_len(whole) - 30, &part));
        look_at(&look, part);
        CHECK_UINT(look.gap_of[OV_REASON_DAMAGED], 1);
        CHECK_UINT(look.objects, 3);
        CHECK_UINT(look.hit_object, 2);
        ov_buf_done(&file);
    }
}

TEST(a_wrong_checksum_or_two_minds_are_damage_and_still_scanned)
{
    struct ov_buf file;
    struct made_zip z;

    made_init(&file);
    made_zip_begin(&z, &file);
    z.crc_xor = 1;
    made_zip_add(&z, "inner", needle());
    made_zip_end(&z, "");
    look_and_free(&file);
    CHECK_UINT(look.hit_object, 1);
    CHECK_UINT(look.gap_of[OV_REASON_DAMAGED], 1);

    made_init(&file);
    made_zip_begin(&z, &file);
    z.local_method_xor = 8; /* stored, says the header; deflated, says the directory */
    made_zip_add(&z, "inner", needle());
    made_zip_end(&z, "");
    look_and_free(&file);
    /* As the directory has it; then as the header has it, bare deflate in a member of its own. */
    CHECK_UINT(look.hits, 2);
    CHECK_UINT(look.hit_object, 3);
    CHECK_UINT(look.gap_of[OV_REASON_DAMAGED], 2);

    made_init(&file);
    made_zip_begin(&z, &file);
    z.method = 0;
    z.local_method_xor = 8; /* the other way round: some unpack what the header says */
    made_zip_add(&z, "inner", needle());
    made_zip_end(&z, "");
    look_and_free(&file);
    CHECK_UINT(look.hit_object, 1);
    CHECK(look.gap_of[OV_REASON_DAMAGED] >= 1);
}

TEST(encrypted_and_unknown_members_are_said_and_the_rest_is_looked_at)
{
    struct ov_buf file;
    struct made_zip z;

    made_init(&file);
    made_zip_begin(&z, &file);
    z.flags = 1;
    made_zip_add(&z, "secret", harmless());
    z.flags = 0;
    z.method = 2;
    made_zip_add(&z, "reduced", harmless());
    z.method = 8;
    made_zip_add(&z, "inner", needle());
    made_zip_end(&z, "");
    look_and_free(&file);
    CHECK_UINT(look.gap_of[OV_REASON_ENCRYPTED], 1);
    CHECK_UINT(look.gap_object[OV_REASON_ENCRYPTED], 1);
    CHECK_UINT(look.gap_of[OV_REASON_UNSUPPORTED], 1);
    CHECK_UINT(look.gap_object[OV_REASON_UNSUPPORTED], 2);
    CHECK_UINT(look.hit_object, 3);
}

TEST(a_damaged_member_does_not_cost_the_others)
{
    static uint8_t noise[4000];
    struct ov_buf file;
    struct made_zip z;
    uint8_t *raw;
    size_t len = 0;

    for (size_t i = 0; i < sizeof(noise); i++) {
        noise[i] = (uint8_t)(i * i >> 3);
    }
    made_init(&file);
    made_zip_begin(&z, &file);
    made_zip_add(&z, "broken", ov_bytes_of(noise, sizeof(noise)));
    made_zip_add(&z, "inner", needle());
    made_zip_end(&z, "");
    raw = ov_buf_steal(&file, &len);
    OV_ASSERT(raw != NULL);
    memset(raw + 60, 0xff, 40);
    look_at(&look, ov_bytes_of(raw, len));
    free(raw);
    CHECK_UINT(look.gap_of[OV_REASON_DAMAGED], 1);
    CHECK_UINT(look.gap_object[OV_REASON_DAMAGED], 1);
    CHECK_UINT(look.hit_object, 2);
}

/* Every field of the end record, the directory and the local header, at its extremes. */
TEST(no_field_at_its_extremes_does_harm)
{
    static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xfe, 0xff };
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_DEFAULT, true);
    struct ov_buf file;
    struct made_zip z;
    uint8_t *raw;
    size_t len = 0;

    made_init(&file);
    made_zip_begin(&z, &file);
    made_zip_add(&z, "one", harmless());
    made_zip_add(&z, "two", needle());
    made_zip_end(&z, "");
    raw = ov_buf_steal(&file, &len);
    OV_ASSERT(raw != NULL);
    for (size_t at = 4; at < len; at++) {
        const uint8_t was = raw[at];

        for (size_t v = 0; v < sizeof(values); v++) {
            raw[at] = values[v];
            look_with(engine, &look, ov_bytes_of(raw, len));
            CHECK(look.objects >= 1 && look.objects < 10);
            /* The first member's header and name apart, nobody else's lie hides the second. */
            if (at < 30) {
                CHECK(look.hits >= 1 || look.gaps >= 1);
            }
        }
        raw[at] = was;
    }
    free(raw);
    ov_engine_free(engine);
}

/* Method 14 as Python writes it: version, size of the properties, properties, LZMA. */
static void put_zip_lzma(struct ov_buf *file, struct ov_bytes text, bool end_mark)
{
    struct ov_buf alone;
    struct made_zip z;
    struct ov_bytes packed, part;

    made_init(&alone);
    made_archive(&alone, "raw", "lzma", "x", text);
    packed = ov_buf_bytes(&alone); /* 13 bytes of header; unknown size, so with an end mark */
    OV_ASSERT(ov_bytes_slice(packed, 13, ov_bytes_len(packed) - 13, &part));
    made_init(file);
    made_zip_begin(&z, file);
    z.method = 14;
    z.flags = end_mark ? 2 : 0;
    z.raw_head = packed;
    made_zip_add_packed(&z, "inner", part, text);
    made_zip_end(&z, "");
    ov_buf_done(&alone);
}

TEST(lzma_in_a_zip_is_unpacked)
{
    struct ov_buf file;

    for (int mark = 0; mark < 2; mark++) {
        put_zip_lzma(&file, needle(), mark != 0);
        look_and_free(&file);
        CHECK_UINT(look.gaps, 0);
        CHECK_UINT(look.hit_object, 1);
    }
}

TEST(streams_of_other_kinds_are_unpacked_in_a_zip)
{
    static const struct {
        uint16_t method;
        const char *filter;
    } kinds[] = { { 12, "bzip2" }, { 93, "zstd" }, { 95, "xz" } };

    for (size_t i = 0; i < 3; i++) {
        struct ov_buf file, packed;
        struct made_zip z;

        made_init(&packed);
        made_archive(&packed, "raw", kinds[i].filter, "x", needle());
        made_init(&file);
        made_zip_begin(&z, &file);
        z.method = kinds[i].method;
        made_zip_add_packed(&z, "inner", ov_buf_bytes(&packed), needle());
        made_zip_end(&z, "");
        ov_buf_done(&packed);
        look_and_free(&file);
        CHECK_UINT(look.gaps, 0);
        CHECK_UINT(look.hit_object, 1);
    }
}

TEST(what_merely_begins_like_a_zip_is_data)
{
    static const char *const texts[] = { "PK", "PK\3\4 is how zip files start\n", "PKZIP was",
        "PK\5", "the end of a zip is PK\5\6, followed by numbers and more words than it needs" };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (i == 3) {
            continue; /* three bytes that only an empty zip has: cut short */
        }
        look_at(&look, ov_bytes_of(texts[i], strlen(texts[i])));
        CHECK_UINT(look.gaps, 0);
        CHECK_UINT(look.objects, 1);
    }
}

TESTS(T(data_in_front_and_behind_does_not_hide_a_zip),
        T(the_first_of_two_zips_in_a_row_is_looked_at), T(a_zip_behind_a_gzip_is_looked_at),
        T(members_that_the_directory_leaves_out_are_looked_at),
        T(attributes_make_no_folder_of_a_file), T(sizes_behind_the_data_are_no_obstacle),
        T(a_wrong_checksum_or_two_minds_are_damage_and_still_scanned),
        T(encrypted_and_unknown_members_are_said_and_the_rest_is_looked_at),
        T(a_damaged_member_does_not_cost_the_others), T(no_field_at_its_extremes_does_harm),
        T(lzma_in_a_zip_is_unpacked), T(streams_of_other_kinds_are_unpacked_in_a_zip),
        T(what_merely_begins_like_a_zip_is_data));
