/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_more.c - instructions of two bytes, and those on strings. A repeated one takes as many turns as
 * ecx says, each of which is a step and touches checked memory: a bad address ends it. */
#include "emu/cpu.h"

/* Turns of one repeated instruction at a time; it then goes on as the next step. */
#define TURNS_MAX 65536u

/* --- strings -------------------------------------------------------------------------------- */

/* One turn. False: stopped, or a comparison ended the repetition. */
static bool string_turn(struct ov_cpu *cpu, uint8_t op, uint32_t size)
{
    const uint32_t step = (cpu->flags & OV_DF) != 0 ? 0u - size : size;
    const bool uses_source = op < 0xa8 || (op >= 0xac && op < 0xae);
    const bool uses_target = op < 0xac || op >= 0xae;
    uint32_t a = ov_cpu_reg(cpu, OV_EAX, size), b = 0;
    const bool compares = op == 0xa6 || op == 0xa7 || op >= 0xae;

    if (uses_source && !ov_cpu_load(cpu, cpu->r[OV_ESI] + cpu->segment, size, &a)) {
        return false;
    }
    if (compares) {
        if (!ov_cpu_load(cpu, cpu->r[OV_EDI], size, &b)) {
            return false;
        }
        (void)ov_alu(cpu, 7, a, b, size);
    } else if (uses_target) {
        if (!ov_cpu_store(cpu, cpu->r[OV_EDI], size, a)) {
            return false;
        }
    } else {
        ov_cpu_set_reg(cpu, OV_EAX, size, a);
    }
    cpu->r[OV_ESI] += uses_source ? step : 0;
    cpu->r[OV_EDI] += uses_target ? step : 0;
    return !compares || cpu->repeat == 0 || ((cpu->flags & OV_ZF) != 0) == (cpu->repeat == 0xf3);
}

/* a4..a7, aa..af: movs, cmps, stos, lods, scas. */
void ov_cpu_string(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t turns = 0;

    if (cpu->repeat == 0) {
        (void)string_turn(cpu, op, size);
        return;
    }
    while (cpu->r[OV_ECX] != 0) {
        const bool goes_on = string_turn(cpu, op, size);

        if (cpu->stop != OV_CPU_RUNS) {
            return;
        }
        cpu->r[OV_ECX]--;
        cpu->steps++;
        if (!goes_on) {
            return;
        }
        if (++turns == TURNS_MAX) {
            cpu->eip -= cpu->code_at; /* again */
            return;
        }
    }
}

/* --- behind 0f ------------------------------------------------------------------------------ */

static void stop_unknown(struct ov_cpu *cpu)
{
    if (cpu->stop == OV_CPU_RUNS) {
        cpu->stop = OV_CPU_UNKNOWN;
    }
}

/* bt, bts, btr, btc on the operand at hand. */
static void bit_test(struct ov_cpu *cpu, unsigned kind, uint32_t bit, bool far)
{
    uint32_t a;

    if (far && cpu->mod != 3) { /* a bit number may reach beyond the operand */
        cpu->ea += (uint32_t)((int32_t)bit >> 5) * 4;
    }
    bit &= 8 * cpu->size - 1;
    if (!ov_cpu_rm(cpu, cpu->size, &a)) {
        return;
    }
    cpu->flags = (cpu->flags & ~OV_CF) | (a >> bit & 1);
    if (kind == 1) {
        a |= 1u << bit;
    } else if (kind == 2) {
        a &= ~(1u << bit);
    } else if (kind == 3) {
        a ^= 1u << bit;
    }
    if (kind != 0) {
        (void)ov_cpu_set_rm(cpu, cpu->size, a);
    }
}

static void bit_scan(struct ov_cpu *cpu, bool back)
{
    uint32_t a;

    if (!ov_cpu_modrm(cpu) || !ov_cpu_rm(cpu, cpu->size, &a)) {
        return;
    }
    cpu->flags = a == 0 ? cpu->flags | OV_ZF : cpu->flags & ~OV_ZF;
    if (a != 0) {
        ov_cpu_set_reg(cpu, cpu->reg, cpu->size,
                back ? 31u - (uint32_t)__builtin_clz(a) : (uint32_t)__builtin_ctz(a));
    }
}

static void extend(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : 2;
    uint32_t a;

    if (!ov_cpu_modrm(cpu) || !ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    if (op >= 0xbe) {
        a = size == 1 ? (uint32_t)(int32_t)(int8_t)a : (uint32_t)(int32_t)(int16_t)a;
    }
    ov_cpu_set_reg(cpu, cpu->reg, cpu->size, a);
}

static void double_shift(struct ov_cpu *cpu, uint8_t op)
{
    uint32_t a, count;

    if (!ov_cpu_modrm(cpu)) {
        return;
    }
    count = (op & 1) == 0 ? ov_cpu_fetch(cpu, 1) : cpu->r[OV_ECX] & 0xff;
    if (ov_cpu_rm(cpu, cpu->size, &a)) {
        (void)ov_cpu_set_rm(cpu, cpu->size,
                ov_alu_double_shift(cpu, op >= 0xac, a, ov_cpu_reg(cpu, cpu->reg, cpu->size), count,
                        cpu->size));
    }
}

static void exchange_and_add(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, size, &a)) {
        const uint32_t sum = ov_alu(cpu, 0, a, ov_cpu_reg(cpu, cpu->reg, size), size);

        if (ov_cpu_set_rm(cpu, size, sum)) {
            ov_cpu_set_reg(cpu, cpu->reg, size, a);
        }
    }
}

static void compare_and_exchange(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t a;

    if (!ov_cpu_modrm(cpu) || !ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    (void)ov_alu(cpu, 7, ov_cpu_reg(cpu, OV_EAX, size), a, size);
    if ((cpu->flags & OV_ZF) != 0) {
        (void)ov_cpu_set_rm(cpu, size, ov_cpu_reg(cpu, cpu->reg, size));
    } else {
        ov_cpu_set_reg(cpu, OV_EAX, size, a);
    }
}

static void multiply(struct ov_cpu *cpu)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, cpu->size, &a)) {
        ov_cpu_set_reg(cpu, cpu->reg, cpu->size, a * ov_cpu_reg(cpu, cpu->reg, cpu->size));
    }
}

static void swap_bytes(struct ov_cpu *cpu, unsigned index)
{
    cpu->r[index] = __builtin_bswap32(cpu->r[index]);
}

/* What identifies the processor: some processor, and a counter that counts our steps. */
static void identify(struct ov_cpu *cpu, uint8_t op)
{
    if (op == 0x31) {
        cpu->r[OV_EAX] = (uint32_t)(cpu->steps * 3);
        cpu->r[OV_EDX] = (uint32_t)(cpu->steps * 3 >> 32);
        return;
    }
    cpu->r[OV_EAX] = cpu->r[OV_EAX] == 0 ? 1 : 0x000006f2u;
    cpu->r[OV_EBX] = 0x756e6547u;
    cpu->r[OV_EDX] = 0x49656e69u;
    cpu->r[OV_ECX] = 0x6c65746eu;
}

static void conditional(struct ov_cpu *cpu, uint8_t op)
{
    const bool holds = ov_alu_condition(cpu, op & 15);
    uint32_t v;

    if (op >= 0x90) {
        if (ov_cpu_modrm(cpu)) {
            (void)ov_cpu_set_rm(cpu, 1, holds ? 1 : 0);
        }
    } else if (op >= 0x80) {
        v = ov_cpu_fetch(cpu, 4);
        cpu->eip += holds ? v : 0;
    } else if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, cpu->size, &v) && holds) {
        ov_cpu_set_reg(cpu, cpu->reg, cpu->size, v);
    }
}

void ov_cpu_two_bytes(struct ov_cpu *cpu)
{
    const uint8_t op = (uint8_t)ov_cpu_fetch(cpu, 1);

    if ((op >= 0x40 && op < 0x50) || (op >= 0x80 && op < 0xa0)) {
        conditional(cpu, op);
        return;
    }
    if (op >= 0xc8 && op < 0xd0) {
        swap_bytes(cpu, op & 7);
        return;
    }
    switch (op) {
    case 0x18:
    case 0x1f: /* a hint, and a nop of several bytes */
        (void)ov_cpu_modrm(cpu);
        return;
    case 0x31:
    case 0xa2:
        identify(cpu, op);
        return;
    case 0xa3:
    case 0xab:
    case 0xb3:
    case 0xbb:
        if (ov_cpu_modrm(cpu)) {
            bit_test(cpu, op >> 3 & 3, ov_cpu_reg(cpu, cpu->reg, cpu->size), cpu->size == 4);
        }
        return;
    case 0xba:
        if (ov_cpu_modrm(cpu) && cpu->reg >= 4) {
            bit_test(cpu, cpu->reg & 3, ov_cpu_fetch(cpu, 1), false);
        } else {
            stop_unknown(cpu);
        }
        return;
    case 0xa4:
    case 0xa5:
    case 0xac:
    case 0xad:
        double_shift(cpu, op);
        return;
    case 0xaf:
        multiply(cpu);
        return;
    case 0xb0:
    case 0xb1:
        compare_and_exchange(cpu, op == 0xb0 ? 1 : cpu->size);
        return;
    case 0xb6:
    case 0xb7:
    case 0xbe:
    case 0xbf:
        extend(cpu, op);
        return;
    case 0xbc:
    case 0xbd:
        bit_scan(cpu, op == 0xbd);
        return;
    case 0xc0:
    case 0xc1:
        exchange_and_add(cpu, op == 0xc0 ? 1 : cpu->size);
        return;
    default:
        stop_unknown(cpu);
        return;
    }
}
