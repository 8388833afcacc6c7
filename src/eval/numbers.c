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

/* Which networks number their cards so: by the first four digits and the length (ISO/IEC 7812 as
 * ClamAV 1.4 reads it; observed). */
static bool is_issued(const uint8_t *d, size_t count)
{
    static const struct {
        uint16_t from, to;
        uint8_t count_min, count_max;
    } networks[] = {
        { 1000, 1999, 13, 15 }, /* UATP */
        { 2221, 2720, 16, 16 }, /* Mastercard */
        { 3000, 3059, 14, 16 }, /* Diners Club */
        { 3400, 3499, 15, 15 }, /* American Express */
        { 3528, 3589, 16, 16 }, /* JCB */
        { 3600, 3699, 14, 16 }, /* Diners Club */
        { 3700, 3799, 15, 15 }, /* American Express */
        { 3800, 3999, 16, 16 }, /* Diners Club */
        { 4000, 4999, 16, 16 }, /* Visa */
        { 5000, 5599, 16, 16 }, /* Mastercard */
        { 6011, 6011, 16, 16 }, /* Discover */
        { 6440, 6599, 16, 16 }, /* Discover */
    };
    const unsigned first = d[0] * 1000u + d[1] * 100u + d[2] * 10u + d[3];

    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
        if (first >= networks[i].from && first <= networks[i].to && count >= networks[i].count_min
                && count <= networks[i].count_max) {
            return true;
        }
    }
    return false;
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

static bool is_card(struct ov_bytes text, uint64_t at)
{
    uint8_t digits[CARD_DIGITS_MAX];
    size_t count;
    const uint64_t took = take_digits(text, at, digits, &count);

    return count >= CARD_DIGITS_MIN && !is_digit(text, at + took) && is_issued(digits, count)
           && has_check_digit(digits, count);
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
        if (!is_digit(text, at) || (at > 0 && is_digit(text, at - 1))) {
            continue;
        }
        out->cards += is_card(text, at);
        out->people += is_person_with_hyphens(text, at);
        out->people_plain += is_person_plain(text, at);
    }
}
