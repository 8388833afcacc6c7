/* SPDX-License-Identifier: Apache-2.0 */
/* The file may have been made by anyone: every number in it is a claim. */
#include "db/view.h"

#include <string.h>

#include "base/checked.h"
#include "base/digest.h"

static overt_status read_section(struct ov_db_view *view, uint32_t row, uint32_t *last_id,
        uint64_t *last_end, overt_error *err)
{
    const uint64_t at = sizeof(struct ov_db_header) + row * sizeof(struct ov_db_section);
    struct ov_db_section section;
    struct ov_bytes raw;
    uint32_t id;
    uint64_t offset;

    if (!ov_bytes_slice(view->file, at, sizeof(section), &raw)) {
        return ov_fail(err, OVERT_E_CORRUPT, at, "the section table is cut short");
    }
    memcpy(&section, ov_bytes_raw(raw), sizeof(section));
    id = ov_le32_get(section.id);
    offset = ov_le64_get(section.offset);
    if (id == 0 || id > OV_DB_SECTION_LAST || (row != 0 && id <= *last_id)) {
        return ov_fail(err, OVERT_E_CORRUPT, at, "section %u is unknown or out of order", id);
    }
    if (offset % OV_DB_ALIGN != 0 || offset < *last_end
            || !ov_bytes_slice(
                    view->file, offset, ov_le64_get(section.bytes), &view->sections[id])) {
        return ov_fail(err, OVERT_E_CORRUPT, at, "section %u does not lie inside the file", id);
    }
    view->counts[id] = ov_le32_get(section.count);
    *last_id = id;
    *last_end = offset + ov_le64_get(section.bytes);
    return OVERT_OK;
}

overt_status ov_db_view_open(struct ov_db_view *view, struct ov_bytes file, overt_error *err)
{
    struct ov_db_view found = { .file = file };
    struct ov_db_header header;
    struct ov_bytes raw;
    uint32_t last_id = 0, count;
    uint64_t last_end;

    for (size_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        found.sections[id] = ov_bytes_of(NULL, 0);
    }
    if (!ov_bytes_slice(file, 0, sizeof(header), &raw)) {
        return ov_fail(err, OVERT_E_CORRUPT, 0, "too short for a rule database");
    }
    memcpy(&header, ov_bytes_raw(raw), sizeof(header));
    if (memcmp(header.magic, OV_DB_MAGIC, sizeof(header.magic)) != 0) {
        return ov_fail(err, OVERT_E_CORRUPT, 0, "not a rule database (magic bytes)");
    }
    if (ov_le32_get(header.version) != OV_DB_VERSION
            || (ov_le32_get(header.must_know) & ~OV_DB_MUST_CLAM) != 0) {
        return ov_fail(err, OVERT_E_VERSION, 8,
                "database version %u (features %#x); this program reads version %u",
                ov_le32_get(header.version), ov_le32_get(header.must_know), OV_DB_VERSION);
    }
    if (ov_le64_get(header.file_bytes) != ov_bytes_len(file)) {
        return ov_fail(err, OVERT_E_CORRUPT, 24, "the file is %llu bytes, its header says %llu",
                (unsigned long long)ov_bytes_len(file),
                (unsigned long long)ov_le64_get(header.file_bytes));
    }
    found.clam = (ov_le32_get(header.must_know) & OV_DB_MUST_CLAM) != 0;
    count = ov_le32_get(header.section_count);
    if (count > OV_DB_SECTIONS_MAX) {
        return ov_fail(err, OVERT_E_CORRUPT, 20, "%u sections are too many", count);
    }
    last_end = sizeof(header) + count * sizeof(struct ov_db_section);
    for (uint32_t row = 0; row < count; row++) {
        const overt_status status = read_section(&found, row, &last_id, &last_end, err);

        if (status != OVERT_OK) {
            return status;
        }
    }
    *view = found;
    return OVERT_OK;
}

const void *ov_db_record(
        const struct ov_db_view *view, enum ov_db_section_id id, uint64_t index, size_t size)
{
    struct ov_bytes record;
    uint64_t at;

    OV_ASSERT(id <= OV_DB_SECTION_LAST);
    if (index >= view->counts[id] || !ov_mul(&at, index, (uint64_t)size)
            || !ov_bytes_slice(view->sections[id], at, size, &record)) {
        return NULL;
    }
    return ov_bytes_raw(record);
}

bool ov_db_text(const struct ov_db_view *view, uint64_t off, uint64_t len, struct ov_bytes *out)
{
    return ov_bytes_slice(view->sections[OV_DB_TEXT], off, len, out);
}

overt_status ov_db_view_check_digest(const struct ov_db_view *view, overt_error *err)
{
    uint8_t want[OV_DIGEST_BYTES_MAX], got[OV_DIGEST_BYTES_MAX];
    struct ov_bytes part;
    const uint64_t head = sizeof(struct ov_db_header);

    if (!ov_bytes_slice(view->file, offsetof(struct ov_db_header, body_sha256), 32, &part)) {
        return ov_fail(err, OVERT_E_CORRUPT, 0, "too short for a rule database");
    }
    memcpy(want, ov_bytes_raw(part), 32);
    if (!ov_bytes_slice(view->file, head, ov_bytes_len(view->file) - head, &part)) {
        return ov_fail(err, OVERT_E_CORRUPT, 0, "too short for a rule database");
    }
    if (!ov_digest_of(OV_DIGEST_SHA256, part, got)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    if (memcmp(want, got, 32) != 0) {
        return ov_fail(err, OVERT_E_CORRUPT, 32, "the database is damaged: its digest differs");
    }
    return OVERT_OK;
}
