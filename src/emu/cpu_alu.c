/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_alu.c - arithmetic of 8, 16 and 32 bits with the flags of x86 (Intel SDM, volume 2). */
#include "emu/cpu.h"

uint32_t ov_alu_mask(uint32_t size)
{
    return size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1;
}

static uint32_t top_bit(uint32_t size)
{
    return 1u << (8 * size - 1);
}

static void set(struct ov_cpu *cpu, uint32_t flag, bool on)
{
    cpu->flags = on ? cpu->flags | flag : cpu->flags & ~flag;
}

static void set_result(struct ov_cpu *cpu, uint32_t v, uint32_t size)
{
    set(cpu, OV_ZF, (v & ov_alu_mask(size)) == 0);
    set(cpu, OV_SF, (v & top_bit(size)) != 0);
    set(cpu, OV_PF, __builtin_parity(v & 0xff) == 0);
}

void ov_alu_logic_flags(struct ov_cpu *cpu, uint32_t v, uint32_t size)
{
    cpu->flags &= ~(OV_CF | OV_OF | OV_AF);
    set_result(cpu, v, size);
}

static uint32_t add(struct ov_cpu *cpu, uint32_t a, uint32_t b, uint32_t carry, uint32_t size)
{
    const uint32_t mask = ov_alu_mask(size);
    const uint64_t wide = (uint64_t)(a & mask) + (b & mask) + carry;
    const uint32_t v = (uint32_t)wide & mask;

    set(cpu, OV_CF, wide > mask);
    set(cpu, OV_OF, ((a ^ v) & (b ^ v) & top_bit(size)) != 0);
    set(cpu, OV_AF, ((a ^ b ^ v) & 0x10) != 0);
    set_result(cpu, v, size);
    return v;
}

static uint32_t subtract(struct ov_cpu *cpu, uint32_t a, uint32_t b, uint32_t borrow, uint32_t size)
{
    const uint32_t mask = ov_alu_mask(size);
    const uint32_t v = (a - b - borrow) & mask;

    set(cpu, OV_CF, (uint64_t)(a & mask) < (uint64_t)(b & mask) + borrow);
    set(cpu, OV_OF, ((a ^ b) & (a ^ v) & top_bit(size)) != 0);
    set(cpu, OV_AF, ((a ^ b ^ v) & 0x10) != 0);
    set_result(cpu, v, size);
    return v;
}

/* add, or, adc, sbb, and, sub, xor, cmp: as their opcodes count them. cmp returns `a`. */
uint32_t ov_alu(struct ov_cpu *cpu, unsigned op, uint32_t a, uint32_t b, uint32_t size)
{
    const uint32_t carry = cpu->flags & OV_CF;
    uint32_t v;

    switch (op) {
    case 0:
        return add(cpu, a, b, 0, size);
    case 2:
        return add(cpu, a, b, carry, size);
    case 3:
        return subtract(cpu, a, b, carry, size);
    case 5:
        return subtract(cpu, a, b, 0, size);
    case 7:
        (void)subtract(cpu, a, b, 0, size);
        return a;
    case 1:
        v = a | b;
        break;
    case 4:
        v = a & b;
        break;
    default:
        v = a ^ b;
        break;
    }
    ov_alu_logic_flags(cpu, v, size);
    return v & ov_alu_mask(size);
}

/* inc and dec leave the carry alone. */
uint32_t ov_alu_step(struct ov_cpu *cpu, uint32_t a, bool down, uint32_t size)
{
    const uint32_t carry = cpu->flags & OV_CF;
    const uint32_t v = down ? subtract(cpu, a, 1, 0, size) : add(cpu, a, 1, 0, size);

    cpu->flags = (cpu->flags & ~OV_CF) | carry;
    return v;
}

static uint32_t rotate(struct ov_cpu *cpu, unsigned op, uint32_t a, uint32_t count, uint32_t size)
{
    const uint32_t bits = 8 * size;
    uint32_t v = a & ov_alu_mask(size);

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t low = v & 1, high = v >> (bits - 1) & 1, carry = cpu->flags & OV_CF;

        switch (op) {
        case 0: /* rol */
            v = v << 1 | high;
            set(cpu, OV_CF, high != 0);
            break;
        case 1: /* ror */
            v = v >> 1 | low << (bits - 1);
            set(cpu, OV_CF, low != 0);
            break;
        case 2: /* rcl */
            v = v << 1 | carry;
            set(cpu, OV_CF, high != 0);
            break;
        default: /* rcr */
            v = v >> 1 | carry << (bits - 1);
            set(cpu, OV_CF, low != 0);
            break;
        }
        v &= ov_alu_mask(size);
    }
    set(cpu, OV_OF,
            ((v >> (bits - 1) ^ (op == 1 || op == 3 ? v >> (bits - 2) : cpu->flags)) & 1) != 0);
    return v;
}

/* rol, ror, rcl, rcr, shl, shr, sal, sar, by a count of five bits. */
uint32_t ov_alu_shift(struct ov_cpu *cpu, unsigned op, uint32_t a, uint32_t count, uint32_t size)
{
    const uint32_t bits = 8 * size, mask = ov_alu_mask(size);
    uint64_t wide = a & mask;
    uint32_t v;

    count &= 31;
    if (count == 0) {
        return a & mask;
    }
    if (op < 4) {
        return rotate(cpu, op, a, count, size);
    }
    if (op == 4 || op == 6) {
        wide <<= count;
        set(cpu, OV_CF, (wide >> bits & 1) != 0);
        v = (uint32_t)wide & mask;
        set(cpu, OV_OF, ((v >> (bits - 1) ^ cpu->flags) & 1) != 0);
    } else {
        const bool negative = op == 7 && (a & top_bit(size)) != 0;

        if (negative) {
            wide |= ~(uint64_t)mask;
        }
        set(cpu, OV_CF, (wide >> (count - 1) & 1) != 0);
        set(cpu, OV_OF, op == 5 && (a & top_bit(size)) != 0);
        v = (uint32_t)(wide >> count) & mask;
        if (negative && count >= bits) {
            v = mask;
        }
    }
    set_result(cpu, v, size);
    return v;
}

uint32_t ov_alu_double_shift(
        struct ov_cpu *cpu, bool right, uint32_t a, uint32_t b, uint32_t count, uint32_t size)
{
    const uint32_t bits = 8 * size, mask = ov_alu_mask(size);
    uint64_t wide;
    uint32_t v;

    count &= 31;
    if (count == 0 || count > bits) {
        return a & mask;
    }
    if (right) {
        wide = (uint64_t)(b & mask) << bits | (a & mask);
        set(cpu, OV_CF, (wide >> (count - 1) & 1) != 0);
        v = (uint32_t)(wide >> count) & mask;
    } else {
        wide = (uint64_t)(a & mask) << bits | (b & mask);
        set(cpu, OV_CF, (wide >> (2 * bits - count) & 1) != 0);
        v = (uint32_t)(wide >> (bits - count)) & mask;
    }
    set(cpu, OV_OF, ((a ^ v) & top_bit(size)) != 0);
    set_result(cpu, v, size);
    return v;
}

/* o, b, z, be, s, p, l, le, each and its contrary. */
bool ov_alu_condition(const struct ov_cpu *cpu, unsigned code)
{
    const uint32_t f = cpu->flags;
    const bool less = ((f & OV_SF) != 0) != ((f & OV_OF) != 0);
    bool holds;

    switch (code >> 1) {
    case 0:
        holds = (f & OV_OF) != 0;
        break;
    case 1:
        holds = (f & OV_CF) != 0;
        break;
    case 2:
        holds = (f & OV_ZF) != 0;
        break;
    case 3:
        holds = (f & (OV_CF | OV_ZF)) != 0;
        break;
    case 4:
        holds = (f & OV_SF) != 0;
        break;
    case 5:
        holds = (f & OV_PF) != 0;
        break;
    case 6:
        holds = less;
        break;
    default:
        holds = less || (f & OV_ZF) != 0;
        break;
    }
    return holds != ((code & 1) != 0);
}
