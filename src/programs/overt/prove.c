/* SPDX-License-Identifier: Apache-2.0 */
/* prove.c - `overt prove`: lets a turncoat loose in the jail of this machine, once per attack, and
 * shows what refused each. Exit 0: nothing got through; 1: something did; 2: it could not be run. */
#include "programs/overt/prove.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "programs/overt/commands.h"

const struct attack_row prove_rows[] = {
#define X(klass, name_, judge_, text, gives) { #name_, text, gives, CLASS_##klass, JUDGE_##judge_ },
#include "programs/turncoat/attacks.def"
#undef X
};
const size_t prove_row_count = sizeof(prove_rows) / sizeof(prove_rows[0]);

#define ROWS (sizeof(prove_rows) / sizeof(prove_rows[0]))

/* What may be left out, one by one, in the order in which refusals are traced to them; MDWE is a
 * bonus with an effect of its own. */
static const unsigned single_layers[] = { OV_LAYER_SECCOMP, OV_LAYER_RLIMITS, OV_LAYER_CLOCK,
    OV_LAYER_NAMESPACES, OV_LAYER_USER, OV_LAYER_LANDLOCK, OV_LAYER_MDWE, OV_LAYER_TRACED };

#define SINGLE_LAYERS (sizeof(single_layers) / sizeof(single_layers[0]))

struct options {
    unsigned without;
    bool control;
    bool matrix;
    bool json;
    bool chosen[ROWS]; /* --only; none: all */
    bool any_chosen;
};

/* A set of attacks under one set of layers. */
struct table {
    struct finding findings[ROWS];
    size_t count;
    struct report report;
};

static void help(FILE *to)
{
    (void)fprintf(to,
            "usage: overt prove [--without LAYER]... [--only ATTACK]... [--json]\n"
            "                   [--matrix | --control | --list]\n"
            "\n"
            "Runs every attack of a compelled vendor in the jail of this machine and shows\n"
            "what refused it. Exit: 0 nothing got through, 1 something did, 2 not run.\n"
            "\n"
            "  --without LAYER  leave out a layer, and show what it alone was stopping: user,\n"
            "                   namespaces, landlock, seccomp, rlimits, clock, traced, mdwe\n"
            "  --only ATTACK    only this attack, or a whole class (net, fs, ...), by its id\n"
            "  --matrix         also show which layers alone would refuse each attack\n"
            "  --control        no layer at all: shows that the attacks work\n"
            "  --list           the ids of the attacks\n"
            "  --json           one object a line\n");
}

/* --- runs --------------------------------------------------------------------------------------------------- */

static bool is_in(const struct options *options, size_t row)
{
    return !options->any_chosen || options->chosen[row];
}

/* Every chosen attack without these layers; `spin`: those too that take a second of processor time. */
static bool fill(struct table *table, const struct options *options, unsigned without, bool spin,
        overt_error *err)
{
    static struct job jobs[ROWS];
    static struct outcome outcomes[ROWS];

    table->count = 0;
    for (size_t row = 0; row < ROWS; row++) {
        if (is_in(options, row) && (spin || prove_rows[row].judge != JUDGE_SPIN)) {
            jobs[table->count] = (struct job){ .row = row, .without = without };
            table->findings[table->count++] = (struct finding){ .row = &prove_rows[row] };
        }
    }
    if (!prove_run(jobs, table->count, outcomes, err)) {
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        table->findings[i].outcome = outcomes[i];
    }
    table->report = (struct report){
        .kind = options->control  ? REPORT_CONTROL
                : options->matrix ? REPORT_MATRIX
                                  : REPORT_PROOF,
        .json = options->json,
        .without = without,
        .findings = table->findings,
        .count = table->count,
    };
    return true;
}

/* A refusal that was no kill by seccomp is traced to its layer: without which does it end in another
 * way? Of an endless loop only the limit is asked, as each try costs a second. */
static bool wants_tracing(const struct finding *f, unsigned left_out)
{
    const struct outcome *o = &f->outcome;

    if (o->through || f->by != 0 || (o->how == HOW_SIGNAL && o->syscall >= 0)) {
        return false;
    }
    return f->row->judge == JUDGE_SELF
           || (f->row->judge == JUDGE_SPIN && left_out == OV_LAYER_RLIMITS);
}

/* Runs what is not yet traced without this layer too; ~0: without any. */
static bool trace_to(
        struct table *table, const struct options *options, unsigned left_out, overt_error *err)
{
    static struct job jobs[ROWS];
    static struct outcome outcomes[ROWS];
    struct finding *asked[ROWS];
    size_t count = 0;

    for (size_t i = 0; i < table->count; i++) {
        if (wants_tracing(&table->findings[i], left_out)) {
            asked[count] = &table->findings[i];
            jobs[count++] = (struct job){ .row = (size_t)(table->findings[i].row - prove_rows),
                .without = options->without | left_out };
        }
    }
    if (count > 0 && !prove_run(jobs, count, outcomes, err)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (left_out == ~0u) {
            asked[i]->several = outcomes[i].through;
        } else if (!prove_same(&outcomes[i], &asked[i]->outcome)) {
            asked[i]->by = left_out;
        }
    }
    return true;
}

static bool trace_refusals(struct table *table, const struct options *options, overt_error *err)
{
    for (size_t l = 0; l < SINGLE_LAYERS; l++) {
        if (!trace_to(table, options, single_layers[l], err)) {
            return false;
        }
    }
    return trace_to(table, options, ~0u, err);
}

/* Each layer alone, with the bonuses that belong to it. */
static bool fill_matrix(struct table *table, const struct options *options, overt_error *err)
{
    static struct table alone;

    for (size_t l = 0; l < SINGLE_LAYERS; l++) {
        unsigned keep = single_layers[l];

        keep |= keep == OV_LAYER_USER ? OV_LAYER_OWN_UID : 0;
        keep |= keep == OV_LAYER_LANDLOCK ? OV_LAYER_LANDLOCK_NET | OV_LAYER_LANDLOCK_SCOPE : 0;
        if (!fill(&alone, options, ~keep, true, err)) {
            return false;
        }
        for (size_t i = 0; i < table->count; i++) {
            if (!alone.findings[i].outcome.through
                    && table->findings[i].row->judge != JUDGE_KNOWN) {
                table->findings[i].also |= single_layers[l];
            }
        }
    }
    /* What even no layer lets through is no layer's doing. */
    if (!fill(&alone, options, ~0u, true, err)) {
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        if (!alone.findings[i].outcome.through) {
            table->findings[i].also = 0;
        }
    }
    return true;
}

/* Seccomp overlaps nearly everything, so what another layer stops shows with seccomp off only. */
static bool show_overlap(const struct options *options, overt_error *err)
{
    static struct table base, worse;
    char names[160], title[320];
    const bool spin = (options->without & OV_LAYER_RLIMITS) != 0; /* nothing else stops those */

    if (!fill(&base, options, OV_LAYER_SECCOMP, spin, err)
            || !fill(&worse, options, options->without | OV_LAYER_SECCOMP, spin, err)) {
        return false;
    }
    prove_layer_names(
            options->without & (OV_LAYERS_REQUIRED | OV_LAYER_MDWE), names, sizeof(names));
    (void)snprintf(title, sizeof(title),
            "with seccomp off too, these get through that %s would still refuse:", names);
    prove_report_difference(&base.report, &worse.report, title);
    return true;
}

/* --- the command ---------------------------------------------------------------------------------------------- */

static bool choose(struct options *options, const char *what)
{
    const size_t len = strlen(what);
    bool found = false;

    for (size_t row = 0; row < ROWS; row++) {
        const char *id = prove_rows[row].id;

        if (strcmp(id, what) == 0 || (strncmp(id, what, len) == 0 && id[len] == '_')) {
            options->chosen[row] = found = true;
        }
    }
    options->any_chosen = true;
    return found;
}

static bool leave_out(struct options *options, const char *name)
{
    const unsigned layer = ov_jail_layer_of(name);

    options->without |= layer;
    return layer != 0;
}

static int wrong(const char *what, const char *name)
{
    (void)fprintf(
            stderr, "overt prove: '%s' is no %s; `overt prove --help` tells more\n", name, what);
    return OV_EXIT_ERROR;
}

static int list(void)
{
    for (size_t row = 0; row < ROWS; row++) {
        printf("%-28s %s\n", prove_rows[row].id, prove_rows[row].name);
    }
    return OV_EXIT_CLEAN;
}

static int prove(const struct options *options)
{
    static struct table table;
    overt_error err = OVERT_ERROR_INIT;
    const unsigned without = options->control ? ~0u : options->without;
    bool ok = fill(&table, options, without, true, &err)
              && (options->control || trace_refusals(&table, options, &err))
              && (!options->matrix || fill_matrix(&table, options, &err));

    if (ok) {
        prove_report(&table.report);
    }
    if (ok && !options->control && options->without != 0
            && (options->without & OV_LAYER_SECCOMP) == 0) {
        ok = show_overlap(options, &err);
    }
    if (!ok) {
        (void)fprintf(stderr, "overt prove: %s\n", err.message);
        return OV_EXIT_ERROR;
    }
    for (size_t i = 0; i < table.count; i++) {
        if (table.findings[i].outcome.through) {
            return OV_EXIT_DETECTED;
        }
    }
    return OV_EXIT_CLEAN;
}

int cmd_prove(int argc, char **argv)
{
    static struct options options;

    for (int i = 1; i < argc; i++) {
        const bool takes = strcmp(argv[i], "--without") == 0 || strcmp(argv[i], "--only") == 0;

        if (takes && i + 1 == argc) {
            (void)fprintf(stderr, "overt prove: %s needs a name\n", argv[i]);
            return OV_EXIT_ERROR;
        }
        if (strcmp(argv[i], "--without") == 0) {
            if (!leave_out(&options, argv[++i])) {
                return wrong("layer", argv[i]);
            }
        } else if (strcmp(argv[i], "--only") == 0) {
            if (!choose(&options, argv[++i])) {
                return wrong("attack", argv[i]);
            }
        } else if (strcmp(argv[i], "--matrix") == 0) {
            options.matrix = true;
        } else if (strcmp(argv[i], "--control") == 0) {
            options.control = true;
        } else if (strcmp(argv[i], "--json") == 0) {
            options.json = true;
        } else if (strcmp(argv[i], "--list") == 0) {
            return list();
        } else if (strcmp(argv[i], "--help") == 0) {
            help(stdout);
            return OV_EXIT_CLEAN;
        } else {
            return wrong("option", argv[i]);
        }
    }
    if (options.control && (options.matrix || options.without != 0)) {
        (void)fprintf(stderr, "overt prove: --control goes with neither --matrix nor --without\n");
        return OV_EXIT_ERROR;
    }
    return prove(&options);
}
