/* SPDX-License-Identifier: Apache-2.0 */
/* calls_elf.c - two digests of a file's symbol names, lower-cased, sorted and joined by commas. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "eval/calls_executables.h"
#include "eval/tlsh.h"

#define STB_GLOBAL  1
#define STT_FUNC    2
#define STV_DEFAULT 0

/* The rows of one table of symbols. */
struct table {
    enum ov_field array, name, type, bind, section, visibility, entries;
};

static const struct table dynamic = { OV_ELF_DYNSYM, OV_ELF_DYNSYM_NAME, OV_ELF_DYNSYM_TYPE,
    OV_ELF_DYNSYM_BIND, OV_ELF_DYNSYM_SHNDX, OV_ELF_DYNSYM_HIDDEN_VISIBILITY,
    OV_ELF_DYNSYM_ENTRIES };
static const struct table all = { OV_ELF_SYMTAB, OV_ELF_SYMTAB_NAME, OV_ELF_SYMTAB_TYPE,
    OV_ELF_SYMTAB_BIND, OV_ELF_SYMTAB_SHNDX, OV_ELF_SYMTAB_HIDDEN_VISIBILITY,
    OV_ELF_SYMTAB_ENTRIES };

static int64_t number(const struct ov_call *call, ov_fact_node symbol, enum ov_field field)
{
    int64_t v;

    return ov_fact_get_int(call->tree, symbol, field, &v) ? v : -1;
}

static bool begins(struct ov_bytes name, const char *with)
{
    struct ov_bytes head;

    return ov_bytes_slice(name, 0, strlen(with), &head) && ov_bytes_equal(head, with, strlen(with));
}

static bool ends(struct ov_bytes name, const char *with)
{
    const size_t len = strlen(with);
    struct ov_bytes tail;

    return ov_bytes_len(name) >= len && ov_bytes_slice(name, ov_bytes_len(name) - len, len, &tail)
           && ov_bytes_equal(tail, with, len);
}

/* As telfhash chooses: global functions, without those that a compiler or a library adds, or
 * renames from one architecture to another. */
static bool is_telling(const struct ov_call *call, const struct table *t, ov_fact_node symbol,
        struct ov_bytes name)
{
    static const char *const common[] = { "__libc_start_main", "main", "abort", "cachectl",
        "cacheflush", "puts", "atol", "malloc_trim" };

    if (number(call, symbol, t->bind) != STB_GLOBAL || number(call, symbol, t->type) != STT_FUNC
            || number(call, symbol, t->visibility) != STV_DEFAULT || begins(name, ".")
            || begins(name, "_") || ends(name, "64") || begins(name, "str")
            || begins(name, "mem")) {
        return false;
    }
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (ov_bytes_equal(name, common[i], strlen(common[i]))) {
            return false;
        }
    }
    return true;
}

static bool is_imported(const struct ov_call *call, const struct table *t, ov_fact_node symbol,
        struct ov_bytes name)
{
    return number(call, symbol, t->section) == 0 && ov_bytes_len(name) > 0;
}

typedef bool (*choose_fn)(const struct ov_call *call, const struct table *t, ov_fact_node symbol,
        struct ov_bytes name);

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

static void join(struct ov_bytes *names, size_t count, struct ov_buf *out)
{
    qsort(names, count, sizeof(*names), by_lower_case);
    for (size_t i = 0; i < count; i++) {
        const size_t len = (size_t)ov_bytes_len(names[i]);
        uint8_t *room;

        if (i > 0) {
            ov_buf_put_u8(out, ',');
        }
        room = ov_buf_extend(out, len);
        for (size_t k = 0; room != NULL && k < len; k++) {
            room[k] = lower(ov_bytes_raw(names[i])[k]);
        }
    }
}

/* False: there are no such names, or the machine was stopped. */
static bool joined_names(struct ov_call *call, choose_fn choose, struct ov_buf *out)
{
    const struct table *t =
            number(call, call->node, dynamic.entries) >= 0 ? &dynamic : &all; /* dynamic first */
    const uint32_t rows = ov_fact_count(call->tree, call->node, t->array);
    auto_free struct ov_bytes *names = calloc((size_t)rows + 1, sizeof(*names));
    struct ov_bytes name;
    size_t count = 0;
    uint64_t bytes = 0;

    if (names == NULL) {
        call->asked->reason = OV_REASON_MEMORY;
        return false;
    }
    for (uint32_t i = 0; i < rows; i++) {
        const ov_fact_node symbol = ov_fact_get_item_node(call->tree, call->node, t->array, i);

        if (!ov_machine_charge(call->m, 4)) {
            return false;
        }
        if (ov_fact_get_text(call->tree, symbol, t->name, &name) && choose(call, t, symbol, name)) {
            names[count++] = name;
            bytes += ov_bytes_len(name) + 1;
        }
    }
    /* Sorting compares each name about as often as their number has bits. */
    if (count == 0
            || !ov_machine_charge(call->m, bytes * (64u - (unsigned)__builtin_clzl(count)))) {
        return false;
    }
    join(names, count, out);
    if (!ov_buf_ok(out)) {
        call->asked->reason = OV_REASON_MEMORY;
    }
    return ov_buf_ok(out);
}

struct ov_value ov_call_elf_import_md5(struct ov_call *call)
{
    struct ov_value value = ov_value_undefined();
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    struct ov_buf text;

    ov_buf_init(&text, 2 * OV_FACT_TEXT_BYTES_MAX);
    if (joined_names(call, is_imported, &text)
            && ov_digest_of(OV_DIGEST_MD5, ov_buf_bytes(&text), digest)) {
        value = ov_call_give_hex(call, digest, ov_digest_bytes(OV_DIGEST_MD5));
    }
    ov_buf_done(&text);
    return value;
}

struct ov_value ov_call_elf_telfhash(struct ov_call *call)
{
    struct ov_value value = ov_value_undefined();
    char hash[OV_TLSH_CHARS + 1];
    struct ov_buf text;

    ov_buf_init(&text, 2 * OV_FACT_TEXT_BYTES_MAX);
    if (joined_names(call, is_telling, &text)
            && ov_machine_charge(call->m, ov_bytes_len(ov_buf_bytes(&text)))) {
        ov_tlsh_of(ov_buf_bytes(&text), hash);
        value = ov_call_give(call, ov_bytes_of(hash, strlen(hash)));
    }
    ov_buf_done(&text);
    return value;
}
