/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - how the parsers of executables set facts: by the names that YARA has for them.
 *
 * A layer over facts/tree.h for parsers that say the same fields in several places (a Mach-O file
 * alone or in a fat one, a certificate in four arrays), which numbers of fields cannot. A name
 * that the structure does not have is our bug: an assertion. */
#ifndef OV_FORMATS_SAY_H
#define OV_FORMATS_SAY_H

#include "facts/tree.h"
#include "formats/image.h"

#define OV_SAY_NAMES 64u

struct ov_say {
    struct ov_fact_tree *tree; /* borrowed */
    struct ov_say_name {       /* what was looked up last */
        const char *name;
        uint16_t parent;
        uint16_t field;
    } priv_names[OV_SAY_NAMES];
};

/* A structure whose fields are being said. */
struct ov_spot {
    ov_fact_node node; /* 0: nothing more is kept, what is said of it goes nowhere */
    uint16_t field;    /* enum ov_field */
};

/* Gives the module's own structure. */
struct ov_spot ov_say_begin(struct ov_say *say, struct ov_fact_tree *tree, enum ov_field module);

void ov_say_int(struct ov_say *say, struct ov_spot at, const char *field, uint64_t value);
void ov_say_text(struct ov_say *say, struct ov_spot at, const char *field, struct ov_bytes value);
void ov_say_name(struct ov_say *say, struct ov_spot at, const char *field, const char *value);
/* Bytes of the object, however many; nothing, if they are not all there. */
void ov_say_part(struct ov_say *say, struct ov_spot at, const char *field,
        const struct ov_image *image, uint64_t offset, uint64_t len);

/* A structure inside a structure; the index-th structure of an array; items of arrays. */
struct ov_spot ov_say_in(struct ov_say *say, struct ov_spot at, const char *field);
struct ov_spot ov_say_item(
        struct ov_say *say, struct ov_spot at, const char *array, uint64_t index);
void ov_say_item_int(
        struct ov_say *say, struct ov_spot at, const char *array, uint64_t index, uint64_t value);
void ov_say_item_text(struct ov_say *say, struct ov_spot at, const char *array, uint64_t index,
        struct ov_bytes value);
void ov_say_item_part(struct ov_say *say, struct ov_spot at, const char *array, uint64_t index,
        const struct ov_image *image, uint64_t offset, uint64_t len);

/* Charges work that says nothing. False: there is no more to be had, stop. */
OV_MUST_CHECK bool ov_say_work(struct ov_say *say, uint64_t steps);
bool ov_say_stopped(const struct ov_say *say);

#endif
