/* SPDX-License-Identifier: Apache-2.0 */
/* Where a PE file has its signatures, what they must be signatures of, and the walk over those that
 * are nested in each other. */
#include "formats/authenticode.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/limits.h"
#include "formats/certificate.h"
#include "formats/pe_layout.h"
#include "formats/say.h"
#include "formats/signed_data.h"

#define CERTIFICATE_HEADER 8u /* WIN_CERTIFICATE: length, revision, type */
#define HASH_BYTES         16384u

/* Bytes of a signature that waits for its turn. */
struct waiting {
    struct ov_bytes der; /* in a signature that is kept until the end, or in the file's bytes */
};

struct walk {
    const struct ov_pe_layout *pe;
    struct ov_say *say;
    struct ov_spot root;
    uint64_t table;   /* where the file's signatures are */
    bool digests_end; /* the file could not be hashed: later signatures are not asked */
    bool is_signed;
    uint64_t said;
    struct ov_signed *kept; /* OV_SIGNATURES_MAX of them: what is nested lies in them */
    unsigned kept_count;
    struct waiting waiting[OV_SIGNATURES_MAX];
    unsigned waiting_count;
    ov_signer_fn fn;      /* NULL: facts are said */
    ov_signature_fn each; /* NULL: nobody wants to see the signatures themselves */
    void *payload;
};

static bool hash_range(struct walk *w, EVP_MD_CTX *context, uint64_t from, uint64_t to)
{
    struct ov_bytes bytes;

    while (from < to) {
        const uint64_t len = to - from < HASH_BYTES ? to - from : HASH_BYTES;

        if (!ov_say_work(w->say, 1 + len / 16) || !ov_image_lend(&w->pe->image, from, len, &bytes)
                || EVP_DigestUpdate(context, ov_bytes_raw(bytes), (size_t)len) != 1) {
            return false;
        }
        from += len;
    }
    return true;
}

/* "Calculating the PE Image Hash": without the checksum, the directory entry of the signatures, and
 * the signatures, behind which nothing may come. */
static bool hash_file(struct walk *w, const EVP_MD *md, uint8_t out[EVP_MAX_MD_SIZE])
{
    const uint64_t checksum = w->pe->head + 0x58;
    const uint64_t entry = checksum + 4 + (w->pe->wide ? 0x4c : 0x3c);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done;

    done = context != NULL && w->table > entry && EVP_DigestInit_ex(context, md, NULL) == 1
           && hash_range(w, context, 0, checksum) && hash_range(w, context, checksum + 4, entry)
           && hash_range(w, context, entry + 8, w->table)
           && EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

/* Compares the file with what the signature says it is. */
static void judge(struct walk *w, struct ov_signed *s, uint8_t digest[EVP_MAX_MD_SIZE], size_t *len)
{
    const struct ov_bytes named = ov_signed_digest(s);
    const EVP_MD *md = s->digest_name == NULL ? NULL : EVP_get_digestbyname(s->digest_name);
    struct ov_bytes head;

    if (w->digests_end) {
        return;
    }
    if (md == NULL || ov_bytes_len(named) == 0) {
        s->state = s->state == OV_SIGNED_VALID ? OV_SIGNED_INVALID : s->state;
        return;
    }
    if (!hash_file(w, md, digest)) {
        s->state = s->state == OV_SIGNED_VALID ? OV_SIGNED_UNSAID : s->state;
        w->digests_end = true;
        return;
    }
    *len = (size_t)EVP_MD_get_size(md);
    if (!ov_bytes_slice(named, 0, *len, &head) || !ov_bytes_equal(head, digest, *len)) {
        s->state = OV_SIGNED_INVALID; /* even where nothing would have been said of it */
    }
}

static void give_chain(struct walk *w, const struct ov_signed *s)
{
    for (int i = 0; i < sk_X509_num(s->chain); i++) {
        w->fn(w->payload, sk_X509_value(s->chain, i));
    }
}

static void say_signature(struct walk *w, struct ov_signed *s)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    const struct ov_bytes named = ov_signed_digest(s);
    size_t len = 0;
    struct ov_spot at;

    judge(w, s, digest, &len);
    if (s->state == OV_SIGNED_UNSAID || ov_say_stopped(w->say)) {
        return;
    }
    w->is_signed = w->is_signed || s->state == OV_SIGNED_VALID;
    at = ov_say_item(w->say, w->root, "signatures", w->said++);
    ov_say_int(w->say, at, "verified", s->state == OV_SIGNED_VALID);
    if (s->digest_name != NULL) {
        ov_say_name(w->say, at, "digest_alg", s->digest_name);
    }
    if (ov_bytes_len(named) != 0) {
        ov_say_hex(w->say, at, "digest", named);
    }
    if (len != 0) {
        ov_say_hex(w->say, at, "file_digest", ov_bytes_of(digest, len));
    }
    ov_signed_say(w->say, at, s);
}

/* Nested signatures come next, in their order, so the last goes onto the stack first. */
static void push_nested(struct walk *w, const struct ov_signed *s)
{
    const int all = s->nested == NULL ? 0 : X509_ATTRIBUTE_count(s->nested);

    for (int i = all < 16 ? all : 16; i > 0; i--) { /* 16, as YARA */
        const struct ov_bytes der = ov_spc_bytes(X509_ATTRIBUTE_get0_type(s->nested, i - 1));

        if (ov_bytes_len(der) == 0) {
            continue;
        }
        if (w->waiting_count + w->kept_count >= OV_SIGNATURES_MAX) {
            ov_fact_give_up(w->say->tree, OV_REASON_OBJECTS);
            return;
        }
        w->waiting[w->waiting_count++] = (struct waiting){ .der = der };
    }
}

static void say_signatures(struct walk *w, struct ov_bytes der)
{
    w->waiting[w->waiting_count++] = (struct waiting){ .der = der };
    while (w->waiting_count > 0 && !ov_say_stopped(w->say)) {
        struct ov_signed *s = &w->kept[w->kept_count++];

        ov_signed_read(w->say, w->waiting[--w->waiting_count].der, s);
        push_nested(w, s);
        if (w->fn != NULL) {
            give_chain(w, s);
        } else {
            say_signature(w, s);
        }
        if (w->each != NULL) {
            w->each(w->payload, s);
        }
        ERR_clear_error();
    }
}

/* The bytes of the first entry in the table of certificates. False: there are none. */
static bool find_table(const struct ov_pe_layout *pe, uint64_t *table, uint64_t *len)
{
    uint32_t at, size, entry;

    if (!ov_pe_directory(pe, OV_PE_DIRECTORY_SECURITY, &at, &size) || at == 0 || at > pe->image.size
            || size > pe->image.size || (uint32_t)(at + size) > pe->image.size
            || size < CERTIFICATE_HEADER || !ov_image_has(&pe->image, at, CERTIFICATE_HEADER)) {
        return false;
    }
    entry = ov_image_u32le(&pe->image, at);
    if (entry <= CERTIFICATE_HEADER || !ov_image_has(&pe->image, at, entry)) {
        return false;
    }
    *table = at;
    *len = entry - CERTIFICATE_HEADER;
    return *len <= INT32_MAX;
}

/* What lies behind the signature in its entry is padding, honest or not: it is not read. */
static uint64_t useful_bytes(const struct ov_pe_layout *pe, uint64_t at, uint64_t len)
{
    struct ov_bytes head;
    uint64_t bytes;

    if (!ov_image_lend(&pe->image, at, len < 64 ? len : 64, &head)) {
        return 0;
    }
    bytes = ov_spc_element_bytes(head);
    return bytes < len ? bytes : len;
}

/* What `w` has to do with each signature of the file. */
static void walk_file(struct walk *w, const struct ov_pe_layout *pe)
{
    struct ov_fact_tree *tree = w->say->tree;
    auto_free uint8_t *der = NULL;
    uint64_t table, len;

    if (!find_table(pe, &table, &len)) {
        return;
    }
    len = useful_bytes(pe, table + CERTIFICATE_HEADER, len);
    if (len > OV_SIGNATURE_BYTES_MAX) {
        ov_fact_give_up(tree, OV_REASON_OBJECT_BYTES);
        return;
    }
    /* Nothing of OpenSSL's may look for its configuration: a worker has no files. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
    der = malloc((size_t)len + 1);
    w->kept = calloc(OV_SIGNATURES_MAX, sizeof(*w->kept));
    if (der == NULL || w->kept == NULL) {
        ov_fact_give_up(tree, OV_REASON_MEMORY);
        free(w->kept);
        return;
    }
    if (ov_image_copy(&pe->image, table + CERTIFICATE_HEADER, der, (size_t)len)) {
        w->pe = pe;
        w->table = table;
        say_signatures(w, ov_bytes_of(der, (size_t)len));
    }
    for (unsigned i = 0; i < w->kept_count; i++) {
        ov_signed_done(&w->kept[i]);
    }
    free(w->kept);
}

/* Each signature's to `each` and each signer's to `fn`, where they are wanted; facts, where no signer is. */
static void walk_image(struct ov_fact_tree *tree, struct ov_pages *pages, ov_signature_fn each,
        ov_signer_fn fn, void *payload)
{
    const struct ov_image image = ov_image_on(pages);
    auto_free struct walk *w = NULL;
    struct ov_pe_layout pe;
    struct ov_say say;

    if (!ov_pe_open(&image, &pe)) {
        return;
    }
    w = calloc(1, sizeof(*w));
    if (w == NULL) {
        ov_fact_give_up(tree, OV_REASON_MEMORY);
        return;
    }
    w->say = &say;
    w->each = each;
    w->fn = fn;
    w->payload = payload;
    w->root = ov_say_begin(&say, tree, OV_PE);
    walk_file(w, &pe);
    if (fn == NULL) {
        ov_say_int(&say, w->root, "is_signed", w->is_signed);
        ov_say_int(&say, w->root, "number_of_signatures", w->said);
    }
}

void ov_authenticode_each(
        struct ov_fact_tree *tree, struct ov_pages *pages, ov_signature_fn each, void *payload)
{
    walk_image(tree, pages, each, NULL, payload);
}

void ov_authenticode_facts(struct ov_fact_tree *tree, struct ov_pages *pages)
{
    walk_image(tree, pages, NULL, NULL, NULL);
}

void ov_authenticode_signers(
        struct ov_fact_tree *tree, struct ov_pages *pages, ov_signer_fn fn, void *payload)
{
    walk_image(tree, pages, NULL, fn, payload);
}
