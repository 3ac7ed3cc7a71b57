#ifndef TINYSSL_CONVOLUTION_H
#define TINYSSL_CONVOLUTION_H

#include <stdint.h>

/* Any layer whose outputs are sums of weights times inputs: convolutions in groups (a depthwise one
 * has as many as input channels), transposed convolutions (the input is spread by `up`, zeros
 * between), fully connected layers (rows side by side, one tap). Plain C for what no other kernel
 * takes: several images, 16-bit and float activations, sums that may pass 32 bits. */
struct tinyssl_convolution {
    const void *weight;          /* [out_c][k_h][k_w][group_in], zero point 0: int8 or float */
    const void *bias;            /* [out_c], int32, int64 or float; NULL: none */
    const int32_t *multiplier;   /* [out_c], 0 or [2^30, 2^31): sum to output, Q31; NULL: float */
    const int8_t *shift;         /* [out_c], [-31, 30], positive shifts left; NULL: float */
    int32_t batch;               /* images */
    int32_t in_h, in_w, in_c;    /* elements */
    int32_t out_h, out_w, out_c; /* elements */
    int32_t out_pitch;           /* elements from an output pixel to the next, out_c or more */
    int32_t group_in, group_out; /* channels of a group */
    int32_t k_h, k_w;            /* taps */
    int32_t stride_h, stride_w;  /* elements of the spread input a step */
    int32_t dilation_h, dilation_w; /* elements of the spread input between taps */
    int32_t up_h, up_w;             /* elements of the spread input for one of the input */
    int32_t pad_top, pad_left;      /* elements of the spread input */
    int32_t in_zero, out_zero;      /* zero points; 0 for int16 and float */
    int32_t out_min, out_max;       /* fused activation of integers */
    float real_min, real_max;       /* fused activation of floats */
};

/* in: [batch][in_h][in_w][in_c]; out: [batch][out_h][out_w][out_c]; they must not overlap.
 * Integer sums are modulo 2^32, in convolution_s16 64 bits wide; floats are added in the order of
 * taps and channels, the bias last. */
void tinyssl_convolution_s8(const int8_t *in, const struct tinyssl_convolution *p, int8_t *out);
void tinyssl_convolution_s16(const int16_t *in, const struct tinyssl_convolution *p, int16_t *out);
/* 16-bit activations with a bias of 32 bits, and so sums of 32 bits. */
void tinyssl_convolution_s16_s32(const int16_t *in, const struct tinyssl_convolution *p,
                                 int16_t *out);
void tinyssl_convolution_f32(const float *in, const struct tinyssl_convolution *p, float *out);

#endif
