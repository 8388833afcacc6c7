/* SPDX-License-Identifier: Apache-2.0 */
#include "clamd/command.h"
#include "tests/tap.h"

static struct ov_clamd_command cmd;
static uint64_t used;

static enum ov_clamd_take take(const char *bytes, size_t len, bool session)
{
    used = 0;
    return ov_clamd_command_take(ov_bytes_of(bytes, len), session, &cmd, &used);
}

#define TAKE(text, session) take((text), sizeof(text) - 1, (session))

TEST(styles_are_told_apart_by_the_first_byte)
{
    CHECK(TAKE("zPING\0more", false) == OV_CLAMD_TAKEN);
    CHECK(cmd.verb == OV_CLAMD_PING && cmd.style == OV_CLAMD_Z && used == 6);
    CHECK(TAKE("nPING\r\nmore", false) == OV_CLAMD_TAKEN);
    CHECK(cmd.verb == OV_CLAMD_PING && cmd.style == OV_CLAMD_N && used == 7);
    CHECK(TAKE("PING", false) == OV_CLAMD_TAKEN);
    CHECK(cmd.verb == OV_CLAMD_PING && cmd.style == OV_CLAMD_OLD && used == 4);
    CHECK(TAKE("PING\r\n", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_PING && used == 6);
}

TEST(a_terminated_style_waits_for_its_terminator)
{
    CHECK(TAKE("zPING", false) == OV_CLAMD_MORE);
    CHECK(TAKE("nPING", false) == OV_CLAMD_MORE);
    CHECK(TAKE("PING", true) == OV_CLAMD_MORE);
    CHECK(TAKE("z", false) == OV_CLAMD_MORE);
    CHECK(TAKE("", false) == OV_CLAMD_MORE);
}

TEST(arguments_are_verbatim_behind_one_separator)
{
    CHECK(TAKE("zSCAN  /a b\n\0", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_SCAN);
    CHECK(ov_bytes_equal(cmd.argument, " /a b\n", 6));
    CHECK(TAKE("zSCAN\0", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_UNKNOWN);
    CHECK(TAKE("zSCAN \0", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_UNKNOWN);
    CHECK(TAKE("zPING x\0", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_UNKNOWN);
    CHECK(TAKE("zping\0", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_UNKNOWN);
    CHECK(TAKE("zVERSIONCOMMANDS\0", false) == OV_CLAMD_TAKEN
            && cmd.verb == OV_CLAMD_VERSIONCOMMANDS);
}

TEST(some_commands_have_no_old_style)
{
    static const char *const none[] = { "INSTREAM", "IDSESSION", "END", "STATS", "VERSIONCOMMANDS",
        "ALLMATCHSCAN /a" };

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        CHECK(take(none[i], strlen(none[i]), false) == OV_CLAMD_TAKEN
                && cmd.verb == OV_CLAMD_UNKNOWN);
    }
    CHECK(TAKE("CONTSCAN /a", false) == OV_CLAMD_TAKEN && cmd.verb == OV_CLAMD_CONTSCAN);
}

TEST(a_command_that_is_longer_than_any_never_ends)
{
    char text[OV_CLAMD_COMMAND_BYTES_MAX + 2];

    memset(text, 'A', sizeof(text));
    text[0] = 'z';
    CHECK(take(text, OV_CLAMD_COMMAND_BYTES_MAX, false) == OV_CLAMD_MORE);
    CHECK(take(text, OV_CLAMD_COMMAND_BYTES_MAX + 1, false) == OV_CLAMD_TOO_LONG);
}

TEST(what_may_stand_in_a_session)
{
    CHECK(ov_clamd_in_session(OV_CLAMD_SCAN) && ov_clamd_in_session(OV_CLAMD_INSTREAM));
    CHECK(ov_clamd_in_session(OV_CLAMD_END) && ov_clamd_in_session(OV_CLAMD_STATS));
    CHECK(!ov_clamd_in_session(OV_CLAMD_CONTSCAN) && !ov_clamd_in_session(OV_CLAMD_RELOAD));
    CHECK(!ov_clamd_in_session(OV_CLAMD_UNKNOWN) && !ov_clamd_in_session(OV_CLAMD_IDSESSION));
}

TESTS(T(styles_are_told_apart_by_the_first_byte), T(a_terminated_style_waits_for_its_terminator),
        T(arguments_are_verbatim_behind_one_separator), T(some_commands_have_no_old_style),
        T(a_command_that_is_longer_than_any_never_ends), T(what_may_stand_in_a_session));
