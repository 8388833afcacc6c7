/* SPDX-License-Identifier: Apache-2.0 */
/* certificate.h - what is told of one X.509 certificate. Not for other rooms. */
#ifndef OV_EVIDENCE_CERTIFICATE_H
#define OV_EVIDENCE_CERTIFICATE_H

#include <openssl/x509.h>

#include "evidence/tell.h"

/* Its subject; common name and organisation of subject and issuer. */
void ov_tell_certificate(struct ov_evidence *e, const X509 *certificate, enum ov_trace_kind kind);

#endif
