/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - maps a PE as Windows would, runs it, and notices when it begins to run what it wrote.
 * Its headers are claims: every size is cut to what is there, and to limits. */
#include "emu/program.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/le.h"
#include "base/limits.h"
#include "emu/windows.h"

/* Descriptors and functions of imports that are bound. */
#define IMPORTS_MAX   256u
#define FUNCTIONS_MAX 2048u

/* IMAGE_SCN_MEM_WRITE */
#define SECTION_WRITABLE 0x80000000u

static uint32_t u32_at(struct ov_bytes b, uint64_t at, uint32_t otherwise)
{
    struct ov_bytes part;
    struct ov_le32 v;

    if (!ov_bytes_slice(b, at, 4, &part)) {
        return otherwise;
    }
    memcpy(&v, ov_bytes_raw(part), 4);
    return ov_le32_get(v);
}

static uint32_t u16_at(struct ov_bytes b, uint64_t at)
{
    struct ov_bytes part;
    struct ov_le16 v;

    if (!ov_bytes_slice(b, at, 2, &part)) {
        return 0;
    }
    memcpy(&v, ov_bytes_raw(part), 2);
    return ov_le16_get(v);
}

/* What the headers say, of a 32-bit program for x86. */
struct pe {
    uint64_t at; /* of "PE" */
    uint64_t sections_at;
    uint32_t section_count;
    uint32_t entry;
    uint32_t base;
    uint32_t image_bytes;
    uint32_t header_bytes;
    uint32_t imports;
};

static bool read_pe(struct ov_bytes file, struct pe *pe)
{
    const uint64_t at = u32_at(file, 0x3c, UINT32_MAX), optional = at + 24;

    if (u16_at(file, 0) != 0x5a4d || u32_at(file, at, 0) != 0x00004550
            || u16_at(file, at + 4) != 0x14c || u16_at(file, optional) != 0x10b) {
        return false;
    }
    pe->at = at;
    pe->section_count = u16_at(file, at + 6);
    pe->sections_at = optional + u16_at(file, at + 20);
    pe->entry = u32_at(file, optional + 16, 0);
    pe->base = u32_at(file, optional + 28, 0);
    pe->image_bytes = u32_at(file, optional + 56, 0);
    pe->header_bytes = u32_at(file, optional + 60, 0);
    pe->imports = u32_at(file, optional + 92, 0) > 1 ? u32_at(file, optional + 104, 0) : 0;
    return pe->section_count > 0 && pe->section_count <= OV_PE_SECTIONS_MAX;
}

bool ov_guest_looks_packed(struct ov_bytes head)
{
    bool empty = false, found = false, writable = false;
    struct pe pe;

    if (!read_pe(head, &pe)) {
        return false;
    }
    for (uint32_t i = 0; i < pe.section_count; i++) {
        const uint64_t s = pe.sections_at + 40 * (uint64_t)i;
        const uint32_t bytes = u32_at(head, s + 8, 0), from = u32_at(head, s + 12, 0);
        const uint32_t raw = u32_at(head, s + 16, 0), flags = u32_at(head, s + 36, 0);

        empty = empty || (raw == 0 && bytes >= 4096 && (flags & 0x20000000u) != 0);
        if (pe.entry >= from && pe.entry - from < (bytes > raw ? bytes : raw)) {
            found = true;
            writable = (flags & SECTION_WRITABLE) != 0;
        }
    }
    return pe.entry != 0 && (!found || writable || empty);
}

/* --- mapping -------------------------------------------------------------------------------- */

static void copy_in(
        struct ov_guest *p, uint32_t to, struct ov_bytes file, uint64_t from, uint64_t len)
{
    const uint64_t size = ov_bytes_len(file);
    uint8_t *at;

    if (from >= size || to >= p->bytes) {
        return;
    }
    len = len < size - from ? len : size - from;
    len = len < p->bytes - to ? len : p->bytes - to;
    at = ov_emu_at(&p->memory, p->base + to, (uint32_t)len);
    if (at != NULL && len != 0) {
        memcpy(at, &ov_bytes_raw(file)[from], (size_t)len);
    }
}

static void map_sections(struct ov_guest *p, struct ov_bytes file, const struct pe *pe)
{
    copy_in(p, 0, file, 0, pe->header_bytes < 4096 ? 4096 : pe->header_bytes);
    for (uint32_t i = 0; i < pe->section_count; i++) {
        const uint64_t s = pe->sections_at + 40 * (uint64_t)i;
        const uint32_t bytes = u32_at(file, s + 8, 0), to = u32_at(file, s + 12, 0);
        const uint32_t raw = u32_at(file, s + 16, 0);
        const uint32_t from = u32_at(file, s + 20, 0) & ~0x1ffu; /* as the loader rounds it */
        const uint32_t room = bytes == 0 ? raw : (bytes + 0xfff) & ~0xfffu;

        copy_in(p, to, file, from, raw < room ? raw : room);
        p->sections[p->section_count].from = p->base + to;
        p->sections[p->section_count].to = p->base + to + (bytes > raw ? bytes : raw);
        p->section_count++;
    }
}

/* The name at an address of the image. */
static void read_name(struct ov_guest *p, uint32_t rva, char *out, size_t bytes)
{
    size_t i = 0;

    for (; i + 1 < bytes; i++) {
        const uint8_t *at = ov_emu_at(&p->memory, p->base + rva + (uint32_t)i, 1);

        if (at == NULL || *at == 0) {
            break;
        }
        out[i] = (char)*at;
    }
    out[i] = 0;
}

static void bind_functions(struct ov_guest *p, uint32_t names, uint32_t slots)
{
    for (uint32_t i = 0; i < FUNCTIONS_MAX; i++) {
        uint32_t name, door;
        char text[64];

        if (!ov_cpu_load(&p->cpu, p->base + names + 4 * i, 4, &name) || name == 0) {
            break;
        }
        if (name >> 31 != 0) {
            door = ov_api_door(p, "by number");
        } else {
            read_name(p, name + 2, text, sizeof(text));
            door = ov_api_door(p, text);
        }
        (void)ov_cpu_store(&p->cpu, p->base + slots + 4 * i, 4, door);
    }
}

static void bind_imports(struct ov_guest *p, uint32_t imports)
{
    for (uint32_t i = 0; imports != 0 && i < IMPORTS_MAX; i++) {
        const uint32_t at = p->base + imports + 20 * i;
        uint32_t names, slots;

        if (!ov_cpu_load(&p->cpu, at, 4, &names) || !ov_cpu_load(&p->cpu, at + 16, 4, &slots)
                || slots == 0) {
            break;
        }
        bind_functions(p, names == 0 ? slots : names, slots);
    }
    p->cpu.stop = OV_CPU_RUNS; /* an import that points nowhere stays unbound */
}

/* One entry of the list of libraries (three links, where it lies, its entry and its size). */
static void map_module(struct ov_guest *p, uint32_t at, uint32_t next, uint32_t before,
        uint32_t base, uint32_t bytes)
{
    for (uint32_t list = 0; list < 3; list++) {
        (void)ov_cpu_store(&p->cpu, at + 8 * list, 4, next + 8 * list);
        (void)ov_cpu_store(&p->cpu, at + 8 * list + 4, 4, before + 8 * list);
    }
    (void)ov_cpu_store(&p->cpu, at + 0x18, 4, base);
    (void)ov_cpu_store(&p->cpu, at + 0x20, 4, bytes);
}

/* Thread and process, as far as anybody looks: the chain of handlers, the stack's ends, itself, no
 * debugger, and the list of libraries: the program and the system's. */
static void map_thread(struct ov_guest *p)
{
    const uint32_t teb = OV_TEB_BASE, peb = OV_TEB_BASE + 0x1000, list = OV_TEB_BASE + 0x2000;
    const uint32_t own = OV_TEB_BASE + 0x2100, kernel = OV_TEB_BASE + 0x2200;
    struct ov_cpu *cpu = &p->cpu;

    (void)ov_cpu_store(cpu, teb, 4, UINT32_MAX);
    (void)ov_cpu_store(cpu, teb + 4, 4, OV_STACK_BASE + OV_STACK_BYTES);
    (void)ov_cpu_store(cpu, teb + 8, 4, OV_STACK_BASE);
    (void)ov_cpu_store(cpu, teb + 0x18, 4, teb);
    (void)ov_cpu_store(cpu, teb + 0x30, 4, peb);
    (void)ov_cpu_store(cpu, peb + 8, 4, p->base);
    (void)ov_cpu_store(cpu, peb + 0xc, 4, list);
    map_module(p, list + 0xc, own, kernel, 0, 0); /* the list's head has links alone, */
    (void)ov_cpu_store(cpu, list + 4, 4, 1);      /* so what follows is set behind it */
    map_module(p, own, kernel, list + 0xc, p->base, p->bytes);
    map_module(p, kernel, list + 0xc, own, OV_SYSTEM_BASE, OV_SYSTEM_BYTES);
    cpu->fs = teb;
}

static void ready(struct ov_guest *p)
{
    struct ov_cpu *cpu = &p->cpu;

    cpu->r[OV_ESP] = OV_STACK_BASE + OV_STACK_BYTES - 0x2000;
    /* Whoever looks for the system's library begins at the address it was called from. */
    (void)ov_cpu_push(cpu, OV_DOORS + OV_DOOR_LEFT * OV_DOOR_BYTES);
    cpu->eip = p->base + p->entry;
    cpu->r[OV_EAX] = cpu->eip;
    cpu->r[OV_EBX] = OV_TEB_BASE + 0x1000;
    cpu->r[OV_EDX] = cpu->eip;
    cpu->r[OV_EBP] = OV_STACK_BASE + OV_STACK_BYTES - 0x1ff0;
    cpu->flags = OV_ZF | OV_PF;
    p->section = -2; /* none yet */
    p->page = UINT32_MAX;
    p->event = OV_GUEST_LAYER;
    ov_emu_forget_writes(&p->memory);
}

bool ov_guest_new(struct ov_guest **out, struct ov_bytes file)
{
    struct ov_guest *p;
    struct pe pe;

    *out = NULL;
    if (!read_pe(file, &pe) || pe.image_bytes == 0 || pe.image_bytes > OV_EMU_IMAGE_BYTES_MAX) {
        return true;
    }
    p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return false;
    }
    p->base = pe.base < 0x10000 || (pe.base & 0xffff) != 0 ? 0x00400000u : pe.base;
    p->bytes = (pe.image_bytes + 0xfff) & ~0xfffu;
    p->entry = pe.entry;
    p->file = file;
    p->header_at = (uint32_t)pe.at;
    p->cpu.memory = &p->memory;
    if (!ov_emu_map(&p->memory, p->base, p->bytes)
            || !ov_emu_map(&p->memory, OV_STACK_BASE, OV_STACK_BYTES)
            || !ov_emu_map(&p->memory, OV_TEB_BASE, OV_TEB_BYTES)
            || !ov_emu_map(&p->memory, OV_SYSTEM_BASE, OV_SYSTEM_BYTES)) {
        ov_guest_free(p); /* an image where something else has to be: no program */
        return true;
    }
    map_sections(p, file, &pe);
    ov_api_map(p);
    bind_imports(p, pe.imports);
    map_thread(p);
    ready(p);
    *out = p;
    return true;
}

void ov_guest_free(struct ov_guest *p)
{
    if (p != NULL) {
        ov_emu_unmap_all(&p->memory);
        free(p);
    }
}

/* --- running -------------------------------------------------------------------------------- */

static int32_t section_of(const struct ov_guest *p, uint32_t address)
{
    for (uint32_t i = 0; i < p->section_count; i++) {
        if (address >= p->sections[i].from && address < p->sections[i].to) {
            return (int32_t)i;
        }
    }
    return -1;
}

/* The program enters another page: is it in what it wrote, in another section than before? */
static bool enters_layer(struct ov_guest *p)
{
    const uint32_t eip = p->cpu.eip;
    const int32_t before = p->section;

    p->page = eip / OV_EMU_PAGE_BYTES;
    if (eip - p->base >= p->bytes) {
        return false;
    }
    p->section = section_of(p, eip);
    if (before == -2 || p->section == before || !ov_emu_is_written(&p->memory, eip)) {
        return false;
    }
    return true;
}

static uint32_t code_of(enum ov_cpu_stop stop)
{
    switch (stop) {
    case OV_CPU_DIVIDE:
        return 0xc0000094u;
    case OV_CPU_BREAKPOINT:
        return 0x80000003u;
    case OV_CPU_PRIVILEGED:
        return 0xc0000096u;
    case OV_CPU_RUNS:
    case OV_CPU_FAULT:
    case OV_CPU_UNKNOWN:
        break;
    }
    return 0xc0000005u;
}

static enum ov_guest_event end(struct ov_guest *p, enum ov_guest_event event)
{
    p->over = true;
    p->event = event;
    return event;
}

enum ov_guest_event ov_guest_run(struct ov_guest *p, uint64_t steps_max)
{
    struct ov_cpu *cpu = &p->cpu;

    if (p->over) {
        return p->event;
    }
    /* Each turn is a step or more, and steps are bounded. */
    while (cpu->steps < steps_max) {
        const bool traced = (cpu->flags & OV_TF) != 0;

        if (cpu->eip - OV_DOORS < OV_DOORS_MAX * OV_DOOR_BYTES) {
            if (!ov_api_enter(p)) {
                return end(p, OV_GUEST_OVER);
            }
            cpu->steps++;
            continue;
        }
        if (cpu->eip / OV_EMU_PAGE_BYTES != p->page && enters_layer(p)) {
            return OV_GUEST_LAYER;
        }
        ov_cpu_step(cpu);
        if (cpu->stop == OV_CPU_UNKNOWN) {
            return end(p, OV_GUEST_OVER);
        }
        if (cpu->stop != OV_CPU_RUNS) {
            if (!ov_exception_raise(p, code_of(cpu->stop))) {
                return end(p, OV_GUEST_OVER);
            }
        } else if (traced) {
            cpu->flags &= ~OV_TF;
            if (!ov_exception_raise(p, 0x80000004u)) {
                return end(p, OV_GUEST_OVER);
            }
        }
    }
    return end(p, OV_GUEST_STEPS);
}

uint64_t ov_guest_steps(const struct ov_guest *p)
{
    return p->cpu.steps;
}

/* --- what came of it ------------------------------------------------------------------------ */

bool ov_guest_has_news(const struct ov_guest *p)
{
    const struct ov_emu_region *image = &p->memory.regions[0];

    return memchr(image->written, 1, image->bytes / OV_EMU_PAGE_BYTES) != NULL;
}

/* Sections lie in the file as in memory, now. */
static void mend_headers(struct ov_guest *p)
{
    const uint32_t at = p->base + p->header_at, optional = at + 24;
    uint32_t count, size, v;

    if (!ov_cpu_load(&p->cpu, at, 4, &v) || v != 0x00004550
            || !ov_cpu_load(&p->cpu, at + 6, 2, &count)
            || !ov_cpu_load(&p->cpu, at + 20, 2, &size)) {
        return;
    }
    (void)ov_cpu_store(&p->cpu, optional + 16, 4, p->cpu.eip - p->base);
    (void)ov_cpu_store(&p->cpu, optional + 36, 4, OV_EMU_PAGE_BYTES);
    for (uint32_t i = 0; i < count && i < OV_PE_SECTIONS_MAX; i++) {
        const uint32_t s = optional + size + 40 * i;
        uint32_t bytes, raw, rva;

        if (!ov_cpu_load(&p->cpu, s + 8, 4, &bytes) || !ov_cpu_load(&p->cpu, s + 12, 4, &rva)
                || !ov_cpu_load(&p->cpu, s + 16, 4, &raw)) {
            return;
        }
        (void)ov_cpu_store(&p->cpu, s + 16, 4, bytes > raw ? bytes : raw);
        (void)ov_cpu_store(&p->cpu, s + 20, 4, rva);
    }
}

struct ov_bytes ov_guest_image(struct ov_guest *p)
{
    const enum ov_cpu_stop stop = p->cpu.stop;
    const uint8_t *at;

    mend_headers(p);
    p->cpu.stop = stop;
    ov_emu_forget_writes(&p->memory);
    at = ov_emu_at(&p->memory, p->base, p->bytes);
    return at == NULL ? ov_bytes_of(NULL, 0) : ov_bytes_of(at, p->bytes);
}

struct ov_bytes ov_guest_heap(struct ov_guest *p)
{
    const uint8_t *at = ov_emu_at(&p->memory, OV_HEAP_BASE, p->heap_used);

    return at == NULL || p->heap_used == 0 ? ov_bytes_of(NULL, 0) : ov_bytes_of(at, p->heap_used);
}
