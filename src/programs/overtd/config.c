/* SPDX-License-Identifier: Apache-2.0 */
/* config.c - reading overtd.conf, and clamd.conf in its place. The file is the owner's; it is
 * parsed strictly all the same: a misspelt option must not silently mean its default. */
#include "programs/overtd/config.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"

enum kind {
    KIND_BOOL,
    KIND_NUMBER,
    KIND_OCTAL,
    KIND_BYTES, /* 10, 4K, 25M, 2G */
    KIND_TEXT,
    KIND_LIST,
    KIND_INCOMPLETE,
    KIND_EVENTS,
    KIND_NOTHING /* taken, and without effect: `why` */
};

struct option {
    const char *name;
    enum kind kind;
    size_t at; /* in struct ovd_config */
    uint64_t min, max;
    const char *why;
};

/* clang-format off */
#define FIELD(f) offsetof(struct ovd_config, f)
#define BOOL(n, f)             { n, KIND_BOOL, FIELD(f), 0, 0, NULL }
#define NUMBER(n, f, lo, hi)   { n, KIND_NUMBER, FIELD(f), lo, hi, NULL }
#define OCTAL(n, f)            { n, KIND_OCTAL, FIELD(f), 0, 0777, NULL }
#define BYTES(n, f, lo, hi)    { n, KIND_BYTES, FIELD(f), lo, hi, NULL }
#define TEXT(n, f)             { n, KIND_TEXT, FIELD(f), 0, 0, NULL }
#define LIST(n, f)             { n, KIND_LIST, FIELD(f), 0, 0, NULL }
#define NOTHING(n, w)          { n, KIND_NOTHING, 0, 0, 0, w }

#define ALWAYS   "overt always looks inside these"
#define NO_CODE  "overt runs no code that arrives with rules"
#define NO_TEMP  "overt writes no temporary files"
#define JAILED   "workers run in a jail of their own"
#define THREADS  "overt has processes, not threads"
#define RULES    "the rules decide this"
#define MAX_BYTES (UINT64_C(1) << 40)

static const struct option options[] = {
    TEXT("LocalSocket", local_socket),
    TEXT("LocalSocketGroup", local_socket_group),
    OCTAL("LocalSocketMode", local_socket_mode),
    BOOL("FixStaleSocket", fix_stale_socket),
    NUMBER("TCPSocket", tcp_port, 1, 65535),
    LIST("TCPAddr", tcp_addrs),
    NUMBER("MaxConnectionQueueLength", backlog, 1, 4096),
    NUMBER("MaxConnections", clients_max, 1, 100000),
    BYTES("StreamMaxLength", stream_bytes_max, 1, MAX_BYTES),
    BYTES("StreamMemoryMax", streams_memory_max, 1, MAX_BYTES),
    NUMBER("CommandReadTimeout", command_s, 1, 86400),
    NUMBER("ReadTimeout", read_s, 1, 86400),
    BOOL("AllowAllMatchScan", allmatch),
    { "IncompleteIs", KIND_INCOMPLETE, FIELD(incomplete), 0, 0, NULL },
    LIST("ExcludePath", excludes),
    BOOL("CrossFilesystems", cross_file_systems),
    LIST("Rules", rules),
    LIST("DatabaseDirectory", rules),
    NUMBER("Workers", workers, 0, 1024),
    NUMBER("MaxQueue", queue_max, 1, 1000000),
    NUMBER("MaxScanTime", scan_ms_max, 1, 86400000),
    BYTES("MaxScanSize", scan_bytes_max, 0, MAX_BYTES),
    BYTES("MaxFileSize", file_bytes_max, 0, MAX_BYTES),
    NUMBER("MaxRecursion", depth_max, 1, 64),
    NUMBER("MaxFiles", files_max, 1, UINT32_MAX),
    NUMBER("SelfCheck", self_check_s, 0, 31536000),
    BOOL("DisableCache", cache_off),
    NUMBER("CacheSize", cache_places, 0, 1u << 24),
    LIST("AcceptWeakerJail", weaker),
    TEXT("User", user),
    TEXT("PidFile", pid_file),
    TEXT("LogFile", log_file),
    TEXT("EventsFile", events_file),
    { "EventsFormat", KIND_EVENTS, FIELD(events_ocsf), 0, 0, NULL },
    TEXT("MetricsFile", metrics_file),
    TEXT("StatusFile", status_file),
    BOOL("LogClean", log_clean),
    BOOL("LogSyslog", log_syslog),
    BOOL("LogTime", log_time),
    BOOL("LogVerbose", log_verbose),
    TEXT("VirusEvent", virus_event),
    BOOL("NotifyDesktop", notify_desktop),
    BOOL("Quarantine", quarantine),
    TEXT("QuarantineFolder", quarantine_folder),

    NOTHING("Foreground", "overtd never leaves the foreground; who starts it keeps it in order"),
    NOTHING("LogFileUnlock", "the log is written by one process"),
    NOTHING("LogFileMaxSize", "logrotate does this; SIGHUP opens the log anew"),
    NOTHING("LogRotate", "logrotate does this; SIGHUP opens the log anew"),
    NOTHING("LogFacility", "messages go to the journal or, in syslog, to the facility daemon"),
    NOTHING("ExtendedDetectionInfo", "overt explain says more than a hash"),
    NOTHING("PreludeEnable", "not supported"),
    NOTHING("PreludeAnalyzerName", "not supported"),
    NOTHING("TemporaryDirectory", NO_TEMP),
    NOTHING("LeaveTemporaryFiles", NO_TEMP),
    NOTHING("ForceToDisk", NO_TEMP),
    NOTHING("OfficialDatabaseOnly", "a rule set is compiled once; choose its sources there"),
    NOTHING("FailIfCvdOlderThan", "overt rules status tells how old a rule set is"),
    NOTHING("StreamMinPort", "the old STREAM command is gone, as in clamd"),
    NOTHING("StreamMaxPort", "the old STREAM command is gone, as in clamd"),
    NOTHING("MaxThreads", THREADS),
    NOTHING("IdleTimeout", THREADS),
    NOTHING("SendBufTimeout", "a client that does not read is waited for by nobody"),
    NOTHING("MaxDirectoryRecursion", "any depth is walked"),
    NOTHING("FollowDirectorySymlinks", "links below a path are not followed"),
    NOTHING("FollowFileSymlinks", "links below a path are not followed"),
    NOTHING("ConcurrentDatabaseReload", "a reload maps the new rule set beside the old"),
    NOTHING("ExitOnOOM", "a worker that dies costs its file only"),
    NOTHING("AllowSupplementaryGroups", "users and groups are the service's"),
    NOTHING("Debug", "see LogVerbose"),
    NOTHING("DetectPUA", RULES), NOTHING("ExcludePUA", RULES), NOTHING("IncludePUA", RULES),
    NOTHING("ScanPE", ALWAYS), NOTHING("ScanELF", ALWAYS), NOTHING("ScanOLE2", ALWAYS),
    NOTHING("ScanPDF", ALWAYS), NOTHING("ScanSWF", ALWAYS), NOTHING("ScanXMLDOCS", ALWAYS),
    NOTHING("ScanHWP3", ALWAYS), NOTHING("ScanOneNote", ALWAYS), NOTHING("ScanMail", ALWAYS),
    NOTHING("ScanHTML", ALWAYS), NOTHING("ScanArchive", ALWAYS), NOTHING("ScanImage", ALWAYS),
    NOTHING("ScanImageFuzzyHash", ALWAYS), NOTHING("ScanPartialMessages", ALWAYS),
    NOTHING("DetectBrokenExecutables", RULES),
    NOTHING("AlgorithmicDetection", RULES), NOTHING("ArchiveBlockEncrypted", RULES),
    NOTHING("PhishingSignatures", RULES), NOTHING("PhishingScanURLs", RULES),
    NOTHING("PhishingAlwaysBlockSSLMismatch", RULES), NOTHING("PhishingAlwaysBlockCloak", RULES),
    NOTHING("PartitionIntersection", RULES), NOTHING("BlockMax", RULES), NOTHING("OLE2BlockMacros", RULES),
    NOTHING("HeuristicAlerts", RULES), NOTHING("HeuristicScanPrecedence", RULES),
    NOTHING("StructuredDataDetection", RULES), NOTHING("StructuredMinCreditCardCount", RULES),
    NOTHING("StructuredMinSSNCount", RULES), NOTHING("StructuredSSNFormatNormal", RULES),
    NOTHING("StructuredSSNFormatStripped", RULES), NOTHING("StructuredCCOnly", RULES),
    NOTHING("AlertBrokenExecutables", RULES), NOTHING("AlertBrokenMedia", RULES),
    NOTHING("AlertEncrypted", "see IncompleteIs"), NOTHING("AlertEncryptedArchive", "see IncompleteIs"),
    NOTHING("AlertEncryptedDoc", "see IncompleteIs"), NOTHING("AlertOLE2Macros", RULES),
    NOTHING("AlertPhishingSSLMismatch", RULES), NOTHING("AlertPhishingCloak", RULES),
    NOTHING("AlertPartitionIntersection", RULES), NOTHING("AlertExceedsMax", "see IncompleteIs"),
    NOTHING("MaxEmbeddedPE", "MaxFileSize and MaxScanSize hold"),
    NOTHING("MaxHTMLNormalize", "MaxFileSize and MaxScanSize hold"),
    NOTHING("MaxHTMLNoTags", "MaxFileSize and MaxScanSize hold"),
    NOTHING("MaxScriptNormalize", "MaxFileSize and MaxScanSize hold"),
    NOTHING("MaxZipTypeRcg", "MaxFileSize and MaxScanSize hold"),
    NOTHING("MaxPartitions", "MaxFiles holds"), NOTHING("MaxIconsPE", "MaxFiles holds"),
    NOTHING("MaxRecHWP3", "MaxRecursion holds"),
    NOTHING("PCREMatchLimit", "a scan's steps are bounded"),
    NOTHING("PCRERecMatchLimit", "a scan's steps are bounded"),
    NOTHING("PCREMaxFileSize", "a scan's steps are bounded"),
    NOTHING("Bytecode", NO_CODE), NOTHING("BytecodeSecurity", NO_CODE),
    NOTHING("BytecodeUnsigned", NO_CODE), NOTHING("BytecodeTimeout", NO_CODE),
    NOTHING("BytecodeMode", NO_CODE), NOTHING("GenerateMetadataJson", "overt explain --json"),
    NOTHING("DisableCertCheck", RULES), NOTHING("DevACOnly", JAILED), NOTHING("DevACDepth", JAILED),
    NOTHING("DevPerformance", JAILED), NOTHING("DevLiblog", JAILED), NOTHING("CVDCertsDirectory", RULES),
    LIST("OnAccess", access_modes),
    LIST("OnAccessPath", access_paths),
    LIST("OnAccessIncludePath", access_paths),
    LIST("OnAccessMountPath", access_paths),
    LIST("OnAccessExcludePath", access_excludes),
    LIST("OnAccessExcludeProcess", access_processes),
    LIST("OnAccessExcludeUname", access_users),
    LIST("OnAccessExcludeUID", access_uids),
    BOOL("OnAccessExcludeRootUID", access_spare_root),
    BOOL("OnAccessPrevention", access_prevent),
    BOOL("OnAccessDenyOnError", access_deny_late),
    BOOL("OnAccessDenyIncomplete", access_deny_incomplete),
    NUMBER("OnAccessDeadline", access_deadline_ms, 10, 600000),
    NUMBER("OnAccessCache", access_cache, 4, 1u << 24),
    BYTES("OnAccessMaxFileSize", access_bytes_max, 0, MAX_BYTES),
    NOTHING("OnAccessMaxThreads", THREADS), NOTHING("OnAccessExtraScanning", "see OnAccess close"),
    NOTHING("OnAccessDisableDDD", "the kernel watches whole file systems"),
    NOTHING("OnAccessCurlTimeout", "nothing is sent anywhere"),
    NOTHING("OnAccessRetryAttempts", "a verdict is waited for until OnAccessDeadline"),
    NOTHING("ScanOnAccess", "see OnAccess"),
};
/* clang-format on */

#define OPTIONS (sizeof(options) / sizeof(options[0]))

void ovd_config_init(struct ovd_config *config)
{
    *config = (struct ovd_config){
        .local_socket_mode = 0666,
        .fix_stale_socket = true,
        .backlog = 200,
        .clients_max = 16384,
        .stream_bytes_max = 100u * 1024u * 1024u,
        .streams_memory_max = 1024u * 1024u * 1024u,
        .command_s = 30,
        .read_s = 120,
        .allmatch = true,
        .cross_file_systems = true,
        .queue_max = 100000,
        .scan_ms_max = 120000,
        .self_check_s = 600,
        .cache_places = 65536,
        .access_deadline_ms = 2000,
        .access_cache = 262144,
    };
}

static void free_list(struct ovd_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->at[i]);
    }
    *list = (struct ovd_list){ .count = 0 };
}

void ovd_config_done(struct ovd_config *config)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        void *field = (char *)config + options[i].at;

        if (options[i].kind == KIND_TEXT) {
            free(*(char **)field);
            *(char **)field = NULL;
        } else if (options[i].kind == KIND_LIST) {
            free_list(field);
        }
    }
}

/* --- values --------------------------------------------------------------------------------- */

static bool read_number(const char *text, unsigned base, bool suffix, uint64_t *out)
{
    uint64_t value = 0;
    const char *at = text;

    for (; *at >= '0' && *at < (char)('0' + base); at++) {
        if (!ov_mul(&value, value, (uint64_t)base)
                || !ov_add(&value, value, (uint64_t)(*at - '0'))) {
            return false;
        }
    }
    if (at == text) {
        return false;
    }
    if (suffix && *at != '\0') {
        const char *const units = "kmg";
        const char *unit = strchr(units, tolower((unsigned char)*at));

        if (unit == NULL || !ov_mul(&value, value, UINT64_C(1) << (10 * (unit - units + 1)))) {
            return false;
        }
        at++;
    }
    *out = value;
    return *at == '\0';
}

static const char *set_number(uint64_t *field, const struct option *option, const char *text)
{
    const unsigned base = option->kind == KIND_OCTAL ? 8 : 10;

    if (!read_number(text, base, option->kind == KIND_BYTES, field)) {
        return option->kind == KIND_BYTES   ? "wants a number of bytes: digits, then K, M or G"
               : option->kind == KIND_OCTAL ? "wants an octal number"
                                            : "wants a number";
    }
    return *field < option->min || *field > option->max ? "is out of range" : NULL;
}

static const char *set_bool(bool *field, const char *text)
{
    static const char *const yes[] = { "yes", "true", "1" };
    static const char *const no[] = { "no", "false", "0" };

    for (size_t i = 0; i < 3; i++) {
        if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
            *field = strcasecmp(text, yes[i]) == 0;
            return NULL;
        }
    }
    return "wants yes or no";
}

static const char *set_incomplete(enum ovd_incomplete *field, const char *text)
{
    static const char *const names[] = { "error", "ok", "found" };

    for (size_t i = 0; i < 3; i++) {
        if (strcasecmp(text, names[i]) == 0) {
            *field = (enum ovd_incomplete)i;
            return NULL;
        }
    }
    return "wants ok, error or found";
}

static const char *set_events(bool *ocsf, const char *text)
{
    *ocsf = strcasecmp(text, "ocsf") == 0;
    return *ocsf || strcasecmp(text, "overt") == 0 ? NULL : "wants overt or ocsf";
}

static const char *set(struct ovd_config *config, const struct option *option, const char *text)
{
    void *field = (char *)config + option->at;
    char *copy;

    switch (option->kind) {
    case KIND_BOOL:
        return set_bool(field, text);
    case KIND_NUMBER:
    case KIND_OCTAL:
    case KIND_BYTES:
        return set_number(field, option, text);
    case KIND_INCOMPLETE:
        return set_incomplete(field, text);
    case KIND_EVENTS:
        return set_events(field, text);
    case KIND_NOTHING:
        return NULL;
    case KIND_TEXT:
    case KIND_LIST:
        break;
    }
    copy = strdup(text);
    if (copy == NULL) {
        return "could not be kept: no memory";
    }
    if (option->kind == KIND_TEXT) {
        free(*(char **)field);
        *(char **)field = copy;
        return NULL;
    }
    if (((struct ovd_list *)field)->count == OVD_LIST_MAX) {
        free(copy);
        return "was given too often";
    }
    ((struct ovd_list *)field)->at[((struct ovd_list *)field)->count++] = copy;
    return NULL;
}

/* --- lines ---------------------------------------------------------------------------------- */

struct line {
    unsigned number;
    char *name;  /* NULL: nothing on it */
    char *value; /* "" if there is none */
    const char *whole;
    size_t whole_bytes;
};

struct lines {
    char *text; /* owned */
    char *next;
    char *end;
    unsigned number;
    char *copy; /* owned; of the line under way */
};

static bool lines_begin(struct lines *lines, const char *file, struct ov_bytes text, FILE *told)
{
    const size_t len = (size_t)ov_bytes_len(text);

    *lines = (struct lines){ .text = malloc(len + 1) };
    if (lines->text == NULL) {
        (void)fprintf(told, "%s: no memory to read it\n", file);
        return false;
    }
    if (len > 0) {
        memcpy(lines->text, ov_bytes_raw(text), len);
    }
    lines->text[len] = '\0';
    if (strlen(lines->text) != len) {
        (void)fprintf(told, "%s: has a NUL byte, so it is no configuration\n", file);
        free(lines->text);
        return false;
    }
    lines->next = lines->text;
    lines->end = lines->text + len;
    return true;
}

static void lines_done(struct lines *lines)
{
    free(lines->text);
    free(lines->copy);
}

static char *trim(char *text)
{
    size_t len;

    while (*text == ' ' || *text == '\t') {
        text++;
    }
    len = strlen(text);
    while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL) {
        text[--len] = '\0';
    }
    if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
        text[len - 1] = '\0';
        text++;
    }
    return text;
}

/* False: no more lines. */
static bool lines_next(struct lines *lines, struct line *out)
{
    char *end;

    if (lines->next >= lines->end) {
        return false;
    }
    end = strchr(lines->next, '\n');
    end = end == NULL ? lines->end : end;
    *out = (struct line){
        .number = ++lines->number, .whole = lines->next, .whole_bytes = (size_t)(end - lines->next)
    };
    free(lines->copy);
    lines->copy = strndup(lines->next, out->whole_bytes);
    lines->next = end + 1;
    if (lines->copy != NULL) {
        char *name = trim(lines->copy);
        const size_t name_bytes = strcspn(name, " \t");

        if (name[0] != '#' && name[0] != '\0') {
            out->value = name[name_bytes] == '\0' ? name + name_bytes : trim(name + name_bytes + 1);
            name[name_bytes] = '\0';
            out->name = name;
        }
    }
    return true;
}

static const struct option *find(const char *name)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        if (strcasecmp(name, options[i].name) == 0) {
            return &options[i];
        }
    }
    return NULL;
}

/* What is wrong with the line, or NULL; then *option is what it sets. */
static const char *take_line(
        struct ovd_config *config, const struct line *line, const struct option **option)
{
    if (strcasecmp(line->name, "Example") == 0) {
        return "comment out or remove the line Example";
    }
    *option = find(line->name);
    if (*option == NULL) {
        return "Unknown option";
    }
    if (line->value[0] == '\0') {
        if ((*option)->kind == KIND_BOOL) { /* as clamd: a bare name switches it on */
            return set(config, *option, "yes");
        }
        return (*option)->kind == KIND_NOTHING ? NULL : "wants a value";
    }
    return set(config, *option, line->value);
}

bool ovd_config_read(struct ovd_config *config, const char *file, struct ov_bytes text, FILE *told)
{
    struct lines lines;
    struct line line;
    bool good = true;

    if (!lines_begin(&lines, file, text, told)) {
        return false;
    }
    while (lines_next(&lines, &line)) {
        const struct option *option = NULL;
        const char *wrong;

        if (line.name == NULL) {
            continue;
        }
        wrong = take_line(config, &line, &option);
        if (wrong != NULL) {
            (void)fprintf(told, "%s:%u: %s: %s\n", file, line.number, line.name, wrong);
            good = false;
        } else if (option->kind == KIND_NOTHING) {
            (void)fprintf(told, "%s:%u: %s has no effect: %s\n", file, line.number, line.name,
                    option->why);
        }
    }
    lines_done(&lines);
    return good;
}

bool ovd_config_translate(const char *file, struct ov_bytes text, FILE *out, FILE *told)
{
    struct ovd_config config;
    struct lines lines;
    struct line line;
    bool good = true;

    ovd_config_init(&config);
    if (!lines_begin(&lines, file, text, told)) {
        return false;
    }
    (void)fprintf(out,
            "# Translated from %s\n# As clamd: what could not be looked at wholly is "
            "answered OK, and always logged.\nIncompleteIs ok\n\n",
            file);
    while (lines_next(&lines, &line)) {
        const struct option *option = NULL;
        const char *wrong = line.name == NULL ? NULL : take_line(&config, &line, &option);

        if (wrong != NULL) {
            (void)fprintf(told, "%s:%u: %s: %s\n", file, line.number, line.name, wrong);
            good = false;
        }
        if (option != NULL && option->kind == KIND_NOTHING) {
            (void)fprintf(out, "# %.*s\n#   has no effect: %s\n", (int)line.whole_bytes, line.whole,
                    option->why);
        } else if (wrong == NULL) {
            (void)fprintf(out, "%.*s\n", (int)line.whole_bytes, line.whole);
        }
    }
    if (config.access_paths.count > 0 && config.access_modes.count == 0) {
        (void)fprintf(out, "\n# What clamonacc watched.\nOnAccess open\n");
    }
    lines_done(&lines);
    ovd_config_done(&config);
    return good;
}

void ovd_config_list(FILE *out)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        (void)fprintf(out, "%s%s%s\n", options[i].name, options[i].kind == KIND_NOTHING ? ": " : "",
                options[i].kind == KIND_NOTHING ? options[i].why : "");
    }
}
