/* SPDX-License-Identifier: Apache-2.0 */
/* exception.c - structured exceptions of 32-bit Windows, by which packers take odd turns: the chain at
 * fs:0, a record and a context on the program's own stack, and what its handler changed in there. */
#include "emu/windows.h"

#define CONTEXT_BYTES 0x2ccu
#define CONTEXT_FLAGS 0x0001003fu

/* Where CONTEXT keeps them (winnt.h). */
static const struct {
    uint32_t at;
    uint32_t reg;
} kept[] = { { 0x9c, OV_EDI }, { 0xa0, OV_ESI }, { 0xa4, OV_EBX }, { 0xa8, OV_EDX },
    { 0xac, OV_ECX }, { 0xb0, OV_EAX }, { 0xb4, OV_EBP }, { 0xc4, OV_ESP } };

#define CONTEXT_EIP    0xb8u
#define CONTEXT_EFLAGS 0xc0u

/* Calls the handler of `frame`. */
static bool call_handler(struct ov_guest *p, uint32_t frame, uint32_t record, uint32_t context)
{
    struct ov_cpu *cpu = &p->cpu;
    uint32_t handler;

    if (!ov_cpu_load(cpu, frame + 4, 4, &handler)) {
        return false;
    }
    p->handler_frame = frame;
    p->handler_context = context;
    cpu->r[OV_ESP] = record - 32;
    cpu->eip = handler;
    cpu->flags &= ~OV_TF;
    return ov_cpu_push(cpu, 0) && ov_cpu_push(cpu, context) && ov_cpu_push(cpu, frame)
           && ov_cpu_push(cpu, record)
           && ov_cpu_push(cpu, OV_DOORS + OV_DOOR_HANDLED * OV_DOOR_BYTES);
}

bool ov_exception_raise(struct ov_guest *p, uint32_t code)
{
    struct ov_cpu *cpu = &p->cpu;
    const uint32_t context = (cpu->r[OV_ESP] - CONTEXT_BYTES - 64) & ~15u;
    const uint32_t record = context - 80;
    uint32_t frame;
    bool good = true;

    cpu->stop = OV_CPU_RUNS;
    if (!ov_cpu_load(cpu, cpu->fs, 4, &frame) || frame == UINT32_MAX || frame == 0) {
        return false;
    }
    good = good && ov_cpu_store(cpu, record, 4, code) && ov_cpu_store(cpu, record + 4, 4, 0)
           && ov_cpu_store(cpu, record + 8, 4, 0) && ov_cpu_store(cpu, record + 12, 4, cpu->eip)
           && ov_cpu_store(cpu, record + 16, 4, 2) && ov_cpu_store(cpu, record + 20, 4, 0)
           && ov_cpu_store(cpu, record + 24, 4, cpu->fault);
    for (uint32_t at = 0; good && at < CONTEXT_BYTES; at += 4) {
        good = ov_cpu_store(cpu, context + at, 4, 0);
    }
    good = good && ov_cpu_store(cpu, context, 4, CONTEXT_FLAGS)
           && ov_cpu_store(cpu, context + CONTEXT_EIP, 4, cpu->eip)
           && ov_cpu_store(cpu, context + CONTEXT_EFLAGS, 4, cpu->flags | 0x202);
    for (unsigned i = 0; good && i < sizeof(kept) / sizeof(kept[0]); i++) {
        good = ov_cpu_store(cpu, context + kept[i].at, 4, cpu->r[kept[i].reg]);
    }
    return good && call_handler(p, frame, record, context);
}

bool ov_exception_return(struct ov_guest *p)
{
    struct ov_cpu *cpu = &p->cpu;
    const uint32_t context = p->handler_context;
    uint32_t v;

    if (cpu->r[OV_EAX] == 1) { /* not his: the next one */
        if (!ov_cpu_load(cpu, p->handler_frame, 4, &v) || v == UINT32_MAX || v == 0
                || v == p->handler_frame) {
            return false;
        }
        return call_handler(p, v, context - 80, context);
    }
    for (unsigned i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (!ov_cpu_load(cpu, context + kept[i].at, 4, &cpu->r[kept[i].reg])) {
            return false;
        }
    }
    if (!ov_cpu_load(cpu, context + CONTEXT_EFLAGS, 4, &cpu->flags)) {
        return false;
    }
    return ov_cpu_load(cpu, context + CONTEXT_EIP, 4, &cpu->eip);
}
