#ifndef TINYSSL_AVERAGE_POOL2D_S8_DSP_H
#define TINYSSL_AVERAGE_POOL2D_S8_DSP_H

#include "pool2d.h"

/* Mean of each window, halves away from zero; at least 4 channels, windows of at most 256 places.
 * in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_average_pool2d_s8_dsp(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out);

#endif
