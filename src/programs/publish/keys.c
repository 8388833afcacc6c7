/* SPDX-License-Identifier: Apache-2.0 */
/* keys.c - private keys, and what they sign. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "programs/publish/publish.h"
#include "trust/line.h"

void key_done(struct private_key *key)
{
    ov_buf_done(&key->text);
    explicit_bzero(key->signer.seed, sizeof(key->signer.seed));
}

bool key_load(const char *path, struct private_key *out)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_status status;

    ov_buf_init(&out->text, 4096);
    status = ov_file_read(AT_FDCWD, path, 2048, &out->text, &err);
    if (status == OVERT_OK) {
        status = ov_signer_read(ov_buf_bytes(&out->text), &out->signer, &err);
    }
    return status == OVERT_OK || complain(path, &err) == EXIT_DONE;
}

/* NAME FILE: the private key goes into FILE, which must not exist, the public one to stdout. */
int cmd_key(int argc, char **argv)
{
    overt_error err = OVERT_ERROR_INIT;
    bool witness = false;
    const char *words[2] = { NULL, NULL };
    size_t count = 0;
    struct ov_signer signer;
    struct ov_buf out;
    uint8_t seed[OV_SEED_BYTES];
    auto_fd int fd = -1;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--witness") == 0) {
            witness = true;
        } else if (count < 2) {
            words[count++] = argv[i];
        } else {
            count = 3;
        }
    }
    if (argc < 2 || strcmp(argv[1], "new") != 0 || count != 2) {
        return complain_text("key", "usage: overt-publish key new NAME FILE [--witness]");
    }
    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        return complain_text(words[1], "no random bytes");
    }
    if (ov_signer_init(&signer, ov_bytes_of(words[0], strlen(words[0])),
                witness ? OV_KEY_COSIGNATURE_V1 : OV_KEY_ED25519, seed, &err)
            != OVERT_OK) {
        return complain(words[0], &err);
    }
    fd = open(words[1], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ov_buf_init(&out, 4096);
    if (fd < 0 || !ov_signer_put(&out, &signer) || !ov_file_write_all(fd, ov_buf_bytes(&out))
            || fsync(fd) != 0) {
        ov_file_fail(&err, errno, words[1], "the key cannot be written");
        ov_buf_done(&out);
        return complain(words[1], &err);
    }
    ov_buf_clear(&out);
    ov_key_put(&out, &signer.key);
    ov_buf_put_u8(&out, '\n');
    (void)fwrite(
            ov_bytes_raw(ov_buf_bytes(&out)), 1, (size_t)ov_bytes_len(ov_buf_bytes(&out)), stdout);
    ov_buf_done(&out);
    return fflush(stdout) == 0 ? EXIT_DONE : complain_text("stdout", "cannot be written");
}

static bool sign_one(const struct private_key *key, const char *path)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf text, line;
    struct ov_entry entry;
    char name[4096];
    overt_status status;

    ov_buf_init(&text, OV_LOG_ENTRY_BYTES_MAX + 1);
    ov_buf_init(&line, 4096);
    status = ov_file_read(AT_FDCWD, path, OV_LOG_ENTRY_BYTES_MAX, &text, &err);
    if (status == OVERT_OK) { /* nobody signs what no client could read */
        status = ov_entry_read(ov_buf_bytes(&text), &entry, &err);
    }
    if (status == OVERT_OK) {
        status = ov_sign_note(&line, ov_buf_bytes(&text), &key->signer, 0, &err);
    }
    if (status == OVERT_OK) {
        const uint8_t *id = key->signer.key.id;

        if (snprintf(
                    name, sizeof(name), "%s.%02x%02x%02x%02x.sig", path, id[0], id[1], id[2], id[3])
                >= (int)sizeof(name)) {
            status = ov_fail(&err, OVERT_E_ARGUMENT, UINT64_MAX, "its name is too long");
        } else {
            status = ov_file_replace(AT_FDCWD, name, ov_buf_bytes(&line), 0644, &err);
        }
    }
    if (status != OVERT_OK) {
        (void)complain(path, &err);
    }
    ov_buf_done(&text);
    ov_buf_done(&line);
    return status == OVERT_OK;
}

/* --key FILE ENTRY...: a line for each, into ENTRY.KEYID.sig. */
int cmd_sign(int argc, char **argv)
{
    struct private_key key;
    bool good = true;

    if (argc < 4 || strcmp(argv[1], "--key") != 0) {
        return complain_text("sign", "usage: overt-publish sign --key FILE ENTRY...");
    }
    if (!key_load(argv[2], &key)) {
        return EXIT_ERROR;
    }
    for (int i = 3; i < argc; i++) {
        good = sign_one(&key, argv[i]) && good;
    }
    key_done(&key);
    return good ? EXIT_DONE : EXIT_ERROR;
}
