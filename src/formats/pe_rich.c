/* SPDX-License-Identifier: Apache-2.0 */
/* pe_rich.c - two traces that linkers leave: which tools made the objects (between the DOS and the
 * NT headers, masked with a key), and where the debug information was written. */
#include <stdlib.h>
#include <string.h>

#include "base/le.h"
#include "base/limits.h"
#include "formats/pe.h"

#define RICH_END   0x68636952u /* "Rich" */
#define RICH_BEGIN 0x536e6144u /* "DanS", masked */
#define RICH_HEAD  16u         /* DanS and three keys */
#define DOS_BYTES  64u

/* The last place before `at`, in steps of 4 and not in the DOS header, with this value under this
 * key. */
static bool find_back(struct ov_fact_tree *tree, const struct ov_pe *pe, uint64_t at, uint32_t key,
        uint32_t wanted, uint64_t *out)
{
    uint32_t v;

    while (at >= DOS_BYTES + 4u && ov_fact_charge(tree, 1)) {
        at -= 4;
        if (!ov_pages_u32le(pe->pages, at, &v)) {
            return false;
        }
        if ((v ^ key) == wanted) {
            *out = at;
            return true;
        }
    }
    return false;
}

/* Unmasks `raw`, and takes the versions (every other number behind the head) out of it. */
static void set_data(
        struct ov_fact_tree *tree, ov_fact_node rich, uint8_t *raw, size_t len, uint32_t key)
{
    uint8_t *versions = NULL;
    const size_t count = len < RICH_HEAD ? 0 : (len - RICH_HEAD) / 8;
    struct ov_le32 v;

    ov_fact_text(tree, rich, OV_PE_RICH_SIGNATURE_RAW_DATA, ov_bytes_of(raw, len));
    for (size_t i = 0; i + 4 <= len; i += 4) {
        memcpy(&v, raw + i, sizeof(v));
        v = ov_le32_of(ov_le32_get(v) ^ key);
        memcpy(raw + i, &v, sizeof(v));
    }
    ov_fact_text(tree, rich, OV_PE_RICH_SIGNATURE_CLEAR_DATA, ov_bytes_of(raw, len));
    versions = malloc(count * 4 + 1);
    if (versions == NULL || len < RICH_HEAD) {
        free(versions);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(versions + i * 4, raw + RICH_HEAD + i * 8, 4);
    }
    ov_fact_text(tree, rich, OV_PE_RICH_SIGNATURE_VERSION_DATA, ov_bytes_of(versions, count * 4));
    free(versions);
}

void ov_pe_rich(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe)
{
    uint64_t end, at;
    uint32_t key; /* the one behind "Rich"; copies behind DanS are not asked */
    ov_fact_node rich;
    size_t len;
    uint8_t *raw;

    if (!find_back(tree, pe, pe->layout.head, 0, RICH_END, &end)
            || !ov_pages_u32le(pe->pages, end + 4, &key) || key == 0
            || !find_back(tree, pe, end, key, RICH_BEGIN, &at)) {
        return;
    }
    len = (size_t)(end - at);
    if (len > OV_FACT_TEXT_BYTES_MAX || !ov_fact_charge(tree, len / 16)) {
        return;
    }
    raw = malloc(len);
    if (raw == NULL || ov_pages_read(pe->pages, at, raw, len) != len) {
        free(raw);
        return;
    }
    rich = ov_fact_struct(tree, node, OV_PE_RICH_SIGNATURE);
    ov_fact_int(tree, rich, OV_PE_RICH_SIGNATURE_OFFSET, (int64_t)at);
    ov_fact_int(tree, rich, OV_PE_RICH_SIGNATURE_LENGTH, (int64_t)len);
    ov_fact_int(tree, rich, OV_PE_RICH_SIGNATURE_KEY, key);
    set_data(tree, rich, raw, len, key);
    free(raw);
}

/* --- the debug directory --------------------------------------------------------------------- */

#define DEBUG_BYTES    28u
#define DEBUG_CODEVIEW 2u
#define PATH_MAX_BYTES 4096u

/* Where a CodeView record keeps the path. */
struct codeview {
    uint32_t signature;
    uint32_t path_at;
};
static const struct codeview codeviews[] = {
    { 0x3031424e, 16 }, /* NB10 */
    { 0x53445352, 24 }, /* RSDS */
    { 0x434f544d, 20 }, /* MTOC */
};

/* As YARA takes it: a path ends with a NUL or with the file, may be empty, and one that does not end
 * within 4096 bytes is none. */
static bool pdb_path(const struct ov_pe *pe, uint64_t at, struct ov_bytes *out)
{
    struct ov_bytes record;
    uint32_t signature;

    if (!ov_pages_u32le(pe->pages, at, &signature)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(codeviews) / sizeof(codeviews[0]); i++) {
        const struct codeview *kind = &codeviews[i];

        if (kind->signature == signature
                && ov_pages_lend(pe->pages, at, kind->path_at + 1, &record)) {
            *out = ov_pe_text(pe, at + kind->path_at, PATH_MAX_BYTES);
            return ov_bytes_len(*out) < PATH_MAX_BYTES;
        }
    }
    return false;
}

void ov_pe_debug(struct ov_fact_tree *tree, ov_fact_node node, struct ov_pe *pe)
{
    uint32_t bytes, kind, rva, place;
    uint64_t at, record;

    if (!ov_pe_directory_at(pe, OV_PE_DIRECTORY_DEBUG, &at, &bytes)) {
        return;
    }
    for (uint32_t i = 0; i < bytes / DEBUG_BYTES && ov_fact_charge(tree, 1);
            i++, at += DEBUG_BYTES) {
        struct ov_bytes path;
        bool found;

        if (!ov_pages_lend(pe->pages, at, DEBUG_BYTES, &path)
                || !ov_pages_u32le(pe->pages, at + 12, &kind)
                || !ov_pages_u32le(pe->pages, at + 20, &rva)
                || !ov_pages_u32le(pe->pages, at + 24, &place)) {
            return;
        }
        if (kind != DEBUG_CODEVIEW) {
            continue;
        }
        found = rva != 0 && ov_pe_file_offset(pe, rva, &record) && record != 0;
        if (!found && place != 0) { /* some have only the place in the file right */
            record = place;
            found = true;
        }
        if (found && pdb_path(pe, record, &path)) {
            ov_fact_text(tree, node, OV_PE_PDB_PATH, path);
            return;
        }
    }
}
