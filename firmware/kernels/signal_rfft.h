#ifndef TINYSSL_SIGNAL_RFFT_H
#define TINYSSL_SIGNAL_RFFT_H

#include <stdint.h>

/* Between 2 * points real samples and their spectrum, by a transform of `points` complex ones. */
struct tinyssl_signal_rfft {
    const int16_t *turns;      /* [points][2] cosine and sine of sign * 2 pi i / points, Q15 */
    const int16_t *half_turns; /* [points / 2][2] of sign * pi ((i + 1) / points + 1/2) */
    int32_t rows, length;      /* frames; samples of each, up to 2 * points, then zeros */
    int32_t points;            /* a power of two, 2 or more */
    int32_t sign;              /* -1 to the spectrum, 1 from it */
};

/* in: [rows][length]; out: [rows][points + 1] pairs of real and imaginary part; scratch: [points]
 * such pairs. */
void tinyssl_signal_rfft(const int16_t *in, const struct tinyssl_signal_rfft *p, int16_t *out,
                         int8_t *scratch);
/* in: [rows][points + 1] pairs; out: [rows][2 * points]; scratch: [points] pairs. */
void tinyssl_signal_irfft(const int16_t *in, const struct tinyssl_signal_rfft *p, int16_t *out,
                          int8_t *scratch);

#endif
