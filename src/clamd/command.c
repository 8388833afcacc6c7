/* SPDX-License-Identifier: Apache-2.0 */
/* command.c - the grammar of clamd's commands. */
#include "clamd/command.h"

#include <string.h>

const char ov_clamd_commands_text[] =
        "| COMMANDS: SCAN QUIT RELOAD PING CONTSCAN VERSIONCOMMANDS VERSION END SHUTDOWN MULTISCAN "
        "FILDES STATS IDSESSION INSTREAM DETSTATSCLEAR DETSTATS ALLMATCHSCAN";

struct verb {
    const char *name;
    enum ov_clamd_verb verb;
    bool argument; /* one must follow behind one separator; else nothing may follow */
    bool old;      /* may be said without n or z */
    bool session;  /* may be said inside IDSESSION */
};

static const struct verb verbs[] = {
    { "PING", OV_CLAMD_PING, false, true, true },
    { "VERSION", OV_CLAMD_VERSION, false, true, true },
    { "VERSIONCOMMANDS", OV_CLAMD_VERSIONCOMMANDS, false, false, true },
    { "RELOAD", OV_CLAMD_RELOAD, false, true, false },
    { "SHUTDOWN", OV_CLAMD_SHUTDOWN, false, true, false },
    { "QUIT", OV_CLAMD_SHUTDOWN, false, true, false },
    { "STATS", OV_CLAMD_STATS, false, false, true },
    { "DETSTATS", OV_CLAMD_DETSTATS, false, true, false },
    { "DETSTATSCLEAR", OV_CLAMD_DETSTATS, false, true, false },
    { "SCAN", OV_CLAMD_SCAN, true, true, true },
    { "CONTSCAN", OV_CLAMD_CONTSCAN, true, true, false },
    { "MULTISCAN", OV_CLAMD_MULTISCAN, true, true, false },
    { "ALLMATCHSCAN", OV_CLAMD_ALLMATCHSCAN, true, false, false },
    { "FILDES", OV_CLAMD_FILDES, false, true, true },
    { "INSTREAM", OV_CLAMD_INSTREAM, false, false, true },
    { "IDSESSION", OV_CLAMD_IDSESSION, false, false, false },
    { "END", OV_CLAMD_END, false, false, true },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

bool ov_clamd_in_session(enum ov_clamd_verb verb)
{
    for (size_t i = 0; i < VERBS; i++) {
        if (verbs[i].verb == verb) {
            return verbs[i].session;
        }
    }
    return false;
}

/* Where the first `byte` is, or the length of `in`. */
static uint64_t find(struct ov_bytes in, uint8_t byte)
{
    const uint64_t len = ov_bytes_len(in);
    const uint8_t *at = len == 0 ? NULL : memchr(ov_bytes_raw(in), byte, (size_t)len);

    return at == NULL ? len : (uint64_t)(at - ov_bytes_raw(in));
}

static bool begins(struct ov_bytes text, const char *name, struct ov_bytes *rest)
{
    const size_t len = strlen(name);
    struct ov_bytes head;

    return ov_bytes_slice(text, 0, len, &head) && ov_bytes_equal(head, name, len)
           && ov_bytes_slice(text, len, ov_bytes_len(text) - len, rest);
}

static enum ov_clamd_verb recognise(
        struct ov_bytes text, enum ov_clamd_style style, struct ov_bytes *argument)
{
    for (size_t i = 0; i < VERBS; i++) {
        const struct verb *verb = &verbs[i];
        struct ov_bytes rest;

        if (!begins(text, verb->name, &rest) || (style == OV_CLAMD_OLD && !verb->old)) {
            continue;
        }
        if (!verb->argument && ov_bytes_len(rest) == 0) {
            return verb->verb;
        }
        if (verb->argument && ov_bytes_len(rest) > 1
                && ov_bytes_slice(rest, 1, ov_bytes_len(rest) - 1, argument)) {
            return verb->verb;
        }
    }
    return OV_CLAMD_UNKNOWN;
}

/* Without one `byte` at its end, if there is one. */
static struct ov_bytes chomp(struct ov_bytes text, uint8_t byte)
{
    const uint64_t len = ov_bytes_len(text);
    struct ov_bytes last, rest;

    if (len != 0 && ov_bytes_slice(text, len - 1, 1, &last) && ov_bytes_equal(last, &byte, 1)
            && ov_bytes_slice(text, 0, len - 1, &rest)) {
        return rest;
    }
    return text;
}

enum ov_clamd_take ov_clamd_command_take(
        struct ov_bytes in, bool session, struct ov_clamd_command *out, uint64_t *used)
{
    const uint64_t len = ov_bytes_len(in);
    struct ov_bytes text = in;
    uint64_t end, prefix;
    uint8_t first;

    if (len == 0) {
        return OV_CLAMD_MORE;
    }
    first = ov_bytes_raw(in)[0];
    *out = (struct ov_clamd_command){
        .style = first == 'z'   ? OV_CLAMD_Z
                 : first == 'n' ? OV_CLAMD_N
                                : OV_CLAMD_OLD,
    };
    end = find(in, out->style == OV_CLAMD_Z ? 0 : '\n');
    if (end == len && (out->style != OV_CLAMD_OLD || session)) {
        return len > OV_CLAMD_COMMAND_BYTES_MAX ? OV_CLAMD_TOO_LONG : OV_CLAMD_MORE;
    }
    prefix = out->style == OV_CLAMD_OLD ? 0 : 1;
    *used = end < len ? end + 1 : len; /* old style: a packet is a command */
    if (!ov_bytes_slice(in, prefix, end - prefix, &text)) {
        return OV_CLAMD_MORE;
    }
    text = out->style == OV_CLAMD_Z ? text : chomp(text, '\r');
    out->verb = recognise(text, out->style, &out->argument);
    return OV_CLAMD_TAKEN;
}
