/* SPDX-License-Identifier: Apache-2.0 */
/* named.h - what a file's name says of content that nothing in its bytes can tell. For data of no
 * known kind alone: a name never takes anything away from what the bytes say. */
#ifndef OV_BASE_NAMED_H
#define OV_BASE_NAMED_H

#include "base/bytes.h"
#include "base/reason.h"

/* NONE: nothing. *detail: a sentence for people, without a full stop; static. */
enum ov_reason ov_reason_by_name(struct ov_bytes name, const char **detail);

#endif
