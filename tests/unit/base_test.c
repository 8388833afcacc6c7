/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/named.h"
#include "base/reason.h"
#include "base/source.h"
#include "base/text.h"
#include "tests/tap.h"

static struct ov_bytes text(const char *s)
{
    return ov_bytes_of(s, strlen(s));
}

TEST(arena_gives_zeroed_aligned_memory_up_to_its_cap)
{
    struct ov_arena arena;
    uint8_t *a, *b;

    ov_arena_init(&arena, 256u * 1024u);
    a = ov_arena_alloc(&arena, 3, 5);
    b = ov_arena_alloc(&arena, 1, 100000);
    CHECK(a != NULL && b != NULL);
    CHECK_UINT((uintptr_t)a % 16, 0);
    CHECK_UINT((uintptr_t)b % 16, 0);
    CHECK(b[0] == 0 && b[99999] == 0);
    CHECK(ov_arena_alloc(&arena, 1, 200000) == NULL);
    CHECK(ov_arena_alloc(&arena, SIZE_MAX, 2) == NULL);
    ov_arena_reset(&arena);
    CHECK(ov_arena_alloc(&arena, 1, 1000) != NULL);
    ov_arena_done(&arena);
}

TEST(buf_failure_sticks_and_keeps_what_was_there)
{
    struct ov_buf buf;

    ov_buf_init(&buf, 8);
    ov_buf_put_u32le(&buf, 0x04030201);
    ov_buf_put_u64le(&buf, 1);
    CHECK(!ov_buf_ok(&buf));
    CHECK(ov_bytes_equal(ov_buf_bytes(&buf), "\1\2\3\4", 4));
    ov_buf_put_u8(&buf, 5);
    CHECK_UINT(ov_bytes_len(ov_buf_bytes(&buf)), 4);
    ov_buf_done(&buf);
}

TEST(buf_printf_takes_long_text)
{
    struct ov_buf buf;

    ov_buf_init(&buf, 10000);
    ov_buf_printf(&buf, "%01000d|%s", 7, "x");
    CHECK(ov_buf_ok(&buf));
    CHECK_UINT(ov_bytes_len(ov_buf_bytes(&buf)), 1002);
    ov_buf_done(&buf);
}

TEST(escape_leaves_nothing_that_acts_on_a_terminal)
{
    struct ov_buf buf;

    ov_buf_init(&buf, 1000);
    ov_text_escape(&buf, text("a\n\x1b[31m\xc3\xa4\xff\xe2\x80\xae\\"));
    CHECK(ov_bytes_equal(ov_buf_bytes(&buf), "a\\n\\x1b[31m\xc3\xa4\\xff\\xe2\\x80\\xae\\\\", 31));
    ov_buf_clear(&buf);
    ov_text_escape_source(&buf, text("a\\\\x\n\t\x1b"));
    CHECK(ov_bytes_equal(ov_buf_bytes(&buf), "a\\\\x\n\t\\x1b", 10));
    ov_buf_clear(&buf);
    ov_text_json(&buf, text("\"\\\x01\xff"));
    CHECK(ov_bytes_equal(ov_buf_bytes(&buf), "\"\\\"\\\\\\u0001\\\\xff\"", 17));
    ov_buf_done(&buf);
}

TEST(utf8_refuses_overlong_surrogates_and_cut_sequences)
{
    CHECK(ov_text_is_utf8(text("\xf0\x9f\x98\x80")));
    CHECK(!ov_text_is_utf8(text("\xc0\xaf")));
    CHECK(!ov_text_is_utf8(text("\xe0\x80\xaf")));
    CHECK(!ov_text_is_utf8(text("\xed\xa0\x80")));
    CHECK(!ov_text_is_utf8(text("\xf4\x90\x80\x80")));
    CHECK(!ov_text_is_utf8(text("\xe2\x82")));
}

TEST(digests_are_those_of_the_standards)
{
    static const char *const want[OV_DIGEST_KINDS] = {
        "900150983cd24fb0d6963f7d28e17f72",
        "a9993e364706816aba3e25717850c26c9cd0d89d",
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };

    for (int kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        uint8_t out[OV_DIGEST_BYTES_MAX];
        struct ov_buf hex;

        ov_buf_init(&hex, 64);
        CHECK(ov_digest_of((enum ov_digest_kind)kind, text("abc"), out));
        ov_text_hex(&hex, ov_bytes_of(out, ov_digest_bytes((enum ov_digest_kind)kind)));
        CHECK(ov_bytes_equal(ov_buf_bytes(&hex), want[kind], strlen(want[kind])));
        ov_buf_done(&hex);
    }
}

TEST(blocks_of_a_descriptor_cover_the_object_with_context)
{
    enum {
        SIZE = 3 * OV_BLOCK_BYTES + 12345
    };
    uint8_t *data = malloc(SIZE), *window = malloc(OV_SOURCE_WINDOW_BYTES);
    FILE *f = tmpfile();
    struct ov_source source;
    struct ov_window w;
    uint64_t at = 0;
    bool same = true;

    CHECK(data != NULL && window != NULL && f != NULL);
    for (size_t i = 0; i < SIZE; i++) {
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    }
    CHECK_UINT(fwrite(data, 1, SIZE, f), SIZE);
    CHECK(fflush(f) == 0);
    ov_source_on_fd(&source, fileno(f), SIZE, window);
    while (ov_source_block(&source, at, &w)) {
        CHECK_UINT(w.first, at);
        same = same && memcmp(ov_bytes_raw(w.bytes), data + w.offset, ov_bytes_len(w.bytes)) == 0;
        CHECK(w.offset == 0 || w.first - w.offset == OV_CONTEXT_BYTES);
        CHECK(w.offset + ov_bytes_len(w.bytes) == SIZE
                || w.offset + ov_bytes_len(w.bytes) - w.end == OV_CONTEXT_BYTES);
        at += OV_BLOCK_BYTES;
    }
    CHECK(same);
    CHECK_UINT(w.end, SIZE);
    free(data);
    free(window);
    (void)fclose(f);
}

TEST(a_file_shorter_than_announced_is_cut)
{
    uint8_t *window = malloc(OV_SOURCE_WINDOW_BYTES);
    FILE *f = tmpfile();
    struct ov_source source;
    struct ov_window w;
    uint64_t at = 0;
    int sys_errno = -1;
    char c[4];

    CHECK(window != NULL && f != NULL);
    CHECK(fputs("abc", f) >= 0 && fflush(f) == 0);
    ov_source_on_fd(&source, fileno(f), 10, window);
    CHECK(!ov_source_is_cut(&source, &at, &sys_errno));
    CHECK(ov_source_block(&source, 0, &w));
    CHECK_UINT(w.end, 3);
    CHECK(ov_source_is_cut(&source, &at, &sys_errno));
    CHECK_UINT(at, 3);
    CHECK_UINT((uint64_t)sys_errno, 0);
    CHECK_UINT(ov_source_read(&source, 1, c, 4), 2);
    free(window);
    (void)fclose(f);
}

TEST(every_reason_has_a_name_and_no_gap_has)
{
    CHECK_STR(ov_reason_name(OV_REASON_ENCRYPTED), "encrypted");
    CHECK(ov_reason_name((enum ov_reason)20) == NULL);
    CHECK(ov_reason_is_workers(OV_REASON_DEPTH) && !ov_reason_is_workers(OV_REASON_DIED));
    CHECK(!ov_reason_is_workers(0));
}

static enum ov_reason reason_of(const char *name)
{
    const char *detail = NULL;
    const enum ov_reason reason = ov_reason_by_name(ov_bytes_of(name, strlen(name)), &detail);

    return (reason == OV_REASON_NONE) == (detail == NULL) ? reason : OV_REASON_LAST;
}

TEST(names_say_what_has_no_mark_and_nothing_else)
{
    static const char *const parts[] = { "x.7z.002", "/a/b.ZIP.100", "x.tar.gz.012", "x.z02",
        "x.tar.ab", "x.7z.az" };
    static const char *const others[] = { "", "x", "x.7z.001", "x.7z", ".7z.002", "x.002", "x.z01",
        "x.7z.aa", "x.7z.ba", "x.7z.0a2", "7z.002", ".br", "br", "x.bra", "x.br/y" };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        CHECK_UINT(reason_of(parts[i]), OV_REASON_MULTIVOLUME);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        CHECK_UINT(reason_of(others[i]), OV_REASON_NONE);
    }
    CHECK_UINT(reason_of("x.js.br"), OV_REASON_UNSUPPORTED);
    CHECK_UINT(reason_of("x.TAR.BR"), OV_REASON_UNSUPPORTED);
}

TESTS(T(arena_gives_zeroed_aligned_memory_up_to_its_cap),
        T(buf_failure_sticks_and_keeps_what_was_there), T(buf_printf_takes_long_text),
        T(escape_leaves_nothing_that_acts_on_a_terminal),
        T(utf8_refuses_overlong_surrogates_and_cut_sequences),
        T(digests_are_those_of_the_standards),
        T(blocks_of_a_descriptor_cover_the_object_with_context),
        T(a_file_shorter_than_announced_is_cut), T(every_reason_has_a_name_and_no_gap_has),
        T(names_say_what_has_no_mark_and_nothing_else));
