/* SPDX-License-Identifier: Apache-2.0 */
/* pe_layout.h - the headers of a PE file, and where in the file an address is. For src/formats.
 *
 * "PE Format" (Microsoft), with the leniency of YARA 4.5 about what is broken. */
#ifndef OV_FORMATS_PE_LAYOUT_H
#define OV_FORMATS_PE_LAYOUT_H

#include "facts/pe_map.h"
#include "formats/image.h"

enum ov_pe_directory {
    OV_PE_DIRECTORY_EXPORT = 0,
    OV_PE_DIRECTORY_IMPORT = 1,
    OV_PE_DIRECTORY_RESOURCE = 2,
    OV_PE_DIRECTORY_SECURITY = 4,
    OV_PE_DIRECTORY_DEBUG = 6,
    OV_PE_DIRECTORY_DELAY_IMPORT = 13,
    OV_PE_DIRECTORY_CLR = 14,
    OV_PE_DIRECTORIES = 16
};

struct ov_pe_layout {
    struct ov_image image;
    uint64_t head;        /* of the signature PE\0\0 */
    uint64_t optional;    /* of the optional header */
    bool wide;            /* PE32+ */
    uint64_t sections_at; /* their headers */
    struct ov_pe_map map;
};

/* False: no PE file, or one whose headers are cut short. */
OV_MUST_CHECK bool ov_pe_open(const struct ov_image *image, struct ov_pe_layout *pe);

/* A data directory's address and size. False: its entry does not lie in the file. Neither
 * NumberOfRvaAndSizes nor SizeOfOptionalHeader is asked: files lie about both and load all the same. */
OV_MUST_CHECK bool ov_pe_directory(
        const struct ov_pe_layout *pe, unsigned index, uint32_t *address, uint32_t *size);
uint32_t ov_pe_directory_count(const struct ov_pe_layout *pe); /* as claimed */

/* Where in the file an address relative to the image's base is. False: nowhere. */
OV_MUST_CHECK bool ov_pe_offset(const struct ov_pe_layout *pe, uint32_t address, uint64_t *out);

#endif
