/* SPDX-License-Identifier: Apache-2.0 */
/* mail_header.h - the header of one entity of a mail (RFC 5322, RFC 2045), as the most lenient of
 * its readers would take it. */
#ifndef OV_FORMATS_MAIL_HEADER_H
#define OV_FORMATS_MAIL_HEADER_H

#include "base/buf.h"

/* How a body may be encoded; a header that names several gets several looks. */
#define OV_MAIL_RAW    0x01u
#define OV_MAIL_BASE64 0x02u
#define OV_MAIL_QUOTED 0x04u
#define OV_MAIL_UU     0x08u
#define OV_MAIL_BINHEX 0x10u
#define OV_MAIL_CORE   0x20u /* base64 without what stands around it */

/* Boundaries that one header may name: clients differ on which one counts. */
#define OV_MAIL_BOUNDARIES_MAX 4u
#define OV_MAIL_BOUNDARY_BYTES 256u

struct ov_mail_header {
    uint64_t body;      /* where it begins */
    unsigned encodings; /* OV_MAIL_*; 0: none named */
    uint32_t known;     /* headers that mail has */
    uint32_t lines;     /* headers in all */
    bool multipart;
    bool message; /* message/rfc822 */
    bool partial; /* message/partial */
    bool text;    /* text/..., or no type at all */
    uint32_t boundary_count;
    uint32_t boundary_bytes[OV_MAIL_BOUNDARIES_MAX];
    char boundary[OV_MAIL_BOUNDARIES_MAX][OV_MAIL_BOUNDARY_BYTES];
    struct ov_buf *name; /* lent: gets the file name, decoded */
};

/* The header that begins at `at`. `name` is cleared and filled. */
void ov_mail_header_read(
        struct ov_bytes mail, uint64_t at, struct ov_buf *name, struct ov_mail_header *out);

/* Is `line` the beginning of a header, "Name:"? */
bool ov_mail_is_header_line(struct ov_bytes line);

/* Does this begin as a mail does, "From " lines included, or hold the header of one? */
bool ov_mail_begins(struct ov_bytes head);

/* Where the first header is, behind lines that are none (a mail box's mark, what a gateway put in
 * front); where the text begins, if it has none soon. */
uint64_t ov_mail_first_header(struct ov_bytes mail);

/* The first header of an entity behind `from`, in a text that does not say that it has one, by a line
 * that nothing else has. UINT64_MAX: none. `*delimiter`: what stands behind "--" in front of it. */
uint64_t ov_mail_find_entity(struct ov_bytes text, uint64_t from, struct ov_bytes *delimiter);

#endif
