/* SPDX-License-Identifier: Apache-2.0 */
/* container.c - .cvd, .cld, .cud: a header of 512 bytes, then a tar, mostly packed with gzip. What
 * is inside is believed to be the publisher's only where a signature says so: over all of a .cvd (the
 * one in a file beside it, or the older one in its header), member by member (through its .info) in a
 * .cld. A container whose signature does not hold is not loaded at all. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/checked.h"
#include "rules/clamav/detached.h"
#include "rules/clamav/reader.h"
#include "rules/clamav/signature.h"

#define HEADER_BYTES 512u
#define BLOCK_BYTES  512u
#define MEMBERS_MAX  4096u

struct member {
    struct ov_bytes name;
    struct ov_bytes bytes;
};

struct container {
    struct ov_clamav *clam;
    struct ov_bytes name;
    struct ov_bytes header;
    uint64_t version;
    struct ov_bytes md5_text; /* of the header */
    struct ov_bytes signature;
    struct ov_bytes body;
    bool packed;
    z_stream stream;
    uint64_t at; /* in the body, if it is not packed */
    uint64_t unpacked;
    struct member *members; /* MEMBERS_MAX of them, in the arena */
    size_t member_count;
    bool official;
    bool signed_whole; /* by a detached signature: nothing more need be signed */
};

static bool wrong(struct container *c, const char *why)
{
    c->clam->count.refused++;
    ov_diag_add(c->clam->diags, OV_DIAG_ERROR, c->name, ov_bytes_of(NULL, 0), 0, 0,
            "not loaded: %s", why);
    return false;
}

/* --- header ---------------------------------------------------------------------------------- */

static struct ov_bytes trimmed(struct ov_bytes text)
{
    uint64_t len = ov_bytes_len(text);

    while (len > 0
            && (ov_bytes_raw(text)[len - 1] == ' ' || ov_bytes_raw(text)[len - 1] == '\n'
                    || ov_bytes_raw(text)[len - 1] == '\r'
                    || ov_bytes_raw(text)[len - 1] == '\0')) {
        len--;
    }
    return part(text, 0, len);
}

/* ClamAV-VDB:time:version:sigs:level:md5:signature:builder:stime */
static bool read_header(struct container *c, struct ov_bytes bytes)
{
    struct ov_bytes fields[9], rest;
    size_t count = 0;
    uint64_t number;

    if (!ov_bytes_slice(bytes, 0, HEADER_BYTES, &rest)) {
        return wrong(c, "it is too short for a header");
    }
    c->header = trimmed(rest);
    rest = c->header;
    for (;;) {
        const uint64_t end = find_byte(rest, ':');

        if (count == 9) {
            return wrong(c, "its header has more than 9 fields");
        }
        fields[count++] = part(rest, 0, end);
        if (end == ov_bytes_len(rest)) {
            break;
        }
        rest = part(rest, end + 1, ov_bytes_len(rest));
    }
    if (count < 8 || !is_text(fields[0], "ClamAV-VDB")
            || !read_number(fields[2], UINT32_MAX, &c->version)
            || !read_number(fields[3], UINT32_MAX, &number)
            || !read_number(fields[4], UINT32_MAX, &number)) {
        return wrong(c, "its header is none");
    }
    if (number > OV_CLAM_LEVEL) {
        ov_diag_add(c->clam->diags, OV_DIAG_NOTE, c->name, ov_bytes_of(NULL, 0), 0, 0,
                "made for level %llu; this is %u", (unsigned long long)number, OV_CLAM_LEVEL);
    }
    c->md5_text = fields[5];
    c->signature = fields[6];
    c->body = part(bytes, HEADER_BYTES, ov_bytes_len(bytes));
    return true;
}

static bool check_older(struct container *c)
{
    uint8_t told[16], md5[OV_DIGEST_BYTES_MAX];

    if (ov_bytes_len(c->md5_text) != 32 || !read_hex(c->md5_text, told)
            || !ov_digest_of(OV_DIGEST_MD5, c->body, md5) || memcmp(told, md5, 16) != 0) {
        return wrong(c, "its digest is another one than its header says");
    }
    return clam_md5_is_signed(md5, c->signature) || wrong(c, "its publisher did not sign it");
}

/* A detached signature that does not hold refuses the container, whatever the older one says; where
 * none can be judged the older one decides, if MD5 is good enough for the owner. */
static bool check_whole(struct container *c, struct ov_bytes bytes)
{
    struct clam_detached_said said;
    char why[320];

    clam_detached_judge(c->clam, c->name, c->version, bytes, &said);
    c->signed_whole = said.is == CLAM_DETACHED_GOOD;
    if (c->signed_whole) {
        return true;
    }
    if (said.is == CLAM_DETACHED_NONE && !c->clam->fips_limits) {
        return check_older(c);
    }
    (void)snprintf(why, sizeof(why), "%s: %s",
            said.is == CLAM_DETACHED_BAD
                    ? "its detached signature does not hold"
                    : "no detached signature can be judged, and MD5 is not enough",
            said.why);
    return wrong(c, why);
}

/* --- unpacking ------------------------------------------------------------------------------- */

static bool fill(struct container *c, uint8_t *to, size_t bytes)
{
    struct ov_bytes piece;

    if (!ov_add(&c->unpacked, c->unpacked, (uint64_t)bytes)
            || c->unpacked > OV_CLAM_CONTAINER_BYTES_MAX) {
        return wrong(c, "it unpacks to more than 2 GiB");
    }
    if (!c->packed) {
        if (!ov_bytes_slice(c->body, c->at, bytes, &piece)) {
            return wrong(c, "it is cut short");
        }
        memcpy(to, ov_bytes_raw(piece), bytes);
        c->at += bytes;
        return true;
    }
    c->stream.next_out = to;
    while (bytes > 0) {
        const size_t turn = bytes < OV_GIB ? bytes : OV_GIB;
        int result;

        c->stream.avail_out = (uInt)turn;
        result = inflate(&c->stream, Z_NO_FLUSH);
        bytes -= turn - c->stream.avail_out;
        if ((result != Z_OK && result != Z_STREAM_END) || (result == Z_STREAM_END && bytes > 0)) {
            return wrong(c, "it is cut short or damaged");
        }
    }
    return true;
}

static bool octal(const uint8_t *digits, size_t count, uint64_t *out)
{
    uint64_t value = 0;
    bool any = false;

    for (size_t i = 0; i < count && digits[i] != '\0' && digits[i] != ' '; i++) {
        if (digits[i] < '0' || digits[i] > '7') {
            return false;
        }
        value = value << 3 | (uint64_t)(digits[i] - '0');
        any = true;
    }
    *out = value;
    return any;
}

static bool skip_bytes(struct container *c, uint64_t bytes)
{
    uint8_t block[BLOCK_BYTES];

    while (bytes > 0) {
        const size_t turn = bytes < sizeof(block) ? (size_t)bytes : sizeof(block);

        if (!fill(c, block, turn)) {
            return false;
        }
        bytes -= turn;
    }
    return true;
}

/* One member; *end: that was the last. */
static bool read_member(struct container *c, bool *end)
{
    uint8_t block[BLOCK_BYTES];
    struct ov_bytes name;
    struct member *m;
    uint64_t size;
    uint8_t *room;

    if (!fill(c, block, sizeof(block))) {
        return false;
    }
    if (block[0] == '\0') {
        *end = true;
        return true;
    }
    name = ov_bytes_of(block, strnlen((const char *)block, 100));
    if (find_byte(name, '/') != ov_bytes_len(name)) {
        return wrong(c, "a member has a folder in its name");
    }
    if (block[156] != '0' && block[156] != '\0') {
        return wrong(c, "a member is no regular file");
    }
    if (!octal(block + 124, 12, &size) || size > OV_CLAM_CONTAINER_BYTES_MAX) {
        return wrong(c, "a member's size is none");
    }
    if (c->member_count == MEMBERS_MAX) {
        return wrong(c, "it has too many members");
    }
    room = ov_arena_alloc(c->clam->set->arena, (size_t)size + 1, 1);
    m = &c->members[c->member_count];
    if (room == NULL || !ov_arena_copy(c->clam->set->arena, name, &m->name)) {
        c->clam->diags->out_of_memory = true;
        return wrong(c, "memory ran out");
    }
    if (!fill(c, room, (size_t)size)
            || !skip_bytes(c, (BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES)) {
        return false;
    }
    m->bytes = ov_bytes_of(room, (size_t)size);
    c->member_count++;
    return true;
}

/* No more members: the publisher's containers do not always end with the block of zeros that a tar
 * ends with. A packed stream that has nothing left to give ends with its input. */
static bool at_end(struct container *c)
{
    uint8_t nothing;

    if (!c->packed) {
        return c->at == ov_bytes_len(c->body);
    }
    c->stream.next_out = &nothing;
    c->stream.avail_out = 0;
    return inflate(&c->stream, Z_NO_FLUSH) == Z_STREAM_END;
}

static bool read_members(struct container *c)
{
    bool good = true, end = false;

    c->members = ov_arena_alloc(c->clam->set->arena, MEMBERS_MAX, sizeof(*c->members));
    if (c->members == NULL) {
        c->clam->diags->out_of_memory = true;
        return wrong(c, "memory ran out");
    }
    c->packed = !begins(c->body, "COPYING");
    if (c->packed) {
        const uint64_t len = ov_bytes_len(c->body);

        if (len > UINT32_MAX) {
            return wrong(c, "it has more than 4 GiB");
        }
        if (inflateInit2(&c->stream, 15 + 16) != Z_OK) {
            c->clam->diags->out_of_memory = true;
            return wrong(c, "memory ran out");
        }
        /* zlib never writes through it. */
        c->stream.next_in = (Bytef *)(uintptr_t)ov_bytes_raw(c->body);
        c->stream.avail_in = (uInt)len;
    }
    while (good && !end && !at_end(c)) {
        good = read_member(c, &end);
    }
    if (c->packed) {
        (void)inflateEnd(&c->stream);
    }
    return good;
}

/* --- .info ----------------------------------------------------------------------------------- */

static const struct member *find_info(const struct container *c)
{
    for (size_t i = 0; i < c->member_count; i++) {
        if (ends(c->members[i].name, ".info")) {
            return &c->members[i];
        }
    }
    return NULL;
}

/* Where the last line, `DSIG:...`, begins; the length if there is none. */
static uint64_t find_signature(struct ov_bytes text)
{
    const uint8_t *raw = ov_bytes_raw(text);
    static const char mark[] = "\nDSIG:";
    const uint8_t *at = memmem(raw, (size_t)ov_bytes_len(text), mark, sizeof(mark) - 1);

    return at == NULL ? ov_bytes_len(text) : (uint64_t)(at - raw) + 1;
}

/* Is `name:size:sha256` of this member among the lines? */
static bool is_listed(struct ov_bytes lines, const struct member *m)
{
    uint8_t told[OV_DIGEST_BYTES_MAX], digest[OV_DIGEST_BYTES_MAX];

    while (ov_bytes_len(lines) != 0) {
        const uint64_t end = find_byte(lines, '\n');
        const struct ov_bytes line = trimmed(part(lines, 0, end));
        const uint64_t first = find_byte(line, ':');
        struct ov_bytes rest;
        uint64_t second, size;

        lines = part(lines, end == ov_bytes_len(lines) ? end : end + 1, ov_bytes_len(lines));
        if (first == ov_bytes_len(line)
                || !ov_bytes_equal(part(line, 0, first), ov_bytes_raw(m->name),
                        (size_t)ov_bytes_len(m->name))) {
            continue;
        }
        rest = part(line, first + 1, ov_bytes_len(line));
        second = find_byte(rest, ':');
        return second < ov_bytes_len(rest) && read_number(part(rest, 0, second), UINT64_MAX, &size)
               && size == ov_bytes_len(m->bytes) && ov_bytes_len(rest) - second - 1 == 64
               && read_hex(part(rest, second + 1, ov_bytes_len(rest)), told)
               && ov_digest_of(OV_DIGEST_SHA256, m->bytes, digest) && memcmp(told, digest, 32) == 0;
    }
    return false;
}

static bool is_administrative(struct ov_bytes name)
{
    return is_text(name, "COPYING") || ends(name, ".info");
}

static bool check_members(struct container *c, bool must_be_signed)
{
    const struct member *info = find_info(c);
    struct ov_bytes lines, signature;
    uint64_t at;

    if (info == NULL) {
        return !must_be_signed || wrong(c, "it has no .info");
    }
    at = find_signature(info->bytes);
    lines = part(info->bytes, 0, at);
    if (must_be_signed) {
        if (at == ov_bytes_len(info->bytes)) {
            return wrong(c, "its .info is not signed");
        }
        signature = trimmed(part(info->bytes, at + 5, ov_bytes_len(info->bytes)));
        if (!clam_info_is_signed(lines, signature)) {
            return wrong(c, "its publisher did not sign its .info");
        }
    }
    for (size_t i = 0; i < c->member_count; i++) {
        if (!is_administrative(c->members[i].name) && !is_listed(lines, &c->members[i])) {
            return wrong(c, "a member is another one than its .info says");
        }
    }
    return true;
}

/* --- all of it ------------------------------------------------------------------------------- */

/* "daily.cvd/daily.ndb", for messages. */
static bool full_name(struct container *c, struct ov_bytes member, struct ov_bytes *out)
{
    const size_t a = (size_t)ov_bytes_len(c->name), b = (size_t)ov_bytes_len(member);
    uint8_t *room = ov_arena_alloc(c->clam->set->arena, a + 1 + b, 1);

    if (room == NULL) {
        c->clam->diags->out_of_memory = true;
        return false;
    }
    memcpy(room, ov_bytes_raw(c->name), a);
    room[a] = '/';
    memcpy(room + a + 1, ov_bytes_raw(member), b);
    *out = ov_bytes_of(room, a + 1 + b);
    return true;
}

static bool is_list_of_names(struct ov_bytes name)
{
    return ends(name, ".ign") || ends(name, ".ign2");
}

/* What others are to ignore comes first. A container inside a container is none. */
static bool load_members(struct container *c)
{
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < c->member_count; i++) {
            const struct member *m = &c->members[i];
            struct ov_bytes name;

            if (is_administrative(m->name) || is_list_of_names(m->name) != (round == 0)
                    || ends(m->name, ".cvd") || ends(m->name, ".cld") || ends(m->name, ".cud")) {
                continue;
            }
            if (!full_name(c, m->name, &name) || !clam_file(c->clam, name, m->bytes, c->official)) {
                return false;
            }
        }
    }
    return true;
}

bool clam_container(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes bytes)
{
    struct container c = { .clam = clam, .name = name };
    const bool is_cud = ends(name, ".cud");

    c.official = !is_cud;
    if (!read_header(&c, bytes) || (ends(name, ".cvd") && !check_whole(&c, bytes))
            || !read_members(&c) || !check_members(&c, !is_cud && !c.signed_whole)) {
        return !clam->diags->out_of_memory;
    }
    return load_members(&c);
}
