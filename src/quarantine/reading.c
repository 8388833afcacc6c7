/* SPDX-License-Identifier: Apache-2.0 */
/* reading.c - an item's records, one after the other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/digest.h"
#include "base/file.h"
#include "quarantine/inside.h"

#define ROOM_BYTES (OV_SEAL_RECORD_BYTES + OV_SEAL_TAG_BYTES + 4u)

overt_status ov_quarantine_reader_open(struct ov_quarantine_reader *reader,
        struct ov_quarantine *store, const struct ov_quarantine_id *id, overt_error *err)
{
    char name[OV_QUARANTINE_NAME_BYTES];
    uint8_t head[OV_SEAL_HEAD_BYTES], told[OV_SEAL_ID_BYTES];
    struct ov_reader r;

    *reader = (struct ov_quarantine_reader){ .room = malloc(ROOM_BYTES) };
    ov_quarantine_name(id, ".ovq", name);
    reader->fd = openat(store->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (reader->fd < 0 || reader->room == NULL) {
        const overt_status status = ov_quarantine_fail(err, "the item could not be opened");

        ov_quarantine_reader_done(reader);
        return status;
    }
    r = ov_reader_on(ov_bytes_of(head, sizeof(head)));
    if (read(reader->fd, head, sizeof(head)) != (ssize_t)sizeof(head)
            || !ov_seal_read_head(&r, told) || memcmp(told, id->bytes, sizeof(told)) != 0
            || !ov_seal_begin(&reader->seal, store->key, told)) {
        ov_quarantine_reader_done(reader);
        return ov_fail(err, OVERT_E_CORRUPT, 0, "this is no item of this version and name");
    }
    return OVERT_OK;
}

void ov_quarantine_reader_done(struct ov_quarantine_reader *reader)
{
    if (reader->fd >= 0) {
        (void)close(reader->fd);
    }
    free(reader->room);
    ov_seal_done(&reader->seal);
}

static bool fill(struct ov_quarantine_reader *reader)
{
    while (reader->have < ROOM_BYTES) {
        const ssize_t n = read(reader->fd, reader->room + reader->have, ROOM_BYTES - reader->have);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0;
        }
        reader->have += (size_t)n;
    }
    return true;
}

overt_status ov_quarantine_reader_next(
        struct ov_quarantine_reader *reader, uint8_t *plain, size_t *bytes, overt_error *err)
{
    struct ov_reader r;
    enum ov_unseal what;
    size_t left;

    *bytes = 0;
    if (reader->ended) {
        return OVERT_OK;
    }
    if (!fill(reader)) {
        return ov_quarantine_fail(err, "the item could not be read");
    }
    r = ov_reader_on(ov_bytes_of(reader->room, reader->have));
    what = ov_seal_take(&reader->seal, &r, plain, bytes);
    if (what != OV_UNSEAL_RECORD && what != OV_UNSEAL_LAST) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the item is %s",
                what == OV_UNSEAL_MORE ? "cut short" : "damaged");
    }
    left = (size_t)ov_reader_left(&r);
    memmove(reader->room, reader->room + (reader->have - left), left);
    reader->have = left;
    reader->ended = what == OV_UNSEAL_LAST;
    if (reader->ended && left > 0) {
        return ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "something stands behind the item's end");
    }
    return OVERT_OK;
}

overt_status ov_quarantine_check(
        struct ov_quarantine *store, const struct ov_quarantine_id *id, overt_error *err)
{
    return ov_quarantine_export(store, id, -1, err);
}

/* Everything through the digest first would read twice; what goes to `fd` before a mismatch is
 * found is the caller's to throw away. */
overt_status ov_quarantine_export(
        struct ov_quarantine *store, const struct ov_quarantine_id *id, int fd, overt_error *err)
{
    auto_free uint8_t *plain = malloc(OV_SEAL_RECORD_BYTES);
    struct ov_digest *digest = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t sum[OV_DIGEST_BYTES_MAX];
    struct ov_item item = { .path = NULL };
    struct ov_quarantine_reader reader;
    overt_status status;

    if (plain == NULL || digest == NULL) {
        ov_digest_free(digest);
        return ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for an item");
    }
    status = ov_quarantine_reader_open(&reader, store, id, err);
    if (status == OVERT_OK) {
        size_t bytes = 0;

        ov_digest_begin(digest);
        status = ov_quarantine_reader_next(&reader, plain, &bytes, err);
        if (status == OVERT_OK && !ov_item_decode(ov_bytes_of(plain, bytes), &item)) {
            status = ov_fail(err, OVERT_E_CORRUPT, UINT64_MAX, "the item's description is none");
        }
        while (status == OVERT_OK && !reader.ended) {
            status = ov_quarantine_reader_next(&reader, plain, &bytes, err);
            if (status != OVERT_OK) {
                break;
            }
            ov_digest_update(digest, ov_bytes_of(plain, bytes));
            if (fd >= 0 && !ov_file_write_all(fd, ov_bytes_of(plain, bytes))) {
                status = ov_quarantine_fail(err, "the content could not be written");
            }
        }
        ov_quarantine_reader_done(&reader);
    }
    if (status == OVERT_OK) {
        ov_digest_end(digest, sum);
        if (memcmp(sum, item.sha256, sizeof(item.sha256)) != 0) {
            status = ov_fail(
                    err, OVERT_E_CORRUPT, UINT64_MAX, "the content is not what was put there");
        }
    }
    ov_item_done(&item);
    ov_digest_free(digest);
    return status;
}
