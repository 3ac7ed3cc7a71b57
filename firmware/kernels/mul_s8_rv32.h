#ifndef TINYSSL_MUL_S8_RV32_H
#define TINYSSL_MUL_S8_RV32_H

#include "mul.h"

/* As tinyssl_mul_s8 and tinyssl_mul_constant_s8, where the product is requantised as a sum of a
 * convolution is (product_s8_rv32.h). */
void tinyssl_mul_s8_rv32(const int8_t *left, const int8_t *right, const struct tinyssl_mul *p,
                         int8_t *out);
void tinyssl_mul_constant_s8_rv32(const int8_t *left, const struct tinyssl_mul *p, int8_t *out);

#endif
