/* SPDX-License-Identifier: Apache-2.0 */
/* compiler_test.c - the compiler's supervisor against a compiler that dies, lies and floods, and
 * what it makes of what comes back. */
#include <stdio.h>
#include <sys/mman.h>

#include <overt/overt.h>

#include "db/write.h"
#include "tests/tap.h"
#include "tests/unit/fake_jail.h"

static struct ov_bytes text_of(const char *text)
{
    return ov_bytes_of(text, strlen(text));
}

static struct ov_record plain(enum ov_record_kind kind)
{
    return (struct ov_record){
        .kind = kind, .text = ov_bytes_of(NULL, 0), .name = ov_bytes_of(NULL, 0)
    };
}

/* Lays an ordinary database of three rules out at descriptor `output`. */
static size_t write_database(int output)
{
    struct ov_db_writer writer;
    size_t size;
    uint8_t *to;

    ov_db_writer_init(&writer, 1u << 20);
    ov_buf_put_zeros(&writer.sections[OV_DB_RULES], 3 * 80);
    writer.counts[OV_DB_RULES] = 3;
    size = (size_t)ov_db_writer_size(&writer);
    to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, output, 0);
    if (to == MAP_FAILED || ov_db_writer_finish(&writer, to, size, NULL) != OVERT_OK) {
        _exit(9);
    }
    return size;
}

static void send_diag(int channel, uint32_t seq, const struct fake_request *r, uint32_t severity)
{
    struct ov_record diag = plain(OV_RECORD_DIAG);

    diag.reason = severity;
    diag.object = 4;
    diag.rule = 7;
    diag.text = text_of("what is wrong");
    diag.name = text_of(r->name);
    fake_record(channel, seq, diag);
}

/* What a source is to do to its compiler stands in its name. */
static void obey_source(int channel, const struct fake_request *r)
{
    struct ov_record failed = plain(OV_RECORD_FAILED);

    if (strstr(r->name, "error") != NULL) {
        send_diag(channel, r->seq, r, 2);
    }
    if (strstr(r->name, "warning") != NULL) {
        send_diag(channel, r->seq, r, 1);
    }
    if (strstr(r->name, "die") != NULL) {
        (void)kill(getpid(), SIGKILL);
        (void)pause();
    }
    if (strstr(r->name, "leave") != NULL) {
        _exit(3);
    }
    if (strstr(r->name, "lie") != NULL) {
        fake_record(channel, r->seq, plain(OV_RECORD_HIT));
    }
    if (strstr(r->name, "other") != NULL) {
        fake_record(channel, r->seq + 9, plain(OV_RECORD_END));
    }
    if (strstr(r->name, "junk") != NULL) {
        fake_send(channel, "junk", 4);
    }
    for (int i = 0; strstr(r->name, "flood") != NULL && i < 1000000; i++) {
        send_diag(channel, r->seq, r, 1);
    }
    if (strstr(r->name, "refuse") != NULL) {
        failed.text = text_of("no memory left in the compiler");
        fake_record(channel, r->seq, failed);
        return;
    }
    fake_record(channel, r->seq, plain(OV_RECORD_END));
}

static void honest(int channel, unsigned number, int database)
{
    char first[256] = "";
    uint32_t errors = 0;

    (void)number;
    for (;;) {
        struct ov_record compiled = plain(OV_RECORD_COMPILED);
        struct fake_request r;

        fake_receive(channel, &r);
        switch (ov_le32_get(r.head.kind)) {
        case OV_REQUEST_SOURCE:
            if (first[0] == '\0') {
                memcpy(first, r.name, sizeof(first));
            }
            errors += strstr(r.name, "error") != NULL;
            obey_source(channel, &r);
            break;
        case OV_REQUEST_FINISH:
            compiled.offset = write_database(database);
            compiled.rule = 3;
            compiled.parent = errors;
            if (strstr(first, "huge") != NULL) {
                compiled.offset = UINT64_MAX;
            }
            if (strstr(first, "empty") != NULL) {
                compiled.offset = 0;
            }
            if (strstr(first, "half") != NULL) {
                compiled.offset /= 2;
            }
            if (strstr(first, "silent") == NULL) {
                fake_record(channel, r.seq, compiled);
            }
            if (strstr(first, "twice") != NULL) {
                fake_record(channel, r.seq, compiled);
            }
            fake_record(channel, r.seq, plain(OV_RECORD_END));
            break;
        default: { /* VERIFY */
            struct ov_record failed = plain(OV_RECORD_FAILED);

            failed.text = text_of("an offset is outside its section");
            fake_record(channel, r.seq, r.size == 0 ? plain(OV_RECORD_END) : failed);
            break;
        }
        }
        (void)close(r.fd);
    }
}

struct heard {
    size_t errors, warnings;
    overt_error last;
};

static void on_diag(void *payload, const overt_error *diag, int is_warning)
{
    struct heard *heard = payload;

    heard->errors += !is_warning;
    heard->warnings += is_warning != 0;
    heard->last = *diag;
}

static overt_status compile(
        const char *name, int keep_good, overt_db **db, struct heard *heard, overt_error *err)
{
    overt_compiler *c = NULL;
    overt_status status;

    memset(&fake, 0, sizeof(fake));
    memset(heard, 0, sizeof(*heard));
    fake.part = honest;
    status = overt_compiler_new(&c, err);
    if (status != OVERT_OK) {
        return status;
    }
    overt_compiler_on_diag(c, on_diag, heard);
    status = overt_compiler_add(c, OVERT_YARA, name, "text", 4, err);
    if (status == OVERT_OK) {
        status = overt_compiler_add(c, OVERT_HASHLIST, "second", "", 0, err);
    }
    if (status == OVERT_OK) {
        status = overt_compiler_finish(c, keep_good, db, err);
    }
    overt_compiler_free(c);
    return status;
}

TEST(what_compiles_is_opened_and_sealed)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    struct heard heard;
    char path[] = "/tmp/overt-compiler-test.XXXXXX";
    overt_db *again = NULL;
    int fd;

    CHECK_UINT(compile("good", 0, &db, &heard, &err), OVERT_OK);
    CHECK_UINT(overt_db_rule_count(db), 3);
    CHECK_UINT(overt_db_hash_count(db), 0);
    CHECK_UINT(fake.open_now, 0);
    CHECK_UINT(fake.last_spec.profile, OV_JAIL_COMPILE);
    fd = mkstemp(path);
    CHECK(fd >= 0);
    CHECK_UINT(overt_db_write(db, fd, &err), OVERT_OK);
    (void)close(fd);
    CHECK_UINT(overt_db_open(&again, path, &err), OVERT_OK);
    CHECK_UINT(overt_db_bytes(again), overt_db_bytes(db));
    overt_db_free(again);
    overt_db_free(db);
    CHECK(truncate(path, 100) == 0);
    CHECK_UINT(overt_db_open(&again, path, &err), OVERT_E_CORRUPT);
    CHECK_STR(err.source, path);
    (void)unlink(path);
}

TEST(errors_are_told_where_they_are_and_stop_the_whole)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    struct heard heard;

    CHECK_UINT(compile("error warning", 0, &db, &heard, &err), OVERT_E_SYNTAX);
    CHECK(db == NULL);
    CHECK_UINT(heard.errors, 1);
    CHECK_UINT(heard.warnings, 1);
    CHECK_UINT(heard.last.line, 4);
    CHECK_UINT(heard.last.column, 7);
    CHECK_STR(heard.last.source, "error warning");
    CHECK_STR(err.message, "what is wrong");
    CHECK_UINT(err.line, 4);
}

TEST(keep_good_keeps_the_good_rules)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    struct heard heard;

    CHECK_UINT(compile("error", 1, &db, &heard, &err), OVERT_OK);
    CHECK_UINT(heard.errors, 1);
    overt_db_free(db);
    CHECK_UINT(compile("warning", 0, &db, &heard, &err), OVERT_OK);
    overt_db_free(db);
}

TEST(a_compiler_that_misbehaves_gives_no_database)
{
    static const struct {
        const char *name;
        overt_status status;
    } cases[] = {
        { "die", OVERT_E_SANDBOX },
        { "leave", OVERT_E_SANDBOX },
        { "lie", OVERT_E_SANDBOX },
        { "other", OVERT_E_SANDBOX },
        { "junk", OVERT_E_SANDBOX },
        { "flood", OVERT_E_SANDBOX },
        { "huge", OVERT_E_SANDBOX },
        { "silent", OVERT_E_SANDBOX },
        { "twice", OVERT_E_SANDBOX },
        { "empty", OVERT_E_CORRUPT },
        { "half", OVERT_E_CORRUPT },
        { "refuse", OVERT_E_LIMIT },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        overt_error err = OVERT_ERROR_INIT;
        overt_db *db = NULL;
        struct heard heard;

        printf("# %s\n", cases[i].name);
        CHECK_UINT(compile(cases[i].name, 0, &db, &heard, &err), cases[i].status);
        CHECK(db == NULL);
        CHECK(err.message[0] != '\0');
        CHECK_UINT(fake.open_now, 0);
    }
}

TEST(a_refusal_names_the_source_and_the_reason)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    struct heard heard;

    CHECK_UINT(compile("refuse", 0, &db, &heard, &err), OVERT_E_LIMIT);
    CHECK_STR(err.source, "refuse");
    CHECK_STR(err.message, "no memory left in the compiler");
}

TEST(long_names_keep_their_end)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    struct heard heard;
    char name[201];

    memset(name, 'x', sizeof(name) - 1);
    memcpy(name + 190, "error.yar", 10);
    CHECK_UINT(compile(name, 0, &db, &heard, &err), OVERT_E_SYNTAX);
    CHECK_UINT(strlen(heard.last.source), 103);
    CHECK(memcmp(heard.last.source, "...", 3) == 0);
    CHECK_STR(heard.last.source + 103 - 9, "error.yar");
}

TEST(sources_that_cannot_be_handed_on_are_refused)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_compiler *c = NULL;
    char *name = calloc(1, 5000);
    int pipes[2];

    CHECK_UINT(overt_compiler_new(&c, &err), OVERT_OK);
    memset(name, 'x', 4999);
    CHECK_UINT(overt_compiler_add(c, OVERT_YARA, name, "", 0, &err), OVERT_E_LIMIT);
    CHECK_UINT(overt_compiler_add(c, (overt_dialect)9, "a", "", 0, &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_compiler_add(c, OVERT_YARA, "a", NULL, 5, &err), OVERT_E_ARGUMENT);
    CHECK(pipe2(pipes, O_CLOEXEC) == 0);
    CHECK_UINT(overt_compiler_add_fd(c, OVERT_YARA, "a", pipes[0], &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_compiler_add_fd(c, OVERT_YARA, "a", -1, &err), OVERT_E_IO);
    CHECK_UINT(overt_compiler_accept_weaker(c, "walls", &err), OVERT_E_ARGUMENT);
    CHECK_UINT(overt_compiler_accept_weaker(c, "seccomp", &err), OVERT_OK);
    CHECK_STR(overt_compiler_layers(c), "");
    (void)close(pipes[0]);
    (void)close(pipes[1]);
    overt_compiler_free(c);
    overt_compiler_free(NULL);
    free(name);
}

TEST(verifying_asks_the_jail)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_db *db = NULL;
    struct heard heard;

    CHECK_UINT(compile("good", 0, &db, &heard, &err), OVERT_OK);
    CHECK_UINT(overt_db_verify(db, &err), OVERT_E_CORRUPT);
    CHECK_STR(err.message, "an offset is outside its section");
    overt_db_free(db);
}

TESTS(T(what_compiles_is_opened_and_sealed), T(errors_are_told_where_they_are_and_stop_the_whole),
        T(keep_good_keeps_the_good_rules), T(a_compiler_that_misbehaves_gives_no_database),
        T(a_refusal_names_the_source_and_the_reason), T(long_names_keep_their_end),
        T(sources_that_cannot_be_handed_on_are_refused), T(verifying_asks_the_jail));
