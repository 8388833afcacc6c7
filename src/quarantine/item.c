/* SPDX-License-Identifier: Apache-2.0 */
/* item.c - the description of a quarantined file: from a file, to a file, as bytes. */
#include "quarantine/item.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "quarantine/seal.h"

enum field {
    FIELD_PATH = 1,
    FIELD_NUMBERS,
    FIELD_SHA256,
    FIELD_RULE,
    FIELD_ATTR
};

#define NUMBERS 10u

void ov_item_done(struct ov_item *item)
{
    free(item->path);
    free(item->rule);
    for (size_t i = 0; i < item->attr_count; i++) {
        free(item->attrs[i].name);
        free(item->attrs[i].value);
    }
    *item = (struct ov_item){ .path = NULL };
}

/* --- bytes ---------------------------------------------------------------------------------- */

static void put_head(struct ov_buf *out, enum field kind, size_t bytes)
{
    ov_buf_put_u16le(out, (uint16_t)kind);
    ov_buf_put_u32le(out, (uint32_t)bytes);
}

bool ov_item_encode(const struct ov_item *item, struct ov_buf *out)
{
    const uint64_t numbers[NUMBERS] = { item->size, item->mode, item->uid, item->gid,
        (uint64_t)item->atime_ns, (uint64_t)item->mtime_ns, (uint64_t)item->moved_s, item->device,
        item->inode, item->links };

    put_head(out, FIELD_PATH, strlen(item->path));
    ov_buf_put_text(out, item->path);
    put_head(out, FIELD_NUMBERS, 8 * NUMBERS);
    for (size_t i = 0; i < NUMBERS; i++) {
        ov_buf_put_u64le(out, numbers[i]);
    }
    put_head(out, FIELD_SHA256, sizeof(item->sha256));
    ov_buf_put(out, item->sha256, sizeof(item->sha256));
    put_head(out, FIELD_RULE, strlen(item->rule));
    ov_buf_put_text(out, item->rule);
    for (size_t i = 0; i < item->attr_count; i++) {
        const struct ov_item_attr *attr = &item->attrs[i];
        const size_t name = strlen(attr->name);

        put_head(out, FIELD_ATTR, 2 + name + attr->value_bytes);
        ov_buf_put_u16le(out, (uint16_t)name);
        ov_buf_put(out, attr->name, name);
        if (attr->value_bytes > 0) {
            ov_buf_put(out, attr->value, attr->value_bytes);
        }
    }
    return ov_buf_ok(out) && ov_bytes_len(ov_buf_bytes(out)) <= OV_SEAL_RECORD_BYTES;
}

static bool read_field(struct ov_reader *r, uint16_t *kind, struct ov_bytes *value)
{
    uint32_t bytes;

    return ov_read_u16le(r, kind) && ov_read_u32le(r, &bytes) && ov_read_bytes(r, bytes, value);
}

/* NULL: a NUL inside, or no memory. */
static char *text_of(struct ov_bytes bytes)
{
    const size_t len = (size_t)ov_bytes_len(bytes);

    if (len > 0 && memchr(ov_bytes_raw(bytes), 0, len) != NULL) {
        return NULL;
    }
    return len == 0 ? strdup("") : strndup((const char *)ov_bytes_raw(bytes), len);
}

static bool read_numbers(struct ov_bytes bytes, struct ov_item *out)
{
    struct ov_reader r = ov_reader_on(bytes);
    uint64_t n[NUMBERS];

    for (size_t i = 0; i < NUMBERS; i++) {
        uint32_t low, high;

        if (!ov_read_u32le(&r, &low) || !ov_read_u32le(&r, &high)) {
            return false;
        }
        n[i] = (uint64_t)high << 32 | low;
    }
    out->size = n[0];
    out->mode = n[1] & 07777;
    out->uid = n[2];
    out->gid = n[3];
    out->atime_ns = (int64_t)n[4];
    out->mtime_ns = (int64_t)n[5];
    out->moved_s = (int64_t)n[6];
    out->device = n[7];
    out->inode = n[8];
    out->links = n[9];
    return ov_reader_left(&r) == 0 && out->uid <= UINT32_MAX && out->gid <= UINT32_MAX;
}

static bool add_attr(struct ov_item *item, const char *name, size_t name_bytes,
        const uint8_t *value, size_t value_bytes)
{
    struct ov_item_attr *attr = &item->attrs[item->attr_count];

    if (item->attr_count == OV_ITEM_ATTRS_MAX) {
        errno = E2BIG;
        return false;
    }
    attr->name = strndup(name, name_bytes);
    attr->value = malloc(value_bytes + 1);
    item->attr_count++; /* what there is of it is freed with the item */
    if (attr->name == NULL || attr->value == NULL) {
        errno = ENOMEM;
        return false;
    }
    if (value_bytes > 0) {
        memcpy(attr->value, value, value_bytes);
    }
    attr->value_bytes = value_bytes;
    return true;
}

static bool read_attr(struct ov_bytes bytes, struct ov_item *out)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes name, value;
    uint16_t name_bytes;

    return ov_read_u16le(&r, &name_bytes) && name_bytes > 0 && ov_read_bytes(&r, name_bytes, &name)
           && ov_read_bytes(&r, ov_reader_left(&r), &value)
           && memchr(ov_bytes_raw(name), 0, name_bytes) == NULL
           && add_attr(out, (const char *)ov_bytes_raw(name), name_bytes, ov_bytes_raw(value),
                   (size_t)ov_bytes_len(value));
}

static bool decode(struct ov_bytes bytes, struct ov_item *out)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes value;
    uint16_t kind;

    if (!read_field(&r, &kind, &value) || kind != FIELD_PATH || (out->path = text_of(value)) == NULL
            || out->path[0] != '/' || !read_field(&r, &kind, &value) || kind != FIELD_NUMBERS
            || !read_numbers(value, out) || !read_field(&r, &kind, &value) || kind != FIELD_SHA256
            || ov_bytes_len(value) != sizeof(out->sha256)) {
        return false;
    }
    memcpy(out->sha256, ov_bytes_raw(value), sizeof(out->sha256));
    if (!read_field(&r, &kind, &value) || kind != FIELD_RULE
            || (out->rule = text_of(value)) == NULL) {
        return false;
    }
    while (ov_reader_left(&r) > 0) {
        if (!read_field(&r, &kind, &value) || kind != FIELD_ATTR || !read_attr(value, out)) {
            return false;
        }
    }
    return true;
}

bool ov_item_decode(struct ov_bytes bytes, struct ov_item *out)
{
    *out = (struct ov_item){ .path = NULL };
    if (decode(bytes, out)) {
        return true;
    }
    ov_item_done(out);
    return false;
}

/* --- files ---------------------------------------------------------------------------------- */

static int64_t nanoseconds(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static struct timespec timespec_of(int64_t ns)
{
    struct timespec t = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

    if (t.tv_nsec < 0) { /* before 1970 */
        t.tv_nsec += 1000000000;
        t.tv_sec--;
    }
    return t;
}

/* Attributes may come and go while we ask; each is asked for until its size holds. */
static bool look_at_attr(struct ov_item *item, int fd, const char *name)
{
    uint8_t value[OV_ITEM_ATTRS_BYTES_MAX];
    const ssize_t n = fgetxattr(fd, name, value, sizeof(value));

    if (n < 0) {
        return errno == ENODATA; /* gone meanwhile */
    }
    return add_attr(item, name, strlen(name), value, (size_t)n);
}

static bool look_at_attrs(struct ov_item *item, int fd)
{
    char names[OV_ITEM_ATTRS_BYTES_MAX];
    const ssize_t n = flistxattr(fd, names, sizeof(names));

    if (n < 0) {
        return errno == ENOTSUP;
    }
    for (ssize_t at = 0; at < n; at += (ssize_t)strlen(names + at) + 1) {
        if (!look_at_attr(item, fd, names + at)) {
            return false;
        }
    }
    return true;
}

bool ov_item_look(struct ov_item *item, int fd)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return false;
    }
    item->size = (uint64_t)st.st_size;
    item->mode = st.st_mode & 07777;
    item->uid = st.st_uid;
    item->gid = st.st_gid;
    item->atime_ns = nanoseconds(st.st_atim);
    item->mtime_ns = nanoseconds(st.st_mtim);
    item->device = st.st_dev;
    item->inode = st.st_ino;
    item->links = st.st_nlink;
    return look_at_attrs(item, fd);
}

const char *ov_item_apply(const struct ov_item *item, int fd)
{
    const struct timespec times[2] = { timespec_of(item->atime_ns), timespec_of(item->mtime_ns) };
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return "the file could not be examined";
    }
    /* Only what differs: without root one cannot give a file away, but may leave it one's own. */
    if ((st.st_uid != item->uid || st.st_gid != item->gid)
            && fchown(fd, (uid_t)item->uid, (gid_t)item->gid) != 0) {
        return "its owner could not be set";
    }
    if (fchmod(fd, (mode_t)item->mode) != 0) { /* after the owner, which clears set-user-id */
        return "its mode could not be set";
    }
    for (size_t i = 0; i < item->attr_count; i++) {
        const struct ov_item_attr *attr = &item->attrs[i];

        if (fsetxattr(fd, attr->name, attr->value, attr->value_bytes, 0) != 0) {
            return "an extended attribute could not be set";
        }
    }
    return futimens(fd, times) == 0 ? NULL : "its times could not be set";
}
