/* The error in front of a pooling. */
#ifndef TINYSSL_POOL_ERROR_F32_H
#define TINYSSL_POOL_ERROR_F32_H

#include <stdint.h>

struct tinyssl_pool_error {
    int32_t batch, channels;
    int32_t in_h, in_w, out_h, out_w; /* elements */
    int32_t k_h, k_w;                 /* taps */
    int32_t stride_h, stride_w;       /* input elements a step */
    int32_t pad_top, pad_left;        /* elements */
};

/* error: [batch][out_h][out_w][channels]; in, out: [batch][in_h][in_w][channels]. out must not
 * overlap. Sums are in the order of windows. */
void tinyssl_average_pool_error_f32(const float *error, const struct tinyssl_pool_error *p,
                                    float *out);
void tinyssl_max_pool_error_f32(const float *error, const float *in,
                                const struct tinyssl_pool_error *p, float *out);

#endif
