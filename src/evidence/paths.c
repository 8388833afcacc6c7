/* SPDX-License-Identifier: Apache-2.0 */
/* paths.c - which reader a path asks for. A path is below a system's root, without a slash in
 * front; case does not count, as half the systems looked at do not count it. */
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "evidence/evidence.h"

struct row {
    const char *pattern;
    enum ov_look look;
};

/* Whole paths. A star here crosses slashes. */
static const struct row paths[] = {
    { "var/lib/dpkg/status", OV_LOOK_DPKG },
    { "var/lib/dpkg/status.d/*.md5sums", OV_LOOK_NONE },
    { "var/lib/dpkg/status.d/*", OV_LOOK_DPKG_CONTROL },
    { "lib/apk/db/installed", OV_LOOK_ALPINE },
    { "usr/lib/apk/db/installed", OV_LOOK_ALPINE },
    { "usr/lib/opkg/status", OV_LOOK_DPKG },
    { "var/lib/opkg/status", OV_LOOK_DPKG },
    { "var/lib/pacman/local/*/desc", OV_LOOK_PACMAN },
    { "var/lib/rpm/packages", OV_LOOK_RPM },
    { "var/lib/rpm/packages.db", OV_LOOK_RPM },
    { "usr/lib/sysimage/rpm/packages", OV_LOOK_RPM },
    { "usr/lib/sysimage/rpm/packages.db", OV_LOOK_RPM },
    { "usr/share/rpm/packages", OV_LOOK_RPM },
    { "usr/share/rpm/packages.db", OV_LOOK_RPM },
    { "var/db/pkg/local.sqlite", OV_LOOK_DATABASE },
    { "var/db/pkg/local.sqlite-wal", OV_LOOK_CHANGES },
    { "var/db/pkg/local.sqlite-journal", OV_LOOK_CHANGES },
    { "var/db/xbps/pkgdb-*.plist", OV_LOOK_UNKNOWN },
    { "var/lib/eopkg/info/files.db", OV_LOOK_UNKNOWN },
    { "var/lib/swupd/version", OV_LOOK_UNKNOWN },
    { "var/guix/db/db.sqlite", OV_LOOK_UNKNOWN },
    { "etc/passwd", OV_LOOK_USERS },
    { "etc/group", OV_LOOK_USERS },
    { "data/system/packages.list", OV_LOOK_ANDROID },
    { "system/packages.list", OV_LOOK_ANDROID },
    { "var/db/receipts/*.plist", OV_LOOK_PLIST },
    { "private/var/db/receipts/*.plist", OV_LOOK_PLIST },
    { "var/db/auth.db", OV_LOOK_TEXT },
    { "private/var/db/auth.db", OV_LOOK_TEXT },
    { "private/etc/*", OV_LOOK_TEXT },
    { "etc/*", OV_LOOK_TEXT },
};

/* Names, whatever folder they are in. */
static const struct row names[] = {
    { "rpmdb.sqlite", OV_LOOK_RPM },
    { "rpmdb.sqlite-wal", OV_LOOK_CHANGES },
    { "rpmdb.sqlite-journal", OV_LOOK_CHANGES },
    { "kextpolicy", OV_LOOK_DATABASE },
    { "kextpolicy-wal", OV_LOOK_CHANGES },
    { "kextpolicy-journal", OV_LOOK_CHANGES },
    { "tcc.db", OV_LOOK_DATABASE },
    { "tcc.db-wal", OV_LOOK_CHANGES },
    { "tcc.db-journal", OV_LOOK_CHANGES },
    { "extensions.json", OV_LOOK_ADDONS },
    { "info.plist", OV_LOOK_PLIST },
    { "ntuser.dat", OV_LOOK_HIVE },
    { "usrclass.dat", OV_LOOK_HIVE },
    { "cert9.db", OV_LOOK_CERTIFICATES },
    { "cert8.db", OV_LOOK_CERTIFICATES },
    { "cacerts", OV_LOOK_CERTIFICATES },
    { "dockerfile", OV_LOOK_TEXT },
    { "containerfile", OV_LOOK_TEXT },
    { "hosts", OV_LOOK_TEXT },
    { ".bash_history", OV_LOOK_TEXT },
    { ".zsh_history", OV_LOOK_TEXT },
    { ".wget-hsts", OV_LOOK_TEXT },
    { "sitesecurityservicestate.txt", OV_LOOK_TEXT },
};

static const struct row extensions[] = {
    { "keychain", OV_LOOK_CERTIFICATES },
    { "keychain-db", OV_LOOK_CERTIFICATES },
    { "apk", OV_LOOK_APK },
    { "msi", OV_LOOK_MSI },
    { "msp", OV_LOOK_MSI },
    { "luks", OV_LOOK_KIND },
    { "img", OV_LOOK_KIND },
    { "iso", OV_LOOK_KIND },
    { "dmg", OV_LOOK_KIND },
    { "vhd", OV_LOOK_KIND },
    { "vhdx", OV_LOOK_KIND },
    { "vmdk", OV_LOOK_KIND },
    { "vdi", OV_LOOK_KIND },
    { "qcow2", OV_LOOK_KIND },
    { "sparseimage", OV_LOOK_KIND },
    { "squashfs", OV_LOOK_KIND },
    { "wim", OV_LOOK_KIND },
    { "vpc", OV_LOOK_KIND },
    { "qed", OV_LOOK_KIND },
    { "raw", OV_LOOK_KIND },
    { "e01", OV_LOOK_KIND },
    { "hc", OV_LOOK_SEALED },
    { "tc", OV_LOOK_SEALED },
};

/* Ends of paths, where the folder says as much as the name. */
static const struct row ends[] = {
    { "system32/config/software", OV_LOOK_HIVE },
    { "system32/config/system", OV_LOOK_HIVE },
    { "system32/config/default", OV_LOOK_HIVE },
    /* What winget itself installed, of each source; its lists of all there is are index.db. */
    { "_8wekyb3d8bbwe/installed.db", OV_LOOK_DATABASE },
    { "_8wekyb3d8bbwe/installed.db-wal", OV_LOOK_CHANGES },
};

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static bool ends_with(const char *path, size_t len, const char *end)
{
    const size_t end_len = strlen(end);

    return len >= end_len && strcasecmp(path + len - end_len, end) == 0;
}

static enum ov_look by_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; i < COUNT(names); i++) {
        if ((name[0] | 0x20) == (names[i].pattern[0] | 0x20)
                && strcasecmp(name, names[i].pattern) == 0) {
            return names[i].look;
        }
    }
    for (size_t i = 0; dot != NULL && i < COUNT(extensions); i++) {
        if ((dot[1] | 0x20) == extensions[i].pattern[0]
                && strcasecmp(dot + 1, extensions[i].pattern) == 0) {
            return extensions[i].look;
        }
    }
    return OV_LOOK_NONE;
}

/* Certificates by name are read where they are trusted; elsewhere (a program's examples and test
 * data are full of them) only when everything is read. */
static bool is_trust_place(const char *path)
{
    static const char *const places[] = { "etc/ssl/", "etc/pki/", "etc/ca-certificates/",
        "usr/share/ca-certificates/", "usr/local/share/ca-certificates/", "usr/share/pki/",
        "etc/security/cacerts/", "data/misc/user/0/cacerts-added/", "/security/cacerts/",
        "usr/local/etc/ssl/", "/data/cert/", ".pki/" };

    for (size_t i = 0; i < COUNT(places); i++) {
        if (strcasestr(path, places[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_certificate(const char *path)
{
    static const char *const endings[] = { "pem", "crt", "cer", "der", "p7b", "jks", "0" };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < COUNT(endings); i++) {
        if (strcasecmp(dot + 1, endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_job(const char *path)
{
    return strcasestr(path, "library/launchdaemons/") != NULL
           || strcasestr(path, "library/launchagents/") != NULL;
}

enum ov_look ov_look_of_path(const char *path, bool deep)
{
    const size_t len = strlen(path);
    const char *slash = strrchr(path, '/');
    enum ov_look look = by_name(slash == NULL ? path : slash + 1);

    if (look != OV_LOOK_NONE) {
        return look == OV_LOOK_KIND && deep ? OV_LOOK_DEEP : look; /* some can be looked into */
    }
    for (size_t i = 0; i < COUNT(ends); i++) {
        if (ends_with(path, len, ends[i].pattern)) {
            return ends[i].look;
        }
    }
    if (is_certificate(path) && (deep || is_trust_place(path))) {
        return OV_LOOK_CERTIFICATES;
    }
    if (ends_with(path, len, ".plist") && is_job(path)) {
        return OV_LOOK_PLIST;
    }
    if (ends_with(path, len, ".sys") && strcasestr(path, "system32/drivers/") != NULL) {
        return OV_LOOK_PROGRAM;
    }
    for (size_t i = 0; i < COUNT(paths); i++) {
        if ((path[0] | 0x20) == paths[i].pattern[0]
                && fnmatch(paths[i].pattern, path, FNM_CASEFOLD) == 0) {
            return paths[i].look;
        }
    }
    return deep ? OV_LOOK_DEEP : OV_LOOK_NONE;
}

#define HEX_DIGITS 64u

bool ov_is_image_layer(const char *path)
{
    const char *slash = strrchr(path, '/');
    const size_t hex = strspn(path, "0123456789abcdef");

    return strncmp(path, "blobs/sha256/", 13) == 0
           || (slash != NULL && strcmp(slash, "/layer.tar") == 0)
           || (hex == HEX_DIGITS && (path[hex] == '\0' || strncmp(path + hex, ".tar", 4) == 0));
}

const char *ov_look_name(enum ov_look look)
{
    static const char *const table[OV_LOOK_LAST + 1] = {
        [OV_LOOK_NONE] = "names",
        [OV_LOOK_KIND] = "large files",
        [OV_LOOK_DPKG] = "dpkg database",
        [OV_LOOK_ALPINE] = "Alpine database",
        [OV_LOOK_RPM] = "RPM database",
        [OV_LOOK_HIVE] = "registry hives",
        [OV_LOOK_PLIST] = "property lists",
        [OV_LOOK_APK] = "Android packages",
        [OV_LOOK_PROGRAM] = "programs",
        [OV_LOOK_CERTIFICATES] = "certificate stores",
        [OV_LOOK_TEXT] = "configuration",
        [OV_LOOK_ADDONS] = "browser add-ons",
        [OV_LOOK_USERS] = "users and groups",
        [OV_LOOK_ANDROID] = "Android package list",
        [OV_LOOK_IMAGE] = "image manifests",
        [OV_LOOK_ARCHIVE] = "archives",
        [OV_LOOK_DEEP] = "file content",
        [OV_LOOK_SEALED] = "encrypted volumes",
        [OV_LOOK_HIVE_LOGS] = "registry hives",
        [OV_LOOK_MSI] = "installer packages",
        [OV_LOOK_DPKG_CONTROL] = "dpkg database",
        [OV_LOOK_PACMAN] = "pacman database",
        [OV_LOOK_DATABASE] = "other databases",
        [OV_LOOK_CHANGES] = "database logs",
        [OV_LOOK_UNKNOWN] = "other package databases",
    };

    return table[look];
}
