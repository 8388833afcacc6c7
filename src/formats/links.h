/* SPDX-License-Identifier: Apache-2.0 */
/* links.h - where the links of a page lead, and what they show. */
#ifndef OV_FORMATS_LINKS_H
#define OV_FORMATS_LINKS_H

#include "base/bytes.h"

/* Called for each <a href=REAL>SHOWN</a>, tags in SHOWN left out; both lent, at most
 * OV_LINK_BYTES_MAX long. False: enough. */
typedef bool (*ov_link_fn)(void *payload, struct ov_bytes real, struct ov_bytes shown);

void ov_links_each(struct ov_bytes page, ov_link_fn each, void *payload);

#endif
