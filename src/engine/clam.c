/* SPDX-License-Identifier: Apache-2.0 */
/* clam.c - the object under way as ClamAV sees it, and the hashes of its sections. Runs only with
 * a database that has signatures of ClamAV's. */
#include <stdlib.h>

#include "base/attr.h"
#include "base/checked.h"
#include "engine/walk.h"
#include "facts/pe_spell.h"
#include "formats/facts.h"
#include "formats/peek.h"
#include "formats/picture.h"

#define PIECE_BYTES (64u * OV_KIB)
#define PE32_MAGIC  0x10b

#define ELF_HEADER_BYTES 64u

bool ov_clam_is_text(enum ov_clam_type type)
{
    return type == OV_CLAM_TEXT_ASCII || type == OV_CLAM_TEXT_UTF8 || type == OV_CLAM_TEXT_UTF16LE
           || type == OV_CLAM_TEXT_UTF16BE;
}

/* Text is held against signatures for text only once it is normalised; everything is held against
 * those for any type. */
static uint32_t targets_of(enum ov_clam_type type)
{
    const uint32_t any = 1u << OV_TARGET_ANY;
    const enum ov_clam_target target = ov_clam_target_of(type);

    return ov_clam_is_text(type) || target == OV_TARGET_OTHER ? any : any | 1u << target;
}

/* What the picture comes to; what is not decoded is told, once somebody asks. */
static bool find_picture(struct ov_clam_object *clam, struct ov_source *source, uint64_t *out)
{
    struct ov_walk *walk = clam->find_payload;

    if (!ov_budget_steps(&walk->budget, source->size)) {
        walk->picture_trouble = OV_REASON_STEPS;
        return false;
    }
    switch (ov_clam_picture_find(source, out)) {
    case OV_PICTURE_DONE:
        return true;
    case OV_PICTURE_NONE:
        return false;
    case OV_PICTURE_OTHER:
        walk->picture_trouble = OV_REASON_UNSUPPORTED;
        return false;
    case OV_PICTURE_TOO_LARGE:
    case OV_PICTURE_MEMORY:
        walk->picture_trouble = OV_REASON_MEMORY;
        return false;
    }
    return false;
}

/* Does a string of the program's version information begin there? */
static bool is_version_place(struct ov_clam_object *clam, struct ov_source *source, uint64_t offset)
{
    struct ov_walk *walk = clam->find_payload;
    const struct ov_version_places *places = &walk->engine->versions;

    if (clam->type != OV_CLAM_MSEXE) {
        return false;
    }
    if (!walk->versions_found) {
        walk->versions_found = true;
        walk->versions_trouble =
                ov_version_places_find(source, &walk->budget, &walk->engine->versions);
    }
    for (uint32_t i = 0; i < places->count; i++) {
        if (places->at[i] == offset) {
            return true;
        }
    }
    return false;
}

/* `inner`: how many of the open objects are around it. */
static void begin(struct ov_walk *walk, enum ov_clam_type type, uint32_t targets, uint32_t inner)
{
    struct ov_clam_object *clam = &walk->engine->clam;

    clam->type = type;
    clam->targets = targets;
    clam->executable_found = false;
    clam->find_executable = ov_clam_executable_find;
    clam->find_picture = find_picture;
    clam->is_member = false;
    clam->picture_found = false;
    if (ov_walk_is_closed(walk->engine, type)) {
        clam->find_executable = NULL;
        clam->find_picture = NULL;
    }
    clam->is_view = false;
    clam->looks_whole = false;
    clam->is_macro = false;
    clam->are_crossed = NULL;
    clam->numbers_counted = false;
    clam->links_judged = false;
    clam->judge_links = ov_walk_links;
    clam->is_version_place = is_version_place;
    walk->versions_found = false;
    walk->versions_trouble = OV_REASON_NONE;
    clam->pcre_bytes_max = walk->engine->pcre_bytes_max;
    clam->pcre_matches_max = walk->engine->pcre_matches_max;
    clam->pcre_depth_max = walk->engine->pcre_depth_max;
    walk->links_trouble = OV_REASON_NONE;
    clam->has_certificate = ov_walk_has_certificate;
    clam->find_payload = walk;
    walk->signers_found = false;
    walk->object_trust = OV_TRUST_UNKNOWN;
    walk->picture_trouble = OV_REASON_NONE;
    clam->depth = inner;
    for (uint32_t i = 0; i < inner && i < OV_DEPTH_MAX; i++) {
        clam->layers[i] = (uint8_t)walk->engine->frames[inner - 1 - i].clam;
    }
}

/* ClamAV counts members from 1, those of 7-Zip from 0, and those of a disc not at all (observed). */
static uint32_t place_in(enum ov_clam_type container, uint32_t place)
{
    return container == OV_CLAM_7Z ? place - 1 : container == OV_CLAM_ISO9660 ? 0 : place;
}

/* What the container says of it, for signatures about members. */
static void take_claims(struct ov_walk *walk, const struct ov_subject *subject)
{
    struct ov_clam_object *clam = &walk->engine->clam;

    if (subject->member == NULL || !subject->member->stored || walk->frame_count == 0) {
        return;
    }
    clam->is_member = true;
    clam->member_place = place_in(walk->engine->frames[walk->frame_count - 1].clam, subject->place);
    clam->member_name = subject->name;
    clam->member = subject->member->claims;
    clam->container_size = walk->engine->frames[walk->frame_count - 1].source.size;
}

/* A program for DOS is no broken one for Windows: there must be a signature where its header says. */
static bool looks_whole(enum ov_clam_type type, struct ov_bytes head)
{
    struct ov_bytes mark;
    uint32_t at;

    if (type != OV_CLAM_MSEXE) {
        return type == OV_CLAM_ELF && ov_bytes_len(head) >= ELF_HEADER_BYTES;
    }
    at = ov_u32le_at(head, 0x3c, UINT32_MAX);
    return ov_bytes_slice(head, at, 4, &mark) && ov_bytes_equal(mark, "PE\0\0", 4);
}

enum ov_clam_type ov_walk_clam_begin(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_bytes head)
{
    const enum ov_clam_type listed = ov_walk_listed_type(walk->engine, head);
    const enum ov_clam_type type = listed == OV_CLAM_ANY ? ov_clam_detect(head) : listed;
    const bool only_views = type == OV_CLAM_HTML && walk->engine->options.inside;

    /* A page is held against signatures in its views alone. */
    begin(walk, type, only_views ? 0 : targets_of(type), walk->frame_count);
    walk->engine->clam.file_size = subject->source->size;
    walk->engine->clam.looks_whole = looks_whole(type, head);
    walk->engine->clam.is_macro = subject->member != NULL && subject->member->macro;
    take_claims(walk, subject);
    return type;
}

enum ov_clam_type ov_walk_clam_layer(enum ov_clam_type type, enum ov_type detected)
{
    static const struct {
        enum ov_type detected;
        enum ov_clam_type type;
    } volumes[] = {
        { OV_TYPE_ISO9660, OV_CLAM_ISO9660 },
        { OV_TYPE_UDF, OV_CLAM_UDF },
        { OV_TYPE_DMG, OV_CLAM_DMG },
        { OV_TYPE_MBR, OV_CLAM_MBR },
        { OV_TYPE_GPT, OV_CLAM_GPT },
        { OV_TYPE_APM, OV_CLAM_APM },
    };

    for (size_t i = 0; type == OV_CLAM_BINARY_DATA && i < sizeof(volumes) / sizeof(volumes[0]);
            i++) {
        if (volumes[i].detected == detected) {
            return volumes[i].type;
        }
    }
    return type;
}

/* A view is the object that it is one of, in another spelling: same size, same place. */
enum ov_clam_type ov_walk_clam_view(struct ov_walk *walk, enum ov_view view)
{
    const struct ov_frame *parent = &walk->engine->frames[walk->frame_count - 1];
    const enum ov_clam_target target = view == OV_VIEW_TEXT ? OV_TARGET_TEXT : OV_TARGET_HTML;

    begin(walk, parent->clam, 1u << OV_TARGET_ANY | 1u << target, walk->frame_count - 1);
    walk->engine->clam.is_view = true;
    walk->engine->clam.file_size = parent->source.size;
    return parent->clam;
}

enum ov_stance ov_walk_clam_stance(const struct ov_engine *engine)
{
    const uint32_t targets = engine->clam.targets;

    if (targets == 0) {
        return OV_STANCE_NONE;
    }
    if ((targets & 1u << OV_TARGET_TEXT) != 0) {
        return OV_STANCE_TEXT;
    }
    return (targets & 1u << OV_TARGET_HTML) != 0 ? OV_STANCE_PAGE : OV_STANCE_FILE;
}

/* The digests of one section that could decide anything. False: the budget is gone, or it could not
 * be read. */
static bool hash_section(struct ov_walk *walk, struct ov_source *source,
        const struct ov_clam_section *section, unsigned wanted)
{
    struct ov_engine *engine = walk->engine;
    uint8_t piece[PIECE_BYTES / 8];
    uint64_t at = section->start, left = section->size;

    if (!ov_budget_steps(&walk->budget, left / 8 + 1)) {
        return false;
    }
    while (left > 0) {
        const size_t want = left < sizeof(piece) ? (size_t)left : sizeof(piece);
        const size_t got = ov_source_read(source, at, piece, want);

        if (got != want) {
            return false;
        }
        for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
            if ((wanted & 1u << kind) != 0) {
                ov_digest_update(engine->digests[kind], ov_bytes_of(piece, got));
            }
        }
        at += got;
        left -= got;
    }
    return true;
}

/* Digests of what a program imports, spelled out; of 32-bit ones alone, as ClamAV. */
void ov_walk_clam_imports(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_hit_payload *hit)
{
    OV_CLEANUP(ov_fact_tree_free_at) struct ov_fact_tree *tree = NULL;
    auto_free struct ov_pages *pages = NULL;
    const struct ov_db_view *view = walk->engine->view;
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    struct ov_buf text;
    int64_t magic = 0;

    if (walk->engine->clam.type != OV_CLAM_MSEXE || ov_domain_is_empty(view, OV_HASH_IMPORT)) {
        return;
    }
    tree = ov_fact_tree_new();
    pages = malloc(sizeof(*pages));
    if (tree == NULL || pages == NULL) {
        ov_walk_tell(walk, subject->ordinal, OV_REASON_MEMORY, "while its imports were read");
        return;
    }
    ov_fact_tree_begin(tree);
    ov_fact_tree_charge_to(tree, &walk->budget);
    ov_pages_on(pages, subject->source);
    (void)ov_fact_root(tree, OV_PE);
    ov_facts_parser(OV_PE)(tree, pages);
    if (!ov_fact_get_int(tree, ov_fact_get_root(tree, OV_PE), OV_PE_OPTHDR_MAGIC, &magic)
            || magic != PE32_MAGIC) {
        return;
    }
    ov_buf_init(&text, OV_IMPORTS_TEXT_BYTES_MAX);
    ov_pe_imports_spell(tree, OV_SPELLED_FROM_FIRST, &text);
    if (ov_fact_tree_reason(tree) != OV_REASON_NONE || !ov_buf_ok(&text)) {
        ov_walk_tell(walk, subject->ordinal, OV_REASON_MEMORY, "while its imports were read");
    } else if (ov_bytes_len(ov_buf_bytes(&text)) != 0) {
        const uint64_t size = ov_bytes_len(ov_buf_bytes(&text));
        const unsigned wanted = ov_domain_wanted(view, OV_HASH_IMPORT, size);

        for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
            if ((wanted & 1u << kind) != 0
                    && ov_digest_of((enum ov_digest_kind)kind, ov_buf_bytes(&text), digest)) {
                ov_domain_find(view, OV_HASH_IMPORT, (enum ov_digest_kind)kind, digest, size,
                        ov_walk_on_rule, hit);
            }
        }
    }
    ov_buf_done(&text);
}

void ov_walk_clam_sections(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_hit_payload *hit)
{
    struct ov_engine *engine = walk->engine;
    struct ov_clam_object *clam = &engine->clam;
    uint8_t digest[OV_DIGEST_BYTES_MAX];

    if (clam->type != OV_CLAM_MSEXE || ov_domain_is_empty(engine->view, OV_HASH_SECTION)) {
        return;
    }
    (void)ov_clam_fact(clam, subject->source, OV_FACT_SECTION_COUNT, 0); /* finds the sections */
    for (uint32_t i = 0; clam->executable.known && i < clam->executable.section_count; i++) {
        const struct ov_clam_section *section = &clam->executable.sections[i];
        const unsigned wanted = ov_domain_wanted(engine->view, OV_HASH_SECTION, section->size);

        if (wanted == 0) {
            continue;
        }
        for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
            if ((wanted & 1u << kind) != 0) {
                ov_digest_begin(engine->digests[kind]);
            }
        }
        if (!hash_section(walk, subject->source, section, wanted)) {
            ov_walk_tell(walk, subject->ordinal, OV_REASON_STEPS, "while its sections were hashed");
            return;
        }
        for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
            if ((wanted & 1u << kind) != 0) {
                ov_digest_end(engine->digests[kind], digest);
                ov_domain_find(engine->view, OV_HASH_SECTION, (enum ov_digest_kind)kind, digest,
                        section->size, ov_walk_on_rule, hit);
            }
        }
    }
}
