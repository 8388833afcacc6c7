/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reason.h"

#include <stddef.h>

static const struct {
    const char *name;
    const char *text;
} reasons[OV_REASON_LAST + 1] = {
    [OV_REASON_NONE] = { "none", "nothing" },
    [OV_REASON_DEPTH] = { "depth", "nested deeper than the limit" },
    [OV_REASON_OBJECTS] = { "objects", "more inner objects than the limit" },
    [OV_REASON_BYTES] = { "bytes", "more bytes in all than the limit" },
    [OV_REASON_OBJECT_BYTES] = { "object-bytes", "an inner object larger than the limit" },
    [OV_REASON_RATIO] = { "ratio", "unpacks to more per byte than the limit" },
    [OV_REASON_STEPS] = { "steps", "the rules took more steps on it than the limit" },
    [OV_REASON_MEMORY] = { "memory", "the worker's memory limit was reached" },
    [OV_REASON_ENCRYPTED] = { "encrypted", "encrypted" },
    [OV_REASON_DAMAGED] = { "damaged", "cut short or damaged" },
    [OV_REASON_UNSUPPORTED] = { "unsupported", "packed in a way overt does not unpack" },
    [OV_REASON_CUT] = { "cut", "could not be read to its end" },
    [OV_REASON_MATCHES] = { "matches", "a string matched more often than can be kept" },
    [OV_REASON_REPLIES] = { "replies", "more findings than a reply may carry" },
    [OV_REASON_MULTIVOLUME] = { "multivolume", "continues in another file" },
    [OV_REASON_RULES] = { "rules", "the rule database contradicts itself" },
    [OV_REASON_OPEN] = { "open", "could not be opened" },
    [OV_REASON_DIED] = { "died", "the worker died on it" },
    [OV_REASON_TIME] = { "time", "took longer than the limit" },
    [OV_REASON_PROTOCOL] = { "protocol", "the worker sent what it may not send" },
    [OV_REASON_JAIL] = { "jail", "no jailed worker could be started" },
};

const char *ov_reason_name(enum ov_reason reason)
{
    return (uint32_t)reason <= OV_REASON_LAST ? reasons[reason].name : NULL;
}

const char *ov_reason_text(enum ov_reason reason)
{
    if ((uint32_t)reason > OV_REASON_LAST || reasons[reason].text == NULL) {
        return "unknown reason";
    }
    return reasons[reason].text;
}

bool ov_reason_is_workers(uint32_t reason)
{
    return reason >= OV_REASON_DEPTH && reason <= OV_REASON_RULES;
}
