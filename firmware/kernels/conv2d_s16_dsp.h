#ifndef TINYSSL_CONV2D_S16_DSP_H
#define TINYSSL_CONV2D_S16_DSP_H

#include "conv2d_s16.h"

/* weight: of four inputs of a row number 0, 2, 1, 3; what is left in order.
 * channel: [channels][3]: start, multiplier, right shift.
 * in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c], apart; scratch: two windows of `depth`, aligned
 * to 4 bytes, unused for one tap without padding. */
void tinyssl_conv2d_s16_dsp(const int16_t *in, const struct tinyssl_conv2d_s16 *p, int16_t *out,
                            int8_t *scratch);

#endif
