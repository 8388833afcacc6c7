/* SPDX-License-Identifier: Apache-2.0 */
/* ledger.c - `overt ledger show|verify|checkpoint|prove`: what this machine did, and that the record
 * of it is whole. Every verb verifies the ledger first. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/ledgers.h"
#include "programs/overt/out.h"
#include "programs/overt/update.h"
#include "trust/line.h"
#include "trust/proof.h"
#include "trust/prove.h"
#include "trust/sign.h"

static const char usage[] =
        "usage: overt ledger show|verify [--ledger FOLDER]\n"
        "       overt ledger checkpoint --key FILE [--ledger FOLDER]\n"
        "       overt ledger prove NUMBER --key FILE [--ledger FOLDER]\n"
        "       overt ledger begin [--ledger FOLDER]\n"
        "\n"
        "  show        every record\n"
        "  verify      that no record was changed, dropped, added or moved\n"
        "  checkpoint  size and root, signed, for anybody's witness to cosign\n"
        "  prove       an offline proof of one record (c2sp.org/tlog-proof@v1)\n"
        "  begin       makes the folder; from then on scans are recorded\n"
        "\n"
        "      --ledger FOLDER        default: /var/lib/overt/ledger for root, else\n"
        "                             overt/ledger in the XDG state folder\n"
        "      --key FILE             a private key (overt-publish key new)\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0, 1 the ledger is not what was written, 2 an error.\n";

struct command {
    const char *folder, *key, *number;
    char place[4096];
    struct ov_ledger_files files;
    struct ov_buf key_text;
    struct ov_out out;
};

static int show(struct command *c)
{
    struct ov_bytes rest = ov_buf_bytes(&c->files.records);
    struct ov_ledger_record record;
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    for (uint64_t i = 0; i < c->files.tree.size && ov_ledger_next(&rest, i, &record, &status, &err);
            i++) {
        ov_buf_printf(&c->out.buf, "%" PRIu64 " ", record.number);
        ov_put_time(&c->out.buf, record.time);
        ov_buf_printf(&c->out.buf, " %s\n", ov_ledger_kind_name(record.kind));
        ov_text_escape_source(&c->out.buf, record.text);
        ov_out_spill(&c->out);
    }
    return OV_EXIT_CLEAN;
}

static int verify(struct command *c)
{
    ov_buf_printf(&c->out.buf, "whole: %" PRIu64 " records\n", c->files.tree.size);
    return OV_EXIT_CLEAN;
}

/* Appends the signed checkpoint. */
static bool put_checkpoint(struct command *c, struct ov_digest *sha)
{
    struct ov_checkpoint checkpoint = { .size = c->files.tree.size };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_signer signer;
    struct ov_buf text;
    overt_status status;

    if (c->key == NULL) {
        ov_complain("ledger", "a checkpoint is signed: --key FILE is missing");
        return false;
    }
    ov_buf_init(&text, 4096);
    status = ov_file_read(AT_FDCWD, c->key, 2048, &c->key_text, &err);
    if (status == OVERT_OK) {
        status = ov_signer_read(ov_buf_bytes(&c->key_text), &signer, &err);
    }
    if (status == OVERT_OK) {
        checkpoint.origin = signer.key.name;
        ov_tree_root(sha, &c->files.tree, &checkpoint.root);
        ov_checkpoint_put(&text, &checkpoint);
        ov_note_put_text(&c->out.buf, ov_buf_bytes(&text));
        status = ov_sign_note(&c->out.buf, ov_buf_bytes(&text), &signer, 0, &err);
        explicit_bzero(signer.seed, sizeof(signer.seed));
    }
    ov_buf_done(&text);
    if (status != OVERT_OK) {
        ov_complain_error("ledger", &err);
    }
    return status == OVERT_OK;
}

static bool put_proof_head(struct command *c, struct ov_digest *sha)
{
    const uint64_t size = c->files.tree.size;
    struct ov_hash *leaves = calloc(size == 0 ? 1 : (size_t)size, sizeof(*leaves));
    struct ov_proof *proof = calloc(1, sizeof(*proof));
    const char *why = leaves == NULL || proof == NULL ? "no memory" : NULL;
    struct ov_tree_path path;

    if (why == NULL) {
        why = ov_decimal_read(ov_bytes_of(c->number, strlen(c->number)), &proof->index);
    }
    if (why == NULL && proof->index >= size) {
        why = "there is no such record";
    }
    if (why == NULL) {
        memcpy(leaves, ov_bytes_raw(ov_buf_bytes(&c->files.leaves)),
                (size_t)size * sizeof(*leaves));
        ov_tree_prove_inclusion(sha, leaves, size, proof->index, &path);
        proof->extra = ov_bytes_of(NULL, 0);
        proof->path_count = path.count;
        memcpy(proof->path, path.hashes, sizeof(proof->path));
        ov_proof_put_head(&c->out.buf, proof);
    } else {
        ov_complain("ledger", "%s", why);
    }
    free(leaves);
    free(proof);
    return why == NULL;
}

static int sign_verb(struct command *c, bool prove)
{
    struct ov_digest *sha = ov_digest_new(OV_DIGEST_SHA256);
    const bool good = sha != NULL && (!prove || put_proof_head(c, sha)) && put_checkpoint(c, sha);

    ov_digest_free(sha);
    if (!good) {
        ov_buf_clear(&c->out.buf);
    }
    return good ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
}

static int begin(const struct command *c)
{
    overt_error err = OVERT_ERROR_INIT;

    if (ov_folder_make(AT_FDCWD, c->folder, 0700, &err) != OVERT_OK) {
        ov_complain_error("ledger", &err);
        return OV_EXIT_ERROR;
    }
    return OV_EXIT_CLEAN;
}

static int run(struct command *c, const char *verb)
{
    const bool proving = strcmp(verb, "prove") == 0;
    int code;

    if (proving != (c->number != NULL)) {
        ov_complain("ledger",
                proving ? "prove: the number of a record is missing" : "one word too many");
        return OV_EXIT_ERROR;
    }
    if (strcmp(verb, "begin") == 0) {
        return begin(c);
    }
    code = ov_ledger_open("ledger", c->folder, &c->files);
    if (code != OV_EXIT_CLEAN) {
        return code;
    }
    if (strcmp(verb, "show") == 0) {
        return show(c);
    }
    if (strcmp(verb, "verify") == 0) {
        return verify(c);
    }
    if (proving || strcmp(verb, "checkpoint") == 0) {
        return sign_verb(c, proving);
    }
    ov_complain("ledger", "'%s' is none of show, verify, checkpoint, prove, begin", verb);
    return OV_EXIT_ERROR;
}

int cmd_ledger(int argc, char **argv)
{
    struct command c = { .folder = NULL };
    const char *verb = NULL;
    int code = OV_EXIT_ERROR;

    ov_out_init(&c.out, STDOUT_FILENO);
    ov_buf_init(&c.key_text, 4096);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            return fputs(usage, stdout) >= 0 ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
        }
        if (strcmp(argv[i], "--ledger") == 0 && i + 1 < argc) {
            c.folder = argv[++i];
        } else if (strcmp(argv[i], "--key") == 0 && i + 1 < argc) {
            c.key = argv[++i];
        } else if (argv[i][0] != '-' && verb == NULL) {
            verb = argv[i];
        } else if (argv[i][0] != '-' && c.number == NULL) {
            c.number = argv[i];
        } else {
            ov_complain("ledger", "'%s' is not understood", argv[i]);
            return OV_EXIT_ERROR;
        }
    }
    if (c.folder == NULL && ov_ledger_place(c.place, sizeof(c.place))) {
        c.folder = c.place;
    }
    if (verb == NULL || c.folder == NULL) {
        (void)fputs(usage, stderr);
    } else {
        code = run(&c, verb);
    }
    if (!ov_out_finish(&c.out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&c.out);
    ov_ledger_done(&c.files);
    ov_buf_done(&c.key_text);
    return code;
}
