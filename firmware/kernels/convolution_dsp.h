#ifndef TINYSSL_CONVOLUTION_DSP_H
#define TINYSSL_CONVOLUTION_DSP_H

#include "convolution.h"

/* As convolution_s8 and convolution_s16, of one group. window: [k_h][k_w][in_c] elements, aligned as
 * they are; not used where the input is spread. */
void tinyssl_convolution_s8_dsp(const int8_t *in, const struct tinyssl_convolution *p, int8_t *out,
                                int8_t *window);
void tinyssl_convolution_s16_dsp(const int16_t *in, const struct tinyssl_convolution *p,
                                 int16_t *out, int8_t *window);

#endif
