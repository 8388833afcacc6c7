/* SPDX-License-Identifier: Apache-2.0 */
/* packages.c - package databases that are text: dpkg's status, Alpine's installed, pacman's entries,
 * Android's packages.list; and the names in passwd and group. Lines are what their programs wrote, or what
 * somebody put there: each is taken for itself. */
#include <string.h>

#include "evidence/readers.h"

/* --- dpkg ----------------------------------------------------------------------------------- */

struct stanza {
    struct ov_bytes name, version, arch, vendor, status;
};

static uint32_t dpkg_state(struct ov_bytes status)
{
    const uint8_t *raw = ov_bytes_raw(status);
    uint64_t at = ov_bytes_len(status);

    while (at > 0 && raw[at - 1] != ' ') {
        at--;
    }
    status = ov_text_behind(status, at);
    if (ov_text_is(status, "installed")) {
        return OV_PACKAGE_INSTALLED;
    }
    return ov_text_is(status, "config-files") ? OV_PACKAGE_CONFIG : OV_PACKAGE_HALF;
}

static bool is_gone(struct ov_bytes status)
{
    return ov_bytes_len(status) >= 13
           && ov_text_is(ov_text_behind(status, ov_bytes_len(status) - 13), "not-installed");
}

static void tell_package(
        struct ov_evidence *e, const struct stanza *s, unsigned manager, uint32_t state)
{
    struct ov_buf more;

    if (ov_bytes_len(s->name) == 0) {
        return;
    }
    ov_buf_init(&more, OV_EXPLAIN_FRAME_BYTES_MAX);
    ov_parts_add(&more, s->version);
    ov_parts_add(&more, s->arch);
    ov_parts_add(&more, s->vendor);
    ov_tell_number(
            e, OV_TRACE_PACKAGE, OV_PACKAGE_NUMBER(manager, state), s->name, ov_buf_bytes(&more));
    ov_buf_done(&more);
}

/* "Field: value" into `out` if the field is this one. */
static void take(struct ov_bytes line, const char *field, struct ov_bytes *out)
{
    if (ov_text_begins(line, field)) {
        *out = ov_text_trim(ov_text_behind(line, strlen(field)));
    }
}

static void end_dpkg(
        struct ov_evidence *e, struct stanza *s, bool without_status, uint64_t *packages)
{
    const bool has_status = ov_bytes_len(s->status) != 0;

    if (ov_bytes_len(s->name) != 0 && !has_status && !without_status) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "a package of the dpkg database has no status");
    }
    if (!is_gone(s->status)) {
        tell_package(e, s, OV_MANAGER_DPKG,
                without_status && !has_status ? OV_PACKAGE_INSTALLED : dpkg_state(s->status));
    }
    *packages += ov_bytes_len(s->name) != 0;
    *s = (struct stanza){ .name = ov_bytes_of(NULL, 0) };
}

static void read_stanzas(struct ov_evidence *e, struct ov_bytes bytes, bool without_status)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct stanza s = { .name = ov_bytes_of(NULL, 0) };
    struct ov_bytes line;
    uint64_t packages = 0;

    while (ov_line_next(&r, &line)) {
        if (ov_bytes_len(line) == 0) {
            end_dpkg(e, &s, without_status, &packages);
            continue;
        }
        take(line, "Package:", &s.name);
        take(line, "Status:", &s.status);
        take(line, "Version:", &s.version);
        take(line, "Architecture:", &s.arch);
        take(line, "Maintainer:", &s.vendor);
    }
    end_dpkg(e, &s, without_status, &packages);
    if (packages == 0 && ov_bytes_len(bytes) != 0) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "no package in a dpkg database that is not empty");
    }
}

void ov_read_dpkg(struct ov_evidence *e, struct ov_bytes bytes)
{
    read_stanzas(e, bytes, false);
}

/* Images without dpkg keep the control file of each package in status.d: that it is there says that
 * the package is. */
void ov_read_dpkg_control(struct ov_evidence *e, struct ov_bytes bytes)
{
    read_stanzas(e, bytes, true);
}

/* --- Alpine: one letter a field ------------------------------------------------------------- */

void ov_read_alpine(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct stanza s = { .name = ov_bytes_of(NULL, 0) };
    struct ov_bytes line;
    uint64_t packages = 0;

    while (ov_line_next(&r, &line)) {
        if (ov_bytes_len(line) == 0) {
            tell_package(e, &s, OV_MANAGER_ALPINE, OV_PACKAGE_INSTALLED);
            packages += ov_bytes_len(s.name) != 0;
            s = (struct stanza){ .name = ov_bytes_of(NULL, 0) };
            continue;
        }
        /* Case counts here: P is the package, p what it provides. */
        if (ov_bytes_len(line) > 2) {
            const uint8_t *raw = ov_bytes_raw(line);
            const struct ov_bytes value = ov_text_behind(line, 2);

            if (raw[1] != ':') {
                continue;
            }
            switch (raw[0]) {
            case 'P':
                s.name = value;
                break;
            case 'V':
                s.version = value;
                break;
            case 'A':
                s.arch = value;
                break;
            case 'm':
                s.vendor = value;
                break;
            default:
                break;
            }
        }
    }
    tell_package(e, &s, OV_MANAGER_ALPINE, OV_PACKAGE_INSTALLED);
    if (packages == 0 && ov_bytes_len(s.name) == 0 && ov_bytes_len(bytes) != 0) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "no package in an Alpine database that is not empty");
    }
}

/* --- pacman: one file a package, "%FIELD%" and its lines until an empty one ----------------- */

void ov_read_pacman(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct stanza s = { .name = ov_bytes_of(NULL, 0) };
    struct ov_bytes line, *field = NULL;

    while (ov_line_next(&r, &line)) {
        if (ov_text_begins(line, "%")) {
            field = ov_text_is(line, "%NAME%")       ? &s.name
                    : ov_text_is(line, "%VERSION%")  ? &s.version
                    : ov_text_is(line, "%ARCH%")     ? &s.arch
                    : ov_text_is(line, "%PACKAGER%") ? &s.vendor
                                                     : NULL;
        } else if (field != NULL) {
            *field = ov_text_trim(line);
            field = NULL;
        }
    }
    if (ov_bytes_len(s.name) == 0) {
        ov_tell_gap(e, OV_REASON_DAMAGED, "an entry of pacman's database has no name");
    }
    tell_package(e, &s, OV_MANAGER_PACMAN, OV_PACKAGE_INSTALLED);
}

/* --- Android, users ------------------------------------------------------------------------- */

/* The part of a line before `end`, or all of it. */
static struct ov_bytes first_field(struct ov_bytes line, char end)
{
    const uint8_t *raw = ov_bytes_raw(line);
    const uint8_t *at =
            ov_bytes_len(line) == 0 ? NULL : memchr(raw, end, (size_t)ov_bytes_len(line));
    struct ov_bytes out = line;

    if (at != NULL && !ov_bytes_slice(line, 0, (uint64_t)(at - raw), &out)) {
        return ov_bytes_of(NULL, 0);
    }
    return out;
}

void ov_read_android(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes line;

    while (ov_line_next(&r, &line)) {
        const struct ov_bytes name = first_field(line, ' ');

        if (ov_bytes_len(name) != 0) {
            ov_tell(e, OV_TRACE_APP, name, ov_bytes_of("", 1));
        }
    }
}

void ov_read_users(struct ov_evidence *e, struct ov_bytes bytes)
{
    struct ov_reader r = ov_reader_on(bytes);
    struct ov_bytes line;

    while (ov_line_next(&r, &line)) {
        const struct ov_bytes name = first_field(line, ':');

        if (ov_bytes_len(name) != 0 && ov_bytes_raw(name)[0] != '#') {
            ov_tell(e, OV_TRACE_NAME, name, ov_bytes_of(NULL, 0));
        }
    }
}
