/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h - the process that talks with clients: a client's bytes are read here and nowhere else.
 *
 * It holds sockets that the supervisor accepted, and memory files it made of streams. It can open
 * nothing, connect nowhere and send only to whom it was handed; it parses nothing but the framing.
 * What a client says costs that client its connection, never another's. */
#ifndef OV_PROGRAMS_OVERTD_GATE_H
#define OV_PROGRAMS_OVERTD_GATE_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/limits.h"
#include "clamd/command.h"
#include "clamd/stream.h"
#include "guard/contents.h"
#include "sandbox/wire.h"

struct ovd_gate_options {
    uint64_t stream_bytes_max;   /* of one INSTREAM */
    uint64_t streams_memory_max; /* of all streams that wait or are looked at */
    uint32_t command_ms;         /* from the connection to the first command */
    uint32_t read_ms;            /* between later reads; and to take what is said */
    uint32_t clients_max;
    uint64_t fds_max; /* of this process: what clients_max leaves of it is for their files */
    struct ov_guard_contents *memory; /* borrowed; NULL: nothing is remembered */
};

/* The whole life of the process. `supervisor` is its end of a pair, `epoll` an empty epoll (the
 * confined process cannot make one); `options` borrowed. Returns when
 * the supervisor is gone: the exit status. */
int ovd_gate_run(int supervisor, int epoll, const struct ovd_gate_options *options);

/* --- shared by gate.c, gate_client.c and gate_stream.c ------------------------------------------------------ */

/* Requests of one client under way: a session may have many. Beyond, its bytes wait. */
#define OVD_REQUESTS_MAX 64u

struct ovd_request {
    struct ovd_request *next;
    uint32_t number;
    enum ov_clamd_style style;
    uint64_t bytes; /* of its stream, held until it is answered */
    struct ov_guard_tag tag;
    uint32_t rules; /* it was asked under */
};

enum ovd_client_state {
    OVD_CLIENT_COMMANDS = 0,
    OVD_CLIENT_WAITS_FD, /* behind FILDES */
    OVD_CLIENT_STREAM,
    OVD_CLIENT_SAID_ALL, /* nothing more is taken; answers are still due */
    OVD_CLIENT_CLOSES    /* ends once what is to be said has been sent */
};

#define OVD_CLIENT_FDS_MAX 16u

/* Small streams that one client sent whole go on in one memory file. */
#define OVD_PACK_BYTES (64u * 1024u)

/* What one read brought, of one client: sent on before another's bytes are looked at. */
struct ovd_pack {
    uint8_t *bytes; /* owned; OVD_PACK_BYTES */
    size_t len;
    struct ovd_part parts[OV_PARTS_MAX]; /* those that ended */
    uint32_t count;
};

struct ovd_client {
    int fd;
    uint32_t id;
    bool local;
    bool session;
    bool spoke;  /* it has sent one whole command */
    bool at_end; /* it will send nothing more */
    bool ends;   /* END was said: closes behind the last answer */
    enum ovd_client_state state;
    enum ov_clamd_style style; /* of the command under way */
    uint32_t number_last;
    uint32_t request_count;
    struct ovd_request *requests; /* owned */
    struct ov_buf in;             /* the start of a command */
    struct ov_buf out;
    uint64_t out_at;
    uint64_t heard_ms; /* when it last sent something, or was answered */
    uint64_t sent_ms;  /* when it last took something, while there was something to take */
    struct ov_clamd_stream stream;
    int stream_fd;                    /* -1: it has none, or still lies in the pack */
    struct ov_guard_tagging *tagging; /* owned; of what is behind stream_fd. NULL: it gets no tag */
    bool packed;                      /* what came of it is the end of the pack, */
    size_t pack_at;                   /* from here */
    uint64_t stream_bytes;
    uint64_t stream_order;       /* streams began in this order */
    int fds[OVD_CLIENT_FDS_MAX]; /* received, not yet claimed by a FILDES */
    uint32_t fd_count;
    uint32_t events; /* what epoll watches for */
    bool due;        /* its number is among those to be served at the end of a batch */
};

struct ovd_gate {
    const struct ovd_gate_options *options;
    int supervisor;
    int epoll;
    struct ovd_client **clients; /* owned; by slot */
    uint32_t client_cap, client_count;
    uint64_t streams_bytes; /* of all streams that wait or are looked at */
    uint64_t stream_orders;
    uint64_t fds_held;    /* of streams, and received from clients and not claimed yet */
    uint32_t known_count; /* streams that were answered from memory, not told of yet, */
    uint64_t known_bytes; /* and theirs */
    uint64_t now_ms;
    bool over;           /* the supervisor is gone */
    bool streams_starve; /* some stream is not read, as there is no memory for it */
    uint8_t *scratch;    /* owned; what was just read */
    struct ovd_pack pack;
    uint32_t *due; /* owned; clients that were answered and have not been sent it yet */
    uint32_t due_count;
    struct ovd_batch out; /* to the supervisor: what one round of events brought */
    struct ovd_batch in;
};

#define OVD_SCRATCH_BYTES (256u * 1024u)

/* Is there room for so many more descriptors of clients' files? A new connection always has some. */
bool ovd_gate_has_room(const struct ovd_gate *gate, uint64_t fds);

/* gate_client.c: takes what the client sent, and what is due to it. */
void ovd_client_bytes(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes bytes);
void ovd_client_end(struct ovd_gate *gate, struct ovd_client *c); /* it sends nothing more */
void ovd_client_answer(struct ovd_gate *gate, struct ovd_client *c, const struct ovd_frame *frame);
void ovd_client_timed_out(struct ovd_client *c);

/* gate_client.c, for gate_stream.c: one line to the client; one more request of it, `tag` being its
 * stream's or NULL; and what a client may do once its command is complete. */
void ovd_client_say(struct ovd_gate *gate, struct ovd_client *c, enum ov_clamd_style style,
        uint32_t number, struct ov_bytes text);
OV_MUST_CHECK bool ovd_client_request(struct ovd_gate *gate, struct ovd_client *c, uint64_t bytes,
        const struct ov_guard_tag *tag);
void ovd_client_goes_on(struct ovd_client *c);

/* gate_stream.c: takes what belongs to its stream from `in`; returns how many bytes. */
uint64_t ovd_stream_take(struct ovd_gate *gate, struct ovd_client *c, struct ov_bytes in);
/* What one read brought was taken: whole streams go on, one that is not yet gets a file. */
void ovd_stream_pause(struct ovd_gate *gate, struct ovd_client *c);
void ovd_stream_drop(struct ovd_gate *gate, struct ovd_client *c);

/* Can it begin, or go on with, what it says? */
bool ovd_client_takes_bytes(const struct ovd_client *c);
/* May more of its bytes be read now? */
bool ovd_client_may_read(const struct ovd_gate *gate, const struct ovd_client *c);

/* gate.c: to the supervisor, at the end of this round; takes `fd`, if any. */
void ovd_gate_tell(struct ovd_gate *gate, enum ovd_kind kind, const struct ovd_client *c,
        uint32_t number, uint32_t value, struct ov_bytes text, int fd);

#endif
