/* SPDX-License-Identifier: Apache-2.0 */
/* walk.h - what the files of the engine share. Not for other rooms. */
#ifndef OV_ENGINE_WALK_H
#define OV_ENGINE_WALK_H

#include "base/budget.h"
#include "base/limits.h"
#include "engine/engine.h"
#include "engine/hold.h"
#include "eval/eval.h"
#include "formats/clam.h"
#include "formats/container.h"
#include "formats/signers.h"
#include "formats/version_info.h"

/* Is a program signed under a certificate that is trusted? */
enum ov_trust {
    OV_TRUST_UNKNOWN = 0,
    OV_TRUST_NO,
    OV_TRUST_YES
};

/* An object with these bytes at the offset is of this type. */
struct ov_magic {
    enum ov_clam_type type;
    uint32_t offset;
    struct ov_bytes bytes; /* lent by the database */
};

/* One object whose inside is being walked. Frames do not move: readers point into them. */
struct ov_frame {
    struct ov_source source;
    struct ov_input input; /* of the container that is open */
    struct ov_detected detected;
    struct ov_container *container; /* owned; NULL: the next of detected.inside is due */
    uint32_t next_inside;
    uint32_t member_count; /* how many members the open container gave */
    uint32_t ordinal;
    uint32_t depth;
    uint32_t unpacked_depth; /* how many programs around it unpacked themselves */
    uint64_t packed_bytes;   /* what is unpacked is measured against this */
    uint64_t unpacked;
    size_t hold_mark;       /* the object's bytes lie above it */
    enum ov_clam_type clam; /* what the object is to ClamAV */
    enum ov_trust trust;    /* once something was found in it */
};

struct ov_engine {
    const struct ov_db_view *view;
    struct ov_engine_options options;
    struct ov_engine_modules modules;
    uint32_t used; /* OV_USED_*, by this scan so far */
    struct ov_matcher *matcher;
    struct ov_evaluator *evaluator;
    struct ov_digest *digests[OV_DIGEST_KINDS]; /* NULL where the database has no hashes */
    uint8_t *window;                            /* OV_SOURCE_WINDOW_BYTES, for the file */
    struct ov_hold hold;
    struct ov_clam_object clam;                 /* of the object under way */
    struct ov_signers signers;                  /* of the database; empty: it has none */
    struct ov_list_certificate *signer_records; /* owned */
    struct ov_version_places versions;          /* of the object under way */
    struct ov_clam_pcre_state *link_pcre;       /* owned; made when it is wanted */
    bool no_views;
    /* the owner's limits on what is normalised, and on partitions of one disk */
    uint64_t html_bytes_max, no_tags_bytes_max, text_bytes_max, partitions_max;
    uint64_t closed[2]; /* bit per ov_clam_type that is not opened */
    uint64_t pcre_bytes_max;
    uint32_t pcre_matches_max, pcre_depth_max;
    bool has_trusted_signers;
    struct ov_magic *magics; /* owned; the last that was loaded comes first */
    size_t magic_count;
    struct ov_bytes *password_list; /* owned */
    struct ov_passwords passwords;  /* over it */
    struct ov_frame frames[OV_DEPTH_MAX + 1];
};

struct ov_walk {
    struct ov_engine *engine;
    const struct ov_engine_sink *sink;
    struct ov_scan_limits limits; /* no zero in it */
    bool steps_grow;              /* with every byte unpacked, as no number was given */
    struct ov_budget budget;
    uint64_t emu_steps; /* of programs that unpacked themselves, all together */
    uint32_t frame_count;
    uint32_t next_ordinal;
    uint32_t told;      /* reasons told that are told once a scan: bit per reason */
    bool signers_found; /* of the object under way */
    enum ov_trust object_trust;
    bool versions_found; /* of the object under way */
    enum ov_reason versions_trouble;
    enum ov_reason links_trouble;
    enum ov_reason signers_trouble;
    enum ov_reason picture_trouble; /* why the object's picture was not decoded, though asked for */
    bool exhausted;                 /* a limit of the whole scan is reached: no more objects */
};

/* One object, before it is looked at. */
struct ov_subject {
    struct ov_source *source;
    struct ov_bytes name;
    uint32_t ordinal;
    uint32_t parent;
    uint32_t depth;
    enum ov_view view;              /* it is its parent in another spelling */
    const struct ov_member *member; /* what its container says of it; NULL: it is in none */
    uint32_t place;                 /* the how manieth member: from 1 */
    bool charge;                    /* its bytes were not charged when they were unpacked */
    bool whole;                     /* all of its bytes are there */
};

struct ov_hit_payload {
    struct ov_walk *walk;
    const struct ov_subject *subject;
};

/* clam.c: what ClamAV would say of the object, before its rules are evaluated. `head`: its first
 * bytes. Returns its type. */
enum ov_clam_type ov_walk_clam_begin(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_bytes head);
/* What its members lie in: volumes are known by what stands far behind their beginning. */
enum ov_clam_type ov_walk_clam_layer(enum ov_clam_type type, enum ov_type detected);
/* The same of a view, which is its parent's spelling for one kind of signature. */
enum ov_clam_type ov_walk_clam_view(struct ov_walk *walk, enum ov_view view);
/* Which signatures the object under way is held against, as far as the matcher tells them apart. */
enum ov_stance ov_walk_clam_stance(const struct ov_engine *engine);
bool ov_clam_is_text(enum ov_clam_type type);
/* lists.c: what the database lists beside its rules. False: no memory. */
OV_MUST_CHECK bool ov_walk_lists_init(struct ov_engine *engine);
void ov_walk_lists_done(struct ov_engine *engine);
/* The type that the database's own list says, by the object's first bytes; ANY: none. */
enum ov_clam_type ov_walk_listed_type(const struct ov_engine *engine, struct ov_bytes head);
/* Did the owner say that objects of this type are not opened? */
bool ov_walk_is_closed(const struct ov_engine *engine, enum ov_clam_type type);
/* phishing.c: do links in mail lead where they show? */
enum ov_link_end ov_walk_links(struct ov_clam_object *clam, struct ov_source *source);
/* Is the object signed with certificate `number` of the database? */
bool ov_walk_has_certificate(
        struct ov_clam_object *clam, struct ov_source *source, uint32_t number);
/* Is it, or a program around it, signed under a trusted one? Then nothing is reported of it. */
bool ov_walk_is_trusted(struct ov_walk *walk, const struct ov_subject *subject);

/* Hashes of the sections of an executable. */
void ov_walk_clam_sections(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_hit_payload *hit);

/* Hashes of what an executable imports. */
void ov_walk_clam_imports(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_hit_payload *hit);

/* object.c: an ov_rule_fn; payload: struct ov_hit_payload. */
void ov_walk_on_rule(void *payload, uint32_t rule, uint64_t offset);

/* INCOMPLETE, to the sink; reasons that concern the whole scan only the first time. */
void ov_walk_tell(
        struct ov_walk *walk, uint32_t ordinal, enum ov_reason reason, const char *detail);

/* object.c: tells of the object, runs the one pass over it, evaluates. */
void ov_object_examine(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_frame *frame);

/* The rules alone, for an object that was matched already. */
enum ov_reason ov_object_evaluate(struct ov_walk *walk, const struct ov_subject *subject);

/* memory.c: parts of a process's memory, as one object. */
void ov_memory_examine(
        struct ov_walk *walk, int fd, const struct ov_engine_region *regions, size_t region_count);

/* inside.c: the object and everything inside it. */
void ov_walk_run(struct ov_walk *walk, struct ov_source *file);

#endif
