/* SPDX-License-Identifier: Apache-2.0 */
/* windows.h - what program.c and api.c share: the program, and the system that it believes in. */
#ifndef OV_EMU_WINDOWS_H
#define OV_EMU_WINDOWS_H

#include "emu/cpu.h"
#include "emu/program.h"

#define OV_PE_SECTIONS_MAX 96u

#define OV_STACK_BASE   0x00100000u
#define OV_STACK_BYTES  0x00040000u
#define OV_HEAP_BASE    0x20000000u
#define OV_HEAP_BYTES   (32u * 1024u * 1024u)
#define OV_TEB_BASE     0x7efd0000u
#define OV_TEB_BYTES    0x00010000u
#define OV_SYSTEM_BASE  0x7c800000u /* a library with exports, and the doors of our stand-ins */
#define OV_SYSTEM_BYTES 0x00020000u
#define OV_DOORS        (OV_SYSTEM_BASE + 0x10000u)
#define OV_DOOR_BYTES   16u
#define OV_DOORS_MAX    1024u
#define OV_DOOR_HANDLED (OV_DOORS_MAX - 1u) /* where exception handlers return to */
#define OV_DOOR_LEFT    (OV_DOORS_MAX - 2u) /* where the program itself does */

struct ov_pe_section {
    uint32_t from; /* addresses, not offsets */
    uint32_t to;
};

struct ov_guest {
    struct ov_cpu cpu;
    struct ov_emu_memory memory;
    uint32_t base;
    uint32_t bytes; /* of the image */
    uint32_t entry;
    uint32_t header_at; /* "PE", in the image */
    uint32_t section_count;
    struct ov_pe_section sections[OV_PE_SECTIONS_MAX];
    int32_t section; /* that it runs in; -1: none */
    uint32_t page;
    enum ov_guest_event event;
    bool over;
    uint64_t api_calls;
    struct ov_bytes file; /* borrowed: what it reads of itself */
    uint32_t file_at;
    uint32_t heap_used;
    uint32_t door_count;
    int16_t door_api[OV_DOORS_MAX]; /* which of the stand-ins; -1: none */
    uint32_t handler_frame;         /* of the exception under way */
    uint32_t handler_context;
};

/* api.c. The program is at a door; false: it is over. */
bool ov_api_enter(struct ov_guest *p);
/* The door for a function of the system, made if need be; 0: there is no more room. */
uint32_t ov_api_door(struct ov_guest *p, const char *name);
/* Fills the system's library. */
void ov_api_map(struct ov_guest *p);
/* exception.c: the program did something that Windows tells it of. False: nobody listens. */
bool ov_exception_raise(struct ov_guest *p, uint32_t code);
bool ov_exception_return(struct ov_guest *p);

#endif
