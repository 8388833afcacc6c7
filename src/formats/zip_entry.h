/* SPDX-License-Identifier: Apache-2.0 */
/* zip_entry.h - the two records that describe a zip's member: its local header (APPNOTE 4.3.7) and
 * its line in the central directory (4.3.12). Attackers make them differ. */
#ifndef OV_FORMATS_ZIP_ENTRY_H
#define OV_FORMATS_ZIP_ENTRY_H

#include "formats/codec.h"
#include "formats/input.h"

#define OV_ZIP_LOCAL_BYTES 30u

#define OV_ZIP_FLAG_ENCRYPTED  0x0001u
#define OV_ZIP_FLAG_LZMA_ENDS  0x0002u /* method 14 has an end mark */
#define OV_ZIP_FLAG_SIZE_LATER 0x0008u /* sizes and checksum stand behind the data */

struct ov_zip_entry {
    uint64_t packed;
    uint64_t size;
    uint64_t local;       /* directory: recorded offset of the local header */
    uint64_t data;        /* local: offset of the data, from the header's first byte */
    uint64_t next;        /* directory: where the next record is */
    struct ov_bytes name; /* directory: lent from it */
    uint32_t name_bytes;
    uint32_t crc;
    uint16_t method;
    uint16_t flags;
    uint16_t time; /* of day, as MS-DOS counts it */
};

/* The record at `at` of the directory. False: there is none, or it is cut. */
OV_MUST_CHECK bool ov_zip_entry_read(
        struct ov_bytes directory, uint64_t at, struct ov_zip_entry *out);
/* The local header at `at`. False: there is none, or it is cut. */
OV_MUST_CHECK bool ov_zip_local_read(
        const struct ov_input *input, uint64_t at, struct ov_zip_entry *out);

/* How a member of this method is packed. False: in no way that is known here. */
OV_MUST_CHECK bool ov_zip_method_codec(uint16_t method, uint16_t flags, enum ov_codec *codec);

#endif
