#ifndef TINYSSL_MUL_S8_MVE_H
#define TINYSSL_MUL_S8_MVE_H

#include "mul.h"

/* As mul.h; the shift goes right, [-31, -1]. */
void tinyssl_mul_s8_mve(const int8_t *left, const int8_t *right, const struct tinyssl_mul *p,
                        int8_t *out);
void tinyssl_mul_constant_s8_mve(const int8_t *left, const struct tinyssl_mul *p, int8_t *out);

#endif
