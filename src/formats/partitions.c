/* SPDX-License-Identifier: Apache-2.0 */
/* partitions.c - images of disks with a table of partitions: MBR with its chain of extended ones, GPT
 * (UEFI 5.3), and Apple's map. Each partition is a member, of any size. Numbers of sectors are claims;
 * chains and tables have a limit. */
#include <stdio.h>

#include "base/checked.h"
#include "formats/decode.h"
#include "formats/parsers.h"
#include "formats/peek.h"

#define SECTOR_BYTES   512u
#define PARTITIONS_MAX 256u

struct partitions {
    uint32_t next;     /* entry of the table */
    uint64_t extended; /* MBR: sector where the chain's container begins; 0: none */
    uint64_t link;     /* sector of the chain's next table */
    uint32_t links;
    uint32_t count;
    bool told; /* that there are more */
    char name[32];
};

static bool lay_sectors(struct ov_parser *p, uint64_t first, uint64_t count, uint64_t sector_bytes)
{
    struct partitions *s = p->state;
    uint64_t from, bytes;

    if (!ov_mul(&from, first, sector_bytes) || !ov_mul(&bytes, count, sector_bytes)
            || from >= p->input.size || bytes == 0) {
        return false;
    }
    (void)snprintf(s->name, sizeof(s->name), "partition %u", ++s->count);
    (void)ov_lay_part(p, ov_text_bytes(s->name), from, bytes, OV_CODEC_STORED);
    return true;
}

static struct ov_bytes sector_at(struct ov_parser *p, uint64_t number, uint8_t *raw)
{
    uint64_t at;

    if (!ov_mul(&at, number, (uint64_t)SECTOR_BYTES)) {
        return ov_bytes_of(NULL, 0);
    }
    return ov_bytes_of(raw, ov_input_read(&p->input, at, raw, SECTOR_BYTES));
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Behind the last that is opened. */
static enum ov_give end_with_more(struct ov_parser *p, bool more)
{
    struct partitions *s = p->state;

    if (!more || s->told) {
        return OV_GIVE_END;
    }
    s->told = true;
    return ov_parser_say(p, OV_REASON_UNSUPPORTED, "more partitions than are opened");
}

static enum ov_give mbr_step(struct ov_parser *p)
{
    struct partitions *s = p->state;
    uint8_t raw[SECTOR_BYTES];

    while (s->next < 4) {
        const struct ov_bytes b = sector_at(p, 0, raw);
        const uint64_t at = 446 + 16 * (uint64_t)s->next++;
        const uint8_t type = ov_u8_at(b, at + 4, 0);
        const uint64_t first = ov_u32le_at(b, at + 8, 0), count = ov_u32le_at(b, at + 12, 0);

        if (is_extended(type)) {
            s->extended = s->link = first;
        } else if (type != 0 && lay_sectors(p, first, count, SECTOR_BYTES)) {
            return OV_GIVE_PIECE;
        }
    }
    while (s->link != 0 && s->links++ < PARTITIONS_MAX) {
        const uint64_t here = s->link;
        const struct ov_bytes b = sector_at(p, here, raw);
        const uint64_t next = ov_u32le_at(b, 446 + 16 + 8, 0);

        s->link = is_extended(ov_u8_at(b, 446 + 16 + 4, 0)) && next != 0 ? s->extended + next : 0;
        if (ov_has(b, 510, "\x55\xaa", 2)
                && lay_sectors(p, here + ov_u32le_at(b, 446 + 8, 0), ov_u32le_at(b, 446 + 12, 0),
                        SECTOR_BYTES)) {
            return OV_GIVE_PIECE;
        }
    }
    return end_with_more(p, s->link != 0);
}

static enum ov_give gpt_step(struct ov_parser *p)
{
    struct partitions *s = p->state;
    uint8_t raw[SECTOR_BYTES];
    const struct ov_bytes b = sector_at(p, 1, raw);
    const uint64_t table = ov_u64le_at(b, 72, 2), each = ov_u32le_at(b, 84, 128);
    const uint32_t count = ov_u32le_at(b, 80, 0);

    while (s->next < count && s->next < PARTITIONS_MAX && each >= 128 && each <= 4096) {
        uint8_t entry[56];
        uint64_t at, first, last;
        struct ov_bytes e;

        if (!ov_mul(&at, table, (uint64_t)SECTOR_BYTES) || !ov_add(&at, at, each * s->next)) {
            break;
        }
        s->next++;
        e = ov_bytes_of(entry, ov_input_read(&p->input, at, entry, sizeof(entry)));
        first = ov_u64le_at(e, 32, 0);
        last = ov_u64le_at(e, 40, 0);
        if (ov_u64le_at(e, 0, 0) != 0 && first != 0 && last >= first && last < UINT64_MAX
                && lay_sectors(p, first, last - first + 1, SECTOR_BYTES)) {
            return OV_GIVE_PIECE;
        }
    }
    return end_with_more(p, s->next < count);
}

static enum ov_give apm_step(struct ov_parser *p)
{
    struct partitions *s = p->state;
    uint8_t raw[SECTOR_BYTES];

    for (;;) {
        const uint32_t number = ++s->next;
        const struct ov_bytes b = sector_at(p, number, raw);

        if (!ov_has(b, 0, "PM", 2) || number > ov_u32be_at(b, 4, 0) || number > PARTITIONS_MAX) {
            return OV_GIVE_END;
        }
        if (!ov_has(b, 48, "Apple_partition_map", 19)
                && lay_sectors(p, ov_u32be_at(b, 8, 0), ov_u32be_at(b, 12, 0), SECTOR_BYTES)) {
            return OV_GIVE_PIECE;
        }
    }
}

static enum ov_give partitions_step(struct ov_parser *p)
{
    if (p->type == OV_TYPE_GPT) {
        return gpt_step(p);
    }
    return p->type == OV_TYPE_APM ? apm_step(p) : mbr_step(p);
}

/* A table that holds something within the image, and nothing that no table has. */
bool ov_mbr_is_table(struct ov_bytes b, uint64_t size)
{
    uint32_t used = 0;

    if (!ov_has(b, 510, "\x55\xaa", 2) || ov_has(b, 54, "FAT", 3) || ov_has(b, 82, "FAT32", 5)
            || ov_has(b, 3, "NTFS", 4) || ov_has(b, 3, "EXFAT", 5)) {
        return false;
    }
    for (uint64_t at = 446; at < 510; at += 16) {
        const uint8_t status = ov_u8_at(b, at, 1), type = ov_u8_at(b, at + 4, 0);
        const uint64_t first = ov_u32le_at(b, at + 8, 0), count = ov_u32le_at(b, at + 12, 0);

        if ((status & 0x7f) != 0) {
            return false;
        }
        /* One that leads nowhere does not hide the others. */
        used += type != 0 && first != 0 && count != 0 && first * SECTOR_BYTES < size ? 1 : 0;
    }
    return used > 0;
}

const struct ov_parser_ops ov_parser_partitions = {
    .state_bytes = sizeof(struct partitions),
    .step = partitions_step,
};
