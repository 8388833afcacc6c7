/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - one file, by the reader that was asked for. */
#include <string.h>

#include "base/checked.h"
#include "evidence/hive_log.h"
#include "evidence/inside.h"
#include "evidence/readers.h"

/* An SQLite log of this size has no changes in it. */
#define LOG_HEAD_BYTES 32u

static void tell_unread(struct ov_evidence *e, enum ov_look look, uint64_t bytes)
{
    if (look == OV_LOOK_UNKNOWN) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "a package database of a kind that is not read");
    } else if (bytes > LOG_HEAD_BYTES) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "changes that are not yet in the database");
    }
}

/* --- readers of bytes ----------------------------------------------------------------------- */

void ov_evidence_read_bytes(struct ov_evidence *e, enum ov_look look, struct ov_bytes bytes)
{
    switch (look) {
    case OV_LOOK_DPKG:
        ov_read_dpkg(e, bytes);
        return;
    case OV_LOOK_DPKG_CONTROL:
        ov_read_dpkg_control(e, bytes);
        return;
    case OV_LOOK_MSI:
        ov_read_msi(e, bytes);
        return;
    case OV_LOOK_ALPINE:
        ov_read_alpine(e, bytes);
        return;
    case OV_LOOK_RPM:
        ov_read_rpmdb(e, bytes);
        return;
    case OV_LOOK_PACMAN:
        ov_read_pacman(e, bytes);
        return;
    case OV_LOOK_DATABASE:
        ov_read_database(e, bytes);
        return;
    case OV_LOOK_HIVE:
        ov_read_hive(e, bytes);
        return;
    case OV_LOOK_PLIST:
        ov_read_plist(e, bytes);
        return;
    case OV_LOOK_PROGRAM:
        ov_read_program(e, bytes);
        return;
    case OV_LOOK_CERTIFICATES:
        ov_read_certificates(e, bytes);
        return;
    case OV_LOOK_TEXT:
        ov_read_text(e, bytes);
        return;
    case OV_LOOK_ADDONS:
        ov_read_addons(e, bytes);
        return;
    case OV_LOOK_USERS:
        ov_read_users(e, bytes);
        return;
    case OV_LOOK_ANDROID:
        ov_read_android(e, bytes);
        return;
    case OV_LOOK_IMAGE:
        ov_read_image(e, bytes);
        return;
    case OV_LOOK_CHANGES:
    case OV_LOOK_UNKNOWN:
        tell_unread(e, look, ov_bytes_len(bytes));
        return;
    case OV_LOOK_HIVE_LOGS:
    case OV_LOOK_NONE:
    case OV_LOOK_SEALED:
    case OV_LOOK_KIND:
    case OV_LOOK_APK:
    case OV_LOOK_ARCHIVE:
    case OV_LOOK_DEEP:
        break;
    }
    ov_tell_gap(e, OV_REASON_UNSUPPORTED, "this cannot be read from memory");
}

/* All of a source in memory of its own. NULL: told. Zero bytes are a valid, empty answer. */
static uint8_t *read_whole(struct ov_evidence *e, struct ov_source *source)
{
    uint8_t *bytes;
    size_t size;

    if (source->size > OV_EVIDENCE_FILE_BYTES_MAX || source->size > e->bytes_left) {
        ov_tell_gap(e, OV_REASON_OBJECT_BYTES, "");
        return NULL;
    }
    size = (size_t)source->size;
    bytes = malloc(size + 1);
    if (bytes == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return NULL;
    }
    if (ov_source_read(source, 0, bytes, size) != size) {
        ov_tell_gap(e, OV_REASON_CUT, "");
        free(bytes);
        return NULL;
    }
    e->bytes_left -= source->size;
    return bytes;
}

static void look_at_whole(struct ov_evidence *e, enum ov_look look, struct ov_source *source)
{
    auto_free uint8_t *bytes = read_whole(e, source);

    if (bytes != NULL) {
        ov_evidence_read_bytes(e, look, ov_bytes_of(bytes, (size_t)source->size));
    }
}

/* --- a hive with its logs ------------------------------------------------------------------- */

/* `size` bytes at `at` in memory of their own. NULL: told. */
static uint8_t *read_part(
        struct ov_evidence *e, struct ov_source *source, uint64_t at, uint64_t size)
{
    uint8_t *bytes = NULL;

    if (size > OV_EVIDENCE_FILE_BYTES_MAX || at > source->size || size > source->size - at) {
        ov_tell_gap(e, OV_REASON_CUT, "");
        return NULL;
    }
    bytes = malloc((size_t)size + 1);
    if (bytes == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
    } else if (ov_source_read(source, at, bytes, (size_t)size) != size) {
        ov_tell_gap(e, OV_REASON_CUT, "");
        free(bytes);
        bytes = NULL;
    }
    return bytes;
}

static void look_at_hive_with_logs(struct ov_evidence *e, struct ov_source *source)
{
    struct ov_bytes logs[OV_HIVE_LOGS_MAX];
    uint8_t *parts[OV_HIVE_LOGS_MAX] = { NULL }, *hive = NULL;
    struct ov_hive_bundle head;
    uint64_t at = sizeof(head), hive_bytes = 0;
    bool good = ov_source_read(source, 0, &head, sizeof(head)) == sizeof(head)
                && ov_le32_get(head.magic) == OV_HIVE_BUNDLE_MAGIC;

    if (!good) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "not a hive with its logs");
    }
    for (unsigned i = 0; i < OV_HIVE_LOGS_MAX && good; i++) {
        const uint64_t size = ov_le64_get(head.log_bytes[i]);

        parts[i] = read_part(e, source, at, size);
        good = parts[i] != NULL;
        logs[i] = ov_bytes_of(parts[i], good ? (size_t)size : 0);
        at += good ? size : 0;
    }
    if (good) {
        hive_bytes = ov_le64_get(head.hive_bytes);
        hive = read_part(e, source, at, hive_bytes);
    }
    if (hive != NULL) {
        (void)ov_hive_replay(e, &hive, &hive_bytes, logs, OV_HIVE_LOGS_MAX);
        ov_read_hive(e, ov_bytes_of(hive, (size_t)hive_bytes));
    }
    for (unsigned i = 0; i < OV_HIVE_LOGS_MAX; i++) {
        free(parts[i]);
    }
    free(hive);
}

/* --- one file ------------------------------------------------------------------------------- */

static void look_deep(struct ov_evidence *e, struct ov_source *source)
{
    struct ov_detected detected;

    ov_tell_digest(e, source);
    if (!ov_detect_source(e, source, &detected)
            || (detected.inside_count == 0 && ov_tell_volume(e, source))) {
        return; /* some images are looked into: partitions, HFS */
    }
    if (detected.trouble != OV_REASON_NONE) {
        ov_tell_gap(e, detected.trouble, detected.detail);
    }
    if (detected.type == OV_TYPE_PE || detected.type == OV_TYPE_MACHO) {
        look_at_whole(e, OV_LOOK_PROGRAM, source);
    } else if (detected.type == OV_TYPE_SQLITE) {
        look_at_whole(e, OV_LOOK_CERTIFICATES, source);
    }
    if (detected.inside_count != 0) {
        ov_look_inside_archive(e, source, 1); /* nothing to say if it is one packed file */
    }
}

/* An Android package; Alpine's packages have the same ending and are no zip. */
static void look_at_apk(struct ov_evidence *e, struct ov_source *source)
{
    struct ov_detected detected;

    if (ov_detect_source(e, source, &detected) && detected.type == OV_TYPE_ZIP) {
        ov_look_inside_archive(e, source, 1);
    }
}

void ov_evidence_read(struct ov_evidence *e, enum ov_look look, int fd, uint64_t size)
{
    auto_free uint8_t *window = ov_source_room(OV_SOURCE_WINDOW_BYTES);
    struct ov_source source;

    if (window == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    e->member = 0;
    e->next_member = 1;
    ov_source_on_fd(&source, fd, size, window);
    switch (look) {
    case OV_LOOK_NONE:
        return;
    case OV_LOOK_KIND:
        (void)ov_tell_volume(e, &source);
        return;
    case OV_LOOK_SEALED:
        (void)ov_tell_sealed(e, &source);
        return;
    case OV_LOOK_APK:
        look_at_apk(e, &source);
        return;
    case OV_LOOK_ARCHIVE:
        ov_look_inside_archive(e, &source, 0);
        return;
    case OV_LOOK_DEEP:
        look_deep(e, &source);
        return;
    case OV_LOOK_CHANGES:
    case OV_LOOK_UNKNOWN:
        tell_unread(e, look, size);
        return;
    case OV_LOOK_HIVE_LOGS:
        look_at_hive_with_logs(e, &source);
        return;
    case OV_LOOK_DPKG:
    case OV_LOOK_DPKG_CONTROL:
    case OV_LOOK_MSI:
    case OV_LOOK_ALPINE:
    case OV_LOOK_RPM:
    case OV_LOOK_PACMAN:
    case OV_LOOK_DATABASE:
    case OV_LOOK_HIVE:
    case OV_LOOK_PLIST:
    case OV_LOOK_PROGRAM:
    case OV_LOOK_CERTIFICATES:
    case OV_LOOK_TEXT:
    case OV_LOOK_ADDONS:
    case OV_LOOK_USERS:
    case OV_LOOK_ANDROID:
    case OV_LOOK_IMAGE:
        look_at_whole(e, look, &source);
        return;
    }
}
