#ifndef TINYSSL_MAX_POOL2D_S8_DSP_H
#define TINYSSL_MAX_POOL2D_S8_DSP_H

#include "pool2d.h"

/* As max_pool2d_s8.h, of at least 4 channels. */
void tinyssl_max_pool2d_s8_dsp(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out);

#endif
