/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.h - buffers for what workers say: one call for a whole queue of answered files. */
#ifndef OV_API_INBOX_H
#define OV_API_INBOX_H

#include <stdint.h>
#include <sys/socket.h>

/* Messages taken in at once from one worker. */
#define OV_INBOX_MESSAGES 32u

struct ov_inbox {
    struct mmsghdr heads[OV_INBOX_MESSAGES];
    struct iovec parts[OV_INBOX_MESSAGES];
    size_t message_bytes;
    uint8_t bytes[]; /* OV_INBOX_MESSAGES times message_bytes */
};

/* Owned by the caller, as one block of malloc's; NULL: no memory. */
struct ov_inbox *ov_inbox_new(size_t message_bytes);

/* Without waiting. How many messages came; -1: errno. One longer than message_bytes is cut, and its
 * head says how long it was. */
int ov_inbox_take(struct ov_inbox *inbox, int channel);

#endif
