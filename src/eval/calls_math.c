/* SPDX-License-Identifier: Apache-2.0 */
/* calls_math.c - statistics over ranges and texts, as YARA computes them. A byte of a text is
 * signed there (on x86-64) except in entropy; a byte of the object is not. */
#include <math.h>

#include "eval/calls.h"

/* --- by how often each byte value occurs ----------------------------------------------------- */

/* The counts of the range in arguments `first` and the next, or of the whole object if the
 * function takes no range. NULL: undefined. */
static const uint64_t *counts_of(struct ov_call *call, unsigned first, bool has_range)
{
    uint64_t offset = 0, len = call->m->facts->source->size;

    if (has_range ? !ov_call_range(call, first, &offset, &len) : len == 0) {
        return NULL;
    }
    return ov_call_counts(call, offset, len);
}

static uint64_t total_of(const uint64_t *counts)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < 256; i++) {
        total += counts[i];
    }
    return total;
}

static double entropy_of(const uint64_t *counts)
{
    const uint64_t total = total_of(counts);
    double entropy = 0.0;

    for (unsigned i = 0; i < 256; i++) {
        if (counts[i] != 0) {
            const double x = (double)counts[i] / (double)total;

            entropy -= x * log2(x);
        }
    }
    return entropy;
}

struct ov_value ov_call_entropy(struct ov_call *call)
{
    const uint64_t *counts = counts_of(call, 0, true);

    return counts == NULL ? ov_value_undefined() : ov_call_real(entropy_of(counts));
}

struct ov_value ov_call_deviation(struct ov_call *call)
{
    const uint64_t *counts = counts_of(call, 0, true);
    double sum = 0.0;

    if (counts == NULL) {
        return ov_value_undefined();
    }
    for (unsigned i = 0; i < 256; i++) {
        sum += fabs((double)i - ov_call_float(call, 2)) * (double)counts[i];
    }
    return ov_call_real(sum / (double)total_of(counts));
}

struct ov_value ov_call_mean(struct ov_call *call)
{
    const uint64_t *counts = counts_of(call, 0, true);
    double sum = 0.0;

    if (counts == NULL) {
        return ov_value_undefined();
    }
    for (unsigned i = 0; i < 256; i++) {
        sum += (double)i * (double)counts[i];
    }
    return ov_call_real(sum / (double)total_of(counts));
}

static bool is_byte(int64_t v)
{
    return v >= 0 && v <= 255;
}

struct ov_value ov_call_count(struct ov_call *call)
{
    const int64_t byte = ov_call_int(call, 0);
    const uint64_t *counts = counts_of(call, 1, call->field == OV_MATH_COUNT_OF_III);

    if (counts == NULL || !is_byte(byte)) {
        return ov_value_undefined();
    }
    return ov_value_int((int64_t)counts[byte]);
}

struct ov_value ov_call_percentage(struct ov_call *call)
{
    const int64_t byte = ov_call_int(call, 0);
    const uint64_t *counts = counts_of(call, 1, call->field == OV_MATH_PERCENTAGE_OF_III);

    if (counts == NULL || !is_byte(byte)) {
        return ov_value_undefined();
    }
    return ov_call_real((double)((float)counts[byte] / (float)total_of(counts)));
}

struct ov_value ov_call_mode(struct ov_call *call)
{
    const uint64_t *counts = counts_of(call, 0, call->field == OV_MATH_MODE_OF_II);
    unsigned most = 0;

    if (counts == NULL) {
        return ov_value_undefined();
    }
    for (unsigned i = 1; i < 256; i++) {
        if (counts[i] > counts[most]) {
            most = i;
        }
    }
    return ov_value_int(most);
}

/* --- by their order -------------------------------------------------------------------------- */

struct correlation {
    double first, last, products, sum, squares;
    uint64_t count;
};

static void correlate(struct correlation *c, double byte)
{
    c->first = c->count == 0 ? byte : c->first;
    c->products += c->last * byte; /* the first has none before it yet: 0 */
    c->sum += byte;
    c->squares += byte * byte;
    c->last = byte;
    c->count++;
}

/* Of each byte with the next, and of the last with the first (YARA up to 4.4: with itself). */
static double correlated(const struct correlation *c)
{
    const double products = c->products + c->last * c->first, square = c->sum * c->sum;
    const double below = (double)c->count * c->squares - square;

    return below == 0 ? -100000 : ((double)c->count * products - square) / below;
}

static void feed_correlation(void *payload, struct ov_bytes piece)
{
    const uint8_t *raw = ov_bytes_raw(piece);

    for (size_t i = 0; i < ov_bytes_len(piece); i++) {
        correlate(payload, raw[i]);
    }
}

/* Points (x, y) of three bytes each: how many lie inside a quarter of a circle. */
struct monte_carlo {
    double at[6];
    unsigned have;
    uint64_t points, inside;
};

static void throw_byte(struct monte_carlo *mc, double byte)
{
    const double radius = 256.0 * 256.0 * 256.0 - 1;
    double x = 0, y = 0;

    mc->at[mc->have++] = byte;
    if (mc->have < 6) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        x = x * 256.0 + mc->at[i];
        y = y * 256.0 + mc->at[i + 3];
    }
    mc->have = 0;
    mc->points++;
    mc->inside += x * x + y * y <= radius * radius;
}

static struct ov_value off_from_pi(const struct monte_carlo *mc)
{
    static const double pi = 3.141592653589793;

    if (mc->points == 0) {
        return ov_value_undefined();
    }
    return ov_call_real(fabs((4.0 * ((double)mc->inside / (double)mc->points) - pi) / pi));
}

static void feed_monte_carlo(void *payload, struct ov_bytes piece)
{
    const uint8_t *raw = ov_bytes_raw(piece);

    for (size_t i = 0; i < ov_bytes_len(piece); i++) {
        throw_byte(payload, raw[i]);
    }
}

struct ov_value ov_call_serial_correlation(struct ov_call *call)
{
    struct correlation c = { 0 };
    struct ov_value value;
    uint64_t offset, len;

    if (!ov_call_range(call, 0, &offset, &len)) {
        return ov_value_undefined();
    }
    if (ov_call_remembered(call, &value)) {
        return value;
    }
    if (!ov_call_read(call, offset, len, feed_correlation, &c)) {
        return ov_value_undefined();
    }
    return ov_call_remember(call, ov_call_real(correlated(&c)));
}

struct ov_value ov_call_monte_carlo_pi(struct ov_call *call)
{
    struct monte_carlo mc = { .have = 0 };
    struct ov_value value;
    uint64_t offset, len;

    if (!ov_call_range(call, 0, &offset, &len)) {
        return ov_value_undefined();
    }
    if (ov_call_remembered(call, &value)) {
        return value;
    }
    if (!ov_call_read(call, offset, len, feed_monte_carlo, &mc)) {
        return ov_value_undefined();
    }
    return ov_call_remember(call, off_from_pi(&mc));
}

/* --- texts ----------------------------------------------------------------------------------- */

static bool charge_text(struct ov_call *call, struct ov_bytes *out)
{
    *out = ov_call_text(call, 0);
    return ov_machine_charge(call->m, 16 + ov_bytes_len(*out) / 16);
}

static double signed_at(struct ov_bytes text, size_t i)
{
    return (double)(int8_t)ov_bytes_raw(text)[i];
}

struct ov_value ov_call_text_entropy(struct ov_call *call)
{
    uint64_t counts[256] = { 0 };
    struct ov_bytes text;

    if (!charge_text(call, &text)) {
        return ov_value_undefined();
    }
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        counts[ov_bytes_raw(text)[i]]++;
    }
    return ov_call_real(entropy_of(counts));
}

struct ov_value ov_call_text_deviation(struct ov_call *call)
{
    struct ov_bytes text;
    double sum = 0.0;

    if (!charge_text(call, &text)) {
        return ov_value_undefined();
    }
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        sum += fabs(signed_at(text, i) - ov_call_float(call, 1));
    }
    return ov_call_real(sum / (double)ov_bytes_len(text));
}

struct ov_value ov_call_text_mean(struct ov_call *call)
{
    struct ov_bytes text;
    double sum = 0.0;

    if (!charge_text(call, &text)) {
        return ov_value_undefined();
    }
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        sum += signed_at(text, i);
    }
    return ov_call_real(sum / (double)ov_bytes_len(text));
}

struct ov_value ov_call_text_serial_correlation(struct ov_call *call)
{
    struct correlation c = { 0 };
    struct ov_bytes text;

    if (!charge_text(call, &text)) {
        return ov_value_undefined();
    }
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        correlate(&c, signed_at(text, i));
    }
    return ov_call_real(correlated(&c));
}

struct ov_value ov_call_text_monte_carlo_pi(struct ov_call *call)
{
    struct monte_carlo mc = { .have = 0 };
    struct ov_bytes text;

    if (!charge_text(call, &text)) {
        return ov_value_undefined();
    }
    for (size_t i = 0; i < ov_bytes_len(text); i++) {
        /* a negative char became a large unsigned int there */
        throw_byte(&mc, (double)(unsigned)(int8_t)ov_bytes_raw(text)[i]);
    }
    return off_from_pi(&mc);
}
