/* SPDX-License-Identifier: Apache-2.0 */
/* zip.c - walks a zip. Trusts neither of its two descriptions.
 *
 * Programs disagree about what a zip contains: some read the central directory, some go from local
 * header to local header, and attackers hide members from the one or the other (two zips in a row,
 * members that the directory leaves out, attributes that call a file a folder). So everything that
 * any of them would unpack is given: the directory's members in the order of their place in the
 * file, and whatever local headers lie between them. A library that follows only one description
 * would not do.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "formats/inflate_whole.h"
#include "formats/peek.h"
#include "formats/reader.h"
#include "formats/zip_crypt.h"
#include "formats/zip_end.h"
#include "formats/zip_entry.h"

/* As much of a member is unpacked to see whether its password was the right one. */
#define PASSWORD_TRY_BYTES (64u * OV_KIB)

/* Where one record of the directory is, and the member it tells of: what gets sorted. */
struct place {
    uint64_t local;
    uint64_t record;
};

struct ov_zip {
    struct ov_input input;
    struct ov_stream *stream;
    struct ov_bytes directory;
    uint8_t *directory_copy; /* owned; NULL if lent from memory */
    uint64_t directory_at;   /* where members end */
    uint64_t after;          /* its end record; 0: there is none */
    uint64_t base;
    struct place *places; /* owned */
    size_t place_count;
    size_t place_next;
    uint64_t pos; /* everything before it was looked at */

    /* the current member */
    struct ov_zip_entry entry;
    uint8_t name[OV_NAME_BYTES_MAX];
    uint64_t made;
    uint32_t crc;
    bool reading;
    bool size_unknown;
    bool disagrees;
    bool again_due; /* the last member as its header has it, where that says something else */
    struct ov_zip_entry again;
    uint64_t data_at;
    struct ov_trouble pending; /* reason NONE: none */

    uint8_t *plain;              /* owned: of an encrypted member that a password opened */
    struct ov_source plain_from; /* over it */

    struct ov_trouble whole; /* of the zip itself, told by the first next */
};

/* --- opening -------------------------------------------------------------------------------- */

static bool before(const struct place *a, const struct place *b)
{
    return a->local < b->local || (a->local == b->local && a->record < b->record);
}

static void sift(struct place *p, size_t root, size_t count)
{
    for (size_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        struct place swap;

        if (child + 1 < count && before(&p[child], &p[child + 1])) {
            child++;
        }
        if (!before(&p[root], &p[child])) {
            return;
        }
        swap = p[root];
        p[root] = p[child];
        p[child] = swap;
        root = child;
    }
}

/* Heapsort: the C library's qsort takes as much memory again, and asks the kernel how much it has. */
static void sort_places(struct place *p, size_t count)
{
    for (size_t i = count / 2; i > 0; i--) {
        sift(p, i - 1, count);
    }
    for (size_t i = count; i > 1; i--) {
        const struct place last = p[i - 1];

        p[i - 1] = p[0];
        p[0] = last;
        sift(p, 0, i - 1);
    }
}

static bool load_directory(struct ov_zip *zip, uint64_t bytes)
{
    const struct ov_input part = ov_input_part(&zip->input, zip->directory_at, bytes);

    if (part.size > OV_ZIP_DIRECTORY_BYTES_MAX) {
        (void)ov_trouble_say(&zip->whole, OV_REASON_MEMORY, "a central directory of %llu bytes",
                (unsigned long long)part.size);
        return false;
    }
    if (ov_input_lend(&part, 0, part.size, &zip->directory)) {
        return true;
    }
    zip->directory_copy = malloc(part.size == 0 ? 1 : (size_t)part.size);
    if (zip->directory_copy == NULL) {
        (void)ov_trouble_say(&zip->whole, OV_REASON_MEMORY, "no memory for a central directory");
        return false;
    }
    zip->directory = ov_bytes_of(
            zip->directory_copy, ov_input_read(&part, 0, zip->directory_copy, (size_t)part.size));
    return true;
}

static void list_places(struct ov_zip *zip)
{
    struct ov_zip_entry entry;
    uint64_t at = 0;
    size_t count = 0;

    for (; ov_zip_entry_read(zip->directory, at, &entry); at = entry.next) {
        count++; /* each record is 46 bytes or more */
    }
    if (at < ov_bytes_len(zip->directory) && !ov_has(zip->directory, at, "PK\5\5", 4)) {
        (void)ov_trouble_say(&zip->whole, OV_REASON_DAMAGED,
                "the central directory is damaged behind %zu members", count);
    }
    zip->places = calloc(count == 0 ? 1 : count, sizeof(*zip->places));
    if (zip->places == NULL) {
        (void)ov_trouble_say(&zip->whole, OV_REASON_MEMORY, "no memory for %zu members", count);
        return;
    }
    for (at = 0; zip->place_count < count && ov_zip_entry_read(zip->directory, at, &entry);
            at = entry.next) {
        zip->places[zip->place_count++] =
                (struct place){ .local = entry.local + zip->base, .record = at };
    }
    sort_places(zip->places, zip->place_count);
}

struct ov_zip *ov_zip_open(const struct ov_input *input)
{
    struct ov_zip *zip = calloc(1, sizeof(*zip));
    struct ov_zip_end end;

    if (zip == NULL) {
        return NULL;
    }
    zip->input = *input;
    zip->directory = ov_bytes_of(NULL, 0);
    zip->directory_at = input->size;
    zip->stream = ov_stream_new();
    if (zip->stream == NULL) {
        free(zip);
        return NULL;
    }
    if (ov_zip_end_find(input, &end)) {
        zip->directory_at = end.directory;
        zip->base = end.base;
        zip->after = end.after;
        if (load_directory(zip, end.directory_bytes)) {
            list_places(zip);
        }
    }
    /* A marker of spanned archives, or of ones that were meant to be, comes first. */
    {
        uint8_t raw[8];
        const struct ov_bytes head = ov_bytes_of(raw, ov_input_read(input, 0, raw, sizeof(raw)));

        if (ov_has(head, 4, "PK\3\4", 4)) {
            zip->pos = 4;
        }
    }
    return zip;
}

void ov_zip_free(struct ov_zip *zip)
{
    if (zip == NULL) {
        return;
    }
    ov_stream_free(zip->stream);
    free(zip->plain);
    free(zip->directory_copy);
    free(zip->places);
    free(zip);
}

uint64_t ov_zip_end_of(const struct ov_zip *zip)
{
    return zip->after;
}

/* --- the next member ------------------------------------------------------------------------ */

/* The first `magic` in [from, to), or `to`. */
static uint64_t find_magic(const struct ov_zip *zip, uint64_t from, uint64_t to, const char *magic)
{
    uint8_t buf[4096];

    while (from < to && to - from >= 4) {
        const size_t want = to - from < sizeof(buf) ? (size_t)(to - from) : sizeof(buf);
        const size_t got = ov_input_read(&zip->input, from, buf, want);
        const uint8_t *hit = memmem(buf, got, magic, 4);

        if (hit != NULL) {
            return from + (uint64_t)(hit - buf);
        }
        if (got < sizeof(buf)) {
            break;
        }
        from += got - 3;
    }
    return to;
}

/* Where a stored member ends whose size stands behind it: at the descriptor that says so. */
static uint64_t stored_end(const struct ov_zip *zip, uint64_t limit)
{
    uint64_t at = zip->data_at;

    while ((at = find_magic(zip, at, limit, "PK\7\10")) < limit) {
        uint8_t raw[12];
        const struct ov_bytes b =
                ov_bytes_of(raw, ov_input_read(&zip->input, at, raw, sizeof(raw)));

        if (ov_u32le_at(b, 8, 0) == (uint32_t)(at - zip->data_at)) {
            return at;
        }
        at++;
    }
    return find_magic(zip, zip->data_at, limit, "PK\1\2");
}

/* Does the password open it? One byte tells most wrong ones, the checksum the rest. */
static bool opens(const struct ov_zip *zip, enum ov_codec codec, uint8_t *bytes, size_t count,
        struct ov_bytes password)
{
    const uint8_t check = (zip->entry.flags & OV_ZIP_FLAG_SIZE_LATER) != 0
                                  ? (uint8_t)(zip->entry.time >> 8)
                                  : (uint8_t)(zip->entry.crc >> 24);
    OV_CLEANUP(ov_stream_free_at) struct ov_stream *stream = NULL;
    struct ov_source source;
    struct ov_input input;
    struct ov_trouble trouble;
    struct ov_bytes piece;
    uint64_t made = 0;
    uint32_t crc = 0;
    enum ov_give give;

    if (!ov_zip_decrypt(bytes, count, password, check)) {
        return false;
    }
    stream = ov_stream_new();
    if (stream == NULL) {
        return false;
    }
    ov_source_on_bytes(
            &source, ov_bytes_of(bytes + OV_ZIP_CRYPT_BYTES, count - OV_ZIP_CRYPT_BYTES));
    ov_input_init(&input, &source, 0, source.size);
    ov_stream_begin(stream, codec, &input, true);
    while ((give = ov_stream_next(stream, &piece, &trouble)) == OV_GIVE_PIECE) {
        crc = ov_crc32_on(crc, piece);
        made += ov_bytes_len(piece);
        if (made > PASSWORD_TRY_BYTES) {
            return true; /* a wrong one would hardly come so far */
        }
    }
    return give == OV_GIVE_END && crc == zip->entry.crc;
}

/* Tries the passwords on the member. False: none opens it, or there is no memory to try. */
static bool unlock(struct ov_zip *zip, enum ov_codec codec, struct ov_input *part)
{
    const struct ov_passwords *passwords = zip->input.passwords;
    const size_t count = (size_t)zip->entry.packed;
    auto_free uint8_t *cipher = NULL;

    if (passwords == NULL || zip->size_unknown || zip->entry.method == 99
            || zip->entry.packed > OV_MADE_BYTES_MAX || zip->entry.packed < OV_ZIP_CRYPT_BYTES) {
        return false;
    }
    free(zip->plain);
    zip->plain = malloc(count);
    cipher = malloc(count);
    if (zip->plain == NULL || cipher == NULL
            || ov_input_read(&zip->input, zip->data_at, cipher, count) != count) {
        return false;
    }
    for (size_t i = 0; i < passwords->count; i++) {
        memcpy(zip->plain, cipher, count);
        if (!opens(zip, codec, zip->plain, count, passwords->at[i])) {
            continue;
        }
        ov_source_on_bytes(&zip->plain_from,
                ov_bytes_of(zip->plain + OV_ZIP_CRYPT_BYTES, count - OV_ZIP_CRYPT_BYTES));
        ov_input_init(part, &zip->plain_from, 0, zip->plain_from.size);
        return true;
    }
    return false;
}

/* Readies zip->entry, whose data is at zip->data_at, for reading; members end at `limit`. */
static void begin_member(struct ov_zip *zip, uint64_t limit)
{
    const bool encrypted = (zip->entry.flags & OV_ZIP_FLAG_ENCRYPTED) != 0;
    enum ov_codec codec = OV_CODEC_STORED;
    const bool known = ov_zip_method_codec(zip->entry.method, zip->entry.flags, &codec);
    struct ov_input part;

    zip->made = 0;
    zip->crc = 0;
    zip->reading = false;
    if (!known && !encrypted) {
        (void)ov_trouble_say(&zip->pending, OV_REASON_UNSUPPORTED, "packed with zip method %u",
                zip->entry.method);
        return;
    }
    if (encrypted) {
        if (!known || !unlock(zip, codec, &part)) {
            (void)ov_trouble_say(&zip->pending, OV_REASON_ENCRYPTED, "an encrypted member");
            return;
        }
    } else {
        if (zip->size_unknown) {
            const uint64_t end = codec == OV_CODEC_STORED ? stored_end(zip, limit) : limit;

            zip->entry.packed = end > zip->data_at ? end - zip->data_at : 0;
            zip->entry.size = zip->entry.packed;
        }
        part = ov_input_part(&zip->input, zip->data_at, zip->entry.packed);
    }
    ov_stream_begin(zip->stream, codec, &part, true);
    if (!zip->size_unknown) {
        ov_stream_expect(zip->stream, zip->entry.size);
    }
    zip->reading = true;
}

/* Reads a member at hand to its end, to know where that is. Only for sizes that are unknown. */
static void finish_member(struct ov_zip *zip)
{
    struct ov_piece piece;
    struct ov_trouble trouble;

    while (zip->reading && ov_zip_read(zip, &piece, &trouble) != OV_GIVE_END) {
    }
    zip->size_unknown = false;
}

/* A member that the directory does not tell of, at zip->pos. */
static bool next_local(struct ov_zip *zip, uint64_t limit, struct ov_member *member)
{
    /* What may stand between a member's data and the next header: nothing, or a descriptor with
     * or without its signature, with 32 or 64 bits. */
    static const uint8_t gaps[] = { 0, 12, 16, 20, 24 };
    uint8_t magic[4];

    for (size_t i = 0; i < sizeof(gaps); i++) {
        const uint64_t at = zip->pos + gaps[i];
        struct ov_zip_entry entry;

        if (at >= limit || !ov_zip_local_read(&zip->input, at, &entry)) {
            continue;
        }
        zip->entry = entry;
        zip->data_at = at + entry.data;
        zip->disagrees = false;
        zip->size_unknown = (entry.flags & OV_ZIP_FLAG_SIZE_LATER) != 0 && entry.packed == 0;
        member->name = ov_bytes_of(
                zip->name, ov_input_read(&zip->input, at + OV_ZIP_LOCAL_BYTES, zip->name,
                                   entry.name_bytes < sizeof(zip->name) ? entry.name_bytes
                                                                        : sizeof(zip->name)));
        begin_member(zip, limit);
        if (zip->size_unknown && !zip->reading) {
            zip->size_unknown = false;
            zip->pos = find_magic(zip, zip->data_at, limit, "PK\3\4");
        } else if (!zip->size_unknown) {
            zip->pos = zip->data_at + (entry.packed < limit ? entry.packed : limit);
        }
        return true;
    }
    /* The directory of another zip in front of this one: whatever follows it. */
    if (ov_input_read(&zip->input, zip->pos, magic, sizeof(magic)) == sizeof(magic)
            && memcmp(magic, "PK\1\2", sizeof(magic)) == 0) {
        zip->pos = find_magic(zip, zip->pos, limit, "PK\3\4");
        return zip->pos < limit && next_local(zip, limit, member);
    }
    return false;
}

/* The member that the next record of the directory tells of. */
static void next_listed(struct ov_zip *zip, struct ov_member *member)
{
    const struct place place = zip->places[zip->place_next++];
    struct ov_zip_entry local;
    uint64_t end;
    const bool is_record = ov_zip_entry_read(zip->directory, place.record, &zip->entry);

    OV_ASSERT(is_record); /* list_places has read it */
    member->name = zip->entry.name;
    if (ov_bytes_len(member->name) > OV_NAME_BYTES_MAX
            && !ov_bytes_slice(member->name, 0, OV_NAME_BYTES_MAX, &member->name)) {
        member->name = ov_bytes_of(NULL, 0);
    }
    zip->size_unknown = false;
    zip->reading = false;
    if (!ov_zip_local_read(&zip->input, place.local, &local)) {
        (void)ov_trouble_say(
                &zip->pending, OV_REASON_DAMAGED, "its header is not where the directory says");
        return;
    }
    zip->data_at = place.local + local.data;
    zip->disagrees =
            local.method != zip->entry.method
            || ((local.flags ^ zip->entry.flags) & OV_ZIP_FLAG_ENCRYPTED) != 0
            || ((local.flags & OV_ZIP_FLAG_SIZE_LATER) == 0 && local.packed != zip->entry.packed);
    if (zip->disagrees) {
        zip->again = zip->entry;
        zip->again.method = local.method;
        zip->again.flags = local.flags;
        if (local.packed != 0) {
            zip->again.packed = local.packed;
            zip->again.size = local.size;
            zip->again.crc = local.crc;
        }
        zip->again_due = true;
    }
    begin_member(zip, zip->directory_at);
    if (ov_add(&end, zip->data_at, zip->entry.packed) && end <= zip->input.size && end > zip->pos) {
        zip->pos = end;
    }
}

/* Where a member's header and the directory disagree, some unpackers believe the one and some the
 * other: once more, as the header has it. */
static void next_again(struct ov_zip *zip, struct ov_member *member)
{
    zip->again_due = false;
    zip->entry = zip->again;
    zip->disagrees = false;
    member->name = zip->entry.name;
    if (ov_bytes_len(member->name) > OV_NAME_BYTES_MAX
            && !ov_bytes_slice(member->name, 0, OV_NAME_BYTES_MAX, &member->name)) {
        member->name = ov_bytes_of(NULL, 0);
    }
    begin_member(zip, zip->directory_at);
}

static bool is_listed_again(const struct ov_zip *zip)
{
    const struct place *p = &zip->places[zip->place_next];
    struct ov_zip_entry now, last;

    return zip->place_next > 0 && p[-1].local == p->local
           && ov_zip_entry_read(zip->directory, p->record, &now)
           && ov_zip_entry_read(zip->directory, p[-1].record, &last) && now.packed == last.packed
           && now.method == last.method && now.flags == last.flags;
}

static bool is_folder(const struct ov_zip *zip, struct ov_bytes name)
{
    const uint64_t len = ov_bytes_len(name);

    return zip->entry.size == 0 && zip->entry.packed == 0 && !zip->size_unknown && len > 0
           && ov_u8_at(name, len - 1, 0) == '/';
}

enum ov_give ov_zip_next(struct ov_zip *zip, struct ov_member *member, struct ov_trouble *trouble)
{
    if (zip->whole.reason != OV_REASON_NONE) {
        *trouble = zip->whole;
        zip->whole.reason = OV_REASON_NONE;
        return OV_GIVE_TROUBLE;
    }
    if (zip->size_unknown) {
        finish_member(zip);
    }
    /* Each turn moves `pos` or `place_next` forward, or gives the last member once more. */
    for (;;) {
        const bool listed = zip->place_next < zip->place_count;
        const uint64_t limit = listed && zip->places[zip->place_next].local < zip->directory_at
                                       ? zip->places[zip->place_next].local
                                       : zip->directory_at;

        zip->pending.reason = OV_REASON_NONE;
        if (zip->again_due) {
            next_again(zip, member);
        } else if (zip->pos < limit && next_local(zip, limit, member)) {
            /* found between the listed ones */
        } else if (!listed) {
            return OV_GIVE_END;
        } else if (is_listed_again(zip)) {
            zip->place_next++;
            continue;
        } else {
            next_listed(zip, member);
        }
        if (!is_folder(zip, member->name)) {
            member->stored = true;
            member->claims = (struct ov_member_claims){
                .has_size = true,
                .has_packed = true,
                .has_crc = true,
                .encrypted = (zip->entry.flags & OV_ZIP_FLAG_ENCRYPTED) != 0,
                .size = zip->entry.size,
                .packed = zip->entry.packed,
                .crc = zip->entry.crc,
            };
            return OV_GIVE_PIECE;
        }
    }
}

/* A member of known size is passed over by its number. */
bool ov_zip_skips(const struct ov_zip *zip)
{
    return !zip->size_unknown;
}

/* --- its bytes ------------------------------------------------------------------------------ */

/* Behind the last byte: do they agree with what was promised? */
static enum ov_give end_member(struct ov_zip *zip, struct ov_trouble *trouble)
{
    zip->reading = false;
    if (zip->size_unknown) {
        zip->pos = zip->data_at + ov_stream_used(zip->stream);
        return OV_GIVE_END;
    }
    if (zip->made != zip->entry.size) {
        return ov_trouble_say(trouble, OV_REASON_DAMAGED, "unpacks to %llu bytes instead of %llu",
                (unsigned long long)zip->made, (unsigned long long)zip->entry.size);
    }
    if (zip->crc != zip->entry.crc) {
        return ov_trouble_say(trouble, OV_REASON_DAMAGED, "its checksum differs");
    }
    if (zip->disagrees) {
        return ov_trouble_say(
                trouble, OV_REASON_DAMAGED, "its header and the central directory disagree");
    }
    return OV_GIVE_END;
}

static bool has_no_end(const struct ov_zip *zip)
{
    return !zip->size_unknown
           && (zip->entry.method == 6
                   || (zip->entry.method == 14 && (zip->entry.flags & OV_ZIP_FLAG_LZMA_ENDS) == 0));
}

static void count_bytes(struct ov_zip *zip, struct ov_bytes *bytes)
{
    const uint64_t left = zip->entry.size - zip->made;

    /* LZMA without an end mark goes on for ever, and imploded data have none: nothing else is cut to
     * what was promised. */
    if (has_no_end(zip) && ov_bytes_len(*bytes) > left && !ov_bytes_slice(*bytes, 0, left, bytes)) {
        return;
    }
    zip->made += ov_bytes_len(*bytes);
    zip->crc = ov_crc32_on(zip->crc, *bytes);
}

static bool is_whole(const struct ov_zip *zip)
{
    return has_no_end(zip) && zip->made == zip->entry.size;
}

enum ov_give ov_zip_read(struct ov_zip *zip, struct ov_piece *piece, struct ov_trouble *trouble)
{
    if (zip->pending.reason != OV_REASON_NONE) {
        *trouble = zip->pending;
        zip->pending.reason = OV_REASON_NONE;
        return OV_GIVE_TROUBLE;
    }
    if (!zip->reading) {
        return OV_GIVE_END;
    }
    if (is_whole(zip)) {
        return end_member(zip, trouble);
    }
    piece->zeros = 0;
    switch (ov_stream_next(zip->stream, &piece->bytes, trouble)) {
    case OV_GIVE_PIECE:
        count_bytes(zip, &piece->bytes);
        return OV_GIVE_PIECE;
    case OV_GIVE_TROUBLE:
        zip->reading = false;
        if (zip->size_unknown) {
            zip->pos = find_magic(zip, zip->data_at, zip->directory_at, "PK\3\4");
        }
        return OV_GIVE_TROUBLE;
    case OV_GIVE_END:
        break;
    }
    return end_member(zip, trouble);
}
