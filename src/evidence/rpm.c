/* SPDX-License-Identifier: Apache-2.0 */
/* rpm.c - one header of an RPM database: counts, an index of 16-byte entries, a store. All
 * numbers are big-endian (rpm's documentation, "RPM V4 package format", header structure). */
#include "evidence/readers.h"

#define TAG_NAME    1000u
#define TAG_VERSION 1001u
#define TAG_RELEASE 1002u
#define TAG_EPOCH   1003u
#define TAG_VENDOR  1011u
#define TAG_ARCH    1022u

#define TYPE_INT32      4u
#define TYPE_STRING     6u
#define TYPE_I18NSTRING 9u

#define ENTRY_BYTES 16u

struct fields {
    struct ov_bytes name, version, release, vendor, arch;
    uint32_t epoch;
    bool has_epoch;
};

static struct ov_bytes string_at(struct ov_bytes store, uint32_t offset)
{
    const struct ov_bytes rest = ov_text_behind(store, offset);
    struct ov_reader r = ov_reader_on(rest);
    struct ov_bytes out = ov_bytes_of(NULL, 0);
    uint64_t len = 0;
    uint8_t c;

    while (ov_read_u8(&r, &c) && c != 0) {
        len++;
    }
    return len < ov_bytes_len(rest) && ov_bytes_slice(rest, 0, len, &out) ? out
                                                                          : ov_bytes_of(NULL, 0);
}

static void take_entry(struct fields *f, struct ov_bytes store, const uint32_t entry[4])
{
    const uint32_t tag = entry[0], type = entry[1], offset = entry[2];
    const bool is_text = type == TYPE_STRING || type == TYPE_I18NSTRING;

    if (tag == TAG_EPOCH && type == TYPE_INT32) {
        f->has_epoch = ov_u32be_at(store, offset, &f->epoch);
        return;
    }
    if (!is_text) {
        return;
    }
    switch (tag) {
    case TAG_NAME:
        f->name = string_at(store, offset);
        return;
    case TAG_VERSION:
        f->version = string_at(store, offset);
        return;
    case TAG_RELEASE:
        f->release = string_at(store, offset);
        return;
    case TAG_VENDOR:
        f->vendor = string_at(store, offset);
        return;
    case TAG_ARCH:
        f->arch = string_at(store, offset);
        return;
    default:
        return;
    }
}

static void tell_header(struct ov_evidence *e, const struct fields *f)
{
    struct ov_buf more;

    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    if (f->has_epoch) {
        ov_buf_printf(&more, "%u:", f->epoch);
    }
    ov_buf_put(&more, ov_bytes_raw(f->version), (size_t)ov_bytes_len(f->version));
    if (ov_bytes_len(f->release) != 0) {
        ov_buf_put_u8(&more, '-');
    }
    ov_parts_add(&more, f->release);
    ov_parts_add(&more, f->arch);
    ov_parts_add(&more, f->vendor);
    ov_tell_number(e, OV_TRACE_PACKAGE, OV_PACKAGE_NUMBER(OV_MANAGER_RPM, OV_PACKAGE_INSTALLED),
            f->name, ov_buf_bytes(&more));
    ov_buf_done(&more);
}

void ov_read_rpm_header(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct fields f = { .name = ov_bytes_of(NULL, 0) };
    struct ov_bytes index, store;
    uint32_t entries, store_bytes;

    if (!ov_u32be_at(bytes, 0, &entries) || !ov_u32be_at(bytes, 4, &store_bytes)
            || !ov_read_skip(&r, 8) || entries > ov_reader_left(&r) / ENTRY_BYTES
            || !ov_read_bytes(&r, (uint64_t)entries * ENTRY_BYTES, &index)
            || !ov_read_bytes(&r, store_bytes, &store)) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "a header of the RPM database is cut short");
        return;
    }
    for (uint32_t i = 0; i < entries && ov_evidence_step(e, 1); i++) {
        uint32_t entry[4] = { 0 };

        for (unsigned k = 0; k < 4; k++) {
            if (!ov_u32be_at(index, (uint64_t)i * ENTRY_BYTES + 4 * k, &entry[k])) {
                return;
            }
        }
        take_entry(&f, store, entry);
    }
    if (ov_bytes_len(f.name) == 0) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "a header of the RPM database has no name");
        return;
    }
    tell_header(e, &f);
}
