/* SPDX-License-Identifier: Apache-2.0 */
/* rules_cost_bytes.c - bytes to measure rules on where a person gives none: what ordinary files are
 * made of (runs of one byte, text, wide text, instructions, noise), behind the first bytes of the
 * kinds of files that rules ask for. Made, not kept: the same on every machine and of every version. */
#include <stdlib.h>
#include <string.h>

#include "api/memfd.h"
#include "base/buf.h"
#include "base/limits.h"
#include "programs/overt/out.h"
#include "programs/overt/rules_cost.h"

#define BODY_BYTES  OV_MIB
#define BLOCK_BYTES 4096u
#define PE_AT       0x80u

static const char *const names[OV_REFERENCE_FILES] = { "reference:text", "reference:pe",
    "reference:elf", "reference:pdf" };

static const char *const words[] = { "the ", "and ", "of ", "this ", "program ", "cannot ", "be ",
    "run ", "in ", "DOS ", "mode", "\r\n", "\n", "http://", "https://", "www.", ".com/", ".exe",
    ".dll", "Microsoft ", "Windows", "kernel32", "GetProcAddress", "LoadLibraryA", "VirtualAlloc",
    "error: ", "failed ", "%s", "%d", "function ", "return ", "var ", "if (", ") {", "};", "<html>",
    "<script>", "/usr/", "/bin/sh", "-lib/", "password", "User-Agent: ", "Mozilla/5.0 ", "C:\\",
    "HKEY_", "Software\\", "version ", "copyright ", "0x", "00", "1.0.0", "    " };

/* Bytes that x86 programs have most of. */
static const uint8_t opcodes[] = { 0x00, 0x00, 0xff, 0xff, 0x8b, 0x48, 0x48, 0x89, 0xe8, 0x0f, 0x85,
    0xc0, 0x74, 0x75, 0x55, 0xc3, 0xcc, 0x90, 0x83, 0xec, 0x24, 0x50, 0x51, 0x6a, 0x68, 0x8d, 0x45,
    0xfc, 0x33, 0x31, 0xeb, 0x84, 0xf8, 0x08, 0x10, 0x04, 0x01, 0x02 };

/* xorshift64*: any sequence does that never changes. */
static uint32_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * UINT64_C(0x2545f4914f6cdd1d)) >> 32);
}

static void put_words(struct ov_buf *out, uint64_t *state, bool wide)
{
    const uint64_t end = ov_bytes_len(ov_buf_bytes(out)) + BLOCK_BYTES;

    while (ov_buf_ok(out) && ov_bytes_len(ov_buf_bytes(out)) < end) {
        const char *word = words[next(state) % (sizeof(words) / sizeof(words[0]))];

        for (; *word != '\0'; word++) {
            ov_buf_put_u8(out, (uint8_t)*word);
            if (wide) {
                ov_buf_put_u8(out, 0);
            }
        }
    }
}

static void put_block(struct ov_buf *out, uint64_t *state, unsigned kind)
{
    switch (kind % 8) {
    case 0:
        ov_buf_put_zeros(out, BLOCK_BYTES);
        break;
    case 1:
        for (unsigned i = 0; i < BLOCK_BYTES; i++) {
            ov_buf_put_u8(out, i < BLOCK_BYTES / 2 ? 0xff : ' ');
        }
        break;
    case 2:
    case 3:
        put_words(out, state, false);
        break;
    case 4:
        put_words(out, state, true);
        break;
    case 5:
    case 6:
        for (unsigned i = 0; i < BLOCK_BYTES; i++) {
            ov_buf_put_u8(out, opcodes[next(state) % sizeof(opcodes)]);
        }
        break;
    default:
        for (unsigned i = 0; i < BLOCK_BYTES; i++) {
            ov_buf_put_u8(out, (uint8_t)next(state));
        }
        break;
    }
}

/* The first bytes of the kind; what stands behind them is no such file. */
static void put_head(struct ov_buf *out, size_t number)
{
    static const char elf[] = "\177ELF\2\1\1";

    switch (number) {
    case 1:
        ov_buf_put_text(out, "MZ");
        ov_buf_put_zeros(out, 0x3c - 2);
        ov_buf_put_u32le(out, PE_AT);
        ov_buf_put_zeros(out, PE_AT - 0x40);
        ov_buf_put_text(out, "PE");
        ov_buf_put_zeros(out, 2);
        ov_buf_put_u16le(out, 0x14c); /* i386 */
        ov_buf_put_zeros(out, 14);
        ov_buf_put_u16le(out, 0xe0);
        ov_buf_put_u16le(out, 0x102);
        ov_buf_put_u16le(out, 0x10b); /* PE32 */
        ov_buf_put_zeros(out, 0xe0 - 2);
        break;
    case 2:
        ov_buf_put_text(out, elf);
        ov_buf_put_zeros(out, 64 - strlen(elf));
        break;
    case 3:
        ov_buf_put_text(out, "%PDF-1.4\n");
        break;
    default:
        ov_buf_put_text(out, "#!/bin/sh\n");
        break;
    }
}

const char *ov_reference_name(size_t number)
{
    return names[number];
}

int ov_reference_open(size_t number)
{
    uint64_t state = UINT64_C(0x9e3779b97f4a7c15) + number;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf bytes;
    int fd = -1;

    ov_buf_init(&bytes, BODY_BYTES + 2 * BLOCK_BYTES);
    put_head(&bytes, number);
    for (unsigned kind = 0; ov_buf_ok(&bytes) && ov_bytes_len(ov_buf_bytes(&bytes)) < BODY_BYTES;
            kind++) {
        put_block(&bytes, &state, kind);
    }
    if (!ov_buf_ok(&bytes)) {
        ov_complain("rules", "no memory for %s", names[number]);
    } else if (ov_memfd_of(&fd, "overt-reference", ov_buf_bytes(&bytes), &err) != OVERT_OK) {
        ov_complain_error("rules", &err);
        fd = -1;
    }
    ov_buf_done(&bytes);
    return fd;
}
