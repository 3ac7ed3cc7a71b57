/* Layers of `convolution.h` in float32 that learn, all or in part: forward pass, error, update. */
#ifndef TINYSSL_CONVOLUTION_TRAINING_F32_H
#define TINYSSL_CONVOLUTION_TRAINING_F32_H

#include "layer_f32.h"

/* in: [batch][in_h][in_w][in_c], then weights and biases that learn; out: one,
 * [batch][out_h][out_w][out_c]. Sums are in the order of taps and channels, the bias last. */
void tinyssl_convolution_layer_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                                   int8_t *const *out);

/* in: the error of the outputs before the clamp, then weights that learn; out: the error of the
 * inputs, summed in the order of outputs. */
void tinyssl_convolution_error_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                                   int8_t *const *out);

/* in: what the layer read (where its weights learn), the error of the outputs, the learning rate [1];
 * out: weights and biases that learn, then their velocities (with momentum). A gradient is summed
 * over images, rows and columns in their order. */
void tinyssl_convolution_update_f32(const int8_t *const *in, const struct tinyssl_layer_update *p,
                                    int8_t *const *out);

#endif
