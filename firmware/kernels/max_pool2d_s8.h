#ifndef TINYSSL_MAX_POOL2D_S8_H
#define TINYSSL_MAX_POOL2D_S8_H

#include "pool2d.h"

/* Largest element of each window.
 * in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_max_pool2d_s8(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out);

#endif
