/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_json.c - what clamscan tells of the inside of a file: --archive-verbose on a line, --gen-json
 * as a document, which goes to standard error with --debug and into a folder with --leave-temps. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clamtype.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "programs/overt/clamscan.h"

#define DOCUMENT_BYTES_MAX (64u * OV_MIB)
#define TEMPORARY_FOLDER   "/tmp"
#define READ_BYTES         65536u

/* Behind "CL_TYPE_"; NULL: ClamAV has no type for it, or takes it for data. */
static const char *clam_type(const char *type)
{
    static const struct {
        const char *ours;
        enum ov_clam_type theirs;
    } table[] = {
        { "gzip", OV_CLAM_GZ },
        { "bzip2", OV_CLAM_BZ },
        { "xz", OV_CLAM_XZ },
        { "zip", OV_CLAM_ZIP },
        { "tar", OV_CLAM_POSIX_TAR },
        { "cpio", OV_CLAM_CPIO_NEWC },
        { "cab", OV_CLAM_MSCAB },
        { "iso9660", OV_CLAM_ISO9660 },
        { "udf", OV_CLAM_UDF },
        { "lha", OV_CLAM_LHA_LZH },
        { "rar", OV_CLAM_RAR },
        { "rar5", OV_CLAM_RAR },
        { "7z", OV_CLAM_7Z },
        { "arj", OV_CLAM_ARJ },
        { "xar", OV_CLAM_XAR },
        { "szdd", OV_CLAM_MSSZDD },
        { "mail", OV_CLAM_MAIL },
        { "mbox", OV_CLAM_MAIL },
        { "tnef", OV_CLAM_TNEF },
        { "uuencode", OV_CLAM_UUENCODED },
        { "binhex", OV_CLAM_BINHEX },
        { "onenote", OV_CLAM_ONENOTE },
        { "sis", OV_CLAM_SIS },
        { "nsis", OV_CLAM_NULSFT },
        { "autoit", OV_CLAM_AUTOIT },
        { "installshield", OV_CLAM_ISHIELD_MSI },
        { "alz", OV_CLAM_ALZ },
        { "egg", OV_CLAM_EGG },
        { "dmg", OV_CLAM_DMG },
        { "mbr", OV_CLAM_MBR },
        { "gpt", OV_CLAM_GPT },
        { "apm", OV_CLAM_APM },
        { "hfs", OV_CLAM_PART_HFSPLUS },
        { "swf", OV_CLAM_SWF },
        { "screnc", OV_CLAM_SCRENC },
        { "elf", OV_CLAM_ELF },
        { "pe", OV_CLAM_MSEXE },
        { "dos", OV_CLAM_MSEXE },
        { "macho", OV_CLAM_MACHO },
        { "class", OV_CLAM_JAVA },
        { "pdf", OV_CLAM_PDF },
        { "ole2", OV_CLAM_MSOLE2 },
        { "rtf", OV_CLAM_RTF },
        { "html", OV_CLAM_HTML },
        { "hwp", OV_CLAM_HWP3 },
        { "lnk", OV_CLAM_LNK },
        { "chm", OV_CLAM_MSCHM },
        { "png", OV_CLAM_PNG },
        { "jpeg", OV_CLAM_JPEG },
        { "gif", OV_CLAM_GIF },
        { "text", OV_CLAM_TEXT_ASCII },
        { "script", OV_CLAM_TEXT_ASCII },
        { "xml", OV_CLAM_TEXT_ASCII },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (strcmp(table[i].ours, type) == 0) {
            return ov_clam_type_name(table[i].theirs) + strlen("CL_TYPE_");
        }
    }
    return NULL;
}

/* --- where it lies ---------------------------------------------------------------------------- */

/* Another spelling of its parent is no member of it. */
static bool is_member(const overt_report *report, const overt_object *object)
{
    const overt_object *parent = overt_report_object(report, object->parent);

    return object->ordinal != 0 && parent != NULL && clam_type(parent->type) != NULL
           && object->name.len != 0;
}

void clamscan_put_inside(struct ov_buf *out, const overt_report *report, uint32_t ordinal)
{
    const overt_object *chain[OV_DEPTH_MAX + 1];
    size_t count = 0;

    for (const overt_object *o = overt_report_object(report, ordinal);
            o != NULL && o->ordinal != 0 && count < OV_DEPTH_MAX + 1;
            o = overt_report_object(report, o->parent)) {
        if (is_member(report, o)) {
            chain[count++] = o;
        }
    }
    if (count == 0) {
        ov_buf_put_text(out, "!(0)");
    }
    for (size_t i = count; i > 0; i--) {
        const overt_object *o = chain[i - 1];

        ov_buf_put_u8(out, '!');
        if (i == 1) {
            ov_buf_printf(out, "(%zu)", count);
        }
        ov_buf_printf(out, "%s:", clam_type(overt_report_object(report, o->parent)->type));
        ov_buf_put(out, o->name.bytes, o->name.len);
    }
}

/* --- the document ----------------------------------------------------------------------------- */

struct document {
    struct ov_buf text;
    const overt_report *report;
    const char *base; /* the file's name without its folder */
    int fd;           /* of the file */
};

static void indent(struct document *d, size_t depth)
{
    for (size_t i = 0; i < depth; i++) {
        ov_buf_put_text(&d->text, "  ");
    }
}

static void put_text(struct document *d, size_t depth, const char *key, struct ov_bytes value)
{
    indent(d, depth);
    ov_buf_printf(&d->text, "\"%s\":", key);
    ov_text_json(&d->text, value);
    ov_buf_put_text(&d->text, ",\n");
}

static void put_type(struct document *d, size_t depth, const char *key, const overt_object *object)
{
    const char *type = clam_type(object->type);

    indent(d, depth);
    ov_buf_printf(&d->text, "\"%s\":\"CL_TYPE_%s\",\n", key, type == NULL ? "BINARY_DATA" : type);
}

/* Of the file, as far as it was scanned: it may grow for ever. What is inside is gone by the time it
 * is told of. Bytes go into a digest here, and nothing looks at them (docs/THREATS.md). */
static void put_md5(struct document *d, uint64_t size)
{
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *digest = ov_digest_new(OV_DIGEST_MD5);
    uint8_t part[READ_BYTES], bytes[OV_DIGEST_BYTES_MAX];
    uint64_t at = 0;

    if (digest == NULL || d->fd < 0) {
        return;
    }
    ov_digest_begin(digest);
    while (at < size) {
        const size_t wanted = size - at < sizeof(part) ? (size_t)(size - at) : sizeof(part);
        const ssize_t n = pread(d->fd, part, wanted, (off_t)at);

        if (n <= 0) {
            return; /* it shrank, or cannot be read any more: there is no digest of it */
        }
        ov_digest_update(digest, ov_bytes_of(part, (size_t)n));
        at += (uint64_t)n;
    }
    ov_digest_end(digest, bytes);
    ov_buf_put_text(&d->text, ",\n  \"FileMD5\":\"");
    ov_text_hex(&d->text, ov_bytes_of(bytes, 16));
    ov_buf_put_u8(&d->text, '"');
}

/* What was found in the object, or in another spelling of it. */
static bool is_hit_of(const struct document *d, const overt_hit *hit, uint32_t ordinal)
{
    const overt_object *object = overt_report_object(d->report, hit->object);

    return hit->object == ordinal
           || (object != NULL && object->ordinal != 0 && object->parent == ordinal
                   && !is_member(d->report, object));
}

static void put_hits(struct document *d, size_t depth, uint32_t ordinal)
{
    bool any = false;

    for (size_t i = 0; i < overt_report_hit_count(d->report); i++) {
        const overt_hit *hit = overt_report_hit(d->report, i);

        if (!is_hit_of(d, hit, ordinal)) {
            continue;
        }
        ov_buf_put_text(&d->text, ",\n");
        if (!any) {
            indent(d, depth);
            ov_buf_put_text(&d->text, "\"Viruses\":[\n");
        }
        indent(d, depth + 1);
        ov_text_json(&d->text, ov_bytes_of(hit->name.bytes, hit->name.len));
        any = true;
    }
    if (any) {
        ov_buf_put_u8(&d->text, '\n');
        indent(d, depth);
        ov_buf_put_u8(&d->text, ']');
    }
}

static void put_facts(struct document *d, size_t depth, const overt_object *object)
{
    const bool is_file = object->ordinal == 0;

    if (is_file) {
        ov_buf_put_text(&d->text, "  \"Magic\":\"CLAMJSONv0\",\n");
        put_type(d, depth, "RootFileType", object);
    }
    put_text(d, depth, "FileName",
            is_file ? ov_bytes_of(d->base, strlen(d->base))
                    : ov_bytes_of(object->name.bytes, object->name.len));
    put_type(d, depth, "FileType", object);
    indent(d, depth);
    ov_buf_printf(&d->text, "\"FileSize\":%llu", (unsigned long long)object->size);
    if (is_file) {
        put_md5(d, object->size);
    }
    put_hits(d, depth, object->ordinal);
}

/* The next member of object `parent`, from *at of those told of. */
static const overt_object *next_member(const struct document *d, uint32_t parent, size_t *at)
{
    while (*at < overt_report_told_count(d->report)) {
        const overt_object *object = overt_report_told(d->report, (*at)++);

        if (object->parent == parent && is_member(d->report, object)) {
            return object;
        }
    }
    return NULL;
}

struct level {
    uint32_t ordinal;
    size_t at, members;
};

static void end_level(struct document *d, const struct level *level, size_t depth)
{
    if (level->members != 0) {
        ov_buf_put_u8(&d->text, '\n');
        indent(d, depth - 1);
        ov_buf_put_u8(&d->text, ']');
    }
    ov_buf_put_u8(&d->text, '\n');
    indent(d, depth - 2);
    ov_buf_put_u8(&d->text, '}');
}

/* Members lie no deeper than objects do. */
static void put_objects(struct document *d, const overt_object *root)
{
    struct level open[OV_DEPTH_MAX + 1] = { { .ordinal = 0 } };
    size_t count = 1;

    ov_buf_put_text(&d->text, "{\n");
    put_facts(d, 1, root);
    while (count > 0) {
        struct level *level = &open[count - 1];
        const size_t depth = 2 * count;
        const overt_object *member =
                count <= OV_DEPTH_MAX ? next_member(d, level->ordinal, &level->at) : NULL;

        if (member == NULL) {
            end_level(d, level, depth);
            count--;
            continue;
        }
        ov_buf_put_text(&d->text, ",\n");
        if (level->members++ == 0) {
            indent(d, depth - 1);
            ov_buf_put_text(&d->text, "\"ContainedObjects\":[\n");
        }
        indent(d, depth);
        ov_buf_put_text(&d->text, "{\n");
        put_facts(d, depth + 1, member);
        open[count++] = (struct level){ .ordinal = member->ordinal };
    }
    ov_buf_put_u8(&d->text, '\n');
}

/* In a folder of its own, as clamscan's: 20261125_092043-NAME.721599bb50/metadata.json */
static bool keep(const struct clamscan *c, const struct document *d)
{
    const char *folder =
            c->options.temporary_folder == NULL ? TEMPORARY_FOLDER : c->options.temporary_folder;
    const struct ov_bytes text = ov_buf_bytes(&d->text);
    const time_t now = time(NULL);
    auto_free char *name = NULL;
    auto_free char *file = NULL;
    auto_fd int fd = -1;
    char stamp[32];
    uint64_t random;
    struct tm tm;

    if (localtime_r(&now, &tm) == NULL || strftime(stamp, sizeof(stamp), "%Y%m%d_%H%M%S", &tm) == 0
            || getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random)
            || asprintf(&name, "%s/%s-%.100s.%010llx", folder, stamp, d->base,
                       (unsigned long long)(random >> 24))
                       < 0
            || asprintf(&file, "%s/metadata.json", name) < 0 || mkdir(name, 0700) != 0) {
        return false;
    }
    fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd >= 0 && ov_file_write_all(fd, text);
}

void clamscan_json(struct clamscan *c, const char *path, overt_report *report)
{
    auto_fd int fd = overt_report_take_fd(report);
    const char *slash = strrchr(path, '/');
    struct document d = { .report = report, .base = slash == NULL ? path : slash + 1, .fd = fd };
    const overt_object *root = overt_report_object(report, 0);

    if (root == NULL) {
        return; /* it failed, which is said */
    }
    ov_buf_init(&d.text, DOCUMENT_BYTES_MAX);
    put_objects(&d, root);
    if (!ov_buf_ok(&d.text)) {
        clamscan_warn(c, "%s: no memory for what --gen-json tells", path);
    } else {
        const struct ov_bytes text = ov_buf_bytes(&d.text);

        if (c->options.debug) {
            (void)fwrite(ov_bytes_raw(text), 1, (size_t)ov_bytes_len(text), stderr);
        }
        if (c->options.leave_temps && !keep(c, &d)) {
            clamscan_error(c, "Can't write metadata.json for %s: %s", path, strerrordesc_np(errno));
            c->counts.errors++;
        }
    }
    ov_buf_done(&d.text);
}
