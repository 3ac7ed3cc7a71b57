#include "filter_bank.h"

#include "bits.h"

void tinyssl_signal_energy(const int16_t *in, const struct tinyssl_signal_energy *p, uint32_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const int32_t real = in[2 * i];
        const int32_t imaginary = in[2 * i + 1];
        const uint32_t energy = (uint32_t)(real * real) + (uint32_t)(imaginary * imaginary);
        out[i] = i < p->start || i >= p->end ? 0 : energy;
    }
}

/* Weights are signed; sums are taken modulo 2^64. */
void tinyssl_signal_filter_bank(const uint32_t *in, const struct tinyssl_signal_filter_bank *p,
                                uint64_t *out)
{
    uint64_t sum = 0;
    for (int32_t band = 0; band <= p->bands; band++) {
        const uint32_t *x = in + p->frequency_starts[band];
        const int16_t *weight = p->weights + p->weight_starts[band];
        const int16_t *unweight = p->unweights + p->weight_starts[band];
        uint64_t next = 0;
        for (int32_t i = 0; i < p->widths[band]; i++) {
            sum += (uint64_t)(int64_t)weight[i] * x[i];
            next += (uint64_t)(int64_t)unweight[i] * x[i];
        }
        if (band > 0) {
            out[band - 1] = sum;
        }
        sum = next;
    }
}

/* To the nearest; the largest root of a type stays. */
static uint32_t square_root(uint64_t x)
{
    const uint64_t most = x >> 32 ? UINT32_MAX : UINT16_MAX;
    uint64_t bit = UINT64_C(1) << 62;
    uint64_t root = 0;
    while (bit > x) {
        bit >>= 2;
    }
    while (bit != 0) {
        if (x >= root + bit) {
            x -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
        bit >>= 2;
    }
    return (uint32_t)(x > root && root != most ? root + 1 : root);
}

void tinyssl_signal_square_root(const uint64_t *in, const int32_t *bits,
                                const struct tinyssl_signal_square_root *p, uint32_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        out[i] = square_root(in[i]) >> (*bits & 31);
    }
}

void tinyssl_signal_subtraction(const uint32_t *in, uint32_t *state,
                                const struct tinyssl_signal_subtraction *p, uint32_t *out,
                                uint32_t *noise)
{
    const int32_t fraction = p->spectral_subtraction_bits;
    for (int32_t i = 0; i < p->bands; i++) {
        const uint64_t now = i % 2 ? p->alternate_smoothing : p->smoothing;
        const uint64_t before = i % 2 ? p->alternate_one_minus_smoothing : p->one_minus_smoothing;
        const uint32_t band = in[i] << p->smoothing_bits;
        uint32_t estimate = (uint32_t)((band * now + state[i] * before) >> fraction);
        state[i] = estimate;
        if (estimate > band) {
            estimate = band;
            state[i] = p->clamping ? band : state[i];
        }
        const uint32_t least = (uint32_t)(((uint64_t)in[i] * p->min_signal_remaining) >> fraction);
        const uint32_t left = (band - estimate) >> p->smoothing_bits;
        noise[i] = state[i];
        out[i] = left > least ? left : least;
    }
}

/* A parabola between two powers of two of the noise, by ten bits below the highest one. */
static int16_t gain_of(uint32_t noise, const int16_t *gains)
{
    if (noise <= 2) {
        return gains[noise];
    }
    const int32_t length = tinyssl_bit_length(noise);
    const int16_t *const terms = gains + 4 * length - 6;
    const uint32_t place = (length < 11 ? noise << (11 - length) : noise >> (length - 11)) & 0x3FF;
    const int32_t slope = ((terms[2] * (int32_t)place) >> 5) + terms[1] * 32;
    const int32_t rise = (int32_t)((uint32_t)slope * place + (UINT32_C(1) << 14)) >> 15;
    return (int16_t)(rise + terms[0]);
}

/* x^2 / 4 below 2, x - 1 from there: 12 bits after the point in, 6 out. */
static uint32_t shrink(uint32_t x)
{
    return x < UINT32_C(2) << 12 ? (x * x) >> 20 : (x >> 6) - (UINT32_C(1) << 6);
}

void tinyssl_signal_pcan(const uint32_t *in, const uint32_t *noise,
                         const struct tinyssl_signal_pcan *p, uint32_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const uint32_t gain = (uint32_t)(int32_t)gain_of(noise[i], p->gains);
        out[i] = shrink((uint32_t)(((uint64_t)in[i] * gain) >> p->shift));
    }
}

/* ln(x) with 16 bits after the point, x of 2 or more: log2 by the table, times ln(2). */
static uint32_t logarithm(uint32_t x, const uint16_t *table)
{
    const int32_t whole = tinyssl_bit_length(x) - 1;
    const uint32_t rest = x - (UINT32_C(1) << whole);
    const int32_t part = (int32_t)(whole < 16 ? rest << (16 - whole) : rest >> (whole - 16));
    const int32_t segment = part >> 9;
    const int32_t step = table[segment + 1] - table[segment];
    const int32_t bend = table[segment] + ((step * (part - segment * 512)) >> 16);
    const uint32_t log2 = (uint32_t)(whole * 65536 + part + bend);
    return (uint32_t)((UINT64_C(45426) * log2 + 32768) >> 16);
}

void tinyssl_signal_log(const uint32_t *in, const struct tinyssl_signal_log *p, int16_t *out)
{
    for (int32_t i = 0; i < p->size; i++) {
        const uint32_t x = in[i] << p->correction_bits;
        uint32_t y = 0;
        if (x > 1) {
            y = ((uint32_t)p->scale * logarithm(x, p->table) + 32768) >> 16;
        }
        out[i] = (int16_t)(y > INT16_MAX ? INT16_MAX : y);
    }
}
