/* Functions of one float32 that need no library. */
#ifndef TINYSSL_EXACT_F32_H
#define TINYSSL_EXACT_F32_H

#include "elements.h"

/* in, out: [size]; they may be the same. */
void tinyssl_abs_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_neg_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_square_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_relu_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_relu6_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_hard_swish_f32(const float *in, const struct tinyssl_elements *p, float *out);

struct tinyssl_leaky_relu {
    int32_t size; /* elements */
    float alpha;  /* factor of negative inputs */
};

void tinyssl_leaky_relu_f32(const float *in, const struct tinyssl_leaky_relu *p, float *out);

#endif
