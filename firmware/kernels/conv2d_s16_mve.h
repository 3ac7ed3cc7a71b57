#ifndef TINYSSL_CONV2D_S16_MVE_H
#define TINYSSL_CONV2D_S16_MVE_H

#include "conv2d_s16.h"

/* channel: [channels / 4][3][4], padded: starts, multipliers, left shifts (below 0).
 * in: [in_h][in_w][in_c]; out: [out_h][out_w][out_c], apart; scratch: two windows of `depth`, aligned
 * to 4 bytes, unused for one tap without padding. */
void tinyssl_conv2d_s16_mve(const int16_t *in, const struct tinyssl_conv2d_s16 *p, int16_t *out,
                            int8_t *scratch);

#endif
