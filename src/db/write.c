/* SPDX-License-Identifier: Apache-2.0 */
#include "db/write.h"

#include <string.h>

#include "base/checked.h"
#include "base/digest.h"

void ov_db_writer_init(struct ov_db_writer *writer, size_t section_bytes_max)
{
    memset(writer, 0, sizeof(*writer));
    for (size_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        ov_buf_init(&writer->sections[id], section_bytes_max);
    }
}

void ov_db_writer_done(struct ov_db_writer *writer)
{
    for (size_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        ov_buf_done(&writer->sections[id]);
    }
}

uint32_t ov_db_writer_text(struct ov_db_writer *writer, struct ov_bytes text)
{
    struct ov_buf *buf = &writer->sections[OV_DB_TEXT];
    const uint64_t at = ov_bytes_len(ov_buf_bytes(buf));

    ov_buf_put(buf, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
    return (uint32_t)at;
}

static uint64_t rounded(uint64_t bytes)
{
    return (bytes + OV_DB_ALIGN - 1) / OV_DB_ALIGN * OV_DB_ALIGN;
}

static uint32_t sections_used(const struct ov_db_writer *writer)
{
    uint32_t count = 0;

    for (size_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        count += ov_bytes_len(ov_buf_bytes(&writer->sections[id])) != 0;
    }
    return count;
}

uint64_t ov_db_writer_size(const struct ov_db_writer *writer)
{
    uint64_t size = rounded(
            sizeof(struct ov_db_header) + sections_used(writer) * sizeof(struct ov_db_section));

    for (size_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        if (!ov_buf_ok(&writer->sections[id])) {
            return 0;
        }
        size += rounded(ov_bytes_len(ov_buf_bytes(&writer->sections[id])));
    }
    return size;
}

overt_status ov_db_writer_finish(
        struct ov_db_writer *writer, uint8_t *to, size_t to_bytes, overt_error *err)
{
    const uint64_t size = ov_db_writer_size(writer);
    const uint32_t count = sections_used(writer);
    struct ov_db_header header = {
        .version = ov_le32_of(OV_DB_VERSION),
        .must_know = ov_le32_of(writer->must_know),
        .may_ignore = ov_le32_of(writer->may_ignore),
        .section_count = ov_le32_of(count),
        .file_bytes = ov_le64_of(size),
    };
    uint64_t at = rounded(sizeof(header) + count * sizeof(struct ov_db_section));
    size_t row = sizeof(header);

    if (size == 0 || size > to_bytes) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX,
                size == 0 ? "no memory for the database" : "the database does not fit");
    }
    OV_ASSERT(count <= OV_DB_SECTIONS_MAX);
    memset(to, 0, at); /* here and behind each section: nothing that nobody wrote */
    memcpy(header.magic, OV_DB_MAGIC, sizeof(header.magic));
    for (uint32_t id = 0; id <= OV_DB_SECTION_LAST; id++) {
        const struct ov_bytes bytes = ov_buf_bytes(&writer->sections[id]);
        const uint64_t bytes_len = ov_bytes_len(bytes);
        const struct ov_db_section section = {
            .id = ov_le32_of(id),
            .count = ov_le32_of(writer->counts[id]),
            .offset = ov_le64_of(at),
            .bytes = ov_le64_of(bytes_len),
        };

        if (bytes_len == 0) {
            continue;
        }
        memcpy(to + row, &section, sizeof(section));
        memcpy(to + at, ov_bytes_raw(bytes), (size_t)bytes_len);
        memset(to + at + bytes_len, 0, (size_t)(rounded(bytes_len) - bytes_len));
        ov_buf_done(&writer->sections[id]);
        row += sizeof(section);
        at += rounded(bytes_len);
    }
    OV_ASSERT(at == size);
    if (!ov_digest_of(OV_DIGEST_SHA256,
                ov_bytes_of(to + sizeof(header), (size_t)size - sizeof(header)),
                header.body_sha256)) {
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for a digest");
    }
    memcpy(to, &header, sizeof(header));
    return OVERT_OK;
}
