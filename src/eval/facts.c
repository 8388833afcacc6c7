/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/entrypoint.h"
#include "eval/machine.h"

void ov_facts_begin(struct ov_facts *facts, struct ov_source *source)
{
    facts->source = source;
    facts->head_len = 0;
    facts->head_read = false;
    facts->page_at = UINT64_MAX;
    facts->page_len = 0;
    facts->entry_read = false;
    facts->entry_defined = false;
}

static bool number_at(
        const uint8_t *page, size_t page_len, uint64_t at, unsigned len, uint32_t *out)
{
    struct ov_bytes part;
    const uint8_t *raw;
    uint32_t v = 0;

    if (!ov_bytes_slice(ov_bytes_of(page, page_len), at, len, &part)) {
        return false;
    }
    raw = ov_bytes_raw(part);
    for (unsigned i = len; i > 0; i--) {
        v = v << 8 | raw[i - 1];
    }
    *out = v;
    return true;
}

bool ov_facts_read(struct ov_facts *facts, uint64_t offset, unsigned len, uint32_t *out)
{
    if (offset >= facts->source->size || len > facts->source->size - offset) {
        return false;
    }
    if (offset + len <= OV_PAGE_BYTES) {
        if (!facts->head_read) {
            facts->head_len = ov_source_read(facts->source, 0, facts->head, OV_PAGE_BYTES);
            facts->head_read = true;
        }
        return number_at(facts->head, facts->head_len, offset, len, out);
    }
    /* A page begins a little before what is asked for, so that loops may run either way. */
    if (facts->page_at == UINT64_MAX || offset < facts->page_at
            || offset + len > facts->page_at + OV_PAGE_BYTES) {
        facts->page_at = offset - offset % (OV_PAGE_BYTES / 2);
        facts->page_len = ov_source_read(facts->source, facts->page_at, facts->page, OV_PAGE_BYTES);
    }
    return number_at(facts->page, facts->page_len, offset - facts->page_at, len, out);
}

bool ov_facts_entry(struct ov_facts *facts, uint64_t *out)
{
    if (!facts->entry_read) {
        facts->entry_read = true;
        facts->entry_defined = ov_entrypoint_find(facts, &facts->entry);
    }
    *out = facts->entry;
    return facts->entry_defined;
}
