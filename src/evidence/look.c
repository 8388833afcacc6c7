/* SPDX-License-Identifier: Apache-2.0 */
/* look.c - one file, by the reader that was asked for; and trees inside archives, where each
 * member's path asks for a reader of its own. Archives are made by attackers: what they unpack to
 * is charged before it is kept, nothing is written anywhere, and nesting ends at a depth. */
#include <fnmatch.h>
#include <string.h>

#include "base/checked.h"
#include "evidence/hive_log.h"
#include "evidence/readers.h"
#include "formats/container.h"

/* Archives inside archives: a layer in an image in a tar. The functions below call each other this
 * deep and no deeper, whatever the bytes. */
#define NEST_MAX 6u

static void look_at_archive(struct ov_evidence *e, struct ov_source *source, uint32_t depth);

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

/* --- members -------------------------------------------------------------------------------- */

/* A member's bytes. NULL: nothing to read, or told. */
static uint8_t *unpack(struct ov_evidence *e, struct ov_container *c, size_t *size)
{
    struct ov_trouble trouble;
    struct ov_piece piece;
    struct ov_buf all;
    enum ov_give give;

    ov_buf_init(&all, OV_EVIDENCE_FILE_BYTES_MAX);
    while ((give = ov_container_read(c, &piece, &trouble)) != OV_GIVE_END) {
        const uint64_t bytes = give == OV_GIVE_PIECE ? ov_bytes_len(piece.bytes) : 0;

        if (give == OV_GIVE_TROUBLE) {
            ov_tell_gap(e, trouble.reason, trouble.detail);
            continue;
        }
        if (piece.zeros > OV_EVIDENCE_FILE_BYTES_MAX
                || ov_bytes_len(ov_buf_bytes(&all)) + piece.zeros + bytes
                           > OV_EVIDENCE_FILE_BYTES_MAX
                || bytes + piece.zeros > e->bytes_left) {
            ov_tell_gap(e, OV_REASON_OBJECT_BYTES, "");
            ov_buf_done(&all);
            return NULL;
        }
        e->bytes_left -= bytes + piece.zeros;
        ov_buf_put_zeros(&all, (size_t)piece.zeros);
        ov_buf_put(&all, ov_bytes_raw(piece.bytes), (size_t)bytes);
    }
    if (!ov_buf_ok(&all)) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        ov_buf_done(&all);
        return NULL;
    }
    return ov_buf_steal(&all, size);
}

/* Passing over a member of a packed stream means unpacking it: that is charged too. */
static bool pass_over(struct ov_evidence *e, struct ov_container *c)
{
    struct ov_trouble trouble;
    struct ov_piece piece;
    enum ov_give give;

    if (ov_container_skips(c)) {
        return true;
    }
    while ((give = ov_container_read(c, &piece, &trouble)) != OV_GIVE_END) {
        const uint64_t bytes = give == OV_GIVE_PIECE ? ov_bytes_len(piece.bytes) : 0;

        if (bytes > e->bytes_left) {
            ov_tell_gap(e, OV_REASON_BYTES, "");
            e->members_left = 0;
            return false;
        }
        e->bytes_left -= bytes;
    }
    return true;
}

/* An image's index and manifests, wherever they lie in the archive. */
static bool is_image_json(const char *path)
{
    return strcmp(path, "index.json") == 0 || strcmp(path, "manifest.json") == 0;
}

static void look_inside(struct ov_evidence *e, const char *path, struct ov_bytes bytes,
        enum ov_look look, uint32_t depth)
{
    struct ov_source source;

    ov_source_on_bytes(&source, bytes);
    if (look == OV_LOOK_KIND) {
        (void)ov_tell_volume(e, &source);
        return;
    }
    if (ov_is_image_layer(path)) {
        if (ov_text_begins(bytes, "{")) {
            ov_read_image(e, bytes); /* a manifest or a configuration: both are blobs, too */
        } else if (depth + 1 < NEST_MAX) {
            look_at_archive(e, &source, depth + 1);
        }
        return;
    }
    if (look == OV_LOOK_APK || look == OV_LOOK_DEEP) {
        struct ov_detected detected;
        struct ov_bytes head = bytes;

        if (ov_bytes_len(bytes) > OV_DETECT_HEAD_BYTES
                && !ov_bytes_slice(bytes, 0, OV_DETECT_HEAD_BYTES, &head)) {
            return;
        }
        ov_detect(&source, head, &detected);
        if (detected.trouble != OV_REASON_NONE) {
            ov_tell_gap(e, detected.trouble, detected.detail);
        }
        if (look == OV_LOOK_DEEP
                && (detected.type == OV_TYPE_PE || detected.type == OV_TYPE_MACHO)) {
            ov_read_program(e, bytes);
        } else if (look == OV_LOOK_DEEP && detected.type == OV_TYPE_SQLITE) {
            ov_read_certificates(e, bytes);
        }
        if (detected.inside_count != 0) {
            if (depth + 1 < NEST_MAX) {
                look_at_archive(e, &source, depth + 1);
            } else {
                ov_tell_gap(e, OV_REASON_DEPTH, "");
            }
        }
        return;
    }
    ov_evidence_read_bytes(e, look, bytes);
}

/* "./a", "/a" -> "a". */
static void clean_path(struct ov_bytes name, char path[OV_NAME_BYTES_MAX + 1])
{
    const uint8_t *raw = ov_bytes_raw(name);
    size_t from = 0, len = (size_t)ov_bytes_len(name);

    for (;;) { /* each turn takes a byte or two off the front */
        if (from < len && raw[from] == '/') {
            from++;
        } else if (from + 1 < len && raw[from] == '.' && raw[from + 1] == '/') {
            from += 2;
        } else {
            break;
        }
    }
    len = len - from <= OV_NAME_BYTES_MAX ? len - from : OV_NAME_BYTES_MAX;
    memcpy(path, raw + from, len);
    path[len] = '\0';
}

static bool is_folder(const char *path)
{
    const size_t len = strlen(path);

    return len > 0 && path[len - 1] == '/';
}

struct place {
    uint32_t parent; /* member that this archive is */
    uint32_t depth;
    bool is_apk;
};

/* An APK's own parts: its manifest, and who signed it. */
static bool look_at_apk_part(struct ov_evidence *e, const char *path, struct ov_bytes bytes)
{
    if (strcmp(path, "AndroidManifest.xml") == 0) {
        const uint32_t member = e->member;

        ov_read_manifest(e, bytes);
        e->member = member;
        return true;
    }
    if (strncmp(path, "META-INF/", 9) == 0
            && (fnmatch("*.RSA", path, 0) == 0 || fnmatch("*.DSA", path, 0) == 0
                    || fnmatch("*.EC", path, 0) == 0)) {
        ov_tell_certificates(e, bytes, OV_TRACE_SIGNER);
        return true;
    }
    return false;
}

static bool wants_apk_part(const char *path)
{
    return strcmp(path, "AndroidManifest.xml") == 0 || strncmp(path, "META-INF/", 9) == 0;
}

static void look_at_member(struct ov_evidence *e, struct ov_container *c, const struct place *place,
        struct ov_bytes name)
{
    static char path[OV_NAME_BYTES_MAX + 1]; /* used up before anything nested is entered */
    enum ov_look look;
    bool wanted, apk_part, layer;
    char own[OV_NAME_BYTES_MAX + 1];

    clean_path(name, path);
    memcpy(own, path, sizeof(own));
    e->member = e->next_member++;
    ov_tell_number(e, OV_TRACE_MEMBER, place->parent << 1 | (is_folder(own) ? 1u : 0u),
            ov_text_lit(own), ov_bytes_of(NULL, 0));
    if (is_folder(own)) {
        return;
    }
    apk_part = place->is_apk && wants_apk_part(own);
    layer = ov_is_image_layer(own) || is_image_json(own);
    look = is_image_json(own) ? OV_LOOK_IMAGE : ov_look_of_path(own, e->deep);
    wanted = apk_part || layer || look != OV_LOOK_NONE;
    if (!wanted) {
        (void)pass_over(e, c);
        return;
    }
    {
        size_t size = 0;
        auto_free uint8_t *bytes = unpack(e, c, &size);

        if (bytes == NULL) {
            return;
        }
        if (!apk_part || !look_at_apk_part(e, own, ov_bytes_of(bytes, size))) {
            look_inside(e, own, ov_bytes_of(bytes, size), look, place->depth);
        }
    }
}

/* Are the first members those of an APK? Its manifest is nearly always the first, and never far. */
static bool is_apk(struct ov_source *source)
{
    uint8_t head[4096];
    const size_t n = ov_source_read(source, 0, head, sizeof(head));
    static const char name[] = "AndroidManifest.xml";

    return memmem(head, n, name, sizeof(name) - 1) != NULL;
}

static void walk_archive(struct ov_evidence *e, struct ov_container *c, const struct place *place)
{
    struct ov_trouble trouble;
    struct ov_member member;
    enum ov_give give;
    unsigned troubles = 0;

    while ((give = ov_container_next(c, &member, &trouble)) != OV_GIVE_END) {
        if (give == OV_GIVE_TROUBLE) {
            e->member = place->parent;
            if (++troubles <= OV_TROUBLES_MAX) {
                ov_tell_gap(e, trouble.reason, trouble.detail);
            }
            continue;
        }
        if (e->members_left == 0 || e->next_member == 0) {
            e->member = place->parent;
            ov_tell_gap(e, OV_REASON_OBJECTS, "");
            return;
        }
        e->members_left--;
        look_at_member(e, c, place, member.name);
    }
    e->member = place->parent;
}

/* What a packed stream begins with, when it is an archive that can be read from front to back. */
static enum ov_type inside_stream(
        struct ov_evidence *e, const struct ov_input *input, enum ov_type stream)
{
    struct ov_container *c = NULL;
    struct ov_detected detected = { .type = OV_TYPE_DATA };
    struct ov_source head_source;
    struct ov_trouble trouble;
    struct ov_member member;
    struct ov_piece piece;
    struct ov_buf head;

    if (!ov_container_open(&c, stream, input)) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return OV_TYPE_DATA;
    }
    ov_buf_init(&head, OV_MIB);
    if (ov_container_next(c, &member, &trouble) == OV_GIVE_PIECE) {
        while (ov_bytes_len(ov_buf_bytes(&head)) < OV_DETECT_HEAD_BYTES
                && ov_container_read(c, &piece, &trouble) == OV_GIVE_PIECE) {
            ov_buf_put(&head, ov_bytes_raw(piece.bytes), (size_t)ov_bytes_len(piece.bytes));
        }
    }
    ov_container_free(c);
    if (ov_bytes_len(ov_buf_bytes(&head)) != 0) {
        ov_source_on_bytes(&head_source, ov_buf_bytes(&head));
        ov_detect(&head_source, ov_buf_bytes(&head), &detected);
    }
    ov_buf_done(&head);
    return ov_container_reads_forward(detected.type) ? detected.type : OV_TYPE_DATA;
}

static void look_at_part(struct ov_evidence *e, struct ov_source *source,
        const struct ov_inside *part, const struct place *place)
{
    struct ov_container *c = NULL;
    struct ov_input input;
    bool opened;

    ov_input_init(&input, source, part->from, part->to);
    if (ov_type_is_stream(part->type)) {
        const enum ov_type type = inside_stream(e, &input, part->type);

        if (type == OV_TYPE_DATA) {
            return; /* one packed file without a name: no tree */
        }
        opened = ov_container_open_packed(&c, type, part->type, &input);
    } else {
        opened = ov_container_open(&c, part->type, &input);
    }
    if (!opened) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    walk_archive(e, c, place);
    ov_container_free(c);
}

static bool detect(struct ov_evidence *e, struct ov_source *source, struct ov_detected *out)
{
    auto_free uint8_t *head = malloc(OV_DETECT_HEAD_BYTES);
    size_t n;

    if (head == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return false;
    }
    n = ov_source_read(source, 0, head, OV_DETECT_HEAD_BYTES);
    ov_detect(source, ov_bytes_of(head, n), out);
    return true;
}

static void look_at_archive(struct ov_evidence *e, struct ov_source *source, uint32_t depth)
{
    struct place place = { .parent = e->member, .depth = depth };
    struct ov_detected detected;

    if (!detect(e, source, &detected)) {
        return;
    }
    if (detected.trouble != OV_REASON_NONE) {
        ov_tell_gap(e, detected.trouble, detected.detail);
    }
    if (detected.inside_count == 0 && depth == 0 && !ov_tell_volume(e, source)) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "not an archive that can be looked into");
    }
    place.is_apk = detected.type == OV_TYPE_ZIP && is_apk(source);
    for (uint32_t i = 0; i < detected.inside_count; i++) {
        look_at_part(e, source, &detected.inside[i], &place);
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

    if (ov_tell_volume(e, source) || !detect(e, source, &detected)) {
        return;
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
        look_at_archive(e, source, 1); /* nothing to say if it is one packed file */
    }
}

/* An Android package; Alpine's packages have the same ending and are no zip. */
static void look_at_apk(struct ov_evidence *e, struct ov_source *source)
{
    struct ov_detected detected;

    if (detect(e, source, &detected) && detected.type == OV_TYPE_ZIP) {
        look_at_archive(e, source, 1);
    }
}

void ov_evidence_read(struct ov_evidence *e, enum ov_look look, int fd, uint64_t size)
{
    auto_free uint8_t *window = malloc(OV_SOURCE_WINDOW_BYTES);
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
    case OV_LOOK_APK:
        look_at_apk(e, &source);
        return;
    case OV_LOOK_ARCHIVE:
        look_at_archive(e, &source, 0);
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
