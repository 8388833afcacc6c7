/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - who made a Windows program, as it says: the names in its signature's certificates, and
 * the texts of its version resource. Neither is proved: a signature is not checked here, and the
 * report says so. */
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "evidence/readers.h"

#define DIRECTORY_RESOURCE 2u
#define DIRECTORY_SECURITY 4u
#define SECTIONS_MAX       96u

struct pe {
    struct ov_bytes bytes;
    uint64_t optional_at, sections_at;
    uint32_t directory[2]; /* address, size of the one asked for */
    uint16_t sections;
};

static bool open_pe(struct ov_bytes bytes, struct pe *pe)
{
    uint32_t at, magic;
    uint16_t mz, optional_bytes;

    if (!ov_u16_at(bytes, 0, &mz) || mz != 0x5a4d || !ov_u32_at(bytes, 60, &at)
            || !ov_u32_at(bytes, at, &magic) || magic != 0x4550
            || !ov_u16_at(bytes, (uint64_t)at + 6, &pe->sections)
            || !ov_u16_at(bytes, (uint64_t)at + 20, &optional_bytes)) {
        return false;
    }
    pe->bytes = bytes;
    pe->optional_at = (uint64_t)at + 24;
    pe->sections_at = pe->optional_at + optional_bytes;
    return true;
}

static bool find_directory(struct pe *pe, uint32_t which)
{
    uint64_t at;
    uint16_t magic;
    uint32_t count;

    if (!ov_u16_at(pe->bytes, pe->optional_at, &magic)) {
        return false;
    }
    at = pe->optional_at + (magic == 0x20b ? 112 : 96);
    return ov_u32_at(pe->bytes, at - 4, &count) && which < count
           && ov_u32_at(pe->bytes, at + which * 8ull, &pe->directory[0])
           && ov_u32_at(pe->bytes, at + which * 8ull + 4, &pe->directory[1])
           && pe->directory[0] != 0 && pe->directory[1] != 0;
}

/* Where the section that holds an address lies in the file, whole. */
static bool section_of(const struct pe *pe, uint32_t address, struct ov_bytes *out)
{
    for (uint32_t i = 0; i < pe->sections && i < SECTIONS_MAX; i++) {
        const uint64_t row = pe->sections_at + i * 40ull;
        uint32_t from, virtual_bytes, raw_bytes, raw_at;

        if (!ov_u32_at(pe->bytes, row + 8, &virtual_bytes) || !ov_u32_at(pe->bytes, row + 12, &from)
                || !ov_u32_at(pe->bytes, row + 16, &raw_bytes)
                || !ov_u32_at(pe->bytes, row + 20, &raw_at)) {
            return false;
        }
        if (address >= from && (address - from < raw_bytes || address - from < virtual_bytes)) {
            *out = ov_text_behind(pe->bytes, raw_at);
            return ov_bytes_len(*out) <= raw_bytes || ov_bytes_slice(*out, 0, raw_bytes, out);
        }
    }
    return false;
}

/* --- version resource ----------------------------------------------------------------------- */

/* The text behind a UTF-16 key of the version resource: the key, zeros up to a multiple of four,
 * the value. Looked for by the key, as the resource tree around it is easily made to loop. */
static void put_version_text(struct ov_bytes section, const char *key, struct ov_buf *parts)
{
    uint8_t wide[64];
    const size_t len = strlen(key);
    const uint8_t *raw = ov_bytes_raw(section), *at;
    struct ov_buf text;

    ov_buf_init(&text, OV_EXPLAIN_FRAME_BYTES_MAX);
    for (size_t i = 0; i < len; i++) {
        wide[2 * i] = (uint8_t)key[i];
        wide[2 * i + 1] = 0;
    }
    wide[2 * len] = wide[2 * len + 1] = 0;
    at = ov_bytes_len(section) == 0 ? NULL
                                    : memmem(raw, (size_t)ov_bytes_len(section), wide, 2 * len + 2);
    if (at != NULL) {
        const struct ov_bytes behind = ov_text_behind(section, (uint64_t)(at - raw) + 2 * len + 2);
        struct ov_reader r = ov_reader_on(behind);
        struct ov_bytes value = behind;
        uint16_t unit;

        for (int i = 0; i < 3 && ov_read_u16le(&r, &unit) && unit == 0; i++) {
            value = ov_text_behind(value, 2);
        }
        if (ov_bytes_len(value) > 512 && !ov_bytes_slice(value, 0, 512, &value)) {
            value = ov_bytes_of(NULL, 0);
        }
        ov_utf16_put(&text, value);
    }
    ov_parts_add(parts, ov_buf_bytes(&text));
    ov_buf_done(&text);
}

static void tell_version(struct ov_evidence *e, struct pe *pe)
{
    struct ov_bytes section, company = ov_bytes_of(NULL, 0);
    struct ov_buf text, more;

    if (!find_directory(pe, DIRECTORY_RESOURCE) || !section_of(pe, pe->directory[0], &section)) {
        return;
    }
    ov_buf_init(&text, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX * 4);
    put_version_text(section, "CompanyName", &text);
    put_version_text(section, "ProductName", &more);
    put_version_text(section, "FileVersion", &more);
    put_version_text(section, "FileDescription", &more);
    /* The part's own NUL is not of the text. */
    if (ov_bytes_slice(ov_buf_bytes(&text), 0, ov_bytes_len(ov_buf_bytes(&text)) - 1, &company)
            && ov_bytes_len(ov_buf_bytes(&more)) + ov_bytes_len(company) > 3) {
        ov_tell(e, OV_TRACE_VERSION, company, ov_buf_bytes(&more));
    }
    ov_buf_done(&text);
    ov_buf_done(&more);
}

static void tell_digest(struct ov_evidence *e, struct ov_bytes bytes)
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    char hex[2 * OV_DIGEST_BYTES_MAX + 1];

    if (!ov_digest_of(OV_DIGEST_SHA256, bytes, digest)) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    for (size_t i = 0; i < sizeof(digest); i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    ov_tell(e, OV_TRACE_DIGEST, ov_text_lit(hex), ov_bytes_of(NULL, 0));
}

void ov_read_program(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct pe pe;
    struct ov_bytes signature;

    if (!open_pe(bytes, &pe)) {
        ov_read_macho(e, bytes);
        return;
    }
    tell_version(e, &pe);
    /* The security directory's address is a place in the file, unlike all others. */
    if (find_directory(&pe, DIRECTORY_SECURITY)) {
        if (ov_bytes_slice(bytes, pe.directory[0], pe.directory[1], &signature)) {
            ov_tell_certificates(e, signature, OV_TRACE_SIGNER);
        } else {
            ov_tell_gap(e, OV_REASON_DAMAGED, "the program's signature lies beyond its end");
        }
    }
    if (e->deep) {
        tell_digest(e, bytes);
    }
}
