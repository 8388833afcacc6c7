/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_groups.c - instructions of one byte, by the forms that their operands have (Intel SDM, volume 2).
 * The code is hostile: operands are fetched and stored through the checks of cpu.c. */
#include "emu/cpu_groups.h"

/* 00..3f: an operation in six forms. */
void ov_op_arithmetic(struct ov_cpu *cpu, uint8_t op)
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
void ov_op_arithmetic_with_number(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t size = (op & 1) == 0 ? 1 : cpu->size;
    uint32_t a, b, v;

    if (!ov_cpu_modrm(cpu)) {
        return;
    }
    b = op == 0x81 ? ov_cpu_fetch(cpu, size) : ov_cpu_fetch_signed8(cpu);
    if (!ov_cpu_rm(cpu, size, &a)) {
        return;
    }
    v = ov_alu(cpu, cpu->reg, a, b, size);
    if (cpu->reg != 7) {
        (void)ov_cpu_set_rm(cpu, size, v);
    }
}

void ov_op_shift(struct ov_cpu *cpu, uint8_t op)
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
        ov_cpu_stop_for(cpu, OV_CPU_DIVIDE);
        return;
    }
    if (cpu->reg == 6) {
        quotient = wide / by;
        rest = wide % by;
        if (quotient > ov_alu_mask(size)) {
            ov_cpu_stop_for(cpu, OV_CPU_DIVIDE);
            return;
        }
    } else {
        const unsigned up = 64 - 2 * bits, up_by = 32 - bits;
        const int64_t a = (int64_t)(wide << up) >> up;
        const int64_t b = (int32_t)(by << up_by) >> up_by;
        const int64_t most = (int64_t)(ov_alu_mask(size) >> 1);

        if (a == INT64_MIN || a / b > most || a / b < -most - 1) {
            ov_cpu_stop_for(cpu, OV_CPU_DIVIDE);
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
void ov_op_unary(struct ov_cpu *cpu, uint8_t op)
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
void ov_op_step_call_jump_push(struct ov_cpu *cpu, uint8_t op)
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
        ov_cpu_stop_for(cpu, OV_CPU_UNKNOWN);
    }
}

void ov_op_move(struct ov_cpu *cpu, uint8_t op)
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

void ov_op_exchange(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, size, &a)
            && ov_cpu_set_rm(cpu, size, ov_cpu_reg(cpu, cpu->reg, size))) {
        ov_cpu_set_reg(cpu, cpu->reg, size, a);
    }
}

void ov_op_test(struct ov_cpu *cpu, uint32_t size)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, size, &a)) {
        ov_alu_logic_flags(cpu, a & ov_cpu_reg(cpu, cpu->reg, size), size);
    }
}

void ov_op_push_all(struct ov_cpu *cpu)
{
    const uint32_t top = cpu->r[OV_ESP];

    for (unsigned i = 0; i < 8; i++) {
        if (!ov_cpu_push(cpu, i == OV_ESP ? top : cpu->r[i])) {
            cpu->r[OV_ESP] = top;
            return;
        }
    }
}

void ov_op_pop_all(struct ov_cpu *cpu)
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

void ov_op_jump_if(struct ov_cpu *cpu, bool taken, uint32_t distance)
{
    if (taken) {
        cpu->eip += distance;
    }
}

/* e0..e3 */
void ov_op_loop(struct ov_cpu *cpu, uint8_t op)
{
    const uint32_t distance = ov_cpu_fetch_signed8(cpu);
    const bool zero = (cpu->flags & OV_ZF) != 0;

    if (op == 0xe3) {
        ov_op_jump_if(cpu, cpu->r[OV_ECX] == 0, distance);
        return;
    }
    cpu->r[OV_ECX]--;
    ov_op_jump_if(cpu, cpu->r[OV_ECX] != 0 && (op == 0xe2 || zero == (op == 0xe1)), distance);
}

void ov_op_return(struct ov_cpu *cpu, uint32_t more)
{
    uint32_t to;

    if (ov_cpu_pop(cpu, &to)) {
        cpu->r[OV_ESP] += more;
        cpu->eip = to - cpu->code_at;
    }
}

void ov_op_enter_frame(struct ov_cpu *cpu)
{
    const uint32_t bytes = ov_cpu_fetch(cpu, 2), level = ov_cpu_fetch(cpu, 1);

    if (level != 0) {
        ov_cpu_stop_for(cpu, OV_CPU_UNKNOWN);
    } else if (ov_cpu_push(cpu, cpu->r[OV_EBP])) {
        cpu->r[OV_EBP] = cpu->r[OV_ESP];
        cpu->r[OV_ESP] -= bytes;
    }
}

void ov_op_three_operand_multiply(struct ov_cpu *cpu, uint8_t op)
{
    uint32_t a;

    if (ov_cpu_modrm(cpu) && ov_cpu_rm(cpu, cpu->size, &a)) {
        const uint32_t b = op == 0x6b ? ov_cpu_fetch_signed8(cpu) : ov_cpu_fetch(cpu, cpu->size);

        ov_cpu_set_reg(cpu, cpu->reg, cpu->size, a * b);
    }
}

/* push, pop, pushf, popf of 16 bits occur as junk: a word of the stack each. */
void ov_op_push_sized(struct ov_cpu *cpu, uint32_t v)
{
    if (cpu->size == 4) {
        (void)ov_cpu_push(cpu, v);
    } else if (ov_cpu_store(cpu, cpu->r[OV_ESP] - 2, 2, v)) {
        cpu->r[OV_ESP] -= 2;
    }
}

bool ov_op_pop_sized(struct ov_cpu *cpu, uint32_t *v)
{
    if (!ov_cpu_load(cpu, cpu->r[OV_ESP], cpu->size, v)) {
        return false;
    }
    cpu->r[OV_ESP] += cpu->size;
    return true;
}

void ov_op_accumulator(struct ov_cpu *cpu, uint8_t op)
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
            ov_cpu_stop_for(cpu, OV_CPU_DIVIDE);
        } else {
            const uint32_t a = cpu->r[OV_EAX] & 0xff;

            ov_cpu_set_reg(cpu, OV_EAX, 2, a / v << 8 | a % v);
            ov_alu_logic_flags(cpu, a % v, 1);
        }
        break;
    }
}

void ov_op_moves_with_addresses(struct ov_cpu *cpu, uint8_t op)
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
