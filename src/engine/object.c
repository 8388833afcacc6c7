/* SPDX-License-Identifier: Apache-2.0 */
/* object.c - one object: what it is, the one pass over its bytes, which rules hold. Its bytes are
 * hostile; what keeps them in bounds is the source's windows and the budget. */
#include "base/buf.h"
#include "base/checked.h"
#include "base/named.h"
#include "db/rules.h"
#include "db/rules_layout.h"
#include "engine/walk.h"
#include "facts/show.h"
#include "formats/facts.h"

void ov_walk_tell(struct ov_walk *walk, uint32_t ordinal, enum ov_reason reason, const char *detail)
{
    const uint32_t once = 1u << OV_REASON_BYTES | 1u << OV_REASON_OBJECTS | 1u << OV_REASON_STEPS;
    const uint32_t bit = 1u << reason;

    OV_ASSERT(ov_reason_is_workers((uint32_t)reason));
    if ((bit & once & walk->told) != 0) {
        return;
    }
    walk->told |= bit;
    walk->sink->incomplete(walk->sink->payload, ordinal, reason, detail);
}

/* Hashes have no flags: their numbers lie behind those of the rules. */
static bool is_open(const struct ov_db_view *view, uint32_t rule)
{
    const struct ov_db_rule *r = ov_db_record(view, OV_DB_RULES, rule, sizeof(*r));

    return r != NULL && (ov_le32_get(r->flags) & OV_DB_RULE_OPEN) != 0;
}

void ov_walk_on_rule(void *payload, uint32_t rule, uint64_t offset)
{
    const struct ov_hit_payload *hit = payload;
    struct ov_walk *walk = hit->walk;

    if (walk->engine->view->clam && !is_open(walk->engine->view, rule)
            && ov_walk_is_trusted(walk, hit->subject)) {
        return;
    }
    walk->sink->detected(walk->sink->payload, hit->subject->ordinal, rule, offset,
            walk->engine->matcher, hit->subject->source);
}

static void on_said(void *payload, uint32_t rule, struct ov_bytes message)
{
    const struct ov_hit_payload *hit = payload;

    hit->walk->sink->said(hit->walk->sink->payload, hit->subject->ordinal, rule, message);
}

static void digests_update(
        struct ov_engine *engine, unsigned wanted, const struct ov_window *window)
{
    struct ov_bytes block;

    if (!ov_bytes_slice(window->bytes, window->first - window->offset, window->end - window->first,
                &block)) {
        OV_ASSERT(false); /* a window shows its block */
    }
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if ((wanted & 1u << kind) != 0) {
            ov_digest_update(engine->digests[kind], block);
        }
    }
}

/* Which digests could decide anything; only of objects that are all there. */
static unsigned digests_begin(struct ov_engine *engine, const struct ov_subject *subject)
{
    const uint64_t size = subject->source->size;
    unsigned wanted = 0, begun = 0;

    if (subject->whole) {
        wanted = ov_hashes_wanted(engine->view, size);
        if (engine->view->clam) {
            wanted |= ov_domain_wanted(engine->view, OV_HASH_TRUST, size);
        }
    }
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if ((wanted & 1u << kind) != 0 && engine->digests[kind] != NULL) {
            ov_digest_begin(engine->digests[kind]);
            begun |= 1u << kind;
        }
    }
    return begun;
}

struct digests {
    unsigned known; /* a bit per kind */
    uint8_t bytes[OV_DIGEST_KINDS][OV_DIGEST_BYTES_MAX];
};

static void digests_end(struct ov_engine *engine, unsigned begun, struct digests *out)
{
    out->known = begun;
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if ((begun & 1u << kind) != 0) {
            ov_digest_end(engine->digests[kind], out->bytes[kind]);
        }
    }
}

static void note_trust(void *payload, uint32_t rule, uint64_t offset)
{
    bool *trusted = payload;

    (void)rule;
    (void)offset;
    *trusted = true;
}

/* Is the object on an allow list? Then nothing is found in it, nor inside. */
static bool is_trusted(const struct ov_engine *engine, const struct digests *digests, uint64_t size)
{
    bool trusted = false;

    for (unsigned kind = 0; kind < OV_DIGEST_KINDS && engine->view->clam; kind++) {
        if ((digests->known & 1u << kind) != 0) {
            ov_domain_find(engine->view, OV_HASH_TRUST, (enum ov_digest_kind)kind,
                    digests->bytes[kind], size, note_trust, &trusted);
        }
    }
    return trusted;
}

static void digests_find(const struct ov_engine *engine, const struct digests *digests,
        uint64_t size, struct ov_hit_payload *hit)
{
    for (unsigned kind = 0; kind < OV_DIGEST_KINDS; kind++) {
        if ((digests->known & 1u << kind) != 0) {
            ov_hashes_find(engine->view, (enum ov_digest_kind)kind, digests->bytes[kind], size,
                    ov_walk_on_rule, hit);
        }
    }
}

/* Whether the object may hold files that a search alone would find. A picture may have something
 * behind it that is none of the kinds looked for. */
static bool is_searched(const struct ov_detected *detected)
{
    for (uint32_t i = 0; i < detected->inside_count; i++) {
        if (detected->inside[i].type == OV_TYPE_EMBEDDED_DATA) {
            return detected->type != OV_TYPE_PNG;
        }
    }
    return false;
}

/* What one sweep over an object is for, besides strings. */
struct sweep {
    unsigned digests; /* a bit per kind */
    bool search;      /* for files in it: none was seen so far */
    bool finished;    /* the bytes of this scan did not run out before the object's end */
};

/* The first sweep. Returns where it ended: the object's end, or where the bytes of this scan ran
 * out. */
static uint64_t first_sweep(
        struct ov_walk *walk, const struct ov_subject *subject, struct sweep *sweep)
{
    struct ov_engine *engine = walk->engine;
    struct ov_source *source = subject->source;
    struct ov_window window;
    uint64_t end = 0;

    sweep->finished = true;
    for (uint64_t at = 0; ov_source_block(source, at, &window); at += OV_BLOCK_BYTES) {
        if (subject->charge && !ov_budget_bytes(&walk->budget, window.end - window.first)) {
            sweep->finished = false;
            break;
        }
        if (sweep->digests != 0) {
            digests_update(engine, sweep->digests, &window);
        }
        sweep->search = sweep->search && !ov_detected_in_block(&window, source->size);
        ov_matcher_block(engine->matcher, source, &window, &walk->budget);
        end = window.end;
    }
    return end;
}

/* The pass. */
static void pass(struct ov_walk *walk, const struct ov_subject *subject, struct sweep *sweep)
{
    struct ov_matcher *matcher = walk->engine->matcher;
    struct ov_source *source = subject->source;
    struct ov_window window;
    uint64_t end;

    if (!ov_matcher_count_costs(matcher, walk->engine->options.costs)
            || !ov_evaluator_count_steps(walk->engine->evaluator, walk->engine->options.costs)) {
        ov_walk_tell(
                walk, subject->ordinal, OV_REASON_MEMORY, "no memory to count what rules cost");
    }
    ov_matcher_begin(matcher, source->size, walk->engine->options.keep_all);
    if (walk->engine->view->clam) {
        ov_matcher_stance(matcher, ov_walk_clam_stance(walk->engine));
    }
    end = first_sweep(walk, subject, sweep);
    ov_matcher_end(matcher, source, &walk->budget);
    if (ov_matcher_again(matcher)) {
        for (uint64_t at = 0; at < end && ov_source_block(source, at, &window);
                at += OV_BLOCK_BYTES) {
            ov_matcher_block(matcher, source, &window, &walk->budget);
        }
        ov_matcher_end(matcher, source, &walk->budget);
    }
}

/* What signatures for pages and texts are held against; only where there are such. */
static void add_views(const struct ov_walk *walk, struct ov_frame *frame)
{
    const struct ov_engine *engine = walk->engine;
    const uint64_t size = frame->source.size;
    const bool is_page = frame->clam == OV_CLAM_HTML || frame->detected.type == OV_TYPE_HTML;

    if (!is_page && (!ov_clam_is_text(frame->clam) || !engine->options.inside)) {
        return;
    }
    if (size <= (is_page ? engine->html_bytes_max : engine->text_bytes_max)) {
        ov_detected_add(
                &frame->detected, is_page ? OV_TYPE_HTML_VIEWS : OV_TYPE_TEXT_VIEWS, 0, size);
    } else if (frame->detected.trouble == OV_REASON_NONE) {
        frame->detected.trouble = OV_REASON_OBJECT_BYTES;
        frame->detected.detail = "larger than what the owner wants normalised";
    }
}

/* Data of no known kind: some have no mark but their name. The file's own is the supervisor's. */
static void heed_name(const struct ov_subject *subject, struct ov_detected *detected)
{
    if (subject->member != NULL && detected->type == OV_TYPE_DATA
            && detected->trouble == OV_REASON_NONE && subject->source->size != 0) {
        detected->trouble = ov_reason_by_name(subject->name, &detected->detail);
    }
}

static void detect(struct ov_walk *walk, const struct ov_subject *subject, struct ov_frame *frame)
{
    struct ov_source *source = subject->source;
    struct ov_window first;

    if (!ov_source_block(source, 0, &first)) {
        first.bytes = ov_bytes_of(NULL, 0); /* an empty object is data */
    }
    if (subject->view != OV_VIEW_NONE) {
        frame->detected = (struct ov_detected){ .type = OV_TYPE_DATA, .detail = "" };
        frame->clam = ov_walk_clam_view(walk, subject->view);
        if (subject->view == OV_VIEW_HTML_NOTAGS
                && walk->engine->clam.file_size > walk->engine->no_tags_bytes_max) {
            walk->engine->clam.targets = 0; /* no signature is for it */
            frame->detected.trouble = OV_REASON_OBJECT_BYTES;
            frame->detected.detail = "larger than what the owner wants looked at without tags";
        }
        return;
    }
    if (!walk->engine->options.inside && !walk->engine->view->clam) {
        frame->detected = (struct ov_detected){ .type = OV_TYPE_DATA, .detail = "" };
        return; /* nobody asks what it is */
    }
    ov_detect(source, first.bytes, &frame->detected);
    heed_name(subject, &frame->detected);
    if (walk->engine->view->clam) {
        frame->clam = ov_walk_clam_layer(
                ov_walk_clam_begin(walk, subject, first.bytes), frame->detected.type);
        walk->engine->clam.volume = frame->clam;
        walk->engine->clam.are_crossed = ov_partitions_crossed;
        if (ov_walk_is_closed(walk->engine, frame->clam)) {
            frame->detected.inside_count = 0;
            frame->detected.trouble = OV_REASON_NONE;
        } else if (!walk->engine->no_views) {
            add_views(walk, frame);
        }
    }
}

static enum ov_reason tell_modules(struct ov_walk *walk, const struct ov_subject *subject)
{
    struct ov_engine *engine = walk->engine;
    enum ov_reason reason = OV_REASON_NONE;
    enum ov_field module;
    struct ov_buf lines;
    uint32_t rule;

    ov_buf_init(&lines, OV_MODULE_LINES_MAX);
    for (uint32_t i = 0; ov_db_import_read(engine->view, i, &module, &rule); i++) {
        const struct ov_fact_tree *tree = ov_evaluator_facts(engine->evaluator, module);

        ov_buf_clear(&lines);
        if (tree != NULL) {
            ov_fact_show(tree, module, &lines);
        }
        if (tree == NULL || !ov_buf_ok(&lines)) {
            reason = OV_REASON_MEMORY;
            break;
        }
        walk->sink->module(walk->sink->payload, subject->ordinal, rule, ov_buf_bytes(&lines));
    }
    ov_buf_done(&lines);
    return reason != OV_REASON_NONE ? reason : ov_evaluator_facts_reason(engine->evaluator);
}

/* What was counted, rule by rule; most cost nothing. */
static void tell_costs(struct ov_walk *walk, const struct ov_subject *subject)
{
    const struct ov_engine *engine = walk->engine;
    const uint32_t rules = ov_db_rule_count(engine->view);

    for (uint32_t r = 0; r < rules; r++) {
        struct ov_rule_cost cost = { .condition_steps = ov_evaluator_steps(engine->evaluator, r) };
        struct ov_rule_info rule;

        if (!ov_db_rule_read(engine->view, r, &rule)) {
            continue; /* evaluating it has said so */
        }
        for (uint32_t s = 0; s < rule.string_count; s++) {
            const struct ov_string_cost *one =
                    ov_matcher_cost(engine->matcher, rule.string_first + s);
            size_t matches = 0;

            if (one != NULL) {
                (void)ov_matcher_matches(engine->matcher, rule.string_first + s, &matches);
                if (one->candidates + one->steps > cost.string_spent) {
                    cost.string_spent = one->candidates + one->steps;
                    cost.string = s;
                }
                cost.candidates += one->candidates;
                cost.confirmations += one->confirmations;
                cost.string_steps += one->steps;
                cost.matches += matches;
            }
        }
        if (cost.candidates + cost.confirmations + cost.condition_steps != 0) {
            walk->sink->cost(walk->sink->payload, subject->ordinal, r, &cost);
        }
    }
}

/* Which rules hold, and which hashes are listed. */
static enum ov_reason find_all(
        struct ov_walk *walk, const struct ov_subject *subject, const struct digests *digests)
{
    struct ov_engine *engine = walk->engine;
    struct ov_hit_payload hit = { .walk = walk, .subject = subject };
    const struct ov_eval_means means = {
        .parser_of = ov_facts_parser,
        .said = walk->sink->said == NULL ? NULL : on_said,
        .payload = &hit,
        .object = engine->view->clam ? &engine->clam : NULL,
        .cuckoo = engine->modules.cuckoo,
        .magic = engine->modules.magic,
        .magic_payload = engine->modules.magic_payload,
        .has_time = engine->options.has_time,
        .time = engine->options.time,
    };
    enum ov_reason reason;

    ov_evaluator_use(engine->evaluator, &means);
    reason = ov_evaluate(engine->evaluator, engine->matcher, subject->source, &walk->budget,
            ov_walk_on_rule, &hit);
    if (engine->options.modules && walk->sink->module != NULL) {
        const enum ov_reason telling = tell_modules(walk, subject);

        reason = reason == OV_REASON_NONE ? telling : reason;
    }
    if (engine->options.costs && walk->sink->cost != NULL) {
        tell_costs(walk, subject);
    }
    engine->used |= ov_evaluator_used(engine->evaluator);
    ov_evaluator_use(engine->evaluator, NULL);
    digests_find(engine, digests, subject->source->size, &hit);
    if (engine->view->clam && subject->whole) {
        ov_walk_clam_sections(walk, subject, &hit);
        ov_walk_clam_imports(walk, subject, &hit);
    }
    return reason;
}

enum ov_reason ov_object_evaluate(struct ov_walk *walk, const struct ov_subject *subject)
{
    const struct digests none = { .known = 0 };

    return find_all(walk, subject, &none);
}

void ov_object_examine(
        struct ov_walk *walk, const struct ov_subject *subject, struct ov_frame *frame)
{
    struct ov_engine *engine = walk->engine;
    struct ov_engine_object object = {
        .ordinal = subject->ordinal,
        .parent = subject->parent,
        .depth = subject->depth,
        .name = subject->name,
        .size = subject->source->size,
    };
    enum ov_reason matching, evaluating = OV_REASON_NONE;
    struct digests digests = { .known = 0 };
    struct sweep sweep;
    uint64_t cut_at;
    bool cut;
    int why;

    detect(walk, subject, frame);
    object.type = ov_type_name(frame->detected.type);
    walk->sink->object(walk->sink->payload, &object);

    sweep = (struct sweep){ .digests = digests_begin(engine, subject),
        .search = is_searched(&frame->detected) };
    pass(walk, subject, &sweep);
    cut = ov_source_is_cut(subject->source, &cut_at, &why);
    matching = ov_matcher_stopped(engine->matcher);
    if (sweep.finished && !cut) {
        digests_end(engine, sweep.digests, &digests);
        if (sweep.search) {
            ov_detected_remove(&frame->detected, OV_TYPE_EMBEDDED_DATA);
        }
    }
    if (is_trusted(engine, &digests, subject->source->size)) {
        frame->detected.inside_count = 0;
        frame->detected.trouble = OV_REASON_NONE;
        return;
    }
    evaluating = find_all(walk, subject, &digests);
    if (walk->sink->examined != NULL) {
        walk->sink->examined(
                walk->sink->payload, subject->ordinal, engine->matcher, subject->source);
    }

    if (cut) {
        ov_walk_tell(walk, subject->ordinal, OV_REASON_CUT,
                why == 0 ? "it ends before its size" : "it could not be read to its end");
    }
    if (!sweep.finished) {
        ov_walk_tell(walk, subject->ordinal, OV_REASON_BYTES, "");
        walk->exhausted = true;
    }
    if (matching != OV_REASON_NONE) {
        ov_walk_tell(walk, subject->ordinal, matching, "while strings were looked for");
    }
    if (walk->versions_trouble != OV_REASON_NONE) {
        ov_walk_tell(walk, subject->ordinal, walk->versions_trouble,
                "while its version information was read");
        walk->versions_trouble = OV_REASON_NONE;
    }
    if (walk->links_trouble != OV_REASON_NONE) {
        ov_walk_tell(walk, subject->ordinal, walk->links_trouble, "while its links were judged");
        walk->links_trouble = OV_REASON_NONE;
    }
    if (walk->signers_trouble != OV_REASON_NONE) {
        ov_walk_tell(
                walk, subject->ordinal, walk->signers_trouble, "while its signers were looked up");
        walk->signers_trouble = OV_REASON_NONE;
    }
    if (walk->picture_trouble != OV_REASON_NONE) {
        ov_walk_tell(
                walk, subject->ordinal, walk->picture_trouble, "while its picture was decoded");
        walk->picture_trouble = OV_REASON_NONE;
    }
    if (evaluating != OV_REASON_NONE && evaluating != matching) {
        ov_walk_tell(walk, subject->ordinal, evaluating, "while conditions were evaluated");
    }
}
