/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue.h - what identifies the products of a vendor, and which bans there are: data/products and
 * data/bans, and files of the owner's own. docs/formats/catalogue.md has the form.
 *
 * The files are the owner's or ours, not an attacker's; still, a file that is not of the form is
 * refused by name, never half taken. */
#ifndef OV_PROHIBITED_CATALOGUE_H
#define OV_PROHIBITED_CATALOGUE_H

#include "base/arena.h"
#include "base/error.h"

/* In this order: what is running is installed as well. */
enum ov_state {
    OV_STATE_MENTION = 0,
    OV_STATE_REMNANT = 1,
    OV_STATE_INSTALLED = 2,
    OV_STATE_RUNNING = 3
};
enum ov_strength {
    OV_STRENGTH_WEAK = 0,
    OV_STRENGTH_MEDIUM = 1,
    OV_STRENGTH_STRONG = 2
};

const char *ov_state_name(enum ov_state state);
bool ov_state_of(const char *name, enum ov_state *out);
const char *ov_strength_name(enum ov_strength strength);
bool ov_strength_of(const char *name, enum ov_strength *out);

/* What a fact is about; names in catalogue.c. */
enum ov_mark {
    OV_MARK_PATH,
    OV_MARK_SOCKET,
    OV_MARK_FILE_NAME,
    OV_MARK_DRIVER,
    OV_MARK_INSTALLER,
    OV_MARK_LIBRARY,
    OV_MARK_KERNEL_MODULE,
    OV_MARK_PACKAGE,
    OV_MARK_PACKAGE_PART,
    OV_MARK_PROCESS,
    OV_MARK_UNIT,
    OV_MARK_UNIT_PREFIX,
    OV_MARK_USER,
    OV_MARK_GROUP,
    OV_MARK_REGISTRY_KEY,
    OV_MARK_SERVICE,
    OV_MARK_SERVICE_PREFIX,
    OV_MARK_MSI_PRODUCT,
    OV_MARK_WINGET,
    OV_MARK_BUNDLE,
    OV_MARK_APPLE_TEAM,
    OV_MARK_RECEIPT,
    OV_MARK_CERTIFICATE_ISSUER_CN,
    OV_MARK_CERTIFICATE_SUBJECT_O,
    OV_MARK_SIGNER_CN,
    OV_MARK_SIGNER,
    OV_MARK_CHROME_EXTENSION,
    OV_MARK_FIREFOX_ADDON,
    OV_MARK_FIREFOX_ADDON_SUFFIX,
    OV_MARK_NATIVE_MESSAGING_HOST,
    OV_MARK_HOST,
    OV_MARK_DOMAIN,
    OV_MARK_PORT,
    OV_MARK_WORD,
    OV_MARK_SHA256,
    OV_MARK_PRODUCT_NAME,
    OV_MARK_ENTITY_NAME,
    OV_MARKS
};

const char *ov_mark_name(enum ov_mark mark);

struct ov_vendor {
    const char *id, *name;
    const char **entities; /* names of the legal entities; the first stands for the vendor */
    size_t entity_count;
};

struct ov_product {
    const char *id, *name, *product_class, *note; /* note: may be "" */
    const struct ov_vendor *vendor;
    bool generic;  /* tells that something of the vendor is there, not what */
    bool embedded; /* lives inside other companies' products */
};

struct ov_clue_fact {
    enum ov_mark mark;
    enum ov_state shows;
    enum ov_strength strength;
    const char *value, *source, *note, *platform; /* note, platform: may be "" */
    const char **under;                           /* NULL-terminated; only with a path below one */
    const struct ov_product *product;
};

struct ov_ban_field {
    const char *name, *from; /* from: "" where overt cannot know */
};

struct ov_ban_form {
    const char *form, *due;
    struct ov_ban_field *fields;
    size_t field_count;
};

struct ov_ban_pair {
    const char *first, *second;
};

struct ov_ban {
    const char *id, *title, *authority, *kind, *issued, *applies_to, *scope, *why, *condition;
    const char **vendors, **classes, **platforms, **products; /* NULL-terminated; may be empty */
    const char **sources;
    bool embedded;                  /* code of the vendor in other products is covered */
    const char *embedded_exclusion; /* the text that excludes it; "" */
    struct ov_ban_pair *deadlines;  /* what, when */
    size_t deadline_count;
    const char **excludes;
    struct ov_ban_form *forms;
    size_t form_count;
    enum ov_strength strength;
};

struct ov_catalogue {
    struct ov_arena arena;
    struct ov_vendor **vendors;
    struct ov_product **products;
    struct ov_clue_fact **facts;
    struct ov_ban **bans;
    size_t vendor_count, product_count, fact_count, ban_count;
    size_t priv_caps[4];
    size_t file_count;
    char digest[65]; /* of all files' digests in the order of their names: two runs compare */
    uint8_t priv_digests[4096][32];
};

void ov_catalogue_init(struct ov_catalogue *c);
void ov_catalogue_done(struct ov_catalogue *c);

/* One file's text: products or bans, by its "format". `name` is for messages. */
OV_MUST_CHECK overt_status ov_catalogue_add(
        struct ov_catalogue *c, const char *name, struct ov_bytes text, overt_error *err);
/* Every *.json of a folder, by name. A folder that is not there is an error unless `may_lack`. */
OV_MUST_CHECK overt_status ov_catalogue_add_folder(
        struct ov_catalogue *c, const char *folder, bool may_lack, overt_error *err);
/* The bundle that the build embeds: {"NAME":FILE, ...}. */
OV_MUST_CHECK overt_status ov_catalogue_add_bundle(
        struct ov_catalogue *c, struct ov_bytes text, overt_error *err);
/* After the last file: fills `digest`. */
OV_MUST_CHECK overt_status ov_catalogue_finish(struct ov_catalogue *c, overt_error *err);

#endif
