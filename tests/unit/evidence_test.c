/* SPDX-License-Identifier: Apache-2.0 */
/* What each reader of evidence tells of good bytes, of bytes cut anywhere, and of lies. */
#include "evidence/readers.h"
#include "tests/tap.h"

struct heard {
    struct ov_buf text; /* "kind:text|part|part\n" for each trace */
    unsigned traces, gaps;
    enum ov_reason reason; /* of the last gap */
};

static void on_fact(void *payload, const struct ov_trace *fact)
{
    struct heard *heard = payload;
    const uint8_t *raw = ov_bytes_raw(fact->more);

    heard->traces++;
    ov_buf_printf(&heard->text, "%d:", fact->kind);
    ov_buf_put(&heard->text, ov_bytes_raw(fact->text), (size_t)ov_bytes_len(fact->text));
    ov_buf_put_u8(&heard->text, '|');
    for (uint64_t i = 0; i < ov_bytes_len(fact->more); i++) {
        ov_buf_put_u8(&heard->text, raw[i] == 0 ? '|' : raw[i]);
    }
    ov_buf_put_u8(&heard->text, '\n');
}

static void on_gap(void *payload, uint32_t member, enum ov_reason reason, const char *detail)
{
    struct heard *heard = payload;

    (void)member;
    (void)detail;
    heard->gaps++;
    heard->reason = reason;
}

static const char questions[] = "KasperskyLab\0word\0.example.com";

static void hear(struct heard *heard, void (*read)(struct ov_evidence *, struct ov_bytes),
        const void *bytes, size_t len, uint64_t steps)
{
    const struct ov_evidence_sink sink = { .payload = heard, .fact = on_fact, .gap = on_gap };
    struct ov_evidence e = { .sink = &sink,
        .questions = ov_bytes_of(questions, sizeof(questions)),
        .bytes_left = OV_MIB,
        .steps_left = steps,
        .members_left = 10 };

    *heard = (struct heard){ .traces = 0 };
    ov_buf_init(&heard->text, OV_MIB);
    read(&e, ov_bytes_of(bytes, len));
    ov_buf_put_u8(&heard->text, 0);
}

static const char *text_of(const struct heard *heard)
{
    return (const char *)ov_bytes_raw(ov_buf_bytes(&heard->text));
}

#define STEPS 100000u

TEST(dpkg_states_are_told_apart)
{
    static const char status[] =
            "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\nMaintainer: "
            "M\n\n"
            "Package: b\nStatus: deinstall ok config-files\nVersion: 2\nArchitecture: all\n\n"
            "Package: c\nStatus: purge ok not-installed\n\n"
            "Package: d\nStatus: install ok half-installed\nVersion: 4\n Package: not a field";
    struct heard heard;

    hear(&heard, ov_read_dpkg, status, sizeof(status) - 1, STEPS);
    CHECK_STR(text_of(&heard), "2:a|1|all|M|\n2:b|2|all||\n2:d|4|||\n");
    CHECK_UINT(heard.gaps, 0);
    ov_buf_done(&heard.text);
}

TEST(a_package_database_of_nonsense_is_not_empty)
{
    struct heard heard;

    hear(&heard, ov_read_dpkg, "nonsense\n", 9, STEPS);
    CHECK_UINT(heard.gaps, 1);
    ov_buf_done(&heard.text);
    hear(&heard, ov_read_dpkg, "Package: a\nVersion: 1\n", 22, STEPS);
    CHECK_UINT(heard.gaps, 1);
    ov_buf_done(&heard.text);
    hear(&heard, ov_read_alpine, "x", 1, STEPS);
    CHECK_UINT(heard.gaps, 1);
    ov_buf_done(&heard.text);
}

/* nindex 2, store 8: NAME "a", VERSION "1.2". */
static const uint8_t header[] = { 0, 0, 0, 2, 0, 0, 0, 8, 0, 0, 3, 0xe8, 0, 0, 0, 6, 0, 0, 0, 0, 0,
    0, 0, 1, 0, 0, 3, 0xe9, 0, 0, 0, 6, 0, 0, 0, 2, 0, 0, 0, 1, 'a', 0, '1', '.', '2', 0, 0, 0 };

TEST(an_rpm_header_gives_its_package_and_every_shorter_one_a_gap)
{
    struct heard heard;

    hear(&heard, ov_read_rpm_header, header, sizeof(header), STEPS);
    CHECK_STR(text_of(&heard), "2:a|1.2|||\n");
    ov_buf_done(&heard.text);
    for (size_t len = 0; len < sizeof(header); len++) {
        hear(&heard, ov_read_rpm_header, header, len, STEPS);
        CHECK_UINT(heard.traces, 0);
        CHECK_UINT(heard.gaps, 1);
        ov_buf_done(&heard.text);
    }
}

TEST(counts_in_an_rpm_header_are_claims)
{
    static const uint32_t values[] = { 0, 1, 0x7fffffff, 0xfffffffe, 0xffffffff };
    uint8_t bytes[sizeof(header)];
    struct heard heard;

    for (size_t at = 0; at + 4 <= 40; at += 4) {
        for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
            memcpy(bytes, header, sizeof(bytes));
            for (size_t i = 0; i < 4; i++) {
                bytes[at + i] = (uint8_t)(values[v] >> (24 - 8 * i));
            }
            hear(&heard, ov_read_rpm_header, bytes, sizeof(bytes), STEPS);
            CHECK(heard.traces + heard.gaps == 1);
            ov_buf_done(&heard.text);
        }
    }
}

TEST(words_are_whole_and_domains_cover_their_hosts)
{
    static const char text[] = "words word=1 sword a.example.com, notexample.com example.com. wor";
    struct heard heard;

    hear(&heard, ov_read_text, text, sizeof(text) - 1, STEPS);
    CHECK_STR(text_of(&heard),
            "14:word|word\n14:a.example.com|.example.com\n14:example.com|.example.com\n");
    ov_buf_done(&heard.text);
    hear(&heard, ov_read_text, text, sizeof(text) - 1, 3);
    CHECK_UINT(heard.reason, OV_REASON_STEPS);
    ov_buf_done(&heard.text);
}

TEST(json_gives_layers_and_addons)
{
    static const char manifest[] =
            "{\"config\":{\"digest\":\"sha256:c\"},\"layers\":[{\"digest\":\"sha256:a\","
            "\"x\":[1,[],{}]},{\"size\":3,\"digest\":\"sha256:\\u0062\"}]}";
    static const char addons[] =
            "{\"addons\":[{\"id\":\"a@x\",\"version\":\"1\",\"defaultLocale\":{\"name\":"
            "\"N\"}},{\"id\":\"b@x\"}],\"schemaVersion\":35}";
    struct heard heard;

    hear(&heard, ov_read_image, manifest, sizeof(manifest) - 1, STEPS);
    CHECK_STR(text_of(&heard), "19:sha256:a|layer||\n19:sha256:b|layer||\n");
    CHECK_UINT(heard.gaps, 0);
    ov_buf_done(&heard.text);
    hear(&heard, ov_read_addons, addons, sizeof(addons) - 1, STEPS);
    CHECK_STR(text_of(&heard), "16:a@x|1|N|\n16:b@x|||\n");
    CHECK_UINT(heard.gaps, 0);
    ov_buf_done(&heard.text);
    for (size_t len = 0; len < sizeof(manifest) - 1; len++) {
        hear(&heard, ov_read_image, manifest, len, STEPS);
        CHECK_UINT(heard.gaps, 1);
        ov_buf_done(&heard.text);
    }
}

TEST(json_that_nests_without_end_ends)
{
    char deep[4096];
    struct heard heard;

    memset(deep, '[', sizeof(deep));
    hear(&heard, ov_read_image, deep, sizeof(deep), STEPS);
    CHECK_UINT(heard.gaps, 1);
    ov_buf_done(&heard.text);
}

TEST(plists_of_both_forms_say_the_same)
{
    static const char xml[] =
            "<?xml version=\"1.0\"?><plist version=\"1.0\"><dict><key>CFBundleIdentifier</key>"
            "<string>a&amp;b</string><key>Sub</key><dict><key>CFBundleIdentifier</key><string>no</"
            "string></dict>"
            "<key>CFBundleShortVersionString</key><string>2.1</string></dict></plist>";
    /* {CFBundleIdentifier: "ab"}: dict, key, value, offset table, trailer. */
    static const uint8_t binary[] = { 'b', 'p', 'l', 'i', 's', 't', '0', '0', 0xd1, 1, 2, 0x5f,
        0x10, 18, 'C', 'F', 'B', 'u', 'n', 'd', 'l', 'e', 'I', 'd', 'e', 'n', 't', 'i', 'f', 'i',
        'e', 'r', 0x52, 'a', 'b', 8, 11, 32, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 35 };
    struct heard heard;

    hear(&heard, ov_read_plist, xml, sizeof(xml) - 1, STEPS);
    CHECK_STR(text_of(&heard), "6:a&b|2.1||\n");
    CHECK_UINT(heard.gaps, 0);
    ov_buf_done(&heard.text);
    hear(&heard, ov_read_plist, binary, sizeof(binary), STEPS);
    CHECK_STR(text_of(&heard), "6:ab|||\n");
    CHECK_UINT(heard.gaps, 0);
    ov_buf_done(&heard.text);
    for (size_t len = 0; len < sizeof(binary); len++) {
        hear(&heard, ov_read_plist, binary, len, STEPS);
        CHECK_UINT(heard.gaps, 1);
        ov_buf_done(&heard.text);
    }
}

TEST(what_is_no_hive_or_a_cut_one_is_said)
{
    uint8_t head[4096 + 64] = "regf";
    struct heard heard;

    hear(&heard, ov_read_hive, "nothing", 7, STEPS);
    CHECK_UINT(heard.reason, OV_REASON_DAMAGED);
    ov_buf_done(&heard.text);
    head[40] = 0xff; /* more bins than there are */
    head[36] = 0x20;
    hear(&heard, ov_read_hive, head, sizeof(head), STEPS);
    CHECK(heard.gaps >= 1 && heard.traces == 0);
    ov_buf_done(&heard.text);
}

TEST(paths_choose_their_reader)
{
    static const struct {
        const char *path;
        enum ov_look look, deep;
    } rows[] = {
        { "var/lib/dpkg/status", OV_LOOK_DPKG, OV_LOOK_DPKG },
        { "var/lib/dpkg/status-old", OV_LOOK_NONE, OV_LOOK_DEEP },
        { "WINDOWS/system32/CONFIG/software", OV_LOOK_HIVE, OV_LOOK_HIVE },
        { "Users/x/ntuser.dat", OV_LOOK_HIVE, OV_LOOK_HIVE },
        { "etc/ssl/certs/a.pem", OV_LOOK_CERTIFICATES, OV_LOOK_CERTIFICATES },
        { "usr/share/doc/a.pem", OV_LOOK_NONE, OV_LOOK_CERTIFICATES },
        { "Applications/A.app/Contents/Info.plist", OV_LOOK_PLIST, OV_LOOK_PLIST },
        { "etc/hosts", OV_LOOK_TEXT, OV_LOOK_TEXT },
        { "usr/bin/ls", OV_LOOK_NONE, OV_LOOK_DEEP },
        { "x/y.APK", OV_LOOK_APK, OV_LOOK_APK },
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CHECK_UINT(ov_look_of_path(rows[i].path, false), rows[i].look);
        CHECK_UINT(ov_look_of_path(rows[i].path, true), rows[i].deep);
    }
}

TESTS(T(dpkg_states_are_told_apart), T(a_package_database_of_nonsense_is_not_empty),
        T(an_rpm_header_gives_its_package_and_every_shorter_one_a_gap),
        T(counts_in_an_rpm_header_are_claims), T(words_are_whole_and_domains_cover_their_hosts),
        T(json_gives_layers_and_addons), T(json_that_nests_without_end_ends),
        T(plists_of_both_forms_say_the_same), T(what_is_no_hive_or_a_cut_one_is_said),
        T(paths_choose_their_reader));
