/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.c - see inbox.h. */
#include "api/inbox.h"

#include <stdlib.h>

struct ov_inbox *ov_inbox_new(size_t message_bytes)
{
    struct ov_inbox *inbox = calloc(1, sizeof(*inbox) + OV_INBOX_MESSAGES * message_bytes);

    if (inbox == NULL) {
        return NULL;
    }
    inbox->message_bytes = message_bytes;
    for (size_t i = 0; i < OV_INBOX_MESSAGES; i++) {
        inbox->parts[i] = (struct iovec){ .iov_base = inbox->bytes + i * message_bytes,
            .iov_len = message_bytes };
        inbox->heads[i].msg_hdr.msg_iov = &inbox->parts[i];
        inbox->heads[i].msg_hdr.msg_iovlen = 1;
    }
    return inbox;
}

int ov_inbox_take(struct ov_inbox *inbox, int channel)
{
    return recvmmsg(channel, inbox->heads, OV_INBOX_MESSAGES, MSG_DONTWAIT | MSG_TRUNC, NULL);
}
