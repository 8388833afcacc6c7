/* SPDX-License-Identifier: Apache-2.0 */
/* json.h - foreign JSON as a row of (path, text) pairs: "layers[].digest" -> "sha256:...". Only
 * texts are given; numbers, true, false and null are passed over. No recursion: the path is the
 * stack. */
#ifndef OV_EVIDENCE_JSON_H
#define OV_EVIDENCE_JSON_H

#include "evidence/tell.h"

#define OV_JSON_WALK_DEPTH_MAX 64u
#define OV_JSON_PATH_BYTES_MAX 1024u
#define OV_JSON_TEXT_BYTES_MAX 4096u /* of one text; longer ones are cut */

/* `path` is NUL-terminated; `text` is lent for the call. `opened`: an element of an array of
 * objects begins at `path` ("addons[]"), text is empty. */
typedef void (*ov_json_fn)(void *payload, const char *path, struct ov_bytes text, bool opened);

/* False: not well-formed (what came before was given). */
OV_MUST_CHECK bool ov_json_walk(struct ov_bytes bytes, ov_json_fn fn, void *payload);

#endif
