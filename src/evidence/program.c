/* SPDX-License-Identifier: Apache-2.0 */
/* program.c - who made a Windows program, as it says: the names in its signature's certificates, and
 * the texts of its version resource. Neither is proved: a signature is not checked here, and the
 * report says so. */
#include <stdlib.h>
#include <string.h>

#include "evidence/certificate.h"
#include "evidence/readers.h"
#include "formats/authenticode.h"
#include "formats/pe_layout.h"

#define DIRECTORY_RESOURCE 2u
#define SIGNATURE_STEPS    (4u << 20) /* of one program's signatures and their chains */

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

/* From where the resources begin: their directory says how far they go, and they are texts that some
 * tools put behind that, so the rest of the file is looked at. */
static void tell_version(
        struct ov_evidence *e, const struct ov_pe_layout *pe, struct ov_bytes bytes)
{
    struct ov_bytes section, company = ov_bytes_of(NULL, 0);
    uint32_t address, size;
    struct ov_buf text, more;
    uint64_t at;

    if (!ov_pe_directory(pe, DIRECTORY_RESOURCE, &address, &size) || size == 0
            || !ov_pe_offset(pe, address, &at)) {
        return;
    }
    section = ov_text_behind(bytes, at);
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

/* --- signatures ----------------------------------------------------------------------------- */

struct signers {
    struct ov_evidence *e;
    unsigned count;
};

static void on_signer(void *payload, X509 *certificate)
{
    struct signers *signers = payload;

    signers->count++;
    ov_tell_certificate(signers->e, certificate, OV_TRACE_SIGNER);
}

/* By the reader that YARA's pe.signatures comes from. Where that makes nothing of a signature, the
 * certificates that lie there are told all the same. */
static void tell_signers(struct ov_evidence *e, const struct ov_pe_layout *pe,
        struct ov_pages *pages, struct ov_bytes bytes)
{
    OV_CLEANUP(ov_fact_tree_free_at) struct ov_fact_tree *tree = NULL;
    struct ov_budget budget = { .steps_left = SIGNATURE_STEPS };
    struct signers signers = { .e = e };
    struct ov_bytes signature;
    uint32_t at, size;

    if (!ov_pe_directory(pe, OV_PE_DIRECTORY_SECURITY, &at, &size) || at == 0 || size == 0) {
        return;
    }
    /* Unlike all others, this directory's address is a place in the file. */
    if (!ov_bytes_slice(bytes, at, size, &signature)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "the program's signature lies beyond its end");
        return;
    }
    tree = ov_fact_tree_new();
    if (tree == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &budget);
    ov_authenticode_signers(tree, pages, on_signer, &signers);
    if (ov_fact_tree_reason(tree) != OV_REASON_NONE) {
        ov_tell_gap(e, ov_fact_tree_reason(tree), "the program's signatures");
    }
    if (signers.count == 0) {
        ov_tell_certificates(e, signature, OV_TRACE_SIGNER);
    }
}

void ov_read_program(struct ov_evidence *e, struct ov_bytes bytes)
{
    auto_free struct ov_pages *pages = malloc(sizeof(*pages));
    struct ov_source source;
    struct ov_pe_layout pe;
    struct ov_image image;

    if (pages == NULL) {
        ov_tell_gap(e, OV_REASON_MEMORY, "");
        return;
    }
    ov_source_on_bytes(&source, bytes);
    ov_pages_on(pages, &source);
    image = ov_image_on(pages);
    if (!ov_pe_open(&image, &pe)) {
        ov_read_macho(e, bytes);
        return;
    }
    tell_version(e, &pe, bytes);
    tell_signers(e, &pe, pages, bytes);
}
