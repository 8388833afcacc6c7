/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c - `overt rules list|show|verify`: what a rule set holds, in its own words. Names and texts
 * come from whoever wrote the rules and are escaped before they are shown. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "programs/overt/commands.h"
#include "programs/overt/out.h"
#include "programs/overt/provenance.h"
#include "programs/overt/rules_cost.h"
#include "programs/overt/rules_log.h"
#include "programs/overt/rulesets.h"

static const char usage[] =
        "usage: overt rules list [--rules PATH]... [--json]\n"
        "       overt rules show NAME... [--rules PATH]...\n"
        "       overt rules verify [--rules PATH]...\n"
        "       overt rules cost RULES [FILE]...\n"
        "       overt rules status|diff|accept|rollback ...\n"
        "\n"
        "  list     every rule: name, tags, severity and description\n"
        "  show     the whole text of a rule, as its author wrote it\n"
        "  verify   check the database whole: its digest and, in a jail, every offset\n"
        "  cost     what each rule costs on given files, or on reference bytes\n"
        "           (overt rules cost --help)\n"
        "  status, diff, accept, rollback   the log's rules (overt rules status --help)\n"
        "\n"
        "      --rules PATH           a rule file, a folder of them, or a .ovdb; default:\n"
        "                             the active rules, else the starter rules\n"
        "      --json                 one JSON object a line\n"
        "      --accept-weaker-jail LAYER\n"
        "                             compile without this layer of the jail\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0, or 2 if something is wrong (a name that no rule has included).\n";

struct command {
    struct ov_words paths;
    struct ov_words weaker;
    struct ov_words names;
    struct ov_ruleset ruleset;
    struct ov_provenances from;
    struct ov_out out;
    bool json;
};

static struct ov_bytes bytes_of(overt_text text)
{
    return ov_bytes_of(text.bytes, text.len);
}

/* The text of the meta called `name`; false if there is none. */
static bool meta_text(const overt_db *db, const overt_rule *rule, const char *name, overt_text *out)
{
    overt_error err = OVERT_ERROR_INIT;
    overt_meta meta;

    for (uint32_t i = 0; i < rule->meta_count; i++) {
        if (overt_db_rule_meta(db, rule->number, i, &meta, &err) == OVERT_OK
                && meta.kind == OVERT_META_TEXT
                && ov_bytes_equal(bytes_of(meta.name), name, strlen(name))) {
            *out = meta.text;
            return true;
        }
    }
    return false;
}

static void list_line(struct command *c, const overt_rule *rule)
{
    struct ov_buf *out = &c->out.buf;
    overt_text text;

    ov_text_escape(out, bytes_of(rule->name));
    if (rule->is_private || rule->is_global || rule->is_hash) {
        ov_buf_printf(out, " [%s]",
                rule->is_hash      ? "hash"
                : rule->is_private ? (rule->is_global ? "private global" : "private")
                                   : "global");
    }
    if (meta_text(c->ruleset.db, rule, "severity", &text)) {
        ov_buf_put_text(out, "  ");
        ov_text_escape(out, bytes_of(text));
    }
    if (meta_text(c->ruleset.db, rule, "description", &text)) {
        ov_buf_put_text(out, "  ");
        ov_text_escape(out, bytes_of(text));
    }
    ov_buf_put_u8(out, '\n');
}

static void json_meta(struct ov_buf *out, const overt_meta *meta)
{
    ov_text_json(out, bytes_of(meta->name));
    ov_buf_put_u8(out, ':');
    switch (meta->kind) {
    case OVERT_META_BOOLEAN:
        ov_buf_put_text(out, meta->integer != 0 ? "true" : "false");
        break;
    case OVERT_META_INTEGER:
        ov_buf_printf(out, "%lld", (long long)meta->integer);
        break;
    case OVERT_META_TEXT:
        ov_text_json(out, bytes_of(meta->text));
        break;
    }
}

/* Which entry of which log, since when, seen by how many; or that it is the owner's own. */
static void put_origin(struct command *c, const overt_rule *rule)
{
    struct ov_buf *out = &c->out.buf;
    struct ov_origin origin;
    struct ov_bytes name;

    if (!c->from.has_origins) {
        ov_buf_put_text(out, c->from.is_local ? ",\"local\":true" : "");
        return;
    }
    if (ov_origins_find(&c->from.origins, bytes_of(rule->is_hash ? rule->name : rule->space),
                &origin, &name)) {
        ov_buf_put_text(out, ",\"log\":{\"origin\":");
        ov_text_json(out, c->from.origins.origin);
        ov_buf_printf(out, ",\"index\":%llu,\"time\":%llu,\"witnesses\":%u}",
                (unsigned long long)origin.index, (unsigned long long)origin.time,
                origin.witnesses);
    }
}

static overt_status list_json(struct command *c, const overt_rule *rule, overt_error *err)
{
    struct ov_buf *out = &c->out.buf;
    overt_status status = OVERT_OK;
    overt_meta meta;
    overt_text tag;

    ov_buf_printf(out, "{\"type\":\"%s\",\"number\":%u,\"name\":", rule->is_hash ? "hash" : "rule",
            rule->number);
    ov_text_json(out, bytes_of(rule->name));
    put_origin(c, rule);
    if (!rule->is_hash) {
        ov_buf_put_text(out, ",\"namespace\":");
        ov_text_json(out, bytes_of(rule->space));
        ov_buf_printf(out, ",\"private\":%s,\"global\":%s,\"strings\":%u,\"tags\":[",
                rule->is_private ? "true" : "false", rule->is_global ? "true" : "false",
                rule->string_count);
        for (uint32_t i = 0; status == OVERT_OK && i < rule->tag_count; i++) {
            status = overt_db_rule_tag(c->ruleset.db, rule->number, i, &tag, err);
            if (status == OVERT_OK) {
                ov_buf_put_text(out, i == 0 ? "" : ",");
                ov_text_json(out, bytes_of(tag));
            }
        }
        /* A list of pairs: a rule may repeat a meta's name. */
        ov_buf_put_text(out, "],\"metas\":[");
        for (uint32_t i = 0; status == OVERT_OK && i < rule->meta_count; i++) {
            status = overt_db_rule_meta(c->ruleset.db, rule->number, i, &meta, err);
            if (status == OVERT_OK) {
                ov_buf_put_text(out, i == 0 ? "{" : ",{");
                json_meta(out, &meta);
                ov_buf_put_u8(out, '}');
            }
        }
        ov_buf_put_u8(out, ']');
    }
    ov_buf_put_text(out, "}\n");
    return status;
}

static bool list(struct command *c)
{
    const uint64_t count = overt_db_rule_count(c->ruleset.db) + overt_db_hash_count(c->ruleset.db);
    overt_error err = OVERT_ERROR_INIT;
    overt_rule rule;

    for (uint64_t number = 0; number < count; number++) {
        overt_status status = overt_db_rule(c->ruleset.db, number, &rule, &err);

        if (status == OVERT_OK && c->json) {
            status = list_json(c, &rule, &err);
        } else if (status == OVERT_OK) {
            list_line(c, &rule);
        }
        if (status != OVERT_OK) {
            ov_complain_error("rules", &err);
            return false;
        }
        ov_out_spill(&c->out);
        if (c->out.failed != 0) {
            return false;
        }
    }
    return true;
}

static bool show_named(struct command *c, const char *name)
{
    const uint64_t rules = overt_db_rule_count(c->ruleset.db);
    const uint64_t count = rules + overt_db_hash_count(c->ruleset.db);
    overt_error err = OVERT_ERROR_INIT;
    bool found = false;
    overt_rule rule;

    for (uint64_t number = 0; number < count; number++) {
        if (overt_db_rule(c->ruleset.db, number, &rule, &err) != OVERT_OK) {
            ov_complain_error("rules", &err);
            return false;
        }
        if (!ov_bytes_equal(bytes_of(rule.name), name, strlen(name))) {
            continue;
        }
        found = true;
        if (rule.is_hash) {
            ov_text_escape(&c->out.buf, bytes_of(rule.name));
            ov_buf_put_text(&c->out.buf, ": a hash of a list\n");
        } else {
            ov_text_escape_source(&c->out.buf, bytes_of(rule.source));
            ov_buf_put_u8(&c->out.buf, '\n');
        }
        ov_out_spill(&c->out);
    }
    if (!found) {
        ov_complain("rules", "no rule is called '%s'; `overt rules list` names them all", name);
    }
    return found;
}

static bool show(struct command *c)
{
    bool good = true;

    for (size_t i = 0; i < c->names.count; i++) {
        good = show_named(c, c->names.at[i]) && good;
    }
    return good;
}

static bool verify(struct command *c)
{
    overt_error err = OVERT_ERROR_INIT;
    uint8_t digest[32];

    if (overt_db_verify(c->ruleset.db, &err) != OVERT_OK) {
        ov_complain_error("rules", &err);
        return false;
    }
    overt_db_digest(c->ruleset.db, digest);
    ov_buf_printf(&c->out.buf, "%s: good; %llu rules, %llu hashes, sha256 of the body ",
            c->ruleset.name, (unsigned long long)overt_db_rule_count(c->ruleset.db),
            (unsigned long long)overt_db_hash_count(c->ruleset.db));
    ov_text_hex(&c->out.buf, ov_bytes_of(digest, sizeof(digest)));
    ov_buf_put_u8(&c->out.buf, '\n');
    return true;
}

static const struct {
    const char *name;
    bool (*run)(struct command *c);
    bool wants_names;
} verbs[] = {
    { "list", list, false },
    { "show", show, true },
    { "verify", verify, false },
};

/* -1: go on; else the exit code. */
static int read_options(struct command *c, int argc, char **argv)
{
    enum {
        OPTION_RULES = 0x100,
        OPTION_JSON,
        OPTION_WEAKER,
        OPTION_HELP
    };
    static const struct option options[] = {
        { "rules", required_argument, NULL, OPTION_RULES },
        { "json", no_argument, NULL, OPTION_JSON },
        { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool good = true;

        switch (option) {
        case OPTION_RULES:
            good = ov_words_add(&c->paths, optarg);
            break;
        case OPTION_JSON:
            c->json = true;
            break;
        case OPTION_WEAKER:
            good = ov_words_add(&c->weaker, optarg);
            break;
        case OPTION_HELP:
            ov_buf_put_text(&c->out.buf, usage);
            return OV_EXIT_CLEAN;
        default:
            good = false; /* getopt_long has said what is wrong */
            break;
        }
        if (!good) {
            return OV_EXIT_ERROR;
        }
    }
    for (; optind < argc; optind++) {
        if (!ov_words_add(&c->names, argv[optind])) {
            return OV_EXIT_ERROR;
        }
    }
    return -1;
}

static bool run(struct command *c, const char *verb)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        const struct ov_ruleset_options wish = {
            .command = "rules", .sources = &c->paths, .weaker = c->weaker.at
        };

        if (strcmp(verb, verbs[i].name) != 0) {
            continue;
        }
        if (verbs[i].wants_names != (c->names.count != 0)) {
            if (verbs[i].wants_names) {
                ov_complain("rules", "%s: no name was given", verb);
            } else {
                ov_complain("rules", "%s: '%s' is one word too many", verb, c->names.at[0]);
            }
            return false;
        }
        if (!ov_ruleset_open(&c->ruleset, &wish)) {
            return false;
        }
        ov_provenances_init(&c->from, c->ruleset.db, c->ruleset.name);
        return verbs[i].run(c);
    }
    ov_complain("rules", "'%s' is none of list, show, verify, cost", verb);
    return false;
}

int cmd_rules(int argc, char **argv)
{
    struct command c = { 0 };
    int code;

    if (argc > 1 && ov_rules_log_is(argv[1])) {
        return ov_rules_log(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "cost") == 0) {
        return ov_rules_cost(argc - 1, argv + 1);
    }
    ov_out_init(&c.out, STDOUT_FILENO);
    if (argc < 2) {
        (void)fputs(usage, stderr);
        code = OV_EXIT_ERROR;
    } else if (strcmp(argv[1], "--help") == 0) {
        ov_buf_put_text(&c.out.buf, usage);
        code = OV_EXIT_CLEAN;
    } else {
        code = read_options(&c, argc - 1, argv + 1);
        if (code < 0) {
            code = run(&c, argv[1]) ? OV_EXIT_CLEAN : OV_EXIT_ERROR;
        }
    }
    if (!ov_out_finish(&c.out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&c.out);
    ov_provenances_done(&c.from);
    ov_ruleset_done(&c.ruleset);
    ov_words_done(&c.paths);
    ov_words_done(&c.weaker);
    ov_words_done(&c.names);
    return code;
}
