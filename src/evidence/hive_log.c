/* SPDX-License-Identifier: Apache-2.0 */
/* hive_log.c - what Windows had not yet written into a hive: its transaction logs. A machine that was
 * switched off, or hibernates, has its last changes there and nowhere else.
 *
 * Two forms. Since Windows 8.1 a log is a row of entries ("HvLE"), numbered on from the hive's second
 * sequence number, each with the pages that it changes and two hashes (Marvin32). Before, it is a
 * map of changed sectors ("DIRT") and those sectors. A log may lie in two files by turns. Described in
 * "Windows registry file format specification" (M. Suhanov). Entries that do not hash are where a
 * log ends. */
#include "evidence/hive_log.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "evidence/hive.h"

#define HEADER_BYTES 4096u /* of a hive */
#define SECTOR       512u
#define MAGIC_REGF   0x66676572u
#define MAGIC_ENTRY  0x454c7648u /* "HvLE" */
#define MAGIC_DIRT   0x54524944u
#define CHECKSUM_AT  508u
#define ENTRY_HEAD   40u
#define PAGE_BYTES   8u /* of a page's reference: offset, size */
#define TYPE_NEW     6u
#define SEED         0x82ef4d887a4e55c5ull

/* --- hashes --------------------------------------------------------------------------------- */

static uint32_t turn(uint32_t v, unsigned by)
{
    return v << by | v >> (32 - by);
}

static void mix(uint32_t *a, uint32_t *b)
{
    *b ^= *a;
    *a = turn(*a, 20) + *b;
    *b = turn(*b, 9) ^ *a;
    *a = turn(*a, 27) + *b;
    *b = turn(*b, 19);
}

/* Marvin32 over whole words: what is hashed here has a length that is a multiple of four. */
uint64_t ov_hive_log_hash(struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    uint32_t a = (uint32_t)SEED, b = (uint32_t)(SEED >> 32), word;

    while (ov_read_u32le(&r, &word)) {
        a += word;
        mix(&a, &b);
    }
    a += 0x80;
    mix(&a, &b);
    mix(&a, &b);
    return (uint64_t)b << 32 | a;
}

/* The exclusive or of all words before it; 0 and -1 are spelt otherwise. */
static bool has_checksum(struct ov_bytes head)
{
    uint32_t sum = 0, word, kept;

    for (uint64_t at = 0; at < CHECKSUM_AT; at += 4) {
        if (!ov_u32_at(head, at, &word)) {
            return false;
        }
        sum ^= word;
    }
    sum = sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum;
    return ov_u32_at(head, CHECKSUM_AT, &kept) &&kept == sum;
}

/* --- the hive in memory --------------------------------------------------------------------- */

struct replay {
    struct ov_evidence *e;
    uint8_t *hive; /* owned by the caller; may move */
    uint64_t len;
    uint32_t applied;
};

static void set_u32(struct replay *p, uint64_t at, uint32_t v)
{
    const uint8_t le[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) };

    OV_ASSERT(at + 4 <= p->len);
    memcpy(p->hive + at, le, 4);
}

/* Room for so many bytes of bins; a log may make a hive larger. */
static bool grow(struct replay *p, uint32_t bins_bytes)
{
    const uint64_t need = (uint64_t)HEADER_BYTES + bins_bytes;
    uint8_t *more;

    if (need > OV_EVIDENCE_FILE_BYTES_MAX) {
        return false;
    }
    if (need > p->len) {
        more = realloc(p->hive, (size_t)need);
        if (more == NULL) {
            return false;
        }
        memset(more + p->len, 0, (size_t)(need - p->len));
        p->hive = more;
        p->len = need;
    }
    set_u32(p, 40, bins_bytes);
    return true;
}

static bool put_page(struct replay *p, uint64_t offset, struct ov_bytes page)
{
    const uint64_t len = ov_bytes_len(page);

    if (offset > p->len - HEADER_BYTES || len > p->len - HEADER_BYTES - offset
            || !ov_evidence_step(p->e, 1 + len / 512)) {
        return false;
    }
    memcpy(p->hive + HEADER_BYTES + offset, ov_bytes_raw(page), (size_t)len);
    return true;
}

/* --- logs of numbered entries --------------------------------------------------------------- */

/* An entry of a log, if there is a whole one at `at`. */
struct entry {
    struct ov_bytes bytes;
    uint32_t number, bins_bytes, pages;
};

static bool entry_at(struct ov_evidence *e, struct ov_bytes log, uint64_t at, struct entry *out)
{
    uint32_t magic, size, low[2], high[2];
    struct ov_bytes head, body;
    struct entry entry;

    if (!ov_u32_at(log, at, &magic) || magic != MAGIC_ENTRY || !ov_u32_at(log, at + 4, &size)
            || size < SECTOR || size % SECTOR != 0 || !ov_bytes_slice(log, at, size, &entry.bytes)
            || !ov_evidence_step(e, 1 + size / 64)) {
        return false;
    }
    if (!ov_u32_at(entry.bytes, 12, &entry.number) || !ov_u32_at(entry.bytes, 16, &entry.bins_bytes)
            || !ov_u32_at(entry.bytes, 20, &entry.pages) || !ov_u32_at(entry.bytes, 24, &low[0])
            || !ov_u32_at(entry.bytes, 28, &high[0]) || !ov_u32_at(entry.bytes, 32, &low[1])
            || !ov_u32_at(entry.bytes, 36, &high[1])
            || !ov_bytes_slice(entry.bytes, 0, 32, &head)) {
        return false;
    }
    body = ov_text_behind(entry.bytes, ENTRY_HEAD);
    if (ov_hive_log_hash(body) != ((uint64_t)high[0] << 32 | low[0])
            || ov_hive_log_hash(head) != ((uint64_t)high[1] << 32 | low[1])) {
        return false;
    }
    *out = entry;
    return true;
}

static bool apply_entry(struct replay *p, const struct entry *entry)
{
    uint64_t data = ENTRY_HEAD + (uint64_t)entry->pages * PAGE_BYTES;

    if (data > ov_bytes_len(entry->bytes) || entry->bins_bytes % HEADER_BYTES != 0
            || !grow(p, entry->bins_bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < entry->pages; i++) {
        const uint64_t at = ENTRY_HEAD + (uint64_t)i * PAGE_BYTES;
        struct ov_bytes page;
        uint32_t offset, size;

        if (!ov_u32_at(entry->bytes, at, &offset) || !ov_u32_at(entry->bytes, at + 4, &size)
                || !ov_bytes_slice(entry->bytes, data, size, &page) || !put_page(p, offset, page)) {
            return false;
        }
        data += size;
    }
    p->applied++;
    return true;
}

/* One of the logs, and where its next entry is. */
struct cursor {
    struct ov_bytes log;
    uint64_t at;
    struct entry entry;
    bool has;
};

static void advance(struct ov_evidence *e, struct cursor *c)
{
    const uint32_t last = c->entry.number;
    const bool first = !c->has;

    if (c->has) {
        c->at += ov_bytes_len(c->entry.bytes);
    }
    c->has = entry_at(e, c->log, c->at, &c->entry) && (first || c->entry.number == last + 1u);
}

static void open_cursor(struct ov_evidence *e, struct ov_bytes log, uint32_t from, struct cursor *c)
{
    *c = (struct cursor){ .log = log, .at = SECTOR };
    advance(e, c);
    while (c->has && c->entry.number < from) { /* each turn takes an entry */
        advance(e, c);
    }
}

/* Entries from `from` on, by their numbers, whichever log they are in. False: one was not to be
 * applied. */
static bool replay_entries(
        struct replay *p, const struct ov_bytes *logs, unsigned count, uint32_t from)
{
    struct cursor cursors[OV_HIVE_LOGS_MAX];
    bool begun = false;
    uint32_t next = from;

    for (unsigned i = 0; i < count; i++) {
        open_cursor(p->e, logs[i], from, &cursors[i]);
    }
    for (;;) { /* each turn takes an entry */
        struct cursor *least = NULL;

        for (unsigned i = 0; i < count; i++) {
            if (cursors[i].has
                    && (least == NULL || cursors[i].entry.number < least->entry.number)) {
                least = &cursors[i];
            }
        }
        /* The first may be later than the hive's number (pages before it were written); between
         * entries there is no gap. */
        if (least == NULL || (begun && least->entry.number != next)) {
            return true;
        }
        if (!apply_entry(p, &least->entry)) {
            return false;
        }
        begun = true;
        next = least->entry.number + 1u;
        advance(p->e, least);
    }
}

/* --- logs of changed sectors ---------------------------------------------------------------- */

static bool replay_sectors(struct replay *p, struct ov_bytes log)
{
    struct ov_bytes map;
    uint32_t magic, bins_bytes;
    uint64_t map_bytes, data;

    if (!ov_u32_at(log, SECTOR, &magic) || magic != MAGIC_DIRT || !ov_u32_at(log, 40, &bins_bytes)
            || bins_bytes % HEADER_BYTES != 0) {
        return true; /* nothing in it */
    }
    map_bytes = bins_bytes / SECTOR / 8;
    data = (SECTOR + 4 + map_bytes + SECTOR - 1) / SECTOR * SECTOR;
    if (!ov_bytes_slice(log, SECTOR + 4, map_bytes, &map) || !grow(p, bins_bytes)) {
        return false;
    }
    for (uint64_t i = 0; i < map_bytes * 8; i++) {
        struct ov_bytes sector;

        if ((ov_bytes_raw(map)[i / 8] >> (i % 8) & 1) == 0) {
            continue;
        }
        if (!ov_bytes_slice(log, data, SECTOR, &sector) || !put_page(p, i * SECTOR, sector)) {
            return false;
        }
        data += SECTOR;
    }
    p->applied++;
    return true;
}

/* --- both ----------------------------------------------------------------------------------- */

/* False: no log, or an empty one. */
static bool log_head(struct ov_bytes log, uint32_t *number, bool *is_new)
{
    uint32_t magic, sequence[2], type;

    if (!ov_u32_at(log, 0, &magic) || magic != MAGIC_REGF || !ov_u32_at(log, 4, &sequence[0])
            || !ov_u32_at(log, 8, &sequence[1]) || !ov_u32_at(log, 28, &type)
            || sequence[0] != sequence[1] || !has_checksum(log)) {
        return false;
    }
    *number = sequence[0];
    *is_new = type == TYPE_NEW;
    return true;
}

bool ov_hive_replay(struct ov_evidence *e, uint8_t **hive, uint64_t *len,
        const struct ov_bytes *logs, unsigned count)
{
    const struct ov_bytes before = ov_bytes_of(*hive, (size_t)*len);
    struct replay p = { .e = e, .hive = *hive, .len = *len };
    struct ov_bytes entries[OV_HIVE_LOGS_MAX], sectors = ov_bytes_of(NULL, 0);
    uint32_t magic, sequence[2], bins_bytes, number, newest = 0;
    unsigned with_entries = 0;
    bool good = true;

    OV_ASSERT(count <= OV_HIVE_LOGS_MAX);
    if (!ov_u32_at(before, 0, &magic) || magic != MAGIC_REGF || *len < HEADER_BYTES
            || !ov_u32_at(before, 4, &sequence[0]) || !ov_u32_at(before, 8, &sequence[1])
            || (sequence[0] == sequence[1] && has_checksum(before))
            || !ov_u32_at(before, 40, &bins_bytes) || *len - HEADER_BYTES < bins_bytes) {
        return false; /* nothing to be done, or nothing that could be: a hive that was cut is not
                         whole because some of it is in a log */
    }
    for (unsigned i = 0; i < count; i++) {
        bool is_new;

        if (!log_head(logs[i], &number, &is_new)) {
            continue;
        }
        if (is_new) {
            entries[with_entries++] = logs[i];
        } else if (number >= sequence[1] && number >= newest) {
            newest = number;
            sectors = logs[i];
        }
    }
    if (with_entries != 0) {
        good = replay_entries(&p, entries, with_entries, sequence[1]);
    } else if (ov_bytes_len(sectors) != 0) {
        good = replay_sectors(&p, sectors);
    }
    if (good && p.applied != 0) {
        set_u32(&p, 8, sequence[0]); /* it is whole now */
    }
    *hive = p.hive;
    *len = p.len;
    return good && p.applied != 0;
}
