#ifndef TINYSSL_QUANTIZE_MVE_H
#define TINYSSL_QUANTIZE_MVE_H

#include "quantize.h"

/* As the functions of quantize.h, four elements at a time. */
void tinyssl_quantize_s8_mve(const float *in, const struct tinyssl_quantize *p, int8_t *out);
void tinyssl_quantize_u8_mve(const float *in, const struct tinyssl_quantize *p, uint8_t *out);
void tinyssl_quantize_s16_mve(const float *in, const struct tinyssl_quantize *p, int16_t *out);

#endif
