/* SPDX-License-Identifier: Apache-2.0 */
/* wire.h - what passes between overtd's processes: the gate (clients' bytes), the opener (names to
 * descriptors), the guard (on-access events) and the supervisor. SEQPACKET: a message is one frame,
 * or, between gate and supervisor, a batch of them. A frame has at most one descriptor.
 *
 * The supervisor takes the others for hostile: it decodes by these rules and ends whoever breaks
 * them. Neither can make it open, read or write anything. */
#ifndef OV_SANDBOX_WIRE_H
#define OV_SANDBOX_WIRE_H

#include "base/buf.h"
#include "base/le.h"

#define OVD_TEXT_BYTES_MAX 8192u

/* One message of several frames: a burst of small streams or of answers costs one call and one
 * wake-up instead of one each. */
#define OVD_BATCH_BYTES_MAX 16384u
#define OVD_BATCH_FDS_MAX   64u /* the kernel's bound is 253 */

enum ovd_kind {
    /* gate to supervisor */
    OVD_SCAN_FD = 1, /* a descriptor; value: OVD_STREAM, or the number to show */
    OVD_SCAN_PARTS,  /* a descriptor; text: struct ovd_part[], the small streams in it */
    OVD_SCAN_PATH,   /* text: the path; value: the verb */
    OVD_ASK,         /* value: the verb */
    OVD_GONE,        /* the client is; requests of it are not to be answered */
    OVD_KNOWN,       /* value: streams answered from memory; request: their bytes. No client's */

    /* supervisor to gate */
    OVD_CLIENT, /* a descriptor; value: 1 for one of this machine (UNIX) */
    OVD_LINE,   /* text: a reply, without number and terminator */
    OVD_LAST,   /* the same, and the request is over; no text: nothing is said. value: OVD_CLEAN: of
                   a stream that was looked at as a whole and in which nothing was found */

    /* opener to supervisor */
    OVD_FILE,    /* a descriptor; text: its path */
    OVD_PROBLEM, /* text: its path; value: OVD_PROBLEM_*; request: errno */
    OVD_DONE,    /* value: files and problems there were */

    /* guard to supervisor; `client` is the event's number */
    OVD_ACCESS, /* a descriptor; value: the process; request: OVD_ACCESS_* */
    OVD_LATE,   /* value: events answered by policy, as no verdict came in time */
    OVD_ALIVE,  /* answers OVD_BEAT */

    /* supervisor to guard; FORGET to the gate, too */
    OVD_ALLOW,  /* client: the event; value: 1: the verdict may be remembered */
    OVD_DENY,   /* the same */
    OVD_FORGET, /* other rules: remembered verdicts are none any more */
    OVD_BEAT,

    OVD_KIND_LAST = OVD_BEAT
};

#define OVD_STREAM UINT32_MAX
#define OVD_CLEAN  1u

#define OVD_ACCESS_WAITS 1u /* somebody waits for the answer; else it is only to be known */

/* What is wrong with a path. */
enum ovd_problem {
    OVD_PROBLEM_CHECK = 1, /* the path that was named cannot be looked up */
    OVD_PROBLEM_ACCESS,    /* a file or folder cannot be opened */
    OVD_PROBLEM_SPECIAL,   /* the path that was named is no file and no folder */
    OVD_PROBLEM_LAST = OVD_PROBLEM_SPECIAL
};

/* One stream among several of the same client. */
struct ovd_part {
    struct ov_le32 request;
    struct ov_le32 offset;
    struct ov_le32 bytes;
};
_Static_assert(sizeof(struct ovd_part) == 12, "on the wire");

struct ovd_head {
    struct ov_le32 kind;
    struct ov_le32 client;
    struct ov_le32 request;
    struct ov_le32 value;
    struct ov_le16 text_bytes; /* right behind the head */
    struct ov_le16 fds;        /* 0 or 1: the next of the message's descriptors */
};

_Static_assert(sizeof(struct ovd_head) == 20, "on the wire");
_Static_assert(OVD_BATCH_BYTES_MAX >= sizeof(struct ovd_head) + OVD_TEXT_BYTES_MAX, "one fits");

struct ovd_frame {
    enum ovd_kind kind;
    uint32_t client;
    uint32_t request;
    uint32_t value;
    struct ov_bytes text; /* received: lent until the next receive into the same buffer */
    int fd;               /* -1: none. Sent: borrowed. Received: yours */
};

enum ovd_io {
    OVD_IO_DONE = 0,
    OVD_IO_AGAIN, /* would block */
    OVD_IO_END,   /* the peer is gone */
    OVD_IO_WRONG  /* the peer sent what is no frame */
};

/* A pair; both ends close-on-exec and blocking. False: errno. */
OV_MUST_CHECK bool ovd_pair(int ends[2]);

/* --- one frame a message --------------------------------------------------------------------- */

struct ovd_inbox {
    uint8_t bytes[sizeof(struct ovd_head) + OVD_TEXT_BYTES_MAX];
};

enum ovd_io ovd_send(int to, const struct ovd_frame *frame);
enum ovd_io ovd_receive(int from, struct ovd_inbox *inbox, struct ovd_frame *out);

/* --- batches --------------------------------------------------------------------------------- */

/* To be sent, or received and not yet taken. Begins as zero. */
struct ovd_batch {
    size_t len, at; /* of bytes; taken up to `at` */
    uint32_t fd_count, fd_at;
    int fds[OVD_BATCH_FDS_MAX]; /* owned */
    uint8_t bytes[OVD_BATCH_BYTES_MAX];
};

/* Takes the frame's descriptor. False: there is no room, send first; nothing was taken. An empty
 * batch has room for every frame. */
OV_MUST_CHECK bool ovd_batch_put(struct ovd_batch *batch, const struct ovd_frame *frame);
/* DONE: it is empty again. Else it is as it was. */
enum ovd_io ovd_batch_send(int to, struct ovd_batch *batch);
/* Into an empty batch. DONE: every frame in it is well formed. */
enum ovd_io ovd_batch_receive(int from, struct ovd_batch *batch);
/* The next frame of a received batch. False: that was the last; the batch is empty. */
OV_MUST_CHECK bool ovd_batch_next(struct ovd_batch *batch, struct ovd_frame *out);
/* Lets go of what was not taken. */
void ovd_batch_drop(struct ovd_batch *batch);

/* Frames without descriptors that wait in a buffer of any length: one more, and as many of the
 * first as fit a message. *sent: how many bytes of `frames` need not be sent again. */
void ovd_frames_put(struct ov_buf *frames, const struct ovd_frame *frame);
enum ovd_io ovd_frames_send(int to, struct ov_bytes frames, uint64_t *sent);

#endif
