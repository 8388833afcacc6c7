/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.c - fetches, decodes and executes one instruction (Intel SDM, volume 2). The code is hostile:
 * every access goes through its regions' check, an instruction has at most 15 bytes, and what is not
 * interpreted stops the program. */
#include "emu/cpu.h"

#include <string.h>

#include "base/checked.h"

static void stop(struct ov_cpu *cpu, enum ov_cpu_stop why)
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
        stop(cpu, OV_CPU_FAULT);
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
        stop(cpu, OV_CPU_FAULT);
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
        stop(cpu, OV_CPU_UNKNOWN);
        return 0;
    }
    for (uint32_t i = 0; i < size; i++) {
        v |= (uint32_t)cpu->code[cpu->code_at++] << (8 * i);
    }
    return v;
}

static uint32_t fetch_signed8(struct ov_cpu *cpu)
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
        cpu->ea += fetch_signed8(cpu);
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

/* --- groups of instructions ----------------------------------------------------------------- */

/* 00..3f: an operation in six forms. */
static void arithmetic(struct ov_cpu *cpu, uint8_t op)
{
    const unsigned kind = op >> 3;
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t a, b, v;

    if ((op & 7) >= 4) {
        b = ov_cpu_fetch(cpu, size);
        v = ov_alu(cpu, kind, ov_cpu_reg(cpu, OV_EAX, size), b, size);
        if (kind != 7) {
            ov_cpu_set_reg(cpu, OV_EAX, size, v);
        }
        return;
    }
    if (!ov_cpu_modrm(cpu) || !ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    b = ov_cpu_reg(cpu, cpu->reg, size);
    if ((op & 2) != 0) { /* into the register */
        v = ov_alu(cpu, kind, b, a, size);
        if (kind != 7) {
            ov_cpu_set_reg(cpu, cpu->reg, size, v);
        }
        return;
    }
    v = ov_alu(cpu, kind, a, b, size);
    if (kind != 7) {
        (void)ov_cpu_set_rm(cpu, size, v);
    }
}

/* 80..83: an operation with a number. */
static void arithmetic_with_number(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t a, b, v;

    if (!ov_cpu_modrm(cpu)) {
        return;
    }
    b = op == 0x81 ? ov_cpu_fetch(cpu, size) : fetch_signed8(cpu);
    if (!ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    v = ov_alu(cpu, cpu->reg, a, b, size);
    if (cpu->reg != 7) {
        (void)ov_cpu_set_rm(cpu, size, v);
    }
}

static void shift(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t a, count;

    if (!ov_cpu_modrm(cpu)) {
        return;
    }
    count = op < 0xd0 ? ov_cpu_fetch(cpu, 1) : op < 0xd2 ? 1 : cpu->r[OV_ECX] & 0xff;
    if (ov_cpu_rm(cpu, size, &a)) {
        (void)ov_cpu_set_rm(cpu, size, ov_alu_shift(cpu, cpu->reg, a, count, size));
    }
}

static void multiply(struct ov_cpu *cpu, uint32_t a, uint32_t size)
{
    const uint32_t b = ov_cpu_reg(cpu, OV_EAX, size);
    const unsigned bits = 8 * size;
    uint64_t wide;
    bool carry;

    if (cpu->reg == 4) {
        wide = (uint64_t)a * b;
        carry = wide >> bits != 0;
    } else {
        const int64_t x = size == 1 ? (int8_t)a : size == 2 ? (int16_t)a : (int32_t)a;
        const int64_t y = size == 1 ? (int8_t)b : size == 2 ? (int16_t)b : (int32_t)b;
        const int64_t product = x * y;

        wide = (uint64_t)product;
        carry = product
                != (size == 1       ? (int64_t)(int8_t)product
                        : size == 2 ? (int64_t)(int16_t)product
                                    : (int64_t)(int32_t)product);
    }
    if (size == 1) {
        ov_cpu_set_reg(cpu, OV_EAX, 2, (uint32_t)wide);
    } else {
        ov_cpu_set_reg(cpu, OV_EAX, size, (uint32_t)wide);
        ov_cpu_set_reg(cpu, OV_EDX, size, (uint32_t)(wide >> bits));
    }
    cpu->flags = (cpu->flags & ~(OV_CF | OV_OF)) | (carry ? OV_CF | OV_OF : 0);
}

static void divide(struct ov_cpu *cpu, uint32_t by, uint32_t size)
{
    const unsigned bits = 8 * size;
    const uint64_t wide = size == 1 ? cpu->r[OV_EAX] & 0xffff
                                    : (uint64_t)ov_cpu_reg(cpu, OV_EDX, size) << bits
                                              | ov_cpu_reg(cpu, OV_EAX, size);
    uint64_t quotient, rest;

    if (by == 0) {
        stop(cpu, OV_CPU_DIVIDE);
        return;
    }
    if (cpu->reg == 6) {
        quotient = wide / by;
        rest = wide % by;
        if (quotient > ov_alu_mask(size)) {
            stop(cpu, OV_CPU_DIVIDE);
            return;
        }
    } else {
        const unsigned up = 64 - 2 * bits, up_by = 32 - bits;
        const int64_t a = (int64_t)(wide << up) >> up;
        const int64_t b = (int32_t)(by << up_by) >> up_by;
        const int64_t most = (int64_t)(ov_alu_mask(size) >> 1);

        if (a == INT64_MIN || a / b > most || a / b < -most - 1) {
            stop(cpu, OV_CPU_DIVIDE);
            return;
        }
        quotient = (uint64_t)(a / b);
        rest = (uint64_t)(a % b);
    }
    if (size == 1) {
        ov_cpu_set_reg(cpu, OV_EAX, 2, (uint32_t)(quotient & 0xff) | (uint32_t)(rest & 0xff) << 8);
    } else {
        ov_cpu_set_reg(cpu, OV_EAX, size, (uint32_t)quotient);
        ov_cpu_set_reg(cpu, OV_EDX, size, (uint32_t)rest);
    }
}

/* f6, f7 */
static void unary(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t a;

    if (!ov_cpu_modrm(cpu)) {
        return;
    }
    if (cpu->reg < 2) {
        const uint32_t b = ov_cpu_fetch(cpu, size);

        if (ov_cpu_rm(cpu, size, &a)) {
            ov_alu_logic_flags(cpu, a & b, size);
        }
        return;
    }
    if (!ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    if (cpu->reg == 2) {
        (void)ov_cpu_set_rm(cpu, size, ~a);
    } else if (cpu->reg == 3) {
        (void)ov_cpu_set_rm(cpu, size, ov_alu(cpu, 5, 0, a, size));
    } else if (cpu->reg < 6) {
        multiply(cpu, a, size);
    } else {
        divide(cpu, a, size);
    }
}

/* fe, ff */
static void step_call_jump_push(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = op == 0xfe ? 1 : cpu->size;
    uint32_t a;

    if (!ov_cpu_modrm(cpu) || !ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    if (cpu->reg < 2) {
        (void)ov_cpu_set_rm(cpu, size, ov_alu_step(cpu, a, cpu->reg == 1, size));
    } else if (op == 0xff && cpu->reg == 2 && size == 4) {
        if (ov_cpu_push(cpu, cpu->eip + cpu->code_at)) {
            cpu->eip = a - cpu->code_at;
        }
    } else if (op == 0xff && cpu->reg == 4 && size == 4) {
        cpu->eip = a - cpu->code_at;
    } else if (op == 0xff && cpu->reg == 6 && size == 4) {
        (void)ov_cpu_push(cpu, a);
    } else {
        stop(cpu, OV_CPU_UNKNOWN);
    }
}

static void move(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t a;

    if (!ov_cpu_modrm(cpu)) {
        return;
    }
    if ((op & 2) == 0) {
        (void)ov_cpu_set_rm(cpu, size, ov_cpu_reg(cpu, cpu->reg, size));
    } else if (ov_cpu_rm(cpu, size, &a)) {
        ov_cpu_set_reg(cpu, cpu->reg, size, a);
    }
}

static void exchange(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, size, &a)
            && ov_cpu_set_rm(cpu, size, ov_cpu_reg(cpu, cpu->reg, size))) {
        ov_cpu_set_reg(cpu, cpu->reg, size, a);
    }
}

static void test(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, size, &a)) {
        ov_alu_logic_flags(cpu, a & ov_cpu_reg(cpu, cpu->reg, size), size);
    }
}

static void push_all(struct ov_cpu *cpu)
{
    const uint32_t top = cpu->r[OV_ESP];

    for (unsigned i = 0; i < 8; i++) {
        if (!ov_cpu_push(cpu, i == OV_ESP ? top : cpu->r[i])) {
            cpu->r[OV_ESP] = top;
            return;
        }
    }
}

static void pop_all(struct ov_cpu *cpu)
{
    for (unsigned i = 8; i-- > 0;) {
        uint32_t v;

        if (!ov_cpu_pop(cpu, &v)) {
            return;
        }
        if (i != OV_ESP) {
            cpu->r[i] = v;
        }
    }
}

static void jump_if(struct ov_cpu *cpu, bool taken, uint32_t distance)
{
    if (taken) {
        cpu->eip += distance;
    }
}

/* e0..e3 */
static void loop(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t distance = fetch_signed8(cpu);
    const bool zero = (cpu->flags & OV_ZF) != 0;

    if (op == 0xe3) {
        jump_if(cpu, cpu->r[OV_ECX] == 0, distance);
        return;
    }
    cpu->r[OV_ECX]--;
    jump_if(cpu, cpu->r[OV_ECX] != 0 && (op == 0xe2 || zero == (op == 0xe1)), distance);
}

static void do_return(struct ov_cpu *cpu, uint32_t more)
{
    uint32_t to;

    if (ov_cpu_pop(cpu, &to)) {
        cpu->r[OV_ESP] += more;
        cpu->eip = to - cpu->code_at;
    }
}

static void enter_frame(struct ov_cpu *cpu)
{
    const uint32_t bytes = ov_cpu_fetch(cpu, 2), level = ov_cpu_fetch(cpu, 1);

    if (level != 0) {
        stop(cpu, OV_CPU_UNKNOWN);
    } else if (ov_cpu_push(cpu, cpu->r[OV_EBP])) {
        cpu->r[OV_EBP] = cpu->r[OV_ESP];
        cpu->r[OV_ESP] -= bytes;
    }
}

static void three_operand_multiply(struct ov_cpu *cpu, uint8_t op)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, cpu->size, &a)) {
        const uint32_t b = op == 0x6b ? fetch_signed8(cpu) : ov_cpu_fetch(cpu, cpu->size);

        ov_cpu_set_reg(cpu, cpu->reg, cpu->size, a * b);
    }
}

/* push, pop, pushf, popf of 16 bits occur as junk: a word of the stack each. */
static void push_sized(struct ov_cpu *cpu, uint32_t v)
{
    if (cpu->size == 4) {
        (void)ov_cpu_push(cpu, v);
    } else if (ov_cpu_store(cpu, cpu->r[OV_ESP] - 2, 2, v)) {
        cpu->r[OV_ESP] -= 2;
    }
}

static bool pop_sized(struct ov_cpu *cpu, uint32_t *v)
{
    if (!ov_cpu_load(cpu, cpu->r[OV_ESP], cpu->size, v)) {
        return false;
    }
    cpu->r[OV_ESP] += cpu->size;
    return true;
}

#define FLAGS_SETTABLE (OV_CF | OV_PF | OV_AF | OV_ZF | OV_SF | OV_TF | OV_DF | OV_OF)

static void accumulator(struct ov_cpu *cpu, uint8_t op)
{
    uint32_t v;

    switch (op) {
    case 0x98:
        v = cpu->r[OV_EAX];
        ov_cpu_set_reg(cpu, OV_EAX, cpu->size,
                cpu->size == 4 ? (uint32_t)(int32_t)(int16_t)v : (uint32_t)(int32_t)(int8_t)v);
        break;
    case 0x99:
        v = cpu->r[OV_EAX] >> (8 * cpu->size - 1) & 1;
        ov_cpu_set_reg(cpu, OV_EDX, cpu->size, v != 0 ? UINT32_MAX : 0);
        break;
    case 0x9e:
        cpu->flags = (cpu->flags & ~0xd5u) | (cpu->r[OV_EAX] >> 8 & 0xd5);
        break;
    case 0x9f:
        ov_cpu_set_reg(cpu, 4, 1, (cpu->flags & 0xd5) | 2);
        break;
    case 0xd6:
        ov_cpu_set_reg(cpu, OV_EAX, 1, (cpu->flags & OV_CF) != 0 ? 0xff : 0);
        break;
    case 0xd7:
        if (ov_cpu_load(cpu, cpu->r[OV_EBX] + (cpu->r[OV_EAX] & 0xff) + cpu->segment, 1, &v)) {
            ov_cpu_set_reg(cpu, OV_EAX, 1, v);
        }
        break;
    default: /* d4: al into digits of any base; d5: and back */
        v = ov_cpu_fetch(cpu, 1);
        if (op == 0xd5) {
            v = ((cpu->r[OV_EAX] & 0xff) + (cpu->r[OV_EAX] >> 8 & 0xff) * v) & 0xff;
            ov_cpu_set_reg(cpu, OV_EAX, 2, v);
            ov_alu_logic_flags(cpu, v, 1);
        } else if (v == 0) {
            stop(cpu, OV_CPU_DIVIDE);
        } else {
            const uint32_t a = cpu->r[OV_EAX] & 0xff;

            ov_cpu_set_reg(cpu, OV_EAX, 2, a / v << 8 | a % v);
            ov_alu_logic_flags(cpu, a % v, 1);
        }
        break;
    }
}

static void moves_with_addresses(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    const uint32_t at = ov_cpu_fetch(cpu, 4) + cpu->segment;
    uint32_t v;

    if (op >= 0xa2) {
        (void)ov_cpu_store(cpu, at, size, ov_cpu_reg(cpu, OV_EAX, size));
    } else if (ov_cpu_load(cpu, at, size, &v)) {
        ov_cpu_set_reg(cpu, OV_EAX, size, v);
    }
}

/* What is told apart by its whole opcode. */
static void others(struct ov_cpu *cpu, uint8_t op)
{
    uint32_t v;

    switch (op) {
    case 0x0f:
        ov_cpu_two_bytes(cpu);
        return;
    case 0x60:
        push_all(cpu);
        return;
    case 0x61:
        pop_all(cpu);
        return;
    case 0x68:
        push_sized(cpu, ov_cpu_fetch(cpu, cpu->size));
        return;
    case 0x6a:
        push_sized(cpu, fetch_signed8(cpu));
        return;
    case 0x69:
    case 0x6b:
        three_operand_multiply(cpu, op);
        return;
    case 0x84:
    case 0x85:
        test(cpu, op == 0x84 ? 1 : cpu->size);
        return;
    case 0x86:
    case 0x87:
        exchange(cpu, op == 0x86 ? 1 : cpu->size);
        return;
    case 0x8d:
        if (ov_cpu_modrm(cpu) && cpu->mod != 3) {
            ov_cpu_set_reg(cpu, cpu->reg, cpu->size, cpu->ea);
        } else {
            stop(cpu, OV_CPU_UNKNOWN);
        }
        return;
    case 0x8f:
        if (pop_sized(cpu, &v) && ov_cpu_modrm(cpu)) {
            (void)ov_cpu_set_rm(cpu, cpu->size, v);
        }
        return;
    case 0x9b:
        return;
    case 0x9c:
        push_sized(cpu, (cpu->flags & FLAGS_SETTABLE) | 0x202);
        return;
    case 0x9d:
        if (pop_sized(cpu, &v)) {
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
        do_return(cpu, ov_cpu_fetch(cpu, 2));
        return;
    case 0xc3:
        do_return(cpu, 0);
        return;
    case 0xc6:
    case 0xc7:
        if (ov_cpu_modrm(cpu)) {
            const uint32_t size = op == 0xc6 ? 1 : cpu->size;

            (void)ov_cpu_set_rm(cpu, size, ov_cpu_fetch(cpu, size));
        }
        return;
    case 0xc8:
        enter_frame(cpu);
        return;
    case 0xc9:
        cpu->r[OV_ESP] = cpu->r[OV_EBP];
        (void)ov_cpu_pop(cpu, &cpu->r[OV_EBP]);
        return;
    case 0xcc:
    case 0xf1:
        stop(cpu, OV_CPU_BREAKPOINT);
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
        cpu->eip += fetch_signed8(cpu);
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
        stop(cpu, OV_CPU_PRIVILEGED);
        return;
    default:
        stop(cpu, OV_CPU_UNKNOWN);
        return;
    }
}

static void execute(struct ov_cpu *cpu, uint8_t op)
{
    if (op < 0x40 && (op & 7) < 6) {
        arithmetic(cpu, op);
    } else if (op >= 0x40 && op < 0x50) {
        ov_cpu_set_reg(cpu, op & 7, cpu->size,
                ov_alu_step(cpu, ov_cpu_reg(cpu, op & 7, cpu->size), op >= 0x48, cpu->size));
    } else if (op >= 0x50 && op < 0x58) {
        push_sized(cpu, cpu->r[op & 7]);
    } else if (op >= 0x58 && op < 0x60) {
        uint32_t v;

        if (pop_sized(cpu, &v)) {
            ov_cpu_set_reg(cpu, op & 7, cpu->size, v);
        }
    } else if (op >= 0x70 && op < 0x80) {
        const uint32_t distance = fetch_signed8(cpu);

        jump_if(cpu, ov_alu_condition(cpu, op & 15), distance);
    } else if (op >= 0x80 && op < 0x84) {
        arithmetic_with_number(cpu, op);
    } else if (op >= 0x88 && op < 0x8c) {
        move(cpu, op);
    } else if (op >= 0x90 && op < 0x98) {
        const uint32_t v = ov_cpu_reg(cpu, OV_EAX, cpu->size);

        ov_cpu_set_reg(cpu, OV_EAX, cpu->size, ov_cpu_reg(cpu, op & 7, cpu->size));
        ov_cpu_set_reg(cpu, op & 7, cpu->size, v);
    } else if (op == 0x98 || op == 0x99 || op == 0x9e || op == 0x9f || (op >= 0xd4 && op < 0xd8)) {
        accumulator(cpu, op);
    } else if (op >= 0xa0 && op < 0xa4) {
        moves_with_addresses(cpu, op);
    } else if (op >= 0xa4 && op < 0xb0 && op != 0xa8 && op != 0xa9) {
        ov_cpu_string(cpu, op);
    } else if (op >= 0xb0 && op < 0xc0) {
        const uint32_t size = op < 0xb8 ? 1 : cpu->size;

        ov_cpu_set_reg(cpu, op & 7, size, ov_cpu_fetch(cpu, size));
    } else if (op == 0xc0 || op == 0xc1 || (op >= 0xd0 && op < 0xd4)) {
        shift(cpu, op);
    } else if (op >= 0xe0 && op < 0xe4) {
        loop(cpu, op);
    } else if (op == 0xf6 || op == 0xf7) {
        unary(cpu, op);
    } else if (op >= 0xfe) {
        step_call_jump_push(cpu, op);
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
        stop(cpu, OV_CPU_FAULT);
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
