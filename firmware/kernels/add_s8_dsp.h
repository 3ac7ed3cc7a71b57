#ifndef TINYSSL_ADD_S8_DSP_H
#define TINYSSL_ADD_S8_DSP_H

#include <stdint.h>

/* Elementwise sum of two int8 tensors of one shape as one affine function: the output is
 * (start + left * left_factor / 2^8 + right * right_factor / 2^8) / 2^shift, each quotient rounded
 * downwards. The generator finds the factors and the start for which all 65,536 pairs of inputs give
 * what the three rescalings of add_s8.h give. */
struct tinyssl_add_dsp {
    int32_t size;                      /* elements */
    int32_t left_factor, right_factor; /* [0, 2^31) */
    int32_t start;                     /* zero points and the half of the rounding */
    uint8_t shift;                     /* [0, 20]; 20 is fastest */
    int8_t out_min, out_max;           /* fused activation */
};

/* left, right, out: [size]; out may be one of the inputs. */
void tinyssl_add_s8_dsp(const int8_t *left, const int8_t *right, const struct tinyssl_add_dsp *p,
                        int8_t *out);

#endif
