#ifndef TINYSSL_AVERAGE_POOL2D_S8_H
#define TINYSSL_AVERAGE_POOL2D_S8_H

#include "pool2d.h"

/* Mean of each window, halves away from zero.
 * in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_average_pool2d_s8(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out);

#endif
