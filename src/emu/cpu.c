/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c - fetches, decodes and executes one instruction (Intel SDM, volume 2). The code is hostile:
 * every access goes through its regions' check, an instruction has at most 15 bytes, and what is not
 * interpreted stops the program. */
#include <string.h>

#include "base/checked.h"
#include "emu/cpu_groups.h"

void ov_cpu_stop_for(struct ov_cpu *cpu, enum ov_cpu_stop why)
{
    if (cpu->stop == OV_CPU_RUNS) {
        cpu->stop = why;
    }
}

/* --- memory --------------------------------------------------------------------------------- */

bool ov_cpu_load(struct ov_cpu *cpu, uint32_t address, uint32_t size, uint32_t *out)
{
    const uint8_t *at = ov_emu_at(cpu->memory, address, size);
    uint32_t v = 0;

    if (at == NULL) {
        cpu->fault = address;
        ov_cpu_stop_for(cpu, OV_CPU_FAULT);
        return false;
    }
    memcpy(&v, at, size); /* both sides are little-endian where this runs; see below */
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap32(v);
#endif
    *out = v;
    return true;
}

bool ov_cpu_store(struct ov_cpu *cpu, uint32_t address, uint32_t size, uint32_t v)
{
    uint8_t *at = ov_emu_at(cpu->memory, address, size);

    if (at == NULL) {
        cpu->fault = address;
        ov_cpu_stop_for(cpu, OV_CPU_FAULT);
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
    ov_emu_mark(cpu->memory, address, size);
    return true;
}

bool ov_cpu_push(struct ov_cpu *cpu, uint32_t v)
{
    if (!ov_cpu_store(cpu, cpu->r[OV_ESP] - 4, 4, v)) {
        return false;
    }
    cpu->r[OV_ESP] -= 4;
    return true;
}

bool ov_cpu_pop(struct ov_cpu *cpu, uint32_t *out)
{
    if (!ov_cpu_load(cpu, cpu->r[OV_ESP], 4, out)) {
        return false;
    }
    cpu->r[OV_ESP] += 4;
    return true;
}

/* --- operands ------------------------------------------------------------------------------- */

uint32_t ov_cpu_fetch(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t v = 0;

    if (cpu->code_at + size > 15) {
        ov_cpu_stop_for(cpu, OV_CPU_UNKNOWN);
        return 0;
    }
    for (uint32_t i = 0; i < size; i++) {
        v |= (uint32_t)cpu->code[cpu->code_at++] << (8 * i);
    }
    return v;
}

uint32_t ov_cpu_fetch_signed8(struct ov_cpu *cpu)
{
    return (uint32_t)(int32_t)(int8_t)ov_cpu_fetch(cpu, 1);
}

uint32_t ov_cpu_reg(const struct ov_cpu *cpu, unsigned index, uint32_t size)
{
    if (size == 1) {
        return index < 4 ? cpu->r[index] & 0xff : cpu->r[index - 4] >> 8 & 0xff;
    }
    return cpu->r[index] & ov_alu_mask(size);
}

void ov_cpu_set_reg(struct ov_cpu *cpu, unsigned index, uint32_t size, uint32_t v)
{
    if (size == 1 && index >= 4) {
        cpu->r[index - 4] = (cpu->r[index - 4] & ~0xff00u) | (v & 0xff) << 8;
        return;
    }
    cpu->r[index] = (cpu->r[index] & ~ov_alu_mask(size)) | (v & ov_alu_mask(size));
}

static uint32_t scaled(struct ov_cpu *cpu, uint8_t mod)
{
    const uint32_t sib = ov_cpu_fetch(cpu, 1);
    const unsigned base = sib & 7, index = sib >> 3 & 7;
    uint32_t ea = base == 5 && mod == 0 ? ov_cpu_fetch(cpu, 4) : cpu->r[base];

    if (index != 4) {
        ea += cpu->r[index] << (sib >> 6);
    }
    return ea;
}

bool ov_cpu_modrm(struct ov_cpu *cpu)
{
    const uint32_t b = ov_cpu_fetch(cpu, 1);

    cpu->mod = (uint8_t)(b >> 6);
    cpu->reg = b >> 3 & 7;
    cpu->rm = b & 7;
    if (cpu->mod == 3) {
        return cpu->stop == OV_CPU_RUNS;
    }
    if (cpu->rm == 4) {
        cpu->ea = scaled(cpu, cpu->mod);
    } else if (cpu->rm == 5 && cpu->mod == 0) {
        cpu->ea = ov_cpu_fetch(cpu, 4);
    } else {
        cpu->ea = cpu->r[cpu->rm];
    }
    if (cpu->mod == 1) {
        cpu->ea += ov_cpu_fetch_signed8(cpu);
    } else if (cpu->mod == 2) {
        cpu->ea += ov_cpu_fetch(cpu, 4);
    }
    return cpu->stop == OV_CPU_RUNS;
}

bool ov_cpu_rm(struct ov_cpu *cpu, uint32_t size, uint32_t *out)
{
    if (cpu->mod == 3) {
        *out = ov_cpu_reg(cpu, cpu->rm, size);
        return true;
    }
    return ov_cpu_load(cpu, cpu->ea + cpu->segment, size, out);
}

bool ov_cpu_set_rm(struct ov_cpu *cpu, uint32_t size, uint32_t v)
{
    if (cpu->mod == 3) {
        ov_cpu_set_reg(cpu, cpu->rm, size, v);
        return true;
    }
    return ov_cpu_store(cpu, cpu->ea + cpu->segment, size, v);
}

#define FLAGS_SETTABLE (OV_CF | OV_PF | OV_AF | OV_ZF | OV_SF | OV_TF | OV_DF | OV_OF)

/* What is told apart by its whole opcode. */
static void others(struct ov_cpu *cpu, uint8_t op)
{
    uint32_t v;

    switch (op) {
    case 0x0f:
        ov_cpu_two_bytes(cpu);
        return;
    case 0x60:
        ov_op_push_all(cpu);
        return;
    case 0x61:
        ov_op_pop_all(cpu);
        return;
    case 0x68:
        ov_op_push_sized(cpu, ov_cpu_fetch(cpu, cpu->size));
        return;
    case 0x6a:
        ov_op_push_sized(cpu, ov_cpu_fetch_signed8(cpu));
        return;
    case 0x69:
    case 0x6b:
        ov_op_three_operand_multiply(cpu, op);
        return;
    case 0x84:
    case 0x85:
        ov_op_test(cpu, op == 0x84 ? 1 : cpu->size);
        return;
    case 0x86:
    case 0x87:
        ov_op_exchange(cpu, op == 0x86 ? 1 : cpu->size);
        return;
    case 0x8d:
        if (ov_cpu_modrm(cpu) && cpu->mod != 3) {
            ov_cpu_set_reg(cpu, cpu->reg, cpu->size, cpu->ea);
        } else {
            ov_cpu_stop_for(cpu, OV_CPU_UNKNOWN);
        }
        return;
    case 0x8f:
        if (ov_op_pop_sized(cpu, &v) && ov_cpu_modrm(cpu)) {
            (void)ov_cpu_set_rm(cpu, cpu->size, v);
        }
        return;
    case 0x9b:
        return;
    case 0x9c:
        ov_op_push_sized(cpu, (cpu->flags & FLAGS_SETTABLE) | 0x202);
        return;
    case 0x9d:
        if (ov_op_pop_sized(cpu, &v)) {
            cpu->flags = v & FLAGS_SETTABLE;
        }
        return;
    case 0xa8:
        ov_alu_logic_flags(cpu, cpu->r[OV_EAX] & ov_cpu_fetch(cpu, 1), 1);
        return;
    case 0xa9:
        ov_alu_logic_flags(cpu, cpu->r[OV_EAX] & ov_cpu_fetch(cpu, cpu->size), cpu->size);
        return;
    case 0xc2:
        ov_op_return(cpu, ov_cpu_fetch(cpu, 2));
        return;
    case 0xc3:
        ov_op_return(cpu, 0);
        return;
    case 0xc6:
    case 0xc7:
        if (ov_cpu_modrm(cpu)) {
            const uint32_t size = op == 0xc6 ? 1 : cpu->size;

            (void)ov_cpu_set_rm(cpu, size, ov_cpu_fetch(cpu, size));
        }
        return;
    case 0xc8:
        ov_op_enter_frame(cpu);
        return;
    case 0xc9:
        cpu->r[OV_ESP] = cpu->r[OV_EBP];
        (void)ov_cpu_pop(cpu, &cpu->r[OV_EBP]);
        return;
    case 0xcc:
    case 0xf1:
        ov_cpu_stop_for(cpu, OV_CPU_BREAKPOINT);
        return;
    case 0xe8:
        v = ov_cpu_fetch(cpu, 4);
        if (ov_cpu_push(cpu, cpu->eip + cpu->code_at)) {
            cpu->eip += v;
        }
        return;
    case 0xe9:
        cpu->eip += ov_cpu_fetch(cpu, 4);
        return;
    case 0xeb:
        cpu->eip += ov_cpu_fetch_signed8(cpu);
        return;
    case 0xf5:
        cpu->flags ^= OV_CF;
        return;
    case 0xf8:
        cpu->flags &= ~OV_CF;
        return;
    case 0xf9:
        cpu->flags |= OV_CF;
        return;
    case 0xfc:
        cpu->flags &= ~OV_DF;
        return;
    case 0xfd:
        cpu->flags |= OV_DF;
        return;
    case 0xf4:
    case 0xfa:
    case 0xfb:
    case 0xe4:
    case 0xe5:
    case 0xe6:
    case 0xe7:
    case 0xec:
    case 0xed:
    case 0xee:
    case 0xef:
        ov_cpu_stop_for(cpu, OV_CPU_PRIVILEGED);
        return;
    default:
        ov_cpu_stop_for(cpu, OV_CPU_UNKNOWN);
        return;
    }
}

static void execute(struct ov_cpu *cpu, uint8_t op)
{
    if (op < 0x40 && (op & 7) < 6) {
        ov_op_arithmetic(cpu, op);
    } else if (op >= 0x40 && op < 0x50) {
        ov_cpu_set_reg(cpu, op & 7, cpu->size,
                ov_alu_step(cpu, ov_cpu_reg(cpu, op & 7, cpu->size), op >= 0x48, cpu->size));
    } else if (op >= 0x50 && op < 0x58) {
        ov_op_push_sized(cpu, cpu->r[op & 7]);
    } else if (op >= 0x58 && op < 0x60) {
        uint32_t v;

        if (ov_op_pop_sized(cpu, &v)) {
            ov_cpu_set_reg(cpu, op & 7, cpu->size, v);
        }
    } else if (op >= 0x70 && op < 0x80) {
        const uint32_t distance = ov_cpu_fetch_signed8(cpu);

        ov_op_jump_if(cpu, ov_alu_condition(cpu, op & 15), distance);
    } else if (op >= 0x80 && op < 0x84) {
        ov_op_arithmetic_with_number(cpu, op);
    } else if (op >= 0x88 && op < 0x8c) {
        ov_op_move(cpu, op);
    } else if (op >= 0x90 && op < 0x98) {
        const uint32_t v = ov_cpu_reg(cpu, OV_EAX, cpu->size);

        ov_cpu_set_reg(cpu, OV_EAX, cpu->size, ov_cpu_reg(cpu, op & 7, cpu->size));
        ov_cpu_set_reg(cpu, op & 7, cpu->size, v);
    } else if (op == 0x98 || op == 0x99 || op == 0x9e || op == 0x9f || (op >= 0xd4 && op < 0xd8)) {
        ov_op_accumulator(cpu, op);
    } else if (op >= 0xa0 && op < 0xa4) {
        ov_op_moves_with_addresses(cpu, op);
    } else if (op >= 0xa4 && op < 0xb0 && op != 0xa8 && op != 0xa9) {
        ov_cpu_string(cpu, op);
    } else if (op >= 0xb0 && op < 0xc0) {
        const uint32_t size = op < 0xb8 ? 1 : cpu->size;

        ov_cpu_set_reg(cpu, op & 7, size, ov_cpu_fetch(cpu, size));
    } else if (op == 0xc0 || op == 0xc1 || (op >= 0xd0 && op < 0xd4)) {
        ov_op_shift(cpu, op);
    } else if (op >= 0xe0 && op < 0xe4) {
        ov_op_loop(cpu, op);
    } else if (op == 0xf6 || op == 0xf7) {
        ov_op_unary(cpu, op);
    } else if (op >= 0xfe) {
        ov_op_step_call_jump_push(cpu, op);
    } else {
        others(cpu, op);
    }
}

/* Takes a prefix. False: it is none. */
static bool take_prefix(struct ov_cpu *cpu, uint8_t op)
{
    switch (op) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0xf0:
        return true;
    case 0x64:
        cpu->segment = cpu->fs;
        return true;
    case 0x66:
        cpu->size = 2;
        return true;
    case 0xf2:
    case 0xf3:
        cpu->repeat = op;
        return true;
    default:
        return false;
    }
}

void ov_cpu_step(struct ov_cpu *cpu)
{
    const uint32_t left = ov_emu_left(cpu->memory, cpu->eip, 15);
    const uint32_t eip = cpu->eip;
    const uint8_t *from = ov_emu_at(cpu->memory, cpu->eip, left);
    uint8_t op;

    if (left == 0 || from == NULL) {
        cpu->fault = cpu->eip;
        ov_cpu_stop_for(cpu, OV_CPU_FAULT);
        return;
    }
    memset(cpu->code, 0, sizeof(cpu->code));
    memcpy(cpu->code, from, left);
    cpu->code_at = 0;
    cpu->size = 4;
    cpu->segment = 0;
    cpu->repeat = 0;
    cpu->steps++;
    do {
        op = (uint8_t)ov_cpu_fetch(cpu, 1);
    } while (take_prefix(cpu, op) && cpu->stop == OV_CPU_RUNS);
    if (cpu->stop == OV_CPU_RUNS) {
        execute(cpu, op);
    }
    if (cpu->stop != OV_CPU_RUNS) {
        cpu->eip = eip;
        return;
    }
    cpu->eip += cpu->code_at;
}
