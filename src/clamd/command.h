/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - clamd's commands, as they stand on the wire (clamd(8), and what clamd 1.4.6 does).
 *
 * Three styles, told apart by the first byte: `zCMD\0` and `nCMD\n` are terminated, anything else
 * is an old-style command that ends with a line feed or, as clamd takes it, with what one read
 * gave. The bytes come from whoever may connect; nothing here keeps state or allocates. */
#ifndef OV_CLAMD_COMMAND_H
#define OV_CLAMD_COMMAND_H

#include "base/bytes.h"

/* A path and the longest command before it, as clamd's buffer. A longer command never ends. */
#define OV_CLAMD_COMMAND_BYTES_MAX 4104u

enum ov_clamd_verb {
    OV_CLAMD_UNKNOWN = 0,
    OV_CLAMD_PING,
    OV_CLAMD_VERSION,
    OV_CLAMD_VERSIONCOMMANDS,
    OV_CLAMD_RELOAD,
    OV_CLAMD_SHUTDOWN, /* QUIT too */
    OV_CLAMD_STATS,
    OV_CLAMD_DETSTATS, /* DETSTATSCLEAR too: the connection is closed without a word */
    OV_CLAMD_SCAN,
    OV_CLAMD_CONTSCAN,
    OV_CLAMD_MULTISCAN,
    OV_CLAMD_ALLMATCHSCAN,
    OV_CLAMD_FILDES,
    OV_CLAMD_INSTREAM,
    OV_CLAMD_IDSESSION,
    OV_CLAMD_END
};

enum ov_clamd_style {
    OV_CLAMD_OLD = 0,
    OV_CLAMD_N, /* replies end in a line feed */
    OV_CLAMD_Z  /* replies end in a NUL */
};

struct ov_clamd_command {
    enum ov_clamd_verb verb;
    enum ov_clamd_style style;
    struct ov_bytes argument; /* borrowed from the input; the path, verbatim */
};

enum ov_clamd_take {
    OV_CLAMD_MORE = 0, /* no whole command yet */
    OV_CLAMD_TAKEN,
    OV_CLAMD_TOO_LONG /* it cannot end any more */
};

/* Takes one command from the front of `in`; `*used` is how many bytes it was. `session`: inside
 * IDSESSION, where a command without a terminator waits for one. A verb that is not allowed where
 * it stands is the caller's to refuse, but for what the style forbids: that is UNKNOWN. */
enum ov_clamd_take ov_clamd_command_take(
        struct ov_bytes in, bool session, struct ov_clamd_command *out, uint64_t *used);

/* May it stand inside IDSESSION? */
bool ov_clamd_in_session(enum ov_clamd_verb verb);

/* The list of VERSIONCOMMANDS, behind the version. */
extern const char ov_clamd_commands_text[];

#endif
