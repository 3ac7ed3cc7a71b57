/* From a spectrum to logarithms of bands: integers without a quantisation. */
#ifndef TINYSSL_FILTER_BANK_H
#define TINYSSL_FILTER_BANK_H

#include <stdint.h>

struct tinyssl_signal_energy {
    int32_t size;       /* frequencies */
    int32_t start, end; /* those that are computed; others become 0 */
};

struct tinyssl_signal_filter_bank {
    const int16_t *weights;          /* of all bands, one after the other */
    const int16_t *unweights;        /* what of a frequency counts to the next band */
    const int16_t *frequency_starts; /* [bands + 1] first frequency */
    const int16_t *weight_starts;    /* [bands + 1] first weight */
    const int16_t *widths;           /* [bands + 1] frequencies */
    int32_t bands;
};

struct tinyssl_signal_square_root {
    int32_t size; /* elements */
};

/* Fractions have `spectral_subtraction_bits` bits after the point. */
struct tinyssl_signal_subtraction {
    uint32_t smoothing, one_minus_smoothing;
    uint32_t alternate_smoothing, alternate_one_minus_smoothing; /* of odd bands */
    uint32_t min_signal_remaining;
    int32_t smoothing_bits;            /* of the estimate after the point, [0, 31] */
    int32_t spectral_subtraction_bits; /* [0, 31] */
    int32_t clamping;                  /* 1: the estimate never exceeds the band */
    int32_t bands;
};

struct tinyssl_signal_pcan {
    const int16_t *gains; /* [125] gains of 0, 1 and 2, then parabolas between powers of two */
    int32_t size;         /* elements */
    int32_t shift;        /* [0, 63] */
};

struct tinyssl_signal_log {
    const uint16_t *table; /* [129] log2(1 + x) - x, 16 bits after the point */
    int32_t size;          /* elements */
    int32_t correction_bits;
    int32_t scale;
};

/* in: [size] pairs of real and imaginary part; out: [size]. */
void tinyssl_signal_energy(const int16_t *in, const struct tinyssl_signal_energy *p, uint32_t *out);
/* in: [frequencies]; out: [bands]. */
void tinyssl_signal_filter_bank(const uint32_t *in, const struct tinyssl_signal_filter_bank *p,
                                uint64_t *out);
/* bits: one number, [0, 31]. */
void tinyssl_signal_square_root(const uint64_t *in, const int32_t *bits,
                                const struct tinyssl_signal_square_root *p, uint32_t *out);
/* in, state, out, noise: [bands]; state is the estimate of the noise, copied to `noise`. */
void tinyssl_signal_subtraction(const uint32_t *in, uint32_t *state,
                                const struct tinyssl_signal_subtraction *p, uint32_t *out,
                                uint32_t *noise);
void tinyssl_signal_pcan(const uint32_t *in, const uint32_t *noise,
                         const struct tinyssl_signal_pcan *p, uint32_t *out);
void tinyssl_signal_log(const uint32_t *in, const struct tinyssl_signal_log *p, int16_t *out);

#endif
