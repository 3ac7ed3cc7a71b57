#ifndef TINYSSL_SIGNAL_RFFT_H
#define TINYSSL_SIGNAL_RFFT_H

#include <stdint.h>

/* Spectrum of 2 * points real samples, by a transform of as many complex ones as `points`. */
struct tinyssl_signal_rfft {
    const int16_t *turns;      /* [points][2] cosine and sine of -2 pi i / points, Q15 */
    const int16_t *half_turns; /* [points / 2][2] of -pi ((i + 1) / points + 1/2), Q15 */
    int32_t rows, length;      /* frames; samples of each, up to 2 * points, then zeros */
    int32_t points;            /* a power of two, 2 or more */
};

/* in: [rows][length]; out: [rows][points + 1] pairs of real and imaginary part; scratch: [points]
 * such pairs. */
void tinyssl_signal_rfft(const int16_t *in, const struct tinyssl_signal_rfft *p, int16_t *out,
                         int8_t *scratch);

#endif
