/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - regions, and the only way to their bytes. The addresses are a hostile program's. */
#include "emu/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

static struct ov_emu_region *region_of(struct ov_emu_memory *m, uint32_t address)
{
    for (uint32_t i = 0; i < m->count; i++) {
        struct ov_emu_region *r = &m->regions[i];

        if (address - r->base < r->bytes) {
            return r;
        }
    }
    return NULL;
}

bool ov_emu_map(struct ov_emu_memory *m, uint32_t base, uint32_t bytes)
{
    struct ov_emu_region *r;
    uint32_t end;

    if (m->count == OV_EMU_REGIONS_MAX || bytes == 0 || !ov_add(&end, base, bytes)) {
        return false;
    }
    for (uint32_t i = 0; i < m->count; i++) {
        if (base < m->regions[i].base + m->regions[i].bytes && m->regions[i].base < end) {
            return false;
        }
    }
    r = &m->regions[m->count];
    r->base = base;
    r->bytes = bytes;
    r->at = calloc(1, bytes);
    r->written = calloc(1, bytes / OV_EMU_PAGE_BYTES + 1);
    m->count++;
    return r->at != NULL && r->written != NULL;
}

void ov_emu_unmap_all(struct ov_emu_memory *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        free(m->regions[i].at);
        free(m->regions[i].written);
    }
    memset(m, 0, sizeof(*m));
}

uint8_t *ov_emu_at(struct ov_emu_memory *m, uint32_t address, uint32_t len)
{
    struct ov_emu_region *r = region_of(m, address);

    if (r == NULL || len > r->bytes - (address - r->base)) {
        return NULL;
    }
    return &r->at[address - r->base];
}

uint32_t ov_emu_left(struct ov_emu_memory *m, uint32_t address, uint32_t len)
{
    const struct ov_emu_region *r = region_of(m, address);
    uint32_t left;

    if (r == NULL) {
        return 0;
    }
    left = r->bytes - (address - r->base);
    return left < len ? left : len;
}

void ov_emu_mark(struct ov_emu_memory *m, uint32_t address, uint32_t len)
{
    struct ov_emu_region *r = region_of(m, address);
    uint32_t first, last;

    if (r == NULL || len == 0) {
        return;
    }
    first = (address - r->base) / OV_EMU_PAGE_BYTES;
    last = (address - r->base + len - 1) / OV_EMU_PAGE_BYTES;
    for (uint32_t page = first; page <= last && page <= r->bytes / OV_EMU_PAGE_BYTES; page++) {
        m->pages_written += r->written[page] == 0 ? 1 : 0;
        r->written[page] = 1;
    }
}

bool ov_emu_is_written(struct ov_emu_memory *m, uint32_t address)
{
    const struct ov_emu_region *r = region_of(m, address);

    return r != NULL && r->written[(address - r->base) / OV_EMU_PAGE_BYTES] != 0;
}

void ov_emu_forget_writes(struct ov_emu_memory *m)
{
    for (uint32_t i = 0; i < m->count; i++) {
        memset(m->regions[i].written, 0, m->regions[i].bytes / OV_EMU_PAGE_BYTES + 1);
    }
    m->pages_written = 0;
}
