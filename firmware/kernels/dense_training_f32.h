/* Dense layers of one row that learn: forward pass, error, update. */
#ifndef TINYSSL_DENSE_TRAINING_F32_H
#define TINYSSL_DENSE_TRAINING_F32_H

#include "layer_f32.h"

/* As in convolution_training_f32.h, and with the same bits. */
void tinyssl_dense_layer_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                             int8_t *const *out);
void tinyssl_dense_error_f32(const int8_t *const *in, const struct tinyssl_layer *p,
                             int8_t *const *out);
void tinyssl_dense_update_f32(const int8_t *const *in, const struct tinyssl_layer_update *p,
                              int8_t *const *out);

#endif
