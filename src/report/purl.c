/* SPDX-License-Identifier: Apache-2.0 */
/* purl.c - a finding's package as a package URL (the purl specification), where a package database
 * told of it. The evidence says "MANAGER package NAME VERSION ARCHITECTURE, STATE". */
#include <stdio.h>
#include <string.h>

#include "report/prohibited.h"

static const struct {
    const char *manager, *type;
} types[] = {
    { "dpkg", "deb" },
    { "rpm", "rpm" },
    { "apk", "apk" },
    { "pacman", "alpm" },
};

static const char *type_of(const char *manager)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strcmp(types[i].manager, manager) == 0) {
            return types[i].type;
        }
    }
    return NULL;
}

static void put_encoded(struct ov_buf *out, const char *text, bool lower)
{
    static const char plain[] =
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_~";

    for (; *text != '\0'; text++) {
        if (strchr(plain, *text) == NULL) {
            ov_buf_printf(out, "%%%02X", (unsigned char)*text);
        } else {
            ov_buf_put_u8(out,
                    (uint8_t)(lower && *text >= 'A' && *text <= 'Z' ? *text + ('a' - 'A') : *text));
        }
    }
}

/* "Debian GNU/Linux 12" is "debian". */
static void put_distribution(struct ov_buf *out, const char *os)
{
    char word[64];

    (void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(os, " "), os);
    put_encoded(out, word[0] == '\0' ? "linux" : word, true);
}

bool ov_prohibited_purl(
        struct ov_buf *out, const struct ov_prohibited_report *r, const struct ov_found *found)
{
    char word[32], name[512], version[512], arch[128];

    for (size_t i = 0; i < found->clue_count; i++) {
        const struct ov_clue *clue = &found->clues[i];

        if (strcmp(clue->kind, "package") != 0
                || sscanf(clue->detail, "%31s package %511s %511s %127[^ ,]", word, name, version,
                           arch)
                           != 4
                || type_of(word) == NULL) {
            continue;
        }
        ov_buf_printf(out, "pkg:%s/", type_of(word));
        put_distribution(out, r->survey->hosts[found->host].os);
        ov_buf_put_u8(out, '/');
        put_encoded(out, name, true);
        ov_buf_put_u8(out, '@');
        put_encoded(out, version, false);
        ov_buf_put_text(out, "?arch=");
        put_encoded(out, arch, false);
        return true;
    }
    return false;
}
