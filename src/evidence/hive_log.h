/* SPDX-License-Identifier: Apache-2.0 */
/* hive_log.h - a registry hive made whole with its transaction logs. Not for other rooms. */
#ifndef OV_EVIDENCE_HIVE_LOG_H
#define OV_EVIDENCE_HIVE_LOG_H

#include "evidence/hive_bundle.h"
#include "evidence/tell.h"

/* Applies the logs to a hive in memory of the heap, which may move and grow. True: something was
 * applied, and the hive counts as closed. False: it was clean, or the logs do not lead on; what
 * ov_hive_open says of it holds. */
bool ov_hive_replay(struct ov_evidence *e, uint8_t **hive, uint64_t *len,
        const struct ov_bytes *logs, unsigned count);

/* For tests and whoever makes logs. The length is a multiple of four. */
uint64_t ov_hive_log_hash(struct ov_bytes bytes);

#endif
