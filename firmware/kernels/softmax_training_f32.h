/* Softmax with the same bits on every target, and its backward pass. */
#ifndef TINYSSL_SOFTMAX_TRAINING_F32_H
#define TINYSSL_SOFTMAX_TRAINING_F32_H

#include "softmax_f32.h"

/* in, out: [rows][depth]; they may be the same. */
void tinyssl_smooth_softmax_f32(const float *in, const struct tinyssl_softmax_f32 *p, float *out);

/* error of what softmax gave, y: [rows][depth]; out: the error of what it read, which may be where
 * either of the others is. */
void tinyssl_softmax_error_f32(const float *error, const float *y,
                               const struct tinyssl_softmax_f32 *p, float *out);

#endif
