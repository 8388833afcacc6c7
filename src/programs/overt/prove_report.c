/* SPDX-License-Identifier: Apache-2.0 */
/* prove_report.c - shows what `overt prove` found, to people and to programs. All text is our own or
 * the kernel's names for things; nothing of it came out of a jail. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "programs/overt/prove.h"

static const char *const class_names[] = { "net", "fs", "meta", "covert", "info", "proc", "kern",
    "code", "time", "res", "proto" };

static const struct {
    int number;
    const char *name;
} syscall_names[] = {
#include "syscall_names.inc"
};

static const char *syscall_name(long number)
{
    for (size_t i = 0; i < sizeof(syscall_names) / sizeof(syscall_names[0]); i++) {
        if (syscall_names[i].number == number) {
            return syscall_names[i].name;
        }
    }
    return NULL;
}

void prove_layer_names(unsigned layers, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = ov_jail_layer_name((enum ov_jail_layer)(1u << bit));

        if ((layers & 1u << bit) != 0 && name != NULL && used < size) {
            const int n = snprintf(out + used, size - used, "%s%s", used > 0 ? "," : "", name);

            used += n > 0 ? (size_t)n : 0;
        }
    }
}

/* --- one finding in words ----------------------------------------------------------------------------- */

#define WORDS 320

static void describe_errno(int value, char *out, size_t size)
{
    const char *name = strerrorname_np(value);

    if (name != NULL) {
        (void)snprintf(out, size, "%s", name);
    } else {
        (void)snprintf(out, size, "errno %d", value);
    }
}

static void describe_call(long number, char *out, size_t size)
{
    const char *name = syscall_name(number);

    if (name != NULL) {
        (void)snprintf(out, size, "%s", name);
    } else {
        (void)snprintf(out, size, "call %#lx", (unsigned long)number);
    }
}

/* How it ended, whoever did it. */
static void describe_how(const struct outcome *o, char *out, size_t size)
{
    char detail[48];
    const char *sig;

    switch (o->how) {
    case HOW_CONFESSED:
        if (o->result >= 0) {
            (void)snprintf(out, size, "it worked");
            return;
        }
        describe_errno(-o->result, out, size);
        return;
    case HOW_SIGNAL:
        if (o->signal == SIGSYS && o->syscall >= 0) {
            describe_call(o->syscall, detail, sizeof(detail));
            (void)snprintf(out, size, "killed at %s", detail);
            return;
        }
        sig = sigabbrev_np(o->signal);
        (void)snprintf(out, size, "SIG%s", sig != NULL ? sig : "?");
        return;
    case HOW_EXIT:
        (void)snprintf(out, size, "exit %d", o->exit_status);
        return;
    case HOW_DEADLINE:
        (void)snprintf(out, size, "killed at its deadline");
        return;
    case HOW_FRAME:
        (void)snprintf(out, size, "frame refused, killed");
        return;
    case HOW_ACCEPTED:
        (void)snprintf(out, size, "its frames passed");
        return;
    }
}

static void describe_evidence(unsigned evidence, const char *quote, char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (unsigned bit = 0; bit < 32; bit++) {
        const char *name = prove_evidence_name(1u << bit);

        if ((evidence & 1u << bit) != 0 && name != NULL && used < size) {
            const int n = snprintf(
                    out + used, size - used, "%s%s%s%s", used > 0 ? "," : "", quote, name, quote);

            used += n > 0 ? (size_t)n : 0;
        }
    }
}

enum verdict {
    REFUSED,
    THROUGH,
    KNOWN,
    ABSENT
};

static enum verdict verdict_of(const struct finding *f)
{
    if (f->outcome.through) {
        return THROUGH;
    }
    if (f->row->judge == JUDGE_KNOWN && f->outcome.how == HOW_CONFESSED) {
        return f->outcome.result >= 0 ? KNOWN : ABSENT;
    }
    return REFUSED;
}

/* Who refused it: layers by measurement (one, or several that each would), else the supervisor by
 * what it does, else the kernel by itself. */
static void describe_by(const struct finding *f, char *out, size_t size)
{
    if (f->outcome.how == HOW_SIGNAL && f->outcome.signal == SIGSYS) {
        (void)snprintf(out, size, "seccomp");
    } else if (f->by != 0) {
        prove_layer_names(f->by, out, size);
    } else if (f->several) {
        (void)snprintf(out, size, "several");
    } else if (f->row->judge == JUDGE_DEATH && f->outcome.how == HOW_SIGNAL) {
        (void)snprintf(out, size, "traced");
    } else if (f->outcome.how == HOW_DEADLINE || f->outcome.how == HOW_FRAME
               || f->row->judge == JUDGE_DEATH) {
        (void)snprintf(out, size, "supervisor");
    } else {
        (void)snprintf(out, size, "kernel");
    }
}

static void describe(const struct finding *f, char out[static WORDS])
{
    char how[64], by[64], evidence[160];

    describe_how(&f->outcome, how, sizeof(how));
    describe_evidence(f->outcome.evidence, "", evidence, sizeof(evidence));
    switch (verdict_of(f)) {
    case THROUGH:
        (void)snprintf(
                out, WORDS, "GOT THROUGH: %s%s%s", how, evidence[0] != '\0' ? ", " : "", evidence);
        return;
    case KNOWN:
        (void)snprintf(out, WORDS, "not refused: docs/THREATS.md");
        return;
    case ABSENT:
        (void)snprintf(out, WORDS, "not on this machine");
        return;
    case REFUSED:
        describe_by(f, by, sizeof(by));
        (void)snprintf(out, WORDS, "%s: %s", by, how);
        return;
    }
}

static void describe_control(const struct finding *f, char out[static WORDS])
{
    char how[64];

    describe_how(&f->outcome, how, sizeof(how));
    switch (verdict_of(f)) {
    case THROUGH:
    case KNOWN:
        (void)snprintf(out, WORDS, "works");
        return;
    case ABSENT:
        (void)snprintf(out, WORDS, "not on this machine");
        return;
    case REFUSED:
        (void)snprintf(out, WORDS, "%s, %s",
                f->outcome.how == HOW_FRAME || f->row->judge == JUDGE_WAIT
                                || f->row->judge == JUDGE_DEATH
                        ? "contained"
                        : "refused by the kernel anyway",
                how);
        return;
    }
}

/* --- the table --------------------------------------------------------------------------------------------- */

struct counts {
    size_t refused, through, known, absent;
};

static struct counts count(const struct report *report)
{
    struct counts c = { 0 };

    for (size_t i = 0; i < report->count; i++) {
        switch (verdict_of(&report->findings[i])) {
        case REFUSED:
            c.refused++;
            break;
        case THROUGH:
            c.through++;
            break;
        case KNOWN:
            c.known++;
            break;
        case ABSENT:
            c.absent++;
            break;
        }
    }
    return c;
}

static void head(const struct report *report)
{
    struct utsname system;
    char layers[160], without[160];

    (void)uname(&system);
    prove_layer_names(report->findings[0].outcome.layers, layers, sizeof(layers));
    prove_layer_names(
            report->without & (OV_LAYERS_REQUIRED | OV_LAYER_MDWE), without, sizeof(without));
    printf("%zu attacks, each by a fresh turncoat; %s %s\n", report->count, system.sysname,
            system.release);
    printf("layers in force: %s\n", layers[0] != '\0' ? layers : "none");
    if (without[0] != '\0') {
        printf("left out: %s\n", without);
    }
    printf("\n%-6s  %-38s  %-42s  %s\n", "class", "attack",
            report->kind == REPORT_CONTROL ? "gives" : "would have given",
            report->kind == REPORT_CONTROL ? "with nothing to stop it" : "refused by");
}

static void text(const struct report *report)
{
    const struct counts c = count(report);

    head(report);
    for (size_t i = 0; i < report->count; i++) {
        const struct finding *f = &report->findings[i];
        char words[WORDS], also[160];

        if (report->kind == REPORT_CONTROL) {
            describe_control(f, words);
        } else {
            describe(f, words);
        }
        printf("%-6s  %-38s  %-42s  %s", class_names[f->row->class], f->row->name, f->row->gain,
                words);
        if (report->kind == REPORT_MATRIX) {
            prove_layer_names(f->also, also, sizeof(also));
            printf("  [alone: %s]", also[0] != '\0' ? also : "-");
        }
        printf("\n");
    }
    if (report->kind == REPORT_CONTROL) {
        printf("\n%zu attacks: %zu work when nothing stops them, %zu are refused or contained all "
               "the "
               "same, %zu are not on this machine\n",
                report->count, c.through + c.known, c.refused, c.absent);
        return;
    }
    printf("\n%zu attacks: %zu refused, %zu got through, %zu that no layer can refuse, %zu not on "
           "this "
           "machine\n",
            report->count, c.refused, c.through, c.known, c.absent);
}

/* --- JSON ------------------------------------------------------------------------------------------------------ */

/* Names and sentences here are ours and hold neither quotes nor backslashes; `prove` tests say so. */
static void json_list(const char *key, unsigned layers)
{
    char names[160];
    size_t len;

    prove_layer_names(layers, names, sizeof(names));
    len = strlen(names);
    printf(",\"%s\":[%s", key, len > 0 ? "\"" : "");
    for (size_t i = 0; i < len; i++) {
        printf(names[i] == ',' ? "\",\"" : "%c", names[i]);
    }
    printf("%s]", len > 0 ? "\"" : "");
}

static void json_finding(const struct report *report, const struct finding *f)
{
    static const char *const verdicts[] = { "refused", "through", "known", "absent" };
    const struct outcome *o = &f->outcome;
    char how[64], by[64], evidence[400], name[48];

    describe_how(o, how, sizeof(how));
    describe_by(f, by, sizeof(by));
    describe_evidence(o->evidence, "\"", evidence, sizeof(evidence));
    printf("{\"type\":\"attack\",\"id\":\"%s\",\"class\":\"%s\",\"attack\":\"%s\",\"gain\":\"%s\","
           "\"outcome\":"
           "\"%s\",\"how\":\"%s\"",
            f->row->id, class_names[f->row->class], f->row->name, f->row->gain,
            verdicts[verdict_of(f)], how);
    if (report->kind != REPORT_CONTROL && verdict_of(f) == REFUSED) {
        printf(",\"by\":\"%s\"", by);
    }
    if (o->how == HOW_CONFESSED && o->result < 0) {
        describe_errno(-o->result, name, sizeof(name));
        printf(",\"errno\":\"%s\"", name);
    }
    if (o->how == HOW_SIGNAL) {
        printf(",\"signal\":%d", o->signal);
    }
    if (o->how == HOW_SIGNAL && o->syscall >= 0) {
        describe_call(o->syscall, name, sizeof(name));
        printf(",\"syscall\":\"%s\"", name);
    }
    printf(",\"evidence\":[%s]", evidence);
    if (report->kind == REPORT_MATRIX) {
        json_list("alone", f->also);
    }
    printf("}\n");
}

static void json(const struct report *report)
{
    const struct counts c = count(report);
    struct utsname system;

    (void)uname(&system);
    for (size_t i = 0; i < report->count; i++) {
        json_finding(report, &report->findings[i]);
    }
    printf("{\"type\":\"summary\",\"control\":%s,\"attacks\":%zu,\"refused\":%zu,\"through\":%zu,"
           "\"known\":%zu,"
           "\"absent\":%zu,\"kernel\":\"%s\"",
            report->kind == REPORT_CONTROL ? "true" : "false", report->count, c.refused, c.through,
            c.known, c.absent, system.release);
    json_list("layers", report->findings[0].outcome.layers);
    json_list("without", report->without);
    printf("}\n");
}

void prove_report(const struct report *report)
{
    if (report->json) {
        json(report);
    } else {
        text(report);
    }
}

void prove_report_difference(
        const struct report *base, const struct report *worse, const char *title)
{
    size_t shown = 0;

    for (size_t i = 0; i < worse->count; i++) {
        const struct finding *f = &worse->findings[i];

        if (verdict_of(f) != THROUGH || verdict_of(&base->findings[i]) == THROUGH) {
            continue;
        }
        if (base->json) {
            printf("{\"type\":\"difference\",\"id\":\"%s\"", f->row->id);
            json_list("without", worse->without);
            printf("}\n");
        } else if (shown == 0) {
            printf("\n%s\n", title);
        }
        if (!base->json) {
            printf("%-6s  %-38s  %s\n", class_names[f->row->class], f->row->name, f->row->gain);
        }
        shown++;
    }
    if (!base->json && shown == 0) {
        printf("\n%s\nnone\n", title);
    }
}
