/* SPDX-License-Identifier: Apache-2.0 */
/* Every limit of a scan, reached on purpose: one INCOMPLETE, with its reason and its object, and
 * what lies before it and beside it is still looked at. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/look.h"
#include "tests/unit/made.h"

static struct look look;

static struct ov_bytes needle(void)
{
    return ov_bytes_of(NEEDLE, sizeof(NEEDLE) - 1);
}

/* The needle inside `levels` containers of alternating kinds. */
static void nest(struct ov_buf *out, unsigned levels)
{
    made_init(out);
    ov_buf_put(out, NEEDLE, sizeof(NEEDLE) - 1);
    for (unsigned i = 0; i < levels; i++) {
        struct ov_buf next;

        made_init(&next);
        if (i % 2 == 0) {
            made_zip(&next, 8, "deeper", ov_buf_bytes(out));
        } else {
            made_archive(&next, "ustar", "none", "deeper", ov_buf_bytes(out));
        }
        ov_buf_done(out);
        *out = next;
    }
}

TEST(sixteen_deep_is_found)
{
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    nest(&file, 16);
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_UINT(look.gaps, 0);
    CHECK_UINT(look.objects, 17);
    CHECK_UINT(look.hit_object, 16);
    CHECK_UINT(look.hash_hits, 1); /* the innermost object is the needle alone */
}

TEST(forty_deep_is_said)
{
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    nest(&file, 40);
    look_at(&look, ov_buf_bytes(&file));
    CHECK_UINT(look.gaps, 1);
    CHECK_UINT(look.gap_of[OV_REASON_DEPTH], 1);
    CHECK_UINT(look.gap_object[OV_REASON_DEPTH], 20);
    CHECK_UINT(look.objects, 21);
    look.limits.depth_max = 1000; /* no more than the frames there are */
    look_at(&look, ov_buf_bytes(&file));
    CHECK_UINT(look.gaps, 0);
    CHECK_UINT(look.hit_object, 40);
    ov_buf_done(&file);
}

/* Many members of 20 bytes. */
static void many(struct ov_buf *out, unsigned count)
{
    struct made_zip z;

    made_zip_begin(&z, out);
    for (unsigned i = 0; i < count; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "%05u", i);
        made_zip_add(&z, name, i + 1 == count ? needle() : ov_bytes_of("nothing of interest", 19));
    }
    made_zip_end(&z, "");
}

TEST(the_last_of_30000_members_is_found)
{
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    made_init(&file);
    many(&file, 30000);
    look_at(&look, ov_buf_bytes(&file));
    CHECK_UINT(look.gaps, 0);
    CHECK_UINT(look.objects, 30001);
    CHECK_UINT(look.hit_object, 30000);
    look.limits.objects_max = 1000;
    look_at(&look, ov_buf_bytes(&file));
    CHECK_UINT(look.gaps, 1);
    CHECK_UINT(look.gap_of[OV_REASON_OBJECTS], 1);
    CHECK_UINT(look.objects, 1000);
    ov_buf_done(&file);
}

/* `head` bytes of needle, then zeros. */
static struct ov_bytes zeros_behind_needle(size_t len)
{
    static uint8_t bytes[40 * OV_MIB];

    OV_ASSERT(len <= sizeof(bytes));
    memcpy(bytes, NEEDLE, sizeof(NEEDLE) - 1);
    return ov_bytes_of(bytes, len);
}

TEST(a_member_over_the_object_limit_is_scanned_as_far_as_it_goes)
{
    static const char *const formats[] = { "zip", "7zip", "ustar" };

    for (size_t i = 0; i < 3; i++) {
        struct ov_buf file;

        memset(&look, 0, sizeof(look));
        look.limits.object_bytes_max = 100000;
        made_init(&file);
        made_archive(&file, formats[i], "none", "big", zeros_behind_needle(300000));
        look_at(&look, ov_buf_bytes(&file));
        ov_buf_done(&file);
        CHECK_UINT(look.gaps, 1);
        CHECK_UINT(look.gap_of[OV_REASON_OBJECT_BYTES], 1);
        CHECK_UINT(look.gap_object[OV_REASON_OBJECT_BYTES], 1);
        CHECK_UINT(look.hit_object, 1);
    }
}

TEST(a_ratio_over_the_limit_ends_the_container_and_not_the_walk)
{
    struct ov_buf inner, file;
    struct made_zip z;

    memset(&look, 0, sizeof(look));
    look.limits.ratio_max = 100;
    made_init(&inner);
    made_zip(&inner, 8, "bomb", zeros_behind_needle(40 * (size_t)OV_MIB));
    made_init(&file);
    made_zip_begin(&z, &file);
    z.method = 0;
    made_zip_add(&z, "bomb.zip", ov_buf_bytes(&inner));
    made_zip_add(&z, "behind", needle());
    made_zip_end(&z, "");
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&inner);
    ov_buf_done(&file);
    CHECK_UINT(look.gaps, 1);
    CHECK_UINT(look.gap_of[OV_REASON_RATIO], 1);
    CHECK_UINT(look.gap_object[OV_REASON_RATIO], 1);
    CHECK_UINT(look.objects, 4);
    CHECK_UINT(look.hit_object, 3);
    CHECK_UINT(look.largest, OV_RATIO_FREE_BYTES); /* more than 100 times its size, so that */
}

TEST(bytes_over_the_limit_end_the_walk)
{
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    look.limits.bytes_max = 3 * (uint64_t)OV_MIB;
    made_init(&file);
    made_archive(&file, "ustar", "gzip", "big", zeros_behind_needle(10 * (size_t)OV_MIB));
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_UINT(look.gaps, 1);
    CHECK_UINT(look.gap_of[OV_REASON_BYTES], 1);
    CHECK(look.largest < 3 * (uint64_t)OV_MIB);
    CHECK_UINT(look.hit_object, 1); /* in the part of the tar that was unpacked */

    /* The file itself, larger than that. */
    look.limits.bytes_max = OV_MIB;
    look_at(&look, zeros_behind_needle(4 * (size_t)OV_MIB));
    CHECK_UINT(look.gap_of[OV_REASON_BYTES], 1);
    CHECK_UINT(look.hits, 1);
}

TEST(steps_over_the_limit_are_said_once)
{
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    look.limits.steps_max = 1;
    made_init(&file);
    many(&file, 100);
    look_at(&look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    CHECK_UINT(look.gaps, 1);
    CHECK_UINT(look.gap_of[OV_REASON_STEPS], 1);
    CHECK_UINT(look.objects, 101);
}

/* A tar of more than memory holds, packed: its members are looked at on the way. */
TEST(a_packed_tar_too_large_for_memory_is_walked)
{
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_MIN, true);
    struct archive *a = archive_write_new();
    uint8_t *to = malloc(OV_MIB);
    static uint8_t megabyte[OV_MIB];
    size_t used = 0;

    OV_ASSERT(a != NULL && to != NULL);
    OV_ASSERT(archive_write_set_format_ustar(a) == 0 && archive_write_add_filter_gzip(a) == 0);
    OV_ASSERT(archive_write_open_memory(a, to, OV_MIB, &used) == 0);
    for (unsigned i = 0; i < 20; i++) {
        struct archive_entry *entry = archive_entry_new();
        const size_t size = i == 19 ? sizeof(NEEDLE) - 1 : sizeof(megabyte);

        OV_ASSERT(entry != NULL);
        archive_entry_set_pathname(entry, i == 19 ? "last" : "filler");
        archive_entry_set_filetype(entry, AE_IFREG);
        archive_entry_set_size(entry, (la_int64_t)size);
        OV_ASSERT(archive_write_header(a, entry) == 0);
        OV_ASSERT(archive_write_data(a, i == 19 ? (const void *)NEEDLE : megabyte, size)
                  == (la_ssize_t)size);
        archive_entry_free(entry);
    }
    OV_ASSERT(archive_write_close(a) == 0);
    (void)archive_write_free(a);
    memset(&look, 0, sizeof(look));
    look.limits.ratio_max = 100000;
    look_with(engine, &look, ov_bytes_of(to, used));
    ov_engine_free(engine);
    free(to);
    if (look.gaps != 0) {
        printf("# %s\n", look.text);
    }
    CHECK_UINT(look.gaps, 0);
    CHECK_UINT(look.objects, 22);
    CHECK_UINT(look.hit_object, 21);
    CHECK_STR(look.name, "last");
}

TEST(an_object_that_does_not_fit_into_memory_is_said)
{
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_MIN, true);
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    made_init(&file);
    made_archive(&file, "raw", "gzip", "x", zeros_behind_needle(6 * (size_t)OV_MIB));
    look_with(engine, &look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    ov_engine_free(engine);
    CHECK_UINT(look.gaps, 1);
    CHECK_UINT(look.gap_of[OV_REASON_MEMORY], 1);
    CHECK_UINT(look.hit_object, 1);
}

/* A decoder that wants more memory than there is: in a process with little of it. */
TEST(a_decoder_without_memory_is_incomplete_and_not_death)
{
#ifdef LOOK_SANITIZED
    (void)tap_failed;
    printf("# the sanitizer needs more address space than the limit leaves\n");
#else
    static const char *const formats[][2] = { { "7zip", "none" }, { "raw", "xz" } };

    for (size_t i = 0; i < 2; i++) {
        struct ov_engine *engine = look_engine(16 * (uint64_t)OV_MIB, true);
        struct ov_buf file;
        int status = 0;
        pid_t child;

        made_init(&file);
        made_archive(&file, formats[i][0], formats[i][1], "x", zeros_behind_needle(OV_MIB));
        child = fork();
        if (child == 0) {
            struct rlimit limit = { 1, 1 };
            void *volatile taken;

            /* What is mapped stays; nothing more is given, but small pieces of what malloc has at
             * hand from the tests before this one. */
            (void)setrlimit(RLIMIT_AS, &limit);
            do {
                taken = malloc(64u * (size_t)OV_KIB);
            } while (taken != NULL);
            look_with(engine, &look, ov_buf_bytes(&file));
            _exit(look.gap_of[OV_REASON_MEMORY] == 1 && look.gaps == 1 ? 0 : 1);
        }
        OV_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
        ov_buf_done(&file);
        ov_engine_free(engine);
        CHECK_UINT((uint64_t)status, 0);
    }
#endif
}

TEST(the_inside_is_left_alone_when_told_so)
{
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_MIN, false);
    struct ov_buf file;

    memset(&look, 0, sizeof(look));
    nest(&file, 2);
    look_with(engine, &look, ov_buf_bytes(&file));
    ov_buf_done(&file);
    ov_engine_free(engine);
    CHECK_UINT(look.objects, 1);
    CHECK_UINT(look.gaps, 0);
}

TEST(a_file_that_shrank_is_cut)
{
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_MIN, true);
    const struct ov_scan_limits limits = { 0 };
    struct ov_engine_sink sink = look_sink;
    FILE *f = tmpfile();

    OV_ASSERT(f != NULL && fputs(NEEDLE, f) >= 0 && fflush(f) == 0);
    memset(&look, 0, sizeof(look));
    sink.payload = &look;
    ov_engine_scan_fd(engine, fileno(f), 1000000, &limits, &sink);
    ov_engine_free(engine);
    (void)fclose(f);
    CHECK_UINT(look.gap_of[OV_REASON_CUT], 1);
    CHECK_UINT(look.hits, 1);
    CHECK_UINT(look.hash_hits, 0);
}

TEST(the_same_bytes_give_the_same_words_from_a_file_and_from_memory)
{
    static struct look again;
    struct ov_engine *engine = look_engine(OV_ENGINE_MEMORY_DEFAULT, true);
    const struct ov_scan_limits limits = { 0 };
    struct ov_engine_sink sink = look_sink;
    struct ov_buf file;
    struct ov_bytes bytes;
    FILE *f = tmpfile();

    nest(&file, 5);
    made_zip(&file, 8, "more", zeros_behind_needle(2 * (size_t)OV_MIB));
    many(&file, 2000);
    bytes = ov_buf_bytes(&file);
    OV_ASSERT(
            f != NULL
            && fwrite(ov_bytes_raw(bytes), 1, (size_t)ov_bytes_len(bytes), f) == ov_bytes_len(bytes)
            && fflush(f) == 0);
    memset(&look, 0, sizeof(look));
    look_with(engine, &look, bytes);
    for (int turn = 0; turn < 2; turn++) {
        memset(&again, 0, sizeof(again));
        sink.payload = &again;
        ov_engine_scan_fd(engine, fileno(f), ov_bytes_len(bytes), &limits, &sink);
        CHECK_UINT(again.objects, look.objects);
        CHECK_STR(again.text, look.text);
    }
    (void)fclose(f);
    ov_buf_done(&file);
    ov_engine_free(engine);
}

TESTS(T(sixteen_deep_is_found), T(forty_deep_is_said), T(the_last_of_30000_members_is_found),
        T(a_member_over_the_object_limit_is_scanned_as_far_as_it_goes),
        T(a_ratio_over_the_limit_ends_the_container_and_not_the_walk),
        T(bytes_over_the_limit_end_the_walk), T(steps_over_the_limit_are_said_once),
        T(a_packed_tar_too_large_for_memory_is_walked),
        T(an_object_that_does_not_fit_into_memory_is_said),
        T(a_decoder_without_memory_is_incomplete_and_not_death),
        T(the_inside_is_left_alone_when_told_so), T(a_file_that_shrank_is_cut),
        T(the_same_bytes_give_the_same_words_from_a_file_and_from_memory));
