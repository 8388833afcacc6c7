/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.h - what a file says about installed software: packages, registry keys, bundles,
 * signers, certificates. The worker reads; `overt prohibited` decides which file is read how.
 *
 * The readers know no product and no ban. They tell facts; what the facts mean is judged outside
 * the jail, against a catalogue that the worker never sees.
 */
#ifndef OV_EVIDENCE_EVIDENCE_H
#define OV_EVIDENCE_EVIDENCE_H

#include "base/reason.h"
#include "base/source.h"

/* How to read a file. The numbers cross the jail's wall (`flags` of OV_REQUEST_FACTS). */
enum ov_look {
    OV_LOOK_NONE = 0,
    OV_LOOK_KIND = 1,         /* only: is it a volume or archive that overt does not look into? */
    OV_LOOK_DPKG = 2,         /* var/lib/dpkg/status */
    OV_LOOK_ALPINE = 3,       /* lib/apk/db/installed */
    OV_LOOK_RPM = 4,          /* an RPM database, of whichever kind */
    OV_LOOK_HIVE = 5,         /* a registry hive; questions: keys */
    OV_LOOK_PLIST = 6,        /* Info.plist, a receipt, a launchd job */
    OV_LOOK_APK = 7,          /* an Android package */
    OV_LOOK_PROGRAM = 8,      /* PE: signers, version; Mach-O: team */
    OV_LOOK_CERTIFICATES = 9, /* PEM, DER, and whatever holds DER: NSS databases, keychains */
    OV_LOOK_TEXT = 10,        /* questions: words, and domains (with a dot in front) */
    OV_LOOK_ADDONS = 11,      /* a Firefox profile's extensions.json */
    OV_LOOK_USERS = 12,       /* etc/passwd, etc/group: first fields */
    OV_LOOK_ANDROID = 13,     /* data/system/packages.list */
    OV_LOOK_IMAGE = 14,       /* OCI index.json and manifests, `docker save` manifest.json */
    OV_LOOK_ARCHIVE = 15,     /* a tree in an archive: names, and what is worth reading in it */
    OV_LOOK_DEEP = 16,        /* by what it is: programs, certificates, archives */
    OV_LOOK_PACMAN = 17,      /* one entry of pacman's database */
    OV_LOOK_DATABASE = 18,    /* SQLite: FreeBSD's packages, winget's, what macOS allowed */
    OV_LOOK_CHANGES = 19,     /* a database's log, with what is not in the database yet */
    OV_LOOK_UNKNOWN = 20,     /* a package database of a kind that is not read: said, that is all */
    OV_LOOK_DPKG_CONTROL = 21, /* one package of status.d: there because it is installed */
    OV_LOOK_MSI = 22,          /* an installer package of Windows */
    OV_LOOK_HIVE_LOGS = 23,    /* a hive with its logs (hive_bundle.h); questions: keys */
    OV_LOOK_SEALED = 24,       /* a VeraCrypt volume, by its name */
    OV_LOOK_LAST = OV_LOOK_SEALED
};

/* What is told. Texts with several parts have them separated by NUL. */
enum ov_trace_kind {
    OV_TRACE_MEMBER = 1,  /* text: path; number: 1 for a folder, else 0 */
    OV_TRACE_PACKAGE = 2, /* text: name; more: version, architecture, vendor; number: below */
    OV_TRACE_KEY = 3,     /* text: the question as it was asked */
    OV_TRACE_PROGRAM = 4, /* text: uninstall key; more: name, version, publisher, place, winget */
    OV_TRACE_SERVICE = 5, /* text: name; more: image path, display name; number: start type */
    OV_TRACE_BUNDLE = 6,  /* text: CFBundleIdentifier; more: version, name */
    OV_TRACE_RECEIPT = 7, /* text: PackageIdentifier; more: version */
    OV_TRACE_JOB = 8,     /* text: launchd Label; more: program */
    OV_TRACE_APP = 9,     /* text: Android package; more: version */
    OV_TRACE_CERTIFICATE = 11, /* text: subject; more: subject CN, subject O, issuer CN, issuer O */
    OV_TRACE_SIGNER = 12,      /* the same, of a certificate in a program's signature */
    OV_TRACE_VERSION = 13,     /* text: company; more: product, version, description */
    OV_TRACE_WORD = 14,        /* text: the word or host that was found */
    OV_TRACE_NAME = 15,        /* text: a user's or group's name */
    OV_TRACE_ADDON = 16,       /* text: id; more: version, name */
    OV_TRACE_TEAM = 17,        /* text: Apple team id; more: signing identifier */
    OV_TRACE_DIGEST = 18,      /* text: SHA-256 in hex */
    OV_TRACE_LAYER = 19,       /* text: digest or path of a layer or manifest; more: media type */
    OV_TRACE_LAST = OV_TRACE_LAYER
};

/* OV_TRACE_PACKAGE: state in the low byte, manager above it. */
enum {
    OV_PACKAGE_INSTALLED = 0,
    OV_PACKAGE_CONFIG = 1,
    OV_PACKAGE_HALF = 2
};
enum {
    OV_MANAGER_DPKG = 0,
    OV_MANAGER_RPM = 1,
    OV_MANAGER_ALPINE = 2,
    OV_MANAGER_PACMAN = 3,
    OV_MANAGER_FREEBSD = 4,
    OV_MANAGERS
};
#define OV_PACKAGE_NUMBER(manager, state) ((uint32_t)(manager) << 8 | (uint32_t)(state))

/* OV_TRACE_TEAM, OV_TRACE_BUNDLE, OV_TRACE_PROGRAM: only something that remembers it, or would
 * install it, is there. */
#define OV_TRACE_LEFT 1u

struct ov_trace {
    enum ov_trace_kind kind;
    uint32_t member; /* 0: the file itself; else the ordinal of a member told before */
    uint32_t number;
    struct ov_bytes text;
    struct ov_bytes more;
};

struct ov_evidence_sink {
    void *payload;
    void (*fact)(void *payload, const struct ov_trace *fact);
    void (*gap)(void *payload, uint32_t member, enum ov_reason reason, const char *detail);
};

struct ov_evidence {
    const struct ov_evidence_sink *sink;
    uint32_t member;           /* that the readers speak of */
    struct ov_bytes questions; /* NUL after each */
    uint64_t bytes_left;       /* of content that may still be read, all members together */
    uint64_t steps_left;       /* of reading structures that may be made to loop */
    bool out_of_steps;         /* told once */
    uint32_t members_left;
    uint32_t next_member; /* ordinals of members begin at 1 */
    bool deep;
};

/* Reads `size` bytes of `fd`, in the jail. */
void ov_evidence_read(struct ov_evidence *e, enum ov_look look, int fd, uint64_t size);
/* The same for bytes in memory, as far as `look` needs no file of its own (not ARCHIVE, DEEP). */
void ov_evidence_read_bytes(struct ov_evidence *e, enum ov_look look, struct ov_bytes bytes);

/* Which reader a path below a system's root asks for; OV_LOOK_NONE: its name is enough. Case does
 * not count. `deep`: content of programs and archives too. */
enum ov_look ov_look_of_path(const char *path, bool deep);

/* May a member of an archive with this path be a layer of a container image? As an OCI layout, docker,
 * podman and skopeo name them. */
bool ov_is_image_layer(const char *path);

/* For people and reports: "registry hive", "dpkg status", ... Static. */
const char *ov_look_name(enum ov_look look);

#endif
