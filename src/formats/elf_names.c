/* SPDX-License-Identifier: Apache-2.0 */
/* The two digests of a file's symbol names. The names that count are copied into an arena with
 * a cap, sorted and joined: a table whose rows share one long name may claim far more text than the
 * file has. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "formats/elf.h"
#include "formats/elf_layout.h"
#include "formats/tlsh.h"

#define STB_GLOBAL  1u
#define STT_FUNC    2u
#define STV_DEFAULT 0u

static bool begins(struct ov_bytes name, const char *with, size_t len)
{
    struct ov_bytes head;

    return ov_bytes_slice(name, 0, len, &head) && ov_bytes_equal(head, with, len);
}

static bool ends(struct ov_bytes name, const char *with, size_t len)
{
    struct ov_bytes tail;

    return ov_bytes_len(name) >= len && ov_bytes_slice(name, ov_bytes_len(name) - len, len, &tail)
           && ov_bytes_equal(tail, with, len);
}

/* As telfhash chooses: global functions, without those that a compiler or a library adds or
 * renames from one architecture to another. */
static bool is_telling(const struct ov_elf_symbol *symbol, struct ov_bytes name)
{
    static const char *const common[] = { "__libc_start_main", "main", "abort", "cachectl",
        "cacheflush", "puts", "atol", "malloc_trim" };

    if (symbol->bind != STB_GLOBAL || symbol->type != STT_FUNC || symbol->visibility != STV_DEFAULT
            || begins(name, ".", 1) || begins(name, "_", 1) || ends(name, "64", 2)
            || begins(name, "str", 3) || begins(name, "mem", 3)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (ov_bytes_equal(name, common[i], strlen(common[i]))) {
            return false;
        }
    }
    return true;
}

enum choice {
    IMPORTED,
    TELLING
};

static bool is_wanted(const struct ov_elf_symbol *symbol, struct ov_bytes name, enum choice choice)
{
    return choice == IMPORTED ? symbol->section == 0 && ov_bytes_len(name) > 0
                              : is_telling(symbol, name);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

/* As strcmp over the lower-cased names. */
static int by_lower_case(const void *a, const void *b)
{
    const struct ov_bytes *x = a, *y = b;
    const uint8_t *p = ov_bytes_raw(*x), *q = ov_bytes_raw(*y);
    const uint64_t m = ov_bytes_len(*x), n = ov_bytes_len(*y);

    for (uint64_t i = 0; i < m && i < n; i++) {
        const int c = lower(p[i]), d = lower(q[i]);

        if (c != d) {
            return c < d ? -1 : 1;
        }
    }
    return (m > n) - (m < n);
}

static void put_lower(struct ov_buf *out, struct ov_bytes name)
{
    const size_t len = (size_t)ov_bytes_len(name);
    uint8_t *room = ov_buf_extend(out, len);

    for (size_t i = 0; room != NULL && i < len; i++) {
        room[i] = lower(ov_bytes_raw(name)[i]);
    }
}

/* Charged before it is done: n names are compared about n log n times, each by its length. */
static bool charge_sort(struct ov_budget *budget, size_t count, uint64_t bytes)
{
    unsigned rounds = 1;

    for (size_t n = count; n > 1; n /= 2) {
        rounds++;
    }
    return ov_budget_steps(budget, (bytes + count) * rounds);
}

/* The names that count, in an arena. */
struct names {
    struct ov_arena arena;
    struct ov_bytes *at;
    size_t count;
    uint64_t bytes;
};

/* False: out of `room` or of the machine's memory. */
static bool keep(struct names *names, const struct ov_elf *elf, const struct ov_elf_symbol *symbol,
        enum choice choice)
{
    uint8_t *copy;
    struct ov_bytes name;

    if (symbol->name.len > OV_ELF_NAMES_BYTES_MAX) {
        return false;
    }
    copy = ov_arena_alloc(&names->arena, (size_t)symbol->name.len, 1);
    if (copy == NULL) {
        return false;
    }
    if (!ov_image_copy(&elf->image, symbol->name.at, copy, (size_t)symbol->name.len)) {
        return true; /* the file was cut while it was read, which its source knows */
    }
    name = ov_bytes_of(copy, (size_t)symbol->name.len);
    if (is_wanted(symbol, name, choice)) {
        names->at[names->count++] = name;
        names->bytes += symbol->name.len;
    }
    return true;
}

static enum ov_reason collect(const struct ov_elf *elf, const struct ov_elf_symbols *symbols,
        enum choice choice, struct ov_budget *budget, struct names *names)
{
    for (uint64_t i = 0; i < symbols->count; i++) {
        const struct ov_elf_symbol symbol = ov_elf_symbol_at(elf, symbols, i);

        if (!ov_budget_steps(budget, 1 + (symbol.has_name ? symbol.name.len : 0))) {
            return OV_REASON_STEPS;
        }
        if (symbol.has_name && !keep(names, elf, &symbol, choice)) {
            return OV_REASON_MEMORY;
        }
    }
    return charge_sort(budget, names->count, names->bytes) ? OV_REASON_NONE : OV_REASON_STEPS;
}

static void join(struct names *names, struct ov_buf *out)
{
    qsort(names->at, names->count, sizeof(*names->at), by_lower_case);
    for (size_t i = 0; i < names->count; i++) {
        if (i > 0) {
            ov_buf_put_u8(out, ',');
        }
        put_lower(out, names->at[i]);
    }
}

/* The lower-cased, sorted names, joined by commas. False: there are none, or *reason. */
static bool joined_names(struct ov_pages *pages, enum choice choice, struct ov_budget *budget,
        struct ov_buf *out, enum ov_reason *reason)
{
    const struct ov_image image = ov_image_on(pages);
    struct ov_elf_symbols symbols;
    struct names names = { .count = 0 };
    struct ov_elf elf;

    *reason = OV_REASON_NONE;
    if (!ov_elf_open(&image, &elf) || !ov_elf_has_sections(&elf)) {
        return false;
    }
    symbols = ov_elf_find_symbols(&elf, OV_ELF_SHT_DYNSYM);
    if (!symbols.found) {
        symbols = ov_elf_find_symbols(&elf, OV_ELF_SHT_SYMTAB);
    }
    if (!symbols.found || symbols.count == 0) {
        return false;
    }
    ov_arena_init(&names.arena, OV_ELF_NAMES_BYTES_MAX);
    if (symbols.count <= OV_ELF_NAMES_BYTES_MAX / sizeof(*names.at)) {
        names.at = calloc((size_t)symbols.count, sizeof(*names.at));
    }
    *reason = names.at == NULL ? OV_REASON_MEMORY : collect(&elf, &symbols, choice, budget, &names);
    if (*reason == OV_REASON_NONE) {
        join(&names, out);
        *reason = ov_buf_ok(out) ? OV_REASON_NONE : OV_REASON_MEMORY;
    }
    free(names.at);
    ov_arena_done(&names.arena);
    return *reason == OV_REASON_NONE && names.count > 0;
}

bool ov_elf_import_md5(
        struct ov_pages *pages, struct ov_budget *budget, char out[33], enum ov_reason *reason)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    struct ov_buf text;
    bool found;

    ov_buf_init(&text, 2 * OV_ELF_NAMES_BYTES_MAX);
    found = joined_names(pages, IMPORTED, budget, &text, reason);
    if (found && !ov_digest_of(OV_DIGEST_MD5, ov_buf_bytes(&text), digest)) {
        *reason = OV_REASON_MEMORY;
        found = false;
    }
    for (unsigned i = 0; found && i < 16; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[found ? 32 : 0] = 0;
    ov_buf_done(&text);
    return found;
}

bool ov_elf_telfhash(
        struct ov_pages *pages, struct ov_budget *budget, char out[73], enum ov_reason *reason)
{
    struct ov_buf text;
    bool found;

    ov_buf_init(&text, 2 * OV_ELF_NAMES_BYTES_MAX);
    found = joined_names(pages, TELLING, budget, &text, reason);
    out[0] = 0;
    if (found) {
        ov_tlsh_of(ov_buf_bytes(&text), out);
    }
    ov_buf_done(&text);
    return found;
}
