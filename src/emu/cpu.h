/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - an interpreter of 32-bit x86, as much of it as unpacking code uses: integers, strings, no
 * floating point, no system. It owns no resource, calls nothing, and runs for as many steps as it is
 * given; the program that it runs is hostile and cannot leave its regions. */
#ifndef OV_EMU_CPU_H
#define OV_EMU_CPU_H

#include "emu/memory.h"

enum ov_cpu_register {
    OV_EAX,
    OV_ECX,
    OV_EDX,
    OV_EBX,
    OV_ESP,
    OV_EBP,
    OV_ESI,
    OV_EDI
};

#define OV_CF 0x0001u
#define OV_PF 0x0004u
#define OV_AF 0x0010u
#define OV_ZF 0x0040u
#define OV_SF 0x0080u
#define OV_TF 0x0100u
#define OV_DF 0x0400u
#define OV_OF 0x0800u

enum ov_cpu_stop {
    OV_CPU_RUNS,
    OV_CPU_FAULT,      /* an address that is not there */
    OV_CPU_DIVIDE,     /* by zero */
    OV_CPU_BREAKPOINT, /* int3, int1 */
    OV_CPU_PRIVILEGED, /* an instruction that a program may not use */
    OV_CPU_UNKNOWN     /* one that is not interpreted */
};

struct ov_cpu {
    uint32_t r[8];
    uint32_t eip;
    uint32_t flags;
    uint32_t fs; /* where its segment begins */
    uint64_t steps;
    struct ov_emu_memory *memory; /* borrowed */
    enum ov_cpu_stop stop;
    uint32_t fault; /* the address */

    /* the instruction at hand */
    uint8_t code[16];
    uint32_t code_at;
    uint32_t size; /* of operands: 4, or 2 behind 66 */
    uint32_t segment;
    uint8_t repeat; /* f2, f3, or 0 */
    uint8_t mod;
    uint8_t reg;
    uint8_t rm;
    uint32_t ea;
};

/* One instruction (of a repeated string instruction: all turns, each a step). When it stops, eip and
 * the registers are those in front of the instruction, as far as it had not begun. */
void ov_cpu_step(struct ov_cpu *cpu);

/* For cpu_*.c and for whoever plays the system. False: stopped. */
bool ov_cpu_load(struct ov_cpu *cpu, uint32_t address, uint32_t size, uint32_t *out);
bool ov_cpu_store(struct ov_cpu *cpu, uint32_t address, uint32_t size, uint32_t v);
bool ov_cpu_push(struct ov_cpu *cpu, uint32_t v);
bool ov_cpu_pop(struct ov_cpu *cpu, uint32_t *out);

/* cpu_alu.c: results with their flags. `size` is 1, 2 or 4. */
uint32_t ov_alu(struct ov_cpu *cpu, unsigned op, uint32_t a, uint32_t b, uint32_t size);
uint32_t ov_alu_step(struct ov_cpu *cpu, uint32_t a, bool down, uint32_t size);
uint32_t ov_alu_shift(struct ov_cpu *cpu, unsigned op, uint32_t a, uint32_t count, uint32_t size);
uint32_t ov_alu_double_shift(
        struct ov_cpu *cpu, bool right, uint32_t a, uint32_t b, uint32_t count, uint32_t size);
bool ov_alu_condition(const struct ov_cpu *cpu, unsigned code);
void ov_alu_logic_flags(struct ov_cpu *cpu, uint32_t v, uint32_t size);
uint32_t ov_alu_mask(uint32_t size);

/* cpu_more.c: what stands behind 0f, and the string instructions. */
void ov_cpu_two_bytes(struct ov_cpu *cpu);
void ov_cpu_string(struct ov_cpu *cpu, uint8_t op);

/* cpu.c, for cpu_more.c. */
uint32_t ov_cpu_fetch(struct ov_cpu *cpu, uint32_t size);
bool ov_cpu_modrm(struct ov_cpu *cpu);
bool ov_cpu_rm(struct ov_cpu *cpu, uint32_t size, uint32_t *out);
bool ov_cpu_set_rm(struct ov_cpu *cpu, uint32_t size, uint32_t v);
uint32_t ov_cpu_reg(const struct ov_cpu *cpu, unsigned index, uint32_t size);
void ov_cpu_set_reg(struct ov_cpu *cpu, unsigned index, uint32_t size, uint32_t v);

#endif
