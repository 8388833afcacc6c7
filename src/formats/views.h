/* SPDX-License-Identifier: Apache-2.0 */
/* views.h - pages and texts in the one spelling that signatures for them are written in. */
#ifndef OV_FORMATS_VIEWS_H
#define OV_FORMATS_VIEWS_H

#include "base/buf.h"

/* Text: small letters, one blank for any white space, nothing that is not ASCII. */
void ov_view_text(struct ov_buf *out, struct ov_bytes in);
/* A page: small letters, no comments, entities as what they stand for, tags written one way; or, without
 * `tags`, its text and where its links lead. */
void ov_view_html(struct ov_buf *out, struct ov_bytes in, bool tags);
/* The scripts of a page, each in <script> and </script>. */
void ov_view_scripts(struct ov_buf *out, struct ov_bytes in);
/* One script: small letters, no comments, strings joined, declared names by their number. */
void ov_view_script(struct ov_buf *out, struct ov_bytes in);

#endif
