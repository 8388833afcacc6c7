/* SPDX-License-Identifier: Apache-2.0 */
/* cpu_groups.h - the groups of instructions that share a form, for cpu.c alone. */
#ifndef OV_EMU_CPU_GROUPS_H
#define OV_EMU_CPU_GROUPS_H

#include "emu/cpu.h"

void ov_cpu_stop_for(struct ov_cpu *cpu, enum ov_cpu_stop why);
uint32_t ov_cpu_fetch_signed8(struct ov_cpu *cpu);

/* Each with its opcode fetched, and `op` being that. */
void ov_op_arithmetic(struct ov_cpu *cpu, uint8_t op);
void ov_op_arithmetic_with_number(struct ov_cpu *cpu, uint8_t op);
void ov_op_shift(struct ov_cpu *cpu, uint8_t op);
void ov_op_unary(struct ov_cpu *cpu, uint8_t op);
void ov_op_step_call_jump_push(struct ov_cpu *cpu, uint8_t op);
void ov_op_move(struct ov_cpu *cpu, uint8_t op);
void ov_op_exchange(struct ov_cpu *cpu, uint32_t size);
void ov_op_test(struct ov_cpu *cpu, uint32_t size);
void ov_op_push_all(struct ov_cpu *cpu);
void ov_op_pop_all(struct ov_cpu *cpu);
void ov_op_loop(struct ov_cpu *cpu, uint8_t op);
void ov_op_return(struct ov_cpu *cpu, uint32_t more);
void ov_op_enter_frame(struct ov_cpu *cpu);
void ov_op_three_operand_multiply(struct ov_cpu *cpu, uint8_t op);
void ov_op_push_sized(struct ov_cpu *cpu, uint32_t v);
bool ov_op_pop_sized(struct ov_cpu *cpu, uint32_t *v);
void ov_op_accumulator(struct ov_cpu *cpu, uint8_t op);
void ov_op_moves_with_addresses(struct ov_cpu *cpu, uint8_t op);
void ov_op_jump_if(struct ov_cpu *cpu, bool taken, uint32_t distance);

#endif
