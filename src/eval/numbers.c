/* SPDX-License-Identifier: Apache-2.0 */
#include "eval/numbers.h"

#define CARD_DIGITS_MIN 13u
#define CARD_DIGITS_MAX 16u

static bool is_digit(struct ov_bytes text, uint64_t at)
{
    return at < ov_bytes_len(text) && ov_bytes_raw(text)[at] >= '0'
           && ov_bytes_raw(text)[at] <= '9';
}

/* Every second digit from the right counts double (ISO/IEC 7812-1, annex B). */
static bool has_check_digit(const uint8_t *digits, size_t count)
{
    unsigned sum = 0;

    for (size_t i = 0; i < count; i++) {
        unsigned d = digits[count - 1 - i];

        if (i % 2 == 1) {
            d = 2 * d > 9 ? 2 * d - 9 : 2 * d;
        }
        sum += d;
    }
    return sum % 10 == 0;
}

enum issued {
    ISSUED_BY_NOBODY = 0,
    ISSUED_OTHERWISE, /* debit, or for one use */
    ISSUED_AS_CREDIT
};

/* Which networks number their cards so: by the first six digits and the length (ISO/IEC 7812 as
 * ClamAV 1.4 reads it; observed). */
static enum issued issued_as(const uint8_t *d, size_t count)
{
    static const struct {
        uint32_t from, to;
        uint8_t count_min, count_max;
        enum issued as;
    } networks[] = {
        { 100000, 199999, 13, 15, ISSUED_OTHERWISE }, /* UATP */
        { 222100, 272099, 16, 16, ISSUED_AS_CREDIT }, /* Mastercard */
        { 300000, 305999, 14, 16, ISSUED_AS_CREDIT }, /* Diners Club */
        { 309500, 309599, 14, 16, ISSUED_AS_CREDIT }, /* Diners Club */
        { 340000, 349999, 15, 15, ISSUED_AS_CREDIT }, /* American Express */
        { 352800, 358999, 16, 16, ISSUED_AS_CREDIT }, /* JCB */
        { 360000, 369999, 14, 16, ISSUED_AS_CREDIT }, /* Diners Club */
        { 370000, 379999, 15, 15, ISSUED_AS_CREDIT }, /* American Express */
        { 380000, 399999, 16, 16, ISSUED_AS_CREDIT }, /* Diners Club */
        { 400000, 499999, 16, 16, ISSUED_AS_CREDIT }, /* Visa */
        { 500000, 509999, 16, 16, ISSUED_OTHERWISE }, /* cards of shops, debit cards */
        { 510000, 559999, 16, 16, ISSUED_AS_CREDIT }, /* Mastercard */
        { 601100, 601199, 16, 16, ISSUED_AS_CREDIT }, /* Discover */
        { 622126, 622926, 16, 16, ISSUED_AS_CREDIT }, /* UnionPay */
        { 624000, 626999, 16, 16, ISSUED_AS_CREDIT }, /* UnionPay */
        { 628200, 628899, 16, 16, ISSUED_AS_CREDIT }, /* UnionPay */
        { 644000, 659999, 16, 16, ISSUED_AS_CREDIT }, /* Discover */
    };
    uint32_t first = 0;

    for (size_t i = 0; i < 6; i++) {
        first = first * 10 + d[i];
    }
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (first >= networks[i].from && first <= networks[i].to && count >= networks[i].count_min
                && count <= networks[i].count_max) {
            return networks[i].as;
        }
    }
    return ISSUED_BY_NOBODY;
}

/* Digits from `at` on, a blank or a hyphen between them allowed. Returns how many bytes they took. */
static uint64_t take_digits(struct ov_bytes text, uint64_t at, uint8_t digits[], size_t *count)
{
    const uint64_t from = at;

    *count = 0;
    while (*count < CARD_DIGITS_MAX) {
        if (is_digit(text, at)) {
            digits[(*count)++] = (uint8_t)(ov_bytes_raw(text)[at++] - '0');
        } else if (*count != 0 && is_digit(text, at + 1)
                   && (ov_bytes_raw(text)[at] == ' ' || ov_bytes_raw(text)[at] == '-')) {
            at++;
        } else {
            break;
        }
    }
    return at - from;
}

static enum issued card_at(struct ov_bytes text, uint64_t at)
{
    uint8_t digits[CARD_DIGITS_MAX];
    size_t count;
    const uint64_t took = take_digits(text, at, digits, &count);

    return count >= CARD_DIGITS_MIN && !is_digit(text, at + took) && has_check_digit(digits, count)
                   ? issued_as(digits, count)
                   : ISSUED_BY_NOBODY;
}

static unsigned number_at(struct ov_bytes text, uint64_t at, unsigned digits)
{
    unsigned n = 0;

    for (unsigned i = 0; i < digits; i++) {
        n = n * 10 + (unsigned)(ov_bytes_raw(text)[at + i] - '0');
    }
    return n;
}

static bool are_digits(struct ov_bytes text, uint64_t at, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (!is_digit(text, at + i)) {
            return false;
        }
    }
    return true;
}

/* Areas were given out up to 772; 666 and zeros never. */
static bool is_person(unsigned area, unsigned group, unsigned serial)
{
    return area != 0 && area != 666 && area <= 772 && group != 0 && serial != 0;
}

static bool is_person_with_hyphens(struct ov_bytes text, uint64_t at)
{
    const uint8_t *raw = ov_bytes_raw(text);

    return at + 11 <= ov_bytes_len(text) && are_digits(text, at, 3) && raw[at + 3] == '-'
           && are_digits(text, at + 4, 2) && raw[at + 6] == '-' && are_digits(text, at + 7, 4)
           && !is_digit(text, at + 11)
           && is_person(
                   number_at(text, at, 3), number_at(text, at + 4, 2), number_at(text, at + 7, 4));
}

static bool is_person_plain(struct ov_bytes text, uint64_t at)
{
    return at + 9 <= ov_bytes_len(text) && are_digits(text, at, 9) && !is_digit(text, at + 9)
           && is_person(
                   number_at(text, at, 3), number_at(text, at + 3, 2), number_at(text, at + 5, 4));
}

void ov_numbers_count(struct ov_bytes text, struct ov_numbers *out)
{
    for (uint64_t at = 0; at < ov_bytes_len(text); at++) {
        enum issued card;

        if (!is_digit(text, at) || (at > 0 && is_digit(text, at - 1))) {
            continue;
        }
        card = card_at(text, at);
        out->cards += card != ISSUED_BY_NOBODY;
        out->credit += card == ISSUED_AS_CREDIT;
        out->people += is_person_with_hyphens(text, at);
        out->people_plain += is_person_plain(text, at);
    }
}
