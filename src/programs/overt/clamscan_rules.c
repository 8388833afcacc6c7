/* SPDX-License-Identifier: Apache-2.0 */
/* clamscan_rules.c - from folders and files of ClamAV's to one compiled database, and a cache of it.
 *
 * The cache has two steps. What the sources look like from outside (device, inode, size, times) names
 * a small file; that holds the digest of their content, which names the database. So a second start
 * reads no source, and sources that were merely touched compile nothing. Files of the cache are
 * believed only if they lie in a folder that nobody but the user can write to. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"
#include "db/layout.h"
#include "programs/overt/clamscan.h"
#include "programs/overt/database_out.h"
#include "programs/overt/detached.h"
#include "programs/overt/listing.h"

/* Another program makes other databases: its version, and that of the databases it makes. */
#define AS_TEXT(number) #number
#define TEXT_OF(number) AS_TEXT(number)
#define CACHE_FORM      "overt clamscan 2 " OV_VERSION " database " TEXT_OF(OV_DB_VERSION) "\n"

#define READ_BYTES   65536u
#define SOURCES_MAX  4096u
#define DIGEST_CHARS 64u

struct source {
    char *path; /* owned */
    int fd;     /* owned */
    unsigned order;
    struct stat st;
};

struct gathering {
    struct clamscan *c;
    struct source *sources; /* owned */
    size_t count;
    struct ov_buf options; /* as the compiler takes them */
    char *cache;           /* owned; a folder, or NULL */
    bool failed;
};

static bool has_end(const char *name, const char *end)
{
    const size_t len = strlen(name), end_len = strlen(end);

    return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

/* --- what is loaded, and in which order ------------------------------------------------------- */

static bool is_one_of(const char *name, const char *const *ends)
{
    for (; *ends != NULL; ends++) {
        if (has_end(name, *ends)) {
            return true;
        }
    }
    return false;
}

static bool is_database(const struct clamscan *c, const char *name)
{
    static const char *const all[] = { ".cvd", ".cld", ".cud", ".db", ".hdb", ".hdu", ".hsb",
        ".hsu", ".fp", ".sfp", ".mdb", ".mdu", ".msb", ".msu", ".imp", ".ndb", ".ndu", ".ldb",
        ".ldu", ".sdb", ".zmd", ".rmd", ".pdb", ".gdb", ".wdb", ".cbc", ".ftm", ".cfg", ".cdb",
        ".cat", ".crb", ".idb", ".ioc", ".yar", ".yara", ".pwdb", ".ign", ".ign2", NULL };
    static const char *const official[] = { ".cvd", ".cld", ".ign", ".ign2", NULL };

    return is_one_of(name, c->options.official_only ? official : all);
}

/* Lists of what to ignore come before what they are about, and so do signatures. */
static unsigned order_of(const char *name)
{
    static const char *const first[] = { ".ign", ".ign2", ".sign", NULL };

    return is_one_of(name, first) ? 0 : has_end(name, ".crb") ? 1 : 2;
}

static bool fail(struct gathering *g, const char *path, const char *why)
{
    clamscan_error(g->c, "%s: %s", path, why);
    g->failed = true;
    return false;
}

static bool put_source(struct gathering *g, const char *path, int fd)
{
    struct source *more = NULL;

    if (g->count < SOURCES_MAX) {
        more = reallocarray(g->sources, g->count + 1, sizeof(*more));
    }
    if (more == NULL) {
        (void)close(fd);
        return fail(g, path, "too many databases, or no memory for them");
    }
    g->sources = more;
    more[g->count] = (struct source){ .path = strdup(path), .fd = fd, .order = order_of(path) };
    if (more[g->count].path == NULL || fstat(fd, &more[g->count].st) != 0) {
        free(more[g->count].path);
        (void)close(fd);
        return fail(g, path, "could not be examined");
    }
    g->count++;
    return true;
}

/* With what is beside it: the detached signatures of a container. */
static bool add_source(struct gathering *g, const char *path, int fd)
{
    auto_free char *signatures = NULL;
    const int beside = ov_detached_open(path, fd, &signatures);

    if (beside < 0 && errno != ENOENT) {
        (void)close(fd);
        return fail(g, signatures == NULL ? path : signatures, strerrordesc_np(errno));
    }
    if (beside >= 0 && !put_source(g, signatures, beside)) {
        (void)close(fd);
        return false;
    }
    return put_source(g, path, fd);
}

static bool add_file(struct gathering *g, const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

    return fd < 0 ? fail(g, path, strerrordesc_np(errno)) : add_source(g, path, fd);
}

static bool add_folder(struct gathering *g, const char *path, int fd)
{
    struct ov_listing listing;
    const int bad = ov_listing_read(&listing, fd);
    bool good = bad == 0 || fail(g, path, strerrordesc_np(bad));

    for (size_t i = 0; good && i < listing.count; i++) {
        const char *name = ov_listing_name(&listing, i);
        auto_free char *full = NULL;

        if (!is_database(g->c, name)) {
            continue;
        }
        if (asprintf(&full, "%s/%s", path, name) < 0) {
            good = fail(g, path, "no memory for a name");
            break;
        }
        good = clamscan_cvd_is_outdated(full) || add_file(g, full);
    }
    ov_listing_done(&listing);
    return good;
}

static bool add_path(struct gathering *g, const char *path)
{
    auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) != 0) {
        return fail(g, path, strerrordesc_np(errno));
    }
    return S_ISDIR(st.st_mode) ? add_folder(g, path, fd) : add_source(g, path, ov_steal_fd(&fd));
}

static int by_order(const void *a, const void *b)
{
    const struct source *x = a, *y = b;

    return x->order != y->order ? (x->order < y->order ? -1 : 1) : strcmp(x->path, y->path);
}

static void put_words(struct gathering *g, const char *option, const struct ov_words *words)
{
    for (size_t i = 0; i < words->count; i++) {
        ov_buf_printf(&g->options, "%s %s\n", option, words->at[i]);
    }
}

/* Types that are not opened. */
static void put_closed(struct gathering *g)
{
    const struct clamscan_options *o = &g->c->options;
    const struct {
        bool open;
        const char *types[6];
    } table[] = {
        { o->scan_pe, { "MSEXE" } },
        { o->scan_elf, { "ELF" } },
        { o->scan_ole2, { "MSOLE2", "HWPOLE2" } },
        { o->scan_pdf, { "PDF" } },
        { o->scan_swf, { "SWF" } },
        { o->scan_html, { "HTML", "HTML_UTF16" } },
        { o->scan_mail, { "MAIL", "MHTML" } },
        { o->scan_xmldocs, { "XML_WORD", "XML_XL", "XML_HWP", "XDP" } },
        { o->scan_hwp3, { "HWP3" } },
        { o->scan_onenote, { "ONENOTE" } },
        { o->scan_image && o->scan_fuzzy, { "GRAPHICS", "GIF", "PNG", "JPEG", "TIFF" } },
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        for (size_t k = 0; !table[i].open && table[i].types[k] != NULL; k++) {
            ov_buf_printf(&g->options, "close CL_TYPE_%s\n", table[i].types[k]);
        }
    }
}

/* What else the compiler is told: what is alerted to, and limits that go with signatures. */
static void put_settings(struct gathering *g)
{
    const struct clamscan_options *o = &g->c->options;
    const struct {
        bool is_set;
        const char *word;
    } words[] = {
        { o->pua, "pua" },
        { o->official_only, "official-only" },
        { !o->phishing_sigs, "no-phishing" },
        { !o->phishing_urls, "no-phishing-urls" },
        { o->no_certificates, "no-certificates" },
        { o->fips_limits, "fips-limits" },
        { !o->normalize, "no-views" },
        { o->alert_broken, "alert-broken" },
        { o->alert_macros, "alert-macros" },
        { o->alert_crossed, "alert-crossed" },
    };
    const struct {
        bool is_set;
        const char *word;
        uint64_t value;
    } numbers[] = {
        { o->pcre_matches != 0, "pcre-matches", o->pcre_matches },
        { o->pcre_depth != 0, "pcre-depth", o->pcre_depth },
        { o->pcre_bytes != 0, "pcre-bytes", o->pcre_bytes },
        { o->html_bytes != 0, "html-bytes", o->html_bytes },
        { o->no_tags_bytes != 0, "no-tags-bytes", o->no_tags_bytes },
        { o->text_bytes != 0, "text-bytes", o->text_bytes },
        { o->partitions != UINT64_MAX, "partitions", o->partitions },
        { o->structured, o->card_mode == 1 ? "credit-cards" : "cards", o->card_count },
        { o->structured && o->ssn_format != 1, "people", o->ssn_count },
        { o->structured && o->ssn_format != 0, "people-plain", o->ssn_count },
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].is_set) {
            ov_buf_printf(&g->options, "%s\n", words[i].word);
        }
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].is_set) {
            ov_buf_printf(&g->options, "%s %llu\n", numbers[i].word,
                    (unsigned long long)numbers[i].value);
        }
    }
    put_words(g, "pua-include", &o->pua_include);
    put_words(g, "pua-exclude", &o->pua_exclude);
    put_closed(g);
}

/* The youngest container counts, as for clamscan; without one there is nothing to be old. */
static bool is_young_enough(struct gathering *g)
{
    const uint64_t most = g->c->options.cvd_days_max;
    uint64_t youngest = UINT64_MAX;

    for (size_t i = 0; i < g->count; i++) {
        if (clamscan_cvd_is(g->sources[i].path)) {
            const uint64_t days = clamscan_cvd_age_days(g->sources[i].fd);

            youngest = days < youngest ? days : youngest;
        }
    }
    if (youngest == UINT64_MAX || youngest <= most) {
        return true;
    }
    clamscan_error(g->c, "Virus database is older than %llu days!", (unsigned long long)most);
    g->failed = true;
    return false;
}

/* What signers of containers are led back to, if there are containers. */
static bool put_certificates(struct gathering *g)
{
    overt_error err = OVERT_ERROR_INIT;
    bool wanted = g->c->options.certificates != NULL;

    for (size_t i = 0; i < g->count; i++) {
        wanted |= has_end(g->sources[i].path, ".sign");
    }
    return !wanted
           || ov_detached_certificates(g->c->options.certificates, &g->options, &err) == OVERT_OK
           || fail(g, err.source[0] == '\0' ? "certificates" : err.source, err.message);
}

static bool gather(struct gathering *g)
{
    const struct clamscan_options *o = &g->c->options;
    bool good = o->databases.count != 0 || add_path(g, CLAMSCAN_DATABASE);

    for (size_t i = 0; good && i < o->databases.count; i++) {
        good = add_path(g, o->databases.at[i]);
    }
    if (good && g->count == 0) {
        good = fail(g, o->databases.count == 0 ? CLAMSCAN_DATABASE : o->databases.at[0],
                "no database of ClamAV's is there");
    }
    if (good && !is_young_enough(g)) {
        return false;
    }
    if (good) {
        qsort(g->sources, g->count, sizeof(*g->sources), by_order);
        put_settings(g);
        good = put_certificates(g);
    }
    return good;
}

/* --- the cache -------------------------------------------------------------------------------- */

/* A folder that nobody else can put files into; made if it is not there. NULL: none. */
static char *cache_folder(void)
{
    const char *home = getenv("HOME"), *xdg = getenv("XDG_CACHE_HOME");
    char *path = NULL;
    struct stat st;
    int n;

    if (geteuid() == 0) {
        n = asprintf(&path, "/var/cache/overt");
    } else if (xdg != NULL && xdg[0] == '/') {
        n = asprintf(&path, "%s/overt", xdg);
    } else if (home != NULL && home[0] == '/') {
        n = asprintf(&path, "%s/.cache/overt", home);
    } else {
        return NULL;
    }
    if (n < 0) {
        return NULL;
    }
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    if ((mkdir(path, 0700) != 0 && errno != EEXIST) || lstat(path, &st) != 0 || !S_ISDIR(st.st_mode)
            || st.st_uid != geteuid() || (st.st_mode & 022) != 0) {
        free(path);
        return NULL;
    }
    return path;
}

static void hex_of(const uint8_t *digest, char out[DIGEST_CHARS + 1])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_CHARS / 2; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[DIGEST_CHARS] = '\0';
}

/* The sources as they look from outside. */
static bool outside_digest(struct gathering *g, char out[DIGEST_CHARS + 1])
{
    uint8_t digest[OV_DIGEST_BYTES_MAX];
    const struct ov_bytes options = ov_buf_bytes(&g->options);
    struct ov_buf text;
    bool good;

    ov_buf_init(&text, SIZE_MAX);
    ov_buf_put_text(&text, CACHE_FORM);
    ov_buf_put(&text, ov_bytes_raw(options), (size_t)ov_bytes_len(options));
    for (size_t i = 0; i < g->count; i++) {
        const struct stat *st = &g->sources[i].st;

        ov_buf_printf(&text, "%s %llu %llu %llu %lld.%ld %lld.%ld\n", g->sources[i].path,
                (unsigned long long)st->st_dev, (unsigned long long)st->st_ino,
                (unsigned long long)st->st_size, (long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
                (long long)st->st_ctim.tv_sec, st->st_ctim.tv_nsec);
    }
    good = ov_buf_ok(&text) && ov_digest_of(OV_DIGEST_SHA256, ov_buf_bytes(&text), digest);
    ov_buf_done(&text);
    if (good) {
        hex_of(digest, out);
    }
    return good;
}

static bool digest_file(struct ov_digest *digest, int fd)
{
    uint8_t part[READ_BYTES];
    off_t at = 0;

    for (;;) {
        const ssize_t n = pread(fd, part, sizeof(part), at);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n == 0;
        }
        ov_digest_update(digest, ov_bytes_of(part, (size_t)n));
        at += n;
    }
}

/* The sources by what is in them. */
static bool content_digest(struct gathering *g, char out[DIGEST_CHARS + 1])
{
    OV_CLEANUP(ov_digest_free_at) struct ov_digest *digest = ov_digest_new(OV_DIGEST_SHA256);
    uint8_t bytes[OV_DIGEST_BYTES_MAX];

    if (digest == NULL) {
        return false;
    }
    ov_digest_begin(digest);
    ov_digest_update(digest, ov_bytes_of(CACHE_FORM, sizeof(CACHE_FORM)));
    ov_digest_update(digest, ov_buf_bytes(&g->options));
    for (size_t i = 0; i < g->count; i++) {
        const char *path = g->sources[i].path;

        /* its name is part of it: it says what it is, and messages have it */
        ov_digest_update(digest, ov_bytes_of(path, strlen(path) + 1));
        ov_digest_update(digest, ov_bytes_of(&g->sources[i].st.st_size, sizeof(off_t)));
        if (!digest_file(digest, g->sources[i].fd)) {
            return false;
        }
    }
    ov_digest_end(digest, bytes);
    hex_of(bytes, out);
    return true;
}

/* Reads which content an outside had. */
static bool recall(const struct gathering *g, const char *outside, char content[DIGEST_CHARS + 1])
{
    auto_free char *path = NULL;
    auto_fd int fd = -1;

    if (asprintf(&path, "%s/%s.key", g->cache, outside) < 0) {
        return false;
    }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || read(fd, content, DIGEST_CHARS) != (ssize_t)DIGEST_CHARS) {
        return false;
    }
    content[DIGEST_CHARS] = '\0';
    return strspn(content, "0123456789abcdef") == DIGEST_CHARS;
}

static void remember(const struct gathering *g, const char *outside, const char *content)
{
    auto_free char *path = NULL;
    auto_free char *temporary = NULL;
    auto_fd int fd = -1;

    if (asprintf(&path, "%s/%s.key", g->cache, outside) < 0
            || asprintf(&temporary, "%s/key.XXXXXX", g->cache) < 0) {
        return;
    }
    fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (write(fd, content, DIGEST_CHARS) != (ssize_t)DIGEST_CHARS || rename(temporary, path) != 0) {
        (void)unlink(temporary);
    }
}

static bool open_cached(struct gathering *g, const char *content)
{
    overt_error err = OVERT_ERROR_INIT;
    auto_free char *path = NULL;

    return asprintf(&path, "%s/%s.ovdb", g->cache, content) >= 0 && access(path, R_OK) == 0
           && overt_db_open(&g->c->db, path, &err) == OVERT_OK && (clamscan_cache_used(path), true);
}

static void keep(struct gathering *g, const char *content)
{
    overt_error err = OVERT_ERROR_INIT;
    auto_free char *path = NULL;
    overt_db *shared = NULL;

    if (asprintf(&path, "%s/%s.ovdb", g->cache, content) < 0
            || !ov_database_write("clamscan", g->c->db, path)) {
        return;
    }
    /* From now on the file, whose pages all processes share. */
    if (overt_db_open(&shared, path, &err) == OVERT_OK) {
        overt_db_free(g->c->db);
        g->c->db = shared;
    }
    clamscan_cache_prune(g->cache);
}

/* --- compiling -------------------------------------------------------------------------------- */

static void on_diag(void *payload, const overt_error *diag, int is_warning)
{
    struct gathering *g = payload;

    if (is_warning == 2) {
        return;
    }
    g->c->counts.refused++;
    if (g->c->options.verbose || g->c->options.debug || is_warning == 0) {
        clamscan_warn(g->c, "%s:%u: %s", diag->source, diag->line, diag->message);
    }
}

static bool compile(struct gathering *g)
{
    const struct ov_bytes options = ov_buf_bytes(&g->options);
    overt_compiler *compiler = NULL;
    overt_error err = OVERT_ERROR_INIT;
    overt_status status = overt_compiler_new(&compiler, &err);

    if (status == OVERT_OK) {
        overt_compiler_on_diag(compiler, on_diag, g);
        status = overt_compiler_add(compiler, OVERT_CLAMAV_OPTIONS, "options",
                ov_bytes_raw(options), (size_t)ov_bytes_len(options), &err);
    }
    for (size_t i = 0; status == OVERT_OK && i < g->count; i++) {
        status = overt_compiler_add_fd(
                compiler, OVERT_CLAMAV, g->sources[i].path, g->sources[i].fd, &err);
    }
    if (status == OVERT_OK) {
        status = overt_compiler_finish(compiler, 1, &g->c->db, &err);
    }
    overt_compiler_free(compiler);
    if (status != OVERT_OK) {
        clamscan_error(g->c, "%s%s%s", err.source, err.source[0] == '\0' ? "" : ": ", err.message);
        return false;
    }
    if (g->c->counts.refused != 0 && !g->c->options.quiet) {
        clamscan_warn(g->c,
                "%llu lines of the databases are not loaded; `overt compile` names them",
                (unsigned long long)g->c->counts.refused);
    }
    return true;
}

static bool open_all(struct gathering *g)
{
    char outside[DIGEST_CHARS + 1], content[DIGEST_CHARS + 1];
    bool caches;

    if (!gather(g)) {
        return false;
    }
    g->cache = g->c->options.no_cache ? NULL : cache_folder();
    caches = g->cache != NULL && outside_digest(g, outside);
    if (caches && recall(g, outside, content) && open_cached(g, content)) {
        return true;
    }
    caches = caches && content_digest(g, content);
    if (caches && open_cached(g, content)) {
        remember(g, outside, content);
        return true;
    }
    if (!compile(g)) {
        return false;
    }
    if (caches) {
        keep(g, content);
        remember(g, outside, content);
    }
    return true;
}

bool clamscan_rules_open(struct clamscan *c)
{
    struct gathering g = { .c = c };
    bool good;

    ov_buf_init(&g.options, OV_MIB);
    good = open_all(&g);
    for (size_t i = 0; i < g.count; i++) {
        free(g.sources[i].path);
        (void)close(g.sources[i].fd);
    }
    free(g.sources);
    free(g.cache);
    ov_buf_done(&g.options);
    return good;
}
