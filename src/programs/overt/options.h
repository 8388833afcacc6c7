/* SPDX-License-Identifier: Apache-2.0 */
/* options.h - what several commands take on their command line. */
#ifndef OV_PROGRAMS_OVERT_OPTIONS_H
#define OV_PROGRAMS_OVERT_OPTIONS_H

#include <stdbool.h>

#include <overt/overt.h>

/* Words a person gave, in order; borrowed from argv. */
struct ov_words {
    const char **at; /* owned, NULL-terminated */
    size_t count;
};

/* False: out of memory, said. */
bool ov_words_add(struct ov_words *words, const char *word);
void ov_words_done(struct ov_words *words);

/* False: not a number in its bounds; a sentence naming option and value was said. */
bool ov_option_number(const char *command, const char *option, const char *text, uint64_t min,
        uint64_t max, uint64_t *out);
bool ov_option_bytes(
        const char *command, const char *option, const char *text, uint64_t *out); /* 10, 4K, 2G */
bool ov_option_time(
        const char *command, const char *option, const char *text, uint32_t *ms); /* 500ms, 30s */

/* The options that set limits: long names only, for getopt_long from `OV_OPTION_LIMITS` on. */
enum ov_limit_option {
    OV_OPTION_LIMITS = 0x1000,
    OV_OPTION_DEPTH = OV_OPTION_LIMITS,
    OV_OPTION_OBJECTS,
    OV_OPTION_BYTES,
    OV_OPTION_OBJECT_BYTES,
    OV_OPTION_RATIO,
    OV_OPTION_TIME,
    OV_OPTION_LIMITS_END
};

#define OV_LIMIT_OPTIONS                                                             \
    { "max-depth", required_argument, NULL, OV_OPTION_DEPTH },                       \
            { "max-objects", required_argument, NULL, OV_OPTION_OBJECTS },           \
            { "max-bytes", required_argument, NULL, OV_OPTION_BYTES },               \
            { "max-object-bytes", required_argument, NULL, OV_OPTION_OBJECT_BYTES }, \
            { "max-ratio", required_argument, NULL, OV_OPTION_RATIO },               \
    {                                                                                \
        "max-time", required_argument, NULL, OV_OPTION_TIME                          \
    }

#define OV_LIMIT_HELP                                                                   \
    "  --max-depth N           containers inside containers (default 20, at most 64)\n" \
    "  --max-objects N         objects inside one file (default 100000)\n"              \
    "  --max-bytes SIZE        bytes looked at for one file (default 4G)\n"             \
    "  --max-object-bytes SIZE bytes of one inner object (default 100M)\n"              \
    "  --max-ratio N           unpacked bytes per packed byte (default 1000)\n"         \
    "  --max-time TIME         for one file (default 120s)\n"                           \
    "                          SIZE takes K, M or G (of 1024); TIME takes ms, s or m\n"

/* False: the value is wrong, and that was said. */
bool ov_option_limit(const char *command, int option, const char *text, overt_limits *limits);

#endif
