/* Where an activation function passes errors, a bit each, and errors that pass there. */
#ifndef TINYSSL_CLAMP_MASK_F32_H
#define TINYSSL_CLAMP_MASK_F32_H

#include <stdint.h>

struct tinyssl_clamp_mask {
    int32_t size;    /* of values and errors; the mask has one word for 32 of them */
    float low, high; /* of the clamp: nothing passes where y is at an end */
};

/* y: [size]; mask: bit i % 32 of word i / 32 is 1 where low < y[i] < high. */
void tinyssl_clamp_mask_f32(const float *y, const struct tinyssl_clamp_mask *p, int32_t *mask);

/* error, out: [size]; out may be where error is. */
void tinyssl_mask_error_f32(const float *error, const int32_t *mask,
                            const struct tinyssl_clamp_mask *p, float *out);

#endif
