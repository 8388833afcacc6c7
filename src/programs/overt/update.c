/* SPDX-License-Identifier: Apache-2.0 */
/* update.c - `overt update`: new rules from the log. From mirrors or from a bundle, always through
 * the same verifier; what fails leaves everything as it was. */
#include "programs/overt/update.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/defence.h"
#include "programs/overt/commands.h"
#include "programs/overt/out.h"
#include "programs/overt/rules_log.h"

#define SECONDS_DEFAULT 3600u

static const char usage[] =
        "usage: overt update [--policy FILE] [--state FOLDER] [--bundle FILE]\n"
        "\n"
        "Fetches what the log of rules has published, verifies all of it, tries it, and\n"
        "switches to it. Without news the rules stay, and their freshness is renewed.\n"
        "\n"
        "      --policy FILE          logs, witnesses, keys, mirrors (/etc/overt/policy)\n"
        "      --state FOLDER         where rules are kept (/var/lib/overt)\n"
        "      --bundle FILE          from a file of `overt bundle`, without a network\n"
        "      --max-bytes SIZE       to be fetched at most (4G)\n"
        "      --max-time SECONDS     for fetching at most (3600)\n"
        "      --accept-weaker-jail LAYER\n"
        "                             do without this layer of the jail\n"
        "      --help                 this text\n"
        "\n"
        "Exit: 0 fresh, 4 the rules are STALE (older than the policy allows; they still\n"
        "scan), 2 an error.\n";

struct settings {
    const char *policy, *state, *bundle;
    uint64_t bytes, seconds;
    struct ov_words weaker;
    bool help;
};

static bool read_options(struct settings *s, int argc, char **argv)
{
    enum {
        OPTION_POLICY = 0x100,
        OPTION_STATE,
        OPTION_BUNDLE,
        OPTION_BYTES,
        OPTION_SECONDS,
        OPTION_WEAKER,
        OPTION_HELP
    };
    static const struct option options[] = {
        { "policy", required_argument, NULL, OPTION_POLICY },
        { "state", required_argument, NULL, OPTION_STATE },
        { "bundle", required_argument, NULL, OPTION_BUNDLE },
        { "max-bytes", required_argument, NULL, OPTION_BYTES },
        { "max-time", required_argument, NULL, OPTION_SECONDS },
        { "accept-weaker-jail", required_argument, NULL, OPTION_WEAKER },
        { "help", no_argument, NULL, OPTION_HELP },
        { NULL, 0, NULL, 0 },
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        bool good = true;

        switch (option) {
        case OPTION_POLICY:
            s->policy = optarg;
            break;
        case OPTION_STATE:
            s->state = optarg;
            break;
        case OPTION_BUNDLE:
            s->bundle = optarg;
            break;
        case OPTION_BYTES:
            good = ov_option_bytes("update", "--max-bytes", optarg, &s->bytes);
            break;
        case OPTION_SECONDS:
            good = ov_option_number("update", "--max-time", optarg, 1, 1000000, &s->seconds);
            break;
        case OPTION_WEAKER:
            good = ov_words_add(&s->weaker, optarg);
            break;
        case OPTION_HELP:
            s->help = true;
            break;
        default:
            good = false; /* getopt_long has said what is wrong */
            break;
        }
        if (!good) {
            return false;
        }
    }
    if (optind < argc) {
        ov_complain("update", "'%s' is one word too many", argv[optind]);
        return false;
    }
    return true;
}

/* --- where from ------------------------------------------------------------------------------- */

static overt_status from_bundle(
        struct ov_store *store, const struct settings *s, struct ov_judged *out, overt_error *err)
{
    auto_fd int fd = open(s->bundle, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const struct ov_supply supply = { .bundle = fd };

    if (fd < 0) {
        return ov_file_fail(err, errno, s->bundle, "it cannot be opened");
    }
    return ov_judge(store, &supply, s->weaker.at, out, err);
}

/* One mirror after the other, in the policy's order: a lie or a stall costs time, nothing else. */
static overt_status from_mirrors(
        struct ov_store *store, const struct settings *s, struct ov_judged *out, overt_error *err)
{
    char proxy[1100];
    struct ov_download download = { .bytes_left = s->bytes, .until = ov_now() + s->seconds };
    overt_status status = ov_fail(err, OVERT_E_ARGUMENT, UINT64_MAX,
            "the policy names no mirror (lines `overt mirror URL`), and no --bundle was given");

    if (ov_bytes_len(store->settings.proxy) != 0) {
        (void)snprintf(proxy, sizeof(proxy), "%.*s", (int)ov_bytes_len(store->settings.proxy),
                (const char *)ov_bytes_raw(store->settings.proxy));
        download.proxy = proxy;
    }
    for (uint32_t i = 0; status != OVERT_OK && i < store->settings.mirror_count
                         && (i == 0 || OV_DEFENDED(next_mirror));
            i++) {
        const struct ov_bytes at = store->settings.mirrors[i];
        size_t len = (size_t)ov_bytes_len(at);
        char mirror[1100];
        const struct ov_supply supply = { .mirror = mirror, .bundle = -1, .download = &download };

        while (len > 0 && ov_bytes_raw(at)[len - 1] == '/') {
            len--;
        }
        (void)snprintf(mirror, sizeof(mirror), "%.*s", (int)len, (const char *)ov_bytes_raw(at));
        status = ov_judge(store, &supply, s->weaker.at, out, err);
        if (status != OVERT_OK) {
            ov_complain("update", "mirror %s: %s", mirror, err->message);
        }
    }
    return status;
}

/* --- what to say ------------------------------------------------------------------------------ */

static void put_news(struct ov_buf *out, const struct ov_judged *j, const struct ov_activation *a)
{
    ov_buf_printf(out, "log: %" PRIu64 " entries (%" PRIu64 " new), %u witnesses, ", j->size,
            j->size - j->old_size, j->witnesses);
    ov_put_time(out, j->time);
    ov_buf_printf(out, "\nin force: %" PRIu64 " rule entries", j->active);
    if (j->pending != 0) {
        ov_buf_printf(out, "; %" PRIu64 " come into effect later", j->pending);
    }
    ov_buf_put_u8(out, '\n');
    if (a->changed) {
        ov_buf_printf(out, "active: %" PRIu64 " rules, %" PRIu64 " hashes", a->rules, a->hashes);
        if (a->held != 0) {
            ov_buf_printf(out, "; %" PRIu64 " held (overt rules status)", a->held);
        }
        ov_buf_put_u8(out, '\n');
    } else if (a->refused) {
        ov_buf_put_text(out, "not activated: these rules were rolled back\n");
    } else {
        ov_buf_put_text(out, "active: as before\n");
    }
}

/* What is active stays and is judged by its age alone. */
static int stay(struct ov_store *store, struct ov_buf *out)
{
    struct ov_origins origins;
    int code = OV_EXIT_ERROR;

    if (ov_store_origins(store, "active", &origins)) {
        if (ov_put_freshness(out, &store->settings, origins.time) == OV_EXIT_STALE) {
            code = OV_EXIT_STALE;
        }
        ov_origins_done(&origins);
    }
    return code;
}

static int update(const struct settings *s, struct ov_buf *out)
{
    overt_error err = OVERT_ERROR_INIT;
    struct ov_judged judged = { .fd = -1 };
    struct ov_activation activation;
    struct ov_store *store = calloc(1, sizeof(*store));
    int code = OV_EXIT_ERROR;
    overt_status status;
    bool recorded;

    if (store == NULL) {
        ov_complain("update", "no memory");
        return code;
    }
    if (ov_store_open(store, "update", s->state, true) && ov_store_policy(store, s->policy)) {
        recorded = ov_record_policy(store);
        status = s->bundle != NULL ? from_bundle(store, s, &judged, &err)
                                   : from_mirrors(store, s, &judged, &err);
        if (status == OVERT_OK) {
            status = ov_accept(store, &judged, &err);
        }
        if (status == OVERT_OK) {
            status = ov_activate(store, &judged, s->weaker.at, &activation, &err);
        }
        if (status == OVERT_OK) {
            put_news(out, &judged, &activation);
            code = ov_put_freshness(out, &store->settings, judged.time);
            if (!ov_record_update(store, &judged, &activation, s->weaker.at) || !recorded) {
                code = OV_EXIT_ERROR;
            }
        } else {
            ov_complain_error("update", &err);
            code = stay(store, out);
        }
    }
    ov_judged_done(&judged);
    ov_store_close(store);
    free(store);
    return code;
}

int cmd_update(int argc, char **argv)
{
    struct settings s = { .policy = OV_POLICY_DEFAULT,
        .state = OV_STATE_DEFAULT,
        .bytes = OV_UPDATE_BYTES_MAX,
        .seconds = SECONDS_DEFAULT };
    struct ov_out out;
    int code = OV_EXIT_ERROR;

    ov_out_init(&out, STDOUT_FILENO);
    if (read_options(&s, argc, argv)) {
        if (s.help) {
            ov_buf_put_text(&out.buf, usage);
            code = OV_EXIT_CLEAN;
        } else {
            code = update(&s, &out.buf);
        }
    }
    if (!ov_out_finish(&out)) {
        code = OV_EXIT_ERROR;
    }
    ov_out_done(&out);
    ov_words_done(&s.weaker);
    return code;
}
