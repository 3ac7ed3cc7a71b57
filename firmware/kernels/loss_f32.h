/* What a network did wrong: a loss, and its derivative by each prediction, the error. */
#ifndef TINYSSL_LOSS_F32_H
#define TINYSSL_LOSS_F32_H

#include <stdint.h>

#include "float_bits.h"

struct tinyssl_loss {
    int32_t size; /* predictions, or classes */
    float share;  /* 1 / size */
    float clip;   /* largest size of a difference in the error; infinity: any */
};

/* Cross-entropy of softmax(scores) and the class `label`: scores, error [size], label, loss [1].
 * The loss is NaN where the label is no class. error may be where the scores are. */
void tinyssl_softmax_cross_entropy_f32(const float *scores, const int32_t *label,
                                       const struct tinyssl_loss *p, float *error, float *loss);

/* Mean of the squared, or of the absolute, differences: prediction, target, error [size], loss [1].
 * error may be where the prediction is. */
void tinyssl_squared_error_f32(const float *prediction, const float *target,
                               const struct tinyssl_loss *p, float *error, float *loss);
void tinyssl_absolute_error_f32(const float *prediction, const float *target,
                                const struct tinyssl_loss *p, float *error, float *loss);

#endif
