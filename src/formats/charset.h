/* SPDX-License-Identifier: Apache-2.0 */
/* charset.h - the character set libarchive takes us to use. */
#ifndef OV_FORMATS_CHARSET_H
#define OV_FORMATS_CHARSET_H

#include <stdbool.h>

/* True, always; asked so that charset.c is part of the program. */
bool ov_charset_is_utf8(void);

#endif
