/* SPDX-License-Identifier: Apache-2.0 */
/* words.c - which of the words and domains that were asked for occur in a text, as whole words.
 * A domain is asked for with a dot in front: it stands for itself and every host below it. Works
 * on binary files too: bytes that no word has end one. */
#include <string.h>
#include <strings.h>

#include "evidence/readers.h"

#define WORD_BYTES_MAX 256u
#define ASKED_MAX      1024u

struct asked {
    const char *at[ASKED_MAX]; /* NUL-terminated in the questions */
    size_t len[ASKED_MAX];
    size_t count;
    bool told[ASKED_MAX];
};

static bool is_word_byte(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-'
           || c == '_' || c == '.' || c == '@' || c == '=';
}

static void take_questions(struct asked *asked, struct ov_bytes questions)
{
    const char *raw = (const char *)ov_bytes_raw(questions);
    const size_t bytes = (size_t)ov_bytes_len(questions);
    size_t from = 0;

    asked->count = 0;
    for (size_t i = 0; i < bytes && asked->count < ASKED_MAX; i++) {
        if (raw[i] == '\0') {
            if (i > from) {
                asked->told[asked->count] = false;
                asked->at[asked->count] = raw + from;
                asked->len[asked->count++] = i - from;
            }
            from = i + 1;
        }
    }
}

static bool answers(const char *word, size_t len, const char *asked, size_t asked_len)
{
    if (asked[0] != '.') {
        return len == asked_len && strncasecmp(word, asked, len) == 0;
    }
    if (len == asked_len - 1) {
        return strncasecmp(word, asked + 1, len) == 0;
    }
    return len > asked_len && strncasecmp(word + len - asked_len, asked, asked_len) == 0;
}

static void look_at_word(struct ov_evidence *e, struct asked *asked, const char *word, size_t len)
{
    while (len > 0 && (word[len - 1] == '.' || word[len - 1] == '=')) {
        len--;
    }
    for (size_t i = 0; i < asked->count; i++) {
        const bool domain = asked->at[i][0] == '.';

        /* Each plain word once; of a domain, each host (the receiver drops repeats). */
        if ((domain || !asked->told[i]) && answers(word, len, asked->at[i], asked->len[i])) {
            asked->told[i] = true;
            ov_tell(e, OV_TRACE_WORD, ov_bytes_of(word, len),
                    ov_bytes_of(asked->at[i], asked->len[i]));
        }
    }
}

/* "a=b" is three candidates: a, b and the whole; user@host is one for the host too. */
static void look_at_run(struct ov_evidence *e, struct asked *asked, const char *run, size_t len)
{
    size_t from = 0;

    look_at_word(e, asked, run, len);
    for (size_t i = 0; i <= len; i++) {
        if (i == len || run[i] == '=' || run[i] == '@') {
            if (i > from && i - from < len) {
                look_at_word(e, asked, run + from, i - from);
            }
            from = i + 1;
        }
    }
}

void ov_read_text(struct ov_evidence *e, struct ov_bytes bytes)
{
    static struct asked asked; /* large; the worker looks at one file at a time */
    const uint8_t *raw = ov_bytes_raw(bytes);
    const uint64_t len = ov_bytes_len(bytes);
    uint64_t from = 0;

    take_questions(&asked, e->questions);
    if (asked.count == 0) {
        return;
    }
    for (uint64_t i = 0; i <= len; i++) {
        if (i < len && is_word_byte(raw[i])) {
            continue;
        }
        if (i - from >= 3 && i - from <= WORD_BYTES_MAX) {
            if (!ov_evidence_step(e, asked.count)) {
                return;
            }
            look_at_run(e, &asked, (const char *)raw + from, (size_t)(i - from));
        }
        from = i + 1;
    }
}
