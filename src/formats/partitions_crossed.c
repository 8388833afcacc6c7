/* SPDX-License-Identifier: Apache-2.0 */
/* partitions_crossed.c - disks whose partitions share sectors. Nobody's tool lays them out so; whoever
 * does hides one thing from those who read the other. Tables as in partitions.c. */
#include "formats/clam.h"
#include "formats/input.h"
#include "formats/peek.h"

#define SECTOR_BYTES   512u
#define PARTITIONS_MAX 256u

struct extents {
    uint64_t first[PARTITIONS_MAX], count[PARTITIONS_MAX];
    uint32_t used;
    bool crossed;
};

static void add(struct extents *e, uint64_t first, uint64_t count)
{
    if (count == 0 || e->used == PARTITIONS_MAX) {
        return;
    }
    for (uint32_t i = 0; i < e->used; i++) {
        e->crossed |= first >= e->first[i] ? first - e->first[i] < e->count[i]
                                           : e->first[i] - first < count;
    }
    e->first[e->used] = first;
    e->count[e->used++] = count;
}

static struct ov_bytes sector_at(const struct ov_input *input, uint64_t number, uint8_t *raw)
{
    return ov_bytes_of(
            raw, number > UINT64_MAX / SECTOR_BYTES
                         ? 0
                         : ov_input_read(input, number * SECTOR_BYTES, raw, SECTOR_BYTES));
}

static bool is_extended(uint8_t type)
{
    return type == 0x05 || type == 0x0f || type == 0x85;
}

/* The four of the first table; those of the chain among themselves, as they lie within one of the four. */
static void read_mbr(const struct ov_input *input, struct extents *e)
{
    uint8_t raw[SECTOR_BYTES];
    struct ov_bytes b = sector_at(input, 0, raw);
    uint64_t base = 0, link = 0;

    for (uint64_t at = 446; at < 510; at += 16) {
        const uint8_t type = ov_u8_at(b, at + 4, 0);
        const uint64_t first = ov_u32le_at(b, at + 8, 0);

        if (type != 0) {
            add(e, first, ov_u32le_at(b, at + 12, 0));
        }
        if (is_extended(type)) {
            base = link = first;
        }
    }
    e->used = 0;
    for (uint32_t links = 0; link != 0 && links < PARTITIONS_MAX; links++) {
        uint64_t next;

        b = sector_at(input, link, raw);
        next = ov_u32le_at(b, 446 + 16 + 8, 0);
        if (!ov_has(b, 510, "\x55\xaa", 2)) {
            return;
        }
        add(e, link + ov_u32le_at(b, 446 + 8, 0), ov_u32le_at(b, 446 + 12, 0));
        link = is_extended(ov_u8_at(b, 446 + 16 + 4, 0)) && next != 0 ? base + next : 0;
    }
}

static void read_gpt(const struct ov_input *input, struct extents *e)
{
    uint8_t raw[SECTOR_BYTES];
    const struct ov_bytes b = sector_at(input, 1, raw);
    const uint64_t table = ov_u64le_at(b, 72, 2), each = ov_u32le_at(b, 84, 128);
    const uint32_t count = ov_u32le_at(b, 80, 0);

    for (uint32_t i = 0;
            i < count && i < PARTITIONS_MAX && each >= 128 && each <= 4096 && table < UINT32_MAX;
            i++) {
        uint8_t entry[56];
        const struct ov_bytes p = ov_bytes_of(
                entry, ov_input_read(input, table * SECTOR_BYTES + each * i, entry, sizeof(entry)));
        const uint64_t first = ov_u64le_at(p, 32, 0), last = ov_u64le_at(p, 40, 0);

        if (first != 0 && last >= first && last < UINT64_MAX) {
            add(e, first, last - first + 1);
        }
    }
}

static void read_apm(const struct ov_input *input, struct extents *e)
{
    for (uint32_t number = 1; number <= PARTITIONS_MAX; number++) {
        uint8_t raw[SECTOR_BYTES];
        const struct ov_bytes b = sector_at(input, number, raw);

        if (!ov_has(b, 0, "PM", 2) || number > ov_u32be_at(b, 4, 0)) {
            return;
        }
        add(e, ov_u32be_at(b, 8, 0), ov_u32be_at(b, 12, 0));
    }
}

bool ov_partitions_crossed(struct ov_source *source, enum ov_clam_type type)
{
    struct extents e = { .used = 0 };
    struct ov_input input;

    ov_input_init(&input, source, 0, source->size);
    if (type == OV_CLAM_MBR) {
        read_mbr(&input, &e);
    } else if (type == OV_CLAM_GPT) {
        read_gpt(&input, &e);
    } else if (type == OV_CLAM_APM) {
        read_apm(&input, &e);
    }
    return e.crossed;
}
