/* SPDX-License-Identifier: Apache-2.0 */
/* monitor.c - `overt-witness monitor`: reads everything that a log publishes and says what is new, and
 * what is wrong. It holds no key and vouches for nothing; who runs it wants to know.
 *
 * Every new entry is read and hashed: a checkpoint is accepted only if all entries seen before and the
 * new ones lead to its root. That shows more than a consistency proof. Nobody is trusted, neither
 * the log, nor who serves it, nor a witness. */
#include "programs/witness/monitor.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"
#include "programs/witness/witness.h"
#include "trust/entry.h"
#include "trust/policy.h"
#include "trust/tile.h"

#define BUNDLE_BYTES_MAX (256u * 65537u)
#define WITNESSES_MAX    32u

enum outcome {
    GOOD = 0,
    WRONG = 1, /* the log, or who serves it, does what it may not */
    ERROR = 2  /* nothing can be said */
};

struct monitoring {
    struct ov_key log;
    const char *state, *policy_path, *place;
    const char *witnesses[WITNESSES_MAX];
    size_t witness_count;
    uint64_t every; /* seconds; 0: once */
    struct ov_buf policy_text;
    struct ov_policy *policy; /* owned; NULL: none */
    struct ov_digest *sha;    /* owned */
    struct seen seen;
    struct source source;
};

/* A checkpoint that somebody showed, signed by the log. */
struct shown {
    struct ov_buf bytes;
    struct ov_note *note; /* owned */
    struct ov_checkpoint checkpoint;
};

static volatile sig_atomic_t ended;

static void on_end(int number)
{
    (void)number;
    ended = 1;
}

/* --- telling -------------------------------------------------------------------------------- */

static void put(const char *word, struct ov_bytes about, const char *text)
{
    struct ov_buf out;

    ov_buf_init(&out, 16384);
    ov_buf_printf(&out, "%s ", word);
    ov_text_escape(&out, about);
    ov_buf_printf(&out, "%s%s\n", text[0] == '\0' ? "" : ": ", text);
    (void)fwrite(
            ov_bytes_raw(ov_buf_bytes(&out)), 1, (size_t)ov_bytes_len(ov_buf_bytes(&out)), stdout);
    ov_buf_done(&out);
}

/* A signed note convicts: it is shown whole, for whoever is to be convinced. */
static void put_evidence(const char *what, struct ov_bytes note)
{
    (void)printf(
            "--- %s:\n%.*s---\n", what, (int)ov_bytes_len(note), (const char *)ov_bytes_raw(note));
}

static enum outcome wrong(
        const struct monitoring *m, const char *word, const struct shown *shown, const char *why)
{
    put(word, m->log.name, why);
    if (ov_bytes_len(ov_buf_bytes(&m->seen.note)) != 0) {
        put_evidence("accepted before", ov_buf_bytes(&m->seen.note));
    }
    put_evidence("shown now", ov_buf_bytes(&shown->bytes));
    return WRONG;
}

static void tell_entry(
        const struct monitoring *m, uint64_t index, struct ov_bytes bytes, enum outcome *outcome)
{
    struct ov_note *note = malloc(sizeof(*note));
    overt_error err = OVERT_ERROR_INIT;
    struct ov_entry entry;
    char word[80];

    if (note == NULL || ov_note_read(bytes, note, &err) != OVERT_OK
            || ov_entry_read(note->text, &entry, &err) != OVERT_OK) {
        (void)snprintf(word, sizeof(word), "UNREADABLE entry %" PRIu64 " of", index);
        put(word, m->log.name, err.message);
        *outcome = WRONG;
    } else {
        (void)snprintf(
                word, sizeof(word), "new %" PRIu64 " %s", index, ov_entry_kind_name(entry.kind));
        put(word, entry.name, "");
        if (!ov_bytes_equal(
                    entry.scope, ov_bytes_raw(m->log.name), (size_t)ov_bytes_len(m->log.name))) {
            (void)snprintf(word, sizeof(word), "FOREIGN entry %" PRIu64 " was made for", index);
            put(word, entry.scope, "");
            *outcome = WRONG;
        }
    }
    free(note);
}

/* --- a checkpoint --------------------------------------------------------------------------- */

static void shown_done(struct shown *shown)
{
    ov_buf_done(&shown->bytes);
    free(shown->note);
}

/* GOOD: it is the log's own. WRONG was said, and so was ERROR. */
static enum outcome read_shown(
        const struct monitoring *m, const struct source *from, const char *path, struct shown *out)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_note_check check = { 0 };
    bool missing;

    *out = (struct shown){ .note = malloc(sizeof(*out->note)) };
    ov_buf_init(&out->bytes, OV_NOTE_BYTES_MAX + 1u);
    if (out->note == NULL
            || source_read(from, path, OV_NOTE_BYTES_MAX, &out->bytes, &missing, &err)
                       != OVERT_OK) {
        complain(path, out->note == NULL ? "no memory" : err.message);
        return ERROR;
    }
    if (ov_note_read(ov_buf_bytes(&out->bytes), out->note, &err) != OVERT_OK
            || ov_checkpoint_read(out->note->text, &out->checkpoint, &err) != OVERT_OK) {
        put("MALFORMED checkpoint of", m->log.name, err.message);
        return WRONG;
    }
    if (ov_note_check_key(out->note, &m->log, &check, &err) != OVERT_OK || !check.is_signed
            || !ov_bytes_equal(out->checkpoint.origin, ov_bytes_raw(m->log.name),
                    (size_t)ov_bytes_len(m->log.name))) {
        put("UNSIGNED checkpoint of", m->log.name,
                err.message[0] != '\0' ? err.message : "the log did not sign it");
        return WRONG;
    }
    if (out->checkpoint.size > OV_LOG_ENTRIES_MAX) {
        put("TOO LARGE", m->log.name, "more entries than a log may have");
        return WRONG;
    }
    return GOOD;
}

/* The root over the first entries that were seen. */
static void root_at(const struct monitoring *m, uint64_t size, struct ov_hash *out)
{
    struct ov_tree tree = { 0 };

    for (uint64_t i = 0; i < size; i++) {
        if (!ov_tree_append(m->sha, &tree, &m->seen.leaves[i])) {
            break; /* never: fewer entries than OV_LOG_ENTRIES_MAX */
        }
    }
    ov_tree_root(m->sha, &tree, out);
}

static overt_status read_bundle(const struct monitoring *m, const struct ov_tile *tile,
        struct ov_buf *file, struct ov_bytes entries[OV_TILE_WIDTH], overt_error *err)
{
    struct ov_tile whole = *tile;
    struct ov_buf path;
    bool missing = false;
    overt_status status = OVERT_OK;

    ov_buf_init(&path, 256);
    for (int turn = 0; turn < 2;
            turn++) { /* a partial bundle may be gone when the full one is there */
        ov_buf_clear(&path);
        ov_tile_put_path(&path, turn == 0 ? tile : &whole);
        ov_buf_put_u8(&path, 0);
        whole.width = OV_TILE_WIDTH;
        ov_buf_clear(file);
        status = source_read(&m->source, (const char *)ov_bytes_raw(ov_buf_bytes(&path)),
                BUNDLE_BYTES_MAX, file, &missing, err);
        if (status == OVERT_OK || !missing || tile->width == OV_TILE_WIDTH) {
            break;
        }
    }
    ov_buf_done(&path);
    return status == OVERT_OK ? ov_tile_read_entries(tile, ov_buf_bytes(file), entries, err)
                              : status;
}

/* Hashes the entries behind what was seen, bundle by bundle; or, when their root is known to be right,
 * reads them again and tells them. WRONG: an entry is another one than before; the caller says it. */
static enum outcome read_entries(struct monitoring *m, uint64_t size, bool tell, enum outcome *told)
{
    struct ov_bytes *entries = calloc(OV_TILE_WIDTH, sizeof(*entries));
    enum outcome outcome = entries == NULL ? ERROR : GOOD;
    overt_error err = OVERT_ERROR_INIT;
    struct ov_buf file;

    ov_buf_init(&file, BUNDLE_BYTES_MAX + 1u);
    for (uint64_t n = m->seen.size / OV_TILE_WIDTH; outcome == GOOD && n * OV_TILE_WIDTH < size;
            n++) {
        const struct ov_tile tile = {
            .is_entries = true, .number = n, .width = ov_tile_width_in(0, n, size)
        };

        if (read_bundle(m, &tile, &file, entries, &err) != OVERT_OK) {
            complain("entries", err.message);
            outcome = ERROR;
        }
        for (uint32_t i = 0; outcome == GOOD && i < tile.width; i++) {
            const uint64_t index = n * OV_TILE_WIDTH + i;
            struct ov_hash leaf;

            ov_tree_leaf(m->sha, entries[i], &leaf);
            if (!tell && index >= m->seen.size) {
                m->seen.leaves[index] = leaf;
            } else if (!ov_hash_equal(&leaf, &m->seen.leaves[index])) {
                outcome = WRONG;
            } else if (index >= m->seen.size) {
                tell_entry(m, index, entries[i], told);
            }
        }
    }
    free(entries);
    ov_buf_done(&file);
    return outcome;
}

/* --- one look ------------------------------------------------------------------------------- */

static enum outcome judge_witnesses(
        const struct monitoring *m, const struct shown *shown, struct ov_judgement *judgement)
{
    overt_error err = OVERT_ERROR_INIT;

    if (m->policy == NULL
            || ov_policy_judge(m->policy, shown->note, &shown->checkpoint, 0, judgement, &err)
                       == OVERT_OK) {
        return GOOD;
    }
    return wrong(m, "UNWITNESSED", shown, err.message);
}

static void tell_size(const struct monitoring *m, const struct shown *shown, uint64_t old_size,
        const struct ov_judgement *judgement)
{
    const time_t when = (time_t)judgement->median_time;
    char text[160], stamp[40] = "";
    struct tm tm;

    if (m->policy != NULL && gmtime_r(&when, &tm) != NULL) {
        (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", &tm);
    }
    (void)snprintf(text, sizeof(text), "%" PRIu64 " entries (%" PRIu64 " new)",
            shown->checkpoint.size, shown->checkpoint.size - old_size);
    if (m->policy != NULL) {
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %u witnesses, %s",
                judgement->counted, stamp);
    }
    put("log", m->log.name, text);
}

static enum outcome grow(struct monitoring *m, const struct shown *shown, enum outcome *told)
{
    const uint64_t size = shown->checkpoint.size;
    struct ov_hash root;
    enum outcome outcome = seen_room(&m->seen, size) ? read_entries(m, size, false, NULL) : ERROR;

    if (outcome == WRONG) {
        return wrong(m, "FORK", shown, "an entry that was seen is another one now");
    }
    if (outcome == GOOD) {
        root_at(m, size, &root);
        if (!ov_hash_equal(&root, &shown->checkpoint.root)) {
            return wrong(
                    m, "FORK", shown, "what was seen and the new entries do not lead to this root");
        }
        outcome = read_entries(m, size, true, told);
        if (outcome == WRONG) {
            return wrong(m, "FORK", shown, "an entry changed while it was read");
        }
    }
    if (outcome == GOOD
            && !seen_put(&m->seen, &m->log, m->seen.size, size, ov_buf_bytes(&shown->bytes))) {
        outcome = ERROR;
    }
    return outcome;
}

/* What a witness cosigned last has to be a tree of this log's history, too. */
static enum outcome ask_witness(struct monitoring *m, const char *url)
{
    struct ov_hash root;
    struct source from = { .url = url, .folder = -1 };
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    struct ov_buf path;
    struct shown shown;
    enum outcome outcome = ERROR;

    ov_buf_init(&path, 256);
    if (ov_digest_of(OV_DIGEST_SHA256, m->log.name, digest)) {
        ov_text_hex(&path, ov_bytes_of(digest, OV_HASH_BYTES));
        ov_buf_put_text(&path, "/checkpoint");
        ov_buf_put_u8(&path, 0);
        outcome = read_shown(m, &from, (const char *)ov_bytes_raw(ov_buf_bytes(&path)), &shown);
        if (outcome == GOOD && shown.checkpoint.size > m->seen.size) {
            put("ahead", ov_bytes_of(url, strlen(url)),
                    "the witness has seen more than is published; look again later");
        } else if (outcome == GOOD) {
            root_at(m, shown.checkpoint.size, &root);
            if (!ov_hash_equal(&root, &shown.checkpoint.root)) {
                outcome = wrong(m, "FORK", &shown, "a witness cosigned another history");
            }
        }
        shown_done(&shown);
    }
    ov_buf_done(&path);
    return outcome;
}

static enum outcome worse(enum outcome a, enum outcome b)
{
    return a == WRONG || b == WRONG ? WRONG : a == ERROR ? a : b;
}

static enum outcome look(struct monitoring *m)
{
    struct ov_judgement judgement = { .counted = 0 };
    const uint64_t old_size = m->seen.size;
    enum outcome outcome, told = GOOD;
    struct ov_hash root;
    struct shown shown;

    outcome = read_shown(m, &m->source, "checkpoint", &shown);
    if (outcome == GOOD && shown.checkpoint.size < old_size) {
        outcome = wrong(m, "ROLLBACK", &shown, "the log has fewer entries than it had");
    } else if (outcome == GOOD && shown.checkpoint.size == old_size) {
        root_at(m, old_size, &root);
        outcome = ov_hash_equal(&root, &shown.checkpoint.root)
                          ? GOOD
                          : wrong(m, "FORK", &shown, "as many entries as before, another root");
    }
    if (outcome == GOOD) {
        outcome = judge_witnesses(m, &shown, &judgement);
    }
    if (outcome == GOOD) {
        outcome = grow(m, &shown, &told);
    }
    if (outcome == GOOD) {
        tell_size(m, &shown, old_size, &judgement);
        outcome = told;
    }
    shown_done(&shown);
    for (size_t i = 0; i < m->witness_count; i++) {
        outcome = worse(outcome, ask_witness(m, m->witnesses[i]));
    }
    (void)fflush(stdout);
    return outcome;
}

/* --- options -------------------------------------------------------------------------------- */

static bool load_policy(struct monitoring *m)
{
    overt_error err = OVERT_ERROR_INIT;
    bool good;

    if (m->policy_path == NULL) {
        return true;
    }
    m->policy = calloc(1, sizeof(*m->policy));
    good = m->policy != NULL
           && ov_file_read(AT_FDCWD, m->policy_path, OV_POLICY_BYTES_MAX, &m->policy_text, &err)
                      == OVERT_OK
           && ov_policy_read(ov_buf_bytes(&m->policy_text), m->policy, &err) == OVERT_OK;
    if (!good) {
        complain(m->policy_path, m->policy == NULL ? "no memory" : err.message);
    }
    return good;
}

static bool take_option(struct monitoring *m, const char *name, const char *value)
{
    overt_error err = OVERT_ERROR_INIT;
    char *end = NULL;

    if (strcmp(name, "--log") == 0) {
        if (ov_key_read(ov_bytes_of(value, strlen(value)), &m->log, &err) != OVERT_OK
                || m->log.algorithm != OV_KEY_ED25519) {
            complain(value, err.message[0] != '\0' ? err.message : "not a log's key");
            return false;
        }
    } else if (strcmp(name, "--state") == 0) {
        m->state = value;
    } else if (strcmp(name, "--policy") == 0) {
        m->policy_path = value;
    } else if (strcmp(name, "--witness") == 0 && m->witness_count < WITNESSES_MAX) {
        m->witnesses[m->witness_count++] = value;
    } else if (strcmp(name, "--every") == 0) {
        m->every = strtoull(value, &end, 10);
        if (m->every == 0 || m->every > 86400 || *end != '\0') {
            complain(value, "--every takes 1 to 86400 seconds");
            return false;
        }
    } else {
        complain(name, "not understood");
        return false;
    }
    return true;
}

static bool read_options(struct monitoring *m, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && i + 1 < argc) {
            if (!take_option(m, argv[i], argv[i + 1])) {
                return false;
            }
            i++;
        } else if (argv[i][0] != '-' && m->place == NULL) {
            m->place = argv[i];
        } else {
            complain(argv[i], "not understood");
            return false;
        }
    }
    if (ov_bytes_len(m->log.name) == 0 || m->state == NULL || m->place == NULL) {
        complain("monitor", "usage: overt-witness monitor --log VKEY --state FILE [--policy FILE] "
                            "[--witness URL]... [--every SECONDS] URL|FOLDER");
        return false;
    }
    return true;
}

static enum outcome follow(struct monitoring *m)
{
    const struct sigaction end = { .sa_handler = on_end };
    enum outcome outcome = look(m);

    (void)sigaction(SIGTERM, &end, NULL);
    (void)sigaction(SIGINT, &end, NULL);
    while (m->every != 0 && outcome != WRONG && !ended) {
        struct timespec left = { .tv_sec = (time_t)m->every };

        while (!ended && nanosleep(&left, &left) != 0) {
        }
        if (!ended) {
            outcome = look(m); /* what could not be read may be there the next time */
        }
    }
    return outcome;
}

int monitor(int argc, char **argv)
{
    struct monitoring *m = calloc(1, sizeof(*m));
    enum outcome outcome = ERROR;

    if (m == NULL) {
        complain("monitor", "no memory");
        return ERROR;
    }
    m->source.folder = -1;
    m->sha = ov_digest_new(OV_DIGEST_SHA256);
    ov_buf_init(&m->policy_text, OV_POLICY_BYTES_MAX + 1u);
    ov_buf_init(&m->seen.note, 0);
    if (read_options(m, argc, argv) && m->sha != NULL && load_policy(m)
            && source_open(&m->source, m->place)
            && seen_open(&m->seen, m->state, &m->log, m->sha)) {
        outcome = follow(m);
    }
    seen_close(&m->seen);
    source_close(&m->source);
    ov_digest_free(m->sha);
    ov_buf_done(&m->policy_text);
    free(m->policy);
    free(m);
    return (int)outcome;
}
