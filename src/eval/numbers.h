/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.h - numbers of cards and of people in text, which ClamAV's --detect-structured counts. */
#ifndef OV_EVAL_NUMBERS_H
#define OV_EVAL_NUMBERS_H

#include "base/bytes.h"

struct ov_numbers {
    uint32_t cards;        /* of payment cards, their check digit right */
    uint32_t credit;       /* those of them that are of credit, not of debit or of one shop */
    uint32_t people;       /* US social security numbers, with hyphens */
    uint32_t people_plain; /* the same as nine digits */
};

/* Adds what is in `text`; numbers that go on behind its end are not seen. */
void ov_numbers_count(struct ov_bytes text, struct ov_numbers *out);

#endif
