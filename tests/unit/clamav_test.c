/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of ClamAV's databases: what loads, what is refused, and with which words. What signatures
 * mean is compared with clamscan itself in tests/e2e/clamav_diff_test.py. */
#include "base/limits.h"
#include "db/lists.h"
#include "rules/clamav/clamav.h"
#include "tests/tap.h"

struct world {
    struct ov_arena arena;
    struct ov_rule_set set;
    struct ov_diags diags;
    struct ov_clamav clam;
    bool ok;
};

static void begin(struct world *w, const char *options)
{
    ov_arena_init(&w->arena, UINT64_MAX);
    ov_rule_set_init(&w->set, &w->arena);
    ov_diags_init(&w->diags, &w->arena);
    ov_clamav_init(&w->clam, &w->set, &w->diags);
    w->ok = ov_clamav_options(&w->clam, ov_bytes_of(options, strlen(options)));
}

static void add(struct world *w, const char *file, const char *text)
{
    w->ok = ov_clamav_read(
            &w->clam, ov_bytes_of(file, strlen(file)), ov_bytes_of(text, strlen(text)));
    w->ok &= ov_clamav_finish(&w->clam);
    w->clam.finishing = false; /* a test may have more */
}

static void done(struct world *w)
{
    ov_clamav_done(&w->clam);
    ov_rule_set_done(&w->set);
    ov_diags_done(&w->diags);
    ov_arena_done(&w->arena);
}

/* How many rules and hashes one line comes to. */
static uint64_t loads(const char *file, const char *line)
{
    struct world w;
    uint64_t count;

    begin(&w, "");
    add(&w, file, line);
    count = w.set.rule_count + w.set.hashes.count;
    done(&w);
    return count;
}

/* Is the line refused, and does the reason have this in it? */
static bool refused(const char *file, const char *line, const char *why)
{
    struct world w;
    bool found = false;

    begin(&w, "");
    add(&w, file, line);
    for (size_t i = 0; i < w.diags.count; i++) {
        const struct ov_bytes m = w.diags.items[i].message;

        found |= memmem(ov_bytes_raw(m), (size_t)ov_bytes_len(m), why, strlen(why)) != NULL
                 && w.diags.items[i].line == 1;
    }
    found = found && w.clam.count.refused == 1 && w.set.rule_count + w.set.hashes.count == 0;
    done(&w);
    return found;
}

TEST(bodies_of_the_grammar_load)
{
    static const char *const bodies[] = { "41424344", "4142??44", "4142{3}4344", "4142{3-9}4344",
        "4142{-9}4344", "4142{9-}4344", "4142*4344", "41424?44", "4142(43|44)4546",
        "4142!(43|44)4546", "4142(4344|45)46474849", "(B)41424344(W)", "!(W)41424344",
        "41[1-3]424344", "42434445[0-5]41", "4142(L)4344", "41424344????????4546" };
    char line[128];

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        (void)snprintf(line, sizeof(line), "Test.A:0:*:%s\n", bodies[i]);
        CHECK_UINT(loads("f.ndb", line), 1);
    }
}

TEST(what_is_no_body_is_refused_with_its_place)
{
    CHECK(refused("f.ndb", "Test.A:0:*:414\n", "half a byte"));
    CHECK(refused("f.ndb", "Test.A:0:*:4142zz44\n", "neither a hexadecimal digit"));
    CHECK(refused("f.ndb", "Test.A:0:*:4142{9-3}4344\n", "this gap is none"));
    CHECK(refused("f.ndb", "Test.A:0:*:4142*43\n", "two known bytes"));
    CHECK(refused("f.ndb", "Test.A:0:*:4142(43|44\n", "not closed"));
    CHECK(refused("f.ndb", "Test.A:0:*:41[1-33]424344\n", "at most 32"));
    CHECK(refused("f.ndb", "Test.A:0:*:4142434\n", "character 7"));
}

TEST(offsets_are_read_and_bound_to_targets)
{
    static const char *const offsets[] = { "*", "0", "17", "17,5", "EOF-40", "EOF-40,8", "EP+0",
        "EP-5,3", "S0+0", "S3+12,9", "SL+4", "SE1" };
    char line[128];

    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        (void)snprintf(line, sizeof(line), "Test.A:1:%s:4142434445\n", offsets[i]);
        CHECK_UINT(loads("f.ndb", line), 1);
    }
    CHECK(refused("f.ndb", "Test.A:0:EP+0:41424344\n", "1, 6 and 9"));
    CHECK(refused("f.ndb", "Test.A:0:*,5:41424344\n", "offset"));
    CHECK(refused("f.ndb", "Test.A:1:Sx+1:41424344\n", "offset"));
    CHECK(refused("f.ndb", "Test.A:1:EOF+1:41424344\n", "offset"));
}

TEST(levels_are_inclusive_and_say_nothing)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.ndb",
            "Test.A:0:*:41424344:216\nTest.B:0:*:41424344:217\nTest.C:0:*:41424344:1:216\n"
            "Test.D:0:*:41424344:1:215\n");
    CHECK_UINT(w.set.rule_count, 2);
    CHECK_UINT(w.clam.count.skipped, 2);
    CHECK_UINT(w.clam.count.refused, 0);
    CHECK_UINT(w.diags.count, 0);
    done(&w);
}

TEST(names_say_that_they_are_not_the_publishers)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.ndb", "Test.A (Clam) junk:0:*:41424344\n");
    CHECK_UINT(w.set.rule_count, 1);
    CHECK(ov_bytes_equal(w.set.rules[0].name, "Test.A.UNOFFICIAL", 17));
    done(&w);
}

TEST(expressions_of_logical_signatures_load)
{
    static const char *const expressions[] = { "0&1", "0|1", "(0&1)|0", "0=2&1", "0>1,2|1",
        "(0|1)>2,2", "0=0&1", "(0&1)<1", "((0|1)&1)=3" };
    char line[128];

    for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        (void)snprintf(
                line, sizeof(line), "Test.A;Target:0;%s;41424344;45464748\n", expressions[i]);
        CHECK_UINT(loads("f.ldb", line), 1);
    }
    CHECK(refused("f.ldb", "Test.A;Target:0;0&2;41424344;45464748\n", "names 3 subsignatures"));
    CHECK(refused("f.ldb", "Test.A;Target:0;0&(1;41424344;45464748\n", "expression"));
    CHECK(refused("f.ldb", "Test.A;Target:0;0&&1;41424344;45464748\n", "expression"));
    CHECK(refused("f.ldb", "Test.A;Target:0;64;41424344\n", "63"));
}

TEST(attributes_of_logical_signatures)
{
    CHECK_UINT(loads("f.ldb", "Test.A;Engine:81-255,Target:1,FileSize:1-9,EntryPoint:1-9,"
                              "NumberOfSections:1-3;0;41424344\n"),
            1);
    CHECK_UINT(loads("f.ldb", "Test.A;Engine:81-255,Target:0,Container:CL_TYPE_ZIP,"
                              "Intermediates:CL_TYPE_ANY>CL_TYPE_ZIP;0;41424344\n"),
            1);
    CHECK(refused("f.ldb", "Test.A;Engine:81-255;0;41424344\n", "Target"));
    CHECK(refused("f.ldb", "Test.A;Target:0,FileSize:1-9;0;41424344\n", "Engine:51"));
    CHECK(refused(
            "f.ldb", "Test.A;Engine:81-255,Target:0,EntryPoint:1-9;0;41424344\n", "1, 6 and"));
    /* what another engine may know is passed over without a word, as ClamAV does */
    CHECK_UINT(loads("f.ldb", "Test.A;Engine:81-255,Target:0,Mood:good;0;41424344\n"), 0);
    CHECK(!refused("f.ldb", "Test.A;Engine:81-255,Target:0,Mood:good;0;41424344\n", ""));
}

TEST(modifiers_and_what_they_make)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.ldb", "Test.A;Target:0;0;41424344::iwf\nTest.B;Target:0;0;41424344::wa\n");
    CHECK_UINT(w.set.rule_count, 2);
    CHECK_UINT(w.set.rules[0].string_count, 1); /* wide alone */
    CHECK_UINT(w.set.rules[1].string_count, 2); /* wide and plain */
    done(&w);
    CHECK(refused("f.ldb", "Test.A;Target:0;0;41424344::ix\n", "i, f, w and a"));
}

TEST(perl_expressions_are_tried_when_they_are_loaded)
{
    CHECK_UINT(loads("f.ldb", "Test.A;Target:0;0&1;41424344;0/ab[cd]+/gi\n"), 1);
    CHECK(refused("f.ldb", "Test.A;Target:0;0&1;41424344;0/ab[cd/\n", "regular expression"));
    CHECK(refused("f.ldb", "Test.A;Target:0;0&1;41424344;0/(*UTF8)ab/\n", "regular expression"));
    CHECK(refused("f.ldb", "Test.A;Target:0;0&1;41424344;1/ab/\n", "later part"));
    CHECK(refused("f.ldb", "Test.A;Target:0;0&1;41424344;0/ab/q\n", "flag"));
}

TEST(comparisons_name_a_number_that_stands_near_a_body)
{
    CHECK_UINT(loads("f.ldb", "Test.A;Engine:81-255,Target:0;0&1;41424344;0(>>4#ib2#>5)\n"), 1);
    CHECK_UINT(
            loads("f.ldb", "Test.A;Engine:81-255,Target:0;0&1;41424344;0(<<4#he2l4#=0x1,<5)\n"), 0);
    CHECK(refused("f.ldb", "Test.A;Engine:81-255,Target:0;0&1;41424344;0(>>4#i2#>5)\n", "l or b"));
    CHECK(refused(
            "f.ldb", "Test.A;Engine:81-255,Target:0;0&1;41424344;1(>>4#ib2#>5)\n", "earlier"));
    CHECK(refused("f.ldb", "Test.A;Engine:81-255,Target:0;0&1;41424344;0(>>4#ib3#>5)\n", "number"));
}

TEST(pictures_have_a_hash_and_no_distance)
{
    CHECK_UINT(loads("f.ldb", "Test.A;Engine:150-255,Target:5;0;fuzzy_img#af2ad01ed42993c7\n"), 1);
    CHECK_UINT(
            loads("f.ldb", "Test.A;Engine:150-255,Target:5;0;fuzzy_img#af2ad01ed42993c7#0\n"), 1);
    CHECK(refused("f.ldb", "Test.A;Engine:150-255,Target:5;0;fuzzy_img#af2a\n", "16 hexadecimal"));
    CHECK(refused("f.ldb", "Test.A;Engine:150-255,Target:5;0;fuzzy_img#af2ad01ed42993c7#1\n",
            "only be 0"));
}

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"

TEST(hashes_of_three_domains)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.hdb", MD5 ":12:Test.A\n");
    add(&w, "f.mdb", "12:" MD5 ":Test.B\n");
    add(&w, "f.imp", MD5 ":*:Test.C\n");
    add(&w, "f.fp", MD5 ":12:Test.D\n");
    CHECK_UINT(w.set.hashes.count, 4);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 0).domain, OV_HASH_FILE);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 1).domain, OV_HASH_SECTION);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 2).domain, OV_HASH_IMPORT);
    CHECK(!ov_hash_set_get(&w.set.hashes, 2).has_size);
    CHECK_UINT(ov_hash_set_get(&w.set.hashes, 3).domain, OV_HASH_TRUST);
    done(&w);
    CHECK(refused("f.hdb", MD5 ":*:Test.A\n", "73"));
    CHECK_UINT(loads("f.hdb", MD5 ":*:Test.A:73\n"), 1);
    CHECK(refused("f.hdb", MD5 ":0:Test.A\n", "size"));
    CHECK(refused("f.hdb", "d41d8:1:Test.A\n", "digits"));
    CHECK(refused("f.hdb", MD5 ":1\n", "fields"));
}

TEST(members_of_containers)
{
    CHECK_UINT(loads("f.cdb", "Test.A:CL_TYPE_ZIP:1-9:\\.exe$:*:7:0:2:*:*\n"), 1);
    CHECK_UINT(loads("f.cdb", "Test.A:*:*:*:*:*:1:*:*:*:1:216\n"), 1);
    CHECK_UINT(loads("f.zmd", "Test.A:1:exe$:*:*:0a1b2c3d:8:1:*\n"), 1);
    CHECK_UINT(loads("f.rmd", "Test.A:*:*:12:13:*:*:*:*\n"), 1);
    CHECK(refused("f.cdb", "Test.A:CL_TYPE_BAG:*:*:*:*:*:*:*:*\n", "type of container"));
    CHECK(refused("f.cdb", "Test.A:*:*:[a:*:*:*:*:*:*\n", "regular expression"));
    CHECK(refused("f.cdb", "Test.A:*:9-1:*:*:*:*:*:*:*\n", "container's size"));
    CHECK(refused("f.cdb", "Test.A:*:*:*:*:*:2:*:*:*\n", "encrypted"));
    CHECK(refused("f.zmd", "Test.A:1:exe$:*:*:0a1b2c3d9:8:1:*\n", "checksum"));
    CHECK(refused("f.zmd", "Test.A:1:exe$:*:*\n", "9"));
}

#define SHA1_A "dc8eb1a434bee6b1f65253e6477062c905277002"

TEST(certificates_are_listed_and_blocked_ones_are_rules)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.crb",
            "Test.Root;1;" SHA1_A ";;c0ffee01;010001;1;0;1;0;comment\n"
            "Test.Thief;0;" SHA1_A ";" SHA1_A ";c0ffee01;010001;1;0;0;0;comment\n");
    CHECK_UINT(w.set.rule_count, 1);
    CHECK(ov_bytes_equal(w.set.rules[0].name, "Test.Thief", 10)); /* nothing is appended */
    CHECK(w.set.lists != NULL && w.set.lists->next != NULL && w.set.lists->next->next == NULL);
    CHECK_UINT(w.set.lists->kind, OV_LIST_CERTIFICATE);
    CHECK_UINT(ov_bytes_len(w.set.lists->bytes), sizeof(struct ov_list_certificate) + 4);
    done(&w);
    CHECK(refused("f.crb", "Test.A;2;" SHA1_A ";;c0ffee;010001;1;0;1;0;c\n", "0 or 1"));
    CHECK(refused("f.crb", "Test.A;1;dc8e;;c0ffee;010001;1;0;1;0;c\n", "SHA-1"));
    CHECK(refused("f.crb", "Test.A;1;" SHA1_A ";;xyz1;010001;1;0;1;0;c\n", "hexadecimal"));
    begin(&w, "no-certificates\n");
    add(&w, "f.crb", "Test.Thief;0;" SHA1_A ";;c0ffee01;010001;1;0;0;0;comment\n");
    CHECK_UINT(w.set.rule_count, 0);
    CHECK(w.set.lists == NULL);
    done(&w);
}

TEST(passwords_are_listed_with_their_container)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.pwdb",
            "A;Engine:81-255,Container:CL_TYPE_ZIP;0;open me\nB;;1;6f70\n"
            "C;Engine:217-255;0;later\n");
    CHECK(w.set.lists != NULL && w.set.lists->next != NULL && w.set.lists->next->next == NULL);
    CHECK_UINT(w.set.lists->kind, OV_LIST_PASSWORD);
    CHECK_UINT(ov_bytes_len(w.set.lists->bytes), sizeof(struct ov_list_password) + 7);
    CHECK_UINT(ov_bytes_len(w.set.lists->next->bytes), sizeof(struct ov_list_password) + 2);
    done(&w);
    CHECK(refused("f.pwdb", "A;;2;x\n", "plain (0)"));
    CHECK(refused("f.pwdb", "A;;0;\n", "1 to"));
    CHECK(refused("f.pwdb", "A;Mood:good;0;x\n", "Engine and Container"));
}

TEST(addresses_in_mail)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.pdb", "H:bank.example\nR:.+\\.a\\.example([/?].*)?:.+\\.b\\.example([/?].*)?:17-\n");
    add(&w, "f.wdb", "M:a.example:b.example\nX:.+\\.c\\.d:.+\\.e\\.f\nY:.+\\.g\\.h\n");
    CHECK_UINT(w.set.rule_count, 3); /* the names they are reported under, once */
    CHECK_UINT(w.clam.count.refused, 0);
    done(&w);
    begin(&w, "no-phishing-urls\n");
    add(&w, "f.pdb", "H:bank.example\n");
    CHECK_UINT(w.set.rule_count, 0);
    done(&w);
    CHECK(refused("f.pdb", "Q:bank.example\n", "neither"));
    CHECK(refused("f.wdb", "X:a(:b\n", "regular expression"));
}

TEST(indicators_give_digests_alone)
{
    struct world w;

    begin(&w, "");
    add(&w, "x.ioc",
            "<ioc id=\"1\"><IndicatorItem><Context search=\"FileItem/Md5sum\"/>\n<Content "
            "type=\"md5\"> " MD5 " </Content></IndicatorItem>\n<IndicatorItem><Context "
            "search=\"FileItem/FileName\"/><Content type=\"string\">a.exe</Content>"
            "</IndicatorItem><IndicatorItem><Content type=\"md5\">unclosed");
    CHECK_UINT(w.set.hashes.count, 1);
    CHECK(!ov_hash_set_get(&w.set.hashes, 0).has_size);
    CHECK(ov_bytes_equal(
            ov_hash_set_get(&w.set.hashes, 0).name, "x.ioc." MD5 ".UNOFFICIAL", 6 + 32 + 11));
    done(&w);
}

TEST(macros_wait_for_the_members_of_their_group)
{
    static const char macro[] = "Test.M;Engine:51-255,Target:0;0&1;41424344::wa;${4-10}3$\n";
    struct world w;

    begin(&w, "");
    add(&w, "f.ldb", macro);
    CHECK_UINT(w.set.rule_count, 1); /* a group may have no members */
    done(&w);
    begin(&w, "");
    w.ok = ov_clamav_read(&w.clam, ov_bytes_of("f.ldb", 5), ov_bytes_of(macro, sizeof(macro) - 1));
    CHECK_UINT(w.clam.count.loaded, 0);
    add(&w, "f.ndb", "Member.A:0:$3:61626364\nMember.B:0:$3:65666768\nMember.C:1:$3:65666768\n");
    CHECK_UINT(w.set.rule_count, 1);
    CHECK_UINT(
            w.set.rules[0].string_count, 4); /* of the body two, and two members for its target */
    CHECK_UINT(w.clam.count.loaded, 4);
    done(&w);
    CHECK(refused(
            "f.ldb", "Test.M;Engine:51-255,Target:0;0&1;${4-10}3$;41424344", "behind a body"));
    CHECK(refused(
            "f.ldb", "Test.M;Engine:51-255,Target:0;0&1;4:41424344;${4-10}3$", "behind a body"));
    CHECK(refused("f.ldb", "Test.M;Engine:51-255,Target:0;0&1;41424344;${4-10}32$", "at most 31"));
    CHECK(refused("f.ldb", "Test.M;Engine:51-255,Target:0;0&1;41424344;${10-4}3$", "at most 31"));
}

TEST(a_second_look_as_another_type)
{
    CHECK_UINT(
            loads("f.ldb", "Test.A;Engine:51-255,Target:0,HandlerType:CL_TYPE_PDF;0;41424344"), 1);
    CHECK_UINT(
            loads("f.ldb", "Test.A;Engine:51-255,Target:10,HandlerType:CL_TYPE_PDF;0;41424344"), 1);
    CHECK(refused("f.ldb", "Test.A;Engine:51-255,Target:1,HandlerType:CL_TYPE_PDF;0;41424344",
            "for no such object"));
}

TEST(types_are_listed_by_their_first_bytes)
{
    static const char good[] = "0:4:41424344:Some:CL_TYPE_ANY:CL_TYPE_PDF\n";
    struct world w;

    begin(&w, "");
    add(&w, "f.ftm", good);
    CHECK(w.set.lists != NULL && w.set.lists->kind == OV_LIST_MAGIC);
    CHECK_UINT(w.clam.signatures, 0);
    add(&w, "f.ftm", "0:4:41424344:Some:CL_TYPE_ANY:CL_TYPE_PDF:217\n");
    CHECK_UINT(w.clam.count.skipped, 1);
    done(&w);
    CHECK(refused("f.ftm", "0:4:41424344:Some:CL_TYPE_ANY:CL_TYPE_BAG", "a type that is none"));
    CHECK(refused("f.ftm", "1:*:41424344:Some:CL_TYPE_ANY:CL_TYPE_HTML", "somewhere in an object"));
    CHECK(refused("f.ftm", "4:0:41424344:Some:CL_TYPE_ANY:CL_TYPE_PART_HFSPLUS", "partition"));
    CHECK(refused("f.ftm", "0:*:41424344:Some:CL_TYPE_ANY:CL_TYPE_PDF", "no bytes at a place"));
    CHECK(refused("f.ftm", "0:0:4142434:Some:CL_TYPE_ANY:CL_TYPE_PDF", "hexadecimal"));
    CHECK(refused("f.ftm", "0:0:41424344:Some:CL_TYPE_ANY", "instead of 6 to 8"));
}

TEST(switches_for_other_levels_say_nothing)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.cfg", "PE:0xb4ff:13:23\nDOCUMENT:0x3b:61:62\n");
    CHECK_UINT(w.clam.count.skipped, 2);
    CHECK_UINT(w.clam.signatures, 0);
    done(&w);
    CHECK(refused("f.cfg", "PE:0xb4ff:13:300", "not known"));
    CHECK(refused("f.cfg", "PE:0xb4ff:13", "instead of 4"));
}

TEST(signatures_are_counted_as_clamav_counts_them)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.ndb", "Test.A:0:*:41424344\nTest.B:0:*:41424344:217\nTest.C:0:*:41\n");
    add(&w, "f.wdb", "M:a.example:b.example\n");
    add(&w, "f.ign2", "Test.D\n");
    CHECK_UINT(w.clam.signatures, 1);
    done(&w);
}

TEST(ignored_names_and_lines)
{
    struct world w;

    begin(&w, "");
    add(&w, "f.ign2", "Test.A\nTest.C:5f3db3fbf4e8d5a5f0cf4ef1f7e2e2c1\n");
    add(&w, "f.ign", "db:1:Test.B\n");
    add(&w, "f.ndb", "Test.A:0:*:41424344\nTest.B:0:*:41424344\nTest.C:0:*:41424344\n");
    CHECK_UINT(w.set.rule_count, 1); /* the digest is that of another line */
    CHECK_UINT(w.clam.count.skipped, 2);
    done(&w);
}

TEST(what_is_asked_for_beside_signatures)
{
    struct world w;

    begin(&w, "alert-broken\nalert-macros\ncards 3\npeople 2\nclose CL_TYPE_PDF\nno-views\n"
              "pcre-matches 10\n");
    CHECK(w.ok);
    CHECK_UINT(w.set.rule_count, 4);
    CHECK(w.set.lists != NULL && w.set.lists->kind == OV_LIST_SETTING);
    done(&w);
    begin(&w, "close CL_TYPE_BAG\n");
    CHECK(!w.ok);
    done(&w);
    begin(&w, "cards many\n");
    CHECK(!w.ok);
    done(&w);
}

TEST(strict_makes_an_error_of_every_line_that_does_not_load)
{
    struct world w;

    begin(&w, "strict\n");
    add(&w, "f.ndb", "Test.A:0:*:414\nTest.B:0:*:41424344\n");
    CHECK(!w.ok);
    CHECK_UINT(w.diags.errors, 1);
    done(&w);
}

TESTS(T(bodies_of_the_grammar_load), T(what_is_no_body_is_refused_with_its_place),
        T(offsets_are_read_and_bound_to_targets), T(levels_are_inclusive_and_say_nothing),
        T(names_say_that_they_are_not_the_publishers), T(expressions_of_logical_signatures_load),
        T(attributes_of_logical_signatures), T(modifiers_and_what_they_make),
        T(perl_expressions_are_tried_when_they_are_loaded),
        T(comparisons_name_a_number_that_stands_near_a_body),
        T(pictures_have_a_hash_and_no_distance), T(hashes_of_three_domains),
        T(members_of_containers), T(certificates_are_listed_and_blocked_ones_are_rules),
        T(passwords_are_listed_with_their_container), T(addresses_in_mail),
        T(indicators_give_digests_alone), T(macros_wait_for_the_members_of_their_group),
        T(a_second_look_as_another_type), T(types_are_listed_by_their_first_bytes),
        T(switches_for_other_levels_say_nothing), T(signatures_are_counted_as_clamav_counts_them),
        T(ignored_names_and_lines), T(what_is_asked_for_beside_signatures),
        T(strict_makes_an_error_of_every_line_that_does_not_load));
