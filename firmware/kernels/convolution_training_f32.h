/* Layers of `convolution.h` in float32 whose weights, or biases alone, lie in the arena: the forward
 * pass, the error of their inputs, and their update. */
#ifndef TINYSSL_CONVOLUTION_TRAINING_F32_H
#define TINYSSL_CONVOLUTION_TRAINING_F32_H

#include "convolution.h"
#include "sgd_f32.h"

struct tinyssl_convolution_update {
    struct tinyssl_convolution layer; /* weight, bias, clamp: not read */
    struct tinyssl_sgd sgd;
};

/* The forward pass. What is an argument is not read from *p. */
void tinyssl_convolution_weight_f32(const float *in, const float *weight, const float *bias,
                                    const struct tinyssl_convolution *p, float *out);
void tinyssl_convolution_bias_f32(const float *in, const float *bias,
                                  const struct tinyssl_convolution *p, float *out);

/* error [batch][out_h][out_w][out_c] of the outputs, before the clamp -> in_error
 * [batch][in_h][in_w][in_c] of the inputs; they must not overlap. */
void tinyssl_convolution_error_f32(const float *error, const struct tinyssl_convolution *p,
                                   float *in_error);
void tinyssl_convolution_weight_error_f32(const float *error, const float *weight,
                                          const struct tinyssl_convolution *p, float *in_error);

/* The gradient of each parameter is summed over images, rows and columns in their order, and taken
 * before the next one's. rate: [1], the learning rate. */
void tinyssl_convolution_update_f32(const float *in, const float *error, const float *rate,
                                    const struct tinyssl_convolution_update *p, float *weight,
                                    float *bias);
void tinyssl_convolution_momentum_f32(const float *in, const float *error, const float *rate,
                                      const struct tinyssl_convolution_update *p, float *weight,
                                      float *bias, float *weight_velocity, float *bias_velocity);
void tinyssl_convolution_bias_update_f32(const float *error, const float *rate,
                                         const struct tinyssl_convolution_update *p, float *bias);
void tinyssl_convolution_bias_momentum_f32(const float *error, const float *rate,
                                           const struct tinyssl_convolution_update *p, float *bias,
                                           float *bias_velocity);

#endif
