/* SPDX-License-Identifier: Apache-2.0 */
/* places.c - package managers whose database is the names of folders: snap, flatpak, Portage,
 * Slackware, Homebrew, Nix. A name says which package, in which version. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "prohibited/looker.h"

/* How a name is cut into package and version. */
enum cut {
    CUT_NONE,    /* NAME */
    CUT_SNAP,    /* NAME_REVISION.snap */
    CUT_DIGIT,   /* NAME-VERSION: from the first dash before a digit (Portage, Nix) */
    CUT_BEHIND3, /* NAME-VERSION-ARCH-BUILD: three dashes from the end (Slackware) */
    CUT_FOLDER,  /* NAME/VERSION */
    CUT_HASHED   /* HASH-NAME-VERSION: without the hash, then as CUT_DIGIT */
};

static const struct {
    const char *pattern; /* of a path from a system's root; a star stays in its part */
    const char *manager;
    enum cut cut;
} places[] = {
    { "/var/lib/snapd/snaps/*.snap", "snap", CUT_SNAP },
    { "/snap/*/[0-9]*", "snap", CUT_FOLDER },
    { "/var/lib/flatpak/app/*", "flatpak", CUT_NONE },
    { "/home/*/.local/share/flatpak/app/*", "flatpak", CUT_NONE },
    { "/root/.local/share/flatpak/app/*", "flatpak", CUT_NONE },
    { "/var/db/pkg/*/*", "Portage", CUT_DIGIT },
    { "/var/lib/pkgtools/packages/*", "Slackware", CUT_BEHIND3 },
    { "/var/log/packages/*", "Slackware", CUT_BEHIND3 },
    { "/usr/local/Cellar/*/*", "Homebrew", CUT_FOLDER },
    { "/opt/homebrew/Cellar/*/*", "Homebrew", CUT_FOLDER },
    { "/home/linuxbrew/.linuxbrew/Cellar/*/*", "Homebrew", CUT_FOLDER },
    { "/usr/local/Caskroom/*/*", "Homebrew", CUT_FOLDER },
    { "/opt/homebrew/Caskroom/*/*", "Homebrew", CUT_FOLDER },
    { "/nix/store/*-*", "Nix", CUT_HASHED },
};

#define PLACES (sizeof(places) / sizeof(places[0]))

/* Where the dash before a version is; NULL: none. */
static char *version_dash(char *name)
{
    for (char *dash = strchr(name, '-'); dash != NULL; dash = strchr(dash + 1, '-')) {
        if (dash[1] >= '0' && dash[1] <= '9') {
            return dash;
        }
    }
    return NULL;
}

/* The last part, or the one before it. */
static const char *part_from_end(const char *path, unsigned count)
{
    const char *at = path + strlen(path);

    while (at > path && (at[0] != '/' || --count != 0)) {
        at--;
    }
    return at + (at[0] == '/');
}

/* Cuts `name` (its own memory) in two. Gives the version, "" for none. */
static const char *cut_name(char *name, enum cut cut)
{
    static const char none[] = "";
    char *at = NULL;

    switch (cut) {
    case CUT_NONE:
        return none;
    case CUT_SNAP:
        at = strrchr(name, '.');
        if (at != NULL) {
            *at = '\0';
        }
        at = strrchr(name, '_');
        break;
    case CUT_HASHED:
    case CUT_DIGIT:
        at = version_dash(name);
        break;
    case CUT_BEHIND3:
        at = strrchr(name, '-');
        for (int i = 0; i < 2 && at != NULL; i++) {
            *at = '\0';
            at = strrchr(name, '-');
        }
        break;
    case CUT_FOLDER:
        at = strchr(name, '/');
        break;
    }
    if (at == NULL) {
        return none;
    }
    *at = '\0';
    return at + 1;
}

static void take(struct ov_looker *l, const struct ov_named *named, size_t which)
{
    char name[OV_NAME_BYTES_MAX], detail[OV_NAME_BYTES_MAX + 64];
    const char *part = part_from_end(named->path, places[which].cut == CUT_FOLDER ? 2 : 1);
    const char *version;

    if (places[which].cut == CUT_HASHED) {
        part += strcspn(part, "-") + 1;
    }
    (void)snprintf(name, sizeof(name), "%s", part);
    version = cut_name(name, places[which].cut);
    (void)snprintf(detail, sizeof(detail), "%s package %.4000s %.1000s", places[which].manager,
            name, version);
    ov_look_package(l, name,
            &(struct ov_sighting){ .where = named->where,
                    .detail = detail,
                    .version = version,
                    .version_rank = 6,
                    .most = OV_STATE_INSTALLED });
}

void ov_look_package_place(struct ov_looker *l, const struct ov_named *named)
{
    for (size_t i = 0; i < PLACES; i++) {
        const size_t literal = strcspn(places[i].pattern, "*");

        if (strncmp(places[i].pattern, named->path, literal) == 0
                && fnmatch(places[i].pattern, named->path, FNM_PATHNAME | FNM_NOESCAPE) == 0) {
            take(l, named, i);
            return;
        }
    }
}
