/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c - what the owner's command hands over for modules: a sandbox's report for `cuckoo`, the
 * database of libmagic for `magic`. Both are read whole, once, before the first file; the report
 * is hostile, the database is as good as the machine it comes from. libmagic finds its files and
 * its time zone nowhere, and starts nothing: what it has for that is not linked (nowhere.c). */
#include <magic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/checked.h"
#include "facts/schema.h"
#include "programs/worker/worker.h"

struct given {
    struct ov_cuckoo cuckoo;
    bool has_cuckoo;
    magic_t magic;
    uint8_t *database;  /* owned, as long as `magic` is open */
    struct ov_buf text; /* what libmagic said last */
};

static void answer(uint32_t seq, enum ov_record_kind kind, const char *why)
{
    const struct ov_record record = {
        .kind = kind, .text = ov_bytes_of(why, strlen(why)), .name = ov_bytes_of(NULL, 0)
    };
    struct ov_buf message;

    ov_buf_init(&message, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_record_encode(&message, seq, &record);
    if (!ov_buf_ok(&message)) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    worker_send(ov_bytes_raw(ov_buf_bytes(&message)), (size_t)ov_bytes_len(ov_buf_bytes(&message)));
    ov_buf_done(&message);
}

/* All of it, or NULL: it is shorter than it was, or memory is. */
static uint8_t *read_whole(int fd, uint64_t size)
{
    uint8_t *at = malloc((size_t)size + 1);
    uint64_t done = 0;

    while (at != NULL && done < size) {
        const ssize_t n = pread(fd, at + done, (size_t)(size - done), (off_t)done);

        if (n <= 0) {
            free(at);
            return NULL;
        }
        done += (uint64_t)n;
    }
    return at;
}

/* --- magic ---------------------------------------------------------------------------------- */

static bool ask_magic(void *payload, struct ov_source *source, bool mime, struct ov_bytes *out)
{
    struct given *given = payload;
    const size_t size =
            source->size < OV_MAGIC_BYTES_MAX ? (size_t)source->size : OV_MAGIC_BYTES_MAX;
    uint8_t *bytes = malloc(size + 1);
    const char *text = NULL;

    if (bytes == NULL) {
        return false;
    }
    (void)magic_setflags(given->magic, mime ? MAGIC_MIME_TYPE : MAGIC_NONE);
    text = magic_buffer(given->magic, bytes, ov_source_read(source, 0, bytes, size));
    free(bytes);
    if (text == NULL) {
        return false;
    }
    ov_buf_clear(&given->text);
    ov_buf_put_text(&given->text, text);
    *out = ov_buf_bytes(&given->text);
    return ov_buf_ok(&given->text);
}

/* Takes `bytes`. */
static void open_magic(struct given *given, uint32_t seq, uint8_t *bytes, size_t size)
{
    void *buffers[1] = { bytes };
    size_t sizes[1] = { size };
    const char *why;

    given->magic = magic_open(MAGIC_NONE);
    if (given->magic == NULL) {
        _exit(OV_JAILED_EXIT_MEMORY);
    }
    if (magic_load_buffers(given->magic, buffers, sizes, 1) != 0) {
        why = magic_error(given->magic);
        answer(seq, OV_RECORD_FAILED, why == NULL ? "no database of libmagic" : why);
        magic_close(given->magic);
        given->magic = NULL;
        free(bytes);
        return;
    }
    given->database = bytes;
    answer(seq, OV_RECORD_END, "");
}

/* --- cuckoo --------------------------------------------------------------------------------- */

static void read_report(struct given *given, uint32_t seq, const uint8_t *bytes, size_t size)
{
    overt_error err = OVERT_ERROR_INIT;
    const overt_status status = ov_cuckoo_read(&given->cuckoo, ov_bytes_of(bytes, size), &err);

    given->has_cuckoo = status == OVERT_OK;
    answer(seq, given->has_cuckoo ? OV_RECORD_END : OV_RECORD_FAILED,
            given->has_cuckoo ? "" : err.message);
}

/* --- requests ------------------------------------------------------------------------------- */

void worker_module(struct ov_engine *engine, uint32_t seq, uint32_t module, int fd, uint64_t size)
{
    static struct given given;
    uint8_t *bytes;

    if ((module != OV_CUCKOO && module != OV_MAGIC) || given.has_cuckoo + (given.magic != NULL) > 1
            || (module == OV_CUCKOO ? given.has_cuckoo : given.magic != NULL)
            || size > OV_MODULE_DATA_BYTES_MAX) {
        _exit(OV_JAILED_EXIT_PROTOCOL); /* for each module once, and for no other */
    }
    bytes = read_whole(fd, size);
    (void)close(fd);
    if (bytes == NULL) {
        answer(seq, OV_RECORD_FAILED, "it could not be read to its end");
        return;
    }
    if (module == OV_MAGIC) {
        ov_buf_init(&given.text, OV_CALL_TEXT_BYTES_MAX);
        open_magic(&given, seq, bytes, (size_t)size);
    } else {
        read_report(&given, seq, bytes, (size_t)size);
        free(bytes);
    }
    ov_engine_give_modules(engine, &(struct ov_engine_modules){
                                           .cuckoo = given.has_cuckoo ? &given.cuckoo : NULL,
                                           .magic = given.magic != NULL ? ask_magic : NULL,
                                           .magic_payload = &given,
                                   });
}
