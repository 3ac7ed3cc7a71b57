#ifndef TINYSSL_DEQUANTIZE_RV32_H
#define TINYSSL_DEQUANTIZE_RV32_H

#include "dequantize.h"

/* As the functions of dequantize.h, with integers alone. */
void tinyssl_dequantize_s8_rv32(const int8_t *in, const struct tinyssl_dequantize *p, float *out);
void tinyssl_dequantize_u8_rv32(const uint8_t *in, const struct tinyssl_dequantize *p, float *out);

#endif
