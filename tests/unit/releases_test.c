/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tap.h"
#include "trust/releases.h"

#define HEX_A "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX_B "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static overt_status read_text(const char *text, struct ov_releases *out, overt_error *err)
{
    return ov_releases_read(ov_bytes_of(text, strlen(text)), out, err);
}

TEST(releases_and_their_files_are_found_among_other_lines)
{
    static const char text[] = "revoked 7 9\n"
                               "statement 1 hello\n"
                               "binary 3 overt-1\n"
                               "commit 3 abc\n"
                               "file 3 " HEX_A " bin/overt\n"
                               "file 3 " HEX_B " libexec/overt/overt-worker\n"
                               "binary 7 overt-2\n"
                               "commit 7 def\n"
                               "file 7 " HEX_B " bin/overt\n"
                               "suppressed 8 " HEX_B "\n"
                               "pending 10 binary overt-3 1234\n"
                               "commit 10 ghi\n"
                               "file 10 " HEX_A " bin/overt\n"
                               "pending 11 rule Some_Rule 99\n";
    struct ov_releases r;

    CHECK(read_text(text, &r, NULL) == OVERT_OK);
    CHECK_UINT(r.count, 3);
    CHECK_UINT(r.file_count, 4);
    CHECK(ov_bytes_equal(r.at[0].name, "overt-1", 7) && r.at[0].fate == OV_RELEASE_IN_FORCE);
    CHECK(ov_bytes_equal(r.at[0].commit, "abc", 3));
    CHECK(r.at[1].fate == OV_RELEASE_REVOKED && r.at[1].when == 9);
    CHECK(r.at[2].fate == OV_RELEASE_PENDING && r.at[2].when == 1234 && r.at[2].index == 10);
    CHECK(ov_bytes_equal(r.files[1].name, "libexec/overt/overt-worker", 26));
    CHECK_UINT(r.files[0].sha256.b[1], 0x11);
    CHECK_UINT(r.files[1].sha256.b[31], 0xff);
    ov_releases_done(&r);
}

static const struct {
    const char *text;
    const char *why;
} bad[] = {
    { "binary 0 r\nfile 0 " HEX_A " /etc/passwd\n",
            "a release names a file that is not below the installation's prefix" },
    { "binary 0 r\nfile 0 " HEX_A " ../x\n",
            "a release names a file that is not below the installation's prefix" },
    { "binary 0 r\nfile 0 " HEX_A " bin/../../x\n",
            "a release names a file that is not below the installation's prefix" },
    { "binary 0 r\nfile 0 " HEX_A " \n",
            "a release names a file that is not below the installation's prefix" },
    { "file 0 " HEX_A " bin/overt\n", "a release's file: index, SHA-256, name" },
    { "binary 0 r\nfile 1 " HEX_A " bin/overt\n", "a release's file: index, SHA-256, name" },
    { "binary 0 r\nfile 0 0011 bin/overt\n", "a release's file: index, SHA-256, name" },
    { "binary 0 r\nfile 0 " HEX_A "\n", "a release's file: index, SHA-256, name" },
    { "commit 0 abc\n", "a commit without its release" },
    { "pending 0 binary r soon\n", "a pending release without its time" },
};

TEST(what_is_malformed_or_leads_outside_is_refused)
{
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;
        struct ov_releases r;

        CHECK(read_text(bad[i].text, &r, &err) != OVERT_OK);
        CHECK_STR(err.message, bad[i].why);
        CHECK(r.at == NULL && r.files == NULL);
    }
}

TESTS(T(releases_and_their_files_are_found_among_other_lines),
        T(what_is_malformed_or_leads_outside_is_refused));
