/* SPDX-License-Identifier: Apache-2.0 */
/* dotnet_types.h - the names of .NET types as a C# programmer would write them. For src/formats.
 *
 * Text is made in one buffer, in which a caller may keep what was made before: each function
 * appends, and on failure leaves the text as it was. */
#ifndef OV_FORMATS_DOTNET_TYPES_H
#define OV_FORMATS_DOTNET_TYPES_H

#include "formats/dotnet_layout.h"
#include "formats/say.h"

/* One text: YARA has no bound, honest types stay below 1 KiB. */
#define OV_CLR_TEXT_BYTES (256u * 1024u)

struct ov_clr_text {
    struct ov_say *say; /* pays */
    size_t len;
    bool full; /* OV_CLR_TEXT_BYTES did not suffice */
    uint8_t at[OV_CLR_TEXT_BYTES];
};

/* Names of a class's or a method's generic parameters, in order. */
struct ov_clr_names {
    const struct ov_clr_part *at;
    uint32_t count;
};

/* Where the names of rows are found: rows of a table, sorted by what they belong to. */
struct ov_clr_owned {
    uint32_t owner;
    uint32_t row; /* from 1 */
};
struct ov_clr_owners {
    struct ov_clr_owned *at; /* owned */
    uint32_t count;
};

struct ov_clr_types {
    const struct ov_clr *clr;
    struct ov_clr_text *text;
    struct ov_clr_owners enclosing; /* rows of NestedClass by the nested class */
};

/* A signature being read: bytes of a blob. */
struct ov_clr_signature {
    uint64_t at;
    uint32_t left;
};

/* The first row that `owner` has, as an index into owners->at; count: none. */
uint32_t ov_clr_first_owned(const struct ov_clr_owners *owners, uint32_t owner);

void ov_clr_put(struct ov_clr_text *text, const void *at, size_t len);
bool ov_clr_put_part(const struct ov_clr *clr, struct ov_clr_text *text, struct ov_clr_part part);

/* II.23.2: compressed numbers. 0 and nothing read: too few bytes, or no number. */
uint32_t ov_clr_read_number(const struct ov_clr *clr, struct ov_clr_signature *signature);
/* The same with the sign in the lowest bit. */
int32_t ov_clr_read_signed(const struct ov_clr *clr, struct ov_clr_signature *signature);
uint8_t ov_clr_read_byte(const struct ov_clr *clr, struct ov_clr_signature *signature);

/* Appends NAME, or NAMESPACE.NAME up to the first backtick, behind what is at `from`: the enclosing
 * name, of which *there says if it exists. */
void ov_clr_join(const struct ov_clr_types *types, size_t from, bool *there, uint32_t name);

/* Appends the full name of what encloses a nested class. False: nothing does. */
bool ov_clr_enclosing(const struct ov_clr_types *types, uint32_t nested);

/* Appends the name of a coded index TypeDefOrRef. False: it has none. */
OV_MUST_CHECK bool ov_clr_type_name(
        const struct ov_clr_types *types, uint32_t coded, struct ov_clr_names class_names);

/* Appends a type out of a signature. False: it is none; the signature has moved on all the same. */
OV_MUST_CHECK bool ov_clr_type(const struct ov_clr_types *types, struct ov_clr_signature *signature,
        struct ov_clr_names class_names, struct ov_clr_names method_names);

bool ov_clr_is_nested(uint32_t type_flags);

#endif
