/* SPDX-License-Identifier: Apache-2.0 */
/* authenticode.h - who signed a PE file, as YARA's pe.signatures tells it.
 *
 * "Verified" means that the signature agrees with itself and with the file: which certificates are
 * to be trusted, and whether they are still valid, is nothing a worker can know. It has no clock,
 * no files and no chance to ask. */
#ifndef OV_FORMATS_AUTHENTICODE_H
#define OV_FORMATS_AUTHENTICODE_H

#include <openssl/x509.h>

#include "facts/tree.h"

/* Says signatures, number_of_signatures and is_signed in the module pe; of what is no PE file
 * nothing. */
void ov_authenticode_facts(struct ov_fact_tree *tree, struct ov_pages *pages);

/* The same, showing each signature on the way; it is gone when `each` returns. */
struct ov_signed;
typedef void (*ov_signature_fn)(void *payload, const struct ov_signed *s);
void ov_authenticode_each(
        struct ov_fact_tree *tree, struct ov_pages *pages, ov_signature_fn each, void *payload);

/* Calls `fn` with each certificate of the signers' chains, nested signatures included; a signer comes
 * before those above it. What was charged and what stopped it, the tree knows; nothing is said in
 * it. */
typedef void (*ov_signer_fn)(void *payload, X509 *certificate);
void ov_authenticode_signers(
        struct ov_fact_tree *tree, struct ov_pages *pages, ov_signer_fn fn, void *payload);

#endif
