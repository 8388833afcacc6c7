/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-witness: cosigns that a log only ever grew. It holds one key, remembers the last
 * tree of each log, and vouches for nothing else. Nobody who talks to it is trusted. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/witness/monitor.h"
#include "programs/witness/witness.h"

static const char usage[] =
        "usage: overt-witness serve --key FILE --state FILE --log VKEY... --listen ADDR:PORT\n"
        "       overt-witness once --key FILE --state FILE --log VKEY... FOLDER\n"
        "       overt-witness monitor --log VKEY --state FILE [--policy FILE]\n"
        "                     [--witness URL]... [--every SECONDS] URL|FOLDER\n"
        "\n"
        "Cosigns checkpoints of the logs it is told to watch (c2sp.org/tlog-witness):\n"
        "serve: over HTTP, meant for loopback behind a proxy; once: of a log's public\n"
        "folder, every entry of which it reads, for a cron job.\n"
        "\n"
        "monitor has no key: it reads everything that a log publishes, says what is new,\n"
        "and whether the log still is the one that was seen, and the one that witnesses\n"
        "saw. With --every it goes on until something is wrong.\n"
        "\n"
        "Exit: 0 done, 1 not cosigned, or (monitor) something is wrong, 2 an error.\n";

void complain(const char *about, const char *text)
{
    struct ov_buf out;

    ov_buf_init(&out, 8192);
    ov_buf_put_text(&out, "overt-witness: ");
    ov_text_escape(&out, ov_bytes_of(about, strlen(about)));
    ov_buf_put_text(&out, ": ");
    ov_text_escape(&out, ov_bytes_of(text, strlen(text)));
    ov_buf_put_u8(&out, '\n');
    (void)fwrite(
            ov_bytes_raw(ov_buf_bytes(&out)), 1, (size_t)ov_bytes_len(ov_buf_bytes(&out)), stderr);
    ov_buf_done(&out);
}

/* Decides, remembers, and only then signs for anyone to see. */
static unsigned consider(
        struct witness *w, struct ov_submission *s, struct ov_buf *answer, overt_error *err)
{
    const struct ov_witness_ask ask = {
        .logs = w->logs, .log_count = w->log_count, .last = state_last, .payload = w
    };
    struct ov_witnessed last = { .size = 0 };
    struct ov_buf line;
    bool lost = false;
    unsigned status = ov_witness_decide(&ask, s, w->sha, &last, err);

    if (status == 409) {
        ov_buf_printf(answer, "%" PRIu64 "\n", last.size);
        return status;
    }
    if (status != 200) {
        return status;
    }
    ov_buf_init(&line, 4096);
    if (ov_sign_note(&line, s->note.text, &w->signer, (uint64_t)time(NULL), err) != OVERT_OK) {
        status = 500;
    } else if (!state_advance(w, s, &last, ov_buf_bytes(&line), &lost)) {
        status = lost ? 409 : 500;
        if (lost && state_last(w, s->checkpoint.origin, &last)) {
            ov_buf_printf(answer, "%" PRIu64 "\n", last.size);
        } else {
            (void)ov_fail(err, OVERT_E_IO, UINT64_MAX, "the state could not be written");
        }
    } else {
        ov_buf_put(answer, ov_bytes_raw(ov_buf_bytes(&line)),
                (size_t)ov_bytes_len(ov_buf_bytes(&line)));
    }
    ov_buf_done(&line);
    return status;
}

unsigned add_checkpoint(struct witness *w, struct ov_bytes body, struct ov_buf *answer)
{
    struct ov_submission *s = calloc(1, sizeof(*s));
    overt_error err = OVERT_ERROR_INIT;
    unsigned status = 500;

    if (s != NULL) {
        status = ov_submission_read(body, s, &err) ? consider(w, s, answer, &err) : 400;
    }
    if (status != 200 && status != 409) {
        ov_buf_printf(answer, "%s\n", s == NULL ? "no memory" : err.message);
    }
    free(s);
    return status;
}

static bool load_key(struct witness *w, const char *path)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    ov_buf_init(&w->key_text, 4096);
    status = ov_file_read(AT_FDCWD, path, 2048, &w->key_text, &err);
    if (status == OVERT_OK) {
        status = ov_signer_read(ov_buf_bytes(&w->key_text), &w->signer, &err);
    }
    if (status == OVERT_OK && w->signer.key.algorithm != OV_KEY_COSIGNATURE_V1) {
        status = ov_fail(&err, OVERT_E_SYNTAX, UINT64_MAX,
                "not a witness's key (overt-publish key new NAME FILE --witness)");
    }
    if (status != OVERT_OK) {
        complain(path, err.message);
    }
    return status == OVERT_OK;
}

static bool add_log(struct witness *w, const char *vkey)
{
    overt_error err = OVERT_ERROR_INIT;

    if (w->log_count == LOGS_MAX
            || ov_key_read(ov_bytes_of(vkey, strlen(vkey)), &w->logs[w->log_count], &err)
                       != OVERT_OK
            || w->logs[w->log_count].algorithm != OV_KEY_ED25519) {
        complain(vkey, err.message[0] != '\0' ? err.message : "not a log's key, or too many");
        return false;
    }
    w->log_count++;
    return true;
}

static int run(struct witness *w, int argc, char **argv)
{
    const char *key = NULL, *state = NULL, *address = NULL, *folder = NULL;
    const bool serving = argc >= 2 && strcmp(argv[1], "serve") == 0;

    for (int i = 2; i < argc; i++) {
        const bool takes = strncmp(argv[i], "--", 2) == 0 && i + 1 < argc;

        if (takes && strcmp(argv[i], "--key") == 0) {
            key = argv[++i];
        } else if (takes && strcmp(argv[i], "--state") == 0) {
            state = argv[++i];
        } else if (takes && strcmp(argv[i], "--listen") == 0) {
            address = argv[++i];
        } else if (takes && strcmp(argv[i], "--log") == 0) {
            if (!add_log(w, argv[++i])) {
                return 2;
            }
        } else if (argv[i][0] != '-' && folder == NULL) {
            folder = argv[i];
        } else {
            complain(argv[i], "not understood");
            return 2;
        }
    }
    if ((!serving && (argc < 2 || strcmp(argv[1], "once") != 0)) || key == NULL || state == NULL
            || w->log_count == 0 || (serving ? address == NULL : folder == NULL)) {
        (void)fputs(usage, stderr);
        return 2;
    }
    w->sha = ov_digest_new(OV_DIGEST_SHA256);
    if (w->sha == NULL || !load_key(w, key) || !state_open(w, state)) {
        return 2;
    }
    return serving ? serve(w, address) : once(w, folder);
}

int main(int argc, char **argv)
{
    struct witness *w = calloc(1, sizeof(*w));
    int code;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            (void)fputs(usage, stdout);
            free(w);
            return 0;
        }
    }
    if (w == NULL) {
        complain("start", "no memory");
        return 2;
    }
    if (argc >= 2 && strcmp(argv[1], "monitor") == 0) {
        free(w); /* no key is loaded */
        return monitor(argc - 1, argv + 1);
    }
    code = run(w, argc, argv);
    (void)sqlite3_close(w->state);
    ov_digest_free(w->sha);
    explicit_bzero(w->signer.seed, sizeof(w->signer.seed));
    ov_buf_done(&w->key_text);
    free(w);
    return code;
}
