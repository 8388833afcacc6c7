/* SPDX-License-Identifier: Apache-2.0 */
/* program.h - a Windows program that unpacks itself, run by the interpreter until it has.
 *
 * Packers leave a small piece of code in front of packed bytes. What that code makes of them is what
 * rules were written for. There are hundreds of packers and one instruction set, so overt interprets
 * the code instead of knowing the packers. Nothing of it is executed by the processor; what it asks of
 * Windows is answered by a few dozen stand-ins that do nothing outside its own memory; it has a number
 * of steps, and no clock.
 */
#ifndef OV_EMU_PROGRAM_H
#define OV_EMU_PROGRAM_H

#include "base/bytes.h"

struct ov_guest;

enum ov_guest_event {
    OV_GUEST_LAYER, /* it begins to run what it wrote before */
    OV_GUEST_OVER,  /* it called the system for more than unpacking, crashed, or did nothing else */
    OV_GUEST_STEPS  /* its steps are used up */
};

/* A 32-bit PE for x86, mapped as Windows would; `file` outlives it. False: no memory; *out is NULL where it is no such
 * program, or too large. */
OV_MUST_CHECK bool ov_guest_new(struct ov_guest **out, struct ov_bytes file);
void ov_guest_free(struct ov_guest *p);

/* Runs on. After OVER or STEPS it stays that. */
enum ov_guest_event ov_guest_run(struct ov_guest *p, uint64_t steps_max);

/* How many it took so far. */
uint64_t ov_guest_steps(const struct ov_guest *p);

/* Did it write to its own image since the last LAYER? */
bool ov_guest_has_news(const struct ov_guest *p);
/* Its image as it lies in memory, headers changed so that it reads as a file. Lent until it runs. */
struct ov_bytes ov_guest_image(struct ov_guest *p);
/* What it wrote to memory that it asked for; may be empty. */
struct ov_bytes ov_guest_heap(struct ov_guest *p);

/* Does this look like a program that unpacks itself? `head` is its beginning. */
bool ov_guest_looks_packed(struct ov_bytes head);

#endif
