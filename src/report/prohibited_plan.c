/* SPDX-License-Identifier: Apache-2.0 */
/* prohibited_plan.c - how each finding is removed. As a script it only shows what it would do until
 * somebody runs it with --really; names from the system are quoted so that they stay names. */
#include <string.h>

#include "base/text.h"
#include "report/prohibited.h"

struct plan {
    struct ov_buf *out;
    const struct ov_prohibited_report *r;
    const struct ov_found *found;
    bool script;
    bool here; /* on the machine that was looked at live: steps may be run */
    unsigned steps;
};

/* 'it''s' for the shell. A name with control characters is not made a command of: false. */
static bool put_quoted(struct ov_buf *out, const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            return false;
        }
    }
    ov_buf_put_u8(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            ov_buf_put_text(out, "'\\''");
        } else {
            ov_buf_put(out, text, 1);
        }
    }
    ov_buf_put_u8(out, '\'');
    return true;
}

static void put_comment(struct plan *p, const char *before, const char *text)
{
    ov_buf_put_text(p->out, p->script ? "# " : "  ");
    ov_buf_put_text(p->out, before);
    ov_text_escape(p->out, ov_bytes_of(text, strlen(text)));
    ov_buf_put_u8(p->out, '\n');
    p->steps++;
}

static void put_step(struct plan *p, const char *command, const char *argument)
{
    struct ov_buf line;

    ov_buf_init(&line, 1u << 20);
    if (!put_quoted(&line, argument)) {
        put_comment(p, "by hand, as its name holds control characters: ", argument);
    } else {
        const struct ov_bytes text = ov_buf_bytes(&line);

        ov_buf_printf(
                p->out, p->script ? (p->here ? "run %s " : "# there: %s ") : "  %s ", command);
        ov_buf_put(p->out, ov_bytes_raw(text), (size_t)ov_bytes_len(text));
        ov_buf_put_u8(p->out, '\n');
        p->steps++;
    }
    ov_buf_done(&line);
}

static bool ends_with(const char *text, const char *end)
{
    const size_t len = strlen(text), end_len = strlen(end);

    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Is there an earlier clue of this kind and value? Then its step is written. */
static bool is_repeated(const struct plan *p, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(p->found->clues[i].kind, p->found->clues[index].kind) == 0
                && strcmp(p->found->clues[i].value, p->found->clues[index].value) == 0) {
            return true;
        }
    }
    return false;
}

static void each(struct plan *p, const char *kind,
        void (*fn)(struct plan *p, const struct ov_clue *clue), bool repeats)
{
    for (size_t i = 0; i < p->found->clue_count; i++) {
        if (strcmp(p->found->clues[i].kind, kind) == 0 && (repeats || !is_repeated(p, i))) {
            fn(p, &p->found->clues[i]);
        }
    }
}

static void stop_unit(struct plan *p, const struct ov_clue *clue)
{
    put_step(p, "systemctl disable --now", clue->value);
}

static void stop_process(struct plan *p, const struct ov_clue *clue)
{
    if (clue->shows == OV_STATE_RUNNING) {
        put_comment(p, "it runs and must end: ", clue->where);
    }
}

static void offer_uninstaller(struct plan *p, const struct ov_clue *clue)
{
    if (ends_with(clue->value, "-setup.pl") || ends_with(clue->value, "UninstallScript")) {
        put_comment(p, "the vendor's own uninstaller, if you trust it to run: ", clue->where);
    }
}

static void remove_package(struct plan *p, const struct ov_clue *clue)
{
    if (strncmp(clue->detail, "dpkg ", 5) == 0) {
        put_step(p, "dpkg --purge", clue->value);
    } else if (strncmp(clue->detail, "rpm ", 4) == 0) {
        put_step(p, "rpm -e", clue->value);
    } else if (strncmp(clue->detail, "apk ", 4) == 0) {
        put_step(p, "apk del", clue->value);
    } else {
        put_comment(p, "uninstall the Android package: ", clue->value);
    }
}

static void remove_product_code(struct plan *p, const struct ov_clue *clue)
{
    put_comment(p, "on Windows, as administrator: msiexec /x ", clue->value);
}

static void remove_service(struct plan *p, const struct ov_clue *clue)
{
    put_comment(p, "on Windows, if still there: sc delete ", clue->value);
}

static void remove_key(struct plan *p, const struct ov_clue *clue)
{
    put_comment(p, "on Windows, if still there: reg delete ", clue->value);
}

static void remove_receipt(struct plan *p, const struct ov_clue *clue)
{
    put_comment(p, "on macOS: pkgutil --forget ", clue->value);
}

static void remove_user(struct plan *p, const struct ov_clue *clue)
{
    put_step(p, "userdel", clue->value);
}

static void remove_group(struct plan *p, const struct ov_clue *clue)
{
    put_step(p, "groupdel", clue->value);
}

static void remove_certificate(struct plan *p, const struct ov_clue *clue)
{
    if (strncmp(clue->where, "/usr/local/share/ca-certificates/", 33) == 0) {
        put_step(p, "rm -f --", clue->where);
        put_step(p, "update-ca-certificates", "--fresh");
    } else {
        put_comment(p, "take the certificate out of this trust store: ", clue->where);
    }
}

static void remove_extension(struct plan *p, const struct ov_clue *clue)
{
    put_comment(p, "remove the browser's extension: ", clue->where);
}

/* Only paths that the catalogue is sure of, and none near the root. */
static void remove_path(struct plan *p, const struct ov_clue *clue)
{
    const char *second = clue->where[0] == '/' ? strchr(clue->where + 1, '/') : NULL;

    if (clue->strength != OV_STRENGTH_STRONG || second == NULL || second[1] == '\0'
            || strstr(clue->where, "/../") != NULL || strncmp(clue->where, "process ", 8) == 0) {
        put_comment(p, "look at it, and remove it if it is the product's: ", clue->where);
    } else {
        put_step(p, "rm -rf --", clue->where);
    }
}

static void plan_found(struct plan *p)
{
    ov_buf_put_text(p->out, p->script ? "\n# " : "\n");
    ov_text_escape(p->out, ov_bytes_of(p->found->name, strlen(p->found->name)));
    ov_buf_printf(p->out, " (%s) on ", ov_state_name(p->found->state));
    {
        const char *host = p->r->survey->hosts[p->found->host].name;

        ov_text_escape(p->out, ov_bytes_of(host, strlen(host)));
    }
    ov_buf_put_text(p->out, p->script ? "\n" : ":\n");
    p->steps = 0;
    each(p, "unit", stop_unit, false);
    each(p, "path", offer_uninstaller, false);
    each(p, "package", remove_package, false);
    each(p, "msi-product", remove_product_code, false);
    each(p, "process", stop_process, true);
    each(p, "service", remove_service, false);
    each(p, "registry-key", remove_key, false);
    each(p, "receipt", remove_receipt, false);
    each(p, "user", remove_user, false);
    each(p, "group", remove_group, false);
    each(p, "certificate-issuer-cn", remove_certificate, true);
    each(p, "certificate-subject-o", remove_certificate, true);
    each(p, "chrome-extension", remove_extension, true);
    each(p, "firefox-addon", remove_extension, true);
    each(p, "firefox-addon-suffix", remove_extension, true);
    each(p, "path", remove_path, true);
    each(p, "driver", remove_path, true);
    if (p->steps == 0) {
        put_comment(p, "nothing is known but to look at: ",
                p->found->clue_count == 0 ? "" : p->found->clues[0].where);
    }
}

static const char script_head[] =
        "#!/bin/sh\n"
        "# Made by `overt prohibited plan --script`. Read it, line by line, before you run it.\n"
        "# Without --really it only shows what it would do.\n"
        "set -u\n"
        "really=0\n"
        "[ \"${1-}\" = --really ] && really=1\n"
        "failed=0\n"
        "run() {\n"
        "    if [ \"$really\" = 1 ]; then\n"
        "        \"$@\" || { echo \"failed: $*\" >&2; failed=1; }\n"
        "    else\n"
        "        echo \"would run: $*\"\n"
        "    fi\n"
        "}\n";

void ov_prohibited_plan(struct ov_buf *out, const struct ov_prohibited_report *r, bool script)
{
    struct plan p = { .out = out, .r = r, .script = script };

    if (script) {
        ov_buf_put_text(out, script_head);
    } else if (r->survey->found_count == 0) {
        ov_buf_put_text(out, ov_survey_is_complete(r->survey)
                                     ? "None found: nothing to remove.\n"
                                     : "Nothing found so far, and not everything could be read.\n");
    }
    for (size_t i = 0; i < r->survey->found_count; i++) {
        p.found = &r->survey->found[i];
        p.here = strcmp(r->survey->hosts[p.found->host].kind, "live") == 0
                 && r->survey->host_count == 1;
        plan_found(&p);
    }
    ov_buf_put_text(
            out, script ? "\nexit \"$failed\"\n"
                        : "\nAfterwards: overt prohibited --since REPORT shows what went and "
                          "what stayed.\n");
}
