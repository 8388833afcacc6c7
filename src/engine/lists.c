/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c - the database's passwords and certificates, and programs that are signed with these: with a blocked one
 * they are detected, under a trusted one nothing else is reported of them. Looked up once an object, and
 * only when a rule asks or something was found. */
#include "db/lists.h"

#include <stdlib.h>

#include "engine/walk.h"

/* The last that was loaded is tried first, as in ClamAV. */
static bool list_passwords(struct ov_engine *engine)
{
    struct ov_list_item item;
    size_t count = 0;
    uint64_t at = 0;

    while (ov_db_list_next(engine->view, &at, &item)) {
        count += item.kind == OV_LIST_PASSWORD;
    }
    count = count < OV_PASSWORDS_MAX ? count : OV_PASSWORDS_MAX;
    engine->password_list = calloc(count + 1, sizeof(*engine->password_list));
    if (engine->password_list == NULL) {
        return false;
    }
    engine->passwords.at = engine->password_list + count;
    at = 0;
    while (engine->passwords.count < count && ov_db_list_next(engine->view, &at, &item)) {
        struct ov_list_password head;
        struct ov_bytes password;
        uint32_t type;

        if (item.kind != OV_LIST_PASSWORD
                || !ov_db_list_split(&item, &head, sizeof(head), &password)) {
            continue;
        }
        type = ov_le32_get(head.container);
        if (type == OV_CLAM_ANY || type == OV_CLAM_ZIP) {
            engine->passwords.count++;
            engine->passwords.at = engine->password_list + (count - engine->passwords.count);
            engine->password_list[count - engine->passwords.count] = password;
        }
    }
    return true;
}

/* As for passwords, the last one first. */
static bool list_magics(struct ov_engine *engine)
{
    struct ov_list_item item;
    size_t count = 0;
    uint64_t at = 0;

    while (ov_db_list_next(engine->view, &at, &item)) {
        count += item.kind == OV_LIST_MAGIC;
    }
    engine->magics = calloc(count + 1, sizeof(*engine->magics));
    if (engine->magics == NULL) {
        return false;
    }
    engine->magic_count = count;
    at = 0;
    while (count > 0 && ov_db_list_next(engine->view, &at, &item)) {
        struct ov_list_magic head;
        struct ov_bytes bytes;

        if (item.kind == OV_LIST_MAGIC && ov_db_list_split(&item, &head, sizeof(head), &bytes)) {
            engine->magics[--count] = (struct ov_magic){
                .type = (enum ov_clam_type)ov_le32_get(head.type),
                .offset = ov_le32_get(head.offset),
                .bytes = bytes,
            };
        }
    }
    return true;
}

enum ov_clam_type ov_walk_listed_type(const struct ov_engine *engine, struct ov_bytes head)
{
    for (size_t i = 0; i < engine->magic_count; i++) {
        const struct ov_magic *magic = &engine->magics[i];
        const uint64_t len = ov_bytes_len(magic->bytes);
        struct ov_bytes there;

        if (len != 0 && len <= OV_CLAM_HEAD_BYTES && magic->offset <= OV_CLAM_HEAD_BYTES - len
                && ov_bytes_slice(head, magic->offset, len, &there)
                && ov_bytes_equal(there, ov_bytes_raw(magic->bytes), (size_t)len)) {
            return magic->type;
        }
    }
    return OV_CLAM_ANY;
}

static uint32_t clip(uint64_t value)
{
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void take_settings(struct ov_engine *engine)
{
    struct ov_list_item item;
    struct ov_list_setting head;
    struct ov_bytes rest;
    uint64_t at = 0;

    engine->html_bytes_max = engine->no_tags_bytes_max = UINT64_MAX;
    engine->text_bytes_max = engine->partitions_max = UINT64_MAX;
    while (ov_db_list_next(engine->view, &at, &item)) {
        uint64_t value;

        if (item.kind != OV_LIST_SETTING || !ov_db_list_split(&item, &head, sizeof(head), &rest)) {
            continue;
        }
        value = ov_le64_get(head.value);
        switch (ov_le32_get(head.what)) {
        case OV_SETTING_PCRE_MATCHES:
            engine->pcre_matches_max = clip(value);
            break;
        case OV_SETTING_PCRE_DEPTH:
            engine->pcre_depth_max = clip(value);
            break;
        case OV_SETTING_PCRE_BYTES:
            engine->pcre_bytes_max = value;
            break;
        case OV_SETTING_NO_VIEWS:
            engine->no_views = value != 0;
            break;
        case OV_SETTING_HTML_BYTES:
            engine->html_bytes_max = value;
            break;
        case OV_SETTING_NO_TAGS_BYTES:
            engine->no_tags_bytes_max = value;
            break;
        case OV_SETTING_TEXT_BYTES:
            engine->text_bytes_max = value;
            break;
        case OV_SETTING_PARTITIONS:
            engine->partitions_max = value;
            break;
        case OV_SETTING_CLOSED:
            engine->closed[value / 64 % 2] |= (uint64_t)1 << value % 64;
            break;
        default:
            break;
        }
    }
}

bool ov_walk_is_closed(const struct ov_engine *engine, enum ov_clam_type type)
{
    return (engine->closed[type / 64 % 2] >> type % 64 & 1) != 0;
}

bool ov_walk_lists_init(struct ov_engine *engine)
{
    struct ov_list_item item;
    struct ov_signers *signers = &engine->signers;
    size_t count = 0;
    uint64_t at = 0;

    take_settings(engine);
    if (!list_magics(engine)) {
        return false;
    }
    while (ov_db_list_next(engine->view, &at, &item)) {
        count += item.kind == OV_LIST_CERTIFICATE;
    }
    if (!list_passwords(engine) || count == 0) {
        return engine->password_list != NULL;
    }
    signers->list = calloc(count, sizeof(*signers->list));
    engine->signer_records = calloc(count, sizeof(*engine->signer_records));
    if (signers->list == NULL || engine->signer_records == NULL) {
        return false;
    }
    at = 0;
    while (signers->count < count && ov_db_list_next(engine->view, &at, &item)) {
        struct ov_list_certificate *record = &engine->signer_records[signers->count];
        struct ov_signer *signer = &signers->list[signers->count];
        uint32_t flags;

        if (item.kind != OV_LIST_CERTIFICATE
                || !ov_db_list_split(&item, record, sizeof(*record), &signer->modulus)) {
            continue;
        }
        flags = ov_le32_get(record->flags);
        signer->subject = record->subject;
        signer->serial = (flags & OV_LIST_CERTIFICATE_HAS_SERIAL) != 0 ? record->serial : NULL;
        signer->trusted = (flags & OV_LIST_CERTIFICATE_TRUSTED) != 0
                          && (flags & (OV_LIST_CERTIFICATE_CODE | OV_LIST_CERTIFICATE_ISSUES)) != 0;
        engine->has_trusted_signers = engine->has_trusted_signers || signer->trusted;
        signers->count++;
    }
    return true;
}

void ov_walk_lists_done(struct ov_engine *engine)
{
    free(engine->signers.list);
    free(engine->signer_records);
    free(engine->password_list);
    free(engine->magics);
    ov_clam_pcre_free(engine->link_pcre);
}

/* Looks at the signatures of one program. */
static bool find(struct ov_walk *walk, struct ov_source *source)
{
    struct ov_signers *signers = &walk->engine->signers;

    for (size_t i = 0; i < signers->count; i++) {
        signers->list[i].found = false;
    }
    ov_signers_find(signers, source, &walk->budget);
    return signers->trusted;
}

bool ov_walk_has_certificate(struct ov_clam_object *clam, struct ov_source *source, uint32_t number)
{
    struct ov_walk *walk = clam->find_payload;
    struct ov_engine *engine = walk->engine;

    if (clam->type != OV_CLAM_MSEXE || number >= engine->signers.count) {
        return false;
    }
    if (!walk->signers_found) {
        walk->signers_found = true;
        walk->object_trust = find(walk, source) ? OV_TRUST_YES : OV_TRUST_NO;
        walk->signers_trouble = engine->signers.reason;
    }
    return engine->signers.list[number].found;
}

bool ov_walk_is_trusted(struct ov_walk *walk, const struct ov_subject *subject)
{
    struct ov_engine *engine = walk->engine;

    if (!engine->has_trusted_signers) {
        return false;
    }
    if (engine->clam.type == OV_CLAM_MSEXE && subject->view == OV_VIEW_NONE) {
        (void)ov_walk_has_certificate(&engine->clam, subject->source, 0);
        if (walk->object_trust == OV_TRUST_YES) {
            return true;
        }
    }
    for (uint32_t i = 0; i < walk->frame_count; i++) {
        struct ov_frame *frame = &engine->frames[i];

        if (frame->clam == OV_CLAM_MSEXE && frame->trust == OV_TRUST_UNKNOWN) {
            frame->trust = find(walk, &frame->source) ? OV_TRUST_YES : OV_TRUST_NO;
            walk->signers_found = false; /* the list now tells of another */
        }
        if (frame->clam == OV_CLAM_MSEXE && frame->trust == OV_TRUST_YES) {
            return true;
        }
    }
    return false;
}
