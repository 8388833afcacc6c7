/* SPDX-License-Identifier: Apache-2.0 */
/* options.c - numbers with units, limits, lists of words. */
#include "programs/overt/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/limits.h"
#include "programs/overt/out.h"

bool ov_words_add(struct ov_words *words, const char *word)
{
    const char **at = reallocarray(words->at, words->count + 2, sizeof(*at));

    if (at == NULL) {
        ov_complain("", "no memory for an argument");
        return false;
    }
    at[words->count++] = word;
    at[words->count] = NULL;
    words->at = at;
    return true;
}

void ov_words_done(struct ov_words *words)
{
    free(words->at);
    *words = (struct ov_words){ .count = 0 };
}

/* Digits only: strtoull alone would take signs and blanks. `*end` is behind them. */
static bool read_digits(const char *text, uint64_t *out, const char **end)
{
    char *stop = NULL;

    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    errno = 0;
    *out = strtoull(text, &stop, 10);
    *end = stop;
    return errno == 0;
}

bool ov_option_number(const char *command, const char *option, const char *text, uint64_t min,
        uint64_t max, uint64_t *out)
{
    const char *end = "";
    uint64_t value = 0;

    if (!read_digits(text, &value, &end) || *end != '\0' || value < min || value > max) {
        ov_complain(command, "--%s takes a number from %llu to %llu, not '%s'", option,
                (unsigned long long)min, (unsigned long long)max, text);
        return false;
    }
    *out = value;
    return true;
}

bool ov_option_bytes(const char *command, const char *option, const char *text, uint64_t *out)
{
    static const char units[] = "KMGT";
    const char *end = "";
    uint64_t value = 0;
    bool good = read_digits(text, &value, &end) && value != 0;

    if (good && *end != '\0') {
        const char *unit = strchr(units, toupper((unsigned char)*end));

        good = unit != NULL && end[1] == '\0'
               && ov_mul(&value, value, (uint64_t)1 << 10 * (unit - units + 1));
    }
    if (!good || value > (uint64_t)INT64_MAX) {
        ov_complain(
                command, "--%s takes a size such as 500, 64K, 100M or 4G, not '%s'", option, text);
        return false;
    }
    *out = value;
    return true;
}

bool ov_option_time(const char *command, const char *option, const char *text, uint32_t *ms)
{
    const char *end = "";
    uint64_t value = 0, unit = 1000;
    bool good = read_digits(text, &value, &end) && value != 0;

    if (good && strcmp(end, "ms") == 0) {
        unit = 1;
    } else if (good && strcmp(end, "m") == 0) {
        unit = 60u * 1000u;
    } else if (good && strcmp(end, "s") != 0 && *end != '\0') {
        good = false;
    }
    if (!good || !ov_mul(&value, value, unit) || value > 24u * 3600u * 1000u) {
        ov_complain(command, "--%s takes a time up to a day such as 500ms, 30s or 2m, not '%s'",
                option, text);
        return false;
    }
    *ms = (uint32_t)value;
    return true;
}

bool ov_option_limit(const char *command, int option, const char *text, overt_limits *limits)
{
    uint64_t value = 0;

    switch (option) {
    case OV_OPTION_DEPTH:
        if (!ov_option_number(command, "max-depth", text, 1, OV_DEPTH_MAX, &value)) {
            return false;
        }
        limits->depth_max = (uint32_t)value;
        return true;
    case OV_OPTION_OBJECTS:
        if (!ov_option_number(command, "max-objects", text, 1, UINT32_MAX, &value)) {
            return false;
        }
        limits->objects_max = (uint32_t)value;
        return true;
    case OV_OPTION_RATIO:
        if (!ov_option_number(command, "max-ratio", text, 1, UINT32_MAX, &value)) {
            return false;
        }
        limits->ratio_max = (uint32_t)value;
        return true;
    case OV_OPTION_BYTES:
        return ov_option_bytes(command, "max-bytes", text, &limits->bytes_max);
    case OV_OPTION_OBJECT_BYTES:
        return ov_option_bytes(command, "max-object-bytes", text, &limits->object_bytes_max);
    case OV_OPTION_TIME:
        return ov_option_time(command, "max-time", text, &limits->time_ms_max);
    default:
        return false;
    }
}
