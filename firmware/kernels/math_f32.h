/* Functions of the C library. Exact ones give the same bits everywhere; the others those of the
 * target's own library, as TensorFlow Lite Micro does there. */
#ifndef TINYSSL_MATH_F32_H
#define TINYSSL_MATH_F32_H

#include "elements.h"

/* in, out: [size]; they may be the same. Exact: */
void tinyssl_sqrt_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_rsqrt_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_floor_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_ceil_f32(const float *in, const struct tinyssl_elements *p, float *out);
/* Halves to the even neighbour. */
void tinyssl_round_f32(const float *in, const struct tinyssl_elements *p, float *out);

/* Within a few units in the last place: */
void tinyssl_exp_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_log_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_sin_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_cos_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_tanh_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_elu_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_logistic_f32(const float *in, const struct tinyssl_elements *p, float *out);

#endif
