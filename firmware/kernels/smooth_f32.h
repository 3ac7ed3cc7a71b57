/* exp, log, tanh and the logistic function in float32, with the same bits on every target: C
 * libraries differ in the last place, and a training step would carry that on from step to step.
 * Only sums, products, quotients and bits; each product is rounded by itself. Within 2 units in the
 * last place of the real values, 4 for tanh. */
#ifndef TINYSSL_SMOOTH_F32_H
#define TINYSSL_SMOOTH_F32_H

#include "elements.h"

/* exp(x): 0 below -87, at most exp(88); NaN for NaN. */
float tinyssl_smooth_exp(float x);

/* The natural logarithm of a normal number above 0. */
float tinyssl_smooth_log(float x);

/* in, out: [size]; they may be the same. */
void tinyssl_smooth_tanh_f32(const float *in, const struct tinyssl_elements *p, float *out);
void tinyssl_smooth_logistic_f32(const float *in, const struct tinyssl_elements *p, float *out);

#endif
