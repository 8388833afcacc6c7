/* SPDX-License-Identifier: Apache-2.0 */
/* cosign.c - asks each witness of the policy that has a URL (C2SP add-checkpoint). A witness that
 * answers anything but a good cosignature has not cosigned; it says nothing about the log. */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "programs/publish/publish.h"
#include "trust/checkpoint.h"
#include "trust/line.h"
#include "trust/prove.h"

#define ANSWER_BYTES_MAX (64u * OV_KIB)
#define WITNESS_SECONDS  30L

static size_t take(char *at, size_t size, size_t count, void *to)
{
    struct ov_buf *out = to;

    ov_buf_put(out, at, size * count);
    return ov_buf_ok(out) ? size * count : 0; /* too long: the transfer fails */
}

/* -1: it cannot be reached. Else the status, and the body in `answer`. */
static long post(const char *url, struct ov_bytes body, struct ov_buf *answer)
{
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain");
    long status = -1;

    if (curl != NULL && headers != NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_URL, url);
        (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
        (void)curl_easy_setopt(curl, CURLOPT_POST, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ov_bytes_raw(body));
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)ov_bytes_len(body));
        (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, WITNESS_SECONDS);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
        (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
        if (curl_easy_perform(curl) == CURLE_OK) {
            (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        }
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    return status;
}

static long ask(struct log *log, const char *url, uint64_t old_size, struct ov_bytes note,
        struct ov_buf *answer)
{
    struct ov_tree_path path;
    struct ov_buf body;
    long status = -1;

    ov_buf_init(&body, 256u * OV_KIB);
    ov_buf_printf(&body, "old %" PRIu64 "\n", old_size);
    if (old_size > 0 && old_size < log->size) {
        ov_tree_prove_consistency(log->sha, log->leaves, old_size, log->size, &path);
        for (uint32_t i = 0; i < path.count; i++) {
            ov_hash_put(&body, &path.hashes[i]);
            ov_buf_put_u8(&body, '\n');
        }
    }
    ov_buf_put_u8(&body, '\n');
    ov_buf_put(&body, ov_bytes_raw(note), (size_t)ov_bytes_len(note));
    ov_buf_clear(answer);
    if (ov_buf_ok(&body)) {
        status = post(url, ov_buf_bytes(&body), answer);
    }
    ov_buf_done(&body);
    return status;
}

/* The lines of an answer that are this witness's and right. */
static bool keep_good_lines(const struct ov_key *key, struct ov_bytes text, struct ov_bytes answer,
        struct ov_buf *lines)
{
    struct ov_note *note = malloc(sizeof(*note));
    struct ov_note_check check = { 0 };
    struct ov_buf whole;
    bool good = false;

    ov_buf_init(&whole, 256u * OV_KIB);
    ov_note_put_text(&whole, text);
    ov_buf_put(&whole, ov_bytes_raw(answer), (size_t)ov_bytes_len(answer));
    if (note != NULL && ov_buf_ok(&whole)
            && ov_note_read(ov_buf_bytes(&whole), note, NULL) == OVERT_OK
            && ov_note_check_key(note, key, &check, NULL) == OVERT_OK && check.is_signed) {
        ov_buf_put(lines, ov_bytes_raw(answer), (size_t)ov_bytes_len(answer));
        good = true;
    }
    free(note);
    ov_buf_done(&whole);
    return good;
}

static bool ask_witness(struct log *log, const struct ov_policy_name *witness, struct ov_bytes note,
        struct ov_bytes text, struct ov_buf *lines)
{
    char url[1200], about[200], memory[300];
    uint64_t old_size = 0;
    struct ov_buf answer, before;
    struct ov_bytes line, rest;
    bool good = false;
    long status;

    (void)snprintf(about, sizeof(about), "witness %.*s", OV_TEXT_ARG(witness->name));
    (void)snprintf(url, sizeof(url), "%.*s%sadd-checkpoint", OV_TEXT_ARG(witness->url),
            ov_bytes_raw(witness->url)[ov_bytes_len(witness->url) - 1] == '/' ? "" : "/");
    (void)snprintf(memory, sizeof(memory), "witness-%02x%02x%02x%02x", witness->key.id[0],
            witness->key.id[1], witness->key.id[2], witness->key.id[3]);
    ov_buf_init(&answer, ANSWER_BYTES_MAX);
    ov_buf_init(&before, 100);
    if (ov_file_read(log->fd, memory, 64, &before, NULL) == OVERT_OK
            && ov_text_split(ov_buf_bytes(&before), '\n', &line, &rest)) {
        (void)!ov_decimal_read(line, &old_size); /* a hint: it answers 409 if it is wrong */
    }
    status = ask(log, url, old_size > log->size ? 0 : old_size, note, &answer);
    if (status == 409 && ov_text_split(ov_buf_bytes(&answer), '\n', &line, &rest)
            && ov_decimal_read(line, &old_size) == NULL && old_size <= log->size) {
        status = ask(log, url, old_size, note, &answer);
    }
    if (status == 200) {
        good = keep_good_lines(&witness->key, text, ov_buf_bytes(&answer), lines);
    }
    if (good) {
        ov_buf_clear(&before);
        ov_buf_printf(&before, "%" PRIu64 "\n", log->size);
        good = ov_file_replace(log->fd, memory, ov_buf_bytes(&before), 0644, NULL) == OVERT_OK;
    } else {
        char why[80];

        (void)snprintf(why, sizeof(why),
                status < 0 ? "cannot be reached" : "did not cosign: status %ld", status);
        (void)complain_text(about, why);
    }
    ov_buf_done(&answer);
    ov_buf_done(&before);
    return good;
}

/* A cosignature that `overt-witness once` left in the folder. */
static bool take_left(struct log *log, const struct ov_policy_name *witness, struct ov_bytes text,
        struct ov_buf *lines)
{
    struct ov_buf answer;
    char path[100];
    bool good;

    (void)snprintf(path, sizeof(path), "public/cosignatures/%02x%02x%02x%02x", witness->key.id[0],
            witness->key.id[1], witness->key.id[2], witness->key.id[3]);
    ov_buf_init(&answer, ANSWER_BYTES_MAX);
    good = ov_file_read(log->fd, path, ANSWER_BYTES_MAX - 1u, &answer, NULL) == OVERT_OK
           && keep_good_lines(&witness->key, text, ov_buf_bytes(&answer), lines);
    ov_buf_done(&answer);
    return good;
}

uint32_t cosign(struct log *log, struct ov_bytes signed_note, struct ov_buf *lines)
{
    struct ov_note *note = malloc(sizeof(*note));
    uint32_t count = 0;

    if (note == NULL || ov_note_read(signed_note, note, NULL) != OVERT_OK) {
        free(note);
        return 0;
    }
    for (uint32_t i = 0; i < log->policy.name_count; i++) {
        const struct ov_policy_name *name = &log->policy.names[i];

        if (name->is_group) {
            continue;
        }
        if (ov_bytes_len(name->url) != 0) {
            count += ask_witness(log, name, signed_note, note->text, lines);
        } else {
            count += take_left(log, name, note->text, lines);
        }
    }
    free(note);
    return count;
}
