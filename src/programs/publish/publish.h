/* SPDX-License-Identifier: Apache-2.0 */
/* publish.h - the parts of overt-publish: a log as a folder. docs/formats/updates.md has the bytes.
 *
 *   FOLDER/log.key       the log's private key
 *   FOLDER/policy        the witnesses it asks, the release keys it holds entries to
 *   FOLDER/pending/      entries that are not in the log yet, and signatures for them
 *   FOLDER/state         size and root of the last tree that was signed
 *   FOLDER/signed        that checkpoint; witnesses are asked for it
 *   FOLDER/public/       what a web server serves: checkpoint, packs, pack/, tile/
 */
#ifndef OV_PROGRAMS_PUBLISH_PUBLISH_H
#define OV_PROGRAMS_PUBLISH_PUBLISH_H

#include "base/file.h"
#include "trust/settings.h"
#include "trust/sign.h"
#include "trust/tree.h"

#define EXIT_DONE    0
#define EXIT_WAITING 1 /* not enough signatures or witnesses yet */
#define EXIT_ERROR   2

/* One line on standard error, escaped. Returns EXIT_ERROR. */
int complain(const char *path, const overt_error *err);
int complain_text(const char *about, const char *text);

/* keys.c: private keys as Go's note package writes them. */
struct private_key {
    struct ov_buf text;
    struct ov_signer signer; /* borrows from text */
};
bool key_load(const char *path, struct private_key *out);
void key_done(struct private_key *key);
int cmd_key(int argc, char **argv);  /* key new NAME FILE [--witness] */
int cmd_sign(int argc, char **argv); /* sign --key FILE ENTRY... */

/* folder.c: the log as it is. */
struct log {
    char path[3000];
    int fd; /* of the folder; -1: none */
    struct private_key key;
    struct ov_buf policy_text;
    struct ov_policy policy;
    struct ov_settings settings;
    struct ov_digest *sha;
    uint64_t size; /* of what was signed last */
    struct ov_hash root;
    struct ov_hash *leaves; /* owned; of `size` entries, and room for more */
    size_t leaf_cap;
    uint64_t pending_next; /* the number of the next pending entry; 0: nobody has looked yet */
};
bool log_open(const char *path, struct log *log); /* false: it was said why */
void log_close(struct log *log);
bool log_add_leaf(struct log *log, struct ov_bytes entry); /* one more: size grows, root not yet */
bool log_read_entry(struct log *log, uint64_t index, struct ov_buf *out);
int cmd_init(int argc, char **argv);

/* tiles.c */
bool tiles_load(struct log *log);
/* Writes every tile that differs between the sizes; `entries` are those from old_size on. */
bool tiles_write(struct log *log, uint64_t old_size, const struct ov_bytes *entries);

/* canon.c: one rule's text in the one form that a log holds. False: *why says why not. */
bool canon_rule(struct ov_bytes source, struct ov_buf *out, const char **why);

/* add.c: what goes in, file by file. */
struct adding {
    struct log *log;
    const char *path; /* of the file being read */
    uint64_t not_before;
    bool warns;            /* what the compiler passes over is told too */
    struct ov_buf samples; /* lines for every rule of this run */
    struct ov_buf imports; /* the lines `import "x"` of the file being read */
    uint64_t added, refused;
};
bool ends_in(const char *path, const char *suffix);
bool add_file(struct adding *a, const char *path);
/* Lines with digests, as many to an entry as fit. */
bool add_hashes(struct adding *a, enum ov_rule_language language, struct ov_bytes text);
/* Compiles a->path's text in the jail; the compiler's complaints are told. */
overt_status add_compile(struct adding *a, overt_dialect dialect, struct ov_bytes text,
        overt_db **db, overt_error *err);
bool add_refuse(struct adding *a, const overt_rule *rule, const char *why); /* false */
int cmd_add(int argc, char **argv);
int cmd_entry(int argc, char **argv); /* revoke, suppress, keyset, statement, binary */
bool pending_put(struct log *log, const struct ov_entry *entry);

/* import.c: other people's collections. */
int cmd_import(int argc, char **argv);

/* release.c: pending entries into the tree, witnesses, packs. */
int cmd_publish(int argc, char **argv);

/* cosign.c: what witnesses say to a checkpoint. Appends their lines; how many answered. */
uint32_t cosign(struct log *log, struct ov_bytes signed_note, struct ov_buf *lines);

#endif
