/* The error in front of an activation function, from the error behind it and its output y,
 * or its input x. */
#ifndef TINYSSL_ACTIVATION_ERROR_F32_H
#define TINYSSL_ACTIVATION_ERROR_F32_H

#include <stdint.h>

struct tinyssl_activation_error {
    int32_t size;
    float low, high; /* of a clamp: nothing passes where y is at an end */
    float alpha;     /* of LEAKY_RELU */
};

/* error, y, out: [size]; out may be where either of the others is. */
void tinyssl_clamp_error_f32(const float *error, const float *y,
                             const struct tinyssl_activation_error *p, float *out);
void tinyssl_leaky_relu_error_f32(const float *error, const float *x,
                                  const struct tinyssl_activation_error *p, float *out);
void tinyssl_hard_swish_error_f32(const float *error, const float *x,
                                  const struct tinyssl_activation_error *p, float *out);
void tinyssl_tanh_error_f32(const float *error, const float *y,
                            const struct tinyssl_activation_error *p, float *out);
void tinyssl_logistic_error_f32(const float *error, const float *y,
                                const struct tinyssl_activation_error *p, float *out);
void tinyssl_abs_error_f32(const float *error, const float *x,
                           const struct tinyssl_activation_error *p, float *out);
void tinyssl_square_error_f32(const float *error, const float *x,
                              const struct tinyssl_activation_error *p, float *out);
void tinyssl_sqrt_error_f32(const float *error, const float *y,
                            const struct tinyssl_activation_error *p, float *out);
void tinyssl_rsqrt_error_f32(const float *error, const float *y,
                             const struct tinyssl_activation_error *p, float *out);

#endif
