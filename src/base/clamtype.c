/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clamtype.h"

#include <string.h>

static const char *const names[OV_CLAM_TYPE_COUNT] = {
#define X(name) [OV_CLAM_##name] = "CL_TYPE_" #name,
    OV_CLAM_TYPES(X)
#undef X
};

const char *ov_clam_type_name(enum ov_clam_type type)
{
    return (unsigned)type < OV_CLAM_TYPE_COUNT ? names[type] : "";
}

bool ov_clam_type_of(struct ov_bytes name, enum ov_clam_type *out)
{
    for (unsigned i = 0; i < OV_CLAM_TYPE_COUNT; i++) {
        if (ov_bytes_equal(name, names[i], strlen(names[i]))) {
            *out = (enum ov_clam_type)i;
            return true;
        }
    }
    return false;
}

enum ov_clam_target ov_clam_target_of(enum ov_clam_type type)
{
    switch ((unsigned)type) {
    case OV_CLAM_MSEXE:
        return OV_TARGET_PE;
    case OV_CLAM_MSOLE2:
        return OV_TARGET_OLE2;
    case OV_CLAM_HTML:
        return OV_TARGET_HTML;
    case OV_CLAM_MAIL:
        return OV_TARGET_MAIL;
    case OV_CLAM_GRAPHICS:
    case OV_CLAM_GIF:
    case OV_CLAM_PNG:
    case OV_CLAM_JPEG:
    case OV_CLAM_TIFF:
        return OV_TARGET_GRAPHICS;
    case OV_CLAM_ELF:
        return OV_TARGET_ELF;
    case OV_CLAM_TEXT_ASCII:
        return OV_TARGET_TEXT;
    case OV_CLAM_MACHO:
    case OV_CLAM_MACHO_UNIBIN:
        return OV_TARGET_MACHO;
    case OV_CLAM_PDF:
        return OV_TARGET_PDF;
    case OV_CLAM_SWF:
        return OV_TARGET_FLASH;
    case OV_CLAM_JAVA:
        return OV_TARGET_JAVA;
    case OV_CLAM_INTERNAL:
        return OV_TARGET_INTERNAL;
    default:
        return OV_TARGET_OTHER;
    }
}
