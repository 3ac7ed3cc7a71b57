#ifndef TINYSSL_POOL2D_ANY_H
#define TINYSSL_POOL2D_ANY_H

#include <stdint.h>

#include "pool2d.h"

/* Poolings of several images, and of int16 and float: plain C for what the int8 kernels of one image
 * do not take. */
struct tinyssl_pool2d_any {
    struct tinyssl_pool2d window; /* its out_min and out_max are those of integers */
    int32_t batch;                /* images */
    float real_min, real_max;     /* fused activation of floats */
};

/* in: [batch][in_h][in_w][channels]; out: [batch][out_h][out_w][channels]; they must not overlap. */
void tinyssl_average_pool2d_any_s8(const int8_t *in, const struct tinyssl_pool2d_any *p,
                                   int8_t *out);
void tinyssl_average_pool2d_any_s16(const int16_t *in, const struct tinyssl_pool2d_any *p,
                                    int16_t *out);
void tinyssl_average_pool2d_any_f32(const float *in, const struct tinyssl_pool2d_any *p,
                                    float *out);
void tinyssl_max_pool2d_any_s8(const int8_t *in, const struct tinyssl_pool2d_any *p, int8_t *out);
void tinyssl_max_pool2d_any_s16(const int16_t *in, const struct tinyssl_pool2d_any *p,
                                int16_t *out);
void tinyssl_max_pool2d_any_f32(const float *in, const struct tinyssl_pool2d_any *p, float *out);

#endif
