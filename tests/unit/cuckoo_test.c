/* SPDX-License-Identifier: Apache-2.0 */
/* cuckoo_test.c - reports of a sandbox: what is taken from them, and that broken ones are refused
 * wherever they break. */
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/json.h"
#include "facts/cuckoo.h"
#include "tests/tap.h"

static struct ov_bytes text(const char *s)
{
    return ov_bytes_of(s, strlen(s));
}

static bool is(const struct ov_cuckoo_text *got, const char *want)
{
    return got->is_there && ov_bytes_equal(got->text, want, strlen(want));
}

static const char report[] =
        "{\"network\":{\"hosts\":[\"1.2.3.4\",5,[\"x\"],{\"a\":1}],"
        "\"tcp\":[{\"dst\":\"a\",\"dport\":80},{\"dst\":\"b\",\"dport\":8.5},{\"dport\":1}],"
        "\"http\":[{\"uri\":\"u\",\"method\":\"GET\",\"more\":{\"uri\":\"no\"}},{}]},"
        "\"behavior\":{\"summary\":{\"keys\":[\"k\\u0000cut\",\"\\ud83d\\ude00\"]}}}";

TEST(lists_are_taken_from_where_they_stand)
{
    struct ov_cuckoo c;
    overt_error err = OVERT_ERROR_INIT;

    CHECK(ov_cuckoo_read(&c, text(report), &err) == OVERT_OK);
    CHECK_UINT(c.counts[OV_CUCKOO_HOSTS], 1);
    CHECK(is(&c.entries[OV_CUCKOO_HOSTS][0].name, "1.2.3.4"));
    CHECK_UINT(c.counts[OV_CUCKOO_TCP], 1);
    CHECK_UINT((uint32_t)c.entries[OV_CUCKOO_TCP][0].port, 80);
    CHECK_UINT(c.counts[OV_CUCKOO_HTTP], 2);
    CHECK(is(&c.entries[OV_CUCKOO_HTTP][0].name, "u"));
    CHECK(!c.entries[OV_CUCKOO_HTTP][1].name.is_there);
    CHECK_UINT(c.counts[OV_CUCKOO_KEYS], 2);
    CHECK(is(&c.entries[OV_CUCKOO_KEYS][0].name, "k"));
    CHECK(is(&c.entries[OV_CUCKOO_KEYS][1].name, "\xf0\x9f\x98\x80"));
    CHECK(!c.has_domains);
    ov_cuckoo_done(&c);
}

TEST(a_report_that_is_cut_is_none)
{
    for (size_t len = 0; len + 1 < sizeof(report) - 1; len++) {
        struct ov_cuckoo c;
        overt_error err = OVERT_ERROR_INIT;

        CHECK(ov_cuckoo_read(&c, ov_bytes_of(report, len), &err) == OVERT_E_CORRUPT);
        CHECK_UINT(err.offset, len); /* the place is told */
    }
}

TEST(of_a_key_that_stands_twice_the_last_counts)
{
    struct ov_cuckoo c;
    overt_error err = OVERT_ERROR_INIT;

    CHECK(ov_cuckoo_read(&c,
                  text("{\"network\":{\"domains\":[{\"ip\":\"1\",\"domain\":\"a\"}]},"
                       "\"network\":{\"hosts\":[\"x\"],\"hosts\":[\"y\",\"z\"],"
                       "\"http\":[{\"uri\":\"u\",\"uri\":1}]}}"),
                  &err)
            == OVERT_OK);
    CHECK_UINT(c.counts[OV_CUCKOO_DOMAINS], 0);
    CHECK(!c.has_domains);
    CHECK_UINT(c.counts[OV_CUCKOO_HOSTS], 2);
    CHECK(is(&c.entries[OV_CUCKOO_HOSTS][0].name, "y"));
    CHECK(!c.entries[OV_CUCKOO_HTTP][0].name.is_there);
    ov_cuckoo_done(&c);
}

static bool is_json(struct ov_bytes in)
{
    struct ov_json json;
    enum ov_json_event event;
    uint64_t events = 0;

    ov_json_init(&json, in);
    do {
        event = ov_json_next(&json);
        events++;
    } while (event != OV_JSON_DONE && event != OV_JSON_BAD && events <= ov_bytes_len(in) + 2);
    /* An event consumes a byte, or ends; and behind the end there is nothing. */
    OV_ASSERT(event == OV_JSON_DONE || event == OV_JSON_BAD);
    OV_ASSERT(ov_json_next(&json) == OV_JSON_BAD);
    ov_json_done(&json);
    return event == OV_JSON_DONE;
}

TEST(what_is_no_json_is_refused)
{
    static const char *const good[] = { "[]", " {} ", "[0]", "[-0]", "[1e5]", "[1e-999]",
        "[1.5E+3]", "[true,false,null]", "[\"\\u00e9\\n\\/\"]", "[\"\xc3\xa9\"]",
        "{\"a\":{\"b\":[{}]}}", "[9223372036854775807]", "[-9223372036854775808]" };
    static const char *const broken[] = { "", "5", "\"a\"", "[", "[1,]", "[,1]", "[1 2]", "{\"a\"}",
        "{\"a\":}", "{\"a\":1,}", "{1:2}", "{a:1}", "[01]", "[-]", "[1.]", "[.5]", "[+1]", "[1e]",
        "[tru]", "[truex]", "[\"\t\"]", "[\"\\x\"]", "[\"\\u12\"]", "[\"\\ud800\"]",
        "[\"\\ud800\\u0041\"]", "[\"\\udc00\"]", "[\"\xc3\"]", "[\"\xc0\x80\"]",
        "[\"\xed\xa0\x80\"]", "[\"\xf5\x80\x80\x80\"]", "[1e999]", "[9223372036854775808]", "[] x",
        "[]]", "{\"a\\u0000\":1}", "\xef\xbb\xbf[]", "[1}", "{\"a\":1]" };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK(is_json(text(good[i])));
    }
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        CHECK(!is_json(text(broken[i])));
    }
}

TEST(nesting_has_a_limit)
{
    static char deep[2 * (OV_JSON_DEPTH_MAX + 1)];

    memset(deep, '[', OV_JSON_DEPTH_MAX);
    memset(deep + OV_JSON_DEPTH_MAX, ']', OV_JSON_DEPTH_MAX);
    CHECK(is_json(ov_bytes_of(deep, 2 * OV_JSON_DEPTH_MAX)));
    memset(deep, '[', OV_JSON_DEPTH_MAX + 1);
    memset(deep + OV_JSON_DEPTH_MAX + 1, ']', OV_JSON_DEPTH_MAX + 1);
    CHECK(!is_json(ov_bytes_of(deep, sizeof(deep))));
}

TEST(more_entries_than_anyone_reads_are_refused)
{
    struct ov_cuckoo c;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf many;

    ov_buf_init(&many, 64u * OV_MIB);
    ov_buf_put_text(&many, "{\"network\":{\"hosts\":[\"\"");
    for (uint32_t i = 0; i < OV_CUCKOO_ENTRIES_MAX; i++) {
        ov_buf_put_text(&many, ",\"\"");
    }
    ov_buf_put_text(&many, "]}}");
    CHECK(ov_buf_ok(&many));
    CHECK(ov_cuckoo_read(&c, ov_buf_bytes(&many), &err) == OVERT_E_LIMIT);
    ov_buf_done(&many);
}

TESTS(T(lists_are_taken_from_where_they_stand), T(a_report_that_is_cut_is_none),
        T(of_a_key_that_stands_twice_the_last_counts), T(what_is_no_json_is_refused),
        T(nesting_has_a_limit), T(more_entries_than_anyone_reads_are_refused));
