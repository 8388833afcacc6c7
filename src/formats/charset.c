/* SPDX-License-Identifier: Apache-2.0 */
/* charset.c - names come out of libarchive as UTF-8, whatever the locale.
 *
 * libarchive asks nl_langinfo for the locale's character set. A worker has no locale (its files are
 * out of reach), so the answer would be ASCII and every other letter of a 7z or iso9660 name would
 * become a question mark. Names are evidence: this answer takes the C library's place, and with it
 * libarchive converts UTF-16 by itself and leaves bytes of unknown meaning as they are.
 */
#include "formats/charset.h"

#include <langinfo.h>
#include <stdbool.h>

__attribute__((visibility("default"))) char *nl_langinfo(nl_item item)
{
    static char utf8[] = "UTF-8";
    static char nothing[] = "";

    return item == CODESET ? utf8 : nothing;
}

bool ov_charset_is_utf8(void)
{
    return true;
}
