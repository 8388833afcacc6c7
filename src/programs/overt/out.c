/* SPDX-License-Identifier: Apache-2.0 */
/* out.c - writing where a person or a program reads. A full disk is an error, a reader that went
 * away is a quiet end. */
#include "programs/overt/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define SPILL_BYTES (64u * 1024u)
#define OUT_MAX     (1u << 30)

void ov_out_init(struct ov_out *out, int fd)
{
    *out = (struct ov_out){ .fd = fd };
    ov_buf_init(&out->buf, OUT_MAX);
}

void ov_out_done(struct ov_out *out)
{
    ov_buf_done(&out->buf);
}

void ov_out_flush(struct ov_out *out)
{
    const struct ov_bytes all = ov_buf_bytes(&out->buf);
    uint64_t done = 0;

    if (!ov_buf_ok(&out->buf) && out->failed == 0) {
        out->failed = ENOMEM;
    }
    while (out->failed == 0 && done < ov_bytes_len(all)) {
        struct ov_bytes rest;
        ssize_t n;

        if (!ov_bytes_slice(all, done, ov_bytes_len(all) - done, &rest)) {
            break;
        }
        n = write(out->fd, ov_bytes_raw(rest), (size_t)ov_bytes_len(rest));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            out->failed = errno;
            break;
        }
        done += (uint64_t)n;
    }
    ov_buf_clear(&out->buf);
}

void ov_out_spill(struct ov_out *out)
{
    if (ov_bytes_len(ov_buf_bytes(&out->buf)) >= SPILL_BYTES || !ov_buf_ok(&out->buf)) {
        ov_out_flush(out);
    }
}

bool ov_out_finish(struct ov_out *out)
{
    ov_out_flush(out);
    if (out->failed == 0) {
        return true;
    }
    if (out->failed != EPIPE) {
        (void)fprintf(
                stderr, "overt: standard output could not be written: %s\n", strerror(out->failed));
    }
    return false;
}

bool ov_out_wants_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fd) == 1 && (no_colour == NULL || *no_colour == '\0') && term != NULL
           && strcmp(term, "dumb") != 0;
}

/* One sentence, as one write: lines of several programs do not mix. */
static void say(struct ov_buf *line)
{
    const struct ov_bytes bytes = ov_buf_bytes(line);

    ov_buf_put_u8(line, '\n');
    if (ov_buf_ok(line)) {
        (void)fwrite(ov_bytes_raw(ov_buf_bytes(line)), 1, (size_t)ov_bytes_len(bytes) + 1, stderr);
    }
    ov_buf_done(line);
}

void ov_complain(const char *command, const char *fmt, ...)
{
    struct ov_buf raw, line;
    char *text = NULL;
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vasprintf(&text, fmt, ap);
    va_end(ap);
    ov_buf_init(&raw, OUT_MAX);
    ov_buf_init(&line, OUT_MAX);
    ov_buf_printf(&line, "overt %s: ", command);
    if (len >= 0) {
        ov_text_escape(&line, ov_bytes_of(text, (size_t)len));
        free(text);
    }
    say(&line);
    ov_buf_done(&raw);
}

void ov_complain_error(const char *command, const overt_error *err)
{
    struct ov_buf line;

    ov_buf_init(&line, OUT_MAX);
    ov_buf_printf(&line, "overt %s: ", command);
    if (err->source[0] != '\0') {
        ov_text_escape(&line, ov_bytes_of(err->source, strlen(err->source)));
        if (err->line != 0) {
            ov_buf_printf(&line, ":%u", err->line);
        }
        if (err->line != 0 && err->column != 0) {
            ov_buf_printf(&line, ":%u", err->column);
        }
        ov_buf_put_text(&line, ": ");
    }
    ov_text_escape(&line, ov_bytes_of(err->message, strlen(err->message)));
    say(&line);
}
