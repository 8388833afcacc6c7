/* SPDX-License-Identifier: Apache-2.0 */
/* pdf_filter.h - the filters of PDF streams (ISO 32000-1, 7.4). */
#ifndef OV_FORMATS_PDF_FILTER_H
#define OV_FORMATS_PDF_FILTER_H

#include "base/buf.h"

enum ov_pdf_filter {
    OV_PDF_FLATE,
    OV_PDF_LZW,
    OV_PDF_HEX,
    OV_PDF_ASCII85,
    OV_PDF_RUNS,
    OV_PDF_CRYPT,
    OV_PDF_PICTURE, /* a picture's own packing: its bytes are given as they are */
    OV_PDF_UNKNOWN
};

struct ov_pdf_parameters {
    uint32_t predictor;
    uint32_t columns;
    uint32_t colors;
    uint32_t bits;
    bool late; /* /EarlyChange 0 */
};

/* `name` without its slash. */
enum ov_pdf_filter ov_pdf_filter_of(struct ov_bytes name);
/* Puts behind `out`. False: damaged; what came out until then is kept. */
bool ov_pdf_unfilter(struct ov_buf *out, enum ov_pdf_filter filter,
        const struct ov_pdf_parameters *parameters, struct ov_bytes in);

#endif
