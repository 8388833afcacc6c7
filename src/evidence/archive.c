/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c - trees inside archives, where each member's path asks for a reader of its own. Archives
 * are made by attackers: what they unpack to is charged before it is kept, nothing is written
 * anywhere, and nesting ends at a depth. */
#include <fnmatch.h>
#include <string.h>

#include "base/checked.h"
#include "evidence/inside.h"
#include "evidence/readers.h"
#include "formats/container.h"

/* Archives inside archives: a layer in an image in a tar. The functions below call each other this
 * deep and no deeper, whatever the bytes. */
#define NEST_MAX 6u

/* --- members -------------------------------------------------------------------------------- */

/* A member that is too large to be kept whole. Of most kinds nothing but the beginning would be looked
 * at anyhow; of the others it is told. */
static void tell_too_large(struct ov_evidence *e, struct ov_bytes head)
{
    struct ov_detected detected;
    struct ov_source source;

    ov_source_on_bytes(&source, head);
    if (ov_tell_volume(e, &source)) {
        return;
    }
    ov_detect_bytes(head, &detected);
    if (detected.type == OV_TYPE_PE || detected.type == OV_TYPE_MACHO
            || detected.type == OV_TYPE_SQLITE || detected.inside_count != 0) {
        ov_tell_gap(e, OV_REASON_OBJECT_BYTES, "");
    }
}

/* A member's bytes. NULL: nothing to read, or told. */
static uint8_t *unpack(
        struct ov_evidence *e, struct ov_container *c, enum ov_look look, size_t *size)
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
            if (look == OV_LOOK_DEEP && bytes + piece.zeros <= e->bytes_left) {
                tell_too_large(e, ov_buf_bytes(&all));
            } else {
                ov_tell_gap(e, OV_REASON_OBJECT_BYTES, "");
            }
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
    if (look == OV_LOOK_KIND || look == OV_LOOK_SEALED) {
        (void)(look == OV_LOOK_KIND ? ov_tell_volume(e, &source) : ov_tell_sealed(e, &source));
        return;
    }
    if (ov_is_image_layer(path)) {
        if (ov_text_begins(bytes, "{")) {
            ov_read_image(e, bytes); /* a manifest or a configuration: both are blobs, too */
        } else if (depth + 1 < NEST_MAX) {
            ov_look_inside_archive(e, &source, depth + 1);
        }
        return;
    }
    if (look == OV_LOOK_DEEP) {
        ov_tell_digest(e, &source);
    }
    if (look == OV_LOOK_APK || look == OV_LOOK_DEEP) {
        struct ov_detected detected;

        ov_detect_bytes(bytes, &detected);
        if (detected.trouble != OV_REASON_NONE) {
            ov_tell_gap(e, detected.trouble, detected.detail);
        }
        if (look == OV_LOOK_DEEP
                && (detected.type == OV_TYPE_PE || detected.type == OV_TYPE_MACHO)) {
            ov_read_program(e, bytes);
        } else if (look == OV_LOOK_DEEP && detected.type == OV_TYPE_SQLITE) {
            ov_read_certificates(e, bytes);
        }
        if (detected.inside_count == 0 && ov_tell_volume(e, &source)) {
            return;
        }
        if (detected.inside_count != 0) {
            if (depth + 1 < NEST_MAX) {
                ov_look_inside_archive(e, &source, depth + 1);
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
        auto_free uint8_t *bytes = unpack(e, c, look, &size);

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

/* What may hold installed software, or install it. Not: other spellings of a text, letters and
 * documents, files that lie somewhere in data, and what a program makes of itself when it runs. */
static bool holds_files(enum ov_type type)
{
    switch ((unsigned)type) {
    case OV_TYPE_MAIL:
    case OV_TYPE_MBOX:
    case OV_TYPE_TNEF:
    case OV_TYPE_UUENCODE:
    case OV_TYPE_BINHEX:
    case OV_TYPE_ONENOTE:
    case OV_TYPE_SWF:
    case OV_TYPE_PYZ:
    case OV_TYPE_SCRENC:
    case OV_TYPE_UPX:
    case OV_TYPE_HTML_VIEWS:
    case OV_TYPE_TEXT_VIEWS:
    case OV_TYPE_EMBEDDED_DATA:
    case OV_TYPE_PACKED:
    case OV_TYPE_PDF:
    case OV_TYPE_RTF:
    case OV_TYPE_SCRIPT:
    case OV_TYPE_HTML:
        return false;
    default:
        return true;
    }
}

static void keep_what_holds_files(struct ov_detected *detected)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < detected->inside_count; i++) {
        if (holds_files(detected->inside[i].type)) {
            detected->inside[kept++] = detected->inside[i];
        }
    }
    detected->inside_count = kept;
}

void ov_detect_bytes(struct ov_bytes bytes, struct ov_detected *out)
{
    struct ov_source source;
    struct ov_bytes head;

    ov_source_on_bytes(&source, bytes);
    head = bytes;
    if (ov_bytes_len(bytes) > OV_DETECT_HEAD_BYTES
            && !ov_bytes_slice(bytes, 0, OV_DETECT_HEAD_BYTES, &head)) {
        head = ov_bytes_of(NULL, 0);
    }
    ov_detect(&source, head, out);
    keep_what_holds_files(out);
}

bool ov_detect_source(struct ov_evidence *e, struct ov_source *source, struct ov_detected *out)
{
    auto_free uint8_t *head = malloc(OV_DETECT_HEAD_BYTES);
    size_t n;

    if (head == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return false;
    }
    n = ov_source_read(source, 0, head, OV_DETECT_HEAD_BYTES);
    ov_detect(source, ov_bytes_of(head, n), out);
    keep_what_holds_files(out);
    return true;
}

void ov_look_inside_archive(struct ov_evidence *e, struct ov_source *source, uint32_t depth)
{
    struct place place = { .parent = e->member, .depth = depth };
    struct ov_detected detected;

    if (!ov_detect_source(e, source, &detected)) {
        return;
    }
    if (detected.trouble != OV_REASON_NONE) {
        ov_tell_gap(e, detected.trouble, detected.detail);
    }
    if (detected.inside_count == 0 && depth == 0 && !ov_tell_volume(e, source)) {
        ov_tell_gap(e, OV_REASON_UNSUPPORTED, "not an archive that can be looked into");
    }
    place.is_apk = detected.type == OV_TYPE_ZIP && is_apk(source);
    if (place.is_apk) {
        ov_tell_apk_signers(e, source);
    }
    for (uint32_t i = 0; i < detected.inside_count; i++) {
        look_at_part(e, source, &detected.inside[i], &place);
    }
}
