/* SPDX-License-Identifier: Apache-2.0 */
/* clam.c - the object under way as ClamAV sees it, and the hashes of its sections. Runs only with
 * a database that has signatures of ClamAV's. */
#include "base/checked.h"
#include "engine/walk.h"

#define PIECE_BYTES (64u * OV_KIB)

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

/* `inner`: how many of the open objects are around it. */
static void begin(struct ov_walk *walk, enum ov_clam_type type, uint32_t targets, uint32_t inner)
{
    struct ov_clam_object *clam = &walk->engine->clam;

    clam->type = type;
    clam->targets = targets;
    clam->executable_found = false;
    clam->find_executable = ov_clam_executable_find;
    clam->depth = inner;
    for (uint32_t i = 0; i < inner && i < OV_DEPTH_MAX; i++) {
        clam->layers[i] = (uint8_t)walk->engine->frames[inner - 1 - i].clam;
    }
}

enum ov_clam_type ov_walk_clam_begin(struct ov_walk *walk, struct ov_bytes head, uint64_t size)
{
    const enum ov_clam_type type = ov_clam_detect(head);
    const bool only_views = type == OV_CLAM_HTML && walk->engine->options.inside;

    /* A page is held against signatures in its views alone. */
    begin(walk, type, only_views ? 0 : targets_of(type), walk->frame_count);
    walk->engine->clam.file_size = size;
    return type;
}

/* A view is the object that it is one of, in another spelling: same size, same place. */
enum ov_clam_type ov_walk_clam_view(struct ov_walk *walk, enum ov_view view)
{
    const struct ov_frame *parent = &walk->engine->frames[walk->frame_count - 1];
    const enum ov_clam_target target = view == OV_VIEW_TEXT ? OV_TARGET_TEXT : OV_TARGET_HTML;

    begin(walk, parent->clam, 1u << OV_TARGET_ANY | 1u << target, walk->frame_count - 1);
    walk->engine->clam.file_size = parent->source.size;
    return parent->clam;
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
