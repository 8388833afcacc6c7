/* SPDX-License-Identifier: Apache-2.0 */
/* tdb.c - the second field of a logical signature: `Key:Value,...`, about the object itself. */
#include "base/checked.h"
#include "rules/clamav/reader.h"

#define LEVEL_WITH_KEYS 51u /* keys other than Engine and Target need this level */

struct tdb {
    struct logical *logical;
    struct ov_expr **parts;
    size_t count;
    bool has_target;
    bool has_engine;
    bool needs_level;
    uint64_t level_min;
    uint64_t entry_min, entry_max;
    uint64_t sections_min, sections_max;
    bool has_entry, has_sections;
    bool has_handler;
    enum ov_clam_type handler;
};

static bool add(struct tdb *tdb, struct ov_expr *part)
{
    if (part == NULL) {
        return false;
    }
    if (tdb->count == TDB_PARTS_MAX) {
        return refuse(tdb->logical->line, "it asks too much of its object");
    }
    tdb->parts[tdb->count++] = part;
    return true;
}

static bool read_engine(struct tdb *tdb, struct ov_bytes value)
{
    struct line *line = tdb->logical->line;
    uint64_t min, max;

    if (!read_range(value, &min, &max)) {
        return refuse(line, "Engine wants two numbers");
    }
    tdb->has_engine = true;
    tdb->level_min = min;
    return (min <= OV_CLAM_LEVEL && OV_CLAM_LEVEL <= max) || skip(line);
}

static bool read_target(struct tdb *tdb, struct ov_bytes value)
{
    tdb->has_target = true;
    return target_read(tdb->logical->line, value, &tdb->logical->target)
           && add(tdb,
                   ex_object(tdb->logical->line, OV_FACT_TARGET, (uint32_t)tdb->logical->target));
}

static bool read_file_size(struct tdb *tdb, struct ov_bytes value)
{
    struct line *line = tdb->logical->line;
    uint64_t min, max;

    if (!read_range(value, &min, &max)) {
        return refuse(line, "FileSize wants two numbers");
    }
    return add(tdb, ex_within(line, ex_object(line, OV_FACT_FILE_SIZE, 0), min, max));
}

static bool read_entry(struct tdb *tdb, struct ov_bytes value)
{
    struct line *line = tdb->logical->line;
    uint64_t min, max;

    if (!read_range(value, &min, &max)) {
        return refuse(line, "EntryPoint wants two numbers");
    }
    tdb->has_entry = true;
    return add(tdb, ex_within(line, ex_object(line, OV_FACT_ENTRY, 0), min, max));
}

static bool read_sections(struct tdb *tdb, struct ov_bytes value)
{
    struct line *line = tdb->logical->line;
    uint64_t min, max;

    if (!read_range(value, &min, &max)) {
        return refuse(line, "NumberOfSections wants two numbers");
    }
    tdb->has_sections = true;
    return add(tdb, ex_within(line, ex_object(line, OV_FACT_SECTION_COUNT, 0), min, max));
}

static bool read_type(struct tdb *tdb, struct ov_bytes value, enum ov_clam_type *out)
{
    return ov_clam_type_of(value, out) || skip(tdb->logical->line);
}

static bool read_container(struct tdb *tdb, struct ov_bytes value)
{
    enum ov_clam_type type;

    return read_type(tdb, value, &type)
           && add(tdb, ex_object(tdb->logical->line, OV_FACT_CONTAINER, (uint32_t)type));
}

/* From the right: the direct parent, then what that lies in. As observed, there must be as many layers
 * as are named, but ANY passes over none: what stands before it is about the same layer. */
static bool read_intermediates(struct tdb *tdb, struct ov_bytes value)
{
    uint32_t layer = 0, named = 0;

    while (ov_bytes_len(value) != 0) {
        const uint8_t *raw = ov_bytes_raw(value);
        uint64_t from = ov_bytes_len(value);
        enum ov_clam_type type;

        while (from > 0 && raw[from - 1] != '>') {
            from--;
        }
        if (named++ > 15) {
            return refuse(tdb->logical->line, "more than 16 intermediates");
        }
        if (!read_type(tdb, part(value, from, ov_bytes_len(value)), &type)) {
            return false;
        }
        if (type != OV_CLAM_ANY) {
            if (!add(tdb, ex_object(tdb->logical->line, OV_FACT_LAYER,
                                  (uint32_t)type | layer << OV_FACT_LAYER_SHIFT))) {
                return false;
            }
            layer++;
        }
        value = part(value, 0, from == 0 ? 0 : from - 1);
    }
    return named == layer
           || add(tdb, ex_object(tdb->logical->line, OV_FACT_LAYER,
                               (uint32_t)OV_CLAM_ANY | (named - 1) << OV_FACT_LAYER_SHIFT));
}

static bool read_icon(struct tdb *tdb, struct ov_bytes value)
{
    (void)value;
    return refuse(tdb->logical->line, "icons are not compared");
}

static bool read_handler(struct tdb *tdb, struct ov_bytes value)
{
    tdb->has_handler = true;
    return read_type(tdb, value, &tdb->handler);
}

/* ClamAV looks at the object once more as another type. As observed, its second look finds the
 * signature again, if that is for any type or for the other one, and reports it then. */
static bool check_handler(const struct tdb *tdb)
{
    const enum ov_clam_target target = tdb->logical->target;

    return !tdb->has_handler || target == OV_TARGET_ANY || target == ov_clam_target_of(tdb->handler)
           || refuse(tdb->logical->line, "as the type of its HandlerType it is for no such object");
}

static const struct {
    const char *key;
    bool plain; /* does without a level */
    bool (*read)(struct tdb *tdb, struct ov_bytes value);
} keys[] = {
    { "Engine", true, read_engine },
    { "Target", true, read_target },
    { "FileSize", false, read_file_size },
    { "EntryPoint", false, read_entry },
    { "NumberOfSections", false, read_sections },
    { "Container", false, read_container },
    { "Intermediates", false, read_intermediates },
    { "IconGroup1", false, read_icon },
    { "IconGroup2", false, read_icon },
    { "HandlerType", false, read_handler },
};

static bool read_pair(struct tdb *tdb, struct ov_bytes pair)
{
    const uint64_t colon = find_byte(pair, ':');
    struct ov_bytes key = part(pair, 0, colon);

    if (colon == ov_bytes_len(pair)) {
        return refuse(tdb->logical->line, "its second field is no list of Key:Value");
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (is_text(key, keys[i].key)) {
            tdb->needs_level |= !keys[i].plain;
            return keys[i].read(tdb, part(pair, colon + 1, ov_bytes_len(pair)));
        }
    }
    return skip(tdb->logical->line);
}

bool tdb_read(struct logical *logical, struct ov_bytes text, struct ov_expr **parts, size_t *count)
{
    struct tdb tdb = { .logical = logical, .parts = parts };
    struct line *line = logical->line;

    for (;;) {
        const uint64_t comma = find_byte(text, ',');

        if (!read_pair(&tdb, part(text, 0, comma))) {
            return false;
        }
        if (comma == ov_bytes_len(text)) {
            break;
        }
        text = part(text, comma + 1, ov_bytes_len(text));
    }
    if (!tdb.has_target) {
        return refuse(line, "it names no Target");
    }
    if (tdb.needs_level && (!tdb.has_engine || tdb.level_min < LEVEL_WITH_KEYS)) {
        return refuse(line, "what it asks of its object needs Engine:%u or more", LEVEL_WITH_KEYS);
    }
    if ((tdb.has_entry || tdb.has_sections) && logical->target != OV_TARGET_PE
            && logical->target != OV_TARGET_ELF && logical->target != OV_TARGET_MACHO) {
        return refuse(line, "only targets 1, 6 and 9 have sections and entry points");
    }
    *count = tdb.count;
    return check_handler(&tdb);
}
