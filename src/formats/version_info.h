/* SPDX-License-Identifier: Apache-2.0 */
/* version_info.h - where the strings of a program's version information begin. */
#ifndef OV_FORMATS_VERSION_INFO_H
#define OV_FORMATS_VERSION_INFO_H

#include "base/budget.h"
#include "base/reason.h"
#include "base/source.h"

/* Programs have a dozen a language. */
#define OV_VERSION_PLACES_MAX 1024u

struct ov_version_places {
    uint64_t at[OV_VERSION_PLACES_MAX]; /* of the first byte of a key */
    uint32_t count;
};

/* NONE: these are all. Otherwise there may be more. */
enum ov_reason ov_version_places_find(
        struct ov_source *source, struct ov_budget *budget, struct ov_version_places *out);

#endif
