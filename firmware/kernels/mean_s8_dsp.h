#ifndef TINYSSL_MEAN_S8_DSP_H
#define TINYSSL_MEAN_S8_DSP_H

#include <stdint.h>

/* Mean over height and width of an int8 NHWC tensor, batch 1, of at least 4 channels. */
struct tinyssl_mean_dsp {
    int32_t places;     /* height * width */
    int32_t channels;   /* elements */
    int32_t word;       /* as in struct tinyssl_channel: start, zero point of the input folded in */
    int32_t multiplier; /* [0, 2^31): sum to output, the division included, Q31 */
    int16_t out_zero;   /* zero point, [-128, 127] */
};

/* in: [places][channels]; out: [channels]; they must not overlap. */
void tinyssl_mean_s8_dsp(const int8_t *in, const struct tinyssl_mean_dsp *p, int8_t *out);

#endif
