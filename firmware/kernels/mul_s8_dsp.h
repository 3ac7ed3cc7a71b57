#ifndef TINYSSL_MUL_S8_DSP_H
#define TINYSSL_MUL_S8_DSP_H

#include "mul.h"

/* As mul.h; the shift goes right, [-31, -1], and nothing passes int32 (tinyssl/targets/pairs.py). */
void tinyssl_mul_s8_dsp(const int8_t *left, const int8_t *right, const struct tinyssl_mul *p,
                        int8_t *out);
void tinyssl_mul_constant_s8_dsp(const int8_t *left, const struct tinyssl_mul *p, int8_t *out);

#endif
