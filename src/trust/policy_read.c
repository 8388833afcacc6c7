/* SPDX-License-Identifier: Apache-2.0 */
/* policy_read.c - the text of a policy. What it decides is in policy.c. */
#include <string.h>

#include "base/checked.h"
#include "trust/line.h"
#include "trust/policy.h"

struct policy_reader {
    struct ov_lines lines;
    struct ov_policy *policy;
    bool has_quorum;
    bool is_member[OV_POLICY_NAMES_MAX];
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

/* The next word of a line. False: there is none. */
static bool take_word(struct ov_bytes *line, struct ov_bytes *word)
{
    const uint8_t *bytes = ov_bytes_raw(*line);
    const uint64_t len = ov_bytes_len(*line);
    uint64_t from = 0, to;

    while (from < len && is_blank(bytes[from])) {
        from++;
    }
    for (to = from; to < len && !is_blank(bytes[to]); to++) {
    }
    if (from == to) {
        return false;
    }
    *word = ov_text_cut(*line, from, to - from);
    *line = ov_text_cut(*line, to, len - to);
    return true;
}

static bool is_word(struct ov_bytes word, const char *what)
{
    return ov_bytes_equal(word, what, strlen(what));
}

/* Beginning of a name that may be longer than a message. */
static int shown(struct ov_bytes name)
{
    return (int)(ov_bytes_len(name) > 40 ? 40 : ov_bytes_len(name));
}

static bool find_name(const struct ov_policy *policy, struct ov_bytes name, uint32_t *index)
{
    for (uint32_t i = 0; i < policy->name_count; i++) {
        if (ov_bytes_equal(policy->names[i].name, ov_bytes_raw(name), (size_t)ov_bytes_len(name))) {
            *index = i;
            return true;
        }
    }
    return false;
}

/* A key that stands twice would count twice; two keys that one signature line could mean would
 * make every note with it undecidable. */
static overt_status check_is_new_key(
        const struct policy_reader *r, const struct ov_key *key, overt_error *err)
{
    const struct ov_policy *policy = r->policy;

    for (uint32_t i = 0; i < policy->log_count + policy->name_count; i++) {
        const struct ov_key *other;

        if (i >= policy->log_count && policy->names[i - policy->log_count].is_group) {
            continue;
        }
        other = i < policy->log_count ? &policy->logs[i].key
                                      : &policy->names[i - policy->log_count].key;
        if (ov_key_is_same(key, other)) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                    "this public key stands here already, as %.*s", shown(other->name),
                    (const char *)ov_bytes_raw(other->name));
        }
        if (memcmp(key->id, other->id, sizeof(key->id)) == 0
                && ov_bytes_equal(
                        key->name, ov_bytes_raw(other->name), (size_t)ov_bytes_len(other->name))) {
            return ov_line_fail(
                    err, OVERT_E_SYNTAX, &r->lines, "another key has this name and id already");
        }
    }
    return OVERT_OK;
}

/* A key of the right kind and, perhaps, a URL: how log and witness lines end. */
static overt_status take_key(struct policy_reader *r, struct ov_bytes *line,
        enum ov_key_algorithm algorithm, struct ov_key *key, struct ov_bytes *url, overt_error *err)
{
    overt_error inner = OVERT_ERROR_INIT;
    struct ov_bytes word;
    overt_status status;

    if (!take_word(line, &word)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines, "the key is missing");
    }
    status = ov_key_read(word, key, &inner);
    if (status != OVERT_OK) {
        return ov_line_fail(err, status, &r->lines, "%s", inner.message);
    }
    if (key->algorithm != algorithm) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                "a key of algorithm 0x%02x; here belongs one of 0x%02x", (unsigned)key->algorithm,
                (unsigned)algorithm);
    }
    if (!take_word(line, url)) {
        *url = ov_bytes_of(NULL, 0);
    }
    if (take_word(line, &word)) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, &r->lines, "nothing may follow the key but one URL");
    }
    return check_is_new_key(r, key, err);
}

static overt_status read_log(struct policy_reader *r, struct ov_bytes line, overt_error *err)
{
    struct ov_policy_log log = { 0 };
    overt_status status = take_key(r, &line, OV_KEY_ED25519, &log.key, &log.url, err);

    if (status != OVERT_OK) {
        return status;
    }
    if (r->policy->log_count == OV_POLICY_LOGS_MAX) {
        return ov_line_fail(err, OVERT_E_LIMIT, &r->lines, "more than %u logs", OV_POLICY_LOGS_MAX);
    }
    r->policy->logs[r->policy->log_count++] = log;
    return OVERT_OK;
}

/* The name that a witness or group line defines. */
static overt_status take_new_name(
        struct policy_reader *r, struct ov_bytes *line, struct ov_bytes *name, overt_error *err)
{
    uint32_t index;

    if (!take_word(line, name)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines, "the name is missing");
    }
    if (is_word(*name, "none") || find_name(r->policy, *name, &index)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines, "the name %.*s is taken", shown(*name),
                (const char *)ov_bytes_raw(*name));
    }
    if (r->policy->name_count == OV_POLICY_NAMES_MAX) {
        return ov_line_fail(err, OVERT_E_LIMIT, &r->lines, "more than %u witnesses and groups",
                OV_POLICY_NAMES_MAX);
    }
    return OVERT_OK;
}

static overt_status read_witness(struct policy_reader *r, struct ov_bytes line, overt_error *err)
{
    struct ov_policy_name witness = { 0 };
    overt_status status = take_new_name(r, &line, &witness.name, err);

    if (status == OVERT_OK) {
        status = take_key(r, &line, OV_KEY_COSIGNATURE_V1, &witness.key, &witness.url, err);
    }
    if (status == OVERT_OK) {
        r->policy->names[r->policy->name_count++] = witness;
    }
    return status;
}

static overt_status take_members(struct policy_reader *r, struct ov_bytes *line,
        struct ov_policy_name *group, overt_error *err)
{
    struct ov_bytes word;

    group->first = r->policy->member_count;
    while (take_word(line, &word)) {
        uint32_t index = 0;

        if (!find_name(r->policy, word, &index)) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                    "%.*s is no witness or group of a line above", shown(word),
                    (const char *)ov_bytes_raw(word));
        }
        if (r->is_member[index]) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                    "%.*s is a member already, and may be one only once", shown(word),
                    (const char *)ov_bytes_raw(word));
        }
        /* Each name once, so there are never more members than names. */
        OV_ASSERT(r->policy->member_count < OV_POLICY_NAMES_MAX);
        r->is_member[index] = true;
        r->policy->members[r->policy->member_count++] = index;
        group->count++;
    }
    if (group->count == 0) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines, "a group without members");
    }
    return OVERT_OK;
}

static overt_status read_group(struct policy_reader *r, struct ov_bytes line, overt_error *err)
{
    struct ov_policy_name group = { .is_group = true };
    overt_status status = take_new_name(r, &line, &group.name, err);
    struct ov_bytes threshold;
    const char *why = NULL;
    uint64_t need = 1;

    if (status != OVERT_OK) {
        return status;
    }
    if (!take_word(&line, &threshold)) {
        return ov_line_fail(
                err, OVERT_E_SYNTAX, &r->lines, "how many members: all, any or a number");
    }
    status = take_members(r, &line, &group, err);
    if (status != OVERT_OK) {
        return status;
    }
    if (is_word(threshold, "all")) {
        need = group.count;
    } else if (!is_word(threshold, "any")) {
        why = ov_decimal_read(threshold, &need);
    }
    if (why != NULL || need == 0 || need > group.count) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                "how many members: all, any or a number from 1 to %u", group.count);
    }
    group.need = (uint32_t)need;
    r->policy->names[r->policy->name_count++] = group;
    return OVERT_OK;
}

static overt_status read_quorum(struct policy_reader *r, struct ov_bytes line, overt_error *err)
{
    struct ov_bytes name, more;

    if (r->has_quorum) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines, "a second quorum line");
    }
    if (!take_word(&line, &name) || take_word(&line, &more)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                "a quorum line has one name: of a witness, of a group, or none");
    }
    if (!is_word(name, "none") && !find_name(r->policy, name, &r->policy->quorum)) {
        return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
                "%.*s is no witness or group of a line above", shown(name),
                (const char *)ov_bytes_raw(name));
    }
    r->has_quorum = true;
    return OVERT_OK;
}

/* Not of C2SP's format: settings.h reads these. */
static overt_status pass_over(struct policy_reader *r, struct ov_bytes line, overt_error *err)
{
    (void)r;
    (void)line;
    (void)err;
    return OVERT_OK;
}

static const struct {
    const char *word;
    overt_status (*read)(struct policy_reader *r, struct ov_bytes line, overt_error *err);
} statements[] = {
    { "log", read_log },
    { "witness", read_witness },
    { "group", read_group },
    { "quorum", read_quorum },
    { "overt", pass_over },
};

static overt_status read_line(struct policy_reader *r, struct ov_bytes line, overt_error *err)
{
    struct ov_bytes word;

    for (uint64_t i = 0; i < ov_bytes_len(line); i++) {
        const uint8_t c = ov_bytes_raw(line)[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines, "control character 0x%02x", c);
        }
    }
    if (!take_word(&line, &word) || ov_bytes_raw(word)[0] == '#') {
        return OVERT_OK;
    }
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        if (is_word(word, statements[i].word)) {
            return statements[i].read(r, line, err);
        }
    }
    return ov_line_fail(err, OVERT_E_SYNTAX, &r->lines,
            "%.*s is none of log, witness, group, quorum, overt", shown(word),
            (const char *)ov_bytes_raw(word));
}

overt_status ov_policy_read(struct ov_bytes in, struct ov_policy *out, overt_error *err)
{
    struct policy_reader r = { .lines = ov_lines_on(in), .policy = out };
    struct ov_bytes line;

    if (ov_bytes_len(in) > OV_POLICY_BYTES_MAX) {
        return ov_fail(err, OVERT_E_LIMIT, OV_POLICY_BYTES_MAX, "a policy has at most %u bytes",
                OV_POLICY_BYTES_MAX);
    }
    *out = (struct ov_policy){ .quorum = OV_POLICY_QUORUM_NONE };
    while (ov_lines_next(&r.lines, &line)) {
        const overt_status status = read_line(&r, line, err);

        if (status != OVERT_OK) {
            return status;
        }
    }
    if (ov_bytes_len(ov_lines_rest(&r.lines)) != 0) {
        r.lines.at = r.lines.next;
        r.lines.line++;
        return ov_line_fail(err, OVERT_E_SYNTAX, &r.lines, "the last line does not end in LF");
    }
    if (!r.has_quorum) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "a policy without a quorum line");
    }
    if (out->log_count == 0) {
        return ov_fail(err, OVERT_E_SYNTAX, UINT64_MAX, "a policy without a log accepts nothing");
    }
    return OVERT_OK;
}
