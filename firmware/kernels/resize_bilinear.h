#ifndef TINYSSL_RESIZE_BILINEAR_H
#define TINYSSL_RESIZE_BILINEAR_H

#include <stdint.h>

/* NHWC tensors; places of the output are those of the input in 1/1024. */
struct tinyssl_resize_bilinear_s8 {
    int32_t batches, in_h, in_w, out_h, out_w, channels;
    int32_t out_pitch;        /* bytes from an output pixel to the next, `channels` or more */
    int32_t scale_h, scale_w; /* 1/1024 of an input from one output to the next */
    int32_t start_h, start_w; /* 1/1024 of the input where the first output lies; may be negative */
};

/* The same with places in float. */
struct tinyssl_resize_bilinear_f32 {
    int32_t batches, in_h, in_w, out_h, out_w, channels;
    float scale_h, scale_w;
    float centre; /* 0.5 where places are centres of pixels, else 0 */
};

/* in: [batches][in_h][in_w][channels]; out: [batches][out_h][out_w][channels]; they must not
 * overlap. */
void tinyssl_resize_bilinear_s8(const int8_t *in, const struct tinyssl_resize_bilinear_s8 *p,
                                int8_t *out);
void tinyssl_resize_bilinear_f32(const float *in, const struct tinyssl_resize_bilinear_f32 *p,
                                 float *out);

#endif
