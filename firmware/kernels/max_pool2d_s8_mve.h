#ifndef TINYSSL_MAX_POOL2D_S8_MVE_H
#define TINYSSL_MAX_POOL2D_S8_MVE_H

#include "pool2d.h"

/* As max_pool2d_s8.h. */
void tinyssl_max_pool2d_s8_mve(const int8_t *in, const struct tinyssl_pool2d *p, int8_t *out);

#endif
