/* SPDX-License-Identifier: Apache-2.0 */
/* Target: a registry hive and one log of it. The input is a length of the log in sectors, the log,
 * the hive; entries of the log get the hashes that they should have, or no mutation would be looked
 * at. Properties: evidence_fuzz.h; what was replayed stays in its memory. */
#include <stdlib.h>

#include "evidence/hive_log.h"
#include "evidence_fuzz.h"

#define SECTOR 512u

static void set_u64(uint8_t *at, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++) {
        at[i] = (uint8_t)(v >> (8 * i));
    }
}

static void set_hashes(uint8_t *log, size_t len)
{
    uint32_t size = 0;

    for (size_t at = SECTOR; at + SECTOR <= len; at += size) {
        const struct ov_bytes rest = ov_bytes_of(log + at, len - at);

        if (!ov_u32_at(rest, 4, &size) || size < SECTOR || size % SECTOR != 0 || size > len - at) {
            return;
        }
        set_u64(log + at + 24, ov_hive_log_hash(ov_bytes_of(log + at + 40, size - 40)));
        set_u64(log + at + 32, ov_hive_log_hash(ov_bytes_of(log + at, 32)));
    }
}

static void read_both(struct ov_evidence *e, struct ov_bytes bytes)
{
    const uint8_t *raw = ov_bytes_raw(bytes);
    size_t size = (size_t)ov_bytes_len(bytes), log_len;
    struct ov_bytes log;
    uint8_t *hive, *copy;
    uint64_t hive_len;

    if (size < 1) {
        return;
    }
    log_len = (size_t)raw[0] * SECTOR;
    log_len = log_len < size - 1 ? log_len : size - 1;
    hive_len = size - 1 - log_len;
    copy = malloc(log_len + 1);
    hive = malloc((size_t)hive_len + 1);
    OV_ASSERT(copy != NULL && hive != NULL);
    memcpy(copy, raw + 1, log_len);
    memcpy(hive, raw + 1 + log_len, (size_t)hive_len);
    set_hashes(copy, log_len);
    log = ov_bytes_of(copy, log_len);
    (void)ov_hive_replay(e, &hive, &hive_len, &log, 1);
    ov_read_hive(e, ov_bytes_of(hive, (size_t)hive_len));
    free(copy);
    free(hive);
}

FUZZ_READER(read_both)
