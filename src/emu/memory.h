/* SPDX-License-Identifier: Apache-2.0 */
/* memory.h - the address space of an interpreted program: a few regions of our own memory. An address
 * of the program is a number; it becomes a place only through ov_emu_at, which checks it. */
#ifndef OV_EMU_MEMORY_H
#define OV_EMU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define OV_EMU_REGIONS_MAX 6u
#define OV_EMU_PAGE_BYTES  4096u

struct ov_emu_region {
    uint32_t base;
    uint32_t bytes;
    uint8_t *at;      /* owned */
    uint8_t *written; /* owned; one byte a page: was it written to? */
};

struct ov_emu_memory {
    struct ov_emu_region regions[OV_EMU_REGIONS_MAX];
    uint32_t count;
    uint64_t pages_written; /* marks set since they were last cleared */
};

/* A region of zeros. False: no memory, or it lies over another one. */
OV_MUST_CHECK bool ov_emu_map(struct ov_emu_memory *m, uint32_t base, uint32_t bytes);
void ov_emu_unmap_all(struct ov_emu_memory *m);

/* Where [address, address + len) lies; NULL: not all of it in one region. */
uint8_t *ov_emu_at(struct ov_emu_memory *m, uint32_t address, uint32_t len);
/* As many bytes as there are in the region from `address` on, up to `len`. */
uint32_t ov_emu_left(struct ov_emu_memory *m, uint32_t address, uint32_t len);
/* Marks the pages of [address, address + len) as written. */
void ov_emu_mark(struct ov_emu_memory *m, uint32_t address, uint32_t len);
bool ov_emu_is_written(struct ov_emu_memory *m, uint32_t address);
void ov_emu_forget_writes(struct ov_emu_memory *m);

#endif
