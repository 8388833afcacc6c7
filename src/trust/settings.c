/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/settings.h"

#include <string.h>

#include "base/checked.h"
#include "trust/line.h"

/* threats.md: rules an hour, so that monitors see them first; what takes away waits days. */
static const uint64_t delays[OV_ENTRY_KINDS] = {
    [OV_ENTRY_RULE] = 3600u,
    [OV_ENTRY_REVOKE] = 72u * 3600u,
    [OV_ENTRY_SUPPRESS] = 72u * 3600u,
    [OV_ENTRY_BINARY] = 14u * 86400u,
    [OV_ENTRY_KEYSET] = 14u * 86400u,
    [OV_ENTRY_STATEMENT] = 0,
};

#define STALE_SECONDS   (72u * 3600u)
#define PROBATION_BYTES OV_GIB

#define WORDS_MAX 4u

struct words {
    uint32_t count;
    struct ov_bytes at[WORDS_MAX];
};

/* False: more words than any line has. */
static bool split(struct ov_bytes line, struct words *out)
{
    const uint64_t len = ov_bytes_len(line);
    const uint8_t *bytes = ov_bytes_raw(line);

    out->count = 0;
    for (uint64_t i = 0; i < len;) {
        uint64_t from;

        while (i < len && (bytes[i] == ' ' || bytes[i] == '\t')) {
            i++;
        }
        for (from = i; i < len && bytes[i] != ' ' && bytes[i] != '\t'; i++) {
        }
        if (i == from) {
            return true;
        }
        if (out->count == WORDS_MAX) {
            return false;
        }
        out->at[out->count++] = ov_text_cut(line, from, i - from);
    }
    return true;
}

static bool is(struct ov_bytes word, const char *text)
{
    return ov_bytes_equal(word, text, strlen(text));
}

static bool is_url(struct ov_bytes word)
{
    struct ov_bytes rest;

    return (ov_text_after(word, "http://", &rest) || ov_text_after(word, "https://", &rest))
           && ov_bytes_len(rest) > 0 && ov_bytes_len(word) <= 1000;
}

static const char *read_release_key(struct ov_settings *s, struct ov_bytes word)
{
    struct ov_keyset *set = &s->keyset;
    struct ov_key key;

    if (ov_key_read(word, &key, NULL) != OVERT_OK || key.algorithm != OV_KEY_ED25519) {
        return "a release key is NAME+ID+BASE64 of algorithm 0x01";
    }
    for (uint32_t i = 0; i < set->key_count; i++) {
        if (ov_key_is_same(&key, &set->keys[i])) {
            return "this release key stands here already";
        }
    }
    if (set->key_count == OV_RELEASE_KEYS_MAX) {
        return "too many release keys";
    }
    set->keys[set->key_count++] = key;
    return NULL;
}

static const char *read_number(struct ov_bytes kind_name, struct ov_bytes number,
        enum ov_entry_kind *kind, uint64_t *value)
{
    return ov_entry_kind_of(kind_name, kind) ? ov_decimal_read(number, value)
                                             : "no such kind of entry";
}

/* NULL, or what is wrong with the words behind `overt`. */
static const char *read_words(struct ov_settings *s, const struct words *w)
{
    const char *why = "`overt` is followed by release-key, threshold, delay, stale, own-key, "
                      "keep-revoked, probation, mirror or proxy";
    enum ov_entry_kind kind = OV_ENTRY_RULE;
    uint64_t number = 0;

    if (w->count == 3 && is(w->at[1], "release-key")) {
        return read_release_key(s, w->at[2]);
    }
    if (w->count == 4 && (is(w->at[1], "threshold") || is(w->at[1], "delay"))) {
        why = read_number(w->at[2], w->at[3], &kind, &number);
        if (why == NULL && is(w->at[1], "delay")) {
            s->delays[kind] = number;
        } else if (why == NULL) {
            why = number == 0 || number > OV_RELEASE_KEYS_MAX ? "a threshold is 1 to 16" : NULL;
            s->keyset.thresholds[kind] = (uint32_t)number;
        }
        return why;
    }
    if (w->count == 3 && is(w->at[1], "stale")) {
        return ov_decimal_read(w->at[2], &s->stale_seconds);
    }
    if (w->count == 3 && is(w->at[1], "probation")) {
        return ov_decimal_read(w->at[2], &s->probation_bytes);
    }
    if (w->count == 3 && is(w->at[1], "own-key")) {
        if (s->has_own_key || ov_key_read(w->at[2], &s->own_key, NULL) != OVERT_OK
                || s->own_key.algorithm != OV_KEY_ED25519) {
            return "own-key is NAME+ID+BASE64 of algorithm 0x01, once";
        }
        s->has_own_key = true;
        return NULL;
    }
    if (w->count == 2 && is(w->at[1], "keep-revoked")) {
        s->keep_revoked = true;
        return NULL;
    }
    if (w->count == 3 && is(w->at[1], "mirror")) {
        if (!is_url(w->at[2]) || s->mirror_count == OV_MIRRORS_MAX) {
            return "a mirror is an http or https URL; at most 16";
        }
        s->mirrors[s->mirror_count++] = w->at[2];
        return NULL;
    }
    if (w->count == 3 && is(w->at[1], "proxy")) {
        if (!is_url(w->at[2]) || ov_bytes_len(s->proxy) != 0) {
            return "proxy is an http or https URL, once";
        }
        s->proxy = w->at[2];
        return NULL;
    }
    return why;
}

/* A release key may do less damage where every kind has a threshold that fits the keys. */
static overt_status check_keys(const struct ov_keyset *set, overt_error *err)
{
    for (unsigned i = 0; set->key_count != 0 && i < OV_ENTRY_KINDS; i++) {
        if (set->thresholds[i] == 0 || set->thresholds[i] > set->key_count) {
            return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX,
                    "`overt threshold %s` is missing, or more than there are release keys",
                    ov_entry_kind_name((enum ov_entry_kind)i));
        }
    }
    return OVERT_OK;
}

overt_status ov_settings_read(struct ov_bytes in, struct ov_settings *out, overt_error *err)
{
    struct ov_lines lines = ov_lines_on(in);
    struct ov_bytes line;
    struct words words;

    *out = (struct ov_settings){ .stale_seconds = STALE_SECONDS,
        .probation_bytes = PROBATION_BYTES,
        .proxy = ov_bytes_of(NULL, 0) };
    memcpy(out->delays, delays, sizeof(delays));
    while (ov_lines_next(&lines, &line)) {
        const bool fits = split(line, &words);
        const char *why;

        if (words.count == 0 || !is(words.at[0], "overt")) {
            continue;
        }
        why = fits ? read_words(out, &words) : "too many words";
        if (why != NULL) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &lines, "%s", why);
        }
    }
    return check_keys(&out->keyset, err);
}
