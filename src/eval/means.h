/* SPDX-License-Identifier: Apache-2.0 */
/* means.h - what conditions may use beside the object: who parses it, who listens, and what the
 * owner's command handed over. A worker has no clock and no files, so what is not handed over is
 * undefined. */
#ifndef OV_EVAL_MEANS_H
#define OV_EVAL_MEANS_H

#include "eval/clam.h"
#include "facts/cuckoo.h"
#include "facts/tree.h"
#include "facts/used.h"

struct ov_eval_means {
    /* What fills a module's facts; NULL for a module that has none. */
    void (*(*parser_of)(enum ov_field module))(struct ov_fact_tree *tree, struct ov_pages *pages);

    /* console.log and its like, of a rule; NULL: nobody listens. */
    void (*said)(void *payload, uint32_t rule, struct ov_bytes message);
    void *payload;

    struct ov_clam_object *object; /* as ClamAV sees it; NULL: undefined */

    const struct ov_cuckoo *cuckoo; /* the report; NULL: none */
    /* What libmagic says, or its MIME type; lent until the next. NULL: there is no libmagic. */
    bool (*magic)(void *payload, struct ov_source *source, bool mime, struct ov_bytes *out);
    void *magic_payload;

    bool has_time;
    int64_t time; /* seconds since 1970, of time.now() */
};

#endif
