/* SPDX-License-Identifier: Apache-2.0 */
/* prove_bait.c - what the attacks of `overt prove` aim at, set out so that each would be easy, and
 * the look from outside at what became of it. A turncoat's own word is never enough to clear it. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "programs/overt/prove.h"

#define FILE_BYTES 4096

enum listener {
    TCP,
    TCP6,
    UDP,
    UNIX_PATH,
    UNIX_DATAGRAM,
    UNIX_ABSTRACT,
    LISTENERS
};

struct bait_set {
    struct bait bait;
    int listeners[LISTENERS]; /* -1: this machine has none of that kind */
    int database;
    int log;          /* /dev/kmsg, or -1 */
    int flags;        /* of the file handed over */
    struct stat file; /* as it was set out */
    int signals;      /* seen so far */
};

static const struct {
    unsigned bit;
    const char *name;
} evidence_names[] = {
    { EVIDENCE_TCP, "listener-heard" },
    { EVIDENCE_TCP6, "ipv6-listener-heard" },
    { EVIDENCE_UDP, "datagram-arrived" },
    { EVIDENCE_UNIX_PATH, "socket-heard" },
    { EVIDENCE_UNIX_DATAGRAM, "unix-datagram-arrived" },
    { EVIDENCE_UNIX_ABSTRACT, "abstract-socket-heard" },
    { EVIDENCE_FILE, "file-changed" },
    { EVIDENCE_OFFSET, "offset-moved" },
    { EVIDENCE_FLAGS, "flags-changed" },
    { EVIDENCE_DATABASE, "database-changed" },
    { EVIDENCE_FOLDER, "folder-changed" },
    { EVIDENCE_SIGNAL, "supervisor-signalled" },
    { EVIDENCE_REPLY, "reply-not-16-bytes" },
    { EVIDENCE_KERNEL_LOG, "kernel-log-written" },
};

const char *prove_evidence_name(unsigned bit)
{
    for (size_t i = 0; i < sizeof(evidence_names) / sizeof(evidence_names[0]); i++) {
        if (evidence_names[i].bit == bit) {
            return evidence_names[i].name;
        }
    }
    return NULL;
}

/* A handler can only reach what is global. */
static volatile sig_atomic_t signals_seen;

static void count_signal(int sig)
{
    (void)sig;
    signals_seen++;
}

/* --- setting out ------------------------------------------------------------------------------------- */

static void path_in(const struct bait_set *set, const char *name, char out[static PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%s/%s", set->bait.dir, name);
}

/* Open to everyone, whatever the umask. */
static bool write_file(const struct bait_set *set, const char *name, const char *start)
{
    char path[PATH_MAX], text[FILE_BYTES];
    auto_fd int fd = -1;

    path_in(set, name, path);
    memset(text, 'v', sizeof(text));
    for (size_t i = 0; start[i] != '\0'; i++) {
        text[i] = start[i];
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return fd >= 0 && write(fd, text, sizeof(text)) == (ssize_t)sizeof(text)
           && fchmod(fd, 0777) == 0;
}

/* A script: executing it would be a success that one sees. */
#define VICTIM_START "#!/bin/true\n"

static bool set_out_files(struct bait_set *set)
{
    char path[PATH_MAX];

    path_in(set, "victim", path);
    return write_file(set, "victim", VICTIM_START) && write_file(set, "decoy", "decoy")
           && stat(path, &set->file) == 0;
}

static struct ov_le16 port_of(int s)
{
    struct sockaddr_in6 name;
    socklen_t len = sizeof(name);

    memset(&name, 0, sizeof(name));
    if (s < 0 || getsockname(s, (struct sockaddr *)&name, &len) != 0) {
        return ov_le16_of(0);
    }
    return ov_le16_of(ntohs(name.sin6_port)); /* at the same place as sin_port */
}

static int listen_on(int family, int type, const void *name, socklen_t len)
{
    const int s = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (s >= 0 && (bind(s, name, len) != 0 || (type == SOCK_STREAM && listen(s, 16) != 0))) {
        (void)close(s);
        return -1;
    }
    return s;
}

static int listen_unix(const struct bait_set *set, int type, const char *name)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int s;

    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%.64s/%.32s", set->bait.dir, name);
    s = listen_on(AF_UNIX, type, &at, sizeof(at));
    (void)chmod(at.sun_path, 0777);
    return s;
}

static void set_out_listeners(struct bait_set *set)
{
    const struct sockaddr_in at = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct sockaddr_in6 at6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
    struct sockaddr_un abstract = { .sun_family = AF_UNIX };
    const size_t len = strlen(set->bait.abstract);

    memcpy(abstract.sun_path + 1, set->bait.abstract, len);
    set->listeners[TCP] = listen_on(AF_INET, SOCK_STREAM, &at, sizeof(at));
    set->listeners[TCP6] = listen_on(AF_INET6, SOCK_STREAM, &at6, sizeof(at6));
    set->listeners[UDP] = listen_on(AF_INET, SOCK_DGRAM, &at, sizeof(at));
    set->listeners[UNIX_PATH] = listen_unix(set, SOCK_STREAM, "socket");
    set->listeners[UNIX_DATAGRAM] = listen_unix(set, SOCK_DGRAM, "datagrams");
    set->listeners[UNIX_ABSTRACT] = listen_on(AF_UNIX, SOCK_STREAM, &abstract,
            (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len));
    set->bait.tcp_port = port_of(set->listeners[TCP]);
    set->bait.tcp6_port = port_of(set->listeners[TCP6]);
    set->bait.udp_port = port_of(set->listeners[UDP]);
}

struct bait_set *prove_bait_new(overt_error *err)
{
    struct sigaction count = { .sa_handler = count_signal };
    struct bait_set *set = calloc(1, sizeof(*set));
    char path[PATH_MAX];

    if (set == NULL) {
        (void)ov_fail(err, OVERT_E_NOMEM, UINT64_MAX, "no memory for the bait");
        return NULL;
    }
    for (int i = 0; i < LISTENERS; i++) {
        set->listeners[i] = -1;
    }
    set->database = set->log = -1;
    set->bait.magic = ov_le32_of(BAIT_MAGIC);
    set->bait.supervisor = ov_le32_of((uint32_t)getpid());
    (void)snprintf(set->bait.abstract, sizeof(set->bait.abstract), "overt-prove-%d", (int)getpid());
    (void)snprintf(set->bait.dir, sizeof(set->bait.dir), "/tmp/overt-prove.XXXXXX");
    if (mkdtemp(set->bait.dir) == NULL || chmod(set->bait.dir, 0777) != 0 || !set_out_files(set)
            || !write_file(set, "database", "rules")) {
        (void)ov_fail(err, OVERT_E_IO, UINT64_MAX, "the bait cannot be set out in /tmp: %s",
                strerror(errno));
        prove_bait_free(set);
        return NULL;
    }
    path_in(set, "database", path);
    set->database = open(path, O_RDWR | O_CLOEXEC);
    set_out_listeners(set);
    set->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (set->log >= 0 && lseek(set->log, 0, SEEK_END) < 0) {
        (void)close(set->log);
        set->log = -1;
    }
    (void)sigaction(SIGUSR1, &count, NULL);
    if (set->database < 0 || set->listeners[TCP] < 0 || set->listeners[UNIX_PATH] < 0) {
        (void)ov_fail(
                err, OVERT_E_IO, UINT64_MAX, "the bait cannot be set out: %s", strerror(errno));
        prove_bait_free(set);
        return NULL;
    }
    return set;
}

/* --- looking ------------------------------------------------------------------------------------------ */

static bool is_known_name(const char *name)
{
    static const char *const known[] = { ".", "..", "victim", "decoy", "database", "socket",
        "datagrams" };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strcmp(known[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* Removes what is new (or everything); true if there was any, or something is gone. */
static bool sweep(const struct bait_set *set, bool everything)
{
    DIR *dir = opendir(set->bait.dir);
    const struct dirent *entry;
    unsigned seen = 0;
    bool changed = false;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        const bool known = is_known_name(entry->d_name);

        seen += known;
        changed |= !known;
        if ((everything || !known) && unlinkat(dirfd(dir), entry->d_name, 0) != 0) {
            (void)unlinkat(dirfd(dir), entry->d_name, AT_REMOVEDIR);
        }
    }
    if (dir != NULL) {
        (void)closedir(dir);
    }
    return changed || seen != 7;
}

void prove_bait_free(struct bait_set *set)
{
    if (set == NULL) {
        return;
    }
    (void)sweep(set, true);
    (void)rmdir(set->bait.dir);
    for (int i = 0; i < LISTENERS; i++) {
        if (set->listeners[i] >= 0) {
            (void)close(set->listeners[i]);
        }
    }
    if (set->database >= 0) {
        (void)close(set->database);
    }
    if (set->log >= 0) {
        (void)close(set->log);
    }
    free(set);
}

void prove_bait_describe(const struct bait_set *set, struct bait *out)
{
    *out = set->bait;
}

int prove_bait_database(const struct bait_set *set)
{
    return set->database;
}

bool prove_crash_is_logged(void)
{
    auto_fd int fd = open("/proc/sys/debug/exception-trace", O_RDONLY | O_CLOEXEC);
    char on = '1';

    return fd < 0 || read(fd, &on, 1) != 1 || on != '0';
}

int prove_bait_file(struct bait_set *set)
{
    char path[PATH_MAX];
    int fd;

    path_in(set, "victim", path);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    set->flags = fd < 0 ? 0 : fcntl(fd, F_GETFL);
    set->signals = signals_seen;
    return fd;
}

/* Takes everything that arrived. */
static unsigned hear(const struct bait_set *set)
{
    unsigned heard = 0;

    for (int i = 0; i < LISTENERS; i++) {
        const bool datagrams = i == UDP || i == UNIX_DATAGRAM;
        char bytes[64];

        for (;;) {
            const int s = datagrams ? (int)recv(set->listeners[i], bytes, sizeof(bytes), 0)
                                    : accept4(set->listeners[i], NULL, NULL, SOCK_CLOEXEC);

            if (set->listeners[i] < 0 || s < 0) {
                break;
            }
            heard |= (unsigned)EVIDENCE_TCP << i; /* in the same order */
            if (!datagrams) {
                (void)close(s);
            }
        }
    }
    return heard;
}

static bool file_changed(const struct bait_set *set)
{
    char path[PATH_MAX], text[FILE_BYTES];
    auto_fd int fd = -1;
    struct stat st;

    path_in(set, "victim", path);
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd < 0 || fstat(fd, &st) != 0 || st.st_ino != set->file.st_ino
           || st.st_size != set->file.st_size || st.st_mode != set->file.st_mode
           || st.st_uid != set->file.st_uid || st.st_nlink != set->file.st_nlink
           || st.st_mtim.tv_sec != set->file.st_mtim.tv_sec
           || st.st_mtim.tv_nsec != set->file.st_mtim.tv_nsec
           || st.st_ctim.tv_sec != set->file.st_ctim.tv_sec
           || st.st_ctim.tv_nsec != set->file.st_ctim.tv_nsec || st.st_blocks != set->file.st_blocks
           || flistxattr(fd, NULL, 0) > 0
           || pread(fd, text, sizeof(text), 0) != (ssize_t)sizeof(text)
           || memcmp(text, VICTIM_START, strlen(VICTIM_START)) != 0 || text[100] != 'v';
}

static bool database_changed(const struct bait_set *set)
{
    char text[FILE_BYTES];

    if (pread(set->database, text, sizeof(text), 0) != (ssize_t)sizeof(text)
            || memcmp(text, "rules", 5) != 0) {
        return true;
    }
    for (size_t i = 5; i < sizeof(text); i++) {
        if (text[i] != 'v') {
            return true;
        }
    }
    return false;
}

/* What each crash would have left in the kernel's log. */
static const struct {
    const char *id;
    const char *mark;
} crash_marks[] = {
    { "covert_core", "segfault at 10 ip" },
    { "covert_fault_address", "4c45414b0000" },
    { "covert_fault_code", "46 49 4c 45 2d 43 4f 4e" },
    { "covert_illegal_instruction", "trap invalid opcode" },
};

/* Reads on to the end of the log; true if the row's mark was in it. */
static bool log_names(const struct bait_set *set, const struct attack_row *row)
{
    const char *mark = NULL;
    bool found = false;
    char record[8192];

    for (size_t i = 0; i < sizeof(crash_marks) / sizeof(crash_marks[0]); i++) {
        if (strcmp(crash_marks[i].id, row->id) == 0) {
            mark = crash_marks[i].mark;
        }
    }
    while (set->log >= 0) {
        const ssize_t n = read(set->log, record, sizeof(record) - 1);

        if (n < 0 && errno == EPIPE) {
            continue; /* overtaken by newer ones: the next read goes on there */
        }
        if (n <= 0) {
            break;
        }
        record[n] = '\0';
        found |= mark != NULL && strstr(record, mark) != NULL;
    }
    return found;
}

unsigned prove_bait_inspect(struct bait_set *set, int file, const struct attack_row *row)
{
    unsigned seen = hear(set);

    seen |= lseek(file, 0, SEEK_CUR) != 0 ? EVIDENCE_OFFSET : 0;
    seen |= fcntl(file, F_GETFL) != set->flags ? EVIDENCE_FLAGS : 0;
    (void)close(file); /* with it go its locks and leases */
    seen |= file_changed(set) ? EVIDENCE_FILE : 0;
    seen |= database_changed(set) ? EVIDENCE_DATABASE : 0;
    seen |= sweep(set, false) ? EVIDENCE_FOLDER : 0;
    seen |= signals_seen != set->signals ? EVIDENCE_SIGNAL : 0;
    seen |= log_names(set, row) ? EVIDENCE_KERNEL_LOG : 0;
    if ((seen & (EVIDENCE_FILE | EVIDENCE_FOLDER)) != 0) {
        char path[PATH_MAX];

        path_in(set, "victim", path); /* a new inode: whatever clings to the old one goes */
        (void)unlink(path);
        (void)set_out_files(set);
    }
    if ((seen & EVIDENCE_DATABASE) != 0) {
        (void)write_file(set, "database", "rules");
    }
    return seen;
}
