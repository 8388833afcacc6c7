/* SPDX-License-Identifier: Apache-2.0 */
/* hashes.c - digests of objects, of sections and of imports, and the allow lists. */
#include "base/checked.h"
#include "rules/clamav/reader.h"

#define ANY_SIZE_LEVEL 73u /* from this level on, a size may be `*` */

static bool read_digest(struct line *line, struct ov_bytes hex, struct ov_hash_rule *out)
{
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if (ov_bytes_len(hex) == 2 * ov_digest_bytes((enum ov_digest_kind)kind)) {
            out->kind = (enum ov_digest_kind)kind;
            return read_hex(hex, out->digest) || refuse(line, "the digest is not hexadecimal");
        }
    }
    return refuse(line, "a digest has 32, 40 or 64 hexadecimal digits");
}

static bool read_size(struct line *line, struct ov_bytes text, struct ov_hash_rule *out)
{
    uint64_t level;

    if (!is_text(text, "*")) {
        out->has_size = true;
        return (read_number(text, UINT32_MAX - 1u, &out->size) && out->size != 0)
               || refuse(line, "the size is no number from 1 to 4294967294");
    }
    return out->domain == OV_HASH_IMPORT
           || (line->field_count >= 4 && read_number(line->fields[3], UINT32_MAX, &level)
                   && level >= ANY_SIZE_LEVEL)
           || refuse(line, "a hash without a size needs a level of %u or more", ANY_SIZE_LEVEL);
}

static void read_hash(struct line *line, enum ov_hash_domain domain, bool pua)
{
    struct ov_hash_rule rule = { .domain = domain };
    const bool size_first = domain == OV_HASH_SECTION;
    uint8_t room[SHOWN_NAME_BYTES_MAX];

    if (!split(line, ':')) {
        return;
    }
    if (line->field_count < 3 || line->field_count > 5) {
        (void)refuse(line, "it has %zu fields instead of 3 to 5", line->field_count);
        return;
    }
    line->name = line->fields[2];
    if (!check_levels(line, 3) || !read_digest(line, line->fields[size_first ? 1 : 0], &rule)
            || !read_size(line, line->fields[size_first ? 0 : 1], &rule)
            || !take_name_into(line, line->fields[2], pua, room, &rule.name)) {
        return;
    }
    if (domain == OV_HASH_TRUST && line->clam->fips_limits && rule.kind != OV_DIGEST_SHA256) {
        (void)skip(line); /* others may be made to have the same digest */
        return;
    }
    if (!ov_hash_set_add(&line->clam->set->hashes, &rule)) {
        (void)no_memory(line);
        return;
    }
    line->clam->set->clam |= domain != OV_HASH_FILE;
}

void hash_of_any_size(struct line *line, struct ov_bytes digest, struct ov_bytes name)
{
    struct ov_hash_rule rule = { .domain = OV_HASH_FILE };
    uint8_t room[SHOWN_NAME_BYTES_MAX];

    line->name = name;
    if (!read_digest(line, digest, &rule) || !take_name_into(line, name, false, room, &rule.name)) {
        return;
    }
    if (!ov_hash_set_add(&line->clam->set->hashes, &rule)) {
        (void)no_memory(line);
    }
}

void line_hash(struct line *line)
{
    read_hash(line, OV_HASH_FILE, false);
}

void line_hash_pua(struct line *line)
{
    read_hash(line, OV_HASH_FILE, true);
}

void line_section_hash(struct line *line)
{
    read_hash(line, OV_HASH_SECTION, false);
}

void line_section_hash_pua(struct line *line)
{
    read_hash(line, OV_HASH_SECTION, true);
}

void line_import_hash(struct line *line)
{
    read_hash(line, OV_HASH_IMPORT, false);
}

void line_trust(struct line *line)
{
    read_hash(line, OV_HASH_TRUST, false);
}

/* --- signatures that are not wanted ----------------------------------------------------------- */

static void ignore(
        struct line *line, struct ov_names *names, struct ov_bytes space, struct ov_bytes name)
{
    uint32_t *value = ov_names_add(names, space, name);

    if (value == NULL) {
        (void)no_memory(line);
        return;
    }
    *value = 1;
}

/* The names are those of the database, without what we append to them. */
static struct ov_bytes plain_name(struct ov_bytes name)
{
    return ends(name, ".UNOFFICIAL") ? part(name, 0, ov_bytes_len(name) - 11) : name;
}

void line_ignore(struct line *line)
{
    if (!split(line, ':')) {
        return;
    }
    if (line->field_count != 3) {
        (void)refuse(line, "it has %zu fields instead of 3", line->field_count);
        return;
    }
    ignore(line, &line->clam->ignored, ov_bytes_of("", 0), plain_name(line->fields[2]));
}

void line_ignore2(struct line *line)
{
    struct ov_bytes digest;

    if (!split(line, ':')) {
        return;
    }
    if (line->field_count == 1) {
        ignore(line, &line->clam->ignored, ov_bytes_of("", 0), plain_name(line->fields[0]));
        return;
    }
    if (line->field_count != 2 || ov_bytes_len(line->fields[1]) != 32) {
        (void)refuse(line, "behind a name stands the MD5 of a line, or nothing");
        return;
    }
    if (read_hex_copy(line, line->fields[1], &digest)) {
        ignore(line, &line->clam->ignored_lines, plain_name(line->fields[0]), digest);
    }
}
