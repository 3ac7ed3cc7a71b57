#ifndef TINYSSL_L2_POOL2D_F32_H
#define TINYSSL_L2_POOL2D_F32_H

#include "pool2d.h"

/* As `tinyssl_pool2d`, of float32: the root of the mean of the squares. */
struct tinyssl_l2_pool2d {
    int16_t in_h, in_w, channels; /* elements */
    int16_t out_h, out_w;         /* elements */
    int16_t k_h, k_w;             /* taps */
    int16_t stride_h, stride_w;   /* input elements a step */
    int16_t pad_top, pad_left;    /* elements; bottom and right follow from the sizes */
    float out_min, out_max;       /* fused activation */
};

/* in: [in_h][in_w][channels]; out: [out_h][out_w][channels]; they must not overlap. */
void tinyssl_l2_pool2d_f32(const float *in, const struct tinyssl_l2_pool2d *p, float *out);

#endif
