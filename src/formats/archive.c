/* SPDX-License-Identifier: Apache-2.0 */
/* archive.c - tar, cpio, ar, cab, iso9660, lha, rar and 7z through libarchive.
 *
 * The library is given one format, the one that was detected, no filters (so it can start no
 * program and stack no decoders), and bytes through callbacks. It is trusted to stay inside its
 * own memory, in a jail; it is not trusted to come to an end: what it reads again and again is
 * counted, and what it gives without progress too.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/charset.h"
#include "formats/ends.h"
#include "formats/reader.h"

/* Answers of no bytes in a row: some formats have a few, between blocks. */
#define EMPTY_BLOCKS_MAX 65536u

struct ov_archive {
    struct archive *reader;
    struct archive_entry *entry; /* belongs to the reader */
    struct ov_input input;
    struct ov_stream *stream; /* owned; NULL: the input's own bytes */
    enum ov_type type;
    uint64_t pos;         /* of the next byte the library gets */
    uint64_t served_left; /* how much more it may read */
    uint64_t at;          /* in the member */
    uint32_t empty_blocks;
    uint32_t troubles;
    uint8_t *room; /* OV_PIECE_BYTES, if the input is not in memory */
    bool over;
    uint64_t end; /* 0: not there yet, or not known */
    bool in_member;
    bool ran_in_circles;
    struct ov_trouble packed; /* of the stream; NONE: none */
};

static const struct {
    int (*support)(struct archive *);
    enum ov_type type;
    bool forward; /* reads from front to back, never seeking */
    bool skips;   /* passing over a member costs next to nothing */
} formats[] = {
    { archive_read_support_format_tar, OV_TYPE_TAR, true, true },
    { archive_read_support_format_cpio, OV_TYPE_CPIO, true, true },
    { archive_read_support_format_ar, OV_TYPE_AR, true, true },
    { archive_read_support_format_ar, OV_TYPE_DEB, true, true },
    { archive_read_support_format_cab, OV_TYPE_CAB, false, false },
    { archive_read_support_format_iso9660, OV_TYPE_ISO9660, false, true },
    { archive_read_support_format_lha, OV_TYPE_LHA, false, true },
    { archive_read_support_format_rar, OV_TYPE_RAR, false, false },
    { archive_read_support_format_rar5, OV_TYPE_RAR5, false, false },
    { archive_read_support_format_7zip, OV_TYPE_7ZIP, false, false },
};

static size_t row_of(enum ov_type type)
{
    size_t row = 0;

    while (formats[row].type != type) {
        row++;
        OV_ASSERT(row < sizeof(formats) / sizeof(formats[0]));
    }
    return row;
}

bool ov_archive_reads(enum ov_type type)
{
    for (size_t row = 0; row < sizeof(formats) / sizeof(formats[0]); row++) {
        if (formats[row].type == type) {
            return true;
        }
    }
    return false;
}

bool ov_archive_is_forward(enum ov_type type)
{
    return ov_archive_reads(type) && formats[row_of(type)].forward;
}

bool ov_archive_skips(const struct ov_archive *archive)
{
    /* In a packed stream, what is passed over has to be unpacked all the same. */
    return formats[row_of(archive->type)].skips && archive->stream == NULL;
}

uint64_t ov_archive_end_of(const struct ov_archive *archive)
{
    return archive->end;
}

/* --- what the library asks for -------------------------------------------------------------- */

static la_ssize_t serve_bytes(
        struct archive *reader, struct ov_archive *ar, struct ov_bytes bytes, const void **out)
{
    const uint64_t len = ov_bytes_len(bytes);

    if (len > ar->served_left) {
        ar->ran_in_circles = true;
        archive_set_error(reader, EIO, "read again and again");
        return ARCHIVE_FATAL;
    }
    ar->served_left -= len;
    ar->pos += len;
    *out = ov_bytes_raw(bytes);
    return (la_ssize_t)len;
}

static la_ssize_t on_read(struct archive *reader, void *payload, const void **out)
{
    struct ov_archive *ar = payload;

    return serve_bytes(reader, ar, ov_input_piece(&ar->input, ar->pos, ar->room), out);
}

static la_ssize_t on_read_packed(struct archive *reader, void *payload, const void **out)
{
    struct ov_archive *ar = payload;
    struct ov_bytes bytes = ov_bytes_of(NULL, 0);

    (void)reader;
    if (ar->packed.reason == OV_REASON_NONE) {
        (void)ov_stream_next(ar->stream, &bytes, &ar->packed);
    }
    ar->pos += ov_bytes_len(bytes);
    *out = ov_bytes_raw(bytes);
    return (la_ssize_t)ov_bytes_len(bytes);
}

static la_int64_t on_skip(struct archive *reader, void *payload, la_int64_t request)
{
    struct ov_archive *ar = payload;
    const uint64_t left = ar->pos < ar->input.size ? ar->input.size - ar->pos : 0;

    (void)reader;
    if (request <= 0) {
        return 0;
    }
    if ((uint64_t)request > left) {
        request = (la_int64_t)left;
    }
    ar->pos += (uint64_t)request;
    return request;
}

static la_int64_t on_seek(struct archive *reader, void *payload, la_int64_t offset, int whence)
{
    struct ov_archive *ar = payload;
    int64_t base = 0, to;

    if (whence == SEEK_CUR) {
        base = (int64_t)ar->pos;
    } else if (whence == SEEK_END) {
        base = (int64_t)ar->input.size;
    }
    if (!ov_add(&to, base, (int64_t)offset) || to < 0 || (uint64_t)to > ar->input.size) {
        archive_set_error(reader, EILSEQ, "points outside the archive");
        return ARCHIVE_FATAL;
    }
    ar->pos = (uint64_t)to;
    return to;
}

/* --- what it says --------------------------------------------------------------------------- */

/* libarchive tells failures apart by their sentences alone. */
static enum ov_reason reason_of(const struct ov_archive *ar, const char *text, int code)
{
    static const struct {
        const char *part;
        enum ov_reason reason;
    } parts[] = {
        { "ncrypt", OV_REASON_ENCRYPTED },
        { "Crypto", OV_REASON_ENCRYPTED },
        { "assphrase", OV_REASON_ENCRYPTED },
        { "ultivolume", OV_REASON_MULTIVOLUME },
        { "ulti-volume", OV_REASON_MULTIVOLUME },
        { "nsupported", OV_REASON_UNSUPPORTED },
        { "not supported", OV_REASON_UNSUPPORTED },
        { "o support", OV_REASON_UNSUPPORTED },
        { "support unavailable", OV_REASON_UNSUPPORTED },
        { "many filters", OV_REASON_UNSUPPORTED },
        { "codec ID", OV_REASON_UNSUPPORTED },
        { "memory", OV_REASON_MEMORY },
        { "allocate", OV_REASON_MEMORY },
    };

    if (ar->ran_in_circles) {
        return OV_REASON_STEPS;
    }
    if (code == ENOMEM) {
        return OV_REASON_MEMORY;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(text, parts[i].part) != NULL) {
            return parts[i].reason;
        }
    }
    return OV_REASON_DAMAGED;
}

static enum ov_give tell(struct ov_archive *ar, struct ov_trouble *trouble)
{
    const char *text = archive_error_string(ar->reader);

    if (++ar->troubles >= OV_TROUBLES_MAX) {
        ar->over = true;
    }
    if (ar->packed.reason != OV_REASON_NONE) {
        *trouble = ar->packed;
        ar->over = true;
        return OV_GIVE_TROUBLE;
    }
    text = text == NULL ? "it cannot be read" : text;
    return ov_trouble_say(trouble, reason_of(ar, text, archive_errno(ar->reader)), "%s", text);
}

/* Warnings about names, times and attributes are none of a scanner's business; these are. */
static bool warns_of_damage(const struct ov_archive *ar)
{
    const char *text = archive_error_string(ar->reader);

    return text != NULL
           && (strstr(text, "beyond") != NULL || strstr(text, "out-of-order") != NULL
                   || strstr(text, "Skipped") != NULL || strstr(text, "runcated") != NULL);
}

/* --- opening -------------------------------------------------------------------------------- */

static bool set_up(struct ov_archive *ar)
{
    struct archive *reader = archive_read_new();

    ar->reader = reader;
    if (reader == NULL || !ov_charset_is_utf8()
            || formats[row_of(ar->type)].support(reader) < ARCHIVE_WARN) {
        return false;
    }
    archive_read_set_callback_data(reader, ar);
    archive_read_set_read_callback(reader, ar->stream != NULL ? on_read_packed : on_read);
    if (ar->stream == NULL) {
        archive_read_set_skip_callback(reader, on_skip);
        archive_read_set_seek_callback(reader, on_seek);
        if (!ov_input_in_memory(&ar->input)) {
            ar->room = ov_source_room(OV_PIECE_BYTES);
            return ar->room != NULL;
        }
    }
    return true;
}

struct ov_archive *ov_archive_open(
        enum ov_type type, const struct ov_input *input, struct ov_stream *stream)
{
    struct ov_archive *ar = calloc(1, sizeof(*ar));

    if (ar == NULL) {
        ov_stream_free(stream);
        return NULL;
    }
    ar->input = *input;
    ar->stream = stream;
    ar->type = type;
    if (!ov_mul(&ar->served_left, input->size, (uint64_t)OV_REREAD_FACTOR)
            || !ov_add(&ar->served_left, ar->served_left, (uint64_t)OV_REREAD_FLOOR)) {
        ar->served_left = UINT64_MAX;
    }
    if (!set_up(ar)) {
        ov_archive_free(ar);
        return NULL;
    }
    return ar;
}

void ov_archive_free(struct ov_archive *ar)
{
    if (ar == NULL) {
        return;
    }
    if (ar->reader != NULL) {
        (void)archive_read_free(ar->reader);
    }
    ov_stream_free(ar->stream);
    free(ar->room);
    free(ar);
}

/* --- members -------------------------------------------------------------------------------- */

static enum ov_give end_archive(struct ov_archive *ar, struct ov_trouble *trouble)
{
    int64_t at;

    ar->over = true;
    if (ar->packed.reason != OV_REASON_NONE) {
        *trouble = ar->packed;
        return OV_GIVE_TROUBLE;
    }
    at = archive_read_header_position(ar->reader);
    if (ar->stream == NULL && (at < 0 || !ov_archive_has_end(ar->type, &ar->input, (uint64_t)at))) {
        return ov_trouble_say(trouble, OV_REASON_DAMAGED, "it has no end: cut short");
    }
    if (ar->stream == NULL && at >= 0) {
        ar->end = ov_archive_end_at(ar->type, &ar->input, (uint64_t)at);
    }
    return OV_GIVE_END;
}

static bool is_unpacked(enum ov_type type)
{
    return type == OV_TYPE_TAR || type == OV_TYPE_CPIO || type == OV_TYPE_AR || type == OV_TYPE_DEB
           || type == OV_TYPE_ISO9660;
}

static void take_member(struct ov_archive *ar, struct ov_member *member)
{
    const char *name = archive_entry_pathname(ar->entry);
    size_t len = name == NULL ? 0 : strnlen(name, OV_NAME_BYTES_MAX);

    if (name == NULL) {
        name = "";
        len = 0;
    }
    member->name = ov_bytes_of(name, len);
    member->stored = true;
    member->claims.has_size =
            archive_entry_size_is_set(ar->entry) && archive_entry_size(ar->entry) >= 0;
    member->claims.size = member->claims.has_size ? (uint64_t)archive_entry_size(ar->entry) : 0;
    /* what does not pack its members says their size twice */
    member->claims.has_packed =
            member->claims.has_size && ar->stream == NULL && is_unpacked(ar->type);
    member->claims.packed = member->claims.size;
    member->claims.encrypted = archive_entry_is_data_encrypted(ar->entry) != 0;
    ar->in_member = true;
    ar->at = 0;
    ar->empty_blocks = 0;
}

/* Folders and links have no bytes; whatever has some is looked at, call it what they may. */
static bool has_bytes(const struct ov_archive *ar)
{
    const mode_t kind = archive_entry_filetype(ar->entry);

    if (ar->type == OV_TYPE_ISO9660 && kind == AE_IFDIR) {
        return false; /* the size of its list, which is no file's */
    }
    return kind == AE_IFREG || kind == 0
           || (archive_entry_size_is_set(ar->entry) && archive_entry_size(ar->entry) > 0);
}

static enum ov_give open_reader(struct ov_archive *ar, struct ov_trouble *trouble, bool *opened)
{
    *opened = archive_read_open1(ar->reader) == ARCHIVE_OK;
    if (*opened) {
        return OV_GIVE_PIECE;
    }
    ar->over = true;
    return tell(ar, trouble);
}

enum ov_give ov_archive_next(
        struct ov_archive *ar, struct ov_member *member, struct ov_trouble *trouble)
{
    ar->in_member = false;
    if (ar->over) {
        return OV_GIVE_END;
    }
    if (ar->entry == NULL) {
        bool opened;
        const enum ov_give give = open_reader(ar, trouble, &opened);

        if (!opened) {
            return give;
        }
    }
    /* Each turn reads another header of the input, which ends. */
    for (;;) {
        const int answer = archive_read_next_header(ar->reader, &ar->entry);

        if (answer == ARCHIVE_EOF) {
            return end_archive(ar, trouble);
        }
        if (answer == ARCHIVE_WARN && warns_of_damage(ar)) {
            /* The member itself may still be readable, but is not asked for: the trouble is told
             * in its stead. */
            return tell(ar, trouble);
        }
        if (answer != ARCHIVE_OK && answer != ARCHIVE_WARN) {
            ar->over = ar->over || answer != ARCHIVE_RETRY;
            return tell(ar, trouble);
        }
        if (has_bytes(ar)) {
            take_member(ar, member);
            return OV_GIVE_PIECE;
        }
    }
}

/* Behind the last block: the rest of a sparse file is a hole. */
static enum ov_give end_member(struct ov_archive *ar, int64_t end, struct ov_piece *piece)
{
    ar->in_member = false;
    if (end > 0 && (uint64_t)end > ar->at && archive_entry_sparse_count(ar->entry) > 0) {
        piece->zeros = (uint64_t)end - ar->at;
        piece->bytes = ov_bytes_of(NULL, 0);
        return OV_GIVE_PIECE;
    }
    return OV_GIVE_END;
}

enum ov_give ov_archive_read(
        struct ov_archive *ar, struct ov_piece *piece, struct ov_trouble *trouble)
{
    if (!ar->in_member) {
        return OV_GIVE_END;
    }
    if (archive_entry_is_data_encrypted(ar->entry)) {
        ar->in_member = false;
        return ov_trouble_say(trouble, OV_REASON_ENCRYPTED, "an encrypted member");
    }
    for (;;) {
        const void *at = NULL;
        size_t len = 0;
        la_int64_t offset = 0;
        const int answer = archive_read_data_block(ar->reader, &at, &len, &offset);

        if (answer == ARCHIVE_EOF) {
            return end_member(ar, offset, piece);
        }
        if (answer != ARCHIVE_OK) {
            ar->in_member = false;
            ar->over = ar->over || answer == ARCHIVE_FATAL;
            return tell(ar, trouble);
        }
        if (len == 0) {
            if (++ar->empty_blocks > EMPTY_BLOCKS_MAX) {
                ar->in_member = false;
                ar->over = true;
                return ov_trouble_say(trouble, OV_REASON_DAMAGED, "a member without an end");
            }
            continue;
        }
        if (offset < 0 || (uint64_t)offset < ar->at) {
            ar->in_member = false;
            return ov_trouble_say(trouble, OV_REASON_DAMAGED, "a member that overlaps itself");
        }
        piece->zeros = (uint64_t)offset - ar->at;
        piece->bytes = ov_bytes_of(at, len);
        ar->at = (uint64_t)offset + len;
        return OV_GIVE_PIECE;
    }
}
