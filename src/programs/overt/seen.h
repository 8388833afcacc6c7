/* SPDX-License-Identifier: Apache-2.0 */
/* seen.h - which files were CLEAN under which rules, so that the next scan may pass over those that
 * have not changed since. docs/formats/seen.md
 *
 * Only CLEAN is remembered, and only by what a file is (device, inode, size, times): whatever was
 * written to, moved in or looked at under other rules is looked at again. The file is read as
 * foreign bytes, and not at all unless it is the user's own and nobody else may write it. */
#ifndef OV_PROGRAMS_OVERT_SEEN_H
#define OV_PROGRAMS_OVERT_SEEN_H

#include "guard/cache.h"

struct ov_seen;

/* `rules`: SHA-256 of the rule set; what was seen under others, or by another version of overt, is
 * not read. `command` names who complains. NULL: no memory or no place, which was said. */
struct ov_seen *ov_seen_open(const char *command, const uint8_t rules[32]);
void ov_seen_free(struct ov_seen *seen);

/* It was CLEAN, and has not changed. */
bool ov_seen_has(struct ov_seen *seen, const struct ov_guard_key *key);
void ov_seen_add(struct ov_seen *seen, const struct ov_guard_key *key);

/* Replaces the file. `all`: everything was gone over, so that what was not met any more is
 * forgotten. False: it was said why; the next scan looks at more than it had to. */
bool ov_seen_save(struct ov_seen *seen, bool all);

#endif
