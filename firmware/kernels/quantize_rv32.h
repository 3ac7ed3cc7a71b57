#ifndef TINYSSL_QUANTIZE_RV32_H
#define TINYSSL_QUANTIZE_RV32_H

#include "quantize.h"

/* As the functions of quantize.h, without a division of floats for nearly all elements. */
void tinyssl_quantize_s8_rv32(const float *in, const struct tinyssl_quantize *p, int8_t *out);
void tinyssl_quantize_u8_rv32(const float *in, const struct tinyssl_quantize *p, uint8_t *out);
void tinyssl_quantize_s16_rv32(const float *in, const struct tinyssl_quantize *p, int16_t *out);

#endif
