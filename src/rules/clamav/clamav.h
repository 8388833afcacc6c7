/* SPDX-License-Identifier: Apache-2.0 */
/* clamav.h - ClamAV's databases to the intermediate form: signatures of bodies, logical ones, hashes,
 * allow lists, and the containers they come in. What a file is, its name says.
 *
 * What cannot be loaded is told by file and line with its reason, as a warning, and the rest goes
 * on: one line must not take a database away. docs/compat-clamav.md has what is not loaded.
 */
#ifndef OV_RULES_CLAMAV_CLAMAV_H
#define OV_RULES_CLAMAV_CLAMAV_H

#include "base/clamtype.h"
#include "rules/ir/rule.h"

/* The functionality level that signatures are gated on: that of ClamAV 1.4.6, as observed. */
#define OV_CLAM_LEVEL 216u
/* The level that lines of detached signatures are gated on: that of ClamAV 1.5, which has them. */
#define OV_CLAM_SIGN_LEVEL 230u

/* What one kind of file gave. */
struct ov_clamav_count {
    uint64_t loaded;
    uint64_t skipped; /* meant for other engines, ignored, filtered: nothing is wrong with them */
    uint64_t refused; /* told in diags */
};

struct ov_clamav {
    struct ov_rule_set *set;         /* borrowed */
    struct ov_diags *diags;          /* borrowed */
    bool strict;                     /* what cannot be loaded is an error */
    bool pua;                        /* load what is merely unwanted */
    bool official_only;              /* load what is signed, and the owner's own lists */
    bool no_phishing_urls;           /* links in mail are not judged */
    bool has_phishing;               /* the names that links are reported under are there */
    bool no_certificates;            /* pass over lists of certificates */
    uint32_t certificate_count;      /* read so far */
    bool fips_limits;                /* neither MD5 nor SHA-1 makes anything trusted */
    bool no_phishing;                /* leave out what is named HTML.Phishing, Email.Phishing */
    struct ov_names ignored;         /* names of signatures that are not wanted */
    struct ov_names ignored_lines;   /* space: a name, name: the digest of its line */
    struct ov_bytes *pua_categories; /* owned array; texts in the set's arena */
    size_t pua_category_count;
    bool pua_only_these; /* else: all but these */
    struct ov_clamav_count count;
    uint64_t bytecode_count;                        /* programs that are not run */
    uint64_t signatures;                            /* loaded, as ClamAV counts its viruses */
    struct ov_clam_member *members;                 /* of groups of macros; in the set's arena */
    struct ov_clam_waiting *waiting, *waiting_last; /* lines that speak of them */
    struct ov_clam_kept *trusted, *signs;           /* detached.c: certificates, signatures */
    uint32_t trusted_count;
    bool finishing;
};

void ov_clamav_init(struct ov_clamav *clam, struct ov_rule_set *set, struct ov_diags *diags);
void ov_clamav_done(struct ov_clamav *clam);

/* Lines of `word [argument]`: strict, pua, pua-include CATEGORY, pua-exclude CATEGORY,
 * official-only, no-phishing, no-phishing-urls, no-certificates, fips-limits, certificate BASE64 (that
 * signers of containers are led back to); no-views, close TYPE, pcre-matches N,
 * pcre-depth N, pcre-bytes N, html-bytes N, no-tags-bytes N, text-bytes N, partitions N, which are
 * settings of scans; alert-broken, alert-macros, alert-crossed, cards N, credit-cards N, people N, people-plain N, which add rules of their own. False: one of them is none of these. */
OV_MUST_CHECK bool ov_clamav_options(struct ov_clamav *clam, struct ov_bytes text);

/* Is this a database's name, by its end? */
bool ov_clamav_is_database(struct ov_bytes name);

/* Reads one file. `name` decides what it is; problems go to the diags. False: nothing can go on
 * (memory), or strict found an error. */
bool ov_clamav_read(struct ov_clamav *clam, struct ov_bytes name, struct ov_bytes text);

/* After the last file: what had to wait for other files is read. False: as ov_clamav_read. */
bool ov_clamav_finish(struct ov_clamav *clam);

#endif
