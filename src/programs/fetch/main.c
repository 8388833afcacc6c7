/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - overt-fetch: one GET, the only program of overt with a network.
 *
 * It sees no content, no rule set, no user: its job (descriptor 3) has a URL, addresses, caps. The
 * body goes unread into descriptor 4, which it may only append to; the CA certificates come from
 * descriptor 5. It shuts itself in before the first byte from outside: no file can be opened, no
 * program run, no other port connected to. What it asks is the same on every machine.
 * docs/protocols/fetch.md */
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/defence.h"
#include "base/file.h"
#include "base/limits.h"
#include "programs/fetch/fetch.h"
#include "trust/line.h"

#define JOB_FD  3
#define BODY_FD 4
#define CA_FD   5

#define JOB_BYTES_MAX (64u * OV_KIB)
#define CA_BYTES_MAX  (4u * OV_MIB)

/* Slower than this for a minute is a mirror that only means to be in the way. */
#define RATE_BYTES_MIN  500L
#define RATE_SECONDS    60L
#define CONNECT_SECONDS 30L

struct job {
    char *text; /* owned; everything below points into it */
    const char *url, *proxy;
    struct curl_slist *resolve;
    uint64_t bytes_max, offset, seconds, port;
};

struct taking {
    uint64_t left; /* bytes that may still come */
    uint64_t got;
    bool too_long, failed;
    CURL *curl;
};

static int finish(long status, uint64_t bytes, const char *why)
{
    (void)printf("%ld %" PRIu64 " %s\n", status, bytes, why);
    return fflush(stdout) == 0 && status / 100 == 2 && why[0] == '\0' ? 0 : 1;
}

/* Lines `WORD VALUE`; whoever wrote them is our own parent. */
static bool read_job(struct job *job)
{
    struct ov_buf bytes;
    size_t len;
    char *save = NULL;

    ov_buf_init(&bytes, JOB_BYTES_MAX);
    if (ov_file_read(AT_FDCWD, "/proc/self/fd/3", JOB_BYTES_MAX - 1, &bytes, NULL) != OVERT_OK) {
        ov_buf_done(&bytes);
        return false;
    }
    ov_buf_put_u8(&bytes, 0);
    job->text = (char *)ov_buf_steal(&bytes, &len);
    if (job->text == NULL) {
        return false;
    }
    for (char *line = strtok_r(job->text, "\n", &save); line != NULL;
            line = strtok_r(NULL, "\n", &save)) {
        char *value = strchr(line, ' ');
        uint64_t *number = NULL;

        if (value == NULL) {
            return false;
        }
        *value++ = '\0';
        if (strcmp(line, "url") == 0) {
            job->url = value;
        } else if (strcmp(line, "proxy") == 0) {
            job->proxy = value;
        } else if (strcmp(line, "resolve") == 0) {
            job->resolve = curl_slist_append(job->resolve, value);
        } else {
            number = strcmp(line, "max") == 0       ? &job->bytes_max
                     : strcmp(line, "offset") == 0  ? &job->offset
                     : strcmp(line, "seconds") == 0 ? &job->seconds
                     : strcmp(line, "port") == 0    ? &job->port
                                                    : NULL;
            if (number == NULL
                    || ov_decimal_read(ov_bytes_of(value, strlen(value)), number) != NULL) {
                return false;
            }
        }
    }
    return job->url != NULL && job->bytes_max > 0 && job->seconds > 0 && job->resolve != NULL
           && job->port > 0 && job->port < 65536;
}

/* An answer to a range that begins elsewhere, or a whole one where a part was asked for, is told
 * by the status; the parent starts again without an offset. */
static size_t take(char *at, size_t size, size_t count, void *payload)
{
    struct taking *t = payload;
    const size_t len = size * count;
    long status = 0;

    (void)curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2) {
        return len; /* the text of an error is nobody's business */
    }
    if (len > t->left && OV_DEFENDED(byte_caps)) {
        t->too_long = true;
        return 0;
    }
    if (!ov_file_write_all(BODY_FD, ov_bytes_of(at, len))) {
        t->failed = true;
        return 0;
    }
    t->left -= len < t->left ? len : t->left;
    t->got += len;
    return len;
}

/* No identifier, no version, no cookie, no name of this program; HTTP/1.1; no redirect, no
 * compression, no session that could be resumed: what a server sees tells machines apart by
 * nothing. */
static bool prepare(CURL *curl, const struct job *job, struct taking *t, struct curl_blob *ca)
{
    char range[32];
    bool good =
            curl_easy_setopt(curl, CURLOPT_URL, job->url) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_RESOLVE, job->resolve) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_PROXY, job->proxy == NULL ? "" : job->proxy)
                       == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_NOPROXY, "") == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, OV_DEFENDED(no_redirects) ? 0L : 1L)
                       == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_CAINFO, NULL) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_CAPATH, NULL) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK
            && curl_easy_setopt(
                       curl, CURLOPT_TIMEOUT, OV_DEFENDED(time_caps) ? (long)job->seconds : 0L)
                       == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, RATE_BYTES_MIN) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, RATE_SECONDS) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE,
                       OV_DEFENDED(byte_caps) ? (curl_off_t)job->bytes_max : 0)
                       == CURLE_OK
            && (OV_DEFENDED(same_requests)
                    || curl_easy_setopt(curl, CURLOPT_USERAGENT, curl_version()) == CURLE_OK)
            && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take) == CURLE_OK
            && curl_easy_setopt(curl, CURLOPT_WRITEDATA, t) == CURLE_OK;

    if (ca->len > 0) {
        good = good && curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, ca) == CURLE_OK;
    }
    if (job->offset > 0) {
        (void)snprintf(range, sizeof(range), "%" PRIu64 "-", job->offset);
        good = good && curl_easy_setopt(curl, CURLOPT_RANGE, range) == CURLE_OK;
    }
    return good;
}

static int fetch(const struct job *job, struct curl_blob *ca)
{
    CURL *curl = curl_easy_init();
    struct taking t = { .left = job->bytes_max
                                - (job->offset < job->bytes_max ? job->offset : job->bytes_max),
        .curl = curl };
    long status = 0;
    CURLcode code;
    const char *why;

    if (curl == NULL || !prepare(curl, job, &t, ca)) {
        return finish(0, 0, "the request could not be prepared");
    }
    code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    why = t.failed                                        ? "what came could not be written"
          : t.too_long || code == CURLE_FILESIZE_EXCEEDED ? "more bytes than are allowed"
          : code != CURLE_OK                              ? curl_easy_strerror(code)
          : status / 100 == 3                    ? "it points elsewhere, which is not followed"
          : status / 100 != 2                    ? "refused by the server"
          : (status == 206) != (job->offset > 0) ? "the server cannot resume"
                                                 : "";
    return finish(status, t.got, why);
}

int main(void)
{
    struct job job = { .text = NULL };
    struct curl_blob ca = { .flags = CURL_BLOB_NOCOPY };
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf certificates;
    struct stat st;

    ov_buf_init(&certificates, CA_BYTES_MAX + 1u);
    if (fstat(JOB_FD, &st) != 0 || fstat(BODY_FD, &st) != 0) {
        (void)fputs("overt-fetch is started by `overt update`\n", stderr);
        return 2;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !read_job(&job)) {
        return finish(0, 0, "the job could not be read");
    }
    if (fcntl(CA_FD, F_GETFD) >= 0
            && ov_file_read(AT_FDCWD, "/proc/self/fd/5", CA_BYTES_MAX, &certificates, &err)
                       != OVERT_OK) {
        return finish(0, 0, "the certificates could not be read");
    }
    ca.data = (void *)(uintptr_t)ov_bytes_raw(ov_buf_bytes(&certificates));
    ca.len = (size_t)ov_bytes_len(ov_buf_bytes(&certificates));
    if (!shut_in((uint16_t)job.port, &err)) {
        return finish(0, 0, err.message);
    }
    return fetch(&job, &ca);
}
