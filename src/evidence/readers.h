/* SPDX-License-Identifier: Apache-2.0 */
/* readers.h - one reader a format, each over bytes in memory. Whatever they cannot make sense of
 * they tell as a gap; none of them recurses. Not for other rooms (tests and fuzzers excepted). */
#ifndef OV_EVIDENCE_READERS_H
#define OV_EVIDENCE_READERS_H

#include "evidence/tell.h"

void ov_read_dpkg(struct ov_evidence *e, struct ov_bytes bytes);         /* packages.c */
void ov_read_dpkg_control(struct ov_evidence *e, struct ov_bytes bytes); /* packages.c */
void ov_read_alpine(struct ov_evidence *e, struct ov_bytes bytes);       /* packages.c */
void ov_read_pacman(struct ov_evidence *e, struct ov_bytes bytes);       /* packages.c */
void ov_read_android(struct ov_evidence *e, struct ov_bytes bytes);      /* packages.c */
void ov_read_users(struct ov_evidence *e, struct ov_bytes bytes);        /* packages.c */
void ov_read_rpm_header(struct ov_evidence *e, struct ov_bytes bytes);   /* rpm.c */
void ov_read_rpmdb(struct ov_evidence *e, struct ov_bytes bytes);        /* rpmdb.c */
void ov_read_database(struct ov_evidence *e, struct ov_bytes bytes);     /* databases.c */
void ov_read_hive(struct ov_evidence *e, struct ov_bytes bytes);         /* registry.c */
void ov_read_msi(struct ov_evidence *e, struct ov_bytes bytes);          /* msi.c */
void ov_read_plist(struct ov_evidence *e, struct ov_bytes bytes);        /* plist.c */
void ov_read_manifest(struct ov_evidence *e, struct ov_bytes bytes);     /* android.c */
void ov_read_program(struct ov_evidence *e, struct ov_bytes bytes);      /* program.c */
void ov_read_certificates(struct ov_evidence *e, struct ov_bytes bytes); /* certificates.c */
void ov_read_text(struct ov_evidence *e, struct ov_bytes bytes);         /* words.c */
void ov_read_addons(struct ov_evidence *e, struct ov_bytes bytes);       /* json.c */
void ov_read_image(struct ov_evidence *e, struct ov_bytes bytes);        /* json.c */
void ov_read_macho(struct ov_evidence *e, struct ov_bytes bytes);        /* macho.c */

/* Who signed an Android package as a whole (since Android 7). android.c */
void ov_tell_apk_signers(struct ov_evidence *e, struct ov_source *source);

/* A file's SHA-256, where one of the questions is one. digest.c */
void ov_tell_digest(struct ov_evidence *e, struct ov_source *source);

/* Every DER certificate in these bytes, told as `kind`. */
void ov_tell_certificates(struct ov_evidence *e, struct ov_bytes bytes, enum ov_trace_kind kind);

/* True: a format that holds a whole file system, or is encrypted, and is not looked into; told. */
bool ov_tell_volume(struct ov_evidence *e, struct ov_source *source); /* volume.c */
/* The same of a file whose name says that it is a VeraCrypt volume: its bytes say nothing at all. */
bool ov_tell_sealed(struct ov_evidence *e, struct ov_source *source); /* volume.c */

#endif
